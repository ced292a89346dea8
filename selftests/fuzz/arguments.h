/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - what requests are made with
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_ARGUMENTS_H
#define SELFTESTS_MEMTABLE_FUZZ_ARGUMENTS_H

#include "caller.h"

/* Makes a key, which is short in most cases. Returns its length. */
__u32 key_make(struct caller *caller, void *key);

/* A key where the kernel is to read it. */
void *key_place(struct caller *caller, enum area area, __u32 *length);

__u32 value_length(struct caller *caller);

/* A value where the kernel is to read it. @huge is to be unmapped if it is not NULL. */
void *value_place(struct caller *caller, __u32 length, __u64 salt, void **huge);

size_t output_size(struct caller *caller);

/* Where the kernel is to write, @size bytes and a margin if there is room. */
unsigned char *output_place(struct caller *caller, size_t size);

/* Behind the first @length bytes of the output nothing has been written. */
void output_check(const struct caller *caller, const unsigned char *output,
		  size_t size, size_t length);

/* A record stream, in the caller's memory: what a well-formed batch is. */
void stream_make(struct caller *caller);

/* The stream where the kernel is to read it, not what it was for the hostile. */
void *stream_place(struct caller *caller, bool *changed);

#endif /* SELFTESTS_MEMTABLE_FUZZ_ARGUMENTS_H */
