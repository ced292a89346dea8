/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An index, with what the suites of it need.
 */
#ifndef MTB_INDEX_FIXTURE_H
#define MTB_INDEX_FIXTURE_H

#include <kunit/test.h>
#include <linux/mutex.h>

#include "model.h"
#include "skiplist.h"

/* Most records that a test inserts at a time. */
#define BATCH_MAX	256

/**
 * struct fixture - An index and what it should hold.
 * @lock: The lock of the index.
 * @index: The index.
 * @model: What it should hold.
 * @random: Where the test gets its numbers from.
 * @insertions: Room for the records that are inserted at a time.
 * @sequence: Last sequence number given to an entry.
 * @memory: What the index should take, its records aside, in bytes.
 * @trailer: What follows the value in the records.
 * @cursor: A cursor, too large for the stack.
 */
struct fixture {
	struct mutex lock;		/* of the index */
	struct mtb_skiplist index;
	struct model model;
	struct test_random random;
	struct mtb_insertion insertions[BATCH_MAX];
	u64 sequence;
	u64 memory;
	enum mtb_trailer trailer;
	struct mtb_cursor cursor;
};

struct fixture *index_fixture_create(struct kunit *test);
void index_fixture_destroy(struct fixture *fixture);
int index_fixture_init(struct kunit *test);
void index_fixture_exit(struct kunit *test);
u64 index_fixture_memory(struct fixture *fixture);
void index_fixture_set_reverse(struct fixture *fixture, bool reverse);
void fixture_entry(struct fixture *fixture, u64 number, struct model_entry *entry);

#endif /* MTB_INDEX_FIXTURE_H */
