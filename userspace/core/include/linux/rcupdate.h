/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_RCUPDATE_H
#define CORE_LINUX_RCUPDATE_H

#include <linux/compiler.h>

#define __rcu

struct rcu_head {
	struct rcu_head *next;
	void (*run)(struct rcu_head *head);
	void *object;
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
void synchronize_rcu(void);

/* Have @head run after a grace period, by a thread that may sleep. */
void core_call_rcu(struct rcu_head *head, void (*run)(struct rcu_head *head));
void core_free_rcu(struct rcu_head *head, void *object);

#define kfree_rcu(pointer, head)	core_free_rcu(&(pointer)->head, pointer)

#define rcu_dereference(pointer)			smp_load_acquire(&(pointer))
#define rcu_dereference_protected(pointer, condition)	((void)(condition), (pointer))
#define rcu_assign_pointer(pointer, value)		smp_store_release(&(pointer), value)
#define RCU_INIT_POINTER(pointer, value)		WRITE_ONCE(pointer, value)

#endif /* CORE_LINUX_RCUPDATE_H */
