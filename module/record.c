// SPDX-License-Identifier: GPL-2.0
/*
 * Record memory: a few slab caches of graded sizes, pages beyond them.
 *
 * The grades are close enough to waste little (a tenth on average, a third at
 * most, where kmalloc() would waste a half) and few enough to share slabs well;
 * the large ones divide a slab of 32 KiB. Beyond them come kmalloc()'s powers of
 * two where they fit, and whole pages where they would waste much. Callers copy
 * between a record's data and user memory, so that part, and no other, is
 * whitelisted for hardened usercopy.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "record.h"

#define MTB_RECORD_ALIGN	8
#define MTB_RECORD_SLAB_MAX	16384

static const u16 grade_sizes[] = {
	24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 112, 128, 136, 152, 168, 192,
	224, 256, 320, 384, 448, 512, 640, 768, 1024, 1360, 2048, 2720, 3272,
	4096, 4680, 5456, 6552, 8192, 10920, MTB_RECORD_SLAB_MAX,
};

static struct kmem_cache *grades[ARRAY_SIZE(grade_sizes)] __ro_after_init;

/* Grade for each record size, in units of MTB_RECORD_ALIGN. */
static u8 grade_of[MTB_RECORD_SLAB_MAX / MTB_RECORD_ALIGN + 1] __ro_after_init;

static const u8 trailer_sizes[] = {
	[MTB_TRAILER_NONE]	= 0,
	[MTB_TRAILER_COMMIT]	= sizeof(u64),
	[MTB_TRAILER_PIN]	= sizeof(struct mtb_pin),
};

/* Offset of the trailer. */
static size_t payload_end(u16 key_length, u32 value_length)
{
	return ALIGN(offsetof(struct mtb_record, data) + key_length + (size_t)value_length,
		     MTB_RECORD_ALIGN);
}

/* What lies before a record. */
static size_t prefix_size(u32 value_length)
{
	return value_length < MTB_LENGTH_LONG ? 0 : sizeof(u64);
}

/* Size of the object that has a record. */
static size_t object_size(u16 key_length, u32 value_length, enum mtb_trailer trailer)
{
	return prefix_size(value_length) + payload_end(key_length, value_length) +
	       trailer_sizes[trailer];
}

static size_t record_size(const struct mtb_record *record)
{
	return object_size(record->key_length, mtb_record_value_length(record), record->trailer);
}

static const void *record_object(const struct mtb_record *record)
{
	return (const u8 *)record - prefix_size(mtb_record_value_length(record));
}

static void *record_trailer(const struct mtb_record *record)
{
	return (u8 *)record + payload_end(record->key_length, mtb_record_value_length(record));
}

/**
 * mtb_record_alloc() - Allocate a record.
 * @key_length: Length of the key, in bytes.
 * @value_length: Length of the value, in bytes.
 * @trailer: What is to follow the value.
 *
 * The caller fills in the tag, the key and the value. A pin starts with one
 * reference. May sleep.
 *
 * Return: the record, or NULL if there is no memory.
 */
struct mtb_record *mtb_record_alloc(u16 key_length, u32 value_length, enum mtb_trailer trailer)
{
	size_t size = object_size(key_length, value_length, trailer);
	struct mtb_record *record;
	void *object;

	if (size <= MTB_RECORD_SLAB_MAX)
		object = kmem_cache_alloc(grades[grade_of[size / MTB_RECORD_ALIGN]], MTB_GFP);
	else if (roundup_pow_of_two(size) - size <= size / 8)
		object = kvmalloc(size, MTB_GFP);
	else
		object = __vmalloc(size, MTB_GFP);
	if (!object)
		return NULL;

	record = object + prefix_size(value_length);
	/* The structure ends behind the first bytes of the key, which come later. */
	*record = (struct mtb_record){
		.key_length	= key_length,
		.short_length	= min_t(u32, value_length, MTB_LENGTH_LONG),
		.trailer	= trailer,
	};
	if (value_length >= MTB_LENGTH_LONG)
		((u32 *)record)[-1] = value_length;
	if (trailer == MTB_TRAILER_PIN)
		refcount_set(&mtb_record_pin(record)->count, 1);
	return record;
}

