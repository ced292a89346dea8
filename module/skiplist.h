/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ordered index: a skiplist of blocks, each with a run of sorted records.
 */
#ifndef MTB_SKIPLIST_H
#define MTB_SKIPLIST_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "record.h"

struct mtb_block;

#define MTB_BLOCK_SIZE		1024
#define MTB_BLOCK_SLOTS_MAX	61

/**
 * struct mtb_skiplist - An index.
 * @head: The first block; it is there from the start and the only one that
 *	can be empty. Fixed.
 * @lock: The mutex that all writers hold. Fixed.
 * @random: State of the generator that draws heights. Under @lock.
 * @height: Levels in use. Written under @lock, read without.
 * @reverse: Keys are ordered from the greatest to the least. Set, under @lock,
 *	while the index is empty.
 */
struct mtb_skiplist {
	struct mtb_block *head;
	struct mutex *lock;	/* the table's */
	u32 random;
	u8 height;
	bool reverse;
};

/**
 * struct mtb_reserve - Blocks that a writer has at hand, so that it need not
 *	allocate under the index's lock.
 * @blocks: The first of them.
 * @count: How many there are.
 */
struct mtb_reserve {
	struct mtb_block *blocks;
	unsigned int count;
};

/**
 * struct mtb_insertion - A record on its way into an index.
 * @record: The record.
 * @block: Where it goes, as far as mtb_skiplist_plan() could tell.
 */
struct mtb_insertion {
	struct mtb_record *record;
	struct mtb_block *block;
};

/**
 * struct mtb_slot - A record in a block.
 * @prefix: The prefix of its key.
 * @record: The record.
 */
struct mtb_slot {
	u64 prefix;
	struct mtb_record *record;
};

/**
 * struct mtb_cursor - A reader's place in an index.
 * @index: The index.
 * @next: The block after the one that @slots was copied from.
 * @position: Index into @slots of the current one.
 * @count: How many there are.
 * @slots: Copy of a block's slots.
 *
 * The cursor is for one task. It sees every record that was linked before it
 * was placed, and may see some that are linked later.
 */
struct mtb_cursor {
	const struct mtb_skiplist *index;
	struct mtb_block *next;
	unsigned int position;
	unsigned int count;
	struct mtb_slot slots[MTB_BLOCK_SLOTS_MAX];
};

int mtb_block_module_init(void);
void mtb_block_module_exit(void);

int mtb_skiplist_init(struct mtb_skiplist *index, struct mutex *lock);
void mtb_skiplist_destroy(struct mtb_skiplist *index);

int mtb_reserve_fill(struct mtb_reserve *reserve, unsigned int count);
void mtb_reserve_empty(struct mtb_reserve *reserve);

int mtb_skiplist_plan(struct mtb_skiplist *index, struct mtb_insertion *insertions, size_t count,
		      unsigned int *blocks);
unsigned int mtb_skiplist_insert(struct mtb_skiplist *index, struct mtb_insertion *insertion,
				 struct mtb_reserve *reserve);
void mtb_skiplist_replace(struct mtb_skiplist *index, struct mtb_record *old,
			  struct mtb_record *record);
struct mtb_block *mtb_skiplist_remove(struct mtb_skiplist *index, struct mtb_record *record);
unsigned int mtb_skiplist_cut(struct mtb_skiplist *index, const struct mtb_key *key,
			      struct mtb_skiplist *right, struct mtb_reserve *reserve);
struct mtb_record *mtb_skiplist_middle(struct mtb_skiplist *index, u64 count);
u64 mtb_skiplist_blocks(struct mtb_skiplist *index);

void mtb_block_defer(struct mtb_block *block, struct mtb_block **list);
void mtb_block_free_list(struct mtb_block *list);

struct mtb_record *mtb_skiplist_find(const struct mtb_skiplist *index, const struct mtb_key *key);

struct mtb_record *mtb_cursor_first(struct mtb_cursor *cursor, const struct mtb_skiplist *index);
struct mtb_record *mtb_cursor_last(struct mtb_cursor *cursor, const struct mtb_skiplist *index);
struct mtb_record *mtb_cursor_seek(struct mtb_cursor *cursor, const struct mtb_skiplist *index,
				   const struct mtb_key *key);
struct mtb_record *mtb_cursor_seek_before(struct mtb_cursor *cursor,
					  const struct mtb_skiplist *index,
					  const struct mtb_key *key);
struct mtb_record *mtb_cursor_next(struct mtb_cursor *cursor);
struct mtb_record *mtb_cursor_prev(struct mtb_cursor *cursor);

#endif /* MTB_SKIPLIST_H */
