// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what the module does as it is loaded: whatever of it fails, nothing
 * is left, and it can be loaded again.
 */
#include <kunit/test.h>

#include "core.h"
#include "main.c"

/* A device that nobody opens. */
const struct file_operations mtb_file_operations;

static void load_test_failures(struct kunit *test)
{
	long before = core_allocations(), nth = 0;
	int err;

	do {
		core_fail_allocation(++nth);
		err = memtable_init();
		if (err) {
			KUNIT_ASSERT_EQ(test, err, -ENOMEM);
			KUNIT_EXPECT_EQ(test, core_allocations(), before);
		}
	} while (err);
	/* It was loaded because there were not that many. */
	KUNIT_EXPECT_TRUE(test, core_failure_is_due());
	core_fail_allocation(0);
	/* Two slab caches at least, a work queue, the device. */
	KUNIT_EXPECT_GT(test, nth, 4);
	KUNIT_EXPECT_EQ(test, core_allocations(), before + nth - 1);
	KUNIT_EXPECT_EQ(test, core_cache_objects("memtable_block"), 0);
	memtable_exit();
	KUNIT_EXPECT_EQ(test, core_allocations(), before);
}

static struct kunit_case load_test_cases[] = {
	KUNIT_CASE(load_test_failures),
	{}
};

static struct kunit_suite load_test_suite = {
	.name		= "memtable_load",
	.test_cases	= load_test_cases,
};
kunit_test_suite(load_test_suite);
