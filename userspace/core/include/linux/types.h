/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_TYPES_H
#define CORE_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include_next <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define U8_MAX	UINT8_MAX
#define U16_MAX	UINT16_MAX
#define U32_MAX	UINT32_MAX
#define U64_MAX	((u64)UINT64_MAX)

struct list_head {
	struct list_head *next, *prev;
};

#endif /* CORE_LINUX_TYPES_H */
