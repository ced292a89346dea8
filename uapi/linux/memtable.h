/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/memtable: an ordered, versioned, in-memory key-value table behind a
 * file descriptor, as log-structured merge trees use in front of their files.
 *
 * Every open of the device is a table of its own. All integers are in the
 * host's byte order; all pointers are passed as __u64, so that 32-bit callers
 * use the same layout.
 */
#ifndef _UAPI_LINUX_MEMTABLE_H
#define _UAPI_LINUX_MEMTABLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Rules that hold for every request
 *
 * A request's structure may grow at its end in later versions. The size that
 * the caller compiled with travels in the request number: fields that the
 * caller does not know count as zero, fields that the kernel does not know
 * must be zero (%E2BIG otherwise), and a structure smaller than its first
 * version is refused (%EINVAL).
 *
 * Unknown flags and reserved fields that are not zero are refused with
 * %EINVAL. Fields that only carry results are ignored on entry. Results are
 * written when the request succeeds, and where a field's description says so
 * also when it fails; in every other case the structure is left alone. A
 * request that changes the table finds out first whether its structure can be
 * written; should that end while it is served, %EFAULT comes after the fact.
 *
 * Errors common to all requests: %ENOTTY (unknown request), %EFAULT (bad
 * pointer), %EBADF (the device was not opened for reading, or for writing, as
 * the request needs it), %ENOMEM, %EINTR (a fatal signal is pending). Opened for
 * writing it must be for CONFIGURE, ADD, WRITE, SEAL, PUBLISH, DROP, ROTATE and
 * SPLIT, for reading for GET, READ, SCAN, PIVOT, SHARE and SPLIT.
 */

/**
 * DOC: Records
 *
 * Entries travel as *records* in every direction: what %MEMTABLE_IOC_SCAN,
 * %MEMTABLE_IOC_READ and :manpage:`read(2)` return, %MEMTABLE_IOC_WRITE and
 * :manpage:`write(2)` take. A record is a &struct memtable_record, the bytes
 * of the key, the bytes of the value, and padding to the next multiple of
 * eight bytes; a record stream is records back to back, the last one padded
 * too. Padding is zero on the way out and ignored on the way in.
 */

/** define MEMTABLE_ABI_VERSION - Version of this interface, see &memtable_info.abi_version. */
#define MEMTABLE_ABI_VERSION		1

/** define MEMTABLE_MAX_KEY_LENGTH - Longest key, in bytes. */
#define MEMTABLE_MAX_KEY_LENGTH		65535U

/** define MEMTABLE_MAX_VALUE_LENGTH - Longest value, in bytes. */
#define MEMTABLE_MAX_VALUE_LENGTH	16777216U

/** define MEMTABLE_MAX_REQUEST_LENGTH - Longest record stream that one request takes, in bytes. */
#define MEMTABLE_MAX_REQUEST_LENGTH	67108864U

/**
 * define MEMTABLE_SNAPSHOT_EMPTY - The snapshot of an empty table, which sees nothing.
 *
 * Sequence numbers begin at one, and a snapshot of zero asks for the latest.
 */
#define MEMTABLE_SNAPSHOT_EMPTY		(~0ULL)

/** define MEMTABLE_MAX_SEQUENCE - Highest sequence number: 56 bits. */
#define MEMTABLE_MAX_SEQUENCE		((1ULL << 56) - 1)

/**
 * enum memtable_type - What an entry says about its key.
 * @MEMTABLE_TYPE_DELETION: A tombstone: the key has no value from this
 *	sequence on. It carries no value bytes.
 * @MEMTABLE_TYPE_VALUE: The key has this value from this sequence on.
 * @MEMTABLE_TYPE_ABSENT: Only in the output of %MEMTABLE_IOC_READ: the table
 *	says nothing about this key. Refused on the way in.
 */
enum memtable_type {
	MEMTABLE_TYPE_DELETION	= 0,
	MEMTABLE_TYPE_VALUE	= 1,
	MEMTABLE_TYPE_ABSENT	= 255,
};

/**
 * struct memtable_record - Header of an entry in transfer form.
 * @tag: The sequence number shifted left by eight bits, or'ed with the type
 *	(&enum memtable_type). In a write batch a sequence of zero asks the
 *	kernel to assign the next one.
 * @key_length: Length of the key that follows, in bytes, at most
 *	%MEMTABLE_MAX_KEY_LENGTH.
 * @value_length: Length of the value that follows the key, in bytes, at most
 *	%MEMTABLE_MAX_VALUE_LENGTH; zero for anything but a value.
 */
