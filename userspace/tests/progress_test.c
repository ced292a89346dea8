// SPDX-License-Identifier: GPL-2.0
/* The progress bar, on a pseudo-terminal and elsewhere. */
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "progress.h"
#include "tap.h"

#define MARK '\1'

static int controller;
static FILE *terminal;

static bool open_terminal(void)
{
	struct termios termios;
	int fd;

	controller = posix_openpt(O_RDWR | O_NOCTTY);
	if (!CHECK(controller >= 0 && !grantpt(controller) && !unlockpt(controller)))
		return false;
	fd = open(ptsname(controller), O_RDWR | O_NOCTTY);
	if (!CHECK(fd >= 0 && !tcgetattr(fd, &termios)))
		return false;
	cfmakeraw(&termios);
	tcsetattr(fd, TCSANOW, &termios);
	terminal = fdopen(fd, "w");
	return CHECK(terminal);
}

static void close_terminal(void)
{
	fclose(terminal);
	close(controller);
}

/*
 * What the terminal was sent since the last call. It arrives at some time, so
 * that a mark is sent behind it and waited for.
 */
static const char *shown(void)
{
	static char text[1024];
	size_t length = 0;
	ssize_t more;

	fputc(MARK, terminal);
	fflush(terminal);
	do {
		more = read(controller, text + length, sizeof(text) - 1 - length);
		if (!CHECK(more > 0))
			break;
		length += more;
	} while (text[length - 1] != MARK);
	text[length ? length - 1 : 0] = '\0';
	return text;
}

static void a_terminal_gets_a_bar(void)
{
	struct progress progress;
	const char *text;

	REQUIRE(open_terminal());
	progress_begin(&progress, terminal, 1000);
	CHECK(!*shown());
	progress_update(&progress, 500, 12);
	text = shown();
	CHECK(!strcmp(text, "\r[###############               ]  50%  12 entries\033[K"));
	progress_end(&progress, 1000, 24);
	text = shown();
	CHECK(!strcmp(text, "\r[##############################] 100%  24 entries\033[K\n"));
	close_terminal();
}

static long long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* However slow the machine is: once at first, and once in a tenth of a second. */
static void the_bar_is_not_drawn_too_often(void)
{
	struct progress progress;
	long long began, passed, drawn = 0;
	const char *text;
	int i;

	REQUIRE(open_terminal());
	began = milliseconds();
	progress_begin(&progress, terminal, 1000);
	for (i = 1; i <= 10; i++)
		progress_update(&progress, i, i);
	passed = milliseconds() - began;
	for (text = shown(); *text; text++)
		drawn += *text == '\r';
	CHECK(drawn >= 1);
	CHECK(drawn <= 1 + passed / 100);
	usleep(110000);
	progress_update(&progress, 700, 7);
	CHECK(strstr(shown(), " 70%"));
	close_terminal();
}

static void a_file_may_grow_and_a_pipe_has_no_size(void)
{
	struct progress progress;

	REQUIRE(open_terminal());
	progress_begin(&progress, terminal, 10);
	progress_end(&progress, 20, 3);
	CHECK(strstr(shown(), "] 100%  3 entries"));
	progress_begin(&progress, terminal, 0);
	progress_end(&progress, 12345, 3);
	CHECK(!strcmp(shown(), "\r12345 bytes  3 entries\033[K\n"));
	close_terminal();
}

static void a_file_gets_nothing(void)
{
	struct progress progress;
	FILE *file = tmpfile();

	REQUIRE(file);
	progress_begin(&progress, file, 1000);
	progress_update(&progress, 500, 12);
	progress_end(&progress, 1000, 24);
	CHECK_EQUAL(ftell(file), 0);
	fclose(file);
}

static const struct tap_test tests[] = {
	{ "a terminal gets a bar", a_terminal_gets_a_bar },
	{ "the bar is not drawn too often", the_bar_is_not_drawn_too_often },
	{ "a file may grow, a pipe has no size", a_file_may_grow_and_a_pipe_has_no_size },
	{ "a file gets nothing", a_file_gets_nothing },
};

TAP_MAIN(tests)
