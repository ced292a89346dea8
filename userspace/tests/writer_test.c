// SPDX-License-Identifier: GPL-2.0
/* Writers: what is pending, what is written, and what happens when it cannot be. */
#include "device.h"

#define NUMBER 0x7772697465720000ULL

static struct memtable_writer *create(struct memtable_table *table, size_t buffer_size)
{
	struct memtable_writer *writer = NULL;

	CHECK_EQUAL(memtable_writer_create(table, buffer_size, &writer), 0);
	return writer;
}

static int put(struct memtable_writer *writer, const char *key, const char *value)
{
	return memtable_writer_put(writer, key, strlen(key), value, strlen(value));
}

static void what_is_pending_is_not_there_yet(void)
{
	struct memtable_table *table = device_table();
	struct memtable_writer *writer = create(table, 0);
	uint64_t sequence = 7;

	REQUIRE(writer);
	CHECK_EQUAL(memtable_writer_flush(writer, &sequence), 0);
	CHECK_EQUAL(sequence, 7);
	CHECK_EQUAL(put(writer, "a", "1"), 0);
	CHECK_EQUAL(put(writer, "b", "2"), 0);
	CHECK_EQUAL(memtable_writer_delete(writer, "a", 1), 0);
	CHECK_EQUAL(memtable_writer_pending(writer), 3);
	CHECK_EQUAL(device_info(table).entries, 0);
	CHECK_EQUAL(memtable_writer_flush(writer, &sequence), 0);
	CHECK_EQUAL(sequence, 3);
	CHECK_EQUAL(memtable_writer_pending(writer), 0);
	CHECK(device_has(table, "a", NULL));
	CHECK(device_has(table, "b", "2"));

	CHECK_EQUAL(put(writer, "c", "3"), 0);
	CHECK_EQUAL(memtable_writer_close(writer), 0);
	CHECK(device_has(table, "c", "3"));
	CHECK_EQUAL(memtable_writer_close(NULL), 0);
	memtable_writer_destroy(NULL);

	/* What is dropped on purpose is not written. */
	writer = create(table, 0);
	REQUIRE(writer);
	CHECK_EQUAL(put(writer, "d", "4"), 0);
	memtable_writer_destroy(writer);
	CHECK(device_has(table, "d", NULL));
	CHECK_EQUAL(memtable_writer_create(table, MEMTABLE_MAX_REQUEST_LENGTH + 1, &writer),
		    -EINVAL);
	memtable_table_close(table);
}

/* A record is 16 bytes, key and value, padded to eight: here 24. */
static void a_full_buffer_is_written(void)
{
	struct memtable_table *table = device_table();
	struct memtable_writer *writer = create(table, 3 * 24);
	char large[1000] = "";

	REQUIRE(writer);
	CHECK_EQUAL(put(writer, "a", "1"), 0);
	CHECK_EQUAL(put(writer, "b", "1"), 0);
	CHECK_EQUAL(put(writer, "c", "1"), 0);
	CHECK_EQUAL(device_info(table).entries, 0);
	CHECK_EQUAL(put(writer, "d", "1"), 0);
	CHECK_EQUAL(device_info(table).entries, 3);
	CHECK_EQUAL(memtable_writer_pending(writer), 1);

	/* An entry that is too large for the buffer is a batch of its own. */
	CHECK_EQUAL(memtable_writer_put(writer, "e", 1, large, sizeof(large)), 0);
	CHECK_EQUAL(device_info(table).entries, 4);
	CHECK_EQUAL(put(writer, "f", "1"), 0);
	CHECK_EQUAL(device_info(table).entries, 5);
	CHECK_EQUAL(memtable_writer_close(writer), 0);
	CHECK_EQUAL(device_info(table).entries, 6);
	CHECK_EQUAL(device_info(table).last_sequence, 6);
	memtable_table_close(table);
}

static void the_default_is_a_part_of_the_write_buffer(void)
{
	struct memtable_configure configure = { .write_buffer_size = 8 * 240 };
	struct memtable_table *table = device_table();
	struct memtable_writer *writer;
	int i;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	writer = create(table, 0);
	REQUIRE(writer);
	for (i = 0; i < 11; i++)
		CHECK_EQUAL(put(writer, "k", "v"), 0);
	CHECK_EQUAL(device_info(table).entries, 10);
	CHECK_EQUAL(memtable_writer_close(writer), 0);
	memtable_table_close(table);
}

static void what_cannot_be_written_stays_pending(void)
{
	struct memtable_table *table = device_table();
	struct memtable_writer *writer = create(table, 2 * 24);

	REQUIRE(writer);
	CHECK_EQUAL(memtable_writer_put(writer, "k", MEMTABLE_MAX_KEY_LENGTH + 1, "", 0),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_writer_pending(writer), 0);
	CHECK_EQUAL(put(writer, "a", "1"), 0);
	CHECK_EQUAL(put(writer, "b", "2"), 0);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	/* The entry that fills the buffer is not taken. */
	CHECK_EQUAL(put(writer, "c", "3"), -EROFS);
	CHECK_EQUAL(memtable_writer_pending(writer), 2);
	CHECK_EQUAL(memtable_writer_flush(writer, NULL), -EROFS);
	CHECK_EQUAL(memtable_writer_close(writer), -EROFS);
	CHECK_EQUAL(memtable_writer_pending(writer), 2);

	/* With a new table behind the handle all goes on. */
	CHECK_EQUAL(memtable_registry_rotate(table, NUMBER), 0);
	CHECK_EQUAL(put(writer, "c", "3"), 0);
	CHECK_EQUAL(memtable_writer_close(writer), 0);
	CHECK(device_has(table, "a", "1"));
	CHECK(device_has(table, "b", "2"));
	CHECK(device_has(table, "c", "3"));
	CHECK_EQUAL(device_info(table).entries, 3);
	CHECK_EQUAL(memtable_registry_drop(table, NUMBER), 0);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "what is pending is not there yet", what_is_pending_is_not_there_yet },
	{ "a full buffer is written", a_full_buffer_is_written },
	{ "the default is a part of the write buffer", the_default_is_a_part_of_the_write_buffer },
	{ "what cannot be written stays pending", what_cannot_be_written_stays_pending },
};

TAP_MAIN(tests)
