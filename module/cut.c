// SPDX-License-Identifier: GPL-2.0
/*
 * A block skiplist that is cut in two. skiplist.c has the rules.
 */
#include "block.h"

/*
 * Have the first block of a level, which nobody reads yet, take what another one
 * has from @first on, and all at the right of that.
 */
static void take_slots(struct mtb_skiplist *index, struct mtb_block *block,
		       struct mtb_block *from, unsigned int first)
{
	const struct mtb_record *record = mtb_record_at(from, first);
	u64 code = U64_MAX;
	struct mtb_key key;

	if (record) {
		mtb_record_key(record, index->reverse, &key);
		code = mtb_key_code(&key, 0);
	}
	mtb_block_copy(block, block->count, from, first, code);

	mtb_block_write_begin(from);
	mtb_block_end(from, first, U64_MAX, NULL);
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
		mtb_skiplist_locate(index, &place, key, 0);
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
		mtb_skiplist_locate(index, &place, &cut, level);
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
