// SPDX-License-Identifier: GPL-2.0
/*
 * The block skiplist
 *
 * The bottom level is a list of blocks, each holding a sorted run of up to
 * about sixty slots; a slot is a record's pointer beside the first eight bytes
 * of its key. Towers of links start at blocks. A link carries the prefix of
 * the first key of the block that it points to, so that most steps of a
 * descent do not touch that block.
 *
 * Invariants
 *
 *  1. Blocks are ordered: every record of a block precedes every record of the
 *     next one. A key that lies between two blocks goes to the left one.
 *  2. So the record in slot 0 of a block is there from before the block is
 *     linked until the end, and bounds the block from below. The head has no
 *     lower bound and its slot 0 may change. Only the head can be empty.
 *  3. Blocks and linked records are not freed before the index. A pointer
 *     that a reader finds in a slot or link, however stale, can be followed.
 *  4. A block is full only for the mutex's holder to split; a split moves the
 *     upper part of a block's records to a new block at its right, in one
 *     write section of the left block's sequence counter.
 *
 * Locking
 *
 * Writers hold the mutex of the index. Readers take no lock. They copy what
 * they need of a block (count, slots, bottom link) inside a read section of
 * its sequence counter and start over if a writer was there:
 *
 *  - A block is filled before a pointer to it is stored with release
 *    semantics. Readers reach it through a dependent load.
 *  - A block's count is stored with release semantics after the slots below it
 *    are written, and loaded with acquire semantics, so that inside a section
 *    that will be retried a reader still follows valid pointers only.
 *  - Links above the bottom level belong to no section. The writer stores
 *    the pointer, then the prefix (release); the reader loads the prefix
 *    (acquire), then the pointer. New blocks come in at the left of the
 *    old target, so a reader can see a prefix with a pointer to a block that
 *    starts at or before it, never after. To step right past such a
 *    prefix is sound, to step down is always sound, and a tie is settled by
 *    the record in slot 0.
 */
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/slab.h>

#include "compat.h"
#include "skiplist.h"

#define HEIGHT_MAX	12

struct link {
	u64 prefix;
	struct mtb_block *next;
};

struct slot {
	u64 prefix;
	struct mtb_record *record;
};

union cell {
	struct link link;
	struct slot slot;
};

/**
 * struct mtb_block - A run of sorted records.
 * @seq: Covers @count, the slots and the bottom link.
 * @height: Levels that the block is linked on. Fixed before it is linked.
 * @count: Slots in use.
 * @incoming: How many records the plan in the making puts here; zero between
 *	plans. Under the index's mutex.
 * @cells: The links, @height of them, the bottom one first; then the slots.
 */
struct mtb_block {
	seqcount_mutex_t seq;
	u8 height;
	u16 count;
	u32 incoming;
	union cell cells[];
};

#define BLOCK_CELLS	((MTB_BLOCK_SIZE - offsetof(struct mtb_block, cells)) / sizeof(union cell))

/* A cursor has room for the records of any block. */
static_assert(sizeof_field(struct mtb_cursor, records) / sizeof(void *) >= BLOCK_CELLS - 1);
/* Lock-free readers rely on prefixes that are loaded and stored whole. */
static_assert(sizeof(u64) == sizeof(long));

/*
 * However tall it is, a block that a split leaves half full takes this many
 * records until it has to be split itself.
 */
#define SPLIT_DISTANCE	(BLOCK_CELLS - HEIGHT_MAX - BLOCK_CELLS / 2)

static struct kmem_cache *block_cache __ro_after_init;

static struct link *block_link(struct mtb_block *block, unsigned int level)
{
	return &block->cells[level].link;
}

static struct slot *block_slots(struct mtb_block *block)
{
	return &block->cells[block->height].slot;
}

static unsigned int block_capacity(const struct mtb_block *block)
{
	return BLOCK_CELLS - block->height;
}

static unsigned int block_count(const struct mtb_block *block)
{
	/* Pairs with block_set_count(). */
	return smp_load_acquire(&block->count);
}

static void block_set_count(struct mtb_block *block, unsigned int count)
{
	/* Pairs with block_count(). */
	smp_store_release(&block->count, count);
}

/* The record that bounds the block from below; not for the head. */
static struct mtb_record *block_first(struct mtb_block *block)
{
	return READ_ONCE(block_slots(block)[0].record);
}

static struct mtb_block *block_next(struct mtb_block *block)
{
	return READ_ONCE(block_link(block, 0)->next);
}

static struct mtb_block *block_alloc(struct mutex *lock)
{
	struct mtb_block *block = kmem_cache_alloc(block_cache, GFP_KERNEL);

	if (!block)
		return NULL;
	seqcount_mutex_init(&block->seq, lock);
	block->height = 0;
	block->count = 0;
	block->incoming = 0;
	return block;
}

