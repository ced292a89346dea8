// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that look at something again and again, beside a test that changes it.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>

#include "readers.h"

static int thread_main(void *data)
{
	struct reader_thread *thread = data;
	const char *fault = NULL;

	while (!kthread_should_stop()) {
		if (!fault)
			fault = thread->look(thread->reader);
		if (fault)
			WRITE_ONCE(thread->fault, fault);
		/* What it has found is told with it: pairs with thread_wait(). */
		smp_store_release(&thread->passes, thread->passes + 1);
		cond_resched();
	}
	return 0;
}

/* Wait until a thread has been through once from beginning to end. */
static void thread_wait(const struct reader_thread *thread)
{
	unsigned int before = READ_ONCE(thread->passes);

	/* Pairs with thread_main(). */
	while (smp_load_acquire(&thread->passes) < before + 2)
		usleep_range(100, 1000);
}

static void threads_stop(struct kunit *test, struct reader_threads *all, size_t count)
{
	struct reader_thread *thread;

	while (count-- > 0) {
		thread = &all->threads[count];
		kthread_stop(thread->task);
		KUNIT_EXPECT_NULL_MSG(test, thread->fault, "%s", thread->fault);
	}
}

/*
 * Start them, each with one of @readers, which are of @size bytes. Returns whether
 * all of them run; otherwise none does, and the test has failed. Until they are
 * stopped it must not be left.
 */
bool readers_start(struct kunit *test, struct reader_threads *all,
		   const char *(*look)(void *reader), void *readers, size_t size)
{
	struct reader_thread *thread;
	size_t i;

	for (i = 0; i < READERS; i++) {
		thread = &all->threads[i];
		*thread = (struct reader_thread){ .look = look, .reader = readers + i * size };
		thread->task = kthread_run(thread_main, thread, "memtable-reader");
		if (IS_ERR(thread->task))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, (size_t)READERS);
	if (i < READERS)
		threads_stop(test, all, i);
	return i == READERS;
}

/* Wait until each has been through once: readers that sleep would miss what is done. */
void readers_wait(const struct reader_threads *all)
{
	size_t i;

	for (i = 0; i < READERS; i++)
		thread_wait(&all->threads[i]);
}

/* Let each go through once more, and demand that none has found a fault. */
void readers_stop(struct kunit *test, struct reader_threads *all)
{
	readers_wait(all);
	threads_stop(test, all, READERS);
}
