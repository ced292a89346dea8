// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the index: what was inserted is found, in order, from every place
 * and in both directions; a plan's number of blocks is always enough.
 */
#include <kunit/test.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "block.h"
#include "index_fixture.h"
#include "model.h"

/* Insert @count entries at once: with the blocks that the plan asks for, and no more. */
static void insert(struct kunit *test, const struct model_entry *entries, size_t count)
{
	struct fixture *fixture = test->priv;
	struct mtb_reserve reserve = {};
	unsigned int planned, taken = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		fixture->insertions[i].record = model_record(&entries[i], fixture->trailer);
		KUNIT_ASSERT_NOT_NULL(test, fixture->insertions[i].record);
		model_insert(test, &fixture->model, &entries[i]);
	}

	mutex_lock(&fixture->lock);
	KUNIT_EXPECT_EQ(test, mtb_skiplist_plan(&fixture->index, fixture->insertions, count,
						&planned), 0);
	/* Too few would be a failure, and not the end of the machine. */
	KUNIT_EXPECT_EQ(test, mtb_reserve_fill(&reserve, planned + count), 0);
	for (i = 0; i < count && reserve.count; i++)
		taken += mtb_skiplist_insert(&fixture->index, &fixture->insertions[i], &reserve);
	mutex_unlock(&fixture->lock);

	KUNIT_EXPECT_TRUE_MSG(test, taken <= planned,
			      "%zu records took %u blocks, where %u were planned",
			      count, taken, planned);
	KUNIT_EXPECT_EQ(test, reserve.count, planned + count - taken);
	mtb_reserve_empty(&reserve);
	fixture->memory += taken * MTB_BLOCK_SIZE;
}

/* Every block has a slot above, so that no search takes more than a step to the right. */
static void check_levels(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_block *first = fixture->index.top, *block, *below;
	unsigned int slots, blocks;

	for (; first->level; first = below) {
		below = first->slots[0].child;
		slots = 0;
		for (block = first; block; block = block->next)
			slots += block->count;
		blocks = 0;
		for (block = below; block; block = block->next)
			blocks++;
		KUNIT_EXPECT_EQ(test, slots, blocks);
	}
	KUNIT_EXPECT_NULL(test, fixture->index.top->next);
}

/* The whole index, in both directions. */
static void check_walks(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct mtb_cursor *cursor = &fixture->cursor;
	struct mtb_record *record;
	size_t i;

	record = mtb_cursor_first(cursor, &fixture->index);
	for (i = 0; i < model->count; i++, record = mtb_cursor_next(cursor))
		KUNIT_ASSERT_TRUE_MSG(test, model_matches(&model->entries[i], record),
				      "entry %zu of %zu, forward", i, model->count);
	KUNIT_EXPECT_NULL(test, record);

	record = mtb_cursor_last(cursor, &fixture->index);
	for (i = model->count; i-- > 0; record = mtb_cursor_prev(cursor))
		KUNIT_ASSERT_TRUE_MSG(test, model_matches(&model->entries[i], record),
				      "entry %zu of %zu, backward", i, model->count);
	KUNIT_EXPECT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, index_fixture_memory(fixture), fixture->memory);
	check_levels(test);

	if (!model->count)
		return;
	mutex_lock(&fixture->lock);
	record = mtb_skiplist_middle(&fixture->index, model->count);
	mutex_unlock(&fixture->lock);
	KUNIT_EXPECT_TRUE(test, model_matches(&model->entries[model->count / 2], record));
}

static bool is_at(const struct model *model, size_t i, const struct mtb_record *record)
{
	/* The place before the first entry is the one behind the last too. */
	if (i >= model->count)
		return !record;
	return model_matches(&model->entries[i], record);
}

