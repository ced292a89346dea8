// SPDX-License-Identifier: LGPL-2.1-or-later
/* Replaying a LevelDB write-ahead log. */
#include "log.h"

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
	int ret = 0;

	if (memtable_batch_size(replay->batch) + memtable_batch_size(replay->one) > REPLAY_SIZE)
		ret = replay_write(replay);
	return ret ? ret : memtable_batch_append(replay->batch, replay->one);
}

static int replay_all(struct replay *replay, memtable_progress progress, void *argument)
{
	int ret, wrote;

	do {
		ret = memtable_log_next_batch(&replay->reader, replay->one);
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
