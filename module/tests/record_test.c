// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of records: their memory, their tags and their commit numbers.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "model.h"
#include "record.h"

/* Largest record that comes from a slab cache, in bytes. */
#define SLAB_RECORD_MAX	16384

static const enum mtb_trailer trailers[] = {
	MTB_TRAILER_NONE, MTB_TRAILER_COMMIT, MTB_TRAILER_PIN,
};

static const size_t trailer_lengths[] = {
	[MTB_TRAILER_NONE]	= 0,
	[MTB_TRAILER_COMMIT]	= sizeof(u64),
	[MTB_TRAILER_PIN]	= sizeof(struct mtb_pin),
};

static size_t data_length(const struct mtb_record *record)
{
	return record->key_length + (size_t)mtb_record_value_length(record);
}

static void fill(struct mtb_record *record, u8 seed)
{
	size_t i;

	for (i = 0; i < data_length(record); i++)
		record->data[i] = seed + i;
}

static bool is_filled(const struct mtb_record *record, u8 seed)
{
	size_t i;

	for (i = 0; i < data_length(record); i++) {
		if (record->data[i] != (u8)(seed + i))
			return false;
	}
	return true;
}

static struct mtb_record *alloc(struct kunit *test, u16 key_length, u32 value_length,
				enum mtb_trailer trailer)
{
	struct mtb_record *record = mtb_record_alloc(key_length, value_length, trailer);

	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, record->key_length, key_length);
	KUNIT_EXPECT_EQ(test, mtb_record_value_length(record), value_length);
	KUNIT_EXPECT_EQ(test, (u8)record->trailer, (u8)trailer);
	KUNIT_EXPECT_PTR_EQ(test, mtb_record_value(record), (const u8 *)record->data + key_length);
	return record;
}

static size_t record_size(const struct mtb_record *record)
{
	size_t prefix = mtb_record_value_length(record) < MTB_LENGTH_LONG ? 0 : sizeof(u64);

	return prefix + ALIGN(offsetof(struct mtb_record, data) + data_length(record), 8) +
	       trailer_lengths[record->trailer];
}

/* Write to all that the record has behind its data. */
static void set_trailer(struct mtb_record *record)
{
	if (record->trailer == MTB_TRAILER_COMMIT)
		mtb_record_set_commit(record, U64_MAX);
	if (record->trailer == MTB_TRAILER_PIN)
		mtb_record_pin(record)->next = record;
}

/* The length after @length: every one at first, then fewer where time is short. */
static u32 next_length(u32 length)
{
	return length + (length < 300 || MTB_TEST_SCALE > 4 ? 1 : 1 + length % 29);
}

/*
 * Every size that a slab cache serves, and some beyond, with each trailer: data
 * and trailer have their places, and the memory told holds the record and
 * wastes a third at most.
 */
static void record_test_sizes(struct kunit *test)
{
	size_t memory, before, i;
	struct mtb_record *record;
	u32 length;

	for (i = 0; i < ARRAY_SIZE(trailers); i++) {
		before = 0;
		for (length = 0; length < SLAB_RECORD_MAX + 64; length = next_length(length)) {
			record = alloc(test, length / 2, length - length / 2, trailers[i]);
			fill(record, length);
			set_trailer(record);
			KUNIT_EXPECT_TRUE(test, is_filled(record, length));
			memory = mtb_record_memory(record);
			KUNIT_EXPECT_GE(test, memory, record_size(record));
			KUNIT_EXPECT_LE(test, memory - record_size(record), memory / 3 + 8);
			if (memory <= SLAB_RECORD_MAX)
				KUNIT_EXPECT_GE(test, memory, before);
			before = memory;
			mtb_record_free(record);
		}
	}
}

/* The longest keys and values, alone and together, with each trailer. */
static void record_test_limits(struct kunit *test)
{
	static const struct {
		u16 key;
		u32 value;
	} lengths[] = {
		{ 0, 0 }, { 1, 0 }, { 0, 1 },
		{ MEMTABLE_MAX_KEY_LENGTH, 0 }, { MEMTABLE_MAX_KEY_LENGTH, 1 },
		{ 0, 32768 - 16 }, { 0, 32768 }, { 0, 65536 }, { 1, 1 << 20 },
		{ 0, MEMTABLE_MAX_VALUE_LENGTH },
		{ MEMTABLE_MAX_KEY_LENGTH, MEMTABLE_MAX_VALUE_LENGTH },
	};
	struct mtb_record *record;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(trailers); j++) {
			record = alloc(test, lengths[i].key, lengths[i].value, trailers[j]);
			fill(record, i);
			set_trailer(record);
			KUNIT_EXPECT_TRUE(test, is_filled(record, i));
			KUNIT_EXPECT_GE(test, mtb_record_memory(record), record_size(record));
			KUNIT_EXPECT_LE(test, mtb_record_memory(record),
					record_size(record) + record_size(record) / 2 + 8);
			/* What no slab object can hold takes whole pages. */
			if (record_size(record) > SLAB_RECORD_MAX)
				KUNIT_EXPECT_EQ(test, mtb_record_memory(record) % PAGE_SIZE, 0);
			mtb_record_free(record);
		}
	}
}

