// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: user memory in, the table's answer out.
 *
 * A request's structure is copied in once and checked on that copy. No lock is
 * held while user memory is touched, only a reference to the table.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "batch.h"
#include "handle.h"
#include "ioctl.h"
#include "registry.h"
#include "scan.h"
#include "stream.h"

/**
 * struct call - A request in progress.
 * @handle: The open file.
 * @user: Who opened it.
 * @table: The table that it had when the request came in.
 * @arg: The request's structure, in user memory.
 * @size: Its size as the caller knows it, in bytes.
 */
struct call {
	struct mtb_handle *handle;
	kuid_t user;
	struct mtb_table *table;
	void __user *arg;
	size_t size;
};

static int call_in(const struct call *call, void *request, size_t size)
{
	if (call->size < size)
		return -EINVAL;
	return copy_struct_from_user(request, size, call->arg, call->size);
}

static int call_out(const struct call *call, const void *request, size_t size)
{
	return copy_to_user(call->arg, request, size) ? -EFAULT : 0;
}

/* Keys up to this length need no allocation. */
#define KEY_INLINE	128

/**
 * struct key_copy - A key copied in from user memory.
 * @data: Its bytes.
 * @inlined: Where they are if they are few.
 */
struct key_copy {
	u8 *data;
	u8 inlined[KEY_INLINE];
};

