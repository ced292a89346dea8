/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MM_H
#define CORE_LINUX_MM_H

#include <linux/kernel.h>

#define PAGE_SIZE		4096UL
#define PAGE_ALIGN(size)	ALIGN(size, PAGE_SIZE)

/* For memory of kvmalloc() and __vmalloc(). */
bool is_vmalloc_addr(const void *memory);

/* A machine of 4 GiB. */
static inline unsigned long totalram_pages(void)
{
	return 1UL << 20;
}

#endif /* CORE_LINUX_MM_H */
