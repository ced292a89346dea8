// SPDX-License-Identifier: GPL-2.0
/* Batches on the device: whole or not at all. */
#include <errno.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

static struct memtable_table *table;
static struct memtable_batch *batch;

static bool begin(void)
{
	return CHECK_EQUAL(memtable_table_open(NULL, &table), 0) &&
	       CHECK_EQUAL(memtable_batch_create(&batch), 0);
}

static void end(void)
{
	memtable_batch_destroy(batch);
	memtable_table_close(table);
}

static void expect_entries(uint64_t entries, uint64_t last_sequence)
{
	struct memtable_info info;

	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.entries, entries);
	CHECK_EQUAL(info.last_sequence, last_sequence);
}

static void sequence_numbers_follow_the_order_of_the_batch(void)
{
	uint64_t sequence = 0, tag;
	size_t length;
	void *value;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_table_put(table, "before", 6, NULL, 0, NULL), 0);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "first", 5), 0);
	CHECK_EQUAL(memtable_batch_delete(batch, "a", 1), 0);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "second", 6), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, &sequence), 0);
	CHECK_EQUAL(sequence, 4);
	expect_entries(4, 4);

	/* The later of two entries for a key is the newer one. */
	REQUIRE_EQUAL(memtable_table_get(table, "k", 1, 0, &value, &length, &tag), 0);
	CHECK(tap_is(value, length, "second"));
	CHECK_EQUAL(memtable_tag_sequence(tag), 4);
	free(value);
	CHECK_EQUAL(memtable_table_get_into(table, "a", 1, 0, NULL, 0, NULL, &tag), -ENOENT);
	CHECK_EQUAL(tag, memtable_tag(3, MEMTABLE_TYPE_DELETION));
	end();
}

static void a_batch_can_be_written_again(void)
{
	struct memtable_table *other;
	uint64_t sequence;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, &sequence), 0);
	CHECK_EQUAL(sequence, 2);
	REQUIRE_EQUAL(memtable_table_open(NULL, &other), 0);
	CHECK_EQUAL(memtable_batch_write(batch, other, &sequence), 0);
	CHECK_EQUAL(sequence, 1);
	memtable_table_close(other);

	memtable_batch_clear(batch);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), 0);
	expect_entries(2, 2);
	end();
}

static void entries_may_bring_their_sequence_numbers(void)
{
	uint64_t sequence = 0;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_batch_add(batch, 90, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_add(batch, 70, MEMTABLE_TYPE_DELETION, "k", 1, NULL, 0), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, &sequence), 0);
	CHECK_EQUAL(sequence, 90);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 89), 0);
	end();
}

static void a_batch_that_cannot_be_whole_is_not_applied(void)
{
	struct memtable_configure configure = { .max_size = 65536 };
	char value[1000] = "";
	int i;

	/* Two entries with one key and sequence number. */
	REQUIRE(begin());
	CHECK_EQUAL(memtable_batch_add(batch, 5, MEMTABLE_TYPE_VALUE, "a", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_add(batch, 6, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_add(batch, 6, MEMTABLE_TYPE_VALUE, "k", 1, "w", 1), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), -EEXIST);
	expect_entries(0, 0);
	end();

	/* More than the table may take. */
	REQUIRE(begin());
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	CHECK_EQUAL(memtable_table_put(table, "before", 6, NULL, 0, NULL), 0);
	for (i = 0; i < 100; i++)
		CHECK_EQUAL(memtable_batch_put(batch, &i, sizeof(i), value, sizeof(value)), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), -ENOSPC);
	expect_entries(1, 1);
	i = 0;
	CHECK_EQUAL(memtable_table_contains(table, &i, sizeof(i), 0), 0);

	/* A sealed table. */
	memtable_batch_clear(batch);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), -EROFS);
	expect_entries(1, 1);
	end();
}

static void a_large_batch_is_one_write(void)
{
	const int count = 20000;
	uint64_t sequence = 0;
	int i;

	REQUIRE(begin());
	for (i = 0; i < count; i++)
		CHECK_EQUAL(memtable_batch_put(batch, &i, sizeof(i), &i, sizeof(i)), 0);
	CHECK_EQUAL(memtable_batch_write(batch, table, &sequence), 0);
	CHECK_EQUAL(sequence, count);
	expect_entries(count, count);
	for (i = 0; i < count; i += 997)
		CHECK_EQUAL(memtable_table_contains(table, &i, sizeof(i), 0), 1);
	CHECK_EQUAL(memtable_table_contains(table, &i, sizeof(i), 0), i < count);
	end();
}

static const struct tap_test tests[] = {
	{ "sequence numbers follow the order of the batch",
	  sequence_numbers_follow_the_order_of_the_batch },
	{ "a batch can be written again", a_batch_can_be_written_again },
	{ "entries may bring their sequence numbers", entries_may_bring_their_sequence_numbers },
	{ "a batch that cannot be whole is not applied",
	  a_batch_that_cannot_be_whole_is_not_applied },
	{ "a large batch is one write", a_large_batch_is_one_write },
};

TAP_MAIN(tests)
