// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the index with readers beside a writer: they miss nothing.
 */
#include <kunit/test.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "block.h"
#include "index_fixture.h"
#include "model.h"
#include "readers.h"

#define SHARED_RECORDS	1000

/**
 * struct shared - What a writer and its readers share.
 * @index: The index.
 * @count: How many records there are.
 * @records: The records, in the order in which they are inserted. The first
 *	four bytes of the value are the place in this array.
 * @done: How many of them are in the index. Set (release) by the writer.
 */
struct shared {
	const struct mtb_skiplist *index;
	size_t count;
	struct mtb_record **records;
	size_t done;
};

/**
 * struct reader - A reader beside a writer.
 * @shared: What it shares with the writer.
 * @random: Where it gets its numbers from.
 * @mark: What the last walk has marked records with.
 * @seen: For each record, the mark of the walk that saw it last.
 * @cursor: A cursor.
 */
struct reader {
	struct shared *shared;
	struct test_random random;
	u32 mark;
	u32 *seen;
	struct mtb_cursor cursor;
};

static u32 record_place(const struct mtb_record *record)
{
	u32 place;

	memcpy(&place, mtb_record_value(record), sizeof(place));
	return place;
}

/* One walk: in order, with all that was there when it began. */
static const char *read_walk(struct reader *reader, bool forward, u32 mark)
{
	/* Pairs with share(). */
	size_t i, done = smp_load_acquire(&reader->shared->done);
	const struct mtb_skiplist *index = reader->shared->index;
	struct mtb_cursor *cursor = &reader->cursor;
	struct mtb_record *record, *previous = NULL;
	struct mtb_key key;

	record = forward ? mtb_cursor_first(cursor, index) : mtb_cursor_last(cursor, index);
	while (record) {
		mtb_record_key(record, index->reverse, &key);
		if (previous && (mtb_key_compare(&key, previous) > 0) != forward)
			return "records are out of order";
		if (previous == record)
			return "a record comes twice";
		/* Some records may come and go. */
		if (record_place(record) < reader->shared->count)
			reader->seen[record_place(record)] = mark;
		previous = record;
		record = forward ? mtb_cursor_next(cursor) : mtb_cursor_prev(cursor);
	}
	for (i = 0; i < done; i++) {
		if (reader->seen[i] != mark)
			return forward ? "a walk misses a record" :
					 "a walk backward misses a record";
	}
	return NULL;
}

/* Some of the records that are there: each is found, and sought from both sides. */
static const char *read_places(struct reader *reader)
{
	/* Pairs with share(). */
	size_t done = smp_load_acquire(&reader->shared->done);
	const struct mtb_skiplist *index = reader->shared->index;
	struct mtb_cursor *cursor = &reader->cursor;
	struct mtb_record *record;
	struct mtb_key key;
	int i;

	for (i = 0; done && i < 200; i++) {
		record = reader->shared->records[test_below(&reader->random, done)];
		mtb_record_key(record, index->reverse, &key);
		if (mtb_skiplist_find(index, &key) != record)
			return "a record is not found";
		if (mtb_cursor_seek(cursor, index, &key) != record)
			return "a record is not sought";
		key.tag--;
		if (mtb_cursor_seek_before(cursor, index, &key) != record)
			return "a record is not sought from behind";
		if (!mtb_cursor_first(cursor, index) || !mtb_cursor_last(cursor, index))
			return "the index has no first or last record";
	}
	return NULL;
}

static const char *read_once(void *data)
{
	struct reader *reader = data;
	const char *fault;

	/* What is removed stays until the reader is through. */
	rcu_read_lock();
	fault = read_walk(reader, true, ++reader->mark);
	if (!fault)
		fault = read_walk(reader, false, ++reader->mark);
	if (!fault)
		fault = read_places(reader);
	rcu_read_unlock();
	return fault;
}

/* Insert the records one after the other, and tell the readers after each. */
static bool share(struct fixture *fixture, struct shared *shared,
		  const struct reader_threads *threads)
{
	struct mtb_insertion insertion = {};
	struct mtb_reserve reserve = {};
	unsigned int planned;
	size_t i;

	for (i = 0; i < SHARED_RECORDS; i++) {
		if (threads && i % 64 == 0)
			readers_wait(threads);
		if (mtb_reserve_fill(&reserve, MTB_LEVELS_MAX))
			break;
		insertion.record = shared->records[i];
		mutex_lock(&fixture->lock);
		if (!mtb_skiplist_plan(&fixture->index, &insertion, 1, &planned))
			fixture->memory += MTB_BLOCK_SIZE *
					   mtb_skiplist_insert(&fixture->index, &insertion,
							       &reserve);
		mutex_unlock(&fixture->lock);
		/* Pairs with read_walk() and read_places(). */
		smp_store_release(&shared->done, i + 1);
	}
	mtb_reserve_empty(&reserve);
	return i == SHARED_RECORDS;
}

