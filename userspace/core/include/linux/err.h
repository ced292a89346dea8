/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_ERR_H
#define CORE_LINUX_ERR_H

#include <linux/compiler.h>

#define ERR_PTR(error)		((void *)(long)(error))
#define PTR_ERR(pointer)	((long)(pointer))
#define IS_ERR(pointer)		((unsigned long)(pointer) >= -4095UL)

#endif /* CORE_LINUX_ERR_H */
