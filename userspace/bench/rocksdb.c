// SPDX-License-Identifier: GPL-2.0
/*
 * RocksDB with all that it has in its memtable: no write-ahead log, a write
 * buffer that nothing fills, its files in memory, and no more than one writer,
 * which spares it atomic instructions.
 */
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define PATH_SIZE	4096

static rocksdb_options_t *options;
static rocksdb_writeoptions_t *write_options;
static rocksdb_readoptions_t *read_options;
static rocksdb_writebatch_t *batch;
static rocksdb_t *db;
static char path[PATH_SIZE];

static void check(const char *error)
{
	if (error)
		die("%s", error);
}

static void rocks_init(void)
{
	rocksdb_options_t *defaults = rocksdb_options_create();
	char *error = NULL;

	options = rocksdb_options_create();
	rocksdb_get_options_from_string(defaults,
					"create_if_missing=true;error_if_exists=true;"
					"write_buffer_size=4294967296;"
					"avoid_flush_during_shutdown=true;"
					"allow_concurrent_memtable_write=false;"
					"compression=kNoCompression", options, &error);
	check(error);
	rocksdb_options_destroy(defaults);
	write_options = rocksdb_writeoptions_create();
	rocksdb_writeoptions_disable_WAL(write_options, 1);
	read_options = rocksdb_readoptions_create();
	batch = rocksdb_writebatch_create();
}

static void rocks_open(const char *folder, size_t count)
{
	char *error = NULL;

	(void)count;
	if (!options)
		rocks_init();
	if (snprintf(path, sizeof(path), "%s/rocksdb", folder) >= PATH_SIZE)
		die("too long a path");
	db = rocksdb_open(options, path, &error);
	check(error);
}

static void rocks_add(const struct entry *entries, size_t count)
{
	char *error = NULL;
	size_t i;

	if (count == 1) {
		rocksdb_put(db, write_options, (const char *)entries->key, entries->key_length,
			    (const char *)entries->value, VALUE_LENGTH, &error);
		check(error);
		return;
	}
	rocksdb_writebatch_clear(batch);
	for (i = 0; i < count; i++)
		rocksdb_writebatch_put(batch, (const char *)entries[i].key, entries[i].key_length,
				       (const char *)entries[i].value, VALUE_LENGTH);
	rocksdb_write(db, write_options, batch, &error);
	check(error);
}

static size_t get_one(const struct entry *entry, uint8_t *value)
{
	rocksdb_pinnableslice_t *slice;
	char *error = NULL;
	size_t length;

	slice = rocksdb_get_pinned(db, read_options, (const char *)entry->key, entry->key_length,
				   &error);
	check(error);
	if (!slice)
		return 0;
	memcpy(value, rocksdb_pinnableslice_value(slice, &length), VALUE_LENGTH);
	rocksdb_pinnableslice_destroy(slice);
	return 1;
}

static size_t rocks_get(const struct entry *entries, size_t count, uint8_t *values)
{
	static __thread const char *keys[BATCH_MAX];
	static __thread char *found[BATCH_MAX], *errors[BATCH_MAX];
	static __thread size_t key_lengths[BATCH_MAX], lengths[BATCH_MAX];
	size_t total = 0, i;

	if (count == 1)
		return get_one(entries, values);
	for (i = 0; i < count; i++) {
		keys[i] = (const char *)entries[i].key;
		key_lengths[i] = entries[i].key_length;
	}
	rocksdb_multi_get(db, read_options, count, keys, key_lengths, found, lengths, errors);
	for (i = 0; i < count; i++) {
		check(errors[i]);
		if (!found[i])
			continue;
		memcpy(values + i * VALUE_LENGTH, found[i], VALUE_LENGTH);
		rocksdb_free(found[i]);
		total++;
	}
	return total;
}

static size_t rocks_scan(bool backward, uint64_t *sum)
{
	rocksdb_iterator_t *iterator = rocksdb_create_iterator(db, read_options);
	size_t count = 0, key_length, length;
	const char *key;

	if (backward)
		rocksdb_iter_seek_to_last(iterator);
	else
		rocksdb_iter_seek_to_first(iterator);
	while (rocksdb_iter_valid(iterator)) {
		key = rocksdb_iter_key(iterator, &key_length);
		*sum += take(key, key_length, rocksdb_iter_value(iterator, &length));
		count++;
		if (backward)
			rocksdb_iter_prev(iterator);
		else
			rocksdb_iter_next(iterator);
	}
	rocksdb_iter_destroy(iterator);
	return count;
}

/* Its files are small and not for the entries; removing them is part of it. */
static void rocks_close(void)
{
	char *error = NULL;

	rocksdb_close(db);
	rocksdb_destroy_db(options, path, &error);
	check(error);
}

const struct store store = {
	.open	= rocks_open,
	.add	= rocks_add,
	.get	= rocks_get,
	.scan	= rocks_scan,
	.memory	= heap_used,
	.close	= rocks_close,
};
