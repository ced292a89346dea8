// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Iterators: a walk over a table, both ways, by scans that read ahead.
 *
 * The kernel keeps no position. What one scan returned is the iterator's
 * window, in the direction in which it was scanned; the iterator is at one of
 * its entries. A step inside the window is a step in memory whichever way it
 * goes; a step out of it scans on from the entry where the iterator is, in the
 * direction of the step.
 */
#include "internal.h"

/* A seek is often followed by few steps; a long walk is worth a large buffer. */
#define READ_AHEAD_FIRST	4096
#define READ_AHEAD_LAST		(256 * 1024)

#define ITERATOR_FLAGS \
	(MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES | MEMTABLE_SCAN_KEYS_ONLY)

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
 * struct memtable_iterator - An iterator.
 * @table: The table, a reference.
 * @flags: Bits of &enum memtable_scan_flags that every scan has.
 * @snapshot: Where to read; zero to let the first scan settle it.
 * @descending: Whether the table has the reverse order.
 * @lower: Where the walk begins, in the table's order.
 * @upper: Where it ends.
 * @reverse: Whether the window was scanned backwards.
 * @done: Whether there is nothing beyond the window's last entry.
 * @status: What the last move came to.
 * @read_ahead: How much to read next in this direction, in bytes.
 * @buffer: The window: a record stream.
 * @size: Size of @buffer, in bytes.
 * @offsets: Where in @buffer each of the window's entries begins.
 * @offsets_size: Elements that @offsets has room for.
 * @count: Entries in the window; zero while the iterator is not valid.
 * @at: The entry that the iterator is at.
 * @position: Copy of the key where a scan starts, since @buffer is written to.
 */
struct memtable_iterator {
	struct memtable_table *table;
	uint32_t flags;
	uint64_t snapshot;
	bool descending;
	struct bound lower;
	struct bound upper;

	bool reverse;
	bool done;
	int status;
	size_t read_ahead;
	void *buffer;
	size_t size;
	uint32_t *offsets;
	size_t offsets_size;
	size_t count;
	size_t at;
	char *position;
};

MEMTABLE_API int memtable_iterator_create(struct memtable_table *table, uint32_t flags,
					  uint64_t snapshot, struct memtable_iterator **result)
{
	struct memtable_iterator *it;
	struct memtable_info info;
	int ret;

	if (flags & ~ITERATOR_FLAGS)
		return -EINVAL;
	if (snapshot > MEMTABLE_MAX_SEQUENCE && snapshot != MEMTABLE_SNAPSHOT_EMPTY)
		return -EINVAL;
	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret)
		return ret;

	it = calloc(1, sizeof(*it));
	if (!it)
		return -ENOMEM;
	it->position = malloc(MEMTABLE_MAX_KEY_LENGTH);
	if (!it->position) {
		free(it);
		return -ENOMEM;
	}
	it->table = memtable_table_ref(table);
	it->flags = flags;
	it->snapshot = snapshot;
	it->descending = info.order == MEMTABLE_ORDER_REVERSE;
	*result = it;
	return 0;
}

MEMTABLE_API void memtable_iterator_destroy(struct memtable_iterator *it)
{
	if (!it)
		return;
	memtable_table_unref(it->table);
	free(it->lower.key);
	free(it->upper.key);
	free(it->position);
	free(it->offsets);
	free(it->buffer);
	free(it);
}

