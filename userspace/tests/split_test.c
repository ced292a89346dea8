// SPDX-License-Identifier: GPL-2.0
/* Pivots and splits. */
#include <errno.h>
#include <stdio.h>

#include "device.h"

#define KEYS 1000
#define NUMBER UINT64_C(0x73706c6974000000)

static void fill(struct memtable_table *table, int count)
{
	char key[16];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%06d", i);
		CHECK_EQUAL(device_put(table, key, "some value"), 0);
	}
}

static void expect_pivot(struct memtable_table *table, const char *wanted)
{
	size_t length;
	void *key;

	REQUIRE_EQUAL(memtable_table_pivot(table, &key, &length), 0);
	CHECK(tap_is(key, length, wanted));
	free(key);
}

/* Keys from one to another, and nothing else. */
static void expect_range(struct memtable_table *table, int first, int end)
{
	struct memtable_iterator *it;
	const void *found;
	char key[16];
	size_t length;
	int i;

	REQUIRE_EQUAL(memtable_iterator_create(table, 0, 0, &it), 0);
	memtable_iterator_seek_to_first(it);
	for (i = first; i < end; i++) {
		REQUIRE(memtable_iterator_valid(it));
		snprintf(key, sizeof(key), "%06d", i);
		found = memtable_iterator_key(it, &length);
		CHECK(tap_is(found, length, key));
		memtable_iterator_next(it);
	}
	CHECK(!memtable_iterator_valid(it));
	CHECK_EQUAL(memtable_iterator_status(it), 0);
	CHECK_EQUAL(device_info(table).entries, end - first);
	CHECK_EQUAL(device_info(table).logical_bytes, (end - first) * 16);
	memtable_iterator_destroy(it);
}

static void the_pivot_is_the_middle_key(void)
{
	char *longest = calloc(1, MEMTABLE_MAX_KEY_LENGTH);
	struct memtable_table *table = device_table();
	size_t length = 0;
	void *key;

	REQUIRE(table && longest);
	CHECK_EQUAL(memtable_table_pivot(table, &key, &length), -ENOENT);
	CHECK_EQUAL(memtable_table_put(table, longest, MEMTABLE_MAX_KEY_LENGTH, "", 0, NULL), 0);
	REQUIRE_EQUAL(memtable_table_pivot(table, &key, &length), 0);
	CHECK_EQUAL(length, MEMTABLE_MAX_KEY_LENGTH);
	free(key);
	memtable_table_close(table);
	free(longest);

	table = device_table();
	REQUIRE(table);
	fill(table, KEYS + 1);
	expect_pivot(table, "000500");
	memtable_table_close(table);
}

static void a_split_moves_the_upper_keys(void)
{
	struct memtable_table *table = device_table(), *upper;

	REQUIRE(table);
	fill(table, KEYS);
	REQUIRE_EQUAL(memtable_table_split(table, "0003", 4, &upper), 0);
	expect_range(table, 0, 300);
	expect_range(upper, 300, KEYS);
	CHECK_EQUAL(device_info(upper).last_sequence, KEYS);

	/* Both go on, on their own. */
	CHECK_EQUAL(device_put(table, "000300", "lower"), 0);
	CHECK_EQUAL(device_put(upper, "000300", "upper"), 0);
	CHECK(device_has(table, "000300", "lower"));
	CHECK(device_has(upper, "000300", "upper"));
	memtable_table_close(table);
	CHECK(device_has(upper, "000999", "some value"));
	memtable_table_close(upper);
}

static void halves_have_the_same_size(void)
{
	struct memtable_table *table = device_table(), *upper;

	REQUIRE(table);
	fill(table, KEYS);
	REQUIRE_EQUAL(memtable_table_split_half(table, &upper), 0);
	expect_range(table, 0, KEYS / 2);
	expect_range(upper, KEYS / 2, KEYS);
	memtable_table_close(upper);
	memtable_table_close(table);
}

