// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - what a SPLIT can be refused for, and what is published by one
 */

#include "common.h"

#include <poll.h>
#include <sys/resource.h>

FIXTURE(refusal)
{
	int fd;
};

FIXTURE_SETUP(refusal)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, table_put(self->fd, 0, "a", "first"));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "second"));
}

FIXTURE_TEARDOWN(refusal)
{
	EXPECT_EQ(0, close(self->fd));
}

/* The next descriptor that this process will get. */
static int next_fd(void)
{
	const int fd = dup(0);

	close(fd);
	return fd;
}

/* Bad arguments, and tables that are not to be changed; nothing is left. */
TEST_F(refusal, arguments)
{
	char *const key = checked(calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1));
	const int read_only = table_share(self->fd, MEMTABLE_SHARE_READ_ONLY);
	struct memtable_split split = { STRING(pivot, "b"), .fd = 77 };
	const struct memtable_split good = split;
	const struct image image = table_image(self->fd);
	const int next = next_fd();

	ASSERT_LE(0, read_only);
	EXPECT_EQ(-EBADF, request(read_only, MEMTABLE_IOC_SPLIT, &split));
	split.flags = MEMTABLE_SPLIT_HALF;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	split.pivot = 0;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	split.pivot = ADDRESS("b");
	split.pivot_length = 0;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	for (unsigned int bit = 2; bit < 32; bit++) {
		split = good;
		split.flags = 1U << bit;
		EXPECT_EQ(-EINVAL,
			  request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	}
	split = good;
	split.reserved = 1;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	/* A number is for what is published. */
	split = good;
	split.number = number_new();
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	split = good;
	split.pivot = ADDRESS(key);
	split.pivot_length = MEMTABLE_MAX_KEY_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	split.pivot_length = 1;
	split.pivot = 0;
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	EXPECT_EQ(77, split.fd);
	/* A descriptor that cannot be told of is not made. */
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SPLIT,
				   read_only_copy(&good, sizeof(good))));
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SPLIT, NULL));
	EXPECT_EQ(next, next_fd());
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	EXPECT_EQ(0, close(read_only));
	free(key);
}

/* Sealed, a table stays whole. */
TEST_F(refusal, sealed)
{
	struct image image;
	char key[8];
	struct memtable_pivot pivot = {
		.key = ADDRESS(key),
		.key_size = sizeof(key),
	};
	int next;

	ASSERT_EQ(0, table_seal(self->fd));
	image = table_image(self->fd);
	next = next_fd();
	EXPECT_EQ(-EROFS, table_split(self->fd, "b", 1));
	EXPECT_EQ(-EROFS, table_split(self->fd, "z", 1));
	EXPECT_EQ(-EROFS, table_halve(self->fd));
	EXPECT_EQ(next, next_fd());
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	/* But its middle can be told. */
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_PIVOT, &pivot));
	EXPECT_EQ('b', *key);
	stream_free(&image.records);
}

/* A request that is refused leaves its structure alone. */
TEST_F(refusal, structure)
{
	const struct memtable_split before = {
		.number = number_new(),
		.flags = MEMTABLE_SPLIT_HALF | MEMTABLE_SPLIT_PUBLISH,
		.fd = -5,
	};
	struct memtable_split split = before;
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_publish(other, split.number));
	EXPECT_EQ(-EEXIST, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	EXPECT_EQ(0, memcmp(&before, &split, sizeof(split)));
	EXPECT_EQ(0, table_drop(other, split.number));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-EROFS, request(self->fd, MEMTABLE_IOC_SPLIT, &split));
	EXPECT_EQ(0, memcmp(&before, &split, sizeof(split)));
	EXPECT_EQ(0, close(other));
}

/* Without a descriptor to be had, it stays whole as well. */
TEST_F(refusal, no_descriptors)
{
	const struct image image = table_image(self->fd);
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = next_fd();
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, table_split(self->fd, "b", 1));
	EXPECT_EQ(-EMFILE, table_halve(self->fd));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	limit.rlim_cur++;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(limit.rlim_cur - 1, table_split(self->fd, "b", 1));
	EXPECT_EQ(1, table_info(self->fd).entries);
}

