// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of splits: where a table is cut, what both parts have, and readers
 * that were at it.
 */
#include <kunit/test.h>
#include <linux/delay.h>

#include "model.h"
#include "owner.h"
#include "readers.h"
#include "registry.h"
#include "scan.h"
#include "split.h"
#include "view.h"

#define ENTRIES		(150 * MTB_TEST_SCALE)

/**
 * struct fixture - A table and what it should hold.
 * @table: The table.
 * @model: What it should hold.
 * @random: Where the test gets its numbers from.
 * @scan: A scan, too large for the stack.
 */
struct fixture {
	struct mtb_table *table;
	struct model model;
	struct test_random random;
	struct mtb_scan scan;
};

static int split_test_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	if (!fixture)
		return -ENOMEM;
	fixture->table = mtb_table_create();
	if (!fixture->table)
		return -ENOMEM;
	test->priv = fixture;
	return 0;
}

static void split_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	model_destroy(&fixture->model);
	mtb_table_put(fixture->table);
}

/* Fill the table up with entries, some of them late, up to @count. */
static void fill(struct kunit *test, enum model_keys keys, size_t count)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry;
	u64 sequence;

	while (fixture->model.count < count) {
		model_key(&fixture->random, keys, &entry);
		entry.tag = mtb_tag(1 + test_below(&fixture->random, 10 * ENTRIES),
				    test_below(&fixture->random, 4) ? MEMTABLE_TYPE_VALUE :
								      MEMTABLE_TYPE_DELETION);
		entry.value_length = entry.tag & 1 ? test_below(&fixture->random, 60) : 0;
		entry.value = entry.value_length;
		if (model_has_version(&fixture->model, &entry))
			continue;
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
		model_insert(test, &fixture->model, &entry);
	}
}

/* The table holds the entries from @from up to @to, and its figures are exact. */
static void check_part(struct kunit *test, struct mtb_table *table, size_t from, size_t to)
{
	struct fixture *fixture = test->priv;
	const struct model_entry *entries = fixture->model.entries;
	struct mtb_scan *scan = &fixture->scan;
	struct memtable_info info = {};
	u64 tombstones = 0, bytes = 0;
	struct mtb_view view;
	bool ok = true;
	size_t i;

	mtb_view_settle(&view, table, 0);
	mtb_scan_start(scan, table, &view, MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
		       NULL, NULL);
	for (i = from; i < to && ok; i++) {
		ok = model_matches(&entries[i], mtb_scan_next(scan));
		tombstones += (entries[i].tag & U8_MAX) == MEMTABLE_TYPE_DELETION;
		bytes += entries[i].key_length + entries[i].value_length;
	}
	ok = ok && !mtb_scan_next(scan);
	mtb_scan_finish(scan);
	KUNIT_ASSERT_TRUE_MSG(test, ok, "entry %zu of %zu to %zu", i, from, to);

	mtb_table_info(table, &info);
	KUNIT_EXPECT_EQ(test, info.entries, (u64)(to - from));
	KUNIT_EXPECT_EQ(test, info.tombstones, tombstones);
	KUNIT_EXPECT_EQ(test, info.logical_bytes, bytes);
	KUNIT_EXPECT_EQ(test, info.memory_usage, model_memory(table, &fixture->scan.cursor));
}

/* Split off what is at and after @pivot, and look at both parts. Returns the upper one. */
static struct mtb_table *split(struct kunit *test, const struct model_entry *pivot)
{
	struct fixture *fixture = test->priv;
	struct model *model = &fixture->model;
	struct mtb_table *right = mtb_table_create();
	struct memtable_info before = {}, after = {};
	struct model_entry probe = *pivot;
	size_t place;

	KUNIT_ASSERT_NOT_NULL(test, right);
	mtb_table_info(fixture->table, &before);
	KUNIT_ASSERT_EQ(test, mtb_table_split(fixture->table, right, pivot->key,
					      pivot->key_length, NULL), 0);
	mtb_table_info(right, &after);
	KUNIT_EXPECT_EQ(test, after.last_sequence, before.last_sequence);
	KUNIT_EXPECT_EQ(test, after.max_size, before.max_size);
	KUNIT_EXPECT_EQ(test, after.write_buffer_size, before.write_buffer_size);
	KUNIT_EXPECT_EQ(test, after.order, before.order);
	KUNIT_EXPECT_EQ(test, after.kind, before.kind);
	mtb_table_info(fixture->table, &after);
	KUNIT_EXPECT_EQ(test, after.last_sequence, before.last_sequence);

