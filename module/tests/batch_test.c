// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of batches: their figures, the rules for sequence numbers, duplicates,
 * and room for commit numbers.
 */
#include <kunit/test.h>

#include "batch.h"
#include "model.h"

/* Past the places where a batch grows. */
#define ENTRIES_MAX	300

static int batch_test_init(struct kunit *test)
{
	struct mtb_batch *batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);

	if (!batch)
		return -ENOMEM;
	mtb_batch_init(batch, MTB_TRAILER_NONE);
	test->priv = batch;
	return 0;
}

static void batch_test_exit(struct kunit *test)
{
	if (test->priv)
		mtb_batch_destroy(test->priv);
}

/* Add a record for @entry to the batch; it is freed if the batch refuses it. */
static int add(struct kunit *test, const struct model_entry *entry)
{
	struct mtb_record *record = model_record(entry, MTB_TRAILER_NONE);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, record);
	err = mtb_batch_add(test->priv, record);
	if (err)
		mtb_record_free(record);
	return err;
}

static int add_version(struct kunit *test, const char *key, u64 sequence, u8 type)
{
	struct model_entry entry = { .tag = mtb_tag(sequence, type) };

	entry.key_length = strlen(key);
	memcpy(entry.key, key, entry.key_length);
	return add(test, &entry);
}

/* A batch is empty at first. */
static void batch_test_empty(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;

	KUNIT_EXPECT_EQ(test, batch->count, (size_t)0);
	KUNIT_EXPECT_EQ(test, batch->memory, 0ULL);
}

/*
 * The figures are the sums over the records after each addition, and the
 * records stay in their order, also as the batch grows.
 */
static void batch_test_figures(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;
	u64 memory = 0, bytes = 0, tombstones = 0;
	struct test_random random = { 1 };
	struct model_entry *entries;
	size_t i;

	entries = kunit_kzalloc(test, ENTRIES_MAX * sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < ENTRIES_MAX; i++) {
		bool value = test_below(&random, 4);

		model_key(&random, MODEL_KEYS_MIXED, &entries[i]);
		entries[i].tag = value ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION;
		entries[i].value_length = value ? test_below(&random, 200) : 0;
		KUNIT_ASSERT_EQ(test, add(test, &entries[i]), 0);
		/* Where there is no number yet, they are counted from one. */
		entries[i].tag |= mtb_tag(i + 1, 0);

		memory += mtb_record_memory(batch->insertions[i].record);
		bytes += entries[i].key_length + entries[i].value_length;
		tombstones += !value;
		KUNIT_EXPECT_EQ(test, batch->count, i + 1);
		KUNIT_EXPECT_EQ(test, batch->memory, memory);
		KUNIT_EXPECT_EQ(test, batch->logical_bytes, bytes);
		KUNIT_EXPECT_EQ(test, batch->tombstones, tombstones);
	}
	KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), 0);
	for (i = 0; i < ENTRIES_MAX; i++)
		KUNIT_EXPECT_TRUE(test, model_matches(&entries[i], batch->insertions[i].record));
}

/*
 * Either all records have a sequence number or none has: one of the other kind
 * is refused and changes nothing.
 */
static void batch_test_automatic_or_not(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;

	KUNIT_EXPECT_EQ(test, add_version(test, "a", 0, MEMTABLE_TYPE_VALUE), 0);
	KUNIT_EXPECT_EQ(test, add_version(test, "b", 1, MEMTABLE_TYPE_VALUE), -EINVAL);
	KUNIT_EXPECT_EQ(test, add_version(test, "b", 0, MEMTABLE_TYPE_DELETION), 0);
	KUNIT_EXPECT_TRUE(test, mtb_batch_automatic(batch));
	KUNIT_EXPECT_EQ(test, batch->count, (size_t)2);
	KUNIT_EXPECT_EQ(test, batch->logical_bytes, 2ULL);

	mtb_batch_destroy(batch);
	mtb_batch_init(batch, MTB_TRAILER_NONE);
	KUNIT_EXPECT_EQ(test, add_version(test, "a", 7, MEMTABLE_TYPE_VALUE), 0);
	KUNIT_EXPECT_EQ(test, add_version(test, "b", 0, MEMTABLE_TYPE_VALUE), -EINVAL);
	KUNIT_EXPECT_FALSE(test, mtb_batch_automatic(batch));
	KUNIT_EXPECT_EQ(test, batch->count, (size_t)1);
}

