// SPDX-License-Identifier: GPL-2.0
/*
 * What the core calls of a kernel, as far as it is more than a line or two.
 */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "core.h"

/* What new memory and freed memory are filled with. */
#define POISON_NEW	0x5a
#define POISON_FREED	0x6b

/* kmalloc() is taken to have this much in a row, and no more. */
#define CONTIGUOUS_MAX	32768

struct module core_module = { .state = MODULE_STATE_COMING };

static long allocations;
static long failure;
static long signal_due;

void core_die(const char *text, const char *file, int line)
{
	printf("Bail out! %s:%d: not true: %s\n", file, line, text);
	fflush(stdout);
	abort();
}

void core_fail_allocation(long nth)
{
	__atomic_store_n(&failure, nth, __ATOMIC_RELAXED);
}

bool core_failure_is_due(void)
{
	return __atomic_load_n(&failure, __ATOMIC_RELAXED) > 0;
}

void core_signal(long nth)
{
	__atomic_store_n(&signal_due, nth, __ATOMIC_RELAXED);
}

bool core_signal_pending(void)
{
	long left = __atomic_load_n(&signal_due, __ATOMIC_RELAXED);

	/* Only one task at a time runs while there are signals. */
	if (left > 1)
		core_signal(left - 1);
	return left == 1;
}

long core_allocations(void)
{
	return __atomic_load_n(&allocations, __ATOMIC_RELAXED);
}

static bool allocation_fails(void)
{
	return core_failure_is_due() && !__atomic_sub_fetch(&failure, 1, __ATOMIC_RELAXED);
}

static __thread unsigned int atomic_depth;

void core_atomic_begin(void)
{
	atomic_depth++;
}

void core_atomic_end(void)
{
	core_assert(atomic_depth);
	atomic_depth--;
}

void core_might_sleep(void)
{
	core_assert(!atomic_depth);
}

/* Of exactly this size, so that address sanitizers see a byte too much. */
static void *allocate(size_t size, size_t align)
{
	void *memory;

	core_might_sleep();
	if (allocation_fails())
		return NULL;
	/* malloc() aligns well enough for anything but cache lines. */
	if (align <= sizeof(long)) {
		memory = malloc(size);
		core_assert(memory);
	} else {
		core_assert(!posix_memalign(&memory, align, size));
	}
	memset(memory, POISON_NEW, size);
	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	return memory;
}

static void release(void *memory)
{
	memset(memory, POISON_FREED, malloc_usable_size(memory));
	free(memory);
	__atomic_fetch_sub(&allocations, 1, __ATOMIC_RELAXED);
}

struct kmem_cache {
	struct kmem_cache *next;
	char name[32];
	unsigned int size;
	unsigned int align;
	long objects;
};

/* All there are; only changed while there is one task. */
static struct kmem_cache *caches;

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, unsigned long flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*constructor)(void *))
{
	struct kmem_cache *cache;

	core_assert(useroffset + usersize <= size);
	core_assert(!constructor);
	cache = allocate(sizeof(*cache), 0);
	if (!cache)
		return NULL;
	snprintf(cache->name, sizeof(cache->name), "%s", name);
	cache->size = size;
	cache->align = align;
	cache->objects = 0;
	cache->next = caches;
	caches = cache;
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	struct kmem_cache **place = &caches;

	if (!cache)
		return;
	core_assert(!cache->objects);
	while (*place != cache)
		place = &(*place)->next;
	*place = cache->next;
	release(cache);
}

void *kmem_cache_alloc(struct kmem_cache *cache, unsigned int flags)
{
	void *object = allocate(cache->size, cache->align);

	if (object)
		__atomic_fetch_add(&cache->objects, 1, __ATOMIC_RELAXED);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	/* Freed to the wrong cache, it is of another size. */
	core_assert(malloc_usable_size(object) >= cache->size);
	__atomic_fetch_sub(&cache->objects, 1, __ATOMIC_RELAXED);
	release(object);
}

long core_cache_objects(const char *name)
{
	struct kmem_cache *cache;

	for (cache = caches; cache; cache = cache->next) {
		if (!strcmp(cache->name, name))
			return __atomic_load_n(&cache->objects, __ATOMIC_RELAXED);
	}
	core_assert(!"a cache of that name");
}

/* Memory that is not in a row. There is little of it at a time. */
struct area {
	struct area *next;
	void *memory;
};

static struct area *areas;
static pthread_mutex_t areas_lock = PTHREAD_MUTEX_INITIALIZER;

/* The place of a pointer to the area that @memory is, or of the last one. */
static struct area **find_area(const void *memory)
{
	struct area **place = &areas;

	while (*place && (*place)->memory != memory)
		place = &(*place)->next;
	return place;
}

void *__vmalloc(size_t size, unsigned int flags)
{
	struct area *area;
	void *memory = allocate(size, 0);

	if (!memory)
		return NULL;
	area = malloc(sizeof(*area));
	core_assert(area);
	area->memory = memory;
	pthread_mutex_lock(&areas_lock);
	area->next = areas;
	areas = area;
	pthread_mutex_unlock(&areas_lock);
	return memory;
}

