/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the supported kernels, 6.1 and up: written for the
 * newest one, with stand-ins for older ones. In a kernel tree this file goes.
 */
#ifndef MTB_COMPAT_H
#define MTB_COMPAT_H

#include <linux/slab.h>

/*
 * Added in 6.5. Before, a cache without a usercopy region may share its slabs
 * with another cache of the same size and flags; it works all the same.
 */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	0
#endif

#endif /* MTB_COMPAT_H */