static int key_copy_in(struct key_copy *key, u64 address, u32 length)
{
	key->data = key->inlined;
	if (length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;
	if (length > KEY_INLINE) {
		key->data = kvmalloc(length, GFP_KERNEL_ACCOUNT);
		if (!key->data)
			return -ENOMEM;
	}
	if (!copy_from_user(key->data, u64_to_user_ptr(address), length))
		return 0;
	if (key->data != key->inlined)
		kvfree(key->data);
	key->data = key->inlined;
	return -EFAULT;
}

static void key_copy_free(struct key_copy *key)
{
	if (key->data != key->inlined)
		kvfree(key->data);
}

static int call_info(struct call *call)
{
	struct memtable_info info = {
		.max_request_length	= MEMTABLE_MAX_REQUEST_LENGTH,
		.abi_version		= MEMTABLE_ABI_VERSION,
		.max_key_length		= MEMTABLE_MAX_KEY_LENGTH,
		.max_value_length	= MEMTABLE_MAX_VALUE_LENGTH,
	};

	if (call->size < sizeof(info))
		return -EINVAL;
	mtb_table_info(call->table, &info);
	if (clear_user(call->arg + sizeof(info), call->size - sizeof(info)))
		return -EFAULT;
	return call_out(call, &info, sizeof(info));
}

static int call_configure(struct call *call)
{
	struct memtable_configure config;
	int err;

	err = call_in(call, &config, sizeof(config));
	if (err)
		return err;
	if (config.flags || config.reserved)
		return -EINVAL;
	return mtb_table_configure(call->table, &config);
}

/* The entry that a request to add describes, as a record. */
static struct mtb_record *add_record(const struct memtable_add *add)
{
	const struct memtable_record header = {
		.tag		= mtb_tag(add->sequence, add->type),
		.key_length	= add->key_length,
		.value_length	= add->value_length,
	};
	struct mtb_record *record;
	int err;

	if (add->flags || add->type > U8_MAX || add->sequence > MEMTABLE_MAX_SEQUENCE)
		return ERR_PTR(-EINVAL);
	err = mtb_stream_check(&header);
	if (err)
		return ERR_PTR(err);

	record = mtb_record_alloc(add->key_length, add->value_length);
	if (!record)
		return ERR_PTR(-ENOMEM);
	record->tag = header.tag;
	if (copy_from_user(record->data, u64_to_user_ptr(add->key), add->key_length) ||
	    copy_from_user(record->data + add->key_length, u64_to_user_ptr(add->value),
			   add->value_length)) {
		mtb_record_free(record);
		return ERR_PTR(-EFAULT);
	}
	return record;
}

static int call_add(struct call *call)
{
	struct mtb_record *record;
	struct memtable_add add;
	struct mtb_batch batch;
	int err;

	err = call_in(call, &add, sizeof(add));
	if (err)
		return err;
	record = add_record(&add);
	if (IS_ERR(record))
		return PTR_ERR(record);

	mtb_batch_init(&batch);
	/* Cannot fail: a batch has room for one. */
	err = mtb_batch_add(&batch, record);
	/* Learn now, while there is nothing to undo, that it is read-only. */
	if (!err)
		err = call_out(call, &add, sizeof(add));
	if (!err)
		err = mtb_table_write(call->table, &batch, &add.sequence);
	mtb_batch_destroy(&batch);
	return err ?: call_out(call, &add, sizeof(add));
}

static int call_get(struct call *call)
{
	struct mtb_record *record;
	struct memtable_get get;
	struct key_copy key;
	struct mtb_view view;
	int err;

	err = call_in(call, &get, sizeof(get));
	if (err)
		return err;
	if (get.flags || get.snapshot > MEMTABLE_MAX_SEQUENCE)
		return -EINVAL;
	err = key_copy_in(&key, get.key, get.key_length);
	if (err)
		return err;
	mtb_table_view(call->table, get.snapshot, &view);
	record = mtb_table_lookup(call->table, &view, key.data, get.key_length);
	key_copy_free(&key);

	get.tag = record ? record->tag : 0;
	get.value_length = record ? record->value_length : 0;
	if (!record || mtb_tag_type(record->tag) == MEMTABLE_TYPE_DELETION)
		err = -ENOENT;
	else if (record->value_length > get.value_size)
		err = -ERANGE;
	else if (copy_to_user(u64_to_user_ptr(get.value), mtb_record_value(record),
			      record->value_length))
		return -EFAULT;
	return call_out(call, &get, sizeof(get)) ?: err;
}

static int call_write(struct call *call)
{
	struct memtable_write write;
	struct mtb_batch batch;
	struct iov_iter from;
	int err;

	err = call_in(call, &write, sizeof(write));
	if (err)
		return err;
	if (write.flags)
		return -EINVAL;
	if (write.length > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EMSGSIZE;

	mtb_batch_init(&batch);
	iov_iter_ubuf(&from, ITER_SOURCE, u64_to_user_ptr(write.records), write.length);
	err = mtb_stream_read(&from, &batch);
	/* As for call_add(). */
	if (!err)
		err = call_out(call, &write, sizeof(write));
	write.count = batch.count;
	if (!err)
		err = mtb_table_write(call->table, &batch, &write.last_sequence);
	mtb_batch_destroy(&batch);
	return err ?: call_out(call, &write, sizeof(write));
}

/**
 * struct lookup - A key to read and its answer.
 * @key: The key's bytes.
 * @key_length: Length of the key, in bytes.
 * @record: The entry that answers, or NULL.
 */
struct lookup {
	const u8 *key;
	u32 key_length;
	const struct mtb_record *record;
};

/* Walk the keys of a stream of @length bytes; with @lookups, note them. */
static ssize_t read_keys(const u8 *stream, size_t length, struct lookup *lookups)
{
	struct memtable_record header;
	size_t position = 0, size;
	ssize_t count = 0;

	while (position < length) {
		if (length - position < sizeof(header))
			return -EINVAL;
		memcpy(&header, stream + position, sizeof(header));
		if (header.tag || header.value_length)
			return -EINVAL;
		if (header.key_length > MEMTABLE_MAX_KEY_LENGTH)
			return -EMSGSIZE;
		size = mtb_wire_length(header.key_length, 0);
		if (length - position < size)
			return -EINVAL;
		if (lookups) {
			lookups[count].key = stream + position + sizeof(header);
			lookups[count].key_length = header.key_length;
		}
		count++;
		position += size;
		cond_resched();
	}
	return count;
}

/* Look the keys up, and sum up what the answers will be. */
static int read_lookups(struct call *call, const struct mtb_view *view, struct lookup *lookups,
			struct memtable_read *read)
{
	const struct mtb_record *record;
	u32 i;

	read->records_length = 0;
	read->found = 0;
	for (i = 0; i < read->count; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		record = mtb_table_lookup(call->table, view, lookups[i].key,
					  lookups[i].key_length);
		lookups[i].record = record;
		read->records_length += mtb_wire_length(lookups[i].key_length,
							record ? record->value_length : 0);
		if (record && mtb_tag_type(record->tag) == MEMTABLE_TYPE_VALUE)
			read->found++;
	}
	return 0;
}

static int read_answer(struct mtb_sink *sink, const struct lookup *lookup)
{
	const struct mtb_record *record = lookup->record;
	const struct memtable_record header = {
		.tag		= record ? record->tag : mtb_tag(0, MEMTABLE_TYPE_ABSENT),
		.key_length	= lookup->key_length,
		.value_length	= record ? record->value_length : 0,
	};

	return mtb_sink_put(sink, &header, lookup->key, record ? mtb_record_value(record) : NULL,
			    0, mtb_wire_length(header.key_length, header.value_length));
}

static int read_answers(const struct memtable_read *read, const struct lookup *lookups)
{
	struct mtb_sink sink;
	struct iov_iter to;
	size_t i;
	int err;

	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(read->records), read->records_length);
	err = mtb_sink_init(&sink, &to);
	for (i = 0; !err && i < read->count; i++) {
		err = read_answer(&sink, &lookups[i]);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	if (!err)
		err = mtb_sink_flush(&sink);
	mtb_sink_destroy(&sink);
	return err;
}

/* The request proper, with its @keys in kernel memory. */
static int read_table(struct call *call, struct memtable_read *read, const u8 *keys)
{
	struct lookup *lookups;
	struct mtb_view view;
	ssize_t count;
	int err;

	count = read_keys(keys, read->keys_length, NULL);
	if (count < 0)
		return count;
	lookups = kvmalloc_array(count, sizeof(*lookups), GFP_KERNEL_ACCOUNT);
	if (!lookups)
		return -ENOMEM;
	read_keys(keys, read->keys_length, lookups);

	mtb_table_view(call->table, read->snapshot, &view);
	read->count = count;
	read->snapshot = view.snapshot;
	err = read_lookups(call, &view, lookups, read);
	if (!err && read->records_length > read->records_size)
		err = -ERANGE;
	if (!err && read->records_length > MAX_RW_COUNT)
		err = -EMSGSIZE;
	if (!err)
		err = read_answers(read, lookups);
	kvfree(lookups);
	return err;
}

static int call_read(struct call *call)
{
	struct memtable_read read;
	u8 *keys = NULL;
	int err;

	err = call_in(call, &read, sizeof(read));
	if (err)
		return err;
	if (read.flags || read.reserved || read.snapshot > MEMTABLE_MAX_SEQUENCE)
		return -EINVAL;
	if (read.keys_length > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EMSGSIZE;

	if (read.keys_length) {
		keys = kvmalloc(read.keys_length, GFP_KERNEL_ACCOUNT);
		if (!keys)
			return -ENOMEM;
		if (copy_from_user(keys, u64_to_user_ptr(read.keys), read.keys_length))
			err = -EFAULT;
	}
	if (!err)
		err = read_table(call, &read, keys);
	kvfree(keys);
	if (err && err != -ERANGE)
		return err;
	return call_out(call, &read, sizeof(read)) ?: err;
}

#define SCAN_FLAGS	(MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_START | \
			 MEMTABLE_SCAN_START_EXCLUSIVE | MEMTABLE_SCAN_END | \
			 MEMTABLE_SCAN_END_EXCLUSIVE | MEMTABLE_SCAN_KEYS_ONLY | \
			 MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES)

static int scan_check(const struct memtable_scan *scan)
{
	u32 flags = scan->flags;

	if (flags & ~SCAN_FLAGS || scan->snapshot > MEMTABLE_MAX_SEQUENCE)
		return -EINVAL;
	if (!(flags & MEMTABLE_SCAN_START) &&
	    (flags & MEMTABLE_SCAN_START_EXCLUSIVE || scan->start_key || scan->start_length))
		return -EINVAL;
	if (!(flags & MEMTABLE_SCAN_END) &&
	    (flags & MEMTABLE_SCAN_END_EXCLUSIVE || scan->end_key || scan->end_length))
		return -EINVAL;
	if (scan->start_sequence &&
	    (!(flags & MEMTABLE_SCAN_START) || !(flags & MEMTABLE_SCAN_ALL_VERSIONS) ||
	     scan->start_sequence > MEMTABLE_MAX_SEQUENCE))
		return -EINVAL;
	return 0;
}

/* Copy records out until the range, the buffer or the limit ends. */
static int scan_records(struct memtable_scan *scan, struct mtb_scan *walk, struct mtb_sink *sink)
{
	bool keys_only = scan->flags & MEMTABLE_SCAN_KEYS_ONLY;
	u64 room = min_t(u64, scan->records_size, MAX_RW_COUNT);
	struct memtable_record header;
	struct mtb_record *record;
	size_t length;
	int err;

	while ((record = mtb_scan_next(walk))) {
		header.tag = record->tag;
		header.key_length = record->key_length;
		header.value_length = keys_only ? 0 : record->value_length;
		length = mtb_wire_length(header.key_length, header.value_length);
		if (length > room - scan->records_length) {
			if (scan->count)
				return mtb_sink_flush(sink);
			scan->records_length = length;
			return -ERANGE;
		}
		err = mtb_sink_put(sink, &header, record->data, mtb_record_value(record), 0,
				   length);
		if (err)
			return err;
		scan->records_length += length;
		if (++scan->count == scan->limit || scan->count == U32_MAX)
			return mtb_sink_flush(sink);
	}
	if (walk->interrupted)
		return -EINTR;
	scan->result |= MEMTABLE_SCAN_DONE;
	return mtb_sink_flush(sink);
}

/* The request proper, with its bounds in kernel memory. */
static int scan_table(struct call *call, struct memtable_scan *scan,
		      const struct mtb_bound *start, const struct mtb_bound *end)
{
	struct mtb_scan *walk = kmalloc(sizeof(*walk), GFP_KERNEL_ACCOUNT);
	struct mtb_sink sink;
	struct mtb_view view;
	struct iov_iter to;
	int err;

	if (!walk)
		return -ENOMEM;
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(scan->records),
		      min_t(u64, scan->records_size, MAX_RW_COUNT));
	err = mtb_sink_init(&sink, &to);
	if (!err) {
		mtb_table_view(call->table, scan->snapshot, &view);
		scan->snapshot = view.snapshot;
		scan->records_length = 0;
		scan->count = 0;
		scan->result = 0;
		mtb_scan_start(walk, call->table, &view, scan->flags, start, end);
		err = scan_records(scan, walk, &sink);
		mtb_sink_destroy(&sink);
	}
	kfree(walk);
	return err;
}

static int call_scan(struct call *call)
{
	struct memtable_scan scan;
	struct mtb_bound start, end;
	struct key_copy start_key, end_key;
	int err;

	err = call_in(call, &scan, sizeof(scan));
	if (err)
		return err;
	err = scan_check(&scan);
	if (err)
		return err;
	err = key_copy_in(&start_key, scan.start_key, scan.start_length);
	if (err)
		return err;
	err = key_copy_in(&end_key, scan.end_key, scan.end_length);
	if (err)
		goto free_start;

	start.data = start_key.data;
	start.length = scan.start_length;
	start.sequence = scan.start_sequence;
	start.exclusive = scan.flags & MEMTABLE_SCAN_START_EXCLUSIVE;
	end.data = end_key.data;
	end.length = scan.end_length;
	end.sequence = 0;
	end.exclusive = scan.flags & MEMTABLE_SCAN_END_EXCLUSIVE;
	err = scan_table(call, &scan, scan.flags & MEMTABLE_SCAN_START ? &start : NULL,
			 scan.flags & MEMTABLE_SCAN_END ? &end : NULL);
	key_copy_free(&end_key);
free_start:
	key_copy_free(&start_key);
	if (err && err != -ERANGE)
		return err;
	return call_out(call, &scan, sizeof(scan)) ?: err;
}

static int call_seal(struct call *call)
{
	if (call->size || call->arg)
		return -EINVAL;
	return mtb_table_seal(call->table);
}

static int number_in(struct call *call, u64 *number)
{
	struct memtable_number request;
	int err;

	err = call_in(call, &request, sizeof(request));
	if (err)
		return err;
	if (request.flags || request.reserved)
		return -EINVAL;
	*number = request.number;
	return 0;
}

static int call_publish(struct call *call)
{
	u64 number;
	int err;

	err = number_in(call, &number);
	return err ?: mtb_registry_publish(call->user, number, call->table);
}

static int call_attach(struct call *call)
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

static int call_drop(struct call *call)
{
	u64 number;
	int err;

	err = number_in(call, &number);
	return err ?: mtb_registry_drop(call->user, number);
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
static int list_next(struct call *call, u64 *number, void __user *to, size_t size)
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

static int call_list(struct call *call)
{
	struct memtable_list list;
	void __user *to;
	u64 number;
	int err;

	err = call_in(call, &list, sizeof(list));
	if (err)
		return err;
	if (list.flags || list.entry_size < sizeof(struct memtable_list_entry))
		return -EINVAL;
	if (list.entry_size > PAGE_SIZE)
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
	return call_out(call, &list, sizeof(list));
}

/**
 * struct request - What the device can be asked.
 * @cmd: The request's number, with the size of its structure's first version.
 * @mode: How the device must have been opened.
 * @serve: Serves it.
 */
struct request {
	unsigned int cmd;
	fmode_t mode;
	int (*serve)(struct call *call);
};

#define REQUEST(name, access, function)	\
	[_IOC_NR(MEMTABLE_IOC_##name)] = { MEMTABLE_IOC_##name, (access), (function) }

static const struct request requests[] = {
	REQUEST(INFO, 0, call_info),
	REQUEST(CONFIGURE, FMODE_WRITE, call_configure),
	REQUEST(ADD, FMODE_WRITE, call_add),
	REQUEST(GET, FMODE_READ, call_get),
	REQUEST(WRITE, FMODE_WRITE, call_write),
	REQUEST(READ, FMODE_READ, call_read),
	REQUEST(SCAN, FMODE_READ, call_scan),
	REQUEST(SEAL, FMODE_WRITE, call_seal),
	REQUEST(PUBLISH, FMODE_WRITE, call_publish),
	REQUEST(ATTACH, 0, call_attach),
	REQUEST(LIST, 0, call_list),
	REQUEST(DROP, FMODE_WRITE, call_drop),
};

static const struct request *request_find(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	unsigned int nr = _IOC_NR(cmd);
	const struct request *request;

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
	const struct request *request = request_find(cmd);
	struct call call = {
		.handle	= file->private_data,
		.user	= file->f_cred->euid,
		.arg	= (void __user *)arg,
		.size	= _IOC_SIZE(cmd),
	};
	long ret;

	if (!request)
		return -ENOTTY;
	if ((file->f_mode & request->mode) != request->mode)
		return -EBADF;
	call.table = mtb_handle_table(call.handle);
	ret = request->serve(&call);
	mtb_table_put(call.table);
	return ret;
}
