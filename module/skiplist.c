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
 *     the left of it, too; it is given a slot above as soon as it is linked, if
 *     there is memory for that, and until then a search takes a step more.
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

/*
 * What a split leaves half full takes this many more until it is split itself. In
 * a map one part may get one less than half, so that the newest version of a key
 * and the one that it replaces stay together.
 */
#define SPLIT_DISTANCE	(MTB_BLOCK_SLOTS / 2 - 1)

/* After so many steps from block to block it is faster to begin at the top. */
#define STEPS_MAX	8

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

/* Blocks that so many splits of one block bring about above the bottom, mostly. */
static unsigned int splits_above(unsigned int count, unsigned int full)
{
	if (count <= 1)
		return count * full;
	return full + 1 + count / SPLIT_DISTANCE;
}

/* A record that all others are before, or NULL if there is none. */
static struct mtb_record *last_record(const struct mtb_skiplist *index)
{
	struct mtb_block *tail = index->tail;

	return tail->count ? tail->slots[tail->count - 1].record : tail->fence;
}

/*
 * Find, from a place on, which slots of which block precede a key. Gives up
 * after some blocks, and returns false, if there is a faster way.
 */
static bool place_settle(struct mtb_place *place, const struct mtb_key *key)
{
	unsigned int steps, first;
	struct mtb_block *next;

	for (steps = 0; steps < STEPS_MAX; steps++) {
		place->seq = read_seqcount_begin(&place->block->seq);
		place->slot_code = place->code;
		/* The first child has the block's own fence. */
		first = place->block->level ? 1 : 0;
		place->position = mtb_block_search(place->block, first, place->block->count, key,
						   &place->slot_code, &next, NULL);
		if (!next)
			return true;
		place->block = next;
		place->code = place->slot_code;
	}
	return false;
}

/* Find, from the top, which slots of which block of a level precede a key. */
static void locate(const struct mtb_skiplist *index, struct mtb_place *place,
		   const struct mtb_key *key, unsigned int level)
{
	mtb_skiplist_descend(index, place, key, level);
	while (!place_settle(place, key))
		;
}

/*
 * Find the places of a few records, other than those that go to the very end,
 * and have the blocks come into the caches. Returns the new last record.
 */
