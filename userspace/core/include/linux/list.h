/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_LIST_H
#define CORE_LINUX_LIST_H

#include <linux/compiler.h>

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline void list_add(struct list_head *node, struct list_head *list)
{
	node->next = list->next;
	node->prev = list;
	list->next->prev = node;
	list->next = node;
}

static inline void list_del(struct list_head *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	INIT_LIST_HEAD(node);
}

#define list_for_each_entry(entry, list, member)					\
	for ((entry) = container_of((list)->next, __typeof__(*(entry)), member);	\
	     &(entry)->member != (list);						\
	     (entry) = container_of((entry)->member.next, __typeof__(*(entry)), member))

#endif /* CORE_LINUX_LIST_H */
