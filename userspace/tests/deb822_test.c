// SPDX-License-Identifier: GPL-2.0
/* Entries as stanzas of a Debian control file. */
#include <stdlib.h>

#include "parse.h"

#define FIRST	"Package: bash\nEssential: yes\nDescription: a shell\n that runs\n .\n commands\n"
#define SECOND	"Package: libc6\nArchitecture: amd64\n"

static void fails(const char *text, int good, unsigned long line)
{
	parse_fails(deb822_next, text, strlen(text), good, line);
}

static void stanzas_are_entries(void)
{
	static const char text[] = FIRST "\n" SECOND;
	struct input input;

	REQUIRE(parse_begin(&input, text, strlen(text)));
	parse_expect(deb822_next, &input, "bash", FIRST);
	parse_expect(deb822_next, &input, "libc6", SECOND);
	parse_expect_end(deb822_next, &input);
	parse_expect_end(deb822_next, &input);
	CHECK_EQUAL(input.bytes, strlen(text));
	parse_end(&input);
}

static void the_last_newline_is_the_files(void)
{
	struct input input;

	REQUIRE(parse_begin(&input, "Package: a", 10));
	parse_expect(deb822_next, &input, "a", "Package: a");
	parse_expect_end(deb822_next, &input);
	parse_end(&input);

	REQUIRE(parse_begin(&input, "Package: a\n\n\n", 13));
	parse_expect(deb822_next, &input, "a", "Package: a\n");
	parse_expect_end(deb822_next, &input);
	parse_end(&input);
}

static void blank_lines_are_between_stanzas(void)
{
	static const char text[] = "\n\n \t\n" FIRST " \n\n\r\n" SECOND "\n\n";
	struct input input;

	REQUIRE(parse_begin(&input, text, strlen(text)));
	parse_expect(deb822_next, &input, "bash", FIRST);
	parse_expect(deb822_next, &input, "libc6", SECOND);
	parse_expect_end(deb822_next, &input);
	parse_end(&input);

	REQUIRE(parse_begin(&input, "\n \n", 3));
	parse_expect_end(deb822_next, &input);
	parse_end(&input);
	REQUIRE(parse_begin(&input, "", 0));
	parse_expect_end(deb822_next, &input);
	parse_end(&input);
}

static void the_package_field_may_be_anywhere(void)
{
	static const char text[] =
		"Source: x\npackage:\t  spaces \t\nPackage-Type: deb\n\n"
		"# a comment\nPACKAGE:y\n# Package: not this\nPackage: nor this\n\n"
		"Description: x\n Package: inside\nPackage: z\n";
	struct input input;

	REQUIRE(parse_begin(&input, text, strlen(text)));
	parse_expect(deb822_next, &input, "spaces",
		     "Source: x\npackage:\t  spaces \t\nPackage-Type: deb\n");
	parse_expect(deb822_next, &input, "y",
		     "# a comment\nPACKAGE:y\n# Package: not this\nPackage: nor this\n");
	parse_expect(deb822_next, &input, "z", "Description: x\n Package: inside\nPackage: z\n");
	parse_expect_end(deb822_next, &input);
	parse_end(&input);
}

static void any_bytes_are_kept(void)
{
	static const char text[] = "Package: a\nX: \0\xff\r\n \0\n";
	struct input input;
	struct entry entry;

	REQUIRE(parse_begin(&input, text, sizeof(text) - 1));
	REQUIRE_EQUAL(deb822_next(&input, &entry), 1);
	REQUIRE_EQUAL(entry.value_length, sizeof(text) - 1);
	CHECK(!memcmp(entry.value, text, sizeof(text) - 1));
	parse_end(&input);
}

static void a_stanza_may_be_long(void)
{
	const size_t lines = 50000;
	struct input input;
	struct entry entry;
	char *text;
	size_t i;

	text = malloc(12 + lines * 6 + 1);
	/* cppcheck-suppress uninitdata; only the pointer is looked at */
	REQUIRE(text);
	strcpy(text, "Package: a1\n");
	for (i = 0; i < lines; i++)
		memcpy(text + 12 + i * 6, " line\n", 7);
	REQUIRE(parse_begin(&input, text, strlen(text)));
	REQUIRE_EQUAL(deb822_next(&input, &entry), 1);
	CHECK(tap_is(entry.key, entry.key_length, "a1"));
	CHECK(tap_is(entry.value, entry.value_length, text));
	parse_end(&input);
	free(text);
}

static void malformed_stanzas_are_told(void)
{
	fails("Source: x\nVersion: 1\n", 0, 1);
	fails(FIRST "\n\nSource: x\nVersion: 1\n\n" SECOND, 1, 9);
	fails("# nothing but this\n", 0, 1);
	fails("Package:\n", 0, 1);
	fails("Source: x\nPackage: \t \n", 0, 2);
	fails("Package: a\nnonsense\n", 0, 2);
	fails("Package: a\n:x\n", 0, 2);
	fails(" continued\nPackage: a\n", 0, 1);
	fails("# comment\n continued\nPackage: a\n", 0, 2);
	fails(FIRST "\n continued\n", 1, 8);
}

static const struct tap_test tests[] = {
	{ "stanzas are entries", stanzas_are_entries },
	{ "the last newline is the file's", the_last_newline_is_the_files },
	{ "blank lines are between stanzas", blank_lines_are_between_stanzas },
	{ "the Package field may be anywhere", the_package_field_may_be_anywhere },
	{ "any bytes are kept", any_bytes_are_kept },
	{ "a stanza may be long", a_stanza_may_be_long },
	{ "malformed stanzas are told", malformed_stanzas_are_told },
};

TAP_MAIN(tests)
