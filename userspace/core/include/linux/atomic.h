/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_ATOMIC_H
#define CORE_LINUX_ATOMIC_H

#include <linux/compiler.h>

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC64_INIT(value)	{ (value) }

static inline s64 atomic64_read(const atomic64_t *atomic)
{
	return __atomic_load_n(&atomic->counter, __ATOMIC_RELAXED);
}

static inline s64 atomic64_read_acquire(const atomic64_t *atomic)
{
	return __atomic_load_n(&atomic->counter, __ATOMIC_ACQUIRE);
}

static inline void atomic64_set(atomic64_t *atomic, s64 value)
{
	__atomic_store_n(&atomic->counter, value, __ATOMIC_RELAXED);
}

static inline void atomic64_set_release(atomic64_t *atomic, s64 value)
{
	__atomic_store_n(&atomic->counter, value, __ATOMIC_RELEASE);
}

static inline void atomic64_add(s64 value, atomic64_t *atomic)
{
	__atomic_fetch_add(&atomic->counter, value, __ATOMIC_RELAXED);
}

static inline s64 atomic64_inc_return(atomic64_t *atomic)
{
	return __atomic_add_fetch(&atomic->counter, 1, __ATOMIC_SEQ_CST);
}

#endif /* CORE_LINUX_ATOMIC_H */
