// SPDX-License-Identifier: GPL-2.0
/* Batches, up to where they would be written. */
#include <errno.h>
#include <stdlib.h>

#include "../lib/internal.h"
#include "tap.h"

static struct memtable_batch *new_batch(void)
{
	struct memtable_batch *batch = NULL;

	CHECK_EQUAL(memtable_batch_create(&batch), 0);
	return batch;
}

/* Checks the next record of a batch. */
static void check_record(const struct memtable_batch *batch, size_t *offset, uint64_t tag,
			 const char *key, const char *value)
{
	const struct memtable_record *record;

	record = memtable_record_next(memtable_batch_data(batch), memtable_batch_size(batch),
				      offset);
	REQUIRE(record);
	CHECK_EQUAL(record->tag, tag);
	CHECK(tap_is(memtable_record_key(record), record->key_length, key));
	CHECK(tap_is(memtable_record_value(record), record->value_length, value));
}

static void a_new_batch_is_empty(void)
{
	struct memtable_batch *batch = new_batch();

	CHECK_EQUAL(memtable_batch_count(batch), 0);
	CHECK_EQUAL(memtable_batch_size(batch), 0);
	memtable_batch_destroy(batch);
	memtable_batch_destroy(NULL);
}

static void entries_keep_their_order(void)
{
	struct memtable_batch *batch = new_batch();
	size_t offset = 0;

	CHECK_EQUAL(memtable_batch_put(batch, "b", 1, "one", 3), 0);
	CHECK_EQUAL(memtable_batch_delete(batch, "a", 1), 0);
	CHECK_EQUAL(memtable_batch_put(batch, NULL, 0, NULL, 0), 0);
	CHECK_EQUAL(memtable_batch_count(batch), 3);
	CHECK_EQUAL(memtable_batch_size(batch), 24 + 24 + 16);
	check_record(batch, &offset, MEMTABLE_TYPE_VALUE, "b", "one");
	check_record(batch, &offset, MEMTABLE_TYPE_DELETION, "a", "");
	check_record(batch, &offset, MEMTABLE_TYPE_VALUE, "", "");
	CHECK_EQUAL(offset, memtable_batch_size(batch));
	memtable_batch_destroy(batch);
}

static void a_batch_grows(void)
{
	struct memtable_batch *batch = new_batch();
	size_t offset = 0;
	char key[16];
	int i;

	for (i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "%07d", i);
		CHECK_EQUAL(memtable_batch_put(batch, key, 7, key, 7), 0);
	}
	CHECK_EQUAL(memtable_batch_count(batch), 10000);
	for (i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "%07d", i);
		check_record(batch, &offset, MEMTABLE_TYPE_VALUE, key, key);
	}
	CHECK_EQUAL(offset, memtable_batch_size(batch));
	memtable_batch_destroy(batch);
}

static void sequence_numbers_are_all_or_none(void)
{
	struct memtable_batch *batch = new_batch();
	size_t offset = 0;

	CHECK_EQUAL(memtable_batch_add(batch, 9, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "v", 1), -EINVAL);
	CHECK_EQUAL(memtable_batch_delete(batch, "k", 1), -EINVAL);
	CHECK_EQUAL(memtable_batch_add(batch, 8, MEMTABLE_TYPE_DELETION, "k", 1, NULL, 0), 0);
	CHECK_EQUAL(memtable_batch_count(batch), 2);
	check_record(batch, &offset, memtable_tag(9, MEMTABLE_TYPE_VALUE), "k", "v");
	check_record(batch, &offset, memtable_tag(8, MEMTABLE_TYPE_DELETION), "k", "");

	memtable_batch_clear(batch);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, "v", 1), 0);
	CHECK_EQUAL(memtable_batch_add(batch, 9, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), -EINVAL);
	memtable_batch_destroy(batch);
}

static void entries_that_make_no_sense_are_refused(void)
{
	struct memtable_batch *batch = new_batch();

	CHECK_EQUAL(memtable_batch_add(batch, 0, MEMTABLE_TYPE_VALUE, "k", 1, "v", 1), -EINVAL);
	CHECK_EQUAL(memtable_batch_add(batch, MEMTABLE_MAX_SEQUENCE + 1, MEMTABLE_TYPE_VALUE,
				       "k", 1, "v", 1), -EINVAL);
	CHECK_EQUAL(memtable_batch_add(batch, 1, MEMTABLE_TYPE_DELETION, "k", 1, "v", 1), -EINVAL);
	CHECK_EQUAL(memtable_batch_add(batch, 1, MEMTABLE_TYPE_ABSENT, "k", 1, NULL, 0), -EINVAL);
	CHECK_EQUAL(memtable_batch_add(batch, 1, 2, "k", 1, NULL, 0), -EINVAL);
	CHECK_EQUAL(memtable_batch_count(batch), 0);
	CHECK_EQUAL(memtable_batch_add(batch, MEMTABLE_MAX_SEQUENCE, MEMTABLE_TYPE_VALUE,
				       "k", 1, "v", 1), 0);
	memtable_batch_destroy(batch);
}

