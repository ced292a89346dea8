// SPDX-License-Identifier: GPL-2.0
/*
 * Requests about the table: INFO, CONFIGURE, SEAL, SHARE, PIVOT, SPLIT.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "handle.h"
#include "registry.h"
#include "split.h"
#include "table.h"

int mtb_call_info(struct mtb_call *call)
{
	struct memtable_info info = {
		.max_request_length	= MEMTABLE_MAX_REQUEST_LENGTH,
		.abi_version		= MEMTABLE_ABI_VERSION,
		.max_key_length		= MEMTABLE_MAX_KEY_LENGTH,
		.max_value_length	= MEMTABLE_MAX_VALUE_LENGTH,
	};

	if (call->size < call->size_first)
		return -EINVAL;
	mtb_table_info(call->table, &info);
	if (call->size > sizeof(info) &&
	    clear_user(call->arg + sizeof(info), call->size - sizeof(info)))
		return -EFAULT;
	return mtb_call_out(call, &info, sizeof(info));
}

int mtb_call_configure(struct mtb_call *call)
{
	struct memtable_configure config;
	int err;

	err = mtb_call_in(call, &config, sizeof(config));
	if (err)
		return err;
	if (config.flags || config.reserved)
		return -EINVAL;
	return mtb_table_configure(call->table, &config);
}

int mtb_call_seal(struct mtb_call *call)
{
	if (call->size || call->arg)
		return -EINVAL;
	return mtb_table_seal(call->table);
}

/**
 * struct offer - A descriptor that is being made.
 * @fd: Its number.
 * @file: Its file.
 */
struct offer {
	int fd;
	struct file *file;
};

/* Takes over the reference to @table, also if it fails. */
static int offer_make(struct offer *offer, struct mtb_table *table, int flags)
{
	int err;

	offer->fd = get_unused_fd_flags(O_CLOEXEC);
	if (offer->fd < 0) {
		mtb_table_put(table);
		return offer->fd;
	}
	offer->file = mtb_handle_file(table, flags);
	if (!IS_ERR(offer->file))
		return 0;
	err = PTR_ERR(offer->file);
	put_unused_fd(offer->fd);
	mtb_table_put(table);
	return err;
}

/* Install the descriptor, or if there was an error let it go. */
static int offer_settle(struct offer *offer, int err)
{
	if (err) {
		put_unused_fd(offer->fd);
		fput(offer->file);
	} else {
		fd_install(offer->fd, offer->file);
	}
	return err;
}

int mtb_call_share(struct mtb_call *call)
{
	struct memtable_share share;
	struct offer offer;
	bool read_only;
	int err;

	err = mtb_call_in(call, &share, sizeof(share));
	if (err)
		return err;
	if (share.flags & ~MEMTABLE_SHARE_READ_ONLY)
		return -EINVAL;
	read_only = share.flags & MEMTABLE_SHARE_READ_ONLY;
	if (!read_only && !(call->mode & FMODE_WRITE))
		return -EBADF;

	err = offer_make(&offer, mtb_handle_table_get(call->handle),
			 read_only ? O_RDONLY : O_RDWR);
	if (err)
		return err;
	share.fd = offer.fd;
	return offer_settle(&offer, mtb_call_out(call, &share, sizeof(share)));
}

int mtb_call_pivot(struct mtb_call *call)
{
	struct memtable_pivot pivot;
	u32 size;
	u8 *key;
	int err;

	err = mtb_call_in(call, &pivot, sizeof(pivot));
	if (err)
		return err;
	if (pivot.flags || pivot.reserved)
		return -EINVAL;

	size = min(pivot.key_size, MEMTABLE_MAX_KEY_LENGTH);
	key = kvmalloc(size + 1, MTB_GFP);
	if (!key)
		return -ENOMEM;
	err = mtb_table_pivot(call->table, key, size, &pivot.key_length);
	if (!err && copy_to_user(u64_to_user_ptr(pivot.key), key, pivot.key_length))
		err = -EFAULT;
	kvfree(key);
	if (err && err != -ERANGE)
		return err;
	return mtb_call_out(call, &pivot, sizeof(pivot)) ?: err;
}

static int split_table(struct mtb_call *call, struct memtable_split *split, const u8 *pivot,
		       struct mtb_entry *entry)
{
	struct mtb_table *right = mtb_table_create(), *table;
	s32 fd = split->fd;
	struct offer offer;
	int err;

	if (!right)
		return -ENOMEM;
	/* Whatever can fail comes before the split, which cannot be undone. */
	err = offer_make(&offer, right, O_RDWR);
	if (err)
		return err;
	split->fd = offer.fd;
	err = mtb_call_out(call, split, sizeof(*split));
	if (!err) {
		table = mtb_handle_table_get(call->handle);
		err = mtb_table_split(table, right, pivot, split->pivot_length, entry);
		mtb_table_put(table);
	}
	if (err) {
		/* Its number may be another descriptor's soon. */
		split->fd = fd;
		mtb_call_out(call, split, sizeof(*split));
	}
	return offer_settle(&offer, err);
}

/* The request proper, with its @pivot, or NULL, in kernel memory. */
static int split_publish(struct mtb_call *call, struct memtable_split *split, const u8 *pivot)
{
	struct mtb_entry *entry;
	int err;

	if (!(split->flags & MEMTABLE_SPLIT_PUBLISH))
		return split_table(call, split, pivot, NULL);
	entry = mtb_entry_create(call->user, split->number);
	if (!entry)
		return -ENOMEM;
	err = split_table(call, split, pivot, entry);
	if (err)
		mtb_entry_free(entry);
	return err;
}

int mtb_call_split(struct mtb_call *call)
{
	struct memtable_split split;
	struct mtb_key_copy pivot;
	bool half, publish;
	int err;

	err = mtb_call_in(call, &split, sizeof(split));
	if (err)
		return err;
	if (split.flags & ~(MEMTABLE_SPLIT_HALF | MEMTABLE_SPLIT_PUBLISH) || split.reserved)
		return -EINVAL;
	half = split.flags & MEMTABLE_SPLIT_HALF;
	publish = split.flags & MEMTABLE_SPLIT_PUBLISH;
	if ((half && (split.pivot || split.pivot_length)) || (!publish && split.number))
		return -EINVAL;
	if (publish && !mtb_call_in_registry(call))
		return -EPERM;
	err = mtb_key_copy_in(&pivot, split.pivot, split.pivot_length);
	if (err)
		return err;
	err = split_publish(call, &split, half ? NULL : pivot.data);
	mtb_key_copy_free(&pivot);
	return err;
}
