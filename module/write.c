// SPDX-License-Identifier: GPL-2.0
/*
 * Writes: admit a batch, link its records, make them visible, and in a map
 * table remove what they replace.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "owner.h"
#include "write.h"

/**
 * struct needs - What a batch has to get before it can be linked.
 * @blocks: Blocks in reserve.
 * @memory: What the table can grow by, in bytes; not more than this.
 * @trailer: What follows the value in each record.
 * @in_place: One key of a map is set or deleted where it is.
 * @old: If so, what it has, or NULL.
 */
struct needs {
	unsigned int blocks;
	u64 memory;
	enum mtb_trailer trailer;
	bool in_place;
	struct mtb_record *old;
};

static bool batch_has(const struct mtb_batch *batch, const struct needs *needs)
{
	if (needs->trailer == MTB_TRAILER_PIN && !batch->newest)
		return false;
	return batch->reserve.count >= needs->blocks && batch->trailer == needs->trailer;
}

/* Allocates, so the lock is not held. */
static int batch_provide(struct mtb_batch *batch, const struct needs *needs)
{
	int err;

	/* The table has just become a map. */
	if (needs->trailer == MTB_TRAILER_PIN && !batch->newest) {
		err = mtb_batch_keep_newest(batch);
		if (err)
			return err;
	}
	if (batch->trailer != needs->trailer) {
		err = mtb_batch_set_trailer(batch, needs->trailer);
		if (err)
			return err;
	}
	/* Some more, so that other writers' progress seldom asks for yet more. */
	return mtb_reserve_fill(&batch->reserve, needs->blocks + needs->blocks / 8);
}

/*
 * A batch that lacks blocks is planned twice. One record in forty splits a block, on
 * average: with a block for each sixteen that seldom comes. A very large batch is not
 * to take much that it may not need; and where there is no memory for what is only a
 * guess, there may be for what it comes to.
 */
#define RECORDS_A_BLOCK		16
#define BLOCKS_FORESEEN_MAX	256

static void batch_foresee(struct mtb_batch *batch, const struct mtb_table *table)
{
	size_t blocks = min_t(size_t, batch->count / RECORDS_A_BLOCK, BLOCKS_FORESEEN_MAX);

	if (blocks && !READ_ONCE(table->sealed))
		mtb_reserve_fill(&batch->reserve, blocks);
}

/* The newest version of the record's key from @tag down, or NULL. */
static struct mtb_record *version_from(struct mtb_table *table, const struct mtb_record *record,
				       u64 tag)
{
	struct mtb_record *found;
	struct mtb_key key;

	mtb_key_init(&key, table->index.reverse, record->data, record->key_length, tag);
	found = mtb_skiplist_find(&table->index, &key);
	return found && mtb_same_key(found, record) ? found : NULL;
}

static int check_absent(struct mtb_table *table, const struct mtb_batch *batch)
{
	const struct mtb_record *record, *found;
	u64 sequence;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		record = batch->insertions[i].record;
		sequence = mtb_tag_sequence(record->tag);
		found = version_from(table, record, mtb_tag(sequence, U8_MAX));
		if (found && mtb_tag_sequence(found->tag) == sequence)
			return -EEXIST;
	}
	return 0;
}

static int check_condition(struct mtb_table *table, const struct mtb_batch *batch,
			   struct mtb_condition *condition)
{
	const struct mtb_record *newest;
	u64 sequence;

	newest = version_from(table, batch->insertions[0].record, U64_MAX);
	sequence = newest ? mtb_tag_sequence(newest->tag) : 0;
	if (condition->flags & MEMTABLE_ADD_IF_ABSENT && newest &&
	    mtb_tag_type(newest->tag) == MEMTABLE_TYPE_VALUE) {
		condition->sequence = sequence;
		return -EEXIST;
	}
	if (condition->flags & MEMTABLE_ADD_IF_SEQUENCE && sequence != condition->sequence) {
		condition->sequence = sequence;
		return -EAGAIN;
	}
	return 0;
}

static bool is_deletion(const struct mtb_record *record)
{
	return mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION;
}

/* Memory that a map table gives back once the batch is applied, at least. */
static u64 replaced_memory(struct mtb_table *table, const struct mtb_batch *batch,
			   const struct needs *needs)
{
	const struct mtb_record *record, *old;
	u64 memory = 0;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		record = batch->insertions[i].record;
		old = version_from(table, record, U64_MAX);
		/*
		 * With an old one gone, the index may keep the new one for its key;
		 * and a new block may begin with any.
		 */
		if (old)
			memory += mtb_record_memory(old);
		else if (is_deletion(record) && !needs->blocks)
			memory += mtb_record_memory(record);
		cond_resched();
	}
	return memory;
}

