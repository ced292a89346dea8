/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_KREF_H
#define CORE_LINUX_KREF_H

#include <linux/compiler.h>

struct kref {
	unsigned int count;
};

static inline void kref_init(struct kref *ref)
{
	__atomic_store_n(&ref->count, 1, __ATOMIC_RELAXED);
}

static inline unsigned int kref_read(const struct kref *ref)
{
	return __atomic_load_n(&ref->count, __ATOMIC_RELAXED);
}

static inline void kref_get(struct kref *ref)
{
	__atomic_fetch_add(&ref->count, 1, __ATOMIC_RELAXED);
}

static inline bool kref_get_unless_zero(struct kref *ref)
{
	unsigned int count = kref_read(ref);

	while (count) {
		if (__atomic_compare_exchange_n(&ref->count, &count, count + 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static inline void kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (!__atomic_sub_fetch(&ref->count, 1, __ATOMIC_ACQ_REL))
		release(ref);
}

#endif /* CORE_LINUX_KREF_H */
