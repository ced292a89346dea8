/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workloads: what is done to a store, and timed.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <time.h>

#include "keys.h"

/**
 * struct bench - What workloads work with.
 * @kind: Kind of the keys.
 * @folder: For systems that need files.
 * @count: Entries that the store is to have.
 * @least: Operations that are to be timed at least; smaller stores are filled,
 *	or gone through, more than once.
 * @keys: The entries of the store, in the order of their addition.
 * @open: The store is open.
 * @freed: Nanoseconds that freeing it took, so far.
 * @frees: How often it was freed.
 */
struct bench {
	const char *kind;
	const char *folder;
	size_t count;
	size_t least;
	struct keys keys;
	bool open;
	uint64_t freed;
	size_t frees;
};

/**
 * struct result - What a workload took.
 * @ops: Operations; those of the reader where there is a writer too.
 * @ns: How long they took, in nanoseconds.
 * @bytes: Memory taken for the entries, or zero.
 * @alone: Nanoseconds that an operation of the reader takes without a writer.
 * @writer: Nanoseconds that an operation of the writer takes.
 * @percentiles: Half, 99% and 99.9% of the reader's operations take at most
 *	so many nanoseconds.
 */
struct result {
	uint64_t ops;
	uint64_t ns;
	uint64_t bytes;
	double alone;
	double writer;
	uint32_t percentiles[3];
};

/**
 * struct workload - A workload.
 * @name: Its name.
 * @run: Run it with so many entries at a time.
 */
struct workload {
	const char *name;
	void (*run)(struct bench *bench, size_t batch, struct result *result);
};

extern const struct workload workloads[];

/* Add all keys to the open store, so many at a time. */
void workload_add(const struct keys *keys, size_t batch);

/* The clock that times loops: of the thread, unless others work for it too. */
extern clockid_t workload_clock;

#endif /* WORKLOAD_H */
