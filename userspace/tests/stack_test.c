// SPDX-License-Identifier: GPL-2.0
/* Stacks: a table and those that it was rotated out to. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "device.h"

#define FIRST 0x737461636b000000ULL
#define LAST (FIRST + 0xffff)

static struct memtable_stack *create(struct memtable_table *table)
{
	struct memtable_stack *stack = NULL;

	CHECK_EQUAL(memtable_stack_create(table, NULL, FIRST, LAST, &stack), 0);
	return stack;
}

static bool has(struct memtable_stack *stack, const char *key, uint64_t snapshot,
		const char *value, uint64_t sequence)
{
	uint64_t tag = 99;
	void *found = NULL;
	size_t length = 0;
	bool same;
	int ret;

	ret = memtable_stack_get(stack, key, strlen(key), snapshot, &found, &length, &tag);
	same = memtable_tag_sequence(tag) == sequence &&
	       (value ? !ret && tap_is(found, length, value) : ret == -ENOENT);
	free(found);
	return same;
}

static void the_newest_table_answers(void)
{
	struct memtable_table *table = device_table();
	struct memtable_stack *stack = create(table);

	REQUIRE(stack);
	CHECK_EQUAL(device_put(table, "a", "1"), 0);
	CHECK_EQUAL(device_put(table, "b", "1"), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, FIRST + 9), 0);
	CHECK_EQUAL(device_put(table, "b", "2"), 0);
	CHECK_EQUAL(memtable_table_delete(table, "a", 1, NULL), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, FIRST + 10), 0);
	CHECK_EQUAL(device_put(table, "b", "3"), 0);

	CHECK(has(stack, "b", 0, "3", 5));
	CHECK_EQUAL(memtable_stack_count(stack), 0);
	/* The tombstone hides what is below. */
	CHECK(has(stack, "a", 0, NULL, 4));
	CHECK_EQUAL(memtable_stack_count(stack), 2);
	CHECK(has(stack, "c", 0, NULL, 0));
	/* Snapshots go through all tables. */
	CHECK(has(stack, "b", 4, "2", 3));
	CHECK(has(stack, "b", 2, "1", 2));
	CHECK(has(stack, "a", 3, "1", 1));

	CHECK_EQUAL(memtable_registry_drop(table, FIRST + 10), 0);
	CHECK(has(stack, "a", 0, "1", 1));
	CHECK_EQUAL(memtable_stack_count(stack), 1);
	CHECK_EQUAL(memtable_registry_drop(table, FIRST + 9), 0);
	CHECK_EQUAL(memtable_stack_refresh(stack), 0);
	CHECK_EQUAL(memtable_stack_count(stack), 0);
	memtable_stack_destroy(stack);
	memtable_stack_destroy(NULL);
	memtable_table_close(table);
}

static void other_tables_are_left_alone(void)
{
	struct memtable_table *table = device_table(), *other = device_table();
	struct memtable_stack *stack = create(table), *none;

	REQUIRE(stack && other);
	/* Beyond the range, and in it but not sealed. */
	CHECK_EQUAL(device_put(table, "a", "1"), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, LAST + 1), 0);
	CHECK_EQUAL(device_put(other, "a", "2"), 0);
	CHECK_EQUAL(memtable_registry_publish(other, FIRST), 0);
	CHECK(has(stack, "a", 0, NULL, 0));
	CHECK_EQUAL(memtable_stack_count(stack), 0);
	CHECK_EQUAL(memtable_stack_create(table, NULL, LAST, FIRST, &none), -EINVAL);
	CHECK_EQUAL(memtable_registry_drop(table, FIRST), 0);
	CHECK_EQUAL(memtable_registry_drop(table, LAST + 1), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(other);
	memtable_table_close(table);
}

#define MODEL_KEYS 40
#define MODEL_OPERATIONS 3000

/* What a model's entry says of its key from its sequence number on; 0 for a deletion. */
static int model[MODEL_OPERATIONS + 1];
static int model_keys[MODEL_OPERATIONS + 1];

