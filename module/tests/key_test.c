// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of internal keys: their order, and that of their codes.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "key.h"
#include "model.h"

#define KEY(bytes)	{ (const u8 *)(bytes), sizeof(bytes) - 1 }

/* In ascending order. */
static const struct {
	const u8 *data;
	u16 length;
} ordered[] = {
	KEY(""), KEY("\0"), KEY("\0\0"), KEY("\0\0\0\0\0\0\0"), KEY("\0\0\0\0\0\0\0\0"),
	KEY("\0\0\0\0\0\0\0\0\0"), KEY("\0\0\0\0\0\0\0\0\0\1"), KEY("\0\0\0\0\0\0\0\1"),
	KEY("\0\1"), KEY("\1"), KEY("\1\0"),
	KEY("a"), KEY("a\0"), KEY("a\0\0\0\0\0\0\0"), KEY("a\0\0\0\0\0\0\0\0"), KEY("aa"),
	KEY("aaaaaaaa"), KEY("aaaaaaaa\0"), KEY("aaaaaaaa\0a"), KEY("aaaaaaaaa"),
	KEY("aaaaaaaaab"), KEY("aaaaaaaaabcdef"), KEY("aaaaaaaaabcdefg"),
	KEY("aaaaaaaaabcdefgh"), KEY("aaaaaaaaabcdefgi"), KEY("aaaaaaaaabcdefgi\0\0"),
	KEY("aaaaaaaab"), KEY("aaaaaaaab\0"), KEY("aaaaaaab"), KEY("ab"), KEY("b"), KEY("\x7f"),
	KEY("\x80"), KEY("\xff"), KEY("\xff\xff\xff\xff\xff\xff\xff\xff"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\0"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
};

#define KEYS	ARRAY_SIZE(ordered)

/* Records with these keys and nothing else, so that whoever reads too far is seen. */
static void make_records(struct kunit *test, struct mtb_record **records)
{
	size_t i;

	for (i = 0; i < KEYS; i++) {
		records[i] = mtb_record_alloc(ordered[i].length, 0, MTB_TRAILER_NONE);
		KUNIT_ASSERT_NOT_NULL(test, records[i]);
		records[i]->tag = mtb_tag(1, MEMTABLE_TYPE_VALUE);
		memcpy(records[i]->data, ordered[i].data, ordered[i].length);
	}
}

static void free_records(struct mtb_record **records)
{
	size_t i;

	for (i = 0; i < KEYS; i++)
		mtb_record_free(records[i]);
}

/* Keys compare as their bytes do, a prefix first, or the other way round: zero bytes, too. */
static void key_test_order(struct kunit *test)
{
	struct mtb_record *records[KEYS];
	struct mtb_key key;
	size_t i, j, reverse;
	int order;

	make_records(test, records);
	for (reverse = 0; reverse < 2; reverse++) {
		for (i = 0; i < KEYS; i++) {
			mtb_record_key(records[i], reverse, &key);
			for (j = 0; j < KEYS; j++) {
				order = mtb_key_compare(&key, records[j]);
				if (reverse)
					order = -order;
				KUNIT_EXPECT_EQ_MSG(test, order < 0, i < j, "keys %zu and %zu",
						    i, j);
				KUNIT_EXPECT_EQ_MSG(test, order > 0, i > j, "keys %zu and %zu",
						    i, j);
				KUNIT_EXPECT_EQ(test, mtb_same_key(records[i], records[j]),
						i == j);
			}
		}
	}
	free_records(records);
}

/* Of the versions of a key the newest comes first, of two types of one version the higher. */
static void key_test_versions(struct kunit *test)
{
	static const u64 tags[] = {
		U64_MAX, MEMTABLE_MAX_SEQUENCE << 8 | 1, MEMTABLE_MAX_SEQUENCE << 8,
		256 << 8 | 1, 255 << 8 | 255, 2 << 8, 1 << 8 | 1, 1 << 8, 255, 0,
	};
	struct mtb_record *record = mtb_record_alloc(3, 0, MTB_TRAILER_NONE);
	struct mtb_key key;
	size_t i, j;
	int order;

	KUNIT_ASSERT_NOT_NULL(test, record);
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

static u8 byte_at(size_t key, u32 at)
{
	return at < ordered[key].length ? ordered[key].data[at] : 0;
}

/* The bytes that two keys have in common, where a shorter one goes on with zeros. */
static u32 common_bytes(size_t a, size_t b)
{
	u32 end = max(ordered[a].length, ordered[b].length), i;

	for (i = 0; i < end; i++) {
		if (byte_at(a, i) != byte_at(b, i))
			return i;
	}
	return MTB_COMMON_ALL;
}

static void key_test_common(struct kunit *test)
{
	struct mtb_record *records[KEYS];
	struct mtb_key key;
	size_t i, j;
	u32 common, from;

	make_records(test, records);
	for (i = 0; i < KEYS; i++) {
		mtb_record_key(records[i], false, &key);
		for (j = 0; j < KEYS; j++) {
			common = common_bytes(i, j);
			/* From wherever they are known to agree. */
			for (from = 0; from <= min(common, 20U); from++)
				KUNIT_EXPECT_EQ_MSG(test, mtb_key_common(&key, records[j], from),
						    common, "keys %zu and %zu from %u", i, j, from);
		}
	}
	free_records(records);
}

/* The code of a key relative to one before it, or to the head's none. */
static u64 code_of(struct mtb_record *record, struct mtb_record *base, bool reverse)
{
	struct mtb_key key;

	mtb_record_key(record, reverse, &key);
	return mtb_key_code(&key, base ? mtb_key_common(&key, base, 0) : 0);
}

/* Do keys with equal codes have in common what the codes hold? */
static bool may_tie(size_t a, size_t b, u64 code)
{
	u32 common = common_bytes(a, b);

	return common == MTB_COMMON_ALL || common >= mtb_code_end(code);
}

/*
 * Relative to any base, codes are in the order of the keys, and equal where the
 * keys agree for as far as codes go. From one base to another between it and
 * the key, a code is rebased without a look at the first base.
 */
static void key_test_codes(struct kunit *test)
{
	struct mtb_record *records[KEYS], *ascending[KEYS];
	struct mtb_record *base, *a, *b;
	size_t reverse, from, i, j, left, right;
	struct mtb_key key;
	u64 code, other;

	make_records(test, records);
	for (reverse = 0; reverse < 2; reverse++) {
		for (i = 0; i < KEYS; i++)
			ascending[i] = records[reverse ? KEYS - 1 - i : i];
		for (from = 0; from <= KEYS; from++) {
			base = from ? ascending[from - 1] : NULL;
			for (i = from; i < KEYS; i++) {
				for (j = i + 1; j < KEYS; j++) {
					a = ascending[i];
					b = ascending[j];
					left = reverse ? KEYS - 1 - i : i;
					right = reverse ? KEYS - 1 - j : j;
					code = code_of(a, base, reverse);
					other = code_of(b, base, reverse);
					KUNIT_EXPECT_TRUE_MSG(test, code <= other,
							      "keys %zu and %zu from %zu", left,
							      right, from);
					KUNIT_EXPECT_EQ_MSG(test, code == other,
							    may_tie(left, right, code),
							    "keys %zu and %zu from %zu", left,
							    right, from);
					if (code == other)
						continue;
					mtb_record_key(b, reverse, &key);
					KUNIT_EXPECT_EQ_MSG(test,
							    mtb_code_rebase(other, code, &key),
							    code_of(b, a, reverse),
							    "keys %zu and %zu from %zu", left,
							    right, from);
				}
			}
		}
	}
	free_records(records);
}

/* The longest keys there are, which differ in their last byte, or only in length. */
static void key_test_long(struct kunit *test)
{
	struct mtb_record *records[3];
	struct mtb_key key;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = mtb_record_alloc(U16_MAX - (i == 0), 0, MTB_TRAILER_NONE);
		KUNIT_ASSERT_NOT_NULL(test, records[i]);
		memset(records[i]->data, 0, records[i]->key_length);
	}
	records[2]->data[U16_MAX - 1] = 1;
	mtb_record_key(records[1], false, &key);
	KUNIT_EXPECT_EQ(test, mtb_key_common(&key, records[0], 0), (u32)MTB_COMMON_ALL);
	KUNIT_EXPECT_EQ(test, mtb_key_common(&key, records[2], 0), U16_MAX - 1U);
	KUNIT_EXPECT_EQ(test, code_of(records[1], records[0], false), 0ULL);
	KUNIT_EXPECT_EQ(test, code_of(records[2], records[0], false),
			1ULL << 48 | 1ULL << 40);
	KUNIT_EXPECT_EQ(test, mtb_code_offset(code_of(records[2], records[1], false)),
			U16_MAX - 1U);
	for (i = 0; i < ARRAY_SIZE(records); i++)
		mtb_record_free(records[i]);
}

static struct kunit_case key_test_cases[] = {
	KUNIT_CASE(key_test_order),
	KUNIT_CASE(key_test_versions),
	KUNIT_CASE(key_test_common),
	KUNIT_CASE(key_test_codes),
	KUNIT_CASE(key_test_long),
	{}
};

static struct kunit_suite key_test_suite = {
	.name		= "memtable_key",
	.suite_init	= model_suite_init,
	.suite_exit	= model_suite_exit,
	.test_cases	= key_test_cases,
};

kunit_test_suite(key_test_suite);
