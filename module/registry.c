// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: an ordered map from (user, file number) to table, and what
 * each user has in it.
 *
 * Every entry holds a reference to its table, and one to the module, for a
 * published table needs the module as much as an open file does.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "owner.h"
#include "registry.h"
#include "table.h"

/* Root can set these at any time. */
static unsigned int user_tables = 4096;
module_param(user_tables, uint, 0644);
MODULE_PARM_DESC(user_tables, "Most tables that a user can have published");

static unsigned long long user_bytes;
module_param(user_bytes, ullong, 0644);
MODULE_PARM_DESC(user_bytes, "Most bytes in a user's published tables, 0 for half the memory");

/**
 * struct mtb_entry - A published table, or one about to be.
 * @node: In the tree.
 * @user: Whose number.
 * @number: The file number.
 * @table: The table, or NULL while it is being made and not to be found.
 * @spare: The owner that it takes if its user has none yet, or NULL.
 */
struct mtb_entry {
	struct rb_node node;
	kuid_t user;
	u64 number;
	struct mtb_table *table;
	struct mtb_owner *spare;
};

/* Covers the tree, the owners, and who owns how many; nothing sleeps under it. */
static DEFINE_SPINLOCK(registry_lock);
static struct rb_root registry = RB_ROOT;
static LIST_HEAD(owners);

struct place {
	kuid_t user;
	u64 number;
};

static int place_compare(const void *key, const struct rb_node *node)
{
	const struct mtb_entry *entry = rb_entry(node, struct mtb_entry, node);
	const struct place *place = key;

	if (!uid_eq(place->user, entry->user))
		return uid_lt(place->user, entry->user) ? -1 : 1;
	if (place->number != entry->number)
		return place->number < entry->number ? -1 : 1;
	return 0;
}

static int entry_compare(struct rb_node *node, const struct rb_node *other)
{
	const struct mtb_entry *entry = rb_entry(node, struct mtb_entry, node);
	const struct place place = { entry->user, entry->number };

	return place_compare(&place, other);
}

/**
 * mtb_entry_create() - Prepare to publish a table.
 * @user: Whose number.
 * @number: The file number.
 *
 * Return: an entry, or NULL if there is no memory.
 */
struct mtb_entry *mtb_entry_create(kuid_t user, u64 number)
{
	struct mtb_entry *entry = kzalloc(sizeof(*entry), MTB_GFP);
	struct mtb_owner *owner = kzalloc(sizeof(*owner), MTB_GFP);

	if (!entry || !owner) {
		kfree(owner);
		kfree(entry);
		return NULL;
	}
	owner->user = user;
	owner->max_bytes = READ_ONCE(user_bytes) ?: (u64)totalram_pages() * PAGE_SIZE / 2;
	entry->user = user;
	entry->number = number;
	entry->spare = owner;
	return entry;
}

/**
 * mtb_entry_free() - Free an entry that is not in the registry.
 * @entry: The entry.
 */
void mtb_entry_free(struct mtb_entry *entry)
{
	kfree(entry->spare);
	kfree(entry);
}

/* Under the registry's lock: the owner of the entry's user, one table more. */
static struct mtb_owner *owner_join(struct mtb_entry *entry)
{
	struct mtb_owner *owner;

	list_for_each_entry(owner, &owners, node) {
		if (uid_eq(owner->user, entry->user)) {
			owner->tables++;
			return owner;
		}
	}
	owner = entry->spare;
	entry->spare = NULL;
	owner->tables = 1;
	list_add(&owner->node, &owners);
	return owner;
}

/* Under the registry's lock: one table less. Returns the owner if it was the last. */
static struct mtb_owner *owner_leave(struct mtb_owner *owner)
{
	if (--owner->tables)
		return NULL;
	list_del(&owner->node);
	return owner;
}

/* Under the registry's lock: all that can refuse an entry, then put it in. */
static int entry_insert(struct mtb_entry *entry, struct mtb_owner *owner, u64 bytes)
{
	int err;

	if (owner->tables > READ_ONCE(user_tables))
		return -EDQUOT;
	err = mtb_owner_charge(owner, bytes);
	if (err)
		return err;
	if (rb_find_add(&entry->node, &registry, entry_compare)) {
		mtb_owner_uncharge(owner, bytes);
		return -EEXIST;
	}
	return 0;
}

/**
 * mtb_registry_reserve() - Put a table into the registry, not to be found yet.
 * @entry: The entry; it is the registry's on success.
 * @table: The table, which nobody else knows yet; the registry takes a reference.
 * @from: Who is charged already for what will move to the table, or NULL.
 * @moving: How much that is at most, in bytes.
 * @more: What the table will take beside it at most, in bytes.
 *
 * Charged are both, to @from only @more. Once the table has what it is to have,
 * mtb_registry_reveal() must follow.
 *
 * Context: in a file operation, which holds the module.
 * Return: 0, -EEXIST if the number is taken, -EDQUOT if the user has too much.
 */
int mtb_registry_reserve(struct mtb_entry *entry, struct mtb_table *table,
			 const struct mtb_owner *from, u64 moving, u64 more)
{
	struct mtb_owner *owner;
	int err;

	spin_lock(&registry_lock);
	owner = owner_join(entry);
	err = entry_insert(entry, owner, owner == from ? more : moving + more);
	if (!err) {
		table->owner = owner;
		table->entry = entry;
		mtb_table_get(table);
		__module_get(THIS_MODULE);
	} else if (owner_leave(owner)) {
		entry->spare = owner;
	}
	spin_unlock(&registry_lock);
	return err;
}

