/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches: records on their way into a table, all at once.
 */
#ifndef MTB_BATCH_H
#define MTB_BATCH_H

#include "skiplist.h"

/**
 * struct mtb_batch - Records to be written together.
 * @insertions: The records. Those with a sequence number of their own may get
 *	reordered; the others stay in the order of their addition.
 * @count: How many records there are.
 * @capacity: Room in @insertions.
 * @single: What @insertions points to until it outgrows it; mtb_batch_add() sets it.
 * @reserve: Blocks for the index.
 * @memory: Memory that the records take, in bytes.
 * @logical_bytes: Sum of the lengths of keys and values.
 * @tombstones: How many of the records are tombstones.
 * @sequences: How many sequence numbers the table is to assign.
 * @base: What has been added to the numbers from 1 to @sequences that the
 *	records have at first, if the table is to assign them.
 * @lowest: Lowest sequence number that the records brought along.
 * @highest: Highest one.
 * @ascending: They rise from each record to the next.
 * @newest: Each key occurs once, as mtb_batch_keep_newest() leaves it.
 * @trailer: What follows the value in each record.
 *
 * The batch owns its records until the table takes them over.
 */
struct mtb_batch {
	struct mtb_insertion *insertions;
	size_t count;
	size_t capacity;
	struct mtb_insertion single;
	struct mtb_reserve reserve;
	u64 memory;
	u64 logical_bytes;
	u64 tombstones;
	u64 sequences;
	u64 base;
	u64 lowest;
	u64 highest;
	bool ascending;
	bool newest;
	enum mtb_trailer trailer;
};

void mtb_batch_init(struct mtb_batch *batch, enum mtb_trailer trailer);
void mtb_batch_destroy(struct mtb_batch *batch);
int mtb_batch_add(struct mtb_batch *batch, struct mtb_record *record);
int mtb_batch_check_unique(struct mtb_batch *batch);
void mtb_batch_rebase(struct mtb_batch *batch, u64 base);
int mtb_batch_keep_newest(struct mtb_batch *batch);
int mtb_batch_set_trailer(struct mtb_batch *batch, enum mtb_trailer trailer);

/* The table is to assign the sequence numbers. */
static inline bool mtb_batch_automatic(const struct mtb_batch *batch)
{
	return batch->sequences;
}

#endif /* MTB_BATCH_H */
