/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SCHED_SIGNAL_H
#define CORE_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#include "core.h"

static inline bool fatal_signal_pending(struct task_struct *task)
{
	(void)task;
	return core_signal_pending();
}

#endif /* CORE_LINUX_SCHED_SIGNAL_H */
