// SPDX-License-Identifier: GPL-2.0
/*
 * The model that tests compare tables with. It is as plain as can be, and
 * shares no code with the table.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "model.h"

/*
 * Older kernels run the suites of a module before its init function. The
 * suites then do what that would have done, and undo it: a cache that is not
 * empty in the end is reported.
 */
static bool before_module_init(void)
{
#ifdef MODULE
	return THIS_MODULE->state == MODULE_STATE_COMING;
#else
	return false;
#endif
}

int __ref model_suite_init(struct kunit_suite *suite)
{
	int err;

	if (!before_module_init())
		return 0;
	err = mtb_record_module_init();
	if (err)
		return err;
	err = mtb_block_module_init();
	if (err)
		goto records;
	err = mtb_table_module_init();
	if (err)
		goto blocks;
	return 0;

blocks:
	mtb_block_module_exit();
records:
	mtb_record_module_exit();
	return err;
}

void model_suite_exit(struct kunit_suite *suite)
{
	if (!before_module_init())
		return;
	mtb_table_module_exit();
	mtb_block_module_exit();
	mtb_record_module_exit();
}

/* 32 of 64 bits of a mixed counter (SplitMix64, by Sebastiano Vigna). */
u32 test_random(struct test_random *random)
{
	u64 bits = random->state += 0x9e3779b97f4a7c15ULL;

	bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
	bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
	return bits >> 32;
}

/* A number from 0 up to @bound, without it. */
u32 test_below(struct test_random *random, u32 bound)
{
	return ((u64)test_random(random) * bound) >> 32;
}

