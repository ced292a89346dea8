/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: open files of the device.
 */
#ifndef MTB_HANDLE_H
#define MTB_HANDLE_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "write.h"

struct mtb_entry;

/**
 * struct mtb_position - How far read(2) has come.
 * @table_id: The table that it reads, zero before the first read.
 * @snapshot: The sequence number at which it reads.
 * @key: The key of the record that it is at, or NULL at the beginning.
 * @key_length: Length of that key, in bytes.
 * @sequence: That record's sequence number.
 * @past: The record has been read.
 * @partial: Bytes of it that have been read if some are left to read.
 */
struct mtb_position {
	u64 table_id;
	u64 snapshot;
	u8 *key;
	u32 key_length;
	u64 sequence;
	bool past;
	size_t partial;
};

/**
 * struct mtb_handle - An open file.
 * @table: Its table; the handle holds a reference. Read under RCU, replaced
 *	under @table_lock.
 * @bound: It speaks for its table only, not for a user's registry. Fixed.
 * @table_lock: Covers changes of @table and of where @watcher is.
 * @watcher: Has pollers of this file woken. It lives here since pollers stay
 *	on the wait queue for as long as the file is open, whatever the table.
 * @position_lock: Covers @position. Held across user copies, so nothing but
 *	read(2) and lseek(2) on this file may wait for it.
 * @position: How far read(2) has come.
 */
struct mtb_handle {
	struct mtb_table __rcu *table;
	bool bound;
	struct mutex table_lock;	/* changes of table */
	struct mtb_watcher watcher;
	struct mutex position_lock;	/* position */
	struct mtb_position position;
};

extern const struct file_operations mtb_file_operations;

struct file *mtb_handle_file(struct mtb_table *table, int flags);
struct mtb_epoch *mtb_handle_enter(struct mtb_handle *handle);
struct mtb_table *mtb_handle_table_get(struct mtb_handle *handle);
void mtb_handle_attach(struct mtb_handle *handle, struct mtb_table *table);
int mtb_handle_rotate(struct mtb_handle *handle, struct mtb_entry *entry);
int mtb_handle_write(struct mtb_handle *handle, struct mtb_table *table, struct mtb_batch *batch,
		     struct mtb_condition *condition, u64 *last_sequence);

#endif /* MTB_HANDLE_H */
