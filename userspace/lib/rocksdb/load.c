// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a RocksDB database has, through its C API. */
#include <errno.h>
#include <stdio.h>

#include <rocksdb/c.h>

#include "memtable-rocksdb.h"

/* Takes over the text of an error. Returns -EIO if there is one. */
static int failed(char *error, char *message, size_t size)
{
	if (!error)
		return 0;
	snprintf(message, size, "%s", error);
	rocksdb_free(error);
	return -EIO;
}

static int load_all(rocksdb_iterator_t *it, struct memtable_writer *writer,
		    memtable_progress progress, void *argument, uint64_t *entries)
{
	size_t key_length, value_length;
	const char *key, *value;
	uint64_t bytes = 0;
	int ret = 0;

	for (rocksdb_iter_seek_to_first(it); rocksdb_iter_valid(it); rocksdb_iter_next(it)) {
		key = rocksdb_iter_key(it, &key_length);
		value = rocksdb_iter_value(it, &value_length);
		ret = memtable_writer_put(writer, key, key_length, value, value_length);
		if (ret)
			break;
		bytes += key_length + value_length;
		++*entries;
		if (progress)
			progress(argument, bytes, *entries - memtable_writer_pending(writer));
	}
	if (!ret)
		ret = memtable_writer_flush(writer, NULL);
	*entries -= memtable_writer_pending(writer);
	return ret;
}

static int load(rocksdb_t *db, struct memtable_table *table, memtable_progress progress,
		void *argument, uint64_t *entries, char *message, size_t message_size)
{
	rocksdb_readoptions_t *options = rocksdb_readoptions_create();
	struct memtable_writer *writer;
	rocksdb_iterator_t *it;
	char *error = NULL;
	int ret;

	rocksdb_readoptions_set_verify_checksums(options, 1);
	rocksdb_readoptions_set_fill_cache(options, 0);
	ret = memtable_writer_create(table, 0, &writer);
	if (ret)
		goto destroy_options;
	it = rocksdb_create_iterator(db, options);
	ret = load_all(it, writer, progress, argument, entries);
	if (!ret) {
		rocksdb_iter_get_error(it, &error);
		ret = failed(error, message, message_size);
	}
	rocksdb_iter_destroy(it);
	memtable_writer_destroy(writer);
destroy_options:
	rocksdb_readoptions_destroy(options);
	return ret;
}

int memtable_rocksdb_load(struct memtable_table *table, const char *path,
			  memtable_progress progress, void *argument, uint64_t *entries,
			  char *message, size_t message_size)
{
	rocksdb_options_t *options = rocksdb_options_create();
	uint64_t count = 0;
	char *error = NULL;
	rocksdb_t *db;
	int ret;

	if (message_size)
		message[0] = '\0';
	rocksdb_options_set_paranoid_checks(options, 1);
	db = rocksdb_open_for_read_only(options, path, 0, &error);
	ret = failed(error, message, message_size);
	if (!ret) {
		ret = load(db, table, progress, argument, &count, message, message_size);
		rocksdb_close(db);
	}
	rocksdb_options_destroy(options);
	if (entries)
		*entries = count;
	return ret;
}
