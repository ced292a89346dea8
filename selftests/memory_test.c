// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - memory: whose it is, how much, and that it comes back
 */

#include "caches.h"
#include "common.h"

#include <sys/mount.h>
#include <sys/stat.h>

/*
 * Slab caches
 */

FIXTURE(slab)
{
	int fd;
	struct caches before;
};

FIXTURE_SETUP(slab)
{
	self->before = caches_settled();
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(slab)
{
	close(self->fd);
}

/* Adds @count entries with values of many lengths. */
static int table_fill(const int fd, const unsigned int count)
{
	struct stream stream = {};
	char value[1024] = {};
	__u64 seed = 1;
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		const __u64 key = random_next(&seed);

		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, key % sizeof(value));
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

/* Records and blocks can be seen by name, each record as an object. */
TEST_F_TIMEOUT(slab, visible, LONG_TIMEOUT)
{
	const unsigned int count = scaled(10000);
	struct caches caches;

	EXPECT_LT(1, self->before.count);
	ASSERT_EQ(0, table_fill(self->fd, count));
	caches = caches_now();
	EXPECT_EQ(self->before.count, caches.count);
	EXPECT_LT(self->before.objects + count, caches.objects);
	/* And no object for each record but that one, with some blocks. */
	EXPECT_GT(self->before.objects + count + count / 10 + 1000,
		  caches.objects);
}

/* The memory usage that a table tells is what the caches hold for it. */
TEST_F_TIMEOUT(slab, memory_usage, LONG_TIMEOUT)
{
	struct memtable_info info;
	struct caches caches;

	ASSERT_EQ(0, table_fill(self->fd, scaled(10000)));
	info = table_info(self->fd);
	caches = caches_now();
	EXPECT_LE(info.memory_usage, caches.bytes - self->before.bytes);
	/* Debugging kernels add to each object. */
	EXPECT_GE(4 * info.memory_usage, caches.bytes - self->before.bytes);
}

/* When a table is closed, its memory comes back, to the last object. */
TEST_F_TIMEOUT(slab, freed, LONG_TIMEOUT)
{
	ASSERT_EQ(0, table_fill(self->fd, scaled(20000)));
	EXPECT_LT(self->before.objects, caches_now().objects);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	/* Off the closer's path: it may take a while, but not for ever. */
	while (caches_now().objects > self->before.objects)
		usleep(10000);
}

/* So does that of a published table when it is dropped. */
TEST_F_TIMEOUT(slab, freed_by_drop, LONG_TIMEOUT)
{
	const __u64 number = number_new();
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_fill(other, scaled(5000)));
	ASSERT_EQ(0, table_publish(other, number));
	ASSERT_EQ(0, close(other));
	EXPECT_EQ(0, close(self->fd));
	/* Still there. */
	EXPECT_LE(self->before.objects + scaled(5000),
		  caches_settled().objects);
	self->fd = table_open();
	ASSERT_EQ(0, table_drop(self->fd, number));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	while (caches_now().objects > self->before.objects)
		usleep(10000);
}

/* And that of a table whose last process is killed, or attaches another one. */
TEST_F_TIMEOUT(slab, freed_by_kill, LONG_TIMEOUT)
{
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		const int fd = table_open();

		if (table_fill(fd, scaled(5000)))
			_exit(1);
		raise(SIGKILL);
	}
	ASSERT_EQ(-SIGKILL, child_wait(child));
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	while (caches_now().objects > self->before.objects)
		usleep(10000);
}

/* Whatever a refused batch had allocated comes back as well. */
TEST_F_TIMEOUT(slab, freed_by_refusal, LONG_TIMEOUT)
{
	struct stream stream = {};
	struct caches before;

	ASSERT_EQ(0, table_put(self->fd, 1, "key", "value"));
	before = caches_settled();
	for (__u32 i = 0; i < scaled(5000); i++)
		stream_put(&stream, i + 2, "key", "value");
	stream_put(&stream, 1, "key", "value");
	EXPECT_EQ(-EEXIST, table_write(self->fd, &stream));
	stream_put(&stream, 0, "key", "value");
	EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
	stream_free(&stream);
	while (caches_now().objects > before.objects)
		usleep(10000);
}

