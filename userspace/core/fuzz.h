/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the core's fuzzer share: its input, and its model of a table. */
#ifndef FUZZ_H
#define FUZZ_H

#include "model.h"
#include "scan.h"

#define EQUAL(left, right)	KUNIT_ASSERT_EQ(NULL, left, right)
#define TRUE(condition)		KUNIT_ASSERT_TRUE(NULL, condition)

/* Bounds of what one input can do, so that it does not take long. */
#define ENTRIES_MAX	1200	/* of a table */
#define STREAM_MAX	(256 << 10)

/**
 * struct input - What is left of the input at hand.
 * @data: Its bytes.
 * @size: How many there are.
 * @random: For all that one number of the input stands for.
 * @memory: What was kept.
 */
struct input {
	const u8 *data;
	size_t size;
	struct test_random random;
	struct input_memory *memory;
};

/**
 * struct subject - A table and what is known of it.
 * @table: The table, or NULL for none.
 * @entries: What it should hold, in its order.
 * @count: How much that is.
 * @last_sequence: Highest sequence number that it has given or taken.
 * @config: As it was configured, with the defaults filled in.
 * @number: Under which it is published, if it is.
 * @published: Whether it is.
 * @sealed: It takes no more writes.
 * @refused: The last write was refused for lack of room.
 * @cuts: How often something was split off.
 */
struct subject {
	struct mtb_table *table;
	struct memtable_record *entries[ENTRIES_MAX];
	size_t count;
	u64 last_sequence;
	struct memtable_configure config;
	u64 number;
	bool published;
	bool sealed;
	bool refused;
	unsigned int cuts;
};

/**
 * struct range - What a scan is asked for.
 * @flags: Bits of &enum memtable_scan_flags.
 * @snapshot: As callers name it.
 * @start: Where it starts, if @flags say so.
 * @end: Where it ends, likewise.
 */
struct range {
	u32 flags;
	u64 snapshot;
	struct mtb_bound start;
	struct mtb_bound end;
};

extern struct input input;

/* A number of so many bytes; zero at the end. */
u32 input_take(unsigned int bytes);

/* Memory until the input is through, of exactly this size, for sanitizers to look behind. */
u8 *input_keep(const void *bytes, size_t length);
void input_release(void);

/* A key of a shape that the input names. */
const u8 *input_key(const struct subject *subject, u8 shape, u32 *length);

/* A record stream, made or taken as it is; returns its length, at most %STREAM_MAX. */
size_t input_stream(const struct subject *subject, u8 *stream);
size_t input_raw_stream(u8 *stream);

/* A snapshot, as callers name it, and a range. */
u64 input_snapshot(const struct subject *subject);
void input_range(const struct subject *subject, struct range *range);

static inline const u8 *record_key(const struct memtable_record *record)
{
	return (const u8 *)(record + 1);
}

static inline u64 record_sequence(const struct memtable_record *record)
{
	return record->tag >> 8;
}

static inline bool record_is_value(const struct memtable_record *record)
{
	return record->tag & 1;
}

/* Length in a stream, of a record with a value of that length. */
static inline size_t record_length(const struct memtable_record *record, u32 value_length)
{
	return (sizeof(*record) + record->key_length + value_length + 7) / 8 * 8;
}

/* Is a record that the core has the one it should be, to the last byte? */
bool record_is_same(const struct memtable_record *expected, const struct mtb_record *record);

/* What is in a stream: 0, or why it is none. */
int stream_parse(u8 *stream, size_t length, struct memtable_record **records, size_t *count);

static inline bool subject_is_map(const struct subject *subject)
{
	return subject->config.kind == MEMTABLE_KIND_MAP;
}

/* A subject for a table that is as a new one. */
void subject_init(struct subject *subject, struct mtb_table *table);

/* Compares what the table holds and tells with what it should. */
void subject_check(const struct subject *subject);

/* In the table's order. */
int subject_compare(const struct subject *subject, const void *a, size_t a_length,
		    const void *b, size_t b_length);

/* How many entries are before the version of a key with a sequence number. */
size_t subject_position(const struct subject *subject, const void *key, size_t length,
			u64 sequence);

/* The newest version of a key up to a sequence number, or NULL. */
struct memtable_record *subject_find(const struct subject *subject, const void *key,
				     size_t length, u64 sequence);

/* What a write should come to, if there is room. */
int subject_judge(const struct subject *subject, struct memtable_record **records, size_t count,
		  struct mtb_condition *condition);

/* The write was done. Returns the highest sequence number in it. */
u64 subject_apply(struct subject *subject, struct memtable_record **records, size_t count);

/* The snapshot that a reader is given, as a highest sequence number. */
u64 subject_snapshot(const struct subject *subject, u64 snapshot);

/* What a scan should return, and whether it could return an entry. */
size_t subject_select(const struct subject *subject, const struct range *range,
		      struct memtable_record **selected);
bool subject_in_range(const struct subject *subject, const struct range *range,
		      const struct memtable_record *entry);

/* Where a split that chooses for itself should cut. */
size_t subject_half(const struct subject *subject);

#endif /* FUZZ_H */
