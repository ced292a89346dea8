// SPDX-License-Identifier: GPL-2.0
/*
 * A memtable: sequence numbers, snapshots, capacity and seal around the index.
 *
 * What readers see
 *
 * A batch becomes visible in one step, however many records it has. Usually
 * its sequence numbers are above all that are there: readers ignore them until
 * last_sequence, set after the last record is linked, reaches them. A batch
 * with a number at or below last_sequence is late: each of its records carries
 * a commit number too, the next one, and readers ignore it until commits
 * reaches that.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "batch.h"
#include "table.h"

#define WRITE_BUFFER_SIZE_DEFAULT	(4ULL << 20)

/* How near to its maximum size a table is called full. */
#define FULL_DISTANCE			4096

static struct workqueue_struct *free_queue;
static atomic64_t last_id = ATOMIC64_INIT(0);

static void table_free(struct mtb_table *table)
{
	mtb_skiplist_destroy(&table->index);
	mutex_destroy(&table->lock);
	kfree(table);
}

static void table_free_work(struct work_struct *work)
{
	table_free(container_of(to_rcu_work(work), struct mtb_table, free_work));
}

/**
 * mtb_table_create() - Make an empty table.
 *
 * Return: the table, with one reference, or NULL if there is no memory.
 */
struct mtb_table *mtb_table_create(void)
{
	struct mtb_table *table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);

	if (!table)
		return NULL;
	mutex_init(&table->lock);
	if (mtb_skiplist_init(&table->index, &table->lock)) {
		mutex_destroy(&table->lock);
		kfree(table);
		return NULL;
	}
	table->id = atomic64_inc_return(&last_id);
	table->write_buffer_size = WRITE_BUFFER_SIZE_DEFAULT;
	atomic64_set(&table->memory_usage, MTB_BLOCK_SIZE);
	spin_lock_init(&table->watchers_lock);
	INIT_LIST_HEAD(&table->watchers);
	kref_init(&table->ref);
	INIT_RCU_WORK(&table->free_work, table_free_work);
	return table;
}

/**
 * mtb_table_tryget() - Take a reference to a table found under RCU.
 * @table: The table.
 *
 * Return: false if the last reference is already gone.
 */
bool mtb_table_tryget(struct mtb_table *table)
{
	return kref_get_unless_zero(&table->ref);
}

static void table_release(struct kref *ref)
{
	struct mtb_table *table = container_of(ref, struct mtb_table, ref);

	/* A million entries take a while, and mtb_table_tryget() may be on. */
	queue_rcu_work(free_queue, &table->free_work);
}

/**
 * mtb_table_put() - Drop a reference.
 * @table: The table; it is freed, some time later, if this was the last one.
 */
void mtb_table_put(struct mtb_table *table)
{
	kref_put(&table->ref, table_release);
}

/**
 * mtb_watcher_init() - Make a watcher.
 * @watcher: The watcher.
 */
void mtb_watcher_init(struct mtb_watcher *watcher)
{
	INIT_LIST_HEAD(&watcher->node);
	init_waitqueue_head(&watcher->wait);
}

/**
 * mtb_table_watch() - Have a watcher woken when a table's state changes.
 * @table: The table.
 * @watcher: The watcher.
 */
void mtb_table_watch(struct mtb_table *table, struct mtb_watcher *watcher)
{
	spin_lock(&table->watchers_lock);
	list_add(&watcher->node, &table->watchers);
	spin_unlock(&table->watchers_lock);
}

/**
 * mtb_table_unwatch() - End that.
 * @table: The table.
 * @watcher: The watcher.
 */
void mtb_table_unwatch(struct mtb_table *table, struct mtb_watcher *watcher)
{
	spin_lock(&table->watchers_lock);
	list_del_init(&watcher->node);
	spin_unlock(&table->watchers_lock);
}

static void table_wake(struct mtb_table *table)
{
	struct mtb_watcher *watcher;

	spin_lock(&table->watchers_lock);
	list_for_each_entry(watcher, &table->watchers, node)
		wake_up_interruptible_all(&watcher->wait);
	spin_unlock(&table->watchers_lock);
}

/**
 * mtb_table_state() - Tell a table's state.
 * @table: The table.
 *
 * Return: bits of &enum memtable_state.
 */
u32 mtb_table_state(struct mtb_table *table)
{
	u64 usage = atomic64_read(&table->memory_usage);
	u64 max_size = READ_ONCE(table->max_size);
	u32 state = 0;

	if (READ_ONCE(table->sealed))
		state |= MEMTABLE_STATE_SEALED;
	if (usage >= READ_ONCE(table->write_buffer_size))
		state |= MEMTABLE_STATE_FLUSH;
	if (max_size && usage + FULL_DISTANCE > max_size)
		state |= MEMTABLE_STATE_FULL;
	return state;
}

/**
 * mtb_table_info() - Tell a table's figures.
 * @table: The table.
 * @info: Takes them; fields about the interface are left alone.
 */
