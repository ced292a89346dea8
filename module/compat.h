/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the supported kernels, 6.1 and up: written for the
 * newest one, with stand-ins for older ones. In a kernel tree this file goes.
 */
#ifndef MTB_COMPAT_H
#define MTB_COMPAT_H

#include <linux/compiler.h>
#include <linux/slab.h>

/*
 * Before 6.5 a cache cannot ask to be left alone, and one that looks like
 * another one shares its slabs and is not seen by name. A usercopy region keeps
 * it from that: one byte, the least there is.
 */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	0
#define MTB_NO_MERGE_USERSIZE	1
#else
#define MTB_NO_MERGE_USERSIZE	0
#endif

/* Not all of these have it. */
#ifndef __uninitialized
#define __uninitialized
#endif

#endif /* MTB_COMPAT_H */
