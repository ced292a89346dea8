// SPDX-License-Identifier: GPL-2.0
/*
 * The block skiplist
 *
 * Every level is a list of blocks, each a sorted run of up to some sixty slots:
 * records at the bottom, blocks of the level below elsewhere. A block has a
 * fence, a key at or before all that is in it and after all that is in the block
 * to the left; above the bottom it is the first child's. A slot is a pointer
 * beside the code of its key, or of its fence, relative to the fence of the block
 * that has the slot; key.h tells of codes. A search carries the code of its own
 * key along, relative to the fence of the block where it is, so that it seldom
 * looks at a block that it does not go to, or at a record that it does not
 * return, however much the keys have in common.
 *
 * Invariants
 *
 *  1. The blocks of a level are ordered: all that is in a block is at or after
 *     its fence and before the next block's.
 *  2. A fence's key never changes, and where records can be removed the fence
 *     keeps one with its key for itself. The first block of a level has no fence:
 *     nothing is before it, and codes relative to it are those of no bytes in
 *     common.
 *  3. Slots above the bottom only save steps. A block is found from the one at
 *     the left of it, too; it is given a slot above as soon as it is linked: the
 *     blocks that this can take are planned, too.
 *  4. Blocks and linked records are not freed before the index, or before a
 *     grace period has passed since they were removed from it. A pointer that a
 *     reader finds in a block, however stale, can be followed.
 *  5. A split moves the upper part of a block to a new one at its right, in one
 *     write section of the left block's sequence counter.
 *  6. A block at the bottom that becomes empty is unlinked, unless it is the
 *     first child of one that has others: what is before them belongs to it. With
 *     its last child a block goes, too. The first block of a level stays.
 *
 * Locking
 *
 * Writers hold the mutex of the index. Readers take no lock; they hold the RCU
 * read lock where records can be removed. They take what they need of a block
 * (its slots, their number, the next block) inside a read section of its sequence
 * counter and start over if a writer was there:
 *
 *  - A block is filled before a pointer to it is stored with release
 *    semantics. Readers reach it through a dependent load.
 *  - A record is written before the write section in which a pointer to it is
 *    stored: the barrier that begins the section is what orders that. Readers
 *    reach it through a dependent load, too.
 *  - A block's count is stored with release semantics after the slots below it
 *    are written, and loaded with acquire semantics, so that inside a section
 *    that will be retried a reader still follows valid pointers only.
 *
 * Write sections are short and not preemptible, so readers do not wait long.
 */
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "block.h"
#include "compat.h"

/*
 * What a split leaves half full takes this many more until it is split itself. In
 * a map one part may get one less than half, so that the newest version of a key
 * and the one that it replaces stay together.
 */
#define SPLIT_DISTANCE	(MTB_BLOCK_SLOTS / 2 - 1)

/*
 * Splits that @incoming records can bring about, however they fall. The second
 * may follow at once, where the first one left the last block full.
 */
static unsigned int splits(const struct mtb_block *block, unsigned int incoming)
{
	unsigned int room = MTB_BLOCK_SLOTS - block->count;

	if (incoming <= room)
		return 0;
	return 1 + DIV_ROUND_UP(incoming - room - 1, SPLIT_DISTANCE);
}

/*
 * The same for the last block, of whose @incoming records @appended are each
 * greater than all before. Those fill block after block; each of the others
 * splits one at most.
 */
static unsigned int splits_at_end(const struct mtb_block *block, unsigned int incoming,
				  unsigned int appended)
{
	unsigned int room = MTB_BLOCK_SLOTS - block->count;

	if (incoming <= room)
		return 0;
	return min(splits(block, incoming),
		   (unsigned int)DIV_ROUND_UP(incoming - room, MTB_BLOCK_SLOTS) +
		   incoming - appended);
}

/* A record that all others are before, or NULL if there is none. */
static struct mtb_record *last_record(const struct mtb_skiplist *index)
{
	struct mtb_block *tail = index->tail;

	return tail->count ? tail->slots[tail->count - 1].record : tail->fence;
}

