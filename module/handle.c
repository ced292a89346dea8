// SPDX-License-Identifier: GPL-2.0
/*
 * Open files: open, close, read, write, seek, poll and fdinfo.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "batch.h"
#include "handle.h"
#include "ioctl.h"
#include "scan.h"
#include "stream.h"

/**
 * mtb_handle_table() - Take hold of a handle's table.
 * @handle: The handle.
 *
 * Return: the table that the handle has now, with a reference for the caller.
 */
struct mtb_table *mtb_handle_table(struct mtb_handle *handle)
{
	struct mtb_table *table;

	/* The handle's reference is dropped only after it is replaced. */
	rcu_read_lock();
	do {
		table = rcu_dereference(handle->table);
	} while (!mtb_table_tryget(table));
	rcu_read_unlock();
	return table;
}

/**
 * mtb_handle_attach() - Turn a handle to another table.
 * @handle: The handle.
 * @table: The table; the handle takes over the caller's reference.
 */
void mtb_handle_attach(struct mtb_handle *handle, struct mtb_table *table)
{
	struct mtb_table *old;

	mutex_lock(&handle->table_lock);
	old = rcu_dereference_protected(handle->table, lockdep_is_held(&handle->table_lock));
	mtb_table_unwatch(old, &handle->watcher);
	rcu_assign_pointer(handle->table, table);
	mtb_table_watch(table, &handle->watcher);
	mutex_unlock(&handle->table_lock);

	wake_up_interruptible_all(&handle->watcher.wait);
	mtb_table_put(old);
}

static int handle_open(struct inode *inode, struct file *file)
{
	struct mtb_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	struct mtb_table *table;

	if (!handle)
		return -ENOMEM;
	table = mtb_table_create();
	if (!table) {
		kfree(handle);
		return -ENOMEM;
	}
	mutex_init(&handle->table_lock);
	mutex_init(&handle->position_lock);
	mtb_watcher_init(&handle->watcher);
	mtb_table_watch(table, &handle->watcher);
	RCU_INIT_POINTER(handle->table, table);
	file->private_data = handle;
	return 0;
}

static int handle_release(struct inode *inode, struct file *file)
{
	struct mtb_handle *handle = file->private_data;
	struct mtb_table *table = rcu_dereference_protected(handle->table, true);

	mtb_table_unwatch(table, &handle->watcher);
	mtb_table_put(table);
	kfree(handle->position.key);
	kfree(handle);
	return 0;
}

static void position_rewind(struct mtb_position *position)
{
	kfree(position->key);
	memset(position, 0, sizeof(*position));
}

/* Remember @record; the key is copied, for records need not stay. */
static int position_set(struct mtb_position *position, const struct mtb_record *record,
			size_t partial)
{
	u8 *key = krealloc(position->key, max_t(size_t, record->key_length, 1),
			   GFP_KERNEL_ACCOUNT);

	if (!key)
		return -ENOMEM;
	memcpy(key, record->data, record->key_length);
	position->key = key;
	position->key_length = record->key_length;
	position->sequence = mtb_tag_sequence(record->tag);
	position->partial = partial;
	return 0;
}

/*
 * Copy whole records while they fit. A record that alone does not fit is read
 * in parts, so that no size of buffer makes a stream unreadable.
 */
static ssize_t position_read(struct mtb_position *position, struct mtb_scan *scan,
			     struct mtb_sink *sink, size_t room)
{
	size_t from = position->partial, to, length, copied = 0;
	struct mtb_record *record, *last = NULL;
	struct memtable_record header;
	int err;

	while (copied < room && (record = mtb_scan_next(scan))) {
		header.tag = record->tag;
		header.key_length = record->key_length;
		header.value_length = record->value_length;
		length = mtb_wire_length(record->key_length, record->value_length);
		if (copied && length > room - copied)
			break;
		to = min(length, from + room - copied);
		err = mtb_sink_put(sink, &header, record->data, mtb_record_value(record),
				   from, to);
		if (err)
			return err;
		copied += to - from;
		from = to < length ? to : 0;
		last = record;
	}
	if (scan->interrupted)
		return -EINTR;
	if (!last)
		return 0;
	err = mtb_sink_flush(sink);
	if (err)
		return err;
	err = position_set(position, last, from);
	return err ?: copied;
}

