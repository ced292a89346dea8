// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - what else can be done with a descriptor, and by whom
 */

#include "arguments.h"
#include "content.h"
#include "files.h"
#include "requests.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

void request_open(struct caller *caller)
{
	static const int flags[] = { O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR,
				     O_RDWR, O_RDWR, O_RDONLY, O_WRONLY,
				     O_RDWR | O_NONBLOCK | O_APPEND };
	const int fd = CALL(caller, KIND_OPEN,
			    open(DEVICE_PATH, chance_of(&caller->chance, flags) | O_CLOEXEC));

	if (fd >= 0)
		caller_keep(caller, fd);
	else if (!caller->injected)
		caller_fail(caller, "the device does not open: error %d", -fd);
	if (fd >= 0 && chance_below(&caller->chance, 2))
		request_configure(caller);
}

/* Through /proc, which opens what is a device, as a new table. */
void request_open_again(struct caller *caller)
{
	char path[40];
	int fd = caller_pick(caller);

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = CALL(caller, KIND_OPEN,
		  open(path, chance_below(&caller->chance, 3) | O_CLOEXEC));
	if (fd >= 0)
		caller_keep(caller, fd);
}

void request_duplicate(struct caller *caller)
{
	int fd = caller_pick(caller);

	if (fd == caller->sockets[0])
		return;
	fd = dup(fd);
	if (fd >= 0)
		caller_keep(caller, fd);
}

void request_close(struct caller *caller)
{
	unsigned int place;

	if (!caller->descriptor_count)
		return;
	place = chance_below(&caller->chance, caller->descriptor_count);
	CALL(caller, KIND_CLOSE, close(caller->descriptors[place]));
	caller->descriptors[place] = caller->descriptors[--caller->descriptor_count];
}

/* In one piece or several, one of them perhaps bad. */
static unsigned int pieces_make(struct caller *caller, unsigned char *data, size_t length,
				struct iovec pieces[4])
{
	__u64 *const chance = &caller->chance;
	unsigned int count = 0;

	while (count < 3 && length && chance_below(chance, 2)) {
		const size_t part = chance_below(chance, length + 1);

		pieces[count++] = (struct iovec){ data, part };
		data += part;
		length -= part;
	}
	pieces[count++] = (struct iovec){ data, length };
	if (chance_one_in(chance, 30))
		pieces[chance_below(chance, count)].iov_base =
			(void *)(uintptr_t)arena_address(&caller->arena, chance);
	return count;
}

static bool pieces_whole(const struct iovec *pieces, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++)
		if ((char *)pieces[i].iov_base !=
		    (char *)pieces[i - 1].iov_base + pieces[i - 1].iov_len)
			return false;
	return true;
}

void request_file_read(struct caller *caller)
{
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	const size_t size = output_size(caller);
	unsigned char *const output = output_place(caller, size);
	struct iovec pieces[4];
	const unsigned int count = pieces_make(caller, output, size, pieces);
	ssize_t ret;

	if (chance_one_in(chance, 40)) {
		ret = CALL(caller, KIND_FILE_READ,
			   pread(fd, output, size, chance_below(chance, 100)));
		if (ret >= 0)
			caller_fail(caller, "reads at an offset");
		return;
	}
	if (chance_one_in(chance, 10))
		ret = CALL(caller, KIND_FILE_READ,
			   preadv2(fd, pieces, count, -1, chance_below(chance, 32)));
	else
		ret = CALL(caller, KIND_FILE_READ, readv(fd, pieces, count));
	if (ret < 0 || pieces->iov_base != output || !pieces_whole(pieces, count))
		return;
	output_check(caller, output, size, ret);
}

void request_file_write(struct caller *caller)
{
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	struct iovec pieces[4];
	unsigned char *place;
	unsigned int count;
	bool changed;
	ssize_t ret;

	stream_make(caller);
	place = stream_place(caller, &changed);
	/* A stream that is not well-formed is for the hostile only. */
	count = pieces_make(caller, place, caller->stream.length, pieces);
	if (!is_hostile(caller) &&
	    (pieces->iov_base != place || !pieces_whole(pieces, count)))
		return;
	if (chance_one_in(chance, 40)) {
		ret = CALL(caller, KIND_FILE_WRITE,
			   pwrite(fd, place, caller->stream.length, 8));
		if (ret >= 0)
			caller_fail(caller, "writes at an offset");
	} else {
		CALL(caller, KIND_FILE_WRITE, writev(fd, pieces, count));
	}
}

