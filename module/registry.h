/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registry: tables that live without an open file, by user and number.
 */
#ifndef MTB_REGISTRY_H
#define MTB_REGISTRY_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct mtb_entry;
struct mtb_owner;
struct mtb_table;

struct mtb_entry *mtb_entry_create(kuid_t user, u64 number);
void mtb_entry_free(struct mtb_entry *entry);
int mtb_registry_reserve(struct mtb_entry *entry, struct mtb_table *table,
			 const struct mtb_owner *from, u64 moving, u64 more);
void mtb_registry_reveal(struct mtb_table *table);
int mtb_registry_enter(struct mtb_entry *entry, struct mtb_table *table);
int mtb_registry_rotate(struct mtb_entry *entry, struct mtb_table *table,
			struct mtb_table *next);
int mtb_registry_publish(kuid_t user, u64 number, struct mtb_table *table);
int mtb_registry_drop(kuid_t user, u64 number);
struct mtb_table *mtb_registry_find(kuid_t user, u64 number);
struct mtb_table *mtb_registry_next(kuid_t user, u64 *number);

#endif /* MTB_REGISTRY_H */
