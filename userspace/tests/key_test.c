// SPDX-License-Identifier: GPL-2.0
/* The order of keys. */
#include <memtable.h>

#include "tap.h"

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void keys_are_ordered_as_bytes(void)
{
	/* In order, each with its length, since a zero byte is one like others. */
	static const struct memtable_slice keys[] = {
		{ NULL, 0 }, { "\0", 1 }, { "\0\0", 2 }, { "\0a", 2 }, { "a", 1 }, { "a\0", 2 },
		{ "aa", 2 }, { "ab", 2 }, { "b", 1 }, { "\x7f", 1 }, { "\x80", 1 }, { "\xff", 1 },
		{ "\xff\xff", 2 },
	};
	const int count = sizeof(keys) / sizeof(keys[0]);
	int i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			CHECK_EQUAL(sign(memtable_key_compare(keys[i].data, keys[i].length,
							      keys[j].data, keys[j].length)),
				    sign(i - j));
}

static bool between(const char *key, const char *start, const char *end)
{
	return memtable_key_between(key, strlen(key), start, strlen(start), end, strlen(end));
}

static void both_ends_of_a_range_belong_to_it(void)
{
	CHECK(between("b", "b", "d"));
	CHECK(between("c", "b", "d"));
	CHECK(between("d", "b", "d"));
	CHECK(between("b", "b", "b"));
	CHECK(between("", "", ""));
	CHECK(!between("a", "b", "d"));
	CHECK(!between("da", "b", "d"));
	CHECK(!between("c", "d", "b"));
	CHECK(!between("", "a", "b"));
}

static const struct tap_test tests[] = {
	{ "keys are ordered as bytes", keys_are_ordered_as_bytes },
	{ "both ends of a range belong to it", both_ends_of_a_range_belong_to_it },
};

TAP_MAIN(tests)
