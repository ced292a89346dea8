// SPDX-License-Identifier: GPL-2.0
/*
 * Open files: open, close, read, write, seek, poll and fdinfo.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "batch.h"
#include "compat.h"
#include "handle.h"
#include "ioctl.h"
#include "registry.h"
#include "scan.h"
#include "stream.h"

static struct mtb_table *handle_table(struct mtb_handle *handle)
{
	return rcu_dereference_protected(handle->table, lockdep_is_held(&handle->table_lock));
}

/**
 * mtb_handle_enter() - Begin a request.
 * @handle: The handle.
 *
 * Return: the current epoch of the table that the handle has now, with a
 * reference for the caller.
 */
struct mtb_epoch *mtb_handle_enter(struct mtb_handle *handle)
{
	struct mtb_epoch *epoch;

	/* The handle's reference is dropped only after it is replaced. */
	rcu_read_lock();
	do {
		epoch = mtb_table_enter(rcu_dereference(handle->table));
	} while (!epoch);
	rcu_read_unlock();
	return epoch;
}

/**
 * mtb_handle_table_get() - Tell which table a handle has.
 * @handle: The handle.
 *
 * Return: the table, with a reference for the caller.
 */
struct mtb_table *mtb_handle_table_get(struct mtb_handle *handle)
{
	struct mtb_table *table;

	mutex_lock(&handle->table_lock);
	table = handle_table(handle);
	mtb_table_get(table);
	mutex_unlock(&handle->table_lock);
	return table;
}

/* Takes over the reference to @table, gives away the one to the old table. */
static struct mtb_table *handle_turn(struct mtb_handle *handle, struct mtb_table *table)
{
	struct mtb_table *old = handle_table(handle);

	mtb_table_unwatch(old, &handle->watcher);
	rcu_assign_pointer(handle->table, table);
	mtb_table_watch(table, &handle->watcher);
	return old;
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
	old = handle_turn(handle, table);
	mutex_unlock(&handle->table_lock);

	mtb_watcher_wake(&handle->watcher);
	mtb_table_put(old);
}

/*
 * Seal, publish and replace. All in one under the old table's lock: a writer
 * who is late for the old table finds the new one in the handle.
 */
static int handle_rotate_locked(struct mtb_handle *handle, struct mtb_table *old,
				struct mtb_table *table, struct mtb_entry *entry)
{
	int err;

	if (mutex_lock_killable(&old->lock))
		return -EINTR;
	/* Whoever attaches to the new table finds it whole. */
	mtb_table_configure_like(table, old);
	err = mtb_registry_rotate(entry, old, table);
	if (!err) {
		WRITE_ONCE(old->sealed, true);
		handle_turn(handle, table);
	}
	mutex_unlock(&old->lock);
	return err;
}

/**
 * mtb_handle_rotate() - Publish the table, sealed, and go on with an empty one.
 * @handle: The handle.
 * @entry: Where in the registry; it is the registry's on success.
 *
 * Return: 0, -ENOMEM, -EINTR, or an error of mtb_registry_rotate().
 */
int mtb_handle_rotate(struct mtb_handle *handle, struct mtb_entry *entry)
{
	struct mtb_table *table = mtb_table_create(), *old;
	int err = -EINTR;

	if (!table)
		return -ENOMEM;
	if (mutex_lock_killable(&handle->table_lock))
		goto put;
	old = handle_table(handle);
	err = handle_rotate_locked(handle, old, table, entry);
	mutex_unlock(&handle->table_lock);
	if (err)
		goto put;

	mtb_watcher_wake(&handle->watcher);
	mtb_table_wake(old);
	mtb_table_put(old);
	return 0;
put:
	mtb_table_put(table);
	return err;
}

/* Is this the table that the handle has now? The caller holds it. */
static bool handle_has(struct mtb_handle *handle, const struct mtb_table *table)
{
	return rcu_access_pointer(handle->table) == table;
}

/**
 * mtb_handle_write() - Write to the table that a handle has now.
 * @handle: The handle.
 * @table: The table that it had when the request came in, held by the caller.
 * @batch: The batch.
 * @condition: As for mtb_table_write().
 * @last_sequence: As for mtb_table_write().
 *
 * Return: as mtb_table_write().
 */