static void link_set(struct link *link, u64 prefix, struct mtb_block *next)
{
	/* The block is filled before this: pairs with the dependent loads. */
	smp_store_release(&link->next, next);
	/* Pairs with link_follow(). */
	smp_store_release(&link->prefix, prefix);
}

/* A link that leads nowhere; readers test the pointer. */
static void link_clear(struct link *link)
{
	link->next = NULL;
	link->prefix = U64_MAX;
}

/* The block that @link leads to if its first record precedes @key, or NULL. */
static struct mtb_block *link_follow(struct link *link, const struct mtb_key *key)
{
	/* Pairs with link_set(). */
	u64 prefix = smp_load_acquire(&link->prefix);
	struct mtb_block *next = READ_ONCE(link->next);

	if (!next || key->prefix < prefix)
		return NULL;
	if (key->prefix == prefix && mtb_key_compare(key, block_first(next)) <= 0)
		return NULL;
	return next;
}

/* The last block whose first record precedes @key, or one to the left of it. */
static struct mtb_block *descend(const struct mtb_skiplist *index, const struct mtb_key *key)
{
	struct mtb_block *block = index->head, *next;
	unsigned int level = READ_ONCE(index->height);

	while (level-- > 0) {
		while ((next = link_follow(block_link(block, level), key)))
			block = next;
	}
	return block;
}

/* Number of slots, of the first @count, whose records precede @key. */
static unsigned int block_lower_bound(struct mtb_block *block, unsigned int count,
				      const struct mtb_key *key)
{
	const struct slot *slots = block_slots(block);
	unsigned int low = 0, high = count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		u64 prefix = READ_ONCE(slots[middle].prefix);
		bool precedes;

		if (prefix != key->prefix)
			precedes = prefix < key->prefix;
		else
			precedes = mtb_key_compare(key, READ_ONCE(slots[middle].record)) > 0;
		if (precedes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
	struct mtb_block *block = descend(index, key), *next;
	struct mtb_record *record;
	unsigned int seq, count, position;

	do {
		seq = read_seqcount_begin(&block->seq);
		while ((next = link_follow(block_link(block, 0), key))) {
			block = next;
			seq = read_seqcount_begin(&block->seq);
		}
		count = block_count(block);
		position = block_lower_bound(block, count, key);
		record = NULL;
		if (position < count)
			record = READ_ONCE(block_slots(block)[position].record);
		else
			next = block_next(block);
	} while (read_seqcount_retry(&block->seq, seq));

	if (!record && next)
		record = block_first(next);
	return record;
}

/* Copy the records of slots @from up to @to. */
static void cursor_copy(struct mtb_cursor *cursor, struct mtb_block *block, unsigned int from,
			unsigned int to)
{
	const struct slot *slots = block_slots(block);
	unsigned int i;

	for (i = from; i < to; i++)
		cursor->records[i - from] = READ_ONCE(slots[i].record);
	cursor->count = to - from;
}

/* Take the records of @block; it was reached as a neighbour of the last one. */
static void cursor_load(struct mtb_cursor *cursor, struct mtb_block *block)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&block->seq);
		cursor_copy(cursor, block, 0, block_count(block));
		cursor->next = block_next(block);
	} while (read_seqcount_retry(&block->seq, seq));
	cursor->position = 0;
}

static struct mtb_record *cursor_current(struct mtb_cursor *cursor)
{
	/* Only the head can be empty, so this goes round twice at most. */
	while (cursor->position >= cursor->count) {
		if (!cursor->next)
			return NULL;
		cond_resched();
		cursor_load(cursor, cursor->next);
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
	cursor->index = index;
	cursor_load(cursor, index->head);
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
	struct mtb_block *block = descend(index, key), *next;
	unsigned int seq, count;

	cursor->index = index;
	do {
		seq = read_seqcount_begin(&block->seq);
		while ((next = link_follow(block_link(block, 0), key))) {
			block = next;
			seq = read_seqcount_begin(&block->seq);
		}
		count = block_count(block);
		cursor_copy(cursor, block, block_lower_bound(block, count, key), count);
		cursor->next = block_next(block);
	} while (read_seqcount_retry(&block->seq, seq));

	cursor->position = 0;
	return cursor_current(cursor);
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
	struct mtb_block *block = descend(index, key), *next;
	unsigned int seq;

	cursor->index = index;
	do {
		seq = read_seqcount_begin(&block->seq);
		while ((next = link_follow(block_link(block, 0), key))) {
			block = next;
			seq = read_seqcount_begin(&block->seq);
		}
		cursor_copy(cursor, block, 0, block_lower_bound(block, block_count(block), key));
	} while (read_seqcount_retry(&block->seq, seq));

	/* Any block but the head has a record before @key: its first. */
	if (!cursor->count)
		return NULL;
	cursor->position = cursor->count - 1;
	return cursor->records[cursor->position];
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

	cursor->index = index;
	while (level-- > 0) {
		while ((next = READ_ONCE(block_link(block, level)->next)))
			block = next;
	}
	for (;;) {
		cursor_load(cursor, block);
		if (!cursor->next)
			break;
		block = cursor->next;
	}
	if (!cursor->count)
		return NULL;
	cursor->position = cursor->count - 1;
	return cursor->records[cursor->position];
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
		return cursor->records[cursor->position];
	}
	cond_resched();
	mtb_record_key(cursor->records[0], &key);
	return mtb_cursor_seek_before(cursor, cursor->index, &key);
}

