// SPDX-License-Identifier: GPL-2.0
/*
 * The block skiplist
 *
 * The bottom level is a list of blocks, each holding a sorted run of up to
 * about sixty slots. Towers of links start at blocks. A block has a fence, a key
 * at or before all its records and after all those of the block to the left. A
 * slot is a record's pointer beside the code of its key relative to the fence, a
 * link a block's pointer beside the code of that block's fence; key.h tells of
 * codes. A search carries the code of its own key along, relative to the fence
 * of the block where it is, so that it seldom looks at a block that it does not
 * go to, or at a record that it does not return, however much the keys have in
 * common.
 *
 * Invariants
 *
 *  1. Blocks are ordered: every record of a block is at or after its fence and
 *     before the next block's.
 *  2. A fence's key never changes, and where records can be removed the fence
 *     keeps one with its key for itself. The head has no fence: nothing is
 *     before it, and codes relative to it are those of no bytes in common. Only
 *     the head can be empty, and a block that is being unlinked.
 *  3. Blocks and linked records are not freed before the index, or before a
 *     grace period has passed since they were removed from it. A pointer that a
 *     reader finds in a slot or link, however stale, can be followed.
 *  4. A split moves the upper part of a block's records to a new block at its
 *     right, in one write section of the left block's sequence counter.
 *
 * Locking
 *
 * Writers hold the mutex of the index. Readers take no lock; they hold the RCU
 * read lock where records can be removed. They take what they need of a block
 * (links, count, slots) inside a read section of its sequence counter and start
 * over if a writer was there:
 *
 *  - A block is filled before a pointer to it is stored with release
 *    semantics. Readers reach it through a dependent load.
 *  - A record is written before the write section in which a pointer to it is
 *    stored: the barrier that begins the section is what orders that. Readers
 *    reach it through a dependent load, too.
 *  - A block's count is stored with release semantics after the slots below it
 *    are written, and loaded with acquire semantics, so that inside a section
 *    that will be retried a reader still follows valid pointers only.
 *  - Not to follow a link above the bottom level is always sound, so only
 *    those that are followed are read in a section of their own.
 *
 * Write sections are short and not preemptible, so readers do not wait long.
 */
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/sched/signal.h>

#include "block.h"

/*
 * However tall it is, a block that a split leaves half full takes this many
 * records until it has to be split itself.
 */
#define SPLIT_DISTANCE	(MTB_BLOCK_CELLS - MTB_HEIGHT_MAX - MTB_BLOCK_CELLS / 2)

/* After so many steps from block to block it is faster to begin at the top. */
#define STEPS_MAX	8

/*
 * Splits that @incoming records can bring about, however they fall. The second
 * may follow at once, where the first one left the last block full.
 */
static unsigned int splits(const struct mtb_block *block, unsigned int incoming)
{
	unsigned int room = mtb_block_capacity(block) - block->count;

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
	unsigned int room = mtb_block_capacity(block) - block->count;

	if (incoming <= room)
		return 0;
	return min(splits(block, incoming),
		   (unsigned int)DIV_ROUND_UP(incoming - room, MTB_BLOCK_CELLS - MTB_HEIGHT_MAX) +
		   incoming - appended);
}

/* The last record, or NULL. */
static struct mtb_record *last_record(const struct mtb_skiplist *index)
{
	struct mtb_block *tail = index->tail;

	return tail->count ? mtb_block_slots(tail)[tail->count - 1].record : NULL;
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

	for (i = 0; i < count; i++) {
		key = &searches[searched].key;
		mtb_record_key(insertions[i].record, index->reverse, key);
		if (!last || mtb_key_compare(key, last) > 0) {
			insertions[i].place.block = NULL;
			last = insertions[i].record;
		} else {
			searching[searched++] = &insertions[i];
		}
	}
	if (searched == 1)
		mtb_skiplist_descend(index, &searches[0].place, &searches[0].key);
	else
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
	struct mtb_block *block, *tail = index->tail;
	unsigned int needed = 0, appended = 0;
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
		if (block != tail) {
			needed += splits(block, block->incoming);
			needed -= splits(block, block->incoming - 1);
		}
	}
	needed += splits_at_end(tail, tail->incoming, appended);
	for (i = 0; i < planned; i++) {
		planned_block(index, &insertions[i])->incoming = 0;
		cond_resched();
	}
	*blocks = needed;
	return planned == count ? 0 : -EINTR;
}