/* Find and seek @probe, whether the index has it or not, and go on from there. */
static void check_probe(struct kunit *test, const struct model_entry *probe)
{
	struct fixture *fixture = test->priv;
	const struct mtb_skiplist *index = &fixture->index;
	const struct model *model = &fixture->model;
	struct mtb_cursor *cursor = &fixture->cursor;
	size_t at = model_position(model, probe);
	struct mtb_key key;
	bool ok;

	model_seek_key(probe, index->reverse, &key);
	ok = is_at(model, at, mtb_skiplist_find(index, &key));
	ok = ok && is_at(model, at, mtb_cursor_seek(cursor, index, &key));
	if (at < model->count)
		ok = ok && is_at(model, at + 1, mtb_cursor_next(cursor));
	ok = ok && is_at(model, at - 1, mtb_cursor_seek_before(cursor, index, &key));
	if (at > 0)
		ok = ok && is_at(model, at - 2, mtb_cursor_prev(cursor));
	KUNIT_ASSERT_TRUE_MSG(test, ok, "at place %zu of %zu", at, model->count);
}

/* All entries and the places right beside them, and keys made at random. */
static void check_probes(struct kunit *test, enum model_keys keys)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct model_entry probe;
	size_t i;

	for (i = 0; i < model->count; i++) {
		probe = model->entries[i];
		check_probe(test, &probe);
		probe.tag++;
		check_probe(test, &probe);
		probe.tag -= 2;
		check_probe(test, &probe);
		probe.tag = U64_MAX;
		probe.key[probe.key_length++] = 0;
		check_probe(test, &probe);
	}
	for (i = 0; i < 200 * MTB_TEST_SCALE; i++) {
		model_key(&fixture->random, keys, &probe);
		probe.tag = i % 2 ? U64_MAX : mtb_tag(test_below(&fixture->random, 1000), 1);
		check_probe(test, &probe);
	}
}

enum arrival {
	ARRIVE_AS_MADE,
	ARRIVE_ASCENDING,
	ARRIVE_DESCENDING,
	ARRIVE_AS_VERSIONS,	/* many of a few keys */
};

/**
 * struct model_case - What a random test inserts.
 * @name: What to call it.
 * @reverse: The index has the keys from the greatest to the least.
 * @keys: The kind of keys.
 * @arrival: In what order they come.
 * @batch: Most records at a time.
 * @seed: Where the random numbers start.
 */
struct model_case {
	const char *name;
	bool reverse;
	enum model_keys keys;
	enum arrival arrival;
	unsigned int batch;
	u64 seed;
};

static const struct model_case model_cases[] = {
	{ "random, one by one", false, MODEL_KEYS_RANDOM, ARRIVE_AS_MADE, 1, 1 },
	{ "random, in batches", false, MODEL_KEYS_RANDOM, ARRIVE_AS_MADE, BATCH_MAX, 2 },
	{ "paths, one by one", false, MODEL_KEYS_PATHS, ARRIVE_AS_MADE, 1, 25 },
	{ "paths, reversed, in batches", true, MODEL_KEYS_PATHS, ARRIVE_AS_MADE, BATCH_MAX, 26 },
	{ "paths, ascending", false, MODEL_KEYS_PATHS, ARRIVE_ASCENDING, BATCH_MAX, 27 },
	{ "short, one by one", true, MODEL_KEYS_SHORT, ARRIVE_AS_MADE, 1, 3 },
	{ "tied, in batches", false, MODEL_KEYS_TIED, ARRIVE_AS_MADE, BATCH_MAX, 4 },
	{ "mixed, in batches", true, MODEL_KEYS_MIXED, ARRIVE_AS_MADE, 64, 5 },
	{ "ascending, one by one", false, MODEL_KEYS_DECIMAL, ARRIVE_ASCENDING, 1, 6 },
	{ "ascending, in batches", false, MODEL_KEYS_DECIMAL, ARRIVE_ASCENDING, BATCH_MAX, 7 },
	{ "descending, one by one", true, MODEL_KEYS_DECIMAL, ARRIVE_DESCENDING, 1, 8 },
	{ "descending, in batches", false, MODEL_KEYS_RANDOM, ARRIVE_DESCENDING, BATCH_MAX, 9 },
	{ "versions of a few keys", false, MODEL_KEYS_MIXED, ARRIVE_AS_VERSIONS, 20, 10 },
};

static void model_case_describe(const struct model_case *model_case, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "%s, seed %llu", model_case->name,
		 model_case->seed);
}

KUNIT_ARRAY_PARAM(model_case, model_cases, model_case_describe);