static ssize_t handle_read_table(struct mtb_handle *handle, struct mtb_table *table,
				 struct iov_iter *to)
{
	struct mtb_position *position = &handle->position;
	size_t room = iov_iter_count(to);
	struct mtb_bound start;
	struct mtb_scan *scan;
	struct mtb_sink sink;
	struct mtb_view view;
	ssize_t ret;

	if (position->table_id != table->id)
		position_rewind(position);
	mtb_table_view(table, position->snapshot, &view);
	/* An empty table has nothing to stay at: a later read may find more. */
	if (!view.snapshot || !room)
		return 0;
	position->table_id = table->id;
	position->snapshot = view.snapshot;

	scan = kmalloc(sizeof(*scan), GFP_KERNEL_ACCOUNT);
	if (!scan)
		return -ENOMEM;
	ret = mtb_sink_init(&sink, to);
	if (!ret) {
		start.data = position->key;
		start.length = position->key_length;
		start.sequence = position->sequence;
		start.exclusive = !position->partial;
		mtb_scan_start(scan, table, &view,
			       MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
			       position->key ? &start : NULL, NULL);
		ret = position_read(position, scan, &sink, room);
		mtb_sink_destroy(&sink);
	}
	kfree(scan);
	return ret;
}

static ssize_t handle_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct mtb_handle *handle = iocb->ki_filp->private_data;
	struct mtb_table *table;
	ssize_t ret;

	if (mutex_lock_killable(&handle->position_lock))
		return -EINTR;
	table = mtb_handle_table(handle);
	ret = handle_read_table(handle, table, to);
	mtb_table_put(table);
	mutex_unlock(&handle->position_lock);
	return ret;
}

static loff_t handle_seek(struct file *file, loff_t offset, int whence)
{
	struct mtb_handle *handle = file->private_data;

	if (whence != SEEK_SET || offset)
		return -EINVAL;
	if (mutex_lock_killable(&handle->position_lock))
		return -EINTR;
	position_rewind(&handle->position);
	mutex_unlock(&handle->position_lock);
	return 0;
}

static ssize_t handle_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t length = iov_iter_count(from);
	struct mtb_batch batch;
	struct mtb_table *table;
	u64 last_sequence;
	int err;

	mtb_batch_init(&batch);
	err = mtb_stream_read(from, &batch);
	if (!err) {
		table = mtb_handle_table(iocb->ki_filp->private_data);
		err = mtb_table_write(table, &batch, &last_sequence);
		mtb_table_put(table);
	}
	mtb_batch_destroy(&batch);
	return err ?: length;
}

static __poll_t handle_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mtb_handle *handle = file->private_data;
	struct mtb_table *table;
	__poll_t events = 0;
	u32 state;

	poll_wait(file, &handle->watcher.wait, wait);
	table = mtb_handle_table(handle);
	state = mtb_table_state(table);
	mtb_table_put(table);

	if (state & (MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_SEALED))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!(state & (MEMTABLE_STATE_FULL | MEMTABLE_STATE_SEALED)))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static void handle_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct mtb_table *table = mtb_handle_table(file->private_data);
	struct memtable_info info;

	mtb_table_info(table, &info);
	mtb_table_put(table);

	seq_printf(seq, "memtable-entries:\t%llu\n", info.entries);
	seq_printf(seq, "memtable-tombstones:\t%llu\n", info.tombstones);
	seq_printf(seq, "memtable-logical-bytes:\t%llu\n", info.logical_bytes);
	seq_printf(seq, "memtable-memory-usage:\t%llu\n", info.memory_usage);
	seq_printf(seq, "memtable-last-sequence:\t%llu\n", info.last_sequence);
	seq_printf(seq, "memtable-write-buffer-size:\t%llu\n", info.write_buffer_size);
	seq_printf(seq, "memtable-max-size:\t%llu\n", info.max_size);
	seq_printf(seq, "memtable-state:\t0x%x\n", info.state);
}

const struct file_operations mtb_file_operations = {
	.owner		= THIS_MODULE,
	.open		= handle_open,
	.release	= handle_release,
	.llseek		= handle_seek,
	.read_iter	= handle_read,
	.write_iter	= handle_write,
	.poll		= handle_poll,
	.unlocked_ioctl	= mtb_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= handle_show_fdinfo,
};