	probe.tag = U64_MAX;
	place = model_position(model, &probe);
	check_part(test, fixture->table, 0, place);
	check_part(test, right, place, model->count);
	model->count = place;
	return right;
}

static const struct split_case {
	enum model_keys keys;
	bool reverse;
} split_cases[] = {
	{ MODEL_KEYS_RANDOM, false },
	{ MODEL_KEYS_TIED, true },
	{ MODEL_KEYS_MIXED, false },
	{ MODEL_KEYS_SHORT, false },
};

static void split_case_describe(const struct split_case *split_case, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "keys %d%s", split_case->keys,
		 split_case->reverse ? ", reversed" : "");
}

KUNIT_ARRAY_PARAM(split_case, split_cases, split_case_describe);

/*
 * Wherever a table is cut, each part has what it should, figures too, and takes
 * writes as before.
 */
static void split_test_anywhere(struct kunit *test)
{
	const struct split_case *split_case = test->param_value;
	struct fixture *fixture = test->priv;
	const struct memtable_configure config = {
		.order		= split_case->reverse,
		.max_size	= 1 << 30,
	};
	struct model_entry pivot;
	struct mtb_table *right;
	u64 sequence;
	int round;

	fixture->random.state = 1;
	KUNIT_EXPECT_EQ(test, mtb_table_configure(fixture->table, &config), 0);
	model_init(test, &fixture->model, ENTRIES);
	fixture->model.reverse = split_case->reverse;
	for (round = 0; round < 12; round++) {
		fill(test, split_case->keys, ENTRIES);
		model_key(&fixture->random, split_case->keys, &pivot);
		if (round % 3 == 0)
			pivot = fixture->model.entries[test_below(&fixture->random, ENTRIES)];
		if (round == 0)
			pivot.key_length = 0;
		right = split(test, &pivot);
		pivot.tag = mtb_tag(0, MEMTABLE_TYPE_VALUE);
		pivot.value_length = 0;
		KUNIT_EXPECT_EQ(test, model_write(right, &pivot, 1, &sequence), 0);
		mtb_table_put(right);
	}
}

/* Half way is where the sums of the lengths differ least, and no key is on both sides. */
static void split_test_half(struct kunit *test)
{
	const struct split_case *split_case = test->param_value;
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	const struct model_entry *entries;
	struct memtable_info left = {}, right = {};
	u64 total = 0, before = 0, best = U64_MAX, uneven;
	struct mtb_table *upper = mtb_table_create();
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, upper);
	fixture->random.state = 2;
	model_init(test, &fixture->model, ENTRIES);
	fill(test, split_case->keys, ENTRIES);
	entries = model->entries;
	for (i = 0; i < model->count; i++)
		total += entries[i].key_length + entries[i].value_length;
	for (i = 0; i < model->count; i++) {
		uneven = before > total - before ? 2 * before - total : total - 2 * before;
		if (!i || model_compare_keys(&entries[i - 1], &entries[i]))
			best = min(best, uneven);
		before += entries[i].key_length + entries[i].value_length;
	}

	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, upper, NULL, 0, NULL), 0);
	mtb_table_info(fixture->table, &left);
	mtb_table_info(upper, &right);
	KUNIT_EXPECT_EQ(test, left.logical_bytes + right.logical_bytes, total);
	KUNIT_EXPECT_EQ(test, max(left.logical_bytes, right.logical_bytes) -
			      min(left.logical_bytes, right.logical_bytes), best);
	check_part(test, fixture->table, 0, left.entries);
	check_part(test, upper, left.entries, model->count);
	if (left.entries && right.entries)
		KUNIT_EXPECT_NE(test, model_compare_keys(&entries[left.entries - 1],
							 &entries[left.entries]), 0);
	mtb_table_put(upper);
}

/*
 * The pivot is the key in the middle; it is told only where there is room, and
 * a table without entries has none.
 */
