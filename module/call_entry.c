// SPDX-License-Identifier: GPL-2.0
/*
 * Requests about entries: ADD, GET, WRITE, READ, SCAN.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "batch.h"
#include "call.h"
#include "compat.h"
#include "copy.h"
#include "handle.h"
#include "scan.h"
#include "stream.h"
#include "write.h"

static bool snapshot_valid(u64 snapshot)
{
	return snapshot <= MEMTABLE_MAX_SEQUENCE || snapshot == MEMTABLE_SNAPSHOT_EMPTY;
}

/* The snapshot of a view, for the caller to come back with. */
static u64 snapshot_out(const struct mtb_view *view)
{
	return view->snapshot ?: MEMTABLE_SNAPSHOT_EMPTY;
}

/* The entry that a request to add describes, as a record. */
static struct mtb_record *add_record(const struct memtable_add *add, enum mtb_trailer trailer)
{
	const struct memtable_record header = {
		.tag		= mtb_tag(add->sequence, add->type),
		.key_length	= add->key_length,
		.value_length	= add->value_length,
	};
	struct mtb_record *record;
	int err;

	if (add->type > U8_MAX || add->sequence > MEMTABLE_MAX_SEQUENCE)
		return ERR_PTR(-EINVAL);
	err = mtb_stream_check(&header);
	if (err)
		return ERR_PTR(err);

	record = mtb_record_alloc(add->key_length, add->value_length, trailer);
	if (!record)
		return ERR_PTR(-ENOMEM);
	record->tag = header.tag;
	if (mtb_copy_in(record->data, u64_to_user_ptr(add->key), add->key_length) ||
	    mtb_copy_in(record->data + add->key_length, u64_to_user_ptr(add->value),
			add->value_length)) {
		mtb_record_free(record);
		return ERR_PTR(-EFAULT);
	}
	return record;
}

