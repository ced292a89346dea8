/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ordered index: a skiplist of blocks, each with a run of sorted records.
 */
#ifndef MTB_SKIPLIST_H
#define MTB_SKIPLIST_H

#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include "key.h"

struct mtb_block;

/* Tests have smaller blocks, too, so that a few records make many levels. */
#ifndef MTB_BLOCK_SIZE
#define MTB_BLOCK_SIZE		1024
#endif
#define MTB_BLOCK_SLOTS		((unsigned int)(MTB_BLOCK_SIZE - 36 - sizeof(seqcount_t)) / 16)

/* Where blocks are half full, more than memory can hold. */
#define MTB_LEVELS_MAX		10

/* How many blocks it can take to cut any index in two. */
#define MTB_CUT_BLOCKS		(MTB_LEVELS_MAX - 1)

/**
 * struct mtb_skiplist - An index.
 * @top: The first block of the highest level. Written under @lock, read without.
 * @head: The first block at the bottom; it is there from the start. Fixed.
 * @lock: The mutex that all writers hold. Fixed.
 * @reverse: Keys are ordered from the greatest to the least. Set, under @lock,
 *	while the index is empty; read without.
 * @tail: The last block at the bottom, where sorted input goes. Under @lock.
 * @spare: How many blocks what is planned can still have above the bottom. Under
 *	@lock.
 *
 * What readers need comes first, and seldom changes; &struct mtb_table tells why.
 */
struct mtb_skiplist {
	struct mtb_block *top;
	struct mtb_block *head;
	struct mutex *lock;	/* the table's */
	bool reverse;
	struct mtb_block *tail;
	unsigned int spare;
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
 * struct mtb_place - Where a key belongs, or a block on the way there.
 * @block: The block. Its fence precedes the key.
 * @code: The key's code, relative to that fence.
 * @slot_code: The key's code, relative to what comes before it.
 * @seq: State of the block's sequence counter for which @position and
 *	@slot_code hold.
 * @position: How many slots of the block precede the key.
 */
struct mtb_place {
	struct mtb_block *block;
	u64 code;
	u64 slot_code;
	unsigned int seq;
	u8 position;
};

/**
 * struct mtb_insertion - A record on its way into an index.
 * @record: The record.
 * @place: Where it goes, as mtb_skiplist_plan() found; of no block, but with
 *	the code, if to the very end. Insertion uses it up.
 */
struct mtb_insertion {
	struct mtb_record *record;
	struct mtb_place place;
};

/* How many searches are under way at once, at most. */
#define MTB_SEARCHES	16

/**
 * struct mtb_search - One of several searches under way at once.
 * @key: The internal key.
 * @place: How far the search has come.
 * @asked: The record that it waits for, or NULL.
 * @record: The first record at or after @key, or NULL.
 */
struct mtb_search {
	struct mtb_key key;
	struct mtb_place place;
	const struct mtb_record *asked;
	struct mtb_record *record;
};

/**
 * struct mtb_cursor - A reader's place in an index.
 * @index: The index.
 * @next: The block after the one that @records was copied from.
 * @position: Index into @records of the current one.
 * @count: How many there are.
 * @records: The records of a block.
 *
 * The cursor is for one task. It sees every record that was linked before it
 * was placed, and may see some that are linked later.
 */
struct mtb_cursor {
	const struct mtb_skiplist *index;
	struct mtb_block *next;
	unsigned int position;
	unsigned int count;
	struct mtb_record *records[MTB_BLOCK_SLOTS];
};

/* How many records ahead of a cursor memory is asked for. */
#define MTB_CURSOR_AHEAD	8

/* Is the next record one that the cursor has already? */
static inline bool mtb_cursor_has_next(const struct mtb_cursor *cursor)
{
	return cursor->position + 1 < cursor->count;
}

static inline bool mtb_cursor_has_prev(const struct mtb_cursor *cursor)
{
	return cursor->position;
}

/* Move to it. */
static inline struct mtb_record *mtb_cursor_next_at_hand(struct mtb_cursor *cursor)
{
	if (cursor->position + MTB_CURSOR_AHEAD < cursor->count)
		mtb_record_prefetch(cursor->records[cursor->position + MTB_CURSOR_AHEAD]);
	return cursor->records[++cursor->position];
}

static inline struct mtb_record *mtb_cursor_prev_at_hand(struct mtb_cursor *cursor)
{
	if (cursor->position >= MTB_CURSOR_AHEAD)
		mtb_record_prefetch(cursor->records[cursor->position - MTB_CURSOR_AHEAD]);
	return cursor->records[--cursor->position];
}

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
s64 mtb_skiplist_remove(struct mtb_skiplist *index, struct mtb_record *record,
			struct mtb_block **removed);
unsigned int mtb_skiplist_cut(struct mtb_skiplist *index, const struct mtb_key *key,
			      struct mtb_skiplist *right, struct mtb_reserve *reserve);
unsigned int mtb_skiplist_cut_blocks(const struct mtb_skiplist *index);
struct mtb_record *mtb_skiplist_middle(struct mtb_skiplist *index, u64 count);
u64 mtb_skiplist_memory(struct mtb_skiplist *index);

void mtb_block_free_list(struct mtb_block *list);

struct mtb_record *mtb_skiplist_find(const struct mtb_skiplist *index, const struct mtb_key *key);
void mtb_skiplist_find_many(const struct mtb_skiplist *index, struct mtb_search *searches,
			    unsigned int count);

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