/* The block that @key goes to. Under the mutex; a good @hint saves a descent. */
static struct mtb_block *locate(struct mtb_skiplist *index, struct mtb_block *hint,
				const struct mtb_key *key)
{
	struct mtb_block *block = hint, *next;

	if (block && !link_follow(block_link(block, 0), key))
		return block;

	block = descend(index, key);
	while ((next = link_follow(block_link(block, 0), key)))
		block = next;
	return block;
}

/*
 * Splits that the incoming records can bring about, however they fall. The
 * second may follow at once, where the first one left the last block full.
 */
static unsigned int block_splits(const struct mtb_block *block)
{
	unsigned int room = block_capacity(block) - block->count;

	if (block->incoming <= room)
		return 0;
	return 1 + DIV_ROUND_UP(block->incoming - room - 1, SPLIT_DISTANCE);
}

/**
 * mtb_skiplist_plan() - Prepare the insertion of records.
 * @index: The index.
 * @insertions: The records, with their tags. The plan holds until the mutex is
 *	released.
 * @count: How many there are.
 *
 * Context: under the index's mutex.
 * Return: how many blocks mtb_skiplist_insert() can need for all of them.
 */
unsigned int mtb_skiplist_plan(struct mtb_skiplist *index, struct mtb_insertion *insertions,
			       size_t count)
{
	struct mtb_block *block = NULL;
	unsigned int needed = 0;
	struct mtb_key key;
	size_t i;

	lockdep_assert_held(index->lock);

	for (i = 0; i < count; i++) {
		mtb_record_key(insertions[i].record, &key);
		block = locate(index, NULL, &key);
		insertions[i].block = block;
		needed -= block_splits(block);
		block->incoming++;
		needed += block_splits(block);
		cond_resched();
	}
	for (i = 0; i < count; i++)
		insertions[i].block->incoming = 0;
	return needed;
}

/* One in four blocks reaches each further level. */
static u8 draw_height(struct mtb_skiplist *index)
{
	u8 height = 1;
	u32 bits;

	index->random ^= index->random << 13;
	index->random ^= index->random >> 17;
	index->random ^= index->random << 5;
	for (bits = index->random; height < HEIGHT_MAX && !(bits & 3); bits >>= 2)
		height++;
	return height;
}

/*
 * Link @block, which has its slots, behind @left, which keeps its first @keep
 * records: for readers both happen at once.
 */
static void link_block(struct mtb_skiplist *index, struct mtb_block *block, struct mtb_block *left,
		       unsigned int keep)
{
	struct link *preds[HEIGHT_MAX];
	struct mtb_block *pred = index->head, *next;
	unsigned int level;
	struct mtb_key key;

	mtb_record_key(block_first(block), &key);
	if (block->height > index->height)
		WRITE_ONCE(index->height, block->height);

	for (level = index->height; level-- > 1;) {
		while ((next = link_follow(block_link(pred, level), &key)))
			pred = next;
		if (level < block->height) {
			preds[level] = block_link(pred, level);
			*block_link(block, level) = *preds[level];
		}
	}
	*block_link(block, 0) = *block_link(left, 0);

	write_seqcount_begin(&left->seq);
	link_set(block_link(left, 0), key.prefix, block);
	block_set_count(left, keep);
	write_seqcount_end(&left->seq);

	for (level = 1; level < block->height; level++)
		link_set(preds[level], key.prefix, block);
}

/* Put a record at @position of a block with room for it. */
static void block_insert(struct mtb_block *block, unsigned int position, u64 prefix,
			 struct mtb_record *record)
{
	struct slot *slots = block_slots(block);
	unsigned int i;

	write_seqcount_begin(&block->seq);
	for (i = block->count; i > position; i--) {
		WRITE_ONCE(slots[i].prefix, slots[i - 1].prefix);
		WRITE_ONCE(slots[i].record, slots[i - 1].record);
	}
	WRITE_ONCE(slots[position].prefix, prefix);
	WRITE_ONCE(slots[position].record, record);
	block_set_count(block, block->count + 1);
	write_seqcount_end(&block->seq);
}