static void split_test_pivot(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const struct model_entry *middle;
	u8 key[MODEL_KEY_MAX];
	u32 length;
	size_t count;

	KUNIT_EXPECT_EQ(test, mtb_table_pivot(fixture->table, key, sizeof(key), &length), -ENOENT);
	fixture->random.state = 3;
	model_init(test, &fixture->model, ENTRIES);
	for (count = 1; count <= ENTRIES; count += 1 + count / 8) {
		fill(test, MODEL_KEYS_MIXED, count);
		middle = &fixture->model.entries[count / 2];
		KUNIT_EXPECT_EQ(test, mtb_table_pivot(fixture->table, key, sizeof(key), &length),
				0);
		KUNIT_EXPECT_EQ(test, length, (u32)middle->key_length);
		KUNIT_EXPECT_EQ(test, memcmp(key, middle->key, middle->key_length), 0);
		if (!middle->key_length)
			continue;
		length = 0;
		KUNIT_EXPECT_EQ(test, mtb_table_pivot(fixture->table, key,
						      middle->key_length - 1, &length), -ERANGE);
		KUNIT_EXPECT_EQ(test, length, (u32)middle->key_length);
	}
}

/* A sealed table is not split. An empty one is, into two. */
static void split_test_sealed(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *right = mtb_table_create();

	KUNIT_ASSERT_NOT_NULL(test, right);
	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, right, "k", 1, NULL), 0);
	check_part(test, fixture->table, 0, 0);
	check_part(test, right, 0, 0);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, right, "k", 1, NULL), -EROFS);
	mtb_table_put(right);
}

/*
 * A request that began before splits finds what it was reading where it was,
 * also when nobody else has the parts any more; its scan says that it was cut.
 */
static void split_test_epoch(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_record *record, **records;
	struct mtb_table *parts[3];
	struct mtb_epoch *epoch;
	struct mtb_view view;
	size_t i;

	fixture->random.state = 4;
	model_init(test, &fixture->model, ENTRIES);
	fill(test, MODEL_KEYS_RANDOM, ENTRIES);
	records = kunit_kzalloc(test, ENTRIES * sizeof(*records), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, records);
	record = mtb_cursor_first(&scan->cursor, &fixture->table->index);
	for (i = 0; i < model->count; i++, record = mtb_cursor_next(&scan->cursor))
		records[i] = record;
	rcu_read_lock();
	epoch = mtb_table_enter(fixture->table);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, epoch);
	KUNIT_EXPECT_PTR_EQ(test, epoch->table, fixture->table);
	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view,
		       MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES |
		       MEMTABLE_SCAN_REVERSE, NULL, NULL);
	record = mtb_scan_next(scan);
	/* Split the table, then each of its parts. */
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = mtb_table_create();
		KUNIT_ASSERT_NOT_NULL(test, parts[i]);
	}
	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, parts[0], NULL, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, parts[1], NULL, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, mtb_table_split(parts[0], parts[2], NULL, 0, NULL), 0);
	while (i-- > 0)
		mtb_table_put(parts[i]);
	/* Time for what would be freed. */
	synchronize_rcu();
	usleep_range(10000, 20000);
	synchronize_rcu();
	for (i = 0; i < model->count; i++)
		KUNIT_EXPECT_TRUE(test, model_matches(&model->entries[i], records[i]));

	/* What it has come to already is good, which is at most a block. */
	for (i = model->count; record; record = mtb_scan_next(scan)) {
		KUNIT_ASSERT_TRUE(test, i > 0);
		KUNIT_EXPECT_TRUE(test, model_matches(&model->entries[--i], record));
	}
	KUNIT_EXPECT_LT(test, i, model->count - 1);
	KUNIT_EXPECT_GE(test, i, model->count - 1 - MTB_BLOCK_SLOTS);
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_CUT);
	KUNIT_EXPECT_EQ(test, mtb_scan_error(scan), -EAGAIN);
	mtb_scan_finish(scan);
	mtb_epoch_put(epoch);
}