static const struct model_case few_cases[] = {
	{ "random", false, MODEL_KEYS_RANDOM, ARRIVE_AS_MADE, 1, 21 },
	{ "short, reversed", true, MODEL_KEYS_SHORT, ARRIVE_AS_MADE, 1, 22 },
	{ "tied", false, MODEL_KEYS_TIED, ARRIVE_AS_MADE, 1, 23 },
	{ "mixed", false, MODEL_KEYS_MIXED, ARRIVE_AS_MADE, 1, 24 },
	{ "paths, reversed", true, MODEL_KEYS_PATHS, ARRIVE_AS_MADE, 1, 28 },
};

KUNIT_ARRAY_PARAM(few_case, few_cases, model_case_describe);

#define MODEL_ENTRIES	(500 * MTB_TEST_SCALE)

/* Make the entries of a case, in the order in which they are to come. */
static struct model_entry *make_entries(struct kunit *test, const struct model_case *model_case)
{
	struct fixture *fixture = test->priv;
	struct model_entry *made, *entry;
	struct model sorted;
	size_t i;

	made = kunit_kzalloc(test, MODEL_ENTRIES * sizeof(*made), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, made);
	for (i = 0; i < MODEL_ENTRIES; i++) {
		entry = &made[i];
		if (model_case->arrival == ARRIVE_AS_VERSIONS && i >= 8) {
			*entry = made[test_below(&fixture->random, 8)];
		} else {
			model_key(&fixture->random, model_case->keys, entry);
			entry->value_length = test_below(&fixture->random, 40);
			entry->value = i;
		}
		entry->tag = mtb_tag(i + 1, MEMTABLE_TYPE_VALUE);
	}
	if (model_case->arrival != ARRIVE_ASCENDING && model_case->arrival != ARRIVE_DESCENDING)
		return made;

	model_init(test, &sorted, MODEL_ENTRIES);
	sorted.reverse = model_case->reverse;
	for (i = 0; i < MODEL_ENTRIES; i++)
		model_insert(test, &sorted, &made[i]);
	for (i = 0; i < MODEL_ENTRIES; i++)
		made[i] = sorted.entries[model_case->arrival == ARRIVE_ASCENDING ?
					 i : MODEL_ENTRIES - 1 - i];
	model_destroy(&sorted);
	return made;
}

/* Entries of every kind, arriving in every order, are where a sorted array has them. */
static void skiplist_test_model(struct kunit *test)
{
	const struct model_case *model_case = test->param_value;
	struct fixture *fixture = test->priv;
	size_t done, count, checked = 0;
	struct model_entry *entries;

	fixture->random.state = model_case->seed;
	model_init(test, &fixture->model, MODEL_ENTRIES);
	index_fixture_set_reverse(fixture, model_case->reverse);
	entries = make_entries(test, model_case);
	for (done = 0; done < MODEL_ENTRIES; done += count) {
		count = 1 + test_below(&fixture->random, model_case->batch);
		count = min_t(size_t, count, MODEL_ENTRIES - done);
		insert(test, entries + done, count);
		/* Often while there is little. */
		if (fixture->model.count >= checked * 2) {
			checked = fixture->model.count;
			check_walks(test);
			check_probes(test, model_case->keys);
		}
	}
	check_walks(test);
	check_probes(test, model_case->keys);
}

/* An empty index says so, whatever it is asked. */
static void skiplist_test_empty(struct kunit *test)
{
	struct model_entry probe = { .tag = U64_MAX };

	check_walks(test);
	check_probe(test, &probe);
	probe.tag = 0;
	check_probe(test, &probe);
	probe.key_length = 1;
	check_probe(test, &probe);
}

static u64 entry_number(const struct model_entry *entry)
{
	u64 number = 0;
	int i;

	for (i = 0; i < 8; i++)
		number = number << 8 | entry->key[i];
	return number;
}

/* A number far above all that are there. */
static u64 number_after(const struct fixture *fixture)
{
	const struct model *model = &fixture->model;
	u64 last = model->count ? entry_number(&model->entries[model->count - 1]) : 0;

	return last + (1ULL << 40);
}

static void append(struct kunit *test)
{
	struct model_entry entry;

	fixture_entry(test->priv, number_after(test->priv), &entry);
	insert(test, &entry, 1);
}