void mtb_table_info(struct mtb_table *table, struct memtable_info *info)
{
	info->state = mtb_table_state(table);
	info->order = MEMTABLE_ORDER_BYTEWISE;
	info->kind = MEMTABLE_KIND_VERSIONED;
	info->entries = atomic64_read(&table->entries);
	info->tombstones = atomic64_read(&table->tombstones);
	info->logical_bytes = atomic64_read(&table->logical_bytes);
	info->memory_usage = atomic64_read(&table->memory_usage);
	info->last_sequence = atomic64_read(&table->last_sequence);
	info->write_buffer_size = READ_ONCE(table->write_buffer_size);
	info->max_size = READ_ONCE(table->max_size);
}

/**
 * mtb_table_configure() - Replace an empty table's configuration.
 * @table: The table.
 * @config: The configuration; flags and reserved fields are checked already.
 *
 * Return: 0, -EINVAL, -EBUSY if there are entries, -EROFS if the table is
 * sealed, -EINTR.
 */
int mtb_table_configure(struct mtb_table *table, const struct memtable_configure *config)
{
	u64 write_buffer_size = config->write_buffer_size ?: WRITE_BUFFER_SIZE_DEFAULT;
	int err = 0;

	if (config->order != MEMTABLE_ORDER_BYTEWISE || config->kind != MEMTABLE_KIND_VERSIONED)
		return -EINVAL;
	if (config->max_size) {
		if (config->write_buffer_size > config->max_size)
			return -EINVAL;
		write_buffer_size = min(write_buffer_size, config->max_size);
	}

	if (mutex_lock_killable(&table->lock))
		return -EINTR;
	if (table->sealed) {
		err = -EROFS;
	} else if (atomic64_read(&table->entries)) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(table->write_buffer_size, write_buffer_size);
		WRITE_ONCE(table->max_size, config->max_size);
	}
	mutex_unlock(&table->lock);

	if (!err)
		table_wake(table);
	return err;
}

/**
 * mtb_table_seal() - Make a table immutable.
 * @table: The table.
 *
 * Return: 0 or -EINTR.
 */
int mtb_table_seal(struct mtb_table *table)
{
	if (mutex_lock_killable(&table->lock))
		return -EINTR;
	WRITE_ONCE(table->sealed, true);
	mutex_unlock(&table->lock);

	table_wake(table);
	return 0;
}

/* Is a version of the key with the record's sequence number there? */
static bool table_has(struct mtb_table *table, const struct mtb_record *record)
{
	u64 sequence = mtb_tag_sequence(record->tag);
	struct mtb_record *found;
	struct mtb_key key;

	mtb_key_init(&key, record->data, record->key_length, mtb_tag(sequence, U8_MAX));
	found = mtb_skiplist_find(&table->index, &key);
	return found && mtb_tag_sequence(found->tag) == sequence && mtb_same_key(found, record);
}

static int table_check_absent(struct mtb_table *table, const struct mtb_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (table_has(table, batch->insertions[i].record))
			return -EEXIST;
		cond_resched();
	}
	return 0;
}

static void assign_sequences(struct mtb_batch *batch, u64 last_sequence)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		struct mtb_record *record = batch->insertions[i].record;

		record->tag = mtb_tag(++last_sequence, mtb_tag_type(record->tag));
		cond_resched();
	}
}

/**
 * struct needs - What a batch has to get before it can be linked.
 * @blocks: Blocks in reserve.
 * @late: Room for commit numbers.
 */
struct needs {
	unsigned int blocks;
	bool late;
};

static bool batch_has(const struct mtb_batch *batch, const struct needs *needs)
{
	return batch->reserve.count >= needs->blocks && batch->late >= needs->late;
}

/* Allocates, so the lock is not held. */
static int batch_provide(struct mtb_batch *batch, struct mtb_table *table,
			 const struct needs *needs)
{
	int err;

	if (needs->late && !batch->late) {
		err = mtb_batch_make_late(batch);
		if (err)
			return err;
	}
	return mtb_reserve_fill(&batch->reserve, &table->index, needs->blocks);
}

/* All that can refuse a batch, and what it needs. Nothing is linked yet. */
static int table_admit(struct mtb_table *table, struct mtb_batch *batch, struct needs *needs)
{
	u64 last_sequence = atomic64_read(&table->last_sequence);
	u64 usage = atomic64_read(&table->memory_usage);
	int err;

	if (table->sealed)
		return -EROFS;

	if (mtb_batch_automatic(batch)) {
		if (batch->count > MEMTABLE_MAX_SEQUENCE - last_sequence)
			return -EOVERFLOW;
		assign_sequences(batch, last_sequence);
	} else if (batch->lowest <= last_sequence) {
		err = table_check_absent(table, batch);
		if (err)
			return err;
		/* A single record becomes visible in one step as it is. */
		needs->late = batch->count > 1;
	}

	needs->blocks = mtb_skiplist_plan(&table->index, batch->insertions, batch->count);
	usage += batch->memory + (u64)needs->blocks * MTB_BLOCK_SIZE;
	if (table->max_size && usage > table->max_size)
		return -ENOSPC;
	return 0;
}

