// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of scans: each combination of flags, bounds and snapshot returns what
 * going through a sorted array returns.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "model.h"
#include "scan.h"

/* Some blocks full. */
#define ENTRIES		250

/**
 * struct fixture - A table and what it holds.
 * @table: The table.
 * @model: What it holds.
 * @random: Where the test gets its numbers from.
 * @expected: Places in the model of what a scan should return, in its order.
 * @count: How many these are.
 * @scan: A scan, too large for the stack.
 */
struct fixture {
	struct mtb_table *table;
	struct model model;
	struct test_random random;
	size_t expected[ENTRIES];
	size_t count;
	struct mtb_scan scan;
};

/* Versions and tombstones of keys of all kinds, with sequence numbers in any order. */
static void fill(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry;
	u64 last_sequence;

	while (fixture->model.count < ENTRIES) {
		model_key(&fixture->random, MODEL_KEYS_MIXED, &entry);
		if (fixture->model.count && test_below(&fixture->random, 3))
			entry = fixture->model.entries[test_below(&fixture->random,
								  fixture->model.count)];
		if (test_below(&fixture->random, 4)) {
			entry.tag = MEMTABLE_TYPE_VALUE;
			entry.value_length = test_below(&fixture->random, 20);
			entry.value = fixture->model.count;
		} else {
			entry.tag = MEMTABLE_TYPE_DELETION;
			entry.value_length = 0;
		}
		entry.tag |= mtb_tag(1 + test_below(&fixture->random, 100), 0);
		if (model_has_version(&fixture->model, &entry))
			continue;
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &last_sequence), 0);
		model_insert(test, &fixture->model, &entry);
	}
}

static int scan_test_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	if (!fixture)
		return -ENOMEM;
	fixture->table = mtb_table_create();
	if (!fixture->table)
		return -ENOMEM;
	test->priv = fixture;
	return 0;
}

static void scan_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	model_destroy(&fixture->model);
	mtb_table_put(fixture->table);
}

/**
 * struct bound - A bound as the test has it.
 * @entry: Its key.
 * @sequence: Its version, or zero.
 * @exclusive: The bound is not in the range.
 */
struct bound {
	struct model_entry entry;
	u64 sequence;
	bool exclusive;
};

/*
 * Where the entry lies: negative before the bound, positive behind it, zero if
 * it is what the bound names.
 */
static int against(const struct model_entry *entry, const struct bound *bound)
{
	int order = model_compare_keys(entry, &bound->entry);
	u64 sequence = entry->tag >> 8;

	if (order || !bound->sequence)
		return order;
	/* The newest version comes first. */
	return sequence > bound->sequence ? -1 : sequence < bound->sequence;
}

static bool within(const struct model_entry *entry, const struct bound *low,
		   const struct bound *high)
{
	int order;

	if (low) {
		order = against(entry, low);
		if (order < 0 || (!order && low->exclusive))
			return false;
	}
	if (high) {
		order = against(entry, high);
		if (order > 0 || (!order && high->exclusive))
			return false;
	}
	return true;
}

/* Does the scan see no newer version of the key? */
static bool is_newest(const struct model *model, size_t i, u64 snapshot, const struct bound *low,
		      const struct bound *high)
{
	size_t j;

	for (j = i; j-- > 0 && !model_compare_keys(&model->entries[j], &model->entries[i]);) {
		if (model->entries[j].tag >> 8 <= snapshot &&
		    within(&model->entries[j], low, high))
			return false;
	}
	return true;
}

/* Set down what a scan should return. */
static void expect(struct fixture *fixture, u32 flags, u64 snapshot, const struct bound *start,
		   const struct bound *end)
{
	bool reverse = flags & MEMTABLE_SCAN_REVERSE;
	const struct bound *low = reverse ? end : start, *high = reverse ? start : end;
	const struct model *model = &fixture->model;
	const struct model_entry *entry;
	size_t i, at;

	fixture->count = 0;
	for (i = 0; i < model->count; i++) {
		at = reverse ? model->count - 1 - i : i;
		entry = &model->entries[at];
		if (entry->tag >> 8 > snapshot || !within(entry, low, high))
			continue;
		if (!(flags & MEMTABLE_SCAN_ALL_VERSIONS) &&
		    !is_newest(model, at, snapshot, low, high))
			continue;
		if (!(flags & MEMTABLE_SCAN_TOMBSTONES) &&
		    (entry->tag & U8_MAX) == MEMTABLE_TYPE_DELETION)
			continue;
		fixture->expected[fixture->count++] = at;
	}
}

