// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of tables: sequence numbers, snapshots, conditions, capacity, seal, figures.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "model.h"
#include "scan.h"
#include "table.h"

/* Most entries in a batch. */
#define BATCH_MAX	100

/**
 * struct fixture - A table and what it should hold.
 * @table: The table.
 * @model: What it should hold.
 * @random: Where the test gets its numbers from.
 * @last_sequence: Highest sequence number in the table.
 * @tombstones: Tombstones in the model.
 * @logical_bytes: Lengths of keys and values in the model.
 * @batch: Room for the entries of a batch.
 * @scan: A scan, too large for the stack.
 */
struct fixture {
	struct mtb_table *table;
	struct model model;
	struct test_random random;
	u64 last_sequence;
	u64 tombstones;
	u64 logical_bytes;
	struct model_entry batch[BATCH_MAX];
	struct mtb_scan scan;
};

static int table_test_init(struct kunit *test)
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

static void table_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	model_destroy(&fixture->model);
	mtb_table_put(fixture->table);
}

/* An entry of key and value, or a tombstone if there is no value. */
static struct model_entry entry_of(const char *key, u64 sequence, const char *value)
{
	struct model_entry entry = {
		.key_length	= strlen(key),
		.tag		= mtb_tag(sequence, value ? MEMTABLE_TYPE_VALUE :
							    MEMTABLE_TYPE_DELETION),
	};

	memcpy(entry.key, key, entry.key_length);
	if (value) {
		entry.value = *value;
		entry.value_length = *value != 0;
	}
	return entry;
}

static const enum memtable_kind kinds[] = { MEMTABLE_KIND_VERSIONED, MEMTABLE_KIND_MAP };

static void kind_describe(const enum memtable_kind *kind, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "kind %d", *kind);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_describe);

/* Write a batch of one. */
static int put(struct kunit *test, const char *key, u64 sequence, const char *value, u64 *given)
{
	struct fixture *fixture = test->priv;
	struct model_entry entry = entry_of(key, sequence, value);
	u64 ignored;

	return model_write(fixture->table, &entry, 1, given ?: &ignored);
}

/* The newest version of a key; in these tables records stay. */
static struct mtb_record *lookup_key(struct mtb_table *table, u64 snapshot, const void *key,
				     u32 length)
{
	struct mtb_lookup lookup = { .key = key, .key_length = length };
	struct mtb_view view;

	return mtb_view_lookup(&view, table, snapshot, &lookup, 1) ? NULL : lookup.record;
}

/* The newest version of a key that a view shows that was settled before. */
static struct mtb_record *lookup_in_view(struct fixture *fixture, const struct mtb_view *view,
					 const char *key)
{
	const struct mtb_bound bound = { .data = key, .length = strlen(key) };
	struct mtb_record *record;

	mtb_scan_start(&fixture->scan, fixture->table, view, MEMTABLE_SCAN_TOMBSTONES, &bound,
		       &bound);
	record = mtb_scan_next(&fixture->scan);
	mtb_scan_finish(&fixture->scan);
	return record;
}

static struct mtb_record *lookup(struct fixture *fixture, u64 snapshot, const char *key)
{
	return lookup_key(fixture->table, snapshot, key, strlen(key));
}

