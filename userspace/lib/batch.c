// SPDX-License-Identifier: LGPL-2.1-or-later
/* Batches of entries that are written as one. */
#include "internal.h"

#define BATCH_FIRST_CAPACITY 4096

/**
 * struct memtable_batch - A batch.
 * @records: The entries as a record stream.
 * @length: Length of the stream, in bytes.
 * @capacity: Size of the memory at @records, in bytes.
 * @count: Entries.
 * @sequenced: Whether the entries carry sequence numbers, if there are any:
 *	the kernel takes streams where all do or none does.
 */
struct memtable_batch {
	char *records;
	size_t length;
	size_t capacity;
	size_t count;
	bool sequenced;
};

MEMTABLE_API int memtable_batch_create(struct memtable_batch **batch)
{
	*batch = calloc(1, sizeof(**batch));
	return *batch ? 0 : -ENOMEM;
}

MEMTABLE_API void memtable_batch_destroy(struct memtable_batch *batch)
{
	if (!batch)
		return;
	free(batch->records);
	free(batch);
}

/* Makes room for more entries that are, or are not, sequenced. */
static int batch_reserve(struct memtable_batch *batch, bool sequenced, size_t more)
{
	size_t capacity = batch->capacity ? batch->capacity : BATCH_FIRST_CAPACITY;
	void *records;

	if (batch->count && batch->sequenced != sequenced)
		return -EINVAL;
	if (more > MEMTABLE_MAX_REQUEST_LENGTH - batch->length)
		return -EMSGSIZE;

	while (capacity < batch->length + more)
		capacity *= 2;
	if (capacity > batch->capacity) {
		records = realloc(batch->records, capacity);
		if (!records)
			return -ENOMEM;
		batch->records = records;
		batch->capacity = capacity;
	}
	return 0;
}

static int batch_add(struct memtable_batch *batch, uint64_t sequence, uint8_t type,
		     const void *key, size_t key_length, const void *value, size_t value_length)
{
	size_t more;
	int ret;

	if (key_length > MEMTABLE_MAX_KEY_LENGTH || value_length > MEMTABLE_MAX_VALUE_LENGTH)
		return -EMSGSIZE;

	more = memtable_record_length(key_length, value_length);
	ret = batch_reserve(batch, sequence != 0, more);
	if (ret)
		return ret;

	memtable_record_encode(batch->records + batch->length, memtable_tag(sequence, type),
			       key, key_length, value, value_length);
	batch->length += more;
	batch->count++;
	batch->sequenced = sequence != 0;
	return 0;
}

MEMTABLE_API int memtable_batch_put(struct memtable_batch *batch,
				    const void *key, size_t key_length,
				    const void *value, size_t value_length)
{
	return batch_add(batch, 0, MEMTABLE_TYPE_VALUE, key, key_length, value, value_length);
}

MEMTABLE_API int memtable_batch_delete(struct memtable_batch *batch,
				       const void *key, size_t key_length)
{
	return batch_add(batch, 0, MEMTABLE_TYPE_DELETION, key, key_length, NULL, 0);
}

MEMTABLE_API int memtable_batch_add(struct memtable_batch *batch, uint64_t sequence, uint8_t type,
				    const void *key, size_t key_length,
				    const void *value, size_t value_length)
{
	if (!sequence || sequence > MEMTABLE_MAX_SEQUENCE)
		return -EINVAL;
	if (type != MEMTABLE_TYPE_VALUE && (type != MEMTABLE_TYPE_DELETION || value_length))
		return -EINVAL;
	return batch_add(batch, sequence, type, key, key_length, value, value_length);
}

MEMTABLE_API int memtable_batch_append(struct memtable_batch *batch,
				       const struct memtable_batch *source)
{
	size_t length = source->length, count = source->count;
	int ret;

	if (!count)
		return 0;
	ret = batch_reserve(batch, source->sequenced, length);
	if (ret)
		return ret;

	memcpy(batch->records + batch->length, source->records, length);
	batch->length += length;
	batch->count += count;
	batch->sequenced = source->sequenced;
	return 0;
}

MEMTABLE_API void memtable_batch_clear(struct memtable_batch *batch)
{
	batch->length = 0;
	batch->count = 0;
}

MEMTABLE_API size_t memtable_batch_count(const struct memtable_batch *batch)
{
	return batch->count;
}

MEMTABLE_API size_t memtable_batch_size(const struct memtable_batch *batch)
{
	return batch->length;
}

MEMTABLE_API const void *memtable_batch_data(const struct memtable_batch *batch)
{
	return batch->records;
}

MEMTABLE_API int memtable_batch_write(const struct memtable_batch *batch,
				      struct memtable_table *table, uint64_t *sequence)
{
	struct memtable_write write = {
		.records = user_address(batch->records),
		.length = batch->length,
	};
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_WRITE, &write);
	if (!ret && sequence)
		*sequence = write.last_sequence;
	return ret;
}
