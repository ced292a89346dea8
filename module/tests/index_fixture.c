// SPDX-License-Identifier: GPL-2.0
/*
 * An index, with what the suites of it need.
 */
#include <linux/slab.h>

#include "block.h"
#include "index_fixture.h"

struct fixture *index_fixture_create(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	if (!fixture)
		return NULL;
	mutex_init(&fixture->lock);
	if (mtb_skiplist_init(&fixture->index, &fixture->lock))
		return NULL;
	fixture->memory = MTB_BLOCK_SIZE;
	return fixture;
}

void index_fixture_destroy(struct fixture *fixture)
{
	model_destroy(&fixture->model);
	mtb_skiplist_destroy(&fixture->index);
	mutex_destroy(&fixture->lock);
}

int index_fixture_init(struct kunit *test)
{
	test->priv = index_fixture_create(test);
	return test->priv ? 0 : -ENOMEM;
}

void index_fixture_exit(struct kunit *test)
{
	if (test->priv)
		index_fixture_destroy(test->priv);
}

u64 index_fixture_memory(struct fixture *fixture)
{
	u64 memory;

	mutex_lock(&fixture->lock);
	memory = mtb_skiplist_memory(&fixture->index);
	mutex_unlock(&fixture->lock);
	return memory;
}

/* While there is nothing yet. */
void index_fixture_set_reverse(struct fixture *fixture, bool reverse)
{
	fixture->index.reverse = reverse;
	fixture->model.reverse = reverse;
}

/* Entries whose key is a number, which makes it easy to aim at a gap. */
void fixture_entry(struct fixture *fixture, u64 number, struct model_entry *entry)
{
	int i;

	memset(entry, 0, sizeof(*entry));
	for (i = 0; i < 8; i++)
		entry->key[i] = number >> (56 - 8 * i);
	entry->key_length = 8;
	entry->tag = mtb_tag(++fixture->sequence, MEMTABLE_TYPE_VALUE);
}