static const struct mtb_bound *to_bound(const struct bound *bound, struct mtb_bound *to)
{
	if (!bound)
		return NULL;
	to->data = bound->entry.key;
	to->length = bound->entry.key_length;
	to->sequence = bound->sequence;
	to->exclusive = bound->exclusive;
	return to;
}

static void check_scan(struct kunit *test, u32 flags, u64 snapshot, const struct bound *start,
		       const struct bound *end)
{
	struct fixture *fixture = test->priv;
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_bound from, to;
	struct mtb_record *record;
	struct mtb_view view;
	size_t i;
	bool ok;

	expect(fixture, flags, snapshot ?: U64_MAX, start, end);
	mtb_view_settle(&view, fixture->table, snapshot);
	mtb_scan_start(scan, fixture->table, &view, flags, to_bound(start, &from),
		       to_bound(end, &to));
	for (i = 0; i < fixture->count; i++) {
		record = mtb_scan_next(scan);
		if (!model_matches(&fixture->model.entries[fixture->expected[i]], record))
			break;
	}
	ok = i == fixture->count && !mtb_scan_next(scan);
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_DONE);
	KUNIT_EXPECT_EQ(test, mtb_scan_error(scan), 0);
	mtb_scan_finish(scan);
	KUNIT_ASSERT_TRUE_MSG(test, ok, "record %zu of %zu, flags 0x%x, snapshot %llu", i,
			      fixture->count,
			      flags, snapshot);
}

/* A key that is there, one that may be, or one before and behind all of them. */
static void random_bound(struct fixture *fixture, u32 flags, bool exclusive, struct bound *bound)
{
	const struct model *model = &fixture->model;

	memset(bound, 0, sizeof(*bound));
	switch (test_below(&fixture->random, 8)) {
	case 0:
		break;
	case 1:
		memset(bound->entry.key, 0xff, 9);
		bound->entry.key_length = 9;
		break;
	case 2:
	case 3:
		model_key(&fixture->random, MODEL_KEYS_MIXED, &bound->entry);
		break;
	default:
		bound->entry = model->entries[test_below(&fixture->random, model->count)];
	}
	bound->exclusive = exclusive;
	if (flags & MEMTABLE_SCAN_ALL_VERSIONS && test_below(&fixture->random, 2))
		bound->sequence = test_below(&fixture->random, 3) && bound->entry.tag ?
				  bound->entry.tag >> 8 :
				  1 + test_below(&fixture->random, 101);
}

/* Which records to return, and in what direction. */
static const u32 choices[] = {
	0,
	MEMTABLE_SCAN_TOMBSTONES,
	MEMTABLE_SCAN_ALL_VERSIONS,
	MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
	MEMTABLE_SCAN_REVERSE,
	MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_TOMBSTONES,
	MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_ALL_VERSIONS,
	MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
};

/*
 * All combinations of direction, versions, tombstones, and bounds that are
 * there or not and inclusive or not, at snapshots of all ages.
 */
static void scan_test_combinations(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct bound start, end;
	unsigned int starts, ends;
	size_t choice;
	u64 snapshot;
	u32 flags;
	int i;

	fixture->random.state = 1;
	model_init(test, &fixture->model, ENTRIES);
	fill(test);
	for (choice = 0; choice < ARRAY_SIZE(choices); choice++) {
		flags = choices[choice];
		for (starts = 0; starts < 3; starts++) {
			for (ends = 0; ends < 3; ends++) {
				for (i = 0; i < 10 * MTB_TEST_SCALE; i++) {
					random_bound(fixture, flags, starts == 2, &start);
					random_bound(fixture, flags, ends == 2, &end);
					snapshot = test_below(&fixture->random, 103);
					check_scan(test, flags, snapshot, starts ? &start : NULL,
						   ends ? &end : NULL);
				}
			}
		}
	}
}

#define NARROW_STEP	(MTB_TEST_SCALE > 1 ? 1 : 5)

/*
 * Both bounds at an entry and its neighbour: each version and each key can be
 * cut off on either side.
 */