struct memtable_record {
	__u64 tag;
	__u32 key_length;
	__u32 value_length;
};

/**
 * enum memtable_order - How a table orders its keys.
 * @MEMTABLE_ORDER_BYTEWISE: As :manpage:`memcmp(3)` does, a prefix first.
 * @MEMTABLE_ORDER_REVERSE: The other way round.
 *
 * Versions of one key are ordered by sequence number, the newest first.
 */
enum memtable_order {
	MEMTABLE_ORDER_BYTEWISE	= 0,
	MEMTABLE_ORDER_REVERSE	= 1,
};

/**
 * enum memtable_kind - What a table keeps of a key.
 * @MEMTABLE_KIND_VERSIONED: Every version, for ever.
 * @MEMTABLE_KIND_MAP: The newest version: a value replaces the one before it, a
 *	deletion removes it and leaves nothing, and the memory is given back. The
 *	kernel assigns the sequence numbers. In a full map one key at a time can
 *	always be replaced or deleted, a batch of several only if there is room
 *	for them beside what they replace. Reads answer from the latest state
 *	whatever snapshot they name; a GET or READ sees a batch whole or not at
 *	all, a SCAN sees each entry as it was at some time during the call.
 */
enum memtable_kind {
	MEMTABLE_KIND_VERSIONED	= 0,
	MEMTABLE_KIND_MAP	= 1,
};

/**
 * enum memtable_state - Bits of a table's state.
 * @MEMTABLE_STATE_SEALED: The table takes no more writes.
 * @MEMTABLE_STATE_FLUSH: The memory in use has reached the write buffer size.
 * @MEMTABLE_STATE_FULL: The memory in use is within 4 KiB of the maximum size, or
 *	the last write was refused for lack of room.
 */
enum memtable_state {
	MEMTABLE_STATE_SEALED	= 1 << 0,
	MEMTABLE_STATE_FLUSH	= 1 << 1,
	MEMTABLE_STATE_FULL	= 1 << 2,
};

/**
 * struct memtable_info - Argument of %MEMTABLE_IOC_INFO.
 * @features: Bits for what this kernel's interface offers beyond version 1;
 *	none yet.
 * @max_request_length: Longest record stream that one request takes, in bytes.
 * @abi_version: Version of the interface, %MEMTABLE_ABI_VERSION.
 * @max_key_length: Longest key, in bytes.
 * @max_value_length: Longest value, in bytes.
 * @state: The table's state, bits of &enum memtable_state.
 * @order: The table's order, &enum memtable_order.
 * @kind: The table's kind, &enum memtable_kind.
 * @entries: Entries in the table, tombstones and all versions included.
 * @tombstones: How many of the entries are tombstones.
 * @logical_bytes: Sum of the entries' key and value lengths.
 * @memory_usage: Memory that the table takes: its index blocks and its
 *	records, each with the size of the object that holds it.
 * @last_sequence: Highest sequence number that readers see; zero in a new
 *	table.
 * @write_buffer_size: Memory usage at which the table asks to be flushed, in
 *	bytes.
 * @max_size: Memory usage that no write may pass, in bytes; zero for no limit.
 *
 * The figures are exact for a table that nobody writes to; beside a writer
 * each of them is some value between before and after.
 */
struct memtable_info {
	__u64 features;
	__u64 max_request_length;
	__u32 abi_version;
	__u32 max_key_length;
	__u32 max_value_length;
	__u32 state;
	__u32 order;
	__u32 kind;
	__u64 entries;
	__u64 tombstones;
	__u64 logical_bytes;
	__u64 memory_usage;
	__u64 last_sequence;
	__u64 write_buffer_size;
	__u64 max_size;
};

/**
 * struct memtable_configure - Argument of %MEMTABLE_IOC_CONFIGURE.
 * @write_buffer_size: Memory usage at which the table asks to be flushed, in
 *	bytes; zero for the default, 4 MiB or @max_size if that is less.
 * @max_size: Memory usage that no write may pass, in bytes; zero for no limit.
 * @order: The order of keys, &enum memtable_order.
 * @kind: The kind of table, &enum memtable_kind.
 * @flags: Must be zero.
 * @reserved: Must be zero.
 *
 * The whole configuration is replaced. Errors: %EBUSY if the table is not
 * empty, %EROFS if it is sealed, %EINVAL for an unknown order or kind or for a
 * @write_buffer_size beyond a @max_size.
 */
