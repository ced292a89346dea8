// SPDX-License-Identifier: GPL-2.0
/* Many lookups in one request. */
#include <errno.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

static struct memtable_table *table;
static void *buffer;
static size_t size;

static bool begin(void)
{
	buffer = NULL;
	size = 0;
	return CHECK_EQUAL(memtable_table_open(NULL, &table), 0);
}

static void end(void)
{
	free(buffer);
	memtable_table_close(table);
}

static void found_deleted_and_absent_are_told_apart(void)
{
	static const struct memtable_slice keys[] = {
		{ "value", 5 }, { "absent", 6 }, { "deleted", 7 }, { NULL, 0 }, { "value", 5 },
	};
	struct memtable_result results[5];
	uint64_t snapshot = 0;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_table_put(table, "value", 5, "of it", 5, NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, "deleted", 7, "once", 4, NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "deleted", 7, NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, "", 0, "of the empty key", 16, NULL), 0);

	REQUIRE_EQUAL(memtable_table_multi_get(table, keys, 5, &snapshot, results,
					       &buffer, &size), 0);
	CHECK_EQUAL(snapshot, 4);
	CHECK_EQUAL(results[0].tag, memtable_tag(1, MEMTABLE_TYPE_VALUE));
	CHECK(tap_is(results[0].value.data, results[0].value.length, "of it"));
	CHECK_EQUAL(memtable_tag_type(results[1].tag), MEMTABLE_TYPE_ABSENT);
	CHECK_EQUAL(results[1].value.length, 0);
	CHECK_EQUAL(results[2].tag, memtable_tag(3, MEMTABLE_TYPE_DELETION));
	CHECK_EQUAL(results[2].value.length, 0);
	CHECK(tap_is(results[3].value.data, results[3].value.length, "of the empty key"));
	CHECK_EQUAL(results[4].tag, results[0].tag);
	CHECK(tap_is(results[4].value.data, results[4].value.length, "of it"));
	end();
}

static void all_keys_are_read_at_the_snapshot(void)
{
	static const struct memtable_slice keys[] = { { "a", 1 }, { "b", 1 } };
	struct memtable_result results[2];
	uint64_t snapshot = 2;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_table_put(table, "a", 1, "1", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, "b", 1, "2", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, "b", 1, "3", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "a", 1, NULL), 0);

	REQUIRE_EQUAL(memtable_table_multi_get(table, keys, 2, &snapshot, results,
					       &buffer, &size), 0);
	CHECK_EQUAL(snapshot, 2);
	CHECK(tap_is(results[0].value.data, results[0].value.length, "1"));
	CHECK(tap_is(results[1].value.data, results[1].value.length, "2"));
	REQUIRE_EQUAL(memtable_table_multi_get(table, keys, 2, NULL, results, &buffer, &size), 0);
	CHECK_EQUAL(results[0].tag, memtable_tag(4, MEMTABLE_TYPE_DELETION));
	CHECK(tap_is(results[1].value.data, results[1].value.length, "3"));
	end();
}

static void the_buffer_grows_and_is_used_again(void)
{
	const int count = 1000;
	struct memtable_slice keys[1000];
	struct memtable_result results[1000];
	int numbers[1000], i, round;
	size_t size_before = 0;

	REQUIRE(begin());
	for (i = 0; i < count; i++) {
		numbers[i] = i * 7;
		keys[i].data = &numbers[i];
		keys[i].length = sizeof(numbers[i]);
		CHECK_EQUAL(memtable_table_put(table, &numbers[i], sizeof(numbers[i]),
					       numbers, i * sizeof(int), NULL), 0);
	}
	for (round = 0; round < 2; round++) {
		REQUIRE_EQUAL(memtable_table_multi_get(table, keys, count, NULL, results,
						       &buffer, &size), 0);
		for (i = 0; i < count; i++) {
			CHECK_EQUAL(results[i].value.length, i * sizeof(int));
			CHECK(!memcmp(results[i].value.data, numbers, i * sizeof(int)));
		}
		if (round)
			CHECK_EQUAL(size, size_before);
		size_before = size;
	}
	/* A small one of the caller's is enlarged as well. */
	free(buffer);
	buffer = malloc(16);
	size = 16;
	CHECK_EQUAL(memtable_table_multi_get(table, keys, count, NULL, results, &buffer, &size),
		    0);
	CHECK_EQUAL(results[999].value.length, 999 * sizeof(int));
	end();
}

static void no_keys_are_no_results(void)
{
	REQUIRE(begin());
	CHECK_EQUAL(memtable_table_multi_get(table, NULL, 0, NULL, NULL, &buffer, &size), 0);
	end();
}

static void keys_that_are_too_long_are_refused(void)
{
	char *key = calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1);
	struct memtable_slice keys[] = { { "a", 1 }, { key, MEMTABLE_MAX_KEY_LENGTH + 1 } };
	struct memtable_result results[2];

	REQUIRE(begin());
	REQUIRE(key);
	CHECK_EQUAL(memtable_table_multi_get(table, keys, 2, NULL, results, &buffer, &size),
		    -EMSGSIZE);
	free(key);
	end();
}

static const struct tap_test tests[] = {
	{ "found, deleted and absent are told apart", found_deleted_and_absent_are_told_apart },
	{ "all keys are read at the snapshot", all_keys_are_read_at_the_snapshot },
	{ "the buffer grows and is used again", the_buffer_grows_and_is_used_again },
	{ "no keys are no results", no_keys_are_no_results },
	{ "keys that are too long are refused", keys_that_are_too_long_are_refused },
};

TAP_MAIN(tests)
