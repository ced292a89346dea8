// SPDX-License-Identifier: GPL-2.0
/*
 * Record memory: a few slab caches of graded sizes, kvmalloc() beyond them.
 *
 * The grades are close enough to waste little (a tenth on average, a third at
 * most) and few enough to share slabs well. Callers copy between a record's
 * data and user memory, so that part, and no other, is whitelisted for
 * hardened usercopy.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <asm/byteorder.h>

#include "record.h"

#define MTB_RECORD_ALIGN	8
#define MTB_RECORD_SLAB_MAX	4096

static const u16 grade_sizes[] = {
	24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 112, 128, 136, 152, 168, 192,
	224, 256, 320, 384, 448, 512, 640, 768, 1024, 1360, 2048, 2720,
	MTB_RECORD_SLAB_MAX,
};

static struct kmem_cache *grades[ARRAY_SIZE(grade_sizes)] __ro_after_init;

/* Grade for each record size, in units of MTB_RECORD_ALIGN. */
static u8 grade_of[MTB_RECORD_SLAB_MAX / MTB_RECORD_ALIGN + 1] __ro_after_init;

static size_t record_size(u16 key_length, u32 value_length, bool has_commit)
{
	size_t size = offsetof(struct mtb_record, data) + key_length + value_length;

	size = ALIGN(size, MTB_RECORD_ALIGN);
	return has_commit ? size + sizeof(u64) : size;
}

static size_t own_size(const struct mtb_record *record)
{
	return record_size(record->key_length, record->value_length, record->has_commit);
}

/* The commit number lies behind the value. */
static size_t commit_offset(const struct mtb_record *record)
{
	return own_size(record) - sizeof(u64);
}

/**
 * mtb_record_commit() - Tell a record's commit number.
 * @record: A record that has one.
 *
 * Return: the commit number.
 */
u64 mtb_record_commit(const struct mtb_record *record)
{
	return *(const u64 *)((const u8 *)record + commit_offset(record));
}

/**
 * mtb_record_set_commit() - Set a record's commit number.
 * @record: A record that has one and is not linked yet.
 * @commit: The commit number.
 */
void mtb_record_set_commit(struct mtb_record *record, u64 commit)
{
	*(u64 *)((u8 *)record + commit_offset(record)) = commit;
}

static struct mtb_record *record_alloc(u16 key_length, u32 value_length, bool has_commit)
{
	size_t size = record_size(key_length, value_length, has_commit);
	struct mtb_record *record;

	if (size <= MTB_RECORD_SLAB_MAX)
		record = kmem_cache_alloc(grades[grade_of[size / MTB_RECORD_ALIGN]], GFP_KERNEL);
	else
		record = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!record)
		return NULL;

	record->tag = 0;
	record->value_length = value_length;
	record->key_length = key_length;
	record->has_commit = has_commit;
	return record;
}

/**
 * mtb_record_alloc() - Allocate a record.
 * @key_length: Length of the key, in bytes.
 * @value_length: Length of the value, in bytes.
 *
 * The caller fills in the tag, the key and the value. May sleep.
 *
 * Return: the record, or NULL if there is no memory.
 */
struct mtb_record *mtb_record_alloc(u16 key_length, u32 value_length)
{
	return record_alloc(key_length, value_length, false);
}

/**
 * mtb_record_alloc_late() - Copy a record into one that has a commit number.
 * @record: The record to copy; it stays the caller's.
 *
 * May sleep.
 *
 * Return: the new record, or NULL if there is no memory.
 */
struct mtb_record *mtb_record_alloc_late(const struct mtb_record *record)
{
	struct mtb_record *late = record_alloc(record->key_length, record->value_length, true);

	if (!late)
		return NULL;
	late->tag = record->tag;
	memcpy(late->data, record->data, record->key_length + (size_t)record->value_length);
	mtb_record_set_commit(late, 0);
	return late;
}

/**
 * mtb_record_free() - Free a record.
 * @record: The record.
 */
void mtb_record_free(struct mtb_record *record)
{
	size_t size = own_size(record);

	if (size <= MTB_RECORD_SLAB_MAX)
		kmem_cache_free(grades[grade_of[size / MTB_RECORD_ALIGN]], record);
	else
		kvfree(record);
}

/**
 * mtb_record_memory() - Tell what memory a record takes.
 * @record: The record.
 *
 * Return: the size of the object or of the pages that hold it, in bytes.
 */
size_t mtb_record_memory(const struct mtb_record *record)
{
	size_t size = own_size(record);

	if (size <= MTB_RECORD_SLAB_MAX)
		return grade_sizes[grade_of[size / MTB_RECORD_ALIGN]];
	if (is_vmalloc_addr(record))
		return PAGE_ALIGN(size);
	return roundup_pow_of_two(size);
}

/**
 * mtb_key_init() - Make an internal key.
 * @key: The internal key to fill.
 * @data: The key's bytes, which must stay while @key is in use.
 * @length: Length of the key, in bytes.
 * @tag: Sequence number and type.
 */
void mtb_key_init(struct mtb_key *key, const void *data, u32 length, u64 tag)
{
	__be64 prefix = 0;

	/* Of constant length where it can be, which makes it one load. */
	if (length >= sizeof(prefix))
		memcpy(&prefix, data, sizeof(prefix));
	else
		memcpy(&prefix, data, length);
	key->prefix = be64_to_cpu(prefix);
	key->tag = tag;
	key->data = data;
	key->length = length;
}

/**
 * mtb_record_init() - Create the slab caches.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_record_init(void)
{
	const unsigned int header = offsetof(struct mtb_record, data);
	unsigned int grade, size = 0;
	char name[32];

	for (grade = 0; grade < ARRAY_SIZE(grade_sizes); grade++) {
		snprintf(name, sizeof(name), "memtable_record-%u", grade_sizes[grade]);
		grades[grade] = kmem_cache_create_usercopy(name, grade_sizes[grade],
							   MTB_RECORD_ALIGN, SLAB_ACCOUNT,
							   header, grade_sizes[grade] - header,
							   NULL);
		if (!grades[grade]) {
			mtb_record_exit();
			return -ENOMEM;
		}
		for (; size <= grade_sizes[grade]; size += MTB_RECORD_ALIGN)
			grade_of[size / MTB_RECORD_ALIGN] = grade;
	}
	return 0;
}

/**
 * mtb_record_exit() - Destroy the slab caches; every record is freed by now.
 */
void mtb_record_exit(void)
{
	unsigned int grade;

	for (grade = 0; grade < ARRAY_SIZE(grade_sizes); grade++)
		kmem_cache_destroy(grades[grade]);
}
