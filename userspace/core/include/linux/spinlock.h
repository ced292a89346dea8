/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SPINLOCK_H
#define CORE_LINUX_SPINLOCK_H

#include <pthread.h>

typedef struct {
	pthread_mutex_t lock;
} spinlock_t;

#define DEFINE_SPINLOCK(name)	spinlock_t name = { PTHREAD_MUTEX_INITIALIZER }

static inline void spin_lock_init(spinlock_t *spinlock)
{
	pthread_mutex_init(&spinlock->lock, NULL);
}

static inline void spin_lock(spinlock_t *spinlock)
{
	pthread_mutex_lock(&spinlock->lock);
}

static inline void spin_unlock(spinlock_t *spinlock)
{
	pthread_mutex_unlock(&spinlock->lock);
}

#endif /* CORE_LINUX_SPINLOCK_H */
