// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - users: their own numbers, and what they can have published
 */

#include "common.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#define USER 12345

FIXTURE(user)
{
	/* Opened by root, and by somebody else. */
	int root;
	int user;
	__u64 number;
};

FIXTURE_SETUP(user)
{
	char path[64];
	struct stat device;

	/* A node of the test's own, that everybody may open. */
	ASSERT_EQ(0, stat(DEVICE_PATH, &device));
	snprintf(path, sizeof(path), "/dev/memtable-test-%d", getpid());
	ASSERT_EQ(0, mknod(path, S_IFCHR | 0600, device.st_rdev));
	ASSERT_EQ(0, chmod(path, 0666));

	self->root = open(path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, seteuid(USER));
	self->user = open(path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, seteuid(0));
	EXPECT_EQ(0, unlink(path));
	ASSERT_LE(0, self->root);
	ASSERT_LE(0, self->user);
	self->number = number_new();
}

FIXTURE_TEARDOWN(user)
{
	table_drop(self->root, self->number);
	EXPECT_EQ(0, seteuid(USER));
	table_drop(self->user, self->number);
	EXPECT_EQ(0, seteuid(0));
	EXPECT_EQ(0, close(self->root));
	EXPECT_EQ(0, close(self->user));
}

/* A request about the registry, from a process of the user. */
static int request_as(const uid_t user, const int fd,
		      const unsigned long request_number, void *const argument)
{
	int ret;

	if (seteuid(user))
		abort();
	ret = request(fd, request_number, argument);
	if (seteuid(0))
		abort();
	return ret;
}

static int number_as(const uid_t user, const int fd,
		     const unsigned long request_number, const __u64 number)
{
	struct memtable_number argument = { .number = number };

	return request_as(user, fd, request_number, &argument);
}

/* No user sees another's numbers, be that user root. */
TEST_F(user, unseen)
{
	struct memtable_list_entry entry = {};
	struct memtable_list list = {
		.start = self->number,
		.entries = ADDRESS(&entry),
		.entry_size = sizeof(entry),
		.capacity = 1,
	};

	ASSERT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_PUBLISH,
			       self->number));
	EXPECT_EQ(-ENOENT, table_attach(self->root, self->number));
	EXPECT_EQ(-ENOENT, table_drop(self->root, self->number));
	ASSERT_EQ(0, request(self->root, MEMTABLE_IOC_LIST, &list));
	EXPECT_TRUE(!list.count || entry.number != self->number);
	ASSERT_EQ(0, request_as(USER, self->user, MEMTABLE_IOC_LIST, &list));
	EXPECT_EQ(1, list.count);
	EXPECT_EQ(self->number, entry.number);
	EXPECT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_DROP,
			       self->number));

	ASSERT_EQ(0, table_publish(self->root, self->number));
	EXPECT_EQ(-ENOENT, number_as(USER, self->user, MEMTABLE_IOC_ATTACH,
				     self->number));
	EXPECT_EQ(-ENOENT, number_as(USER, self->user, MEMTABLE_IOC_DROP,
				     self->number));
	ASSERT_EQ(0, request_as(USER, self->user, MEMTABLE_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
}

/* Makes a process of the user root of a user namespace of its own. */
static int become_root_elsewhere(void)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %d 1", USER);
	/* The files in /proc of a process that was another's are not its own. */
	if (setresuid(USER, USER, USER) || prctl(PR_SET_DUMPABLE, 1) ||
	    unshare(CLONE_NEWUSER))
		return -errno;
	return file_write_string("/proc/self/uid_map", map);
}

/*
 * A user who is root of a namespace is not root: that user's numbers are those
 * from before, and root's are not seen.
 */
TEST_F(user, namespace)
{
	struct memtable_list_entry entries[2] = {};
	struct memtable_list list = {
		.entries = ADDRESS(entries),
		.entry_size = sizeof(*entries),
		.capacity = ARRAY_SIZE(entries),
	};
	pid_t child;
	int status;

	ASSERT_EQ(0, table_publish(self->root, self->number));
	ASSERT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_PUBLISH,
			       self->number + 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (become_root_elsewhere())
			_exit(KSFT_SKIP);
		if (geteuid())
			_exit(1);
		if (table_attach(self->root, self->number) != -EPERM ||
		    table_drop(self->root, self->number) != -EPERM)
			_exit(2);
		if (table_attach(self->user, self->number) != -ENOENT ||
		    table_drop(self->user, self->number) != -ENOENT)
			_exit(3);
		if (request(self->user, MEMTABLE_IOC_LIST, &list) ||
		    list.count != 1 || entries[0].number != self->number + 1)
			_exit(5);
		_exit(table_drop(self->user, self->number + 1) ? 6 : 0);
	}
	status = child_wait(child);
	number_as(USER, self->user, MEMTABLE_IOC_DROP, self->number + 1);
	if (status == KSFT_SKIP)
		SKIP(return, "There are no user namespaces");
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, table_attach(self->root, self->number));
}