/* One in four blocks reaches each further level. */
static u8 draw_height(struct mtb_skiplist *index)
{
	u8 height = 1;
	u32 bits;

	index->random ^= index->random << 13;
	index->random ^= index->random >> 17;
	index->random ^= index->random << 5;
	for (bits = index->random; height < MTB_HEIGHT_MAX && !(bits & 3); bits >>= 2)
		height++;
	return height;
}

/*
 * The code of a record of @block, or of the fence of a block at the right of it,
 * where the code relative to an earlier base is known, and @block's own.
 */
static u64 rebase(const struct mtb_skiplist *index, const struct mtb_block *block, u64 base_code,
		  const struct mtb_record *record, u64 code)
{
	struct mtb_key key;

	if (code != base_code && !mtb_codes_common(code, base_code))
		return code;
	mtb_record_key(record, index->reverse, &key);
	return mtb_block_code(&key, block);
}

/* The code of a record relative to the fence of @block. */
static u64 fence_code(const struct mtb_skiplist *index, const struct mtb_block *block,
		      const struct mtb_record *record)
{
	struct mtb_key key;

	mtb_record_key(record, index->reverse, &key);
	return mtb_block_code(&key, block);
}

/* Inside a write section of the block that has the link. */
static void link_write(struct mtb_link *link, u64 code, struct mtb_block *next)
{
	WRITE_ONCE(link->code, code);
	/* The next block is filled before this: pairs with the dependent loads. */
	smp_store_release(&link->next, next);
}

static void link_set(struct mtb_skiplist *index, struct mtb_block *block, unsigned int level,
		     u64 code, struct mtb_block *next)
{
	mtb_block_write_begin(block);
	link_write(mtb_block_link(block, level), code, next);
	mtb_block_write_end(block);
	if (!level && !next)
		index->tail = block;
}

/* Have @block lead to @next, or nowhere. */
static void link_to(struct mtb_skiplist *index, struct mtb_block *block, unsigned int level,
		    struct mtb_block *next)
{
	link_set(index, block, level, next ? fence_code(index, block, next->fence) : U64_MAX, next);
}

/* Have @block, which is not linked yet on this level, lead to where @pred's does. */
static void link_inherit(struct mtb_skiplist *index, struct mtb_block *block, unsigned int level,
			 const struct mtb_place *pred)
{
	struct mtb_link *link = mtb_block_link(pred->block, level);

	*mtb_block_link(block, level) = *link;
	if (link->next)
		mtb_block_link(block, level)->code = rebase(index, block, pred->code,
							    link->next->fence, link->code);
}

/* The places from which a block with this fence is, or will be, linked. */
static void find_preds(struct mtb_skiplist *index, const struct mtb_record *fence,
		       unsigned int height, struct mtb_place *preds)
{
	unsigned int level = index->height;
	struct mtb_place place;
	struct mtb_key key;

	mtb_fence_key(fence, index->reverse, &key);
	place.block = index->head;
	place.code = mtb_key_code(&key, 0);
	while (level-- > 0) {
		while (mtb_place_follow(&place, level, &key))
			;
		if (level < height)
			preds[level] = place;
	}
}

/*
 * Link @block, which has its slots and fence, behind the place of that fence in
 * @left, which keeps its first @keep records: for readers both happen at once.
 */
