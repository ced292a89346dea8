// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a suite on the core and prints TAP.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kunit/test.h>

#include "core.h"

struct kunit_memory {
	struct kunit_memory *next;
	void *data;
};

static void note(const char *format, va_list arguments)
{
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
}

void core_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(format, arguments);
	va_end(arguments);
}

/* Of many failures the first ones tell enough. */
#define FAILURES_SHOWN	10

void core_fail(struct kunit *test, bool fatal, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (!test->failures && test->parameter)
		core_note("%s(%s) fails:", test->name, test->parameter);
	if (fatal || test->failures < FAILURES_SHOWN) {
		core_note("%s:%d:", file, line);
		va_start(arguments, format);
		note(format, arguments);
		va_end(arguments);
	}
	test->failures++;
	if (fatal)
		longjmp(test->end, 1);
}

void *kunit_kzalloc(struct kunit *test, size_t size, unsigned int flags)
{
	struct kunit_memory *memory = calloc(1, sizeof(*memory));

	core_assert(memory);
	memory->data = calloc(1, size);
	core_assert(memory->data);
	memory->next = test->memory;
	test->memory = memory;
	return memory->data;
}

static void free_memory(struct kunit *test)
{
	struct kunit_memory *memory;

	while ((memory = test->memory)) {
		test->memory = memory->next;
		free(memory->data);
		free(memory);
	}
}

/* One case with one parameter. What it allocates must be freed in the end. */
static bool run(const struct kunit_case *test_case, const void *value, const char *parameter)
{
	struct kunit test = {
		.name		= test_case->name,
		.param_value	= value,
		.parameter	= parameter,
	};
	long before = core_allocations();

	if (core_suite->init && core_suite->init(&test))
		KUNIT_FAIL(&test, "init fails");
	else if (!setjmp(test.end))
		test_case->run_case(&test);
	if (core_suite->exit)
		core_suite->exit(&test);
	free_memory(&test);
	core_settle();
	core_fail_allocation(0);
	core_signal(0);
	KUNIT_EXPECT_EQ(&test, core_allocations(), before);
	return !test.failures;
}

static bool run_all(const struct kunit_case *test_case)
{
	char description[KUNIT_PARAM_DESC_SIZE];
	const void *value = NULL;
	bool ok = true;

	if (!test_case->generate_params)
		return run(test_case, NULL, NULL);
	while ((value = test_case->generate_params(value, description)))
		ok &= run(test_case, value, description);
	return ok;
}

int main(void)
{
	const struct kunit_case *test_case;
	unsigned int number = 0, failed = 0;

	for (test_case = core_suite->test_cases; test_case->run_case; test_case++)
		number++;
	printf("TAP version 13\n1..%u\n", number);

	core_assert(!core_suite->suite_init || !core_suite->suite_init(core_suite));
	for (test_case = core_suite->test_cases, number = 1; test_case->run_case;
	     test_case++, number++) {
		bool ok = run_all(test_case);

		failed += !ok;
		printf("%s %u - %s\n", ok ? "ok" : "not ok", number, test_case->name);
		fflush(stdout);
	}
	if (core_suite->suite_exit)
		core_suite->suite_exit(core_suite);
	core_assert(!core_allocations());
	return failed != 0;
}