/* Two users may have the same number, each for a table of its own. */
TEST_F(user, same_number)
{
	ASSERT_EQ(0, table_put(self->root, 0, "who", "root"));
	ASSERT_EQ(0, table_put(self->user, 0, "who", "user"));
	ASSERT_EQ(0, table_publish(self->root, self->number));
	ASSERT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_PUBLISH,
			       self->number));
	ASSERT_EQ(0, table_attach(self->root, self->number));
	ASSERT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_ATTACH,
			       self->number));
	EXPECT_EQ(0, table_differs(self->root, 0, "who", "root"));
	EXPECT_EQ(0, table_differs(self->user, 0, "who", "user"));
	EXPECT_EQ(0, number_as(USER, self->user, MEMTABLE_IOC_DROP,
			       self->number));
	EXPECT_EQ(0, table_attach(self->root, self->number));
}

/* Whoever is given a descriptor has its table, but none of the opener's numbers. */
TEST_F(user, given_descriptor)
{
	struct memtable_list list = {
		.entry_size = sizeof(struct memtable_list_entry),
	};

	ASSERT_EQ(0, table_publish(self->root, self->number));
	EXPECT_EQ(-EPERM, number_as(USER, self->root, MEMTABLE_IOC_PUBLISH,
				    self->number + 1));
	EXPECT_EQ(-EPERM, number_as(USER, self->root, MEMTABLE_IOC_ATTACH,
				    self->number));
	EXPECT_EQ(-EPERM, number_as(USER, self->root, MEMTABLE_IOC_ROTATE,
				    self->number + 1));
	EXPECT_EQ(-EPERM, number_as(USER, self->root, MEMTABLE_IOC_DROP,
				    self->number));
	EXPECT_EQ(-EPERM, request_as(USER, self->root, MEMTABLE_IOC_LIST,
				     &list));
	/* Nor may root use a user's. */
	EXPECT_EQ(-EPERM, table_publish(self->user, self->number));

	ASSERT_EQ(0, seteuid(USER));
	EXPECT_EQ(0, table_put(self->root, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(self->root, 0, "key", "value"));
	ASSERT_EQ(0, seteuid(0));
}

/*
 * Quotas. They are the module's, so the fixture puts them back; and they are
 * tested as another user, who has no other tables.
 */

#define PARAMETERS "/sys/module/memtable/parameters/"

/* Writes @value to a parameter, and before that its old value to @before. */
static int parameter_set(const char *const path, const char *const value,
			 char *const before, const size_t size)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	if (before) {
		length = read(fd, before, size - 1);
		before[length > 0 ? length : 0] = 0;
	}
	length = pwrite(fd, value, strlen(value), 0);
	close(fd);
	return length == (ssize_t)strlen(value) ? 0 : -EIO;
}

FIXTURE(quota)
{
	FIXTURE_DATA(user) user;
	int fd;
	__u64 number;
	char user_tables[32];
	char user_bytes[32];
};

FIXTURE_SETUP(quota)
{
	user_setup(_metadata, &self->user, NULL);
	self->fd = self->user.user;
	self->number = self->user.number;
	ASSERT_EQ(0, parameter_set(PARAMETERS "user_tables", "1",
				   self->user_tables,
				   sizeof(self->user_tables)));
	ASSERT_EQ(0, parameter_set(PARAMETERS "user_bytes", "100000",
				   self->user_bytes,
				   sizeof(self->user_bytes)));
	ASSERT_EQ(0, seteuid(USER));
}

FIXTURE_TEARDOWN(quota)
{
	table_drop(self->fd, self->number);
	EXPECT_EQ(0, seteuid(0));
	EXPECT_EQ(0, parameter_set(PARAMETERS "user_tables", self->user_tables,
				   NULL, 0));
	EXPECT_EQ(0, parameter_set(PARAMETERS "user_bytes", self->user_bytes,
				   NULL, 0));
	user_teardown(_metadata, &self->user, NULL);
}

/* A user has as many published tables as allowed, be it by rotation. */
TEST_F(quota, tables)
{
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(-EDQUOT, table_rotate(self->fd, self->number + 1));
	EXPECT_EQ(-EDQUOT, table_publish(self->fd, self->number + 1));
	/* What was not rotated is not sealed either. */
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_drop(self->fd, self->number));
	EXPECT_EQ(0, table_publish(self->fd, self->number));
}