/* The lowest and the highest sequence number are known, in whatever order they come. */
static void batch_test_bounds(struct kunit *test)
{
	static const u64 sequences[] = { 500, 7, 501, MEMTABLE_MAX_SEQUENCE, 1 };
	struct mtb_batch *batch = test->priv;
	u64 lowest = U64_MAX, highest = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sequences); i++) {
		KUNIT_ASSERT_EQ(test, add_version(test, "k", sequences[i], MEMTABLE_TYPE_VALUE),
				0);
		lowest = min(lowest, sequences[i]);
		highest = max(highest, sequences[i]);
		KUNIT_EXPECT_EQ(test, batch->lowest, lowest);
		KUNIT_EXPECT_EQ(test, batch->highest, highest);
		KUNIT_EXPECT_EQ(test, batch->ascending, i == 0);
	}
	KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), 0);
}

/*
 * Two records with the same key and sequence number are found wherever they
 * are, and whatever their types; the same key or the same number alone is none.
 */
static void batch_test_duplicates(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;
	char key[] = "key-000";
	int i, other;

	for (other = -1; other < 20; other += 3) {
		for (i = 0; i < 20; i++) {
			key[6] = '0' + i % 5;
			KUNIT_ASSERT_EQ(test, add_version(test, key, 40 - i,
							  MEMTABLE_TYPE_VALUE), 0);
		}
		/* A sequence number of another key, then one of the same key. */
		KUNIT_ASSERT_EQ(test, add_version(test, "other", 40, MEMTABLE_TYPE_VALUE), 0);
		KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), 0);
		if (other >= 0) {
			key[6] = '0' + other % 5;
			KUNIT_ASSERT_EQ(test, add_version(test, key, 40 - other,
							  MEMTABLE_TYPE_DELETION), 0);
			KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), -EEXIST);
		}
		mtb_batch_destroy(batch);
		mtb_batch_init(batch, MTB_TRAILER_NONE);
	}

	/* Also where the numbers rise, but for one that is there twice. */
	for (i = 1; i <= 10; i++)
		KUNIT_ASSERT_EQ(test, add_version(test, "k", i - i / 6, MEMTABLE_TYPE_VALUE), 0);
	KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), -EEXIST);
}

/*
 * With rising sequence numbers there are no duplicates, nor without numbers:
 * the records stay in their order.
 */
static void batch_test_keeps_order(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;
	int i, pass;
	char key[2] = {};

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < 10; i++) {
			key[0] = 'z' - i;
			KUNIT_ASSERT_EQ(test, add_version(test, key, pass ? i + 1 : 0,
							  MEMTABLE_TYPE_VALUE), 0);
		}
		KUNIT_EXPECT_EQ(test, mtb_batch_check_unique(batch), 0);
		for (i = 0; i < 10; i++)
			KUNIT_EXPECT_EQ(test, batch->insertions[i].record->data[0], 'z' - i);
		mtb_batch_destroy(batch);
		mtb_batch_init(batch, MTB_TRAILER_NONE);
	}
}

/*
 * Sequence numbers that are assigned follow the base one by one, in the order
 * of the records; so they do from another base.
 */
static void batch_test_rebase(struct kunit *test)
{
	static const u64 bases[] = { 0, 1000, 7, MEMTABLE_MAX_SEQUENCE - 10, 0 };
	struct mtb_batch *batch = test->priv;
	char key[2] = {};
	size_t i, j;

	for (i = 0; i < 10; i++) {
		key[0] = 'z' - i;
		KUNIT_ASSERT_EQ(test, add_version(test, key, 0, i % 2), 0);
	}
	KUNIT_EXPECT_EQ(test, batch->sequences, 10ULL);
	for (j = 0; j < ARRAY_SIZE(bases); j++) {
		mtb_batch_rebase(batch, bases[j]);
		KUNIT_EXPECT_EQ(test, batch->base, bases[j]);
		for (i = 0; i < 10; i++)
			KUNIT_EXPECT_EQ(test, batch->insertions[i].record->tag,
					mtb_tag(bases[j] + i + 1, i % 2));
	}
}

/*
 * Of the records of a key only the last one stays, with its sequence number,
 * and the figures follow.
 */
