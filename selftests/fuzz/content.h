/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - keys and values that tell whether they are what they were
 *
 * A key or value begins with a mark of eight hexadecimal digits. What follows
 * depends on the mark, on the whole length, and for a value on its key. So one
 * that is cut, mixed with others, under another's key or of memory that nobody
 * wrote to is not valid. All bytes are hexadecimal digits, which no pattern of
 * memory that is free or new is made of.
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_CONTENT_H
#define SELFTESTS_MEMTABLE_FUZZ_CONTENT_H

#include "../common.h"

/* What @salt is for keys; for a value see content_salt(). */
#define CONTENT_KEY 0

void content_fill(void *to, size_t length, __u32 mark, __u64 salt);
bool content_valid(const void *from, size_t length, __u64 salt);

/* The salt of a key's values. */
__u64 content_salt(const void *key, size_t length);

/* Is some of @data what memory is filled with that is free or new? */
bool content_poisoned(const void *data, size_t length);

#endif /* SELFTESTS_MEMTABLE_FUZZ_CONTENT_H */
