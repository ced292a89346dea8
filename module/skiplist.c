// SPDX-License-Identifier: GPL-2.0
/*
 * The block skiplist
 *
 * The bottom level is a list of blocks, each holding a sorted run of up to
 * about sixty slots; a slot is a record's pointer beside the first eight bytes
 * of its key. Towers of links start at blocks. A link carries the prefix of
 * the first key of the block that it points to, so that most steps of a
 * descent do not touch that block.
 *
 * Invariants
 *
 *  1. Blocks are ordered: every record of a block precedes every record of the
 *     next one. A key that lies between two blocks goes to the left one, if its
 *     prefix is not above the right one's.
 *  2. A block's prefix is at or before that of all its records, and never
 *     changes. The head has no lower bound. Only the head can be empty, and a
 *     block that is being unlinked.
 *  3. Blocks and linked records are not freed before the index, or before a
 *     grace period has passed since they were removed from it. A pointer that a
 *     reader finds in a slot or link, however stale, can be followed.
 *  4. A split moves the upper part of a block's records to a new block at its
 *     right, in one write section of the left block's sequence counter.
 *
 * Locking
 *
 * Writers hold the mutex of the index. Readers take no lock; they hold the RCU
 * read lock where records can be removed. They copy what they need of a block
 * (count, slots, bottom link) inside a read section of its sequence counter and
 * start over if a writer was there:
 *
 *  - A block is filled before a pointer to it is stored with release
 *    semantics. Readers reach it through a dependent load.
 *  - A block's count is stored with release semantics after the slots below it
 *    are written, and loaded with acquire semantics, so that inside a section
 *    that will be retried a reader still follows valid pointers only.
 *  - Links above the bottom level belong to no section, and need no order
 *    between prefix and pointer: the prefix in a link is there to spare most
 *    visits to blocks that lie too far right, and to stay is always
 *    sound. To go right is decided by what the block itself says.
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

/* Does @block begin at or before @key? */
static bool block_begins(const struct mtb_skiplist *index, struct mtb_block *block,
			 const struct mtb_key *key)
{
	if (block == index->head)
		return true;
	if (key->prefix != block->prefix)
		return key->prefix > block->prefix;
	return mtb_key_compare(key, mtb_block_first(block)) > 0;
}

/* The block that @key goes to. Under the mutex; a good @hint saves a descent. */
static struct mtb_block *locate(struct mtb_skiplist *index, struct mtb_block *hint,
				const struct mtb_key *key)
{
	struct mtb_block *block = hint, *next;

	if (block && !mtb_link_follow(mtb_block_link(block, 0), key) &&
	    block_begins(index, block, key))
		return block;

	block = mtb_skiplist_descend(index, key);
	while ((next = mtb_link_follow(mtb_block_link(block, 0), key)))
		block = next;
	return block;
}

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

/* Is @key greater than @record, or the first of all? */
static bool follows(const struct mtb_key *key, const struct mtb_record *record)
{
	return !record || mtb_key_compare(key, record) > 0;
}

/**
 * mtb_skiplist_plan() - Prepare the insertion of records.
 * @index: The index.
 * @insertions: The records, with their tags. The plan holds until the mutex is
 *	released.
 * @count: How many there are.
 * @blocks: Takes how many blocks mtb_skiplist_insert() can need for all of them.
 *
 * Context: under the index's mutex.
 * Return: 0, or -EINTR if a fatal signal is pending.
 */