static int bound_init(struct bound *bound, const void *key, size_t length, bool exclusive)
{
	bound->key = NULL;
	bound->length = 0;
	bound->exclusive = exclusive;
	if (!key)
		return 0;
	if (length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;

	/* An empty key is a bound too. */
	bound->key = malloc(length + 1);
	if (!bound->key)
		return -ENOMEM;
	copy_bytes(bound->key, key, length);
	bound->length = length;
	return 0;
}

/* One of the bounds is exclusive: the upper one, or else the lower one. */
static int iterator_set_range(struct memtable_iterator *it, bool upper_exclusive,
			      const void *lower, size_t lower_length,
			      const void *upper, size_t upper_length)
{
	struct bound new_lower, new_upper;
	int ret;

	ret = bound_init(&new_lower, lower, lower_length, !upper_exclusive);
	if (ret)
		return ret;
	ret = bound_init(&new_upper, upper, upper_length, upper_exclusive);
	if (ret) {
		free(new_lower.key);
		return ret;
	}

	free(it->lower.key);
	free(it->upper.key);
	it->lower = new_lower;
	it->upper = new_upper;
	it->count = 0;
	it->status = 0;
	return 0;
}

MEMTABLE_API int memtable_iterator_set_bounds(struct memtable_iterator *it,
					      const void *lower, size_t lower_length,
					      const void *upper, size_t upper_length)
{
	return iterator_set_range(it, true, lower, lower_length, upper, upper_length);
}

MEMTABLE_API int memtable_iterator_set_prefix(struct memtable_iterator *it,
					      const void *prefix, size_t length)
{
	unsigned char *next;
	size_t next_length = length;
	int ret;

	if (length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;

	/*
	 * The first key after all those with the prefix: the prefix with its
	 * last byte one higher, after a byte that cannot be is cut off.
	 */
	next = malloc(length + 1);
	if (!next)
		return -ENOMEM;
	copy_bytes(next, prefix, length);
	while (next_length && next[next_length - 1] == 0xff)
		next_length--;
	if (next_length)
		next[next_length - 1]++;

	if (!prefix)
		prefix = next;
	if (it->descending)
		ret = iterator_set_range(it, false, next_length ? next : NULL, next_length,
					 prefix, length);
	else
		ret = iterator_set_range(it, true, prefix, length,
					 next_length ? next : NULL, next_length);
	free(next);
	return ret;
}

static const struct memtable_record *iterator_record(const struct memtable_iterator *it)
{
	return (const void *)((const char *)it->buffer + it->offsets[it->at]);
}

/* Notes where each of the window's entries begins. */
static int iterator_index(struct memtable_iterator *it, size_t count, size_t length)
{
	size_t offset = 0, i;
	uint32_t *offsets;

	if (count > it->offsets_size) {
		offsets = realloc(it->offsets, count * sizeof(*offsets));
		if (!offsets)
			return -ENOMEM;
		it->offsets = offsets;
		it->offsets_size = count;
	}
	for (i = 0; i < count; i++) {
		it->offsets[i] = offset;
		if (!memtable_record_next(it->buffer, length, &offset))
			return -EBADMSG;
	}
	it->count = count;
	it->at = 0;
	return 0;
}

/* Scans the next window. Where it starts the caller has put into scan. */
static int iterator_scan(struct memtable_iterator *it, struct memtable_scan *scan)
{
	const struct bound *end = it->reverse ? &it->lower : &it->upper;
	void *buffer;
	int ret;

	it->count = 0;
	it->done = true;

	if (it->size < it->read_ahead) {
		buffer = realloc(it->buffer, it->read_ahead);
		if (!buffer)
			return -ENOMEM;
		it->buffer = buffer;
		it->size = it->read_ahead;
	}

	scan->flags |= it->flags;
	if (it->reverse)
		scan->flags |= MEMTABLE_SCAN_REVERSE;
	if (end->key) {
		scan->flags |= MEMTABLE_SCAN_END;
		if (end->exclusive)
			scan->flags |= MEMTABLE_SCAN_END_EXCLUSIVE;
		scan->end_key = user_address(end->key);
		scan->end_length = end->length;
	}
	scan->snapshot = it->snapshot;
	scan->records_size = it->read_ahead;
	ret = memtable_scan_into(it->table, scan, &it->buffer, &it->size);
	if (ret)
		return ret;

	it->snapshot = scan->snapshot;
	it->done = scan->result & MEMTABLE_SCAN_DONE;
	if (it->read_ahead < READ_AHEAD_LAST)
		it->read_ahead *= 2;
	return iterator_index(it, scan->count, scan->records_length);
}

/* Goes to where a walk in this direction starts: at key, or at the bound. */
static int iterator_start(struct memtable_iterator *it, bool reverse,
			  const struct memtable_slice *key)
{
	const struct bound *bound = reverse ? &it->upper : &it->lower;
	struct memtable_scan scan = { 0 };
	int order;

	it->reverse = reverse;
	it->read_ahead = READ_AHEAD_FIRST;

	if (key && bound->key) {
		order = memtable_key_compare(key->data, key->length, bound->key, bound->length);
		if (it->descending != reverse)
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
	it->status = iterator_scan(it, &scan);
	return it->status;
}

/* Scans on from the entry that the iterator is at. */
static int iterator_continue(struct memtable_iterator *it, bool reverse)
{
	const struct memtable_record *record = iterator_record(it);
	struct memtable_scan scan = {
		.start_key = user_address(it->position),
		.start_length = record->key_length,
		.flags = MEMTABLE_SCAN_START | MEMTABLE_SCAN_START_EXCLUSIVE,
	};

	if (it->flags & MEMTABLE_SCAN_ALL_VERSIONS)
		scan.start_sequence = memtable_tag_sequence(record->tag);
	memcpy(it->position, memtable_record_key(record), record->key_length);

	if (it->reverse != reverse) {
		it->reverse = reverse;
		it->read_ahead = READ_AHEAD_FIRST;
	}
	it->status = iterator_scan(it, &scan);
	return it->status;
}

static int iterator_move(struct memtable_iterator *it, bool reverse)
{
	if (!it->count)
		return -EINVAL;

	if (it->reverse != reverse) {
		if (!it->at)
			return iterator_continue(it, reverse);
		it->at--;
	} else if (it->at + 1 < it->count) {
		it->at++;
	} else if (it->done) {
		it->count = 0;
	} else {
		return iterator_continue(it, reverse);
	}
	return 0;
}

MEMTABLE_API int memtable_iterator_seek_to_first(struct memtable_iterator *it)
{
	return iterator_start(it, false, NULL);
}

MEMTABLE_API int memtable_iterator_seek_to_last(struct memtable_iterator *it)
{
	return iterator_start(it, true, NULL);
}

static int iterator_seek(struct memtable_iterator *it, bool reverse, const void *key, size_t length)
{
	struct memtable_slice slice = { key, length };

	/* The request's lengths have 32 bits. */
	if (length > MEMTABLE_MAX_KEY_LENGTH) {
		it->count = 0;
		it->status = -EMSGSIZE;
		return it->status;
	}
	return iterator_start(it, reverse, &slice);
}

MEMTABLE_API int memtable_iterator_seek(struct memtable_iterator *it,
					const void *key, size_t key_length)
{
	return iterator_seek(it, false, key, key_length);
}

MEMTABLE_API int memtable_iterator_seek_for_prev(struct memtable_iterator *it,
						 const void *key, size_t key_length)
{
	return iterator_seek(it, true, key, key_length);
}

MEMTABLE_API int memtable_iterator_next(struct memtable_iterator *it)
{
	return iterator_move(it, false);
}

MEMTABLE_API int memtable_iterator_prev(struct memtable_iterator *it)
{
	return iterator_move(it, true);
}

MEMTABLE_API bool memtable_iterator_valid(const struct memtable_iterator *it)
{
	return it->count;
}

MEMTABLE_API int memtable_iterator_status(const struct memtable_iterator *it)
{
	return it->status;
}

MEMTABLE_API const void *memtable_iterator_key(const struct memtable_iterator *it, size_t *length)
{
	const struct memtable_record *record = iterator_record(it);

	if (length)
		*length = record->key_length;
	return memtable_record_key(record);
}

MEMTABLE_API const void *memtable_iterator_value(const struct memtable_iterator *it, size_t *length)
{
	const struct memtable_record *record = iterator_record(it);

	if (length)
		*length = record->value_length;
	return memtable_record_value(record);
}

MEMTABLE_API uint64_t memtable_iterator_sequence(const struct memtable_iterator *it)
{
	return memtable_tag_sequence(iterator_record(it)->tag);
}

MEMTABLE_API uint8_t memtable_iterator_type(const struct memtable_iterator *it)
{
	return memtable_tag_type(iterator_record(it)->tag);
}

MEMTABLE_API uint64_t memtable_iterator_snapshot(const struct memtable_iterator *it)
{
	return it->snapshot;
}