/*
 * Memory control groups
 */

FIXTURE(group)
{
	int fd;
	bool mounted;
	char root[64];
	char path[128];
};

static int group_set(const char *const group, const char *const file,
		     const char *const value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return file_write_string(path, value);
}

static unsigned long long group_usage(const char *const group)
{
	unsigned long long usage;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/memory.current", group);
	file = checked(fopen(path, "r"));
	if (fscanf(file, "%llu", &usage) != 1)
		abort();
	fclose(file);
	return usage;
}

FIXTURE_SETUP(group)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	snprintf(self->root, sizeof(self->root), "/sys/fs/cgroup");
	if (access("/sys/fs/cgroup/cgroup.subtree_control", F_OK)) {
		snprintf(self->root, sizeof(self->root),
			 "/tmp/memtable-test-%d", getpid());
		ASSERT_EQ(0, mkdir(self->root, 0700));
		ASSERT_EQ(0, mount("cgroup2", self->root, "cgroup2", 0, NULL));
		self->mounted = true;
	}
	ASSERT_EQ(0, group_set(self->root, "cgroup.subtree_control",
			       "+memory"));
	snprintf(self->path, sizeof(self->path), "%s/memtable-test-%d",
		 self->root, getpid());
	ASSERT_EQ(0, mkdir(self->path, 0700));
}

FIXTURE_TEARDOWN(group)
{
	close(self->fd);
	EXPECT_EQ(0, rmdir(self->path));
	if (self->mounted) {
		EXPECT_EQ(0, umount(self->root));
		EXPECT_EQ(0, rmdir(self->root));
	}
}

/* Makes the calling process one of the group. */
static void group_join(const char *const group)
{
	if (group_set(group, "cgroup.procs", "0"))
		abort();
}

/* A table's memory is on the account of who fills it, until it is freed. */
TEST_F_TIMEOUT(group, charged, LONG_TIMEOUT)
{
	const pid_t child = fork();
	__u64 usage;

	ASSERT_LE(0, child);
	if (!child) {
		group_join(self->path);
		_exit(!!table_fill(self->fd, 10000));
	}
	ASSERT_EQ(0, child_wait(child));
	usage = table_info(self->fd).memory_usage;
	ASSERT_LT(4 << 20, usage);
	EXPECT_LE(usage, group_usage(self->path));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	while (group_usage(self->path) > usage / 4)
		usleep(10000);
}

/* So is that of a value too large for any slab. */
TEST_F_TIMEOUT(group, charged_for_large_value, LONG_TIMEOUT)
{
	const size_t length = 5 << 20;
	void *const value = checked(calloc(1, length));
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		group_join(self->path);
		_exit(!!table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				  value, length));
	}
	free(value);
	ASSERT_EQ(0, child_wait(child));
	EXPECT_LE(length, group_usage(self->path));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	while (group_usage(self->path) > length / 4)
		usleep(10000);
}

FIXTURE(limit)
{
	FIXTURE_DATA(group) group;
	struct stream stream;
	/* A table that has nothing to do with the group. */
	int other;
	struct image image;
};

FIXTURE_VARIANT(limit)
{
	size_t value_length;
	unsigned int records;
};

/* Many small objects: the batch runs out of memory somewhere in the middle. */
FIXTURE_VARIANT_ADD(limit, small_records)
{
	.value_length = 100,
	.records = 3000,
};

/* Few large ones, which come from elsewhere. */
FIXTURE_VARIANT_ADD(limit, large_records)
{
	.value_length = 1 << 20,
	.records = 3,
};

