/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - what one process asks for
 *
 * A sequence of requests follows from the manners of its caller and from seeds,
 * each for a number of requests. It is written down as MANNERS:SEED*COUNT, with
 * more of +SEED*COUNT if new requests have been put behind the first ones of a
 * sequence that was worth it.
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_SEQUENCE_H
#define SELFTESTS_MEMTABLE_FUZZ_SEQUENCE_H

#include "../common.h"

#define SEQUENCE_SEGMENTS 4
#define SEQUENCE_TEXT 160

enum manners {
	/*
	 * Asks for what exists and what does not, with good and bad structures,
	 * but what it writes is well-formed, see content.h: so is all that it
	 * and its likes read.
	 */
	MANNERS_HONEST,
	/* Also lies, and changes memory while the kernel looks at it. */
	MANNERS_HOSTILE,
	MANNERS,
};

struct segment {
	__u32 seed;
	__u32 count;
};

struct sequence {
	enum manners manners;
	unsigned int count;
	struct segment segments[SEQUENCE_SEGMENTS];
};

void sequence_print(const struct sequence *sequence, char text[SEQUENCE_TEXT]);
bool sequence_parse(struct sequence *sequence, const char *text);

/* Leaves the first @length requests of it. */
void sequence_cut(struct sequence *sequence, __u32 length);

#endif /* SELFTESTS_MEMTABLE_FUZZ_SEQUENCE_H */
