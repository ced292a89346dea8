/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: one entry of a table as it lies in memory.
 */
#ifndef MTB_RECORD_H
#define MTB_RECORD_H

#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/prefetch.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <linux/memtable.h>

/*
 * Memory that callers ask for, here and elsewhere: charged to them and, if there
 * is too little of it, refused to them, rather than wrung out of somebody else.
 */
#define MTB_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The type is the tag's low byte, the sequence number the rest. */
#define MTB_TAG_SHIFT	8

static inline u64 mtb_tag(u64 sequence, u8 type)
{
	return sequence << MTB_TAG_SHIFT | type;
}

static inline u64 mtb_tag_sequence(u64 tag)
{
	return tag >> MTB_TAG_SHIFT;
}

static inline u8 mtb_tag_type(u64 tag)
{
	return (u8)tag;
}

/**
 * enum mtb_trailer - What follows a record's value, at the next multiple of 8.
 * @MTB_TRAILER_NONE: Nothing.
 * @MTB_TRAILER_COMMIT: The commit number of a late batch.
 * @MTB_TRAILER_PIN: A &struct mtb_pin.
 */
enum mtb_trailer {
	MTB_TRAILER_NONE,
	MTB_TRAILER_COMMIT,
	MTB_TRAILER_PIN,
};

/**
 * struct mtb_pin - What keeps a record that can be removed from its index.
 * @count: References: one of the index, one of each reader that is at it.
 * @next: The next one of those removed, while a grace period passes.
 */
struct mtb_pin {
	refcount_t count;
	struct mtb_record *next;
};

/**
 * struct mtb_record - An entry.
 * @tag: Sequence number and type.
 * @key_length: Length of the key, in bytes.
 * @short_length: Length of the value, in bytes, or %MTB_LENGTH_LONG.
 * @trailer: What follows the value, &enum mtb_trailer.
 * @data: The key's bytes, then the value's.
 *
 * A record belongs to whoever allocated it until it is linked into an index;
 * from then on it does not change. It lives as long as the index, unless it has
 * a pin: then it can be removed, and a reader holds either the RCU read lock or
 * a reference of its own.
 */
struct mtb_record {
	u64 tag;
	u16 key_length;
	u16 short_length : 14;
	u16 trailer : 2;
	u8 data[];
};

/* The value is longer than @short_length can tell. Its length lies before the record. */
#define MTB_LENGTH_LONG	0x3fff

int mtb_record_module_init(void);
void mtb_record_module_exit(void);

struct mtb_record *mtb_record_alloc(u16 key_length, u32 value_length, enum mtb_trailer trailer);
struct mtb_record *mtb_record_clone(const struct mtb_record *record, enum mtb_trailer trailer);
void mtb_record_free(struct mtb_record *record);
size_t mtb_record_memory(const struct mtb_record *record);
bool mtb_record_tryget(struct mtb_record *record);
void mtb_record_put(struct mtb_record *record);
void mtb_record_release(struct mtb_record *record);
struct mtb_pin *mtb_record_pin(struct mtb_record *record);
u64 mtb_record_commit(const struct mtb_record *record);
void mtb_record_set_commit(struct mtb_record *record, u64 commit);

/* Have the first bytes of a record come into the caches. */
static inline void mtb_record_prefetch(const struct mtb_record *record)
{
	prefetch(record);
	prefetch((const u8 *)record + L1_CACHE_BYTES);
}

static inline u32 mtb_record_value_length(const struct mtb_record *record)
{
	if (unlikely(record->short_length == MTB_LENGTH_LONG))
		return ((const u32 *)record)[-1];
	return record->short_length;
}

static inline const u8 *mtb_record_value(const struct mtb_record *record)
{
	return record->data + record->key_length;
}

#endif /* MTB_RECORD_H */
