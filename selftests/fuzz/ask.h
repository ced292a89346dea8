/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - a request of ioctl(2), with a structure good or bad
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_ASK_H
#define SELFTESTS_MEMTABLE_FUZZ_ASK_H

#include "caller.h"

/* More than any structure has. */
#define ASK_SIZE 128
#define ASK_ERRORS 12

/* What a request is, and which answers its description allows. */
struct form {
	enum kind kind;
	unsigned long number;
	size_t size;
	/* Bits that are set where the structure takes results. */
	const void *results;
	/* Errors beside those common to all requests. */
	int errors[ASK_ERRORS];
	/* Those of them with which results come, too. */
	int telling[3];
};

/*
 * Makes a request with @structure, or with something like it: another size,
 * another place, and for hostile callers other contents. Returns zero or a
 * negative errno, and the results in @structure. @exact tells whether the
 * request was the one that was to be made, so that its results can be judged.
 */
long ask(struct caller *caller, const struct form *form, int fd,
	 void *structure, bool *exact);

/* Changes a field of a structure. */
void ask_change(void *structure, const struct arena *arena, __u64 *chance);

#endif /* SELFTESTS_MEMTABLE_FUZZ_ASK_H */
