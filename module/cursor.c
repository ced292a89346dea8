// SPDX-License-Identifier: GPL-2.0
/*
 * Cursors in the block skiplist. skiplist.c has the rules.
 */
#include "block.h"

/* Number of records, of those that the cursor has, before @key. */
static unsigned int records_before(const struct mtb_cursor *cursor, const struct mtb_key *key)
{
	unsigned int low = 0, high = cursor->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (mtb_key_compare(key, cursor->records[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Place a cursor at the first record at or after @key of those that it has.
 * Returns the next block, and the key's code there, if it belongs to that.
 */
static struct mtb_block *cursor_search(struct mtb_cursor *cursor, const struct mtb_key *key,
				       u64 *code)
{
	cursor->position = records_before(cursor, key);
	if (!cursor->next || !mtb_key_after_fence(key, cursor->next))
		return NULL;
	*code = mtb_fence_code(key, cursor->next);
	return cursor->next;
}

/*
 * Take the records of the place's block, after moving on to where @key belongs,
 * if that is not NULL: then the cursor is at the first of them at or after it.
 * Where a writer comes in between, nothing but the copy is in the read section
 * from then on, so that none, however busy, keeps a reader from getting through.
 */
static void cursor_load(struct mtb_cursor *cursor, struct mtb_place *place,
			const struct mtb_key *key)
{
	struct mtb_block *block, *next = NULL;
	unsigned int seq, tries, i;
	u64 code = place->code;

	do {
		if (next)
			place->block = next;
		place->code = code;
		block = place->block;
		next = NULL;
		tries = 0;
		do {
			seq = read_seqcount_begin(&block->seq);
			cursor->count = mtb_block_count(block);
			for (i = 0; i < cursor->count; i++)
				cursor->records[i] = READ_ONCE(block->slots[i].record);
			cursor->next = mtb_block_next(block);
			cursor->position = key && !tries++ ?
				mtb_block_search(block, 0, cursor->count, key, &code, &next,
						 NULL) : 0;
		} while (read_seqcount_retry(&block->seq, seq));
		/* With long keys the search takes its time. */
		if (key && tries > 1)
			next = cursor_search(cursor, key, &code);
		/* If the key is in a block that was split off, move on there. */
	} while (next);
	for (i = 0; i < cursor->count && i < MTB_CURSOR_AHEAD; i++)
		mtb_record_prefetch(cursor->records[i]);
	if (cursor->next)
		mtb_block_prefetch(cursor->next);
}

static struct mtb_record *cursor_current(struct mtb_cursor *cursor)
{
	struct mtb_place place = {};

	/* Few blocks are empty: see skiplist.c. */
	while (cursor->position >= cursor->count) {
		if (!cursor->next)
			return NULL;
		place.block = cursor->next;
		cursor_load(cursor, &place, NULL);
	}
	return cursor->records[cursor->position];
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
	struct mtb_place place = { .block = index->head };

	cursor->index = index;
	cursor_load(cursor, &place, NULL);
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
	struct mtb_place place;

	cursor->index = index;
	mtb_skiplist_descend(index, &place, key, 0);
	cursor_load(cursor, &place, key);
	return cursor_current(cursor);
}

/*
 * Where records are removed, a block that @key belongs to may have none before
 * it any more: take the block to the left of it.
 */
static void cursor_load_before(struct mtb_cursor *cursor, struct mtb_place *place,
			       const struct mtb_key *key)
{
	struct mtb_block *block = place->block;
	struct mtb_key fence;

	mtb_fence_key(READ_ONCE(block->fence), key->reverse, &fence);
	mtb_skiplist_descend(cursor->index, place, &fence, 0);
	for (;;) {
		cursor_load(cursor, place, NULL);
		if (!cursor->next || cursor->next == block ||
		    !mtb_key_after_fence(key, cursor->next))
			break;
		place->block = cursor->next;
	}
	cursor->position = records_before(cursor, key);
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
	struct mtb_place place;

	cursor->index = index;
	mtb_skiplist_descend(index, &place, key, 0);
	cursor_load(cursor, &place, key);
	while (!cursor->position) {
		/*
		 * Before the head there is nothing. With another order, which the
		 * index got while it was empty, going left might lead nowhere.
		 */
		if (place.block == index->head || key->reverse != READ_ONCE(index->reverse))
			return NULL;
		cursor_load_before(cursor, &place, key);
	}
	return mtb_cursor_prev_at_hand(cursor);
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
	struct mtb_place place = { .block = mtb_skiplist_top(index) };
	struct mtb_block *next;
	struct mtb_key key;

	cursor->index = index;
	/* Dependent loads: each block was filled before it was linked. */
	for (;;) {
		while ((next = mtb_block_next(place.block)))
			place.block = next;
		if (!place.block->level)
			break;
		place.block = READ_ONCE(place.block->slots[mtb_block_count(place.block) - 1].child);
	}
	for (;;) {
		cursor_load(cursor, &place, NULL);
		if (!cursor->next)
			break;
		place.block = cursor->next;
	}
	if (!cursor->count) {
		if (place.block == index->head)
			return NULL;
		/* It is being unlinked: what is last now lies before its fence. */
		mtb_fence_key(READ_ONCE(place.block->fence), READ_ONCE(index->reverse), &key);
		return mtb_cursor_seek_before(cursor, index, &key);
	}
	cursor->position = cursor->count;
	return mtb_cursor_prev_at_hand(cursor);
}

/**
 * mtb_cursor_next() - Move a cursor to the following record.
 * @cursor: A cursor at a record, placed there going forward.
 *
 * Return: the record, or NULL if there is none.
 */
struct mtb_record *mtb_cursor_next(struct mtb_cursor *cursor)
{
	if (mtb_cursor_has_next(cursor))
		return mtb_cursor_next_at_hand(cursor);
	cursor->position = cursor->count;
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

	if (mtb_cursor_has_prev(cursor))
		return mtb_cursor_prev_at_hand(cursor);
	mtb_record_key(cursor->records[0], READ_ONCE(cursor->index->reverse), &key);
	return mtb_cursor_seek_before(cursor, cursor->index, &key);
}