/* If a key comes after the last one, its place is the very end, wherever that will be. */
static inline bool place_at_end(struct mtb_insertion *insertion, const struct mtb_key *key,
				const struct mtb_record *last)
{
	u32 common = last ? mtb_key_common(key, last, 0) : 0;

	if (last && mtb_key_compare_from(key, last, common) <= 0)
		return false;
	insertion->place.block = NULL;
	insertion->place.slot_code = mtb_key_code(key, common);
	return true;
}

/*
 * Find the places of a few records, other than those that go to the very end,
 * and have the blocks come into the caches. Returns the new last record.
 */
static const struct mtb_record *find_places(struct mtb_skiplist *index,
					    struct mtb_insertion *insertions, unsigned int count,
					    const struct mtb_record *last)
{
	struct mtb_insertion *searching[MTB_SEARCHES] __uninitialized;
	struct mtb_search searches[MTB_SEARCHES] __uninitialized;
	unsigned int searched = 0, i;
	struct mtb_key *key;

	for (i = 0; i < count; i++) {
		key = &searches[searched].key;
		mtb_record_key(insertions[i].record, index->reverse, key);
		if (place_at_end(&insertions[i], key, last))
			last = insertions[i].record;
		else
			searching[searched++] = &insertions[i];
	}
	if (searched)
		mtb_search_run(index, searches, searched);
	for (i = 0; i < searched; i++)
		searching[i]->place = searches[i].place;
	return last;
}

/* The block that a record goes to, as planned. */
static struct mtb_block *planned_block(const struct mtb_skiplist *index,
				       const struct mtb_insertion *insertion)
{
	return insertion->place.block ?: index->tail;
}

/* How many blocks it takes to have levels above the top for so many more there. */
static unsigned int splits_beyond(unsigned int more)
{
	unsigned int needed = 0, room = MTB_BLOCK_SLOTS - 1;

	for (; more; needed += more) {
		needed++;
		more = more <= room ? 0 : 1 + DIV_ROUND_UP(more - room - 1, SPLIT_DISTANCE);
	}
	return needed;
}

/* Blocks above the bottom that so many more below @key's place there bring about. */
static unsigned int plan_above(struct mtb_skiplist *index, const struct mtb_record *record,
			       unsigned int more, unsigned int *beyond)
{
	unsigned int needed = 0, level, before;
	struct mtb_place place;
	struct mtb_key key;

	mtb_record_key(record, index->reverse, &key);
	for (level = 1; more && level <= index->top->level; level++) {
		mtb_skiplist_locate(index, &place, &key, level);
		before = splits(place.block, place.block->incoming);
		place.block->incoming += more;
		more = splits(place.block, place.block->incoming) - before;
		needed += more;
	}
	*beyond += more;
	return needed;
}

/* Forget what is planned for a block, and above it. */
static void plan_forget(struct mtb_skiplist *index, struct mtb_block *block,
			const struct mtb_record *record)
{
	bool split = splits(block, block->incoming);
	struct mtb_place place;
	struct mtb_key key;
	unsigned int level;

	block->incoming = 0;
	if (!split)
		return;
	mtb_record_key(record, index->reverse, &key);
	for (level = 1; level <= index->top->level; level++) {
		mtb_skiplist_locate(index, &place, &key, level);
		if (!place.block->incoming)
			break;
		place.block->incoming = 0;
	}
}

/* Find the place of a single record. Returns whether there is room, as there mostly is. */
static bool plan_single(struct mtb_skiplist *index, struct mtb_insertion *insertion)
{
	struct mtb_key key;

	mtb_record_key(insertion->record, index->reverse, &key);
	if (!place_at_end(insertion, &key, last_record(index)))
		mtb_skiplist_locate(index, &insertion->place, &key, 0);
	return planned_block(index, insertion)->count < MTB_BLOCK_SLOTS;
}

/**
 * mtb_skiplist_plan() - Prepare the insertion of records.
 * @index: The index.
 * @insertions: The records, with their tags. The plan holds until the mutex is
 *	released, for insertions in this order.
 * @count: How many there are.
 * @blocks: Takes how many blocks mtb_skiplist_insert() can need for all of them.
 *
 * Context: under the index's mutex.
 * Return: 0, or -EINTR if a fatal signal is pending.
 */
