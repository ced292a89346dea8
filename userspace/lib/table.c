// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables: an open file of the device, counted. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

/* Most values are shorter; a longer one takes a second request. */
#define GET_FIRST_SIZE		512
#define READ_FIRST_SIZE		4096
#define PIVOT_FIRST_SIZE	256

/**
 * struct memtable_table - A handle. Nothing in it changes but @references, so
 *	that threads may share it without a lock.
 * @references: How many there are.
 * @fd: The open file.
 */
struct memtable_table {
	atomic_uint references;
	int fd;
};

int memtable_table_request(const struct memtable_table *table, unsigned long request,
			   void *argument)
{
	return ioctl(table->fd, request, argument) < 0 ? -errno : 0;
}

/* The request for a structure of the size that the caller compiled with. */
static int sized_request(const struct memtable_table *table, unsigned int direction,
			 unsigned int nr, void *argument, size_t size)
{
	if (size > _IOC_SIZEMASK)
		return -E2BIG;
	return memtable_table_request(table, _IOC(direction, MEMTABLE_IOC_MAGIC, nr, size),
				      argument);
}

MEMTABLE_API int memtable_table_from_fd(int fd, struct memtable_table **result)
{
	struct memtable_table *table;
	struct memtable_info info;
	int ret;

	table = malloc(sizeof(*table));
	if (!table)
		return -ENOMEM;
	atomic_init(&table->references, 1);
	table->fd = fd;

	/* Only the device answers this. */
	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret) {
		free(table);
		return ret;
	}
	*result = table;
	return 0;
}

MEMTABLE_API int memtable_table_open(const char *path, struct memtable_table **table)
{
	int fd, ret;

	fd = open(path ? path : MEMTABLE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = memtable_table_from_fd(fd, table);
	if (ret)
		close(fd);
	return ret;
}

MEMTABLE_API struct memtable_table *memtable_table_ref(struct memtable_table *table)
{
	atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
	return table;
}

MEMTABLE_API void memtable_table_unref(struct memtable_table *table)
{
	if (!table)
		return;
	/* What other threads did with the handle comes before its end. */
	if (atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) > 1)
		return;
	close(table->fd);
	free(table);
}

MEMTABLE_API void memtable_table_close(struct memtable_table *table)
{
	memtable_table_unref(table);
}

MEMTABLE_API int memtable_table_fd(const struct memtable_table *table)
{
	return table->fd;
}

MEMTABLE_API int memtable_table_configure(struct memtable_table *table,
					  const struct memtable_configure *configure, size_t size)
{
	return sized_request(table, _IOC_WRITE, _IOC_NR(MEMTABLE_IOC_CONFIGURE),
			     (void *)configure, size);
}

MEMTABLE_API int memtable_table_info(struct memtable_table *table, struct memtable_info *info,
				     size_t size)
{
	return sized_request(table, _IOC_READ, _IOC_NR(MEMTABLE_IOC_INFO), info, size);
}

MEMTABLE_API int memtable_table_approximate_memory_usage(struct memtable_table *table,
							 uint64_t *bytes)
{
	struct memtable_info info;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (!ret)
		*bytes = info.memory_usage;
	return ret;
}

/* What to add is in the structure, but for the key and the value. */
static int table_request_add(struct memtable_table *table, struct memtable_add *add,
			     const void *key, size_t key_length,
			     const void *value, size_t value_length)
{
	/* The structure's lengths have 32 bits. */
	if (key_length > MEMTABLE_MAX_KEY_LENGTH || value_length > MEMTABLE_MAX_VALUE_LENGTH)
		return -EMSGSIZE;

	add->key = user_address(key);
	add->value = user_address(value);
	add->key_length = key_length;
	add->value_length = value_length;
	return memtable_table_request(table, MEMTABLE_IOC_ADD, add);
}

static int table_add(struct memtable_table *table, uint64_t *sequence, uint8_t type,
		     const void *key, size_t key_length, const void *value, size_t value_length)
{
	struct memtable_add add = { .sequence = *sequence, .type = type };
	int ret;

	ret = table_request_add(table, &add, key, key_length, value, value_length);
	if (!ret)
		*sequence = add.sequence;
	return ret;
}

