/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - a model of a table: a sorted array
 *
 * Its entries are in the order of their internal keys, and a scan of it goes
 * through all of them.
 */
#ifndef SELFTESTS_MEMTABLE_MODEL_H
#define SELFTESTS_MEMTABLE_MODEL_H

#include "common.h"

#define MODEL_KEY_SIZE 24

struct entry {
	unsigned char key[MODEL_KEY_SIZE];
	__u32 key_length;
	unsigned int type;
	__u64 sequence;
	__u64 value;
};

struct model {
	/* The table has its keys in reverse order. */
	bool reverse;
	struct entry *entries;
	size_t count;
	size_t size;
};

/* An end of a range; without a key there is none. */
struct bound {
	const void *key;
	__u32 key_length;
	__u64 sequence;
	bool exclusive;
};

/* Where a key lies in the table's order: before another one, or after it. */
static inline int key_compare(const struct model *const model, const void *a,
			      size_t a_length, const void *b, size_t b_length)
{
	int ret = memcmp(a, b, a_length < b_length ? a_length : b_length);

	if (!ret)
		ret = (a_length > b_length) - (a_length < b_length);
	return model->reverse ? -ret : ret;
}

static inline int entry_compare(const void *left, const void *right,
				void *model)
{
	const struct entry *const a = left;
	const struct entry *const b = right;
	const int ret = key_compare(model, a->key, a->key_length, b->key,
				    b->key_length);

	/* The newest version of a key comes first. */
	return ret ? ret :
		     (a->sequence < b->sequence) - (a->sequence > b->sequence);
}

static inline void model_add(struct model *const model, const void *const key,
			     const size_t key_length, const __u64 sequence,
			     const unsigned int type)
{
	struct entry *entry;

	if (model->count == model->size) {
		model->size = model->size ? 2 * model->size : 64;
		model->entries = checked(realloc(
			model->entries, model->size * sizeof(*model->entries)));
	}
	entry = &model->entries[model->count++];
	*entry = (struct entry){
		.key_length = key_length,
		.type = type,
		.sequence = sequence,
		.value = sequence * 0x0101010101,
	};
	memcpy(entry->key, key, key_length);
}

/* Values have all lengths from none to eight bytes. */
static inline size_t entry_value_length(const struct entry *const entry)
{
	return entry->type == MEMTABLE_TYPE_VALUE ? entry->sequence % 9 : 0;
}

static inline void entry_put(const struct entry *const entry,
			     const unsigned int flags,
			     struct stream *const stream)
{
	stream_add(stream, entry->sequence, entry->type, entry->key,
		   entry->key_length, &entry->value,
		   flags & MEMTABLE_SCAN_KEYS_ONLY ? 0 :
						     entry_value_length(entry));
}

