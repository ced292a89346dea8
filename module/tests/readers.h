/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that look at something again and again, beside a test that changes it.
 */
#ifndef MTB_READERS_H
#define MTB_READERS_H

#include <kunit/test.h>
#include <linux/sched.h>

#define READERS		2

/**
 * struct reader_thread - A thread of these.
 * @look: Looks once. Returns what it finds to be wrong, or NULL.
 * @reader: What @look is given.
 * @task: The thread.
 * @passes: How often it has been through. Set (release) by the thread.
 * @fault: What was found to be wrong first, or NULL.
 */
struct reader_thread {
	const char *(*look)(void *reader);
	void *reader;
	struct task_struct *task;
	unsigned int passes;
	const char *fault;
};

/**
 * struct reader_threads - All of them.
 * @threads: The threads.
 */
struct reader_threads {
	struct reader_thread threads[READERS];
};

bool readers_start(struct kunit *test, struct reader_threads *all,
		   const char *(*look)(void *reader), void *readers, size_t size);
void readers_wait(const struct reader_threads *all);
void readers_stop(struct kunit *test, struct reader_threads *all);

#endif /* MTB_READERS_H */
