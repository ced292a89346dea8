/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies from and to user memory.
 */
#ifndef MTB_COPY_H
#define MTB_COPY_H

#include <linux/compiler_types.h>
#include <linux/types.h>

int mtb_copy_in(void *to, const void __user *from, size_t size);
int mtb_copy_out(void __user *to, const void *from, size_t size);

#endif /* MTB_COPY_H */
