/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Splits: moving a table's upper part to another one.
 */
#ifndef MTB_SPLIT_H
#define MTB_SPLIT_H

#include "table.h"

int mtb_table_pivot(struct mtb_table *table, void *key, u32 size, u32 *length);
int mtb_table_split(struct mtb_table *table, struct mtb_table *right, const void *pivot,
		    u32 length, struct mtb_entry *entry);

#endif /* MTB_SPLIT_H */
