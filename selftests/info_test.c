// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - INFO: what a table tells about itself
 */

#include "common.h"

FIXTURE(info)
{
	int fd;
};

FIXTURE_SETUP(info)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(info)
{
	EXPECT_EQ(0, close(self->fd));
}

/* Every field is written, with the figures of an empty table and the limits. */
TEST_F(info, fresh)
{
	struct memtable_info info;

	memset(&info, CANARY, sizeof(info));
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_INFO, &info));
	EXPECT_EQ(67108864, info.max_request_length);
	EXPECT_EQ(1, info.abi_version);
	EXPECT_EQ(65535, info.max_key_length);
	EXPECT_EQ(16777216, info.max_value_length);
	EXPECT_EQ(0, info.state);
	EXPECT_EQ(MEMTABLE_ORDER_BYTEWISE, info.order);
	EXPECT_EQ(MEMTABLE_KIND_VERSIONED, info.kind);
	EXPECT_EQ(0, info.entries);
	EXPECT_EQ(0, info.tombstones);
	EXPECT_EQ(0, info.logical_bytes);
	EXPECT_GT(65536, info.memory_usage);
	EXPECT_EQ(0, info.last_sequence);
	EXPECT_EQ(4 << 20, info.write_buffer_size);
	EXPECT_EQ(0, info.max_size);
	/* No feature is known that a test could rely on. */
	EXPECT_NE(0xa5a5a5a5a5a5a5a5, info.features);
}

/* Entries, tombstones, bytes and the last sequence are counted exactly. */
TEST_F(info, counts)
{
	struct memtable_info info;

	ASSERT_EQ(0, table_put(self->fd, 0, "apple", "red"));
	ASSERT_EQ(0, table_put(self->fd, 0, "apple", "green"));
	ASSERT_EQ(0, table_put(self->fd, 0, "apple", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "", ""));
	ASSERT_EQ(0, table_put(self->fd, 100, "pear", NULL));
	ASSERT_EQ(0, table_put(self->fd, 50, "pear", "yellow"));

	info = table_info(self->fd);
	EXPECT_EQ(6, info.entries);
	EXPECT_EQ(2, info.tombstones);
	EXPECT_EQ(8 + 10 + 5 + 0 + 4 + 10, info.logical_bytes);
	EXPECT_EQ(100, info.last_sequence);
}

/* A batch counts as its records do. */
TEST_F(info, counts_of_batch)
{
	struct stream stream = {};
	struct memtable_info info;

	stream_put(&stream, 0, "one", "1");
	stream_put(&stream, 0, "two", "22");
	stream_put(&stream, 0, "one", NULL);
	ASSERT_EQ(0, table_write(self->fd, &stream));
	stream_free(&stream);

	info = table_info(self->fd);
	EXPECT_EQ(3, info.entries);
	EXPECT_EQ(1, info.tombstones);
	EXPECT_EQ(4 + 5 + 3, info.logical_bytes);
	EXPECT_EQ(3, info.last_sequence);
}

/* Each open of the device is a table of its own. */
TEST_F(info, own_table)
{
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(1, table_info(self->fd).entries);
	EXPECT_EQ(0, table_info(other).entries);
	EXPECT_EQ(-ENOENT, table_differs(other, 0, "key", "value"));
	EXPECT_EQ(0, close(other));
}

/* Memory usage covers the data, grows with every entry, and is no fantasy. */
TEST_F(info, memory_usage)
{
	const __u64 empty = table_info(self->fd).memory_usage;
	__u64 last = empty;
	char value[1000] = {};

	for (unsigned int i = 0; i < 1000; i++) {
		struct memtable_info info;

		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, &i,
				       sizeof(i), value, i));
		info = table_info(self->fd);
		ASSERT_LE(last + sizeof(i) + i, info.memory_usage);
		last = info.memory_usage;
	}
	/* Rounded up to powers of two, with 32 bytes of slot and header. */
	EXPECT_GE(empty + 2 * table_info(self->fd).logical_bytes +
			  1000 * 2 * 64 + 65536,
		  last);
}

/* Values beyond any slab object are accounted as well. */
TEST_F(info, memory_usage_of_large_value)
{
	const __u64 empty = table_info(self->fd).memory_usage;
	const size_t length = 1 << 20;
	void *const value = checked(calloc(1, length));
	__u64 usage;

	ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
			       value, length));
	free(value);
	usage = table_info(self->fd).memory_usage - empty;
	EXPECT_LE(length + 3, usage);
	EXPECT_GE(2 * length + 65536, usage);
}

/* The state asks for a flush from the write buffer size on. */
TEST_F(info, flush)
{
	char value[1000] = {};
	struct memtable_info info;

	ASSERT_EQ(0, table_configure(self->fd, 100000, 0));
	do {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, sizeof(value)));
		info = table_info(self->fd);
		ASSERT_EQ(info.memory_usage >= 100000 ? MEMTABLE_STATE_FLUSH : 0,
			  info.state);
	} while (info.entries < 200);
	EXPECT_EQ(MEMTABLE_STATE_FLUSH, info.state);
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_SEALED,
		  table_info(self->fd).state);
}

TEST_HARNESS_MAIN
