/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slab memory of the core.
 */
#ifndef SLAB_H
#define SLAB_H

#include <stdint.h>

/* Bytes that are taken by slabs, and for the accounting of what is in them. */
uint64_t slab_memory(void);

#endif /* SLAB_H */
