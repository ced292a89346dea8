/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - what all callers of a run share
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_BOARD_H
#define SELFTESTS_MEMTABLE_FUZZ_BOARD_H

#include "../common.h"

/* What is counted, by name. */
#define KINDS(do)	\
	do(INFO, info)		\
	do(CONFIGURE, configure)	\
	do(ADD, add)		\
	do(GET, get)		\
	do(WRITE, write)		\
	do(READ, read)		\
	do(SCAN, scan)		\
	do(SEAL, seal)		\
	do(PUBLISH, publish)	\
	do(ATTACH, attach)		\
	do(LIST, list)		\
	do(DROP, drop)		\
	do(ROTATE, rotate)		\
	do(SHARE, share)		\
	do(PIVOT, pivot)		\
	do(SPLIT, split)		\
	do(UNKNOWN, unknown)	\
	do(OPEN, open)		\
	do(CLOSE, close)		\
	do(FILE_READ, file_read)	\
	do(FILE_WRITE, file_write)	\
	do(SEEK, seek)		\
	do(POLL, poll)		\
	do(MAP, map)		\
	do(OTHER, other)		\
	do(PASS, pass)

#define KIND_NUMBER(number, name) KIND_##number,
enum kind {
	KINDS(KIND_NUMBER)
	KIND_COUNT,
};

/* Instrumented places of the module, see coverage.h; more than it has. */
#define BOARD_POINTS (1U << 16)

/* Error numbers that are counted. */
#define BOARD_ERRORS 134

struct tally {
	atomic_ullong made;
	/* Those that were refused, by error. */
	atomic_ullong errors[BOARD_ERRORS];
	/* Those in which something that the kernel needs was made to fail. */
	atomic_ullong injected;
};

struct board {
	atomic_ullong requests;
	atomic_uint processes;
	atomic_uint killed;
	struct tally tallies[KIND_COUNT];
	/* Places of the module that were reached, in a hash table. */
	atomic_uint points[BOARD_POINTS];
	atomic_uint point_count;
	/* What went wrong first. */
	atomic_bool failed;
	char failure[512];
};

#endif /* SELFTESTS_MEMTABLE_FUZZ_BOARD_H */