struct memtable_configure {
	__u64 write_buffer_size;
	__u64 max_size;
	__u32 order;
	__u32 kind;
	__u32 flags;
	__u32 reserved;
};

/**
 * enum memtable_add_flags - Bits of &memtable_add.flags.
 * @MEMTABLE_ADD_IF_ABSENT: Only if the key has no value: the table says nothing
 *	about it, or that it is deleted. %EEXIST otherwise.
 * @MEMTABLE_ADD_IF_SEQUENCE: Only if the newest entry of the key, a tombstone
 *	perhaps, has the sequence number that is expected. %EAGAIN otherwise.
 */
enum memtable_add_flags {
	MEMTABLE_ADD_IF_ABSENT		= 1 << 0,
	MEMTABLE_ADD_IF_SEQUENCE	= 1 << 1,
};

/**
 * struct memtable_add - Argument of %MEMTABLE_IOC_ADD.
 * @key: Address of the key.
 * @value: Address of the value.
 * @sequence: On entry the entry's sequence number, or zero to be given the
 *	next after the last one; on success the sequence number it has.
 * @expected: With %MEMTABLE_ADD_IF_SEQUENCE the sequence number that the key's
 *	newest entry must have, zero for none; must be zero without. If a
 *	condition does not hold, the result is the one that it has.
 * @key_length: Length of the key, in bytes.
 * @value_length: Length of the value, in bytes; zero for a tombstone.
 * @type: %MEMTABLE_TYPE_VALUE or %MEMTABLE_TYPE_DELETION.
 * @flags: Bits of &enum memtable_add_flags, one at most.
 *
 * Errors: %EMSGSIZE if the key or the value is too long, %EEXIST if the key
 * already has an entry with this sequence number, %EEXIST or %EAGAIN if a
 * condition does not hold, %ENOSPC if the table would pass its maximum size,
 * %EDQUOT if it is published and its user's tables would pass what they may
 * take, %EROFS if it is sealed, %EOVERFLOW if the sequence numbers are used up,
 * %EINVAL for an unknown type, a tombstone with a value, a sequence number above
 * %MEMTABLE_MAX_SEQUENCE, or one that is not zero in a map table.
 */
struct memtable_add {
	__u64 key;
	__u64 value;
	__u64 sequence;
	__u64 expected;
	__u32 key_length;
	__u32 value_length;
	__u32 type;
	__u32 flags;
};

/**
 * struct memtable_get - Argument of %MEMTABLE_IOC_GET.
 * @key: Address of the key.
 * @value: Address of the buffer that takes the value.
 * @snapshot: Sequence number at which to read: the newest entry of the key at
 *	or below it answers. Zero reads the latest, %MEMTABLE_SNAPSHOT_EMPTY
 *	nothing.
 * @tag: Result: the tag of the entry that answered, also for a tombstone;
 *	zero if there was none.
 * @key_length: Length of the key, in bytes.
 * @value_size: Size of the buffer, in bytes.
 * @value_length: Result: length of the value, in bytes.
 * @flags: Must be zero.
 *
 * Errors: %ENOENT if the table says nothing about the key (@tag is zero then)
 * or that it is deleted (@tag is the tombstone's: an older table must not be
 * asked); %ERANGE if the value is longer than the buffer: nothing is copied,
 * @tag and @value_length are set, so that a size of zero asks for the length
 * alone; %EMSGSIZE if the key is too long.
 */
struct memtable_get {
	__u64 key;
	__u64 value;
	__u64 snapshot;
	__u64 tag;
	__u32 key_length;
	__u32 value_size;
	__u32 value_length;
	__u32 flags;
};

/**
 * struct memtable_write - Argument of %MEMTABLE_IOC_WRITE.
 * @records: Address of the record stream.
 * @length: Length of the record stream, in bytes.
 * @last_sequence: Result: the highest sequence number in the batch. Where the
 *	kernel assigned them, the batch has the @count consecutive ones that
 *	end here, in the order of its records.
 * @count: Result: records in the batch.
 * @flags: Must be zero.
 *
 * The batch is applied whole or not at all, and every reader sees all of it
 * or nothing. Either all its records carry a sequence number or none does; the
 * highest possible one is the last that the table can hold. An empty batch
 * succeeds and changes nothing.
 *
 * Errors: those of %MEMTABLE_IOC_ADD, %EEXIST also if two records of the batch
 * have the same key and sequence number; %EINVAL for a stream that is not
 * whole records; %EMSGSIZE also if it is too long.
 */
