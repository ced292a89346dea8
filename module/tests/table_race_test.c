// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of tables with readers beside a writer: they see batches whole or not at all.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "model.h"
#include "readers.h"
#include "scan.h"
#include "table.h"

#define ROUNDS		40
#define ROUND_KEYS	40

/**
 * struct shared - What a writer and its readers share.
 * @table: The table.
 * @late: Each round writes keys of its own, in a late batch; otherwise each
 *	writes the same keys again.
 * @round: The round that is being written. Set (release) before its batch.
 */
struct shared {
	struct mtb_table *table;
	bool late;
	unsigned int round;
};

/**
 * struct reader - A reader beside a writer.
 * @shared: What it shares with the writer.
 * @rounds: For each round, how many of its entries a scan has seen.
 * @entries: Keys to look up.
 * @lookups: The same, and what was found.
 * @scan: A scan.
 */
struct reader {
	struct shared *shared;
	u8 rounds[ROUNDS];
	struct model_entry entries[ROUND_KEYS];
	struct mtb_lookup lookups[ROUND_KEYS];
	struct mtb_scan scan;
};

/* The keys of a round lie far from each other, and those of all rounds side by side. */
static void round_entry(const struct shared *shared, unsigned int round, unsigned int i,
			struct model_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	entry->key[0] = i;
	if (shared->late) {
		entry->key[1] = round >> 8;
		entry->key[2] = round;
	}
	entry->key_length = 3;
	entry->value_length = sizeof(round);
	entry->tag = MEMTABLE_TYPE_VALUE;
	/* Some below the last sequence number, which is at least 1000; some above it. */
	if (shared->late)
		entry->tag = mtb_tag(i < ROUND_KEYS / 2 ? 1 + i : 1000 + ROUND_KEYS * round + i,
				     MEMTABLE_TYPE_VALUE);
}