#define FULL_RECORDS	(MTB_BLOCK_SLOTS * (MTB_BLOCK_SLOTS - 1))
#define APPENDED_RECORDS	(16 * BATCH_MAX * MTB_TEST_SCALE)

/*
 * Records that come in order fill each block but the last one of a level to its
 * end, and every block but the one at the top has its slot above: or else searches
 * would find all, but slowly.
 */
static void skiplist_test_ascending_fills_blocks(struct kunit *test)
{
	unsigned int blocks = APPENDED_RECORDS, all = 0, levels = 0;
	struct fixture *fixture = test->priv;
	struct mtb_cursor *cursor = &fixture->cursor;
	struct model_entry *batch;
	size_t i, j;

	model_init(test, &fixture->model, APPENDED_RECORDS);
	batch = kunit_kzalloc(test, BATCH_MAX * sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);
	for (i = 0; i < APPENDED_RECORDS; i += BATCH_MAX) {
		u64 next = number_after(fixture);

		for (j = 0; j < BATCH_MAX; j++)
			fixture_entry(fixture, next + j, &batch[j]);
		insert(test, batch, BATCH_MAX);
	}

	mtb_cursor_first(cursor, &fixture->index);
	while (cursor->next) {
		KUNIT_EXPECT_EQ(test, cursor->count, MTB_BLOCK_SLOTS);
		cursor->position = cursor->count;
		mtb_cursor_next(cursor);
	}
	do {
		blocks = DIV_ROUND_UP(blocks, MTB_BLOCK_SLOTS);
		all += blocks;
		levels++;
	} while (blocks > 1);
	KUNIT_EXPECT_EQ(test, mtb_skiplist_cut_blocks(&fixture->index), levels - 1);
	KUNIT_EXPECT_EQ(test, index_fixture_memory(fixture), all * MTB_BLOCK_SIZE);
	check_walks(test);
}

/*
 * The blocks below one with room for one more all split at once, again and again:
 * each of them alone would need nothing above.
 */
static void skiplist_test_levels(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry *batch;
	unsigned int round;
	size_t i, j, count;

	model_init(test, &fixture->model, 4 * FULL_RECORDS);
	batch = kunit_kzalloc(test, BATCH_MAX * sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);
	/* Full blocks, one less than there is room for above them. */
	for (i = 0; i < FULL_RECORDS; i += count) {
		count = min_t(size_t, BATCH_MAX, FULL_RECORDS - i);
		for (j = 0; j < count; j++)
			fixture_entry(fixture, (i + j + 1) << 20, &batch[j]);
		insert(test, batch, count);
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MTB_BLOCK_SLOTS - 1; i++)
			fixture_entry(fixture, ((i * MTB_BLOCK_SLOTS + 2) << 20) + (1 << round),
				      &batch[i]);
		insert(test, batch, MTB_BLOCK_SLOTS - 1);
		check_levels(test);
	}
	check_walks(test);
}

/* Append until the last block is full: one more would need another. */
static void append_until_full(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_insertion insertion;
	struct model_entry entry;
	unsigned int planned;

	do {
		append(test);
		fixture_entry(fixture, number_after(fixture), &entry);
		insertion.record = model_record(&entry, fixture->trailer);
		KUNIT_ASSERT_NOT_NULL(test, insertion.record);
		mutex_lock(&fixture->lock);
		KUNIT_EXPECT_EQ(test, mtb_skiplist_plan(&fixture->index, &insertion, 1,
							&planned), 0);
		mutex_unlock(&fixture->lock);
		mtb_record_free(insertion.record);
	} while (!planned);
}

/* Where the records of a batch go that is to split as many blocks as it can. */
enum attack {
	ATTACK_MIDDLE_ASCENDING,	/* one append, then up through one gap of the full block */
	ATTACK_MIDDLE_DESCENDING,	/* one append, then down */
	ATTACK_MIDDLE_RANDOM,		/* one append, then anywhere among the last records */
	ATTACK_ALTERNATE,		/* appends, and insertions right before some of them */
	ATTACK_NO_APPEND,		/* the full block is split in the middle */
	ATTACK_HALVES,			/* each goes between the last two that went before */
	ATTACK_KINDS,
};

