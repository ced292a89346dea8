/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_KREF_H
#define CORE_LINUX_KREF_H

#include <linux/refcount.h>

struct kref {
	refcount_t refs;
};

static inline void kref_init(struct kref *ref)
{
	refcount_set(&ref->refs, 1);
}

static inline unsigned int kref_read(const struct kref *ref)
{
	return refcount_read(&ref->refs);
}

static inline void kref_get(struct kref *ref)
{
	refcount_inc(&ref->refs);
}

static inline bool kref_get_unless_zero(struct kref *ref)
{
	return refcount_inc_not_zero(&ref->refs);
}

static inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (!refcount_dec_and_test(&ref->refs))
		return 0;
	release(ref);
	return 1;
}

#endif /* CORE_LINUX_KREF_H */
