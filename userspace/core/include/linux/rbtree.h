/* SPDX-License-Identifier: GPL-2.0 */
/* A search tree without balance: callers rely on its order only. */
#ifndef CORE_LINUX_RBTREE_H
#define CORE_LINUX_RBTREE_H

#include <linux/compiler.h>

struct rb_node {
	struct rb_node *rb_left, *rb_right, *parent;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT	((struct rb_root){ NULL })

#define rb_entry(node, type, member)	container_of(node, type, member)

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (node->rb_right) {
		for (node = node->rb_right; node->rb_left;)
			node = node->rb_left;
		return (struct rb_node *)node;
	}
	for (parent = node->parent; parent && node == parent->rb_right; parent = node->parent)
		node = parent;
	return (struct rb_node *)parent;
}

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
	struct rb_node **place = &root->rb_node, *parent = NULL;
	int order;

	while (*place) {
		parent = *place;
		order = compare(node, parent);
		if (!order)
			return parent;
		place = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	*node = (struct rb_node){ .parent = parent };
	*place = node;
	return NULL;
}

static inline void core_tree_replace(struct rb_root *root, struct rb_node *old,
				     struct rb_node *node)
{
	struct rb_node *parent = old->parent;

	if (!parent)
		root->rb_node = node;
	else if (parent->rb_left == old)
		parent->rb_left = node;
	else
		parent->rb_right = node;
	if (node)
		node->parent = parent;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *first = node->rb_right;

	if (!first) {
		core_tree_replace(root, node, node->rb_left);
		return;
	}
	/* What is at its left comes to lie below the first one at its right. */
	while (first->rb_left)
		first = first->rb_left;
	first->rb_left = node->rb_left;
	if (first->rb_left)
		first->rb_left->parent = first;
	core_tree_replace(root, node, node->rb_right);
}

#endif /* CORE_LINUX_RBTREE_H */