enum arrival {
	ARRIVE_AS_MADE,
	ARRIVE_ASCENDING,
	ARRIVE_DESCENDING,
};

/* Entries in the order @arrival, with the place of each in its value. */
static struct mtb_record **make_shared_records(struct kunit *test, enum arrival arrival)
{
	struct fixture *fixture = test->priv;
	struct mtb_record **records;
	struct model_entry entry;
	u64 number;
	u32 i;

	records = kunit_kzalloc(test, SHARED_RECORDS * sizeof(*records), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, records);
	for (i = 0; i < SHARED_RECORDS; i++) {
		if (arrival == ARRIVE_AS_MADE)
			number = test_random(&fixture->random);
		else
			number = arrival == ARRIVE_ASCENDING ? i : SHARED_RECORDS - i;
		fixture_entry(fixture, number, &entry);
		entry.value_length = sizeof(i);
		records[i] = model_record(&entry, fixture->trailer);
		KUNIT_ASSERT_NOT_NULL(test, records[i]);
		memcpy(records[i]->data + entry.key_length, &i, sizeof(i));
	}
	return records;
}

/**
 * struct shared_case - What is inserted beside readers.
 * @name: What to call it.
 * @reverse: The index has the keys from the greatest to the least.
 * @arrival: In what order they come.
 * @seed: Where the random numbers start.
 */
struct shared_case {
	const char *name;
	bool reverse;
	enum arrival arrival;
	u64 seed;
};

static const struct shared_case shared_cases[] = {
	{ "random", false, ARRIVE_AS_MADE, 11 },
	{ "ascending", false, ARRIVE_ASCENDING, 12 },
	{ "descending", true, ARRIVE_DESCENDING, 13 },
};

static void shared_case_describe(const struct shared_case *shared_case, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "%s, seed %llu", shared_case->name,
		 shared_case->seed);
}

KUNIT_ARRAY_PARAM(shared_case, shared_cases, shared_case_describe);

/* Readers of an index, the numbers of the first of which begin at @seed. */
static struct reader *make_readers(struct kunit *test, struct shared *shared, u64 seed)
{
	struct reader *readers = kunit_kzalloc(test, READERS * sizeof(*readers), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, readers);
	for (i = 0; i < READERS; i++) {
		readers[i].shared = shared;
		readers[i].random.state = seed + i;
		readers[i].seen = kunit_kzalloc(test, shared->count * sizeof(u32), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, readers[i].seen);
	}
	return readers;
}

/* One index filled beside two readers. */
static void fill_beside_readers(struct kunit *test, u64 seed)
{
	const struct shared_case *shared_case = test->param_value;
	struct fixture *fixture = test->priv;
	struct shared shared = { .index = &fixture->index, .count = SHARED_RECORDS };
	struct reader_threads threads;
	struct reader *readers;

	fixture->random.state = seed;
	index_fixture_set_reverse(fixture, shared_case->reverse);
	shared.records = make_shared_records(test, shared_case->arrival);
	readers = make_readers(test, &shared, seed);
	if (!readers_start(test, &threads, read_once, readers, sizeof(*readers)))
		return;
	KUNIT_EXPECT_TRUE(test, share(fixture, &shared, &threads));
	readers_stop(test, &threads);
	KUNIT_EXPECT_EQ(test, index_fixture_memory(fixture), fixture->memory);
}

/*
 * Readers that run beside a writer see everything that was there when they
 * began, in order, however they look for it.
 */
static void skiplist_race_test_insertion(struct kunit *test)
{
	const struct shared_case *shared_case = test->param_value;
	int round;

	fill_beside_readers(test, shared_case->seed);
	for (round = 1; round < MTB_TEST_SCALE; round++) {
		index_fixture_destroy(test->priv);
		test->priv = index_fixture_create(test);
		KUNIT_ASSERT_NOT_NULL(test, test->priv);
		fill_beside_readers(test, shared_case->seed + 1000 * round);
	}
}

/* Records that come and go, one of them with a block of its own. */
#define PASSING_RECORDS	12
#define PASSING_ROUNDS	(1000 * MTB_TEST_SCALE)

