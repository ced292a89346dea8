// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Replaying a LevelDB write-ahead log. A record is a write batch: the sequence
 * number of its first entry (8 bytes), how many there are (4), the lowest byte
 * first, and the entries: a type, and length-prefixed key and, unless it is a
 * deletion, value.
 */
#include "log.h"

#define BATCH_HEADER	12
#define REPLAY_SIZE	(32 * 1024)

/**
 * struct replay - A replay that is under way.
 * @table: The table.
 * @reader: The log.
 * @one: The write batch at hand, to be taken whole or not at all.
 * @batch: What was taken and is not written yet.
 * @report: What to tell.
 */
struct replay {
	struct memtable_table *table;
	struct log_reader reader;
	struct memtable_batch *one;
	struct memtable_batch *batch;
	struct memtable_log_report *report;
};

static uint64_t load_little(const unsigned char *p, size_t length)
{
	uint64_t value = 0;

	while (length--)
		value = value << 8 | p[length];
	return value;
}

/* Takes an entry out of the record. Returns -EBADMSG if it is none. */
static int replay_entry(struct replay *replay, uint64_t sequence, size_t *offset)
{
	const unsigned char *record = replay->reader.record;
	size_t size = replay->reader.record_length, key_length, value_length = 0;
	const void *key, *value = NULL;
	unsigned char type;

	if (*offset == size)
		return -EBADMSG;
	type = record[(*offset)++];
	if (type != MEMTABLE_TYPE_VALUE && type != MEMTABLE_TYPE_DELETION)
		return -EBADMSG;
	if (memtable_slice_decode(record, size, offset, &key, &key_length))
		return -EBADMSG;
	if (type == MEMTABLE_TYPE_VALUE &&
	    memtable_slice_decode(record, size, offset, &value, &value_length))
		return -EBADMSG;
	if (!sequence || sequence > MEMTABLE_MAX_SEQUENCE)
		return -EBADMSG;
	return memtable_batch_add(replay->one, sequence, type, key, key_length,
				  value, value_length);
}

static int replay_record(struct replay *replay)
{
	const unsigned char *record = replay->reader.record;
	size_t size = replay->reader.record_length, offset = BATCH_HEADER;
	uint64_t sequence, count;
	int ret = 0;

	memtable_batch_clear(replay->one);
	if (size < BATCH_HEADER)
		return -EBADMSG;
	sequence = load_little(record, 8);
	for (count = load_little(record + 8, 4); !ret && count; count--)
		ret = replay_entry(replay, sequence++, &offset);
	return ret ? ret : offset == size ? 0 : -EBADMSG;
}

static int replay_write(struct replay *replay)
{
	uint64_t sequence = 0;
	int ret;

	ret = memtable_batch_write(replay->batch, replay->table, &sequence);
	if (ret)
		return ret;
	replay->report->entries += memtable_batch_count(replay->batch);
	if (sequence > replay->report->last_sequence)
		replay->report->last_sequence = sequence;
	memtable_batch_clear(replay->batch);
	return 0;
}

static int replay_batch(struct replay *replay)
{
	int ret;

	ret = replay_record(replay);
	if (ret == -EBADMSG)
		return memtable_log_corrupt(&replay->reader, replay->reader.record_length,
					    "not a write batch");
	if (!ret && memtable_batch_size(replay->batch) + memtable_batch_size(replay->one) >
		    REPLAY_SIZE)
		ret = replay_write(replay);
	if (!ret)
		ret = memtable_batch_append(replay->batch, replay->one);
	return ret;
}

static int replay_all(struct replay *replay, memtable_progress progress, void *argument)
{
	int ret, wrote;

	do {
		ret = memtable_log_next(&replay->reader);
		if (ret == 1) {
			ret = replay_batch(replay);
			ret = ret ? ret : 1;
		}
		if (progress)
			progress(argument, replay->reader.read, replay->report->entries);
	} while (ret == 1);
	/* What came before an error is good. */
	wrote = replay_write(replay);
	return ret ? ret : wrote;
}

MEMTABLE_API int memtable_log_replay(struct memtable_table *table, int fd, uint32_t flags,
				     memtable_progress progress, void *argument,
				     struct memtable_log_report *report)
{
	struct memtable_log_report unwanted;
	struct replay *replay;
	int ret = -ENOMEM;

	if (flags & ~(uint32_t)MEMTABLE_LOG_SKIP_CORRUPT)
		return -EINVAL;
	replay = calloc(1, sizeof(*replay));
	if (!replay)
		return -ENOMEM;
	if (memtable_batch_create(&replay->one) || memtable_batch_create(&replay->batch))
		goto out;
	replay->table = table;
	replay->reader.fd = fd;
	replay->reader.skip = flags & MEMTABLE_LOG_SKIP_CORRUPT;
	replay->report = report ? report : &unwanted;
	*replay->report = (struct memtable_log_report) { 0 };

	ret = replay_all(replay, progress, argument);
	replay->report->corruptions = replay->reader.corruptions;
	replay->report->corrupt_bytes = replay->reader.corrupt_bytes;
	replay->report->reason = replay->reader.reason;
	replay->report->offset = replay->reader.whole;
	replay->report->torn_bytes = ret ? 0 : memtable_log_torn(&replay->reader);
out:
	memtable_batch_destroy(replay->batch);
	memtable_batch_destroy(replay->one);
	free(replay->reader.record);
	free(replay);
	return ret;
}
