/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SCHED_H
#define CORE_LINUX_SCHED_H

#include <linux/compiler.h>

struct task_struct;

/* Programs are preempted anyway; but whoever calls this must be ready for it. */
static inline void cond_resched(void)
{
	core_might_sleep();
}

/* The calling task, where it is one of linux/kthread.h; otherwise NULL. */
extern __thread struct task_struct *current;

#endif /* CORE_LINUX_SCHED_H */