int mtb_skiplist_plan(struct mtb_skiplist *index, struct mtb_insertion *insertions, size_t count,
		      unsigned int *blocks)
{
	const struct mtb_record *last = last_record(index);
	unsigned int needed = 0, above = 0, appended = 0, beyond = 0, before, now;
	const struct mtb_record *at_end = NULL;
	struct mtb_block *block, *tail = index->tail;
	size_t planned, i;

	lockdep_assert_held(index->lock);

	if (count == 1 && !fatal_signal_pending(current) && plan_single(index, insertions)) {
		index->spare = 0;
		*blocks = 0;
		return 0;
	}
	for (planned = 0; planned < count; planned++) {
		if (planned % MTB_SEARCHES == 0) {
			if (fatal_signal_pending(current))
				break;
			cond_resched();
			last = find_places(index, &insertions[planned],
					   min_t(size_t, count - planned, MTB_SEARCHES), last);
		}
		if (!insertions[planned].place.block)
			appended++;
		block = planned_block(index, &insertions[planned]);
		block->incoming++;
		if (block == tail) {
			at_end = insertions[planned].record;
			continue;
		}
		now = splits(block, block->incoming);
		if (!now)
			continue;
		before = splits(block, block->incoming - 1);
		needed += now - before;
		above += plan_above(index, insertions[planned].record, now - before, &beyond);
	}
	if (at_end) {
		now = splits_at_end(tail, tail->incoming, appended);
		needed += now;
		if (now)
			above += plan_above(index, at_end, now, &beyond);
	}
	above += splits_beyond(beyond);
	for (i = 0; i < planned; i++) {
		plan_forget(index, planned_block(index, &insertions[i]),
			    insertions[i].record);
		cond_resched();
	}
	index->spare = above;
	*blocks = needed + above;
	return planned == count ? 0 : -EINTR;
}

/* The record whose key a slot stands for. */
static struct mtb_record *slot_record(const struct mtb_block *block, union mtb_slot slot)
{
	return block->level ? slot.child->fence : slot.record;
}

/* The code of what is at @position, once something with @code is put before it. */
static u64 code_after(const struct mtb_skiplist *index, const struct mtb_block *block,
		      unsigned int position, u64 code, const struct mtb_record *record)
{
	const struct mtb_record *after = mtb_record_at(block, position);
	u64 other = block->codes[position];
	struct mtb_key key;

	if (!after || mtb_code_floor(other) != mtb_code_floor(code))
		return other;
	mtb_record_key(after, index->reverse, &key);
	if (other == code)
		return mtb_key_code(&key, mtb_key_common(&key, record, mtb_code_end(code)));
	return mtb_code_rebase(other, code, &key);
}

/* Put a slot at @position of a block that has room for it. */
static void block_insert(struct mtb_skiplist *index, struct mtb_block *block,
			 unsigned int position, union mtb_slot slot, u64 code)
{
	u64 after = code_after(index, block, position, code, slot_record(block, slot));
	union mtb_slot *slots = &block->slots[position];
	u64 *codes = &block->codes[position];
	size_t count = block->count, i;

	mtb_block_write_begin(block);
#pragma GCC unroll 4
	for (i = count - position; i; i--) {
		WRITE_ONCE(codes[i + 1], codes[i]);
		WRITE_ONCE(slots[i].record, slots[i - 1].record);
	}
	WRITE_ONCE(codes[1], after);
	WRITE_ONCE(codes[0], code);
	WRITE_ONCE(slots[0].record, slot.record);
	mtb_block_set_count(block, count + 1);
	mtb_block_write_end(block);
}

/* Give a block that is not linked yet its fence. */
static void set_fence(struct mtb_block *block, struct mtb_record *record)
{
	if (!block->level)
		mtb_record_tryget(record);
	block->fence = record;
}

/* How many slots stay when a full block is split. */
static unsigned int split_position(const struct mtb_block *block)
{
	const union mtb_slot *slots = block->slots;
	unsigned int keep = block->count / 2;

	if (block->level)
		return keep;
	/* Where records are removed, the versions of a key stay together. */
	while (keep > 1 && slots[keep].record->trailer == MTB_TRAILER_PIN &&
	       mtb_same_key(slots[keep - 1].record, slots[keep].record))
		keep--;
	return keep;
}

