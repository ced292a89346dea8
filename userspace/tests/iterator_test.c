// SPDX-License-Identifier: GPL-2.0
/*
 * Iterators, beside a model: the table's entries in an array, in the order of
 * the table. Whatever the iterator does, the model does with an index. Then the
 * same over a stack: the entries are the same, but the table was rotated as it was
 * filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"

#define ENTRIES		600
#define KEYS		150
#define LONGEST_VALUE	(300 * 1024)	/* more than an iterator reads ahead */
#define FIRST		0x6974657261746500ULL	/* number of a table that is rotated out */

struct entry {
	char key[16];
	size_t key_length;
	uint64_t sequence;
	uint8_t type;
	size_t value_length;
};

static struct memtable_table *table;
static struct memtable_stack *stack;	/* or none */
static uint64_t oldest, next;		/* numbers: of its sealed tables, the next */
static struct entry entries[ENTRIES];	/* in the order of the table */
static struct entry *visible[ENTRIES];	/* those that an iterator should stop at */
static int visible_count;
static char *pattern;			/* a value is a part of it, from its sequence on */

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = memtable_key_compare(x->key, x->key_length, y->key, y->key_length);

	if (order)
		return order;
	return (x->sequence < y->sequence) - (x->sequence > y->sequence);
}

/* Keys of several lengths, the empty one among them, some a prefix of others. */
static size_t make_key(char *key, int number)
{
	if (!number)
		return 0;
	return sprintf(key, "%s%d", number % 3 ? "key" : "k\xff\xff", number);
}

static bool rotate(void)
{
	return CHECK_EQUAL(memtable_registry_rotate(table, next++), 0);
}

static void drop_rotated(void)
{
	while (oldest < next)
		CHECK_EQUAL(memtable_registry_drop(table, oldest++), 0);
}

/* Mostly short values, some long ones, some deletions. */
static bool fill(bool rotated)
{
	struct entry *entry;
	size_t i;
	int ret;

	srandom(4711);
	pattern = malloc(LONGEST_VALUE + ENTRIES + 1);
	if (!CHECK(pattern) || !CHECK_EQUAL(memtable_table_open(NULL, &table), 0))
		return false;
	oldest = next = FIRST;
	if (rotated && !CHECK_EQUAL(memtable_stack_create(table, NULL, FIRST, FIRST + 0xff, &stack),
				    0))
		return false;
	for (i = 0; i < LONGEST_VALUE + ENTRIES + 1; i++)
		pattern[i] = random();

	for (i = 0; i < ENTRIES; i++) {
		entry = &entries[i];
		entry->key_length = make_key(entry->key, random() % KEYS);
		entry->type = random() % 4 ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION;
		entry->value_length = 0;
		if (entry->type == MEMTABLE_TYPE_VALUE)
			entry->value_length = i % 97 == 13 ? LONGEST_VALUE : random() % 200;
		if (entry->type == MEMTABLE_TYPE_VALUE)
			ret = memtable_table_put(table, entry->key, entry->key_length,
						 pattern + i + 1, entry->value_length,
						 &entry->sequence);
		else
			ret = memtable_table_delete(table, entry->key, entry->key_length,
						    &entry->sequence);
		if (!CHECK_EQUAL(ret, 0) || !CHECK_EQUAL(entry->sequence, i + 1))
			return false;
		/* Tables of all sizes, an empty one among them. */
		if (rotated && (i % 150 < 2 || random() % 200 == 0) && !rotate())
			return false;
	}
	qsort(entries, ENTRIES, sizeof(entries[0]), entry_compare);
	return true;
}

static int create(uint32_t flags, uint64_t snapshot, struct memtable_iterator **iterator)
{
	return stack ? memtable_stack_iterate(stack, flags, snapshot, iterator) :
		       memtable_iterator_create(table, flags, snapshot, iterator);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return !memtable_key_compare(a->key, a->key_length, b->key, b->key_length);
}

