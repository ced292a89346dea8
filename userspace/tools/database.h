/* SPDX-License-Identifier: GPL-2.0 */
/* LevelDB and RocksDB, where they are installed. */
#ifndef DATABASE_H
#define DATABASE_H

#include <memtable.h>

typedef int database_function(struct memtable_table *table, const char *path,
			      memtable_progress progress, void *argument, uint64_t *entries,
			      char *message, size_t message_size);

/**
 * struct database - What the library for a database offers.
 * @finish: Writes a table to a file.
 * @load: Writes what a database has to a table.
 */
struct database {
	database_function *finish;
	database_function *load;
};

/* Finds the library for "leveldb" or "rocksdb". Explains errors, returns an exit status. */
int database_find(const char *name, struct database *database);

#endif /* DATABASE_H */
