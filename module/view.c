// SPDX-License-Identifier: GPL-2.0
/*
 * Views
 *
 * A batch becomes visible in one step, however many records it has. Usually
 * its sequence numbers are above all that are there: readers ignore them until
 * last_sequence, set after the last record is linked, reaches them. A batch
 * with a number at or below last_sequence is late: each of its records carries
 * a commit number too, the next one, and readers ignore it until commits
 * reaches that.
 *
 * Entries leave a table in two ways, and a reader that misses one because of
 * that looks again, with a new view:
 *
 *  - A map table purges a version once a newer one is visible. A reader whose
 *    view is older can see neither; what it does find is good.
 *  - A split moves entries to another table.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "view.h"

/**
 * mtb_view_settle() - Settle what a reader sees from now on.
 * @view: Takes the view.
 * @table: The table.
 * @snapshot: As callers name it: the highest sequence number wanted, zero for
 *	the latest, or %MEMTABLE_SNAPSHOT_EMPTY.
 */
void mtb_view_settle(struct mtb_view *view, struct mtb_table *table, u64 snapshot)
{
	u64 last_sequence;

	view->cuts = read_seqcount_begin(&table->cuts);
	/* Pairs with batch_purge(): who sees a purge sees what it made way for. */
	view->purges = atomic64_read_acquire(&table->purges);
	/*
	 * Both pair with batch_publish(). A late batch may also have numbers
	 * above last_sequence, so whoever sees its commit must see these too:
	 * commits come first.
	 */
	view->commits = atomic64_read_acquire(&table->commits);
	last_sequence = atomic64_read_acquire(&table->last_sequence);
	if (!snapshot || READ_ONCE(table->map))
		view->snapshot = last_sequence;
	else if (snapshot == MEMTABLE_SNAPSHOT_EMPTY)
		view->snapshot = 0;
	else
		view->snapshot = min(snapshot, last_sequence);
}

/**
 * mtb_view_cut() - Tell whether entries have moved to another table.
 * @view: The view.
 * @table: The table.
 *
 * Return: true if they have since the view was settled.
 */
bool mtb_view_cut(const struct mtb_view *view, const struct mtb_table *table)
{
	return read_seqcount_retry(&table->cuts, view->cuts);
}

/**
 * mtb_view_purged() - Tell whether versions have been purged.
 * @view: The view.
 * @table: The table.
 *
 * Return: true if some have since the view was settled.
 */
bool mtb_view_purged(const struct mtb_view *view, const struct mtb_table *table)
{
	u64 purges;

	/* What was missed is looked at before. Pairs with batch_purge(). */
	smp_rmb();
	purges = atomic64_read(&table->purges);
	return purges != view->purges || purges & 1;
}

/**
 * mtb_view_sees() - Tell whether a reader sees a record.
 * @view: What the reader sees.
 * @record: The record.
 *
 * Return: true if it does.
 */
bool mtb_view_sees(const struct mtb_view *view, const struct mtb_record *record)
{
	if (mtb_tag_sequence(record->tag) > view->snapshot)
		return false;
	return record->trailer != MTB_TRAILER_COMMIT ||
	       mtb_record_commit(record) <= view->commits;
}

/* The first version at or after @key, with a reference if the view shows it. */
static struct mtb_record *find_first(const struct mtb_view *view, struct mtb_table *table,
				     const struct mtb_key *key, bool *shown)
{
	struct mtb_record *record;

	rcu_read_lock();
	record = mtb_skiplist_find(&table->index, key);
	if (!record || record->key_length != key->length ||
	    memcmp(record->data, key->data, key->length))
		record = NULL;
	*shown = record && mtb_view_sees(view, record);
	if (*shown && !mtb_record_tryget(record))
		record = NULL;
	rcu_read_unlock();
	return record;
}

/*
 * A late batch is on its way in: look behind its versions. There are no late
 * ones in maps, so what is found stays.
 */
static noinline struct mtb_record *find_behind(const struct mtb_view *view,
					       struct mtb_table *table,
					       const struct mtb_key *key)
{
	struct mtb_cursor cursor;
	struct mtb_record *record;

	for (record = mtb_cursor_seek(&cursor, &table->index, key);
	     record && record->key_length == key->length &&
	     !memcmp(record->data, key->data, key->length);
	     record = mtb_cursor_next(&cursor)) {
		if (mtb_view_sees(view, record))
			return record;
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
	}
	return NULL;
}

/* The newest version of a key that the view shows, with a reference, or NULL. */
static struct mtb_record *find_version(const struct mtb_view *view, struct mtb_table *table,
				       const struct mtb_lookup *lookup)
{
	struct mtb_record *record;
	struct mtb_key key;
	bool shown;

	mtb_key_init(&key, READ_ONCE(table->index.reverse), lookup->key, lookup->key_length,
		     mtb_tag(view->snapshot, U8_MAX));
	record = find_first(view, table, &key, &shown);
	return !record || shown ? record : find_behind(view, table, &key);
}

/* Map tables keep no tombstones; one that is passing through is no answer. */
static bool passing(const struct mtb_record *record)
{
	return record->trailer == MTB_TRAILER_PIN &&
	       mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION;
}

/* Returns whether the view held, so that the answers are of one moment. */
static int lookup_once(const struct mtb_view *view, struct mtb_table *table,
		       struct mtb_lookup *lookups, size_t count)
{
	struct mtb_record *record;
	bool missed = false;
	size_t i;

	for (i = 0; i < count; i++)
		lookups[i].record = NULL;
	for (i = 0; i < count; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		record = find_version(view, table, &lookups[i]);
		if (IS_ERR(record))
			return PTR_ERR(record);
		missed |= !record;
		if (record && passing(record)) {
			mtb_record_put(record);
			record = NULL;
		}
		lookups[i].record = record;
	}
	if (!missed)
		return 0;
	return mtb_view_cut(view, table) || mtb_view_purged(view, table) ? -EAGAIN : 0;
}

/**
 * mtb_view_lookup() - Find the newest versions of keys, all in one view.
 * @view: Takes the view.
 * @table: The table.
 * @snapshot: As for mtb_view_settle().
 * @lookups: The keys; takes the answers.
 * @count: How many there are.
 *
 * Return: 0, or -EINTR if a fatal signal is pending.
 */
int mtb_view_lookup(struct mtb_view *view, struct mtb_table *table, u64 snapshot,
		    struct mtb_lookup *lookups, size_t count)
{
	unsigned int tries;
	int err;

	for (tries = 0; tries < MTB_VIEW_TRIES; tries++) {
		mtb_view_settle(view, table, snapshot);
		err = lookup_once(view, table, lookups, count);
		if (!err)
			return 0;
		mtb_lookup_put(lookups, count);
		if (err != -EAGAIN)
			return err;
	}

	/* Writers keep purging: have them wait for once. */
	if (mutex_lock_killable(&table->lock))
		return -EINTR;
	mtb_view_settle(view, table, snapshot);
	err = lookup_once(view, table, lookups, count);
	mutex_unlock(&table->lock);
	if (err)
		mtb_lookup_put(lookups, count);
	return err;
}

/**
 * mtb_lookup_put() - Put the answers of a lookup.
 * @lookups: The answers.
 * @count: How many there are.
 */
void mtb_lookup_put(struct mtb_lookup *lookups, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (lookups[i].record)
			mtb_record_put(lookups[i].record);
		lookups[i].record = NULL;
	}
}
