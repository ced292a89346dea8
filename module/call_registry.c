// SPDX-License-Identifier: GPL-2.0
/*
 * Requests about the registry: PUBLISH, ATTACH, DROP, ROTATE, LIST.
 */
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "call.h"
#include "handle.h"
#include "registry.h"
#include "table.h"

/**
 * mtb_call_in_registry() - Tell whether a request may use the registry.
 * @call: The request.
 *
 * A descriptor that was passed to another user, or made to be passed on, gives
 * access to its table and to nothing else.
 *
 * Return: whether it may.
 */
bool mtb_call_in_registry(const struct mtb_call *call)
{
	return !call->handle->bound && uid_eq(current_euid(), call->user);
}

static int number_in(struct mtb_call *call, u64 *number)
{
	struct memtable_number request;
	int err;

	if (!mtb_call_in_registry(call))
		return -EPERM;
	err = mtb_call_in(call, &request, sizeof(request));
	if (err)
		return err;
	if (request.flags || request.reserved)
		return -EINVAL;
	*number = request.number;
	return 0;
}

int mtb_call_publish(struct mtb_call *call)
{
	struct mtb_table *table;
	u64 number;
	int err;

	err = number_in(call, &number);
	if (err)
		return err;
	table = mtb_handle_table_get(call->handle);
	err = mtb_registry_publish(call->user, number, table);
	mtb_table_put(table);
	return err;
}

int mtb_call_attach(struct mtb_call *call)
{
	struct mtb_table *table;
	u64 number;
	int err;

	err = number_in(call, &number);
	if (err)
		return err;
	table = mtb_registry_find(call->user, number);
	if (!table)
		return -ENOENT;
	mtb_handle_attach(call->handle, table);
	return 0;
}

int mtb_call_drop(struct mtb_call *call)
{
	u64 number;
	int err;

	err = number_in(call, &number);
	return err ?: mtb_registry_drop(call->user, number);
}

int mtb_call_rotate(struct mtb_call *call)
{
	struct mtb_entry *entry;
	u64 number;
	int err;

	err = number_in(call, &number);
	if (err)
		return err;
	entry = mtb_entry_create(call->user, number);
	if (!entry)
		return -ENOMEM;
	err = mtb_handle_rotate(call->handle, entry);
	if (err)
		mtb_entry_free(entry);
	return err;
}

static void list_entry_fill(struct memtable_list_entry *entry, u64 number,
			    struct mtb_table *table)
{
	struct memtable_info info;

	mtb_table_info(table, &info);
	*entry = (struct memtable_list_entry) {
		.number		= number,
		.entries	= info.entries,
		.tombstones	= info.tombstones,
		.logical_bytes	= info.logical_bytes,
		.memory_usage	= info.memory_usage,
		.last_sequence	= info.last_sequence,
		.state		= info.state,
	};
}

/* Copy out the first table at or after *@number; -ENOENT if there is none. */
static int list_next(struct mtb_call *call, u64 *number, void __user *to, size_t size)
{
	struct memtable_list_entry entry;
	struct mtb_table *table;

	table = mtb_registry_next(call->user, number);
	if (!table)
		return -ENOENT;
	list_entry_fill(&entry, *number, table);
	mtb_table_put(table);
	if (copy_to_user(to, &entry, sizeof(entry)) ||
	    clear_user(to + sizeof(entry), size - sizeof(entry)))
		return -EFAULT;
	return 0;
}

/* Far beyond what the structure will ever grow to. */
#define LIST_ENTRY_MAX	4096

int mtb_call_list(struct mtb_call *call)
{
	struct memtable_list list;
	void __user *to;
	u64 number;
	int err;

	if (!mtb_call_in_registry(call))
		return -EPERM;
	err = mtb_call_in(call, &list, sizeof(list));
	if (err)
		return err;
	if (list.flags || list.entry_size < sizeof(struct memtable_list_entry))
		return -EINVAL;
	if (list.entry_size > LIST_ENTRY_MAX)
		return -E2BIG;

	to = u64_to_user_ptr(list.entries);
	number = list.start;
	for (list.count = 0; list.count < list.capacity; list.count++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		err = list_next(call, &number, to, list.entry_size);
		if (err == -ENOENT)
			break;
		if (err)
			return err;
		to += list.entry_size;
		if (number++ == U64_MAX) {
			list.count++;
			break;
		}
	}
	return mtb_call_out(call, &list, sizeof(list));
}