int mtb_skiplist_plan(struct mtb_skiplist *index, struct mtb_insertion *insertions, size_t count,
		      unsigned int *blocks)
{
	struct mtb_block *block, *end = NULL;
	const struct mtb_record *greatest = NULL;
	unsigned int needed = 0, appended = 0;
	struct mtb_key key;
	size_t planned, i;

	lockdep_assert_held(index->lock);

	for (planned = 0; planned < count; planned++) {
		if (fatal_signal_pending(current))
			break;
		cond_resched();
		mtb_record_key(insertions[planned].record, index->reverse, &key);
		block = locate(index, end, &key);
		insertions[planned].block = block;
		block->incoming++;
		if (mtb_block_next(block)) {
			needed += splits(block, block->incoming);
			needed -= splits(block, block->incoming - 1);
			continue;
		}
		if (!end && block->count)
			greatest = mtb_block_slots(block)[block->count - 1].record;
		end = block;
		if (follows(&key, greatest)) {
			greatest = insertions[planned].record;
			appended++;
		}
	}
	if (end)
		needed += splits_at_end(end, end->incoming, appended);
	for (i = 0; i < planned; i++) {
		insertions[i].block->incoming = 0;
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
 * Link @block, which has its slots, behind @left, which keeps its first @keep
 * records: for readers both happen at once.
 */
static void link_block(struct mtb_skiplist *index, struct mtb_block *block, struct mtb_block *left,
		       unsigned int keep)
{
	struct mtb_link *preds[MTB_HEIGHT_MAX];
	struct mtb_block *pred = index->head, *next;
	unsigned int level;
	struct mtb_key key;

	mtb_record_key(mtb_block_first(block), index->reverse, &key);
	block->prefix = key.prefix;
	if (block->height > index->height)
		WRITE_ONCE(index->height, block->height);

	for (level = index->height; level-- > 1;) {
		while ((next = mtb_link_follow(mtb_block_link(pred, level), &key)))
			pred = next;
		if (level < block->height) {
			preds[level] = mtb_block_link(pred, level);
			*mtb_block_link(block, level) = *preds[level];
		}
	}
	*mtb_block_link(block, 0) = *mtb_block_link(left, 0);

	mtb_block_write_begin(left);
	mtb_link_set(mtb_block_link(left, 0), block);
	mtb_block_set_count(left, keep);
	mtb_block_write_end(left);

	for (level = 1; level < block->height; level++)
		mtb_link_set(preds[level], block);
}

/* Put a record at @position of a block with room for it. */
static void block_insert(struct mtb_block *block, unsigned int position, u64 prefix,
			 struct mtb_record *record)
{
	struct mtb_slot *slots = mtb_block_slots(block);
	unsigned int i;

	mtb_block_write_begin(block);
	for (i = block->count; i > position; i--) {
		WRITE_ONCE(slots[i].prefix, slots[i - 1].prefix);
		WRITE_ONCE(slots[i].record, slots[i - 1].record);
	}
	WRITE_ONCE(slots[position].prefix, prefix);
	WRITE_ONCE(slots[position].record, record);
	mtb_block_set_count(block, block->count + 1);
	mtb_block_write_end(block);
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
	struct mtb_block *block, *right;
	unsigned int position, keep, moved;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, index->reverse, &key);
	block = locate(index, insertion->block, &key);
	position = mtb_lower_bound(mtb_block_slots(block), block->count, &key);
	if (block->count < mtb_block_capacity(block)) {
		block_insert(block, position, key.prefix, record);
		return 0;
	}

	right = mtb_reserve_take(reserve, draw_height(index));
	if (position == block->count && !mtb_block_next(block)) {
		/* At the very end: leave the block full, as sorted input wants. */
		mtb_block_slots(right)[0] = (struct mtb_slot){ key.prefix, record };
		mtb_block_set_count(right, 1);
		link_block(index, right, block, block->count);
		return 1;
	}

	keep = block->count / 2;
	moved = block->count - keep;
	memcpy(mtb_block_slots(right), mtb_block_slots(block) + keep,
	       moved * sizeof(struct mtb_slot));
	mtb_block_set_count(right, moved);
	if (position > keep)
		block_insert(right, position - keep, key.prefix, record);
	link_block(index, right, block, keep);
	if (position <= keep)
		block_insert(block, position, key.prefix, record);
	return 1;
}

/* Unlink an emptied block, whose last record had @key. */
static void unlink_block(struct mtb_skiplist *index, struct mtb_block *block,
			 const struct mtb_key *key)
{
	struct mtb_block *pred = index->head, *next;
	unsigned int level = index->height;

	while (level-- > 0) {
		while ((next = mtb_link_follow(mtb_block_link(pred, level), key)) && next != block)
			pred = next;
		if (level >= block->height)
			continue;
		next = mtb_block_link(block, level)->next;
		if (level) {
			mtb_link_set(mtb_block_link(pred, level), next);
		} else {
			mtb_block_write_begin(pred);
			mtb_link_set(mtb_block_link(pred, 0), next);
			mtb_block_write_end(pred);
		}
	}
}

/* Where a record is that the index has. Under the mutex. */
static struct mtb_block *find_slot(struct mtb_skiplist *index, const struct mtb_key *key,
				   unsigned int *position)
{
	struct mtb_block *block = locate(index, NULL, key);

	*position = mtb_lower_bound(mtb_block_slots(block), block->count, key);
	if (*position < block->count)
		return block;
	/* It is the record that the next block begins with. */
	*position = 0;
	return mtb_block_next(block);
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
}

/**
 * mtb_skiplist_remove() - Unlink a record from an index.
 * @index: The index. Its readers hold the RCU read lock.
 * @record: The record, which the index has.
 *
 * Context: under the index's mutex.
 * Return: a block that became empty and was unlinked too, or NULL. It and the
 * record can be freed after a grace period.
 */
struct mtb_block *mtb_skiplist_remove(struct mtb_skiplist *index, struct mtb_record *record)
{
	struct mtb_block *block;
	unsigned int position;
	struct mtb_slot *slots;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, index->reverse, &key);
	block = find_slot(index, &key, &position);
	slots = mtb_block_slots(block);
	mtb_block_write_begin(block);
	mtb_block_set_count(block, block->count - 1);
	for (; position < block->count; position++) {
		WRITE_ONCE(slots[position].prefix, slots[position + 1].prefix);
		WRITE_ONCE(slots[position].record, slots[position + 1].record);
	}
	mtb_block_write_end(block);

	if (block->count || block == index->head)
		return NULL;
	unlink_block(index, block, &key);
	return block;
}

