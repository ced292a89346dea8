// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of map tables: one version of a key, which others replace or remove,
 * while readers see each batch whole.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math.h>
#include <linux/sched.h>

#include "model.h"
#include "readers.h"
#include "scan.h"
#include "view.h"
#include "write.h"

/* Most entries in a batch. */
#define BATCH_MAX	80

/**
 * struct fixture - A map and what it should hold.
 * @table: The table.
 * @model: What it should hold, each key once.
 * @random: Where the test gets its numbers from.
 * @last_sequence: Last sequence number that the table has assigned.
 * @batch: Room for the entries of a batch.
 * @scan: A scan, too large for the stack.
 */
struct fixture {
	struct mtb_table *table;
	struct model model;
	struct test_random random;
	u64 last_sequence;
	struct model_entry batch[BATCH_MAX];
	struct mtb_scan scan;
};

static int configure(struct fixture *fixture, bool reverse, u64 max_size)
{
	const struct memtable_configure config = {
		.kind		= MEMTABLE_KIND_MAP,
		.order		= reverse ? MEMTABLE_ORDER_REVERSE : MEMTABLE_ORDER_BYTEWISE,
		.max_size	= max_size,
	};

	return mtb_table_configure(fixture->table, &config);
}

static int map_test_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	if (!fixture)
		return -ENOMEM;
	fixture->table = mtb_table_create();
	if (!fixture->table)
		return -ENOMEM;
	test->priv = fixture;
	return configure(fixture, false, 0);
}

static void map_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	model_destroy(&fixture->model);
	mtb_table_put(fixture->table);
}

static struct memtable_info info(struct fixture *fixture)
{
	struct memtable_info info = {};

	mtb_table_info(fixture->table, &info);
	return info;
}

static bool lookup_matches(struct fixture *fixture, u64 snapshot, const struct model_entry *entry,
			   bool there)
{
	struct mtb_lookup lookup = { .key = entry->key, .key_length = entry->key_length };
	struct mtb_view view;
	bool matches;

	if (mtb_view_lookup(&view, fixture->table, snapshot, &lookup, 1))
		return false;
	matches = there ? model_matches(entry, lookup.record) : !lookup.record;
	mtb_lookup_put(&lookup, 1);
	return matches;
}

/* Set an entry, or take it away if it is a tombstone. */
static void apply(struct kunit *test, const struct model_entry *entry)
{
	struct fixture *fixture = test->priv;
	struct model *model = &fixture->model;
	struct model_entry probe = *entry;
	size_t at;

	probe.tag = U64_MAX;
	at = model_position(model, &probe);
	if (at < model->count && !model_compare_keys(&model->entries[at], entry))
		model_remove(model, at);
	if ((entry->tag & U8_MAX) == MEMTABLE_TYPE_VALUE)
		model_insert(test, model, entry);
}

/* One batch, with keys that occur more than once, and tombstones. */
static void write_random(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct test_random *random = &fixture->random;
	size_t i, count = 1 + test_below(random, test_below(random, 2) ? 2 : BATCH_MAX);
	struct model *model = &fixture->model;
	struct model_entry *entry;
	u64 last_sequence;

	for (i = 0; i < count; i++) {
		entry = &fixture->batch[i];
		if (model->count && test_below(random, 2))
			*entry = model->entries[test_below(random, model->count)];
		else
			model_key(random, MODEL_KEYS_MIXED, entry);
		entry->value = test_random(random);
		entry->tag = test_below(random, 3) ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION;
		entry->value_length = entry->tag ? test_below(random, 60) : 0;
	}
	KUNIT_ASSERT_EQ(test, model_write(fixture->table, fixture->batch, count, &last_sequence),
			0);
	for (i = 0; i < count; i++) {
		fixture->batch[i].tag |= mtb_tag(++fixture->last_sequence, 0);
		apply(test, &fixture->batch[i]);
	}
	KUNIT_EXPECT_EQ(test, last_sequence, fixture->last_sequence);
}