static void link_block(struct mtb_skiplist *index, struct mtb_block *block,
		       const struct mtb_place *left, unsigned int keep)
{
	struct mtb_place preds[MTB_HEIGHT_MAX];
	unsigned int level;

	link_inherit(index, block, 0, left);
	if (block->height > 1) {
		if (block->height > index->height)
			WRITE_ONCE(index->height, block->height);
		find_preds(index, block->fence, block->height, preds);
		for (level = 1; level < block->height; level++)
			link_inherit(index, block, level, &preds[level]);
	}
	if (left->block == index->tail)
		index->tail = block;

	mtb_block_write_begin(left->block);
	mtb_block_set_count(left->block, keep);
	link_write(mtb_block_link(left->block, 0), left->code, block);
	mtb_block_write_end(left->block);

	for (level = 1; level < block->height; level++)
		link_set(index, preds[level].block, level, preds[level].code, block);
}

/* Put a record at @position of the place's block, which has room for it. */
static void block_insert(const struct mtb_place *place, unsigned int position,
			 struct mtb_record *record)
{
	struct mtb_block *block = place->block;
	struct mtb_slot *slots = mtb_block_slots(block);
	unsigned int i;

	mtb_block_write_begin(block);
	for (i = block->count; i > position; i--) {
		WRITE_ONCE(slots[i].code, slots[i - 1].code);
		WRITE_ONCE(slots[i].record, slots[i - 1].record);
	}
	WRITE_ONCE(slots[position].code, place->code);
	WRITE_ONCE(slots[position].record, record);
	mtb_block_set_count(block, block->count + 1);
	mtb_block_write_end(block);
}

/* Give a block that is not linked yet its fence. */
static void set_fence(struct mtb_block *block, struct mtb_record *record)
{
	mtb_record_tryget(record);
	block->fence = record;
}

/* How many records stay when a full block is split. */
static unsigned int split_position(struct mtb_block *block)
{
	struct mtb_slot *slots = mtb_block_slots(block);
	unsigned int keep = block->count / 2;

	/* Where records are removed, the versions of a key stay together. */
	while (keep > 1 && slots[keep].record->trailer == MTB_TRAILER_PIN &&
	       mtb_same_key(slots[keep - 1].record, slots[keep].record))
		keep--;
	return keep;
}

/* Move the records of the place's block from @keep on to a new one at its right. */
static void split_block(struct mtb_skiplist *index, struct mtb_block *left, unsigned int keep,
			struct mtb_block *right)
{
	const struct mtb_slot *from = mtb_block_slots(left) + keep;
	struct mtb_slot *to = mtb_block_slots(right);
	struct mtb_place place = { left, from->code };
	unsigned int moved = left->count - keep, i;

	for (i = 0; i < moved; i++)
		mtb_record_prefetch(from[i].record);
	set_fence(right, from->record);
	for (i = 0; i < moved; i++) {
		to[i].code = rebase(index, right, place.code, from[i].record, from[i].code);
		to[i].record = from[i].record;
	}
	mtb_block_set_count(right, moved);
	link_block(index, right, &place, keep);
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
	struct mtb_record *record = insertion->record;
	struct mtb_place place = insertion->place;
	unsigned int position, keep, steps = 0;
	struct mtb_block *block, *right;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, index->reverse, &key);
	if (place.block) {
		/* The block may have been split since, perhaps into thousands. */
		while (mtb_place_follow(&place, 0, &key)) {
			if (++steps == STEPS_MAX) {
				mtb_skiplist_descend(index, &place, &key);
				break;
			}
		}
		position = mtb_lower_bound(&place, place.block->count, &key);
	} else {
		place.block = index->tail;
		place.code = mtb_block_code(&key, place.block);
		position = place.block->count;
	}
	block = place.block;
	if (block->count < mtb_block_capacity(block)) {
		block_insert(&place, position, record);
		return 0;
	}

	right = mtb_reserve_take(reserve, draw_height(index));
	if (position == block->count && block == index->tail) {
		/* At the very end: leave the block full, as sorted input wants. */
		set_fence(right, record);
		mtb_block_slots(right)[0].code = mtb_block_code(&key, right);
		mtb_block_slots(right)[0].record = record;
		mtb_block_set_count(right, 1);
		link_block(index, right, &place, block->count);
		return 1;
	}

	keep = split_position(block);
	split_block(index, block, keep, right);
	if (mtb_place_follow(&place, 0, &key))
		position -= keep;
	block_insert(&place, position, record);
	return 1;
}

