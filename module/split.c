// SPDX-License-Identifier: GPL-2.0
/*
 * Splits: where to cut a table, and what each part has afterwards.
 *
 * No record is copied: the upper part's blocks are handed over as they are. A
 * request that began before may be reading in them, so the epoch that it began
 * in holds the new table too; and it may miss what has moved, which the cuts
 * counter tells it.
 *
 * A new table that is to be published has its place in the registry before the
 * cut, which cannot be undone, and is found there after it.
 */
#include <linux/errno.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "owner.h"
#include "registry.h"
#include "split.h"

/**
 * struct part - What the upper part of a table has.
 * @first: Its first record, or NULL.
 * @entries: As in &struct mtb_table.
 * @tombstones: As in &struct mtb_table.
 * @logical_bytes: As in &struct mtb_table.
 * @memory: Memory that its records take, in bytes.
 * @moving: Memory that is to leave the table at most, blocks too, in bytes.
 * @added: Memory that blocks can take which a cut brings about, and the new
 *	table's first one, in bytes.
 */
struct part {
	const struct mtb_record *first;
	u64 entries;
	u64 tombstones;
	u64 logical_bytes;
	u64 memory;
	u64 moving;
	u64 added;
};

static u64 record_bytes(const struct mtb_record *record)
{
	return record->key_length + (u64)mtb_record_value_length(record);
}

static void part_add(struct part *part, const struct mtb_record *record)
{
	part->entries++;
	if (mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		part->tombstones++;
	part->logical_bytes += record_bytes(record);
	part->memory += mtb_record_memory(record);
}

/*
 * Sum up from @pivot on, or if it is NULL from the key at which both parts are
 * most nearly alike: the sum of those before it, key by key, is at first below
 * the half and then above.
 */
static int part_measure(struct part *part, struct mtb_table *table, const struct mtb_key *pivot,
			struct mtb_cursor *cursor)
{
	u64 total = atomic64_read(&table->logical_bytes), before = 0, best = U64_MAX;
	struct mtb_record *record, *last = NULL;

	if (pivot)
		record = mtb_cursor_seek(cursor, &table->index, pivot);
	else
		record = mtb_cursor_first(cursor, &table->index);
	*part = (struct part){ .first = pivot ? record : NULL };
	for (; record; record = mtb_cursor_next(cursor)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!pivot && !(last && mtb_same_key(last, record))) {
			u64 uneven = max(before, total - before) - min(before, total - before);

			if (uneven < best) {
				best = uneven;
				*part = (struct part){ .first = record };
			}
		}
		part_add(part, record);
		before += record_bytes(record);
		last = record;
	}
	return 0;
}

/* Take the upper part's place in the registry, with all that it may take charged. */
static int part_reserve(struct part *part, struct mtb_table *table, struct mtb_table *right,
			struct mtb_entry *entry)
{
	if (!part->first)
		return mtb_registry_reserve(entry, right, NULL, 0,
					    atomic64_read(&right->memory_usage));
	part->moving = part->memory + mtb_skiplist_memory(&table->index);
	part->added = (1ULL + mtb_skiplist_cut_blocks(&table->index)) * MTB_BLOCK_SIZE;
	return mtb_registry_reserve(entry, right, table->owner, part->moving, part->added);
}

/* Charge what it came to: @moved has left the table, @more was new. */
static void part_settle(const struct part *part, struct mtb_table *table,
			struct mtb_table *right, u64 moved, u64 more)
{
	u64 excess = part->added - more;

	if (table->owner == right->owner) {
		mtb_owner_uncharge(right->owner, excess);
	} else {
		mtb_owner_uncharge(table->owner, moved);
		mtb_owner_uncharge(right->owner, part->moving - moved + excess);
	}
}

static void part_move(const struct part *part, struct mtb_table *table, struct mtb_table *right,
		      u64 blocks_new)
{
	u64 memory = part->memory + mtb_skiplist_memory(&right->index);
	u64 more = blocks_new * MTB_BLOCK_SIZE;

	mtb_figure_add(&table->entries, -(s64)part->entries);
	mtb_figure_add(&table->tombstones, -(s64)part->tombstones);
	mtb_figure_add(&table->logical_bytes, -(s64)part->logical_bytes);
	mtb_figure_add(&table->memory_usage, -(s64)(memory - more));
	WRITE_ONCE(table->refused, false);

	atomic64_set(&right->entries, part->entries);
	atomic64_set(&right->tombstones, part->tombstones);
	atomic64_set(&right->logical_bytes, part->logical_bytes);
	atomic64_set(&right->memory_usage, memory);
	part_settle(part, table, right, memory - more, more);
}