void request_seek(struct caller *caller)
{
	__u64 *const chance = &caller->chance;
	const off_t offset = chance_below(chance, 4) ? 0 : random_next(chance) >> 1;
	const int whence = chance_below(chance, 4) ? SEEK_SET : chance_below(chance, 5);
	const int fd = caller_pick(caller);
	const long ret = CALL(caller, KIND_SEEK, lseek(fd, offset, whence));

	if (ret > 0)
		caller_fail(caller, "the position %ld", ret);
}

void request_poll(struct caller *caller)
{
	struct pollfd polled = {
		.fd = caller_pick(caller),
		.events = random_next(&caller->chance),
	};

	CALL(caller, KIND_POLL, poll(&polled, 1, 0));
}

void request_map(struct caller *caller)
{
	__u64 *const chance = &caller->chance;
	const int fd = caller_pick(caller);
	const int shared = chance_below(chance, 2) ? MAP_SHARED : MAP_PRIVATE;
	const int protection = chance_below(chance, 8);
	const long ret = CALL(caller, KIND_MAP,
			      (long)mmap(NULL, 4096, protection, shared, fd, 0));

	if (ret >= 0)
		caller_fail(caller, "the device has been mapped");
}

/* What /proc tells are numbers, of which call_end() sees the digits only. */
static void text_check(const struct caller *caller, const char *text)
{
	for (const char *at = strchr(text, ':'); at; at = strchr(at + 1, ':')) {
		const __u64 number = strtoull(at + 1, NULL, 0);

		if (content_poisoned(&number, sizeof(number)))
			caller_fail(caller, "memory that was never written to is told as %#llx",
				    number);
	}
}

/* What files know that this one does not, and what /proc tells of it. */
void request_other(struct caller *caller)
{
	const int fd = caller_pick(caller);
	const size_t size = 1024;
	char path[48];
	int pipes[2];
	char *text;
	int info;
	long ret;

	if (fd < 0 || fd == caller->sockets[0])
		return;
	switch (chance_below(&caller->chance, 5)) {
	case 0:
		CALL(caller, KIND_OTHER, ftruncate(fd, 0));
		break;
	case 1:
		CALL(caller, KIND_OTHER, fsync(fd));
		break;
	case 2:
		if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
			return;
		CALL(caller, KIND_OTHER, splice(fd, NULL, pipes[1], NULL, 4096, SPLICE_F_NONBLOCK));
		CALL(caller, KIND_OTHER, splice(pipes[0], NULL, fd, NULL, 4096, SPLICE_F_NONBLOCK));
		CALL(caller, KIND_OTHER, sendfile(pipes[1], fd, NULL, 100));
		close(pipes[0]);
		close(pipes[1]);
		break;
	case 3:
		CALL(caller, KIND_OTHER, fcntl(fd, F_SETFL, chance_below(&caller->chance, 2) ? O_NONBLOCK : 0));
		break;
	default:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = open(path, O_RDONLY | O_CLOEXEC);
		if (info < 0)
			return;
		text = (char *)output_place(caller, size);
		ret = CALL(caller, KIND_OTHER, read(info, text, size - 1));
		close(info);
		text[ret < 0 ? 0 : ret] = '\0';
		text_check(caller, text);
	}
}

/*
 * Processes
 */

void request_send(struct caller *caller)
{
	const int fd = caller_pick(caller);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	struct iovec data = { "", 1 };
	const struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	/* A socket in itself is for the kernel's collector of such. */
	if (fd == caller->sockets[0])
		return;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	CALL(caller, KIND_PASS, sendmsg(caller->sockets[0], &message, MSG_DONTWAIT));
}

void request_receive(struct caller *caller)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;
	int fd;

	if (CALL(caller, KIND_PASS, recvmsg(caller->sockets[1], &message,
					    MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0)
		return;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	caller_keep(caller, fd);
}

void request_user(struct caller *caller)
{
	if (is_hostile(caller))
		caller_become(MANNERS_HOSTILE + chance_below(&caller->chance, 2));
}
