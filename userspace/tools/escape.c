// SPDX-License-Identifier: GPL-2.0
/* Any bytes as text, and back. */
#include <string.h>

#include "escape.h"
#include "utf8.h"

/* Control characters: C0 and C1, which a terminal may obey, and DEL. */
static int is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static void write_escaped(FILE *out, const void *data, size_t length, const char *backslash)
{
	const unsigned char *p = data, *end = p + length;
	uint32_t code;
	size_t step, i;

	for (; p < end; p += step) {
		step = utf8_character(p, end - p, &code);
		if (!step) {
			fprintf(out, "\\x%02x", *p);
			step = 1;
		} else if (code == '\\') {
			fputs(backslash, out);
		} else if (code == '\t') {
			fputs("\\t", out);
		} else if (code == '\n') {
			fputs("\\n", out);
		} else if (code == '\r') {
			fputs("\\r", out);
		} else if (is_control(code)) {
			for (i = 0; i < step; i++)
				fprintf(out, "\\x%02x", p[i]);
		} else {
			fwrite(p, 1, step, out);
		}
	}
}

void escape_write(FILE *out, const void *data, size_t length)
{
	write_escaped(out, data, length, "\\\\");
}

void escape_message(FILE *out, const char *message)
{
	write_escaped(out, message, strlen(message), "\\");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes the escape whose backslash p points to. Returns its length, or zero. */
static size_t escape_character(const char *p, size_t left, char *c)
{
	static const char names[] = "\\tnr", meanings[] = "\\\t\n\r";
	const char *name;

	if (left < 2)
		return 0;
	if (p[1] == 'x') {
		if (left < 4 || hex_digit(p[2]) < 0 || hex_digit(p[3]) < 0)
			return 0;
		*c = hex_digit(p[2]) << 4 | hex_digit(p[3]);
		return 4;
	}
	name = memchr(names, p[1], sizeof(names) - 1);
	if (!name)
		return 0;
	*c = meanings[name - names];
	return 2;
}

int escape_decode(char *text, size_t *length)
{
	const char *p, *end = text + *length;
	char *to = text;
	size_t step;
	char c;

	for (p = text; p < end; p += step) {
		step = *p == '\\' ? escape_character(p, end - p, &c) : 1;
		if (!step)
			return -1;
	}
	for (p = text; p < end; p += step) {
		c = *p;
		step = c == '\\' ? escape_character(p, end - p, &c) : 1;
		*to++ = c;
	}
	*length = to - text;
	return 0;
}
