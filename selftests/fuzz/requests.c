// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - all that the device can be asked, and what must come of it
 */

#include "arguments.h"
#include "ask.h"
#include "content.h"
#include "files.h"
#include "requests.h"

/*
 * What comes back
 */

static int key_compare(const struct record *a, const struct record *b)
{
	const __u32 length =
		a->key_length < b->key_length ? a->key_length : b->key_length;
	const int order = memcmp(a->key, b->key, length);

	if (order)
		return order < 0 ? -1 : 1;
	return (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

/* A record that is from a table: nothing else than what was put there. */
static void record_check(const struct caller *caller, const struct record *record,
			 bool keys_only)
{
	if (record->type != MEMTABLE_TYPE_VALUE &&
	    (record->type != MEMTABLE_TYPE_DELETION || record->value_length))
		caller_fail(caller, "a record of type %u with %u bytes",
			    record->type, record->value_length);
	if (!record->sequence)
		caller_fail(caller, "a record without a sequence number");
	/* These write anything. */
	if (is_hostile(caller))
		return;
	if (!content_valid(record->key, record->key_length, CONTENT_KEY))
		caller_fail(caller, "a key of %u bytes that was never written",
			    record->key_length);
	if (!keys_only && !content_valid(record->value, record->value_length,
					 content_salt(record->key, record->key_length)))
		caller_fail(caller, "a value of %u bytes that was not written under its key of %u",
			    record->value_length, record->key_length);
}

/* Takes apart a stream that must be whole, record by record. */
static bool stream_step(const struct caller *caller, const void *data,
			size_t length, size_t *offset, struct record *record)
{
	const int ret = record_next(data, length, offset, record);

	if (ret < 0)
		caller_fail(caller, "no whole record at byte %zu of %zu", *offset,
			    length);
	return ret;
}

/*
 * Requests about the table
 */

static void request_info(struct caller *caller)
{
	static const struct memtable_info results = {
		~0ULL, ~0ULL, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U,
		~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL,
	};
	static const struct form form = {
		KIND_INFO, MEMTABLE_IOC_INFO, sizeof(results), &results, {}, {},
	};
	struct memtable_info info = {};
	bool exact;

	if (ask(caller, &form, caller_pick(caller), &info, &exact) || !exact)
		return;
	if (info.features || info.abi_version != MEMTABLE_ABI_VERSION ||
	    info.max_request_length != MEMTABLE_MAX_REQUEST_LENGTH ||
	    info.max_key_length != MEMTABLE_MAX_KEY_LENGTH ||
	    info.max_value_length != MEMTABLE_MAX_VALUE_LENGTH ||
	    info.state > 7 || info.order > 1 || info.kind > 1 ||
	    info.last_sequence > MEMTABLE_MAX_SEQUENCE)
		caller_fail(caller, "impossible figures");
}

void request_configure(struct caller *caller)
{
	static const struct form form = {
		KIND_CONFIGURE, MEMTABLE_IOC_CONFIGURE,
		sizeof(struct memtable_configure), NULL,
		{ EBUSY, EROFS, EINVAL }, {},
	};
	static const __u64 sizes[] = {
		0, 0, 0, 0, 1, 65536, 1 << 20, 1 << 22, 1 << 24, ~0ULL,
	};
	__u64 *const chance = &caller->chance;
	struct memtable_configure configure = {
		.write_buffer_size = chance_of(chance, sizes),
		.max_size = chance_of(chance, sizes),
		.order = chance_below(chance, 20) ? chance_below(chance, 2) : 2,
		.kind = chance_below(chance, 20) ? chance_below(chance, 2) : 2,
	};
	/* In most cases the table that was opened last: it may be empty. */
	const int fd = chance_below(chance, 4) && caller->descriptor_count ?
			       caller->descriptors[caller->descriptor_count - 1] :
			       caller_pick(caller);
	bool exact;

	ask(caller, &form, fd, &configure, &exact);
}

static void request_seal(struct caller *caller)
{
	static const struct form form = {
		KIND_SEAL, MEMTABLE_IOC_SEAL, 0, NULL, { EINVAL }, {},
	};
	__u64 nothing;
	bool exact;

	ask(caller, &form, caller_pick(caller), &nothing, &exact);
}

static void request_share(struct caller *caller)
{
	static const struct memtable_share results = { .fd = -1 };
	static const struct form form = {
		KIND_SHARE, MEMTABLE_IOC_SHARE, sizeof(results), &results,
		{ EINVAL }, {},
	};
	struct memtable_share share = {
		.flags = chance_below(&caller->chance, 10) ?
				 chance_below(&caller->chance, 2) : 2,
	};
	bool exact;

	if (!ask(caller, &form, caller_pick(caller), &share, &exact) && exact)
		caller_keep(caller, share.fd);
}

static void request_pivot(struct caller *caller)
{
	static const struct memtable_pivot results = { .key_length = ~0U };
	static const struct form form = {
		KIND_PIVOT, MEMTABLE_IOC_PIVOT, sizeof(results), &results,
		{ ENOENT, ERANGE }, { ERANGE },
	};
	const size_t size = output_size(caller);
	unsigned char *const output = output_place(caller, size);
	struct memtable_pivot pivot = {
		.key = ADDRESS(output),
		.key_size = size,
	};
	bool exact;
	long ret;

	ret = ask(caller, &form, caller_pick(caller), &pivot, &exact);
	if (!exact || ret == -EFAULT)
		return;
	output_check(caller, output, size, ret ? 0 : pivot.key_length);
	if (ret == -ERANGE && pivot.key_length <= size)
		caller_fail(caller, "a key of %u bytes does not fit in %zu",
			    pivot.key_length, size);
	if (!ret && !is_hostile(caller) &&
	    !content_valid(output, pivot.key_length, CONTENT_KEY))
		caller_fail(caller, "a pivot of %u bytes that was never written",
			    pivot.key_length);
}

static void request_split(struct caller *caller)
{
	static const struct memtable_split results = { .fd = -1 };
	static const struct form form = {
		KIND_SPLIT, MEMTABLE_IOC_SPLIT, sizeof(results), &results,
		{ EROFS, EEXIST, EDQUOT, EPERM, EMSGSIZE, EINVAL }, {},
	};
	__u64 *const chance = &caller->chance;
	struct memtable_split split = { .flags = chance_below(chance, 4) };
	bool exact;

	if (!(split.flags & MEMTABLE_SPLIT_HALF) || chance_one_in(chance, 50))
		split.pivot = ADDRESS(key_place(caller, AREA_KEY, &split.pivot_length));
	if (split.flags & MEMTABLE_SPLIT_PUBLISH || chance_one_in(chance, 50))
		split.number = chance_below(chance, CALLER_NUMBERS);
	if (!ask(caller, &form, caller_pick(caller), &split, &exact) && exact)
		caller_keep(caller, split.fd);
}

/*
 * Requests about entries
 */

static void request_add(struct caller *caller)
{
	static const struct memtable_add results = {
		.sequence = ~0ULL, .expected = ~0ULL,
	};
	static const struct form form = {
		KIND_ADD, MEMTABLE_IOC_ADD, sizeof(results), &results,
		{ EMSGSIZE, EEXIST, EAGAIN, ENOSPC, EDQUOT, EROFS, EOVERFLOW, EINVAL },
		{ EEXIST, EAGAIN },
	};
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	struct memtable_add add = {
		.type = chance_below(chance, 5) ? MEMTABLE_TYPE_VALUE :
						  MEMTABLE_TYPE_DELETION,
		.flags = chance_below(chance, 4) ? 0 : chance_below(chance, 4),
	};
	void *huge = NULL, *key;
	__u32 length = 0;
	bool exact;

	key = key_place(caller, AREA_KEY, &add.key_length);
	add.key = ADDRESS(key);
	if (add.type == MEMTABLE_TYPE_VALUE) {
		length = value_length(caller);
		add.value = ADDRESS(value_place(caller, length,
						content_salt(key, add.key_length),
						&huge));
		add.value_length = length;
	}
	if (chance_one_in(chance, 10))
		add.sequence = chance_below(chance, 5000);
	if (chance_one_in(chance, 500))
		add.sequence = MEMTABLE_MAX_SEQUENCE - chance_below(chance, 4);
	if (add.flags & MEMTABLE_ADD_IF_SEQUENCE)
		add.expected = chance_below(chance, 100);
	if (!ask(caller, &form, fd, &add, &exact) && exact &&
	    (!add.sequence || add.sequence > MEMTABLE_MAX_SEQUENCE))
		caller_fail(caller, "the sequence number %#llx", add.sequence);
	if (huge)
		munmap(huge, length);
}

/* A snapshot: the latest in most cases. */
static __u64 snapshot_make(struct caller *caller)
{
	switch (chance_below(&caller->chance, 16)) {
	case 0:
		return MEMTABLE_SNAPSHOT_EMPTY;
	case 1:
		return MEMTABLE_MAX_SEQUENCE + chance_below(&caller->chance, 2);
	case 2:
	case 3:
		return chance_below(&caller->chance, 2000);
	default:
		return 0;
	}
}

static void request_get(struct caller *caller)
{
	static const struct memtable_get results = {
		.tag = ~0ULL, .value_length = ~0U,
	};
	static const struct form form = {
		KIND_GET, MEMTABLE_IOC_GET, sizeof(results), &results,
		{ ENOENT, ERANGE, EMSGSIZE, EINVAL }, { ENOENT, ERANGE },
	};
	const int fd = caller_pick(caller);
	const size_t size = chance_below(&caller->chance, 2) ? 8192 : output_size(caller);
	unsigned char *const output = output_place(caller, size);
	struct memtable_get get = {
		.value = ADDRESS(output),
		.snapshot = snapshot_make(caller),
		.value_size = size,
	};
	struct record record = { .value = output };
	bool exact;
	long ret;

	record.key = key_place(caller, AREA_KEY, &get.key_length);
	get.key = ADDRESS(record.key);
	ret = ask(caller, &form, fd, &get, &exact);
	if (!exact || ret == -EFAULT)
		return;
	output_check(caller, output, size, ret ? 0 : get.value_length);
	if (ret == -ERANGE && get.value_length <= size)
		caller_fail(caller, "a value of %u bytes does not fit in %zu",
			    get.value_length, size);
	if (ret == -ENOENT && get.value_length)
		caller_fail(caller, "a value of %u bytes that there is not",
			    get.value_length);
	if (ret)
		return;
	record.sequence = get.tag >> 8;
	record.type = get.tag & 0xff;
	record.key_length = get.key_length;
	record.value_length = get.value_length;
	if (record.type != MEMTABLE_TYPE_VALUE)
		caller_fail(caller, "a value of type %u", record.type);
	record_check(caller, &record, false);
}

static void request_write(struct caller *caller)
{
	static const struct memtable_write results = {
		.last_sequence = ~0ULL, .count = ~0U,
	};
	static const struct form form = {
		KIND_WRITE, MEMTABLE_IOC_WRITE, sizeof(results), &results,
		{ EMSGSIZE, EEXIST, ENOSPC, EDQUOT, EROFS, EOVERFLOW, EINVAL }, {},
	};
	const int fd = caller_pick(caller);
	struct memtable_write write = {};
	bool exact, changed;

	stream_make(caller);
	write.records = ADDRESS(stream_place(caller, &changed));
	write.length = caller->stream.length;
	if (!ask(caller, &form, fd, &write, &exact) && exact && !changed &&
	    (write.count != caller->stream_count ||
	     write.last_sequence < write.count))
		caller_fail(caller, "%u records up to number %llu", write.count,
			    write.last_sequence);
}

/* A stream of keys to look up. */
static void keys_make(struct caller *caller)
{
	static unsigned char key[MEMTABLE_MAX_KEY_LENGTH];
	static const __u32 counts[] = { 0, 1, 2, 15, 16, 17, 60 };
	const __u32 count = chance_of(&caller->chance, counts);
	struct stream *const stream = &caller->stream;

	stream->length = 0;
	for (__u32 i = 0; i < count; i++) {
		const __u32 length = key_make(caller, key);

		if (stream->length + record_size(length, 0) > ARENA_AREA_SIZE)
			break;
		stream_add(stream, 0, 0, key, length, NULL, 0);
	}
}

/* The answers have the keys that were asked for, in that order. */
static void answers_check(const struct caller *caller, const struct memtable_read *read,
			  const unsigned char *output)
{
	const struct stream *const stream = &caller->stream;
	struct record asked, record;
	size_t offset = 0, at = 0;
	__u32 count = 0, found = 0;

	while (stream_step(caller, stream->data, stream->length, &offset, &asked)) {
		if (!stream_step(caller, output, read->records_length, &at, &record) ||
		    key_compare(&asked, &record))
			caller_fail(caller, "another key than was asked for");
		count++;
		found += record.type == MEMTABLE_TYPE_VALUE;
		if (record.type != MEMTABLE_TYPE_ABSENT)
			record_check(caller, &record, false);
		else if (record.sequence || record.value_length)
			caller_fail(caller, "something of an entry that is absent");
	}
	if (at != read->records_length || count != read->count || found != read->found)
		caller_fail(caller, "%u answers and %u values, not %u and %u",
			    read->count, read->found, count, found);
}

static void request_read(struct caller *caller)
{
	static const struct memtable_read results = {
		.records_length = ~0ULL, .snapshot = ~0ULL,
		.count = ~0U, .found = ~0U,
	};
	static const struct form form = {
		KIND_READ, MEMTABLE_IOC_READ, sizeof(results), &results,
		{ ERANGE, EMSGSIZE, EINVAL }, { ERANGE },
	};
	const int fd = caller_pick(caller);
	const size_t size = output_size(caller);
	unsigned char *const output = output_place(caller, size);
	struct memtable_read read = {
		.records = ADDRESS(output),
		.records_size = size,
		.snapshot = snapshot_make(caller),
	};
	bool exact, changed;
	long ret;

	keys_make(caller);
	read.keys = ADDRESS(stream_place(caller, &changed));
	read.keys_length = caller->stream.length;
	ret = ask(caller, &form, fd, &read, &exact);
	if (!exact || ret == -EFAULT)
		return;
	output_check(caller, output, size, ret ? 0 : read.records_length);
	if (ret == -ERANGE && read.records_length <= size)
		caller_fail(caller, "%llu bytes of answers do not fit in %zu",
			    read.records_length, size);
	if (!ret && !changed)
		answers_check(caller, &read, output);
}

/* Records are in order, in whichever the table has, and within what was asked. */
static void scan_check(const struct caller *caller, const struct memtable_scan *scan,
		       const struct record *start, const unsigned char *output)
{
	const bool all = scan->flags & MEMTABLE_SCAN_ALL_VERSIONS;
	const bool keys_only = scan->flags & MEMTABLE_SCAN_KEYS_ONLY;
	const bool reverse = scan->flags & MEMTABLE_SCAN_REVERSE;
	struct record before = {}, record;
	size_t offset = 0;
	int direction = 0;
	__u32 count = 0;

	while (stream_step(caller, output, scan->records_length, &offset, &record)) {
		record_check(caller, &record, keys_only);
		if (keys_only && record.value_length)
			caller_fail(caller, "a value with keys only");
		if (record.type == MEMTABLE_TYPE_DELETION &&
		    !(scan->flags & MEMTABLE_SCAN_TOMBSTONES))
			caller_fail(caller, "a tombstone that was not asked for");
		if (scan->flags & MEMTABLE_SCAN_START_EXCLUSIVE &&
		    !key_compare(start, &record) &&
		    (!scan->start_sequence || record.sequence == scan->start_sequence))
			caller_fail(caller, "a bound that was excluded");
		if (count++) {
			const int order = key_compare(&before, &record);

			if (order && direction && order != direction)
				caller_fail(caller, "keys out of order");
			if (!order && (!all || reverse != (before.sequence < record.sequence)))
				caller_fail(caller, "versions out of order");
			if (order)
				direction = order;
		}
		before = record;
	}
	if (count != scan->count || (scan->limit && count > scan->limit) ||
	    scan->result & ~MEMTABLE_SCAN_DONE)
		caller_fail(caller, "%u records, not %u with limit %u and result %#x",
			    count, scan->count, scan->limit, scan->result);
}

static void request_scan(struct caller *caller)
{
	static const struct memtable_scan results = {
		.snapshot = ~0ULL, .records_length = ~0ULL,
		.count = ~0U, .result = ~0U,
	};
	static const struct form form = {
		KIND_SCAN, MEMTABLE_IOC_SCAN, sizeof(results), &results,
		{ ERANGE, EMSGSIZE, EINVAL }, { ERANGE },
	};
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	const size_t size = output_size(caller);
	unsigned char *const output = output_place(caller, size);
	struct memtable_scan scan = {
		.records = ADDRESS(output),
		.records_size = size,
		.snapshot = snapshot_make(caller),
		.limit = chance_below(chance, 4) ? 0 : chance_below(chance, 100),
		.flags = chance_below(chance, 256 + 2),
	};
	struct record start = {};
	bool exact;
	long ret;

	if (scan.flags & MEMTABLE_SCAN_START) {
		start.key = key_place(caller, AREA_KEY, &scan.start_length);
		start.key_length = scan.start_length;
		scan.start_key = ADDRESS(start.key);
		if (scan.flags & MEMTABLE_SCAN_ALL_VERSIONS)
			scan.start_sequence = chance_below(chance, 2) ?
						      chance_below(chance, 5000) : 0;
	} else {
		scan.flags &= ~MEMTABLE_SCAN_START_EXCLUSIVE;
	}
	if (scan.flags & MEMTABLE_SCAN_END)
		scan.end_key = ADDRESS(key_place(caller, AREA_VALUE, &scan.end_length));
	else
		scan.flags &= ~MEMTABLE_SCAN_END_EXCLUSIVE;
	ret = ask(caller, &form, fd, &scan, &exact);
	if (!exact || ret == -EFAULT)
		return;
	output_check(caller, output, size, ret ? 0 : scan.records_length);
	if (ret == -ERANGE && scan.records_length <= size)
		caller_fail(caller, "a record of %llu bytes does not fit in %zu",
			    scan.records_length, size);
	if (!ret)
		scan_check(caller, &scan, &start, output);
}

/*
 * Requests about the registry
 */

static void number_ask(struct caller *caller, const struct form *form)
{
	static const __u64 far[] = { 1ULL << 32, 1ULL << 63, ~0ULL };
	__u64 *const chance = &caller->chance;
	struct memtable_number number = {
		.number = chance_below(chance, 20) ? chance_below(chance, CALLER_NUMBERS) :
						     chance_of(chance, far),
	};
	bool exact;

	ask(caller, form, caller_pick(caller), &number, &exact);
}

#define NUMBER_REQUEST(lower, upper, ...)					\
	static void request_##lower(struct caller *caller)			\
	{									\
		static const struct form form = {				\
			KIND_##upper, MEMTABLE_IOC_##upper,			\
			sizeof(struct memtable_number), NULL, { __VA_ARGS__ }, {}, \
		};								\
										\
		number_ask(caller, &form);					\
	}

NUMBER_REQUEST(publish, PUBLISH, EEXIST, EBUSY, EDQUOT, EPERM)
NUMBER_REQUEST(rotate, ROTATE, EEXIST, EBUSY, EDQUOT, EPERM)
NUMBER_REQUEST(attach, ATTACH, ENOENT, EPERM)
NUMBER_REQUEST(drop, DROP, ENOENT, EPERM)

static void request_list(struct caller *caller)
{
	static const struct memtable_list results = { .count = ~0U };
	static const struct form form = {
		KIND_LIST, MEMTABLE_IOC_LIST, sizeof(results), &results,
		{ EINVAL, E2BIG, EPERM }, {},
	};
	static const __u32 sizes[] = {
		sizeof(struct memtable_list_entry),
		sizeof(struct memtable_list_entry),
		sizeof(struct memtable_list_entry) + 8, 100, 4096, 4097, 55, 0,
	};
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	struct memtable_list list = {
		.start = chance_below(chance, 2 * CALLER_NUMBERS),
		.entry_size = chance_of(chance, sizes),
		.capacity = chance_below(chance, 20),
	};
	const size_t size = (size_t)list.entry_size * list.capacity;
	unsigned char *const output = output_place(caller, size);
	__u64 next = list.start;
	bool exact;

	list.entries = ADDRESS(output);
	if (ask(caller, &form, fd, &list, &exact) || !exact)
		return;
	output_check(caller, output, size, (size_t)list.count * list.entry_size);
	for (__u32 i = 0; i < list.count; i++) {
		const unsigned char *const at = output + i * list.entry_size;
		struct memtable_list_entry entry;

		memcpy(&entry, at, sizeof(entry));
		if (entry.number < next || entry.reserved || entry.state > 7 ||
		    entry.last_sequence > MEMTABLE_MAX_SEQUENCE ||
		    !all_bytes(at + sizeof(entry), list.entry_size - sizeof(entry), 0))
			caller_fail(caller, "an impossible table with number %llu",
				    entry.number);
		next = entry.number + 1;
	}
}

/*
 * Other requests, and the choice among all
 */

/* Requests that there are not. */
static void request_unknown(struct caller *caller)
{
	__u64 *const chance = &caller->chance;
	const unsigned int number = _IOC(chance_below(chance, 4), MEMTABLE_IOC_MAGIC,
					 16 + chance_below(chance, 240),
					 chance_below(chance, 2) ? 16 : chance_below(chance, 16384));
	const int fd = caller_pick(caller);
	const long ret = CALL(caller, KIND_UNKNOWN,
			      ioctl(fd, number, arena_address(&caller->arena, chance)));

	if (ret != -ENOTTY && ret != -EBADF && fd >= 0 && fd != caller->sockets[0])
		caller_fail(caller, "the unknown request %#x: %ld", number, ret);
}

static const struct {
	void (*make)(struct caller *caller);
	unsigned int weight;
} requests[] = {
	{ request_info, 4 },
	{ request_configure, 6 },
	{ request_seal, 1 },
	{ request_share, 4 },
	{ request_pivot, 6 },
	{ request_split, 6 },
	{ request_add, 40 },
	{ request_get, 30 },
	{ request_write, 30 },
	{ request_read, 20 },
	{ request_scan, 40 },
	{ request_publish, 3 },
	{ request_rotate, 3 },
	{ request_attach, 6 },
	{ request_drop, 6 },
	{ request_list, 6 },
	{ request_unknown, 2 },
	{ request_open, 8 },
	{ request_open_again, 1 },
	{ request_duplicate, 1 },
	{ request_close, 6 },
	{ request_file_read, 20 },
	{ request_file_write, 10 },
	{ request_seek, 6 },
	{ request_poll, 4 },
	{ request_map, 1 },
	{ request_other, 3 },
	{ request_send, 2 },
	{ request_receive, 3 },
	{ caller_fork, 1 },
	{ request_user, 1 },
};

_Static_assert(ARRAY_SIZE(requests) <= CALLER_WEIGHTS, "a weight for each");

/* Some not at all and some much more often: so sequences differ more. */
void request_weights(struct caller *caller)
{
	static const unsigned int factors[] = { 0, 1, 1, 1, 2, 8 };

	caller->weight_sum = 0;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		caller->weights[i] = requests[i].weight *
				     chance_of(&caller->chance, factors);
		caller->weight_sum += caller->weights[i];
	}
}

void request_any(struct caller *caller)
{
	unsigned int place = 0, left;

	/* What everything else needs. */
	if (!caller->descriptor_count || !caller->weight_sum) {
		request_open(caller);
		return;
	}
	left = chance_below(&caller->chance, caller->weight_sum);
	while (left >= caller->weights[place])
		left -= caller->weights[place++];
	requests[place].make(caller);
}