/* Nor is a scan of a map done that is cut between two of the chunks that it takes. */
static void split_test_chunks(struct kunit *test)
{
	static const struct memtable_configure map = { .kind = MEMTABLE_KIND_MAP };
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .tag = MEMTABLE_TYPE_VALUE, .key_length = 1 };
	struct mtb_table *right = mtb_table_create();
	struct mtb_scan *scan = &fixture->scan;
	struct mtb_view view;
	u64 sequence;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, right);
	KUNIT_ASSERT_EQ(test, mtb_table_configure(fixture->table, &map), 0);
	for (i = 0; i < 3 * MTB_SCAN_CHUNK; i++) {
		entry.key[0] = i;
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	}
	entry.key[0] = 2 * MTB_SCAN_CHUNK;
	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view, 0, NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mtb_scan_next(scan));
	KUNIT_EXPECT_EQ(test, mtb_table_split(fixture->table, right, entry.key, 1, NULL), 0);
	for (i = 1; mtb_scan_next(scan); i++)
		;
	KUNIT_EXPECT_EQ(test, i, (u32)MTB_SCAN_CHUNK);
	KUNIT_EXPECT_EQ(test, scan->ended, MTB_SCAN_CUT);
	mtb_scan_finish(scan);
	mtb_table_put(right);
}

/* A map is cut at a key that a block begins before, and all that is left in it comes after. */
static void split_test_emptied(struct kunit *test)
{
	static const struct memtable_configure map = { .kind = MEMTABLE_KIND_MAP };
	const u32 count = 3 * MTB_BLOCK_SLOTS, from = MTB_BLOCK_SLOTS, to = from + from / 2;
	struct fixture *fixture = test->priv;
	struct model_entry entry = { .key_length = 1 };
	u64 sequence;
	u32 i;

	model_init(test, &fixture->model, count);
	KUNIT_ASSERT_EQ(test, mtb_table_configure(fixture->table, &map), 0);
	for (i = 0; i < count; i++) {
		entry.key[0] = i;
		entry.tag = mtb_tag(0, MEMTABLE_TYPE_VALUE);
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
		entry.tag = mtb_tag(sequence, MEMTABLE_TYPE_VALUE);
		if (i < from || i >= to)
			model_insert(test, &fixture->model, &entry);
	}
	for (i = from; i < to; i++) {
		entry.key[0] = i;
		entry.tag = mtb_tag(0, MEMTABLE_TYPE_DELETION);
		KUNIT_ASSERT_EQ(test, model_write(fixture->table, &entry, 1, &sequence), 0);
	}
	entry.key[0] = from + 1;
	mtb_table_put(split(test, &entry));
}

/* Two users that no real one is. */
#define USER(n)		KUIDT_INIT(4000000100U + (n))

/* Split in half and publish the upper part; after a failure it is freed. */
static int split_publish(struct kunit *test, unsigned int user, u64 number,
			 struct mtb_table **right)
{
	struct fixture *fixture = test->priv;
	struct mtb_entry *entry = mtb_entry_create(USER(user), number);
	int err;

	*right = mtb_table_create();
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_ASSERT_NOT_NULL(test, *right);
	err = mtb_table_split(fixture->table, *right, NULL, 0, entry);
	if (err) {
		mtb_entry_free(entry);
		mtb_table_put(*right);
	}
	return err;
}

static u64 usage(struct mtb_table *table)
{
	return atomic64_read(&table->memory_usage);
}

/*
 * A part that is published is found under its number, and charged to whose that
 * is: what it has, and only once.
 */
static void split_test_publish(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->table, *right, *found;
	u64 number, total = 0, last;

	fixture->random.state = 5;
	model_init(test, &fixture->model, ENTRIES);
	fill(test, MODEL_KEYS_RANDOM, ENTRIES);
	KUNIT_ASSERT_EQ(test, mtb_registry_publish(USER(0), 0, table), 0);
	/* Down to one entry, and to none. */
	for (number = 1; number < 20; number++) {
		KUNIT_ASSERT_EQ(test, split_publish(test, 0, number, &right), 0);
		found = mtb_registry_find(USER(0), number);
		KUNIT_EXPECT_PTR_EQ(test, found, right);
		if (found)
			mtb_table_put(found);
		KUNIT_EXPECT_PTR_EQ(test, right->owner, table->owner);
		total += usage(right);
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&table->owner->bytes),
				total + usage(table));
		mtb_table_put(right);
	}
	while (--number > 0)
		KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), number), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&table->owner->bytes), usage(table));

	/* To another user's numbers, and from nobody's. */
	fixture->model.count = atomic64_read(&table->entries);
	fill(test, MODEL_KEYS_RANDOM, ENTRIES);
	KUNIT_ASSERT_EQ(test, split_publish(test, 1, 0, &right), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&right->owner->bytes), usage(right));
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&table->owner->bytes), usage(table));
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 0), 0);
	last = usage(right);
	mtb_table_put(right);
	KUNIT_ASSERT_EQ(test, split_publish(test, 1, 1, &right), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&right->owner->bytes), last + usage(right));
	KUNIT_EXPECT_NULL(test, table->owner);
	mtb_table_put(right);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(1), 0), 0);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(1), 1), 0);
}