/* The value of a key as a letter: '-' for a tombstone, ' ' for nothing. */
static char get(struct fixture *fixture, u64 snapshot, const char *key)
{
	struct mtb_record *record = lookup(fixture, snapshot, key);

	if (!record)
		return ' ';
	if (mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		return '-';
	return mtb_record_value_length(record) ? *mtb_record_value(record) : 0;
}

static struct memtable_info info(struct fixture *fixture)
{
	struct memtable_info info = {};

	mtb_table_info(fixture->table, &info);
	return info;
}

static u64 memory_of(struct fixture *fixture)
{
	return model_memory(fixture->table, &fixture->scan.cursor);
}

static int configure(struct fixture *fixture, u64 write_buffer_size, u64 max_size)
{
	const struct memtable_configure config = {
		.write_buffer_size	= write_buffer_size,
		.max_size		= max_size,
	};

	return mtb_table_configure(fixture->table, &config);
}

/*
 * An empty table has one block, no entries, nothing visible, and the default
 * thresholds; each table has an id of its own.
 */
static void table_test_new(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info figures = info(fixture);
	struct mtb_table *other = mtb_table_create();

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_NE(test, fixture->table->id, other->id);
	mtb_table_put(other);

	KUNIT_EXPECT_EQ(test, figures.entries, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.tombstones, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.logical_bytes, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.memory_usage, (u64)MTB_BLOCK_SIZE);
	KUNIT_EXPECT_EQ(test, figures.last_sequence, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.write_buffer_size, 4ULL << 20);
	KUNIT_EXPECT_EQ(test, figures.max_size, 0ULL);
	KUNIT_EXPECT_EQ(test, figures.state, 0U);
	KUNIT_EXPECT_EQ(test, figures.order, (u32)MEMTABLE_ORDER_BYTEWISE);
	KUNIT_EXPECT_EQ(test, figures.kind, (u32)MEMTABLE_KIND_VERSIONED);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, ""), ' ');
	KUNIT_EXPECT_EQ(test, get(fixture, 1, "a"), ' ');
}

/*
 * Numbers that the table assigns follow the highest one that is there, one by
 * one; a batch has consecutive ones in the order of its records.
 */
static void table_test_automatic_sequences(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry batch[3];
	u64 sequence = 0;
	int i;

	KUNIT_EXPECT_EQ(test, put(test, "a", 0, "1", &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 1ULL);
	KUNIT_EXPECT_EQ(test, put(test, "a", 0, "2", &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 2ULL);
	KUNIT_EXPECT_EQ(test, put(test, "b", 100, "3", &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 100ULL);
	KUNIT_EXPECT_EQ(test, put(test, "c", 50, "4", &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 50ULL);

	for (i = 0; i < 3; i++)
		batch[i] = entry_of("same", 0, i == 1 ? NULL : "v");
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 3, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 103ULL);
	KUNIT_EXPECT_EQ(test, get(fixture, 101, "same"), 'v');
	KUNIT_EXPECT_EQ(test, get(fixture, 102, "same"), '-');
	KUNIT_EXPECT_EQ(test, get(fixture, 103, "same"), 'v');
	KUNIT_EXPECT_EQ(test, info(fixture).last_sequence, 103ULL);
}

/* At each snapshot a key has its newest version at or below it, and a deletion is told as one. */
static void table_test_snapshots(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "a", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "k", 20, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "k", 30, "b", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "k", 15, "c", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "k\001", 12, "n", NULL), 0);

	KUNIT_EXPECT_EQ(test, get(fixture, 9, "k"), ' ');
	KUNIT_EXPECT_EQ(test, get(fixture, 10, "k"), 'a');
	KUNIT_EXPECT_EQ(test, get(fixture, 14, "k"), 'a');
	KUNIT_EXPECT_EQ(test, get(fixture, 15, "k"), 'c');
	KUNIT_EXPECT_EQ(test, get(fixture, 20, "k"), '-');
	KUNIT_EXPECT_EQ(test, lookup(fixture, 29, "k")->tag, mtb_tag(20, 0));
	KUNIT_EXPECT_EQ(test, get(fixture, 30, "k"), 'b');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k"), 'b');
	KUNIT_EXPECT_EQ(test, get(fixture, MEMTABLE_MAX_SEQUENCE, "k"), 'b');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k\001"), 'n');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, ""), ' ');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "j"), ' ');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k\001\001"), ' ');
}

/*
 * A view beyond the last sequence number does not see what comes later; one of
 * an empty table sees nothing.
 */
