/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_STRING_H
#define CORE_LINUX_STRING_H

#include <string.h>

#include <linux/kernel.h>

/* The first byte that is not @c, or NULL. */
static inline void *memchr_inv(const void *start, int c, size_t size)
{
	const unsigned char *bytes = start;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != (unsigned char)c)
			return (void *)(bytes + i);
	}
	return NULL;
}

#endif /* CORE_LINUX_STRING_H */
