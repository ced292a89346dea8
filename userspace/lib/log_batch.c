// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The write batches of a LevelDB write-ahead log, a record each: the sequence number
 * of its first entry (8 bytes), how many there are (4), the lowest byte first, and
 * the entries: a type, and length-prefixed key and, unless it is a deletion, value.
 */
#include "log.h"

#define BATCH_HEADER 12

static uint64_t load_little(const unsigned char *p, size_t length)
{
	uint64_t value = 0;

	while (length--)
		value = value << 8 | p[length];
	return value;
}

/* Takes an entry out of the record. Returns -EBADMSG if it is none. */
static int take_entry(const struct log_reader *reader, size_t *offset, uint64_t sequence,
		      struct memtable_batch *batch)
{
	size_t size = reader->record_length, key_length, value_length = 0;
	const unsigned char *record = reader->record;
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
	return memtable_batch_add(batch, sequence, type, key, key_length, value, value_length);
}

static int take_batch(const struct log_reader *reader, struct memtable_batch *batch)
{
	size_t size = reader->record_length, offset = BATCH_HEADER;
	uint64_t sequence, count;
	int ret = 0;

	memtable_batch_clear(batch);
	if (size < BATCH_HEADER)
		return -EBADMSG;
	sequence = load_little(reader->record, 8);
	for (count = load_little(reader->record + 8, 4); !ret && count; count--)
		ret = take_entry(reader, &offset, sequence++, batch);
	return ret ? ret : offset == size ? 0 : -EBADMSG;
}

int memtable_log_next_batch(struct log_reader *reader, struct memtable_batch *batch)
{
	int ret;

	do {
		ret = memtable_log_next(reader);
		if (ret != 1)
			return ret;
		ret = take_batch(reader, batch);
		if (!ret)
			return 1;
		if (ret == -EBADMSG)
			ret = memtable_log_corrupt(reader, reader->record_length,
						   "not a write batch");
	} while (!ret);
	return ret;
}
