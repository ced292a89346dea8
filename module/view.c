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

#include "compat.h"
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

static bool has_key(const struct mtb_record *record, const struct mtb_key *key)
{
	return record->key_length == key->length && !memcmp(record->data, key->data, key->length);
}

/*
 * A late batch is on its way in: look behind its versions. There are no late
 * ones in maps, so what is found stays; but once a split has emptied the table
 * it may become a map.
 */
static noinline struct mtb_record *find_behind(const struct mtb_view *view,
					       struct mtb_table *table,
					       const struct mtb_key *key)
{
	struct mtb_cursor cursor;
	struct mtb_record *record;

	rcu_read_lock();
	record = mtb_cursor_seek(&cursor, &table->index, key);
	if (mtb_view_cut(view, table))
		record = NULL;
	rcu_read_unlock();
	for (; record && has_key(record, key); record = mtb_cursor_next(&cursor)) {
		if (mtb_view_sees(view, record))
			return record;
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
	}
	return NULL;
}

/* Map tables keep no tombstones; one that is passing through is no answer. */
static bool passing(const struct mtb_record *record)
{
	return record->trailer == MTB_TRAILER_PIN &&
	       mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION;
}

/**
 * struct hidden - Keys whose first version the view does not show.
 * @count: How many there are.
 * @at: Which of the lookups at hand they are.
 */
struct hidden {
	unsigned int count;
	u8 at[MTB_SEARCHES];
};

/* Find the first version of each key, under RCU, and keep those that the view shows. */
static void find_first(const struct mtb_view *view, struct mtb_table *table,
		       struct mtb_search *searches, struct mtb_lookup *lookups,
		       unsigned int count, struct hidden *hidden)
{
	struct mtb_record *record;
	unsigned int i;

	rcu_read_lock();
	if (count == 1)
		searches->record = mtb_skiplist_find(&table->index, &searches->key);
	else
		mtb_skiplist_find_many(&table->index, searches, count);
	for (i = 0; i < count; i++) {
		record = searches[i].record;
		if (!record || !has_key(record, &searches[i].key))
			continue;
		if (!mtb_view_sees(view, record)) {
			if (record->trailer == MTB_TRAILER_COMMIT)
				hidden->at[hidden->count++] = i;
		} else if (!passing(record) && mtb_record_tryget(record)) {
			lookups[i].record = record;
		}
	}
	rcu_read_unlock();
}

/* Look up as many keys as are worth being searched at once. */
static int lookup_some(const struct mtb_view *view, struct mtb_table *table,
		       struct mtb_lookup *lookups, unsigned int count)
{
	struct mtb_search searches[MTB_SEARCHES] __uninitialized;
	struct hidden hidden = { .count = 0 };
	struct mtb_record *record;
	unsigned int i, at;

	for (i = 0; i < count; i++) {
		mtb_key_init(&searches[i].key, READ_ONCE(table->index.reverse), lookups[i].key,
			     lookups[i].key_length, mtb_tag(view->snapshot, U8_MAX));
	}
	find_first(view, table, searches, lookups, count, &hidden);
	for (i = 0; i < hidden.count; i++) {
		at = hidden.at[i];
		record = find_behind(view, table, &searches[at].key);
		if (IS_ERR(record))
			return PTR_ERR(record);
		lookups[at].record = record;
	}
	return 0;
}

/* Returns whether the view held, so that the answers are of one moment. */
static int lookup_once(const struct mtb_view *view, struct mtb_table *table,
		       struct mtb_lookup *lookups, size_t count)
{
	unsigned int some;
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		lookups[i].record = NULL;
	for (i = 0; i < count; i += some) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		some = min_t(size_t, count - i, MTB_SEARCHES);
		err = lookup_some(view, table, &lookups[i], some);
		if (err)
			return err;
	}
	for (i = 0; i < count && lookups[i].record; i++)
		;
	/* What was missed may have gone. */
	if (i < count && (mtb_view_cut(view, table) || mtb_view_purged(view, table)))
		return -EAGAIN;
	return 0;
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
