// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables as record streams in files. */
#include <unistd.h>

#include "stream.h"

#define DUMP_SIZE	(256 * 1024)
#define RESTORE_SIZE	(256 * 1024)

static int write_all(int fd, const char *data, size_t length)
{
	ssize_t written;

	while (length) {
		written = write(fd, data, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		data += written;
		length -= written;
	}
	return 0;
}

/* Finds where the last record of a stream lies, which the next scan starts from. */
static const struct memtable_record *last_record(const void *stream, size_t length)
{
	const struct memtable_record *record = NULL, *next;
	size_t offset = 0;

	while ((next = memtable_record_next(stream, length, &offset)))
		record = next;
	return offset == length ? record : NULL;
}

static int scan_on(struct memtable_scan *scan, const struct memtable_record *last, void *position)
{
	if (!last)
		return -EBADMSG;
	memcpy(position, memtable_record_key(last), last->key_length);
	scan->flags |= MEMTABLE_SCAN_START | MEMTABLE_SCAN_START_EXCLUSIVE;
	scan->start_key = user_address(position);
	scan->start_length = last->key_length;
	scan->start_sequence = memtable_tag_sequence(last->tag);
	return 0;
}

MEMTABLE_API int memtable_dump(struct memtable_table *table, int fd,
			       memtable_progress progress, void *argument, uint64_t *entries)
{
	struct memtable_scan scan = {
		.flags = MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
	};
	struct memtable_info info;
	size_t size = DUMP_SIZE;
	void *buffer, *position;
	uint64_t count = 0;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret)
		return ret;
	buffer = malloc(size);
	position = malloc(MEMTABLE_MAX_KEY_LENGTH);
	ret = buffer && position ? 0 : -ENOMEM;
	while (!ret) {
		scan.records_size = size;
		ret = memtable_scan_into(table, &scan, &buffer, &size);
		if (!ret)
			ret = write_all(fd, buffer, scan.records_length);
		if (ret)
			break;
		count += scan.count;
		if (progress)
			progress(argument, count, info.entries);
		if (scan.result & MEMTABLE_SCAN_DONE)
			break;
		/* A split may cut a scan short before its first record. */
		if (scan.count)
			ret = scan_on(&scan, last_record(buffer, scan.records_length), position);
	}
	free(position);
	free(buffer);
	if (!ret && entries)
		*entries = count;
	return ret;
}

MEMTABLE_API int memtable_dump_file(struct memtable_table *table, const char *path,
				    memtable_progress progress, void *argument,
				    uint64_t *entries)
{
	struct memtable_file *file;
	int ret;

	ret = memtable_file_create(path, &file);
	if (ret)
		return ret;
	ret = memtable_dump(table, memtable_file_fd(file), progress, argument, entries);
	if (ret) {
		memtable_file_discard(file);
		return ret;
	}
	return memtable_file_commit(file);
}

/**
 * struct restore - A restoration that is under way.
 * @table: The table.
 * @versioned: Whether it takes sequence numbers.
 * @batch: What is not written yet.
 * @entries: How many are.
 */
struct restore {
	struct memtable_table *table;
	bool versioned;
	struct memtable_batch *batch;
	uint64_t entries;
};

static int restore_write(struct restore *restore)
{
	int ret;

	ret = memtable_batch_write(restore->batch, restore->table, NULL);
	if (ret)
		return ret;
	restore->entries += memtable_batch_count(restore->batch);
	memtable_batch_clear(restore->batch);
	return 0;
}

static int restore_record(struct restore *restore, const struct memtable_record *record)
{
	const void *key = memtable_record_key(record), *value = memtable_record_value(record);
	uint8_t type = memtable_tag_type(record->tag);
	int ret;

	if (memtable_batch_size(restore->batch) >= RESTORE_SIZE) {
		ret = restore_write(restore);
		if (ret)
			return ret;
	}
	if (restore->versioned)
		return memtable_batch_add(restore->batch, memtable_tag_sequence(record->tag), type,
					  key, record->key_length, value, record->value_length);
	if (type != MEMTABLE_TYPE_VALUE)
		return -EINVAL;
	return memtable_batch_put(restore->batch, key, record->key_length,
				  value, record->value_length);
}

static int restore_all(struct restore *restore, struct stream_reader *reader,
		       memtable_progress progress, void *argument)
{
	const struct memtable_record *record;
	uint64_t told = 0;
	int ret, wrote;

	while ((ret = memtable_stream_next(reader, &record)) == 1) {
		ret = restore_record(restore, record);
		if (ret)
			return ret;
		if (progress && reader->read != told)
			progress(argument, reader->read, restore->entries);
		told = reader->read;
	}
	/* What came before an error is good. */
	wrote = restore_write(restore);
	return ret ? ret : wrote;
}

MEMTABLE_API int memtable_restore(struct memtable_table *table, int fd,
				  memtable_progress progress, void *argument, uint64_t *entries)
{
	struct restore restore = { .table = table };
	struct stream_reader reader = { .fd = fd };
	struct memtable_info info;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (!ret)
		ret = memtable_batch_create(&restore.batch);
	if (ret)
		return ret;
	restore.versioned = info.kind == MEMTABLE_KIND_VERSIONED;
	ret = restore_all(&restore, &reader, progress, argument);
	memtable_stream_release(&reader);
	memtable_batch_destroy(restore.batch);
	if (entries)
		*entries = restore.entries;
	return ret;
}
