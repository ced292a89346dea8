/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_WAIT_H
#define CORE_LINUX_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>

struct wait_queue_entry {
	struct list_head node;
	int (*wake)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
};

typedef struct {
	spinlock_t lock;
	struct list_head entries;
} wait_queue_head_t;

static inline void init_waitqueue_head(wait_queue_head_t *head)
{
	spin_lock_init(&head->lock);
	INIT_LIST_HEAD(&head->entries);
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry,
					     int (*wake)(struct wait_queue_entry *entry,
							 unsigned int mode, int flags, void *key))
{
	entry->wake = wake;
}

static inline void add_wait_queue(wait_queue_head_t *head, struct wait_queue_entry *entry)
{
	spin_lock(&head->lock);
	list_add(&entry->node, &head->entries);
	spin_unlock(&head->lock);
}

static inline void remove_wait_queue(wait_queue_head_t *head, struct wait_queue_entry *entry)
{
	spin_lock(&head->lock);
	list_del_init(&entry->node);
	spin_unlock(&head->lock);
}

static inline void wake_up_interruptible_poll(wait_queue_head_t *head, unsigned long events)
{
	struct wait_queue_entry *entry;

	spin_lock(&head->lock);
	list_for_each_entry(entry, &head->entries, node)
		entry->wake(entry, 0, 0, (void *)events);
	spin_unlock(&head->lock);
}

#endif /* CORE_LINUX_WAIT_H */
