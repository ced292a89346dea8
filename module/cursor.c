// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of the block skiplist: looking up, and cursors. skiplist.c has the
 * rules.
 */
#include "block.h"

/*
 * Copy a block's slots, after moving on to where @key belongs, or from @block
 * itself if that is NULL. Nothing but the copy is in the read section, so that
 * no writer, however busy, keeps a reader from getting through.
 */
static struct mtb_block *cursor_load(struct mtb_cursor *cursor, struct mtb_block *block,
				     const struct mtb_key *key)
{
	struct mtb_block *next;
	const struct mtb_slot *slots;
	unsigned int seq, i;

	do {
		while (key && (next = mtb_link_follow(mtb_block_link(block, 0), key)))
			block = next;
		slots = mtb_block_slots(block);
		seq = read_seqcount_begin(&block->seq);
		cursor->count = mtb_block_count(block);
		for (i = 0; i < cursor->count; i++) {
			cursor->slots[i].prefix = READ_ONCE(slots[i].prefix);
			cursor->slots[i].record = READ_ONCE(slots[i].record);
		}
		cursor->next = mtb_block_next(block);
	} while (read_seqcount_retry(&block->seq, seq) ||
		 (key && mtb_link_follow(mtb_block_link(block, 0), key)));
	cursor->position = 0;
	return block;
}

static struct mtb_record *cursor_current(struct mtb_cursor *cursor)
{
	/* Only the head, or a block being unlinked, can be empty. */
	while (cursor->position >= cursor->count) {
		if (!cursor->next)
			return NULL;
		cursor_load(cursor, cursor->next, NULL);
	}
	return cursor->slots[cursor->position].record;
}

/* The first record of @block, or of the next one that is not empty. */
static struct mtb_record *first_from(struct mtb_block *block)
{
	struct mtb_record *record;
	struct mtb_block *next;
	unsigned int seq, count;

	for (; block; block = next) {
		do {
			seq = read_seqcount_begin(&block->seq);
			count = mtb_block_count(block);
			record = mtb_block_first(block);
			next = mtb_block_next(block);
		} while (read_seqcount_retry(&block->seq, seq));
		if (count)
			return record;
	}
	return NULL;
}

/* How often a search is tried in a block that writers keep changing. */
#define SEARCH_TRIES	4

static noinline struct mtb_record *find_in_copy(const struct mtb_skiplist *index,
						struct mtb_block *block,
						const struct mtb_key *key)
{
	struct mtb_cursor cursor = { .index = index };

	cursor_load(&cursor, block, key);
	cursor.position = mtb_lower_bound(cursor.slots, cursor.count, key);
	return cursor_current(&cursor);
}

/**
 * mtb_skiplist_find() - Look up a record.
 * @index: The index.
 * @key: The internal key.
 *
 * Return: the first record at or after @key, or NULL.
 */
struct mtb_record *mtb_skiplist_find(const struct mtb_skiplist *index, const struct mtb_key *key)
{
	struct mtb_block *block = mtb_skiplist_descend(index, key), *next;
	unsigned int seq, count, position, tries = 0;
	struct mtb_record *record;

	do {
		if (tries++ == SEARCH_TRIES)
			return find_in_copy(index, block, key);
		seq = read_seqcount_begin(&block->seq);
		while ((next = mtb_link_follow(mtb_block_link(block, 0), key))) {
			block = next;
			seq = read_seqcount_begin(&block->seq);
		}
		count = mtb_block_count(block);
		position = mtb_lower_bound(mtb_block_slots(block), count, key);
		record = NULL;
		if (position < count)
			record = READ_ONCE(mtb_block_slots(block)[position].record);
		else
			next = mtb_block_next(block);
	} while (read_seqcount_retry(&block->seq, seq));

	return record || !next ? record : first_from(next);
}

