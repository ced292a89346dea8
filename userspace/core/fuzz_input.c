// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer's input, and what is made of it: keys that have much in common, record
 * streams, ranges. One number often stands for many, so that small inputs do much.
 */
#include <stdlib.h>

#include "core.h"
#include "fuzz.h"

/* Memory that is there until the input is through. */
struct input_memory {
	struct input_memory *next;
	u8 bytes[] __aligned(8);
};

struct input input;

static u8 key_buffer[MEMTABLE_MAX_KEY_LENGTH];

u32 input_take(unsigned int bytes)
{
	u32 value = 0;

	for (; bytes && input.size; bytes--, input.size--)
		value = value << 8 | *input.data++;
	return value;
}

u8 *input_keep(const void *bytes, size_t length)
{
	struct input_memory *memory = malloc(sizeof(*memory) + length);

	core_assert(memory);
	memory->next = input.memory;
	input.memory = memory;
	if (bytes)
		memcpy(memory->bytes, bytes, length);
	return memory->bytes;
}

void input_release(void)
{
	struct input_memory *memory;

	while ((memory = input.memory)) {
		input.memory = memory->next;
		free(memory);
	}
}

/*
 * Keys that are like those that are there: one of them, the begin of one, one with
 * more or other bytes.
 */
static u32 key_nearby(const struct subject *subject, u8 *key)
{
	static const u8 fills[] = { 0, 'x', 0xff };
	const struct memtable_record *entry;
	u32 length, more;

	if (!subject->count)
		return 0;
	entry = subject->entries[test_below(&input.random, subject->count)];
	length = entry->key_length;
	memcpy(key, record_key(entry), length);
	switch (test_below(&input.random, 6)) {
	case 0:
		break;
	case 1:
		length -= test_below(&input.random, min(length, 20U) + 1);
		break;
	case 2:
		length = test_below(&input.random, length + 1);
		break;
	case 3:
		if (length)
			key[test_below(&input.random, length)] += test_below(&input.random, 3) - 1;
		break;
	case 4:
		if (length)
			key[length - 1 - test_below(&input.random, min(length, 8U))] ^= 0x80;
		fallthrough;
	default:
		more = test_below(&input.random, 64) ? test_below(&input.random, 18) : U16_MAX;
		more = min(more, MEMTABLE_MAX_KEY_LENGTH - length);
		memset(key + length, fills[test_below(&input.random, 3)], more);
		length += more;
	}
	return length;
}

/* Keys that are there, one after the other. */
static u32 key_there(const struct subject *subject, u32 number, u8 *key)
{
	const struct memtable_record *entry;

	if (!subject->count)
		return 0;
	entry = subject->entries[number % subject->count];
	memcpy(key, record_key(entry), entry->key_length);
	return entry->key_length;
}

/* The key with a number, of a shape that the input chooses: returns its length. */
static u32 make_key(const struct subject *subject, u8 shape, u32 number, u8 *key)
{
	static const u16 prefixes[] = { 0, 0, 1, 6, 8, 14, 1000, U16_MAX - MODEL_KEY_MAX };
	static const u8 fills[] = { 0, 'x', 0xff, 'x' };
	u32 prefix = prefixes[shape / 8 % 8];
	struct model_entry entry;

	if (shape % 8 == 6)
		return key_nearby(subject, key);
	if (shape % 8 == 7)
		return key_there(subject, shape / 8 + number, key);
	memset(key, fills[shape / 64], prefix);
	model_key(&input.random, shape % 8, &entry);
	memcpy(key + prefix, entry.key, entry.key_length);
	if (prefix < 1000 || test_below(&input.random, 4))
		return prefix + entry.key_length;
	memset(key + prefix + entry.key_length, 0, U16_MAX - prefix - entry.key_length);
	return U16_MAX;
}

const u8 *input_key(const struct subject *subject, u8 shape, u32 *length)
{
	*length = make_key(subject, shape, test_random(&input.random), key_buffer);
	return input_keep(key_buffer, *length);
}

static u64 make_sequence(const struct subject *subject, unsigned int mode, u32 number)
{
	u64 last = subject->last_sequence;

	switch (mode % 8) {
	case 0:	/* after all others */
	case 1:
		return min(last + 1 + number, MEMTABLE_MAX_SEQUENCE);
	case 2:	/* late, or not */
		return 1 + test_below(&input.random, min(last + 2 + number, (u64)U32_MAX));
	case 3:	/* the same for all */
		return min(last + 1, MEMTABLE_MAX_SEQUENCE);
	case 4:
		if (mode / 8 == 31)
			return MEMTABLE_MAX_SEQUENCE - test_below(&input.random, 3);
		fallthrough;
	default:
		return 0;
	}
}

static u32 make_value_length(unsigned int mode)
{
	static const u16 bounds[] = { 1, 20, 200, 40000 };
	u32 bound = bounds[mode % 4];

	return test_below(&input.random, test_below(&input.random, 8) ? min(bound, 100U) : bound);
}

static size_t make_stream(const struct subject *subject, u8 *stream)
{
	u32 shape = input_take(1), mode = input_take(1), values = input_take(1);
	u32 count = 1 + input_take(1), number;
	struct memtable_record header;
	size_t length = 0, size;
	u64 sequence;

	for (number = 0; number < count; number++, length += size) {
		sequence = make_sequence(subject, mode, number);
		header.tag = sequence << 8 | (values / 4 % 8 <= test_below(&input.random, 7));
		header.key_length = make_key(subject, shape, number, key_buffer);
		header.value_length = header.tag & 1 ? make_value_length(values) : 0;
		size = record_length(&header, header.value_length);
		if (length + size > STREAM_MAX)
			break;
		/* What value there is, and the padding, tells the number. */
		memset(stream + length, number, size);
		memcpy(stream + length, &header, sizeof(header));
		memcpy(stream + length + sizeof(header), key_buffer, header.key_length);
	}
	return length;
}

size_t input_stream(const struct subject *subject, u8 *stream)
{
	size_t length = make_stream(subject, stream), at;
	u32 damage = input_take(1), what;

	if (damage < 0xc0 || !length)
		return length;
	for (damage = 1 + damage % 4; damage; damage--) {
		at = input_take(2) % length;
		what = input_take(1);
		if (what == 0xff)
			length = at + 1;
		else
			stream[at] ^= what;
	}
	return length;
}

size_t input_raw_stream(u8 *stream)
{
	size_t length = min_t(size_t, input_take(2) % 1024, input.size);

	memcpy(stream, input.data, length);
	input.data += length;
	input.size -= length;
	return length;
}

u64 input_snapshot(const struct subject *subject)
{
	u32 what = input_take(1);

	if (what % 4 == 0)
		return 0;
	if (what == 1)
		return MEMTABLE_SNAPSHOT_EMPTY;
	return 1 + what * subject->last_sequence / 240;
}

static void make_bound(const struct subject *subject, u32 flags, struct mtb_bound *bound)
{
	u32 bits = input_take(1);

	bound->data = input_key(subject, bits, &bound->length);
	bound->exclusive = input_take(1) & 1;
	if (flags & MEMTABLE_SCAN_ALL_VERSIONS)
		bound->sequence = input_snapshot(subject) & MEMTABLE_MAX_SEQUENCE;
}

void input_range(const struct subject *subject, struct range *range)
{
	*range = (struct range){ .flags = input_take(1) };
	range->snapshot = input_snapshot(subject);
	if (range->flags & MEMTABLE_SCAN_START)
		make_bound(subject, range->flags, &range->start);
	if (range->flags & MEMTABLE_SCAN_END)
		make_bound(subject, range->flags, &range->end);
}
