/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - which places of the module requests reach
 *
 * The kernel tells if it can (KCOV) and if the module is instrumented.
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_COVERAGE_H
#define SELFTESTS_MEMTABLE_FUZZ_COVERAGE_H

#include "board.h"

/* How many places the kernel notes of one request. */
#define COVERAGE_SIZE (1U << 15)

struct coverage {
	int fd;
	/* A count and places, or NULL. */
	__u64 *places;
};

/* For the thread that calls this. */
void coverage_begin(struct coverage *coverage);

/* Forgets what was reached so far. */
static inline void coverage_reset(struct coverage *coverage)
{
	if (coverage->places)
		__atomic_store_n(coverage->places, 0, __ATOMIC_RELAXED);
}

/* Notes what was reached since, and tells whether any of it is new. */
bool coverage_note(struct coverage *coverage, struct board *board);

void coverage_end(struct coverage *coverage);

#endif /* SELFTESTS_MEMTABLE_FUZZ_COVERAGE_H */
