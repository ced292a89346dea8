// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - what requests are made with
 */

#include "arguments.h"
#include "content.h"

/* Behind what a request may write to. */
#define MARGIN 64

/* One of some thousand keys, in half of the cases one that was of use lately. */
static __u32 key_pick(struct caller *caller)
{
	static const __u32 spaces[] = { 4, 16, 64, 64, 512, 4096 };
	__u64 *const chance = &caller->chance;
	__u32 *const recent = &caller->keys[chance_below(chance, CALLER_KEYS)];

	if (chance_below(chance, 2))
		*recent = chance_below(chance, chance_of(chance, spaces));
	return *recent;
}

__u32 key_make(struct caller *caller, void *key)
{
	static const __u32 lengths[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 8, 8, 9, 12, 15, 16, 16, 16, 17, 20, 24,
		31, 32, 33, 48, 64, 100, 231, 255, 256, 257,
	};
	const __u32 id = key_pick(caller);
	__u32 length = lengths[seed_mix(7, id) % ARRAY_SIZE(lengths)];

	if (id >= 4094)
		length = MEMTABLE_MAX_KEY_LENGTH - (id == 4094);
	else if (id % 512 == 511)
		length = 1000 + id;
	/* Half of them begin alike. */
	content_fill(key, length, id % 2 ? id : (__u32)seed_mix(3, id), CONTENT_KEY);
	return length;
}

__u32 value_length(struct caller *caller)
{
	static const __u32 large[] = {
		4095, 4096, 4097, 8192, 16384, 65535, 65536, 100000, 1 << 20,
	};
	static const __u32 huge[] = {
		(1 << 20) + 1, 1 << 22, MEMTABLE_MAX_VALUE_LENGTH - 1,
		MEMTABLE_MAX_VALUE_LENGTH, MEMTABLE_MAX_VALUE_LENGTH + 1,
	};
	__u64 *const chance = &caller->chance;

	if (chance_one_in(chance, 2000))
		return chance_of(chance, huge);
	if (chance_one_in(chance, 50))
		return chance_of(chance, large);
	return chance_below(chance, chance_below(chance, 8) ? 300 : 5000);
}

void *key_place(struct caller *caller, enum area area, __u32 *length)
{
	static unsigned char key[MEMTABLE_MAX_KEY_LENGTH];
	void *place;

	*length = key_make(caller, key);
	place = arena_place(&caller->arena, area, *length, &caller->chance);
	return memcpy(place, key, *length);
}

void *value_place(struct caller *caller, __u32 length, __u64 salt, void **huge)
{
	void *place;

	*huge = NULL;
	if (length > ARENA_AREA_SIZE)
		place = *huge = checked(mmap(NULL, length, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	else
		place = arena_place(&caller->arena, AREA_VALUE, length,
				    &caller->chance);
	content_fill(place, length, random_next(&caller->chance), salt);
	return place;
}

unsigned char *output_place(struct caller *caller, size_t size)
{
	unsigned char *const area = caller->arena.areas[AREA_OUTPUT];
	unsigned char *const place =
		arena_place(&caller->arena, AREA_OUTPUT, size, &caller->chance);
	size_t room = area + ARENA_AREA_SIZE - place;

	memset(place, ARENA_CANARY, room < size + MARGIN ? room : size + MARGIN);
	return place;
}

size_t output_size(struct caller *caller)
{
	static const __u32 sizes[] = {
		0, 1, 16, 24, 64, 100, 300, 1000, 4096, 4097, 8192, 16384, 16384,
		32768, 65536,
	};

	if (chance_one_in(&caller->chance, 200))
		return ARENA_AREA_SIZE;
	return chance_of(&caller->chance, sizes);
}

void output_check(const struct caller *caller, const unsigned char *output,
		  size_t size, size_t length)
{
	const unsigned char *const end =
		caller->arena.areas[AREA_OUTPUT] + ARENA_AREA_SIZE;
	const size_t room = end - output;
	const size_t checked_size = room < size + MARGIN ? room : size + MARGIN;

	if (length > size)
		caller_fail(caller, "%zu bytes came where %zu were asked for",
			    length, size);
	if (!all_bytes(output + length, checked_size - length, ARENA_CANARY))
		caller_fail(caller, "something was written behind %zu bytes of %zu",
			    length, size);
}

void stream_make(struct caller *caller)
{
	static const __u32 counts[] = { 0, 1, 1, 2, 2, 5, 5, 10, 20, 60, 300 };
	static unsigned char key[MEMTABLE_MAX_KEY_LENGTH];
	static unsigned char value[1 << 20];
	__u64 *const chance = &caller->chance;
	const __u32 count = chance_of(chance, counts);
	struct stream *const stream = &caller->stream;
	__u64 sequence = chance_one_in(chance, 6) ? 1 + chance_below(chance, 5000) : 0;

	stream->length = 0;
	caller->stream_count = 0;
	for (__u32 i = 0; i < count; i++) {
		const bool deletion = chance_one_in(chance, 6);
		const __u32 key_length = key_make(caller, key);
		__u32 length = deletion ? 0 : value_length(caller);
		size_t padding;

		if (count > 20 || length > sizeof(value))
			length %= 200;
		padding = record_size(key_length, length) -
			  sizeof(struct memtable_record) - key_length - length;
		if (stream->length + record_size(key_length, length) > ARENA_AREA_SIZE)
			break;
		content_fill(value, length, random_next(chance),
			     content_salt(key, key_length));
		stream_add(stream, sequence,
			   deletion ? MEMTABLE_TYPE_DELETION : MEMTABLE_TYPE_VALUE,
			   key, key_length, value, length);
		/* It is ignored on the way in. */
		memset(stream->data + stream->length - padding, ARENA_CANARY, padding);
		caller->stream_count++;
		sequence += !!sequence;
	}
}

void *stream_place(struct caller *caller, bool *changed)
{
	const struct stream *const stream = &caller->stream;
	__u64 *const chance = &caller->chance;
	unsigned char *const place =
		arena_place(&caller->arena, AREA_VALUE, stream->length, chance);

	memcpy(place, stream->data, stream->length);
	*changed = is_hostile(caller) && stream->length && chance_below(chance, 2);
	if (*changed)
		do {
			const __u32 at = chance_below(chance, stream->length);

			place[chance_below(chance, 2) ? at : at % 16] =
				chance_below(chance, 16) * 17;
		} while (chance_below(chance, 4));
	return place;
}
