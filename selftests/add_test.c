// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - ADD: one entry with its sequence number, type and limits
 */

#include "common.h"

FIXTURE(add)
{
	int fd;
	/* A valid argument for the tests to spoil. */
	struct memtable_add add;
};

FIXTURE_SETUP(add)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->add = (struct memtable_add){
		STRING(key, "key"),
		STRING(value, "value"),
		.type = MEMTABLE_TYPE_VALUE,
	};
}

FIXTURE_TEARDOWN(add)
{
	EXPECT_EQ(0, close(self->fd));
}

static int add(FIXTURE_DATA(add) *const self)
{
	return request(self->fd, MEMTABLE_IOC_ADD, &self->add);
}

/* Without a sequence number an entry is given the next one. */
TEST_F(add, next_sequence)
{
	for (__u64 sequence = 1; sequence <= 100; sequence++) {
		self->add.sequence = 0;
		ASSERT_EQ(0, add(self));
		ASSERT_EQ(sequence, self->add.sequence);
		ASSERT_EQ(sequence, table_info(self->fd).last_sequence);
	}
}

/* An entry keeps the sequence number it comes with; the next is after the last. */
TEST_F(add, own_sequence)
{
	self->add.sequence = 100;
	ASSERT_EQ(0, add(self));
	EXPECT_EQ(100, self->add.sequence);
	self->add.sequence = 50;
	ASSERT_EQ(0, add(self));
	EXPECT_EQ(50, self->add.sequence);
	EXPECT_EQ(100, table_info(self->fd).last_sequence);
	self->add.sequence = 0;
	ASSERT_EQ(0, add(self));
	EXPECT_EQ(101, self->add.sequence);
}

/* An older version that comes later is seen where it belongs. */
TEST_F(add, older_version)
{
	ASSERT_EQ(0, table_put(self->fd, 20, "key", "new"));
	ASSERT_EQ(0, table_put(self->fd, 10, "key", "old"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "new"));
	EXPECT_EQ(0, table_differs(self->fd, 19, "key", "old"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 9, "key", "old"));
}

/* A key has a sequence number once, whatever the type and the value. */
TEST_F(add, duplicate)
{
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, 7, "key", "value"));
	ASSERT_EQ(0, table_put(self->fd, 7, "key2", "value"));
	ASSERT_EQ(0, table_put(self->fd, 7, "ke", "value"));
	image = table_image(self->fd);
	EXPECT_EQ(-EEXIST, table_put(self->fd, 7, "key", "value"));
	EXPECT_EQ(-EEXIST, table_put(self->fd, 7, "key", "other"));
	EXPECT_EQ(-EEXIST, table_put(self->fd, 7, "key", NULL));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* The highest sequence number is the last one. */