static void table_test_view_is_fixed(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct mtb_view view, latest;

	mtb_view_settle(&view, fixture->table, 0);
	KUNIT_EXPECT_EQ(test, view.snapshot, 0ULL);
	KUNIT_EXPECT_EQ(test, put(test, "k", 5, "a", NULL), 0);
	mtb_view_settle(&view, fixture->table, 1000);
	mtb_view_settle(&latest, fixture->table, 0);
	KUNIT_EXPECT_EQ(test, view.snapshot, 5ULL);
	KUNIT_EXPECT_EQ(test, latest.snapshot, 5ULL);
	KUNIT_EXPECT_EQ(test, get(fixture, MEMTABLE_SNAPSHOT_EMPTY, "k"), ' ');
	KUNIT_EXPECT_EQ(test, put(test, "k", 6, "b", NULL), 0);
	KUNIT_EXPECT_EQ(test, lookup_in_view(fixture, &view, "k")->tag >> 8, 5ULL);
	KUNIT_EXPECT_EQ(test, lookup_in_view(fixture, &latest, "k")->tag >> 8, 5ULL);
}

/*
 * A version that is there, or twice in a batch, is refused with its whole
 * batch, whatever its type.
 */
static void table_test_duplicates(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info before, after;
	struct model_entry batch[4];
	u64 sequence;
	int i;

	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "a", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "m", 20, NULL, NULL), 0);
	before = info(fixture);

	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "b", NULL), -EEXIST);
	KUNIT_EXPECT_EQ(test, put(test, "k", 10, NULL, NULL), -EEXIST);
	KUNIT_EXPECT_EQ(test, put(test, "m", 20, "b", NULL), -EEXIST);
	for (i = 0; i < 4; i++) {
		/* New ones around one that is there. */
		batch[0] = entry_of("x", 1, "x");
		batch[1] = entry_of("y", 30, "x");
		batch[2] = entry_of("k", 11, "x");
		batch[3] = entry_of("z", 9, "x");
		batch[i] = entry_of("k", 10, "x");
		KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 4, &sequence), -EEXIST);
	}
	batch[0] = entry_of("x", 41, "x");
	batch[1] = entry_of("y", 42, "x");
	batch[2] = entry_of("x", 41, NULL);
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 3, &sequence), -EEXIST);

	after = info(fixture);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k"), 'a');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "x"), ' ');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "z"), ' ');
	/* The same numbers of other keys are free. */
	KUNIT_EXPECT_EQ(test, put(test, "x", 10, "x", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "", 20, "x", NULL), 0);
}

/*
 * A write on condition is done if the condition holds, and otherwise tells what
 * the newest entry is and changes nothing: in versioned tables, where a
 * tombstone counts, and in maps, where it leaves nothing.
 */
static void table_test_conditions(struct kunit *test)
{
	const enum memtable_kind *kind = test->param_value;
	const struct memtable_configure config = { .kind = *kind };
	struct fixture *fixture = test->priv;
	struct model_entry value = entry_of("k", 0, "v"), deletion = entry_of("k", 0, NULL);
	struct mtb_condition absent = { .flags = MEMTABLE_ADD_IF_ABSENT };
	struct mtb_condition at = { .flags = MEMTABLE_ADD_IF_SEQUENCE };
	struct memtable_info before, after;
	u64 sequence, newest;

	KUNIT_EXPECT_EQ(test, mtb_table_configure(fixture->table, &config), 0);
	at.sequence = 1;
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &at, &sequence), -EAGAIN);
	KUNIT_EXPECT_EQ(test, at.sequence, 0ULL);
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &at, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 1ULL);

	before = info(fixture);
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &absent, &sequence),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, absent.sequence, 1ULL);
	at.sequence = 0;
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &at, &sequence), -EAGAIN);
	KUNIT_EXPECT_EQ(test, at.sequence, 1ULL);
	after = info(fixture);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);

	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &deletion, 1, &at, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 2ULL);
	newest = *kind == MEMTABLE_KIND_MAP ? 0 : 2;
	at.sequence = 1;
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &at, &sequence), -EAGAIN);
	KUNIT_EXPECT_EQ(test, at.sequence, newest);
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &absent, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 3ULL);
	/* Another key's entries do not matter. */
	value.key[0] = 'l';
	at.sequence = 0;
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &at, &sequence), 0);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, model_write_if(fixture->table, &value, 1, &absent, &sequence),
			-EROFS);
}