static u64 attack_number(struct fixture *fixture, enum attack attack, size_t i, u64 *last,
			 const struct model_entry *gap)
{
	u64 low = entry_number(gap), high = entry_number(gap + 1);
	const struct model *model = &fixture->model;
	size_t back;

	switch (attack) {
	case ATTACK_MIDDLE_ASCENDING:
		return i ? low + i : (*last += 1 << 20);
	case ATTACK_MIDDLE_DESCENDING:
		return i ? high - i : (*last += 1 << 20);
	case ATTACK_MIDDLE_RANDOM:
		back = 1 + test_below(&fixture->random, min_t(size_t, model->count, 50));
		return i ? entry_number(&model->entries[model->count - back]) - 1 - i :
			   (*last += 1 << 20);
	case ATTACK_ALTERNATE:
		back = test_below(&fixture->random, 60);
		return test_below(&fixture->random, 3) ? (*last += 1 << 20) :
							 *last - (back << 20) + 1 + i;
	case ATTACK_NO_APPEND:
		return low + 1 + test_below(&fixture->random, 1U << 31);
	default:
		return low + ((high - low) >> (1 + i % 30)) + i;
	}
}

#define ATTACK_ROUNDS	(MTB_TEST_SCALE > 1 ? 5 * MTB_TEST_SCALE : 3)

/*
 * Batches made to split blocks take no more blocks than were planned: of every
 * size, on a last block that is full.
 */
static void skiplist_test_plan(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry *batch;
	size_t i, count, middle;
	enum attack attack;
	int round;
	u64 last;

	fixture->random.state = 1;
	model_init(test, &fixture->model, ATTACK_ROUNDS * ATTACK_KINDS * (BATCH_MAX / 2 + 130));
	batch = kunit_kzalloc(test, BATCH_MAX * sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);

	for (round = 0; round < ATTACK_ROUNDS; round++) {
		for (attack = 0; attack < ATTACK_KINDS; attack++) {
			append_until_full(test);
			/* What is a record too many for a plan is in the twenties. */
			count = round % 8 == 7 ? BATCH_MAX / 2 : 1 + (16 + round) % 64;
			last = number_after(fixture);
			middle = fixture->model.count - 2 -
				 test_below(&fixture->random, MTB_BLOCK_SLOTS * 2 / 3);
			for (i = 0; i < count; i++)
				fixture_entry(fixture,
					      attack_number(fixture, attack, i, &last,
							    &fixture->model.entries[middle]),
					      &batch[i]);
			insert(test, batch, count);
		}
	}
	check_walks(test);
}

/* Remove an entry, and free what that leaves: nobody else reads here. */
static void remove_entry(struct kunit *test, size_t position)
{
	struct fixture *fixture = test->priv;
	const struct model_entry *entry = &fixture->model.entries[position];
	struct mtb_block *removed = NULL;
	struct mtb_record *record;
	struct mtb_key key;

	model_seek_key(entry, fixture->index.reverse, &key);
	record = mtb_skiplist_find(&fixture->index, &key);
	KUNIT_ASSERT_TRUE(test, model_matches(entry, record));
	mutex_lock(&fixture->lock);
	fixture->memory += mtb_skiplist_remove(&fixture->index, record, &removed);
	mutex_unlock(&fixture->lock);
	mtb_block_free_list(removed);
	mtb_record_release(record);
	model_remove(&fixture->model, position);
}

/* Add an entry as a map does: what it is a newer version of goes. */
static void set_entry(struct kunit *test, const struct model_entry *entry)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	size_t at;

	insert(test, entry, 1);
	at = model_position(model, entry) + 1;
	if (at < model->count && !model_compare_keys(&model->entries[at], entry))
		remove_entry(test, at);
}

/* Put a newer version in the place of an entry. */
static void replace_entry(struct kunit *test, size_t at)
{
	struct fixture *fixture = test->priv;
	struct model_entry *entry = &fixture->model.entries[at];
	struct mtb_record *old, *record;
	struct mtb_key key;

	model_seek_key(entry, fixture->index.reverse, &key);
	old = mtb_skiplist_find(&fixture->index, &key);
	KUNIT_ASSERT_TRUE(test, model_matches(entry, old));
	entry->tag = mtb_tag(++fixture->sequence, MEMTABLE_TYPE_VALUE);
	record = model_record(entry, fixture->trailer);
	KUNIT_ASSERT_NOT_NULL(test, record);
	mutex_lock(&fixture->lock);
	mtb_skiplist_replace(&fixture->index, old, record);
	mutex_unlock(&fixture->lock);
	mtb_record_release(old);
}

