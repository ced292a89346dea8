// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Iterators: a walk over one table or several, in order, both ways.
 *
 * Each table has a window, and the iterator is at the first of the entries where
 * these are. Where only one entry of a key counts it is the newest table's, as in
 * a look-up; where all do, they are in the order of their sequence numbers. What
 * holds between moves, in the direction of the last one: every window is at the
 * first of its entries that is not before the iterator's, or past its end.
 */
#include "window.h"

#define ITERATOR_FLAGS \
	(MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES | MEMTABLE_SCAN_KEYS_ONLY)

/**
 * struct memtable_iterator - An iterator.
 * @flags: Bits of &enum memtable_scan_flags that tell what to stop at.
 * @range: Where the walk goes.
 * @reverse: The direction of the last move.
 * @status: What the last move came to.
 * @at: The window whose entry the iterator is at; NULL while it is not valid.
 * @count: How many windows there are.
 * @windows: The windows, one at least, that of the newest table first.
 */
struct memtable_iterator {
	uint32_t flags;
	struct range range;
	bool reverse;
	int status;
	struct window *at;
	size_t count;
	struct window windows[];
};

/* Adds a window on a table, whose order must be that of the others. */
static int iterator_add(struct memtable_iterator *it, struct memtable_table *table,
			uint32_t flags, uint64_t snapshot)
{
	struct memtable_info info;
	bool descending;
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_INFO, &info);
	if (ret)
		return ret;
	descending = info.order == MEMTABLE_ORDER_REVERSE;
	if (it->count && descending != it->range.descending)
		return -EINVAL;
	it->range.descending = descending;
	return memtable_window_init(&it->windows[it->count++], table, &it->range, flags, snapshot);
}

int memtable_iterator_merge(struct memtable_table *const *tables, size_t count, uint32_t flags,
			    uint64_t snapshot, struct memtable_iterator **result)
{
	struct memtable_iterator *it;
	uint32_t scan_flags = flags;
	int ret = 0;

	if (flags & ~ITERATOR_FLAGS)
		return -EINVAL;
	if (snapshot > MEMTABLE_MAX_SEQUENCE && snapshot != MEMTABLE_SNAPSHOT_EMPTY)
		return -EINVAL;
	/* A tombstone hides what older tables have of its key. */
	if (count > 1 && !(flags & MEMTABLE_SCAN_ALL_VERSIONS))
		scan_flags |= MEMTABLE_SCAN_TOMBSTONES;

	it = calloc(1, sizeof(*it) + count * sizeof(it->windows[0]));
	if (!it)
		return -ENOMEM;
	it->flags = flags;
	while (!ret && it->count < count)
		ret = iterator_add(it, tables[it->count], scan_flags, snapshot);
	if (ret) {
		memtable_iterator_destroy(it);
		return ret;
	}
	*result = it;
	return 0;
}

MEMTABLE_API int memtable_iterator_create(struct memtable_table *table, uint32_t flags,
					  uint64_t snapshot, struct memtable_iterator **result)
{
	return memtable_iterator_merge(&table, 1, flags, snapshot, result);
}

MEMTABLE_API void memtable_iterator_destroy(struct memtable_iterator *it)
{
	size_t i;

	if (!it)
		return;
	for (i = 0; i < it->count; i++)
		memtable_window_release(&it->windows[i]);
	free(it->range.lower.key);
	free(it->range.upper.key);
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

	free(it->range.lower.key);
	free(it->range.upper.key);
	it->range.lower = new_lower;
	it->range.upper = new_upper;
	it->at = NULL;
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
	if (it->range.descending)
		ret = iterator_set_range(it, false, next_length ? next : NULL, next_length,
					 prefix, length);
	else
		ret = iterator_set_range(it, true, prefix, length,
					 next_length ? next : NULL, next_length);
	free(next);
	return ret;
}

/*
 * How the entries compare where two windows are, in the direction of the walk: zero
 * if the iterator is to stop at one of them at most.
 */
static int iterator_compare(const struct memtable_iterator *it, const struct window *a,
			    const struct window *b)
{
	const struct memtable_record *x = memtable_window_record(a);
	const struct memtable_record *y = memtable_window_record(b);
	int order = memtable_key_compare(memtable_record_key(x), x->key_length,
					 memtable_record_key(y), y->key_length);

	if (it->range.descending)
		order = -order;
	/* The newest version of a key comes first. */
	if (!order && it->flags & MEMTABLE_SCAN_ALL_VERSIONS)
		order = (x->tag < y->tag) - (x->tag > y->tag);
	return it->reverse ? -order : order;
}

/* Finds the window that is at the next entry, the newest table's if there are several. */
static void iterator_choose(struct memtable_iterator *it)
{
	struct window *window = it->windows;

	it->at = memtable_window_valid(window) ? window : NULL;
	while (++window < it->windows + it->count)
		if (memtable_window_valid(window) &&
		    (!it->at || iterator_compare(it, window, it->at) < 0))
			it->at = window;
}

