// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of records: their memory, their commit numbers, and their order.
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
	return record->key_length + (size_t)record->value_length;
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
	KUNIT_EXPECT_EQ(test, record->value_length, value_length);
	KUNIT_EXPECT_EQ(test, record->trailer, (u8)trailer);
	KUNIT_EXPECT_PTR_EQ(test, mtb_record_value(record), (const u8 *)record->data + key_length);
	return record;
}

static size_t record_size(const struct mtb_record *record)
{
	return ALIGN(sizeof(*record) + data_length(record), 8) + trailer_lengths[record->trailer];
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
				KUNIT_EXPECT_EQ(test, clone->trailer, (u8)trailers[to]);
				KUNIT_EXPECT_EQ(test, clone->tag, record->tag);
				KUNIT_EXPECT_TRUE(test, mtb_same_key(clone, record));
				KUNIT_EXPECT_EQ(test, clone->value_length, lengths[i]);
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

#define KEY(bytes)	{ (const u8 *)(bytes), sizeof(bytes) - 1 }

/* In ascending order. */
static const struct {
	const u8 *data;
	u16 length;
} ordered[] = {
	KEY(""), KEY("\0"), KEY("\0\0"), KEY("\0\0\0\0\0\0\0"), KEY("\0\0\0\0\0\0\0\0"),
	KEY("\0\0\0\0\0\0\0\0\0"), KEY("\0\0\0\0\0\0\0\1"), KEY("\0\1"), KEY("\1"), KEY("\1\0"),
	KEY("a"), KEY("a\0"), KEY("a\0\0\0\0\0\0\0"), KEY("a\0\0\0\0\0\0\0\0"), KEY("aa"),
	KEY("aaaaaaaa"), KEY("aaaaaaaa\0"), KEY("aaaaaaaa\0a"), KEY("aaaaaaaaa"),
	KEY("aaaaaaaab"), KEY("aaaaaaaab\0"), KEY("aaaaaaab"), KEY("ab"), KEY("b"), KEY("\x7f"),
	KEY("\x80"), KEY("\xff"), KEY("\xff\xff\xff\xff\xff\xff\xff\xff"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\0"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
};

static struct mtb_record *ordered_record(struct kunit *test, size_t i)
{
	struct mtb_record *record = alloc(test, ordered[i].length, 0, MTB_TRAILER_NONE);

	record->tag = mtb_tag(1, MEMTABLE_TYPE_VALUE);
	memcpy(record->data, ordered[i].data, ordered[i].length);
	return record;
}

/*
 * Keys compare as their bytes do, a prefix first, or the other way round: also
 * zero bytes, and keys with the same first eight bytes. A key with a lesser
 * prefix comes first.
 */
static void record_test_key_order(struct kunit *test)
{
	struct mtb_record *records[ARRAY_SIZE(ordered)];
	struct mtb_key key, other;
	size_t i, j, reverse;
	int order;

	for (i = 0; i < ARRAY_SIZE(ordered); i++)
		records[i] = ordered_record(test, i);
	for (reverse = 0; reverse < 2; reverse++) {
		for (i = 0; i < ARRAY_SIZE(ordered); i++) {
			mtb_record_key(records[i], reverse, &key);
			for (j = 0; j < ARRAY_SIZE(ordered); j++) {
				order = mtb_key_compare(&key, records[j]);
				if (reverse)
					order = -order;
				KUNIT_EXPECT_EQ_MSG(test, order < 0, i < j, "keys %zu and %zu",
						    i, j);
				KUNIT_EXPECT_EQ_MSG(test, order > 0, i > j, "keys %zu and %zu",
						    i, j);
				mtb_record_key(records[j], reverse, &other);
				if (reverse ? i > j : i < j)
					KUNIT_EXPECT_LE(test, key.prefix, other.prefix);
				KUNIT_EXPECT_EQ(test, mtb_same_key(records[i], records[j]),
						i == j);
			}
		}
	}
	for (i = 0; i < ARRAY_SIZE(ordered); i++)
		mtb_record_free(records[i]);
}

/* Of the versions of a key the newest comes first, of two types of one version the higher. */
static void record_test_version_order(struct kunit *test)
{
	static const u64 tags[] = {
		U64_MAX, MEMTABLE_MAX_SEQUENCE << 8 | 1, MEMTABLE_MAX_SEQUENCE << 8,
		256 << 8 | 1, 255 << 8 | 255, 2 << 8, 1 << 8 | 1, 1 << 8, 255, 0,
	};
	struct mtb_record *record = alloc(test, 3, 0, MTB_TRAILER_NONE);
	struct mtb_key key;
	size_t i, j;
	int order;

	memcpy(record->data, "key", 3);
	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		/* Whatever the order of keys. */
		mtb_key_init(&key, i % 2, "key", 3, tags[i]);
		for (j = 0; j < ARRAY_SIZE(tags); j++) {
			record->tag = tags[j];
			order = mtb_key_compare(&key, record);
			KUNIT_EXPECT_EQ_MSG(test, order < 0, i < j, "tags %zu and %zu", i, j);
			KUNIT_EXPECT_EQ_MSG(test, order > 0, i > j, "tags %zu and %zu", i, j);
		}
	}
	mtb_record_free(record);
}

/* A key's prefix has its first eight bytes, zeros where it is shorter, and reads no further. */
static void record_test_prefix(struct kunit *test)
{
	static const u8 bytes[] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0xff };
	struct mtb_key key;
	u32 length;
	u8 *copy;

	for (length = 0; length <= sizeof(bytes); length++) {
		u64 expected = 0x123456789abcdef0ULL;

		if (length < 8)
			expected = length ? expected >> (64 - 8 * length) << (64 - 8 * length) : 0;
		/* Of exactly this length, for whoever watches over memory. */
		copy = kmalloc(max_t(size_t, length, 1), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		memcpy(copy, bytes, length);
		mtb_key_init(&key, true, copy, length, 7);
		KUNIT_EXPECT_EQ(test, key.prefix, ~expected);
		mtb_key_init(&key, false, copy, length, 7);
		KUNIT_EXPECT_EQ(test, key.prefix, expected);
		KUNIT_EXPECT_EQ(test, key.tag, 7ULL);
		KUNIT_EXPECT_EQ(test, key.length, length);
		KUNIT_EXPECT_PTR_EQ(test, key.data, (const u8 *)copy);
		kfree(copy);
	}
}

static struct kunit_case record_test_cases[] = {
	KUNIT_CASE(record_test_sizes),
	KUNIT_CASE(record_test_limits),
	KUNIT_CASE(record_test_commit),
	KUNIT_CASE(record_test_clone),
	KUNIT_CASE(record_test_pin),
	KUNIT_CASE(record_test_tag),
	KUNIT_CASE(record_test_key_order),
	KUNIT_CASE(record_test_version_order),
	KUNIT_CASE(record_test_prefix),
	{}
};

static struct kunit_suite record_test_suite = {
	.name		= "memtable_record",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.test_cases	= record_test_cases,
};

kunit_test_suite(record_test_suite);
