/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: what the block skiplist is made of. Only its own files, and
 * their tests, include this; skiplist.c has the rules.
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

/**
 * union mtb_slot - What a block has.
 * @record: A record, at the bottom.
 * @child: A block of the level below, above.
 */
union mtb_slot {
	struct mtb_record *record;
	struct mtb_block *child;
};

/**
 * struct mtb_block - A run of sorted records, or of blocks of the level below.
 * @seq: Covers @count, @next, @codes and @slots.
 * @level: The level; 0 is the bottom. Fixed before it is linked.
 * @count: Slots in use.
 * @fence: The record whose key bounds the block from below; NULL for the first
 *	block of a level. Above the bottom it is that of the first child. The
 *	record may be replaced, under the index's mutex, while others read it; its
 *	key is fixed before the block is linked.
 * @incoming: How many slots the plan in the making puts here; zero between
 *	plans. Under the index's mutex.
 * @next_removed: Once removed: the next one of those that wait for a grace
 *	period.
 * @next: The next block of the level, or NULL.
 * @codes: Code of each slot's key or fence, relative to the slot before it; of
 *	the first one, relative to the block's fence. Behind those of the slots
 *	in use comes that of the next block's fence, or U64_MAX.
 * @slots: The slots.
 */
struct mtb_block {
	seqcount_t seq;
	u8 level;
	u8 count;
	struct mtb_record *fence;
	union {
		u32 incoming;
		struct mtb_block *next_removed;
	};
	struct mtb_block *next;
	u64 codes[MTB_BLOCK_SLOTS + 1];
	union mtb_slot slots[MTB_BLOCK_SLOTS];
};

static_assert(sizeof(struct mtb_block) <= MTB_BLOCK_SIZE);
/* Lock-free readers rely on codes that are loaded and stored whole. */
static_assert(sizeof(u64) == sizeof(long));

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
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < MTB_BLOCK_SIZE; i += L1_CACHE_BYTES)
		prefetch(line + i);
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
	return READ_ONCE(block->next);
}

/* Have a block end after @count slots. Inside a write section of it. */
static inline void mtb_block_end(struct mtb_block *block, unsigned int count, u64 code,
				 struct mtb_block *next)
{
	WRITE_ONCE(block->codes[count], code);
	mtb_block_set_count(block, count);
	/* The next block is filled before this: pairs with the dependent loads. */
	smp_store_release(&block->next, next);
}

bool mtb_key_after_tied(const struct mtb_key *key, const struct mtb_record *record, u64 tag,
			u64 *code);

static inline u64 mtb_fence_tag(const struct mtb_record *fence)
{
	return fence->trailer == MTB_TRAILER_PIN ? U64_MAX : fence->tag;
}

/*
 * The key of a fence. Where records can be removed, all versions of a key are
 * at one side of it.
 */
static inline void mtb_fence_key(const struct mtb_record *fence, bool reverse, struct mtb_key *key)
{
	mtb_record_key(fence, reverse, key);
	key->tag = mtb_fence_tag(fence);
}

/* The record whose key a slot stands for, or the next block's fence. */
static inline const struct mtb_record *
mtb_slot_record(const struct mtb_block *block, unsigned int slot, unsigned int count)
{
	const struct mtb_block *other;

	if (slot < count && !block->level)
		return READ_ONCE(block->slots[slot].record);
	other = slot < count ? READ_ONCE(block->slots[slot].child) : READ_ONCE(block->next);
	return other ? READ_ONCE(other->fence) : NULL;
}

/* Likewise under the mutex. */
static inline const struct mtb_record *mtb_record_at(const struct mtb_block *block,
						     unsigned int position)
{
	return mtb_slot_record(block, position, block->count);
}