/* What an iterator with these flags, snapshot and bounds should stop at. */
static void set_visible(uint32_t flags, uint64_t snapshot, const char *lower, const char *upper)
{
	const struct entry *last = NULL;
	struct entry *entry;
	int i;

	visible_count = 0;
	for (i = 0; i < ENTRIES; i++) {
		entry = &entries[i];
		if (entry->sequence > snapshot)
			continue;
		if (!(flags & MEMTABLE_SCAN_ALL_VERSIONS) && last && same_key(last, entry))
			continue;
		last = entry;
		if (!(flags & MEMTABLE_SCAN_TOMBSTONES) && entry->type == MEMTABLE_TYPE_DELETION)
			continue;
		if (lower && memtable_key_compare(entry->key, entry->key_length,
						  lower, strlen(lower)) < 0)
			continue;
		if (upper && memtable_key_compare(entry->key, entry->key_length,
						  upper, strlen(upper)) >= 0)
			continue;
		visible[visible_count++] = entry;
	}
}

/* Checks that the iterator is where the model is. */
static bool is_at(const struct memtable_iterator *iterator, int at, uint32_t flags)
{
	const struct entry *entry;
	const void *key, *value;
	size_t key_length, value_length;

	if (!CHECK_EQUAL(memtable_iterator_status(iterator), 0))
		return false;
	if (at < 0 || at >= visible_count)
		return CHECK(!memtable_iterator_valid(iterator));
	if (!CHECK(memtable_iterator_valid(iterator)))
		return false;

	entry = visible[at];
	key = memtable_iterator_key(iterator, &key_length);
	value = memtable_iterator_value(iterator, &value_length);
	if (!CHECK_EQUAL(memtable_iterator_sequence(iterator), entry->sequence) ||
	    !CHECK_EQUAL(memtable_iterator_type(iterator), entry->type) ||
	    !CHECK_EQUAL(key_length, entry->key_length) ||
	    !CHECK(!memcmp(key, entry->key, key_length)))
		return false;
	if (flags & MEMTABLE_SCAN_KEYS_ONLY)
		return CHECK_EQUAL(value_length, 0);
	return CHECK_EQUAL(value_length, entry->value_length) &&
	       CHECK(!memcmp(value, pattern + entry->sequence, value_length));
}

/* The first entry whose key is the given one or after it. */
static int lower_bound(const char *key, size_t length)
{
	int i;

	for (i = 0; i < visible_count; i++)
		if (memtable_key_compare(visible[i]->key, visible[i]->key_length, key, length) >= 0)
			break;
	return i;
}

/* The last entry whose key is the given one or before it. */
static int upper_bound(const char *key, size_t length)
{
	int i;

	for (i = visible_count - 1; i >= 0; i--)
		if (memtable_key_compare(visible[i]->key, visible[i]->key_length, key, length) <= 0)
			break;
	return i;
}

/* All the way up and all the way down. */
static bool walk_both_ways(struct memtable_iterator *iterator, uint32_t flags)
{
	int i;

	memtable_iterator_seek_to_first(iterator);
	for (i = 0; i < visible_count; i++) {
		if (!is_at(iterator, i, flags))
			return false;
		memtable_iterator_next(iterator);
	}
	if (!is_at(iterator, visible_count, flags))
		return false;
	memtable_iterator_seek_to_last(iterator);
	for (i = visible_count - 1; i >= 0; i--) {
		if (!is_at(iterator, i, flags))
			return false;
		memtable_iterator_prev(iterator);
	}
	return is_at(iterator, -1, flags);
}

/* Steps and seeks at random. */
static bool walk_at_random(struct memtable_iterator *iterator, uint32_t flags, int steps)
{
	bool up = true;
	char key[16];
	size_t length;
	int at = -1, ret = 0;

	while (steps--) {
		/* Mostly go on in one direction, so that buffers are left behind. */
		if (random() % 8 == 0)
			up = !up;
		if (at < 0 || at >= visible_count || random() % 40 == 0) {
			length = make_key(key, random() % (KEYS + 10));
			switch (random() % 4) {
			case 0:
				ret = memtable_iterator_seek_to_first(iterator);
				at = visible_count ? 0 : -1;
				break;
			case 1:
				ret = memtable_iterator_seek_to_last(iterator);
				at = visible_count - 1;
				break;
			case 2:
				ret = memtable_iterator_seek(iterator, key, length);
				at = lower_bound(key, length);
				break;
			case 3:
				ret = memtable_iterator_seek_for_prev(iterator, key, length);
				at = upper_bound(key, length);
				break;
			}
		} else if (up) {
			ret = memtable_iterator_next(iterator);
			at++;
		} else {
			ret = memtable_iterator_prev(iterator);
			at--;
		}
		if (!CHECK_EQUAL(ret, 0) || !is_at(iterator, at, flags))
			return false;
	}
	return true;
}

