/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_VMALLOC_H
#define CORE_LINUX_VMALLOC_H

#include <linux/mm.h>

void *__vmalloc(size_t size, unsigned int flags);

#endif /* CORE_LINUX_VMALLOC_H */
