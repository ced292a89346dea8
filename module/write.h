/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes: batches into tables.
 */
#ifndef MTB_WRITE_H
#define MTB_WRITE_H

#include "batch.h"
#include "table.h"

/**
 * struct mtb_condition - What must hold for a write of one record.
 * @flags: Bits of &enum memtable_add_flags.
 * @sequence: Sequence number of the key's newest entry, or zero for none: the
 *	one expected, and if the condition does not hold the one that it has.
 */
struct mtb_condition {
	u32 flags;
	u64 sequence;
};

int mtb_table_write(struct mtb_table *table, struct mtb_batch *batch,
		    struct mtb_condition *condition, u64 *last_sequence);

#endif /* MTB_WRITE_H */
