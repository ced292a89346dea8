// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writers: a small buffer in front of a table. */
#include "internal.h"

/* See memtable_writer_create() for where these come from. */
#define BUFFER_PART	8
#define BUFFER_MOST	(32 * 1024)

/**
 * struct memtable_writer - A writer.
 * @table: The table, a reference.
 * @batch: What was taken and is not written yet.
 * @limit: How long the batch may get, in bytes, unless it is a single entry.
 */
struct memtable_writer {
	struct memtable_table *table;
	struct memtable_batch *batch;
	size_t limit;
};

static int default_limit(struct memtable_table *table, size_t *limit)
{
	struct memtable_info info;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret)
		return ret;
	*limit = BUFFER_MOST;
	if (info.write_buffer_size / BUFFER_PART < BUFFER_MOST)
		*limit = info.write_buffer_size / BUFFER_PART;
	return 0;
}

MEMTABLE_API int memtable_writer_create(struct memtable_table *table, size_t buffer_size,
					struct memtable_writer **result)
{
	struct memtable_writer *writer;
	int ret;

	if (buffer_size > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EINVAL;
	if (!buffer_size) {
		ret = default_limit(table, &buffer_size);
		if (ret)
			return ret;
	}

	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	ret = memtable_batch_create(&writer->batch);
	if (ret) {
		free(writer);
		return ret;
	}
	writer->table = memtable_table_ref(table);
	writer->limit = buffer_size;
	*result = writer;
	return 0;
}

MEMTABLE_API void memtable_writer_destroy(struct memtable_writer *writer)
{
	if (!writer)
		return;
	memtable_batch_destroy(writer->batch);
	memtable_table_unref(writer->table);
	free(writer);
}

MEMTABLE_API int memtable_writer_flush(struct memtable_writer *writer, uint64_t *sequence)
{
	int ret;

	if (!memtable_batch_count(writer->batch))
		return 0;
	ret = memtable_batch_write(writer->batch, writer->table, sequence);
	if (!ret)
		memtable_batch_clear(writer->batch);
	return ret;
}

MEMTABLE_API int memtable_writer_close(struct memtable_writer *writer)
{
	int ret;

	if (!writer)
		return 0;
	ret = memtable_writer_flush(writer, NULL);
	if (!ret)
		memtable_writer_destroy(writer);
	return ret;
}

/* Makes room for an entry, by writing the others if need be. */
static int writer_room(struct memtable_writer *writer, size_t key_length, size_t value_length)
{
	size_t length;

	if (key_length > MEMTABLE_MAX_KEY_LENGTH || value_length > MEMTABLE_MAX_VALUE_LENGTH)
		return -EMSGSIZE;
	length = memtable_batch_size(writer->batch) +
		 memtable_record_length(key_length, value_length);
	return length > writer->limit ? memtable_writer_flush(writer, NULL) : 0;
}

MEMTABLE_API int memtable_writer_put(struct memtable_writer *writer,
				     const void *key, size_t key_length,
				     const void *value, size_t value_length)
{
	int ret;

	ret = writer_room(writer, key_length, value_length);
	return ret ? ret : memtable_batch_put(writer->batch, key, key_length,
					      value, value_length);
}

MEMTABLE_API int memtable_writer_delete(struct memtable_writer *writer,
					const void *key, size_t key_length)
{
	int ret;

	ret = writer_room(writer, key_length, 0);
	return ret ? ret : memtable_batch_delete(writer->batch, key, key_length);
}

MEMTABLE_API size_t memtable_writer_pending(const struct memtable_writer *writer)
{
	return memtable_batch_count(writer->batch);
}
