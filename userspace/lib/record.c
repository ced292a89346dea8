// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries in transfer form, see "Records" in <linux/memtable.h>. */
#include "internal.h"

#define RECORD_ALIGN 8

size_t memtable_record_length(size_t key_length, size_t value_length)
{
	size_t length = sizeof(struct memtable_record) + key_length + value_length;

	return (length + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

void memtable_record_encode(void *to, uint64_t tag, const void *key, size_t key_length,
			    const void *value, size_t value_length)
{
	struct memtable_record header = {
		.tag = tag,
		.key_length = key_length,
		.value_length = value_length,
	};
	size_t length = memtable_record_length(key_length, value_length);
	char *p = to;

	/* The padding is in the last word, which the rest may overwrite. */
	memset(p + length - sizeof(uint64_t), 0, sizeof(uint64_t));
	memcpy(p, &header, sizeof(header));
	p += sizeof(header);
	copy_bytes(p, key, key_length);
	p += key_length;
	copy_bytes(p, value, value_length);
}

const struct memtable_record *memtable_record_next(const void *stream, size_t length,
						   size_t *offset)
{
	size_t left = length - *offset;
	const struct memtable_record *record = (const void *)((const char *)stream + *offset);
	size_t needed;

	if (left < sizeof(*record) ||
	    record->key_length > MEMTABLE_MAX_KEY_LENGTH ||
	    record->value_length > MEMTABLE_MAX_VALUE_LENGTH)
		return NULL;
	needed = memtable_record_length(record->key_length, record->value_length);
	if (left < needed)
		return NULL;
	*offset += needed;
	return record;
}