#define VERSIONS_ENTRIES	(10 * MTB_BLOCK_SLOTS)
#define VERSIONS_ROUNDS		(20 * MTB_TEST_SCALE)

/*
 * Neighbours get newer versions, in one batch: where blocks split between the
 * versions of a key these stay together, and one part gets less than half.
 */
static void skiplist_test_plan_versions(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model *model = &fixture->model;
	size_t first, count, other, i, round;
	struct model_entry *batch;

	fixture->random.state = 1;
	fixture->trailer = MTB_TRAILER_PIN;
	model_init(test, model, VERSIONS_ENTRIES + BATCH_MAX);
	batch = kunit_kzalloc(test, BATCH_MAX * sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);
	for (i = 0; i < VERSIONS_ENTRIES; i++)
		append(test);

	for (round = 0; round < VERSIONS_ROUNDS; round++) {
		count = 1 + test_below(&fixture->random,
				       min_t(u32, BATCH_MAX, VERSIONS_ENTRIES / 2));
		first = test_below(&fixture->random, VERSIONS_ENTRIES - count);
		for (i = 0; i < count; i++) {
			other = test_below(&fixture->random, i + 1);
			batch[i] = batch[other];
			batch[other] = model->entries[first + i];
			batch[other].tag = mtb_tag(++fixture->sequence, MEMTABLE_TYPE_VALUE);
		}
		insert(test, batch, count);
		for (i = first + 1; i <= first + count; i++)
			remove_entry(test, i);
	}
	check_walks(test);
}

#define REMOVE_ENTRIES	(250 * MTB_TEST_SCALE)

/*
 * Records are removed in any order, down to none, or replaced, while others come: what is
 * left is where a sorted array has it, and blocks that become empty go.
 */
static void skiplist_test_remove(struct kunit *test)
{
	const struct model_case *model_case = test->param_value;
	struct fixture *fixture = test->priv;
	struct model_entry entry;
	size_t target, turn, at, i;

	fixture->random.state = model_case->seed;
	fixture->trailer = MTB_TRAILER_PIN;
	model_init(test, &fixture->model, REMOVE_ENTRIES);
	index_fixture_set_reverse(fixture, model_case->reverse);
	for (turn = 0; turn < 6; turn++) {
		/* Fill up, then thin out: to nothing, to some, from either end or anywhere. */
		for (i = 0; i < 2 * REMOVE_ENTRIES && fixture->model.count < REMOVE_ENTRIES; i++) {
			model_key(&fixture->random, model_case->keys, &entry);
			entry.tag = mtb_tag(++fixture->sequence, MEMTABLE_TYPE_VALUE);
			entry.value_length = 0;
			set_entry(test, &entry);
		}
		for (at = 0; at < fixture->model.count; at += 1 + at % 7)
			replace_entry(test, at);
		check_walks(test);
		target = turn % 2 ? 0 : test_below(&fixture->random, REMOVE_ENTRIES / 2);
		while (fixture->model.count > target) {
			at = turn < 2 ? 0 : turn < 4 ? fixture->model.count - 1 :
					     test_below(&fixture->random, fixture->model.count);
			remove_entry(test, at);
			if (fixture->model.count % 100 == 0)
				check_walks(test);
		}
		check_walks(test);
		check_probes(test, model_case->keys);
	}
}

/*
 * An index that is cut at any place makes two, which hold what they should and
 * can be written to as before.
 */
