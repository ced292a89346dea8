/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: numbers that look random and are the same in each
 * run, keys and records made of them, and a sorted array that says what a
 * table should hold.
 */
#ifndef MTB_MODEL_H
#define MTB_MODEL_H

#include <kunit/test.h>

#include "batch.h"
#include "record.h"
#include "table.h"
#include "write.h"

/* How much random tests do; a kernel may be a slow one. */
#ifndef MTB_TEST_SCALE
#define MTB_TEST_SCALE	1
#endif

#define MODEL_KEY_MAX	40

/**
 * struct test_random - A generator of numbers.
 * @state: Where it is; any number will do for a start.
 */
struct test_random {
	u64 state;
};

/**
 * struct model_entry - What an entry of a table should be.
 * @tag: Sequence number and type.
 * @value_length: Length of the value, in bytes.
 * @key_length: Length of the key, in bytes.
 * @value: First byte of the value; each further one is one more.
 * @key: The key's bytes.
 */
struct model_entry {
	u64 tag;
	u32 value_length;
	u8 key_length;
	u8 value;
	u8 key[MODEL_KEY_MAX];
};

/**
 * struct model - What a table should hold.
 * @entries: The entries in their order.
 * @count: How many there are.
 * @capacity: Room in @entries.
 * @reverse: Keys are ordered from the greatest to the least.
 */
struct model {
	struct model_entry *entries;
	size_t count;
	size_t capacity;
	bool reverse;
};

/* Kinds of keys that model_key() makes. */
enum model_keys {
	MODEL_KEYS_SHORT,	/* none to four bytes of a few: many are equal, or a prefix */
	MODEL_KEYS_TIED,	/* the first eight bytes are the same */
	MODEL_KEYS_DECIMAL,	/* sixteen digits */
	MODEL_KEYS_PATHS,	/* parts of some bytes: long prefixes in common, of any length */
	MODEL_KEYS_RANDOM,	/* eight random bytes */
	MODEL_KEYS_MIXED,	/* any of the above */
};

int model_suite_init(struct kunit_suite *suite);
void model_suite_exit(struct kunit_suite *suite);

u32 test_random(struct test_random *random);
u32 test_below(struct test_random *random, u32 bound);

void model_init(struct kunit *test, struct model *model, size_t capacity);
void model_destroy(struct model *model);
void model_key(struct test_random *random, enum model_keys keys, struct model_entry *entry);
int model_compare_keys(const struct model_entry *a, const struct model_entry *b);
size_t model_position(const struct model *model, const struct model_entry *entry);
bool model_has_version(const struct model *model, const struct model_entry *entry);
void model_insert(struct kunit *test, struct model *model, const struct model_entry *entry);
void model_remove(struct model *model, size_t position);

struct mtb_record *model_record(const struct model_entry *entry, enum mtb_trailer trailer);
bool model_matches(const struct model_entry *entry, const struct mtb_record *record);
void model_seek_key(const struct model_entry *entry, bool reverse, struct mtb_key *key);
u64 model_memory(struct mtb_table *table, struct mtb_cursor *cursor);
int model_write(struct mtb_table *table, const struct model_entry *entries, size_t count,
		u64 *last_sequence);
int model_write_if(struct mtb_table *table, const struct model_entry *entries, size_t count,
		   struct mtb_condition *condition, u64 *last_sequence);

#endif /* MTB_MODEL_H */
