/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls: requests in progress, shared by the files that serve them.
 */
#ifndef MTB_CALL_H
#define MTB_CALL_H

#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct mtb_handle;
struct mtb_table;

/**
 * struct mtb_call - A request in progress.
 * @handle: The open file.
 * @mode: How it was opened.
 * @user: Who opened it.
 * @table: The table that it had when the request came in. It can be read and
 *	written; but it may have no users any more, so who splits or publishes
 *	a table takes a reference to the one that the handle has then.
 * @arg: The request's structure, in user memory.
 * @size: Its size as the caller knows it, in bytes.
 * @size_first: Its size in version 1 of the interface, in bytes.
 */
struct mtb_call {
	struct mtb_handle *handle;
	fmode_t mode;
	kuid_t user;
	struct mtb_table *table;
	void __user *arg;
	size_t size;
	size_t size_first;
};

/* Keys up to this length need no allocation. */
#define MTB_KEY_INLINE	128

/**
 * struct mtb_key_copy - A key copied in from user memory.
 * @data: Its bytes.
 * @inlined: Where they are if they are few.
 */
struct mtb_key_copy {
	u8 *data;
	u8 inlined[MTB_KEY_INLINE];
};

int mtb_call_in(const struct mtb_call *call, void *request, size_t size);
int mtb_call_out(const struct mtb_call *call, const void *request, size_t size);
int mtb_key_copy_in(struct mtb_key_copy *key, u64 address, u32 length);
void mtb_key_copy_free(struct mtb_key_copy *key);

/* Entries. */
int mtb_call_add(struct mtb_call *call);
int mtb_call_get(struct mtb_call *call);
int mtb_call_write(struct mtb_call *call);
int mtb_call_read(struct mtb_call *call);
int mtb_call_scan(struct mtb_call *call);

/* The table. */
int mtb_call_info(struct mtb_call *call);
int mtb_call_configure(struct mtb_call *call);
int mtb_call_seal(struct mtb_call *call);
int mtb_call_share(struct mtb_call *call);
int mtb_call_pivot(struct mtb_call *call);
int mtb_call_split(struct mtb_call *call);

/* The registry. */
bool mtb_call_in_registry(const struct mtb_call *call);
int mtb_call_publish(struct mtb_call *call);
int mtb_call_attach(struct mtb_call *call);
int mtb_call_list(struct mtb_call *call);
int mtb_call_drop(struct mtb_call *call);
int mtb_call_rotate(struct mtb_call *call);

#endif /* MTB_CALL_H */
