// SPDX-License-Identifier: GPL-2.0
/* Entries as tab-separated lines. */
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

#include "command.h"
#include "escape.h"
#include "input.h"

#define FIELDS 4

/* Splits a line at its tabs, ending each field with a zero byte. */
static size_t tsv_split(char *line, size_t length, char *fields[FIELDS], size_t lengths[FIELDS])
{
	char *end = line + length, *tab;
	size_t count;

	for (count = 0; count < FIELDS; count++, line = tab + 1) {
		tab = memchr(line, '\t', end - line);
		fields[count] = line;
		lengths[count] = (tab ? tab : end) - line;
		line[lengths[count]] = '\0';
		if (!tab)
			return count + 1;
	}
	return FIELDS + 1;
}

static int tsv_type(const char *text, uint8_t *type)
{
	if (!strcmp(text, "value"))
		*type = MEMTABLE_TYPE_VALUE;
	else if (!strcmp(text, "deletion"))
		*type = MEMTABLE_TYPE_DELETION;
	else
		return -1;
	return 0;
}

static int malformed(struct input *input, const char *error)
{
	input->error = error;
	return -1;
}

int tsv_next(struct input *input, struct entry *entry)
{
	char *fields[FIELDS];
	size_t lengths[FIELDS], count;
	ssize_t length;

	length = input_line(input);
	if (length <= 0)
		return length;
	if (input->line[length - 1] == '\n')
		length--;

	count = tsv_split(input->line, length, fields, lengths);
	if (count != 2 && count != FIELDS)
		return malformed(input, "not KEY, tab, VALUE (and maybe tab, SEQUENCE, tab, TYPE)");
	if (escape_decode(fields[0], &lengths[0]) || escape_decode(fields[1], &lengths[1]))
		return malformed(input, "an escape that is none of \\\\ \\t \\n \\r \\xHH");

	*entry = (struct entry) {
		.key = fields[0],
		.key_length = lengths[0],
		.value = fields[1],
		.value_length = lengths[1],
		.type = MEMTABLE_TYPE_VALUE,
	};
	if (count == 2)
		return 1;

	if (strlen(fields[2]) != lengths[2] || parse_number(fields[2], &entry->sequence) ||
	    !entry->sequence || entry->sequence > MEMTABLE_MAX_SEQUENCE)
		return malformed(input, "not a sequence number");
	if (strlen(fields[3]) != lengths[3] || tsv_type(fields[3], &entry->type))
		return malformed(input, "the type is neither value nor deletion");
	if (entry->type == MEMTABLE_TYPE_DELETION && entry->value_length)
		return malformed(input, "a deletion with a value");
	return 1;
}