/* An empty batch succeeds and changes nothing. */
static void table_test_empty_batch(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info before, after;
	u64 sequence;

	KUNIT_EXPECT_EQ(test, model_write(fixture->table, NULL, 0, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 0ULL);
	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "a", NULL), 0);
	before = info(fixture);
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, NULL, 0, &sequence), 0);
	after = info(fixture);
	KUNIT_EXPECT_EQ(test, sequence, 0ULL);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
}

/*
 * When the sequence numbers are used up, the table assigns no more, but takes
 * lower ones that are free.
 */
static void table_test_overflow(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry batch[2] = { entry_of("a", 0, "a"), entry_of("b", 0, "b") };
	u64 sequence;

	KUNIT_EXPECT_EQ(test, put(test, "k", MEMTABLE_MAX_SEQUENCE - 1, "a", NULL), 0);
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 2, &sequence), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "a"), ' ');
	KUNIT_EXPECT_EQ(test, put(test, "k", 0, "b", &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, MEMTABLE_MAX_SEQUENCE);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k"), 'b');
	KUNIT_EXPECT_EQ(test, get(fixture, MEMTABLE_MAX_SEQUENCE, "k"), 'b');
	KUNIT_EXPECT_EQ(test, get(fixture, MEMTABLE_MAX_SEQUENCE - 1, "k"), 'a');
	KUNIT_EXPECT_EQ(test, put(test, "k", 0, "c", &sequence), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, put(test, "k", MEMTABLE_MAX_SEQUENCE, "c", &sequence), -EEXIST);
	KUNIT_EXPECT_EQ(test, put(test, "k", 1, "c", NULL), 0);
	KUNIT_EXPECT_EQ(test, get(fixture, 1, "k"), 'c');
}

/*
 * A sealed table takes no write and no configuration, answers as before, and
 * can be sealed again.
 */
static void table_test_seal(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "a", NULL), 0);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, put(test, "k", 0, "b", NULL), -EROFS);
	KUNIT_EXPECT_EQ(test, put(test, "k", 20, "b", NULL), -EROFS);
	KUNIT_EXPECT_EQ(test, put(test, "k", 10, "b", NULL), -EROFS);
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, 0), -EROFS);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k"), 'a');
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 1ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).state, (u32)MEMTABLE_STATE_SEALED);
}

/*
 * The configuration is replaced whole while there is no entry; what makes no
 * sense is refused and changes nothing.
 */
static void table_test_configure(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_configure config = { .order = MEMTABLE_ORDER_REVERSE + 1 };

	KUNIT_EXPECT_EQ(test, configure(fixture, 1000, 2000), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, 1000ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).max_size, 2000ULL);
	KUNIT_EXPECT_EQ(test, configure(fixture, 2001, 2000), -EINVAL);
	KUNIT_EXPECT_EQ(test, mtb_table_configure(fixture->table, &config), -EINVAL);
	config = (struct memtable_configure){ .kind = MEMTABLE_KIND_MAP + 1 };
	KUNIT_EXPECT_EQ(test, mtb_table_configure(fixture->table, &config), -EINVAL);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, 1000ULL);
	KUNIT_EXPECT_EQ(test, info(fixture).max_size, 2000ULL);

	/* The default is 4 MiB, or the maximum if that is less. */
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, 5000), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, 5000ULL);
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, 1ULL << 40), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, 4ULL << 20);
	KUNIT_EXPECT_EQ(test, configure(fixture, 5000, 5000), 0);
	KUNIT_EXPECT_EQ(test, configure(fixture, U64_MAX, 0), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, U64_MAX);
	KUNIT_EXPECT_EQ(test, info(fixture).max_size, 0ULL);

	KUNIT_EXPECT_EQ(test, put(test, "", 0, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, info(fixture).write_buffer_size, U64_MAX);
}