/* What would make a published table too large is not added. */
TEST_F(quota, bytes_added)
{
	char value[1000] = {};
	struct image image;
	int ret;

	ASSERT_EQ(0, table_publish(self->fd, self->number));
	while (!(ret = table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				 value, sizeof(value)))) {
		ASSERT_GE(100000, table_info(self->fd).memory_usage);
	}
	EXPECT_EQ(-EDQUOT, ret);
	image = table_image(self->fd);
	EXPECT_LT(50000, image.info.memory_usage);
	EXPECT_EQ(-EDQUOT, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				     value, sizeof(value)));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	/* Once it is dropped, it is nobody's quota. */
	ASSERT_EQ(0, table_drop(self->fd, self->number));
	EXPECT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
			       value, sizeof(value)));
}

/* A table that is too large is not published. */
TEST_F(quota, bytes_published)
{
	char value[1000] = {};

	for (unsigned int i = 0; i < 200; i++) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, sizeof(value)));
	}
	EXPECT_EQ(-EDQUOT, table_publish(self->fd, self->number));
	EXPECT_EQ(-EDQUOT, table_rotate(self->fd, self->number));
	EXPECT_EQ(-ENOENT, table_drop(self->fd, self->number));
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(201, table_info(self->fd).entries);
}

/* Sets how many tables a user can have, as root. */
static int user_tables_set(const char *const count)
{
	int ret;

	if (seteuid(0))
		abort();
	ret = parameter_set(PARAMETERS "user_tables", count, NULL, 0);
	if (seteuid(USER))
		abort();
	return ret;
}

/*
 * Nor is a part published beyond what is allowed; but what it has from a table
 * of its user's is not charged twice.
 */
TEST_F(quota, split)
{
	char value[1000] = {};
	struct image image;
	__u32 key = 0;
	int right;

	ASSERT_EQ(0, table_publish(self->fd, self->number));
	while (table_info(self->fd).memory_usage < 90000) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, &key,
				       sizeof(key), value, sizeof(value)));
		key++;
	}
	image = table_image(self->fd);
	EXPECT_EQ(-EDQUOT, table_split_publish(self->fd, "\x10\0\0\0", 4,
					       self->number + 1));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	ASSERT_EQ(0, user_tables_set("2"));
	right = table_split_publish(self->fd, "\x10\0\0\0", 4,
				    self->number + 1);
	ASSERT_LE(0, right);
	EXPECT_LT(20000, table_info(right).memory_usage);
	ASSERT_EQ(0, close(right));
	ASSERT_EQ(0, table_drop(self->fd, self->number + 1));

	/* From a table that is nobody's, it is charged whole. */
	ASSERT_EQ(0, table_drop(self->fd, self->number));
	while (key < 250) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, &key,
				       sizeof(key), value, sizeof(value)));
		key++;
	}
	stream_free(&image.records);
	image = table_image(self->fd);
	EXPECT_EQ(-EDQUOT, table_split_publish(self->fd, "\x80\0\0\0", 4,
					       self->number));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	right = table_split_publish(self->fd, "\xc0\0\0\0", 4, self->number);
	ASSERT_LE(0, right);
	EXPECT_EQ(250 - 0xc0, table_info(right).entries);
	ASSERT_EQ(0, close(right));
	stream_free(&image.records);
}

/* Adds entries until that fails for want of room; returns how many it took. */
static __u32 quota_fill(const int fd)
{
	char value[1000] = {};
	__u32 count = 0;
	__u32 key;
	int ret;

	do {
		key = __builtin_bswap32(count++);
		ret = table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
				value, sizeof(value));
	} while (!ret);
	return ret == -EDQUOT ? count - 1 : 0;
}

/* What a table gives back, its user has again: all of it, time after time. */
TEST_F(quota, bytes_given_back)
{
	const struct memtable_configure configure = {
		.kind = MEMTABLE_KIND_MAP,
	};
	__u32 count = 0;

	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_CONFIGURE,
			     (void *)&configure));
	for (unsigned int round = 0; round < 5; round++) {
		int right;

		ASSERT_EQ(0, table_publish(self->fd, self->number));
		if (!count)
			count = quota_fill(self->fd);
		else
			ASSERT_EQ(count, quota_fill(self->fd));
		ASSERT_LT(50, count);
		for (__u32 i = 0; i < count; i++) {
			const __u32 key = __builtin_bswap32(i);

			ASSERT_EQ(0, table_add(self->fd, 0,
					       MEMTABLE_TYPE_DELETION, &key,
					       sizeof(key), NULL, 0));
		}
		ASSERT_EQ(count, quota_fill(self->fd));

		/* What is split off is not published. */
		right = table_split(self->fd, NULL, 0);
		ASSERT_LE(0, right);
		EXPECT_EQ(count, table_info(right).entries);
		ASSERT_EQ(0, close(right));
		ASSERT_EQ(count, quota_fill(self->fd));

		/* A table takes with it what it has, and comes with it. */
		ASSERT_EQ(0, table_drop(self->fd, self->number));
		ASSERT_EQ(0, table_rotate(self->fd, self->number));
		ASSERT_EQ(0, table_drop(self->fd, self->number));
	}
}

TEST_HARNESS_MAIN