static const uint32_t flag_sets[] = {
	0,
	MEMTABLE_SCAN_KEYS_ONLY,
	MEMTABLE_SCAN_TOMBSTONES,
	MEMTABLE_SCAN_ALL_VERSIONS,
	MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
	MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES | MEMTABLE_SCAN_KEYS_ONLY,
};

#define FLAG_SETS (sizeof(flag_sets) / sizeof(flag_sets[0]))

static void walks_agree_with_the_model(void)
{
	static const uint64_t snapshots[] = { 0, 1, ENTRIES / 2, ENTRIES };
	struct memtable_iterator *iterator;
	uint64_t snapshot;
	size_t i, j;

	REQUIRE(table);
	for (i = 0; i < FLAG_SETS; i++) {
		for (j = 0; j < 4; j++) {
			snapshot = snapshots[j] ? snapshots[j] : ENTRIES;
			set_visible(flag_sets[i], snapshot, NULL, NULL);
			REQUIRE_EQUAL(create(flag_sets[i], snapshots[j], &iterator), 0);
			CHECK(!memtable_iterator_valid(iterator));
			CHECK(walk_both_ways(iterator, flag_sets[i]));
			CHECK_EQUAL(memtable_iterator_snapshot(iterator), snapshot);
			CHECK(walk_at_random(iterator, flag_sets[i], device_scaled(400)));
			memtable_iterator_destroy(iterator);
		}
	}
}

/*
 * From each position, or as many as the scale tells: there by steps, one step back and
 * forth, then back to the start.
 */
static void directions_change_at_every_position(void)
{
	const uint32_t flags[] = { 0, MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES };
	struct memtable_iterator *iterator;
	int i, at, stride;
	size_t f;

	REQUIRE(table);
	for (f = 0; f < 2; f++) {
		set_visible(flags[f], ENTRIES, NULL, NULL);
		REQUIRE_EQUAL(create(flags[f], 0, &iterator), 0);
		stride = visible_count / device_scaled(visible_count);
		for (i = 0; i < visible_count; i += stride + 3 * f) {
			memtable_iterator_seek_to_first(iterator);
			for (at = 0; at < i; at++)
				memtable_iterator_next(iterator);
			REQUIRE(is_at(iterator, i, flags[f]));
			if (i) {
				memtable_iterator_prev(iterator);
				REQUIRE(is_at(iterator, i - 1, flags[f]));
				memtable_iterator_next(iterator);
				REQUIRE(is_at(iterator, i, flags[f]));
			}
			for (at = i; at >= 0; at--) {
				REQUIRE(is_at(iterator, at, flags[f]));
				memtable_iterator_prev(iterator);
			}
			REQUIRE(is_at(iterator, -1, flags[f]));

			memtable_iterator_seek_to_last(iterator);
			for (at = visible_count - 1; at > i; at--)
				memtable_iterator_prev(iterator);
			for (; at < visible_count; at++) {
				REQUIRE(is_at(iterator, at, flags[f]));
				memtable_iterator_next(iterator);
			}
			REQUIRE(is_at(iterator, visible_count, flags[f]));
		}
		memtable_iterator_destroy(iterator);
	}
}

static void walks_stay_inside_the_bounds(void)
{
	static const char *const bounds[][2] = {
		{ NULL, "key40" }, { "key40", NULL }, { "key2", "key7" }, { "", "" }, { "", "k" },
		{ "k", "k" }, { "key99", "key1" }, { "z", NULL }, { NULL, "" }, { "key4", "key40" },
	};
	struct memtable_iterator *iterator;
	const char *lower, *upper;
	size_t i, j;

	REQUIRE(table);
	for (i = 0; i < FLAG_SETS; i++) {
		REQUIRE_EQUAL(create(flag_sets[i], 0, &iterator), 0);
		for (j = 0; j < sizeof(bounds) / sizeof(bounds[0]); j++) {
			lower = bounds[j][0];
			upper = bounds[j][1];
			set_visible(flag_sets[i], ENTRIES, lower, upper);
			REQUIRE_EQUAL(memtable_iterator_set_bounds(iterator,
								   lower, lower ? strlen(lower) : 0,
								   upper, upper ? strlen(upper) : 0),
				      0);
			CHECK(!memtable_iterator_valid(iterator));
			CHECK(walk_both_ways(iterator, flag_sets[i]));
			CHECK(walk_at_random(iterator, flag_sets[i], device_scaled(100)));
		}
		memtable_iterator_destroy(iterator);
	}
}