/* Moves the other windows past what the iterator's entry stands for. */
static int iterator_pass_others(struct memtable_iterator *it)
{
	struct window *window;
	int ret;

	for (window = it->windows; window < it->windows + it->count; window++) {
		if (window == it->at || !memtable_window_valid(window) ||
		    iterator_compare(it, window, it->at))
			continue;
		ret = memtable_window_move(window, it->reverse);
		if (ret)
			return ret;
	}
	return 0;
}

/* Moves the windows past the iterator's entry, and what it stands for. */
static int iterator_pass(struct memtable_iterator *it)
{
	int ret = it->count > 1 ? iterator_pass_others(it) : 0;

	return ret ? ret : memtable_window_move(it->at, it->reverse);
}

/* Turns the windows round: those that are past their end have all entries before them. */
static int iterator_turn(struct memtable_iterator *it)
{
	struct window *window;
	int ret = 0;

	it->reverse = !it->reverse;
	for (window = it->windows; !ret && window < it->windows + it->count; window++)
		ret = memtable_window_valid(window) ?
			memtable_window_move(window, it->reverse) :
			memtable_window_seek(window, it->reverse, NULL);
	return ret;
}

/* Whether the iterator is at an entry where it should not stop. */
static bool iterator_passes(const struct memtable_iterator *it)
{
	return it->at && !(it->flags & MEMTABLE_SCAN_TOMBSTONES) &&
	       memtable_tag_type(memtable_window_record(it->at)->tag) == MEMTABLE_TYPE_DELETION;
}

/* Ends a move, which came to ret: goes where the windows have come to. */
static int iterator_settle(struct memtable_iterator *it, int ret)
{
	while (!ret) {
		iterator_choose(it);
		if (!iterator_passes(it))
			break;
		ret = iterator_pass(it);
	}
	if (ret)
		it->at = NULL;
	it->status = ret;
	return ret;
}

static int iterator_seek(struct memtable_iterator *it, bool reverse,
			 const struct memtable_slice *key)
{
	struct window *window;
	int ret = 0;

	/* The request's lengths have 32 bits. */
	if (key && key->length > MEMTABLE_MAX_KEY_LENGTH)
		return iterator_settle(it, -EMSGSIZE);
	it->reverse = reverse;
	for (window = it->windows; !ret && window < it->windows + it->count; window++)
		ret = memtable_window_seek(window, reverse, key);
	return iterator_settle(it, ret);
}

MEMTABLE_API int memtable_iterator_seek_to_first(struct memtable_iterator *it)
{
	return iterator_seek(it, false, NULL);
}

MEMTABLE_API int memtable_iterator_seek_to_last(struct memtable_iterator *it)
{
	return iterator_seek(it, true, NULL);
}

MEMTABLE_API int memtable_iterator_seek(struct memtable_iterator *it,
					const void *key, size_t key_length)
{
	return iterator_seek(it, false, &(struct memtable_slice) { key, key_length });
}

MEMTABLE_API int memtable_iterator_seek_for_prev(struct memtable_iterator *it,
						 const void *key, size_t key_length)
{
	return iterator_seek(it, true, &(struct memtable_slice) { key, key_length });
}

static int iterator_move(struct memtable_iterator *it, bool reverse)
{
	if (!it->at)
		return -EINVAL;
	return iterator_settle(it, it->reverse == reverse ? iterator_pass(it) : iterator_turn(it));
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
	return it->at;
}

MEMTABLE_API int memtable_iterator_status(const struct memtable_iterator *it)
{
	return it->status;
}

MEMTABLE_API const void *memtable_iterator_key(const struct memtable_iterator *it, size_t *length)
{
	const struct memtable_record *record = memtable_window_record(it->at);

	if (length)
		*length = record->key_length;
	return memtable_record_key(record);
}

MEMTABLE_API const void *memtable_iterator_value(const struct memtable_iterator *it, size_t *length)
{
	const struct memtable_record *record = memtable_window_record(it->at);

	if (length)
		*length = record->value_length;
	return memtable_record_value(record);
}

MEMTABLE_API uint64_t memtable_iterator_sequence(const struct memtable_iterator *it)
{
	return memtable_tag_sequence(memtable_window_record(it->at)->tag);
}

MEMTABLE_API uint8_t memtable_iterator_type(const struct memtable_iterator *it)
{
	return memtable_tag_type(memtable_window_record(it->at)->tag);
}

MEMTABLE_API uint64_t memtable_iterator_snapshot(const struct memtable_iterator *it)
{
	uint64_t highest = 0;
	size_t i;

	/* One more than the snapshot of an empty table is zero, the lowest. */
	for (i = 0; i < it->count; i++)
		if (it->windows[i].snapshot + 1 > highest)
			highest = it->windows[i].snapshot + 1;
	return highest - 1;
}
