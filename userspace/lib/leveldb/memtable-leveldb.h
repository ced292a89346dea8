/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmemtable-leveldb: tables to and from LevelDB.
 *
 * Results and threads are as in <memtable.h>. Where a function takes a message,
 * it is what LevelDB says of an error, in the caller's buffer; it is empty if
 * LevelDB says nothing.
 */
#ifndef MEMTABLE_LEVELDB_H
#define MEMTABLE_LEVELDB_H

#include <memtable.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * memtable_leveldb_finish() - Write a table to a table file of LevelDB, whole or
 *	not at all.
 * @table: The table, in bytewise order; to be sealed before, so that nothing is
 *	written to it that the file does not have. All versions go into the file,
 *	and tombstones, under LevelDB's internal keys.
 * @path: Name of the file, as for memtable_file_create(). LevelDB itself names its
 *	files NUMBER.ldb, and takes one up that lies in its folder with RepairDB.
 * @progress: Called with the entries written, and those that there are; or NULL.
 * @argument: Its argument.
 * @entries: Result: entries written; or NULL.
 * @message: What LevelDB says of an error.
 * @message_size: Size of @message, in bytes.
 *
 * Return: 0; -EOPNOTSUPP if the table is in reverse order; -EIO for an error of
 * LevelDB's, -ENOSPC if the disk is full; or an error as from
 * memtable_file_commit(). The table stays as it is.
 */
int memtable_leveldb_finish(struct memtable_table *table, const char *path,
			    memtable_progress progress, void *argument, uint64_t *entries,
			    char *message, size_t message_size);

/**
 * memtable_leveldb_load() - Write what a LevelDB database has to a table.
 * @table: The table.
 * @path: The database's folder. No process may have it open.
 * @progress: Called with the bytes and the entries written; or NULL.
 * @argument: Its argument.
 * @entries: Result, also after an error: entries written; or NULL.
 * @message: What LevelDB says of an error.
 * @message_size: Size of @message, in bytes.
 *
 * Of each key its newest value is written, under a new sequence number.
 *
 * Return: 0; -EIO for an error of LevelDB's; or an error as from
 * memtable_batch_write(): what came before is in the table.
 */
int memtable_leveldb_load(struct memtable_table *table, const char *path,
			  memtable_progress progress, void *argument, uint64_t *entries,
			  char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif /* MEMTABLE_LEVELDB_H */
