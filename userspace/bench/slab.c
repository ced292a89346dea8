// SPDX-License-Identifier: GPL-2.0
/*
 * Slab caches as a kernel has them: slabs of one size of object each, linked
 * lists of what is free in them. Slabs are taken from one mapping, with large
 * pages if that can be, as a kernel maps the memory of its own.
 *
 * One thread at a time allocates and frees.
 */
#include <sys/mman.h>

#include <linux/kernel.h>
#include <linux/slab.h>

#include "bench.h"
#include "slab.h"

#define SLAB_SIZE	(32UL << 10)
#define MAPPING_SIZE	(4UL << 30)

/**
 * struct slab - A slab.
 * @cache: The cache that it belongs to.
 * @free: First of its free objects.
 * @used: Objects in use.
 * @next: The next one on the list that it is on, if it is on one.
 * @prev: The one before.
 */
struct slab {
	struct kmem_cache *cache;
	void *free;
	unsigned int used;
	struct slab *next;
	struct slab *prev;
};

/**
 * struct kmem_cache - A cache.
 * @size: Size of an object, in bytes.
 * @current: The slab that objects are taken from, or NULL.
 * @partial: Others that have free objects.
 */
struct kmem_cache {
	unsigned int size;
	struct slab *current;
	struct slab partial;
};

/* A kernel finds an object's slab by its address, too. */
static struct slab slabs[MAPPING_SIZE / SLAB_SIZE];
static char *mapping;
static size_t slabs_mapped;
static struct slab *slabs_free;
static uint64_t memory;

uint64_t slab_memory(void)
{
	return memory;
}

static unsigned int slab_objects(const struct kmem_cache *cache)
{
	return SLAB_SIZE / cache->size;
}

/* A kernel that accounts objects to control groups has a pointer for each. */
static uint64_t slab_cost(const struct kmem_cache *cache)
{
	return SLAB_SIZE + roundup_pow_of_two(slab_objects(cache) * sizeof(void *));
}

static char *slab_start(const struct slab *slab)
{
	return mapping + (slab - slabs) * SLAB_SIZE;
}

static void list_insert(struct slab *list, struct slab *slab)
{
	slab->next = list->next;
	slab->prev = list;
	list->next->prev = slab;
	list->next = slab;
}

static void list_remove(struct slab *slab)
{
	slab->next->prev = slab->prev;
	slab->prev->next = slab->next;
}

static struct slab *slab_take(void)
{
	struct slab *slab = slabs_free;

	if (slab) {
		slabs_free = slab->next;
		return slab;
	}
	if (!mapping) {
		mapping = mmap(NULL, MAPPING_SIZE + SLAB_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (mapping == MAP_FAILED)
			die("cannot map memory");
		mapping = (char *)ALIGN((uintptr_t)mapping, SLAB_SIZE);
		/* Where that fails, it is slower. */
		madvise(mapping, MAPPING_SIZE, MADV_HUGEPAGE);
	}
	if (slabs_mapped == ARRAY_SIZE(slabs))
		die("out of memory");
	return &slabs[slabs_mapped++];
}

static struct slab *slab_new(struct kmem_cache *cache)
{
	struct slab *slab = slab_take();
	char *object = slab_start(slab);
	unsigned int i;

	slab->cache = cache;
	slab->used = 0;
	slab->free = object;
	for (i = 1; i < slab_objects(cache); i++, object += cache->size)
		*(void **)object = object + cache->size;
	*(void **)object = NULL;
	memory += slab_cost(cache);
	return slab;
}

static void slab_give(struct slab *slab)
{
	memory -= slab_cost(slab->cache);
	slab->next = slabs_free;
	slabs_free = slab;
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, unsigned long flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*constructor)(void *))
{
	struct kmem_cache *cache = kmalloc(sizeof(*cache), GFP_KERNEL);

	(void)name;
	(void)flags;
	(void)useroffset;
	(void)usersize;
	(void)constructor;
	cache->size = ALIGN(size, align);
	cache->current = NULL;
	cache->partial.next = &cache->partial;
	cache->partial.prev = &cache->partial;
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	kfree(cache);
}

static void replace_current(struct kmem_cache *cache)
{
	struct slab *slab = cache->partial.next;

	if (slab != &cache->partial)
		list_remove(slab);
	else
		slab = slab_new(cache);
	cache->current = slab;
}

void *kmem_cache_alloc(struct kmem_cache *cache, unsigned int flags)
{
	void *object;

	(void)flags;
	if (!cache->current || !cache->current->free)
		replace_current(cache);
	object = cache->current->free;
	cache->current->free = *(void **)object;
	cache->current->used++;
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct slab *slab = &slabs[((char *)object - mapping) / SLAB_SIZE];
	bool full = !slab->free;

	*(void **)object = slab->free;
	slab->free = object;
	slab->used--;
	if (slab == cache->current)
		return;
	if (full)
		list_insert(&cache->partial, slab);
	if (slab->used)
		return;
	list_remove(slab);
	slab_give(slab);
}