/*
 * A table with a maximum size takes batches until the next could pass it: that
 * one is refused whole, a smaller one may still fit, and the maximum is never
 * passed.
 */
static void table_test_capacity(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const u64 max_size = 20000;
	struct memtable_info before, after;
	struct model_entry *batch = fixture->batch;
	size_t i, count, refused = 0;
	u64 sequence;

	fixture->random.state = 1;
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, max_size), 0);
	while (refused < 200) {
		count = 1 + test_below(&fixture->random, refused < 100 ? 20 : 1);
		for (i = 0; i < count; i++) {
			model_key(&fixture->random, MODEL_KEYS_MIXED, &batch[i]);
			batch[i].tag = MEMTABLE_TYPE_VALUE;
			batch[i].value_length = test_below(&fixture->random, 100);
		}
		before = info(fixture);
		if (!model_write(fixture->table, batch, count, &sequence)) {
			KUNIT_ASSERT_LE(test, info(fixture).memory_usage, max_size);
			continue;
		}
		refused++;
		after = info(fixture);
		KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
		/* No record takes more than 168 bytes, no batch of 20 more than two blocks. */
		KUNIT_EXPECT_GT(test, before.memory_usage + count * 168 + 2 * MTB_BLOCK_SIZE,
				max_size);
	}
	KUNIT_EXPECT_EQ(test, memory_of(fixture), info(fixture).memory_usage);
	KUNIT_EXPECT_TRUE(test, info(fixture).state & MEMTABLE_STATE_FULL);
}

/* A maximum that a write reaches to the byte is not passed. */
static void table_test_capacity_exact(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u64 usage;

	KUNIT_EXPECT_EQ(test, put(test, "key", 0, "v", NULL), 0);
	usage = info(fixture).memory_usage;
	mtb_table_put(fixture->table);
	fixture->table = mtb_table_create();
	KUNIT_ASSERT_NOT_NULL(test, fixture->table);

	KUNIT_EXPECT_EQ(test, configure(fixture, 0, usage - 1), 0);
	KUNIT_EXPECT_EQ(test, put(test, "key", 0, "v", NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, info(fixture).entries, 0ULL);
	KUNIT_EXPECT_EQ(test, configure(fixture, 0, usage), 0);
	KUNIT_EXPECT_EQ(test, put(test, "key", 0, "v", NULL), 0);
	KUNIT_EXPECT_EQ(test, info(fixture).memory_usage, usage);
	KUNIT_EXPECT_EQ(test, put(test, "key", 0, "v", NULL), -ENOSPC);
}

/**
 * struct bell - Somebody who waits for a table's state to change.
 * @watcher: The watcher.
 * @entry: What waits on it.
 * @rings: How often it was woken.
 */
struct bell {
	struct mtb_watcher watcher;
	struct wait_queue_entry entry;
	unsigned int rings;
};

static int ring(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	container_of(entry, struct bell, entry)->rings++;
	return 0;
}

/*
 * The state tells when the write buffer is full, when the table is nearly so,
 * and when it is sealed; watchers are woken when it changes, and only then.
 */
static void table_test_state(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const u64 write_buffer_size = 3000, max_size = 10000;
	struct bell bell = {};
	unsigned int rings;
	u32 before, state = 0;
	u64 usage;

	mtb_watcher_init(&bell.watcher);
	init_waitqueue_func_entry(&bell.entry, ring);
	add_wait_queue(&bell.watcher.wait, &bell.entry);
	mtb_table_watch(fixture->table, &bell.watcher);

	KUNIT_EXPECT_EQ(test, configure(fixture, write_buffer_size, max_size), 0);
	KUNIT_EXPECT_EQ(test, bell.rings, 1U);
	do {
		before = mtb_table_state(fixture->table);
		rings = bell.rings;
		if (put(test, "key", 0, "v", NULL))
			break;
		state = mtb_table_state(fixture->table);
		usage = info(fixture).memory_usage;
		KUNIT_EXPECT_EQ(test, !!(state & MEMTABLE_STATE_FLUSH),
				usage >= write_buffer_size);
		KUNIT_EXPECT_EQ(test, !!(state & MEMTABLE_STATE_FULL), usage + 4096 > max_size);
		KUNIT_EXPECT_EQ(test, bell.rings, rings + (state != before));
	} while (true);
	KUNIT_EXPECT_EQ(test, bell.rings, 3U);
	KUNIT_EXPECT_EQ(test, state, (u32)(MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_FULL));

	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, bell.rings, 4U);
	mtb_table_unwatch(fixture->table, &bell.watcher);
	KUNIT_EXPECT_EQ(test, mtb_table_seal(fixture->table), 0);
	KUNIT_EXPECT_EQ(test, bell.rings, 4U);
	remove_wait_queue(&bell.watcher.wait, &bell.entry);
}

