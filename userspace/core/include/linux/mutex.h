/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MUTEX_H
#define CORE_LINUX_MUTEX_H

#include <errno.h>
#include <pthread.h>

#include <linux/sched/signal.h>

struct mutex {
	pthread_mutex_t lock;
	bool held;
	pthread_t holder;
};

static inline void mutex_init(struct mutex *mutex)
{
	pthread_mutex_init(&mutex->lock, NULL);
	mutex->held = false;
}

static inline void mutex_destroy(struct mutex *mutex)
{
	core_assert(!mutex->held);
	pthread_mutex_destroy(&mutex->lock);
}

static inline void mutex_lock(struct mutex *mutex)
{
	core_might_sleep();
	pthread_mutex_lock(&mutex->lock);
	mutex->held = true;
	mutex->holder = pthread_self();
}

static inline int mutex_lock_killable(struct mutex *mutex)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	mutex_lock(mutex);
	return 0;
}

static inline void mutex_unlock(struct mutex *mutex)
{
	mutex->held = false;
	pthread_mutex_unlock(&mutex->lock);
}

/* Only the holder can be sure of the answer. */
#define lockdep_is_held(mutex) \
	((mutex)->held && pthread_equal((mutex)->holder, pthread_self()))

#define lockdep_assert_held(mutex)	core_assert(lockdep_is_held(mutex))

#endif /* CORE_LINUX_MUTEX_H */