/*
 * To replace or delete one key of a map takes no slot, and so no block: what is
 * full can still be changed, and emptied.
 */
static bool admit_in_place(struct mtb_table *table, const struct mtb_batch *batch,
			   struct needs *needs)
{
	const struct mtb_record *record = batch->insertions[0].record;

	if (!table->map || batch->count > 1)
		return false;
	needs->old = version_from(table, record, U64_MAX);
	return needs->old || is_deletion(record);
}

static int admit_sequences(struct mtb_table *table, struct mtb_batch *batch, struct needs *needs)
{
	u64 last_sequence = atomic64_read(&table->last_sequence);

	needs->trailer = table->map ? MTB_TRAILER_PIN : MTB_TRAILER_NONE;
	if (mtb_batch_automatic(batch)) {
		if (batch->sequences > MEMTABLE_MAX_SEQUENCE - last_sequence)
			return -EOVERFLOW;
		mtb_batch_rebase(batch, last_sequence);
		return 0;
	}
	if (table->map)
		return -EINVAL;
	if (batch->lowest > last_sequence)
		return 0;
	/* Even one record must not turn up in the middle of a reader's view. */
	needs->trailer = MTB_TRAILER_COMMIT;
	return check_absent(table, batch);
}

/* All that can refuse a batch, and what it needs. Nothing is linked yet. */
static int table_admit(struct mtb_table *table, struct mtb_batch *batch,
		       struct mtb_condition *condition, struct needs *needs)
{
	u64 usage = atomic64_read(&table->memory_usage);
	u64 grown, replaced = 0;
	int err;

	if (table->sealed)
		return -EROFS;
	if (condition && condition->flags) {
		err = check_condition(table, batch, condition);
		if (err)
			return err;
	}
	err = admit_sequences(table, batch, needs);
	if (err)
		return err;

	needs->in_place = admit_in_place(table, batch, needs);
	if (!needs->in_place) {
		err = mtb_skiplist_plan(&table->index, batch->insertions, batch->count,
					&needs->blocks);
		if (err)
			return err;
	}
	grown = batch->memory + (u64)needs->blocks * MTB_BLOCK_SIZE;
	if (table->map && (table->max_size || table->owner))
		replaced = replaced_memory(table, batch, needs);
	if (table->max_size && usage + grown - replaced > table->max_size)
		return -ENOSPC;
	needs->memory = grown > replaced ? grown - replaced : 0;
	return 0;
}

static void batch_account(struct mtb_table *table, const struct mtb_batch *batch, u64 blocks)
{
	mtb_figure_add(&table->entries, batch->count);
	mtb_figure_add(&table->tombstones, batch->tombstones);
	mtb_figure_add(&table->logical_bytes, batch->logical_bytes);
	mtb_figure_add(&table->memory_usage, batch->memory + blocks * MTB_BLOCK_SIZE);
}

static void batch_link(struct mtb_table *table, struct mtb_batch *batch)
{
	u64 commit = atomic64_read(&table->commits) + 1;
	u64 blocks = 0;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (batch->trailer == MTB_TRAILER_COMMIT)
			mtb_record_set_commit(batch->insertions[i].record, commit);
		blocks += mtb_skiplist_insert(&table->index, &batch->insertions[i],
					      &batch->reserve);
		cond_resched();
	}
	batch_account(table, batch, blocks);
}

static u64 batch_last_sequence(const struct mtb_batch *batch)
{
	return mtb_batch_automatic(batch) ? batch->base + batch->sequences : batch->highest;
}

/* Everything is linked: let readers see it. */
static void batch_publish(struct mtb_table *table, struct mtb_batch *batch)
{
	u64 last_sequence = atomic64_read(&table->last_sequence);

	/* Both pair with mtb_view_settle(). */
	atomic64_set_release(&table->last_sequence,
			     max(last_sequence, batch_last_sequence(batch)));
	if (batch->trailer == MTB_TRAILER_COMMIT)
		atomic64_set_release(&table->commits, atomic64_read(&table->commits) + 1);
}

/* It is out of the index: have it freed, and out of the figures. */
static void discard(struct mtb_table *table, struct mtb_record *record)
{
	mtb_record_pin(record)->next = table->removed.records;
	table->removed.records = record;

	mtb_figure_add(&table->entries, -1);
	if (is_deletion(record))
		mtb_figure_add(&table->tombstones, -1);
	mtb_figure_add(&table->logical_bytes,
		       -(s64)(record->key_length + (u64)mtb_record_value_length(record)));
	mtb_figure_add(&table->memory_usage, -(s64)mtb_record_memory(record));
}