/* The code of a block's fence relative to itself. */
static u64 own_code(const struct mtb_skiplist *index, const struct mtb_block *block)
{
	struct mtb_key key;

	mtb_record_key(block->fence, index->reverse, &key);
	return mtb_key_code(&key, MTB_COMMON_ALL);
}

/*
 * Link @block, which has its slots and fence, at the right of @left, which keeps
 * its first @keep slots: for readers both happen at once. @code is that of the
 * fence, relative to the last of those.
 */
static void link_block(struct mtb_skiplist *index, struct mtb_block *block,
		       struct mtb_block *left, unsigned int keep, u64 code)
{
	if (left == index->tail)
		index->tail = block;
	mtb_block_write_begin(left);
	mtb_block_end(left, keep, code, block);
	mtb_block_write_end(left);
}

/* Move what a block has from @keep on to a new one at its right. */
static void split_block(struct mtb_skiplist *index, struct mtb_block *left, unsigned int keep,
			struct mtb_block *right)
{
	set_fence(right, slot_record(left, left->slots[keep]));
	mtb_block_copy(right, 0, left, keep, own_code(index, right));
	link_block(index, right, left, keep, left->codes[keep]);
}

/*
 * Put a slot at its place, in a block that it splits with @right if that is not
 * NULL.
 */
static void insert_slot(struct mtb_skiplist *index, const struct mtb_place *place,
			union mtb_slot slot, struct mtb_block *right)
{
	struct mtb_block *block = place->block;
	unsigned int position = place->position, keep;
	u64 code = place->slot_code;
	struct mtb_key key;

	if (right && position == block->count && !block->next) {
		/* At the very end: leave the block full, as sorted input wants. */
		set_fence(right, slot_record(right, slot));
		right->codes[0] = own_code(index, right);
		right->codes[1] = U64_MAX;
		right->slots[0] = slot;
		mtb_block_set_count(right, 1);
		link_block(index, right, block, position, code);
		return;
	}
	if (right) {
		keep = split_position(block);
		split_block(index, block, keep, right);
		mtb_record_key(slot_record(block, slot), index->reverse, &key);
		if (mtb_key_after_fence(&key, right)) {
			block = right;
			position -= keep;
			if (!position)
				code = own_code(index, right);
		}
	}
	block_insert(index, block, position, slot, code);
}

/* A block for a level above the bottom, if there is one left of those planned. */
static struct mtb_block *take_above(struct mtb_skiplist *index, struct mtb_reserve *reserve,
				    unsigned int level)
{
	if (!index->spare || level >= MTB_LEVELS_MAX)
		return NULL;
	index->spare--;
	return mtb_reserve_take(reserve, level);
}

/* Have a level more. */
static void grow(struct mtb_skiplist *index, struct mtb_block *top)
{
	top->slots[0].child = index->top;
	top->codes[1] = U64_MAX;
	mtb_block_set_count(top, 1);
	/* Pairs with mtb_skiplist_top(). */
	smp_store_release(&index->top, top);
}

/*
 * Give a block that was linked a slot above, and likewise what is split there
 * for it. Returns how many blocks that took.
 */
static unsigned int insert_above(struct mtb_skiplist *index, struct mtb_block *child,
				 struct mtb_reserve *reserve)
{
	struct mtb_block *right;
	struct mtb_place place;
	unsigned int level, taken = 0;
	struct mtb_key key;

	for (; child; child = right) {
		level = child->level + 1;
		if (level > index->top->level) {
			right = take_above(index, reserve, level);
			if (!right)
				break;
			grow(index, right);
			taken++;
		}
		mtb_fence_key(child->fence, index->reverse, &key);
		mtb_skiplist_locate(index, &place, &key, level);
		right = NULL;
		if (place.block->count == MTB_BLOCK_SLOTS) {
			right = take_above(index, reserve, level);
			if (!right)
				break;
			taken++;
		}
		insert_slot(index, &place, (union mtb_slot){ .child = child }, right);
	}
	return taken;
}

/**
 * mtb_skiplist_insert() - Link a record into an index.
 * @index: The index.
 * @insertion: The record, as planned; the index holds no equal internal key.
 * @reserve: Where blocks are taken from if need be.
 *
 * Context: under the index's mutex.
 * Return: how many blocks were taken.
 */