MEMTABLE_API int memtable_table_put(struct memtable_table *table,
				    const void *key, size_t key_length,
				    const void *value, size_t value_length, uint64_t *sequence)
{
	uint64_t given = 0;
	int ret;

	ret = table_add(table, &given, MEMTABLE_TYPE_VALUE, key, key_length, value, value_length);
	if (!ret && sequence)
		*sequence = given;
	return ret;
}

MEMTABLE_API int memtable_table_delete(struct memtable_table *table,
				       const void *key, size_t key_length, uint64_t *sequence)
{
	uint64_t given = 0;
	int ret;

	ret = table_add(table, &given, MEMTABLE_TYPE_DELETION, key, key_length, NULL, 0);
	if (!ret && sequence)
		*sequence = given;
	return ret;
}

MEMTABLE_API int memtable_table_add(struct memtable_table *table, uint64_t sequence, uint8_t type,
				    const void *key, size_t key_length,
				    const void *value, size_t value_length)
{
	return table_add(table, &sequence, type, key, key_length, value, value_length);
}

static int table_add_if(struct memtable_table *table, struct memtable_add *add,
			const void *key, size_t key_length,
			const void *value, size_t value_length, uint64_t *sequence)
{
	int ret;

	ret = table_request_add(table, add, key, key_length, value, value_length);
	if (!sequence)
		return ret;
	if (!ret)
		*sequence = add->sequence;
	else if (ret == -EEXIST || ret == -EAGAIN)
		*sequence = add->expected;
	return ret;
}

MEMTABLE_API int memtable_table_put_if_absent(struct memtable_table *table,
					      const void *key, size_t key_length,
					      const void *value, size_t value_length,
					      uint64_t *sequence)
{
	struct memtable_add add = {
		.type = MEMTABLE_TYPE_VALUE,
		.flags = MEMTABLE_ADD_IF_ABSENT,
	};

	return table_add_if(table, &add, key, key_length, value, value_length, sequence);
}

MEMTABLE_API int memtable_table_put_if_sequence(struct memtable_table *table, uint64_t expected,
						const void *key, size_t key_length,
						const void *value, size_t value_length,
						uint64_t *sequence)
{
	struct memtable_add add = {
		.type = MEMTABLE_TYPE_VALUE,
		.expected = expected,
		.flags = MEMTABLE_ADD_IF_SEQUENCE,
	};

	return table_add_if(table, &add, key, key_length, value, value_length, sequence);
}

MEMTABLE_API int memtable_table_delete_if_sequence(struct memtable_table *table,
						   uint64_t expected,
						   const void *key, size_t key_length,
						   uint64_t *sequence)
{
	struct memtable_add add = {
		.type = MEMTABLE_TYPE_DELETION,
		.expected = expected,
		.flags = MEMTABLE_ADD_IF_SEQUENCE,
	};

	return table_add_if(table, &add, key, key_length, NULL, 0, sequence);
}