static void check_figures(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info figures = info(fixture);
	u64 bytes = 0;
	size_t i;

	for (i = 0; i < fixture->model.count; i++)
		bytes += fixture->model.entries[i].key_length +
			 fixture->model.entries[i].value_length;
	KUNIT_EXPECT_EQ(test, figures.entries, (u64)fixture->model.count);
	KUNIT_EXPECT_EQ(test, figures.tombstones, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.logical_bytes, bytes);
	KUNIT_EXPECT_EQ(test, figures.last_sequence, fixture->last_sequence);
	KUNIT_EXPECT_EQ(test, figures.memory_usage,
			model_memory(fixture->table, &fixture->scan.cursor));
}

static void check_scan(struct kunit *test, u32 flags)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_view view;
	bool ok = true;
	size_t i, at;

	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view, flags, NULL, NULL);
	for (i = 0; i < model->count && ok; i++) {
		at = flags & MEMTABLE_SCAN_REVERSE ? model->count - 1 - i : i;
		ok = model_matches(&model->entries[at], mtb_scan_next(scan));
	}
	ok = ok && !mtb_scan_next(scan) && scan->ended == MTB_SCAN_DONE;
	mtb_scan_finish(scan);
	KUNIT_ASSERT_TRUE_MSG(test, ok, "entry %zu of %zu, flags 0x%x", i, model->count, flags);
}

static void check_content(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct model_entry probe;
	size_t i, at;

	for (i = 0; i < model->count; i++)
		KUNIT_ASSERT_TRUE_MSG(test, lookup_matches(fixture, 0, &model->entries[i], true),
				      "entry %zu of %zu", i, model->count);
	for (i = 0; i < 100; i++) {
		model_key(&fixture->random, MODEL_KEYS_MIXED, &probe);
		probe.tag = U64_MAX;
		at = model_position(model, &probe);
		if (at < model->count && !model_compare_keys(&model->entries[at], &probe))
			continue;
		KUNIT_ASSERT_TRUE(test, lookup_matches(fixture, 0, &probe, false));
	}
	/* Whatever is asked for: there is one version, and no tombstone. */
	check_scan(test, 0);
	check_scan(test, MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_TOMBSTONES);
	check_scan(test, MEMTABLE_SCAN_ALL_VERSIONS);
}

static const struct map_case {
	bool reverse;
	u64 seed;
} map_cases[] = { { false, 1 }, { true, 2 } };

static void map_case_describe(const struct map_case *map_case, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "%s, seed %llu",
		 map_case->reverse ? "reversed" : "bytewise", map_case->seed);
}

KUNIT_ARRAY_PARAM(map_case, map_cases, map_case_describe);

#define MODEL_BATCHES	(60 * MTB_TEST_SCALE)

/*
 * Batches that set, replace and delete: the table holds what a sorted array
 * holds, each key once, and its figures are exact after each.
 */
static void map_test_model(struct kunit *test)
{
	const struct map_case *map_case = test->param_value;
	struct fixture *fixture = test->priv;
	int i;

	fixture->random.state = map_case->seed;
	KUNIT_ASSERT_EQ(test, configure(fixture, map_case->reverse, 0), 0);
	model_init(test, &fixture->model, MODEL_BATCHES * BATCH_MAX);
	fixture->model.reverse = map_case->reverse;
	for (i = 0; i < MODEL_BATCHES; i++) {
		write_random(test);
		check_figures(test);
		if (i % 10 == 0)
			check_content(test);
	}
	check_content(test);
}

/*
 * Snapshots are not kept: whatever one names, the latest state answers.
 * Sequence numbers are the table's alone to assign.
 */
static void map_test_rules(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .key_length = 1, .key = "k", .value_length = 1 };
	u64 sequence, snapshot;

	for (entry.value = 1; entry.value < 4; entry.value++) {
		entry.tag = MEMTABLE_TYPE_VALUE;
		KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
		KUNIT_EXPECT_EQ(test, sequence, (u64)entry.value);
		entry.tag |= mtb_tag(sequence, 0);
		for (snapshot = 0; snapshot < 5; snapshot++)
			KUNIT_EXPECT_TRUE(test, lookup_matches(fixture, snapshot, &entry, true));
		KUNIT_EXPECT_TRUE(test, lookup_matches(fixture, MEMTABLE_SNAPSHOT_EMPTY, &entry,
						       true));
	}
	entry.tag = mtb_tag(100, MEMTABLE_TYPE_VALUE);
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), -EINVAL);
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 1ULL);

	entry.tag = MEMTABLE_TYPE_DELETION;
	entry.value_length = 0;
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	KUNIT_EXPECT_TRUE(test, lookup_matches(fixture, 0, &entry, false));
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 0ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).memory_usage, (u64)MTB_BLOCK_SIZE);
	/* What is not there can be deleted too. */
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 5ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 0ULL);
}

