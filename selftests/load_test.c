// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - the module comes and goes
 *
 * MEMTABLE_MODULE names the module's file, which is needed to load it again.
 */

#include "common.h"
#include "stall.h"

static const char *module_path(void)
{
	const char *const path = getenv("MEMTABLE_MODULE");

	return path ? path : "/memtable.ko";
}

FIXTURE(module)
{
	int file;
	/* Harnesses of older kernels go on after a set-up that skips. */
	bool ready;
};

FIXTURE_SETUP(module)
{
	self->file = open(module_path(), O_RDONLY | O_CLOEXEC);
	if (self->file < 0 || access("/sys/module/memtable/refcnt", F_OK))
		SKIP(return, "memtable is not a module that can be loaded again");
	self->ready = true;
}

FIXTURE_TEARDOWN(module)
{
	if (!self->ready)
		return;
	if (access("/sys/module/memtable", F_OK))
		EXPECT_EQ(0, syscall(SYS_finit_module, self->file, "", 0));
	close(self->file);
}

/* Zero, or a negative errno. */
static int module_unload(void)
{
	return syscall(SYS_delete_module, "memtable", O_NONBLOCK) ? -errno : 0;
}

static int module_load(const int file)
{
	return syscall(SYS_finit_module, file, "", 0) ? -errno : 0;
}

/* The device's file may come a little after the device. */
static int table_open_soon(void)
{
	int fd;

	for (unsigned int i = 0; i < 1000; i++) {
		fd = table_open();
		if (fd >= 0)
			break;
		usleep(1000);
	}
	return fd;
}

/* What of the module can be seen when it is not there. */
static bool module_left_something(void)
{
	static char slabs[1 << 16];
	const int fd = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t ret;

	if (fd < 0)
		abort();
	while ((ret = read(fd, slabs + length, sizeof(slabs) - 1 - length)) > 0)
		length += ret;
	close(fd);
	slabs[length] = 0;
	return !access("/sys/module/memtable", F_OK) ||
	       !access(DEVICE_PATH, F_OK) || strstr(slabs, "\nmemtable_");
}

static void *stalled_get(void *const data)
{
	const struct stall *const stall = data;
	const int fd = table_open();
	struct memtable_get get = {
		STRING(key, "key"),
		.value = ADDRESS(stall->memory),
		.value_size = stall->size,
	};

	if (table_put(fd, 0, "key", "value") ||
	    request(fd, MEMTABLE_IOC_GET, &get))
		abort();
	return NULL;
}

/* Who waits for memory that does not come keeps the module until its death. */
TEST_F_TIMEOUT(module, stalled, LONG_TIMEOUT)
{
	struct stall stall;
	int ends[2];
	pid_t child;
	char byte;

	if (!self->ready)
		return;
	if (stall_begin(&stall, 1))
		SKIP(return, "userfaultfd(2) is not to be had");
	stall_free(&stall);
	ASSERT_EQ(0, pipe(ends));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		pthread_t thread;

		if (stall_begin(&stall, 1))
			abort();
		threads_start(&thread, 1, stalled_get, &stall);
		stall_wait(&stall);
		if (write(ends[1], "", 1) != 1)
			abort();
		for (;;)
			pause();
	}
	ASSERT_EQ(1, read(ends[0], &byte, 1));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(-SIGKILL, child_wait(child));
	EXPECT_EQ(0, module_unload());
	EXPECT_FALSE(module_left_something());
}

#define ROUNDS 100

/*
 * While a table is open or published the module stays; then it goes, at once
 * even if the memory of what was closed has not been freed yet.
 */
TEST_F_TIMEOUT(module, rounds, LONG_TIMEOUT)
{
	struct stream stream = {};
	__u64 random = 1;

	if (!self->ready)
		return;
	for (unsigned int i = 0; i < 1000; i++) {
		const __u64 key = random_next(&random);

		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &key, sizeof(key));
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		const int fd = table_open_soon();
		int other;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, table_write(fd, &stream));
		other = table_split(fd, NULL, 0);
		ASSERT_LE(0, other);
		ASSERT_EQ(-EWOULDBLOCK, module_unload());
		ASSERT_EQ(0, table_publish(fd, round));
		ASSERT_EQ(0, close(fd));
		ASSERT_EQ(-EWOULDBLOCK, module_unload());
		ASSERT_EQ(0, close(other));
		ASSERT_EQ(-EWOULDBLOCK, module_unload());
		other = table_open();
		ASSERT_LE(0, other);
		ASSERT_EQ(0, table_drop(other, round));
		ASSERT_EQ(-EWOULDBLOCK, module_unload());
		ASSERT_EQ(0, close(other));
		ASSERT_EQ(0, module_unload());
		ASSERT_EQ(-1, table_open());
		ASSERT_EQ(0, module_load(self->file));
	}
	stream_free(&stream);
}

TEST_HARNESS_MAIN
