// SPDX-License-Identifier: GPL-2.0
/*
 * Searches in the block skiplist, one by one or several at once. skiplist.c has
 * the rules.
 *
 * In a large index a search waits for memory most of its time. Those that are
 * under way at once take turns: each asks for the block that it goes to, or for the
 * record that it must look at, and lets the others go on until that has come.
 */
#include "block.h"
#include "compat.h"

/**
 * mtb_key_after_fence() - Compare a key with a fence.
 * @key: The internal key.
 * @block: The block that has the fence, not the first of its level.
 *
 * Return: true if the key comes after it.
 */
bool mtb_key_after_fence(const struct mtb_key *key, const struct mtb_block *block)
{
	const struct mtb_record *fence = READ_ONCE(block->fence);
	int order = mtb_key_compare_bytes(key, fence);

	return order ? order > 0 : key->tag < mtb_fence_tag(fence);
}

/**
 * mtb_key_after_tied() - Compare a key with another that has the same code.
 * @key: The internal key.
 * @record: The record that has the other key.
 * @tag: The other key's tag.
 * @code: The code of both, relative to one base. Becomes the key's relative to
 *	the other one if it comes after that.
 *
 * Return: true if the key comes after the other one.
 */
bool mtb_key_after_tied(const struct mtb_key *key, const struct mtb_record *record, u64 tag,
			u64 *code)
{
	u32 common = mtb_key_common(key, record, mtb_code_end(*code));
	int order;

	if (common == MTB_COMMON_ALL) {
		/* If anything, it is zeros that one has more. */
		order = (key->length > record->key_length) - (key->length < record->key_length);
		if (key->reverse)
			order = -order;
		if (order ? order < 0 : key->tag >= tag)
			return false;
	} else if (mtb_key_compare_from(key, record, common) < 0) {
		return false;
	}
	*code = mtb_key_code(key, common);
	return true;
}

/**
 * mtb_fence_code() - Tell a key's code relative to a fence.
 * @key: The internal key, which comes after the fence.
 * @block: The block that has the fence.
 *
 * Return: the code.
 */
u64 mtb_fence_code(const struct mtb_key *key, const struct mtb_block *block)
{
	const struct mtb_record *fence = READ_ONCE(block->fence);

	return mtb_key_code(key, fence ? mtb_key_common(key, fence, 0) : 0);
}

/*
 * Go to the child that a key belongs to, from a place above the bottom. Inlined, so
 * that a search has its place in registers on its way down.
 */
static __always_inline void place_descend(struct mtb_place *place, const struct mtb_key *key)
{
	struct mtb_block *block, *next, *child;
	unsigned int seq, count, position;
	u64 code;

	for (;;) {
		block = place->block;
		code = place->code;
		seq = read_seqcount_begin(&block->seq);
		count = mtb_block_count(block);
		/* The first child has the block's own fence. */
		position = mtb_block_search(block, 1, count, key, &code, &next, NULL);
		child = READ_ONCE(block->slots[position - 1].child);
		if (read_seqcount_retry(&block->seq, seq))
			continue;
		place->code = code;
		if (!next)
			break;
		place->block = next;
	}
	place->block = child;
	/* Higher up there are few blocks, which the caches have. */
	if (block->level <= 2)
		mtb_block_prefetch(child);
}

static __always_inline void place_descend_to(struct mtb_place *place, const struct mtb_key *key,
					     unsigned int level)
{
	while (place->block->level > level)
		place_descend(place, key);
}

static inline void place_start(struct mtb_place *place, struct mtb_block *top,
			       const struct mtb_key *key)
{
	place->block = top;
	place->code = mtb_key_code(key, 0);
}

/**
 * mtb_skiplist_descend() - Descend to where a key belongs.
 * @index: The index.
 * @place: Takes the last block of @level whose fence precedes @key, or one at
 *	the left of it.
 * @key: The internal key.
 * @level: Where to stop, a level that there is.
 */
void mtb_skiplist_descend(const struct mtb_skiplist *index, struct mtb_place *place,
			  const struct mtb_key *key, unsigned int level)
{
	struct mtb_place here;

	place_start(&here, mtb_skiplist_top(index), key);
	place_descend_to(&here, key, level);
	*place = here;
}

/* After so many steps from block to block it is faster to begin at the top. */
#define STEPS_MAX	8

/**
 * mtb_place_settle() - Find, from a place on, which slots of which block precede a key.
 * @place: The place.
 * @key: The internal key.
 *
 * Context: under the index's mutex.
 * Return: false if it gave up after some blocks, for there is a faster way.
 */
