/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of keys.
 */
#ifndef KEYS_H
#define KEYS_H

#include "bench.h"

/**
 * struct keys - Entries with different keys, and values, that lie in memory in
 *	the order of their use, so that reading them costs little.
 * @entries: The entries.
 * @count: How many there are.
 * @bytes: Where their keys are.
 */
struct keys {
	struct entry *entries;
	size_t count;
	uint8_t *bytes;
};

void keys_make(struct keys *keys, const char *kind, size_t count);
void keys_copy(struct keys *copy, const struct keys *keys, size_t first, size_t count);
void keys_shuffled(struct keys *copy, const struct keys *keys, uint64_t seed);
void keys_sorted(struct keys *copy, const struct keys *keys);
void keys_make_absent(struct keys *keys, const char *kind);
void keys_free(struct keys *keys);

#endif /* KEYS_H */
