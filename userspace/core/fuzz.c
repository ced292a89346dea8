// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of the core. Its input is a program: requests to a few tables, with
 * allocations that fail and fatal signals in between. After each one the tables
 * are compared with a model: what they hold, what they tell, what they return.
 *
 * All that is written goes in as a record stream, made here or taken from the
 * input as it is. The model keeps those streams.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/module.h>
#include <linux/uio.h>

#include "core.h"
#include "fuzz.h"
#include "owner.h"
#include "registry.h"
#include "split.h"
#include "stream.h"
#include "view.h"

/* As in fuzz.h. */
#define TABLES		4
#define HELD_SCANS	2
#define STREAMS_MAX	(2 << 20)	/* all that is written */
#define LOOKUPS_MAX	40

#define USER		KUIDT_INIT(1000)

/**
 * struct held - A scan that goes on while other things happen.
 * @subject: Whose table it was begun with.
 * @then: What was known of that when it began.
 * @epoch: What it holds of the table, or NULL if there is no such scan.
 * @range: What it was asked for; in a map, what is left of that.
 * @scan: The scan.
 * @expected: What it would have returned at once.
 * @count: How much that is.
 * @at: How much of that it has returned, or passed by.
 * @turned: The table has been empty, and configured anew.
 */
struct held {
	struct subject *subject;
	struct subject then;
	struct mtb_epoch *epoch;
	struct range range;
	struct mtb_scan scan;
	struct memtable_record *expected[ENTRIES_MAX];
	size_t count;
	size_t at;
	bool turned;
};

enum fault {
	FAULT_NONE,
	FAULT_ALLOCATION,
	FAULT_SIGNAL,
};

/**
 * struct run - An input on its way.
 * @subjects: The tables.
 * @held: The scans that are under way.
 * @cursor: For walks of a table, too large for the stack.
 * @scan: For scans, likewise.
 * @streamed: How long all streams are.
 * @fault: What may go wrong in the request at hand.
 * @limited: The owner has been given a limit.
 */
static struct run {
	struct subject subjects[TABLES];
	struct held held[HELD_SCANS];
	struct mtb_cursor cursor;
	struct mtb_scan scan;
	size_t streamed;
	enum fault fault;
	bool limited;
} run;

/* What EQUAL() and TRUE() end in. */
void core_fail(struct kunit *test, bool fatal, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	abort();
}

static const struct subject *published_as(u64 number)
{
	const struct subject *subject;

	for (subject = run.subjects; subject < run.subjects + TABLES; subject++) {
		if (subject->table && subject->published && subject->number == number)
			return subject;
	}
	return NULL;
}

/* Are the numbers in the registry those of the tables, and is what they take charged? */
static void check_registry(void)
{
	const struct subject *subject;
	struct mtb_owner *owner = NULL;
	struct mtb_table *table;
	unsigned int tables = 0;
	u64 number, bytes = 0;

	for (number = 0; (table = mtb_registry_next(USER, &number)); number++) {
		subject = published_as(number);
		TRUE(subject && subject->table == table);
		TRUE(!owner || owner == table->owner);
		owner = table->owner;
		bytes += atomic64_read(&table->memory_usage);
		tables++;
		mtb_table_put(table);
	}
	if (owner) {
		EQUAL(owner->tables, tables);
		EQUAL((u64)atomic64_read(&owner->bytes), bytes);
	}
	for (subject = run.subjects; subject < run.subjects + TABLES; subject++) {
		if (subject->table && subject->published)
			tables--;
		else if (subject->table)
			TRUE(!subject->table->owner);
	}
	EQUAL(tables, 0U);
}

/* Is a table all that it should be? */
static void check(const struct subject *subject)
{
	subject_check(subject);
	check_registry();
}

/* Let something go wrong in the request that follows, or nothing. */
static void arm(void)
{
	u32 nth = input_take(1);

	run.fault = FAULT_NONE;
	if (!nth)
		return;
	run.fault = nth & 1 ? FAULT_ALLOCATION : FAULT_SIGNAL;
	nth = 1 + nth / 2 % 64;
	if (run.fault == FAULT_ALLOCATION)
		core_fail_allocation(nth);
	else
		core_signal(nth);
}

