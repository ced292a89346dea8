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
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "skiplist.h"

struct mtb_batch;

/**
 * struct mtb_table - A memtable.
 * @index: Its entries.
 * @id: Tells this table from every other one since the module was loaded.
 * @last_sequence: Highest sequence number that readers see. Set (release) once
 *	a batch is linked; whoever loads it (acquire) finds the whole batch.
 * @commits: Late batches so far: those with sequence numbers at or below
 *	@last_sequence. Set (release) once such a batch is linked, after
 *	@last_sequence; see mtb_table_view().
 * @entries: Entries, all versions and tombstones counted.
 * @tombstones: How many of them are tombstones.
 * @logical_bytes: Sum of the lengths of keys and values.
 * @memory_usage: Memory that records and blocks take, in bytes.
 * @write_buffer_size: Memory usage at which the table asks to be flushed.
 * @max_size: Memory usage that no write may pass; zero for no limit.
 * @sealed: No more writes.
 * @lock: Held by writers; all of the above is written under it, and read
 *	without.
 * @watchers_lock: Covers @watchers. Taken inside @lock or alone.
 * @watchers: Who wants to know when the table's state changes.
 * @ref: References: open files, requests in progress, the registry.
 * @free_work: Frees the table after the last one, off the caller's path.
 */
struct mtb_table {
	struct mtb_skiplist index;
	u64 id;
	atomic64_t last_sequence;
	atomic64_t commits;
	atomic64_t entries;
	atomic64_t tombstones;
	atomic64_t logical_bytes;
	atomic64_t memory_usage;
	u64 write_buffer_size;
	u64 max_size;
	bool sealed;
	struct mutex lock;		/* writers */
	spinlock_t watchers_lock;	/* the list below */
	struct list_head watchers;
	struct kref ref;
	struct rcu_work free_work;
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

/**
 * struct mtb_view - What of a table a reader sees.
 * @snapshot: Highest sequence number.
 * @commits: Highest commit number.
 */
struct mtb_view {
	u64 snapshot;
	u64 commits;
};

int mtb_table_module_init(void);
void mtb_table_module_exit(void);

struct mtb_table *mtb_table_create(void);
bool mtb_table_tryget(struct mtb_table *table);
void mtb_table_put(struct mtb_table *table);

int mtb_table_configure(struct mtb_table *table, const struct memtable_configure *config);
int mtb_table_write(struct mtb_table *table, struct mtb_batch *batch, u64 *last_sequence);
int mtb_table_seal(struct mtb_table *table);

void mtb_table_view(struct mtb_table *table, u64 snapshot, struct mtb_view *view);
bool mtb_view_sees(const struct mtb_view *view, const struct mtb_record *record);
struct mtb_record *mtb_table_lookup(struct mtb_table *table, const struct mtb_view *view,
				    const void *data, u16 length);

u32 mtb_table_state(struct mtb_table *table);
void mtb_table_info(struct mtb_table *table, struct memtable_info *info);

void mtb_watcher_init(struct mtb_watcher *watcher);
void mtb_table_watch(struct mtb_table *table, struct mtb_watcher *watcher);
void mtb_table_unwatch(struct mtb_table *table, struct mtb_watcher *watcher);

#endif /* MTB_TABLE_H */
