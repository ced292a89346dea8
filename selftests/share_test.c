// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - SHARE: another descriptor of the table, to give away
 */

#include "caches.h"
#include "common.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

FIXTURE(share)
{
	int fd;
	__u64 number;
};

FIXTURE_SETUP(share)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	self->number = number_new();
}

FIXTURE_TEARDOWN(share)
{
	table_drop(self->fd, self->number);
	EXPECT_EQ(0, close(self->fd));
}

/* A full descriptor does what the first one does, on the same table. */
TEST_F(share, full)
{
	const int fd = table_share(self->fd, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
	ASSERT_EQ(0, table_put(fd, 0, "there", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "here", "2"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "there", "1"));
	EXPECT_EQ(0, table_differs(fd, 0, "here", "2"));
	ASSERT_EQ(0, table_seal(fd));
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, close(fd));
}

/* A read-only one reads, and refuses everything else. */
TEST_F(share, read_only)
{
	const int fd = table_share(self->fd, MEMTABLE_SHARE_READ_ONLY);
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	struct memtable_split split = { .flags = MEMTABLE_SPLIT_HALF };
	struct stream stream = {};
	char buffer[64];
	struct image image;

	ASSERT_LE(0, fd);
	image = table_image(self->fd);
	stream_put(&stream, 0, "other", "value");
	EXPECT_EQ(-EBADF, table_put(fd, 0, "key", "other"));
	EXPECT_EQ(-EBADF, table_put(fd, 0, "key", NULL));
	EXPECT_EQ(-EBADF, table_write(fd, &stream));
	EXPECT_EQ(-1, write(fd, stream.data, stream.length));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-EBADF, table_configure(fd, 0, 0));
	EXPECT_EQ(-EBADF, table_seal(fd));
	EXPECT_EQ(-EBADF, request(fd, MEMTABLE_IOC_SPLIT, &split));
	EXPECT_EQ(-EBADF, table_rotate(fd, self->number));
	EXPECT_EQ(-EBADF, table_publish(fd, self->number));
	EXPECT_TRUE(table_unchanged(self->fd, &image));

	EXPECT_TRUE(table_unchanged(fd, &image));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
	EXPECT_EQ(24, read(fd, buffer, sizeof(buffer)));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, close(fd));
	stream_free(&stream);
}

/* Of a read-only descriptor only another read-only one can be made. */
TEST_F(share, no_more_than_own)
{
	const int fd = table_share(self->fd, MEMTABLE_SHARE_READ_ONLY);
	const int opened = open(DEVICE_PATH, O_RDONLY | O_CLOEXEC);
	int other;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, opened);
	EXPECT_EQ(-EBADF, table_share(fd, 0));
	EXPECT_EQ(-EBADF, table_share(opened, 0));
	other = table_share(fd, MEMTABLE_SHARE_READ_ONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(-EBADF, table_put(other, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(other, 0, "key", "value"));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, close(opened));
	EXPECT_EQ(0, close(fd));
}

/* Nor can more be made of it by way of /proc. */
TEST_F(share, no_reopen)
{
	const int fd = table_share(self->fd, MEMTABLE_SHARE_READ_ONLY);
	char path[64];

	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(0, close(fd));
}

/* It speaks for its table, not for its maker's numbers. */
TEST_F(share, no_registry)
{
	const int fd = table_share(self->fd, 0);
	struct memtable_list list = {
		.entry_size = sizeof(struct memtable_list_entry),
	};

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, table_publish(fd, self->number));
	EXPECT_EQ(-EPERM, table_rotate(fd, self->number));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	EXPECT_EQ(-EPERM, table_attach(fd, self->number));
	EXPECT_EQ(-EPERM, table_drop(fd, self->number));
	EXPECT_EQ(-EPERM, request(fd, MEMTABLE_IOC_LIST, &list));
	EXPECT_EQ(0, close(fd));
}

