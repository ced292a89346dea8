/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_KERNEL_H
#define CORE_LINUX_KERNEL_H

#include <errno.h>
#include <stdio.h>

#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/minmax.h>

#define ARRAY_SIZE(array)		(sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(value, divisor)	(((value) + (divisor) - 1) / (divisor))

static inline size_t roundup_pow_of_two(size_t value)
{
	size_t power = 1;

	while (power < value)
		power *= 2;
	return power;
}

#endif /* CORE_LINUX_KERNEL_H */
