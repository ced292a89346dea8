// SPDX-License-Identifier: GPL-2.0
/*
 * Block memory: one slab cache, what writers have in reserve, and what waits
 * for a grace period; and how blocks are filled from others.
 */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "block.h"
#include "compat.h"

static struct kmem_cache *block_cache __ro_after_init;

/**
 * mtb_block_alloc() - Allocate an empty block.
 *
 * May sleep.
 *
 * Return: the block, or NULL if there is no memory.
 */
struct mtb_block *mtb_block_alloc(void)
{
	struct mtb_block *block = kmem_cache_alloc(block_cache, MTB_GFP);

	if (!block)
		return NULL;
	seqcount_init(&block->seq);
	block->level = 0;
	block->count = 0;
	block->fence = NULL;
	block->incoming = 0;
	block->next = NULL;
	block->codes[0] = U64_MAX;
	return block;
}

/**
 * mtb_block_free() - Free a block.
 * @block: The block.
 */
void mtb_block_free(struct mtb_block *block)
{
	kmem_cache_free(block_cache, block);
}

/**
 * mtb_block_copy() - Fill a block that is not linked yet.
 * @block: The block.
 * @to: The slot to begin with.
 * @from: Another block, of which @block gets what it has from @first on, and all
 *	at the right of that.
 * @first: The first slot of it.
 * @code: The code of that in its new place.
 */
void mtb_block_copy(struct mtb_block *block, unsigned int to, const struct mtb_block *from,
		    unsigned int first, u64 code)
{
	unsigned int count = from->count - first;

	memcpy(&block->codes[to], &from->codes[first], (count + 1) * sizeof(from->codes[0]));
	memcpy(&block->slots[to], &from->slots[first], count * sizeof(from->slots[0]));
	block->codes[to] = code;
	block->next = from->next;
	mtb_block_set_count(block, to + count);
}

/**
 * mtb_block_defer() - Put a removed block on a list.
 * @block: The block.
 * @list: The first of the list.
 */
void mtb_block_defer(struct mtb_block *block, struct mtb_block **list)
{
	block->next_removed = *list;
	*list = block;
}

/**
 * mtb_block_free_list() - Free a list of removed blocks.
 * @list: The first of the list, after a grace period.
 */
void mtb_block_free_list(struct mtb_block *list)
{
	struct mtb_block *next;

	for (; list; list = next) {
		next = list->next_removed;
		/* Above the bottom it is that of a block below. */
		if (!list->level)
			mtb_record_put(list->fence);
		mtb_block_free(list);
		cond_resched();
	}
}

/**
 * mtb_reserve_fill() - Allocate blocks.
 * @reserve: The reserve.
 * @count: How many blocks @reserve is to have.
 *
 * May sleep. What was allocated before a failure stays in the reserve.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_reserve_fill(struct mtb_reserve *reserve, unsigned int count)
{
	while (reserve->count < count) {
		struct mtb_block *block = mtb_block_alloc();

		if (!block)
			return -ENOMEM;
		block->next = reserve->blocks;
		reserve->blocks = block;
		reserve->count++;
		cond_resched();
	}
	return 0;
}

/**
 * mtb_reserve_take() - Take a block out of a reserve.
 * @reserve: The reserve.
 * @level: The level that the block is for.
 *
 * Return: the block.
 */
struct mtb_block *mtb_reserve_take(struct mtb_reserve *reserve, u8 level)
{
	struct mtb_block *block = reserve->blocks;

	/* What was planned is enough. */
	WARN_ON_ONCE(!block);
	reserve->blocks = block->next;
	reserve->count--;
	block->next = NULL;
	block->level = level;
	return block;
}

/**
 * mtb_reserve_empty() - Free the blocks of a reserve.
 * @reserve: The reserve.
 */
void mtb_reserve_empty(struct mtb_reserve *reserve)
{
	while (reserve->count) {
		mtb_block_free(mtb_reserve_take(reserve, 0));
		cond_resched();
	}
}

/**
 * mtb_block_module_init() - Create the slab cache of blocks.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_block_module_init(void)
{
	/* By itself, so that its memory shows under its name. */
	block_cache = kmem_cache_create_usercopy("memtable_block", MTB_BLOCK_SIZE,
						 L1_CACHE_BYTES, SLAB_ACCOUNT | SLAB_NO_MERGE,
						 0, MTB_NO_MERGE_USERSIZE, NULL);
	return block_cache ? 0 : -ENOMEM;
}

/**
 * mtb_block_module_exit() - Destroy it; every index is destroyed by now.
 */
void mtb_block_module_exit(void)
{
	kmem_cache_destroy(block_cache);
}
