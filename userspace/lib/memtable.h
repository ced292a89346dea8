/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmemtable: the ordered, versioned tables of /dev/memtable.
 *
 * What holds for every function here:
 *
 * Results. A function that can fail returns 0, or a negative errno value.
 * Results go through pointers, which are written on success alone unless the
 * function says otherwise; a pointer to a result may be NULL where nobody
 * wants it, except for the object that a function creates. Requests that the
 * kernel refuses come back with the error that <linux/memtable.h> describes;
 * -ENOMEM may come from either side.
 *
 * Bytes. Keys and values are any bytes, given as an address and a length in
 * bytes; the address may be NULL if the length is zero. The library keeps no
 * pointer that it was passed.
 *
 * Snapshots. A read at snapshot S sees of each key the newest entry with a
 * sequence number of at most S. Snapshot 0 reads the latest,
 * %MEMTABLE_SNAPSHOT_EMPTY nothing. Of a map table all reads are of the latest.
 *
 * Threads. A table may be used by any number of threads at once. A batch, a
 * writer, an iterator or a stack belongs to one thread at a time; two of them
 * never interfere.
 *
 * Signals. A request is only interrupted by a signal that ends the process, so
 * that no caller sees -EINTR, except from memtable_table_wait().
 */
#ifndef MEMTABLE_H
#define MEMTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/memtable.h>