struct memtable_write {
	__u64 records;
	__u64 length;
	__u64 last_sequence;
	__u32 count;
	__u32 flags;
};

/**
 * struct memtable_read - Argument of %MEMTABLE_IOC_READ.
 * @keys: Address of the keys to look up: a record stream with a tag and a
 *	value length of zero in each record.
 * @keys_length: Length of that stream, in bytes.
 * @records: Address of the buffer that takes the answers: for each key, in
 *	the order asked, one record with the key and the entry that answers, a
 *	tombstone included, or one of type %MEMTABLE_TYPE_ABSENT.
 * @records_size: Size of the buffer, in bytes.
 * @records_length: Result: length of the answers, in bytes; with %ERANGE the
 *	size that they need.
 * @snapshot: On entry the sequence number at which to read, zero for the
 *	latest; as a result the one at which all keys were read, which is
 *	%MEMTABLE_SNAPSHOT_EMPTY in a table that was never written to.
 * @count: Result: keys that were looked up.
 * @found: Result: how many of them have a value.
 * @flags: Must be zero.
 * @reserved: Must be zero.
 *
 * Errors: %ERANGE if the answers do not fit: nothing is copied; %EINVAL for a
 * key stream that is not whole records; %EMSGSIZE if a key or the stream is
 * too long.
 */
struct memtable_read {
	__u64 keys;
	__u64 keys_length;
	__u64 records;
	__u64 records_size;
	__u64 records_length;
	__u64 snapshot;
	__u32 count;
	__u32 found;
	__u32 flags;
	__u32 reserved;
};

/**
 * enum memtable_scan_flags - Bits of &memtable_scan.flags.
 * @MEMTABLE_SCAN_REVERSE: Walk from the last key down to the first. The start
 *	bound is then the upper one.
 * @MEMTABLE_SCAN_START: There is a start bound; otherwise the scan starts at
 *	the end of the table that its direction comes from.
 * @MEMTABLE_SCAN_START_EXCLUSIVE: The start bound itself is left out.
 * @MEMTABLE_SCAN_END: There is an end bound; otherwise the scan runs to the
 *	table's other end.
 * @MEMTABLE_SCAN_END_EXCLUSIVE: The end bound itself is left out.
 * @MEMTABLE_SCAN_KEYS_ONLY: Return records without their values, with a value
 *	length of zero.
 * @MEMTABLE_SCAN_ALL_VERSIONS: Return every entry at or below the snapshot,
 *	not just the newest one of each key.
 * @MEMTABLE_SCAN_TOMBSTONES: Return tombstones too; otherwise they are left
 *	out, and with them the keys that they delete.
 */
enum memtable_scan_flags {
	MEMTABLE_SCAN_REVERSE		= 1 << 0,
	MEMTABLE_SCAN_START		= 1 << 1,
	MEMTABLE_SCAN_START_EXCLUSIVE	= 1 << 2,
	MEMTABLE_SCAN_END		= 1 << 3,
	MEMTABLE_SCAN_END_EXCLUSIVE	= 1 << 4,
	MEMTABLE_SCAN_KEYS_ONLY		= 1 << 5,
	MEMTABLE_SCAN_ALL_VERSIONS	= 1 << 6,
	MEMTABLE_SCAN_TOMBSTONES	= 1 << 7,
};

/**
 * enum memtable_scan_result - Bits of &memtable_scan.result.
 * @MEMTABLE_SCAN_DONE: The scan has returned everything up to its end bound;
 *	otherwise it stopped at the size of the buffer or at the limit, or was
 *	cut short by a split or because a map has been emptied and become
 *	another table, and there may be more.
 */
enum memtable_scan_result {
	MEMTABLE_SCAN_DONE	= 1 << 0,
};

