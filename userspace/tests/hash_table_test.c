// SPDX-License-Identifier: GPL-2.0
/* Tables in the order of hashes. */
#include <stdio.h>

#include "device.h"

#define KEYS 1001

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void an_empty_table_is_bound_by_zero(void)
{
	struct memtable_table *table = device_table();
	uint32_t first = 7, last = 7;
	uint64_t size = 7;

	REQUIRE(table);
	CHECK_EQUAL(memtable_hash_bounds(table, &first, &last), 0);
	CHECK_EQUAL(first, 0);
	CHECK_EQUAL(last, 0);
	CHECK_EQUAL(memtable_hash_pivot(table, &first), -ENOENT);
	CHECK_EQUAL(memtable_hash_from_entries(table, NULL, 0, &size), 0);
	CHECK_EQUAL(size, 0);
	memtable_table_close(table);
}

static void a_table_is_built_and_cut(void)
{
	struct memtable_table *table = device_table(), *upper;
	struct memtable_hash_pair pairs[KEYS];
	uint32_t hashes[KEYS], first, last, pivot;
	struct memtable_hash_entry entry = { 0 };
	char keys[KEYS][12], values[KEYS][MEMTABLE_HASH_ENTRY_SIZE], key[16];
	uint64_t size = 0, lengths = 0;
	size_t i, length;

	REQUIRE(table);
	for (i = 0; i < KEYS; i++) {
		length = snprintf(keys[i], sizeof(keys[i]), "key %zu", i);
		hashes[i] = memtable_hash_key(keys[i], length);
		entry.key_hash = hashes[i];
		entry.key_size = length;
		entry.file_offset = i;
		memtable_hash_entry_encode(&entry, values[i]);
		pairs[i].key = (struct memtable_slice) { keys[i], length };
		pairs[i].value = (struct memtable_slice) { values[i], sizeof(values[i]) };
		lengths += 4 + length + sizeof(values[i]);
	}
	REQUIRE_EQUAL(memtable_hash_from_entries(table, pairs, KEYS, &size), 0);
	CHECK_EQUAL(size, lengths);
	CHECK_EQUAL(memtable_hash_from_entries(table, pairs, KEYS, &size), -EBUSY);

	qsort(hashes, KEYS, sizeof(hashes[0]), by_value);
	REQUIRE_EQUAL(memtable_hash_bounds(table, &first, &last), 0);
	CHECK_EQUAL(first, hashes[0]);
	CHECK_EQUAL(last, hashes[KEYS - 1]);
	REQUIRE_EQUAL(memtable_hash_pivot(table, &pivot), 0);
	CHECK_EQUAL(pivot, hashes[KEYS / 2]);

	REQUIRE_EQUAL(memtable_hash_split(table, pivot, &upper), 0);
	CHECK_EQUAL(device_info(table).entries, KEYS / 2);
	CHECK_EQUAL(device_info(upper).entries, KEYS - KEYS / 2);
	REQUIRE_EQUAL(memtable_hash_bounds(upper, &first, &last), 0);
	CHECK_EQUAL(first, pivot);
	for (i = 0; i < KEYS; i++) {
		REQUIRE_EQUAL(memtable_hash_prefix(keys[i], pairs[i].key.length, key,
						   sizeof(key), &length), 0);
		first = memtable_hash_key(keys[i], pairs[i].key.length);
		CHECK_EQUAL(memtable_table_contains(first < pivot ? table : upper,
						    key, length, 0), 1);
	}
	memtable_table_close(upper);
	memtable_table_close(table);
}

static void a_table_with_other_keys_has_no_hashes(void)
{
	struct memtable_table *table = device_table();
	uint32_t first = 7, last = 7;

	REQUIRE(table);
	CHECK_EQUAL(device_put(table, "abc", ""), 0);
	CHECK_EQUAL(memtable_hash_bounds(table, &first, &last), -EBADMSG);
	CHECK_EQUAL(memtable_hash_pivot(table, &first), -EBADMSG);
	CHECK_EQUAL(first, 7);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "an empty table is bound by zero", an_empty_table_is_bound_by_zero },
	{ "a table is built and cut", a_table_is_built_and_cut },
	{ "a table with other keys has no hashes", a_table_with_other_keys_has_no_hashes },
};

TAP_MAIN(tests)
