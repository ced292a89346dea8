// SPDX-License-Identifier: GPL-2.0
/* Stacks: a table and those that it was rotated out to. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

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

static struct memtable_table *shared;
static atomic_int newest;

static void *write_and_rotate(void *argument)
{
	char key[16];
	int i;

	(void)argument;
	for (i = 1; i <= 2000; i++) {
		snprintf(key, sizeof(key), "%06d", i);
		CHECK_EQUAL(device_put(shared, key, "value"), 0);
		atomic_store(&newest, i);
		if (i % 50 == 0)
			CHECK_EQUAL(memtable_registry_rotate(shared, FIRST + i / 50), 0);
	}
	return NULL;
}

/* What was written before the look-up began is found, whatever rotates meanwhile. */
static void rotations_hide_nothing(void)
{
	struct memtable_stack *stack;
	pthread_t thread;
	unsigned int seed = 1;
	char key[16];
	int there, i;

	shared = device_table();
	stack = create(shared);
	REQUIRE(stack);
	atomic_store(&newest, 0);
	REQUIRE_EQUAL(pthread_create(&thread, NULL, write_and_rotate, NULL), 0);
	do {
		there = atomic_load(&newest);
		if (!there)
			continue;
		i = there - rand_r(&seed) % (there < 60 ? there : 60);
		snprintf(key, sizeof(key), "%06d", i);
		if (!CHECK(has(stack, key, 0, "value", i)))
			break;
	} while (there < 2000);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	for (i = 1; i <= 40; i++)
		CHECK_EQUAL(memtable_registry_drop(shared, FIRST + i), 0);
	memtable_stack_destroy(stack);
	memtable_table_close(shared);
}

static const struct tap_test tests[] = {
	{ "the newest table answers", the_newest_table_answers },
	{ "other tables are left alone", other_tables_are_left_alone },
	{ "rotations hide nothing", rotations_hide_nothing },
};

TAP_MAIN(tests)