/* The upper part's descriptor is like one that SHARE makes. */
TEST_F(refusal, descriptor)
{
	const __u64 number = number_new();
	const int right = table_split(self->fd, "b", 1);

	ASSERT_LE(0, right);
	EXPECT_EQ(FD_CLOEXEC, fcntl(right, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(right, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(-EPERM, table_publish(right, number));
	EXPECT_EQ(-EPERM, table_rotate(right, number));
	/* What is published stays so, what is split off is not. */
	ASSERT_EQ(0, table_publish(self->fd, number));
	EXPECT_EQ(0, close(right));
	ASSERT_EQ(0, table_put(self->fd, 0, "c", "third"));
	ASSERT_EQ(0, close(table_split(self->fd, "c", 1)));
	ASSERT_EQ(0, close(self->fd));
	self->fd = table_open();
	ASSERT_EQ(0, table_attach(self->fd, number));
	EXPECT_EQ(0, table_differs(self->fd, 0, "a", "first"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "b", "second"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "c", "third"));
	EXPECT_EQ(0, table_drop(self->fd, number));
}

/* What cannot be published is not cut off. */
TEST_F(refusal, publish)
{
	const int shared = table_share(self->fd, 0);
	const __u64 number = number_new();
	const int other = table_open();
	struct image image;
	int next, right;

	ASSERT_LE(0, shared);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_publish(other, number));
	image = table_image(self->fd);
	next = next_fd();
	EXPECT_EQ(-EEXIST, table_split_publish(self->fd, "b", 1, number));
	EXPECT_EQ(-EEXIST, table_split_publish(self->fd, "z", 1, number));
	/* This one speaks for its table only. */
	EXPECT_EQ(-EPERM, table_split_publish(shared, "b", 1, number + 1));
	EXPECT_EQ(-ENOENT, table_attach(other, number + 1));
	EXPECT_EQ(next, next_fd());
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	/* But without publishing it can split. */
	right = table_split(shared, "b", 1);
	ASSERT_LE(0, right);
	EXPECT_EQ(-EPERM, table_split_publish(right, "b", 1, number + 1));
	EXPECT_EQ(0, close(right));
	EXPECT_EQ(0, table_drop(other, number));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, close(shared));
	stream_free(&image.records);
}

/* A published part is there without its descriptor, be it empty, and under any number. */
TEST_F(refusal, published)
{
	const __u64 numbers[] = { 0, number_new(), UINT64_MAX };
	const char *const pivots[] = { "b", "a", "a" };
	const int fd = table_open();
	int right;

	ASSERT_LE(0, fd);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		right = table_split_publish(self->fd, pivots[i], 1, numbers[i]);
		ASSERT_LE(0, right);
		/* Its descriptor is as always. */
		EXPECT_EQ(FD_CLOEXEC, fcntl(right, F_GETFD));
		EXPECT_EQ(-EPERM, table_drop(right, numbers[i]));
		EXPECT_EQ(0, close(right));
	}
	EXPECT_EQ(0, table_info(self->fd).entries);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		ASSERT_EQ(0, table_attach(fd, numbers[i]));
		EXPECT_EQ(i < 2, table_info(fd).entries);
		EXPECT_EQ(2, table_info(fd).last_sequence);
		EXPECT_EQ(i == 0 ? 0 : -ENOENT,
			  table_differs(fd, 0, "b", "second"));
		EXPECT_EQ(i == 1 ? 0 : -ENOENT,
			  table_differs(fd, 0, "a", "first"));
		EXPECT_EQ(0, table_put(fd, 0, "key", "value"));
		EXPECT_EQ(-EBUSY, table_publish(fd, number_new()));
		EXPECT_EQ(0, table_drop(fd, numbers[i]));
	}
	EXPECT_EQ(0, close(fd));
}

/* Who polls for room gets it by a split. */
TEST_F(refusal, full)
{
	const int fd = table_open_as(MEMTABLE_KIND_VERSIONED,
				     MEMTABLE_ORDER_BYTEWISE, 50000);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };
	char value[1000] = {};
	__u32 key = 0;
	int right;

	ASSERT_LE(0, fd);
	while (!table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key), value,
			  sizeof(value)))
		key++;
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	right = table_halve(fd);
	ASSERT_LE(0, right);
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLOUT, poll_fd.revents);
	EXPECT_EQ(0, table_add(fd, 0, MEMTABLE_TYPE_VALUE, "key", 3, value,
			       sizeof(value)));
	poll_fd.fd = right;
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLOUT, poll_fd.revents);
	EXPECT_EQ(0, close(right));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN
