// SPDX-License-Identifier: GPL-2.0
/* Any bytes as text in a field, and back. */
#include <stdlib.h>

#include "escape.h"
#include "tap.h"

static char *escaped(const void *data, size_t length, size_t *text_length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, text_length);

	if (!CHECK(out))
		return NULL;
	escape_write(out, data, length);
	fclose(out);
	return text;
}

static bool escapes_to(const char *data, size_t length, const char *expected)
{
	size_t text_length;
	char *text = escaped(data, length, &text_length);
	bool ok = text && tap_is(text, text_length, expected);

	if (!ok)
		printf("# escaped to %s, not %s\n", text, expected);
	free(text);
	return ok;
}

static void readable_text_stays_as_it_is(void)
{
	CHECK(escapes_to("", 0, ""));
	CHECK(escapes_to("libc6 2.36-9+deb12u4 \"~'$", 25, "libc6 2.36-9+deb12u4 \"~'$"));
	/* two, three and four bytes */
	CHECK(escapes_to("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7", 9,
			 "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7"));
}

static void what_would_break_a_line_is_escaped(void)
{
	CHECK(escapes_to("a\tb\nc\rd\\e", 9, "a\\tb\\nc\\rd\\\\e"));
	CHECK(escapes_to("\0\1\x1b[2J\x7f", 7, "\\x00\\x01\\x1b[2J\\x7f"));
	CHECK(escapes_to("\xc2\x9b", 2, "\\xc2\\x9b"));
	CHECK(escapes_to("\xc2\xa0", 2, "\xc2\xa0"));
}

static void what_is_not_utf8_is_escaped(void)
{
	CHECK(escapes_to("\x80", 1, "\\x80"));
	CHECK(escapes_to("\xff\xfe", 2, "\\xff\\xfe"));
	CHECK(escapes_to("a\xc3", 2, "a\\xc3"));			/* cut off */
	CHECK(escapes_to("\xe2\x82", 2, "\\xe2\\x82"));
	CHECK(escapes_to("\xe2\x82z", 3, "\\xe2\\x82z"));
	CHECK(escapes_to("\xc0\x80", 2, "\\xc0\\x80"));			/* longer than need be */
	CHECK(escapes_to("\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf"));
	CHECK(escapes_to("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"));	/* a surrogate */
	CHECK(escapes_to("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80")); /* beyond Unicode */
	CHECK(escapes_to("\xf8\x88\x80\x80\x80", 5, "\\xf8\\x88\\x80\\x80\\x80"));
}

static void messages_keep_their_backslashes(void)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	REQUIRE(out);
	escape_message(out, "not a\\q\n\x1b[2J\xff");
	fclose(out);
	CHECK(tap_is(text, length, "not a\\q\\n\\x1b[2J\\xff"));
	free(text);
}

static void all_bytes_come_back(void)
{
	unsigned char bytes[3 * 256];
	size_t i, length;
	char *text;

	for (i = 0; i < 256; i++) {
		bytes[i] = i;
		bytes[256 + i] = 255 - i;
		bytes[512 + i] = i * 181 + 7;
	}
	text = escaped(bytes, sizeof(bytes), &length);
	REQUIRE(text);
	CHECK(!memchr(text, '\t', length) && !memchr(text, '\n', length));
	CHECK_EQUAL(escape_decode(text, &length), 0);
	CHECK_EQUAL(length, sizeof(bytes));
	CHECK(!memcmp(text, bytes, sizeof(bytes)));
	free(text);
}

static void hexadecimal_digits_of_either_case(void)
{
	char text[] = "\\xaF\\x0A\\x00z";
	size_t length = strlen(text);

	CHECK_EQUAL(escape_decode(text, &length), 0);
	CHECK_EQUAL(length, 4);
	CHECK(!memcmp(text, "\xaf\x0a\0z", 4));
}

static void other_escapes_are_refused(void)
{
	static const char *const bad[] = {
		"\\", "a\\", "\\a", "\\x", "\\x1", "\\x1g", "\\xg1", "\\X41", "\\0", "ok\\t\\q",
	};
	char text[16];
	size_t i, length;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(text, bad[i]);
		length = strlen(text);
		CHECK_EQUAL(escape_decode(text, &length), -1);
		CHECK(tap_is(text, length, bad[i]));
	}
}

static const struct tap_test tests[] = {
	{ "readable text stays as it is", readable_text_stays_as_it_is },
	{ "what would break a line is escaped", what_would_break_a_line_is_escaped },
	{ "what is not UTF-8 is escaped", what_is_not_utf8_is_escaped },
	{ "messages keep their backslashes", messages_keep_their_backslashes },
	{ "all bytes come back", all_bytes_come_back },
	{ "hexadecimal digits of either case", hexadecimal_digits_of_either_case },
	{ "other escapes are refused", other_escapes_are_refused },
};

TAP_MAIN(tests)
