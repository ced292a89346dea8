/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SORT_H
#define CORE_LINUX_SORT_H

#include <linux/types.h>

void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
	  void (*swap)(void *, void *, int));

#endif /* CORE_LINUX_SORT_H */