/* The last block at @level, from @pred on, with a record before @key. */
static struct mtb_block *last_before(struct mtb_block *pred, unsigned int level,
				     const struct mtb_key *key)
{
	struct mtb_block *next;

	while ((next = mtb_block_link(pred, level)->next) &&
	       mtb_key_compare(key, mtb_block_first(next)) > 0)
		pred = next;
	return pred;
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
	unsigned int level, position, moved;
	struct mtb_slot *slots;

	lockdep_assert_held(index->lock);

	right->height = index->height;
	right->reverse = index->reverse;
	for (level = index->height; level-- > 1;) {
		pred = last_before(pred, level, key);
		mtb_link_set(mtb_block_link(head, level), mtb_block_link(pred, level)->next);
		mtb_link_set(mtb_block_link(pred, level), NULL);
	}
	pred = last_before(pred, 0, key);
	mtb_link_set(mtb_block_link(head, 0), mtb_block_link(pred, 0)->next);

	position = mtb_lower_bound(mtb_block_slots(pred), pred->count, key);
	slots = mtb_block_slots(pred) + position;
	moved = pred->count - position;
	head->count = min(moved, mtb_block_capacity(head));
	memcpy(mtb_block_slots(head), slots, head->count * sizeof(*slots));
	if (moved > head->count) {
		more = mtb_reserve_take(reserve, 1);
		more->count = moved - head->count;
		more->prefix = slots[head->count].prefix;
		memcpy(mtb_block_slots(more), slots + head->count, more->count * sizeof(*slots));
		mtb_link_set(mtb_block_link(more, 0), mtb_block_link(head, 0)->next);
		mtb_link_set(mtb_block_link(head, 0), more);
	}

	mtb_block_write_begin(pred);
	mtb_link_set(mtb_block_link(pred, 0), NULL);
	mtb_block_set_count(pred, position);
	mtb_block_write_end(pred);
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

/**
 * mtb_skiplist_blocks() - Count the blocks of an index.
 * @index: The index.
 *
 * Context: under the index's mutex.
 * Return: how many there are.
 */
u64 mtb_skiplist_blocks(struct mtb_skiplist *index)
{
	struct mtb_block *block;
	u64 count = 0;

	for (block = index->head; block; block = mtb_block_next(block)) {
		count++;
		cond_resched();
	}
	return count;
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
		mtb_link_set(mtb_block_link(index->head, level), NULL);
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
		for (i = 0; i < block->count; i++)
			mtb_record_release(mtb_block_slots(block)[i].record);
		mtb_block_free(block);
		cond_resched();
	}
}