/**
 * mtb_record_clone() - Copy a record to one with another trailer.
 * @record: The record to copy; it stays the caller's.
 * @trailer: What is to follow the value.
 *
 * May sleep.
 *
 * Return: the new record, or NULL if there is no memory.
 */
struct mtb_record *mtb_record_clone(const struct mtb_record *record, enum mtb_trailer trailer)
{
	u32 value_length = mtb_record_value_length(record);
	struct mtb_record *clone;

	clone = mtb_record_alloc(record->key_length, value_length, trailer);
	if (!clone)
		return NULL;
	clone->tag = record->tag;
	memcpy(clone->data, record->data, record->key_length + (size_t)value_length);
	return clone;
}

/**
 * mtb_record_pin() - Find a record's pin.
 * @record: A record that has one.
 *
 * Return: the pin.
 */
struct mtb_pin *mtb_record_pin(struct mtb_record *record)
{
	return record_trailer(record);
}

/**
 * mtb_record_commit() - Tell a record's commit number.
 * @record: A record that has one.
 *
 * Return: the commit number.
 */
u64 mtb_record_commit(const struct mtb_record *record)
{
	return *(const u64 *)record_trailer(record);
}

/**
 * mtb_record_set_commit() - Set a record's commit number.
 * @record: A record that has one and is not linked yet.
 * @commit: The commit number.
 */
void mtb_record_set_commit(struct mtb_record *record, u64 commit)
{
	*(u64 *)record_trailer(record) = commit;
}

/**
 * mtb_record_free() - Free a record.
 * @record: The record.
 */
void mtb_record_free(struct mtb_record *record)
{
	size_t size = record_size(record);
	void *object = (void *)record_object(record);

	if (size <= MTB_RECORD_SLAB_MAX)
		kmem_cache_free(grades[grade_of[size / MTB_RECORD_ALIGN]], object);
	else
		kvfree(object);
}

/**
 * mtb_record_tryget() - Take a reference to a record found under RCU.
 * @record: A record. Without a pin it needs no reference.
 *
 * Return: false if it is on its way out.
 */
bool mtb_record_tryget(struct mtb_record *record)
{
	return record->trailer != MTB_TRAILER_PIN ||
	       refcount_inc_not_zero(&mtb_record_pin(record)->count);
}

/**
 * mtb_record_put() - Drop a reference to a record.
 * @record: The record; it is freed if it has a pin and this was the last one.
 */
void mtb_record_put(struct mtb_record *record)
{
	if (record->trailer == MTB_TRAILER_PIN &&
	    refcount_dec_and_test(&mtb_record_pin(record)->count))
		mtb_record_free(record);
}

/**
 * mtb_record_release() - Let a record go that the index had.
 * @record: The record; it is freed now, or with the last reader's reference.
 */
void mtb_record_release(struct mtb_record *record)
{
	if (record->trailer == MTB_TRAILER_PIN)
		mtb_record_put(record);
	else
		mtb_record_free(record);
}

/**
 * mtb_record_memory() - Tell what memory a record takes.
 * @record: The record.
 *
 * Return: the size of the object or of the pages that hold it, in bytes.
 */
size_t mtb_record_memory(const struct mtb_record *record)
{
	size_t size = record_size(record);

	if (size <= MTB_RECORD_SLAB_MAX)
		return grade_sizes[grade_of[size / MTB_RECORD_ALIGN]];
	if (is_vmalloc_addr(record_object(record)))
		return PAGE_ALIGN(size);
	return roundup_pow_of_two(size);
}

/**
 * mtb_record_module_init() - Create the slab caches.
 *
 * Return: 0 or -ENOMEM.
 */
int __init mtb_record_module_init(void)
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
			mtb_record_module_exit();
			return -ENOMEM;
		}
		for (; size <= grade_sizes[grade]; size += MTB_RECORD_ALIGN)
			grade_of[size / MTB_RECORD_ALIGN] = grade;
	}
	return 0;
}

/**
 * mtb_record_module_exit() - Destroy the slab caches; every record is freed by now.
 */
void mtb_record_module_exit(void)
{
	unsigned int grade;

	for (grade = 0; grade < ARRAY_SIZE(grade_sizes); grade++)
		kmem_cache_destroy(grades[grade]);
}
