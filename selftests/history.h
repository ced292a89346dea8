/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - recorded histories of tables, and their check
 *
 * A history is what some threads and processes asked of tables at the same time
 * and what they were told, with the time before and the time after each request.
 * The check finds out whether all of it can have been one request after the
 * other: in an order in which each request is answered by what those before it
 * have left, and in which none comes before one that had ended when it began.
 *
 * Usually that is a search among many orders. Here the table tells the order of
 * its writes by their sequence numbers, and most reads tell their place in it by
 * the snapshot that they are of, so there is little left to be found.
 */
#ifndef SELFTESTS_MEMTABLE_HISTORY_H
#define SELFTESTS_MEMTABLE_HISTORY_H

#include <linux/memtable.h>
#include <stdbool.h>
#include <stddef.h>

/* A value that is not known: of an entry seen without it. */
#define HISTORY_ANY_VALUE 0

/* A value that is none of those that were ever written. */
#define HISTORY_NO_VALUE (~0U)

/* The type of an entry of which only the sequence number is known. */
#define HISTORY_ANY_TYPE 254

/*
 * An entry that was written or seen. The values of all writes differ, and the
 * keys are numbers, ordered as the table orders them.
 */
struct history_entry {
	__u64 sequence;
	__u32 value;
	__u16 key;
	/* enum memtable_type; absent ones only in answers about given keys. */
	__u8 type;
};

enum history_kind {
	/* An ADD or WRITE: all entries at once. */
	HISTORY_WRITE,
	/* One that was refused, since the table is sealed. */
	HISTORY_REFUSED,
	/* What is the latest of one key: a GET, or an ADD whose condition failed. */
	HISTORY_GET,
	/* A READ, or GET at a snapshot: what the given keys have there. */
	HISTORY_READ,
	/* A SCAN: all that the keys from low to high have. */
	HISTORY_SCAN,
	/* A SPLIT: the keys from low on become another table. */
	HISTORY_SPLIT,
	/* A ROTATE: the same for all keys, and the other table is sealed. */
	HISTORY_ROTATE,
	HISTORY_SEAL,
};

enum history_condition {
	HISTORY_UNCONDITIONAL,
	HISTORY_IF_ABSENT,
	HISTORY_IF_SEQUENCE,
};

struct history_event {
	enum history_kind kind;
	/* Which table it is about; one cut off has a higher number. */
	unsigned int table;
	/* Before and after the request, by the one clock. */
	__u64 begin;
	__u64 end;
	/* Reads: the snapshot asked for, zero for the latest, and that told. */
	__u64 asked;
	__u64 snapshot;
	/* Scans: bits of enum memtable_scan_flags that say what is returned. */
	unsigned int flags;
	int low;
	int high;
	/* Writes of one entry: on which condition. */
	enum history_condition condition;
	__u64 expected;
	/* Cuts: the other table, and the last sequence number of both then. */
	unsigned int other;
	__u64 last_sequence;
	/* What was written or seen, in the order of the request. */
	const struct history_entry *entries;
	size_t count;
};

struct history {
	/* The tables are maps. */
	bool map;
	/* Keys are less than this. */
	unsigned int keys;
	unsigned int tables;
	/* In any order. */
	const struct history_event *events;
	size_t count;
};

/*
 * Says what is wrong with a history, and in *where with which event, or returns
 * NULL.
 */
const char *history_check(const struct history *history,
			  const struct history_event **where);

#endif /* SELFTESTS_MEMTABLE_HISTORY_H */
