// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - WRITE: record streams that are applied whole or not at all
 */

#include "common.h"

FIXTURE(write)
{
	int fd;
	/* Three records: a value, a tombstone, an empty value. */
	struct stream stream;
	struct memtable_write write;
};

FIXTURE_SETUP(write)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	stream_put(&self->stream, 0, "apple", "red");
	stream_put(&self->stream, 0, "pear", NULL);
	stream_put(&self->stream, 0, "fig", "");
	self->write.records = ADDRESS(self->stream.data);
	self->write.length = self->stream.length;
}

FIXTURE_TEARDOWN(write)
{
	stream_free(&self->stream);
	EXPECT_EQ(0, close(self->fd));
}

static int write_request(FIXTURE_DATA(write) *const self)
{
	return request(self->fd, MEMTABLE_IOC_WRITE, &self->write);
}

/* The header of the stream's first record, to be spoilt. */
static struct memtable_record *first(FIXTURE_DATA(write) *const self)
{
	return (struct memtable_record *)self->stream.data;
}

/* Records without sequence numbers get consecutive ones, in their order. */
TEST_F(write, next_sequences)
{
	ASSERT_EQ(0, write_request(self));
	EXPECT_EQ(3, self->write.count);
	EXPECT_EQ(3, self->write.last_sequence);
	ASSERT_EQ(0, write_request(self));
	EXPECT_EQ(3, self->write.count);
	EXPECT_EQ(6, self->write.last_sequence);
	EXPECT_EQ(6, table_info(self->fd).entries);
	EXPECT_EQ(6, table_info(self->fd).last_sequence);

	for (unsigned int i = 0; i < 2; i++) {
		struct memtable_get get = { STRING(key, "pear"),
					    .snapshot = 3 * (i + 1) };

		EXPECT_EQ(-ENOENT, request(self->fd, MEMTABLE_IOC_GET, &get));
		EXPECT_EQ(record_tag(3 * i + 2, MEMTABLE_TYPE_DELETION),
			  get.tag);
	}
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 2, "fig", ""));
	EXPECT_EQ(0, table_differs(self->fd, 3, "fig", ""));
	EXPECT_EQ(0, table_differs(self->fd, 0, "apple", "red"));
}

/* Records keep the sequence numbers they come with, in any order. */
TEST_F(write, own_sequences)
{
	struct stream stream = {};

	stream_put(&stream, 9, "key", "nine");
	stream_put(&stream, 30, "key", "thirty");
	stream_put(&stream, 9, "other", "nine");
	stream_put(&stream, 20, "key", NULL);
	self->write.records = ADDRESS(stream.data);
	self->write.length = stream.length;
	ASSERT_EQ(0, write_request(self));
	EXPECT_EQ(4, self->write.count);
	EXPECT_EQ(30, self->write.last_sequence);
	EXPECT_EQ(30, table_info(self->fd).last_sequence);
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "thirty"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 29, "key", ""));
	EXPECT_EQ(0, table_differs(self->fd, 19, "key", "nine"));

	/* A batch of older entries tells its own highest sequence number. */
	stream.length = 0;
	stream_put(&stream, 5, "key", "five");
	stream_put(&stream, 4, "other", "four");
	self->write.records = ADDRESS(stream.data);
	self->write.length = stream.length;
	ASSERT_EQ(0, write_request(self));
	EXPECT_EQ(2, self->write.count);
	EXPECT_EQ(5, self->write.last_sequence);
	EXPECT_EQ(30, table_info(self->fd).last_sequence);
	EXPECT_EQ(0, table_differs(self->fd, 8, "key", "five"));
	stream_free(&stream);
}

/* The same key may come many times; the last one of the batch wins. */
TEST_F(write, repeated_key)
{
	struct stream stream = {};

	stream_put(&stream, 0, "key", "one");
	stream_put(&stream, 0, "key", NULL);
	stream_put(&stream, 0, "key", "three");
	ASSERT_EQ(0, table_write(self->fd, &stream));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "three"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 2, "key", ""));
	EXPECT_EQ(0, table_differs(self->fd, 1, "key", "one"));
	stream_free(&stream);
}

