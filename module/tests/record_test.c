// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of records: their memory, their commit numbers, and their order.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "record.h"

/* Largest record that comes from a slab cache, in bytes. */
#define SLAB_RECORD_MAX	4096

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

static struct mtb_record *alloc(struct kunit *test, u16 key_length, u32 value_length)
{
	struct mtb_record *record = mtb_record_alloc(key_length, value_length);

	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, record->key_length, key_length);
	KUNIT_EXPECT_EQ(test, record->value_length, value_length);
	KUNIT_EXPECT_FALSE(test, record->has_commit);
	KUNIT_EXPECT_PTR_EQ(test, mtb_record_value(record), (const u8 *)record->data + key_length);
	return record;
}

static struct mtb_record *alloc_late(struct kunit *test, const struct mtb_record *record)
{
	struct mtb_record *late = mtb_record_alloc_late(record);

	KUNIT_ASSERT_NOT_NULL(test, late);
	KUNIT_EXPECT_TRUE(test, late->has_commit);
	KUNIT_EXPECT_EQ(test, mtb_record_commit(late), 0ULL);
	return late;
}

/* Every size that a slab cache serves, and some beyond: the data has its place, and the memory told holds the record and wastes a third at most. */
static void record_test_sizes(struct kunit *test)
{
	size_t size, memory, before = 0;
	struct mtb_record *record;
	u32 length;

	for (length = 0; length < SLAB_RECORD_MAX + 64; length++) {
		record = alloc(test, length / 2, length - length / 2);
		fill(record, length);
		size = sizeof(*record) + length;
		memory = mtb_record_memory(record);
		KUNIT_EXPECT_TRUE(test, is_filled(record, length));
		KUNIT_EXPECT_GE(test, memory, size);
		KUNIT_EXPECT_GE(test, memory, before);
		if (size <= SLAB_RECORD_MAX)
			KUNIT_EXPECT_LE(test, memory - ALIGN(size, 8), memory / 3 + 8);
		before = memory;
		mtb_record_free(record);
	}
}

/* The same for records with a commit number: it takes eight bytes, hurts no data, and holds every number. */
static void record_test_commit_sizes(struct kunit *test)
{
	static const u64 commits[] = { 1, 0x0123456789abcdefULL, U64_MAX };
	struct mtb_record *record, *late;
	size_t size, i;
	u32 length;

	for (length = 0; length < SLAB_RECORD_MAX + 64; length += 1 + length % 3) {
		record = alloc(test, length / 3, length - length / 3);
		record->tag = mtb_tag(length, MEMTABLE_TYPE_VALUE);
		fill(record, length);
		late = alloc_late(test, record);
		size = ALIGN(sizeof(*late) + length, 8) + sizeof(u64);
		KUNIT_EXPECT_GE(test, mtb_record_memory(late), size);
		for (i = 0; i < ARRAY_SIZE(commits); i++) {
			mtb_record_set_commit(late, commits[i]);
			KUNIT_EXPECT_EQ(test, mtb_record_commit(late), commits[i]);
		}
		KUNIT_EXPECT_EQ(test, late->tag, record->tag);
		KUNIT_EXPECT_TRUE(test, mtb_same_key(late, record));
		KUNIT_EXPECT_EQ(test, late->value_length, record->value_length);
		KUNIT_EXPECT_TRUE(test, is_filled(late, length));
		mtb_record_free(record);
		mtb_record_free(late);
	}
}

/* The longest keys and values, alone and together, with and without a commit number. */
static void record_test_limits(struct kunit *test)
{
	static const struct {
		u16 key;
		u32 value;
	} lengths[] = {
		{ 0, 0 }, { 1, 0 }, { 0, 1 },
		{ MEMTABLE_MAX_KEY_LENGTH, 0 }, { MEMTABLE_MAX_KEY_LENGTH, 1 },
		{ 0, 8192 }, { 0, 65536 }, { 1, 1 << 20 },
		{ 0, MEMTABLE_MAX_VALUE_LENGTH },
		{ MEMTABLE_MAX_KEY_LENGTH, MEMTABLE_MAX_VALUE_LENGTH },
	};
	struct mtb_record *record, *late;
	size_t i, size;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		record = alloc(test, lengths[i].key, lengths[i].value);
		fill(record, i);
		late = alloc_late(test, record);
		mtb_record_set_commit(late, U64_MAX);
		KUNIT_EXPECT_TRUE(test, is_filled(record, i));
		KUNIT_EXPECT_TRUE(test, is_filled(late, i));
		size = sizeof(*record) + data_length(record);
		KUNIT_EXPECT_GE(test, mtb_record_memory(record), size);
		KUNIT_EXPECT_LE(test, mtb_record_memory(record), 2 * size);
		KUNIT_EXPECT_GE(test, mtb_record_memory(late), size + sizeof(u64));
		mtb_record_free(record);
		mtb_record_free(late);
	}
}

/* A tag gives back the sequence number and the type that it was made of, and orders by sequence number. */
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
	struct mtb_record *record = alloc(test, ordered[i].length, 0);

	record->tag = mtb_tag(1, MEMTABLE_TYPE_VALUE);
	memcpy(record->data, ordered[i].data, ordered[i].length);
	return record;
}

/* Keys compare as their bytes do, a prefix first: also zero bytes, and keys with the same first eight bytes. A key with a lesser prefix is less. */
static void record_test_key_order(struct kunit *test)
{
	struct mtb_record *records[ARRAY_SIZE(ordered)];
	struct mtb_key key, other;
	size_t i, j;
	int order;

	for (i = 0; i < ARRAY_SIZE(ordered); i++)
		records[i] = ordered_record(test, i);
	for (i = 0; i < ARRAY_SIZE(ordered); i++) {
		mtb_record_key(records[i], &key);
		for (j = 0; j < ARRAY_SIZE(ordered); j++) {
			order = mtb_key_compare(&key, records[j]);
			KUNIT_EXPECT_EQ_MSG(test, order < 0, i < j, "keys %zu and %zu", i, j);
			KUNIT_EXPECT_EQ_MSG(test, order > 0, i > j, "keys %zu and %zu", i, j);
			KUNIT_EXPECT_EQ_MSG(test, mtb_same_key(records[i], records[j]), i == j,
					    "keys %zu and %zu", i, j);
			mtb_record_key(records[j], &other);
			if (i < j)
				KUNIT_EXPECT_LE(test, key.prefix, other.prefix);
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
	struct mtb_record *record = alloc(test, 3, 0);
	struct mtb_key key;
	size_t i, j;
	int order;

	memcpy(record->data, "key", 3);
	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		mtb_key_init(&key, "key", 3, tags[i]);
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
		mtb_key_init(&key, copy, length, 7);
		KUNIT_EXPECT_EQ(test, key.prefix, expected);
		KUNIT_EXPECT_EQ(test, key.tag, 7ULL);
		KUNIT_EXPECT_EQ(test, key.length, length);
		KUNIT_EXPECT_PTR_EQ(test, key.data, (const u8 *)copy);
		kfree(copy);
	}
}

static struct kunit_case record_test_cases[] = {
	KUNIT_CASE(record_test_sizes),
	KUNIT_CASE(record_test_commit_sizes),
	KUNIT_CASE(record_test_limits),
	KUNIT_CASE(record_test_tag),
	KUNIT_CASE(record_test_key_order),
	KUNIT_CASE(record_test_version_order),
	KUNIT_CASE(record_test_prefix),
	{}
};

static struct kunit_suite record_test_suite = {
	.name		= "memtable_record",
	.test_cases	= record_test_cases,
};
kunit_test_suite(record_test_suite);
