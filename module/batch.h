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
 * @single: What @insertions points to before it outgrows it.
 * @reserve: Blocks for the index.
 * @memory: Memory that the records take, in bytes.
 * @logical_bytes: Sum of the lengths of keys and values.
 * @tombstones: How many of the records are tombstones.
 * @lowest: Lowest sequence number, zero if the table is to assign them.
 * @highest: Highest sequence number, zero likewise.
 * @ascending: Sequence numbers rise from each record to the next.
 * @late: The records have room for a commit number.
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
	u64 lowest;
	u64 highest;
	bool ascending;
	bool late;
};

void mtb_batch_init(struct mtb_batch *batch);
void mtb_batch_destroy(struct mtb_batch *batch);
int mtb_batch_add(struct mtb_batch *batch, struct mtb_record *record);
int mtb_batch_check_unique(struct mtb_batch *batch);
int mtb_batch_make_late(struct mtb_batch *batch);

/* The table is to assign the sequence numbers. */
static inline bool mtb_batch_automatic(const struct mtb_batch *batch)
{
	return !batch->highest;
}

#endif /* MTB_BATCH_H */