bool mtb_place_settle(struct mtb_place *place, const struct mtb_key *key)
{
	unsigned int steps, first;
	struct mtb_block *next;

	for (steps = 0; steps < STEPS_MAX; steps++) {
		place->seq = read_seqcount_begin(&place->block->seq);
		place->slot_code = place->code;
		/* The first child has the block's own fence. */
		first = place->block->level ? 1 : 0;
		place->position = mtb_block_search(place->block, first, place->block->count, key,
						   &place->slot_code, &next, NULL);
		if (!next)
			return true;
		place->block = next;
		place->code = place->slot_code;
	}
	return false;
}

/**
 * mtb_skiplist_locate() - Find, from the top, which slots of which block precede a key.
 * @index: The index.
 * @place: Takes the place.
 * @key: The internal key.
 * @level: The level of the block, one that there is.
 *
 * Context: under the index's mutex.
 */
void mtb_skiplist_locate(const struct mtb_skiplist *index, struct mtb_place *place,
			 const struct mtb_key *key, unsigned int level)
{
	mtb_skiplist_descend(index, place, key, level);
	while (!mtb_place_settle(place, key))
		;
}

/* The record that a block has at @position, if it has so many; else any pointer. */
static inline struct mtb_record *record_in(const struct mtb_block *block, unsigned int position)
{
	return READ_ONCE(block->slots[min(position, MTB_BLOCK_SLOTS - 1)].record);
}

/*
 * Go on with a search at the bottom. Returns false if it waits for a record. If
 * writers were there in between it is over, with a place that does not hold.
 */
static bool search_bottom(struct mtb_search *search)
{
	struct mtb_place *place = &search->place;
	struct mtb_block *block, *next;
	unsigned int count;

	for (;;) {
		block = place->block;
		if (!search->asked) {
			place->seq = read_seqcount_begin(&block->seq);
			place->position = 0;
			place->slot_code = place->code;
		}
		count = mtb_block_count(block);
		/* It goes on only in a block that has as many slots as it had. */
		if (search->asked && read_seqcount_retry(&block->seq, place->seq))
			return true;
		place->position = mtb_block_search(block, place->position, count, &search->key,
						   &place->slot_code, &next, &search->asked);
		if (search->asked) {
			mtb_record_prefetch(search->asked);
			return false;
		}
		if (!next || read_seqcount_retry(&block->seq, place->seq))
			break;
		place->block = next;
		place->code = place->slot_code;
	}
	/* Who searches is going to look at what is there. */
	if (place->position < count)
		mtb_record_prefetch(record_in(block, place->position));
	return true;
}

/**
 * mtb_search_run() - Find where keys belong.
 * @index: The index.
 * @searches: The searches, with their keys; take the places. A place holds if its
 *	block is as it was, which under the index's mutex it is.
 * @count: How many there are, at most %MTB_SEARCHES.
 */
void mtb_search_run(const struct mtb_skiplist *index, struct mtb_search *searches,
		    unsigned int count)
{
	struct mtb_block *top = mtb_skiplist_top(index);
	struct mtb_search *waiting[MTB_SEARCHES] __uninitialized, *search;
	unsigned int i, left;

	for (i = 0; i < count; i++) {
		search = &searches[i];
		place_start(&search->place, top, &search->key);
		place_descend_to(&search->place, &search->key, 1);
	}
	for (i = 0; i < count; i++) {
		search = &searches[i];
		place_descend_to(&search->place, &search->key, 0);
		search->asked = NULL;
		waiting[i] = search;
	}
	while (count) {
		for (i = 0, left = 0; i < count; i++) {
			if (!search_bottom(waiting[i]))
				waiting[left++] = waiting[i];
		}
		count = left;
	}
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
			record = READ_ONCE(block->slots[0].record);
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
	struct mtb_block *block = place->block, *next, *following;
	unsigned int seq, count, position, tries;
	struct mtb_record *record;
	u64 code = place->code;

	for (tries = 0; tries < SEARCH_TRIES;) {
		seq = read_seqcount_begin(&block->seq);
		count = mtb_block_count(block);
		position = mtb_block_search(block, 0, count, key, &code, &next, NULL);
		record = record_in(block, position);
		following = mtb_block_next(block);
		if (read_seqcount_retry(&block->seq, seq)) {
			code = place->code;
			tries++;
		} else if (next) {
			block = next;
			place->code = code;
		} else {
			return position < count ? record : first_from(following);
		}
	}
	return find_in_copy(index, key);
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

	mtb_skiplist_descend(index, &place, key, 0);
	return find_from(index, &place, key);
}

/* The record at a place, or behind it; false if the place does not hold any more. */
static bool place_record(const struct mtb_place *place, struct mtb_record **record)
{
	struct mtb_block *block = place->block, *following;
	unsigned int count = mtb_block_count(block);

	*record = record_in(block, place->position);
	following = mtb_block_next(block);
	if (read_seqcount_retry(&block->seq, place->seq))
		return false;
	if (place->position == count)
		*record = first_from(following);
	return true;
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
		if (!place_record(&search->place, &search->record))
			search->record = mtb_skiplist_find(index, &search->key);
	}
}
