/* SPDX-License-Identifier: GPL-2.0 */
/* Work is done at once, by whoever queues it. */
#ifndef CORE_LINUX_WORKQUEUE_H
#define CORE_LINUX_WORKQUEUE_H

#include <linux/compiler.h>

#define WQ_UNBOUND	0

struct workqueue_struct;

struct work_struct {
	void (*run)(struct work_struct *work);
};

struct rcu_work {
	struct work_struct work;
};

#define INIT_RCU_WORK(rcu_work, function)	((rcu_work)->work.run = (function))

static inline struct rcu_work *to_rcu_work(struct work_struct *work)
{
	return container_of(work, struct rcu_work, work);
}

static inline void queue_rcu_work(struct workqueue_struct *queue, struct rcu_work *rcu_work)
{
	(void)queue;
	rcu_work->work.run(&rcu_work->work);
}

static inline void rcu_barrier(void)
{
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int active);
void destroy_workqueue(struct workqueue_struct *queue);

#endif /* CORE_LINUX_WORKQUEUE_H */