static void check_figures(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct memtable_info figures = info(fixture);

	KUNIT_EXPECT_EQ(test, figures.entries, (u64)fixture->model.count);
	KUNIT_EXPECT_EQ(test, figures.tombstones, fixture->tombstones);
	KUNIT_EXPECT_EQ(test, figures.logical_bytes, fixture->logical_bytes);
	KUNIT_EXPECT_EQ(test, figures.memory_usage, memory_of(fixture));
	KUNIT_EXPECT_EQ(test, figures.last_sequence, fixture->last_sequence);
}

/* All entries in order, and each key at snapshots around its versions. */
static void check_content(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	const struct model *model = &fixture->model;
	struct mtb_scan *scan = &fixture->scan;
	const struct model_entry *entry;
	struct mtb_record *record;
	struct mtb_view view;
	u64 sequence;
	size_t i;

	mtb_view_settle(&view, fixture->table, 0);
	mtb_scan_start(scan, fixture->table, &view,
		       MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES, NULL, NULL);
	for (i = 0; i < model->count; i++)
		KUNIT_ASSERT_TRUE_MSG(test, model_matches(&model->entries[i], mtb_scan_next(scan)),
				      "entry %zu of %zu", i, model->count);
	KUNIT_EXPECT_NULL(test, mtb_scan_next(scan));
	mtb_scan_finish(scan);

	for (i = 0; i < model->count; i++) {
		entry = &model->entries[i];
		sequence = entry->tag >> 8;
		record = lookup_key(fixture->table, sequence, entry->key, entry->key_length);
		KUNIT_ASSERT_TRUE_MSG(test, model_matches(entry, record), "entry %zu of %zu", i,
				      model->count);
		/* Right before it there is the next older version, or nothing. */
		record = lookup_key(fixture->table, sequence - 1 ?: MEMTABLE_SNAPSHOT_EMPTY,
				    entry->key, entry->key_length);
		if (i + 1 < model->count && !model_compare_keys(entry, entry + 1))
			KUNIT_ASSERT_TRUE_MSG(test, model_matches(entry + 1, record),
					      "entry %zu of %zu", i + 1, model->count);
		else
			KUNIT_ASSERT_TRUE_MSG(test, !record, "behind entry %zu of %zu", i,
					      model->count);
	}
}

enum write_kind {
	WRITE_AUTOMATIC,
	WRITE_ABOVE,		/* sequence numbers above all that are there */
	WRITE_LATE,		/* anywhere among them, and above */
	WRITE_AGAIN,		/* with a version that is there, or that is in the batch twice */
	WRITE_KINDS,
};