MEMTABLE_API int memtable_table_get_into(struct memtable_table *table,
					 const void *key, size_t key_length, uint64_t snapshot,
					 void *buffer, size_t size,
					 size_t *value_length, uint64_t *tag)
{
	struct memtable_get get = {
		.key = user_address(key),
		.value = user_address(buffer),
		.snapshot = snapshot,
		.key_length = key_length,
		.value_size = size > UINT32_MAX ? UINT32_MAX : size,
	};
	int ret;

	if (key_length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;

	ret = memtable_table_request(table, MEMTABLE_IOC_GET, &get);
	if (tag && (!ret || ret == -ERANGE || ret == -ENOENT))
		*tag = get.tag;
	if (value_length && (!ret || ret == -ERANGE))
		*value_length = get.value_length;
	return ret;
}

MEMTABLE_API int memtable_table_get(struct memtable_table *table,
				    const void *key, size_t key_length, uint64_t snapshot,
				    void **value, size_t *value_length, uint64_t *tag)
{
	size_t size = GET_FIRST_SIZE, length = 0;
	char *buffer;
	int ret;

	/* Beside a writer the value can grow between two requests. */
	for (;;) {
		buffer = malloc(size + 1);
		if (!buffer)
			return -ENOMEM;
		ret = memtable_table_get_into(table, key, key_length, snapshot,
					      buffer, size, &length, tag);
		if (ret != -ERANGE)
			break;
		free(buffer);
		size = length;
	}
	if (ret) {
		free(buffer);
		return ret;
	}

	buffer[length] = '\0';
	*value = buffer;
	if (value_length)
		*value_length = length;
	return 0;
}

MEMTABLE_API int memtable_table_contains(struct memtable_table *table,
					 const void *key, size_t key_length, uint64_t snapshot)
{
	int ret;

	ret = memtable_table_get_into(table, key, key_length, snapshot, NULL, 0, NULL, NULL);
	if (!ret || ret == -ERANGE)
		return 1;
	return ret == -ENOENT ? 0 : ret;
}

/* Reads the keys of a record stream into *buffer, enlarging it as needed. */
static int table_read(struct memtable_table *table, const struct memtable_batch *keys,
		      uint64_t *snapshot, void **buffer, size_t *size, size_t *length)
{
	struct memtable_read read;
	size_t needed = *size ? *size : READ_FIRST_SIZE;
	void *grown;
	int ret;

	do {
		if (needed > *size) {
			grown = realloc(*buffer, needed);
			if (!grown)
				return -ENOMEM;
			*buffer = grown;
			*size = needed;
		}
		read = (struct memtable_read) {
			.keys = user_address(memtable_batch_data(keys)),
			.keys_length = memtable_batch_size(keys),
			.records = user_address(*buffer),
			.records_size = *size,
			.snapshot = snapshot ? *snapshot : 0,
		};
		ret = memtable_table_request(table, MEMTABLE_IOC_READ, &read);
		needed = read.records_length;
	} while (ret == -ERANGE);

	if (ret)
		return ret;
	if (snapshot)
		*snapshot = read.snapshot;
	*length = read.records_length;
	return 0;
}

MEMTABLE_API int memtable_table_multi_get(struct memtable_table *table,
					  const struct memtable_slice *keys, size_t count,
					  uint64_t *snapshot, struct memtable_result *results,
					  void **buffer, size_t *size)
{
	const struct memtable_record *record;
	struct memtable_batch *batch;
	size_t length, offset = 0, i;
	int ret;

	ret = memtable_batch_create(&batch);
	if (ret)
		return ret;

	/* A key to look up travels as a deletion does: a tag of zero, no value. */
	for (i = 0; !ret && i < count; i++)
		ret = memtable_batch_delete(batch, keys[i].data, keys[i].length);
	if (!ret)
		ret = table_read(table, batch, snapshot, buffer, size, &length);
	memtable_batch_destroy(batch);
	if (ret)
		return ret;

	for (i = 0; i < count; i++) {
		record = memtable_record_next(*buffer, length, &offset);
		if (!record)
			return -EBADMSG;
		results[i].tag = record->tag;
		results[i].value.data = memtable_record_value(record);
		results[i].value.length = record->value_length;
	}
	return 0;
}

int memtable_scan_into(const struct memtable_table *table, struct memtable_scan *scan,
		       void **buffer, size_t *size)
{
	void *grown;
	int ret;

	for (;;) {
		scan->records = user_address(*buffer);
		ret = memtable_table_request(table, MEMTABLE_IOC_SCAN, scan);
		if (ret != -ERANGE)
			return ret;

		grown = realloc(*buffer, scan->records_length);
		if (!grown)
			return -ENOMEM;
		*buffer = grown;
		*size = scan->records_length;
		scan->records_size = *size;
	}
}

/* Copies the key at one end of the table, tombstones included. */
static int table_bound(const struct memtable_table *table, uint32_t flags, uint64_t *snapshot,
		       void **key, size_t *length)
{
	struct memtable_scan scan = {
		.snapshot = *snapshot,
		.limit = 1,
		.flags = flags | MEMTABLE_SCAN_KEYS_ONLY | MEMTABLE_SCAN_TOMBSTONES,
	};
	const struct memtable_record *record;
	void *buffer = NULL;
	size_t size = 0, offset = 0;
	int ret;

	ret = memtable_scan_into(table, &scan, &buffer, &size);
	if (ret)
		goto out;
	ret = -ENOENT;
	if (!scan.count)
		goto out;
	ret = -EBADMSG;
	record = memtable_record_next(buffer, scan.records_length, &offset);
	if (!record)
		goto out;
	ret = -ENOMEM;
	*key = malloc(record->key_length + 1);
	if (!*key)
		goto out;
	copy_bytes(*key, memtable_record_key(record), record->key_length);
	*length = record->key_length;
	*snapshot = scan.snapshot;
	ret = 0;
out:
	free(buffer);
	return ret;
}

MEMTABLE_API int memtable_table_bounds(struct memtable_table *table,
				       void **first, size_t *first_length,
				       void **last, size_t *last_length)
{
	uint64_t snapshot = 0;
	void *key;
	size_t length;
	int ret;

	ret = table_bound(table, 0, &snapshot, &key, &length);
	if (ret)
		return ret;
	ret = table_bound(table, MEMTABLE_SCAN_REVERSE, &snapshot, last, last_length);
	if (ret) {
		free(key);
		return ret;
	}
	*first = key;
	*first_length = length;
	return 0;
}

/* Makes a handle of a descriptor that a request has just returned. */
static int table_of_new_fd(int fd, struct memtable_table **table)
{
	int ret = memtable_table_from_fd(fd, table);

	if (ret)
		close(fd);
	return ret;
}

MEMTABLE_API int memtable_table_share(struct memtable_table *table, uint32_t flags,
				      struct memtable_table **shared)
{
	struct memtable_share share = { .flags = flags };
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_SHARE, &share);
	return ret ? ret : table_of_new_fd(share.fd, shared);
}