static void purge(struct mtb_table *table, struct mtb_record *record)
{
	s64 grown = mtb_skiplist_remove(&table->index, record, &table->removed.blocks);

	mtb_figure_add(&table->memory_usage, grown);
	discard(table, record);
}

/* From now on, readers who miss something look whether this has moved. */
static void purges_add(struct mtb_table *table, unsigned int count)
{
	atomic64_set_release(&table->purges, atomic64_read(&table->purges) + count);
	/* Pairs with mtb_view_purged(). */
	smp_wmb();
}

/* Remove what the batch, now visible, has replaced or deleted. */
static void batch_purge(struct mtb_table *table, struct mtb_batch *batch)
{
	struct mtb_record *record, *old;
	size_t i;

	purges_add(table, 2);
	for (i = 0; i < batch->count; i++) {
		record = batch->insertions[i].record;
		old = version_from(table, record, record->tag - 1);
		if (old)
			purge(table, old);
		if (is_deletion(record))
			purge(table, record);
		cond_resched();
	}
	mtb_table_reap(table);
}

/*
 * Set or delete one key where it is. Until the new number is the last one, who
 * finds neither record has to look again; an odd count of purges says so, and
 * nothing interrupts what is done under it.
 */
static void batch_put_in_place(struct mtb_table *table, struct mtb_batch *batch,
			       struct mtb_record *old)
{
	struct mtb_record *record = batch->insertions[0].record;

	preempt_disable();
	purges_add(table, 1);
	if (old) {
		mtb_skiplist_replace(&table->index, old, record);
		batch_account(table, batch, 0);
		discard(table, old);
		if (is_deletion(record))
			purge(table, record);
		/* The record is the table's now. */
		batch->count = 0;
	}
	batch_publish(table, batch);
	purges_add(table, 1);
	preempt_enable();
	mtb_table_reap(table);
}

/* Nothing can fail any more, once the owner is charged. */
static int table_apply(struct mtb_table *table, struct mtb_batch *batch,
		       const struct needs *needs)
{
	u64 before = atomic64_read(&table->memory_usage), after;
	int err;

	err = mtb_owner_charge(table->owner, needs->memory);
	if (err)
		return err;
	if (needs->in_place) {
		batch_put_in_place(table, batch, needs->old);
	} else {
		batch_link(table, batch);
		batch_publish(table, batch);
		if (table->map)
			batch_purge(table, batch);
		/* The records are the table's now. */
		batch->count = 0;
	}
	after = atomic64_read(&table->memory_usage);
	mtb_owner_uncharge(table->owner, needs->memory - (after - before));
	return 0;
}

/**
 * mtb_table_write() - Apply a batch, whole or not at all.
 * @table: The table.
 * @batch: The batch. On success what it adds to the table is the table's.
 * @condition: What must hold for a batch of one record, or NULL.
 * @last_sequence: Takes the highest sequence number in the batch.
 *
 * Return: 0, -EROFS if the table is sealed, -EEXIST if a version is there
 * already, -EEXIST or -EAGAIN if the condition does not hold, -ENOSPC if the
 * table could pass its maximum size, -EDQUOT if its owner could pass theirs,
 * -EOVERFLOW if there are no sequence numbers left, -EINVAL if a record brings
 * a sequence number to a map table, -ENOMEM, -EINTR.
 */
int mtb_table_write(struct mtb_table *table, struct mtb_batch *batch,
		    struct mtb_condition *condition, u64 *last_sequence)
{
	struct needs needs __uninitialized;
	u32 before, after;
	int err = 0;

	*last_sequence = 0;
	if (!batch->count)
		return 0;
	if (!mtb_batch_automatic(batch))
		err = mtb_batch_check_unique(batch);
	else if (READ_ONCE(table->map))
		err = mtb_batch_keep_newest(batch);
	if (err)
		return err;

	batch_foresee(batch, table);
	/* The needs can change while the lock is dropped, so ask again. */
	for (;;) {
		if (mutex_lock_killable(&table->lock))
			return -EINTR;
		before = mtb_table_state(table);
		needs = (struct needs){};
		err = table_admit(table, batch, condition, &needs);
		if (err)
			goto unlock;
		if (batch_has(batch, &needs))
			break;
		mutex_unlock(&table->lock);
		err = batch_provide(batch, &needs);
		if (err)
			return err;
	}

	err = table_apply(table, batch, &needs);
	*last_sequence = batch_last_sequence(batch);
unlock:
	if (!err || err == -ENOSPC)
		WRITE_ONCE(table->refused, err);
	after = mtb_table_state(table);
	mutex_unlock(&table->lock);
	if (before != after)
		mtb_table_wake(table);
	return err;
}