#ifdef __cplusplus
extern "C" {
#endif

/** define MEMTABLE_DEVICE - The device that memtable_table_open() opens when not told otherwise. */
#define MEMTABLE_DEVICE "/dev/memtable"

struct memtable_table;
struct memtable_batch;
struct memtable_file;
struct memtable_iterator;
struct memtable_stack;
struct memtable_writer;

/**
 * memtable_tag() - Compose a tag.
 * @sequence: Sequence number, at most %MEMTABLE_MAX_SEQUENCE.
 * @type: Type of the entry, &enum memtable_type.
 *
 * Return: The tag.
 */
static inline uint64_t memtable_tag(uint64_t sequence, uint8_t type)
{
	return sequence << 8 | type;
}

/**
 * memtable_tag_sequence() - Tell a tag's sequence number.
 * @tag: A tag.
 *
 * Return: The sequence number.
 */
static inline uint64_t memtable_tag_sequence(uint64_t tag)
{
	return tag >> 8;
}

/**
 * memtable_tag_type() - Tell a tag's type.
 * @tag: A tag.
 *
 * Return: The type, &enum memtable_type.
 */
static inline uint8_t memtable_tag_type(uint64_t tag)
{
	return tag & 0xff;
}

/**
 * DOC: Tables
 *
 * A table handle is an open file of the device. It is counted: it goes away
 * when as many memtable_table_unref() have been called as there were
 * references, and with it the table itself, unless the registry or another
 * process holds that too.
 */

/**
 * memtable_table_open() - Open the device, which makes a new, empty table.
 * @path: Path of the device; NULL for %MEMTABLE_DEVICE.
 * @table: Result: the handle, with one reference that the caller owns.
 *
 * Return: 0; -ENOENT if there is no such device, as when the module is not
 * loaded; -EACCES without permission; -ENOTTY if @path is something else; any
 * other error of :manpage:`open(2)`.
 */
int memtable_table_open(const char *path, struct memtable_table **table);

/**
 * memtable_table_from_fd() - Make a handle of an open file of the device.
 * @fd: The file descriptor, as inherited or received. The handle owns it from
 *	here on and closes it at the end; after an error it is still the
 *	caller's.
 * @table: Result: the handle, with one reference that the caller owns.
 *
 * Return: 0; -ENOTTY if @fd is not of the device; -EBADF if it is not open.
 */
int memtable_table_from_fd(int fd, struct memtable_table **table);

/**
 * memtable_table_ref() - Take a reference to a handle.
 * @table: The handle.
 *
 * Return: @table.
 */
struct memtable_table *memtable_table_ref(struct memtable_table *table);

/**
 * memtable_table_unref() - Let a reference to a handle go.
 * @table: The handle; NULL does nothing.
 */
void memtable_table_unref(struct memtable_table *table);

/**
 * memtable_table_close() - Let the reference go that opening gave.
 * @table: The handle; NULL does nothing.
 *
 * The same as memtable_table_unref(): where others hold references, such as an
 * iterator, the file stays open for them.
 */
void memtable_table_close(struct memtable_table *table);

/**
 * memtable_table_fd() - Tell a handle's file descriptor.
 * @table: The handle.
 *
 * For an event loop, or to pass the table to another process. It is readable
 * when memtable_table_wait() would return at once.
 *
 * Return: The descriptor, which the handle goes on owning.
 */
int memtable_table_fd(const struct memtable_table *table);

/**
 * memtable_table_configure() - Configure a table while it is empty.
 * @table: The table.
 * @configure: The whole configuration: sizes in bytes, order and kind.
 * @size: sizeof(\*@configure) as the caller knows it.
 *
 * Return: 0; -EBUSY if the table is not empty; -EROFS if it is sealed; -EINVAL
 * for a configuration that makes no sense; -E2BIG for one that this kernel
 * does not know.
 */
int memtable_table_configure(struct memtable_table *table,
			     const struct memtable_configure *configure, size_t size);

/**
 * memtable_table_info() - Tell a table's configuration, state and figures.
 * @table: The table.
 * @info: Result.
 * @size: sizeof(\*@info) as the caller knows it.
 *
 * Return: 0, or a negative errno value.
 */
int memtable_table_info(struct memtable_table *table, struct memtable_info *info, size_t size);

/**
 * memtable_table_approximate_memory_usage() - Tell what memory a table takes.
 * @table: The table.
 * @bytes: Result: the memory in use, in bytes.
 *
 * This is what the write buffer size and the maximum size are compared with.
 *
 * Return: 0, or a negative errno value.
 */
int memtable_table_approximate_memory_usage(struct memtable_table *table, uint64_t *bytes);

/**
 * memtable_table_put() - Give a key a value.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @value: The value.
 * @value_length: Length of the value.
 * @sequence: Result: the sequence number that the entry was given; or NULL.
 *
 * Return: 0; -EMSGSIZE if the key or the value is too long; -ENOSPC if the
 * table is full; -EROFS if it is sealed; -EOVERFLOW if the sequence numbers
 * are used up.
 */
int memtable_table_put(struct memtable_table *table, const void *key, size_t key_length,
		       const void *value, size_t value_length, uint64_t *sequence);

/**
 * memtable_table_delete() - Delete a key, whether or not it is there.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @sequence: Result: the sequence number that the tombstone was given; or NULL.
 *
 * Return: 0, or an error as from memtable_table_put().
 */
int memtable_table_delete(struct memtable_table *table, const void *key, size_t key_length,
			  uint64_t *sequence);

/**
 * memtable_table_add() - Add an entry with a sequence number of one's own.
 * @table: The table.
 * @sequence: The sequence number, at most %MEMTABLE_MAX_SEQUENCE; zero for the
 *	next one.
 * @type: %MEMTABLE_TYPE_VALUE or %MEMTABLE_TYPE_DELETION.
 * @key: The key.
 * @key_length: Length of the key.
 * @value: The value.
 * @value_length: Length of the value, zero for a deletion.
 *
 * Return: 0; -EEXIST if the key has an entry with that sequence number; -EINVAL
 * for an unknown type, a deletion with a value or a sequence number too high;
 * or an error as from memtable_table_put().
 */
int memtable_table_add(struct memtable_table *table, uint64_t sequence, uint8_t type,
		       const void *key, size_t key_length,
		       const void *value, size_t value_length);

/**
 * memtable_table_put_if_absent() - Give a key a value if it has none.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @value: The value.
 * @value_length: Length of the value.
 * @sequence: Result: the sequence number that the entry was given; with -EEXIST
 *	the one of the key's newest entry. Or NULL.
 *
 * Return: 0; -EEXIST if the key has a value; or an error as from
 * memtable_table_put().
 */
int memtable_table_put_if_absent(struct memtable_table *table, const void *key,
				 size_t key_length, const void *value, size_t value_length,
				 uint64_t *sequence);

/**
 * memtable_table_put_if_sequence() - Give a key a value if nobody has written to
 *	it since.
 * @table: The table.
 * @expected: The sequence number that the key's newest entry must have, a
 *	tombstone's perhaps; zero if there must be no entry.
 * @key: The key.
 * @key_length: Length of the key.
 * @value: The value.
 * @value_length: Length of the value.
 * @sequence: Result: the sequence number that the entry was given; with -EAGAIN
 *	the one that the key's newest entry has. Or NULL.
 *
 * Return: 0; -EAGAIN if the key's newest entry is another one; or an error as
 * from memtable_table_put().
 */
int memtable_table_put_if_sequence(struct memtable_table *table, uint64_t expected,
				   const void *key, size_t key_length,
				   const void *value, size_t value_length, uint64_t *sequence);

/**
 * memtable_table_delete_if_sequence() - Delete a key if nobody has written to it
 *	since.
 * @table: The table.
 * @expected: As memtable_table_put_if_sequence() has it.
 * @key: The key.
 * @key_length: Length of the key.
 * @sequence: As memtable_table_put_if_sequence() has it.
 *
 * Return: As memtable_table_put_if_sequence().
 */
int memtable_table_delete_if_sequence(struct memtable_table *table, uint64_t expected,
				      const void *key, size_t key_length, uint64_t *sequence);

/**
 * memtable_table_get() - Look a key up, into memory that is allocated for it.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @snapshot: Where to read.
 * @value: Result: the value, with a zero byte after its end that does not
 *	count, to be released with :manpage:`free(3)`.
 * @value_length: Result: length of the value.
 * @tag: Result, also with -ENOENT: the tag of the entry that answered, a
 *	tombstone's too; zero if there was none. Or NULL.
 *
 * Return: 0; -ENOENT if the table says nothing about the key (@tag is zero), or
 * that it is deleted (@tag is not: an older table must not be asked);
 * -EMSGSIZE if the key is too long.
 */
int memtable_table_get(struct memtable_table *table, const void *key, size_t key_length,
		       uint64_t snapshot, void **value, size_t *value_length, uint64_t *tag);

/**
 * memtable_table_get_into() - Look a key up, into the caller's buffer.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @snapshot: Where to read.
 * @buffer: The buffer that takes the value.
 * @size: Size of the buffer, in bytes.
 * @value_length: Result, also with -ERANGE: length of the value; or NULL.
 * @tag: Result, also with -ERANGE and -ENOENT: as memtable_table_get() has it.
 *
 * Return: 0; -ERANGE if the value is longer than the buffer, which is then
 * left alone; or an error as from memtable_table_get().
 */
int memtable_table_get_into(struct memtable_table *table, const void *key, size_t key_length,
			    uint64_t snapshot, void *buffer, size_t size,
			    size_t *value_length, uint64_t *tag);

/**
 * memtable_table_contains() - Tell whether a key has a value.
 * @table: The table.
 * @key: The key.
 * @key_length: Length of the key.
 * @snapshot: Where to read.
 *
 * Return: 1 if it has one; 0 if it is absent or deleted; or a negative errno
 * value.
 */
int memtable_table_contains(struct memtable_table *table, const void *key, size_t key_length,
			    uint64_t snapshot);

/**
 * struct memtable_slice - Some bytes.
 * @data: Their address.
 * @length: How many there are.
 */
struct memtable_slice {
	const void *data;
	size_t length;
};

/**
 * struct memtable_result - What memtable_table_multi_get() found for a key.
 * @tag: The tag of the entry that answered, %MEMTABLE_TYPE_ABSENT in its type
 *	if there was none.
 * @value: The value; empty unless the type is %MEMTABLE_TYPE_VALUE.
 */
struct memtable_result {
	uint64_t tag;
	struct memtable_slice value;
};

/**
 * memtable_table_multi_get() - Look many keys up at one snapshot.
 * @table: The table.
 * @keys: The keys.
 * @count: How many keys there are.
 * @snapshot: Where to read; on success where all of them were read. NULL reads
 *	the latest.
 * @results: Result: for each key what was found, in the order asked.
 * @buffer: The memory that the values in @results lie in, which the function
 *	enlarges as :manpage:`getline(3)` does: NULL at first, or what an earlier
 *	call left; to be released with :manpage:`free(3)`, also after an error.
 * @size: Size of @buffer, in bytes; zero at first.
 *
 * Return: 0, keys that were not found included; -EMSGSIZE if a key or all of
 * them together are too long.
 */
int memtable_table_multi_get(struct memtable_table *table,
			     const struct memtable_slice *keys, size_t count, uint64_t *snapshot,
			     struct memtable_result *results, void **buffer, size_t *size);

/**
 * memtable_table_bounds() - Tell a table's first and last key.
 * @table: The table.
 * @first: Result: the first key, to be released with :manpage:`free(3)`.
 * @first_length: Length of the first key.
 * @last: Result: the last key, to be released with :manpage:`free(3)`.
 * @last_length: Length of the last key.
 *
 * Keys that are deleted count, as they do in a file that the table is flushed
 * to. Both are read at the same snapshot, the latest.
 *
 * Return: 0; -ENOENT if the table is empty.
 */
int memtable_table_bounds(struct memtable_table *table, void **first, size_t *first_length,
			  void **last, size_t *last_length);

/**
 * memtable_table_pivot() - Tell a table's middle key.
 * @table: The table.
 * @key: Result: the key of the entry that has half of the others before it, to
 *	be released with :manpage:`free(3)`.
 * @length: Length of the key.
 *
 * Return: 0; -ENOENT if the table is empty.
 */
int memtable_table_pivot(struct memtable_table *table, void **key, size_t *length);

/**
 * memtable_table_split() - Cut a table in two.
 * @table: The table, which keeps the keys before the pivot.
 * @pivot: The key to cut at. It need not be there.
 * @pivot_length: Length of the pivot.
 * @upper: Result: a handle of a new table with the pivot and the keys after it.
 *
 * No entry is copied. The new table has the configuration and the last sequence
 * number of the old one. A pivot beyond all keys leaves one of the two empty.
 * It is not in the registry: memtable_registry_split() puts it there.
 *
 * Return: 0; -EROFS if the table is sealed; -EMSGSIZE if the pivot is too long;
 * -EMFILE, -ENFILE.
 */
int memtable_table_split(struct memtable_table *table, const void *pivot, size_t pivot_length,
			 struct memtable_table **upper);

/**
 * memtable_table_split_half() - Cut a table in two parts of the same size.
 * @table: The table, as for memtable_table_split().
 * @upper: Result: a handle of a new table with the upper part.
 *
 * Both have about the same sum of key and value lengths, as near as whole keys,
 * each with all its versions, allow.
 *
 * Return: As memtable_table_split().
 */
int memtable_table_split_half(struct memtable_table *table, struct memtable_table **upper);

/**
 * memtable_table_share() - Make another handle of a table, to be passed on.
 * @table: The table.
 * @flags: %MEMTABLE_SHARE_READ_ONLY or zero.
 * @shared: Result: the handle, whose descriptor can be sent to another process.
 *	It speaks for its table only: it does not reach the registry.
 *
 * Return: 0; -EBADF if @table is not open for all that the new handle would be;
 * -EMFILE, -ENFILE.
 */
int memtable_table_share(struct memtable_table *table, uint32_t flags,
			 struct memtable_table **shared);

/**
 * memtable_table_seal() - Take no more writes.
 * @table: The table. It may be sealed already.
 *
 * Return: 0, or a negative errno value.
 */
int memtable_table_seal(struct memtable_table *table);

/**
 * memtable_table_wait() - Wait until there is something to flush: the table
 *	has reached its write buffer size or is sealed.
 * @table: The table.
 * @timeout: How long to wait, in milliseconds; negative for ever, zero not at
 *	all.
 *
 * Return: 1 if it is so; 0 if the time has passed; -EINTR if a signal was
 * handled; or another negative errno value.
 */
int memtable_table_wait(struct memtable_table *table, int timeout);

/**
 * DOC: Keys
 */

/**
 * memtable_key_compare() - Compare two keys as a table orders them.
 * @a: A key.
 * @a_length: Its length.
 * @b: Another key.
 * @b_length: Its length.
 *
 * Return: Less than, equal to or greater than zero as @a comes before, is, or
 * comes after @b.
 */
int memtable_key_compare(const void *a, size_t a_length, const void *b, size_t b_length);

/**
 * memtable_key_between() - Tell whether a key lies in a range.
 * @key: The key.
 * @key_length: Its length.
 * @start: First key of the range, which belongs to it.
 * @start_length: Its length.
 * @end: Last key of the range, which belongs to it too.
 * @end_length: Its length.
 *
 * Return: Whether it does.
 */
bool memtable_key_between(const void *key, size_t key_length,
			  const void *start, size_t start_length,
			  const void *end, size_t end_length);

/**
 * DOC: Batches
 *
 * A batch collects entries in memory and hands them to a table in one request,
 * which applies all of them or none.
 */

/**
 * memtable_batch_create() - Make an empty batch.
 * @batch: Result: the batch, to be released with memtable_batch_destroy().
 *
 * Return: 0 or -ENOMEM.
 */
int memtable_batch_create(struct memtable_batch **batch);

/**
 * memtable_batch_destroy() - Release a batch.
 * @batch: The batch; NULL does nothing.
 */
void memtable_batch_destroy(struct memtable_batch *batch);

/**
 * memtable_batch_put() - Note that a key gets a value.
 * @batch: The batch; after an error it is as before.
 * @key: The key, which is copied.
 * @key_length: Length of the key.
 * @value: The value, which is copied.
 * @value_length: Length of the value.
 *
 * Return: 0; -EMSGSIZE if the key or the value is too long or the batch would
 * pass %MEMTABLE_MAX_REQUEST_LENGTH; -EINVAL if the batch has entries with
 * sequence numbers of their own; -ENOMEM.
 */
int memtable_batch_put(struct memtable_batch *batch, const void *key, size_t key_length,
		       const void *value, size_t value_length);

/**
 * memtable_batch_delete() - Note that a key is deleted.
 * @batch: The batch; after an error it is as before.
 * @key: The key, which is copied.
 * @key_length: Length of the key.
 *
 * Return: 0, or an error as from memtable_batch_put().
 */
int memtable_batch_delete(struct memtable_batch *batch, const void *key, size_t key_length);

/**
 * memtable_batch_add() - Note an entry with a sequence number of its own.
 * @batch: The batch; after an error it is as before.
 * @sequence: The sequence number, 1 to %MEMTABLE_MAX_SEQUENCE.
 * @type: %MEMTABLE_TYPE_VALUE or %MEMTABLE_TYPE_DELETION.
 * @key: The key, which is copied.
 * @key_length: Length of the key.
 * @value: The value, which is copied.
 * @value_length: Length of the value, zero for a deletion.
 *
 * Return: 0; -EINVAL if the batch has entries without a sequence number, and
 * for an unknown type, a deletion with a value or a sequence number out of
 * range; or an error as from memtable_batch_put().
 */
int memtable_batch_add(struct memtable_batch *batch, uint64_t sequence, uint8_t type,
		       const void *key, size_t key_length,
		       const void *value, size_t value_length);

/**
 * memtable_batch_append() - Add another batch's entries at the end.
 * @batch: The batch; after an error it is as before.
 * @source: The other one, which stays as it is. It may be @batch itself.
 *
 * Return: 0; -EMSGSIZE if the batch would grow too long; -EINVAL if one of the
 * two has sequence numbers of its own and the other has not; -ENOMEM.
 */
int memtable_batch_append(struct memtable_batch *batch, const struct memtable_batch *source);

/**
 * memtable_batch_clear() - Make a batch empty again, keeping its memory.
 * @batch: The batch.
 */
void memtable_batch_clear(struct memtable_batch *batch);

/**
 * memtable_batch_count() - Tell how many entries a batch has.
 * @batch: The batch.
 *
 * Return: Their number.
 */
size_t memtable_batch_count(const struct memtable_batch *batch);

/**
 * memtable_batch_size() - Tell how long a batch is in transfer form.
 * @batch: The batch.
 *
 * Return: Its length in bytes, at most %MEMTABLE_MAX_REQUEST_LENGTH.
 */
size_t memtable_batch_size(const struct memtable_batch *batch);

/**
 * memtable_batch_data() - Tell where a batch lies in transfer form.
 * @batch: The batch.
 *
 * Return: The record stream that :manpage:`write(2)` takes, of
 * memtable_batch_size() bytes; valid until the batch is changed.
 */
const void *memtable_batch_data(const struct memtable_batch *batch);

/**
 * memtable_batch_write() - Apply a batch to a table, whole or not at all.
 * @batch: The batch, which stays as it is, to be cleared or written again.
 * @table: The table.
 * @sequence: Result: the highest sequence number of the batch's entries. Where
 *	the kernel assigned them, they are consecutive and end here. For an
 *	empty batch, which changes nothing, it says nothing. Or NULL.
 *
 * Return: 0; -EEXIST if a key has two entries of the same sequence number;
 * -ENOSPC if the table would pass its maximum size; -EROFS if it is sealed;
 * -EOVERFLOW if the sequence numbers are used up.
 */
int memtable_batch_write(const struct memtable_batch *batch, struct memtable_table *table,
			 uint64_t *sequence);

/**
 * DOC: Writers
 *
 * A writer is a small buffer in front of a table: it takes entries one by one
 * and writes them in batches, which costs less than a request for each. What
 * it has taken is not in the table, and no reader sees it, until it is flushed:
 * when the buffer is full, on demand, and on closing.
 *
 * Nothing is lost in silence. A flush that fails keeps all it has, and says so
 * once, through the call that caused it; an entry that was to be added then is
 * not taken. The next call tries again, so that after -ENOSPC or -EROFS the
 * handle can be rotated or attached to another table, and the writing go on.
 */

/**
 * memtable_writer_create() - Make a writer.
 * @table: The table, of which the writer takes a reference.
 * @buffer_size: How long a batch may get, in bytes; zero for the default, an
 *	eighth of the table's write buffer size, but not more than 32 KiB.
 * @writer: Result: the writer, to be closed or destroyed.
 *
 * Why 32 KiB: with keys of 16 bytes and values of 100, in a virtual machine
 * under software emulation, an entry took 11.7 microseconds with a request for
 * each, 5.1 in batches of 1 KiB, 4.3 of 4 KiB, 3.9 of 16 KiB, 3.8 of 32 KiB,
 * and no less in longer ones. The eighth keeps what a small table's writers have
 * pending small beside the table.
 *
 * Return: 0; -EINVAL if @buffer_size is above %MEMTABLE_MAX_REQUEST_LENGTH;
 * -ENOMEM.
 */
int memtable_writer_create(struct memtable_table *table, size_t buffer_size,
			   struct memtable_writer **writer);

/**
 * memtable_writer_close() - Write what is pending, and release the writer.
 * @writer: The writer; NULL does nothing. After an error it is still there.
 *
 * Return: 0, or an error as from memtable_writer_flush().
 */
int memtable_writer_close(struct memtable_writer *writer);

/**
 * memtable_writer_destroy() - Release a writer, and drop what is pending.
 * @writer: The writer; NULL does nothing.
 */
void memtable_writer_destroy(struct memtable_writer *writer);

/**
 * memtable_writer_put() - Give a key a value.
 * @writer: The writer.
 * @key: The key.
 * @key_length: Length of the key.
 * @value: The value.
 * @value_length: Length of the value.
 *
 * Return: 0 if it was taken; -EMSGSIZE if the key or the value is too long;
 * -ENOMEM; or an error as from memtable_writer_flush().
 */
int memtable_writer_put(struct memtable_writer *writer, const void *key, size_t key_length,
			const void *value, size_t value_length);

/**
 * memtable_writer_delete() - Delete a key.
 * @writer: The writer.
 * @key: The key.
 * @key_length: Length of the key.
 *
 * Return: As memtable_writer_put().
 */
int memtable_writer_delete(struct memtable_writer *writer, const void *key, size_t key_length);

/**
 * memtable_writer_flush() - Write what is pending, as one batch.
 * @writer: The writer.
 * @sequence: Result: the highest sequence number of the batch; left alone if
 *	nothing was pending. Or NULL.
 *
 * Return: 0, or an error as from memtable_batch_write(), with all still pending.
 */
int memtable_writer_flush(struct memtable_writer *writer, uint64_t *sequence);

/**
 * memtable_writer_pending() - Tell how many entries are taken but not written.
 * @writer: The writer.
 *
 * Return: Their number.
 */
size_t memtable_writer_pending(const struct memtable_writer *writer);

/**
 * DOC: Iterators
 *
 * An iterator walks a table in order, or a stack of tables, both ways. It reads
 * ahead into a buffer of its own, a little at first and more the further it goes in
 * one direction, so that most steps make no system call.
 *
 * It reads at one snapshot: the one that it was created with, or else the
 * latest when it was first positioned. What is written afterwards it does not
 * see.
 *
 * A move that finds nothing more, or fails, leaves the iterator invalid;
 * memtable_iterator_status() tells these two apart. A seek makes it valid
 * again.
 */

/**
 * memtable_iterator_create() - Make an iterator.
 * @table: The table, of which the iterator takes a reference.
 * @flags: %MEMTABLE_SCAN_ALL_VERSIONS to stop at every entry, each key's newest
 *	first, not just at the newest one; %MEMTABLE_SCAN_TOMBSTONES to stop at
 *	tombstones too; %MEMTABLE_SCAN_KEYS_ONLY to read no values.
 * @snapshot: Where to read; zero to read at the latest snapshot when the
 *	iterator is first positioned.
 * @iterator: Result: the iterator, positioned nowhere, to be released with
 *	memtable_iterator_destroy().
 *
 * Return: 0; -EINVAL for an unknown flag or a snapshot that cannot be;
 * -ENOMEM.
 */
int memtable_iterator_create(struct memtable_table *table, uint32_t flags, uint64_t snapshot,
			     struct memtable_iterator **iterator);

/**
 * memtable_iterator_destroy() - Release an iterator.
 * @iterator: The iterator; NULL does nothing.
 */
void memtable_iterator_destroy(struct memtable_iterator *iterator);

/**
 * memtable_iterator_set_bounds() - Let an iterator walk a range only.
 * @iterator: The iterator, which is invalid afterwards, to be positioned anew;
 *	after an error it is as before.
 * @lower: First key of the range in the table's order, which belongs to it; NULL
 *	for no such bound.
 * @lower_length: Its length.
 * @upper: The key where the range ends, which does not belong to it; NULL for
 *	no such bound.
 * @upper_length: Its length.
 *
 * Return: 0; -EMSGSIZE if a bound is longer than a key can be; -ENOMEM.
 */
int memtable_iterator_set_bounds(struct memtable_iterator *iterator,
				 const void *lower, size_t lower_length,
				 const void *upper, size_t upper_length);

/**
 * memtable_iterator_set_prefix() - Let an iterator walk the keys that begin
 *	with a prefix.
 * @iterator: The iterator, as for memtable_iterator_set_bounds(), whose bounds
 *	are replaced.
 * @prefix: The prefix.
 * @length: Its length.
 *
 * Return: 0; -EMSGSIZE if the prefix is longer than a key can be; -ENOMEM.
 */
int memtable_iterator_set_prefix(struct memtable_iterator *iterator,
				 const void *prefix, size_t length);

/**
 * memtable_iterator_seek_to_first() - Go to the first entry.
 * @iterator: The iterator.
 *
 * Return: 0, also if there is none; or the error that
 * memtable_iterator_status() repeats.
 */
int memtable_iterator_seek_to_first(struct memtable_iterator *iterator);

/**
 * memtable_iterator_seek_to_last() - Go to the last entry.
 * @iterator: The iterator.
 *
 * Return: As memtable_iterator_seek_to_first().
 */
int memtable_iterator_seek_to_last(struct memtable_iterator *iterator);

/**
 * memtable_iterator_seek() - Go to the first entry whose key is @key or after
 *	it.
 * @iterator: The iterator.
 * @key: The key.
 * @key_length: Length of the key.
 *
 * Return: As memtable_iterator_seek_to_first(); -EMSGSIZE if the key is too
 * long.
 */
int memtable_iterator_seek(struct memtable_iterator *iterator,
			   const void *key, size_t key_length);

/**
 * memtable_iterator_seek_for_prev() - Go to the last entry whose key is @key or
 *	before it.
 * @iterator: The iterator.
 * @key: The key.
 * @key_length: Length of the key.
 *
 * Return: As memtable_iterator_seek().
 */
int memtable_iterator_seek_for_prev(struct memtable_iterator *iterator,
				    const void *key, size_t key_length);

/**
 * memtable_iterator_next() - Go to the entry after this one.
 * @iterator: The iterator.
 *
 * Return: 0, also if there is none; -EINVAL if the iterator is not valid; or
 * the error that memtable_iterator_status() repeats.
 */
int memtable_iterator_next(struct memtable_iterator *iterator);

/**
 * memtable_iterator_prev() - Go to the entry before this one.
 * @iterator: The iterator.
 *
 * Return: As memtable_iterator_next().
 */
int memtable_iterator_prev(struct memtable_iterator *iterator);

/**
 * memtable_iterator_valid() - Tell whether an iterator is at an entry.
 * @iterator: The iterator.
 *
 * Return: Whether it is.
 */
bool memtable_iterator_valid(const struct memtable_iterator *iterator);

/**
 * memtable_iterator_status() - Tell whether the last move failed.
 * @iterator: The iterator.
 *
 * Return: 0, also at the end of the range; or a negative errno value.
 */
int memtable_iterator_status(const struct memtable_iterator *iterator);

/**
 * memtable_iterator_key() - Tell the key of the entry that an iterator is at.
 * @iterator: The iterator, which must be valid.
 * @length: Result: length of the key.
 *
 * Return: The key; the memory is the iterator's and stays as it is until the
 * next move.
 */
const void *memtable_iterator_key(const struct memtable_iterator *iterator, size_t *length);

/**
 * memtable_iterator_value() - Tell the value of the entry that an iterator is
 *	at.
 * @iterator: The iterator, which must be valid.
 * @length: Result: length of the value, zero for a tombstone and with
 *	%MEMTABLE_SCAN_KEYS_ONLY.
 *
 * Return: The value; the memory is the iterator's and stays as it is until the
 * next move.
 */
const void *memtable_iterator_value(const struct memtable_iterator *iterator, size_t *length);

/**
 * memtable_iterator_sequence() - Tell the sequence number of the entry that an
 *	iterator is at.
 * @iterator: The iterator, which must be valid.
 *
 * Return: The sequence number.
 */
uint64_t memtable_iterator_sequence(const struct memtable_iterator *iterator);

/**
 * memtable_iterator_type() - Tell the type of the entry that an iterator is at.
 * @iterator: The iterator, which must be valid.
 *
 * Return: %MEMTABLE_TYPE_VALUE or %MEMTABLE_TYPE_DELETION.
 */
uint8_t memtable_iterator_type(const struct memtable_iterator *iterator);

/**
 * memtable_iterator_snapshot() - Tell the snapshot that an iterator reads at.
 * @iterator: The iterator.
 *
 * Return: The snapshot, %MEMTABLE_SNAPSHOT_EMPTY for an iterator that was first
 * positioned in an empty table; zero while it is not known.
 */
uint64_t memtable_iterator_snapshot(const struct memtable_iterator *iterator);

/**
 * DOC: Registry
 *
 * The registry keeps tables under numbers, without an open file. Any open file
 * of the device reaches it; the numbers are those of the user who opened it.
 */

/**
 * memtable_registry_publish() - Put a table under a number.
 * @table: The table, which lives until it is dropped and no file has it open.
 * @number: The number.
 *
 * Return: 0; -EEXIST if the number is taken; -EBUSY if the table is published
 * already; -EDQUOT if the user has as much in the registry as allowed; -EPERM if
 * the caller is not the user who opened the device.
 */
int memtable_registry_publish(struct memtable_table *table, uint64_t number);

/**
 * memtable_registry_attach() - Turn a handle to the table under a number.
 * @table: The handle. It lets the table go that it had. Other threads that use
 *	the handle meanwhile find either one. Iterators on it must be made anew.
 * @number: The number.
 *
 * Return: 0; -ENOENT if there is no such number.
 */
int memtable_registry_attach(struct memtable_table *table, uint64_t number);

/**
 * memtable_registry_rotate() - Put a table under a number, sealed, and go on with
 *	an empty one.
 * @table: The handle, which has the empty table afterwards: in one step for all
 *	who share its open file, so that no write is lost, applied twice or
 *	refused. Iterators on it must be made anew.
 * @number: The number.
 *
 * The empty table has the same configuration and goes on with the sequence
 * numbers. If the table was published already, the empty one takes its number
 * over; those who have attached to that number before find their table sealed,
 * and attach again.
 *
 * Return: 0; -EEXIST, -EDQUOT or -EPERM as memtable_registry_publish().
 */
int memtable_registry_rotate(struct memtable_table *table, uint64_t number);

/**
 * memtable_registry_split() - Cut a table in two, and put the upper part under a
 *	number.
 * @table: The table, which keeps the keys before the pivot, and its own number if
 *	it has one.
 * @pivot: The key to cut at, as for memtable_table_split(); NULL to cut in half, as
 *	memtable_table_split_half() does.
 * @number: The number.
 * @upper: Result: a handle of the upper part, as memtable_table_share() makes; or
 *	NULL.
 *
 * It is one step: the upper part outlives this process from the moment it is cut
 * off, and who attaches to its number finds it whole.
 *
 * Return: 0; -EEXIST, -EDQUOT or -EPERM as memtable_registry_publish(), with the
 * table as it was; or as memtable_table_split().
 */
int memtable_registry_split(struct memtable_table *table, const struct memtable_slice *pivot,
			    uint64_t number, struct memtable_table **upper);

/**
 * memtable_registry_drop() - Take a table out of the registry.
 * @table: Any handle.
 * @number: The number.
 *
 * Return: 0; -ENOENT if there is no such number.
 */
int memtable_registry_drop(struct memtable_table *table, uint64_t number);

/**
 * memtable_registry_list() - List the tables in the registry.
 * @table: Any handle.
 * @start: Lowest number to list.
 * @entries: Result: an array that takes what there is, ascending by number.
 * @entry_size: sizeof(\*@entries) as the caller knows it.
 * @capacity: How many elements the array has room for.
 * @count: Result: elements filled. As many as @capacity: there may be more,
 *	from the last number plus one on.
 *
 * Return: 0, or a negative errno value.
 */
int memtable_registry_list(struct memtable_table *table, uint64_t start,
			   struct memtable_list_entry *entries, size_t entry_size,
			   size_t capacity, size_t *count);

/**
 * DOC: Stacks
 *
 * A stack reads a table that is written to together with those that it was
 * rotated out to: the current table first, then the sealed ones in the
 * registry, the newest first. The newest table that says anything of a key, be it
 * that it is deleted, has the answer. File numbers must grow with every rotation,
 * none may come back, and the oldest table must be dropped first. A map keeps no tombstones, so what is deleted in one
 * shows again from the tables behind it.
 */

/**
 * memtable_stack_create() - Make a stack.
 * @table: The current table, of which the stack takes a reference.
 * @path: Path of the device, as for memtable_table_open().
 * @first: Lowest number of the sealed tables.
 * @last: Highest number of them; tables with other numbers are left alone.
 * @stack: Result: the stack, to be released with memtable_stack_destroy().
 *
 * Return: 0; -EINVAL if @first is above @last; -ENOMEM.
 */
int memtable_stack_create(struct memtable_table *table, const char *path, uint64_t first,
			  uint64_t last, struct memtable_stack **stack);

/**
 * memtable_stack_destroy() - Release a stack.
 * @stack: The stack; NULL does nothing. The tables stay in the registry.
 */
void memtable_stack_destroy(struct memtable_stack *stack);

/**
 * memtable_stack_refresh() - Find out which sealed tables there are.
 * @stack: The stack, which holds them from then on, and lets those go that were
 *	dropped.
 *
 * Return: 0, or an error as from memtable_registry_list() and
 * memtable_table_open().
 */
int memtable_stack_refresh(struct memtable_stack *stack);

/**
 * memtable_stack_count() - Tell how many sealed tables a stack holds.
 * @stack: The stack.
 *
 * Return: Their number.
 */
size_t memtable_stack_count(const struct memtable_stack *stack);

/**
 * memtable_stack_get() - Look a key up in all tables.
 * @stack: The stack. Where the current table says nothing of the key the stack
 *	is refreshed, so that no rotation in between hides anything.
 * @key: The key.
 * @key_length: Length of the key.
 * @snapshot: Where to read; sequence numbers go on from table to table.
 * @value: As memtable_table_get() has it.
 * @value_length: As memtable_table_get() has it.
 * @tag: As memtable_table_get() has it.
 *
 * Return: As memtable_table_get(); -ENOENT with a @tag of zero if no table says
 * anything of the key: what has been dropped before must be asked next.
 */
int memtable_stack_get(struct memtable_stack *stack, const void *key, size_t key_length,
		       uint64_t snapshot, void **value, size_t *value_length, uint64_t *tag);

/**
 * memtable_stack_iterate() - Make an iterator over all tables.
 * @stack: The stack, which is refreshed.
 * @flags: As for memtable_iterator_create().
 * @snapshot: As for memtable_iterator_create(); sequence numbers go on from table
 *	to table.
 * @iterator: Result: the iterator, as of memtable_iterator_create(). It stops at a
 *	key once, wherever its versions are; with %MEMTABLE_SCAN_ALL_VERSIONS at all
 *	of them, in the order of their sequence numbers.
 *
 * The iterator keeps the tables that there are now, whatever is rotated or dropped
 * later, with or without the stack. The latest snapshot is the latest of these.
 *
 * Return: 0; -EINVAL for an unknown flag, a snapshot that cannot be, or sealed
 * tables that are in another order; or an error as from memtable_stack_refresh() and
 * memtable_table_share().
 */
int memtable_stack_iterate(struct memtable_stack *stack, uint32_t flags, uint64_t snapshot,
			   struct memtable_iterator **iterator);

/**
 * DOC: Length-prefixed slices
 *
 * LevelDB's form of a byte string inside another: its length as a varint of up
 * to 32 bits (seven bits a byte, the lowest first, the high bit set on all
 * bytes but the last), then its bytes.
 */

/**
 * memtable_slice_encoded_length() - Tell how long a slice is when encoded.
 * @length: Length of the slice, at most UINT32_MAX.
 *
 * Return: Length of its encoded form, in bytes.
 */
size_t memtable_slice_encoded_length(size_t length);

/**
 * memtable_slice_encode() - Append a slice to a buffer.
 * @buffer: The buffer.
 * @size: Its size, in bytes.
 * @offset: Where in the buffer to put it; moved past it on success.
 * @data: The slice.
 * @length: Its length.
 *
 * Return: 0; -ERANGE if there is no room for it, with nothing written;
 * -EMSGSIZE if @length is above UINT32_MAX.
 */
int memtable_slice_encode(void *buffer, size_t size, size_t *offset,
			  const void *data, size_t length);

/**
 * memtable_slice_decode() - Take a slice out of a buffer.
 * @buffer: The buffer.
 * @size: Length of what it holds, in bytes.
 * @offset: Where in the buffer the slice begins; moved past it on success.
 * @data: Result: the slice, inside the buffer.
 * @length: Result: its length.
 *
 * Return: 0; -ENODATA if the buffer ends before the slice does; -EBADMSG if the
 * length does not fit 32 bits or is encoded in more bytes than it needs.
 */
int memtable_slice_decode(const void *buffer, size_t size, size_t *offset,
			  const void **data, size_t *length);

/**
 * DOC: Files
 *
 * A file of this kind is there whole or not at all: it is written under a
 * temporary name in the same folder, and takes its own once it is on the disk.
 */

/**
 * memtable_file_create() - Begin to write a file.
 * @path: Its name; NAME.tmp is written first. A file that has the name already
 *	stays as it is until it is replaced.
 * @file: Result: the file, to be committed or discarded.
 *
 * Return: 0; -EBUSY if another process is writing it; -EISDIR if the name is that
 * of a folder, -EEXIST of a device or anything else that is no file; -ELOOP if
 * NAME.tmp is a symbolic link; -ENOMEM; an error of :manpage:`open(2)`.
 */
int memtable_file_create(const char *path, struct memtable_file **file);

/**
 * memtable_file_fd() - Tell a file's descriptor.
 * @file: The file, which goes on owning it.
 *
 * Return: The descriptor, for writing.
 */
int memtable_file_fd(const struct memtable_file *file);

/**
 * memtable_file_temporary() - Tell a file's temporary name.
 * @file: The file, which owns the name.
 *
 * For those who write through a library that wants a name.
 *
 * Return: The name.
 */
const char *memtable_file_temporary(const struct memtable_file *file);

/**
 * memtable_file_commit() - Let a file take its name, once it is on the disk.
 * @file: The file, which is released in any case; on failure the temporary one is
 *	removed.
 *
 * Return: 0; -ENOSPC, -EIO and whatever else :manpage:`fsync(2)` and
 * :manpage:`rename(2)` come to.
 */
int memtable_file_commit(struct memtable_file *file);

/**
 * memtable_file_discard() - Remove a file that was begun.
 * @file: The file, which is released; NULL does nothing.
 */
void memtable_file_discard(struct memtable_file *file);

/**
 * typedef memtable_progress - What is called as a long work goes on.
 * @argument: What the caller gave for it.
 * @done: How much is done.
 * @entries: Another figure, as each function says.
 */
typedef void (*memtable_progress)(void *argument, uint64_t done, uint64_t entries);

/**
 * memtable_dump() - Write a table's record stream to an open file.
 * @table: The table, read at the latest snapshot: all versions, and tombstones.
 * @fd: The file.
 * @progress: Called with the entries written, and those that there are; or NULL.
 * @argument: Its argument.
 * @entries: Result: entries written; or NULL.
 *
 * The stream is in the host's byte order, see "Records" in <linux/memtable.h>.
 *
 * Return: 0; an error of :manpage:`write(2)`; -ENOMEM. What was written until
 * then is in the file.
 */
int memtable_dump(struct memtable_table *table, int fd, memtable_progress progress,
		  void *argument, uint64_t *entries);

/**
 * memtable_dump_file() - Write a table's record stream to a file, whole or not at
 *	all.
 * @table: As for memtable_dump().
 * @path: As for memtable_file_create().
 * @progress: As for memtable_dump().
 * @argument: As for memtable_dump().
 * @entries: As for memtable_dump().
 *
 * Return: 0; an error as from memtable_dump() and memtable_file_commit(), with no
 * file made.
 */
int memtable_dump_file(struct memtable_table *table, const char *path,
		       memtable_progress progress, void *argument, uint64_t *entries);

/**
 * memtable_restore() - Write the record stream of an open file to a table.
 * @table: The table. A map takes the values, not their sequence numbers.
 * @fd: The file.
 * @progress: Called with the bytes read and the entries written; or NULL.
 * @argument: Its argument.
 * @entries: Result, also after an error: entries written; or NULL.
 *
 * It is written in atomic batches of about 256 KiB.
 *
 * Return: 0; -EBADMSG if the stream ends inside a record or has what is none;
 * -EINVAL if a record cannot be in this table; an error of :manpage:`read(2)`, or
 * as from memtable_batch_write().
 */
int memtable_restore(struct memtable_table *table, int fd, memtable_progress progress,
		     void *argument, uint64_t *entries);

/**
 * enum memtable_log_flags - How to replay a log.
 * @MEMTABLE_LOG_SKIP_CORRUPT: Go on behind what is corrupt.
 */
enum memtable_log_flags {
	MEMTABLE_LOG_SKIP_CORRUPT	= 1 << 0,
};

/**
 * struct memtable_log_report - What came of replaying a log.
 * @entries: Entries that were written to the table.
 * @last_sequence: The highest of their sequence numbers.
 * @torn_bytes: How many bytes at the end of the log are of a batch that is not
 *	whole, as when its writer died: it was never acknowledged, and is dropped.
 * @corruptions: How often something was corrupt.
 * @corrupt_bytes: How many bytes were skipped for that.
 * @offset: Where in the log the last good part ended, in bytes.
 * @reason: What was wrong the last time, in English; NULL if nothing was.
 */
struct memtable_log_report {
	uint64_t entries;
	uint64_t last_sequence;
	uint64_t torn_bytes;
	uint64_t corruptions;
	uint64_t corrupt_bytes;
	uint64_t offset;
	const char *reason;
};

/**
 * memtable_log_replay() - Write what a LevelDB write-ahead log has to a table.
 * @table: The table. Entries keep their sequence numbers.
 * @fd: The log, a file NUMBER.log of a LevelDB database.
 * @flags: Bits of &enum memtable_log_flags.
 * @progress: Called with the bytes read and the entries written; or NULL.
 * @argument: Its argument.
 * @report: Result, also after an error; or NULL.
 *
 * A write batch of the log is written whole or not at all. Several of them may
 * become visible at once.
 *
 * Return: 0, a batch that is cut off at the end included; -EBADMSG if something
 * is corrupt and not to be skipped; -EMSGSIZE for a key or a value that is too
 * long; an error of :manpage:`read(2)`, or as from memtable_batch_write(): what
 * came before is in the table.
 */
int memtable_log_replay(struct memtable_table *table, int fd, uint32_t flags,
			memtable_progress progress, void *argument,
			struct memtable_log_report *report);

/**
 * DOC: Hash-ordered tables
 *
 * A store may keep its keys in the order of a hash. In a table such a key has
 * the hash in front, four bytes with the highest first; bounds, pivots and
 * splits then speak of hashes. What the store's files say of a key is an entry
 * of 26 bytes, all integers with the highest byte first: key hash (4), key size
 * (2), file id (16), file offset (4).
 */

/** define MEMTABLE_HASH_ENTRY_SIZE - Size of an encoded entry, in bytes. */
#define MEMTABLE_HASH_ENTRY_SIZE 26

/**
 * struct memtable_hash_entry - Where a key's data is.
 * @key_hash: Hash of the key.
 * @key_size: Length of the key, in bytes.
 * @file_id: Name of the file.
 * @file_offset: Where in the file, in bytes.
 */
struct memtable_hash_entry {
	uint32_t key_hash;
	uint16_t key_size;
	uint8_t file_id[16];
	uint32_t file_offset;
};

/**
 * struct memtable_hash_pair - A key without its hash, and its value.
 * @key: The key.
 * @value: The value.
 */
struct memtable_hash_pair {
	struct memtable_slice key;
	struct memtable_slice value;
};

/**
 * memtable_hash_key() - Hash a key.
 * @key: The key.
 * @length: Length of the key.
 *
 * Return: Its hash, Austin Appleby's MurmurHash3 for x86, 32 bits, with seed 0.
 * It is the same on every machine and will not change.
 */
uint32_t memtable_hash_key(const void *key, size_t length);

/**
 * memtable_hash_entry_encode() - Turn an entry into bytes.
 * @entry: The entry.
 * @bytes: Where %MEMTABLE_HASH_ENTRY_SIZE bytes go.
 */
void memtable_hash_entry_encode(const struct memtable_hash_entry *entry, void *bytes);

/**
 * memtable_hash_entry_decode() - Turn bytes into an entry.
 * @bytes: The bytes.
 * @length: How many there are.
 * @entry: Result.
 *
 * Return: 0; -ENODATA if there are too few bytes; -EBADMSG if there are too
 * many.
 */
int memtable_hash_entry_decode(const void *bytes, size_t length,
			       struct memtable_hash_entry *entry);

/**
 * memtable_hash_entry_check() - Tell whether an entry is about a key.
 * @entry: The entry.
 * @key: The key.
 * @key_length: Length of the key.
 *
 * Return: 0; -EBADMSG if the hash or the size is another key's.
 */
int memtable_hash_entry_check(const struct memtable_hash_entry *entry,
			      const void *key, size_t key_length);

/**
 * memtable_hash_prefix() - Put the hash in front of a key.
 * @key: The key.
 * @key_length: Length of the key.
 * @buffer: The buffer that takes the hash and the key.
 * @size: Size of the buffer, in bytes: four more than the key is enough.
 * @length: Result: length of what is in the buffer.
 *
 * Return: 0; -ERANGE if the buffer is too small; -EMSGSIZE if the key is too
 * long for that.
 */
int memtable_hash_prefix(const void *key, size_t key_length, void *buffer, size_t size,
			 size_t *length);

/**
 * memtable_hash_unprefix() - Find the key behind its hash.
 * @prefixed: The hash and the key.
 * @length: Length of both.
 * @key: Result: the key, inside @prefixed.
 * @key_length: Result: length of the key.
 *
 * Return: 0; -ENODATA if not even a hash is there; -EBADMSG if it is another
 * key's.
 */
int memtable_hash_unprefix(const void *prefixed, size_t length,
			   const void **key, size_t *key_length);

/**
 * memtable_hash_bounds() - Tell a hash-ordered table's first and last hash.
 * @table: The table.
 * @first: Result: the first hash.
 * @last: Result: the last hash. Both are zero if the table is empty.
 *
 * Return: 0; -EBADMSG if a key has no hash in front.
 */
int memtable_hash_bounds(struct memtable_table *table, uint32_t *first, uint32_t *last);

/**
 * memtable_hash_between() - Tell whether a hash lies in a range.
 * @hash: The hash.
 * @start: The range's first hash, which belongs to it.
 * @end: The range's last hash, which belongs to it.
 *
 * Return: Whether it does.
 */
bool memtable_hash_between(uint32_t hash, uint32_t start, uint32_t end);

/**
 * memtable_hash_pivot() - Tell the hash of a hash-ordered table's middle key.
 * @table: The table.
 * @hash: Result.
 *
 * Return: 0; -ENOENT if the table is empty; -EBADMSG if the key has no hash in
 * front.
 */
int memtable_hash_pivot(struct memtable_table *table, uint32_t *hash);

/**
 * memtable_hash_split() - Cut a hash-ordered table in two.
 * @table: The table, which keeps the hashes below the pivot.
 * @hash: The pivot.
 * @upper: Result: a handle of a new table with the pivot and the hashes above.
 *
 * Return: As memtable_table_split().
 */
int memtable_hash_split(struct memtable_table *table, uint32_t hash,
			struct memtable_table **upper);

/**
 * memtable_hash_from_entries() - Fill an empty table, in the order of hashes.
 * @table: The table.
 * @pairs: The keys, without their hashes, and the values. The later of two with
 *	the same key is the newer one.
 * @count: How many there are.
 * @size: Result: the sum of the lengths of keys, with their hashes, and values;
 *	or NULL.
 *
 * They are written whole or not at all.
 *
 * Return: 0; -EBUSY if the table is not empty; -EMSGSIZE if a key, a value or
 * all of them together are too long; or an error as from
 * memtable_batch_write().
 */
int memtable_hash_from_entries(struct memtable_table *table,
			       const struct memtable_hash_pair *pairs, size_t count,
			       uint64_t *size);

#ifdef __cplusplus
}
#endif

#endif /* MEMTABLE_H */