static void batch_test_keep_newest(struct kunit *test)
{
	struct mtb_batch *batch = test->priv;
	struct test_random random = { 3 };
	struct model_entry *entries, *newest;
	u64 memory = 0, bytes = 0, tombstones = 0;
	struct mtb_record *record;
	size_t i, j, kept = 0;

	entries = kunit_kzalloc(test, ENTRIES_MAX * sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < ENTRIES_MAX; i++) {
		model_key(&random, MODEL_KEYS_SHORT, &entries[i]);
		entries[i].tag = i % 3 ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION;
		entries[i].value_length = i % 3 ? test_below(&random, 100) : 0;
		KUNIT_ASSERT_EQ(test, add(test, &entries[i]), 0);
		entries[i].tag |= mtb_tag(i + 1, 0);
	}
	KUNIT_EXPECT_EQ(test, mtb_batch_keep_newest(batch), 0);
	KUNIT_EXPECT_EQ(test, batch->sequences, (u64)ENTRIES_MAX);

	for (i = 0; i < ENTRIES_MAX; i++) {
		newest = &entries[i];
		for (j = i + 1; j < ENTRIES_MAX; j++) {
			if (!model_compare_keys(&entries[i], &entries[j]))
				newest = NULL;
		}
		kept += newest ? 1 : 0;
		for (j = 0; newest && j < batch->count; j++) {
			if (model_matches(newest, batch->insertions[j].record))
				newest = NULL;
		}
		KUNIT_EXPECT_NULL_MSG(test, newest, "record %zu is not there", i);
	}
	KUNIT_EXPECT_EQ(test, batch->count, kept);
	for (i = 0; i < batch->count; i++) {
		record = batch->insertions[i].record;
		memory += mtb_record_memory(record);
		bytes += record->key_length + mtb_record_value_length(record);
		tombstones += mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION;
	}
	KUNIT_EXPECT_EQ(test, batch->memory, memory);
	KUNIT_EXPECT_EQ(test, batch->logical_bytes, bytes);
	KUNIT_EXPECT_EQ(test, batch->tombstones, tombstones);
}

/* Another trailer changes no record, and the figures follow; asking twice is once. */
static void batch_test_set_trailer(struct kunit *test)
{
	static const enum mtb_trailer trailers[] = {
		MTB_TRAILER_COMMIT, MTB_TRAILER_COMMIT, MTB_TRAILER_PIN, MTB_TRAILER_NONE,
	};
	struct mtb_batch *batch = test->priv;
	struct test_random random = { 2 };
	struct model_entry *entries;
	u64 memory, bytes, tombstones;
	size_t i, j;

	entries = kunit_kzalloc(test, ENTRIES_MAX * sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < ENTRIES_MAX; i++) {
		model_key(&random, MODEL_KEYS_MIXED, &entries[i]);
		entries[i].tag = mtb_tag(i + 1, i % 2);
		entries[i].value_length = i % 2 ? test_below(&random, 100) : 0;
		KUNIT_ASSERT_EQ(test, add(test, &entries[i]), 0);
	}
	bytes = batch->logical_bytes;
	tombstones = batch->tombstones;
	for (j = 0; j < ARRAY_SIZE(trailers); j++) {
		KUNIT_EXPECT_EQ(test, mtb_batch_set_trailer(batch, trailers[j]), 0);
		KUNIT_EXPECT_EQ(test, (u8)batch->trailer, trailers[j]);
		for (i = 0, memory = 0; i < ENTRIES_MAX; i++) {
			struct mtb_record *record = batch->insertions[i].record;

			KUNIT_EXPECT_TRUE(test, model_matches(&entries[i], record));
			KUNIT_EXPECT_EQ(test, (u8)record->trailer, (u8)trailers[j]);
			memory += mtb_record_memory(record);
		}
		KUNIT_EXPECT_EQ(test, batch->memory, memory);
	}
	KUNIT_EXPECT_EQ(test, batch->logical_bytes, bytes);
	KUNIT_EXPECT_EQ(test, batch->tombstones, tombstones);
}

static struct kunit_case batch_test_cases[] = {
	KUNIT_CASE(batch_test_empty),
	KUNIT_CASE(batch_test_figures),
	KUNIT_CASE(batch_test_automatic_or_not),
	KUNIT_CASE(batch_test_bounds),
	KUNIT_CASE(batch_test_duplicates),
	KUNIT_CASE(batch_test_keeps_order),
	KUNIT_CASE(batch_test_rebase),
	KUNIT_CASE(batch_test_keep_newest),
	KUNIT_CASE(batch_test_set_trailer),
	{}
};

static struct kunit_suite batch_test_suite = {
	.name		= "memtable_batch",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.init		= batch_test_init,
	.exit		= batch_test_exit,
	.test_cases	= batch_test_cases,
};

kunit_test_suite(batch_test_suite);
