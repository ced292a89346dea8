// SPDX-License-Identifier: GPL-2.0
/* Writes that depend on what is there. */
#include <errno.h>

#include "device.h"

static void what_is_absent_is_put(void)
{
	struct memtable_table *table = device_table();
	uint64_t sequence = 0;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "1", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 1);
	CHECK_EQUAL(memtable_table_put(table, "k", 1, "2", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "3", 1, &sequence), -EEXIST);
	CHECK_EQUAL(sequence, 2);
	CHECK(device_has(table, "k", "2"));
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "3", 1, NULL), -EEXIST);

	/* What is deleted is absent. */
	CHECK_EQUAL(memtable_table_delete(table, "k", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "4", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 4);
	CHECK(device_has(table, "k", "4"));
	memtable_table_close(table);
}

static void the_newest_entry_is_compared(void)
{
	struct memtable_table *table = device_table();
	uint64_t sequence = 9;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 1, "k", 1, "1", 1, &sequence), -EAGAIN);
	CHECK_EQUAL(sequence, 0);
	CHECK_EQUAL(memtable_table_delete_if_sequence(table, 1, "k", 1, NULL), -EAGAIN);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 0, "k", 1, "1", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 1);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 0, "k", 1, "2", 1, &sequence), -EAGAIN);
	CHECK_EQUAL(sequence, 1);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 1, "k", 1, "2", 1, &sequence), 0);
	CHECK_EQUAL(memtable_table_delete_if_sequence(table, 1, "k", 1, &sequence), -EAGAIN);
	CHECK_EQUAL(sequence, 2);
	CHECK(device_has(table, "k", "2"));
	CHECK_EQUAL(memtable_table_delete_if_sequence(table, 2, "k", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 3);
	CHECK(device_has(table, "k", NULL));

	/* The tombstone is an entry, too. */
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 0, "k", 1, "4", 1, &sequence), -EAGAIN);
	CHECK_EQUAL(sequence, 3);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, 3, "k", 1, "4", 1, NULL), 0);
	CHECK(device_has(table, "k", "4"));
	memtable_table_close(table);
}

static void maps_have_conditions_too(void)
{
	struct memtable_table *table = device_configured(0, MEMTABLE_KIND_MAP);
	uint64_t sequence = 0;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "1", 1, &sequence), 0);
	CHECK_EQUAL(memtable_table_put_if_absent(table, "k", 1, "2", 1, NULL), -EEXIST);
	CHECK_EQUAL(memtable_table_put_if_sequence(table, sequence, "k", 1, "2", 1, &sequence), 0);
	CHECK(device_has(table, "k", "2"));
	CHECK_EQUAL(memtable_table_delete_if_sequence(table, sequence - 1, "k", 1, NULL), -EAGAIN);
	CHECK_EQUAL(memtable_table_delete_if_sequence(table, sequence, "k", 1, NULL), 0);
	CHECK(device_has(table, "k", NULL));
	CHECK_EQUAL(device_info(table).entries, 0);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "what is absent is put", what_is_absent_is_put },
	{ "the newest entry is compared", the_newest_entry_is_compared },
	{ "maps have conditions, too", maps_have_conditions_too },
};

TAP_MAIN(tests)