/* The newest entry of a key, at a snapshot; 0 if there is none. */
static int model_find(int key, int snapshot)
{
	while (snapshot && model_keys[snapshot] != key)
		snapshot--;
	return snapshot;
}

static bool model_agrees(struct memtable_stack *stack, int key, int snapshot, int last)
{
	int sequence = model_find(key, snapshot ? snapshot : last);
	char name[16], value[16];

	snprintf(name, sizeof(name), "key%d", key);
	snprintf(value, sizeof(value), "%d", model[sequence]);
	return has(stack, name, snapshot, model[sequence] ? value : NULL, sequence);
}

/* Puts, deletes and rotations at random, and after each a look-up at a random snapshot. */
static void look_ups_agree_with_a_model(void)
{
	struct memtable_table *table = device_table();
	struct memtable_stack *stack = create(table);
	unsigned int seed = 11;
	uint64_t rotated = 0, sequence;
	char name[16], value[16];
	int last, end = device_scaled(MODEL_OPERATIONS - 1), ret;

	REQUIRE(stack);
	for (last = 1; last <= end && !tap_failed; last++) {
		model_keys[last] = rand_r(&seed) % MODEL_KEYS;
		model[last] = rand_r(&seed) % 3 ? last : 0;
		snprintf(value, sizeof(value), "%d", last);
		ret = snprintf(name, sizeof(name), "key%d", model_keys[last]);
		if (model[last])
			ret = memtable_table_put(table, name, ret, value, strlen(value),
						 &sequence);
		else
			ret = memtable_table_delete(table, name, ret, &sequence);
		CHECK_EQUAL(ret, 0);
		CHECK_EQUAL(sequence, last);
		if (rand_r(&seed) % 60 == 0)
			CHECK_EQUAL(memtable_registry_rotate(table, FIRST + rotated++), 0);
		CHECK(model_agrees(stack, rand_r(&seed) % MODEL_KEYS, 0, last));
		CHECK(model_agrees(stack, rand_r(&seed) % MODEL_KEYS,
				   1 + rand_r(&seed) % last, last));
	}
	CHECK(rotated > 1);
	while (rotated)
		CHECK_EQUAL(memtable_registry_drop(table, FIRST + --rotated), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(table);
}

/* A handle that was not turned with the others, as when another one rotated its table. */
static void a_table_may_be_there_twice(void)
{
	struct memtable_table *table = device_table(), *other = device_table();
	struct memtable_stack *stack = create(other);
	struct memtable_iterator *it;
	int sequence;

	REQUIRE(stack);
	CHECK_EQUAL(memtable_registry_publish(table, LAST + 1), 0);
	CHECK_EQUAL(memtable_registry_attach(other, LAST + 1), 0);
	CHECK_EQUAL(device_put(table, "a", "1"), 0);
	CHECK_EQUAL(device_put(table, "a", "2"), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, FIRST), 0);

	REQUIRE_EQUAL(memtable_stack_iterate(stack, MEMTABLE_SCAN_ALL_VERSIONS, 0, &it), 0);
	CHECK_EQUAL(memtable_stack_count(stack), 1);
	memtable_iterator_seek_to_first(it);
	for (sequence = 2; sequence; sequence--) {
		REQUIRE(memtable_iterator_valid(it));
		CHECK_EQUAL(memtable_iterator_sequence(it), sequence);
		memtable_iterator_next(it);
	}
	CHECK(!memtable_iterator_valid(it));
	memtable_iterator_destroy(it);
	CHECK_EQUAL(memtable_registry_drop(table, FIRST), 0);
	CHECK_EQUAL(memtable_registry_drop(table, LAST + 1), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(other);
	memtable_table_close(table);
}

static void tables_must_have_one_order(void)
{
	struct memtable_table *table = device_configured(MEMTABLE_ORDER_REVERSE, 0);
	struct memtable_table *other = device_table();
	struct memtable_stack *stack = create(table);
	struct memtable_iterator *it;

	REQUIRE(stack && other);
	CHECK_EQUAL(device_put(table, "a", "1"), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, FIRST), 0);
	CHECK_EQUAL(device_put(table, "b", "2"), 0);
	REQUIRE_EQUAL(memtable_stack_iterate(stack, 0, 0, &it), 0);
	memtable_iterator_seek_to_first(it);
	REQUIRE(memtable_iterator_valid(it));
	CHECK_EQUAL(memtable_iterator_sequence(it), 2);
	memtable_iterator_next(it);
	REQUIRE(memtable_iterator_valid(it));
	CHECK_EQUAL(memtable_iterator_sequence(it), 1);
	memtable_iterator_destroy(it);

	CHECK_EQUAL(memtable_registry_rotate(other, FIRST + 1), 0);
	CHECK_EQUAL(memtable_stack_iterate(stack, 0, 0, &it), -EINVAL);
	CHECK_EQUAL(memtable_registry_drop(table, FIRST), 0);
	CHECK_EQUAL(memtable_registry_drop(table, FIRST + 1), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(other);
	memtable_table_close(table);
}

/*
 * Under fire: a writer writes batches of the same keys, each time with the batch's
 * number as value, another thread rotates as fast as it can, and drops what is old
 * when it has noted the newest batch there, as a flusher would in a file.
 *
 * Whatever is rotated and dropped meanwhile, readers find every key, no older than
 * the batch that was written before they began; a walk finds all of one batch.
 */
#define FIRE_KEYS 12
#define FIRE_ROTATIONS 1500	/* or as many as there are in this time */
#define FIRE_SECONDS 4
#define FIRE_KEPT 3	/* more or fewer tables, sealed and not dropped */

static struct memtable_table *shared;
static atomic_int written, filed;
static atomic_bool over;

static void *write_batches(void *argument)
{
	struct memtable_batch *batch;
	int number;
	char key;

	(void)argument;
	CHECK_EQUAL(memtable_batch_create(&batch), 0);
	for (number = 1; !atomic_load(&over); number++) {
		memtable_batch_clear(batch);
		for (key = 0; key < FIRE_KEYS; key++)
			memtable_batch_put(batch, &key, 1, &number, sizeof(number));
		CHECK_EQUAL(memtable_batch_write(batch, shared, NULL), 0);
		atomic_store(&written, number);
	}
	memtable_batch_destroy(batch);
	return NULL;
}

static void file_and_drop(struct memtable_table *sealed, uint64_t number)
{
	int value = 0;

	CHECK_EQUAL(memtable_registry_attach(sealed, number), 0);
	CHECK_EQUAL(memtable_table_get_into(sealed, "", 1, 0, &value, sizeof(value), NULL, NULL),
		    0);
	atomic_store(&filed, value);
	CHECK_EQUAL(memtable_registry_drop(sealed, number), 0);
}

/* Each table that is rotated out has a batch at least. */
static void *rotate_and_drop(void *argument)
{
	uint64_t next = FIRST, oldest = FIRST, end = FIRST + device_scaled(FIRE_ROTATIONS);
	struct memtable_table *sealed = device_table();
	time_t stop = time(NULL) + FIRE_SECONDS;
	unsigned int seed = 5;
	int before = 0;

	(void)argument;
	while (next < end && time(NULL) < stop) {
		while (atomic_load(&written) < before + 2)
			sched_yield();
		CHECK_EQUAL(memtable_registry_rotate(shared, next++), 0);
		/* One more may have come before, and not be counted yet. */
		before = atomic_load(&written);
		while (oldest < next && rand_r(&seed) % FIRE_KEPT < (int)(next - oldest))
			file_and_drop(sealed, oldest++);
	}
	atomic_store(&over, true);
	CHECK(next > FIRST + 10);
	while (oldest < next)
		file_and_drop(sealed, oldest++);
	memtable_table_close(sealed);
	return NULL;
}

static bool get_under_fire(struct memtable_stack *stack, char key)
{
	int before = atomic_load(&written), value, ret;
	void *found = NULL;
	uint64_t tag = 0;

	ret = memtable_stack_get(stack, &key, 1, 0, &found, NULL, &tag);
	if (!ret)
		memcpy(&value, found, sizeof(value));
	else if (CHECK_EQUAL(ret, -ENOENT) && CHECK_EQUAL(tag, 0))
		value = atomic_load(&filed);
	else
		return false;
	free(found);
	return CHECK(value >= before);
}

static bool walk_under_fire(struct memtable_stack *stack, bool back)
{
	int before = atomic_load(&written), value, first = 0, keys;
	struct memtable_iterator *it;

	if (!CHECK_EQUAL(memtable_stack_iterate(stack, 0, 0, &it), 0))
		return false;
	for (keys = 0; keys <= FIRE_KEYS; keys++) {
		if (!keys && back)
			memtable_iterator_seek_to_last(it);
		else if (!keys)
			memtable_iterator_seek_to_first(it);
		else if (back)
			memtable_iterator_prev(it);
		else
			memtable_iterator_next(it);
		if (!memtable_iterator_valid(it))
			break;
		memcpy(&value, memtable_iterator_value(it, NULL), sizeof(value));
		if (!keys)
			first = value;
		if (!CHECK_EQUAL(value, first))
			break;
	}
	CHECK_EQUAL(memtable_iterator_status(it), 0);
	memtable_iterator_destroy(it);
	if (!keys)
		return CHECK(atomic_load(&filed) >= before);
	return CHECK_EQUAL(keys, FIRE_KEYS) && CHECK(first >= before);
}

/* All versions, of which each comes once, in order. */
static bool walk_all_under_fire(struct memtable_stack *stack)
{
	struct memtable_iterator *it;
	uint64_t sequence = 0;
	int key = -1;
	bool ok = true;

	if (!CHECK_EQUAL(memtable_stack_iterate(stack, MEMTABLE_SCAN_ALL_VERSIONS, 0, &it), 0))
		return false;
	memtable_iterator_seek_to_first(it);
	while (ok && memtable_iterator_valid(it)) {
		if (*(const char *)memtable_iterator_key(it, NULL) == key)
			ok = CHECK(memtable_iterator_sequence(it) < sequence);
		else
			ok = CHECK_EQUAL(*(const char *)memtable_iterator_key(it, NULL), key + 1);
		key = *(const char *)memtable_iterator_key(it, NULL);
		sequence = memtable_iterator_sequence(it);
		memtable_iterator_next(it);
	}
	ok = CHECK_EQUAL(memtable_iterator_status(it), 0) && ok;
	memtable_iterator_destroy(it);
	return CHECK(key < 0 || key == FIRE_KEYS - 1) && ok;
}

static void rotations_hide_nothing(void)
{
	struct memtable_stack *stack;
	pthread_t writer, rotator;
	unsigned int round = 0;
	bool ok = true;

	shared = device_table();
	stack = create(shared);
	REQUIRE(stack);
	REQUIRE_EQUAL(pthread_create(&writer, NULL, write_batches, NULL), 0);
	REQUIRE_EQUAL(pthread_create(&rotator, NULL, rotate_and_drop, NULL), 0);
	while (!atomic_load(&written))
		sched_yield();
	for (; ok && !atomic_load(&over); round++)
		ok = get_under_fire(stack, round % FIRE_KEYS) &&
		     (round % 4 || walk_under_fire(stack, round % 8)) &&
		     (round % 32 || walk_all_under_fire(stack));
	printf("# %u rounds, %d batches\n", round, atomic_load(&written));
	CHECK_EQUAL(pthread_join(rotator, NULL), 0);
	CHECK_EQUAL(pthread_join(writer, NULL), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(shared);
}

static const struct tap_test tests[] = {
	{ "the newest table answers", the_newest_table_answers },
	{ "other tables are left alone", other_tables_are_left_alone },
	{ "look-ups agree with a model", look_ups_agree_with_a_model },
	{ "a table may be there twice", a_table_may_be_there_twice },
	{ "tables must have one order", tables_must_have_one_order },
	{ "rotations hide nothing", rotations_hide_nothing },
};

TAP_MAIN(tests)
