/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - the memory that requests are made with
 *
 * Areas with inaccessible pages around them, so far from all else that what a
 * request with wrong addresses and lengths writes stays in here.
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_ARENA_H
#define SELFTESTS_MEMTABLE_FUZZ_ARENA_H

#include "../common.h"

/* What memory holds that a request must not write to. */
#define ARENA_CANARY 0x3c

#define ARENA_AREA_SIZE (1U << 19)

/* Those before the window are looked at after each call, see call_end(). */
enum area {
	/* Structures of requests. */
	AREA_STRUCTURE,
	/* What they point to for the kernel to read. */
	AREA_KEY,
	AREA_VALUE,
	/* And to write. */
	AREA_OUTPUT,
	/* Pages that come and go, see arena_disturb(). */
	AREA_WINDOW,
	AREA_READ_ONLY,
	AREAS,
};

struct arena {
	unsigned char *all;
	unsigned char *areas[AREAS];
};

/* After a fork both have to make a new one, so that they share no pages. */
void arena_create(struct arena *arena);
void arena_destroy(struct arena *arena);

/*
 * A place for @length bytes in an area: anywhere, or such that it ends where
 * the area does.
 */
void *arena_place(const struct arena *arena, enum area area, size_t length,
		  __u64 *chance);

/* Any address, good or bad, that does no harm to this process. */
__u64 arena_address(const struct arena *arena, __u64 *chance);

/* Takes the window's pages away, or gives them back. */
void arena_disturb(const struct arena *arena, __u64 *chance);

#endif /* SELFTESTS_MEMTABLE_FUZZ_ARENA_H */
