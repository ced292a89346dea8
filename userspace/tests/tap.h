/* SPDX-License-Identifier: GPL-2.0 */
/* Test programs: an array of tests, each of which is one line of TAP. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct tap_test {
	const char *name;
	void (*run)(void);
};

static bool tap_failed;

/* Notes a failure and goes on. Evaluates to whether all is well. */
#define CHECK(condition) tap_check(condition, #condition, __FILE__, __LINE__)

/* Notes a failure and ends the test. */
#define REQUIRE(condition)		\
	do {				\
		if (!CHECK(condition))	\
			return;		\
	} while (0)

/* Compares two integers, and tells both if they differ. */
#define CHECK_EQUAL(a, b) tap_check_equal(a, b, #a, #b, __FILE__, __LINE__)

#define REQUIRE_EQUAL(a, b)			\
	do {					\
		if (!CHECK_EQUAL(a, b))		\
			return;			\
	} while (0)

static inline bool tap_check(bool ok, const char *text, const char *file, int line)
{
	if (!ok) {
		printf("# %s:%d: not true: %s\n", file, line, text);
		tap_failed = true;
	}
	return ok;
}

static inline bool tap_check_equal(long long a, long long b, const char *a_text,
				   const char *b_text, const char *file, int line)
{
	if (a != b) {
		printf("# %s:%d: %s is %lld, not %s, which is %lld\n", file, line, a_text, a,
		       b_text, b);
		tap_failed = true;
	}
	return a == b;
}

/* Whether some bytes are a text. */
static inline bool tap_is(const void *data, size_t length, const char *text)
{
	return length == strlen(text) && !memcmp(data, text, length);
}

static inline int tap_main(const struct tap_test *tests, size_t count)
{
	size_t i, failures = 0;

	printf("1..%zu\n", count);
	for (i = 0; i < count; i++) {
		tap_failed = false;
		tests[i].run();
		failures += tap_failed;
		printf("%sok %zu - %s\n", tap_failed ? "not " : "", i + 1, tests[i].name);
		fflush(stdout);
	}
	return failures != 0;
}

#define TAP_MAIN(tests)								\
	int main(void)								\
	{									\
		return tap_main(tests, sizeof(tests) / sizeof((tests)[0]));	\
	}

#endif /* TAP_H */