/* Unlink an emptied block. */
static void unlink_block(struct mtb_skiplist *index, struct mtb_block *block)
{
	struct mtb_place preds[MTB_HEIGHT_MAX];
	unsigned int level = block->height;

	find_preds(index, block->fence, block->height, preds);
	while (level-- > 0)
		link_to(index, preds[level].block, level, mtb_block_link(block, level)->next);
}

/* Where a record is that the index has. Under the mutex. */
static struct mtb_block *find_slot(struct mtb_skiplist *index, const struct mtb_key *key,
				   unsigned int *position)
{
	struct mtb_place place;

	mtb_skiplist_descend(index, &place, key);
	*position = mtb_lower_bound(&place, place.block->count, key);
	if (*position < place.block->count)
		return place.block;
	/* It is the record that the next block begins with. */
	*position = 0;
	return mtb_block_next(place.block);
}

/* Have a fence keep another record with its key. */
static void replace_fence(struct mtb_block *block, struct mtb_record *record)
{
	struct mtb_record *old = block->fence;

	mtb_record_tryget(record);
	WRITE_ONCE(block->fence, record);
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
	WRITE_ONCE(mtb_block_slots(block)[position].record, record);
	mtb_block_write_end(block);
	if (block->fence == old)
		replace_fence(block, record);
}

static void close_slot(struct mtb_block *block, unsigned int position)
{
	struct mtb_slot *slots = mtb_block_slots(block);

	mtb_block_write_begin(block);
	mtb_block_set_count(block, block->count - 1);
	for (; position < block->count; position++) {
		WRITE_ONCE(slots[position].code, slots[position + 1].code);
		WRITE_ONCE(slots[position].record, slots[position + 1].record);
	}
	mtb_block_write_end(block);
}

/**
 * mtb_skiplist_remove() - Unlink a record from an index.
 * @index: The index. Its readers hold the RCU read lock.
 * @record: The record, which the index has.
 * @removed: List that takes a block that becomes empty.
 *
 * Context: under the index's mutex. The record and what is on the list can be
 * released after a grace period.
 * Return: by how many bytes the index grew, the record itself aside; as it may
 * keep that for its key.
 */
s64 mtb_skiplist_remove(struct mtb_skiplist *index, struct mtb_record *record,
			struct mtb_block **removed)
{
	struct mtb_block *block;
	unsigned int position;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, index->reverse, &key);
	block = find_slot(index, &key, &position);
	/* A newer version before it has the same key. */
	if (block->fence == record && position)
		replace_fence(block, mtb_block_slots(block)[position - 1].record);
	close_slot(block, position);

	if (block->count || block == index->head)
		return block->fence == record ? (s64)mtb_record_memory(record) : 0;
	unlink_block(index, block);
	mtb_block_defer(block, removed);
	if (block->fence == record)
		return -(s64)MTB_BLOCK_SIZE;
	return -(s64)(MTB_BLOCK_SIZE + mtb_record_memory(block->fence));
}

/* The last block at @level, from @pred on, with a record before @key. */
static struct mtb_block *last_before(struct mtb_block *pred, unsigned int level,
				     const struct mtb_key *key)
{
	struct mtb_block *next;

	while ((next = mtb_block_link(pred, level)->next) &&
	       mtb_key_compare(key, mtb_block_slots(next)[0].record) > 0)
		pred = next;
	return pred;
}

/* Fill a block that nobody reads yet with records of another one. */
static void copy_slots(const struct mtb_skiplist *index, struct mtb_block *block,
		       const struct mtb_slot *from, unsigned int count)
{
	struct mtb_slot *to = mtb_block_slots(block);
	unsigned int i;

	for (i = 0; i < count; i++) {
		to[i].code = fence_code(index, block, from[i].record);
		to[i].record = from[i].record;
	}
	mtb_block_set_count(block, count);
}

