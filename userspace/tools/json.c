// SPDX-License-Identifier: GPL-2.0
/* Any bytes in JSON. */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

static void json_text(FILE *out, const unsigned char *p, size_t length)
{
	const unsigned char *end = p + length;

	for (; p < end; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p == '\n')
			fputs("\\n", out);
		else if (*p == '\t')
			fputs("\\t", out);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
	}
}

static void json_base64(FILE *out, const unsigned char *p, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int group;

	for (; length >= 3; p += 3, length -= 3) {
		group = p[0] << 16 | p[1] << 8 | p[2];
		fputc(digits[group >> 18], out);
		fputc(digits[group >> 12 & 63], out);
		fputc(digits[group >> 6 & 63], out);
		fputc(digits[group & 63], out);
	}
	if (length) {
		group = p[0] << 16 | (length > 1 ? p[1] << 8 : 0);
		fputc(digits[group >> 18], out);
		fputc(digits[group >> 12 & 63], out);
		fputc(length > 1 ? digits[group >> 6 & 63] : '=', out);
		fputc('=', out);
	}
}

void json_bytes(FILE *out, const char *name, const void *data, size_t length)
{
	if (utf8_valid(data, length)) {
		fprintf(out, "\"%s\":\"", name);
		json_text(out, data, length);
	} else {
		fprintf(out, "\"%s_base64\":\"", name);
		json_base64(out, data, length);
	}
	fputc('"', out);
}

void json_file(FILE *out, uint64_t number, const char *path, uint64_t entries)
{
	fprintf(out, "{\"number\":%" PRIu64 ",", number);
	json_bytes(out, "file", path, strlen(path));
	fprintf(out, ",\"entries\":%" PRIu64 "}\n", entries);
}