/* Writes the model's entries to the table as they stand. */
static inline int model_write(const struct model *const model, const int fd)
{
	struct stream stream = {};
	int ret;

	for (size_t i = 0; i < model->count; i++)
		entry_put(&model->entries[i], 0, &stream);
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

static inline void model_sort(struct model *const model)
{
	qsort_r(model->entries, model->count, sizeof(*model->entries),
		entry_compare, model);
}

/* Where an entry lies: before the bound, on it or after it. */
static inline int entry_side(const struct model *const model,
			     const struct entry *const entry,
			     const struct bound *const bound)
{
	const int ret = key_compare(model, entry->key, entry->key_length,
				    bound->key, bound->key_length);

	if (ret || !bound->sequence)
		return ret;
	return (entry->sequence < bound->sequence) -
	       (entry->sequence > bound->sequence);
}

static inline bool entry_within(const struct model *const model,
				const struct entry *const entry,
				const struct bound *const lower,
				const struct bound *const upper)
{
	if (lower->key) {
		const int side = entry_side(model, entry, lower);

		if (side < 0 || (!side && lower->exclusive))
			return false;
	}
	if (upper->key) {
		const int side = entry_side(model, entry, upper);

		if (side > 0 || (!side && upper->exclusive))
			return false;
	}
	return true;
}

/* Appends to @stream what a scan has to return; returns how many records. */
static inline size_t model_scan(const struct model *const model,
				const unsigned int flags, const __u64 snapshot,
				const struct bound *const start,
				const struct bound *const end,
				struct stream *const stream)
{
	const bool reverse = flags & MEMTABLE_SCAN_REVERSE;
	const struct entry **const chosen =
		checked(calloc(model->count + 1, sizeof(*chosen)));
	const struct entry *newest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < model->count; i++) {
		const struct entry *const entry = &model->entries[i];

		if (snapshot && entry->sequence > snapshot)
			continue;
		if (!(flags & MEMTABLE_SCAN_ALL_VERSIONS)) {
			if (newest && newest->key_length == entry->key_length &&
			    !memcmp(newest->key, entry->key, entry->key_length))
				continue;
			newest = entry;
		}
		if (entry->type == MEMTABLE_TYPE_DELETION &&
		    !(flags & MEMTABLE_SCAN_TOMBSTONES))
			continue;
		if (!entry_within(model, entry, reverse ? end : start,
				  reverse ? start : end))
			continue;
		chosen[count++] = entry;
	}
	for (size_t i = 0; i < count; i++)
		entry_put(chosen[reverse ? count - 1 - i : i], flags, stream);
	free(chosen);
	return count;
}

static inline struct memtable_scan scan_make(const unsigned int flags,
					     const __u64 snapshot,
					     const struct bound *const start,
					     const struct bound *const end)
{
	struct memtable_scan scan = { .flags = flags, .snapshot = snapshot };

	if (start->key) {
		scan.flags |= MEMTABLE_SCAN_START;
		if (start->exclusive)
			scan.flags |= MEMTABLE_SCAN_START_EXCLUSIVE;
		scan.start_key = ADDRESS(start->key);
		scan.start_length = start->key_length;
		scan.start_sequence = start->sequence;
	}
	if (end->key) {
		scan.flags |= MEMTABLE_SCAN_END;
		if (end->exclusive)
			scan.flags |= MEMTABLE_SCAN_END_EXCLUSIVE;
		scan.end_key = ADDRESS(end->key);
		scan.end_length = end->key_length;
	}
	return scan;
}

static const struct bound no_bound;

/*
 * Whether one call of a scan does what the model says, with a buffer of @size
 * bytes that lies at the end of @buffer, and at most @limit records.
 */
static inline bool scan_matches(const struct model *const model, const int fd,
				const unsigned int flags, const __u64 snapshot,
				const struct bound *const start,
				const struct bound *const end,
				char *const buffer, const size_t size,
				const __u32 limit)
{
	struct memtable_scan scan = scan_make(flags, snapshot, start, end);
	const __u64 last = table_info(fd).last_sequence;
	struct stream expected = {};
	const size_t all =
		model_scan(model, flags, snapshot, start, end, &expected);
	size_t count = 0;
	size_t length = 0;
	size_t offset = 0;
	struct record record;
	bool same = false;
	int ret;

	/* What of that fits and is within the limit? */
	while (record_next(expected.data, expected.length, &offset, &record) >
	       0) {
		if (offset > size || (limit && count == limit))
			break;
		length = offset;
		count++;
	}

	memset(buffer, CANARY, size);
	scan.limit = limit;
	scan.records = ADDRESS(buffer);
	scan.records_size = size;
	ret = request(fd, MEMTABLE_IOC_SCAN, &scan);
	if (all && !count) {
		offset = 0;
		record_next(expected.data, expected.length, &offset, &record);
		same = ret == -ERANGE && scan.records_length == offset &&
		       all_bytes(buffer, size, CANARY);
	} else {
		const bool done = scan.result & MEMTABLE_SCAN_DONE;

		same = !ret && scan.count == count &&
		       scan.records_length == length &&
		       (!length || !memcmp(buffer, expected.data, length)) &&
		       all_bytes(buffer + length, size - length, CANARY) &&
		       scan.snapshot == (snapshot && snapshot < last ?
						 snapshot :
						 last) &&
		       !(scan.result & ~MEMTABLE_SCAN_DONE);
		/* At its limit a scan need not know that it is done. */
		if (limit && count == limit && count == all)
			same = same && scan.result <= MEMTABLE_SCAN_DONE;
		else
			same = same && done == (count == all);
	}
	stream_free(&expected);
	return same;
}