/* Cut, under the lock, with all that it takes at hand. */
static void table_cut(struct mtb_table *table, struct mtb_table *right, const struct part *part,
		      struct mtb_reserve *reserve, struct mtb_epoch *epoch)
{
	struct mtb_epoch *ended = rcu_dereference_protected(table->epoch,
							    lockdep_is_held(&table->lock));
	unsigned int blocks_new = 1;
	struct mtb_key key;

	ended->split_off = rcu_dereference_protected(right->epoch, true);
	kref_get(&ended->split_off->ref);
	ended->next = epoch;
	kref_get(&epoch->ref);

	mtb_key_init(&key, table->index.reverse, part->first->data, part->first->key_length,
		     U64_MAX);
	preempt_disable();
	write_seqcount_begin(&table->cuts);
	blocks_new += mtb_skiplist_cut(&table->index, &key, &right->index, reserve);
	rcu_assign_pointer(table->epoch, epoch);
	write_seqcount_end(&table->cuts);
	preempt_enable();

	part_move(part, table, right, blocks_new);
	mtb_epoch_put(ended);
}

static int table_split(struct mtb_table *table, struct mtb_table *right,
		       const struct mtb_key *pivot, struct mtb_entry *entry,
		       struct mtb_cursor *cursor, struct mtb_reserve *reserve,
		       struct mtb_epoch **epoch)
{
	struct part part;
	int err;

	if (table->sealed)
		return -EROFS;
	err = part_measure(&part, table, pivot, cursor);
	if (err)
		return err;
	mtb_table_configure_like(right, table);
	err = entry ? part_reserve(&part, table, right, entry) : 0;
	if (err)
		return err;
	if (part.first) {
		table_cut(table, right, &part, reserve, *epoch);
		*epoch = NULL;
	}
	if (entry)
		mtb_registry_reveal(right);
	return 0;
}

/**
 * mtb_table_split() - Move the upper part of a table to another one.
 * @table: The table, which the caller has a reference to: that of an epoch is
 *	not enough.
 * @right: An empty table that nobody else knows yet; takes the upper part, the
 *	configuration and the last sequence number.
 * @pivot: The first key to move, or NULL to have both parts about alike.
 * @length: Length of that key, in bytes.
 * @entry: Where in the registry to put @right, or NULL; it is the registry's on
 *	success.
 *
 * Return: 0, -EROFS if the table is sealed, -ENOMEM, -EINTR, or an error of
 * mtb_registry_reserve().
 */
int mtb_table_split(struct mtb_table *table, struct mtb_table *right, const void *pivot,
		    u32 length, struct mtb_entry *entry)
{
	struct mtb_cursor *cursor = kmalloc(sizeof(*cursor), MTB_GFP);
	struct mtb_epoch *epoch = mtb_epoch_create(table);
	struct mtb_reserve reserve = {};
	struct mtb_key key;
	int err = -ENOMEM;

	if (!cursor || !epoch || mtb_reserve_fill(&reserve, MTB_CUT_BLOCKS))
		goto free;
	err = -EINTR;
	if (mutex_lock_killable(&table->lock))
		goto free;
	if (pivot)
		mtb_key_init(&key, table->index.reverse, pivot, length, U64_MAX);
	err = table_split(table, right, pivot ? &key : NULL, entry, cursor, &reserve, &epoch);
	mutex_unlock(&table->lock);
	if (!err)
		mtb_table_wake(table);
free:
	mtb_reserve_empty(&reserve);
	if (epoch)
		mtb_epoch_put(epoch);
	kfree(cursor);
	return err;
}

/**
 * mtb_table_pivot() - Tell a table's middle key.
 * @table: The table.
 * @key: Takes the key if there is room.
 * @size: Room there, in bytes.
 * @length: Takes the length of the key, in bytes.
 *
 * Return: 0, -ENOENT if the table is empty, -ERANGE if there is no room, -EINTR.
 */
int mtb_table_pivot(struct mtb_table *table, void *key, u32 size, u32 *length)
{
	struct mtb_record *record;
	u64 entries;
	int err = 0;

	if (mutex_lock_killable(&table->lock))
		return -EINTR;
	entries = atomic64_read(&table->entries);
	if (!entries) {
		err = -ENOENT;
		goto unlock;
	}
	record = mtb_skiplist_middle(&table->index, entries);
	*length = record->key_length;
	if (record->key_length > size)
		err = -ERANGE;
	else
		memcpy(key, record->data, record->key_length);
unlock:
	mutex_unlock(&table->lock);
	return err;
}
