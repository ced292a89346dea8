// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the registry: numbers, users, order, and who holds what.
 *
 * The users are ones that no real user has, so that tables that somebody
 * publishes meanwhile are neither seen nor disturbed.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "model.h"
#include "owner.h"
#include "registry.h"
#include "table.h"

#define USER(n)	KUIDT_INIT(4000000000U + (n))

/* Tables in the test of their order. */
#define ORDERED	7

/**
 * struct fixture - Tables to publish.
 * @tables: The tables; the fixture has a reference to each.
 * @references: References to the module before the test.
 */
struct fixture {
	struct mtb_table *tables[3 * ORDERED];
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
		KUNIT_EXPECT_EQ(test, kref_read(&fixture->tables[i]->users), 1U);
		mtb_table_put(fixture->tables[i]);
	}
}

static unsigned int references(struct mtb_table *table)
{
	return kref_read(&table->users);
}

/*
 * A published table is found until it is dropped, also by the lowest and the
 * highest number; a number is taken once, and a table has one.
 */
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
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i], table), -EBUSY);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 7, table), -EBUSY);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(1), 7, table), -EBUSY);
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), numbers[i], other), -EEXIST);
		KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 7));
		found = mtb_registry_find(USER(0), numbers[i]);
		KUNIT_EXPECT_PTR_EQ(test, found, table);
		if (found)
			mtb_table_put(found);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i]), 0);
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), numbers[i]), -ENOENT);
		KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), numbers[i]));
	}
}

/*
 * Each entry holds its table and the module once, each table found holds itself
 * for who found it, and what is refused holds nothing.
 */
static void registry_test_references(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->tables[0], *other = fixture->tables[1], *found;
	u64 number = 0;

	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 1, table), 0);
	KUNIT_EXPECT_EQ(test, references(table), 2U);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 2, other), 0);
	KUNIT_EXPECT_EQ(test, module_references(),
			fixture->references + 2 * MODULE_REFERENCE);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 2, fixture->tables[2]), -EEXIST);
	KUNIT_EXPECT_EQ(test, references(fixture->tables[2]), 1U);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 3, table), -EBUSY);
	KUNIT_EXPECT_EQ(test, references(table), 2U);

	found = mtb_registry_find(USER(0), 1);
	KUNIT_EXPECT_PTR_EQ(test, found, table);
	KUNIT_EXPECT_EQ(test, references(table), 3U);
	if (found)
		mtb_table_put(found);
	found = mtb_registry_next(USER(0), &number);
	KUNIT_EXPECT_PTR_EQ(test, found, table);
	KUNIT_EXPECT_EQ(test, references(table), 3U);
	if (found)
		mtb_table_put(found);
	KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 3));
	KUNIT_EXPECT_EQ(test, references(table), 2U);

	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 1), 0);
	KUNIT_EXPECT_EQ(test, references(table), 1U);
	KUNIT_EXPECT_EQ(test, module_references(), fixture->references + MODULE_REFERENCE);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 2), 0);
}

/*
 * A table that only the registry holds lives, with what is in it; it outlives
 * its number for who has found it.
 */
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

/*
 * A user's tables come in the order of their numbers, from any number on,
 * whatever the order of their publishing and whatever others have.
 */
static void registry_test_order(struct kunit *test)
{
	static const u64 numbers[ORDERED] = { 40, 10, U64_MAX, 0, 30, 1ULL << 63, 20 };
	static const struct {
		u64 number;
		size_t place;
	} sorted[ORDERED] = {
		{ 0, 3 }, { 10, 1 }, { 20, 6 }, { 30, 4 }, { 40, 0 }, { 1ULL << 63, 5 },
		{ U64_MAX, 2 },
	};
	struct fixture *fixture = test->priv;
	struct mtb_table *found;
	unsigned int user;
	u64 number, next;
	size_t i;

	for (i = 0; i < ORDERED; i++) {
		for (user = 0; user < 3; user++)
			KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(user),
								   numbers[i] / (user + 1),
								   fixture->tables[3 * i + user]),
						0);
	}
	for (i = 0, number = 0; i < ORDERED; i++, number = next + 1) {
		next = number;
		found = mtb_registry_next(USER(0), &next);
		KUNIT_EXPECT_EQ(test, next, sorted[i].number);
		KUNIT_EXPECT_PTR_EQ(test, found, fixture->tables[3 * sorted[i].place]);
		if (found)
			mtb_table_put(found);
		/* From the number itself it is the same one. */
		found = mtb_registry_next(USER(0), &next);
		KUNIT_EXPECT_EQ(test, next, sorted[i].number);
		if (found)
			mtb_table_put(found);
	}
	for (i = 0; i < ORDERED; i++) {
		for (user = 0; user < 3; user++)
			KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(user),
								numbers[i] / (user + 1)), 0);
	}
}