/*
 * Keys that begin alike, that are prefixes of each other, that differ in and
 * behind the eighth byte, and that have zero bytes, with several versions
 * each. The odd ones are in the table, the even ones are absent bounds.
 */
static const struct {
	const char *bytes;
	size_t length;
} keys[] = {
#define KEY(string)                        \
	{                                  \
		string, sizeof(string) - 1 \
	}
	KEY(""),
	KEY("\0"),
	KEY("\0\0"),
	KEY("\0\0\0\0\0\0\0\0"),
	KEY("a"),
	KEY("a\0"),
	KEY("aaaaaaa"),
	KEY("aaaaaaa\0"),
	KEY("aaaaaaa\0\0"),
	KEY("aaaaaaaa"),
	KEY("aaaaaaaa\0"),
	KEY("aaaaaaaab"),
	KEY("aaaaaaaabb"),
	KEY("aaaaaaab"),
	KEY("b"),
	KEY("bbbbbbbbbbbbbbbb"),
	KEY("bbbbbbbbbbbbbbbb\xff"),
	KEY("bbbbbbbbbbbbbbbc"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	KEY("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
#undef KEY
};

/* Number @i of all the bounds that a scan can have: none, or a key. */
#define BOUND_COUNT (1 + 2 * ARRAY_SIZE(keys))

static inline struct bound bound_at(const size_t i)
{
	if (i == BOUND_COUNT - 1)
		return no_bound;
	return (struct bound){
		.key = keys[i / 2].bytes,
		.key_length = keys[i / 2].length,
		.exclusive = i & 1,
	};
}

/*
 * Many keys: each of these makes key number @i of @count; returns its length.
 */

static inline size_t big_endian_key(const __u64 number,
				    unsigned char *const key)
{
	const __u64 bytes = __builtin_bswap64(number);

	memcpy(key, &bytes, sizeof(bytes));
	return sizeof(bytes);
}

static inline size_t random_key(const unsigned int i, const unsigned int count,
				unsigned char *const key)
{
	__u64 state = (i + 1) * 0x9e3779b97f4a7c15;

	(void)count;
	return big_endian_key(random_next(&state), key);
}

static inline size_t ascending_key(const unsigned int i,
				   const unsigned int count,
				   unsigned char *const key)
{
	(void)count;
	return big_endian_key(i, key);
}

static inline size_t descending_key(const unsigned int i,
				    const unsigned int count,
				    unsigned char *const key)
{
	return big_endian_key(count - i, key);
}

static inline size_t decimal_key(const unsigned int i, const unsigned int count,
				 unsigned char *const key)
{
	/* A step without a common divisor visits all numbers. */
	return snprintf((char *)key, MODEL_KEY_SIZE, "%016llu",
			i * 7919ULL % count);
}

static inline size_t nested_key(const unsigned int i, const unsigned int count,
				unsigned char *const key)
{
	(void)count;
	memset(key, 0, MODEL_KEY_SIZE);
	snprintf((char *)key, MODEL_KEY_SIZE, "common%u", i / 10);
	/* Ten keys, each a prefix of the next. */
	return strlen((char *)key) + i % 10;
}

#endif /* SELFTESTS_MEMTABLE_MODEL_H */
