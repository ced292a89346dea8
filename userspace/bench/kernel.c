// SPDX-License-Identifier: GPL-2.0
/*
 * What else the core calls of a kernel. There is one writer and one reader, and
 * nothing is removed while somebody reads, so that no grace period is waited
 * for: what is to be done after one is done at once, and timed.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/align.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "bench.h"

__thread unsigned int core_depth;
bool core_signal;

/* Begins at a cache line, as it does in a kernel if it is not small. */
void *kmalloc(size_t size, unsigned int flags)
{
	void *memory = aligned_alloc(L1_CACHE_BYTES, ALIGN(size, L1_CACHE_BYTES));

	(void)flags;
	if (!memory)
		die("out of memory");
	return memory;
}

void *kzalloc(size_t size, unsigned int flags)
{
	return memset(kmalloc(size, flags), 0, size);
}

void kfree(const void *memory)
{
	free((void *)memory);
}

void *kvmalloc(size_t size, unsigned int flags)
{
	return kmalloc(size, flags);
}

void *kvmalloc_array(size_t count, size_t size, unsigned int flags)
{
	return kmalloc(count * size, flags);
}

void kvfree(const void *memory)
{
	kfree(memory);
}

void *__vmalloc(size_t size, unsigned int flags)
{
	return kmalloc(size, flags);
}

/* Nothing here is that large. */
bool is_vmalloc_addr(const void *memory)
{
	(void)memory;
	return false;
}

/* The same in each run. */
u32 get_random_u32(void)
{
	return 0x9e3779b9;
}

void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	(void)swap;
	qsort(base, count, size, compare);
}

void core_call_rcu(struct rcu_head *head, void (*run)(struct rcu_head *head))
{
	run(head);
}

void core_free_rcu(struct rcu_head *head, void *object)
{
	(void)head;
	free(object);
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int active)
{
	(void)name;
	(void)flags;
	(void)active;
	/* Only its address counts. */
	return kmalloc(1, 0);
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	free(queue);
}