static void scan_test_narrow(struct kunit *test)
{
	static const u32 directions[] = { 0, MEMTABLE_SCAN_REVERSE };
	struct fixture *fixture = test->priv;
	struct bound low = {}, high = {};
	size_t i, direction;
	unsigned int kind;
	u32 flags;

	fixture->random.state = 2;
	model_init(test, &fixture->model, ENTRIES);
	fill(test);
	for (i = 0; i + 1 < fixture->model.count; i += NARROW_STEP) {
		for (kind = 0; kind < 8; kind++) {
			low.entry = fixture->model.entries[i];
			high.entry = fixture->model.entries[i + 1];
			low.exclusive = kind & 1;
			high.exclusive = kind & 2;
			low.sequence = kind & 4 ? low.entry.tag >> 8 : 0;
			high.sequence = kind & 4 ? high.entry.tag >> 8 : 0;
			for (direction = 0; direction < 2; direction++) {
				flags = directions[direction] | MEMTABLE_SCAN_ALL_VERSIONS |
					MEMTABLE_SCAN_TOMBSTONES;
				check_scan(test, flags, 0, direction ? &high : &low,
					   direction ? &low : &high);
				/* Bounds the wrong way round leave nothing, which is no error. */
				check_scan(test, flags, 0, direction ? &low : &high,
					   direction ? &high : &low);
			}
		}
	}
}

/*
 * A scan that goes on behind the last record of the one before returns the
 * rest, from every place and in both directions.
 */
static void scan_test_continues(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct bound start = {};
	size_t choice, i;
	u32 flags;

	fixture->random.state = 3;
	model_init(test, &fixture->model, ENTRIES);
	fill(test);
	for (choice = 0; choice < ARRAY_SIZE(choices); choice++) {
		flags = choices[choice];
		start.exclusive = true;
		for (i = 0; i < fixture->model.count; i += 1 + i % 3) {
			start.entry = fixture->model.entries[i];
			start.sequence = flags & MEMTABLE_SCAN_ALL_VERSIONS ?
					 start.entry.tag >> 8 : 0;
			check_scan(test, flags, 60, &start, NULL);
		}
	}
}

/* An empty table has nothing to return, whatever the flags and bounds. */
static void scan_test_empty(struct kunit *test)
{
	struct bound bound = {};
	size_t choice;

	for (choice = 0; choice < ARRAY_SIZE(choices); choice++) {
		check_scan(test, choices[choice], 0, NULL, NULL);
		check_scan(test, choices[choice], 5, &bound, NULL);
		check_scan(test, choices[choice], 0, &bound, &bound);
	}
}

/*
 * A table of nothing but tombstones is empty for a scan that does not ask for
 * them, and one newer version hides all older ones.
 */
static void scan_test_tombstones(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .key_length = 2 };
	u64 last_sequence;
	size_t choice;
	int i;

	model_init(test, &fixture->model, ENTRIES);
	for (i = 0; i < ENTRIES; i++) {
		entry.key[0] = i % 125;
		entry.key[1] = 0;
		entry.tag = mtb_tag(i + 1, i < 125 ? MEMTABLE_TYPE_VALUE :
						     MEMTABLE_TYPE_DELETION);
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &last_sequence), 0);
		model_insert(test, &fixture->model, &entry);
	}
	for (choice = 0; choice < ARRAY_SIZE(choices); choice++) {
		check_scan(test, choices[choice], 0, NULL, NULL);
		check_scan(test, choices[choice], 125, NULL, NULL);
		check_scan(test, choices[choice], 180, NULL, NULL);
	}
	expect(fixture, 0, U64_MAX, NULL, NULL);
	KUNIT_EXPECT_EQ(test, fixture->count, (size_t)0);
}

static struct kunit_case scan_test_cases[] = {
	KUNIT_CASE(scan_test_combinations),
	KUNIT_CASE(scan_test_narrow),
	KUNIT_CASE(scan_test_continues),
	KUNIT_CASE(scan_test_empty),
	KUNIT_CASE(scan_test_tombstones),
	{}
};

static struct kunit_suite scan_test_suite = {
	.name		= "memtable_scan",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= scan_test_init,
	.exit		= scan_test_exit,
	.test_cases	= scan_test_cases,
};

kunit_test_suite(scan_test_suite);
