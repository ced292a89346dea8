/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As in userspace/core, but that readers only count how deep they are.
 */
#ifndef BENCH_LINUX_RCUPDATE_H
#define BENCH_LINUX_RCUPDATE_H

#include_next <linux/rcupdate.h>

#define rcu_read_lock()		core_atomic_begin()
#define rcu_read_unlock()	core_atomic_end()

#endif /* BENCH_LINUX_RCUPDATE_H */