static struct mtb_block *reserve_take(struct mtb_reserve *reserve, u8 height)
{
	struct mtb_block *block = reserve->blocks;

	reserve->blocks = block_link(block, 0)->next;
	reserve->count--;
	block->height = height;
	return block;
}

/**
 * mtb_skiplist_insert() - Link a record into an index.
 * @index: The index.
 * @insertion: The record, as planned; the index holds no equal internal key.
 * @reserve: Where blocks are taken from if need be.
 *
 * Context: under the index's mutex.
 * Return: how many blocks were taken.
 */
unsigned int mtb_skiplist_insert(struct mtb_skiplist *index, struct mtb_insertion *insertion,
				 struct mtb_reserve *reserve)
{
	struct mtb_record *record = insertion->record;
	struct mtb_block *block, *right;
	unsigned int position, keep, moved;
	struct mtb_key key;

	lockdep_assert_held(index->lock);

	mtb_record_key(record, &key);
	block = locate(index, insertion->block, &key);
	position = block_lower_bound(block, block->count, &key);
	if (block->count < block_capacity(block)) {
		block_insert(block, position, key.prefix, record);
		return 0;
	}

	right = reserve_take(reserve, draw_height(index));
	if (position == block->count && !block_next(block)) {
		/* At the very end: leave the block full, as sorted input wants. */
		block_slots(right)[0] = (struct slot){ key.prefix, record };
		block_set_count(right, 1);
		link_block(index, right, block, block->count);
		return 1;
	}

	keep = block->count / 2;
	moved = block->count - keep;
	memcpy(block_slots(right), block_slots(block) + keep, moved * sizeof(struct slot));
	block_set_count(right, moved);
	if (position > keep)
		block_insert(right, position - keep, key.prefix, record);
	link_block(index, right, block, keep);
	if (position <= keep)
		block_insert(block, position, key.prefix, record);
	return 1;
}

/**
 * mtb_reserve_fill() - Allocate blocks.
 * @reserve: The reserve.
 * @index: The index that they will go to.
 * @count: How many blocks @reserve is to have.
 *
 * May sleep. What was allocated before a failure stays in the reserve.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_reserve_fill(struct mtb_reserve *reserve, const struct mtb_skiplist *index,
		     unsigned int count)
{
	while (reserve->count < count) {
		struct mtb_block *block = block_alloc(index->lock);

		if (!block)
			return -ENOMEM;
		block_link(block, 0)->next = reserve->blocks;
		reserve->blocks = block;
		reserve->count++;
		cond_resched();
	}
	return 0;
}

/**
 * mtb_reserve_empty() - Free the blocks of a reserve.
 * @reserve: The reserve.
 */
void mtb_reserve_empty(struct mtb_reserve *reserve)
{
	while (reserve->count) {
		kmem_cache_free(block_cache, reserve_take(reserve, 0));
		cond_resched();
	}
}

/**
 * mtb_skiplist_init() - Make an empty index.
 * @index: The index.
 * @lock: The mutex that writers will hold.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_skiplist_init(struct mtb_skiplist *index, struct mutex *lock)
{
	unsigned int level;

	index->head = block_alloc(lock);
	if (!index->head)
		return -ENOMEM;
	index->head->height = HEIGHT_MAX;
	for (level = 0; level < HEIGHT_MAX; level++)
		link_clear(block_link(index->head, level));
	index->lock = lock;
	index->height = 1;
	do {
		index->random = get_random_u32();
	} while (!index->random);
	return 0;
}

/**
 * mtb_skiplist_destroy() - Free an index with its blocks and records.
 * @index: The index; nobody uses it any more.
 *
 * Takes as long as the index is large, and reschedules.
 */
void mtb_skiplist_destroy(struct mtb_skiplist *index)
{
	struct mtb_block *block = index->head, *next;
	unsigned int i;

	for (; block; block = next) {
		next = block_next(block);
		for (i = 0; i < block->count; i++)
			mtb_record_free(block_slots(block)[i].record);
		kmem_cache_free(block_cache, block);
		cond_resched();
	}
}

/**
 * mtb_skiplist_module_init() - Create the slab cache of blocks.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_skiplist_module_init(void)
{
	block_cache = kmem_cache_create("memtable_block", MTB_BLOCK_SIZE, L1_CACHE_BYTES,
					SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	return block_cache ? 0 : -ENOMEM;
}

/**
 * mtb_skiplist_module_exit() - Destroy it; every index is destroyed by now.
 */
void mtb_skiplist_module_exit(void)
{
	kmem_cache_destroy(block_cache);
}