unsigned int mtb_skiplist_insert(struct mtb_skiplist *index, struct mtb_insertion *insertion,
				 struct mtb_reserve *reserve)
{
	union mtb_slot slot = { .record = insertion->record };
	struct mtb_place *place = &insertion->place;
	struct mtb_block *right = NULL;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	if (!place->block) {
		place->block = index->tail;
		place->position = index->tail->count;
	} else if (read_seqcount_retry(&place->block->seq, place->seq)) {
		/* Others were put there. It may even have been split into thousands. */
		mtb_record_key(slot.record, index->reverse, &key);
		if (!mtb_place_settle(place, &key))
			mtb_skiplist_locate(index, place, &key, 0);
	}
	if (place->block->count == MTB_BLOCK_SLOTS)
		right = mtb_reserve_take(reserve, 0);
	insert_slot(index, place, slot, right);
	return right ? 1 + insert_above(index, right, reserve) : 0;
}

/**
 * mtb_skiplist_middle() - Find the record in the middle of an index.
 * @index: The index.
 * @count: How many records it has, at least one.
 *
 * Looks at the blocks, not at the records in them.
 *
 * Context: under the index's mutex.
 * Return: the record that has half of all, rounded down, before it.
 */
struct mtb_record *mtb_skiplist_middle(struct mtb_skiplist *index, u64 count)
{
	struct mtb_block *block = index->head;
	u64 before = count / 2;

	lockdep_assert_held(index->lock);

	while (before >= block->count) {
		before -= block->count;
		block = mtb_block_next(block);
		cond_resched();
	}
	return block->slots[before].record;
}

/* Is the record that a block has for its fence one of its records, too? */
static bool fence_linked(struct mtb_block *block)
{
	unsigned int i;

	for (i = 0; i < block->count; i++) {
		if (block->slots[i].record == block->fence)
			return true;
	}
	return false;
}

/* What a block takes, and what is at the right of it. */
static u64 level_memory(struct mtb_block *block)
{
	u64 memory = 0;

	for (; block; block = block->next) {
		memory += MTB_BLOCK_SIZE;
		if (!block->level && block->fence && !fence_linked(block))
			memory += mtb_record_memory(block->fence);
		cond_resched();
	}
	return memory;
}

/**
 * mtb_skiplist_memory() - Tell what memory an index takes.
 * @index: The index.
 *
 * Context: under the index's mutex.
 * Return: the size of the blocks, and of records that are in it only for their
 * keys, in bytes.
 */
u64 mtb_skiplist_memory(struct mtb_skiplist *index)
{
	u64 memory = level_memory(index->head);
	struct mtb_block *first, *below;

	for (first = index->top; first != index->head; first = below) {
		below = first->slots[0].child;
		memory += level_memory(first);
	}
	return memory;
}

/**
 * mtb_skiplist_init() - Make an empty index.
 * @index: The index.
 * @lock: The mutex that writers will hold.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_skiplist_init(struct mtb_skiplist *index, struct mutex *lock)
{
	index->head = mtb_block_alloc();
	if (!index->head)
		return -ENOMEM;
	index->top = index->head;
	index->tail = index->head;
	index->lock = lock;
	index->spare = 0;
	index->reverse = false;
	return 0;
}

/* Free a block, what it has for itself, and what is at the right of it. */
static void destroy_level(struct mtb_block *block)
{
	struct mtb_block *next;
	unsigned int i;

	for (; block; block = next) {
		next = block->next;
		if (!block->level) {
			if (block->fence)
				mtb_record_put(block->fence);
			for (i = 0; i < block->count; i++)
				mtb_record_release(block->slots[i].record);
		}
		mtb_block_free(block);
		cond_resched();
	}
}

/**
 * mtb_skiplist_destroy() - Free an index with its blocks and records.
 * @index: The index; nobody uses it any more.
 *
 * Takes as long as the index is large, and reschedules.
 */
void mtb_skiplist_destroy(struct mtb_skiplist *index)
{
	struct mtb_block *first = index->top, *below;

	for (; first != index->head; first = below) {
		below = first->slots[0].child;
		destroy_level(first);
	}
	destroy_level(first);
}