/**
 * mtb_skiplist_cut() - Move the upper part of an index to another one.
 * @index: The index. Readers may see an entry in either one, or in none for a
 *	moment; the caller has them look again.
 * @key: Where to cut: the records at and after it move.
 * @right: An empty index that nobody reads yet; takes the upper part.
 * @reserve: Has a block at least.
 *
 * Takes no longer for a large index than for a small one, but for the height.
 *
 * Context: under the mutex of @index, not preemptible.
 * Return: how many blocks were taken.
 */
unsigned int mtb_skiplist_cut(struct mtb_skiplist *index, const struct mtb_key *key,
			      struct mtb_skiplist *right, struct mtb_reserve *reserve)
{
	struct mtb_block *head = right->head, *pred = index->head, *more = NULL;
	struct mtb_block *tail = index->tail;
	unsigned int level, position, moved;
	struct mtb_slot *slots;

	lockdep_assert_held(index->lock);

	right->height = index->height;
	right->reverse = index->reverse;
	for (level = index->height; level-- > 0;) {
		pred = last_before(pred, level, key);
		link_to(right, head, level, mtb_block_link(pred, level)->next);
		if (level)
			link_to(index, pred, level, NULL);
	}
	if (pred != tail)
		right->tail = tail;

	slots = mtb_block_slots(pred);
	for (position = pred->count; position > 0; position--) {
		if (mtb_key_compare(key, slots[position - 1].record) > 0)
			break;
	}
	slots += position;
	moved = pred->count - position;
	copy_slots(right, head, slots, min(moved, mtb_block_capacity(head)));
	if (moved > head->count) {
		more = mtb_reserve_take(reserve, 1);
		slots += head->count;
		set_fence(more, slots->record);
		copy_slots(right, more, slots, moved - head->count);
		link_to(right, more, 0, mtb_block_next(head));
		link_to(right, head, 0, more);
	}

	mtb_block_write_begin(pred);
	mtb_block_set_count(pred, position);
	link_write(mtb_block_link(pred, 0), U64_MAX, NULL);
	mtb_block_write_end(pred);
	index->tail = pred;
	return more ? 1 : 0;
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
	return mtb_block_slots(block)[before].record;
}

/* Is the record that a block has for its fence one of its records, too? */
static bool fence_linked(struct mtb_block *block)
{
	unsigned int i;

	for (i = 0; i < block->count; i++) {
		if (mtb_block_slots(block)[i].record == block->fence)
			return true;
	}
	return false;
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
	struct mtb_block *block;
	u64 memory = 0;

	for (block = index->head; block; block = mtb_block_next(block)) {
		memory += MTB_BLOCK_SIZE;
		if (block->fence && !fence_linked(block))
			memory += mtb_record_memory(block->fence);
		cond_resched();
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
	unsigned int level;

	index->head = mtb_block_alloc();
	if (!index->head)
		return -ENOMEM;
	index->head->height = MTB_HEIGHT_MAX;
	for (level = 0; level < MTB_HEIGHT_MAX; level++)
		*mtb_block_link(index->head, level) = (struct mtb_link){ .code = U64_MAX };
	index->tail = index->head;
	index->lock = lock;
	index->height = 1;
	index->reverse = false;
	do {
		index->random = get_random_u32();
	} while (!index->random);
	return 0;
}

/**
 * mtb_skiplist_destroy() - Free an index with its blocks and records.
 * @index: The index; nobody uses it any more.
 *
 * Takes as long as the index is large, and reschedules.
 */
void mtb_skiplist_destroy(struct mtb_skiplist *index)
{
	struct mtb_block *block = index->head, *next;
	unsigned int i;

	for (; block; block = next) {
		next = mtb_block_next(block);
		if (block->fence)
			mtb_record_put(block->fence);
		for (i = 0; i < block->count; i++)
			mtb_record_release(mtb_block_slots(block)[i].record);
		mtb_block_free(block);
		cond_resched();
	}
}
