// SPDX-License-Identifier: GPL-2.0
/*
 * Scans: bounds, direction and the choice among the versions of a key.
 */
#include <linux/sched/signal.h>

#include "scan.h"

/*
 * A bound as an internal key that lies between records: right before the
 * versions that it names, or right @after them. Real tags are neither 0 nor
 * U64_MAX, for sequence numbers start at one and types end at one.
 */
static void bound_cut(const struct mtb_bound *bound, bool after, struct mtb_key *cut)
{
	u64 tag;

	if (bound->sequence)
		tag = after ? mtb_tag(bound->sequence, 0) - 1 : mtb_tag(bound->sequence, U8_MAX);
	else
		tag = after ? 0 : U64_MAX;
	mtb_key_init(cut, bound->data, bound->length, tag);
}

static bool scan_reverse(const struct mtb_scan *scan)
{
	return scan->flags & MEMTABLE_SCAN_REVERSE;
}

/* Is @record, or NULL, past the end of the range? */
static bool scan_past(const struct mtb_scan *scan, const struct mtb_record *record)
{
	int order;

	if (!record)
		return true;
	if (!scan->bounded)
		return false;
	order = mtb_key_compare(&scan->end, record);
	return scan_reverse(scan) ? order > 0 : order <= 0;
}

static void scan_take(struct mtb_scan *scan, struct mtb_record *record)
{
	scan->upcoming = scan_past(scan, record) ? NULL : record;
}

static void scan_step(struct mtb_scan *scan)
{
	if (fatal_signal_pending(current)) {
		scan->interrupted = true;
		scan->upcoming = NULL;
		return;
	}
	if (scan_reverse(scan))
		scan_take(scan, mtb_cursor_prev(&scan->cursor));
	else
		scan_take(scan, mtb_cursor_next(&scan->cursor));
}

/**
 * mtb_scan_start() - Start a scan.
 * @scan: The scan.
 * @table: The table, which the caller holds for as long as the scan is used.
 * @view: What the reader sees.
 * @flags: Bits of &enum memtable_scan_flags: direction and what to return.
 *	Those about bounds and form are ignored.
 * @start: Where to start, or NULL for where the direction comes from.
 * @end: Where to end, likewise. The bytes of both keys must stay.
 */
void mtb_scan_start(struct mtb_scan *scan, struct mtb_table *table, const struct mtb_view *view,
		    u32 flags, const struct mtb_bound *start, const struct mtb_bound *end)
{
	bool reverse = flags & MEMTABLE_SCAN_REVERSE;
	struct mtb_cursor *cursor = &scan->cursor;
	struct mtb_record *record;
	struct mtb_key cut;

	scan->view = *view;
	scan->flags = flags;
	scan->chosen = NULL;
	scan->interrupted = false;
	scan->bounded = end;
	if (end)
		bound_cut(end, end->exclusive == reverse, &scan->end);

	if (start) {
		bound_cut(start, start->exclusive != reverse, &cut);
		record = reverse ? mtb_cursor_seek_before(cursor, &table->index, &cut) :
				   mtb_cursor_seek(cursor, &table->index, &cut);
	} else {
		record = reverse ? mtb_cursor_last(cursor, &table->index) :
				   mtb_cursor_first(cursor, &table->index);
	}
	scan_take(scan, record);
}

/* Forward, the newest visible version of a key comes first of those visible. */
static struct mtb_record *next_newest(struct mtb_scan *scan)
{
	struct mtb_record *record;

	while ((record = scan->upcoming)) {
		scan_step(scan);
		if (!mtb_view_sees(&scan->view, record))
			continue;
		if (scan->chosen && mtb_same_key(scan->chosen, record))
			continue;
		scan->chosen = record;
		return record;
	}
	return NULL;
}

/* Backward it comes last: wait for the key to change. */
static struct mtb_record *prev_newest(struct mtb_scan *scan)
{
	struct mtb_record *record;

	scan->chosen = NULL;
	while ((record = scan->upcoming)) {
		if (scan->chosen && !mtb_same_key(scan->chosen, record))
			break;
		if (mtb_view_sees(&scan->view, record))
			scan->chosen = record;
		scan_step(scan);
	}
	return scan->interrupted ? NULL : scan->chosen;
}

static struct mtb_record *next_version(struct mtb_scan *scan)
{
	struct mtb_record *record;

	while ((record = scan->upcoming)) {
		scan_step(scan);
		if (mtb_view_sees(&scan->view, record))
			return record;
	}
	return NULL;
}

/**
 * mtb_scan_next() - Return the next record of a scan.
 * @scan: The scan.
 *
 * Return: the record, or NULL at the end or if a fatal signal is pending, see
 * &mtb_scan.interrupted.
 */
struct mtb_record *mtb_scan_next(struct mtb_scan *scan)
{
	struct mtb_record *record;

	do {
		if (scan->flags & MEMTABLE_SCAN_ALL_VERSIONS)
			record = next_version(scan);
		else if (scan_reverse(scan))
			record = prev_newest(scan);
		else
			record = next_newest(scan);
	} while (record && mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION &&
		 !(scan->flags & MEMTABLE_SCAN_TOMBSTONES));
	return record;
}
