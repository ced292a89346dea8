/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: what the block skiplist is made of. Only its own files include this;
 * skiplist.c has the rules.
 */
#ifndef MTB_BLOCK_H
#define MTB_BLOCK_H

#include <linux/build_bug.h>
#include <linux/preempt.h>
#include <linux/seqlock.h>
#include <linux/stddef.h>

#include "skiplist.h"

#define MTB_HEIGHT_MAX	12

struct mtb_link {
	u64 prefix;
	struct mtb_block *next;
};

union mtb_cell {
	struct mtb_link link;
	struct mtb_slot slot;
};

/**
 * struct mtb_block - A run of sorted records.
 * @seq: Covers @count, the slots and the bottom link.
 * @incoming: How many records the plan in the making puts here; zero between
 *	plans. Under the index's mutex.
 * @prefix: Prefix of the first record that the block had. Fixed.
 * @height: Levels that the block is linked on. Fixed before it is linked.
 * @count: Slots in use.
 * @next_removed: The next one of those removed, while a grace period passes.
 * @cells: The links, @height of them, the bottom one first; then the slots.
 */
struct mtb_block {
	seqcount_t seq;
	u32 incoming;
	u64 prefix;
	struct mtb_block *next_removed;
	u8 height;
	u8 count;
	union mtb_cell cells[] __aligned(16);
};

#define MTB_BLOCK_CELLS	\
	((MTB_BLOCK_SIZE - offsetof(struct mtb_block, cells)) / sizeof(union mtb_cell))

/* A cursor has room for the records of any block. */
static_assert(sizeof_field(struct mtb_cursor, slots) >=
	      (MTB_BLOCK_CELLS - 1) * sizeof(struct mtb_slot));
/* Lock-free readers rely on prefixes that are loaded and stored whole. */
static_assert(sizeof(u64) == sizeof(long));

static inline struct mtb_link *mtb_block_link(struct mtb_block *block, unsigned int level)
{
	return &block->cells[level].link;
}

static inline struct mtb_slot *mtb_block_slots(struct mtb_block *block)
{
	return &block->cells[block->height].slot;
}

static inline unsigned int mtb_block_capacity(const struct mtb_block *block)
{
	return MTB_BLOCK_CELLS - block->height;
}

static inline unsigned int mtb_block_count(const struct mtb_block *block)
{
	/* Pairs with mtb_block_set_count(). */
	return smp_load_acquire(&block->count);
}

static inline void mtb_block_set_count(struct mtb_block *block, unsigned int count)
{
	/* Pairs with mtb_block_count(). */
	smp_store_release(&block->count, count);
}

/* The first record, or the last one that there was; not for an empty head. */
static inline struct mtb_record *mtb_block_first(struct mtb_block *block)
{
	return READ_ONCE(mtb_block_slots(block)[0].record);
}

static inline void mtb_block_write_begin(struct mtb_block *block)
{
	preempt_disable();
	write_seqcount_begin(&block->seq);
}

static inline void mtb_block_write_end(struct mtb_block *block)
{
	write_seqcount_end(&block->seq);
	preempt_enable();
}

static inline struct mtb_block *mtb_block_next(struct mtb_block *block)
{
	return READ_ONCE(mtb_block_link(block, 0)->next);
}

static inline void mtb_link_set(struct mtb_link *link, struct mtb_block *next)
{
	WRITE_ONCE(link->prefix, next ? next->prefix : U64_MAX);
	/* The block is filled before this: pairs with the dependent loads. */
	smp_store_release(&link->next, next);
}

/* The block that @link leads to if its first record precedes @key, or NULL. */
static inline struct mtb_block *mtb_link_follow(struct mtb_link *link, const struct mtb_key *key)
{
	struct mtb_block *next;

	if (key->prefix < READ_ONCE(link->prefix))
		return NULL;
	next = READ_ONCE(link->next);
	if (!next || key->prefix < next->prefix)
		return NULL;
	if (key->prefix == next->prefix && mtb_key_compare(key, mtb_block_first(next)) <= 0)
		return NULL;
	return next;
}

/* The last block whose first record precedes @key, or one to the left of it. */
static inline struct mtb_block *mtb_skiplist_descend(const struct mtb_skiplist *index,
						     const struct mtb_key *key)
{
	struct mtb_block *block = index->head, *next;
	unsigned int level = READ_ONCE(index->height);

	while (level-- > 0) {
		while ((next = mtb_link_follow(mtb_block_link(block, level), key)))
			block = next;
	}
	return block;
}

/* Number of slots, of the first @count, whose records precede @key. */
static inline unsigned int mtb_lower_bound(const struct mtb_slot *slots, unsigned int count,
					   const struct mtb_key *key)
{
	unsigned int low = 0, high = count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		u64 prefix = READ_ONCE(slots[middle].prefix);
		bool precedes;

		if (prefix != key->prefix)
			precedes = prefix < key->prefix;
		else
			precedes = mtb_key_compare(key, READ_ONCE(slots[middle].record)) > 0;
		if (precedes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct mtb_block *mtb_block_alloc(void);
void mtb_block_free(struct mtb_block *block);
struct mtb_block *mtb_reserve_take(struct mtb_reserve *reserve, u8 height);

#endif /* MTB_BLOCK_H */
