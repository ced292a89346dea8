// SPDX-License-Identifier: GPL-2.0
/*
 * Scans: bounds, direction and the choice among the versions of a key.
 */
#include <linux/errno.h>
#include <linux/sched/signal.h>

#include "scan.h"

/*
 * A bound as an internal key that lies between records: right before the
 * versions that it names, or right @after them. Real tags are neither 0 nor
 * U64_MAX, for sequence numbers start at one and types end at one.
 */
static void bound_cut(const struct mtb_bound *bound, struct mtb_table *table, bool after,
		      struct mtb_key *cut)
{
	u64 tag;

	/* The one version that a map has may have another number by now. */
	if (bound->sequence && !READ_ONCE(table->map))
		tag = after ? mtb_tag(bound->sequence, 0) - 1 : mtb_tag(bound->sequence, U8_MAX);
	else
		tag = after ? 0 : U64_MAX;
	mtb_key_init(cut, READ_ONCE(table->index.reverse), bound->data, bound->length, tag);
}

static bool scan_backward(const struct mtb_scan *scan)
{
	return scan->flags & MEMTABLE_SCAN_REVERSE;
}

/* Is @record, or NULL, past the end of the range? */
static inline bool scan_past(const struct mtb_scan *scan, const struct mtb_record *record)
{
	int order;

	if (!record)
		return true;
	if (!scan->bounded)
		return false;
	order = mtb_key_compare(&scan->end, record);
	return scan_backward(scan) ? order > 0 : order <= 0;
}

static void scan_end(struct mtb_scan *scan, enum mtb_scan_end ended)
{
	scan->ended = ended;
	scan->upcoming = NULL;
}

static inline void scan_take(struct mtb_scan *scan, struct mtb_record *record)
{
	if (scan_past(scan, record))
		scan_end(scan, MTB_SCAN_DONE);
	else
		scan->upcoming = record;
}

/*
 * Take a record from a block that the cursor has just come to. A map may have been
 * emptied, and become another table since.
 */
static void scan_take_first(struct mtb_scan *scan, struct mtb_record *record)
{
	if (mtb_view_cut(&scan->view, scan->table) ||
	    (scan->map && record && record->trailer != MTB_TRAILER_PIN))
		scan_end(scan, MTB_SCAN_CUT);
	else
		scan_take(scan, record);
}

/* Go to the place to resume from. Under RCU. */
static void scan_place(struct mtb_scan *scan)
{
	const struct mtb_skiplist *index = &scan->table->index;
	struct mtb_cursor *cursor = &scan->cursor;
	struct mtb_record *record;

	if (!scan->from_start)
		record = scan_backward(scan) ?
			 mtb_cursor_seek_before(cursor, index, &scan->resume) :
			 mtb_cursor_seek(cursor, index, &scan->resume);
	else
		record = scan_backward(scan) ? mtb_cursor_last(cursor, index) :
					       mtb_cursor_first(cursor, index);
	scan->chosen = NULL;
	scan_take_first(scan, record);
}

/* In a map, end the chunk at @record, to go on behind its key, unless it is going. */
static void scan_pause(struct mtb_scan *scan, struct mtb_record *record)
{
	if (!mtb_record_tryget(record))
		return;
	scan->paused = record;
	scan_end(scan, MTB_SCAN_PAUSED);
}

/* Go to the next block. */
static void scan_step_on(struct mtb_scan *scan)
{
	struct mtb_cursor *cursor = &scan->cursor;
	struct mtb_record *record = scan->upcoming;

	if (fatal_signal_pending(current)) {
		scan_end(scan, MTB_SCAN_INTERRUPTED);
		return;
	}
	if (!scan->map)
		cond_resched();
	/* A split can leave a table empty, and then it can become a map. */
	rcu_read_lock();
	scan_take_first(scan, scan_backward(scan) ? mtb_cursor_prev(cursor) :
						    mtb_cursor_next(cursor));
	rcu_read_unlock();
	/*
	 * All of a batch on its way in may lie here. In a map no two blocks have
	 * versions of one key that a view shows, so that this key is done with.
	 */
	if (scan->map && ++scan->blocks >= MTB_SCAN_BLOCKS && scan->upcoming)
		scan_pause(scan, record);
}