/* A commit number holds every number, also beside a neighbour. */
static void record_test_commit(struct kunit *test)
{
	static const u64 commits[] = { 0, 1, 0x0123456789abcdefULL, U64_MAX };
	struct mtb_record *record, *other;
	size_t i;

	record = alloc(test, 3, 5, MTB_TRAILER_COMMIT);
	other = alloc(test, 3, 5, MTB_TRAILER_COMMIT);
	for (i = 0; i < ARRAY_SIZE(commits); i++) {
		mtb_record_set_commit(record, commits[i]);
		mtb_record_set_commit(other, ~commits[i]);
		KUNIT_EXPECT_EQ(test, mtb_record_commit(record), commits[i]);
		KUNIT_EXPECT_EQ(test, mtb_record_commit(other), ~commits[i]);
	}
	mtb_record_free(record);
	mtb_record_free(other);
}

/* A clone with any trailer has the tag, the key and the value, from any trailer. */
static void record_test_clone(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, 7, 8, 9, 100, 4000, 16360, 40000 };
	struct mtb_record *record, *clone;
	size_t i, from, to;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (from = 0; from < ARRAY_SIZE(trailers); from++) {
			for (to = 0; to < ARRAY_SIZE(trailers); to++) {
				record = alloc(test, lengths[i] / 3, lengths[i], trailers[from]);
				record->tag = mtb_tag(i + 1, MEMTABLE_TYPE_VALUE);
				fill(record, i);
				clone = mtb_record_clone(record, trailers[to]);
				KUNIT_ASSERT_NOT_NULL(test, clone);
				set_trailer(clone);
				KUNIT_EXPECT_EQ(test, (u8)clone->trailer, (u8)trailers[to]);
				KUNIT_EXPECT_EQ(test, clone->tag, record->tag);
				KUNIT_EXPECT_TRUE(test, mtb_same_key(clone, record));
				KUNIT_EXPECT_EQ(test, mtb_record_value_length(clone), lengths[i]);
				KUNIT_EXPECT_TRUE(test, is_filled(clone, i));
				mtb_record_free(record);
				mtb_record_free(clone);
			}
		}
	}
}

/*
 * A record with a pin lives until its index and all readers have let it go;
 * others need no references.
 */
static void record_test_pin(struct kunit *test)
{
	struct mtb_record *record = alloc(test, 1, 1, MTB_TRAILER_PIN);

	fill(record, 9);
	KUNIT_EXPECT_TRUE(test, mtb_record_tryget(record));
	KUNIT_EXPECT_TRUE(test, mtb_record_tryget(record));
	KUNIT_EXPECT_EQ(test, refcount_read(&mtb_record_pin(record)->count), 3U);
	mtb_record_put(record);
	mtb_record_release(record);
	KUNIT_EXPECT_TRUE(test, is_filled(record, 9));
	KUNIT_EXPECT_EQ(test, refcount_read(&mtb_record_pin(record)->count), 1U);
	mtb_record_put(record);

	record = alloc(test, 1, 1, MTB_TRAILER_COMMIT);
	KUNIT_EXPECT_TRUE(test, mtb_record_tryget(record));
	mtb_record_put(record);
	mtb_record_put(record);
	mtb_record_release(record);
}

/*
 * A tag gives back the sequence number and the type that it was made of, and
 * orders by sequence number.
 */
static void record_test_tag(struct kunit *test)
{
	static const u64 sequences[] = { 0, 1, 2, 255, 256, 1ULL << 32, MEMTABLE_MAX_SEQUENCE };
	static const u8 types[] = {
		MEMTABLE_TYPE_DELETION, MEMTABLE_TYPE_VALUE, MEMTABLE_TYPE_ABSENT,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sequences); i++) {
		for (j = 0; j < ARRAY_SIZE(types); j++) {
			u64 tag = mtb_tag(sequences[i], types[j]);

			KUNIT_EXPECT_EQ(test, mtb_tag_sequence(tag), sequences[i]);
			KUNIT_EXPECT_EQ(test, mtb_tag_type(tag), types[j]);
			if (i)
				KUNIT_EXPECT_GT(test, tag, mtb_tag(sequences[i - 1], U8_MAX));
		}
	}
}

static struct kunit_case record_test_cases[] = {
	KUNIT_CASE(record_test_sizes),
	KUNIT_CASE(record_test_limits),
	KUNIT_CASE(record_test_commit),
	KUNIT_CASE(record_test_clone),
	KUNIT_CASE(record_test_pin),
	KUNIT_CASE(record_test_tag),
	{}
};

static struct kunit_suite record_test_suite = {
	.name		= "memtable_record",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.test_cases	= record_test_cases,
};

kunit_test_suite(record_test_suite);
