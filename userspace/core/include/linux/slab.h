/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_SLAB_H
#define CORE_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/kernel.h>

#define SLAB_ACCOUNT		0

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, unsigned long flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*constructor)(void *));

static inline struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
						   unsigned int align, unsigned long flags,
						   void (*constructor)(void *))
{
	return kmem_cache_create_usercopy(name, size, align, flags, 0, 0, constructor);
}

void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, unsigned int flags);
void kmem_cache_free(struct kmem_cache *cache, void *object);

void *kvmalloc(size_t size, unsigned int flags);
void *kvmalloc_array(size_t count, size_t size, unsigned int flags);
void kvfree(const void *memory);

void *kmalloc(size_t size, unsigned int flags);
void *kzalloc(size_t size, unsigned int flags);
void kfree(const void *memory);

#endif /* CORE_LINUX_SLAB_H */
