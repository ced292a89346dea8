/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables: what the device offers, without a word about user memory.
 */
#ifndef MTB_TABLE_H
#define MTB_TABLE_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "skiplist.h"

struct mtb_batch;
struct mtb_epoch;
struct mtb_entry;
struct mtb_owner;

/**
 * struct mtb_removed - What has been removed from an index.
 * @records: The first record, or NULL; each leads to the next with its pin.
 * @blocks: The first block, or NULL.
 */
struct mtb_removed {
	struct mtb_record *records;
	struct mtb_block *blocks;
};

/**
 * struct mtb_table - A memtable.
 * @last_sequence: Highest sequence number that readers see. Set (release) once
 *	a batch is linked; whoever loads it (acquire) finds the whole batch.
 * @commits: Late batches so far: those with sequence numbers at or below
 *	@last_sequence. Set (release) once such a batch is linked, after
 *	@last_sequence; see mtb_view_settle().
 * @purges: Moves when versions that are not the newest are removed. Odd while
 *	one is replaced or removed before @last_sequence says so.
 * @cuts: Covers the moment in which entries move to another table.
 * @map: Only the newest version of a key is kept.
 * @index: Its entries.
 * @id: Tells this table from every other one since the module was loaded.
 * @entries: Entries, all versions and tombstones counted.
 * @tombstones: How many of them are tombstones.
 * @logical_bytes: Sum of the lengths of keys and values.
 * @memory_usage: Memory that records and blocks take, in bytes.
 * @write_buffer_size: Memory usage at which the table asks to be flushed.
 * @max_size: Memory usage that no write may pass; zero for no limit.
 * @sealed: No more writes.
 * @refused: The last write was refused for lack of room.
 * @owner: The user in whose registry the table is, or NULL.
 * @entry: The registry's entry for it, or NULL. Under the registry's lock.
 * @removed: What is waiting for the next grace period to begin.
 * @reaped: What is waiting for the current one to pass, if @reaping.
 * @reaping: @reap_work is under way.
 * @lock: Held by writers; all of the above is written under it, and read
 *	without, each by itself, but for @owner and what has been removed. What
 *	readers must see in order is published with release semantics.
 * @watchers_lock: Covers @watchers. Taken inside @lock or alone.
 * @watchers: Who wants to know when the table's state changes.
 * @epoch: Through this, requests reach the table. Read under RCU, replaced
 *	under @lock.
 * @users: References of open files and of the registry. The last one lets go
 *	of @epoch.
 * @ref: References of epochs and of work under way. The last one frees the
 *	table.
 * @reap_work: Frees what was removed, after a grace period.
 * @free_work: Frees the table, off the caller's path.
 *
 * What a look-up needs of all this is in the first 64 bytes, up to the middle of @index,
 * and what every write changes follows, but for @last_sequence: where readers and a
 * writer run on different processors, that costs them one cache line, not two.
 */
struct mtb_table {
	atomic64_t last_sequence;
	atomic64_t commits;
	atomic64_t purges;
	seqcount_t cuts;
	bool map;
	struct mtb_skiplist index;
	u64 id;
	atomic64_t entries;
	atomic64_t tombstones;
	atomic64_t logical_bytes;
	atomic64_t memory_usage;
	u64 write_buffer_size;
	u64 max_size;
	bool sealed;
	bool refused;
	struct mtb_owner *owner;
	struct mtb_entry *entry;
	struct mtb_removed removed;
	struct mtb_removed reaped;
	bool reaping;
	struct mutex lock;		/* writers */
	spinlock_t watchers_lock;	/* the list below */
	struct list_head watchers;
	struct mtb_epoch __rcu *epoch;
	struct kref users;
	struct kref ref;
	struct rcu_work reap_work;
	struct rcu_work free_work;
};

/**
 * struct mtb_epoch - A time between two splits of a table.
 * @ref: References: one of the table while this is the current epoch, one of
 *	each request that began in it.
 * @table: The table.
 * @split_off: The first epoch of the table that this one ended with splitting
 *	off, or NULL while it has not ended.
 * @next: The epoch after this one, or NULL likewise.
 * @ended: The next one on a list of those that end together.
 * @rcu: To free it.
 *
 * An epoch that has ended holds references to @split_off and @next: requests
 * that began in it may be reading in whatever this table, or a part of it, is
 * split into later.
 */
struct mtb_epoch {
	struct kref ref;
	struct mtb_table *table;
	struct mtb_epoch *split_off;
	struct mtb_epoch *next;
	struct mtb_epoch *ended;
	struct rcu_head rcu;
};

/**
 * struct mtb_watcher - Somebody who polls a table.
 * @node: In the table's list.
 * @wait: Woken when the table's state changes.
 */
struct mtb_watcher {
	struct list_head node;
	wait_queue_head_t wait;
};

int mtb_table_module_init(void);
void mtb_table_module_exit(void);

struct mtb_table *mtb_table_create(void);
void mtb_table_configure_like(struct mtb_table *table, struct mtb_table *other);
void mtb_table_get(struct mtb_table *table);
void mtb_table_put(struct mtb_table *table);
struct mtb_epoch *mtb_table_enter(struct mtb_table *table);
struct mtb_epoch *mtb_epoch_create(struct mtb_table *table);
void mtb_epoch_put(struct mtb_epoch *epoch);

int mtb_table_configure(struct mtb_table *table, const struct memtable_configure *config);
int mtb_table_seal(struct mtb_table *table);

u32 mtb_table_state(struct mtb_table *table);
void mtb_table_info(struct mtb_table *table, struct memtable_info *info);
void mtb_table_reap(struct mtb_table *table);

/* Under the table's lock, so that it need not be atomic; others read meanwhile. */
static inline void mtb_figure_add(atomic64_t *figure, s64 by)
{
	atomic64_set(figure, atomic64_read(figure) + by);
}

/*
 * What records for the table are best made with. Until its lock is taken it may
 * still become another one.
 */
static inline enum mtb_trailer mtb_table_trailer(const struct mtb_table *table)
{
	return READ_ONCE(table->map) ? MTB_TRAILER_PIN : MTB_TRAILER_NONE;
}

void mtb_watcher_init(struct mtb_watcher *watcher);
void mtb_watcher_wake(struct mtb_watcher *watcher);
void mtb_table_watch(struct mtb_table *table, struct mtb_watcher *watcher);
void mtb_table_unwatch(struct mtb_table *table, struct mtb_watcher *watcher);
void mtb_table_wake(struct mtb_table *table);

#endif /* MTB_TABLE_H */
