// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the registry: numbers, users, order, and who holds what.
 *
 * The users are ones that no real user has, so that tables that somebody
 * publishes meanwhile are neither seen nor disturbed.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "registry.h"
#include "table.h"

#define USER(n)	KUIDT_INIT(4000000000U + (n))

/**
 * struct fixture - Tables to publish.
 * @tables: The tables; the fixture has a reference to each.
 * @references: References to the module before the test.
 */
struct fixture {
	struct mtb_table *tables[3];
	int references;
};

/* What a published table adds to the references to the module. */
#if defined(MODULE) && defined(CONFIG_MODULE_UNLOAD)
#define MODULE_REFERENCE	1

static int module_references(void)
{
	return module_refcount(THIS_MODULE);
}
#else
#define MODULE_REFERENCE	0

static int module_references(void)
{
	return 0;
}
#endif

static int registry_test_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	size_t i;

	if (!fixture)
		return -ENOMEM;
	test->priv = fixture;
	fixture->references = module_references();
	for (i = 0; i < ARRAY_SIZE(fixture->tables); i++) {
		fixture->tables[i] = mtb_table_create();
		if (!fixture->tables[i])
			return -ENOMEM;
	}
	return 0;
}

/* Nothing may be left: neither a number nor a reference. */
static void registry_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table;
	unsigned int user;
	size_t i;
	u64 number;

	if (!fixture)
		return;
	for (user = 0; user < 3; user++) {
		number = 0;
		while ((table = mtb_registry_next(USER(user), &number))) {
			KUNIT_FAIL(test, "user %u still has number %llu", user, number);
			mtb_table_put(table);
			mtb_registry_drop(USER(user), number);
		}
	}
	KUNIT_EXPECT_EQ(test, module_references(), fixture->references);
	for (i = 0; i < ARRAY_SIZE(fixture->tables); i++) {
		if (!fixture->tables[i])
			continue;
		KUNIT_EXPECT_EQ(test, kref_read(&fixture->tables[i]->ref), 1U);
		mtb_table_put(fixture->tables[i]);
	}
}

static unsigned int references(struct mtb_table *table)
{
	return kref_read(&table->ref);
}

/* A published table is found until it is dropped, also by the lowest and the highest number; a number is taken once. */
static void registry_test_publish(struct kunit *test)
{
	static const u64 numbers[] = { 0, 1, 1ULL << 32, U64_MAX - 1, U64_MAX };
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->tables[0], *other = fixture->tables[1], *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), numbers[i]));
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i]), -ENOENT);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i], table), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i], table), -EEXIST);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i], other), -EEXIST);
		found = mtb_registry_find(USER(0), numbers[i]);
		KUNIT_EXPECT_PTR_EQ(test, found, table);
		if (found)
			mtb_table_put(found);
	}
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i]), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i]), -ENOENT);
		KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), numbers[i]));
	}
}

/* Each entry holds the table and the module once, each table found holds itself for who found it, and what is refused holds nothing. */
static void registry_test_references(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->tables[0], *found;
	u64 number = 0;

	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 1, table), 0);
	KUNIT_EXPECT_EQ(test, references(table), 2U);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 2, table), 0);
	KUNIT_EXPECT_EQ(test, references(table), 3U);
	KUNIT_EXPECT_EQ(test, module_references(),
			fixture->references + 2 * MODULE_REFERENCE);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 2, table), -EEXIST);
	KUNIT_EXPECT_EQ(test, references(table), 3U);

	found = mtb_registry_find(USER(0), 1);
	KUNIT_EXPECT_PTR_EQ(test, found, table);
	KUNIT_EXPECT_EQ(test, references(table), 4U);
	if (found)
		mtb_table_put(found);
	found = mtb_registry_next(USER(0), &number);
	KUNIT_EXPECT_PTR_EQ(test, found, table);
	KUNIT_EXPECT_EQ(test, references(table), 4U);
	if (found)
		mtb_table_put(found);
	KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 3));
	KUNIT_EXPECT_EQ(test, references(table), 3U);

	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 1), 0);
	KUNIT_EXPECT_EQ(test, references(table), 2U);
	KUNIT_EXPECT_EQ(test, module_references(), fixture->references + MODULE_REFERENCE);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 2), 0);
	KUNIT_EXPECT_EQ(test, references(table), 1U);
}

/* A table that only the registry holds lives, with what is in it; it outlives its number for who has found it. */
static void registry_test_lifetime(struct kunit *test)
{
	struct mtb_table *table = mtb_table_create(), *found;
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, table);
	id = table->id;
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 9, table), 0);
	mtb_table_put(table);
	found = mtb_registry_find(USER(0), 9);
	KUNIT_ASSERT_NOT_NULL(test, found);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 9), 0);
	KUNIT_EXPECT_EQ(test, found->id, id);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(found), 0);
	mtb_table_put(found);
}

/* Users have numbers of their own: what one publishes no other finds, lists or drops. */
static void registry_test_users(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *found;
	unsigned int user;
	u64 number;

	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(1), 5, fixture->tables[1]), 0);
	for (user = 0; user < 3; user += 2) {
		KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(user), 5));
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(user), 5), -ENOENT);
		number = 0;
		KUNIT_EXPECT_NULL(test, mtb_registry_next(USER(user), &number));
		KUNIT_EXPECT_EQ(test, number, 0ULL);
	}
	for (user = 0; user < 3; user += 2)
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(user), 5, fixture->tables[user]),
				0);
	for (user = 0; user < 3; user++) {
		found = mtb_registry_find(USER(user), 5);
		KUNIT_EXPECT_PTR_EQ(test, found, fixture->tables[user]);
		if (found)
			mtb_table_put(found);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(user), 5), 0);
	}
}

/* A user's tables come in the order of their numbers, from any number on, whatever the order of their publishing and whatever others have. */
static void registry_test_order(struct kunit *test)
{
	static const u64 numbers[] = { 40, 10, U64_MAX, 0, 30, 1ULL << 63, 20 };
	static const u64 sorted[] = { 0, 10, 20, 30, 40, 1ULL << 63, U64_MAX };
	struct fixture *fixture = test->priv;
	struct mtb_table *found;
	u64 number, next;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(1), numbers[i],
							   fixture->tables[1]), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i] / 2,
							   fixture->tables[0]), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(2), numbers[i] / 3,
							   fixture->tables[2]), 0);
	}
	for (i = 0, number = 0; i < ARRAY_SIZE(sorted); i++, number = next + 1) {
		next = number;
		found = mtb_registry_next(USER(1), &next);
		KUNIT_EXPECT_PTR_EQ(test, found, fixture->tables[1]);
		KUNIT_EXPECT_EQ(test, next, sorted[i]);
		if (found)
			mtb_table_put(found);
		/* From the number itself it is the same one. */
		found = mtb_registry_next(USER(1), &next);
		KUNIT_EXPECT_EQ(test, next, sorted[i]);
		if (found)
			mtb_table_put(found);
	}
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(1), numbers[i]), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i] / 2), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(2), numbers[i] / 3), 0);
	}
}

static struct kunit_case registry_test_cases[] = {
	KUNIT_CASE(registry_test_publish),
	KUNIT_CASE(registry_test_references),
	KUNIT_CASE(registry_test_lifetime),
	KUNIT_CASE(registry_test_users),
	KUNIT_CASE(registry_test_order),
	{}
};

static struct kunit_suite registry_test_suite = {
	.name		= "memtable_registry",
	.init		= registry_test_init,
	.exit		= registry_test_exit,
	.test_cases	= registry_test_cases,
};
kunit_test_suite(registry_test_suite);