/* One that has no chance. */
FIXTURE_VARIANT_ADD(limit, largest_record)
{
	.value_length = MEMTABLE_MAX_VALUE_LENGTH,
	.records = 1,
};

FIXTURE_SETUP(limit)
{
	void *const value = checked(calloc(1, variant->value_length));

	group_setup(_metadata, &self->group, NULL);
	ASSERT_EQ(0, group_set(self->group.path, "memory.max", "8M"));
	self->other = table_open();
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, table_fill(self->other, 1000));
	self->image = table_image(self->other);
	for (unsigned int i = 0; i < variant->records; i++)
		stream_add(&self->stream, 0, MEMTABLE_TYPE_VALUE, &i, sizeof(i),
			   value, variant->value_length);
	free(value);
}

/* Other tables are as before, and the group has its memory again. */
FIXTURE_TEARDOWN(limit)
{
	EXPECT_TRUE(table_unchanged(self->other, &self->image));
	stream_free(&self->image.records);
	close(self->other);
	close(self->group.fd);
	self->group.fd = -1;
	while (group_usage(self->group.path) > 2 << 20)
		usleep(10000);
	group_teardown(_metadata, &self->group, NULL);
	stream_free(&self->stream);
}

/*
 * Writes until that fails, as a process of the group: zero if it failed for
 * want of memory. All that it needs itself it has already, or nearly so.
 */
static void __attribute__((noreturn))
limit_write(const FIXTURE_DATA(limit) *const self)
{
	int ret;

	group_join(self->group.path);
	do
		ret = table_write(self->group.fd, &self->stream);
	while (!ret);
	_exit(ret != -ENOMEM);
}

/*
 * Out of memory is an error like another: nothing of the batch is applied, and
 * the table works on. The writer is not to be killed instead, so it asks the
 * kernel to spare it.
 */
TEST_F_TIMEOUT(limit, nothing_applied, LONG_TIMEOUT)
{
	const int fd = self->group.fd;
	struct image image;
	bool unchanged;
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (file_write_string("/proc/self/oom_score_adj", "-1000"))
			abort();
		limit_write(self);
	}
	EXPECT_EQ(0, child_wait(child));
	image = table_image(fd);
	EXPECT_EQ(0, image.info.entries % variant->records);
	EXPECT_EQ(image.info.entries, image.info.last_sequence);
	EXPECT_EQ(image.info.entries,
		  record_count(image.records.data, image.records.length));
	EXPECT_EQ(image.info.entries * (4 + variant->value_length),
		  image.info.logical_bytes);
	stream_free(&image.records);

	/*
	 * Once more fails as well, without a trace: as soon as all memory is
	 * taken that has come back from readers and from the writer meanwhile.
	 */
	do {
		image = table_image(fd);
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			int ret;

			if (file_write_string("/proc/self/oom_score_adj", "-1000"))
				abort();
			group_join(self->group.path);
			ret = table_write(fd, &self->stream);
			_exit(ret ? ret != -ENOMEM : 2);
		}
		status = child_wait(child);
		unchanged = table_unchanged(fd, &image);
		stream_free(&image.records);
	} while (status == 2);
	EXPECT_EQ(0, status);
	EXPECT_TRUE(unchanged);

	/* There is memory outside the group. */
	EXPECT_EQ(0, table_put(fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
}

/* A writer that is killed for want of memory leaves whole batches as well. */
TEST_F_TIMEOUT(limit, killed, LONG_TIMEOUT)
{
	const int fd = self->group.fd;
	struct memtable_info info;
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		limit_write(self);
	/* Whether it is killed or told so is the kernel's choice. */
	status = child_wait(child);
	EXPECT_TRUE(status == 0 || status == -SIGKILL)
	{
		TH_LOG("Status %d", status);
	}
	info = table_info(fd);
	EXPECT_EQ(0, info.entries % variant->records);
	EXPECT_EQ(info.entries, info.last_sequence);
	EXPECT_EQ(0, table_put(fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
}

TEST_HARNESS_MAIN
