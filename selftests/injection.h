/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - what a kernel with fault injection lets fail
 */
#ifndef SELFTESTS_MEMTABLE_INJECTION_H
#define SELFTESTS_MEMTABLE_INJECTION_H

#include "common.h"

#define INJECTION_SETTINGS 7

/* The settings as they were before. */
struct injection {
	char before[INJECTION_SETTINGS][16];
};

static const struct {
	const char *path;
	const char *value;
} injection_settings[INJECTION_SETTINGS] = {
	/* No message for each fault. */
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	{ "/sys/kernel/debug/fail_usercopy/verbose", "0" },
	/* Allocations that may sleep, of single pages, and those of vmalloc(). */
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
};

static inline int injection_read(const char *path, char *value, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	memset(value, 0, size);
	length = read(fd, value, size - 1);
	close(fd);
	return length > 0 ? 0 : -EIO;
}

/* Lets all fail that may; a negative errno where the kernel has no such. */
static inline int injection_begin(struct injection *injection)
{
	for (size_t i = 0; i < INJECTION_SETTINGS; i++) {
		int err = injection_read(injection_settings[i].path, injection->before[i],
					 sizeof(injection->before[i]));

		if (!err)
			err = file_write_string(injection_settings[i].path,
						injection_settings[i].value);
		if (err)
			return err;
	}
	return 0;
}

static inline void injection_end(const struct injection *injection)
{
	for (size_t i = 0; i < INJECTION_SETTINGS; i++)
		file_write_string(injection_settings[i].path, injection->before[i]);
}

#endif /* SELFTESTS_MEMTABLE_INJECTION_H */