/* Set the entry with the number @i as key to a value of 50 bytes, or delete it. */
static int put_number(struct fixture *fixture, u32 i, u8 type)
{
	struct model_entry entry = { .key_length = sizeof(i), .tag = type, .value = i };
	u64 sequence;

	memcpy(entry.key, &i, sizeof(i));
	entry.value_length = type == MEMTABLE_TYPE_VALUE ? 50 : 0;
	return model_write(fixture->table, &entry, 1, &sequence);
}

/*
 * A map with less room than a record takes goes on taking what replaces an
 * entry, unless a block must be split for it; it never passes its maximum, and
 * all memory comes back.
 */
static void map_test_capacity(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const u64 max_size = 10000, empty = MTB_BLOCK_SIZE;
	u32 i, count, refused = 0;

	KUNIT_ASSERT_EQ(test, configure(fixture, false, max_size), 0);
	for (count = 0; !put_number(fixture, count, MEMTABLE_TYPE_VALUE); count++)
		KUNIT_ASSERT_LE(test, info(fixture).memory_usage, max_size);
	KUNIT_EXPECT_GT(test, info(fixture).memory_usage + MTB_BLOCK_SIZE + 128, max_size);
	KUNIT_EXPECT_TRUE(test, info(fixture).state & MEMTABLE_STATE_FULL);

	for (i = 0; i < 5 * count; i++) {
		refused += put_number(fixture, i % count, MEMTABLE_TYPE_VALUE) ? 1 : 0;
		KUNIT_EXPECT_LE(test, info(fixture).memory_usage, max_size);
		KUNIT_EXPECT_EQ(test, info(fixture).entries, (u64)count);
	}
	KUNIT_EXPECT_LT(test, refused, 5 * count);
	for (i = 0; i < count; i++)
		put_number(fixture, i, MEMTABLE_TYPE_DELETION);
	/* Where the block was full, the first deletions made room for the others. */
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, put_number(fixture, i, MEMTABLE_TYPE_DELETION), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 0ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).memory_usage, empty);
}

/*
 * Where a block begins with a key that is deleted in the same batch, the key
 * stays: a map does not pass its maximum by that either.
 */
static void map_test_deletion_kept(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry batch[2] = {
		{ .key_length = MODEL_KEY_MAX, .tag = MEMTABLE_TYPE_DELETION },
		{ .key_length = MODEL_KEY_MAX, .tag = MEMTABLE_TYPE_VALUE },
	};
	u64 sequence, max_size = 0;
	u32 i, count;
	int round;

	memset(batch[0].key, 0xfe, MODEL_KEY_MAX);
	memset(batch[1].key, 0xff, MODEL_KEY_MAX);
	for (count = 40; count < 64; count++) {
		for (round = 0; round < 2; round++) {
			/* What it takes without a maximum is too much for one less. */
			KUNIT_ASSERT_EQ(test, configure(fixture, false, max_size), 0);
			for (i = 0; i < count; i++)
				KUNIT_ASSERT_EQ(test, put_number(fixture, i, MEMTABLE_TYPE_VALUE),
						0);
			KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 2, &sequence),
					max_size ? -ENOSPC : 0);
			max_size = max_size ? 0 : info(fixture).memory_usage - 1;
			for (i = 0; i < count; i++)
				put_number(fixture, i, MEMTABLE_TYPE_DELETION);
			batch[1].tag = MEMTABLE_TYPE_DELETION;
			KUNIT_ASSERT_EQ(test, model_write(fixture->table, &batch[1], 1, &sequence),
					0);
			batch[1].tag = MEMTABLE_TYPE_VALUE;
			KUNIT_ASSERT_EQ(test, info(fixture).entries, 0ULL);
		}
	}
}

#define REORDERED	300

