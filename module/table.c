// SPDX-License-Identifier: GPL-2.0
/*
 * A memtable: its life, its configuration, its figures and who watches it.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "table.h"

#define WRITE_BUFFER_SIZE_DEFAULT	(4ULL << 20)

/* How near to its maximum size a table is called full. */
#define FULL_DISTANCE			4096

static struct workqueue_struct *free_queue;
static atomic64_t last_id = ATOMIC64_INIT(0);
static atomic_t live_tables = ATOMIC_INIT(0);

static void removed_free(struct mtb_removed *removed)
{
	struct mtb_record *record, *next;

	for (record = removed->records; record; record = next) {
		next = mtb_record_pin(record)->next;
		mtb_record_put(record);
		cond_resched();
	}
	mtb_block_free_list(removed->blocks);
	*removed = (struct mtb_removed){};
}

static void table_free(struct mtb_table *table)
{
	removed_free(&table->removed);
	mtb_skiplist_destroy(&table->index);
	mutex_destroy(&table->lock);
	kfree(table);
	if (atomic_dec_and_test(&live_tables))
		wake_up_var(&live_tables);
}

static void table_free_work(struct work_struct *work)
{
	table_free(container_of(to_rcu_work(work), struct mtb_table, free_work));
}

static void table_release_ref(struct kref *ref)
{
	struct mtb_table *table = container_of(ref, struct mtb_table, ref);

	/* A million entries take a while, and mtb_table_enter() may be on. */
	queue_rcu_work(free_queue, &table->free_work);
}

static void epoch_release(struct kref *ref)
{
	struct mtb_epoch *epoch = container_of(ref, struct mtb_epoch, ref);

	kref_put(&epoch->table->ref, table_release_ref);
}

/* Drop a reference; with the last one the epoch goes on the list *@ended. */
static void epoch_drop(struct mtb_epoch *epoch, struct mtb_epoch **ended)
{
	if (epoch && kref_put(&epoch->ref, epoch_release)) {
		epoch->ended = *ended;
		*ended = epoch;
	}
}

/**
 * mtb_epoch_put() - Drop a reference to an epoch.
 * @epoch: The epoch.
 */
void mtb_epoch_put(struct mtb_epoch *epoch)
{
	struct mtb_epoch *ended = NULL;

	/* Many may be held by the ones before them only: no place for recursion. */
	epoch_drop(epoch, &ended);
	while (ended) {
		epoch = ended;
		ended = epoch->ended;
		epoch_drop(epoch->split_off, &ended);
		epoch_drop(epoch->next, &ended);
		kfree_rcu(epoch, rcu);
	}
}

/**
 * mtb_epoch_create() - Make an epoch.
 * @table: The table; the epoch takes a reference.
 *
 * Return: the epoch, with one reference, or NULL if there is no memory.
 */
struct mtb_epoch *mtb_epoch_create(struct mtb_table *table)
{
	struct mtb_epoch *epoch = kzalloc(sizeof(*epoch), MTB_GFP);

	if (!epoch)
		return NULL;
	kref_init(&epoch->ref);
	kref_get(&table->ref);
	epoch->table = table;
	return epoch;
}

/**
 * mtb_table_enter() - Begin a request.
 * @table: A table.
 *
 * Context: under the RCU read lock, which need not be held any more after it.
 * Return: the table's current epoch, with a reference for the caller, or NULL
 * if nobody uses the table any more.
 */
struct mtb_epoch *mtb_table_enter(struct mtb_table *table)
{
	struct mtb_epoch *epoch, *old = NULL;

	/* An epoch that has ended is replaced before it loses its reference. */
	for (;;) {
		epoch = rcu_dereference(table->epoch);
		if (epoch == old)
			return NULL;
		if (kref_get_unless_zero(&epoch->ref))
			return epoch;
		old = epoch;
		/* Pairs with the release of the last reference in epoch_drop(). */
		smp_rmb();
	}
}

static void table_reap_work(struct work_struct *work);

/**
 * mtb_table_create() - Make an empty table.
 *
 * Return: the table, with one reference, or NULL if there is no memory.
 */
struct mtb_table *mtb_table_create(void)
{
	struct mtb_table *table = kzalloc(sizeof(*table), MTB_GFP);
	struct mtb_epoch *epoch;

	if (!table)
		return NULL;
	mutex_init(&table->lock);
	if (mtb_skiplist_init(&table->index, &table->lock))
		goto free;
	kref_init(&table->users);
	kref_init(&table->ref);
	epoch = mtb_epoch_create(table);
	if (!epoch)
		goto destroy;
	/* From here on it is the epoch that holds the table. */
	kref_put(&table->ref, table_release_ref);
	atomic_inc(&live_tables);
	RCU_INIT_POINTER(table->epoch, epoch);
	table->id = atomic64_inc_return(&last_id);
	table->write_buffer_size = WRITE_BUFFER_SIZE_DEFAULT;
	atomic64_set(&table->memory_usage, MTB_BLOCK_SIZE);
	seqcount_init(&table->cuts);
	spin_lock_init(&table->watchers_lock);
	INIT_LIST_HEAD(&table->watchers);
	INIT_RCU_WORK(&table->reap_work, table_reap_work);
	INIT_RCU_WORK(&table->free_work, table_free_work);
	return table;

destroy:
	mtb_skiplist_destroy(&table->index);
free:
	mutex_destroy(&table->lock);
	kfree(table);
	return NULL;
}

