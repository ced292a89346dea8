/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internal keys, their order, and codes.
 *
 * A code tells of a key where, and with which bytes, it leaves another one, its
 * base: the more the keys have in common the less the code, and if that is
 * equal the next bytes decide. So keys at or after one base are in the order of
 * their codes relative to it, but for those with equal codes, which the keys
 * themselves tell apart. (In sorting these are known as offset-value codes.)
 *
 * For codes a shorter key goes on with zero bytes.
 */
#ifndef MTB_KEY_H
#define MTB_KEY_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <asm/byteorder.h>

#include "record.h"

/**
 * struct mtb_key - An internal key to compare records with.
 * @tag: Versions of a key are ordered by tag, the highest first.
 * @data: The key's bytes.
 * @length: Length of the key, in bytes.
 * @reverse: Keys are ordered from the greatest to the least.
 */
struct mtb_key {
	u64 tag;
	const u8 *data;
	u32 length;
	bool reverse;
};

/* What two keys have in common that differ in nothing but zero bytes at the end. */
#define MTB_COMMON_ALL	U16_MAX

/* A code has the offset, in a way that a greater one makes it less, then six bytes. */
#define MTB_CODE_VALUE_BITS	48
#define MTB_CODE_VALUE		GENMASK_ULL(MTB_CODE_VALUE_BITS - 1, 0)

static inline void mtb_key_init(struct mtb_key *key, bool reverse, const void *data, u32 length,
				u64 tag)
{
	key->tag = tag;
	key->data = data;
	key->length = length;
	key->reverse = reverse;
}

/* The record's own internal key; it points into the record. */
static inline void mtb_record_key(const struct mtb_record *record, bool reverse,
				  struct mtb_key *key)
{
	mtb_key_init(key, reverse, record->data, record->key_length, record->tag);
}

static inline bool mtb_same_key(const struct mtb_record *a, const struct mtb_record *b)
{
	u32 length = a->key_length;
	u64 left, right;

	if (length != b->key_length)
		return false;
	/* What is compared is mostly neighbours, which differ at the end if at all. */
	if (length >= sizeof(left)) {
		memcpy(&left, a->data + length - sizeof(left), sizeof(left));
		memcpy(&right, b->data + length - sizeof(right), sizeof(right));
		if (left != right)
			return false;
	}
	return !memcmp(a->data, b->data, length);
}

/* Order of keys: as memcmp() has it, a prefix first; or the other way round. */
static inline int mtb_key_compare_bytes(const struct mtb_key *key, const struct mtb_record *record)
{
	u32 length = record->key_length;
	int order = memcmp(key->data, record->data, min(key->length, length));

	if (!order)
		order = key->length < length ? -1 : key->length > length;
	return key->reverse ? -order : order;
}

/* Order of internal keys: by key, then from the highest tag to the lowest. */
static inline int mtb_key_compare(const struct mtb_key *key, const struct mtb_record *record)
{
	int order = mtb_key_compare_bytes(key, record);

	if (order)
		return order;
	return key->tag > record->tag ? -1 : key->tag < record->tag;
}

/* Number of bytes that a key and a record's have in common; the first @from are. */
static inline u32 mtb_key_common(const struct mtb_key *key, const struct mtb_record *record,
				 u32 from)
{
	const u8 *a = key->data, *b = record->data, *longer, *other;
	u32 length = min_t(u32, key->length, record->key_length);
	u32 end = max_t(u32, key->length, record->key_length);
	__be64 left, right;

	for (; from + sizeof(left) <= length; from += sizeof(left)) {
		memcpy(&left, a + from, sizeof(left));
		memcpy(&right, b + from, sizeof(right));
		if (left != right)
			return from + (64 - fls64(be64_to_cpu(left ^ right))) / 8;
	}
	for (; from < length; from++) {
		if (a[from] != b[from])
			return from;
	}
	if (from >= end)
		return MTB_COMMON_ALL;
	longer = key->length > length ? a : b;
	other = memchr_inv(longer + from, 0, end - from);
	return other ? other - longer : MTB_COMMON_ALL;
}

/* Order of two keys that have the first @common bytes in common. */
static inline int mtb_key_compare_from(const struct mtb_key *key, const struct mtb_record *record,
				       u32 common)
{
	int left, right;

	if (common == MTB_COMMON_ALL)
		return mtb_key_compare(key, record);
	left = common < key->length ? key->data[common] : 0;
	right = common < record->key_length ? record->data[common] : 0;
	return key->reverse ? right - left : left - right;
}

/* The bytes of a key from @offset on, as the high end of a number. */
static inline u64 mtb_key_bytes(const struct mtb_key *key, u32 offset)
{
	u32 left = key->length - offset, i;
	__be64 bytes;
	u64 value = 0;

	if (offset >= key->length)
		return 0;
	/* One load, of the last bytes where fewer are left. */
	if (key->length >= sizeof(bytes)) {
		left = min_t(u32, left, sizeof(bytes));
		memcpy(&bytes, key->data + min_t(u32, offset, key->length - sizeof(bytes)),
		       sizeof(bytes));
		return be64_to_cpu(bytes) << 8 * (sizeof(bytes) - left);
	}
	for (i = 0; i < left; i++)
		value |= (u64)key->data[offset + i] << (56 - 8 * i);
	return value;
}

/* The code of a key relative to one that has the first @offset bytes in common with it. */
static inline u64 mtb_key_code(const struct mtb_key *key, u32 offset)
{
	u64 value = mtb_key_bytes(key, offset) >> (64 - MTB_CODE_VALUE_BITS);

	if (key->reverse)
		value ^= MTB_CODE_VALUE;
	return (u64)(U16_MAX - offset) << MTB_CODE_VALUE_BITS | value;
}

static inline u32 mtb_code_offset(u64 code)
{
	return U16_MAX - (code >> MTB_CODE_VALUE_BITS);
}

/*
 * How many bytes two keys have in common behind where both leave the base; zero
 * if one leaves it before the other. The codes differ.
 */
static inline u32 mtb_codes_common(u64 a, u64 b)
{
	u64 difference = a ^ b;

	return difference > MTB_CODE_VALUE ? 0 : (MTB_CODE_VALUE_BITS - fls64(difference)) / 8;
}

/* Lesser codes than this have no byte in common with @code. */
static inline u64 mtb_code_floor(u64 code)
{
	return code & ~GENMASK_ULL(MTB_CODE_VALUE_BITS - 9, 0);
}

/* How many bytes keys with this code have in common with each other. */
static inline u32 mtb_code_end(u64 code)
{
	return mtb_code_offset(code) + MTB_CODE_VALUE_BITS / 8;
}

/*
 * The code relative to another base, which lies between the present one and the
 * key. @base_code is its own, and differs from @code.
 */
static inline u64 mtb_code_rebase(u64 code, u64 base_code, const struct mtb_key *key)
{
	u32 common = mtb_codes_common(code, base_code);

	return common ? mtb_key_code(key, mtb_code_offset(code) + common) : code;
}

#endif /* MTB_KEY_H */
