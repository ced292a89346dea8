/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_PREFETCH_H
#define CORE_LINUX_PREFETCH_H

#define prefetch(memory)	__builtin_prefetch(memory)

#endif /* CORE_LINUX_PREFETCH_H */