static void splits_at_the_ends_leave_one_part_empty(void)
{
	struct memtable_table *table = device_table(), *upper;

	REQUIRE(table);
	REQUIRE_EQUAL(memtable_table_split_half(table, &upper), 0);
	CHECK_EQUAL(device_info(upper).entries, 0);
	memtable_table_close(upper);

	fill(table, 10);
	REQUIRE_EQUAL(memtable_table_split(table, "1", 1, &upper), 0);
	expect_range(upper, 0, 0);
	memtable_table_close(upper);
	REQUIRE_EQUAL(memtable_table_split(table, NULL, 0, &upper), 0);
	expect_range(table, 0, 0);
	expect_range(upper, 0, 10);
	memtable_table_close(table);

	CHECK_EQUAL(memtable_table_split(upper, "k", MEMTABLE_MAX_KEY_LENGTH + 1, &table),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_table_seal(upper), 0);
	CHECK_EQUAL(memtable_table_split(upper, "k", 1, &table), -EROFS);
	memtable_table_close(upper);
}

static void reverse_tables_split_the_other_way(void)
{
	struct memtable_table *table = device_configured(MEMTABLE_ORDER_REVERSE, 0), *upper;

	REQUIRE(table);
	fill(table, 11);
	expect_pivot(table, "000005");
	REQUIRE_EQUAL(memtable_table_split(table, "000005", 6, &upper), 0);
	CHECK_EQUAL(device_info(table).entries, 5);
	CHECK(device_has(table, "000006", "some value"));
	CHECK(device_has(table, "000005", NULL));
	CHECK(device_has(upper, "000005", "some value"));
	CHECK_EQUAL(device_info(upper).order, MEMTABLE_ORDER_REVERSE);
	memtable_table_close(upper);
	memtable_table_close(table);
}

/* Looks at what is under a number, and drops it. */
static void expect_published(uint64_t number, int first, int end)
{
	struct memtable_table *table = device_table();

	REQUIRE(table);
	CHECK_EQUAL(memtable_registry_attach(table, number), 0);
	expect_range(table, first, end);
	CHECK_EQUAL(memtable_registry_drop(table, number), 0);
	memtable_table_close(table);
}

static void the_upper_part_can_be_published(void)
{
	const struct memtable_slice pivot = { "0007", 4 };
	const struct memtable_slice long_pivot = { "k", MEMTABLE_MAX_KEY_LENGTH + 1 };
	struct memtable_table *table = device_table(), *upper;

	REQUIRE(table);
	fill(table, KEYS);
	REQUIRE_EQUAL(memtable_registry_split(table, &pivot, NUMBER, &upper), 0);
	expect_range(upper, 700, KEYS);
	CHECK_EQUAL(memtable_registry_publish(upper, NUMBER + 1), -EPERM);
	memtable_table_close(upper);

	/* Where that cannot be, the table stays whole. */
	CHECK_EQUAL(memtable_registry_split(table, NULL, NUMBER, &upper), -EEXIST);
	CHECK_EQUAL(memtable_registry_split(table, &long_pivot, NUMBER + 1, &upper), -EMSGSIZE);
	expect_range(table, 0, 700);
	CHECK_EQUAL(memtable_registry_split(table, NULL, NUMBER + 1, NULL), 0);
	expect_range(table, 0, 350);
	memtable_table_close(table);
	expect_published(NUMBER, 700, KEYS);
	expect_published(NUMBER + 1, 350, 700);
}

static const struct tap_test tests[] = {
	{ "the pivot is the middle key", the_pivot_is_the_middle_key },
	{ "a split moves the upper keys", a_split_moves_the_upper_keys },
	{ "halves have the same size", halves_have_the_same_size },
	{ "splits at the ends leave one part empty", splits_at_the_ends_leave_one_part_empty },
	{ "the upper part can be published", the_upper_part_can_be_published },
	{ "reverse tables split the other way", reverse_tables_split_the_other_way },
};

TAP_MAIN(tests)