/* Make a batch: its entries, with the sequence numbers that they will have. */
static size_t make_batch(struct fixture *fixture, enum write_kind kind)
{
	struct test_random *random = &fixture->random;
	size_t i, count = 1 + test_below(random, test_below(random, 2) ? 3 : BATCH_MAX);
	const struct model *model = &fixture->model;
	struct model_entry *entry;
	u64 sequence = fixture->last_sequence;

	for (i = 0; i < count; i++) {
		entry = &fixture->batch[i];
		if (model->count && test_below(random, 2))
			*entry = model->entries[test_below(random, model->count)];
		else
			model_key(random, MODEL_KEYS_MIXED, entry);
		if (kind == WRITE_AUTOMATIC)
			sequence++;
		else if (kind == WRITE_ABOVE)
			sequence += 1 + test_below(random, 3);
		else
			sequence = 1 + test_below(random, fixture->last_sequence + 10);
		entry->value = test_random(random);
		entry->tag = mtb_tag(sequence, test_below(random, 4) ? MEMTABLE_TYPE_VALUE :
								       MEMTABLE_TYPE_DELETION);
		entry->value_length = entry->tag & 1 ? test_below(random, 60) : 0;
	}
	return count;
}

/* Do two entries of the batch, or one of it and one of the model, share a version? */
static bool batch_clashes(const struct fixture *fixture, size_t count)
{
	const struct model_entry *batch = fixture->batch;
	size_t i, j;

	for (i = 0; i < count; i++) {
		if (model_has_version(&fixture->model, &batch[i]))
			return true;
		for (j = 0; j < i; j++) {
			if (batch[i].tag >> 8 == batch[j].tag >> 8 &&
			    !model_compare_keys(&batch[i], &batch[j]))
				return true;
		}
	}
	return false;
}

static int write_batch(struct fixture *fixture, enum write_kind kind, size_t count, u64 *highest)
{
	struct model_entry *batch = fixture->batch;
	u64 last_sequence = fixture->last_sequence;
	size_t i;
	int err;

	/* The table is to find out by itself. */
	for (i = 0; kind == WRITE_AUTOMATIC && i < count; i++)
		batch[i].tag &= U8_MAX;
	err = model_write(fixture->table, batch, count, highest);
	for (i = 0; kind == WRITE_AUTOMATIC && i < count; i++)
		batch[i].tag |= mtb_tag(++last_sequence, 0);
	return err;
}

/* One batch, whose fate is known beforehand. */
static void write_random(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	enum write_kind kind = test_below(&fixture->random, WRITE_KINDS);
	struct model_entry *batch = fixture->batch;
	size_t i, count = make_batch(fixture, kind);
	u64 highest = 0, given = 0;
	int err;

	if (kind == WRITE_AGAIN && fixture->model.count) {
		i = test_below(&fixture->random, count);
		batch[i] = fixture->model.entries[test_below(&fixture->random,
							     fixture->model.count)];
	}
	err = batch_clashes(fixture, count) ? -EEXIST : 0;
	KUNIT_ASSERT_EQ_MSG(test, write_batch(fixture, kind, count, &given), err,
			    "a batch of %zu, kind %d", count, kind);
	for (i = 0; !err && i < count; i++) {
		model_insert(test, &fixture->model, &batch[i]);
		highest = max(highest, batch[i].tag >> 8);
		fixture->tombstones += !(batch[i].tag & U8_MAX);
		fixture->logical_bytes += batch[i].key_length + batch[i].value_length;
	}
	if (!err)
		KUNIT_EXPECT_EQ(test, given, highest);
	fixture->last_sequence = max(fixture->last_sequence, highest);
}

static const struct model_case {
	u64 seed;
} model_cases[] = { { 1 }, { 2 }, { 3 } };

static void model_case_describe(const struct model_case *model_case, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "seed %llu", model_case->seed);
}

KUNIT_ARRAY_PARAM(model_case, model_cases, model_case_describe);

#define MODEL_BATCHES	(30 * MTB_TEST_SCALE)

