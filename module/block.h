/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: what the block skiplist is made of. Only its own files include this;
 * skiplist.c has the rules.
 */
#ifndef MTB_BLOCK_H
#define MTB_BLOCK_H

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/preempt.h>
#include <linux/prefetch.h>
#include <linux/seqlock.h>
#include <linux/stddef.h>

#include "skiplist.h"

#define MTB_HEIGHT_MAX	12

/**
 * struct mtb_link - A block's pointer to another one further right.
 * @code: Code of the other block's fence, relative to this block's; U64_MAX if
 *	there is no other.
 * @next: The other block, or NULL.
 */
struct mtb_link {
	u64 code;
	struct mtb_block *next;
};

union mtb_cell {
	struct mtb_link link;
	struct mtb_slot slot;
};

/**
 * struct mtb_block - A run of sorted records.
 * @seq: Covers @count, the slots and the links.
 * @height: Levels that the block is linked on. Fixed before it is linked.
 * @count: Slots in use.
 * @fence: The record whose key bounds the block from below; NULL for the head.
 *	The record may be replaced, under the index's mutex, while others read it;
 *	its key is fixed before the block is linked.
 * @incoming: How many records the plan in the making puts here; zero between
 *	plans. Under the index's mutex.
 * @next_removed: Once removed: the next one of those that wait for a grace
 *	period.
 * @cells: The links, @height of them, the bottom one first; then the slots.
 */
struct mtb_block {
	seqcount_t seq;
	u8 height;
	u8 count;
	struct mtb_record *fence;
	union {
		u32 incoming;
		struct mtb_block *next_removed;
	};
	union mtb_cell cells[] __aligned(16);
};

#define MTB_BLOCK_CELLS	\
	((MTB_BLOCK_SIZE - offsetof(struct mtb_block, cells)) / sizeof(union mtb_cell))

/* A cursor has room for the records of any block. */
static_assert(MTB_BLOCK_CELLS - 1 <= MTB_BLOCK_SLOTS_MAX);
/* Lock-free readers rely on codes that are loaded and stored whole. */
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

/* Have all of a block come into the caches. */
static inline void mtb_block_prefetch(const struct mtb_block *block)
{
	const u8 *line = (const u8 *)block;

	for (; line < (const u8 *)block + MTB_BLOCK_SIZE; line += L1_CACHE_BYTES)
		prefetch(line);
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

/*
 * The key of a fence. Where records can be removed, all versions of a key are
 * at one side of it.
 */
static inline void mtb_fence_key(const struct mtb_record *fence, bool reverse, struct mtb_key *key)
{
	mtb_record_key(fence, reverse, key);
	if (fence->trailer == MTB_TRAILER_PIN)
		key->tag = U64_MAX;
}

bool mtb_place_follow_tied(struct mtb_place *place, struct mtb_block *next,
			   const struct mtb_key *key);

/* Move on to the block that a link leads to if the key comes after its fence. */
static inline bool mtb_place_follow(struct mtb_place *place, unsigned int level,
				    const struct mtb_key *key)
{
	struct mtb_block *block = place->block, *next;
	struct mtb_link *link = mtb_block_link(block, level);
	unsigned int seq;
	u64 code;

	/*
	 * Not to follow a link is sound above the bottom level. At the bottom
	 * the code is no older than what the caller has of the block.
	 */
	if (READ_ONCE(link->code) > place->code)
		return false;
	do {
		seq = read_seqcount_begin(&block->seq);
		code = READ_ONCE(link->code);
		next = READ_ONCE(link->next);
	} while (read_seqcount_retry(&block->seq, seq));
	if (!next || code > place->code)
		return false;
	if (unlikely(code == place->code)) {
		/* A copy, so that the place itself can stay in registers. */
		struct mtb_place tied = *place;

		if (!mtb_place_follow_tied(&tied, next, key))
			return false;
		*place = tied;
		return true;
	}
	place->code = mtb_code_rebase(place->code, code, key);
	place->block = next;
	return true;
}

/* Number of slots, of the first @count of the place's block, that precede @key. */
static inline unsigned int mtb_lower_bound(const struct mtb_place *place, unsigned int count,
					   const struct mtb_key *key)
{
	const struct mtb_slot *slots = mtb_block_slots(place->block);
	unsigned int low = 0, high = count;
	u64 code = place->code;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		u64 other = READ_ONCE(slots[middle].code);
		bool precedes;

		if (other != code)
			precedes = other < code;
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
void mtb_block_defer(struct mtb_block *block, struct mtb_block **list);

bool mtb_key_after_fence(const struct mtb_key *key, struct mtb_block *block);
u64 mtb_block_code(const struct mtb_key *key, const struct mtb_block *block);
void mtb_skiplist_descend(const struct mtb_skiplist *index, struct mtb_place *place,
			  const struct mtb_key *key);
void mtb_search_run(const struct mtb_skiplist *index, struct mtb_search *searches,
		    unsigned int count);

#endif /* MTB_BLOCK_H */