int mtb_handle_write(struct mtb_handle *handle, struct mtb_table *table,
		     struct mtb_batch *batch, struct mtb_condition *condition,
		     u64 *last_sequence)
{
	struct mtb_epoch *epoch;
	int err = -EROFS;
	bool has;

	has = handle_has(handle, table);
	if (has) {
		err = mtb_table_write(table, batch, condition, last_sequence);
		has = handle_has(handle, table);
	}
	/* What is sealed by a rotation has a successor. */
	while (err == -EROFS && !has) {
		epoch = mtb_handle_enter(handle);
		err = mtb_table_write(epoch->table, batch, condition, last_sequence);
		has = handle_has(handle, epoch->table);
		mtb_epoch_put(epoch);
	}
	return err;
}

static struct mtb_handle *handle_create(struct mtb_table *table)
{
	struct mtb_handle *handle = kzalloc(sizeof(*handle), MTB_GFP);

	if (!handle)
		return NULL;
	mutex_init(&handle->table_lock);
	mutex_init(&handle->position_lock);
	mtb_watcher_init(&handle->watcher);
	mtb_table_watch(table, &handle->watcher);
	RCU_INIT_POINTER(handle->table, table);
	return handle;
}

static int handle_open(struct inode *inode, struct file *file)
{
	struct mtb_table *table = mtb_table_create();
	struct mtb_handle *handle;

	if (!table)
		return -ENOMEM;
	handle = handle_create(table);
	if (!handle) {
		mtb_table_put(table);
		return -ENOMEM;
	}
	/* A stream has no offsets. */
	file->f_mode &= ~(FMODE_PREAD | FMODE_PWRITE);
	file->private_data = handle;
	return 0;
}

static void handle_destroy(struct mtb_handle *handle)
{
	struct mtb_table *table = rcu_dereference_protected(handle->table, true);

	mtb_table_unwatch(table, &handle->watcher);
	mtb_table_put(table);
	kvfree(handle->position.key);
	kfree(handle);
}

static int handle_release(struct inode *inode, struct file *file)
{
	handle_destroy(file->private_data);
	return 0;
}

/**
 * mtb_handle_file() - Make an open file of a table.
 * @table: The table; the file takes over the caller's reference on success.
 * @flags: O_RDONLY or O_RDWR.
 *
 * The file cannot be opened anew, through /proc for instance, so what it may
 * be used for stays as it is.
 *
 * Return: the file, or an error pointer.
 */
struct file *mtb_handle_file(struct mtb_table *table, int flags)
{
	struct mtb_handle *handle = handle_create(table);
	struct file *file;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->bound = true;
	file = anon_inode_getfile("[memtable]", &mtb_file_operations, handle, flags);
	if (IS_ERR(file)) {
		mtb_table_get(table);
		handle_destroy(handle);
		return file;
	}
	file->f_mode &= ~(FMODE_PREAD | FMODE_PWRITE);
	return file;
}

static void position_rewind(struct mtb_position *position)
{
	kvfree(position->key);
	memset(position, 0, sizeof(*position));
}

/* Remember @record; the key is copied, for records need not stay. */
static int position_set(struct mtb_position *position, const struct mtb_record *record,
			bool past, size_t partial)
{
	u8 *key = kvmalloc(max_t(size_t, record->key_length, 1), MTB_GFP);

	if (!key)
		return -ENOMEM;
	kvfree(position->key);
	memcpy(key, record->data, record->key_length);
	position->key = key;
	position->key_length = record->key_length;
	position->sequence = mtb_tag_sequence(record->tag);
	position->past = past;
	position->partial = partial;
	return 0;
}

static bool position_at(const struct mtb_position *position, const struct mtb_record *record)
{
	return mtb_tag_sequence(record->tag) == position->sequence &&
	       record->key_length == position->key_length &&
	       !memcmp(record->data, position->key, record->key_length);
}

/*
 * Copy whole records while they fit. A record that alone does not fit is read
 * in parts, so that no size of buffer makes a stream unreadable.
 */
static ssize_t position_read(struct mtb_position *position, struct mtb_scan *scan,
			     struct mtb_sink *sink, size_t room)
{
	size_t from = position->partial, to, length, copied = 0;
	struct mtb_record *record = NULL, *next;
	struct memtable_record header;
	bool past = true;
	int err;

