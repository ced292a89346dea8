/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_CACHE_H
#define CORE_LINUX_CACHE_H

#define L1_CACHE_BYTES	64

#endif /* CORE_LINUX_CACHE_H */
