/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <memtable.h>

/* Which parts of an entry to show. */
enum output_parts {
	OUTPUT_VALUE	= 1 << 0,
	OUTPUT_TAG	= 1 << 1,
};

/* Writes an entry as a line that tsv_next() takes, unless there is no value. */
void output_tsv(FILE *out, unsigned int parts, const struct memtable_slice *key,
		const struct memtable_slice *value, uint64_t tag);

/* Writes an entry as a line with a JSON object, always with the tag. */
void output_json(FILE *out, unsigned int parts, const struct memtable_slice *key,
		 const struct memtable_slice *value, uint64_t tag);

#endif /* OUTPUT_H */