static inline void scan_step(struct mtb_scan *scan)
{
	struct mtb_cursor *cursor = &scan->cursor;

	/* What the cursor has of a block was all there when it came to it. */
	if (scan_backward(scan)) {
		if (mtb_cursor_has_prev(cursor))
			return scan_take(scan, mtb_cursor_prev_at_hand(cursor));
	} else {
		if (mtb_cursor_has_next(cursor))
			return scan_take(scan, mtb_cursor_next_at_hand(cursor));
	}
	scan_step_on(scan);
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
	/* Unless the key has ended, a newer version may be yet to come. */
	return record || scan->ended == MTB_SCAN_DONE || scan->ended == MTB_SCAN_PAUSED ?
	       scan->chosen : NULL;
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

static struct mtb_record *scan_walk(struct mtb_scan *scan)
{
	struct mtb_record *record;

	do {
		if (scan->flags & MEMTABLE_SCAN_ALL_VERSIONS)
			record = next_version(scan);
		else if (scan_backward(scan))
			record = prev_newest(scan);
		else
			record = next_newest(scan);
	} while (record && mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION &&
		 !(scan->flags & MEMTABLE_SCAN_TOMBSTONES));
	return record;
}

static void chunk_put(struct mtb_scan *scan)
{
	while (scan->count)
		mtb_record_put(scan->chunk[--scan->count]);
	scan->position = 0;
	if (scan->paused)
		mtb_record_put(scan->paused);
	scan->paused = NULL;
}

/* Take a chunk in one view. */
static void chunk_fill(struct mtb_scan *scan)
{
	unsigned int cuts = scan->view.cuts;
	struct mtb_record *record;

	chunk_put(scan);
	cond_resched();
	mtb_view_settle(&scan->view, scan->table, 0);
	/* What has moved since the scan began is missing in all that comes. */
	scan->view.cuts = cuts;
	scan->blocks = 0;
	rcu_read_lock();
	scan_place(scan);
	while (scan->count < MTB_SCAN_CHUNK && (record = scan_walk(scan))) {
		if (mtb_record_tryget(record))
			scan->chunk[scan->count++] = record;
	}
	if (scan->upcoming)
		scan_pause(scan, scan->chunk[scan->count - 1]);
	rcu_read_unlock();
}

/* Keep another record, and the reference to it. */
static void keep(struct mtb_record **kept, struct mtb_record *record)
{
	if (*kept)
		mtb_record_put(*kept);
	*kept = record;
}

/* Nothing is missing in the chunk: the next one is what follows it. */
static void chunk_settle(struct mtb_scan *scan)
{
	if (scan->ended != MTB_SCAN_PAUSED)
		return;
	keep(&scan->from, scan->paused);
	scan->paused = NULL;
	scan->from_start = false;
	mtb_key_init(&scan->resume, READ_ONCE(scan->table->index.reverse), scan->from->data,
		     scan->from->key_length, scan_backward(scan) ? U64_MAX : 0);
}

static void chunk_take(struct mtb_scan *scan)
{
	unsigned int tries;

	for (tries = 0; tries < MTB_VIEW_TRIES; tries++) {
		chunk_fill(scan);
		if (scan->ended == MTB_SCAN_INTERRUPTED)
			return;
		if (!mtb_view_purged(&scan->view, scan->table))
			return chunk_settle(scan);
	}

	/* Writers keep purging: have them wait for once. */
	if (mutex_lock_killable(&scan->table->lock)) {
		chunk_put(scan);
		scan_end(scan, MTB_SCAN_INTERRUPTED);
		return;
	}
	chunk_fill(scan);
	mutex_unlock(&scan->table->lock);
	chunk_settle(scan);
}

static struct mtb_record *map_next(struct mtb_scan *scan)
{
	while (scan->position == scan->count) {
		if (scan->ended != MTB_SCAN_PAUSED)
			return NULL;
		/* What was returned stays until something else is. */
		if (scan->count)
			keep(&scan->last, scan->chunk[--scan->count]);
		chunk_take(scan);
	}
	return scan->chunk[scan->position++];
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
 *
 * The caller calls mtb_scan_finish() in the end.
 */
void mtb_scan_start(struct mtb_scan *scan, struct mtb_table *table, const struct mtb_view *view,
		    u32 flags, const struct mtb_bound *start, const struct mtb_bound *end)
{
	bool backward = flags & MEMTABLE_SCAN_REVERSE;

	scan->table = table;
	scan->view = *view;
	scan->flags = flags;
	scan->from_start = !start;
	scan->bounded = end;
	scan->ended = MTB_SCAN_DONE;
	scan->map = false;
	scan->paused = NULL;
	scan->from = NULL;
	scan->last = NULL;
	scan->count = 0;
	scan->position = 0;
	if (start)
		bound_cut(start, table, start->exclusive != backward, &scan->resume);
	if (end)
		bound_cut(end, table, end->exclusive == backward, &scan->end);

	rcu_read_lock();
	scan_place(scan);
	/*
	 * An empty table can become a map as late as this. What was found
	 * before it did is there for good; pairs with the release of links.
	 * What was found in a map is not, even if it has become another table.
	 */
	smp_rmb();
	scan->map = READ_ONCE(table->map) ||
		    (scan->upcoming && scan->upcoming->trailer == MTB_TRAILER_PIN);
	rcu_read_unlock();
	if (scan->map) {
		scan->flags &= ~(MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES);
		/* No chunk has been taken yet. */
		scan_end(scan, MTB_SCAN_PAUSED);
	}
}

/**
 * mtb_scan_next() - Return the next record of a scan.
 * @scan: The scan.
 *
 * Return: the record, which stays until the next one is returned or the scan is
 * finished, or NULL at the end, see &mtb_scan.ended.
 */
struct mtb_record *mtb_scan_next(struct mtb_scan *scan)
{
	return scan->map ? map_next(scan) : scan_walk(scan);
}

/**
 * mtb_scan_error() - Tell why a scan ended that returned nothing.
 * @scan: The scan.
 *
 * Return: 0 if there is nothing, -EAGAIN if it must be done anew, -EINTR.
 */
int mtb_scan_error(const struct mtb_scan *scan)
{
	switch (scan->ended) {
	case MTB_SCAN_CUT:
		return -EAGAIN;
	case MTB_SCAN_INTERRUPTED:
		return -EINTR;
	default:
		return 0;
	}
}

/**
 * mtb_scan_finish() - End a scan.
 * @scan: The scan.
 */
void mtb_scan_finish(struct mtb_scan *scan)
{
	chunk_put(scan);
	keep(&scan->from, NULL);
	keep(&scan->last, NULL);
}
