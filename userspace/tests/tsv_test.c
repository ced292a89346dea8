// SPDX-License-Identifier: GPL-2.0
/* Entries as tab-separated lines. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "parse.h"

static void fails(const char *text, int good, unsigned long line)
{
	parse_fails(tsv_next, text, strlen(text), good, line);
}

static void lines_are_entries(void)
{
	static const char text[] = "a\t1\nb\t\n\tempty\n \t two words \n";
	struct input input;

	REQUIRE(parse_begin(&input, text, strlen(text)));
	parse_expect(tsv_next, &input, "a", "1");
	parse_expect(tsv_next, &input, "b", "");
	parse_expect(tsv_next, &input, "", "empty");
	parse_expect(tsv_next, &input, " ", " two words ");
	parse_expect_end(tsv_next, &input);
	parse_expect_end(tsv_next, &input);
	CHECK_EQUAL(input.bytes, strlen(text));
	parse_end(&input);
}

static void the_last_newline_may_be_missing(void)
{
	struct input input;

	REQUIRE(parse_begin(&input, "a\t1\nb\t2", 7));
	parse_expect(tsv_next, &input, "a", "1");
	parse_expect(tsv_next, &input, "b", "2");
	parse_expect_end(tsv_next, &input);
	parse_end(&input);

	REQUIRE(parse_begin(&input, "", 0));
	parse_expect_end(tsv_next, &input);
	parse_end(&input);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* Half a line, and a signal whose handler does not have the call restarted. */
static void what_comes_before_an_error_is_no_line(void)
{
	const struct itimerval often = { { 0, 4000 }, { 0, 4000 } }, never = { 0 };
	const struct sigaction action = { .sa_handler = on_signal };
	struct input input = { 0 };
	struct entry entry;
	int fds[2];

	REQUIRE(!pipe(fds));
	CHECK_EQUAL(write(fds[1], "a\t1\nb\t2", 7), 7);
	input.file = fdopen(fds[0], "r");
	REQUIRE(input.file);
	parse_expect(tsv_next, &input, "a", "1");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	CHECK_EQUAL(tsv_next(&input, &entry), -1);
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(input.error && strstr(input.error, "Interrupted"));
	close(fds[1]);
	parse_end(&input);
}

static void escapes_are_decoded(void)
{
	struct input input;
	struct entry entry;

	REQUIRE(parse_begin(&input, "a\\tb\t\\x00\\n\\\\\xff\r\n", 18));
	REQUIRE_EQUAL(tsv_next(&input, &entry), 1);
	CHECK(tap_is(entry.key, entry.key_length, "a\tb"));
	REQUIRE_EQUAL(entry.value_length, 5);
	CHECK(!memcmp(entry.value, "\0\n\\\xff\r", 5));
	parse_end(&input);
}

static void a_zero_byte_is_a_byte(void)
{
	struct input input;
	struct entry entry;

	REQUIRE(parse_begin(&input, "a\0b\tc\0\n", 7));
	REQUIRE_EQUAL(tsv_next(&input, &entry), 1);
	REQUIRE_EQUAL(entry.key_length, 3);
	CHECK(!memcmp(entry.key, "a\0b", 3));
	CHECK_EQUAL(entry.value_length, 2);
	parse_end(&input);
}

static void sequence_and_type_are_read(void)
{
	static const char text[] = "a\t1\t72057594037927935\tvalue\nb\t\t1\tdeletion\n";
	struct input input;
	struct entry entry;

	REQUIRE(parse_begin(&input, text, strlen(text)));
	REQUIRE_EQUAL(tsv_next(&input, &entry), 1);
	CHECK_EQUAL(entry.sequence, MEMTABLE_MAX_SEQUENCE);
	CHECK_EQUAL(entry.type, MEMTABLE_TYPE_VALUE);
	CHECK(tap_is(entry.value, entry.value_length, "1"));
	REQUIRE_EQUAL(tsv_next(&input, &entry), 1);
	CHECK_EQUAL(entry.sequence, 1);
	CHECK_EQUAL(entry.type, MEMTABLE_TYPE_DELETION);
	parse_end(&input);
}

static void malformed_lines_are_told(void)
{
	fails("a\t1\nb\n", 1, 2);
	fails("\n", 0, 1);
	fails("a\t1\n\nb\t2\n", 1, 2);
	fails("a\t1\t2\n", 0, 1);
	fails("a\t1\t2\tvalue\tmore\n", 0, 1);
	fails("a\t1\t2\tvalue\t\n", 0, 1);
	fails("a\\\t1\n", 0, 1);
	fails("a\t\\x4\n", 0, 1);
	fails("a\t1\nb\t2\nc\t\\?", 2, 3);
}

static void wrong_sequence_and_type_are_told(void)
{
	fails("a\t1\t0\tvalue\n", 0, 1);
	fails("a\t1\t72057594037927936\tvalue\n", 0, 1);
	fails("a\t1\t99999999999999999999999\tvalue\n", 0, 1);
	fails("a\t1\t-1\tvalue\n", 0, 1);
	fails("a\t1\t+1\tvalue\n", 0, 1);
	fails("a\t1\t 1\tvalue\n", 0, 1);
	fails("a\t1\t1x\tvalue\n", 0, 1);
	fails("a\t1\t\tvalue\n", 0, 1);
	fails("a\t1\t1\t\n", 0, 1);
	fails("a\t1\t1\tput\n", 0, 1);
	fails("a\t1\t1\tdeletion\n", 0, 1);
	parse_fails(tsv_next, "a\t1\t1\0\tvalue\n", 14, 0, 1);
	parse_fails(tsv_next, "a\t1\t1\tvalue\0\n", 14, 0, 1);
}

static const struct tap_test tests[] = {
	{ "lines are entries", lines_are_entries },
	{ "the last newline may be missing", the_last_newline_may_be_missing },
	{ "what comes before an error is no line", what_comes_before_an_error_is_no_line },
	{ "escapes are decoded", escapes_are_decoded },
	{ "a zero byte is a byte", a_zero_byte_is_a_byte },
	{ "sequence number and type are read", sequence_and_type_are_read },
	{ "malformed lines are told", malformed_lines_are_told },
	{ "a wrong sequence number or type is told", wrong_sequence_and_type_are_told },
};

TAP_MAIN(tests)
