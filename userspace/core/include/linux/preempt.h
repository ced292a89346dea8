/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_PREEMPT_H
#define CORE_LINUX_PREEMPT_H

#include "core.h"

static inline void preempt_disable(void)
{
	core_atomic_begin();
}

static inline void preempt_enable(void)
{
	core_atomic_end();
}

#endif /* CORE_LINUX_PREEMPT_H */
