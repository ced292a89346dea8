/* SPDX-License-Identifier: GPL-2.0 */
/* A search tree without balance: callers rely on its order only. */
#ifndef CORE_LINUX_RBTREE_H
#define CORE_LINUX_RBTREE_H

#include <linux/compiler.h>

struct rb_node {
	struct rb_node *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT	((struct rb_root){ NULL })

#define rb_entry(node, type, member)	container_of(node, type, member)

static inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
				      int (*compare)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->rb_node;
	int order;

	while (node && (order = compare(key, node)))
		node = order < 0 ? node->rb_left : node->rb_right;
	return node;
}

static inline struct rb_node *rb_find_add(struct rb_node *node, struct rb_root *root,
					  int (*compare)(struct rb_node *node,
							 const struct rb_node *other))
{
	struct rb_node **place = &root->rb_node;
	int order;

	while (*place) {
		order = compare(node, *place);
		if (!order)
			return *place;
		place = order < 0 ? &(*place)->rb_left : &(*place)->rb_right;
	}
	node->rb_left = NULL;
	node->rb_right = NULL;
	*place = node;
	return NULL;
}

/* The nodes at the left of @node come to lie below the first at its right. */
static inline void core_tree_erase(struct rb_node **place, struct rb_node *node)
{
	struct rb_node **first = &node->rb_right;

	while (*place != node)
		place = core_tree_step(place, node);
	while (*first)
		first = &(*first)->rb_left;
	*first = node->rb_left;
	*place = node->rb_right;
}

#endif /* CORE_LINUX_RBTREE_H */
