/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - chance: all of it comes from a seed
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_CHANCE_H
#define SELFTESTS_MEMTABLE_FUZZ_CHANCE_H

#include "../common.h"

/* A seed for the @index-th of those who share @seed (splitmix64's steps). */
static inline __u64 seed_mix(__u64 seed, __u64 index)
{
	__u64 mixed = seed + (index + 1) * 0x9e3779b97f4a7c15ULL;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
	mixed ^= mixed >> 31;
	return mixed ? mixed : 1;
}

/* A number below @limit, which is not zero. */
static inline __u32 chance_below(__u64 *chance, __u32 limit)
{
	return (random_next(chance) >> 32) * limit >> 32;
}

/* True once in @times; never if that is zero. */
static inline bool chance_one_in(__u64 *chance, __u32 times)
{
	return times && !chance_below(chance, times);
}

#define chance_of(chance, array) \
	((array)[chance_below((chance), ARRAY_SIZE(array))])

#endif /* SELFTESTS_MEMTABLE_FUZZ_CHANCE_H */