/* Did the request fail of that? It must have changed nothing then, and is made again. */
static bool gave_up(const struct subject *subject, int err)
{
	bool so = (run.fault == FAULT_ALLOCATION && err == -ENOMEM) ||
		  (run.fault == FAULT_SIGNAL && err == -EINTR);

	core_fail_allocation(0);
	core_signal(0);
	run.fault = FAULT_NONE;
	if (so)
		check(subject);
	return so;
}

static struct subject *free_subject(void)
{
	struct subject *subject;

	for (subject = run.subjects; subject < run.subjects + TABLES; subject++) {
		if (!subject->table)
			return subject;
	}
	return NULL;
}

static void configure(struct subject *subject)
{
	static const u64 sizes[] = { 0, 0, 0, 1, 2000, 20000, 100000, 1 << 20 };
	u32 bits = input_take(2);
	struct memtable_configure config = {
		.order = bits % 4 == 3 ? bits / 4 % 3 : bits & 1,
		.kind = bits / 16 % 4 == 3 ? bits / 64 % 3 : bits / 16 & 1,
		.max_size = sizes[bits / 256 % 8],
		.write_buffer_size = sizes[bits / 2048 % 8],
	};
	int err, expected = 0;
	struct held *held;

	if (config.order > 1 || config.kind > 1 ||
	    (config.max_size && config.write_buffer_size > config.max_size))
		expected = -EINVAL;
	else if (subject->sealed)
		expected = -EROFS;
	else if (subject->count)
		expected = -EBUSY;
	arm();
	do
		err = mtb_table_configure(subject->table, &config);
	while (gave_up(subject, err));
	EQUAL(err, expected);
	if (err)
		return;
	if (!config.write_buffer_size)
		config.write_buffer_size = config.max_size ? min(4ULL << 20, config.max_size) :
							     4ULL << 20;
	subject->config = config;
	subject->refused = false;
	for (held = run.held; held < run.held + HELD_SCANS; held++)
		held->turned |= held->then.table == subject->table;
}

/* The core's part of a WRITE. Also tells what memory the records take. */
static int write_stream(struct subject *subject, struct iov_iter from,
			struct mtb_condition *condition, u64 *last_sequence, u64 *memory)
{
	struct mtb_batch batch;
	int err;