/* A part that cannot be published is not cut off. */
static void split_test_publish_refused(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_table *table = fixture->table, *right;
	struct memtable_info before = {}, after = {};
	struct mtb_owner *owner;
	u64 blocks;

	fixture->random.state = 6;
	model_init(test, &fixture->model, ENTRIES);
	fill(test, MODEL_KEYS_RANDOM, ENTRIES);
	KUNIT_ASSERT_EQ(test, mtb_registry_publish(USER(0), 0, table), 0);
	owner = table->owner;
	mtb_table_info(table, &before);

	KUNIT_EXPECT_EQ(test, split_publish(test, 0, 0, &right), -EEXIST);
	owner->max_bytes = usage(table);
	KUNIT_EXPECT_EQ(test, split_publish(test, 0, 1, &right), -EDQUOT);
	KUNIT_EXPECT_NULL(test, mtb_registry_find(USER(0), 1));
	mtb_table_info(table, &after);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
	check_part(test, table, 0, ENTRIES);
	KUNIT_EXPECT_EQ(test, owner->tables, 1U);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&owner->bytes), usage(table));

	/* With room for the blocks that it takes, it is. */
	mutex_lock(&table->lock);
	blocks = 1 + mtb_skiplist_cut_blocks(&table->index);
	mutex_unlock(&table->lock);
	owner->max_bytes = usage(table) + blocks * MTB_BLOCK_SIZE;
	KUNIT_ASSERT_EQ(test, split_publish(test, 0, 1, &right), 0);
	mtb_table_put(right);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 0), 0);
	KUNIT_EXPECT_EQ(test, mtb_registry_drop(USER(0), 1), 0);
}

#define READ_KEYS	128
#define CONCURRENT_SPLITS	(40 * MTB_TEST_SCALE)

/**
 * struct reader - A reader beside splits.
 * @table: The table.
 * @map: It is a map.
 * @keys: Keys to look up.
 * @lookups: The same, and what was found.
 * @scan: A scan.
 */
struct reader {
	struct mtb_table *table;
	bool map;
	u8 keys[READ_KEYS];
	struct mtb_lookup lookups[READ_KEYS];
	struct mtb_scan scan;
};

/* Of keys in order, those before some pivot are there and no others. */
static const char *read_keys(struct reader *reader)
{
	struct mtb_lookup *lookups = reader->lookups;
	const char *fault = NULL;
	struct mtb_view view;
	unsigned int i;

	if (mtb_view_lookup(&view, reader->table, 0, lookups, READ_KEYS))
		return "a lookup fails";
	if (!lookups[0].record)
		fault = "the first key is missing";
	for (i = 1; i < READ_KEYS; i++) {
		if (lookups[i].record && !lookups[i - 1].record)
			fault = "a key is missing before others";
	}
	mtb_lookup_put(lookups, READ_KEYS);
	return fault;
}

/*
 * The same of a scan that was not cut; of one that was, what it returned leaves
 * out nothing. A map's is not of one moment: backward it may come to keys that
 * are gone.
 */
static const char *read_all(struct reader *reader, bool backward)
{
	struct mtb_scan *scan = &reader->scan;
	unsigned int count = 0, lowest = READ_KEYS, last = 0;
	struct mtb_record *record;
	struct mtb_view view;
	const char *fault = NULL;

	mtb_view_settle(&view, reader->table, 0);
	mtb_scan_start(scan, reader->table, &view, backward ? MEMTABLE_SCAN_REVERSE : 0, NULL,
		       NULL);
	while ((record = mtb_scan_next(scan)) && !fault) {
		if (count && !(backward && reader->map) &&
		    (backward ? record->data[0] + 1 != last : record->data[0] != last + 1))
			fault = "a scan leaves out a key";
		last = record->data[0];
		lowest = min(lowest, last);
		count++;
	}
	if (!fault && scan->ended == MTB_SCAN_DONE && lowest)
		fault = "a scan misses the first key";
	mtb_scan_finish(scan);
	return fault;
}