/* Link the records, then let readers see them: in this order. */
static void table_apply(struct mtb_table *table, struct mtb_batch *batch, bool late)
{
	u64 last_sequence = atomic64_read(&table->last_sequence);
	u64 commit = atomic64_read(&table->commits) + 1;
	unsigned int blocks = 0;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (late)
			mtb_record_set_commit(batch->insertions[i].record, commit);
		blocks += mtb_skiplist_insert(&table->index, &batch->insertions[i],
					      &batch->reserve);
		cond_resched();
	}

	atomic64_add(batch->count, &table->entries);
	atomic64_add(batch->tombstones, &table->tombstones);
	atomic64_add(batch->logical_bytes, &table->logical_bytes);
	atomic64_add(batch->memory + (u64)blocks * MTB_BLOCK_SIZE, &table->memory_usage);

	if (mtb_batch_automatic(batch))
		last_sequence += batch->count;
	else
		last_sequence = max(last_sequence, batch->highest);
	/* Both pair with mtb_table_view(). */
	atomic64_set_release(&table->last_sequence, last_sequence);
	if (late)
		atomic64_set_release(&table->commits, commit);
}

/**
 * mtb_table_write() - Apply a batch, whole or not at all.
 * @table: The table.
 * @batch: The batch. On success its records are the table's.
 * @last_sequence: Takes the highest sequence number in the batch.
 *
 * Return: 0, -EROFS if the table is sealed, -EEXIST if a version is there
 * already, -ENOSPC if the table could pass its maximum size, -EOVERFLOW if
 * there are no sequence numbers left, -ENOMEM, -EINTR.
 */
int mtb_table_write(struct mtb_table *table, struct mtb_batch *batch, u64 *last_sequence)
{
	struct needs needs;
	u32 before, after;
	int err;

	err = mtb_batch_check_unique(batch);
	if (err)
		return err;

	/* The needs can grow while the lock is dropped, so ask again. */
	for (;;) {
		if (mutex_lock_killable(&table->lock))
			return -EINTR;
		needs = (struct needs){};
		err = table_admit(table, batch, &needs);
		if (err)
			goto unlock;
		if (batch_has(batch, &needs))
			break;
		mutex_unlock(&table->lock);
		err = batch_provide(batch, table, &needs);
		if (err)
			return err;
	}

	before = mtb_table_state(table);
	table_apply(table, batch, needs.late);
	after = mtb_table_state(table);
	*last_sequence = mtb_batch_automatic(batch) ? atomic64_read(&table->last_sequence) :
						      batch->highest;
	batch->count = 0;
unlock:
	mutex_unlock(&table->lock);
	if (!err && before != after)
		table_wake(table);
	return err;
}

/**
 * mtb_table_view() - Settle what a reader sees from now on.
 * @table: The table.
 * @snapshot: Highest sequence number wanted, or zero for the latest.
 * @view: Takes the view.
 */
void mtb_table_view(struct mtb_table *table, u64 snapshot, struct mtb_view *view)
{
	u64 last_sequence;

	/*
	 * Both pair with table_apply(). A late batch may also have numbers
	 * above last_sequence, so whoever sees its commit must see these too:
	 * commits come first.
	 */
	view->commits = atomic64_read_acquire(&table->commits);
	last_sequence = atomic64_read_acquire(&table->last_sequence);
	view->snapshot = snapshot ? min(snapshot, last_sequence) : last_sequence;
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
	return !record->has_commit || mtb_record_commit(record) <= view->commits;
}

/**
 * mtb_table_lookup() - Find the newest version of a key.
 * @table: The table.
 * @view: What the reader sees.
 * @data: The key's bytes.
 * @length: Length of the key, in bytes.
 *
 * Return: the record, a tombstone perhaps, or NULL if there is none. It stays
 * for as long as the caller holds the table.
 */
struct mtb_record *mtb_table_lookup(struct mtb_table *table, const struct mtb_view *view,
				    const void *data, u16 length)
{
	struct mtb_record *record;
	struct mtb_key key;

	mtb_key_init(&key, data, length, mtb_tag(view->snapshot, U8_MAX));
	for (;;) {
		record = mtb_skiplist_find(&table->index, &key);
		if (!record || record->key_length != length || memcmp(record->data, data, length))
			return NULL;
		if (mtb_view_sees(view, record))
			return record;
		/* A late batch is on its way in: look behind its version. */
		key.tag = record->tag - 1;
		cond_resched();
	}
}

/**
 * mtb_table_module_init() - Create the work queue that frees tables.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_table_module_init(void)
{
	free_queue = alloc_workqueue("memtable", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

/**
 * mtb_table_module_exit() - Wait for all tables to be freed.
 */
void mtb_table_module_exit(void)
{
	/* Work that waits for a grace period is not in the queue yet. */
	rcu_barrier();
	destroy_workqueue(free_queue);
}