/* Set, or delete, every @step-th of the keys that come of @seed. */
static void put_keys(struct kunit *test, u64 seed, u32 step, u8 type)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = {};
	u64 sequence;
	u32 i;

	fixture->random.state = seed;
	for (i = 0; i < REORDERED; i++) {
		model_key(&fixture->random, MODEL_KEYS_RANDOM, &entry);
		entry.tag = type;
		if (i % step == 0)
			KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence),
					0);
	}
}

/*
 * A step back ends even if the table has been emptied since its key was made,
 * and has got the other order, with blocks that begin behind their fences.
 */
static void map_test_reordered(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_skiplist *index = &fixture->table->index;
	struct model_entry probe;
	struct mtb_key key;
	u64 seed;
	int i;

	for (seed = 1; seed <= 10 * MTB_TEST_SCALE; seed++) {
		KUNIT_ASSERT_EQ(test, configure(fixture, seed & 1, 0), 0);
		put_keys(test, seed, 1, MEMTABLE_TYPE_VALUE);
		put_keys(test, seed, 2, MEMTABLE_TYPE_DELETION);
		for (i = 0; i < 500; i++) {
			model_key(&fixture->random, MODEL_KEYS_RANDOM, &probe);
			mtb_key_init(&key, !(seed & 1), probe.key, probe.key_length, U64_MAX);
			rcu_read_lock();
			mtb_cursor_seek_before(&fixture->scan.cursor, index, &key);
			rcu_read_unlock();
		}
		put_keys(test, seed, 1, MEMTABLE_TYPE_DELETION);
	}
}

/* A record that was looked up stays for who holds it, whatever becomes of the entry. */
static void map_test_pins(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .key_length = 1, .key = "k", .value_length = 20 };
	struct mtb_lookup lookup = { .key = entry.key, .key_length = 1 };
	struct mtb_view view;
	u64 sequence;
	int i;

	entry.tag = MEMTABLE_TYPE_VALUE;
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	KUNIT_EXPECT_EQ(test, mtb_view_lookup(&view, fixture->table, 0, &lookup, 1), 0);
	entry.value = 9;
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
		synchronize_rcu();
	}
	entry.value = 0;
	entry.tag |= mtb_tag(1, 0);
	KUNIT_EXPECT_TRUE(test, model_matches(&entry, lookup.record));
	mtb_lookup_put(&lookup, 1);
}

#define ROUNDS		(80 * MTB_TEST_SCALE)
#define ROUND_KEYS	40
/* Keys that come and go, between the others and behind them. */
#define PASSING_KEYS	8

/**
 * struct reader - A reader beside a writer.
 * @table: The table.
 * @entries: Keys to look up.
 * @lookups: The same, and what was found.
 * @scan: A scan.
 */
struct reader {
	struct mtb_table *table;
	struct model_entry entries[ROUND_KEYS];
	struct mtb_lookup lookups[ROUND_KEYS];
	struct mtb_scan scan;
};

static unsigned int record_round(const struct mtb_record *record)
{
	unsigned int round;

	memcpy(&round, mtb_record_value(record), sizeof(round));
	return round;
}

/* All keys at once: they are there, and of the same round. */
static const char *read_keys(struct reader *reader)
{
	struct mtb_lookup *lookups = reader->lookups;
	const char *fault = NULL;
	struct mtb_view view;
	unsigned int i;

	if (mtb_view_lookup(&view, reader->table, 0, lookups, ROUND_KEYS))
		return "a lookup fails";
	for (i = 0; i < ROUND_KEYS && !fault; i++) {
		if (!lookups[i].record)
			fault = "a key is missing";
		else if (record_round(lookups[i].record) != record_round(lookups[0].record))
			fault = "a batch is there in parts";
	}
	mtb_lookup_put(lookups, ROUND_KEYS);
	return fault;
}

/* Every key that stays comes once, in order, and none comes twice. */
static const char *read_all(struct reader *reader, bool backward)
{
	struct mtb_scan *scan = &reader->scan;
	unsigned int last = 0, staying = 0;
	const char *fault = NULL;
	struct mtb_record *record;
	struct mtb_view view;

	mtb_view_settle(&view, reader->table, 0);
	mtb_scan_start(scan, reader->table, &view, backward ? MEMTABLE_SCAN_REVERSE : 0, NULL,
		       NULL);
	while ((record = mtb_scan_next(scan)) && !fault) {
		unsigned int number = record->data[0];

		if (last && (backward ? number + 1 >= last : number + 1 <= last))
			fault = "keys are out of order";
		last = number + 1;
		if (number % 2 == 0 && number < 2 * ROUND_KEYS)
			staying++;
	}
	mtb_scan_finish(scan);
	if (!fault && staying != ROUND_KEYS)
		fault = backward ? "a scan backward misses a key" : "a scan misses a key";
	return fault;
}

