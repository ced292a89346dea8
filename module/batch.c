// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: what can be allocated, counted and checked before a table's lock is
 * taken.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "batch.h"

#define CAPACITY_FIRST	64

/**
 * mtb_batch_init() - Make an empty batch.
 * @batch: The batch.
 */
void mtb_batch_init(struct mtb_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->insertions = &batch->single;
	batch->capacity = 1;
	batch->ascending = true;
}

/**
 * mtb_batch_destroy() - Free a batch, with the records that it still owns.
 * @batch: The batch.
 */
void mtb_batch_destroy(struct mtb_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		mtb_record_free(batch->insertions[i].record);
		cond_resched();
	}
	if (batch->insertions != &batch->single)
		kvfree(batch->insertions);
	mtb_reserve_empty(&batch->reserve);
}

static int batch_grow(struct mtb_batch *batch)
{
	size_t capacity = max_t(size_t, CAPACITY_FIRST, batch->capacity * 2);
	struct mtb_insertion *insertions;

	insertions = kvmalloc_array(capacity, sizeof(*insertions), GFP_KERNEL_ACCOUNT);
	if (!insertions)
		return -ENOMEM;
	memcpy(insertions, batch->insertions, batch->count * sizeof(*insertions));
	if (batch->insertions != &batch->single)
		kvfree(batch->insertions);
	batch->insertions = insertions;
	batch->capacity = capacity;
	return 0;
}

/**
 * mtb_batch_add() - Add a record to a batch.
 * @batch: The batch.
 * @record: The record, complete; a sequence number of zero leaves it to the
 *	table to assign one. It is the batch's on success.
 *
 * Return: 0, -EINVAL if some records have a sequence number and others do not,
 * or -ENOMEM.
 */
int mtb_batch_add(struct mtb_batch *batch, struct mtb_record *record)
{
	u64 sequence = mtb_tag_sequence(record->tag);
	int err;

	if (batch->count && mtb_batch_automatic(batch) != !sequence)
		return -EINVAL;
	if (batch->count == batch->capacity) {
		err = batch_grow(batch);
		if (err)
			return err;
	}

	if (sequence <= batch->highest)
		batch->ascending = false;
	batch->lowest = batch->count ? min(batch->lowest, sequence) : sequence;
	batch->highest = max(batch->highest, sequence);
	batch->memory += mtb_record_memory(record);
	batch->logical_bytes += record->key_length + (u64)record->value_length;
	if (mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		batch->tombstones++;
	batch->insertions[batch->count++].record = record;
	return 0;
}

static int insertion_compare(const void *a, const void *b)
{
	const struct mtb_insertion *left = a, *right = b;
	struct mtb_key key;

	/* sort() itself does not reschedule. */
	cond_resched();
	mtb_record_key(left->record, &key);
	return mtb_key_compare(&key, right->record);
}

static bool same_version(const struct mtb_record *a, const struct mtb_record *b)
{
	return mtb_tag_sequence(a->tag) == mtb_tag_sequence(b->tag) && mtb_same_key(a, b);
}

/**
 * mtb_batch_check_unique() - Look for versions that occur twice in a batch.
 * @batch: The batch.
 *
 * Return: 0, or -EEXIST if two records have the same key and sequence number.
 */
int mtb_batch_check_unique(struct mtb_batch *batch)
{
	size_t i;

	if (mtb_batch_automatic(batch) || batch->ascending)
		return 0;

	sort(batch->insertions, batch->count, sizeof(*batch->insertions), insertion_compare, NULL);
	for (i = 1; i < batch->count; i++) {
		if (same_version(batch->insertions[i - 1].record, batch->insertions[i].record))
			return -EEXIST;
		cond_resched();
	}
	return 0;
}

/**
 * mtb_batch_make_late() - Give each record of a batch room for a commit number.
 * @batch: The batch.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_batch_make_late(struct mtb_batch *batch)
{
	struct mtb_record *record, *late;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		record = batch->insertions[i].record;
		if (record->has_commit)
			continue;
		late = mtb_record_alloc_late(record);
		if (!late)
			return -ENOMEM;
		batch->memory += mtb_record_memory(late);
		batch->memory -= mtb_record_memory(record);
		batch->insertions[i].record = late;
		mtb_record_free(record);
		cond_resched();
	}
	batch->late = true;
	return 0;
}