/* An empty batch changes nothing, wherever it is said to be. */
TEST_F(write, empty)
{
	struct image image = table_image(self->fd);

	self->write.count = 1;
	self->write.length = 0;
	EXPECT_EQ(0, write_request(self));
	EXPECT_EQ(0, self->write.count);
	self->write.records = 0;
	EXPECT_EQ(0, write_request(self));
	self->write.records = UINT64_MAX;
	EXPECT_EQ(0, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* Padding is ignored on the way in, and zero on the way out. */
TEST_F(write, padding)
{
	struct stream out = {};
	struct stream expected = {};

	for (size_t length = 0; length < 24; length++) {
		char key[24];
		struct stream in = {};
		const size_t used =
			sizeof(struct memtable_record) + length + 1;

		memset(key, 'k', sizeof(key));
		stream_add(&in, length + 1, MEMTABLE_TYPE_VALUE, key, length,
			   "v", 1);
		stream_add(&expected, length + 1, MEMTABLE_TYPE_VALUE, key,
			   length, "v", 1);
		memset(in.data + used, CANARY, in.length - used);
		ASSERT_EQ(0, table_write(self->fd, &in));
		stream_free(&in);
	}
	ASSERT_EQ(0, table_scan(self->fd, 0, 0, 65536, &out));
	EXPECT_TRUE(stream_equal(&expected, &out));
	stream_free(&expected);
	stream_free(&out);
}

/* A stream cut anywhere but between two records is refused whole. */
TEST_F(write, truncated)
{
	const size_t whole = self->stream.length;
	const size_t one = record_size(5, 3);
	const size_t two = one + record_size(4, 0);
	struct image image = table_image(self->fd);

	for (size_t length = 1; length < whole; length++) {
		if (length == one || length == two)
			continue;
		self->write.length = length;
		EXPECT_EQ(-EINVAL, write_request(self))
		{
			TH_LOG("Length %zu", length);
		}
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	self->write.length = one;
	EXPECT_EQ(0, write_request(self));
	EXPECT_EQ(1, self->write.count);
	self->write.length = two;
	EXPECT_EQ(0, write_request(self));
	EXPECT_EQ(2, self->write.count);
}

/* A stream goes on beyond its last record with another one, or not at all. */
TEST_F(write, trailing_bytes)
{
	struct image image = table_image(self->fd);
	const size_t whole = self->stream.length;

	stream_reserve(&self->stream, whole + 64);
	memset(self->stream.data + whole, 0, 64);
	self->write.records = ADDRESS(self->stream.data);
	for (size_t extra = 1; extra < 16; extra++) {
		self->write.length = whole + extra;
		EXPECT_EQ(-EINVAL, write_request(self));
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* Lengths that do not add up are refused, however large they are. */
TEST_F(write, wrong_lengths)
{
	static const __u32 lengths[] = {
		1000, 65535, 65536, 1 << 24, (1 << 24) + 1, 0x7fffffff,
		0x80000000, 0xfffffff0, UINT32_MAX - 7, UINT32_MAX,
	};
	struct image image = table_image(self->fd);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int ret;

		first(self)->key_length = lengths[i];
		ret = write_request(self);
		EXPECT_TRUE(ret == -EINVAL || ret == -EMSGSIZE);
		first(self)->value_length = lengths[i];
		ret = write_request(self);
		EXPECT_TRUE(ret == -EINVAL || ret == -EMSGSIZE);
		first(self)->key_length = 5;
		ret = write_request(self);
		EXPECT_TRUE(ret == -EINVAL || ret == -EMSGSIZE);
		first(self)->value_length = 3;
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	EXPECT_EQ(0, write_request(self));
}

/* Only values and deletions are written, in whichever record. */
TEST_F(write, unknown_type)
{
	static const unsigned int unknown[] = { 100, 128, 254,
						MEMTABLE_TYPE_ABSENT };
	struct image image = table_image(self->fd);

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct stream stream = {};

		stream_add(&stream, 0, unknown[i], "key", 3, NULL, 0);
		EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
		/* A good record before it changes nothing. */
		stream.length = 0;
		stream_put(&stream, 0, "key", "value");
		stream_add(&stream, 0, unknown[i], "key", 3, "value", 5);
		EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
		stream_free(&stream);
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* A tombstone has no value. */
TEST_F(write, tombstone_with_value)
{
	struct image image = table_image(self->fd);

	first(self)->tag = record_tag(0, MEMTABLE_TYPE_DELETION);
	EXPECT_EQ(-EINVAL, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* Either every record has a sequence number or none has. */
TEST_F(write, mixed_sequences)
{
	struct image image = table_image(self->fd);

	for (unsigned int set = 1; set < 7; set++) {
		struct stream stream = {};

		for (unsigned int i = 0; i < 3; i++)
			stream_put(&stream, set & 1 << i ? 10 + i : 0, "key",
				   "value");
		EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
		stream_free(&stream);
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* What the table has already makes the whole batch fail, wherever it stands. */
TEST_F(write, duplicate_in_table)
{
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, 7, "key", "value"));
	image = table_image(self->fd);
	for (unsigned int position = 0; position < 5; position++) {
		struct stream stream = {};

		for (unsigned int i = 0; i < 5; i++)
			stream_put(&stream, i == position ? 7 : 10 + i, "key",
				   i & 1 ? "other" : NULL);
		EXPECT_EQ(-EEXIST, table_write(self->fd, &stream));
		stream_free(&stream);
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* So does what the batch itself has twice, far apart or side by side. */
TEST_F(write, duplicate_in_batch)
{
	struct image image = table_image(self->fd);

	for (unsigned int one = 0; one < 5; one++) {
		for (unsigned int two = one + 1; two < 5; two++) {
			struct stream stream = {};

			for (unsigned int i = 0; i < 5; i++)
				stream_put(&stream, i == two ? 10 + one : 10 + i,
					   "key", i & 1 ? "value" : NULL);
			EXPECT_EQ(-EEXIST, table_write(self->fd, &stream));
			stream_free(&stream);
		}
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* One sequence number may have many keys. */
TEST_F(write, shared_sequence)
{
	struct stream stream = {};

	stream_put(&stream, 7, "one", "1");
	stream_put(&stream, 7, "two", "2");
	stream_put(&stream, 7, "three", "3");
	EXPECT_EQ(0, table_write(self->fd, &stream));
	EXPECT_EQ(3, table_info(self->fd).entries);
	EXPECT_EQ(7, table_info(self->fd).last_sequence);
	stream_free(&stream);
}

/* A key or value that is too long makes the batch fail as it does in ADD. */
TEST_F(write, too_long)
{
	char *const data = checked(calloc(1, MEMTABLE_MAX_VALUE_LENGTH + 1));
	struct image image = table_image(self->fd);
	struct stream stream = {};

	stream_put(&stream, 0, "key", "value");
	stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, data,
		   MEMTABLE_MAX_KEY_LENGTH + 1, "value", 5);
	EXPECT_EQ(-EMSGSIZE, table_write(self->fd, &stream));
	stream.length = 0;
	stream_put(&stream, 0, "key", "value");
	stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, "key", 3, data,
		   MEMTABLE_MAX_VALUE_LENGTH + 1);
	EXPECT_EQ(-EMSGSIZE, table_write(self->fd, &stream));
	EXPECT_TRUE(table_unchanged(self->fd, &image));

	stream.length = 0;
	stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, data,
		   MEMTABLE_MAX_KEY_LENGTH, data, MEMTABLE_MAX_VALUE_LENGTH);
	EXPECT_EQ(0, table_write(self->fd, &stream));
	stream_free(&stream);
	free(data);
}

/* The longest stream is 64 MiB, and no byte more is looked at. */
TEST_F_TIMEOUT(write, longest_stream, LONG_TIMEOUT)
{
	const size_t header = sizeof(struct memtable_record);
	const size_t quarter = MEMTABLE_MAX_REQUEST_LENGTH / 4;
	struct image image = table_image(self->fd);
	struct stream stream = {};
	char *const value = checked(calloc(1, quarter));

	for (__u32 key = 0; key < 4; key++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, quarter - header - sizeof(key));
	free(value);
	ASSERT_EQ(MEMTABLE_MAX_REQUEST_LENGTH, stream.length);
	/* One record more is too many. */
	stream_put(&stream, 0, "", NULL);
	EXPECT_EQ(-EMSGSIZE, table_write(self->fd, &stream));
	self->write.length = UINT64_MAX;
	EXPECT_EQ(-EMSGSIZE, write_request(self));
	self->write.length = 1ULL << 32;
	EXPECT_EQ(-EMSGSIZE, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));

	stream.length = MEMTABLE_MAX_REQUEST_LENGTH;
	EXPECT_EQ(0, table_write(self->fd, &stream));
	EXPECT_EQ(4, table_info(self->fd).entries);
	stream_free(&stream);
}

/* A stream that cannot be read to its end is a bad pointer, from any byte on. */
TEST_F(write, bad_pointer)
{
	const size_t whole = self->stream.length;
	char *const end = (char *)guarded(whole) + whole;
	struct image image = table_image(self->fd);

	self->write.records = 0;
	EXPECT_EQ(-EFAULT, write_request(self));
	self->write.records = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, write_request(self));
	for (size_t missing = 1; missing <= whole; missing++) {
		memcpy(end - (whole - missing), self->stream.data,
		       whole - missing);
		self->write.records = ADDRESS(end - (whole - missing));
		EXPECT_EQ(-EFAULT, write_request(self));
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));

	memcpy(end - whole, self->stream.data, whole);
	self->write.records = ADDRESS(end - whole);
	EXPECT_EQ(0, write_request(self));
}

/* A batch that would pass the maximum size is refused whole. */
TEST_F(write, full)
{
	const __u64 max_size = 100000;
	struct stream stream = {};
	struct image image;
	char value[1000] = {};

	ASSERT_EQ(0, table_configure(self->fd, 0, max_size));
	for (__u32 key = 0; key < 60; key++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, sizeof(value));
	ASSERT_EQ(0, table_write(self->fd, &stream));
	image = table_image(self->fd);
	ASSERT_LT(60 * sizeof(value), image.info.memory_usage);
	ASSERT_GE(max_size, image.info.memory_usage);
	EXPECT_EQ(-ENOSPC, table_write(self->fd, &stream));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	/* Another one that fits is still taken. */
	EXPECT_EQ(0, write_request(self));
	stream_free(&stream);
}

/* The maximum size holds for many small records, whatever their blocks take. */
TEST_F(write, full_of_small_records)
{
	const __u64 max_size = 200000;
	struct stream stream = {};
	struct image image;
	__u64 seed = 1;
	int ret;

	ASSERT_EQ(0, table_configure(self->fd, 0, max_size));
	do {
		stream.length = 0;
		for (unsigned int i = 0; i < 50; i++) {
			const __u64 key = random_next(&seed);

			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), NULL, 0);
		}
		image = table_image(self->fd);
		ASSERT_GE(max_size, image.info.memory_usage);
		ret = table_write(self->fd, &stream);
		if (ret) {
			EXPECT_TRUE(table_unchanged(self->fd, &image));
		}
		stream_free(&image.records);
	} while (!ret);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_LT(max_size / 2, table_info(self->fd).memory_usage);
	stream_free(&stream);
}

/* A batch needs a sequence number for each of its records. */
TEST_F(write, sequences_used_up)
{
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, MEMTABLE_MAX_SEQUENCE - 3, "key", ""));
	ASSERT_EQ(0, write_request(self));
	EXPECT_EQ(MEMTABLE_MAX_SEQUENCE, self->write.last_sequence);
	image = table_image(self->fd);
	EXPECT_EQ(-EOVERFLOW, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* With fewer sequence numbers left than records none of them is used. */
TEST_F(write, too_few_sequences)
{
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, MEMTABLE_MAX_SEQUENCE - 2, "key", ""));
	image = table_image(self->fd);
	EXPECT_EQ(-EOVERFLOW, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* A sealed table takes no batch. */
TEST_F(write, sealed)
{
	struct image image;

	ASSERT_EQ(0, write_request(self));
	ASSERT_EQ(0, table_seal(self->fd));
	image = table_image(self->fd);
	EXPECT_EQ(-EROFS, write_request(self));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* A large batch in random order lies in the table in order of its keys. */
TEST_F_TIMEOUT(write, random_order, LONG_TIMEOUT)
{
	const unsigned int count = scaled(20000);
	struct stream in = {};
	struct stream out = {};
	struct record record;
	size_t offset = 0;
	__u64 seed = 1;
	__u64 sum = 0;
	__u64 last = 0;
	unsigned int seen = 0;

	for (unsigned int i = 0; i < count; i++) {
		const __u64 key = random_next(&seed);
		const __u64 big_endian = __builtin_bswap64(key);

		stream_add(&in, 0, MEMTABLE_TYPE_VALUE, &big_endian,
			   sizeof(big_endian), &key, sizeof(key));
		sum += key;
	}
	ASSERT_EQ(0, table_write(self->fd, &in));
	ASSERT_EQ(0, table_scan(self->fd, 0, 0, 65536, &out));
	while (record_next(out.data, out.length, &offset, &record) > 0) {
		__u64 key;

		memcpy(&key, record.value, sizeof(key));
		ASSERT_LT(last, key);
		last = key;
		sum -= key;
		seen++;
	}
	EXPECT_EQ(count, seen);
	EXPECT_EQ(0, sum);
	stream_free(&in);
	stream_free(&out);
}

TEST_HARNESS_MAIN
