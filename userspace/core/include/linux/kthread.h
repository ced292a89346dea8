/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_KTHREAD_H
#define CORE_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

#define kthread_run(function, data, ...)	core_thread_run(function, data)

struct task_struct *core_thread_run(int (*function)(void *), void *data);
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);

#endif /* CORE_LINUX_KTHREAD_H */