TEST_F(add, highest_sequence)
{
	struct image image;

	self->add.sequence = MEMTABLE_MAX_SEQUENCE + 1;
	EXPECT_EQ(-EINVAL, add(self));
	self->add.sequence = UINT64_MAX;
	EXPECT_EQ(-EINVAL, add(self));
	self->add.sequence = MEMTABLE_MAX_SEQUENCE;
	EXPECT_EQ(0, add(self));
	EXPECT_EQ(MEMTABLE_MAX_SEQUENCE, self->add.sequence);
	EXPECT_EQ(MEMTABLE_MAX_SEQUENCE, table_info(self->fd).last_sequence);

	image = table_image(self->fd);
	self->add.sequence = 0;
	EXPECT_EQ(-EOVERFLOW, add(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	self->add.sequence = MEMTABLE_MAX_SEQUENCE - 1;
	EXPECT_EQ(0, add(self));
}

/* Only values and deletions are added. */
TEST_F(add, unknown_type)
{
	static const __u32 unknown[] = {
		100, MEMTABLE_TYPE_ABSENT, 256, 257, 0x80000001, UINT32_MAX,
	};
	struct image image = table_image(self->fd);

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		self->add.type = unknown[i];
		EXPECT_EQ(-EINVAL, add(self));
		self->add.value_length = 0;
		EXPECT_EQ(-EINVAL, add(self));
		self->add.value_length = 5;
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* A tombstone has no value. */
TEST_F(add, tombstone_with_value)
{
	struct image image = table_image(self->fd);

	self->add.type = MEMTABLE_TYPE_DELETION;
	EXPECT_EQ(-EINVAL, add(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	self->add.value_length = 0;
	EXPECT_EQ(0, add(self));
	EXPECT_EQ(1, table_info(self->fd).tombstones);
}

/* Nothing is a key and a value too; its address does not matter. */
TEST_F(add, empty)
{
	self->add.key = 0;
	self->add.key_length = 0;
	self->add.value = UINT64_MAX;
	self->add.value_length = 0;
	ASSERT_EQ(0, add(self));
	EXPECT_EQ(0, table_differs(self->fd, 0, "", ""));
	EXPECT_EQ(0, table_info(self->fd).logical_bytes);
}

/* The longest key is 65535 bytes. */
TEST_F(add, longest_key)
{
	char *const key = guarded(MEMTABLE_MAX_KEY_LENGTH + 1);
	struct image image = table_image(self->fd);

	self->add.key = ADDRESS(key);
	self->add.key_length = MEMTABLE_MAX_KEY_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, add(self));
	self->add.key_length = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, add(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	self->add.key = ADDRESS(key + 1);
	self->add.key_length = MEMTABLE_MAX_KEY_LENGTH;
	EXPECT_EQ(0, add(self));
	EXPECT_EQ(MEMTABLE_MAX_KEY_LENGTH + 5,
		  table_info(self->fd).logical_bytes);
}

/* The longest value is 16 MiB. */
TEST_F(add, longest_value)
{
	char *const value = guarded(MEMTABLE_MAX_VALUE_LENGTH + 1);
	struct image image = table_image(self->fd);

	self->add.value = ADDRESS(value);
	self->add.value_length = MEMTABLE_MAX_VALUE_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, add(self));
	self->add.value_length = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, add(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	self->add.value = ADDRESS(value + 1);
	self->add.value_length = MEMTABLE_MAX_VALUE_LENGTH;
	EXPECT_EQ(0, add(self));
	EXPECT_EQ(MEMTABLE_MAX_VALUE_LENGTH + 3,
		  table_info(self->fd).logical_bytes);
}

/* The longest key may have the longest value. */
TEST_F(add, longest_both)
{
	self->add.key = ADDRESS(guarded(MEMTABLE_MAX_KEY_LENGTH));
	self->add.key_length = MEMTABLE_MAX_KEY_LENGTH;
	self->add.value = ADDRESS(guarded(MEMTABLE_MAX_VALUE_LENGTH));
	self->add.value_length = MEMTABLE_MAX_VALUE_LENGTH;
	EXPECT_EQ(0, add(self));
}

/* A key or value that cannot be read, even its last byte, is a bad pointer. */
TEST_F(add, bad_pointer)
{
	char *const end = (char *)guarded(300) + 300;
	struct image image = table_image(self->fd);

	for (size_t length = 1; length <= 300; length++) {
		self->add.key_length = length;
		self->add.key = ADDRESS(end - length + 1);
		EXPECT_EQ(-EFAULT, add(self));
	}
	self->add.key = 0;
	EXPECT_EQ(-EFAULT, add(self));
	self->add.key = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, add(self));

	self->add.key = ADDRESS("key");
	self->add.key_length = 3;
	for (size_t length = 1; length <= 300; length++) {
		self->add.value_length = length;
		self->add.value = ADDRESS(end - length + 1);
		EXPECT_EQ(-EFAULT, add(self));
	}
	self->add.value = 0;
	EXPECT_EQ(-EFAULT, add(self));
	self->add.value = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, add(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* Only the key's and the value's own bytes are read. */
TEST_F(add, page_end)
{
	self->add.key = ADDRESS(guarded_copy("key", 3));
	self->add.value = ADDRESS(guarded_copy("value", 5));
	ASSERT_EQ(0, add(self));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
}

/* The maximum size holds; what would pass it leaves the table as it was. */
TEST_F(add, full)
{
	const __u64 max_size = 100000;
	char value[3000] = {};
	struct image image;
	int ret;

	ASSERT_EQ(0, table_configure(self->fd, 0, max_size));
	while (!(ret = table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				 value, sizeof(value)))) {
		ASSERT_GE(max_size, table_info(self->fd).memory_usage);
	}
	EXPECT_EQ(-ENOSPC, ret);

	image = table_image(self->fd);
	EXPECT_LT(max_size / 2, image.info.memory_usage);
	EXPECT_EQ(-ENOSPC, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				     value, sizeof(value)));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);

	/* Small entries still find room, down to the last one. */
	while (!(ret = table_put(self->fd, 0, "key", NULL))) {
		ASSERT_GE(max_size, table_info(self->fd).memory_usage);
	}
	EXPECT_EQ(-ENOSPC, ret);
	image = table_image(self->fd);
	EXPECT_LT(0, image.info.tombstones);
	EXPECT_LT(max_size - 4096, image.info.memory_usage);
	EXPECT_EQ(-ENOSPC, table_put(self->fd, 0, "", NULL));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* A sealed table takes no entry, not even a tombstone. */
TEST_F(add, sealed)
{
	struct image image;

	ASSERT_EQ(0, add(self));
	ASSERT_EQ(0, table_seal(self->fd));
	image = table_image(self->fd);
	self->add.sequence = 0;
	EXPECT_EQ(-EROFS, add(self));
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "other", NULL));
	EXPECT_EQ(-EROFS, table_put(self->fd, 9, "other", "value"));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

TEST_HARNESS_MAIN
