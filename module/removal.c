// SPDX-License-Identifier: GPL-2.0
/*
 * Removal of records from a block skiplist, and of the blocks that become empty.
 * skiplist.c has the rules.
 */
#include <linux/minmax.h>

#include "block.h"

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

/* Where a record is that the index has. Under the mutex. */
static struct mtb_block *find_slot(struct mtb_skiplist *index, const struct mtb_key *key,
				   unsigned int *position)
{
	struct mtb_place place;

	mtb_skiplist_locate(index, &place, key, 0);
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
		mtb_skiplist_locate(index, &place, &key, block->level + 1);
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
	u64 code = code_without(index, mtb_record_at(block, position + 1), block->codes[position],
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
	mtb_skiplist_locate(index, &place, &key, block->level + 1);
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
	mtb_skiplist_locate(index, &place, &key, block->level);
	left = place.block;
	/* It has nothing of its own any more. */
	code = code_without(index, mtb_record_at(block, block->count), left->codes[left->count],
			    block->codes[block->count]);
	mtb_block_write_begin(left);
	mtb_block_end(left, left->count, code, block->next);
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