static const char *read_once(void *data)
{
	const char *fault = NULL;
	int i;

	for (i = 0; i < 10 && !fault; i++)
		fault = read_keys(data);
	for (i = 0; i < 10 && !fault; i++)
		fault = read_all(data, i % 2);
	return fault;
}

/* An entry of one byte's key, with the round in its value. */
static int add(struct mtb_batch *batch, u8 number, u8 type, unsigned int round)
{
	struct mtb_record *record;
	int err;

	record = mtb_record_alloc(1, type == MEMTABLE_TYPE_VALUE ? sizeof(round) : 0,
				  batch->trailer);
	if (!record)
		return -ENOMEM;
	record->tag = type;
	record->data[0] = number;
	memcpy(record->data + 1, &round, mtb_record_value_length(record));
	err = mtb_batch_add(batch, record);
	if (err)
		mtb_record_free(record);
	return err;
}

static int write_keys(struct mtb_table *table, unsigned int round)
{
	struct mtb_batch batch;
	u64 last_sequence;
	unsigned int i;
	int err = 0;

	mtb_batch_init(&batch, MTB_TRAILER_PIN);
	for (i = 0; i < ROUND_KEYS && !err; i++)
		err = add(&batch, 2 * i, MEMTABLE_TYPE_VALUE, round);
	if (!err)
		err = mtb_table_write(table, &batch, NULL, &last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

/* One key that comes and goes. */
static int write_passing(struct mtb_table *table, unsigned int round)
{
	unsigned int i = round % PASSING_KEYS;
	struct mtb_batch batch;
	u64 last_sequence;
	int err;

	mtb_batch_init(&batch, MTB_TRAILER_PIN);
	err = add(&batch, i % 2 ? 2 * i + 1 : 200 + i, round / PASSING_KEYS % 2, round);
	if (!err)
		err = mtb_table_write(table, &batch, NULL, &last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

/*
 * Readers beside a writer that replaces the same keys again and again see one
 * batch in all of them; a scan misses none of them while others come and go.
 */
static void map_test_concurrent(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct reader_threads threads;
	unsigned int round, i, j;
	struct reader *readers;
	int err;

	readers = kunit_kzalloc(test, READERS * sizeof(*readers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, readers);
	KUNIT_ASSERT_EQ(test, write_keys(fixture->table, 0), 0);
	for (i = 0; i < READERS; i++) {
		readers[i].table = fixture->table;
		for (j = 0; j < ROUND_KEYS; j++) {
			readers[i].entries[j].key[0] = 2 * j;
			readers[i].lookups[j].key = readers[i].entries[j].key;
			readers[i].lookups[j].key_length = 1;
		}
	}
	if (!readers_start(test, &threads, read_once, readers, sizeof(*readers)))
		return;
	for (round = 1, err = 0; round < ROUNDS && !err; round++) {
		if (round % 8 == 0)
			readers_wait(&threads);
		for (i = 0; i < 20 && !err; i++)
			err = write_passing(fixture->table, 20 * round + i);
		if (!err)
			err = write_keys(fixture->table, round);
	}
	readers_stop(test, &threads);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, info(fixture).memory_usage,
			model_memory(fixture->table, &fixture->scan.cursor));
}

/* Write one key over and over, in one batch. */
static int write_one_key(void *data)
{
	struct fixture *fixture = data;
	u64 sequence;
	size_t i;
	int err;

	for (i = 0; i < BATCH_MAX; i++)
		fixture->batch[i] = (struct model_entry){ .tag = MEMTABLE_TYPE_VALUE };
	err = model_write(fixture->table, fixture->batch, BATCH_MAX, &sequence);
	while (!kthread_should_stop())
		usleep_range(100, 1000);
	return err;
}

/* A table that becomes a map while a writer waits for it keeps only the newest version. */
static void map_test_becomes_map(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct task_struct *task;
	u32 round;

	for (round = 0; round < 10; round++) {
		mutex_lock(&fixture->table->lock);
		WRITE_ONCE(fixture->table->map, false);
		task = kthread_run(write_one_key, fixture, "map_test");
		/* On an emulated processor it takes its time to get there. */
		if (!IS_ERR(task))
			usleep_range(10000, 20000);
		WRITE_ONCE(fixture->table->map, true);
		mutex_unlock(&fixture->table->lock);
		KUNIT_ASSERT_TRUE(test, !IS_ERR(task));
		while (!info(fixture).last_sequence)
			usleep_range(100, 1000);
		KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
		KUNIT_EXPECT_EQ(test, info(fixture).entries, 1ULL);
		mtb_table_put(fixture->table);
		fixture->table = mtb_table_create();
		KUNIT_ASSERT_NOT_NULL(test, fixture->table);
	}
}

/* So many keys, of which a scan sees one in so many. */
#define HIDDEN_KEYS	5000
#define HIDDEN_STEP	32

static void number_key(u32 number, u8 *key)
{
	key[0] = number >> 8;
	key[1] = number;
}

/*
 * Link the keys that scans see, with two versions, as they are before the older one
 * is purged, or else the others, with one.
 */
static u64 link_keys(struct kunit *test, bool visible, u64 sequence)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->table;
	struct model_entry entry = { .key_length = 2 };
	struct mtb_insertion insertion = {};
	struct mtb_reserve reserve = {};
	unsigned int planned;
	u32 i;

	mutex_lock(&table->lock);
	for (i = 0; i < 2 * HIDDEN_KEYS; i++) {
		if (visible ? i / 2 % HIDDEN_STEP : i % 2 || i / 2 % HIDDEN_STEP == 0)
			continue;
		number_key(i / 2, entry.key);
		entry.tag = mtb_tag(++sequence, MEMTABLE_TYPE_VALUE);
		insertion.record = model_record(&entry, MTB_TRAILER_PIN);
		if (!insertion.record || mtb_reserve_fill(&reserve, MTB_LEVELS_MAX))
			break;
		mtb_skiplist_plan(&table->index, &insertion, 1, &planned);
		mtb_skiplist_insert(&table->index, &insertion, &reserve);
	}
	mutex_unlock(&table->lock);
	mtb_reserve_empty(&reserve);
	KUNIT_EXPECT_EQ(test, i, 2U * HIDDEN_KEYS);
	return sequence;
}

/* Scan from a key on. Returns how many are seen. */
static u32 scan_visible(struct kunit *test, u32 flags, u32 from)
{
	struct fixture *fixture = test->priv;
	struct mtb_scan *scan = &fixture->scan;
	bool backward = flags & MEMTABLE_SCAN_REVERSE;
	u32 i, at = backward ? from / HIDDEN_STEP : DIV_ROUND_UP(from, HIDDEN_STEP);
	u8 start[2], key[2];
	struct mtb_bound bound = { .data = start, .length = sizeof(start) };
	struct mtb_record *record;
	struct mtb_view view;

	number_key(from, start);
	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view, flags, &bound, NULL);
	for (i = 0; (record = mtb_scan_next(scan)); i++) {
		number_key((backward ? at - i : at + i) * HIDDEN_STEP, key);
		KUNIT_EXPECT_EQ(test, memcmp(record->data, key, sizeof(key)), 0);
		/* The newer one of two. */
		KUNIT_EXPECT_EQ(test, mtb_tag_sequence(record->tag) % 2, 0ULL);
		KUNIT_EXPECT_LE(test, scan->blocks, (u32)MTB_SCAN_BLOCKS);
	}
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_DONE);
	mtb_scan_finish(scan);
	return i;
}

/*
 * However much lies in the index that a scan does not see, it goes past it in
 * pieces, and finds one version of each key, the newest that it sees.
 */
static void map_test_hidden(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u64 visible = link_keys(test, true, 0);
	u32 from;

	link_keys(test, false, visible);
	atomic64_set(&fixture->table->last_sequence, visible);
	for (from = 0; from < HIDDEN_KEYS; from += 50) {
		KUNIT_ASSERT_EQ(test, scan_visible(test, 0, from),
				DIV_ROUND_UP(HIDDEN_KEYS, HIDDEN_STEP) -
				DIV_ROUND_UP(from, HIDDEN_STEP));
		KUNIT_ASSERT_EQ(test, scan_visible(test, MEMTABLE_SCAN_REVERSE, from),
				from / HIDDEN_STEP + 1);
	}
}

/* Set or delete all keys but the first, in a batch that is not published. */
static void hide(struct kunit *test, u8 type)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->table;
	struct model_entry entry = { .tag = type, .key_length = 2 };
	u64 sequence;
	u32 i;

	for (i = 1; i < HIDDEN_KEYS; i++) {
		number_key(i, entry.key);
		KUNIT_ASSERT_EQ(test, model_write(table, &entry, 1, &sequence), 0);
	}
	if (type == MEMTABLE_TYPE_VALUE)
		atomic64_set(&table->last_sequence, sequence - (HIDDEN_KEYS - 1));
}