MEMTABLE_API int memtable_table_pivot(struct memtable_table *table, void **key, size_t *length)
{
	struct memtable_pivot pivot = { .key_size = PIVOT_FIRST_SIZE };
	char *buffer;
	int ret;

	/* Beside a writer the pivot can change between two requests. */
	for (;;) {
		buffer = malloc(pivot.key_size + 1);
		if (!buffer)
			return -ENOMEM;
		pivot.key = user_address(buffer);
		ret = memtable_table_request(table, MEMTABLE_IOC_PIVOT, &pivot);
		if (ret != -ERANGE)
			break;
		free(buffer);
		pivot.key_size = pivot.key_length;
	}
	if (ret) {
		free(buffer);
		return ret;
	}
	*key = buffer;
	*length = pivot.key_length;
	return 0;
}

int memtable_split_into(struct memtable_table *table, struct memtable_split *split,
			struct memtable_table **upper)
{
	struct memtable_table *result;
	int ret;

	/* Once the table is cut nothing may fail, or the upper part is lost. */
	result = malloc(sizeof(*result));
	if (!result)
		return -ENOMEM;
	ret = memtable_table_request(table, MEMTABLE_IOC_SPLIT, split);
	if (ret) {
		free(result);
		return ret;
	}
	atomic_init(&result->references, 1);
	result->fd = split->fd;
	*upper = result;
	return 0;
}

MEMTABLE_API int memtable_table_split(struct memtable_table *table,
				      const void *pivot, size_t pivot_length,
				      struct memtable_table **upper)
{
	struct memtable_split split = {
		.pivot = user_address(pivot),
		.pivot_length = pivot_length,
	};

	if (pivot_length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;
	return memtable_split_into(table, &split, upper);
}

MEMTABLE_API int memtable_table_split_half(struct memtable_table *table,
					   struct memtable_table **upper)
{
	struct memtable_split split = { .flags = MEMTABLE_SPLIT_HALF };

	return memtable_split_into(table, &split, upper);
}

MEMTABLE_API int memtable_table_seal(struct memtable_table *table)
{
	return memtable_table_request(table, MEMTABLE_IOC_SEAL, NULL);
}

MEMTABLE_API int memtable_table_wait(struct memtable_table *table, int timeout)
{
	struct pollfd pollfd = { .fd = table->fd, .events = POLLIN };
	int ret;

	ret = poll(&pollfd, 1, timeout);
	return ret < 0 ? -errno : ret;
}
