/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of a benchmark program share.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VALUE_LENGTH	100
#define BATCH_MAX	256
#define COPIES_SIZE	(64 << 10)

/**
 * struct entry - A key and a value of %VALUE_LENGTH bytes.
 * @key: The key's bytes.
 * @value: The value's bytes.
 * @key_length: Length of the key, in bytes.
 */
struct entry {
	const uint8_t *key;
	const uint8_t *value;
	size_t key_length;
};

/**
 * struct store - A system under test. There is one of it open at a time.
 * @open: Make an empty one, for @count entries; a system that needs files has
 *	@folder for them.
 * @add: Add @count new entries, at most %BATCH_MAX; atomically if the system
 *	can do that.
 * @get: Look up @count keys, at most %BATCH_MAX, and copy the values found to
 *	@values, each to its place. Returns how many were found.
 * @scan: Visit all entries in order: each with take(), or with visit() where
 *	entries have been copied out of the system anyway. Returns how many there
 *	were, and in @sum the sum of what these returned.
 * @memory: Tell how many bytes of memory are taken for entries.
 * @close: Free all of it.
 *
 * Failures end the program. While one thread adds, another one can get.
 */
struct store {
	void (*open)(const char *folder, size_t count);
	void (*add)(const struct entry *entries, size_t count);
	size_t (*get)(const struct entry *entries, size_t count, uint8_t *values);
	size_t (*scan)(bool backward, uint64_t *sum);
	uint64_t (*memory)(void);
	void (*close)(void);
};

/* The one that the program is built with. */
extern const struct store store;

/* Both ends of what an entry consists of are looked at, wherever they are. */
static inline uint64_t visit(const void *key, const void *value)
{
	return ((const uint8_t *)key)[0] + ((const uint8_t *)value)[VALUE_LENGTH - 1];
}

/* Scans are to copy entries out of the system, as a request to a kernel does it. */
extern bool copying;

/* Where they are copied to, one after the other, as a request fills a buffer. */
extern uint8_t copies[COPIES_SIZE];
extern size_t copied;

/* Visit an entry where the system keeps it, or a copy of it. */
static inline uint64_t take(const void *key, size_t key_length, const void *value)
{
	if (copying) {
		if (copied + key_length + VALUE_LENGTH > COPIES_SIZE)
			copied = 0;
		key = memcpy(copies + copied, key, key_length);
		copied += key_length;
		value = memcpy(copies + copied, value, VALUE_LENGTH);
		copied += VALUE_LENGTH;
	}
	return visit(key, value);
}

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Bytes that malloc() has given out, its own headers included. */
uint64_t heap_used(void);

#ifdef __cplusplus
}
#endif

#endif /* BENCH_H */
