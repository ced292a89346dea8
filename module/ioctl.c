// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: finding out what is asked, and user memory in and out.
 *
 * A request's structure is copied in once and checked on that copy. No lock is
 * held while user memory is touched, only a reference to the table's epoch.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "copy.h"
#include "handle.h"
#include "ioctl.h"

/**
 * mtb_call_in() - Copy a request's structure in.
 * @call: The request.
 * @request: Takes the structure; what the caller does not know of it is zero.
 * @size: Its size, in bytes.
 *
 * Return: 0, -EINVAL if it is smaller than in version 1, -E2BIG if it has more
 * than is known here, -EFAULT.
 */
int mtb_call_in(const struct mtb_call *call, void *request, size_t size)
{
	if (call->size < call->size_first)
		return -EINVAL;
	if (call->size == size)
		return mtb_copy_in(request, call->arg, size);
	return copy_struct_from_user(request, size, call->arg, call->size);
}

/**
 * mtb_call_out() - Copy a request's structure out, as far as the caller knows it.
 * @call: The request.
 * @request: The structure.
 * @size: Its size, in bytes.
 *
 * Return: 0 or -EFAULT.
 */
int mtb_call_out(const struct mtb_call *call, const void *request, size_t size)
{
	return mtb_copy_out(call->arg, request, min(size, call->size));
}

/**
 * mtb_key_copy_in() - Copy a key in.
 * @key: Takes the key. It need not be freed after a failure.
 * @address: Where it is in user memory.
 * @length: Its length, in bytes.
 *
 * Return: 0, -EMSGSIZE if it is too long, -ENOMEM, -EFAULT.
 */
int mtb_key_copy_in(struct mtb_key_copy *key, u64 address, u32 length)
{
	key->data = key->inlined;
	if (length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;
	if (length > MTB_KEY_INLINE) {
		key->data = kvmalloc(length, MTB_GFP);
		if (!key->data)
			return -ENOMEM;
	}
	if (!mtb_copy_in(key->data, u64_to_user_ptr(address), length))
		return 0;
	if (key->data != key->inlined)
		kvfree(key->data);
	key->data = key->inlined;
	return -EFAULT;
}

/**
 * mtb_key_copy_free() - Free a key that was copied in.
 * @key: The key.
 */
void mtb_key_copy_free(struct mtb_key_copy *key)
{
	if (key->data != key->inlined)
		kvfree(key->data);
}

/**
 * struct mtb_request - What the device can be asked.
 * @cmd: The request's number.
 * @size_first: Size of its structure in version 1 of the interface, in bytes.
 * @mode: How the device must have been opened.
 * @serve: Serves it.
 */
struct mtb_request {
	unsigned int cmd;
	size_t size_first;
	fmode_t mode;
	int (*serve)(struct mtb_call *call);
};

#define REQUEST(name, size, access, function)	\
	[_IOC_NR(MEMTABLE_IOC_##name)] = { MEMTABLE_IOC_##name, (size), (access), (function) }

static const struct mtb_request requests[] = {
	REQUEST(INFO, 96, 0, mtb_call_info),
	REQUEST(CONFIGURE, 32, FMODE_WRITE, mtb_call_configure),
	REQUEST(ADD, 48, FMODE_WRITE, mtb_call_add),
	REQUEST(GET, 48, FMODE_READ, mtb_call_get),
	REQUEST(WRITE, 32, FMODE_WRITE, mtb_call_write),
	REQUEST(READ, 64, FMODE_READ, mtb_call_read),
	REQUEST(SCAN, 80, FMODE_READ, mtb_call_scan),
	REQUEST(SEAL, 0, FMODE_WRITE, mtb_call_seal),
	REQUEST(PUBLISH, 16, FMODE_WRITE, mtb_call_publish),
	REQUEST(ATTACH, 16, 0, mtb_call_attach),
	REQUEST(LIST, 32, 0, mtb_call_list),
	REQUEST(DROP, 16, FMODE_WRITE, mtb_call_drop),
	REQUEST(ROTATE, 16, FMODE_WRITE, mtb_call_rotate),
	REQUEST(SHARE, 8, FMODE_READ, mtb_call_share),
	REQUEST(PIVOT, 24, FMODE_READ, mtb_call_pivot),
	REQUEST(SPLIT, 32, FMODE_READ | FMODE_WRITE, mtb_call_split),
};

static const struct mtb_request *request_find(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	unsigned int nr = _IOC_NR(cmd);
	const struct mtb_request *request;

	if (nr >= ARRAY_SIZE(requests))
		return NULL;
	request = &requests[array_index_nospec(nr, ARRAY_SIZE(requests))];
	return (cmd ^ request->cmd) & ~size_mask ? NULL : request;
}

/**
 * mtb_ioctl() - Serve a request.
 * @file: The open file.
 * @cmd: The request's number.
 * @arg: Address of the request's structure.
 *
 * Return: what include/uapi/linux/memtable.h says for the request.
 */
long mtb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct mtb_request *request = request_find(cmd);
	struct mtb_call call = {
		.handle	= file->private_data,
		.mode	= file->f_mode,
		.user	= file->f_cred->euid,
		.arg	= (void __user *)arg,
		.size	= _IOC_SIZE(cmd),
	};
	struct mtb_epoch *epoch;
	long ret;

	if (!request)
		return -ENOTTY;
	if ((file->f_mode & request->mode) != request->mode)
		return -EBADF;
	call.size_first = request->size_first;
	epoch = mtb_handle_enter(call.handle);
	call.table = epoch->table;
	ret = request->serve(&call);
	mtb_epoch_put(epoch);
	return ret;
}
