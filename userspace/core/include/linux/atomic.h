/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_ATOMIC_H
#define CORE_LINUX_ATOMIC_H

#include <linux/compiler.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC_INIT(value)	{ (value) }
#define ATOMIC64_INIT(value)	{ (value) }

static inline int atomic_read(const atomic_t *atomic)
{
	return __atomic_load_n(&atomic->counter, __ATOMIC_RELAXED);
}

static inline void atomic_inc(atomic_t *atomic)
{
	__atomic_fetch_add(&atomic->counter, 1, __ATOMIC_RELAXED);
}

static inline bool atomic_dec_and_test(atomic_t *atomic)
{
	return !__atomic_sub_fetch(&atomic->counter, 1, __ATOMIC_SEQ_CST);
}

static inline s64 atomic64_read(const atomic64_t *atomic)
{
	return READ_ONCE(atomic->counter);
}

static inline s64 atomic64_read_acquire(const atomic64_t *atomic)
{
	return __atomic_load_n(&atomic->counter, __ATOMIC_ACQUIRE);
}

static inline void atomic64_set(atomic64_t *atomic, s64 value)
{
	WRITE_ONCE(atomic->counter, value);
}

static inline void atomic64_set_release(atomic64_t *atomic, s64 value)
{
	__atomic_store_n(&atomic->counter, value, __ATOMIC_RELEASE);
}

static inline void atomic64_add(s64 value, atomic64_t *atomic)
{
	__atomic_fetch_add(&atomic->counter, value, __ATOMIC_RELAXED);
}

static inline void atomic64_sub(s64 value, atomic64_t *atomic)
{
	atomic64_add(-value, atomic);
}

static inline void atomic64_dec(atomic64_t *atomic)
{
	atomic64_add(-1, atomic);
}

static inline s64 atomic64_add_return(s64 value, atomic64_t *atomic)
{
	return __atomic_add_fetch(&atomic->counter, value, __ATOMIC_SEQ_CST);
}

static inline s64 atomic64_inc_return(atomic64_t *atomic)
{
	return atomic64_add_return(1, atomic);
}

#endif /* CORE_LINUX_ATOMIC_H */
