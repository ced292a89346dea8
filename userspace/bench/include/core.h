/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is behind the headers of userspace/core here: no checks, and the same
 * few instructions that a kernel takes where it has no debugging either.
 */
#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>

#define core_assert(condition)	((void)(condition))

/* A kernel counts, for each processor or task, how deep it is in such sections. */
extern __thread unsigned int core_depth;

static inline void core_atomic_begin(void)
{
	core_depth++;
	__asm__ volatile("" : : : "memory");
}

static inline void core_atomic_end(void)
{
	__asm__ volatile("" : : : "memory");
	core_depth--;
}

static inline void core_might_sleep(void)
{
}

/* A kernel looks at a flag of the task. Nobody sets this one. */
extern bool core_signal;

static inline bool core_signal_pending(void)
{
	return __atomic_load_n(&core_signal, __ATOMIC_RELAXED);
}

#endif /* CORE_H */
