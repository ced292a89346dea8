/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - memory that lets whoever touches it wait, by FUSE
 */
#ifndef SELFTESTS_MEMTABLE_STALL_FILE_H
#define SELFTESTS_MEMTABLE_STALL_FILE_H

#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "stall.h"

/* A file system that is one file, whose pages are zeros, and do not come. */
struct stall_server {
	int device;
	const struct stall *stall;
};

static inline void stall_answer(const struct stall_server *server,
				const struct fuse_in_header *in, int error,
				const void *answer, size_t length)
{
	const struct fuse_out_header out = {
		.len = sizeof(out) + length,
		.error = error,
		.unique = in->unique,
	};
	const struct iovec parts[] = {
		{ (void *)&out, sizeof(out) },
		{ (void *)answer, length },
	};

	/* Who asked may be gone. */
	if (writev(server->device, parts, length ? 2 : 1) < 0 &&
	    errno != ENOENT)
		abort();
}

/* Who reads waits until the memory is let go. */
static inline void stall_answer_read(const struct stall_server *server,
				     const struct fuse_in_header *in)
{
	static const unsigned char zeros[1 << 20];
	const struct fuse_read_in *const read_in = (const void *)(in + 1);
	struct pollfd let_go = {
		.fd = server->stall->let_go,
		.events = POLLIN,
	};

	if (read_in->size > sizeof(zeros) ||
	    eventfd_write(server->stall->fd, 1) || poll(&let_go, 1, -1) != 1)
		abort();
	stall_answer(server, in, 0, zeros, read_in->size);
}

static inline void stall_serve(const struct stall_server *server,
			       const struct fuse_in_header *in)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		/* Pages are read ahead, so that who waits for one can be killed. */
		.max_readahead = 1 << 17,
		.flags = FUSE_ASYNC_READ,
		.max_write = 4096,
	};
	const struct fuse_attr_out attributes = {
		.attr_valid = UINT32_MAX,
		.attr = {
			.ino = FUSE_ROOT_ID,
			.size = server->stall->size,
			.mode = S_IFREG | 0600,
			.nlink = 1,
		},
	};
	const struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };

	switch (in->opcode) {
	case FUSE_INIT:
		stall_answer(server, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		stall_answer(server, in, 0, &attributes, sizeof(attributes));
		break;
	case FUSE_OPEN:
		stall_answer(server, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		stall_answer_read(server, in);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		stall_answer(server, in, 0, NULL, 0);
		break;
	default:
		stall_answer(server, in, -ENOSYS, NULL, 0);
	}
}

static inline void *stall_server_main(void *data)
{
	static _Alignas(8) unsigned char buffer[FUSE_MIN_READ_BUFFER];
	const struct stall_server *const server = data;

	while (read(server->device, buffer, sizeof(buffer)) > 0)
		stall_serve(server, (const void *)buffer);
	return NULL;
}

/*
 * The same as stall_begin(), with the pages of a file that this process has to
 * provide. The file lies over this program, where only this process and its
 * children see it; it goes with them.
 */
static inline int stall_begin_file(struct stall *stall, size_t size)
{
	static struct stall_server server;
	char options[64], path[256] = "";
	struct stat status;
	pthread_t thread;
	int file;

	stall->size = stall_size(size);
	server.stall = stall;
	server.device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (server.device < 0)
		return -errno;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100600,user_id=%u,group_id=%u", server.device,
		 getuid(), getgid());
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 ||
	    unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("stall", path, "fuse", MS_NOSUID | MS_NODEV, options))
		return -errno;
	stall->fd = eventfd(0, EFD_CLOEXEC);
	stall->let_go = eventfd(0, EFD_CLOEXEC);
	threads_start(&thread, 1, stall_server_main, &server);
	pthread_detach(thread);
	file = open(path, O_RDONLY | O_CLOEXEC);
	/* The kernel learns how long it is. */
	if (file < 0 || fstat(file, &status) ||
	    status.st_size != (off_t)stall->size)
		abort();
	stall->memory = checked(mmap(NULL, stall->size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE, file, 0));
	close(file);
	return 0;
}

#endif /* SELFTESTS_MEMTABLE_STALL_FILE_H */
