/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the parsers share: text to read, entries to expect. */
#ifndef PARSE_H
#define PARSE_H

#include <memtable.h>

#include "input.h"
#include "tap.h"

typedef int parser(struct input *input, struct entry *entry);

/* Reads from a copy, so that a sanitizer sees what lies beyond the end. */
static inline bool parse_begin(struct input *input, const char *text, size_t length)
{
	memset(input, 0, sizeof(*input));
	/* fmemopen() refuses to open nothing. */
	input->file = length ? fmemopen((void *)text, length, "r") : fopen("/dev/null", "r");
	return CHECK(input->file);
}

static inline void parse_end(struct input *input)
{
	fclose(input->file);
	input_release(input);
}

static inline void parse_expect(parser *next, struct input *input,
				const char *key, const char *value)
{
	struct entry entry;

	REQUIRE_EQUAL(next(input, &entry), 1);
	CHECK(tap_is(entry.key, entry.key_length, key));
	CHECK(tap_is(entry.value, entry.value_length, value));
	CHECK_EQUAL(entry.type, MEMTABLE_TYPE_VALUE);
	CHECK_EQUAL(entry.sequence, 0);
}

static inline void parse_expect_end(parser *next, struct input *input)
{
	struct entry entry;

	CHECK_EQUAL(next(input, &entry), 0);
}

/* The text has some good entries, and then is wrong at a line. */
static inline void parse_fails(parser *next, const char *text, size_t length, int good,
			       unsigned long line)
{
	struct input input;
	struct entry entry;

	if (!parse_begin(&input, text, length))
		return;
	while (good--)
		CHECK_EQUAL(next(&input, &entry), 1);
	CHECK_EQUAL(next(&input, &entry), -1);
	CHECK(input.error);
	CHECK_EQUAL(input.line_number, line);
	parse_end(&input);
}

#endif /* PARSE_H */
