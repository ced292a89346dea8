// SPDX-License-Identifier: GPL-2.0
/*
 * Searches in the block skiplist, one by one or several at once. skiplist.c has
 * the rules.
 *
 * In a large index a search waits for memory most of its time. Those that are
 * under way at once take turns: each asks for the block that it goes to and lets
 * the others go on until that has come.
 */
#include "block.h"

/**
 * mtb_key_after_fence() - Compare a key with a fence.
 * @key: The internal key.
 * @block: The block that has the fence, not the head.
 *
 * Return: true if the key comes after it.
 */
bool mtb_key_after_fence(const struct mtb_key *key, struct mtb_block *block)
{
	const struct mtb_record *fence = READ_ONCE(block->fence);
	int order = mtb_key_compare_bytes(key, fence);

	if (order)
		return order > 0;
	return key->tag < (fence->trailer == MTB_TRAILER_PIN ? U64_MAX : fence->tag);
}

/**
 * mtb_block_code() - Tell a key's code relative to a fence.
 * @key: The internal key, which comes after the fence.
 * @block: The block that has the fence.
 *
 * Return: the code.
 */
u64 mtb_block_code(const struct mtb_key *key, const struct mtb_block *block)
{
	const struct mtb_record *fence = READ_ONCE(block->fence);

	return mtb_key_code(key, fence ? mtb_key_common(key, fence, 0) : 0);
}

/**
 * mtb_place_follow_tied() - Decide about a link with the same code as the key.
 * @place: The place; moves on if the key comes after the fence of @next.
 * @next: The block that the link leads to.
 * @key: The internal key.
 *
 * Return: true if it moved on.
 */
bool mtb_place_follow_tied(struct mtb_place *place, struct mtb_block *next,
			   const struct mtb_key *key)
{
	const struct mtb_record *fence = READ_ONCE(next->fence);
	u32 common = mtb_key_common(key, fence, mtb_code_end(place->code));
	struct mtb_key fence_key;
	u64 code;

	mtb_fence_key(fence, key->reverse, &fence_key);
	code = mtb_key_code(key, common);
	if (common == MTB_COMMON_ALL ? !mtb_key_after_fence(key, next) :
				       code < mtb_key_code(&fence_key, common))
		return false;
	place->block = next;
	place->code = code;
	return true;
}

/* Go to the next block, and say whether there was one to go to. */
static bool search_step(struct mtb_search *search)
{
	struct mtb_place *place = &search->place;
	unsigned int level;

	for (level = search->levels; level-- > 0;) {
		if (mtb_place_follow(place, level, &search->key)) {
			search->levels = level + 1;
			prefetch(place->block);
			prefetch(mtb_block_link(place->block, level));
			return true;
		}
	}
	mtb_block_prefetch(place->block);
	return false;
}

/**
 * mtb_search_run() - Descend to where keys belong.
 * @index: The index.
 * @searches: The searches, with their keys. Each comes to the last block whose
 *	fence precedes the key, or to one at the left of it if writers are at work.
 * @count: How many there are, at most %MTB_SEARCHES.
 */
void mtb_search_run(const struct mtb_skiplist *index, struct mtb_search *searches,
		    unsigned int count)
{
	struct mtb_search *under_way[MTB_SEARCHES];
	unsigned int i;

	for (i = 0; i < count; i++) {
		searches[i].place.block = index->head;
		searches[i].place.code = mtb_key_code(&searches[i].key, 0);
		searches[i].levels = READ_ONCE(index->height);
		under_way[i] = &searches[i];
	}
	while (count) {
		for (i = 0; i < count;) {
			if (search_step(under_way[i]))
				i++;
			else
				under_way[i] = under_way[--count];
		}
	}
}

/**
 * mtb_skiplist_descend() - Descend to where a key belongs.
 * @index: The index.
 * @place: Takes the last block whose fence precedes @key, or one at the left of
 *	it if writers are at work.
 * @key: The internal key.
 */
void mtb_skiplist_descend(const struct mtb_skiplist *index, struct mtb_place *place,
			  const struct mtb_key *key)
{
	struct mtb_place here = { index->head, mtb_key_code(key, 0) };
	unsigned int level = READ_ONCE(index->height);

	while (level-- > 0) {
		while (mtb_place_follow(&here, level, key))
			;
	}
	*place = here;
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
			record = READ_ONCE(mtb_block_slots(block)[0].record);
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
						const struct mtb_key *key)
{
	struct mtb_cursor cursor;

	return mtb_cursor_seek(&cursor, index, key);
}

/* The first record at or after @key, which belongs to @place or at the right of it. */
static struct mtb_record *find_from(const struct mtb_skiplist *index, struct mtb_place *place,
				    const struct mtb_key *key)
{
	unsigned int seq, count, position, tries = 0;
	struct mtb_record *record;
	struct mtb_block *block, *next;

	do {
		if (tries++ == SEARCH_TRIES)
			return find_in_copy(index, key);
		do {
			block = place->block;
			seq = read_seqcount_begin(&block->seq);
		} while (mtb_place_follow(place, 0, key));
		count = mtb_block_count(block);
		position = mtb_lower_bound(place, count, key);
		record = NULL;
		next = NULL;
		if (position < count)
			record = READ_ONCE(mtb_block_slots(block)[position].record);
		else
			next = mtb_block_next(block);
	} while (read_seqcount_retry(&block->seq, seq));

	return next ? first_from(next) : record;
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
	struct mtb_place place;

	mtb_skiplist_descend(index, &place, key);
	return find_from(index, &place, key);
}

/**
 * mtb_skiplist_find_many() - Look up several records at once.
 * @index: The index.
 * @searches: The searches, with their keys; take the records.
 * @count: How many there are, at most %MTB_SEARCHES.
 */
void mtb_skiplist_find_many(const struct mtb_skiplist *index, struct mtb_search *searches,
			    unsigned int count)
{
	struct mtb_search *search;
	unsigned int i;

	mtb_search_run(index, searches, count);
	for (i = 0; i < count; i++) {
		search = &searches[i];
		search->record = find_from(index, &search->place, &search->key);
		if (search->record)
			mtb_record_prefetch(search->record);
	}
}