/**
 * struct memtable_scan - Argument of %MEMTABLE_IOC_SCAN.
 * @start_key: Address of the start bound's key.
 * @end_key: Address of the end bound's key.
 * @start_length: Length of the start bound's key, in bytes.
 * @end_length: Length of the end bound's key, in bytes.
 * @start_sequence: With %MEMTABLE_SCAN_ALL_VERSIONS, the start bound is the
 *	entry of its key with this sequence number, or the place where it would
 *	be; zero lets it be the key with all its versions. Must be zero without
 *	that flag.
 * @snapshot: On entry the sequence number at which to read, zero for the
 *	latest; as a result the one that was read at, for the next call. As in
 *	&struct memtable_read.
 * @records: Address of the buffer that takes the records.
 * @records_size: Size of the buffer, in bytes.
 * @records_length: Result: length of the records, in bytes; with %ERANGE the
 *	size that the first of them needs.
 * @limit: Most records to return; zero for no limit.
 * @count: Result: records returned.
 * @flags: Bits of &enum memtable_scan_flags.
 * @result: Result: bits of &enum memtable_scan_result.
 *
 * The kernel keeps no position. To go on, pass the last record's key, with
 * %MEMTABLE_SCAN_ALL_VERSIONS also its sequence number, as the exclusive start
 * bound, and the same snapshot.
 *
 * A bound that lies beyond the other one makes an empty range, not an error.
 * Errors: %ERANGE if not even the first record fits: nothing is copied;
 * %EMSGSIZE if a bound is too long; %EINVAL for parts of a bound that the
 * flags do not announce.
 */
struct memtable_scan {
	__u64 start_key;
	__u64 end_key;
	__u32 start_length;
	__u32 end_length;
	__u64 start_sequence;
	__u64 snapshot;
	__u64 records;
	__u64 records_size;
	__u64 records_length;
	__u32 limit;
	__u32 count;
	__u32 flags;
	__u32 result;
};

/**
 * struct memtable_number - Argument of %MEMTABLE_IOC_PUBLISH,
 *	%MEMTABLE_IOC_ATTACH, %MEMTABLE_IOC_DROP and %MEMTABLE_IOC_ROTATE.
 * @number: The file number under which the registry keeps the table.
 * @flags: Must be zero.
 * @reserved: Must be zero.
 *
 * Numbers belong to the user as whom the device was opened, and only a process
 * of that user can use them; no user sees another's. A published table lives on
 * without an open file. The module's parameters user_tables and user_bytes bound
 * what a user can publish.
 *
 * Errors: %EEXIST (PUBLISH, ROTATE: the number is taken), %EBUSY (PUBLISH: the
 * table is published already; ROTATE: by another user, or it is being
 * dropped), %EDQUOT (PUBLISH, ROTATE: the user has as many tables, or as much in
 * them, as allowed), %ENOENT (ATTACH, DROP: there is no such number),
 * %EPERM (all, and %MEMTABLE_IOC_LIST: the caller is another user than the one
 * who opened the device, or the descriptor comes from %MEMTABLE_IOC_SHARE or
 * %MEMTABLE_IOC_SPLIT and speaks for its table only).
 */
struct memtable_number {
	__u64 number;
	__u32 flags;
	__u32 reserved;
};

/**
 * enum memtable_share_flags - Bits of &memtable_share.flags.
 * @MEMTABLE_SHARE_READ_ONLY: The new descriptor can only be read from.
 */
enum memtable_share_flags {
	MEMTABLE_SHARE_READ_ONLY	= 1 << 0,
};

/**
 * struct memtable_share - Argument of %MEMTABLE_IOC_SHARE.
 * @flags: Bits of &enum memtable_share_flags.
 * @fd: Result: the new descriptor, which is closed on :manpage:`execve(2)`.
 *
 * Errors: %EBADF if the descriptor at hand is not open for all that the new one
 * would be, %EMFILE, %ENFILE.
 */
struct memtable_share {
	__u32 flags;
	__s32 fd;
};

/**
 * struct memtable_pivot - Argument of %MEMTABLE_IOC_PIVOT.
 * @key: Address of the buffer that takes the key.
 * @key_size: Size of the buffer, in bytes.
 * @key_length: Result: length of the key, in bytes, with %ERANGE too.
 * @flags: Must be zero.
 * @reserved: Must be zero.
 *
 * The pivot is the key of the entry that has half of all entries, rounded down,
 * before it. This is exact, and takes time in proportion to the number of index
 * blocks, of about fifty entries each.
 *
 * Errors: %ENOENT if the table is empty, %ERANGE if the buffer is too small:
 * nothing is copied.
 */
