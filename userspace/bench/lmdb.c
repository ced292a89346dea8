// SPDX-License-Identifier: GPL-2.0
/*
 * LMDB in a file in memory. Nothing is synchronized to anywhere, and the file
 * is written through its mapping: as fast as it goes. Each batch is a
 * transaction, and each look-up of one or more keys reads the latest state.
 */
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define MAP_SIZE	(8ULL << 30)
#define PATH_SIZE	4096

static MDB_env *env;
static MDB_dbi dbi;
static char path[PATH_SIZE];

/* A reader's transaction is kept, and begun anew each time. */
static MDB_txn *reading;

static void check(int error)
{
	if (error)
		die("%s", mdb_strerror(error));
}

static MDB_val key_of(const struct entry *entry)
{
	return (MDB_val){ entry->key_length, (void *)entry->key };
}

static void lmdb_open(const char *folder, size_t count)
{
	MDB_txn *txn;

	(void)count;
	if (snprintf(path, sizeof(path), "%s/lmdb", folder) >= PATH_SIZE)
		die("too long a path");
	check(mdb_env_create(&env));
	check(mdb_env_set_mapsize(env, MAP_SIZE));
	check(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC |
				      MDB_NOTLS, 0600));
	check(mdb_txn_begin(env, NULL, 0, &txn));
	check(mdb_dbi_open(txn, NULL, 0, &dbi));
	check(mdb_txn_commit(txn));
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &reading));
	mdb_txn_reset(reading);
}

static void lmdb_add(const struct entry *entries, size_t count)
{
	MDB_val key, value;
	MDB_txn *txn;
	size_t i;

	check(mdb_txn_begin(env, NULL, 0, &txn));
	for (i = 0; i < count; i++) {
		key = key_of(&entries[i]);
		value = (MDB_val){ VALUE_LENGTH, (void *)entries[i].value };
		check(mdb_put(txn, dbi, &key, &value, 0));
	}
	check(mdb_txn_commit(txn));
}

static size_t lmdb_get(const struct entry *entries, size_t count, uint8_t *values)
{
	size_t found = 0, i;
	MDB_val key, value;
	int error;

	check(mdb_txn_renew(reading));
	for (i = 0; i < count; i++) {
		key = key_of(&entries[i]);
		error = mdb_get(reading, dbi, &key, &value);
		if (error == MDB_NOTFOUND)
			continue;
		check(error);
		memcpy(values + i * VALUE_LENGTH, value.mv_data, VALUE_LENGTH);
		found++;
	}
	mdb_txn_reset(reading);
	return found;
}

static size_t lmdb_scan(bool backward, uint64_t *sum)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	size_t count = 0;
	int error;

	check(mdb_txn_renew(reading));
	check(mdb_cursor_open(reading, dbi, &cursor));
	while (!(error = mdb_cursor_get(cursor, &key, &value, backward ? MDB_PREV : MDB_NEXT))) {
		*sum += take(key.mv_data, key.mv_size, value.mv_data);
		count++;
	}
	if (error != MDB_NOTFOUND)
		check(error);
	mdb_cursor_close(cursor);
	mdb_txn_reset(reading);
	return count;
}

/* The pages of the file that are in memory. */
static uint64_t lmdb_memory(void)
{
	struct stat status;

	if (stat(path, &status))
		die("%s is gone", path);
	return status.st_blocks * 512ULL;
}

/* The memory is given back once the file is gone. */
static void lmdb_close(void)
{
	char lock[PATH_SIZE + sizeof("-lock")];

	mdb_txn_abort(reading);
	mdb_env_close(env);
	snprintf(lock, sizeof(lock), "%s-lock", path);
	if (unlink(path) || unlink(lock))
		die("cannot remove %s", path);
}

const struct store store = {
	.open	= lmdb_open,
	.add	= lmdb_add,
	.get	= lmdb_get,
	.scan	= lmdb_scan,
	.memory	= lmdb_memory,
	.close	= lmdb_close,
};
