// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hash-ordered tables: keys in the order of a 32-bit hash, as a store has them
 * whose files are sorted and found by hash.
 *
 * A key's form in the table is its hash, four bytes with the highest first, and
 * then the key itself: the table's order is that of the hashes, and keys with
 * the same hash stay apart.
 */
#include "internal.h"

#define HASH_SIZE 4

static uint32_t rotate_left(uint32_t value, unsigned int bits)
{
	return value << bits | value >> (32 - bits);
}

static uint32_t load_little(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t load_big(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void store_big(unsigned char *p, uint32_t value)
{
	p[0] = value >> 24;
	p[1] = value >> 16;
	p[2] = value >> 8;
	p[3] = value;
}

static uint32_t murmur_block(uint32_t k)
{
	return rotate_left(k * 0xcc9e2d51, 15) * 0x1b873593;
}

MEMTABLE_API uint32_t memtable_hash_key(const void *key, size_t length)
{
	const unsigned char *p = key;
	uint32_t hash = 0, tail = 0;
	size_t left = length;

	for (; left >= 4; left -= 4, p += 4)
		hash = rotate_left(hash ^ murmur_block(load_little(p)), 13) * 5 + 0xe6546b64;
	while (left)
		tail = tail << 8 | p[--left];
	hash ^= murmur_block(tail) ^ (uint32_t)length;

	hash = (hash ^ hash >> 16) * 0x85ebca6b;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35;
	return hash ^ hash >> 16;
}

MEMTABLE_API void memtable_hash_entry_encode(const struct memtable_hash_entry *entry,
					     void *bytes)
{
	unsigned char *p = bytes;

	store_big(p, entry->key_hash);
	p[4] = entry->key_size >> 8;
	p[5] = entry->key_size;
	memcpy(p + 6, entry->file_id, sizeof(entry->file_id));
	store_big(p + 22, entry->file_offset);
}

MEMTABLE_API int memtable_hash_entry_decode(const void *bytes, size_t length,
					    struct memtable_hash_entry *entry)
{
	const unsigned char *p = bytes;

	if (length < MEMTABLE_HASH_ENTRY_SIZE)
		return -ENODATA;
	if (length > MEMTABLE_HASH_ENTRY_SIZE)
		return -EBADMSG;
	entry->key_hash = load_big(p);
	entry->key_size = p[4] << 8 | p[5];
	memcpy(entry->file_id, p + 6, sizeof(entry->file_id));
	entry->file_offset = load_big(p + 22);
	return 0;
}

MEMTABLE_API int memtable_hash_entry_check(const struct memtable_hash_entry *entry,
					   const void *key, size_t key_length)
{
	if (entry->key_size != key_length || entry->key_hash != memtable_hash_key(key, key_length))
		return -EBADMSG;
	return 0;
}

MEMTABLE_API int memtable_hash_prefix(const void *key, size_t key_length,
				      void *buffer, size_t size, size_t *length)
{
	if (key_length > MEMTABLE_MAX_KEY_LENGTH - HASH_SIZE)
		return -EMSGSIZE;
	if (size < HASH_SIZE + key_length)
		return -ERANGE;
	store_big(buffer, memtable_hash_key(key, key_length));
	copy_bytes((char *)buffer + HASH_SIZE, key, key_length);
	*length = HASH_SIZE + key_length;
	return 0;
}

MEMTABLE_API int memtable_hash_unprefix(const void *prefixed, size_t length,
					const void **key, size_t *key_length)
{
	if (length < HASH_SIZE)
		return -ENODATA;
	*key = (const char *)prefixed + HASH_SIZE;
	*key_length = length - HASH_SIZE;
	return load_big(prefixed) == memtable_hash_key(*key, *key_length) ? 0 : -EBADMSG;
}

/* Takes the hash out of a key of the table, and releases the key. */
static int hash_of(void *prefixed, size_t length, uint32_t *hash)
{
	int ret = -EBADMSG;

	if (length >= HASH_SIZE) {
		*hash = load_big(prefixed);
		ret = 0;
	}
	free(prefixed);
	return ret;
}

MEMTABLE_API int memtable_hash_bounds(struct memtable_table *table,
				      uint32_t *first, uint32_t *last)
{
	size_t first_length, last_length;
	uint32_t first_hash, last_hash;
	void *first_key, *last_key;
	int ret, last_ret;

	ret = memtable_table_bounds(table, &first_key, &first_length, &last_key, &last_length);
	if (ret == -ENOENT) {
		*first = 0;
		*last = 0;
		return 0;
	}
	if (ret)
		return ret;
	ret = hash_of(first_key, first_length, &first_hash);
	last_ret = hash_of(last_key, last_length, &last_hash);
	if (ret || last_ret)
		return -EBADMSG;
	*first = first_hash;
	*last = last_hash;
	return 0;
}

MEMTABLE_API bool memtable_hash_between(uint32_t hash, uint32_t start, uint32_t end)
{
	return start <= hash && hash <= end;
}

MEMTABLE_API int memtable_hash_pivot(struct memtable_table *table, uint32_t *hash)
{
	size_t length;
	void *key;
	int ret;

	ret = memtable_table_pivot(table, &key, &length);
	return ret ? ret : hash_of(key, length, hash);
}

MEMTABLE_API int memtable_hash_split(struct memtable_table *table, uint32_t hash,
				     struct memtable_table **upper)
{
	unsigned char pivot[HASH_SIZE];

	store_big(pivot, hash);
	return memtable_table_split(table, pivot, sizeof(pivot), upper);
}

/* One entry, with its key's hash in front. */
static int batch_put_hashed(struct memtable_batch *batch, const struct memtable_hash_pair *pair)
{
	size_t size = HASH_SIZE + pair->key.length;
	char *key;
	int ret;

	key = malloc(size);
	if (!key)
		return -ENOMEM;
	ret = memtable_hash_prefix(pair->key.data, pair->key.length, key, size, &size);
	if (!ret)
		ret = memtable_batch_put(batch, key, size, pair->value.data, pair->value.length);
	free(key);
	return ret;
}

MEMTABLE_API int memtable_hash_from_entries(struct memtable_table *table,
					    const struct memtable_hash_pair *pairs, size_t count,
					    uint64_t *size)
{
	struct memtable_batch *batch;
	struct memtable_info info;
	size_t i;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret)
		return ret;
	if (info.entries)
		return -EBUSY;
	ret = memtable_batch_create(&batch);
	if (ret)
		return ret;
	for (i = 0; !ret && i < count; i++)
		ret = batch_put_hashed(batch, &pairs[i]);
	if (!ret)
		ret = memtable_batch_write(batch, table, NULL);
	memtable_batch_destroy(batch);
	if (!ret)
		ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (!ret && size)
		*size = info.logical_bytes;
	return ret;
}