static void keys_and_values_have_a_longest(void)
{
	struct memtable_batch *batch = new_batch();
	char *bytes = calloc(1, MEMTABLE_MAX_VALUE_LENGTH + 1);

	REQUIRE(bytes);
	CHECK_EQUAL(memtable_batch_put(batch, bytes, MEMTABLE_MAX_KEY_LENGTH + 1, NULL, 0),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_delete(batch, bytes, MEMTABLE_MAX_KEY_LENGTH + 1), -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, bytes, MEMTABLE_MAX_VALUE_LENGTH + 1),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_put(batch, "k", 1, bytes, SIZE_MAX), -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_put(batch, bytes, SIZE_MAX, NULL, 0), -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_count(batch), 0);
	CHECK_EQUAL(memtable_batch_put(batch, bytes, MEMTABLE_MAX_KEY_LENGTH,
				       bytes, MEMTABLE_MAX_VALUE_LENGTH), 0);
	free(bytes);
	memtable_batch_destroy(batch);
}

static void a_batch_has_a_longest(void)
{
	/* Together with its header, which takes 16, one record fills a quarter. */
	const size_t length = MEMTABLE_MAX_REQUEST_LENGTH / 4 - 16;
	struct memtable_batch *batch = new_batch();
	char *bytes = calloc(1, length);
	int i;

	REQUIRE(bytes);
	for (i = 0; i < 4; i++)
		CHECK_EQUAL(memtable_batch_put(batch, NULL, 0, bytes, length), 0);
	CHECK_EQUAL(memtable_batch_size(batch), MEMTABLE_MAX_REQUEST_LENGTH);
	CHECK_EQUAL(memtable_batch_put(batch, NULL, 0, NULL, 0), -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_append(batch, batch), -EMSGSIZE);
	CHECK_EQUAL(memtable_batch_count(batch), 4);
	CHECK_EQUAL(memtable_batch_size(batch), MEMTABLE_MAX_REQUEST_LENGTH);
	free(bytes);
	memtable_batch_destroy(batch);
}

static void batches_are_appended(void)
{
	struct memtable_batch *first = new_batch(), *second = new_batch(), *third = new_batch();
	size_t offset = 0;

	CHECK_EQUAL(memtable_batch_put(first, "a", 1, "1", 1), 0);
	CHECK_EQUAL(memtable_batch_put(second, "b", 1, "2", 1), 0);
	CHECK_EQUAL(memtable_batch_append(first, second), 0);
	CHECK_EQUAL(memtable_batch_append(first, third), 0);
	CHECK_EQUAL(memtable_batch_append(first, first), 0);
	CHECK_EQUAL(memtable_batch_count(first), 4);
	CHECK_EQUAL(memtable_batch_count(second), 1);
	check_record(first, &offset, MEMTABLE_TYPE_VALUE, "a", "1");
	check_record(first, &offset, MEMTABLE_TYPE_VALUE, "b", "2");
	check_record(first, &offset, MEMTABLE_TYPE_VALUE, "a", "1");
	check_record(first, &offset, MEMTABLE_TYPE_VALUE, "b", "2");

	/* An empty batch takes either kind, another only its own. */
	CHECK_EQUAL(memtable_batch_add(third, 5, MEMTABLE_TYPE_VALUE, "c", 1, "3", 1), 0);
	CHECK_EQUAL(memtable_batch_append(first, third), -EINVAL);
	CHECK_EQUAL(memtable_batch_append(third, first), -EINVAL);
	memtable_batch_clear(first);
	CHECK_EQUAL(memtable_batch_append(first, third), 0);
	CHECK_EQUAL(memtable_batch_put(first, "a", 1, "1", 1), -EINVAL);
	memtable_batch_destroy(first);
	memtable_batch_destroy(second);
	memtable_batch_destroy(third);
}

static const struct tap_test tests[] = {
	{ "a new batch is empty", a_new_batch_is_empty },
	{ "entries keep their order", entries_keep_their_order },
	{ "a batch grows", a_batch_grows },
	{ "all entries have sequence numbers or none", sequence_numbers_are_all_or_none },
	{ "entries that make no sense are refused", entries_that_make_no_sense_are_refused },
	{ "keys and values have a longest", keys_and_values_have_a_longest },
	{ "a batch has a longest", a_batch_has_a_longest },
	{ "batches are appended", batches_are_appended },
};

TAP_MAIN(tests)