void model_init(struct kunit *test, struct model *model, size_t capacity)
{
	model->count = 0;
	model->capacity = capacity;
	model->reverse = false;
	model->entries = kvmalloc_array(capacity, sizeof(*model->entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->entries);
}

void model_destroy(struct model *model)
{
	kvfree(model->entries);
	model->entries = NULL;
}

/* Longest part of a key of %MODEL_KEYS_PATHS. */
#define PART_MAX	8

/* Give @entry a key of the kind @keys. */
void model_key(struct test_random *random, enum model_keys keys, struct model_entry *entry)
{
	static const u8 alphabet[] = { 0x00, 0x01, 'a', 'b', 0x7f, 0x80, 0xff };
	static const char * const parts[] = {
		"/usr", "/share", "/lib", "/libexec", "/lib64", "/a", "/b", "/locale/",
	};
	const char *part;
	char digits[MODEL_KEY_MAX];
	u32 i, number;

	entry->key_length = 0;
	if (keys == MODEL_KEYS_MIXED)
		keys = test_below(random, MODEL_KEYS_MIXED);
	switch (keys) {
	case MODEL_KEYS_TIED:
		memset(entry->key, 'x', 8);
		entry->key_length = 8;
		fallthrough;
	case MODEL_KEYS_SHORT:
		for (i = test_below(random, 5); i > 0; i--)
			entry->key[entry->key_length++] =
				alphabet[test_below(random, ARRAY_SIZE(alphabet))];
		break;
	case MODEL_KEYS_DECIMAL:
		snprintf(digits, sizeof(digits), "%016u", test_below(random, 100000));
		memcpy(entry->key, digits, 16);
		entry->key_length = 16;
		break;
	case MODEL_KEYS_PATHS:
		do {
			part = parts[test_below(random, ARRAY_SIZE(parts))];
			memcpy(entry->key + entry->key_length, part, strlen(part));
			entry->key_length += strlen(part);
		} while (entry->key_length <= MODEL_KEY_MAX - 2 * PART_MAX &&
			 test_below(random, 6));
		break;
	default:
		for (i = 0; i < 2; i++) {
			number = test_random(random);
			memcpy(entry->key + i * sizeof(number), &number, sizeof(number));
		}
		entry->key_length = 8;
	}
}

/* Byte by byte; a prefix comes first. */
int model_compare_keys(const struct model_entry *a, const struct model_entry *b)
{
	u8 i;

	for (i = 0; i < a->key_length && i < b->key_length; i++) {
		if (a->key[i] != b->key[i])
			return a->key[i] < b->key[i] ? -1 : 1;
	}
	return (int)a->key_length - (int)b->key_length;
}

/* By key, either way, then from the highest tag to the lowest. */
static bool precedes(const struct model *model, const struct model_entry *a,
		     const struct model_entry *b)
{
	int order = model_compare_keys(a, b);

	if (!order)
		return a->tag > b->tag;
	return model->reverse ? order > 0 : order < 0;
}

/* How many entries precede @entry. */
size_t model_position(const struct model *model, const struct model_entry *entry)
{
	size_t low = 0, high = model->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (precedes(model, &model->entries[middle], entry))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is there an entry of the key with this sequence number, of whatever type? */
bool model_has_version(const struct model *model, const struct model_entry *entry)
{
	struct model_entry newest = *entry;
	size_t position;

	newest.tag |= U8_MAX;
	position = model_position(model, &newest);
	return position < model->count &&
	       !model_compare_keys(&model->entries[position], entry) &&
	       model->entries[position].tag >> 8 == entry->tag >> 8;
}

void model_insert(struct kunit *test, struct model *model, const struct model_entry *entry)
{
	size_t position = model_position(model, entry);

	KUNIT_ASSERT_TRUE(test, model->count < model->capacity);
	memmove(&model->entries[position + 1], &model->entries[position],
		(model->count - position) * sizeof(*entry));
	model->entries[position] = *entry;
	model->count++;
}

void model_remove(struct model *model, size_t position)
{
	model->count--;
	memmove(&model->entries[position], &model->entries[position + 1],
		(model->count - position) * sizeof(*model->entries));
}

/* A record as the entry tells, or NULL if there is no memory. */
struct mtb_record *model_record(const struct model_entry *entry, enum mtb_trailer trailer)
{
	struct mtb_record *record;
	u32 i;

	record = mtb_record_alloc(entry->key_length, entry->value_length, trailer);
	if (!record)
		return NULL;
	record->tag = entry->tag;
	memcpy(record->data, entry->key, entry->key_length);
	for (i = 0; i < entry->value_length; i++)
		record->data[entry->key_length + i] = entry->value + i;
	return record;
}

/* Is the record what the entry tells, to the last byte? */
bool model_matches(const struct model_entry *entry, const struct mtb_record *record)
{
	const u8 *value;
	u32 i;

	if (!record || record->tag != entry->tag || record->key_length != entry->key_length ||
	    mtb_record_value_length(record) != entry->value_length ||
	    memcmp(record->data, entry->key, entry->key_length))
		return false;
	value = mtb_record_value(record);
	for (i = 0; i < entry->value_length; i++) {
		if (value[i] != (u8)(entry->value + i))
			return false;
	}
	return true;
}

/* The internal key of an entry; it points into the entry. */
void model_seek_key(const struct model_entry *entry, bool reverse, struct mtb_key *key)
{
	mtb_key_init(key, reverse, entry->key, entry->key_length, entry->tag);
}

/* Write records as the entries tell in one batch: what mtb_table_write() returns. */
int model_write_if(struct mtb_table *table, const struct model_entry *entries, size_t count,
		   struct mtb_condition *condition, u64 *last_sequence)
{
	struct mtb_record *record;
	struct mtb_batch batch;
	int err = 0;
	size_t i;

	mtb_batch_init(&batch, MTB_TRAILER_NONE);
	for (i = 0; i < count && !err; i++) {
		record = model_record(&entries[i], MTB_TRAILER_NONE);
		err = record ? mtb_batch_add(&batch, record) : -ENOMEM;
		if (err && record)
			mtb_record_free(record);
	}
	if (!err)
		err = mtb_table_write(table, &batch, condition, last_sequence);
	mtb_batch_destroy(&batch);
	return err;
}

int model_write(struct mtb_table *table, const struct model_entry *entries, size_t count,
		u64 *last_sequence)
{
	return model_write_if(table, entries, count, NULL, last_sequence);
}

/* Memory of all the blocks and records in a table that nobody writes to. */
u64 model_memory(struct mtb_table *table, struct mtb_cursor *cursor)
{
	struct mtb_record *record;
	u64 memory;

	mutex_lock(&table->lock);
	memory = mtb_skiplist_memory(&table->index);
	for (record = mtb_cursor_first(cursor, &table->index); record;
	     record = mtb_cursor_next(cursor))
		memory += mtb_record_memory(record);
	mutex_unlock(&table->lock);
	return memory;
}
