/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - memory that lets whoever touches it wait
 */
#ifndef SELFTESTS_MEMTABLE_STALL_H
#define SELFTESTS_MEMTABLE_STALL_H

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "common.h"

/*
 * Memory that is not there yet: a request that copies to it, or from it, waits
 * in the middle of that until it is let go.
 */
struct stall {
	/* Readable once somebody waits. */
	int fd;
	void *memory;
	size_t size;
	/* Ends the wait where a file is mapped, see stall_file.h. */
	int let_go;
};

static inline size_t stall_size(size_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

/*
 * By userfaultfd(2), anonymous memory. Returns a negative errno where the kernel
 * has no such memory.
 */
static inline int stall_begin(struct stall *stall, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = {
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	*stall = (struct stall){ .size = stall_size(size), .let_go = -1 };
	stall->memory = checked(mmap(NULL, stall->size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	stall->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (stall->fd < 0)
		return -errno;
	area.range.start = ADDRESS(stall->memory);
	area.range.len = stall->size;
	if (ioctl(stall->fd, UFFDIO_API, &api) ||
	    ioctl(stall->fd, UFFDIO_REGISTER, &area))
		abort();
	return 0;
}

/* Waits until somebody waits for the memory. */
static inline void stall_wait(const struct stall *stall)
{
	struct pollfd poll_fd = { .fd = stall->fd, .events = POLLIN };

	if (poll(&poll_fd, 1, -1) != 1 || poll_fd.revents != POLLIN)
		abort();
}

/* From now on it is memory like any other. */
static inline void stall_end(struct stall *stall)
{
	struct uffdio_range range = {
		.start = ADDRESS(stall->memory),
		.len = stall->size,
	};

	if (stall->let_go >= 0) {
		if (eventfd_write(stall->let_go, 1))
			abort();
		return;
	}
	if (ioctl(stall->fd, UFFDIO_UNREGISTER, &range))
		abort();
	close(stall->fd);
}

static inline void stall_free(struct stall *stall)
{
	munmap(stall->memory, stall->size);
}

#endif /* SELFTESTS_MEMTABLE_STALL_H */
