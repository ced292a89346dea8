/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ordered index: a skiplist of blocks, each with a run of sorted records.
 */
#ifndef MTB_SKIPLIST_H
#define MTB_SKIPLIST_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "record.h"

struct mtb_block;

#define MTB_BLOCK_SIZE		1024
#define MTB_BLOCK_SLOTS_MAX	62

/**
 * struct mtb_skiplist - An index.
 * @head: The first block; it is there from the start and the only one that
 *	can be empty. Fixed.
 * @lock: The mutex that all writers hold. Fixed.
 * @random: State of the generator that draws heights. Under @lock.
 * @height: Levels in use. Written under @lock, read without.
 */
struct mtb_skiplist {
	struct mtb_block *head;
	struct mutex *lock;	/* the table's */
	u32 random;
	u8 height;
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
 * struct mtb_cursor - A reader's place in an index.
 * @index: The index.
 * @next: The block after the one that @records was copied from.
 * @position: Index into @records of the current one.
 * @count: Records in @records.
 * @records: Copy of a block's run of records.
 *
 * The cursor is for one task. It sees every record that was linked before it
 * was placed, and may see some that are linked later.
 */
struct mtb_cursor {
	const struct mtb_skiplist *index;
	struct mtb_block *next;
	unsigned int position;
	unsigned int count;
	struct mtb_record *records[MTB_BLOCK_SLOTS_MAX];
};

int mtb_skiplist_module_init(void);
void mtb_skiplist_module_exit(void);

int mtb_skiplist_init(struct mtb_skiplist *index, struct mutex *lock);
void mtb_skiplist_destroy(struct mtb_skiplist *index);

int mtb_reserve_fill(struct mtb_reserve *reserve, const struct mtb_skiplist *index,
		     unsigned int count);
void mtb_reserve_empty(struct mtb_reserve *reserve);

unsigned int mtb_skiplist_plan(struct mtb_skiplist *index, struct mtb_insertion *insertions,
			       size_t count);
unsigned int mtb_skiplist_insert(struct mtb_skiplist *index, struct mtb_insertion *insertion,
				 struct mtb_reserve *reserve);

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
