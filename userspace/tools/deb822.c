// SPDX-License-Identifier: GPL-2.0
/* Entries as stanzas of a Debian control file, see deb822(5). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <memtable.h>

#include "input.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank_line(const char *line, size_t length)
{
	while (length && is_blank(line[length - 1]))
		length--;
	return !length;
}

static int malformed(struct input *input, const char *error)
{
	input->error = error;
	return -1;
}

/* Appends the line to the stanza, which has length bytes. */
static int stanza_append(struct input *input, size_t length, size_t more)
{
	size_t size = input->stanza_size;
	char *stanza;

	while (size < length + more)
		size = size ? size * 2 : 4096;
	if (size > input->stanza_size) {
		stanza = realloc(input->stanza, size);
		if (!stanza)
			return malformed(input, "not enough memory for this stanza");
		input->stanza = stanza;
		input->stanza_size = size;
	}
	memcpy(input->stanza + length, input->line, more);
	return 0;
}

/* Finds what a Package field says in a line. Returns whether it is one. */
static bool package_field(const char *line, size_t length, size_t *start, size_t *end)
{
	static const char name[] = "Package:";

	if (length < strlen(name) || strncasecmp(line, name, strlen(name)))
		return false;
	*start = strlen(name);
	*end = length;
	while (*start < *end && is_blank(line[*start]))
		++*start;
	while (*end > *start && is_blank(line[*end - 1]))
		--*end;
	return true;
}

int deb822_next(struct input *input, struct entry *entry)
{
	size_t stanza_length = 0, start = 0, end = 0, key = 0, key_length = 0;
	unsigned long first_line = 0;
	ssize_t length;
	const char *line;
	bool fields = false;

	for (;;) {
		length = input_line(input);
		if (length < 0)
			return -1;
		line = input->line;
		if (!length || is_blank_line(line, length)) {
			if (stanza_length || !length)
				break;
			continue;
		}

		if (line[0] != '#') {
			if (is_blank(line[0]) && !fields)
				return malformed(input, "a line that continues no field");
			if (!is_blank(line[0]) && (line[0] == ':' || !memchr(line, ':', length)))
				return malformed(input, "not 'Field: value'");
			fields = true;
		}
		if (!key_length && package_field(line, length, &start, &end)) {
			if (start == end)
				return malformed(input, "a Package field that says nothing");
			key = stanza_length + start;
			key_length = end - start;
		}
		if (!stanza_length)
			first_line = input->line_number;
		if (stanza_append(input, stanza_length, length))
			return -1;
		stanza_length += length;
	}
	if (!stanza_length)
		return 0;
	if (!key_length) {
		input->line_number = first_line;
		return malformed(input, "the stanza that begins here has no Package field");
	}

	*entry = (struct entry) {
		.key = input->stanza + key,
		.key_length = key_length,
		.value = input->stanza,
		.value_length = stanza_length,
		.type = MEMTABLE_TYPE_VALUE,
	};
	return 1;
}
