/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_WORKQUEUE_H
#define CORE_LINUX_WORKQUEUE_H

#include <linux/rcupdate.h>

#define WQ_UNBOUND	0
#define WQ_MEM_RECLAIM	0

struct workqueue_struct;

struct work_struct {
	void (*run)(struct work_struct *work);
};

struct rcu_work {
	struct work_struct work;
	struct rcu_head rcu;
};

#define INIT_RCU_WORK(rcu_work, function)	((rcu_work)->work.run = (function))

static inline struct rcu_work *to_rcu_work(struct work_struct *work)
{
	return container_of(work, struct rcu_work, work);
}

static inline void core_run_work(struct rcu_head *head)
{
	struct work_struct *work = &container_of(head, struct rcu_work, rcu)->work;

	work->run(work);
}

static inline void queue_rcu_work(struct workqueue_struct *queue, struct rcu_work *rcu_work)
{
	(void)queue;
	core_call_rcu(&rcu_work->rcu, core_run_work);
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int active);
void destroy_workqueue(struct workqueue_struct *queue);

#endif /* CORE_LINUX_WORKQUEUE_H */