static const struct mtb_record *find_places(struct mtb_skiplist *index,
					    struct mtb_insertion *insertions, unsigned int count,
					    const struct mtb_record *last)
{
	struct mtb_insertion *searching[MTB_SEARCHES];
	struct mtb_search searches[MTB_SEARCHES];
	unsigned int searched = 0, i;
	struct mtb_key *key;
	u32 common;

	for (i = 0; i < count; i++) {
		key = &searches[searched].key;
		mtb_record_key(insertions[i].record, index->reverse, key);
		common = last ? mtb_key_common(key, last, 0) : 0;
		if (!last || mtb_key_compare_from(key, last, common) > 0) {
			insertions[i].place.block = NULL;
			insertions[i].place.slot_code = mtb_key_code(key, common);
			last = insertions[i].record;
		} else {
			searching[searched++] = &insertions[i];
		}
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

/* How many blocks one more at the very end can bring about above it. */
static unsigned int full_at_end(const struct mtb_skiplist *index)
{
	const struct mtb_record *last = last_record(index);
	struct mtb_place place;
	struct mtb_key key;

	if (!last)
		return 1;
	mtb_record_key(last, index->reverse, &key);
	mtb_skiplist_descend(index, &place, &key, 0);
	return place.full;
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
	unsigned int needed = 0, above = 0, appended = 0, before, now;
	struct mtb_block *block, *tail = index->tail;
	size_t planned, i;

	lockdep_assert_held(index->lock);

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
		if (block == tail)
			continue;
		now = splits(block, block->incoming);
		if (!now)
			continue;
		before = splits(block, block->incoming - 1);
		needed += now - before;
		above += splits_above(now, insertions[planned].place.full);
		above -= splits_above(before, insertions[planned].place.full);
	}
	now = splits_at_end(tail, tail->incoming, appended);
	if (now) {
		needed += now;
		above += splits_above(now, full_at_end(index));
	}
	for (i = 0; i < planned; i++) {
		planned_block(index, &insertions[i])->incoming = 0;
		cond_resched();
	}
	index->spare = above;
	*blocks = needed + above;
	return planned == count ? 0 : -EINTR;
}

/* Inside a write section of the block. */
static void next_write(struct mtb_block *block, unsigned int count, u64 code,
		       struct mtb_block *next)
{
	WRITE_ONCE(block->codes[count], code);
	mtb_block_set_count(block, count);
	/* The next block is filled before this: pairs with the dependent loads. */
	smp_store_release(&block->next, next);
}

/* The record whose key a slot stands for. */
static struct mtb_record *slot_record(const struct mtb_block *block, union mtb_slot slot)
{
	return block->level ? slot.child->fence : slot.record;
}

/* The record of a slot, or what comes behind the last one; NULL if nothing does. */
static const struct mtb_record *record_at(const struct mtb_block *block, unsigned int position)
{
	return mtb_slot_record(block, position, block->count);
}

/* The code of what is at @position, once something with @code is put before it. */
static u64 code_after(const struct mtb_skiplist *index, const struct mtb_block *block,
		      unsigned int position, u64 code, const struct mtb_record *record)
{
	const struct mtb_record *after = record_at(block, position);
	u64 other = block->codes[position];
	struct mtb_key key;

	if (!after || mtb_code_floor(other) != mtb_code_floor(code))
		return other;
	mtb_record_key(after, index->reverse, &key);
	if (other == code)
		return mtb_key_code(&key, mtb_key_common(&key, record, mtb_code_end(code)));
	return mtb_code_rebase(other, code, &key);
}

/*
 * The code of @record, or U64_MAX if that is NULL, once what is right before it is
 * taken out: so far that has @code, and the record has @behind.
 */
static u64 code_without(const struct mtb_skiplist *index, const struct mtb_record *record,
			u64 code, u64 behind)
{
	struct mtb_key key;

	if (!record)
		return U64_MAX;
	/* Where it leaves either of the two before it, it leaves the first. */
	mtb_record_key(record, index->reverse, &key);
	return mtb_key_code(&key, min(mtb_code_offset(code), mtb_code_offset(behind)));
}

/* Put a slot at @position of a block that has room for it. */
static void block_insert(struct mtb_skiplist *index, struct mtb_block *block,
			 unsigned int position, union mtb_slot slot, u64 code)
{
	u64 after = code_after(index, block, position, code, slot_record(block, slot));
	unsigned int count = block->count, i;

	mtb_block_write_begin(block);
	for (i = count + 1; i > position + 1; i--)
		WRITE_ONCE(block->codes[i], block->codes[i - 1]);
	WRITE_ONCE(block->codes[position + 1], after);
	WRITE_ONCE(block->codes[position], code);
	for (i = count; i > position; i--)
		WRITE_ONCE(block->slots[i].record, block->slots[i - 1].record);
	WRITE_ONCE(block->slots[position].record, slot.record);
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

/*
 * Fill a block that is not linked yet, from @to on, with what another one has
 * from @first on, and all at the right of that; @code is that of the first of it.
 */
static void copy_slots(struct mtb_block *block, unsigned int to, const struct mtb_block *from,
		       unsigned int first, u64 code)
{
	unsigned int count = from->count - first;

	memcpy(&block->codes[to], &from->codes[first], (count + 1) * sizeof(from->codes[0]));
	memcpy(&block->slots[to], &from->slots[first], count * sizeof(from->slots[0]));
	block->codes[to] = code;
	block->next = from->next;
	mtb_block_set_count(block, to + count);
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
	next_write(left, keep, code, block);
	mtb_block_write_end(left);
}

/* Move what a block has from @keep on to a new one at its right. */
static void split_block(struct mtb_skiplist *index, struct mtb_block *left, unsigned int keep,
			struct mtb_block *right)
{
	set_fence(right, slot_record(left, left->slots[keep]));
	copy_slots(right, 0, left, keep, own_code(index, right));
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
		locate(index, &place, &key, level);
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
	struct mtb_place place = insertion->place;
	struct mtb_block *right = NULL;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	if (!place.block) {
		place.block = index->tail;
		place.position = index->tail->count;
	} else if (read_seqcount_retry(&place.block->seq, place.seq)) {
		/* Others were put there. It may even have been split into thousands. */
		mtb_record_key(slot.record, index->reverse, &key);
		if (!place_settle(&place, &key))
			locate(index, &place, &key, 0);
	}
	if (place.block->count == MTB_BLOCK_SLOTS)
		right = mtb_reserve_take(reserve, 0);
	insert_slot(index, &place, slot, right);
	return right ? 1 + insert_above(index, right, reserve) : 0;
}

/* Where a record is that the index has. Under the mutex. */
static struct mtb_block *find_slot(struct mtb_skiplist *index, const struct mtb_key *key,
				   unsigned int *position)
{
	struct mtb_place place;

	locate(index, &place, key, 0);
	*position = place.position;
	return place.block;
}

/* Have a fence keep another record with its key. */
static void replace_fence(struct mtb_skiplist *index, struct mtb_block *block,
			  struct mtb_record *record)
{
	struct mtb_record *old = block->fence;
	struct mtb_place place;
	struct mtb_key key;

	mtb_record_tryget(record);
	mtb_fence_key(old, index->reverse, &key);
	/* It is also the fence of all those that begin with the block. */
	for (;;) {
		WRITE_ONCE(block->fence, record);
		if (block->level == index->top->level)
			break;
		locate(index, &place, &key, block->level + 1);
		block = place.block->next;
		if (!block || block->fence != old)
			break;
	}
	/* Whoever still looks at it is waited for, since the index had it too. */
	mtb_record_put(old);
}

/**
 * mtb_skiplist_replace() - Put a record in the place of another one.
 * @index: The index. Its readers hold the RCU read lock.
 * @old: The other record, which the index has, and of whose key it has no other.
 * @record: The record, a newer version of the same key.
 *
 * Context: under the index's mutex. @old can be freed after a grace period.
 */
void mtb_skiplist_replace(struct mtb_skiplist *index, struct mtb_record *old,
			  struct mtb_record *record)
{
	struct mtb_block *block;
	unsigned int position;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(old, index->reverse, &key);
	block = find_slot(index, &key, &position);
	mtb_block_write_begin(block);
	WRITE_ONCE(block->slots[position].record, record);
	mtb_block_write_end(block);
	if (block->fence == old)
		replace_fence(index, block, record);
}

static void close_slot(struct mtb_skiplist *index, struct mtb_block *block,
		       unsigned int position)
{
	u64 code = code_without(index, record_at(block, position + 1), block->codes[position],
				block->codes[position + 1]);
	unsigned int count = block->count - 1, i;

	mtb_block_write_begin(block);
	mtb_block_set_count(block, count);
	WRITE_ONCE(block->codes[position], code);
	for (i = position + 1; i <= count; i++)
		WRITE_ONCE(block->codes[i], block->codes[i + 1]);
	for (i = position; i < count; i++)
		WRITE_ONCE(block->slots[i].record, block->slots[i + 1].record);
	mtb_block_write_end(block);
}

/**
 * struct above - Where a block has its slot in the level above.
 * @block: The block that has it, or NULL.
 * @position: Which slot it is.
 */
struct above {
	struct mtb_block *block;
	unsigned int position;
};

/* Find the slot above of a block that is not the first of its level. */
static struct above find_above(struct mtb_skiplist *index, const struct mtb_block *block)
{
	struct above above = {};
	struct mtb_place place;
	struct mtb_block *next;
	struct mtb_key key;

	if (block->level == index->top->level)
		return above;
	mtb_fence_key(block->fence, index->reverse, &key);
	locate(index, &place, &key, block->level + 1);
	above.position = place.position;
	next = place.block->next;
	if (above.position < place.block->count &&
	    place.block->slots[above.position].child == block) {
		above.block = place.block;
	} else if (next && next->slots[0].child == block) {
		above.block = next;
		above.position = 0;
	}
	return above;
}

/* Unlink a block, not the first of its level, from the one at its left. */
static void unlink_block(struct mtb_skiplist *index, struct mtb_block *block)
{
	struct mtb_block *left;
	struct mtb_place place;
	struct mtb_key key;
	u64 code;

	mtb_fence_key(block->fence, index->reverse, &key);
	locate(index, &place, &key, block->level);
	left = place.block;
	/* It has nothing of its own any more. */
	code = code_without(index, record_at(block, block->count), left->codes[left->count],
			    block->codes[block->count]);
	mtb_block_write_begin(left);
	next_write(left, left->count, code, block->next);
	mtb_block_write_end(left);
	if (block == index->tail)
		index->tail = left;
}

/*
 * Take an empty block out of the index, and those above that have nothing else,
 * if they can go. Returns the block that lost a slot instead, or NULL, and the
 * number of blocks that went.
 */
static struct mtb_block *remove_block(struct mtb_skiplist *index, struct mtb_block *block,
				      struct mtb_block **removed, unsigned int *count)
{
	struct mtb_block *path[MTB_LEVELS_MAX];
	struct above above;
	unsigned int i;

	*count = 0;
	for (;;) {
		/* What is first on its level has what is before everything else. */
		if (!block->fence)
			return NULL;
		path[(*count)++] = block;
		above = find_above(index, block);
		if (!above.block || above.position)
			break;
		if (above.block->count > 1) {
			*count = 0;
			return NULL;
		}
		block = above.block;
	}
	/* From the top, so that no search comes to what is unlinked already. */
	if (above.block)
		close_slot(index, above.block, above.position);
	for (i = *count; i-- > 0;) {
		unlink_block(index, path[i]);
		mtb_block_defer(path[i], removed);
	}
	return above.block;
}

/* The only block at the bottom that a block leads to, or NULL if it has more. */
static struct mtb_block *only_block(struct mtb_block *block)
{
	for (; block && block->level; block = block->slots[0].child) {
		if (block->count > 1)
			return NULL;
	}
	return block;
}

/* Do without the levels at the top that lead to one block. Returns how many. */
static unsigned int shrink(struct mtb_skiplist *index, struct mtb_block **removed)
{
	struct mtb_block *top;
	unsigned int count;

	for (count = 0; top = index->top, top->level; count++) {
		if (top->count > 1 || top->next)
			break;
		WRITE_ONCE(index->top, top->slots[0].child);
		mtb_block_defer(top, removed);
	}
	return count;
}

/**
 * mtb_skiplist_remove() - Unlink a record from an index.
 * @index: The index. Its readers hold the RCU read lock.
 * @record: The record, which the index has.
 * @removed: List that takes blocks that become empty.
 *
 * Context: under the index's mutex. The record and what is on the list can be
 * released after a grace period.
 * Return: by how many bytes the index grew, the record itself aside; as it may
 * keep that for its key.
 */
s64 mtb_skiplist_remove(struct mtb_skiplist *index, struct mtb_record *record,
			struct mtb_block **removed)
{
	struct mtb_block *block, *above;
	unsigned int position, count;
	struct mtb_key key;
	s64 grown = 0;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, index->reverse, &key);
	block = find_slot(index, &key, &position);
	/* A newer version before it has the same key. */
	if (block->fence == record && position)
		replace_fence(index, block, block->slots[position - 1].record);
	close_slot(index, block, position);
	if (block->fence == record)
		grown += mtb_record_memory(record);

	/* With one block another one that was only kept beside it may go. */
	while (block && !block->count) {
		above = remove_block(index, block, removed, &count);
		if (count)
			grown -= (u64)count * MTB_BLOCK_SIZE + mtb_record_memory(block->fence);
		block = only_block(above);
	}
	return grown - (u64)shrink(index, removed) * MTB_BLOCK_SIZE;
}

/*
 * Have the first block of a level, which nobody reads yet, take what another one
 * has from @first on, and all at the right of that.
 */
static void take_slots(struct mtb_skiplist *index, struct mtb_block *block,
		       struct mtb_block *from, unsigned int first)
{
	const struct mtb_record *record = record_at(from, first);
	u64 code = U64_MAX;
	struct mtb_key key;

	if (record) {
		mtb_record_key(record, index->reverse, &key);
		code = mtb_key_code(&key, 0);
	}
	copy_slots(block, block->count, from, first, code);

	mtb_block_write_begin(from);
	next_write(from, first, U64_MAX, NULL);
	mtb_block_write_end(from);
}

/*
 * The last block at the bottom with a record before @key, or the head. Moves @key
 * to where that block ends, if it can.
 */
static struct mtb_block *last_before(struct mtb_skiplist *index, struct mtb_key *key)
{
	struct mtb_block *block;
	struct mtb_place place;

	for (;;) {
		locate(index, &place, key, 0);
		block = place.block;
		if (block == index->head ||
		    (block->count && mtb_key_compare(key, block->slots[0].record) > 0))
			return block;
		mtb_fence_key(block->fence, index->reverse, key);
	}
}

/**
 * mtb_skiplist_cut_blocks() - Tell how many blocks it can take to cut an index.
 * @index: The index.
 *
 * Context: under the index's mutex.
 * Return: the number of blocks, at most %MTB_CUT_BLOCKS.
 */
unsigned int mtb_skiplist_cut_blocks(const struct mtb_skiplist *index)
{
	return index->top->level;
}

/**
 * mtb_skiplist_cut() - Move the upper part of an index to another one.
 * @index: The index. Readers may see an entry in either one, or in none for a
 *	moment; the caller has them look again.
 * @key: Where to cut: the records at and after it move.
 * @right: An empty index that nobody reads yet; takes the upper part.
 * @reserve: Has %MTB_CUT_BLOCKS blocks.
 *
 * Takes no longer for a large index than for a small one, but for its levels.
 *
 * Context: under the mutex of @index, not preemptible.
 * Return: how many blocks were taken.
 */
unsigned int mtb_skiplist_cut(struct mtb_skiplist *index, const struct mtb_key *key,
			      struct mtb_skiplist *right, struct mtb_reserve *reserve)
{
	struct mtb_block *block, *above = NULL, *last;
	unsigned int level, keep, taken = 0;
	struct mtb_key cut = *key;
	struct mtb_place place;
	u64 code;

	lockdep_assert_held(index->lock);

	right->reverse = index->reverse;
	last = last_before(index, &cut);
	for (level = index->top->level; level > 0; level--) {
		locate(index, &place, &cut, level);
		keep = place.position;
		/* A level begins where it has something besides what is first. */
		if (!above && keep == place.block->count && !place.block->next)
			continue;
		block = mtb_reserve_take(reserve, level);
		taken++;
		if (above)
			above->slots[0].child = block;
		else
			right->top = block;
		above = block;
		block->count = 1;
		take_slots(right, block, place.block, keep);
	}
	if (above)
		above->slots[0].child = right->head;

	code = mtb_fence_code(key, last);
	keep = mtb_block_search(last, 0, last->count, key, &code, &block, NULL);
	take_slots(right, right->head, last, keep);
	if (last != index->tail)
		right->tail = index->tail;
	index->tail = last;
	return taken;
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