static int add_check(const struct memtable_add *add)
{
	switch (add->flags) {
	case 0:
	case MEMTABLE_ADD_IF_ABSENT:
		return add->expected ? -EINVAL : 0;
	case MEMTABLE_ADD_IF_SEQUENCE:
		return add->expected > MEMTABLE_MAX_SEQUENCE ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int mtb_call_add(struct mtb_call *call)
{
	struct mtb_condition condition;
	struct mtb_record *record;
	struct memtable_add add __uninitialized;
	struct mtb_batch batch __uninitialized;
	u64 sequence;
	int err;

	err = mtb_call_in(call, &add, sizeof(add));
	if (err)
		return err;
	err = add_check(&add);
	if (err)
		return err;
	mtb_batch_init(&batch, mtb_table_trailer(call->table));
	record = add_record(&add, batch.trailer);
	if (IS_ERR(record))
		return PTR_ERR(record);

	condition.flags = add.flags;
	condition.sequence = add.expected;
	/* Cannot fail: a batch has room for one. */
	err = mtb_batch_add(&batch, record);
	/* Learn now, while there is nothing to undo, that it is read-only. */
	if (!err)
		err = mtb_call_out(call, &add, sizeof(add));
	if (!err)
		err = mtb_handle_write(call->handle, call->table, &batch, &condition, &sequence);
	mtb_batch_destroy(&batch);
	if (err && condition.sequence == add.expected)
		return err;
	if (!err)
		add.sequence = sequence;
	add.expected = condition.sequence;
	return mtb_call_out(call, &add, sizeof(add)) ?: err;
}

int mtb_call_get(struct mtb_call *call)
{
	struct mtb_lookup lookup;
	struct memtable_get get __uninitialized;
	struct mtb_view view;
	struct mtb_key_copy key __uninitialized;
	int err;

	err = mtb_call_in(call, &get, sizeof(get));
	if (err)
		return err;
	if (get.flags || !snapshot_valid(get.snapshot))
		return -EINVAL;
	err = mtb_key_copy_in(&key, get.key, get.key_length);
	if (err)
		return err;
	lookup.key = key.data;
	lookup.key_length = get.key_length;
	err = mtb_view_lookup(&view, call->table, get.snapshot, &lookup, 1);
	mtb_key_copy_free(&key);
	if (err)
		return err;

	get.tag = lookup.record ? lookup.record->tag : 0;
	get.value_length = lookup.record ? mtb_record_value_length(lookup.record) : 0;
	if (!lookup.record || mtb_tag_type(get.tag) == MEMTABLE_TYPE_DELETION)
		err = -ENOENT;
	else if (get.value_length > get.value_size)
		err = -ERANGE;
	else
		err = mtb_copy_out(u64_to_user_ptr(get.value), mtb_record_value(lookup.record),
				   get.value_length);
	mtb_lookup_put(&lookup, 1);
	if (err == -EFAULT)
		return err;
	return mtb_call_out(call, &get, sizeof(get)) ?: err;
}

int mtb_call_write(struct mtb_call *call)
{
	struct memtable_write write;
	struct mtb_batch batch __uninitialized;
	struct iov_iter from;
	int err;

	err = mtb_call_in(call, &write, sizeof(write));
	if (err)
		return err;
	if (write.flags)
		return -EINVAL;
	if (write.length > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EMSGSIZE;

	mtb_batch_init(&batch, mtb_table_trailer(call->table));
	iov_iter_ubuf(&from, ITER_SOURCE, u64_to_user_ptr(write.records), write.length);
	err = mtb_stream_read(&from, &batch);
	/* As for mtb_call_add(). */
	if (!err)
		err = mtb_call_out(call, &write, sizeof(write));
	write.count = batch.count;
	if (!err)
		err = mtb_handle_write(call->handle, call->table, &batch, NULL,
				       &write.last_sequence);
	mtb_batch_destroy(&batch);
	return err ?: mtb_call_out(call, &write, sizeof(write));
}

/* Walk the keys of a stream of @length bytes; with @lookups, note them. */
static ssize_t read_keys(const u8 *stream, size_t length, struct mtb_lookup *lookups)
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

/* Sum up what the answers will be. */
static void read_measure(struct memtable_read *read, const struct mtb_lookup *lookups)
{
	const struct mtb_record *record;
	u32 value_length, i;

	read->records_length = 0;
	read->found = 0;
	for (i = 0; i < read->count; i++) {
		record = lookups[i].record;
		value_length = record ? mtb_record_value_length(record) : 0;
		read->records_length += mtb_wire_length(lookups[i].key_length, value_length);
		if (record && mtb_tag_type(record->tag) == MEMTABLE_TYPE_VALUE)
			read->found++;
		cond_resched();
	}
}

static int read_answer(struct mtb_sink *sink, const struct mtb_lookup *lookup)
{
	const struct mtb_record *record = lookup->record;
	const struct memtable_record header = {
		.tag		= record ? record->tag : mtb_tag(0, MEMTABLE_TYPE_ABSENT),
		.key_length	= lookup->key_length,
		.value_length	= record ? mtb_record_value_length(record) : 0,
	};

	return mtb_sink_put(sink, &header, lookup->key, record ? mtb_record_value(record) : NULL,
			    0, mtb_wire_length(header.key_length, header.value_length));
}

static int read_answers(const struct memtable_read *read, const struct mtb_lookup *lookups)
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
static int read_table(struct mtb_call *call, struct memtable_read *read, const u8 *keys)
{
	struct mtb_lookup *lookups;
	struct mtb_view view;
	ssize_t count;
	int err;

	count = read_keys(keys, read->keys_length, NULL);
	if (count < 0)
		return count;
	lookups = kvmalloc_array(count, sizeof(*lookups), MTB_GFP);
	if (!lookups)
		return -ENOMEM;
	read_keys(keys, read->keys_length, lookups);

	err = mtb_view_lookup(&view, call->table, read->snapshot, lookups, count);
	if (err)
		goto free;
	read->count = count;
	read->snapshot = snapshot_out(&view);
	read_measure(read, lookups);
	if (read->records_length > read->records_size)
		err = -ERANGE;
	else if (read->records_length > MAX_RW_COUNT)
		err = -EMSGSIZE;
	else
		err = read_answers(read, lookups);
	mtb_lookup_put(lookups, count);
free:
	kvfree(lookups);
	return err;
}

int mtb_call_read(struct mtb_call *call)
{
	struct memtable_read read;
	u8 *keys = NULL;
	int err;

	err = mtb_call_in(call, &read, sizeof(read));
	if (err)
		return err;
	if (read.flags || read.reserved || !snapshot_valid(read.snapshot))
		return -EINVAL;
	if (read.keys_length > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EMSGSIZE;

	if (read.keys_length) {
		keys = kvmalloc(read.keys_length, MTB_GFP);
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
	return mtb_call_out(call, &read, sizeof(read)) ?: err;
}

#define SCAN_FLAGS	(MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_START | \
			 MEMTABLE_SCAN_START_EXCLUSIVE | MEMTABLE_SCAN_END | \
			 MEMTABLE_SCAN_END_EXCLUSIVE | MEMTABLE_SCAN_KEYS_ONLY | \
			 MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES)

static int scan_check(const struct memtable_scan *scan)
{
	u32 flags = scan->flags;

	if (flags & ~SCAN_FLAGS || !snapshot_valid(scan->snapshot))
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
		mtb_record_header(record, &header);
		if (keys_only)
			header.value_length = 0;
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
	err = mtb_scan_error(walk);
	if (err == -EINTR || (err && !scan->count))
		return err;
	if (!err)
		scan->result |= MEMTABLE_SCAN_DONE;
	return mtb_sink_flush(sink);
}

static int scan_once(struct mtb_call *call, struct memtable_scan *scan, struct mtb_scan *walk,
		     struct mtb_sink *sink, const struct mtb_bound *start,
		     const struct mtb_bound *end)
{
	struct mtb_view view;
	int err;

	mtb_view_settle(&view, call->table, scan->snapshot);
	scan->records_length = 0;
	scan->count = 0;
	scan->result = 0;
	mtb_scan_start(walk, call->table, &view, scan->flags, start, end);
	err = scan_records(scan, walk, sink);
	mtb_scan_finish(walk);
	if (err != -EAGAIN)
		scan->snapshot = snapshot_out(&view);
	return err;
}

/* The request proper, with its bounds in kernel memory. */
static int scan_table(struct mtb_call *call, struct memtable_scan *scan,
		      const struct mtb_bound *start, const struct mtb_bound *end)
{
	struct mtb_scan *walk = kmalloc(sizeof(*walk), MTB_GFP);
	struct mtb_sink sink;
	struct iov_iter to;
	int err;

	if (!walk)
		return -ENOMEM;
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(scan->records),
		      min_t(u64, scan->records_size, MAX_RW_COUNT));
	err = mtb_sink_init(&sink, &to);
	if (!err) {
		/* -EAGAIN: it was cut short before anything was copied. */
		do {
			err = scan_once(call, scan, walk, &sink, start, end);
		} while (err == -EAGAIN);
		mtb_sink_destroy(&sink);
	}
	kfree(walk);
	return err;
}

int mtb_call_scan(struct mtb_call *call)
{
	struct memtable_scan scan;
	struct mtb_bound start, end;
	struct mtb_key_copy start_key __uninitialized, end_key __uninitialized;
	int err;

	err = mtb_call_in(call, &scan, sizeof(scan));
	if (err)
		return err;
	err = scan_check(&scan);
	if (err)
		return err;
	err = mtb_key_copy_in(&start_key, scan.start_key, scan.start_length);
	if (err)
		return err;
	err = mtb_key_copy_in(&end_key, scan.end_key, scan.end_length);
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
	mtb_key_copy_free(&end_key);
free_start:
	mtb_key_copy_free(&start_key);
	if (err && err != -ERANGE)
		return err;
	return mtb_call_out(call, &scan, sizeof(scan)) ?: err;
}
