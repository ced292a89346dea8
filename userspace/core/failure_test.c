// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what goes wrong on the way: allocations that fail and fatal signals
 * that are pending, at each place in turn. Nothing is applied then, nothing is
 * lost, and the same request succeeds afterwards.
 */
#include <kunit/test.h>

#include "core.h"
#include "model.h"
#include "scan.h"
#include "split.h"
#include "view.h"

/* Entries in the table beforehand, and in a large batch. */
#define ENTRIES	500

/**
 * struct fixture - A table and a request to it.
 * @table: The table.
 * @batch: What the request writes.
 * @count: How many entries that is.
 * @scan: A scan, too large for the stack.
 */
struct fixture {
	struct mtb_table *table;
	struct model_entry batch[ENTRIES];
	size_t count;
	struct mtb_scan scan;
};

static int failure_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return 0;
}

/* An entry whose key tells @number. */
static void number_entry(struct model_entry *entry, u32 number, u64 sequence)
{
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->key, &number, sizeof(number));
	entry->key_length = sizeof(number);
	entry->value_length = number % 50;
	entry->tag = mtb_tag(sequence, MEMTABLE_TYPE_VALUE);
}

/* Start anew with a table of that kind, with some entries. */
static void fill(struct kunit *test, enum memtable_kind kind)
{
	const struct memtable_configure config = { .kind = kind };
	struct fixture *fixture = test->priv;
	struct model_entry entry;
	u64 sequence;
	u32 i;

	fixture->table = mtb_table_create();
	KUNIT_ASSERT_NOT_NULL(test, fixture->table);
	KUNIT_ASSERT_EQ(test, mtb_table_configure(fixture->table, &config), 0);
	for (i = 0; i < ENTRIES; i++) {
		number_entry(&entry, 2 * i, 0);
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	}
}

/* The request fails with @expected and changes nothing, or succeeds, which is told. */
static bool write_succeeds(struct kunit *test, int expected)
{
	struct fixture *fixture = test->priv;
	struct memtable_info before = {}, after = {};
	u64 sequence;
	int err;

	mtb_table_info(fixture->table, &before);
	err = model_write(fixture->table, fixture->batch, fixture->count, &sequence);
	if (!err)
		return true;
	mtb_table_info(fixture->table, &after);
	KUNIT_EXPECT_EQ(test, err, expected);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
	return false;
}

static void check_memory(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info info = {};

	mtb_table_info(fixture->table, &info);
	KUNIT_EXPECT_EQ(test, info.memory_usage,
			model_memory(fixture->table, &fixture->scan.cursor));
}

/*
 * Let each allocation of the request fail in turn. It may be one of those that the
 * request can do without; of a single record's there are none.
 */
static void walk_failures(struct kunit *test, enum memtable_kind kind)
{
	struct fixture *fixture = test->priv;
	long nth = 0, survived = 0;
	bool served, over;

	do {
		fill(test, kind);
		core_fail_allocation(++nth);
		served = write_succeeds(test, -ENOMEM);
		over = core_failure_is_due();
		core_fail_allocation(0);
		check_memory(test);
		mtb_table_put(fixture->table);
		survived += served && !over;
	} while (!over);
	/* It was served because there were not that many. */
	KUNIT_EXPECT_TRUE(test, served);
	KUNIT_EXPECT_GT(test, nth, survived + 1);
	if (fixture->count == 1)
		KUNIT_EXPECT_EQ(test, survived, 0);
}

/* Let a fatal signal come before each place in turn where one is looked for. */
static void walk_signals(struct kunit *test)
{
	long nth = 0;

	do
		core_signal(++nth);
	while (!write_succeeds(test, -EINTR));
	core_signal(0);
	KUNIT_EXPECT_GT(test, nth, 1);
	check_memory(test);
}

/* Write @count entries to a table with others, with and without a number each. */
static void walk(struct kunit *test, enum memtable_kind kind, size_t count, bool late)
{
	struct fixture *fixture = test->priv;
	u32 i;

	fixture->count = count;
	for (i = 0; i < count; i++)
		number_entry(&fixture->batch[i], 2 * (i * 7 % ENTRIES) + 1, late ? 1 + i : 0);
	walk_failures(test, kind);
	fill(test, kind);
	walk_signals(test);
	mtb_table_put(fixture->table);
}