/**
 * mtb_cursor_first() - Place a cursor at the first record.
 * @cursor: The cursor.
 * @index: The index.
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_first(struct mtb_cursor *cursor, const struct mtb_skiplist *index)
{
	cursor->index = index;
	cursor_load(cursor, index->head, NULL);
	return cursor_current(cursor);
}

/**
 * mtb_cursor_seek() - Place a cursor at the first record at or after a key.
 * @cursor: The cursor.
 * @index: The index.
 * @key: The internal key.
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_seek(struct mtb_cursor *cursor, const struct mtb_skiplist *index,
				   const struct mtb_key *key)
{
	cursor->index = index;
	cursor_load(cursor, mtb_skiplist_descend(index, key), key);
	cursor->position = mtb_lower_bound(cursor->slots, cursor->count, key);
	return cursor_current(cursor);
}

/*
 * Where records are removed, a block that @key belongs to may have none before
 * it any more: copy the block to the left of @block.
 */
static struct mtb_block *cursor_load_before(struct mtb_cursor *cursor, struct mtb_block *block,
					    const struct mtb_key *key)
{
	const struct mtb_skiplist *index = cursor->index;
	struct mtb_block *pred = index->head, *next;
	unsigned int level = READ_ONCE(index->height);
	struct mtb_key first;

	mtb_record_key(mtb_block_first(block), key->reverse, &first);
	while (level-- > 0) {
		while ((next = mtb_link_follow(mtb_block_link(pred, level), &first)) &&
		       next != block)
			pred = next;
	}
	for (;;) {
		cursor_load(cursor, pred, NULL);
		next = cursor->next;
		if (!next || next == block || mtb_key_compare(key, mtb_block_first(next)) <= 0)
			return pred;
		pred = next;
	}
}

/**
 * mtb_cursor_seek_before() - Place a cursor at the last record before a key.
 * @cursor: The cursor.
 * @index: The index.
 * @key: The internal key.
 *
 * The cursor can then only be moved with mtb_cursor_prev().
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_seek_before(struct mtb_cursor *cursor,
					  const struct mtb_skiplist *index,
					  const struct mtb_key *key)
{
	struct mtb_block *block;

	cursor->index = index;
	block = cursor_load(cursor, mtb_skiplist_descend(index, key), key);
	for (;;) {
		cursor->count = mtb_lower_bound(cursor->slots, cursor->count, key);
		if (cursor->count)
			break;
		/* Before the head there is nothing. */
		if (block == index->head)
			return NULL;
		block = cursor_load_before(cursor, block, key);
	}
	cursor->position = cursor->count - 1;
	return cursor->slots[cursor->position].record;
}

/**
 * mtb_cursor_last() - Place a cursor at the last record.
 * @cursor: The cursor.
 * @index: The index.
 *
 * The cursor can then only be moved with mtb_cursor_prev().
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_last(struct mtb_cursor *cursor, const struct mtb_skiplist *index)
{
	struct mtb_block *block = index->head, *next;
	unsigned int level = READ_ONCE(index->height);
	struct mtb_key key;

	cursor->index = index;
	while (level-- > 0) {
		while ((next = READ_ONCE(mtb_block_link(block, level)->next)))
			block = next;
	}
	for (;;) {
		cursor_load(cursor, block, NULL);
		if (!cursor->next)
			break;
		block = cursor->next;
	}
	if (!cursor->count) {
		if (block == index->head)
			return NULL;
		/* It is being unlinked: what is last now lies before what it had. */
		mtb_record_key(mtb_block_first(block), READ_ONCE(index->reverse), &key);
		return mtb_cursor_seek_before(cursor, index, &key);
	}
	cursor->position = cursor->count - 1;
	return cursor->slots[cursor->position].record;
}

/**
 * mtb_cursor_next() - Move a cursor to the following record.
 * @cursor: A cursor at a record, placed there going forward.
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_next(struct mtb_cursor *cursor)
{
	cursor->position++;
	return cursor_current(cursor);
}

/**
 * mtb_cursor_prev() - Move a cursor to the preceding record.
 * @cursor: A cursor at a record, placed there going backward.
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_prev(struct mtb_cursor *cursor)
{
	struct mtb_key key;

	if (cursor->position) {
		cursor->position--;
		return cursor->slots[cursor->position].record;
	}
	mtb_record_key(cursor->slots[0].record, READ_ONCE(cursor->index->reverse), &key);
	return mtb_cursor_seek_before(cursor, cursor->index, &key);
}