static void skiplist_test_cut(struct kunit *test)
{
	const struct model_case *model_case = test->param_value;
	struct fixture *left = test->priv, *right;
	struct mtb_reserve reserve = {};
	struct model_entry *entries, cut;
	size_t i, round;
	struct mtb_key key;

	left->random.state = model_case->seed;
	model_init(test, &left->model, 2 * MODEL_ENTRIES);
	index_fixture_set_reverse(left, model_case->reverse);
	entries = make_entries(test, model_case);
	for (i = 0; i < MODEL_ENTRIES / 2; i++)
		insert(test, &entries[i], 1);

	for (round = 0; round < 8; round++) {
		right = index_fixture_create(test);
		KUNIT_ASSERT_NOT_NULL(test, right);
		model_init(test, &right->model, 2 * MODEL_ENTRIES);
		right->model.reverse = model_case->reverse;
		if (round == 0)
			cut = (struct model_entry){};
		else if (round % 3 || !left->model.count)
			model_key(&left->random, model_case->keys, &cut);
		else
			cut = left->model.entries[test_below(&left->random, left->model.count)];
		cut.tag = U64_MAX;
		model_seek_key(&cut, model_case->reverse, &key);

		KUNIT_ASSERT_EQ(test, mtb_reserve_fill(&reserve, MTB_CUT_BLOCKS), 0);
		mutex_lock(&left->lock);
		preempt_disable();
		mtb_skiplist_cut(&left->index, &key, &right->index, &reserve);
		preempt_enable();
		mutex_unlock(&left->lock);
		mtb_reserve_empty(&reserve);
		left->memory = index_fixture_memory(left);
		right->memory = index_fixture_memory(right);

		/* The first round that leaves nothing at the left goes on with the right. */
		while (left->model.count > model_position(&left->model, &cut)) {
			left->model.count--;
			model_insert(test, &right->model,
				     &left->model.entries[left->model.count]);
		}
		check_walks(test);
		check_probes(test, model_case->keys);
		test->priv = right;
		check_walks(test);
		check_probes(test, model_case->keys);
		for (i = 0; i < 100; i++) {
			model_key(&left->random, model_case->keys, &cut);
			cut.tag = mtb_tag(MODEL_ENTRIES + 100 * round + i + 1,
					  MEMTABLE_TYPE_VALUE);
			cut.value_length = 0;
			test->priv = i % 2 ? left : right;
			insert(test, &cut, 1);
		}
		test->priv = right;
		check_walks(test);
		index_fixture_destroy(right);
		test->priv = left;
		check_walks(test);
		for (i = 0; round == 0 && i < MODEL_ENTRIES / 2; i++)
			insert(test, &entries[MODEL_ENTRIES / 2 + i], 1);
	}
}

/* A reserve keeps what it has when it is filled again, and is empty in the end. */
static void skiplist_test_reserve(struct kunit *test)
{
	struct mtb_reserve reserve = {};

	KUNIT_EXPECT_EQ(test, mtb_reserve_fill(&reserve, 0), 0);
	KUNIT_EXPECT_EQ(test, reserve.count, 0U);
	KUNIT_EXPECT_EQ(test, mtb_reserve_fill(&reserve, 3), 0);
	KUNIT_EXPECT_EQ(test, reserve.count, 3U);
	KUNIT_EXPECT_EQ(test, mtb_reserve_fill(&reserve, 2), 0);
	KUNIT_EXPECT_EQ(test, reserve.count, 3U);
	KUNIT_EXPECT_EQ(test, mtb_reserve_fill(&reserve, 5), 0);
	KUNIT_EXPECT_EQ(test, reserve.count, 5U);
	mtb_reserve_empty(&reserve);
	KUNIT_EXPECT_EQ(test, reserve.count, 0U);
	mtb_reserve_empty(&reserve);
}

static struct kunit_case skiplist_test_cases[] = {
	KUNIT_CASE(skiplist_test_empty),
	KUNIT_CASE_PARAM(skiplist_test_model, model_case_gen_params),
	KUNIT_CASE(skiplist_test_ascending_fills_blocks),
	KUNIT_CASE(skiplist_test_levels),
	KUNIT_CASE(skiplist_test_plan),
	KUNIT_CASE(skiplist_test_plan_versions),
	KUNIT_CASE_PARAM(skiplist_test_remove, few_case_gen_params),
	KUNIT_CASE_PARAM(skiplist_test_cut, few_case_gen_params),
	KUNIT_CASE(skiplist_test_reserve),
	{}
};

static struct kunit_suite skiplist_test_suite = {
	.name		= "memtable_skiplist",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= index_fixture_init,
	.exit		= index_fixture_exit,
	.test_cases	= skiplist_test_cases,
};

kunit_test_suite(skiplist_test_suite);