bool is_vmalloc_addr(const void *memory)
{
	bool found;

	pthread_mutex_lock(&areas_lock);
	found = *find_area(memory);
	pthread_mutex_unlock(&areas_lock);
	return found;
}

void *kvmalloc(size_t size, unsigned int flags)
{
	return size > CONTIGUOUS_MAX ? __vmalloc(size, flags) : kmalloc(size, flags);
}

void *kvmalloc_array(size_t count, size_t size, unsigned int flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return kvmalloc(bytes, flags);
}

void kvfree(const void *memory)
{
	struct area **place, *area;

	pthread_mutex_lock(&areas_lock);
	place = find_area(memory);
	area = *place;
	if (area)
		*place = area->next;
	pthread_mutex_unlock(&areas_lock);
	free(area);
	kfree(memory);
}

void *kmalloc(size_t size, unsigned int flags)
{
	return allocate(size, 0);
}

void *kzalloc(size_t size, unsigned int flags)
{
	void *memory = kmalloc(size, flags);

	if (memory)
		memset(memory, 0, size);
	return memory;
}

void kfree(const void *memory)
{
	if (memory)
		release((void *)memory);
}

/* The same numbers in each run. */
u32 get_random_u32(void)
{
	static u32 calls;

	return (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15ULL) >> 32;
}

void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	core_assert(!swap);
	qsort(base, count, size, compare);
}

/*
 * RCU: a grace period waits, twice, for the readers that began before it
 * turned to the other counter.
 */
static long rcu_readers[2];
static unsigned int rcu_phase;
static __thread unsigned int rcu_depth, rcu_entered;

void rcu_read_lock(void)
{
	core_atomic_begin();
	if (rcu_depth++)
		return;
	rcu_entered = __atomic_load_n(&rcu_phase, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&rcu_readers[rcu_entered], 1, __ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	if (!--rcu_depth)
		__atomic_fetch_sub(&rcu_readers[rcu_entered], 1, __ATOMIC_SEQ_CST);
	core_atomic_end();
}

void synchronize_rcu(void)
{
	static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;
	unsigned int turn, old;

	core_might_sleep();
	pthread_mutex_lock(&turns);
	for (turn = 0; turn < 2; turn++) {
		old = rcu_phase;
		__atomic_store_n(&rcu_phase, !old, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&rcu_readers[old], __ATOMIC_SEQ_CST))
			sched_yield();
	}
	pthread_mutex_unlock(&turns);
}

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct rcu_head *first;
	bool started;
	bool busy;
} callbacks = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void *run_callbacks(void *unused)
{
	struct rcu_head *head, *next;

	pthread_mutex_lock(&callbacks.lock);
	for (;;) {
		head = callbacks.first;
		callbacks.first = NULL;
		callbacks.busy = head;
		pthread_cond_broadcast(&callbacks.changed);
		if (!head) {
			pthread_cond_wait(&callbacks.changed, &callbacks.lock);
			continue;
		}
		pthread_mutex_unlock(&callbacks.lock);
		synchronize_rcu();
		for (; head; head = next) {
			next = head->next;
			head->run(head);
		}
		pthread_mutex_lock(&callbacks.lock);
	}
	return unused;
}

void core_call_rcu(struct rcu_head *head, void (*run)(struct rcu_head *head))
{
	pthread_t thread;

	head->run = run;
	pthread_mutex_lock(&callbacks.lock);
	head->next = callbacks.first;
	callbacks.first = head;
	if (!callbacks.started) {
		callbacks.started = true;
		core_assert(!pthread_create(&thread, NULL, run_callbacks, NULL));
		pthread_detach(thread);
	}
	pthread_cond_broadcast(&callbacks.changed);
	pthread_mutex_unlock(&callbacks.lock);
}

static void free_object(struct rcu_head *head)
{
	kfree(head->object);
}

void core_free_rcu(struct rcu_head *head, void *object)
{
	head->object = object;
	core_call_rcu(head, free_object);
}

void core_settle(void)
{
	pthread_mutex_lock(&callbacks.lock);
	while (callbacks.first || callbacks.busy)
		pthread_cond_wait(&callbacks.changed, &callbacks.lock);
	pthread_mutex_unlock(&callbacks.lock);
}

struct workqueue_struct {
	int active;
};

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int active)
{
	return allocate(sizeof(struct workqueue_struct), 0);
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	core_settle();
	release(queue);
}

struct task_struct {
	pthread_t thread;
	int (*function)(void *data);
	void *data;
	int result;
	bool stop;
};

__thread struct task_struct *current;

static void *task_main(void *argument)
{
	current = argument;
	current->result = current->function(current->data);
	return NULL;
}

struct task_struct *core_thread_run(int (*function)(void *), void *data)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return ERR_PTR(-ENOMEM);
	task->function = function;
	task->data = data;
	core_assert(!pthread_create(&task->thread, NULL, task_main, task));
	return task;
}

bool kthread_should_stop(void)
{
	return __atomic_load_n(&current->stop, __ATOMIC_ACQUIRE);
}

int kthread_stop(struct task_struct *task)
{
	int result;

	__atomic_store_n(&task->stop, true, __ATOMIC_RELEASE);
	core_assert(!pthread_join(task->thread, NULL));
	result = task->result;
	kfree(task);
	return result;
}
