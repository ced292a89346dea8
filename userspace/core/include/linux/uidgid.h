/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_UIDGID_H
#define CORE_LINUX_UIDGID_H

#include <linux/types.h>

typedef struct {
	u32 value;
} kuid_t;

#define KUIDT_INIT(number)	((kuid_t){ (number) })

static inline bool uid_eq(kuid_t left, kuid_t right)
{
	return left.value == right.value;
}

static inline bool uid_lt(kuid_t left, kuid_t right)
{
	return left.value < right.value;
}

#endif /* CORE_LINUX_UIDGID_H */
