// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a LevelDB database has, through its C API. */
#include <errno.h>
#include <stdio.h>

#include <leveldb/c.h>

#include "memtable-leveldb.h"

/* Takes over the text of an error. Returns -EIO if there is one. */
static int failed(char *error, char *message, size_t size)
{
	if (!error)
		return 0;
	snprintf(message, size, "%s", error);
	leveldb_free(error);
	return -EIO;
}

static int load_all(leveldb_iterator_t *it, struct memtable_writer *writer,
		    memtable_progress progress, void *argument, uint64_t *entries)
{
	size_t key_length, value_length;
	const char *key, *value;
	uint64_t bytes = 0;
	int ret = 0;

	for (leveldb_iter_seek_to_first(it); leveldb_iter_valid(it); leveldb_iter_next(it)) {
		key = leveldb_iter_key(it, &key_length);
		value = leveldb_iter_value(it, &value_length);
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

static int load(leveldb_t *db, struct memtable_table *table, memtable_progress progress,
		void *argument, uint64_t *entries, char *message, size_t message_size)
{
	leveldb_readoptions_t *options = leveldb_readoptions_create();
	struct memtable_writer *writer;
	leveldb_iterator_t *it;
	char *error = NULL;
	int ret;

	leveldb_readoptions_set_verify_checksums(options, 1);
	leveldb_readoptions_set_fill_cache(options, 0);
	ret = memtable_writer_create(table, 0, &writer);
	if (ret)
		goto destroy_options;
	it = leveldb_create_iterator(db, options);
	ret = load_all(it, writer, progress, argument, entries);
	if (!ret) {
		leveldb_iter_get_error(it, &error);
		ret = failed(error, message, message_size);
	}
	leveldb_iter_destroy(it);
	memtable_writer_destroy(writer);
destroy_options:
	leveldb_readoptions_destroy(options);
	return ret;
}

int memtable_leveldb_load(struct memtable_table *table, const char *path,
			  memtable_progress progress, void *argument, uint64_t *entries,
			  char *message, size_t message_size)
{
	leveldb_options_t *options = leveldb_options_create();
	uint64_t count = 0;
	char *error = NULL;
	leveldb_t *db;
	int ret;

	if (message_size)
		message[0] = '\0';
	leveldb_options_set_paranoid_checks(options, 1);
	db = leveldb_open(options, path, &error);
	ret = failed(error, message, message_size);
	if (!ret) {
		ret = load(db, table, progress, argument, &count, message, message_size);
		leveldb_close(db);
	}
	leveldb_options_destroy(options);
	if (entries)
		*entries = count;
	return ret;
}