/* Skip the slots from @i on that have a lesser code than @floor. */
static __always_inline unsigned int mtb_block_skip(const struct mtb_block *block, unsigned int i,
						   unsigned int count, u64 floor)
{
	const u64 *codes = block->codes, *code = codes + i, *end = codes + count;
	/* Before this there are four more; in a block of less, it is before all. */
	const u64 *last = end - 3;

	/* Most of a search is this: compare with the end after some of them only. */
	for (; code < last; code += 4) {
		if (READ_ONCE(code[0]) >= floor)
			return code - codes;
		if (READ_ONCE(code[1]) >= floor)
			return code + 1 - codes;
		if (READ_ONCE(code[2]) >= floor)
			return code + 2 - codes;
		if (READ_ONCE(code[3]) >= floor)
			return code + 3 - codes;
	}
	while (code < end && READ_ONCE(*code) < floor)
		code++;
	return code - codes;
}

/**
 * mtb_block_search() - Find a key's place in a block.
 * @block: The block.
 * @first: The slot to begin with.
 * @count: How many slots the block has.
 * @key: The internal key, which comes after all slots before @first.
 * @code: The key's code, relative to the slot before @first, or to the fence if
 *	there is none. Becomes that relative to the last one that precedes it.
 * @next: Takes the next block if the key belongs there, or NULL. In that case
 *	@code becomes relative to the fence of that.
 * @asked: NULL if the search may wait for memory. Otherwise the record that memory
 *	was asked for, or NULL at first; where the search would wait for one, it
 *	puts that here and stops, to be gone on with from the slot that it returns.
 *	NULL again once it is through, if no writer was there.
 *
 * Return: the number of slots that precede the key, and @first.
 */
static __always_inline unsigned int mtb_block_search(const struct mtb_block *block,
						     unsigned int first, unsigned int count,
						     const struct mtb_key *key, u64 *code,
						     struct mtb_block **next,
						     const struct mtb_record **asked)
{
	const struct mtb_record *record;
	u64 own = *code, floor, other;
	unsigned int i = first;

	*next = NULL;
	for (;; i++) {
		/* Mostly both leave the one before at different bytes, and nothing changes. */
		floor = mtb_code_floor(own);
		i = mtb_block_skip(block, i, count, floor);
		other = READ_ONCE(block->codes[i]);
		if (other > own)
			break;
		if (unlikely(other == own)) {
			record = mtb_slot_record(block, i, count);
			if (asked && i < count) {
				if (*asked != record) {
					*asked = record;
					break;
				}
				*asked = NULL;
			}
			if (!record ||
			    !mtb_key_after_tied(key, record, block->level || i == count ?
						mtb_fence_tag(record) : record->tag, &own))
				break;
		} else if (other >= floor) {
			own = mtb_code_rebase(own, other, key);
		}
		if (i == count) {
			*next = READ_ONCE(block->next);
			break;
		}
	}
	*code = own;
	return i;
}

/* The first block of the top level. */
static inline struct mtb_block *mtb_skiplist_top(const struct mtb_skiplist *index)
{
	/* Pairs with grow(). */
	return smp_load_acquire(&index->top);
}

struct mtb_block *mtb_block_alloc(void);
void mtb_block_free(struct mtb_block *block);
struct mtb_block *mtb_reserve_take(struct mtb_reserve *reserve, u8 level);
void mtb_block_defer(struct mtb_block *block, struct mtb_block **list);
void mtb_block_copy(struct mtb_block *block, unsigned int to, const struct mtb_block *from,
		    unsigned int first, u64 code);

bool mtb_key_after_fence(const struct mtb_key *key, const struct mtb_block *block);
u64 mtb_fence_code(const struct mtb_key *key, const struct mtb_block *block);
void mtb_skiplist_descend(const struct mtb_skiplist *index, struct mtb_place *place,
			  const struct mtb_key *key, unsigned int level);
void mtb_skiplist_locate(const struct mtb_skiplist *index, struct mtb_place *place,
			 const struct mtb_key *key, unsigned int level);
bool mtb_place_settle(struct mtb_place *place, const struct mtb_key *key);
void mtb_search_run(const struct mtb_skiplist *index, struct mtb_search *searches,
		    unsigned int count);

#endif /* MTB_BLOCK_H */