struct memtable_pivot {
	__u64 key;
	__u32 key_size;
	__u32 key_length;
	__u32 flags;
	__u32 reserved;
};

/**
 * enum memtable_split_flags - Bits of &memtable_split.flags.
 * @MEMTABLE_SPLIT_HALF: Choose the pivot such that both parts have about the
 *	same sum of key and value lengths: as near as whole keys, each with all
 *	its versions, allow.
 * @MEMTABLE_SPLIT_PUBLISH: Publish the upper part, in the same step.
 */
enum memtable_split_flags {
	MEMTABLE_SPLIT_HALF	= 1 << 0,
	MEMTABLE_SPLIT_PUBLISH	= 1 << 1,
};

/**
 * struct memtable_split - Argument of %MEMTABLE_IOC_SPLIT.
 * @pivot: Address of the key to cut at; zero with %MEMTABLE_SPLIT_HALF.
 * @number: The file number under which the upper part is published; zero
 *	without %MEMTABLE_SPLIT_PUBLISH.
 * @pivot_length: Length of the key, in bytes; zero with %MEMTABLE_SPLIT_HALF.
 * @flags: Bits of &enum memtable_split_flags.
 * @fd: Result: a new descriptor, as of %MEMTABLE_IOC_SHARE, of the upper part.
 * @reserved: Must be zero.
 *
 * The keys before the pivot stay in this table, the pivot and those after it
 * move to a new one with the same configuration and last sequence number. No
 * record is copied. A pivot beyond all keys leaves one part empty. A reader of
 * this table sees it as it is before or after; a scan that is cut short is not
 * marked as done. Whether this table is published does not matter and does not
 * change. With %MEMTABLE_SPLIT_PUBLISH the upper part outlives its splitter from
 * the moment it is cut off, and nobody finds it before it is whole.
 *
 * Errors: %EBADF if the device was not opened for reading and writing, as the
 * new descriptor is, %EROFS if the table is sealed, %EMSGSIZE if the pivot is
 * too long, %EMFILE, %ENFILE; with %MEMTABLE_SPLIT_PUBLISH also %EEXIST, %EDQUOT
 * and %EPERM, as &struct memtable_number has them. Nothing is cut then.
 */
struct memtable_split {
	__u64 pivot;
	__u64 number;
	__u32 pivot_length;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
};

/**
 * struct memtable_list_entry - One published table, as %MEMTABLE_IOC_LIST
 *	tells it.
 * @number: Its file number.
 * @entries: As in &struct memtable_info.
 * @tombstones: As in &struct memtable_info.
 * @logical_bytes: As in &struct memtable_info.
 * @memory_usage: As in &struct memtable_info.
 * @last_sequence: As in &struct memtable_info.
 * @state: As in &struct memtable_info.
 * @reserved: Zero.
 */
struct memtable_list_entry {
	__u64 number;
	__u64 entries;
	__u64 tombstones;
	__u64 logical_bytes;
	__u64 memory_usage;
	__u64 last_sequence;
	__u32 state;
	__u32 reserved;
};

/**
 * struct memtable_list - Argument of %MEMTABLE_IOC_LIST.
 * @start: Lowest file number to list.
 * @entries: Address of an array that takes a &struct memtable_list_entry for
 *	each table, in ascending order of number.
 * @entry_size: Size of an element of that array, in bytes: sizeof(struct
 *	memtable_list_entry) as the caller knows it. What a later kernel would
 *	add beyond it is left out, what an earlier one does not know is zeroed.
 * @capacity: Elements that the array has room for.
 * @count: Result: elements filled. As many as @capacity: there may be more,
 *	from the last number plus one on.
 * @flags: Must be zero.
 *
 * Errors: %EINVAL if @entry_size is less than in version 1, %E2BIG if it is
 * more than 4096.
 */
struct memtable_list {
	__u64 start;
	__u64 entries;
	__u32 entry_size;
	__u32 capacity;
	__u32 count;
	__u32 flags;
};

/** define MEMTABLE_IOC_MAGIC - Type byte of the requests. */
#define MEMTABLE_IOC_MAGIC	0xBC

/** define MEMTABLE_IOC_INFO - Tell about the interface and the table, &struct memtable_info. */
#define MEMTABLE_IOC_INFO	_IOR(MEMTABLE_IOC_MAGIC, 0, struct memtable_info)

