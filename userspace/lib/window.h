/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an iterator has read ahead of one table. */
#ifndef MEMTABLE_WINDOW_H
#define MEMTABLE_WINDOW_H

#include "internal.h"

/**
 * struct bound - A key where a walk starts or ends.
 * @key: Its bytes; NULL if there is no such bound.
 * @length: Its length, in bytes.
 * @exclusive: Whether the key itself is left out.
 */
struct bound {
	char *key;
	size_t length;
	bool exclusive;
};

/**
 * struct range - Where a walk goes.
 * @descending: Whether the keys are in reverse order.
 * @lower: Where it begins, in that order.
 * @upper: Where it ends.
 */
struct range {
	bool descending;
	struct bound lower;
	struct bound upper;
};

/**
 * struct window - Some of a table's entries, and a place at one of them.
 * @table: The table, a reference.
 * @range: Where the walk goes, which is the iterator's.
 * @flags: Bits of &enum memtable_scan_flags that every scan has.
 * @snapshot: Where to read; zero to let the first scan settle it.
 * @reverse: Whether the window was scanned backwards.
 * @done: Whether there is nothing beyond the window's last entry.
 * @read_ahead: How much to read next in this direction, in bytes.
 * @buffer: The entries: a record stream.
 * @size: Size of @buffer, in bytes.
 * @offsets: Where in @buffer each of them begins.
 * @offsets_size: Elements that @offsets has room for.
 * @count: How many there are; zero while the window is at no entry.
 * @at: The entry that it is at.
 * @position: Copy of the key where a scan starts, since @buffer is written to.
 */
struct window {
	struct memtable_table *table;
	const struct range *range;
	uint32_t flags;
	uint64_t snapshot;

	bool reverse;
	bool done;
	size_t read_ahead;
	void *buffer;
	size_t size;
	uint32_t *offsets;
	size_t offsets_size;
	size_t count;
	size_t at;
	char *position;
};

/* Makes a window on a table. Returns 0 or -ENOMEM, after which it can be released, too. */
int memtable_window_init(struct window *window, struct memtable_table *table,
			 const struct range *range, uint32_t flags, uint64_t snapshot);

void memtable_window_release(struct window *window);

/*
 * Goes to the first entry in a direction, from a key on or, for NULL, from the
 * range's end on. Returns 0, also if there is none, or an error.
 */
int memtable_window_seek(struct window *window, bool reverse, const struct memtable_slice *key);

/* Goes on from an entry to one that the window does not have, or not in this direction. */
int memtable_window_leave(struct window *window, bool reverse);

/* Whether the window is at an entry. */
static inline bool memtable_window_valid(const struct window *window)
{
	return window->count;
}

/* The entry that the window is at. */
static inline const struct memtable_record *memtable_window_record(const struct window *window)
{
	return (const void *)((const char *)window->buffer + window->offsets[window->at]);
}

/* Goes on from an entry in a direction. Returns 0, also if there is no other, or an error. */
static inline int memtable_window_move(struct window *window, bool reverse)
{
	/* Mostly it is a step in memory. */
	if (window->reverse == reverse && window->at + 1 < window->count) {
		window->at++;
		return 0;
	}
	return memtable_window_leave(window, reverse);
}

#endif /* MEMTABLE_WINDOW_H */
