/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SEQLOCK_H
#define CORE_LINUX_SEQLOCK_H

#include <sched.h>

#include <linux/mutex.h>

/* As large as the kernel's where it has no lock debugging. */
typedef struct {
	unsigned int sequence;
} seqcount_mutex_t;

#define seqcount_mutex_init(seqcount, mutex)	((void)(mutex), (seqcount)->sequence = 0)

static inline unsigned int read_seqcount_begin(const seqcount_mutex_t *seqcount)
{
	unsigned int sequence;

	while ((sequence = __atomic_load_n(&seqcount->sequence, __ATOMIC_ACQUIRE)) & 1)
		sched_yield();
	return sequence;
}

static inline bool read_seqcount_retry(const seqcount_mutex_t *seqcount, unsigned int begin)
{
	core_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&seqcount->sequence, __ATOMIC_RELAXED) != begin;
}

static inline void write_seqcount_begin(seqcount_mutex_t *seqcount)
{
	__atomic_store_n(&seqcount->sequence, seqcount->sequence + 1, __ATOMIC_RELAXED);
	core_fence(__ATOMIC_RELEASE);
}

static inline void write_seqcount_end(seqcount_mutex_t *seqcount)
{
	__atomic_store_n(&seqcount->sequence, seqcount->sequence + 1, __ATOMIC_RELEASE);
}

#endif /* CORE_LINUX_SEQLOCK_H */
