/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library's files share. */
#ifndef MEMTABLE_INTERNAL_H
#define MEMTABLE_INTERNAL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memtable.h"

#define MEMTABLE_API __attribute__((visibility("default")))

/* Issues a request on the table's file. Returns 0 or -errno. */
int memtable_table_request(const struct memtable_table *table, unsigned long request,
			   void *argument);

/* Where the kernel finds something. */
static inline uint64_t user_address(const void *p)
{
	return (uintptr_t)p;
}

/* memcpy(), whose arguments may not be NULL even for no bytes. */
static inline void copy_bytes(void *to, const void *from, size_t length)
{
	if (length)
		memcpy(to, from, length);
}

static inline const void *memtable_record_key(const struct memtable_record *record)
{
	return record + 1;
}

static inline const void *memtable_record_value(const struct memtable_record *record)
{
	return (const char *)(record + 1) + record->key_length;
}

/* Length of a record in a stream, its padding included. */
size_t memtable_record_length(size_t key_length, size_t value_length);

/* Writes a record of memtable_record_length() bytes, its padding zero. */
void memtable_record_encode(void *to, uint64_t tag, const void *key, size_t key_length,
			    const void *value, size_t value_length);

/*
 * Finds the record at *offset of a stream of length bytes and moves *offset
 * past it. Returns NULL if no whole record is there.
 */
const struct memtable_record *memtable_record_next(const void *stream, size_t length,
						   size_t *offset);

/*
 * Scans at scan->snapshot, which afterwards is the one that was read at, into
 * *buffer. If that is too small for the first record it is enlarged to what
 * the record needs, *size included.
 */
int memtable_scan_into(const struct memtable_table *table, struct memtable_scan *scan,
		       void **buffer, size_t *size);

/* Splits a table, and makes a handle of the descriptor of the upper part. */
int memtable_split_into(struct memtable_table *table, struct memtable_split *split,
			struct memtable_table **upper);

/*
 * Makes an iterator over several tables, the newest first, of which it takes
 * references. Returns 0 or an error as from memtable_iterator_create().
 */
int memtable_iterator_merge(struct memtable_table *const *tables, size_t count, uint32_t flags,
			    uint64_t snapshot, struct memtable_iterator **iterator);

#endif /* MEMTABLE_INTERNAL_H */