	mtb_batch_init(&batch, mtb_table_trailer(subject->table));
	err = mtb_stream_read(&from, &batch);
	*memory = batch.memory;
	if (!err)
		err = mtb_table_write(subject->table, &batch, condition, last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

/*
 * Was it right to refuse that for lack of room? Some more may be asked for than is
 * needed in the end, but no more than this; and in a map a key can always be deleted,
 * or given a value that is no longer than the one before.
 */
static void check_refusal(const struct subject *subject, struct memtable_record **records,
			  size_t count, u64 memory)
{
	const struct memtable_record *old = subject_find(subject, record_key(records[0]),
							 records[0]->key_length, U64_MAX);
	u64 usage = atomic64_read(&subject->table->memory_usage);
	u64 most = 2 * memory + count * (64 + MTB_BLOCK_SIZE) + 2 * MTB_BLOCK_SIZE;

	TRUE(subject->config.max_size && usage + most > subject->config.max_size);
	if (!subject_is_map(subject) || count > 1 || usage > subject->config.max_size)
		return;
	TRUE(record_is_value(records[0]));
	TRUE(!old || old->value_length < records[0]->value_length);
}

static void look_up(const struct subject *subject, u64 snapshot, struct mtb_lookup *lookups,
		    size_t count)
{
	struct memtable_record *expected;
	struct mtb_view view;
	size_t i;
	int err;

	do
		err = mtb_view_lookup(&view, subject->table, snapshot, lookups, count);
	while (gave_up(subject, err));
	EQUAL(err, 0);
	EQUAL(view.snapshot, subject_snapshot(subject, snapshot));
	for (i = 0; i < count; i++) {
		expected = subject_find(subject, lookups[i].key, lookups[i].key_length,
					view.snapshot);
		EQUAL(!lookups[i].record, !expected);
		TRUE(!expected || record_is_same(expected, lookups[i].record));
	}
	mtb_lookup_put(lookups, count);
}

/* Are the keys of some records found? */
static void check_lookups(const struct subject *subject, struct memtable_record **records,
			  size_t count)
{
	struct mtb_lookup lookups[LOOKUPS_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		lookups[i].key = record_key(records[i]);
		lookups[i].key_length = records[i]->key_length;
	}
	look_up(subject, 0, lookups, count);
}

/* Have a stream written, and see what comes of it. */
static void submit(struct subject *subject, u8 *stream, size_t length, size_t bad,
		   u32 flags, u64 expected_sequence)
{
	static struct memtable_record *records[STREAM_MAX / sizeof(struct memtable_record)];
	struct mtb_condition condition, should;
	u64 usage = atomic64_read(&subject->table->memory_usage), sequence, memory;
	int err, expected;
	size_t count;

	expected = stream_parse(stream, length, records, &count);
	if (!expected && subject->count + count > ENTRIES_MAX)
		return;
	if (expected || count != 1)
		flags = 0;
	should = (struct mtb_condition){ .flags = flags, .sequence = expected_sequence };
	if (!expected && count)
		expected = subject_judge(subject, records, count, &should);
	arm();
	do {
		condition = (struct mtb_condition){ flags, expected_sequence };
		err = write_stream(subject, (struct iov_iter){ stream, length, bad }, &condition,
				   &sequence, &memory);
	} while (gave_up(subject, err));

	if (err == -EFAULT && bad)
		goto unchanged;
	if (err == -EDQUOT && !expected && subject->published && run.limited)
		goto unchanged;
	if (err == -ENOSPC && !expected) {
		check_refusal(subject, records, count, memory);
		subject->refused = true;
		goto unchanged;
	}
	TRUE(!bad || err);
	EQUAL(err, expected);
	EQUAL(condition.sequence, should.sequence);
	if (!err && count) {
		subject->refused = false;
		EQUAL(sequence, subject_apply(subject, records, count));
		check_lookups(subject, records, min_t(size_t, count, LOOKUPS_MAX));
		if (subject->config.max_size)
			TRUE(atomic64_read(&subject->table->memory_usage) <=
			     max(usage, subject->config.max_size));
	}
unchanged:
	check(subject);
}

static u8 stream_buffer[STREAM_MAX];

static void write_made(struct subject *subject)
{
	size_t length = input_stream(subject, stream_buffer), bad = 0;
	u32 bits = input_take(1), flags = bits % 4 % 3;
	u8 *stream = input_keep(stream_buffer, length);
	u64 sequence = 0;

	if (run.streamed + length > STREAMS_MAX)
		return;
	run.streamed += length;
	if (flags == MEMTABLE_ADD_IF_SEQUENCE && subject->count)
		sequence = record_sequence(subject->entries[bits / 4 % subject->count]);
	/* Once in a while the end cannot be read. */
	if (bits >= 0xf0)
		bad = min_t(size_t, length, 1 + bits % 16);
	submit(subject, stream, length, bad, bad ? 0 : flags, bad ? 0 : sequence);
}

static void write_raw(struct subject *subject)
{
	size_t length = input_raw_stream(stream_buffer);

	submit(subject, input_keep(stream_buffer, length), length, 0, 0, 0);
}

static void get(struct subject *subject)
{
	u32 count = 1 + input_take(1) % LOOKUPS_MAX, shape = input_take(1), i;
	struct mtb_lookup lookups[LOOKUPS_MAX];
	u64 snapshot = input_snapshot(subject);

	for (i = 0; i < count; i++)
		lookups[i].key = input_key(subject, shape, &lookups[i].key_length);
	arm();
	look_up(subject, snapshot, lookups, count);
}

static void start_scan(const struct subject *subject, const struct range *range,
		       struct mtb_scan *scan)
{
	struct mtb_view view;

	mtb_view_settle(&view, subject->table, range->snapshot);
	mtb_scan_start(scan, subject->table, &view, range->flags,
		       range->flags & MEMTABLE_SCAN_START ? &range->start : NULL,
		       range->flags & MEMTABLE_SCAN_END ? &range->end : NULL);
}

/* Have the next one start behind a record. */
static void range_resume(struct range *range, const struct memtable_record *last)
{
	range->flags |= MEMTABLE_SCAN_START;
	range->start = (struct mtb_bound){
		.data		= record_key(last),
		.length		= last->key_length,
		.exclusive	= true,
	};
	if (range->flags & MEMTABLE_SCAN_ALL_VERSIONS)
		range->start.sequence = record_sequence(last);
}

static u32 returned_length(const struct range *range, const struct memtable_record *record)
{
	return range->flags & MEMTABLE_SCAN_KEYS_ONLY ? 0 : record->value_length;
}

/* Compare a stream that came out with the records that should be in it. */
static void check_stream(const struct range *range, const u8 *stream,
			 struct memtable_record **records, size_t count)
{
	struct memtable_record header;
	const u8 *end;
	size_t length;

	for (; count; count--, records++) {
		header = **records;
		header.value_length = returned_length(range, *records);
		end = stream + record_length(*records, header.value_length);
		TRUE(!memcmp(stream, &header, sizeof(header)));
		stream += sizeof(header);
		length = header.key_length + header.value_length;
		TRUE(!memcmp(stream, record_key(*records), length));
		for (stream += length; stream < end; stream++)
			EQUAL(*stream, 0);
	}
}

/* Put a record into a stream, perhaps in two parts. */
static void put(const struct range *range, struct mtb_sink *sink, const struct mtb_record *record)
{
	struct memtable_record header;
	size_t length, cut = 0;

	mtb_record_header(record, &header);
	header.value_length = returned_length(range, &header);
	length = mtb_wire_length(header.key_length, header.value_length);
	if (!test_below(&input.random, 4))
		cut = test_below(&input.random, length + 1);
	if (cut)
		EQUAL(mtb_sink_put(sink, &header, record->data, mtb_record_value(record), 0, cut),
		      0);
	EQUAL(mtb_sink_put(sink, &header, record->data, mtb_record_value(record), cut, length), 0);
}

/* A scan, which may be cut into several, to a record stream. */
static void scan(struct subject *subject)
{
	static struct memtable_record *expected[ENTRIES_MAX];
	size_t count, limit, part, done = 0, size = 0, i;
	struct mtb_record *record;
	struct mtb_sink sink;
	struct range range;
	struct iov_iter to;
	u8 *stream;

	input_range(subject, &range);
	limit = input_take(1) ?: SIZE_MAX;
	count = subject_select(subject, &range, expected);
	for (i = 0; i < count; i++)
		size += record_length(expected[i], returned_length(&range, expected[i]));
	if (run.streamed + size > 4 * STREAMS_MAX)
		return;
	run.streamed += size;
	stream = input_keep(NULL, size);
	to = (struct iov_iter){ .at = stream, .left = size };
	EQUAL(mtb_sink_init(&sink, &to), 0);
	do {
		start_scan(subject, &range, &run.scan);
		for (part = 0; part < limit; part++, done++) {
			record = mtb_scan_next(&run.scan);
			if (!record)
				break;
			TRUE(done < count && record_is_same(expected[done], record));
			put(&range, &sink, record);
		}
		EQUAL(mtb_scan_error(&run.scan), 0);
		mtb_scan_finish(&run.scan);
		if (part)
			range_resume(&range, expected[done - 1]);
	} while (part == limit);
	EQUAL(done, count);
	if (count)
		EQUAL(mtb_sink_flush(&sink), 0);
	mtb_sink_destroy(&sink);
	EQUAL(to.left, (size_t)0);
	check_stream(&range, stream, expected, count);
}

/* Steps in the index, both ways. */
static void walk(struct subject *subject)
{
	const struct mtb_skiplist *index = &subject->table->index;
	u32 shape = input_take(1), steps = input_take(1), length;
	const u8 *bytes = input_key(subject, shape, &length);
	u64 sequence = input_snapshot(subject) & MEMTABLE_MAX_SEQUENCE;
	size_t at = subject_position(subject, bytes, length, sequence);
	struct mtb_record *record;
	struct mtb_key key;

	mtb_key_init(&key, index->reverse, bytes, length, mtb_tag(sequence, U8_MAX));
	if (steps & 1) {
		record = mtb_cursor_seek(&run.cursor, index, &key);
	} else {
		record = mtb_cursor_seek_before(&run.cursor, index, &key);
		at--;
	}
	for (; at < subject->count; steps--) {
		TRUE(record_is_same(subject->entries[at], record));
		if (!steps)
			return;
		if (test_below(&input.random, 8) < steps % 8) {
			record = mtb_cursor_next(&run.cursor);
			at++;
		} else {
			record = mtb_cursor_prev(&run.cursor);
			at--;
		}
	}
	TRUE(!record);
}

static void release_scan(struct held *held)
{
	if (!held->epoch)
		return;
	mtb_scan_finish(&held->scan);
	mtb_epoch_put(held->epoch);
	held->epoch = NULL;
}

static void hold_scan(struct subject *subject)
{
	struct held *held = &run.held[input_take(1) % HELD_SCANS];

	release_scan(held);
	input_range(subject, &held->range);
	held->subject = subject;
	held->then = *subject;
	rcu_read_lock();
	held->epoch = mtb_table_enter(subject->table);
	rcu_read_unlock();
	held->count = subject_select(subject, &held->range, held->expected);
	held->at = 0;
	held->turned = false;
	start_scan(subject, &held->range, &held->scan);
}

/* Is the subject still that table, and has nothing been split off? */
static bool is_whole(const struct held *held)
{
	return held->subject->table == held->then.table && held->subject->cuts == held->then.cuts;
}

static bool stays(const struct held *held, const struct memtable_record *entry)
{
	return is_whole(held) &&
	       subject_find(held->subject, record_key(entry), entry->key_length, U64_MAX) == entry;
}

/*
 * What was there when the scan of a map began, and came before @record or, at the
 * end, at all: is that itself there, is anything missing that has not gone?
 */
static bool pass_by(struct held *held, const struct mtb_record *record)
{
	int sign = held->range.flags & MEMTABLE_SCAN_REVERSE ? -1 : 1, order;
	struct memtable_record *entry;

	while (held->at < held->count) {
		entry = held->expected[held->at];
		order = -1;
		if (record)
			order = sign * subject_compare(&held->then, record_key(entry),
						       entry->key_length, record->data,
						       record->key_length);
		if (order > 0)
			return false;
		held->at++;
		if (!order)
			return record_is_same(entry, record);
		TRUE(!stays(held, entry));
	}
	return false;
}

/* In a map a scan returns what is there when it comes by. */
static void check_held_map(struct held *held, const struct mtb_record *record)
{
	struct memtable_record *seen;

	if (pass_by(held, record) || !record)
		return;
	TRUE(mtb_tag_type(record->tag) == MEMTABLE_TYPE_VALUE);
	TRUE(mtb_tag_sequence(record->tag) > held->then.last_sequence);
	seen = (void *)input_keep(NULL, sizeof(*seen) + record->key_length);
	mtb_record_header(record, seen);
	memcpy(seen + 1, record->data, record->key_length);
	TRUE(subject_in_range(&held->then, &held->range, seen));
	range_resume(&held->range, seen);
}

static void step_scan(struct held *held, u32 steps)
{
	struct mtb_record *record;

	for (; held->epoch && steps; steps--) {
		record = mtb_scan_next(&held->scan);
		if (!record && held->scan.ended != MTB_SCAN_DONE) {
			EQUAL((int)held->scan.ended, (int)MTB_SCAN_CUT);
			TRUE(!is_whole(held) || held->turned);
		} else if (held->scan.map) {
			/* If it has been turned round, the scan goes where it can. */
			if (!held->turned)
				check_held_map(held, record);
		} else if (record) {
			TRUE(held->at < held->count);
			TRUE(record_is_same(held->expected[held->at], record));
			held->at++;
		} else {
			EQUAL(held->at, held->count);
		}
		if (!record)
			release_scan(held);
	}
}

static void go_on(struct subject *subject)
{
	u32 bits = input_take(1);

	step_scan(&run.held[bits % HELD_SCANS], 1 + bits / HELD_SCANS);
}

static int try_split(struct subject *subject, const u8 *pivot, u32 length, const u64 *number,
		     struct mtb_table **right)
{
	struct mtb_entry *entry = number ? mtb_entry_create(USER, *number) : NULL;
	int err = -ENOMEM;

	*right = mtb_table_create();
	if (*right && (entry || !number))
		err = mtb_table_split(subject->table, *right, pivot, length, entry);
	if (!err)
		return 0;
	if (*right)
		mtb_table_put(*right);
	if (entry)
		mtb_entry_free(entry);
	return err;
}

static void split(struct subject *subject)
{
	struct subject *upper = free_subject();
	u32 how = input_take(1), length = 0;
	struct mtb_table *right;
	const u8 *pivot = NULL;
	int err, expected = 0;
	u64 number = how / 2 % 4;
	bool publish = how & 0x80;
	size_t at;

	if (!upper)
		return;
	if (how & 1)
		pivot = input_key(subject, input_take(1), &length);
	at = pivot ? subject_position(subject, pivot, length, U64_MAX) : subject_half(subject);
	if (subject->sealed)
		expected = -EROFS;
	else if (publish && published_as(number))
		expected = -EEXIST;
	arm();
	do
		err = try_split(subject, pivot, length, publish ? &number : NULL, &right);
	while (gave_up(subject, err));
	if (err == -EDQUOT && publish && run.limited && !subject->sealed)
		return check(subject);
	EQUAL(err, expected);
	if (err)
		return check(subject);

	subject_init(upper, right);
	upper->config = subject->config;
	upper->last_sequence = subject->last_sequence;
	upper->published = publish;
	upper->number = number;
	upper->count = subject->count - at;
	memcpy(upper->entries, &subject->entries[at], upper->count * sizeof(upper->entries[0]));
	subject->count = at;
	if (upper->count) {
		subject->refused = false;
		subject->cuts++;
	}
	check(subject);
	check(upper);
}

static void pivot(struct subject *subject)
{
	struct memtable_record *middle = subject->entries[subject->count / 2];
	u32 size = input_take(1) & 1 ? MEMTABLE_MAX_KEY_LENGTH : 4, length = 0;
	u8 *key = input_keep(NULL, size);
	int err, expected = 0;

	if (!subject->count)
		expected = -ENOENT;
	else if (middle->key_length > size)
		expected = -ERANGE;
	arm();
	do
		err = mtb_table_pivot(subject->table, key, size, &length);
	while (gave_up(subject, err));
	EQUAL(err, expected);
	if (subject->count)
		EQUAL(length, middle->key_length);
	if (!err)
		TRUE(!memcmp(key, record_key(middle), length));
}

static int try_rotate(struct subject *subject, u64 number, struct mtb_table **next)
{
	struct mtb_entry *entry = mtb_entry_create(USER, number);
	struct mtb_table *table = subject->table;
	int err = -ENOMEM;

	*next = mtb_table_create();
	if (*next && entry) {
		mutex_lock(&table->lock);
		mtb_table_configure_like(*next, table);
		err = mtb_registry_rotate(entry, table, *next);
		if (!err)
			table->sealed = true;
		mutex_unlock(&table->lock);
	}
	if (!err)
		return 0;
	if (*next)
		mtb_table_put(*next);
	if (entry)
		mtb_entry_free(entry);
	return err;
}

/* As an open file does it: what it had is sealed and published, it goes on with another. */
static void rotate(struct subject *subject)
{
	struct subject *next = free_subject();
	u64 number = input_take(1) % 4;
	struct mtb_table *table;
	int err;

	if (!next)
		return;
	arm();
	do
		err = try_rotate(subject, number, &table);
	while (gave_up(subject, err));
	if (err == -EDQUOT && run.limited)
		return check(subject);
	EQUAL(err, published_as(number) ? -EEXIST : 0);
	if (err)
		return check(subject);

	subject_init(next, table);
	next->config = subject->config;
	next->last_sequence = subject->last_sequence;
	next->published = subject->published;
	next->number = subject->number;
	subject->sealed = true;
	subject->published = true;
	subject->number = number;
	check(subject);
	check(next);
}

static void seal(struct subject *subject)
{
	int err;

	/* A sealed table is not much use. */
	if (input_take(1) % 4)
		return;
	arm();
	do
		err = mtb_table_seal(subject->table);
	while (gave_up(subject, err));
	EQUAL(err, 0);
	subject->sealed = true;
	check(subject);
}

static void publish(struct subject *subject)
{
	u64 number = input_take(1) % 4;
	int err;

	arm();
	do
		err = mtb_registry_publish(USER, number, subject->table);
	while (gave_up(subject, err));
	if (err != -EDQUOT || !run.limited || subject->published) {
		EQUAL(err, subject->published ? -EBUSY : published_as(number) ? -EEXIST : 0);
		if (!err) {
			subject->published = true;
			subject->number = number;
		}
	}
	check(subject);
}

static void drop(struct subject *subject)
{
	u64 number = subject->published ? subject->number : input_take(1) % 8;
	bool taken = published_as(number);

	if (taken && !subject->published)
		return;
	EQUAL(mtb_registry_drop(USER, number), taken ? 0 : -ENOENT);
	subject->published = false;
	check(subject);
}

/* The last to have a table let it go, or it is found again by its number. */
static void close_table(struct subject *subject)
{
	mtb_table_put(subject->table);
	if (subject->published) {
		TRUE(mtb_registry_find(USER, subject->number) == subject->table);
		check(subject);
	} else {
		subject->table = NULL;
	}
}

static void limit(struct subject *subject)
{
	struct mtb_owner *owner = subject->table->owner;
	u32 more = input_take(2);

	if (!owner)
		return;
	owner->max_bytes = more ? atomic64_read(&owner->bytes) + more : 0;
	run.limited = true;
}

/* Those that are there more than once are what most of a program should be. */
static void (*const requests[])(struct subject *subject) = {
	write_made, write_made, write_made, write_made, write_raw, get, get, scan, scan,
	walk, hold_scan, go_on, go_on, split, pivot, rotate, seal, publish, drop, close_table,
	configure, limit,
};

static void finish(struct subject *subject)
{
	if (!subject->table)
		return;
	check(subject);
	if (subject->published)
		EQUAL(mtb_registry_drop(USER, subject->number), 0);
	mtb_table_put(subject->table);
	subject->table = NULL;
	subject->published = false;
}

static void find_all(struct subject *subject)
{
	size_t i;

	for (i = 0; subject->table && i < subject->count; i += LOOKUPS_MAX)
		check_lookups(subject, &subject->entries[i],
			      min_t(size_t, LOOKUPS_MAX, subject->count - i));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return model_suite_init(NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	long before = core_allocations();
	struct subject *subject;
	int i;

	input = (struct input){ .data = data, .size = size };
	input.random.state = input_take(4);
	run.streamed = 0;
	run.limited = false;

	while (input.size) {
		u32 what = input_take(1);

		subject = &run.subjects[input_take(1) % TABLES];
		if (!subject->table) {
			subject_init(subject, mtb_table_create());
			configure(subject);
		}
		requests[what % ARRAY_SIZE(requests)](subject);
	}

	for (i = 0; i < HELD_SCANS; i++) {
		step_scan(&run.held[i], U32_MAX);
		release_scan(&run.held[i]);
	}
	for (i = 0; i < TABLES; i++) {
		find_all(&run.subjects[i]);
		finish(&run.subjects[i]);
	}
	core_settle();
	EQUAL(core_allocations(), before);
	EQUAL(module_refcount(THIS_MODULE), 0);
	input_release();
	return 0;
}
