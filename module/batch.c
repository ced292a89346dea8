// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: what can be allocated, counted and checked before a table's lock is
 * taken.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "batch.h"

#define CAPACITY_FIRST	64

/**
 * mtb_batch_init() - Make an empty batch.
 * @batch: The batch.
 * @trailer: What follows the value in each record to come.
 *
 * Sets each field, for the batch may be on a stack that nobody clears.
 */
void mtb_batch_init(struct mtb_batch *batch, enum mtb_trailer trailer)
{
	batch->insertions = &batch->single;
	batch->count = 0;
	batch->capacity = 1;
	batch->reserve = (struct mtb_reserve){};
	batch->memory = 0;
	batch->logical_bytes = 0;
	batch->tombstones = 0;
	batch->sequences = 0;
	batch->base = 0;
	batch->lowest = 0;
	batch->highest = 0;
	batch->ascending = true;
	batch->newest = false;
	batch->trailer = trailer;
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

	insertions = kvmalloc_array(capacity, sizeof(*insertions), MTB_GFP);
	if (!insertions)
		return -ENOMEM;
	memcpy(insertions, batch->insertions, batch->count * sizeof(*insertions));
	if (batch->insertions != &batch->single)
		kvfree(batch->insertions);
	batch->insertions = insertions;
	batch->capacity = capacity;
	return 0;
}

static inline void batch_count(struct mtb_batch *batch, const struct mtb_record *record)
{
	batch->memory += mtb_record_memory(record);
	batch->logical_bytes += record->key_length + (u64)mtb_record_value_length(record);
	if (mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		batch->tombstones++;
}

static void batch_discount(struct mtb_batch *batch, const struct mtb_record *record)
{
	batch->memory -= mtb_record_memory(record);
	batch->logical_bytes -= record->key_length + (u64)mtb_record_value_length(record);
	if (mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		batch->tombstones--;
}

/**
 * mtb_batch_add() - Add a record to a batch.
 * @batch: The batch.
 * @record: The record, complete, with the batch's trailer; a sequence number of
 *	zero leaves it to the table to assign one. It is the batch's on success.
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

	if (!sequence) {
		record->tag = mtb_tag(++batch->sequences, mtb_tag_type(record->tag));
	} else {
		if (sequence <= batch->highest)
			batch->ascending = false;
		batch->lowest = batch->count ? min(batch->lowest, sequence) : sequence;
		batch->highest = max(batch->highest, sequence);
	}
	batch_count(batch, record);
	batch->insertions[batch->count++].record = record;
	return 0;
}

/**
 * mtb_batch_rebase() - Assign sequence numbers.
 * @batch: A batch that leaves them to the table.
 * @base: The number before the first.
 */
void mtb_batch_rebase(struct mtb_batch *batch, u64 base)
{
	u64 shift = mtb_tag(base - batch->base, 0);
	size_t i;

	for (i = 0; shift && i < batch->count; i++) {
		batch->insertions[i].record->tag += shift;
		cond_resched();
	}
	batch->base = base;
}

static int insertion_compare(const void *a, const void *b)
{
	const struct mtb_insertion *left = a, *right = b;
	struct mtb_key key;

	/* sort() itself neither reschedules nor can be told to stop. */
	cond_resched();
	if (fatal_signal_pending(current))
		return 0;
	mtb_record_key(left->record, false, &key);
	return mtb_key_compare(&key, right->record);
}

static int batch_sort(struct mtb_batch *batch)
{
	sort(batch->insertions, batch->count, sizeof(*batch->insertions), insertion_compare, NULL);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static bool same_version(const struct mtb_record *a, const struct mtb_record *b)
{
	return mtb_tag_sequence(a->tag) == mtb_tag_sequence(b->tag) && mtb_same_key(a, b);
}

/**
 * mtb_batch_check_unique() - Look for versions that occur twice in a batch.
 * @batch: A batch whose records brought their sequence numbers along.
 *
 * Return: 0, -EEXIST if two records have the same key and sequence number, or
 * -EINTR if a fatal signal is pending.
 */
int mtb_batch_check_unique(struct mtb_batch *batch)
{
	size_t i;
	int err;

	if (batch->ascending)
		return 0;

	err = batch_sort(batch);
	if (err)
		return err;
	for (i = 1; i < batch->count; i++) {
		if (same_version(batch->insertions[i - 1].record, batch->insertions[i].record))
			return -EEXIST;
		cond_resched();
	}
	return 0;
}

/**
 * mtb_batch_keep_newest() - Drop the records that others of a batch replace.
 * @batch: A batch, not empty, that leaves sequence numbers to the table.
 *
 * Return: 0, or -EINTR if a fatal signal is pending.
 */
int mtb_batch_keep_newest(struct mtb_batch *batch)
{
	struct mtb_insertion *insertions = batch->insertions;
	size_t i, kept = 1;
	int err;

	/* Of the versions of a key, the newest is the first. */
	err = batch_sort(batch);
	if (err)
		return err;
	for (i = 1; i < batch->count; i++) {
		if (mtb_same_key(insertions[kept - 1].record, insertions[i].record)) {
			batch_discount(batch, insertions[i].record);
			mtb_record_free(insertions[i].record);
		} else {
			insertions[kept++] = insertions[i];
		}
		cond_resched();
	}
	batch->count = kept;
	batch->newest = true;
	return 0;
}

/**
 * mtb_batch_set_trailer() - Have another trailer in each record of a batch.
 * @batch: The batch.
 * @trailer: What is to follow the value.
 *
 * Return: 0, or -ENOMEM, and then what was changed stays so.
 */
int mtb_batch_set_trailer(struct mtb_batch *batch, enum mtb_trailer trailer)
{
	struct mtb_record *record, *clone;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		record = batch->insertions[i].record;
		if (record->trailer == trailer)
			continue;
		clone = mtb_record_clone(record, trailer);
		if (!clone)
			return -ENOMEM;
		batch_discount(batch, record);
		batch_count(batch, clone);
		batch->insertions[i].record = clone;
		mtb_record_free(record);
		cond_resched();
	}
	batch->trailer = trailer;
	return 0;
}