static void a_prefix_is_a_range(void)
{
	static const struct {
		const char *prefix, *upper;
	} prefixes[] = {
		{ "key1", "key2" }, { "k", "l" }, { "k\xff\xff", "l" }, { "k\xff", "l" },
		{ "", NULL }, { "none", "nonf" }, { "\xff\xff", NULL },
	};
	struct memtable_iterator *iterator;
	char *prefix = malloc(MEMTABLE_MAX_KEY_LENGTH + 1);
	size_t i;

	REQUIRE(table && prefix);
	REQUIRE_EQUAL(create(0, 0, &iterator), 0);
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		set_visible(0, ENTRIES, prefixes[i].prefix, prefixes[i].upper);
		CHECK_EQUAL(memtable_iterator_set_prefix(iterator, prefixes[i].prefix,
							 strlen(prefixes[i].prefix)), 0);
		CHECK(walk_both_ways(iterator, 0));
		CHECK(walk_at_random(iterator, 0, device_scaled(50)));
	}

	/* A failure leaves the prefix and the position. */
	set_visible(0, ENTRIES, "key1", "key2");
	CHECK_EQUAL(memtable_iterator_set_prefix(iterator, "key1", 4), 0);
	memtable_iterator_seek_to_first(iterator);
	memset(prefix, 'k', MEMTABLE_MAX_KEY_LENGTH + 1);
	CHECK_EQUAL(memtable_iterator_set_prefix(iterator, prefix, MEMTABLE_MAX_KEY_LENGTH + 1),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_iterator_set_bounds(iterator, NULL, 0, prefix, SIZE_MAX), -EMSGSIZE);
	CHECK(is_at(iterator, 0, 0));
	CHECK(walk_both_ways(iterator, 0));
	free(prefix);
	memtable_iterator_destroy(iterator);
}