/*
 * Batches of every kind, good and bad: the table takes those that it should and
 * holds what a sorted array holds; its figures are exact after each.
 */
static void table_test_model(struct kunit *test)
{
	const struct model_case *model_case = test->param_value;
	struct fixture *fixture = test->priv;
	int i;

	fixture->random.state = model_case->seed;
	model_init(test, &fixture->model, MODEL_BATCHES * BATCH_MAX);
	for (i = 0; i < MODEL_BATCHES; i++) {
		write_random(test);
		check_figures(test);
		if (i % 10 == 0)
			check_content(test);
	}
	check_content(test);
}

/*
 * A view from before a late batch sees nothing of it, one from after it all of
 * it: also what is above the last sequence number, and below an old snapshot.
 */
static void table_test_late_batch(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct model_entry batch[3];
	struct mtb_view before;
	u64 sequence;

	KUNIT_EXPECT_EQ(test, put(test, "a", 100, "o", NULL), 0);
	KUNIT_EXPECT_EQ(test, put(test, "b", 10, "o", NULL), 0);
	mtb_view_settle(&before, fixture->table, 0);

	batch[0] = entry_of("a", 50, "n");
	batch[1] = entry_of("b", 60, "n");
	batch[2] = entry_of("c", 200, "n");
	KUNIT_EXPECT_EQ(test, model_write(fixture->table, batch, 3, &sequence), 0);
	KUNIT_EXPECT_EQ(test, sequence, 200ULL);
	KUNIT_EXPECT_EQ(test, lookup_in_view(fixture, &before, "b")->tag >> 8, 10ULL);
	KUNIT_EXPECT_NULL(test, lookup_in_view(fixture, &before, "c"));
	before.snapshot = 99;
	KUNIT_EXPECT_NULL(test, lookup_in_view(fixture, &before, "a"));
	before.snapshot = MEMTABLE_MAX_SEQUENCE;
	KUNIT_EXPECT_NULL(test, lookup_in_view(fixture, &before, "c"));

	KUNIT_EXPECT_EQ(test, get(fixture, 99, "a"), 'n');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "a"), 'o');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "b"), 'n');
	KUNIT_EXPECT_EQ(test, get(fixture, 59, "b"), 'o');
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "c"), 'n');
	KUNIT_EXPECT_EQ(test, get(fixture, 199, "c"), ' ');
	KUNIT_EXPECT_EQ(test, info(fixture).memory_usage, memory_of(fixture));
}

/* A reference that is taken keeps the table. */
static void table_test_references(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	KUNIT_EXPECT_EQ(test, put(test, "k", 0, "v", NULL), 0);
	mtb_table_get(fixture->table);
	mtb_table_put(fixture->table);
	KUNIT_EXPECT_EQ(test, get(fixture, 0, "k"), 'v');
}

static struct kunit_case table_test_cases[] = {
	KUNIT_CASE(table_test_new),
	KUNIT_CASE(table_test_automatic_sequences),
	KUNIT_CASE(table_test_snapshots),
	KUNIT_CASE(table_test_view_is_fixed),
	KUNIT_CASE(table_test_duplicates),
	KUNIT_CASE_PARAM(table_test_conditions, kind_gen_params),
	KUNIT_CASE(table_test_empty_batch),
	KUNIT_CASE(table_test_overflow),
	KUNIT_CASE(table_test_seal),
	KUNIT_CASE(table_test_configure),
	KUNIT_CASE(table_test_capacity),
	KUNIT_CASE(table_test_capacity_exact),
	KUNIT_CASE(table_test_state),
	KUNIT_CASE_PARAM(table_test_model, model_case_gen_params),
	KUNIT_CASE(table_test_late_batch),
	KUNIT_CASE(table_test_references),
	{}
};

static struct kunit_suite table_test_suite = {
	.name		= "memtable_table",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= table_test_init,
	.exit		= table_test_exit,
	.test_cases	= table_test_cases,
};

kunit_test_suite(table_test_suite);
