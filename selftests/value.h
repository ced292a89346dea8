/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable tests - values: what a key has in a generation follows from both, its
 * length too, so that a value shows whether it is whole
 */
#ifndef SELFTESTS_MEMTABLE_VALUE_H
#define SELFTESTS_MEMTABLE_VALUE_H

#include "common.h"

#define VALUE_SIZE 65536

struct stamp {
	__u32 key;
	__u32 generation;
};

struct value {
	size_t length;
	unsigned char bytes[VALUE_SIZE];
};

/* @room is how much the lengths of values differ. */
static inline void value_make(struct value *const value, const __u32 key,
		       const __u32 generation, const size_t least,
		       const size_t room)
{
	const struct stamp stamp = { key, generation };
	__u64 state = ((__u64)key + 1) << 32 | (generation + 1);

	value->length = least + random_next(&state) % room;
	if (value->length < sizeof(stamp))
		value->length = sizeof(stamp);
	memcpy(value->bytes, &stamp, sizeof(stamp));
	for (size_t at = sizeof(stamp); at < value->length;) {
		const __u64 word = random_next(&state);
		const size_t rest = value->length - at;
		const size_t size = rest < sizeof(word) ? rest : sizeof(word);

		memcpy(value->bytes + at, &word, size);
		at += size;
	}
}

static inline bool value_whole(const struct record *const record, const __u32 key,
			const size_t least, const size_t room)
{
	struct value value;
	struct stamp stamp;

	if (record->value_length < sizeof(stamp))
		return false;
	memcpy(&stamp, record->value, sizeof(stamp));
	if (stamp.key != key)
		return false;
	value_make(&value, key, stamp.generation, least, room);
	return value.length == record->value_length &&
	       !memcmp(value.bytes, record->value, value.length);
}

static inline __u32 value_generation(const struct record *const record)
{
	struct stamp stamp;

	memcpy(&stamp, record->value, sizeof(stamp));
	return stamp.generation;
}

#endif /* SELFTESTS_MEMTABLE_VALUE_H */