	while (copied < room && (next = mtb_scan_next(scan))) {
		if (from && !copied && !position_at(position, next))
			return -ESTALE;
		record = next;
		mtb_record_header(record, &header);
		length = mtb_wire_length(record->key_length, mtb_record_value_length(record));
		if (copied && length > room - copied) {
			past = false;
			break;
		}
		to = min(length, from + room - copied);
		err = mtb_sink_put(sink, &header, record->data, mtb_record_value(record),
				   from, to);
		if (err)
			return err;
		copied += to - from;
		past = to == length;
		from = past ? 0 : to;
	}
	if (!copied) {
		/* Nor is the end the rest of a record that was there before. */
		err = mtb_scan_error(scan);
		return err ?: (from ? -ESTALE : 0);
	}
	err = mtb_sink_flush(sink);
	if (!err)
		err = position_set(position, record, past, from);
	return err ?: copied;
}

static ssize_t handle_read_once(struct mtb_handle *handle, struct mtb_table *table,
				struct mtb_scan *scan, struct mtb_sink *sink, size_t room)
{
	struct mtb_position *position = &handle->position;
	struct mtb_bound start;
	struct mtb_view view;
	ssize_t ret;

	if (position->table_id != table->id)
		position_rewind(position);
	mtb_view_settle(&view, table, position->snapshot);
	/* An empty table has nothing to stay at: a later read may find more. */
	if (!view.snapshot)
		return 0;
	position->table_id = table->id;
	position->snapshot = view.snapshot;

	start.data = position->key;
	start.length = position->key_length;
	start.sequence = position->sequence;
	start.exclusive = position->past;
	mtb_scan_start(scan, table, &view, MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
		       position->key ? &start : NULL, NULL);
	ret = position_read(position, scan, sink, room);
	mtb_scan_finish(scan);
	return ret;
}

static ssize_t handle_read_table(struct mtb_handle *handle, struct mtb_table *table,
				 struct iov_iter *to)
{
	size_t room = iov_iter_count(to);
	struct mtb_scan *scan;
	struct mtb_sink sink;
	ssize_t ret;

	if (!room)
		return 0;
	scan = kmalloc(sizeof(*scan), MTB_GFP);
	if (!scan)
		return -ENOMEM;
	ret = mtb_sink_init(&sink, to);
	if (!ret) {
		/* -EAGAIN: it was cut short before anything was read. */
		do {
			ret = handle_read_once(handle, table, scan, &sink, room);
		} while (ret == -EAGAIN);
		mtb_sink_destroy(&sink);
	}
	kfree(scan);
	return ret;
}

static ssize_t handle_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct mtb_handle *handle = iocb->ki_filp->private_data;
	struct mtb_epoch *epoch;
	ssize_t ret;

	if (mutex_lock_killable(&handle->position_lock))
		return -EINTR;
	epoch = mtb_handle_enter(handle);
	ret = handle_read_table(handle, epoch->table, to);
	mtb_epoch_put(epoch);
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
	struct mtb_handle *handle = iocb->ki_filp->private_data;
	struct mtb_epoch *epoch = mtb_handle_enter(handle);
	size_t length = iov_iter_count(from);
	struct mtb_batch batch __uninitialized;
	u64 last_sequence;
	int err;

	mtb_batch_init(&batch, mtb_table_trailer(epoch->table));
	err = mtb_stream_read(from, &batch);
	if (!err)
		err = mtb_handle_write(handle, epoch->table, &batch, NULL, &last_sequence);
	mtb_batch_destroy(&batch);
	mtb_epoch_put(epoch);
	return err ?: length;
}

static __poll_t handle_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mtb_handle *handle = file->private_data;
	struct mtb_epoch *epoch;
	__poll_t events = 0;
	u32 state;

	poll_wait(file, &handle->watcher.wait, wait);
	epoch = mtb_handle_enter(handle);
	state = mtb_table_state(epoch->table);
	mtb_epoch_put(epoch);

	if (state & (MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_SEALED))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!(state & (MEMTABLE_STATE_FULL | MEMTABLE_STATE_SEALED)))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static void handle_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct mtb_epoch *epoch = mtb_handle_enter(file->private_data);
	struct memtable_info info;

	mtb_table_info(epoch->table, &info);
	mtb_epoch_put(epoch);

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