/*
 * What a scan has returned stays until it returns something else, or ends: also
 * when it goes on and finds nothing.
 */
static void map_test_returned(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_scan *scan = &fixture->scan;
	struct model_entry entry = { .tag = MEMTABLE_TYPE_VALUE, .key_length = 2 };
	struct mtb_record *record;
	struct mtb_view view;
	u64 sequence;

	KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	hide(test, MEMTABLE_TYPE_VALUE);
	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view, 0, NULL, NULL);
	record = mtb_scan_next(scan);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_PAUSED);
	hide(test, MEMTABLE_TYPE_DELETION);
	entry.tag = MEMTABLE_TYPE_DELETION;
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	while (info(fixture).memory_usage > MTB_BLOCK_SIZE)
		usleep_range(100, 1000);
	/* Freed after a grace period, had the scan no part in it. */
	synchronize_rcu();
	usleep_range(10000, 20000);
	KUNIT_EXPECT_NULL(test, mtb_scan_next(scan));
	KUNIT_EXPECT_EQ(test, (u32)record->key_length, 2U);
	KUNIT_EXPECT_EQ(test, mtb_tag_sequence(record->tag), 1ULL);
	mtb_scan_finish(scan);
}

/* A scan of a map is not done where that has been emptied, and is none any more. */
static void map_test_versioned(struct kunit *test)
{
	static const struct memtable_configure versioned = { .kind = MEMTABLE_KIND_VERSIONED };
	struct fixture *fixture = test->priv;
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_view view;
	u32 i;

	for (i = 0; i < 2 * MTB_SCAN_CHUNK; i++)
		KUNIT_ASSERT_EQ(test, put_number(fixture, i, MEMTABLE_TYPE_VALUE), 0);
	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view, 0, NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mtb_scan_next(scan));
	for (i = 0; i < 2 * MTB_SCAN_CHUNK; i++)
		KUNIT_ASSERT_EQ(test, put_number(fixture, i, MEMTABLE_TYPE_DELETION), 0);
	KUNIT_ASSERT_EQ(test, mtb_table_configure(fixture->table, &versioned), 0);
	for (i = 0; i < 2 * MTB_SCAN_CHUNK; i++)
		KUNIT_ASSERT_EQ(test, put_number(fixture, i, MEMTABLE_TYPE_VALUE), 0);
	for (i = 1; mtb_scan_next(scan); i++)
		;
	KUNIT_EXPECT_EQ(test, i, (u32)MTB_SCAN_CHUNK);
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_CUT);
	mtb_scan_finish(scan);
}

static struct kunit_case map_test_cases[] = {
	KUNIT_CASE(map_test_rules),
	KUNIT_CASE_PARAM(map_test_model, map_case_gen_params),
	KUNIT_CASE(map_test_capacity),
	KUNIT_CASE(map_test_deletion_kept),
	KUNIT_CASE(map_test_reordered),
	KUNIT_CASE(map_test_pins),
	KUNIT_CASE(map_test_hidden),
	KUNIT_CASE(map_test_returned),
	KUNIT_CASE(map_test_versioned),
	KUNIT_CASE(map_test_becomes_map),
	KUNIT_CASE(map_test_concurrent),
	{}
};

static struct kunit_suite map_test_suite = {
	.name		= "memtable_map",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= map_test_init,
	.exit		= map_test_exit,
	.test_cases	= map_test_cases,
};

kunit_test_suite(map_test_suite);
