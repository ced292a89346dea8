/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scans: walking the entries of a table that a reader sees, in order.
 */
#ifndef MTB_SCAN_H
#define MTB_SCAN_H

#include "view.h"

/* What is taken in one section of RCU ends after so many records or blocks. */
#define MTB_SCAN_CHUNK	64
#define MTB_SCAN_BLOCKS	64

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
 * enum mtb_scan_end - Why a scan has no further record.
 * @MTB_SCAN_DONE: The range ends.
 * @MTB_SCAN_CUT: Entries have moved to another table meanwhile, or a map has
 *	been emptied and become another table: what was returned is good,
 *	whether there is more must be found out anew.
 * @MTB_SCAN_PAUSED: In a map, a chunk ends; the next one is yet to be taken.
 * @MTB_SCAN_INTERRUPTED: A fatal signal is pending.
 */
enum mtb_scan_end {
	MTB_SCAN_DONE,
	MTB_SCAN_CUT,
	MTB_SCAN_PAUSED,
	MTB_SCAN_INTERRUPTED,
};

/**
 * struct mtb_scan - A scan in progress.
 * @table: The table.
 * @view: What the reader sees.
 * @flags: Bits of &enum memtable_scan_flags, as far as they choose records.
 * @map: The table is a map, so that records can be removed.
 * @bounded: There is an end bound.
 * @ended: Why @upcoming is NULL.
 * @end: The place where the range ends, between two records.
 * @resume: In a map, the place from which the next chunk is taken.
 * @from_start: @resume is where the direction comes from.
 * @upcoming: The next record to look at, or NULL at the end.
 * @chosen: The version chosen for the key at hand, or NULL.
 * @cursor: Its place in the index.
 * @chunk: In a map, the records taken together, each with a reference.
 * @count: How many there are.
 * @position: How many of them have been returned.
 * @blocks: In a map, how many blocks the chunk has come to.
 * @paused: In a map, the record that the chunk ends at, with a reference, or NULL.
 * @from: In a map, that of the chunk before, whose key @resume has, or NULL.
 * @last: In a map, the last record returned of the chunks before, with a
 *	reference, or NULL.
 *
 * In a versioned table the scan walks the index, and returns the records that
 * it finds there. In a map they do not stay: there the scan takes a chunk of
 * them at a time, in one view and one section of RCU.
 *
 * It is large: keep it off the stack.
 */
struct mtb_scan {
	struct mtb_table *table;
	struct mtb_view view;
	u32 flags;
	bool map;
	bool bounded;
	bool from_start;
	enum mtb_scan_end ended;
	struct mtb_key end;
	struct mtb_key resume;
	struct mtb_record *upcoming;
	struct mtb_record *chosen;
	struct mtb_cursor cursor;
	struct mtb_record *chunk[MTB_SCAN_CHUNK];
	unsigned int count;
	unsigned int position;
	unsigned int blocks;
	struct mtb_record *paused;
	struct mtb_record *from;
	struct mtb_record *last;
};

void mtb_scan_start(struct mtb_scan *scan, struct mtb_table *table, const struct mtb_view *view,
		    u32 flags, const struct mtb_bound *start, const struct mtb_bound *end);
struct mtb_record *mtb_scan_next(struct mtb_scan *scan);
int mtb_scan_error(const struct mtb_scan *scan);
void mtb_scan_finish(struct mtb_scan *scan);

#endif /* MTB_SCAN_H */