static int write_round(const struct shared *shared, unsigned int round)
{
	struct model_entry entry;
	struct mtb_record *record;
	struct mtb_batch batch;
	u64 last_sequence;
	unsigned int i;
	int err = 0;

	mtb_batch_init(&batch, MTB_TRAILER_NONE);
	for (i = 0; i < ROUND_KEYS && !err; i++) {
		round_entry(shared, round, i, &entry);
		record = model_record(&entry, MTB_TRAILER_NONE);
		err = record ? mtb_batch_add(&batch, record) : -ENOMEM;
		if (record)
			memcpy(record->data + record->key_length, &round, sizeof(round));
	}
	if (!err)
		err = mtb_table_write(shared->table, &batch, NULL, &last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

static unsigned int record_round(const struct mtb_record *record)
{
	unsigned int round;

	memcpy(&round, mtb_record_value(record), sizeof(round));
	return round;
}

/* Look up all keys of a round at once. */
static int read_round(struct reader *reader, unsigned int round, struct mtb_view *view)
{
	struct model_entry *entries = reader->entries;
	unsigned int i;

	for (i = 0; i < ROUND_KEYS; i++) {
		/* From the last on: the writer starts with the first. */
		round_entry(reader->shared, round, ROUND_KEYS - 1 - i, &entries[i]);
		reader->lookups[i].key = entries[i].key;
		reader->lookups[i].key_length = entries[i].key_length;
	}
	return mtb_view_lookup(view, reader->shared->table, 0, reader->lookups, ROUND_KEYS);
}

/* The keys that all rounds write: one view shows the same round in each of them. */
static const char *read_same_keys(struct reader *reader)
{
	struct mtb_lookup *lookups = reader->lookups;
	unsigned int i, round;
	struct mtb_view view;

	if (read_round(reader, 0, &view))
		return "a lookup fails";
	for (i = 0; i < ROUND_KEYS; i++) {
		if (!view.snapshot != !lookups[i].record)
			return "a view shows nothing, or a view of nothing something";
		if (!view.snapshot)
			continue;
		if (record_round(lookups[i].record) != record_round(lookups[0].record))
			return "a batch is there in parts";
	}
	round = view.snapshot ? record_round(lookups[0].record) + 1 : 0;
	mtb_lookup_put(lookups, ROUND_KEYS);
	/* Each round has its own number of sequence numbers. */
	if (view.snapshot != (u64)round * ROUND_KEYS)
		return "a view shows another batch than it should";
	return NULL;
}

/* The keys of the round that is being written: one view shows all of them or none. */
static const char *read_own_keys(struct reader *reader)
{
	/* Pairs with write_rounds(). */
	unsigned int i, found = 0, round = smp_load_acquire(&reader->shared->round);
	struct mtb_view view;

	if (read_round(reader, round, &view))
		return "a lookup fails";
	for (i = 0; i < ROUND_KEYS; i++)
		found += reader->lookups[i].record ? 1 : 0;
	mtb_lookup_put(reader->lookups, ROUND_KEYS);
	return found && found != ROUND_KEYS ? "a late batch is there in parts" : NULL;
}

/* A scan of everything, either way: each round is whole or absent, and so are the older ones. */
static const char *read_all(struct reader *reader, u32 direction)
{
	struct shared *shared = reader->shared;
	struct mtb_scan *scan = &reader->scan;
	struct mtb_record *record;
	struct mtb_view view;
	unsigned int i;

	memset(reader->rounds, 0, sizeof(reader->rounds));
	mtb_view_settle(&view, shared->table, 0);
	mtb_scan_start(scan, shared->table, &view, MEMTABLE_SCAN_ALL_VERSIONS | direction, NULL,
		       NULL);
	while ((record = mtb_scan_next(scan)))
		reader->rounds[record_round(record)]++;
	mtb_scan_finish(scan);
	for (i = 0; i < ROUNDS; i++) {
		if (reader->rounds[i] && reader->rounds[i] != ROUND_KEYS)
			return "a scan shows parts of a batch";
		if (i && reader->rounds[i] > reader->rounds[i - 1])
			return "a scan shows a batch without the one before it";
	}
	return NULL;
}

static const char *read_once(void *data)
{
	struct reader *reader = data;
	const char *fault = NULL;
	unsigned int i;

	for (i = 0; i < 20 && !fault; i++)
		fault = reader->shared->late ? read_own_keys(reader) : read_same_keys(reader);
	if (!fault)
		fault = read_all(reader, 0);
	if (!fault)
		fault = read_all(reader, MEMTABLE_SCAN_REVERSE);
	return fault;
}

static int write_rounds(struct shared *shared, const struct reader_threads *threads)
{
	unsigned int round;
	int err = 0;

	for (round = 0; round < ROUNDS && !err; round++) {
		if (round % 8 == 0)
			readers_wait(threads);
		/* Pairs with read_own_keys(). */
		smp_store_release(&shared->round, round);
		err = write_round(shared, round);
	}
	return err;
}

/* One table written to beside readers. */
static void write_beside_readers(struct kunit *test, struct reader *readers,
				 struct mtb_table *table, bool late)
{
	struct shared shared = { .table = table, .late = late };
	struct memtable_info info = {};
	struct reader_threads threads;
	unsigned int i;

	for (i = 0; i < READERS; i++)
		readers[i].shared = &shared;
	if (!readers_start(test, &threads, read_once, readers, sizeof(*readers)))
		return;
	KUNIT_EXPECT_EQ(test, write_rounds(&shared, &threads), 0);
	readers_stop(test, &threads);

	mtb_table_info(table, &info);
	KUNIT_EXPECT_EQ(test, info.entries, (u64)ROUNDS * ROUND_KEYS);
	KUNIT_EXPECT_EQ(test, info.memory_usage, model_memory(table, &readers->scan.cursor));
}

static void write_tables_beside_readers(struct kunit *test, bool late)
{
	struct reader *readers = kunit_kzalloc(test, READERS * sizeof(*readers), GFP_KERNEL);
	struct mtb_table *table;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, readers);
	for (i = 0; i < MTB_TEST_SCALE; i++) {
		table = mtb_table_create();
		KUNIT_ASSERT_NOT_NULL(test, table);
		write_beside_readers(test, readers, table, late);
		mtb_table_put(table);
	}
}

/*
 * Batches that write the same keys again and again: readers beside the writer
 * see the same batch in all of them.
 */
static void table_race_test_batches(struct kunit *test)
{
	write_tables_beside_readers(test, false);
}

/*
 * Batches with sequence numbers below and above what is there: readers beside
 * the writer see each of them whole or not at all.
 */
static void table_race_test_late_batches(struct kunit *test)
{
	write_tables_beside_readers(test, true);
}

static struct kunit_case table_race_test_cases[] = {
	KUNIT_CASE(table_race_test_batches),
	KUNIT_CASE(table_race_test_late_batches),
	{}
};

static struct kunit_suite table_race_test_suite = {
	.name		= "memtable_table_race",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.test_cases	= table_race_test_cases,
};

kunit_test_suite(table_race_test_suite);
