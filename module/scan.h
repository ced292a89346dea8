/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scans: walking the entries of a table that a reader sees, in order.
 */
#ifndef MTB_SCAN_H
#define MTB_SCAN_H

#include "table.h"

/**
 * struct mtb_bound - An end of a range.
 * @data: The bytes of its key.
 * @length: Length of the key, in bytes.
 * @sequence: The version meant, or zero for the key with all its versions.
 * @exclusive: The bound itself is not in the range.
 */
struct mtb_bound {
	const void *data;
	u32 length;
	u64 sequence;
	bool exclusive;
};

/**
 * struct mtb_scan - A scan in progress.
 * @view: What the reader sees.
 * @flags: Bits of &enum memtable_scan_flags, as far as they choose records.
 * @bounded: There is an end bound.
 * @interrupted: A fatal signal ended the scan.
 * @end: The place where the range ends, between two records.
 * @upcoming: The next record to look at, or NULL at the end.
 * @chosen: The version chosen for the key at hand, or NULL.
 * @cursor: Its place in the index.
 *
 * It is large: keep it off the stack.
 */
struct mtb_scan {
	struct mtb_view view;
	u32 flags;
	bool bounded;
	bool interrupted;
	struct mtb_key end;
	struct mtb_record *upcoming;
	struct mtb_record *chosen;
	struct mtb_cursor cursor;
};

void mtb_scan_start(struct mtb_scan *scan, struct mtb_table *table, const struct mtb_view *view,
		    u32 flags, const struct mtb_bound *start, const struct mtb_bound *end);
struct mtb_record *mtb_scan_next(struct mtb_scan *scan);

#endif /* MTB_SCAN_H */
