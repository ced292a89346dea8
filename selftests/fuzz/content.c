// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - keys and values that tell whether they are what they were
 */

#include "content.h"
#include "chance.h"

#define MARK_LENGTH 8
/* What follows the mark repeats after so many bytes. */
#define PERIOD 4096
/* So many bytes of a pattern in a row are no chance. */
#define POISON_RUN 8

static const char digits[] = "0123456789ABCDEF";

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first bytes, at most a period, of what follows the mark. */
static void body_fill(unsigned char *to, size_t length, __u64 seed)
{
	__u64 bits = 0;

	for (size_t i = 0; i < length; i++) {
		if (i % 16 == 0)
			bits = random_next(&seed);
		to[i] = digits[bits >> i % 16 * 4 & 15];
	}
}

void content_fill(void *to, size_t length, __u32 mark, __u64 salt)
{
	unsigned char *body = to;
	const size_t head = least(length, MARK_LENGTH);
	const size_t rest = length - head;

	for (size_t i = 0; i < head; i++)
		*body++ = digits[mark >> (MARK_LENGTH - 1 - i) * 4 & 15];
	body_fill(body, least(rest, PERIOD), seed_mix(salt + length, mark));
	for (size_t i = PERIOD; i < rest; i += PERIOD)
		memcpy(body + i, body, least(rest - i, PERIOD));
}

bool content_valid(const void *from, size_t length, __u64 salt)
{
	const unsigned char *const bytes = from;
	const unsigned char *const body = bytes + MARK_LENGTH;
	unsigned char expected[PERIOD];
	__u32 mark = 0;
	size_t rest;

	for (size_t i = 0; i < least(length, MARK_LENGTH); i++) {
		const char *const digit = memchr(digits, bytes[i], 16);

		if (!digit)
			return false;
		mark = mark << 4 | (digit - digits);
	}
	if (length <= MARK_LENGTH)
		return true;
	rest = length - MARK_LENGTH;
	body_fill(expected, least(rest, PERIOD), seed_mix(salt + length, mark));
	return !memcmp(expected, body, least(rest, PERIOD)) &&
	       (rest <= PERIOD || !memcmp(body, body + PERIOD, rest - PERIOD));
}

__u64 content_salt(const void *key, size_t length)
{
	const unsigned char *const bytes = key;
	__u64 salt = length + 1;

	for (size_t i = 0; i < length; i++)
		salt = (salt ^ bytes[i]) * 0x100000001b3ULL;
	return salt;
}

bool content_poisoned(const void *data, size_t length)
{
	/*
	 * Slabs: new, free, red zones. Pages that are free. Variables on the
	 * stack that were not written to.
	 */
	static const bool patterns[256] = {
		[0x5a] = true, [0x6b] = true, [0xbb] = true, [0xcc] = true,
		[0xaa] = true, [0xfe] = true,
	};
	const unsigned char *const bytes = data;

	/* No run fits between two of the bytes that are looked at. */
	for (size_t i = POISON_RUN - 1; i < length; i += POISON_RUN) {
		size_t start = i, end = i + 1;

		if (!patterns[bytes[i]])
			continue;
		while (start && bytes[start - 1] == bytes[i])
			start--;
		while (end < length && bytes[end] == bytes[i])
			end++;
		if (end - start >= POISON_RUN)
			return true;
	}
	return false;
}