/* One entry: its record, its block. */
static void failure_test_one(struct kunit *test)
{
	walk(test, MEMTABLE_KIND_VERSIONED, 1, false);
}

/*
 * A fatal signal that comes when the lock is taken already: one that is free is given
 * to whoever asks for it, signal or not.
 */
static void failure_test_plan(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_insertion insertion;
	struct model_entry entry;
	unsigned int blocks;

	fill(test, MEMTABLE_KIND_VERSIONED);
	number_entry(&entry, 1, 1);
	insertion.record = model_record(&entry, MTB_TRAILER_NONE);
	KUNIT_ASSERT_NOT_NULL(test, insertion.record);

	mutex_lock(&fixture->table->lock);
	core_signal(1);
	KUNIT_EXPECT_EQ(test, mtb_skiplist_plan(&fixture->table->index, &insertion, 1, &blocks),
			-EINTR);
	core_signal(0);
	KUNIT_EXPECT_EQ(test, mtb_skiplist_plan(&fixture->table->index, &insertion, 1, &blocks),
			0);
	mutex_unlock(&fixture->table->lock);
	mtb_record_free(insertion.record);
	mtb_table_put(fixture->table);
}

/* A batch, with all that it grows by. */
static void failure_test_batch(struct kunit *test)
{
	walk(test, MEMTABLE_KIND_VERSIONED, ENTRIES, false);
}

/* A late batch, whose records are all copied once more. */
static void failure_test_late_batch(struct kunit *test)
{
	walk(test, MEMTABLE_KIND_VERSIONED, ENTRIES, true);
}

/* A batch for a map, which is sorted first, and whose records get pins. */
static void failure_test_map(struct kunit *test)
{
	walk(test, MEMTABLE_KIND_MAP, ENTRIES, false);
}

/* A table is made whole or not at all. */
static void failure_test_create(struct kunit *test)
{
	struct mtb_table *table;
	long nth;

	for (nth = 1;; nth++) {
		core_fail_allocation(nth);
		table = mtb_table_create();
		if (core_failure_is_due())
			break;
		KUNIT_EXPECT_NULL(test, table);
	}
	core_fail_allocation(0);
	KUNIT_EXPECT_GT(test, nth, 2);
	KUNIT_ASSERT_NOT_NULL(test, table);
	mtb_table_put(table);
}

/* A split that fails leaves the table whole. */
static void failure_test_split(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info before = {}, after = {};
	struct mtb_table *right;
	long nth;
	int err;

	fill(test, MEMTABLE_KIND_VERSIONED);
	right = mtb_table_create();
	KUNIT_ASSERT_NOT_NULL(test, right);
	mtb_table_info(fixture->table, &before);
	for (nth = 1;; nth++) {
		core_fail_allocation(nth);
		err = mtb_table_split(fixture->table, right, NULL, 0, NULL);
		if (core_failure_is_due())
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		mtb_table_info(fixture->table, &after);
		KUNIT_EXPECT_TRUE(test, !memcmp(&before, &after, sizeof(before)));
	}
	core_fail_allocation(0);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GT(test, nth, 2);
	mtb_table_put(right);

	right = mtb_table_create();
	KUNIT_ASSERT_NOT_NULL(test, right);
	mtb_table_info(fixture->table, &before);
	for (nth = 1;; nth++) {
		core_signal(nth);
		err = mtb_table_split(fixture->table, right, NULL, 0, NULL);
		if (!err)
			break;
		core_signal(0);
		KUNIT_ASSERT_EQ(test, err, -EINTR);
		mtb_table_info(fixture->table, &after);
		KUNIT_EXPECT_TRUE(test, !memcmp(&before, &after, sizeof(before)));
	}
	core_signal(0);
	KUNIT_EXPECT_GT(test, nth, 2);
	mtb_table_put(right);
	mtb_table_put(fixture->table);
}

