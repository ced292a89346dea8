/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners: users with published tables, and the memory that these take.
 */
#ifndef MTB_OWNER_H
#define MTB_OWNER_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * struct mtb_owner - A user with published tables.
 * @node: In the registry's list, under its lock.
 * @user: Who it is.
 * @tables: How many tables; the last one takes the owner along. Under the
 *	registry's lock.
 * @bytes: Memory usage of these tables.
 * @max_bytes: What @bytes may not pass, or zero. Fixed.
 */
struct mtb_owner {
	struct list_head node;
	kuid_t user;
	unsigned int tables;
	atomic64_t bytes;
	u64 max_bytes;
};

/**
 * mtb_owner_charge() - Charge memory to an owner, unless it would be too much.
 * @owner: The owner, or NULL for none.
 * @bytes: How much.
 *
 * Return: 0 or -EDQUOT.
 */
static inline int mtb_owner_charge(struct mtb_owner *owner, u64 bytes)
{
	if (!owner)
		return 0;
	if (atomic64_add_return(bytes, &owner->bytes) > owner->max_bytes && owner->max_bytes) {
		atomic64_sub(bytes, &owner->bytes);
		return -EDQUOT;
	}
	return 0;
}

/**
 * mtb_owner_uncharge() - Take a charge back.
 * @owner: The owner, or NULL for none.
 * @bytes: How much.
 */
static inline void mtb_owner_uncharge(struct mtb_owner *owner, u64 bytes)
{
	if (owner)
		atomic64_sub(bytes, &owner->bytes);
}

#endif /* MTB_OWNER_H */