/* It is closed on exec, and has a position and a table of its own. */
TEST_F(share, own)
{
	const int fd = table_share(self->fd, 0);
	const int other = table_open();
	char buffer[64];

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(24, read(fd, buffer, sizeof(buffer)));
	EXPECT_EQ(24, read(self->fd, buffer, sizeof(buffer)));

	/* The first one turns to another table. */
	ASSERT_EQ(0, table_publish(other, self->number));
	ASSERT_EQ(0, table_attach(self->fd, self->number));
	EXPECT_EQ(0, table_info(self->fd).entries);
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, close(fd));
}

/* A writer that cannot read cannot give away what can. */
TEST_F(share, write_only)
{
	const int fd = open(DEVICE_PATH, O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, table_share(fd, 0));
	EXPECT_EQ(-EBADF, table_share(fd, MEMTABLE_SHARE_READ_ONLY));
	EXPECT_EQ(0, close(fd));
}

/* It can be sent to a process that could not open the device. */
TEST_F(share, sent)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *const header = CMSG_FIRSTHDR(&message);
	const int fd = table_share(self->fd, MEMTABLE_SHARE_READ_ONLY);
	int ends[2];
	pid_t child;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int got;

		close(fd);
		close(self->fd);
		if (setgid(12345) || setuid(12345) ||
		    recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) != 1)
			_exit(1);
		memcpy(&got, CMSG_DATA(header), sizeof(got));
		_exit(table_differs(got, 0, "key", "value") ||
		      table_put(got, 0, "key", "other") != -EBADF ||
		      table_publish(got, 0) != -EBADF ||
		      table_attach(got, 0) != -EPERM);
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(ends[0], &message, 0));
	EXPECT_EQ(0, child_wait(child));
	EXPECT_EQ(0, close(ends[0]));
	EXPECT_EQ(0, close(ends[1]));
	EXPECT_EQ(0, close(fd));
}

/* A descriptor that cannot be told of is not made. */
TEST_F(share, bad_pointer)
{
	const struct memtable_share share = {};
	const int next = dup(self->fd);

	ASSERT_EQ(0, close(next));
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SHARE,
				   read_only_copy(&share, sizeof(share))));
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SHARE, NULL));
	EXPECT_EQ(next, dup(self->fd));
	EXPECT_EQ(0, close(next));
}

/* The table is freed with the last of its descriptors, and not before. */
TEST_F_TIMEOUT(share, freed, LONG_TIMEOUT)
{
	const struct caches before = caches_settled();
	const int first = table_open();
	int fds[3];

	ASSERT_LE(0, first);
	for (__u32 key = 0; key < 1000; key++) {
		ASSERT_EQ(0, table_add(first, 0, MEMTABLE_TYPE_VALUE, &key,
				       sizeof(key), NULL, 0));
	}
	fds[0] = table_share(first, 0);
	fds[1] = table_share(fds[0], 0);
	fds[2] = table_share(fds[1], MEMTABLE_SHARE_READ_ONLY);
	ASSERT_EQ(0, close(first));
	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_LE(0, fds[i]);
		EXPECT_LE(before.objects + 1000, caches_settled().objects);
		EXPECT_EQ(1000, table_info(fds[i]).entries);
		ASSERT_EQ(0, close(fds[i]));
	}
	while (caches_now().objects > before.objects)
		usleep(10000);
}

/* It keeps the table when the first one is closed. */
TEST_F(share, outlives)
{
	const int first = table_open();
	int fd;

	ASSERT_LE(0, first);
	ASSERT_EQ(0, table_put(first, 0, "key", "value"));
	fd = table_share(first, MEMTABLE_SHARE_READ_ONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(first));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
	EXPECT_EQ(0, close(fd));
}

/* Without a descriptor to be had, nothing is made. */
TEST_F(share, no_descriptors)
{
	struct rlimit limit;
	struct rlimit none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, table_share(self->fd, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

TEST_HARNESS_MAIN