/*
 * What a user's tables take is charged to the user, from their publishing to
 * their dropping, also as they grow.
 */
static void registry_test_owner(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .tag = MEMTABLE_TYPE_VALUE, .value_length = 100 };
	struct mtb_owner *owner;
	struct memtable_info infos[2] = {};
	u64 sequence;
	int i, round;

	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), i, fixture->tables[i]), 0);
	owner = fixture->tables[0]->owner;
	KUNIT_ASSERT_NOT_NULL(test, owner);
	KUNIT_EXPECT_PTR_EQ(test, owner, fixture->tables[1]->owner);
	KUNIT_EXPECT_EQ(test, owner->tables, 2U);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < 2; i++) {
			KUNIT_EXPECT_EQ(test, model_write(fixture->tables[i], &entry, 1,
							  &sequence), 0);
			mtb_table_info(fixture->tables[i], &infos[i]);
		}
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes),
				infos[0].memory_usage + infos[1].memory_usage);
	}
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 0), 0);
	KUNIT_EXPECT_NULL(test, fixture->tables[0]->owner);
	KUNIT_EXPECT_EQ(test, owner->tables, 1U);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes), infos[1].memory_usage);
	/* Beyond what is allowed nothing is written, and nothing charged. */
	owner->max_bytes = infos[1].memory_usage + 100;
	KUNIT_EXPECT_EQ(test, model_write(fixture->tables[1], &entry, 1, &sequence), -EDQUOT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes), infos[1].memory_usage);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 0, fixture->tables[0]), -EDQUOT);
	KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 0));
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 1), 0);
	KUNIT_EXPECT_EQ(test, model_write(fixture->tables[1], &entry, 1, &sequence), 0);
}

/*
 * A reserved number is taken, but leads to no table until that is revealed. What
 * a table has from one of its owner's is not charged again.
 */
static void registry_test_reserve(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->tables[0], *next;
	struct mtb_owner *owner;
	u64 number = 1, before;
	struct mtb_entry *entries[3];
	int i;

	for (i = 0; i < 3; i++) {
		entries[i] = mtb_entry_create(USER(0), i < 2 ? 2 : 3);
		KUNIT_ASSERT_NOT_NULL(test, entries[i]);
	}
	KUNIT_ASSERT_EQ(test, mtb_registry_reserve(entries[0], table, NULL, 100, 10), 0);
	owner = table->owner;
	KUNIT_ASSERT_NOT_NULL(test, owner);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes), 110ULL);
	KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 2));
	KUNIT_EXPECT_NULL(test, mtb_registry_next(USER(0), &number));
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 2), -ENOENT);
	KUNIT_EXPECT_EQ(test, mtb_registry_reserve(entries[1], fixture->tables[1], NULL, 0, 0),
			-EEXIST);
	mtb_entry_free(entries[1]);

	/* What comes after it is found without it. */
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 1, fixture->tables[1]), 0);
	KUNIT_EXPECT_EQ(test, mtb_registry_publish(USER(0), 4, fixture->tables[2]), 0);
	before = atomic64_read(&owner->bytes);
	KUNIT_EXPECT_EQ(test, mtb_registry_reserve(entries[2], fixture->tables[3], owner, 100, 10),
			0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes), before + 10);
	number = 2;
	next = mtb_registry_next(USER(0), &number);
	KUNIT_EXPECT_EQ(test, number, 4ULL);
	KUNIT_EXPECT_PTR_EQ(test, next, fixture->tables[2]);
	if (next)
		mtb_table_put(next);

	mtb_registry_reveal(fixture->tables[3]);
	mtb_registry_reveal(table);
	number = 2;
	next = mtb_registry_next(USER(0), &number);
	KUNIT_EXPECT_PTR_EQ(test, next, table);
	if (next)
		mtb_table_put(next);
	for (number = 1; number <= 4; number++)
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), number), 0);
}

static struct kunit_case registry_test_cases[] = {
	KUNIT_CASE(registry_test_publish),
	KUNIT_CASE(registry_test_references),
	KUNIT_CASE(registry_test_lifetime),
	KUNIT_CASE(registry_test_users),
	KUNIT_CASE(registry_test_order),
	KUNIT_CASE(registry_test_owner),
	KUNIT_CASE(registry_test_reserve),
	{}
};

static struct kunit_suite registry_test_suite = {
	.name		= "memtable_registry",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= registry_test_init,
	.exit		= registry_test_exit,
	.test_cases	= registry_test_cases,
};

kunit_test_suite(registry_test_suite);