/* Link a record, or unlink it. What that removes is put on @removed. */
static bool toggle(struct fixture *fixture, struct mtb_record *record, bool in,
		   struct mtb_block **removed)
{
	struct mtb_insertion insertion = { .record = record };
	struct mtb_reserve reserve = {};
	unsigned int planned, taken = 0;

	if (mtb_reserve_fill(&reserve, MTB_LEVELS_MAX))
		return false;
	mutex_lock(&fixture->lock);
	if (in) {
		fixture->memory += mtb_skiplist_remove(&fixture->index, record, removed);
	} else if (!mtb_skiplist_plan(&fixture->index, &insertion, 1, &planned)) {
		taken = mtb_skiplist_insert(&fixture->index, &insertion, &reserve);
		fixture->memory += taken * MTB_BLOCK_SIZE;
	}
	mutex_unlock(&fixture->lock);
	mtb_reserve_empty(&reserve);
	return true;
}

/* A record with a place beyond all others, which is freed only in the end. */
static struct mtb_record *make_passing_record(struct kunit *test, u64 number)
{
	struct model_entry entry;
	struct mtb_record *record;
	u32 place = U32_MAX;

	fixture_entry(test->priv, number, &entry);
	entry.value_length = sizeof(place);
	record = model_record(&entry, MTB_TRAILER_PIN);
	KUNIT_ASSERT_NOT_NULL(test, record);
	memcpy(record->data + entry.key_length, &place, sizeof(place));
	return record;
}

/* Append until the last block is full: the next record gets a block of its own. */
static void fill_last_block(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_insertion insertion = {};
	struct mtb_reserve reserve = {};
	u64 number = SHARED_RECORDS;
	unsigned int planned = 0;

	for (;;) {
		insertion.record = make_passing_record(test, number++);
		mutex_lock(&fixture->lock);
		KUNIT_EXPECT_EQ(test, mtb_skiplist_plan(&fixture->index, &insertion, 1,
							&planned), 0);
		if (!planned)
			mtb_skiplist_insert(&fixture->index, &insertion, &reserve);
		mutex_unlock(&fixture->lock);
		if (planned)
			break;
	}
	mtb_record_put(insertion.record);
}

/*
 * Readers find all that stays while other records, and whole blocks with them,
 * come and go at the ends and in between.
 */
static void skiplist_race_test_removal(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct shared shared = { .index = &fixture->index, .count = SHARED_RECORDS };
	struct mtb_record *passing[PASSING_RECORDS];
	bool in[PASSING_RECORDS] = {};
	struct mtb_block *removed = NULL;
	struct reader_threads threads;
	struct reader *readers;
	int round, i;

	fixture->random.state = 31;
	fixture->trailer = MTB_TRAILER_PIN;
	shared.records = make_shared_records(test, ARRIVE_ASCENDING);
	KUNIT_EXPECT_TRUE(test, share(fixture, &shared, NULL));
	fill_last_block(test);
	/* The first one lies behind all others. */
	for (i = 0; i < PASSING_RECORDS; i++)
		passing[i] = make_passing_record(test, i ? test_below(&fixture->random,
								      SHARED_RECORDS) : U32_MAX);
	readers = make_readers(test, &shared, 32);
	if (!readers_start(test, &threads, read_once, readers, sizeof(*readers)))
		return;
	for (round = 0; round < PASSING_ROUNDS; round++) {
		i = round % 2 ? 0 : test_below(&fixture->random, PASSING_RECORDS);
		if (toggle(fixture, passing[i], in[i], &removed))
			in[i] = !in[i];
		/* A record that is gone may be found for a while; it must not come back. */
		if (round % 64)
			continue;
		readers_wait(&threads);
		synchronize_rcu();
		mtb_block_free_list(removed);
		removed = NULL;
	}
	readers_stop(test, &threads);
	mtb_block_free_list(removed);
	for (i = 0; i < PASSING_RECORDS; i++) {
		if (!in[i])
			mtb_record_put(passing[i]);
	}
	KUNIT_EXPECT_EQ(test, index_fixture_memory(fixture), fixture->memory);
}

static struct kunit_case skiplist_race_test_cases[] = {
	KUNIT_CASE_PARAM(skiplist_race_test_insertion, shared_case_gen_params),
	KUNIT_CASE(skiplist_race_test_removal),
	{}
};

static struct kunit_suite skiplist_race_test_suite = {
	.name		= "memtable_skiplist_race",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= index_fixture_init,
	.exit		= index_fixture_exit,
	.test_cases	= skiplist_race_test_cases,
};

kunit_test_suite(skiplist_race_test_suite);
