// SPDX-License-Identifier: GPL-2.0
/* Tables in reverse order, and maps. */
#include <errno.h>

#include "device.h"

/* What a walk finds, as one text. */
static void expect_walk(struct memtable_iterator *it, bool reverse, const char *wanted)
{
	char found[64] = "";
	const char *key;
	size_t length;

	if (reverse)
		memtable_iterator_seek_to_last(it);
	else
		memtable_iterator_seek_to_first(it);
	while (memtable_iterator_valid(it)) {
		key = memtable_iterator_key(it, &length);
		strncat(found, key, length);
		strcat(found, " ");
		if (reverse)
			memtable_iterator_prev(it);
		else
			memtable_iterator_next(it);
	}
	CHECK_EQUAL(memtable_iterator_status(it), 0);
	if (!CHECK(!strcmp(found, wanted)))
		printf("# found '%s', not '%s'\n", found, wanted);
}

static struct memtable_iterator *reverse_iterator(void)
{
	static const char *const keys[] = { "a", "b", "ba", "bb", "c", "\xff", "\xff\xff" };
	struct memtable_table *table = device_configured(MEMTABLE_ORDER_REVERSE, 0);
	struct memtable_iterator *it = NULL;
	size_t i;

	for (i = 0; table && i < sizeof(keys) / sizeof(keys[0]); i++)
		CHECK_EQUAL(device_put(table, keys[i], keys[i]), 0);
	CHECK_EQUAL(memtable_iterator_create(table, 0, 0, &it), 0);
	memtable_table_close(table);
	return it;
}

static void the_order_is_reverse(void)
{
	struct memtable_iterator *it = reverse_iterator();
	const void *key;
	size_t length;

	REQUIRE(it);
	expect_walk(it, false, "\xff\xff \xff c bb ba b a ");
	expect_walk(it, true, "a b ba bb c \xff \xff\xff ");
	CHECK_EQUAL(memtable_iterator_seek(it, "bx", 2), 0);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "bb"));
	CHECK_EQUAL(memtable_iterator_seek_for_prev(it, "bx", 2), 0);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "c"));
	memtable_iterator_destroy(it);
}

static void ranges_follow_the_order(void)
{
	struct memtable_iterator *it = reverse_iterator();
	const void *key;
	size_t length;

	REQUIRE(it);
	CHECK_EQUAL(memtable_iterator_set_bounds(it, "c", 1, "b", 1), 0);
	expect_walk(it, false, "c bb ba ");
	expect_walk(it, true, "ba bb c ");
	/* A seek to outside goes to the bound. */
	memtable_iterator_seek(it, "x", 1);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "c"));
	memtable_iterator_seek_for_prev(it, "a", 1);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "ba"));
	CHECK_EQUAL(memtable_iterator_set_bounds(it, "b", 1, "c", 1), 0);
	expect_walk(it, false, "");
	memtable_iterator_destroy(it);
}

static void prefixes_are_found_in_either_order(void)
{
	struct memtable_iterator *it = reverse_iterator();
	const void *key;
	size_t length;

	REQUIRE(it);
	CHECK_EQUAL(memtable_iterator_set_prefix(it, "b", 1), 0);
	expect_walk(it, false, "bb ba b ");
	expect_walk(it, true, "b ba bb ");
	CHECK_EQUAL(memtable_iterator_seek(it, "c", 1), 0);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "bb"));
	CHECK_EQUAL(memtable_iterator_seek_for_prev(it, "a", 1), 0);
	key = memtable_iterator_key(it, &length);
	CHECK(tap_is(key, length, "b"));
	CHECK_EQUAL(memtable_iterator_set_prefix(it, "\xff", 1), 0);
	expect_walk(it, false, "\xff\xff \xff ");
	CHECK_EQUAL(memtable_iterator_set_prefix(it, NULL, 0), 0);
	expect_walk(it, true, "a b ba bb c \xff \xff\xff ");
	memtable_iterator_destroy(it);
}

static void bounds_follow_the_order(void)
{
	struct memtable_table *table = device_configured(MEMTABLE_ORDER_REVERSE, 0);
	size_t first_length, last_length;
	void *first, *last;

	REQUIRE(table);
	CHECK_EQUAL(device_put(table, "a", ""), 0);
	CHECK_EQUAL(device_put(table, "z", ""), 0);
	REQUIRE_EQUAL(memtable_table_bounds(table, &first, &first_length, &last, &last_length), 0);
	CHECK(tap_is(first, first_length, "z"));
	CHECK(tap_is(last, last_length, "a"));
	free(first);
	free(last);
	memtable_table_close(table);
}

static void a_map_has_one_version_a_key(void)
{
	struct memtable_table *table = device_configured(0, MEMTABLE_KIND_MAP);

	REQUIRE(table);
	CHECK_EQUAL(device_info(table).kind, MEMTABLE_KIND_MAP);
	CHECK_EQUAL(device_put(table, "k", "a value"), 0);
	CHECK_EQUAL(device_put(table, "k", "another value"), 0);
	CHECK_EQUAL(device_info(table).entries, 1);
	CHECK_EQUAL(device_info(table).logical_bytes, 14);
	CHECK(device_has(table, "k", "another value"));
	CHECK_EQUAL(memtable_table_delete(table, "absent", 6, NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "k", 1, NULL), 0);
	CHECK_EQUAL(device_info(table).entries, 0);
	CHECK_EQUAL(device_info(table).tombstones, 0);
	CHECK_EQUAL(device_info(table).logical_bytes, 0);
	CHECK(device_has(table, "k", NULL));
	CHECK_EQUAL(memtable_table_add(table, 7, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), -EINVAL);
	memtable_table_close(table);
}

static void orders_and_kinds_that_are_not_known_are_refused(void)
{
	struct memtable_configure configure = { .order = 2 };
	struct memtable_table *table = device_table();

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), -EINVAL);
	configure.order = 0;
	configure.kind = 2;
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), -EINVAL);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "the order is reverse", the_order_is_reverse },
	{ "ranges follow the order", ranges_follow_the_order },
	{ "prefixes are found in either order", prefixes_are_found_in_either_order },
	{ "bounds follow the order", bounds_follow_the_order },
	{ "a map has one version a key", a_map_has_one_version_a_key },
	{ "orders and kinds that are not known are refused",
	  orders_and_kinds_that_are_not_known_are_refused },
};

TAP_MAIN(tests)