/** define MEMTABLE_IOC_CONFIGURE - Configure an empty table, &struct memtable_configure. */
#define MEMTABLE_IOC_CONFIGURE	_IOW(MEMTABLE_IOC_MAGIC, 1, struct memtable_configure)

/** define MEMTABLE_IOC_ADD - Add one entry, &struct memtable_add. */
#define MEMTABLE_IOC_ADD	_IOWR(MEMTABLE_IOC_MAGIC, 2, struct memtable_add)

/** define MEMTABLE_IOC_GET - Look up one key, &struct memtable_get. */
#define MEMTABLE_IOC_GET	_IOWR(MEMTABLE_IOC_MAGIC, 3, struct memtable_get)

/** define MEMTABLE_IOC_WRITE - Apply an atomic batch, &struct memtable_write. */
#define MEMTABLE_IOC_WRITE	_IOWR(MEMTABLE_IOC_MAGIC, 4, struct memtable_write)

/** define MEMTABLE_IOC_READ - Look up many keys, &struct memtable_read. */
#define MEMTABLE_IOC_READ	_IOWR(MEMTABLE_IOC_MAGIC, 5, struct memtable_read)

/** define MEMTABLE_IOC_SCAN - Return entries in order, &struct memtable_scan. */
#define MEMTABLE_IOC_SCAN	_IOWR(MEMTABLE_IOC_MAGIC, 6, struct memtable_scan)

/**
 * define MEMTABLE_IOC_SEAL - Take no more writes; the argument must be zero.
 *
 * Sealing a sealed table succeeds.
 */
#define MEMTABLE_IOC_SEAL	_IO(MEMTABLE_IOC_MAGIC, 7)

/** define MEMTABLE_IOC_PUBLISH - Keep this table under a number, &struct memtable_number. */
#define MEMTABLE_IOC_PUBLISH	_IOW(MEMTABLE_IOC_MAGIC, 8, struct memtable_number)

/**
 * define MEMTABLE_IOC_ATTACH - Turn this open file to a published table, &struct memtable_number.
 *
 * The table that the open file had is let go, and freed if it was the last to
 * hold it.
 */
#define MEMTABLE_IOC_ATTACH	_IOW(MEMTABLE_IOC_MAGIC, 9, struct memtable_number)

/** define MEMTABLE_IOC_LIST - List the published tables, &struct memtable_list. */
#define MEMTABLE_IOC_LIST	_IOWR(MEMTABLE_IOC_MAGIC, 10, struct memtable_list)

/**
 * define MEMTABLE_IOC_DROP - Take a table out of the registry, &struct memtable_number.
 *
 * It is freed once no open file holds it.
 */
#define MEMTABLE_IOC_DROP	_IOW(MEMTABLE_IOC_MAGIC, 11, struct memtable_number)

/**
 * define MEMTABLE_IOC_ROTATE - Publish the table, go on with another, &struct memtable_number.
 *
 * The table is sealed and published under the number, and this open file turned
 * to an empty one: in one step for all who share this open file, so that no
 * write is lost, applied twice or refused because of it. The empty table has the
 * same configuration and goes on with the sequence numbers. Other open files of
 * the sealed table stay with it. If the table was published already, the empty
 * one takes its number over, so that who attaches to that number finds a table
 * that takes writes, and that outlives its writers as the one before did.
 */
#define MEMTABLE_IOC_ROTATE	_IOW(MEMTABLE_IOC_MAGIC, 12, struct memtable_number)

/** define MEMTABLE_IOC_SHARE - Make another descriptor of the table, &struct memtable_share. */
#define MEMTABLE_IOC_SHARE	_IOWR(MEMTABLE_IOC_MAGIC, 13, struct memtable_share)

/** define MEMTABLE_IOC_PIVOT - Tell the middle key, &struct memtable_pivot. */
#define MEMTABLE_IOC_PIVOT	_IOWR(MEMTABLE_IOC_MAGIC, 14, struct memtable_pivot)

/** define MEMTABLE_IOC_SPLIT - Move the upper part to a new table, &struct memtable_split. */
#define MEMTABLE_IOC_SPLIT	_IOWR(MEMTABLE_IOC_MAGIC, 15, struct memtable_split)

#endif /* _UAPI_LINUX_MEMTABLE_H */