static const char *read_once(void *data)
{
	struct reader *reader = data;
	struct mtb_epoch *epoch;
	const char *fault;

	rcu_read_lock();
	epoch = mtb_table_enter(reader->table);
	rcu_read_unlock();
	if (!epoch)
		return "the table cannot be entered";
	fault = read_keys(reader);
	if (!fault)
		fault = read_all(reader, false);
	if (!fault)
		fault = read_all(reader, true);
	mtb_epoch_put(epoch);
	return fault;
}

/* Write all keys from @from on, all at once. */
static int write_keys(struct mtb_table *table, unsigned int from)
{
	struct model_entry entry = { .key_length = 1, .tag = MEMTABLE_TYPE_VALUE };
	struct mtb_record *record;
	struct mtb_batch batch;
	u64 last_sequence;
	int err = 0;

	mtb_batch_init(&batch, MTB_TRAILER_NONE);
	for (; from < READ_KEYS && !err; from++) {
		entry.key[0] = from;
		record = model_record(&entry, MTB_TRAILER_NONE);
		err = record ? mtb_batch_add(&batch, record) : -ENOMEM;
		if (err && record)
			mtb_record_free(record);
	}
	if (!err)
		err = mtb_table_write(table, &batch, NULL, &last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

static const enum memtable_kind split_kinds[] = { MEMTABLE_KIND_VERSIONED, MEMTABLE_KIND_MAP };

static void split_kind_describe(const enum memtable_kind *kind, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "kind %d", *kind);
}

KUNIT_ARRAY_PARAM(split_kind, split_kinds, split_kind_describe);

/*
 * Readers beside a table that is split and filled again see it as it was before
 * or after, never without a key that others follow.
 */
static void split_test_concurrent(struct kunit *test)
{
	const struct memtable_configure config = {
		.kind = *(const enum memtable_kind *)test->param_value,
	};
	struct fixture *fixture = test->priv;
	struct reader_threads threads;
	struct mtb_table *right;
	struct reader *readers;
	int err, round, pivot, i, j;
	u8 key;

	readers = kunit_kzalloc(test, READERS * sizeof(*readers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, readers);
	KUNIT_ASSERT_EQ(test, mtb_table_configure(fixture->table, &config), 0);
	KUNIT_ASSERT_EQ(test, write_keys(fixture->table, 0), 0);
	for (i = 0; i < READERS; i++) {
		readers[i].table = fixture->table;
		readers[i].map = config.kind == MEMTABLE_KIND_MAP;
		for (j = 0; j < READ_KEYS; j++) {
			readers[i].keys[j] = j;
			readers[i].lookups[j].key = &readers[i].keys[j];
			readers[i].lookups[j].key_length = 1;
		}
	}
	if (!readers_start(test, &threads, read_once, readers, sizeof(*readers)))
		return;
	for (round = 0, err = 0; round < CONCURRENT_SPLITS && !err; round++) {
		if (round % 8 == 0)
			readers_wait(&threads);
		right = mtb_table_create();
		if (!right)
			break;
		pivot = 1 + test_below(&fixture->random, READ_KEYS - 1);
		key = pivot;
		err = mtb_table_split(fixture->table, right, &key, 1, NULL);
		mtb_table_put(right);
		if (!err)
			err = write_keys(fixture->table, pivot);
	}
	readers_stop(test, &threads);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, round, CONCURRENT_SPLITS);
}

static struct kunit_case split_test_cases[] = {
	KUNIT_CASE_PARAM(split_test_anywhere, split_case_gen_params),
	KUNIT_CASE_PARAM(split_test_half, split_case_gen_params),
	KUNIT_CASE(split_test_pivot),
	KUNIT_CASE(split_test_sealed),
	KUNIT_CASE(split_test_epoch),
	KUNIT_CASE(split_test_chunks),
	KUNIT_CASE(split_test_emptied),
	KUNIT_CASE(split_test_publish),
	KUNIT_CASE(split_test_publish_refused),
	KUNIT_CASE_PARAM(split_test_concurrent, split_kind_gen_params),
	{}
};

static struct kunit_suite split_test_suite = {
	.name		= "memtable_split",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= split_test_init,
	.exit		= split_test_exit,
	.test_cases	= split_test_cases,
};

kunit_test_suite(split_test_suite);
