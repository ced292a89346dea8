/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - threads that sleep in poll(2)
 */
#ifndef SELFTESTS_MEMTABLE_SLEEPER_H
#define SELFTESTS_MEMTABLE_SLEEPER_H

#include "common.h"

#include <poll.h>

#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM)

/* A thread that polls, and what poll(2) returned to it. */
struct sleeper {
	int fd;
	short events;
	atomic_int thread;
	int ret;
	short revents;
};

static inline void *sleeper_main(void *data)
{
	struct sleeper *const sleeper = data;
	struct pollfd poll_fd = {
		.fd = sleeper->fd,
		.events = sleeper->events,
	};

	atomic_store(&sleeper->thread, gettid());
	sleeper->ret = poll(&poll_fd, 1, -1);
	sleeper->revents = poll_fd.revents;
	return NULL;
}

/* Whether a thread of this process sleeps, so that it has to be woken. */
static inline bool thread_sleeps(const int thread)
{
	char path[64];
	char state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state == 'S';
}

/* Starts a thread that polls the table, and waits until it sleeps. */
static inline pthread_t sleeper_start(struct sleeper *const sleeper)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleeper_main, sleeper))
		abort();
	while (!atomic_load(&sleeper->thread) ||
	       !thread_sleeps(atomic_load(&sleeper->thread)))
		usleep(1000);
	return thread;
}

#endif /* SELFTESTS_MEMTABLE_SLEEPER_H */
