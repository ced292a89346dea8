// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer's model of a table: pointers to the records that should be there, in
 * their order. It is as plain as can be, and shares no code with the table.
 */
#include <stdlib.h>

#include "fuzz.h"

int subject_compare(const struct subject *subject, const void *a, size_t a_length,
		    const void *b, size_t b_length)
{
	int order = memcmp(a, b, min(a_length, b_length));

	if (!order)
		order = a_length < b_length ? -1 : a_length > b_length;
	return subject->config.order == MEMTABLE_ORDER_REVERSE ? -order : order;
}

static int compare_keys(const struct subject *subject, const struct memtable_record *a,
			const struct memtable_record *b)
{
	return subject_compare(subject, record_key(a), a->key_length, record_key(b),
			       b->key_length);
}

size_t subject_position(const struct subject *subject, const void *key, size_t length,
			u64 sequence)
{
	size_t low = 0, high = subject->count, middle;
	const struct memtable_record *entry;
	int order;

	while (low < high) {
		middle = (low + high) / 2;
		entry = subject->entries[middle];
		order = subject_compare(subject, record_key(entry), entry->key_length, key,
					length);
		if (order < 0 || (!order && record_sequence(entry) > sequence))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct memtable_record *subject_find(const struct subject *subject, const void *key,
				     size_t length, u64 sequence)
{
	size_t at = subject_position(subject, key, length, sequence);
	struct memtable_record *entry = at < subject->count ? subject->entries[at] : NULL;

	if (entry && subject_compare(subject, record_key(entry), entry->key_length, key, length))
		return NULL;
	return entry;
}

/* Remove what a map has of a key. */
static void remove_key(struct subject *subject, const struct memtable_record *record)
{
	size_t at = subject_position(subject, record_key(record), record->key_length, U64_MAX);

	if (at == subject->count || compare_keys(subject, subject->entries[at], record))
		return;
	subject->count--;
	memmove(&subject->entries[at], &subject->entries[at + 1],
		(subject->count - at) * sizeof(subject->entries[0]));
}

static void insert(struct subject *subject, struct memtable_record *record)
{
	size_t at = subject_position(subject, record_key(record), record->key_length,
				     record_sequence(record));

	memmove(&subject->entries[at + 1], &subject->entries[at],
		(subject->count - at) * sizeof(subject->entries[0]));
	subject->entries[at] = record;
	subject->count++;
}

bool record_is_same(const struct memtable_record *expected, const struct mtb_record *record)
{
	return record && record->tag == expected->tag &&
	       record->key_length == expected->key_length &&
	       mtb_record_value_length(record) == expected->value_length &&
	       !memcmp(record->data, record_key(expected),
		       expected->key_length + (size_t)expected->value_length);
}

void subject_init(struct subject *subject, struct mtb_table *table)
{
	*subject = (struct subject){
		.table = table,
		.config.write_buffer_size = 4 << 20,
	};
}

static u32 expected_state(const struct subject *subject, u64 usage)
{
	const struct memtable_configure *config = &subject->config;
	u32 state = 0;

	if (subject->sealed)
		state |= MEMTABLE_STATE_SEALED;
	if (usage >= config->write_buffer_size)
		state |= MEMTABLE_STATE_FLUSH;
	if (subject->refused || (config->max_size && usage + 4096 > config->max_size))
		state |= MEMTABLE_STATE_FULL;
	return state;
}

static void check_entries(const struct subject *subject, struct mtb_cursor *cursor,
			  struct memtable_info *expected)
{
	struct mtb_record *record = mtb_cursor_first(cursor, &subject->table->index);
	const struct memtable_record *entry;
	size_t i;

	for (i = 0; i < subject->count; i++) {
		entry = subject->entries[i];
		TRUE(record_is_same(entry, record));
		expected->tombstones += !record_is_value(entry);
		expected->logical_bytes += entry->key_length + (u64)entry->value_length;
		record = mtb_cursor_next(cursor);
	}
	TRUE(!record);
}

void subject_check(const struct subject *subject)
{
	const struct memtable_configure *config = &subject->config;
	struct memtable_info info = {}, expected = {};
	static struct mtb_cursor cursor;

	check_entries(subject, &cursor, &expected);
	mtb_table_info(subject->table, &info);
	EQUAL(info.entries, (u64)subject->count);
	EQUAL(info.tombstones, expected.tombstones);
	EQUAL(info.logical_bytes, expected.logical_bytes);
	EQUAL(info.memory_usage, model_memory(subject->table, &cursor));
	EQUAL(info.last_sequence, subject->last_sequence);
	EQUAL(info.order, config->order);
	EQUAL(info.kind, config->kind);
	EQUAL(info.write_buffer_size, config->write_buffer_size);
	EQUAL(info.max_size, config->max_size);
	EQUAL(info.state, expected_state(subject, info.memory_usage));
}

int stream_parse(u8 *stream, size_t length, struct memtable_record **records, size_t *count)
{
	struct memtable_record *record;
	size_t left;

	for (*count = 0; length; length -= left, stream += left) {
		record = (struct memtable_record *)stream;
		if (length < sizeof(*record))
			return -EINVAL;
		if (record->key_length > 65535 || record->value_length > 16 << 20)
			return -EMSGSIZE;
		if ((record->tag & 0xff) > 1 || (!record_is_value(record) && record->value_length))
			return -EINVAL;
		left = record_length(record, record->value_length);
		if (length < left)
			return -EINVAL;
		if (*count && !record_sequence(records[0]) != !record_sequence(record))
			return -EINVAL;
		records[(*count)++] = record;
	}
	return 0;
}

static bool has_version(const struct subject *subject, const struct memtable_record *record)
{
	struct memtable_record *entry = subject_find(subject, record_key(record),
						     record->key_length,
						     record_sequence(record));

	return entry && record_sequence(entry) == record_sequence(record);
}

static int judge_condition(const struct subject *subject, const struct memtable_record *record,
			   struct mtb_condition *condition)
{
	struct memtable_record *newest = subject_find(subject, record_key(record),
						      record->key_length, U64_MAX);
	u64 sequence = newest ? record_sequence(newest) : 0;

	if (condition->flags & MEMTABLE_ADD_IF_ABSENT && newest && record_is_value(newest)) {
		condition->sequence = sequence;
		return -EEXIST;
	}
	if (condition->flags & MEMTABLE_ADD_IF_SEQUENCE && sequence != condition->sequence) {
		condition->sequence = sequence;
		return -EAGAIN;
	}
	return 0;
}

int subject_judge(const struct subject *subject, struct memtable_record **records, size_t count,
		  struct mtb_condition *condition)
{
	bool automatic = !record_sequence(records[0]);
	size_t i, j;
	int err;

	for (i = 0; !automatic && i < count; i++) {
		for (j = 0; j < i; j++) {
			if (record_sequence(records[i]) == record_sequence(records[j]) &&
			    !compare_keys(subject, records[i], records[j]))
				return -EEXIST;
		}
	}
	if (subject->sealed)
		return -EROFS;
	err = judge_condition(subject, records[0], condition);
	if (err)
		return err;
	if (automatic)
		return count > MEMTABLE_MAX_SEQUENCE - subject->last_sequence ? -EOVERFLOW : 0;
	if (subject_is_map(subject))
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (has_version(subject, records[i]))
			return -EEXIST;
	}
	return 0;
}

u64 subject_apply(struct subject *subject, struct memtable_record **records, size_t count)
{
	bool automatic = !record_sequence(records[0]);
	u64 last = subject->last_sequence, highest = 0;
	struct memtable_record *record;
	size_t i;

	for (i = 0; i < count; i++) {
		record = records[i];
		if (automatic)
			record->tag += (last + 1 + i) << 8;
		highest = max(highest, record_sequence(record));
		if (subject_is_map(subject))
			remove_key(subject, record);
		if (!subject_is_map(subject) || record_is_value(record))
			insert(subject, record);
	}
	subject->last_sequence = max(last, highest);
	return highest;
}

u64 subject_snapshot(const struct subject *subject, u64 snapshot)
{
	if (!snapshot || subject_is_map(subject))
		return subject->last_sequence;
	return snapshot == MEMTABLE_SNAPSHOT_EMPTY ? 0 : min(snapshot, subject->last_sequence);
}

/* Where an entry is: less than zero before a bound, zero at it. */
static int bound_order(const struct subject *subject, const struct memtable_record *entry,
		       const struct mtb_bound *bound)
{
	int order = subject_compare(subject, record_key(entry), entry->key_length, bound->data,
				    bound->length);

	if (order || !bound->sequence || subject_is_map(subject))
		return order;
	if (record_sequence(entry) > bound->sequence)
		return -1;
	return record_sequence(entry) < bound->sequence;
}

bool subject_in_range(const struct subject *subject, const struct range *range,
		      const struct memtable_record *entry)
{
	int sign = range->flags & MEMTABLE_SCAN_REVERSE ? -1 : 1, order;

	if (range->flags & MEMTABLE_SCAN_START) {
		order = sign * bound_order(subject, entry, &range->start);
		if (order < 0 || (!order && range->start.exclusive))
			return false;
	}
	if (range->flags & MEMTABLE_SCAN_END) {
		order = sign * bound_order(subject, entry, &range->end);
		if (order > 0 || (!order && range->end.exclusive))
			return false;
	}
	return true;
}

size_t subject_select(const struct subject *subject, const struct range *range,
		      struct memtable_record **selected)
{
	u64 snapshot = subject_snapshot(subject, range->snapshot);
	struct memtable_record *entry, *newest = NULL;
	size_t count = 0, i;

	for (i = 0; i < subject->count; i++) {
		entry = subject->entries[i];
		if (record_sequence(entry) > snapshot || !subject_in_range(subject, range, entry))
			continue;
		if (!(range->flags & MEMTABLE_SCAN_ALL_VERSIONS) && newest &&
		    !compare_keys(subject, newest, entry))
			continue;
		newest = entry;
		if (record_is_value(entry) || range->flags & MEMTABLE_SCAN_TOMBSTONES)
			selected[count++] = entry;
	}
	for (i = 0; range->flags & MEMTABLE_SCAN_REVERSE && i < count / 2; i++) {
		entry = selected[i];
		selected[i] = selected[count - 1 - i];
		selected[count - 1 - i] = entry;
	}
	return count;
}

size_t subject_half(const struct subject *subject)
{
	struct memtable_record *const *entries = subject->entries;
	s64 total = 0, before = 0, best = INT64_MAX;
	size_t at = 0, i;

	for (i = 0; i < subject->count; i++)
		total += entries[i]->key_length + entries[i]->value_length;
	for (i = 0; i < subject->count; i++) {
		if (llabs(total - 2 * before) < best &&
		    (!i || compare_keys(subject, entries[i - 1], entries[i]))) {
			best = llabs(total - 2 * before);
			at = i;
		}
		before += entries[i]->key_length + entries[i]->value_length;
	}
	return at;
}
