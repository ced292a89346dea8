// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: an ordered map from (user, file number) to table.
 *
 * Every entry holds a reference to its table, and one to the module, for a
 * published table needs the module as much as an open file does.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "registry.h"
#include "table.h"

struct entry {
	struct rb_node node;
	kuid_t user;
	u64 number;
	struct mtb_table *table;
};

/* Covers the tree and the entries in it; nothing under it sleeps. */
static DEFINE_SPINLOCK(registry_lock);
static struct rb_root registry = RB_ROOT;

struct place {
	kuid_t user;
	u64 number;
};

static int place_compare(const void *key, const struct rb_node *node)
{
	const struct entry *entry = rb_entry(node, struct entry, node);
	const struct place *place = key;

	if (!uid_eq(place->user, entry->user))
		return uid_lt(place->user, entry->user) ? -1 : 1;
	if (place->number != entry->number)
		return place->number < entry->number ? -1 : 1;
	return 0;
}

static int entry_compare(struct rb_node *node, const struct rb_node *other)
{
	const struct entry *entry = rb_entry(node, struct entry, node);
	const struct place place = { entry->user, entry->number };

	return place_compare(&place, other);
}

/**
 * mtb_registry_publish() - Keep a table under a number.
 * @user: Whose number.
 * @number: The file number.
 * @table: The table; the registry takes a reference of its own.
 *
 * Context: in a file operation, which holds the module.
 * Return: 0, -EEXIST if the number is taken, -ENOMEM.
 */
int mtb_registry_publish(kuid_t user, u64 number, struct mtb_table *table)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	struct rb_node *taken;

	if (!entry)
		return -ENOMEM;
	entry->user = user;
	entry->number = number;
	entry->table = table;
	kref_get(&table->ref);
	__module_get(THIS_MODULE);

	spin_lock(&registry_lock);
	taken = rb_find_add(&entry->node, &registry, entry_compare);
	spin_unlock(&registry_lock);
	if (!taken)
		return 0;

	module_put(THIS_MODULE);
	mtb_table_put(table);
	kfree(entry);
	return -EEXIST;
}

/**
 * mtb_registry_drop() - Take a table out of the registry.
 * @user: Whose number.
 * @number: The file number.
 *
 * Context: in a file operation, which holds the module.
 * Return: 0, or -ENOENT if there is no such number.
 */
int mtb_registry_drop(kuid_t user, u64 number)
{
	const struct place place = { user, number };
	struct rb_node *node;
	struct entry *entry;

	spin_lock(&registry_lock);
	node = rb_find(&place, &registry, place_compare);
	if (node)
		rb_erase(node, &registry);
	spin_unlock(&registry_lock);
	if (!node)
		return -ENOENT;

	entry = rb_entry(node, struct entry, node);
	mtb_table_put(entry->table);
	module_put(THIS_MODULE);
	kfree(entry);
	return 0;
}

/**
 * mtb_registry_find() - Find a table by its number.
 * @user: Whose number.
 * @number: The file number.
 *
 * Return: the table, with a reference for the caller, or NULL.
 */
struct mtb_table *mtb_registry_find(kuid_t user, u64 number)
{
	u64 found = number;
	struct mtb_table *table = mtb_registry_next(user, &found);

	if (table && found != number) {
		mtb_table_put(table);
		table = NULL;
	}
	return table;
}

/**
 * mtb_registry_next() - Find a user's first table at or after a number.
 * @user: Whose numbers.
 * @number: The number to start at; takes the number found.
 *
 * Return: the table, with a reference for the caller, or NULL.
 */
struct mtb_table *mtb_registry_next(kuid_t user, u64 *number)
{
	const struct place place = { user, *number };
	struct mtb_table *table = NULL;
	struct entry *entry = NULL;
	struct rb_node *node;

	spin_lock(&registry_lock);
	for (node = registry.rb_node; node;) {
		if (place_compare(&place, node) <= 0) {
			entry = rb_entry(node, struct entry, node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	if (entry && uid_eq(entry->user, user)) {
		*number = entry->number;
		table = entry->table;
		kref_get(&table->ref);
	}
	spin_unlock(&registry_lock);
	return table;
}
