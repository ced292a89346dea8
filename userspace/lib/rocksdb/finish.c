// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables as SST files of RocksDB, by its own writer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rocksdb/c.h>

#include "memtable-rocksdb.h"

/* Takes over the text of an error. Returns what it comes to. */
static int failed(char *error, char *message, size_t size)
{
	int ret;

	if (!error)
		return 0;
	/* It tells this in its text alone. */
	ret = strstr(error, "No space left") ? -ENOSPC : -EIO;
	snprintf(message, size, "%s", error);
	rocksdb_free(error);
	return ret;
}

static char *add(rocksdb_sstfilewriter_t *writer, const struct memtable_iterator *it)
{
	size_t key_length, value_length;
	const char *key = memtable_iterator_key(it, &key_length);
	const char *value = memtable_iterator_value(it, &value_length);
	char *error = NULL;

	if (memtable_iterator_type(it) == MEMTABLE_TYPE_DELETION)
		rocksdb_sstfilewriter_delete(writer, key, key_length, &error);
	else
		rocksdb_sstfilewriter_put(writer, key, key_length, value, value_length, &error);
	return error;
}

/* Its order is bytewise; a reverse table is walked backwards. */
static int move(struct memtable_iterator *it, bool reverse, bool begin)
{
	if (begin)
		return reverse ? memtable_iterator_seek_to_last(it) :
				 memtable_iterator_seek_to_first(it);
	return reverse ? memtable_iterator_prev(it) : memtable_iterator_next(it);
}

static int add_all(rocksdb_sstfilewriter_t *writer, struct memtable_table *table,
		   const struct memtable_info *info, memtable_progress progress, void *argument,
		   uint64_t *entries, char *message, size_t message_size)
{
	bool reverse = info->order == MEMTABLE_ORDER_REVERSE;
	struct memtable_iterator *it;
	int ret;

	ret = memtable_iterator_create(table, MEMTABLE_SCAN_TOMBSTONES, 0, &it);
	if (ret)
		return ret;
	ret = move(it, reverse, true);
	while (!ret && memtable_iterator_valid(it)) {
		ret = failed(add(writer, it), message, message_size);
		if (ret)
			break;
		++*entries;
		if (progress)
			progress(argument, *entries, info->entries);
		ret = move(it, reverse, false);
	}
	memtable_iterator_destroy(it);
	return ret ? ret : *entries ? 0 : -ENODATA;
}

static int build(const char *path, struct memtable_table *table, const struct memtable_info *info,
		 memtable_progress progress, void *argument, uint64_t *entries,
		 char *message, size_t message_size)
{
	rocksdb_envoptions_t *env_options = rocksdb_envoptions_create();
	rocksdb_options_t *options = rocksdb_options_create();
	rocksdb_sstfilewriter_t *writer = rocksdb_sstfilewriter_create(env_options, options);
	char *error = NULL;
	int ret;

	rocksdb_sstfilewriter_open(writer, path, &error);
	ret = failed(error, message, message_size);
	if (!ret)
		ret = add_all(writer, table, info, progress, argument, entries,
			      message, message_size);
	if (!ret) {
		rocksdb_sstfilewriter_finish(writer, &error);
		ret = failed(error, message, message_size);
	}
	rocksdb_sstfilewriter_destroy(writer);
	rocksdb_options_destroy(options);
	rocksdb_envoptions_destroy(env_options);
	return ret;
}

int memtable_rocksdb_finish(struct memtable_table *table, const char *path,
			    memtable_progress progress, void *argument, uint64_t *entries,
			    char *message, size_t message_size)
{
	struct memtable_file *file;
	struct memtable_info info;
	uint64_t count = 0;
	int ret;

	if (message_size)
		message[0] = '\0';
	ret = memtable_table_info(table, &info, sizeof(info));
	if (!ret)
		ret = memtable_file_create(path, &file);
	if (ret)
		return ret;
	ret = build(memtable_file_temporary(file), table, &info, progress, argument, &count,
		    message, message_size);
	if (ret) {
		memtable_file_discard(file);
		return ret;
	}
	ret = memtable_file_commit(file);
	if (!ret && entries)
		*entries = count;
	return ret;
}
