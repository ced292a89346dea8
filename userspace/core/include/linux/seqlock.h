/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SEQLOCK_H
#define CORE_LINUX_SEQLOCK_H

#include <sched.h>

#include <linux/mutex.h>

/* As large as the kernel's where it has no lock debugging. */
typedef struct {
	unsigned int sequence;
} seqcount_t;

static inline void seqcount_init(seqcount_t *seqcount)
{
	seqcount->sequence = 0;
}

static inline unsigned int read_seqcount_begin(const seqcount_t *seqcount)
{
	unsigned int sequence;

	while ((sequence = smp_load_acquire(&seqcount->sequence)) & 1)
		sched_yield();
	return sequence;
}

static inline bool read_seqcount_retry(const seqcount_t *seqcount, unsigned int begin)
{
	smp_rmb();
	return READ_ONCE(seqcount->sequence) != begin;
}

static inline void write_seqcount_begin(seqcount_t *seqcount)
{
	WRITE_ONCE(seqcount->sequence, seqcount->sequence + 1);
	smp_wmb();
}

static inline void write_seqcount_end(seqcount_t *seqcount)
{
	smp_store_release(&seqcount->sequence, seqcount->sequence + 1);
}

#endif /* CORE_LINUX_SEQLOCK_H */
