/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_GFP_H
#define CORE_LINUX_GFP_H

/* Flags of allocations: here all of them are alike. */
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_RETRY_MAYFAIL	0
#define __GFP_NOWARN		0

#endif /* CORE_LINUX_GFP_H */
