// SPDX-License-Identifier: GPL-2.0
/* Entries as lines of text. */
#include <inttypes.h>

#include "escape.h"
#include "json.h"
#include "output.h"

static const char *type_name(uint64_t tag)
{
	return memtable_tag_type(tag) == MEMTABLE_TYPE_DELETION ? "deletion" : "value";
}

void output_tsv(FILE *out, unsigned int parts, const struct memtable_slice *key,
		const struct memtable_slice *value, uint64_t tag)
{
	escape_write(out, key->data, key->length);
	if (parts & OUTPUT_VALUE) {
		fputc('\t', out);
		escape_write(out, value->data, value->length);
	}
	if (parts & OUTPUT_TAG)
		fprintf(out, "\t%" PRIu64 "\t%s", memtable_tag_sequence(tag), type_name(tag));
	fputc('\n', out);
}

void output_json(FILE *out, unsigned int parts, const struct memtable_slice *key,
		 const struct memtable_slice *value, uint64_t tag)
{
	fputc('{', out);
	json_bytes(out, "key", key->data, key->length);
	if (parts & OUTPUT_VALUE && memtable_tag_type(tag) == MEMTABLE_TYPE_VALUE) {
		fputc(',', out);
		json_bytes(out, "value", value->data, value->length);
	}
	fprintf(out, ",\"sequence\":%" PRIu64 ",\"type\":\"%s\"}\n",
		memtable_tag_sequence(tag), type_name(tag));
}