static void the_snapshot_is_that_of_the_first_read(void)
{
	struct memtable_iterator *iterator;
	uint64_t sequence = 0;
	int i;

	REQUIRE(table);
	set_visible(0, ENTRIES, NULL, NULL);
	REQUIRE_EQUAL(create(0, 0, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_snapshot(iterator), 0);
	memtable_iterator_seek_to_first(iterator);
	CHECK_EQUAL(memtable_iterator_snapshot(iterator), ENTRIES);

	/* A writer goes through the keys beside the iterator. */
	for (i = 0; i < visible_count; i++) {
		REQUIRE(is_at(iterator, i, 0));
		CHECK_EQUAL(memtable_table_delete(table, visible[i]->key, visible[i]->key_length,
						  &sequence), 0);
		CHECK_EQUAL(memtable_table_put(table, "key", 3, &i, sizeof(i), &sequence), 0);
		/* It keeps its tables, even those that nobody else has. */
		if (stack && i == visible_count / 2) {
			CHECK(rotate());
			drop_rotated();
			CHECK_EQUAL(memtable_stack_refresh(stack), 0);
		}
		memtable_iterator_next(iterator);
	}
	CHECK(is_at(iterator, visible_count, 0));
	CHECK(walk_both_ways(iterator, 0));
	CHECK(walk_at_random(iterator, 0, device_scaled(200)));
	memtable_iterator_destroy(iterator);

	/* A new one sees what was written: but one key is deleted. */
	REQUIRE_EQUAL(create(0, 0, &iterator), 0);
	memtable_iterator_seek_to_first(iterator);
	REQUIRE(memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_sequence(iterator), sequence);
	memtable_iterator_next(iterator);
	CHECK(!memtable_iterator_valid(iterator));
	memtable_iterator_destroy(iterator);
}

static void an_empty_table_stays_empty_for_its_iterators(void)
{
	struct memtable_table *empty;
	struct memtable_iterator *iterator;

	REQUIRE_EQUAL(memtable_table_open(NULL, &empty), 0);
	REQUIRE_EQUAL(memtable_iterator_create(empty, 0, 0, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_seek_to_first(iterator), 0);
	CHECK(!memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_table_put(empty, "k", 1, "v", 1, NULL), 0);
	CHECK_EQUAL(memtable_iterator_seek_to_last(iterator), 0);
	CHECK(!memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_seek(iterator, "k", 1), 0);
	CHECK(!memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_snapshot(iterator), MEMTABLE_SNAPSHOT_EMPTY);
	memtable_iterator_destroy(iterator);

	/* Another one can be made at that snapshot. */
	REQUIRE_EQUAL(memtable_iterator_create(empty, 0, MEMTABLE_SNAPSHOT_EMPTY, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_seek_to_first(iterator), 0);
	CHECK(!memtable_iterator_valid(iterator));
	memtable_iterator_destroy(iterator);
	memtable_table_close(empty);
}

static void moves_that_cannot_be_are_refused(void)
{
	char *key = calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1);
	struct memtable_iterator *iterator;

	REQUIRE(table && key);
	CHECK_EQUAL(create(MEMTABLE_SCAN_REVERSE, 0, &iterator), -EINVAL);
	CHECK_EQUAL(create(1U << 31, 0, &iterator), -EINVAL);
	CHECK_EQUAL(create(0, MEMTABLE_MAX_SEQUENCE + 1, &iterator),
		    -EINVAL);
	REQUIRE_EQUAL(create(0, 0, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_next(iterator), -EINVAL);
	CHECK_EQUAL(memtable_iterator_prev(iterator), -EINVAL);
	memtable_iterator_seek_to_first(iterator);
	CHECK(memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_seek(iterator, key, MEMTABLE_MAX_KEY_LENGTH + 1), -EMSGSIZE);
	CHECK(!memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_status(iterator), -EMSGSIZE);
	/* A seek makes it good again. */
	CHECK_EQUAL(memtable_iterator_seek_to_first(iterator), 0);
	CHECK(memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_status(iterator), 0);
	memtable_iterator_destroy(iterator);
	memtable_iterator_destroy(NULL);
	free(key);
}

/* The longest entry that there can be, between short ones. */
static void the_longest_entry_fits(void)
{
	char *value = calloc(1, MEMTABLE_MAX_VALUE_LENGTH);
	char *key = calloc(1, MEMTABLE_MAX_KEY_LENGTH);
	struct memtable_iterator *iterator;
	struct memtable_table *large;
	size_t length;

	REQUIRE(key && value);
	memset(key, 'm', MEMTABLE_MAX_KEY_LENGTH);
	REQUIRE_EQUAL(memtable_table_open(NULL, &large), 0);
	CHECK_EQUAL(memtable_table_put(large, "a", 1, NULL, 0, NULL), 0);
	CHECK_EQUAL(memtable_table_put(large, key, MEMTABLE_MAX_KEY_LENGTH,
				       value, MEMTABLE_MAX_VALUE_LENGTH, NULL), 0);
	CHECK_EQUAL(memtable_table_put(large, "z", 1, NULL, 0, NULL), 0);

	REQUIRE_EQUAL(memtable_iterator_create(large, 0, 0, &iterator), 0);
	memtable_iterator_seek(iterator, "b", 1);
	REQUIRE(memtable_iterator_valid(iterator));
	CHECK(!memcmp(memtable_iterator_key(iterator, &length), key, MEMTABLE_MAX_KEY_LENGTH));
	CHECK_EQUAL(length, MEMTABLE_MAX_KEY_LENGTH);
	CHECK(!memcmp(memtable_iterator_value(iterator, &length), value,
		      MEMTABLE_MAX_VALUE_LENGTH));
	CHECK_EQUAL(length, MEMTABLE_MAX_VALUE_LENGTH);
	memtable_iterator_prev(iterator);
	REQUIRE(memtable_iterator_valid(iterator));
	CHECK(tap_is(memtable_iterator_key(iterator, &length), 1, "a"));
	memtable_iterator_next(iterator);
	memtable_iterator_next(iterator);
	REQUIRE(memtable_iterator_valid(iterator));
	CHECK(tap_is(memtable_iterator_key(iterator, &length), 1, "z"));
	memtable_iterator_destroy(iterator);
	memtable_table_close(large);
	free(key);
	free(value);
}

/*
 * With another file under the descriptor every request fails: steps inside the
 * buffer go on, the one that leaves it tells the error.
 */
static void most_steps_make_no_request(void)
{
	struct memtable_iterator *iterator;
	struct memtable_table *broken;
	int null = open("/dev/null", O_RDWR), ret = 0;
	uint32_t i, steps;

	REQUIRE(null >= 0);
	REQUIRE_EQUAL(memtable_table_open(NULL, &broken), 0);
	for (i = 0; i < 1000; i++)
		CHECK_EQUAL(memtable_table_put(broken, &i, sizeof(i), NULL, 0, NULL), 0);
	REQUIRE_EQUAL(memtable_iterator_create(broken, 0, 0, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_seek_to_first(iterator), 0);
	CHECK(dup2(null, memtable_table_fd(broken)) >= 0);
	close(null);

	for (i = 0; i < 100; i++)
		CHECK_EQUAL(memtable_iterator_next(iterator), 0);
	for (i = 0; i < 100; i++)
		CHECK_EQUAL(memtable_iterator_prev(iterator), 0);
	for (steps = 0; !ret && steps < 1000; steps++)
		ret = memtable_iterator_next(iterator);
	CHECK(steps > 100 && steps < 1000);
	CHECK_EQUAL(ret, -ENOTTY);
	CHECK_EQUAL(memtable_iterator_status(iterator), -ENOTTY);
	CHECK(!memtable_iterator_valid(iterator));
	CHECK_EQUAL(memtable_iterator_next(iterator), -EINVAL);
	CHECK_EQUAL(memtable_iterator_seek_to_last(iterator), -ENOTTY);
	memtable_iterator_destroy(iterator);
	memtable_table_close(broken);
}

static void an_iterator_keeps_its_table(void)
{
	struct memtable_iterator *iterator;
	struct memtable_table *closed;

	REQUIRE_EQUAL(memtable_table_open(NULL, &closed), 0);
	CHECK_EQUAL(memtable_table_put(closed, "k", 1, "v", 1, NULL), 0);
	REQUIRE_EQUAL(memtable_iterator_create(closed, 0, 0, &iterator), 0);
	memtable_table_close(closed);
	CHECK_EQUAL(memtable_iterator_seek_to_last(iterator), 0);
	CHECK(memtable_iterator_valid(iterator));
	memtable_iterator_destroy(iterator);
}

static void the_model_is_set_up(void)
{
	CHECK(fill(false));
}

static void the_model_is_set_up_anew(void)
{
	memtable_table_close(table);
	free(pattern);
	REQUIRE(fill(true));
	CHECK_EQUAL(memtable_stack_refresh(stack), 0);
	CHECK(memtable_stack_count(stack) > 8);
}

static void the_stack_is_taken_down(void)
{
	drop_rotated();
	memtable_stack_destroy(stack);
	memtable_table_close(table);
	free(pattern);
}

static const struct tap_test tests[] = {
	{ "the model is set up", the_model_is_set_up },
	{ "walks agree with the model", walks_agree_with_the_model },
	{ "directions change at every position", directions_change_at_every_position },
	{ "walks stay inside the bounds", walks_stay_inside_the_bounds },
	{ "a prefix is a range", a_prefix_is_a_range },
	{ "moves that cannot be are refused", moves_that_cannot_be_are_refused },
	{ "an empty table stays empty for its iterators",
	  an_empty_table_stays_empty_for_its_iterators },
	{ "the longest entry fits", the_longest_entry_fits },
	{ "most steps make no request", most_steps_make_no_request },
	{ "an iterator keeps its table", an_iterator_keeps_its_table },
	/* Writes to the table, so that the model no longer fits. */
	{ "the snapshot is that of the first read", the_snapshot_is_that_of_the_first_read },

	{ "the model is set up anew, in a stack", the_model_is_set_up_anew },
	{ "stack: walks agree with the model", walks_agree_with_the_model },
	{ "stack: directions change at every position", directions_change_at_every_position },
	{ "stack: walks stay inside the bounds", walks_stay_inside_the_bounds },
	{ "stack: a prefix is a range", a_prefix_is_a_range },
	{ "stack: moves that cannot be are refused", moves_that_cannot_be_are_refused },
	{ "stack: the snapshot is that of the first read",
	  the_snapshot_is_that_of_the_first_read },
	{ "stack: it is taken down", the_stack_is_taken_down },
};

TAP_MAIN(tests)
