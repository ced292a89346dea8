// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Windows: a walk over one table, both ways, by scans that read ahead.
 *
 * The kernel keeps no position. What one scan returned is the window, in the
 * direction in which it was scanned. A step inside it is a step in memory
 * whichever way it goes; a step out of it scans on from the entry where the
 * window is, in the direction of the step.
 */
#include "window.h"

/* A seek is often followed by few steps; a long walk is worth a large buffer. */
#define READ_AHEAD_FIRST	4096
#define READ_AHEAD_LAST		(256 * 1024)

int memtable_window_init(struct window *window, struct memtable_table *table,
			 const struct range *range, uint32_t flags, uint64_t snapshot)
{
	window->table = memtable_table_ref(table);
	window->range = range;
	window->flags = flags;
	window->snapshot = snapshot;
	window->position = malloc(MEMTABLE_MAX_KEY_LENGTH);
	return window->position ? 0 : -ENOMEM;
}

void memtable_window_release(struct window *window)
{
	memtable_table_unref(window->table);
	free(window->position);
	free(window->offsets);
	free(window->buffer);
}

/* Notes where each of the entries begins. */
static int window_index(struct window *window, size_t count, size_t length)
{
	size_t offset = 0, i;
	uint32_t *offsets;

	if (count > window->offsets_size) {
		offsets = realloc(window->offsets, count * sizeof(*offsets));
		if (!offsets)
			return -ENOMEM;
		window->offsets = offsets;
		window->offsets_size = count;
	}
	for (i = 0; i < count; i++) {
		window->offsets[i] = offset;
		if (!memtable_record_next(window->buffer, length, &offset))
			return -EBADMSG;
	}
	window->count = count;
	window->at = 0;
	return 0;
}

/* Scans the next window. Where it starts the caller has put into scan. */
static int window_scan(struct window *window, struct memtable_scan *scan)
{
	const struct bound *end = window->reverse ? &window->range->lower : &window->range->upper;
	void *buffer;
	int ret;

	window->count = 0;
	window->done = true;

	if (window->size < window->read_ahead) {
		buffer = realloc(window->buffer, window->read_ahead);
		if (!buffer)
			return -ENOMEM;
		window->buffer = buffer;
		window->size = window->read_ahead;
	}

	scan->flags |= window->flags;
	if (window->reverse)
		scan->flags |= MEMTABLE_SCAN_REVERSE;
	if (end->key) {
		scan->flags |= MEMTABLE_SCAN_END;
		if (end->exclusive)
			scan->flags |= MEMTABLE_SCAN_END_EXCLUSIVE;
		scan->end_key = user_address(end->key);
		scan->end_length = end->length;
	}
	scan->snapshot = window->snapshot;
	scan->records_size = window->read_ahead;
	ret = memtable_scan_into(window->table, scan, &window->buffer, &window->size);
	if (ret)
		return ret;

	window->snapshot = scan->snapshot;
	window->done = scan->result & MEMTABLE_SCAN_DONE;
	if (window->read_ahead < READ_AHEAD_LAST)
		window->read_ahead *= 2;
	return window_index(window, scan->count, scan->records_length);
}

int memtable_window_seek(struct window *window, bool reverse, const struct memtable_slice *key)
{
	const struct bound *bound = reverse ? &window->range->upper : &window->range->lower;
	struct memtable_scan scan = { 0 };
	int order;

	window->reverse = reverse;
	window->read_ahead = READ_AHEAD_FIRST;

	if (key && bound->key) {
		order = memtable_key_compare(key->data, key->length, bound->key, bound->length);
		if (window->range->descending != reverse)
			order = -order;
		/* Now it is less than zero for a key that lies outside. */
		if (order < 0 || (!order && bound->exclusive))
			key = NULL;
	}
	if (key) {
		scan.flags = MEMTABLE_SCAN_START;
		scan.start_key = user_address(key->data);
		scan.start_length = key->length;
	} else if (bound->key) {
		scan.flags = MEMTABLE_SCAN_START;
		if (bound->exclusive)
			scan.flags |= MEMTABLE_SCAN_START_EXCLUSIVE;
		scan.start_key = user_address(bound->key);
		scan.start_length = bound->length;
	}
	return window_scan(window, &scan);
}

/* Scans on from the entry that the window is at. */
static int window_continue(struct window *window, bool reverse)
{
	const struct memtable_record *record = memtable_window_record(window);
	struct memtable_scan scan = {
		.start_key = user_address(window->position),
		.start_length = record->key_length,
		.flags = MEMTABLE_SCAN_START | MEMTABLE_SCAN_START_EXCLUSIVE,
	};

	if (window->flags & MEMTABLE_SCAN_ALL_VERSIONS)
		scan.start_sequence = memtable_tag_sequence(record->tag);
	memcpy(window->position, memtable_record_key(record), record->key_length);

	if (window->reverse != reverse) {
		window->reverse = reverse;
		window->read_ahead = READ_AHEAD_FIRST;
	}
	return window_scan(window, &scan);
}

int memtable_window_leave(struct window *window, bool reverse)
{
	if (window->reverse != reverse && window->at) {
		window->at--;
		return 0;
	}
	if (window->reverse == reverse && window->done) {
		window->count = 0;
		return 0;
	}
	return window_continue(window, reverse);
}
