// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - CONFIGURE: thresholds, order and kind of an empty table
 */

#include "common.h"

FIXTURE(configure)
{
	int fd;
	struct memtable_configure configure;
};

FIXTURE_SETUP(configure)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->configure = (struct memtable_configure){
		.write_buffer_size = 1 << 20,
		.max_size = 2 << 20,
		.order = MEMTABLE_ORDER_BYTEWISE,
		.kind = MEMTABLE_KIND_VERSIONED,
	};
}

FIXTURE_TEARDOWN(configure)
{
	EXPECT_EQ(0, close(self->fd));
}

static int configure(const FIXTURE_DATA(configure) *const self)
{
	struct memtable_configure argument = self->configure;

	return request(self->fd, MEMTABLE_IOC_CONFIGURE, &argument);
}

/* INFO tells what was configured, and each call replaces all of it. */
TEST_F(configure, replaces)
{
	struct memtable_info info;

	ASSERT_EQ(0, configure(self));
	info = table_info(self->fd);
	EXPECT_EQ(1 << 20, info.write_buffer_size);
	EXPECT_EQ(2 << 20, info.max_size);
	EXPECT_EQ(MEMTABLE_ORDER_BYTEWISE, info.order);
	EXPECT_EQ(MEMTABLE_KIND_VERSIONED, info.kind);

	self->configure.write_buffer_size = 3 << 20;
	self->configure.max_size = 0;
	ASSERT_EQ(0, configure(self));
	info = table_info(self->fd);
	EXPECT_EQ(3 << 20, info.write_buffer_size);
	EXPECT_EQ(0, info.max_size);
}

/* A write buffer size of zero is 4 MiB, or the maximum size if that is less. */
TEST_F(configure, default_write_buffer_size)
{
	self->configure.write_buffer_size = 0;
	ASSERT_EQ(0, configure(self));
	EXPECT_EQ(2 << 20, table_info(self->fd).write_buffer_size);

	self->configure.max_size = 8 << 20;
	ASSERT_EQ(0, configure(self));
	EXPECT_EQ(4 << 20, table_info(self->fd).write_buffer_size);

	self->configure.max_size = 0;
	ASSERT_EQ(0, configure(self));
	EXPECT_EQ(4 << 20, table_info(self->fd).write_buffer_size);
}

/* A write buffer may be as large as the table may be, and no larger. */
TEST_F(configure, write_buffer_beyond_max)
{
	self->configure.write_buffer_size = self->configure.max_size;
	EXPECT_EQ(0, configure(self));
	self->configure.write_buffer_size++;
	EXPECT_EQ(-EINVAL, configure(self));
	EXPECT_EQ(2 << 20, table_info(self->fd).write_buffer_size);
	self->configure.write_buffer_size = UINT64_MAX;
	EXPECT_EQ(-EINVAL, configure(self));
	self->configure.max_size = UINT64_MAX;
	EXPECT_EQ(0, configure(self));
	EXPECT_EQ(UINT64_MAX, table_info(self->fd).write_buffer_size);
	self->configure.max_size = 0;
	EXPECT_EQ(0, configure(self));
}

/* Orders and kinds that are not known are refused, and nothing changes. */
TEST_F(configure, unknown)
{
	static const __u32 unknown[] = { 100, 256, 0x80000000, UINT32_MAX };
	struct image image = table_image(self->fd);

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		self->configure.order = unknown[i];
		EXPECT_EQ(-EINVAL, configure(self));
		self->configure.order = MEMTABLE_ORDER_BYTEWISE;
		self->configure.kind = unknown[i];
		EXPECT_EQ(-EINVAL, configure(self));
		self->configure.kind = MEMTABLE_KIND_VERSIONED;
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* Each order goes with each kind. */
TEST_F(configure, orders_and_kinds)
{
	for (__u32 order = 0; order < 2; order++) {
		for (__u32 kind = 0; kind < 2; kind++) {
			self->configure.order = order;
			self->configure.kind = kind;
			EXPECT_EQ(0, configure(self));
			EXPECT_EQ(order, table_info(self->fd).order);
			EXPECT_EQ(kind, table_info(self->fd).kind);
		}
	}
}

/* A table with an entry, be it a tombstone, is busy and stays as it is. */
TEST_F(configure, not_empty)
{
	ASSERT_EQ(0, configure(self));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", NULL));
	self->configure.max_size = 4 << 20;
	EXPECT_EQ(-EBUSY, configure(self));
	EXPECT_EQ(2 << 20, table_info(self->fd).max_size);
}

/* A write that failed or was empty leaves the table free to be configured. */
TEST_F(configure, still_empty)
{
	struct stream stream = {};

	ASSERT_EQ(0, table_write(self->fd, &stream));
	stream_put(&stream, 0, "key", "value");
	stream_put(&stream, 1, "key", "value");
	ASSERT_EQ(-EINVAL, table_write(self->fd, &stream));
	EXPECT_EQ(0, configure(self));

	/* No table is so small, and this one has no room for an entry. */
	self->configure.write_buffer_size = 1;
	self->configure.max_size = 1;
	ASSERT_EQ(0, configure(self));
	stream.length = record_size(strlen("key"), strlen("value"));
	ASSERT_EQ(-ENOSPC, table_write(self->fd, &stream));
	EXPECT_EQ(0, configure(self));
	stream_free(&stream);
}

/* A sealed table is not configured any more. */
TEST_F(configure, sealed)
{
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-EROFS, configure(self));
	EXPECT_EQ(0, table_info(self->fd).max_size);
}

TEST_HARNESS_MAIN
