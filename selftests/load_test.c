// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - the module comes and goes
 *
 * MEMTABLE_MODULE names the module's file, which is needed to load it again.
 */

#include "common.h"

#include <sys/syscall.h>

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

/*
 * While a table is open or published the module stays; then it goes, at once
 * even if the memory of what was closed has not been freed yet.
 */
TEST_F_TIMEOUT(module, rounds, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(100);
	struct stream stream = {};
	__u64 random = 1;

	if (!self->ready)
		return;
	for (unsigned int i = 0; i < 1000; i++) {
		const __u64 key = random_next(&random);

		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &key, sizeof(key));
	}
	for (unsigned int round = 0; round < rounds; round++) {
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
