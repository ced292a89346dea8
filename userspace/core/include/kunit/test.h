/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of KUnit that the tests use: each suite is a program, each case a
 * line of TAP.
 */
#ifndef CORE_KUNIT_TEST_H
#define CORE_KUNIT_TEST_H

#include <setjmp.h>

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	void *priv;
	const char *name;
	const void *param_value;
	const char *parameter;
	unsigned int failures;
	jmp_buf end;
	struct kunit_memory *memory;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *previous, char *description);
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

extern struct kunit_suite *const core_suite;

#define kunit_test_suite(suite)	struct kunit_suite *const core_suite = &(suite)

#define KUNIT_CASE(function)	{ .run_case = (function), .name = #function }
#define KUNIT_CASE_PARAM(function, generate)	\
	{ .run_case = (function), .name = #function, .generate_params = (generate) }

#define KUNIT_ARRAY_PARAM(set, array, describe)						\
	static const void *set##_gen_params(const void *previous, char *description)	\
	{										\
		__typeof__(&(array)[0]) next = previous;				\
											\
		next = next ? next + 1 : (array);					\
		if (next == (array) + ARRAY_SIZE(array))				\
			return NULL;							\
		describe(next, description);						\
		return next;								\
	}

/* Memory that is freed when the case has ended. */
void *kunit_kzalloc(struct kunit *test, size_t size, unsigned int flags);

#define kunit_info(test, ...)	core_note(__VA_ARGS__)

void core_note(const char *format, ...) __printf(1, 2);

/* Note a failure; if it is @fatal, the case ends. */
void core_fail(struct kunit *test, bool fatal, const char *file, int line, const char *format, ...)
	__printf(5, 6);

#define KUNIT_FAIL(test, ...)	core_fail(test, false, __FILE__, __LINE__, __VA_ARGS__)

/* The message comes last, where there is one. */
#define CORE_COMPARE(test, fatal, left, operator, right, format, ...)				\
do {												\
	__typeof__(left) core_left = (left);							\
	__typeof__(right) core_right = (right);							\
												\
	if (!(core_left operator core_right))							\
		core_fail(test, fatal, __FILE__, __LINE__,					\
			  "%s " #operator " %s: they are %lld and %lld" format,			\
			  #left, #right, (long long)core_left, (long long)core_right,		\
			  ##__VA_ARGS__);							\
} while (0)

#define CORE_TRUE(test, fatal, condition, format, ...)						\
do {												\
	if (!(condition))									\
		core_fail(test, fatal, __FILE__, __LINE__, "%s" format, #condition,		\
			  ##__VA_ARGS__);							\
} while (0)

#define KUNIT_EXPECT_EQ(test, left, right)	CORE_COMPARE(test, false, left, ==, right, "")
#define KUNIT_EXPECT_NE(test, left, right)	CORE_COMPARE(test, false, left, !=, right, "")
#define KUNIT_EXPECT_LT(test, left, right)	CORE_COMPARE(test, false, left, <, right, "")
#define KUNIT_EXPECT_LE(test, left, right)	CORE_COMPARE(test, false, left, <=, right, "")
#define KUNIT_EXPECT_GT(test, left, right)	CORE_COMPARE(test, false, left, >, right, "")
#define KUNIT_EXPECT_GE(test, left, right)	CORE_COMPARE(test, false, left, >=, right, "")
#define KUNIT_EXPECT_TRUE(test, condition)	CORE_TRUE(test, false, condition, "")
#define KUNIT_EXPECT_FALSE(test, condition)	CORE_TRUE(test, false, !(condition), "")
#define KUNIT_EXPECT_NULL(test, pointer)	CORE_TRUE(test, false, !(pointer), "")
#define KUNIT_EXPECT_PTR_EQ(test, left, right)	CORE_TRUE(test, false, (left) == (right), "")

#define KUNIT_EXPECT_EQ_MSG(test, left, right, format, ...) \
	CORE_COMPARE(test, false, left, ==, right, ": " format, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, condition, format, ...) \
	CORE_TRUE(test, false, condition, ": " format, ##__VA_ARGS__)
#define KUNIT_EXPECT_NULL_MSG(test, pointer, format, ...) \
	CORE_TRUE(test, false, !(pointer), ": " format, ##__VA_ARGS__)

#define KUNIT_ASSERT_EQ(test, left, right)	CORE_COMPARE(test, true, left, ==, right, "")
#define KUNIT_ASSERT_LE(test, left, right)	CORE_COMPARE(test, true, left, <=, right, "")
#define KUNIT_ASSERT_TRUE(test, condition)	CORE_TRUE(test, true, condition, "")
#define KUNIT_ASSERT_NOT_NULL(test, pointer)	CORE_TRUE(test, true, pointer, "")
#define KUNIT_ASSERT_PTR_EQ(test, left, right)	CORE_TRUE(test, true, (left) == (right), "")

#define KUNIT_ASSERT_EQ_MSG(test, left, right, format, ...) \
	CORE_COMPARE(test, true, left, ==, right, ": " format, ##__VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, condition, format, ...) \
	CORE_TRUE(test, true, condition, ": " format, ##__VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, pointer, format, ...) \
	CORE_TRUE(test, true, pointer, ": " format, ##__VA_ARGS__)

#endif /* CORE_KUNIT_TEST_H */