/**
 * mtb_table_configure_like() - Give a table the configuration of another one.
 * @table: A table that nobody else knows yet.
 * @other: The other table, whose lock is held.
 *
 * It also goes on with the other one's sequence numbers.
 */
void mtb_table_configure_like(struct mtb_table *table, struct mtb_table *other)
{
	lockdep_assert_held(&other->lock);

	table->map = other->map;
	table->index.reverse = other->index.reverse;
	table->write_buffer_size = other->write_buffer_size;
	table->max_size = other->max_size;
	atomic64_set(&table->last_sequence, atomic64_read(&other->last_sequence));
	atomic64_set(&table->commits, atomic64_read(&other->commits));
}

/**
 * mtb_table_get() - Take a reference to a table.
 * @table: A table that the caller has a reference to.
 */
void mtb_table_get(struct mtb_table *table)
{
	kref_get(&table->users);
}

static void table_release_users(struct kref *users)
{
	struct mtb_table *table = container_of(users, struct mtb_table, users);

	/* Nobody is left to split it. */
	mtb_epoch_put(rcu_dereference_protected(table->epoch, true));
}

/**
 * mtb_table_put() - Drop a reference to a table.
 * @table: The table; it is freed, some time later, if this was the last one.
 */
void mtb_table_put(struct mtb_table *table)
{
	kref_put(&table->users, table_release_users);
}

static void table_reap_work(struct work_struct *work)
{
	struct mtb_table *table = container_of(to_rcu_work(work), struct mtb_table, reap_work);

	removed_free(&table->reaped);
	mutex_lock(&table->lock);
	table->reaping = false;
	mtb_table_reap(table);
	mutex_unlock(&table->lock);
	kref_put(&table->ref, table_release_ref);
}

/**
 * mtb_table_reap() - Have what was removed freed after a grace period.
 * @table: The table.
 *
 * One grace period at a time: what is removed meanwhile is up for the next.
 *
 * Context: under the table's lock.
 */
void mtb_table_reap(struct mtb_table *table)
{
	lockdep_assert_held(&table->lock);

	if (table->reaping || (!table->removed.records && !table->removed.blocks))
		return;
	table->reaping = true;
	table->reaped = table->removed;
	table->removed = (struct mtb_removed){};
	kref_get(&table->ref);
	queue_rcu_work(free_queue, &table->reap_work);
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
 * mtb_watcher_wake() - Wake a watcher.
 * @watcher: The watcher.
 */
void mtb_watcher_wake(struct mtb_watcher *watcher)
{
	wake_up_interruptible_poll(&watcher->wait,
				   EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM);
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

/**
 * mtb_table_wake() - Wake a table's watchers.
 * @table: The table, whose state has changed.
 */
void mtb_table_wake(struct mtb_table *table)
{
	struct mtb_watcher *watcher;

	spin_lock(&table->watchers_lock);
	list_for_each_entry(watcher, &table->watchers, node)
		mtb_watcher_wake(watcher);
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
	if (READ_ONCE(table->refused) || (max_size && usage + FULL_DISTANCE > max_size))
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
	info->order = READ_ONCE(table->index.reverse) ? MEMTABLE_ORDER_REVERSE :
							 MEMTABLE_ORDER_BYTEWISE;
	info->kind = READ_ONCE(table->map) ? MEMTABLE_KIND_MAP : MEMTABLE_KIND_VERSIONED;
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

	if (config->order > MEMTABLE_ORDER_REVERSE || config->kind > MEMTABLE_KIND_MAP)
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
		WRITE_ONCE(table->map, config->kind == MEMTABLE_KIND_MAP);
		WRITE_ONCE(table->index.reverse, config->order == MEMTABLE_ORDER_REVERSE);
		WRITE_ONCE(table->write_buffer_size, write_buffer_size);
		WRITE_ONCE(table->max_size, config->max_size);
		WRITE_ONCE(table->refused, false);
	}
	mutex_unlock(&table->lock);

	if (!err)
		mtb_table_wake(table);
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
	bool sealed;

	if (mutex_lock_killable(&table->lock))
		return -EINTR;
	sealed = table->sealed;
	WRITE_ONCE(table->sealed, true);
	mutex_unlock(&table->lock);

	if (!sealed)
		mtb_table_wake(table);
	return 0;
}

/**
 * mtb_table_module_init() - Create the work queue that frees tables.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_table_module_init(void)
{
	free_queue = alloc_workqueue("memtable", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return free_queue ? 0 : -ENOMEM;
}

/**
 * mtb_table_module_exit() - Wait for all tables to be freed.
 */
void mtb_table_module_exit(void)
{
	wait_var_event(&live_tables, !atomic_read(&live_tables));
	destroy_workqueue(free_queue);
}