/**
 * mtb_registry_reveal() - Let a table be found.
 * @table: A table that mtb_registry_reserve() has put into the registry.
 */
void mtb_registry_reveal(struct mtb_table *table)
{
	spin_lock(&registry_lock);
	table->entry->table = table;
	spin_unlock(&registry_lock);
}

/**
 * mtb_registry_enter() - Put a table into the registry.
 * @entry: The entry; it is the registry's on success.
 * @table: The table, whose lock is held; the registry takes a reference.
 *
 * Context: in a file operation, which holds the module.
 * Return: 0, -EEXIST if the number is taken, -EBUSY if the table is published
 * already, -EDQUOT if the user has too much.
 */
int mtb_registry_enter(struct mtb_entry *entry, struct mtb_table *table)
{
	lockdep_assert_held(&table->lock);

	if (table->owner)
		return -EBUSY;
	entry->table = table;
	return mtb_registry_reserve(entry, table, NULL, 0, atomic64_read(&table->memory_usage));
}

/**
 * mtb_registry_rotate() - Put a table into the registry, and another in its place.
 * @entry: The entry for the table; it is the registry's on success.
 * @table: The table, whose lock is held. If it is published already, it moves
 *	to @entry, and the entry that it had is for @next.
 * @next: The other table, which nobody else knows yet.
 *
 * Context: in a file operation, which holds the module.
 * Return: as mtb_registry_enter(); -EBUSY if another user published the table,
 * or it is just being dropped.
 */
int mtb_registry_rotate(struct mtb_entry *entry, struct mtb_table *table,
			struct mtb_table *next)
{
	struct mtb_owner *owner = table->owner;
	u64 bytes = atomic64_read(&next->memory_usage);
	struct mtb_entry *old;
	int err = -EBUSY;

	lockdep_assert_held(&table->lock);

	if (!owner)
		return mtb_registry_enter(entry, table);
	entry->table = table;

	spin_lock(&registry_lock);
	old = table->entry;
	if (old && uid_eq(old->user, entry->user)) {
		owner->tables++;
		err = entry_insert(entry, owner, bytes);
		if (err)
			owner->tables--;
	}
	if (!err) {
		/* The reference that was the old entry's is the new one's. */
		table->entry = entry;
		old->table = next;
		next->entry = old;
		next->owner = owner;
		mtb_table_get(next);
		__module_get(THIS_MODULE);
	}
	spin_unlock(&registry_lock);
	return err;
}

/**
 * mtb_registry_publish() - Keep a table under a number.
 * @user: Whose number.
 * @number: The file number.
 * @table: A table that the caller has a reference to; the registry takes one of
 *	its own.
 *
 * Context: in a file operation, which holds the module.
 * Return: as mtb_registry_enter(), or -ENOMEM, -EINTR.
 */
int mtb_registry_publish(kuid_t user, u64 number, struct mtb_table *table)
{
	struct mtb_entry *entry = mtb_entry_create(user, number);
	int err = -EINTR;

	if (!entry)
		return -ENOMEM;
	if (!mutex_lock_killable(&table->lock)) {
		err = mtb_registry_enter(entry, table);
		mutex_unlock(&table->lock);
	}
	if (err)
		mtb_entry_free(entry);
	return err;
}

/* The entry is out of the tree: take the charge back, and the owner away. */
static void entry_retire(struct mtb_entry *entry)
{
	struct mtb_table *table = entry->table;
	struct mtb_owner *owner;

	mutex_lock(&table->lock);
	owner = table->owner;
	table->owner = NULL;
	mtb_owner_uncharge(owner, atomic64_read(&table->memory_usage));
	mutex_unlock(&table->lock);

	spin_lock(&registry_lock);
	owner = owner_leave(owner);
	spin_unlock(&registry_lock);

	kfree(owner);
	mtb_table_put(table);
	module_put(THIS_MODULE);
	mtb_entry_free(entry);
}

/* Under the registry's lock: the entry of a table that is to be found, or NULL. */
static struct mtb_entry *entry_find(kuid_t user, u64 number)
{
	const struct place place = { user, number };
	struct rb_node *node = rb_find(&place, &registry, place_compare);
	struct mtb_entry *entry = node ? rb_entry(node, struct mtb_entry, node) : NULL;

	return entry && entry->table ? entry : NULL;
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
	struct mtb_entry *entry;

	spin_lock(&registry_lock);
	entry = entry_find(user, number);
	if (entry) {
		rb_erase(&entry->node, &registry);
		/* From here on no rotation changes the entry. */
		entry->table->entry = NULL;
	}
	spin_unlock(&registry_lock);
	if (!entry)
		return -ENOENT;
	entry_retire(entry);
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
	struct mtb_table *table = NULL;
	struct mtb_entry *entry;

	spin_lock(&registry_lock);
	entry = entry_find(user, number);
	if (entry) {
		table = entry->table;
		mtb_table_get(table);
	}
	spin_unlock(&registry_lock);
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
	struct mtb_entry *entry = NULL;
	struct rb_node *node;

	spin_lock(&registry_lock);
	for (node = registry.rb_node; node;) {
		if (place_compare(&place, node) <= 0) {
			entry = rb_entry(node, struct mtb_entry, node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	while (entry && !entry->table) {
		node = rb_next(&entry->node);
		entry = node ? rb_entry(node, struct mtb_entry, node) : NULL;
	}
	if (entry && uid_eq(entry->user, user)) {
		*number = entry->number;
		table = entry->table;
		mtb_table_get(table);
	}
	spin_unlock(&registry_lock);
	return table;
}