/* A fatal signal ends a scan of any kind: what it has returned is right, and it says why it ended. */
static void failure_test_scan(struct kunit *test)
{
	static const u32 flags[] = {
		0, MEMTABLE_SCAN_REVERSE, MEMTABLE_SCAN_ALL_VERSIONS,
	};
	struct fixture *fixture = test->priv;
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_view view;
	size_t count, i;
	int kind;
	long nth;

	for (kind = MEMTABLE_KIND_VERSIONED; kind <= MEMTABLE_KIND_MAP; kind++) {
		fill(test, kind);
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			for (nth = 1;; nth++) {
				mtb_view_settle(&view, fixture->table, 0);
				mtb_scan_start(scan, fixture->table, &view, flags[i], NULL, NULL);
				core_signal(nth);
				for (count = 0; mtb_scan_next(scan); count++)
					;
				core_signal(0);
				mtb_scan_finish(scan);
				if (!mtb_scan_error(scan))
					break;
				KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_INTERRUPTED);
				KUNIT_EXPECT_EQ(test, mtb_scan_error(scan), -EINTR);
			}
			KUNIT_EXPECT_EQ(test, count, (size_t)ENTRIES);
			/* There was a chance in each block. */
			KUNIT_EXPECT_GE(test, nth, ENTRIES / MTB_BLOCK_SLOTS);
		}
		mtb_table_put(fixture->table);
	}
}

/* A fatal signal ends a lookup of many keys, which then holds nothing. */
static void failure_test_lookup(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_lookup lookups[20] = {};
	struct mtb_view view;
	size_t i;
	long nth;
	int err;

	fill(test, MEMTABLE_KIND_MAP);
	for (i = 0; i < ARRAY_SIZE(lookups); i++) {
		number_entry(&fixture->batch[i], 2 * i, 0);
		lookups[i].key = fixture->batch[i].key;
		lookups[i].key_length = fixture->batch[i].key_length;
	}
	for (nth = 1;; nth++) {
		core_signal(nth);
		err = mtb_view_lookup(&view, fixture->table, 0, lookups, ARRAY_SIZE(lookups));
		core_signal(0);
		if (!err)
			break;
		KUNIT_ASSERT_EQ(test, err, -EINTR);
		for (i = 0; i < ARRAY_SIZE(lookups); i++)
			KUNIT_EXPECT_NULL(test, lookups[i].record);
	}
	KUNIT_EXPECT_GT(test, nth, 1);
	for (i = 0; i < ARRAY_SIZE(lookups); i++)
		KUNIT_EXPECT_TRUE(test, lookups[i].record);
	mtb_lookup_put(lookups, ARRAY_SIZE(lookups));
	mtb_table_put(fixture->table);
}

/* A table has an object for each record and each block, and gives all of them back. */
static void failure_test_objects(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	long blocks = core_cache_objects("memtable_block"), objects = core_allocations();

	fill(test, MEMTABLE_KIND_VERSIONED);
	blocks = core_cache_objects("memtable_block") - blocks;
	/* The table and its epoch are two more. */
	KUNIT_EXPECT_EQ(test, core_allocations() - objects, blocks + ENTRIES + 2L);
	mtb_table_put(fixture->table);
	core_settle();
	KUNIT_EXPECT_EQ(test, core_allocations(), objects);
}

static struct kunit_case failure_test_cases[] = {
	KUNIT_CASE(failure_test_one),
	KUNIT_CASE(failure_test_plan),
	KUNIT_CASE(failure_test_batch),
	KUNIT_CASE(failure_test_late_batch),
	KUNIT_CASE(failure_test_map),
	KUNIT_CASE(failure_test_create),
	KUNIT_CASE(failure_test_split),
	KUNIT_CASE(failure_test_scan),
	KUNIT_CASE(failure_test_lookup),
	KUNIT_CASE(failure_test_objects),
	{}
};

static struct kunit_suite failure_test_suite = {
	.name		= "memtable_failure",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= failure_test_init,
	.test_cases	= failure_test_cases,
};
kunit_test_suite(failure_test_suite);
