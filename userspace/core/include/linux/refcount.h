/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_REFCOUNT_H
#define CORE_LINUX_REFCOUNT_H

#include <linux/compiler.h>

typedef struct {
	unsigned int count;
} refcount_t;

static inline unsigned int refcount_read(const refcount_t *ref)
{
	return __atomic_load_n(&ref->count, __ATOMIC_RELAXED);
}

static inline void refcount_set(refcount_t *ref, unsigned int count)
{
	__atomic_store_n(&ref->count, count, __ATOMIC_RELAXED);
}

static inline bool refcount_inc_not_zero(refcount_t *ref)
{
	unsigned int count = refcount_read(ref);

	while (count) {
		if (__atomic_compare_exchange_n(&ref->count, &count, count + 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* There is one at least. */
static inline void refcount_inc(refcount_t *ref)
{
	core_assert(refcount_inc_not_zero(ref));
}

static inline bool refcount_dec_and_test(refcount_t *ref)
{
	unsigned int count = __atomic_fetch_sub(&ref->count, 1, __ATOMIC_ACQ_REL);

	core_assert(count);
	return count == 1;
}

#endif /* CORE_LINUX_REFCOUNT_H */
