/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmemtable-rocksdb: tables to and from RocksDB.
 *
 * Results and threads are as in <memtable.h>. Where a function takes a message,
 * it is what RocksDB says of an error, in the caller's buffer; it is empty if
 * RocksDB says nothing.
 */
#ifndef MEMTABLE_ROCKSDB_H
#define MEMTABLE_ROCKSDB_H

#include <memtable.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * memtable_rocksdb_finish() - Write a table to an SST file of RocksDB, whole or not
 *	at all.
 * @table: The table, in either order; to be sealed before, so that nothing is
 *	written to it that the file does not have. Of each key the newest entry
 *	goes into the file, a tombstone as a deletion.
 * @path: Name of the file, as for memtable_file_create(); ready to be ingested.
 * @progress: Called with the keys written, and the entries that there are; or
 *	NULL.
 * @argument: Its argument.
 * @entries: Result: keys written; or NULL.
 * @message: What RocksDB says of an error.
 * @message_size: Size of @message, in bytes.
 *
 * Return: 0; -ENODATA if the table is empty, which no such file can be; -EIO for
 * an error of RocksDB's, -ENOSPC if the disk is full; or an error as from
 * memtable_file_commit(). The table stays as it is.
 */
int memtable_rocksdb_finish(struct memtable_table *table, const char *path,
			    memtable_progress progress, void *argument, uint64_t *entries,
			    char *message, size_t message_size);

/**
 * memtable_rocksdb_load() - Write what a RocksDB database has to a table.
 * @table: The table.
 * @path: The database's folder. No process may have it open.
 * @progress: Called with the bytes and the entries written; or NULL.
 * @argument: Its argument.
 * @entries: Result, also after an error: entries written; or NULL.
 * @message: What RocksDB says of an error.
 * @message_size: Size of @message, in bytes.
 *
 * Of each key its newest value is written, under a new sequence number.
 *
 * Return: 0; -EIO for an error of RocksDB's; or an error as from
 * memtable_batch_write(): what came before is in the table.
 */
int memtable_rocksdb_load(struct memtable_table *table, const char *path,
			  memtable_progress progress, void *argument, uint64_t *entries,
			  char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif /* MEMTABLE_ROCKSDB_H */
