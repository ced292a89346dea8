// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - READ: many keys at one snapshot
 */

#include "common.h"

FIXTURE(read)
{
	int fd;
	/* Asks for a value, an absent key, a deleted one, the first again. */
	struct stream keys;
	struct stream answers;
	char buffer[1024];
	struct memtable_read read;
};

FIXTURE_SETUP(read)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, table_put(self->fd, 1, "apple", "red"));
	ASSERT_EQ(0, table_put(self->fd, 2, "fig", "blue"));
	ASSERT_EQ(0, table_put(self->fd, 3, "fig", NULL));
	ASSERT_EQ(0, table_put(self->fd, 4, "apple", "green"));

	stream_put(&self->keys, 0, "apple", NULL);
	stream_put(&self->keys, 0, "pear", NULL);
	stream_put(&self->keys, 0, "fig", NULL);
	stream_put(&self->keys, 0, "apple", NULL);

	stream_put(&self->answers, 4, "apple", "green");
	stream_add(&self->answers, 0, MEMTABLE_TYPE_ABSENT, "pear", 4, NULL, 0);
	stream_put(&self->answers, 3, "fig", NULL);
	stream_put(&self->answers, 4, "apple", "green");

	memset(self->buffer, CANARY, sizeof(self->buffer));
	self->read = (struct memtable_read){
		.keys = ADDRESS(self->keys.data),
		.keys_length = self->keys.length,
		.records = ADDRESS(self->buffer),
		.records_size = sizeof(self->buffer),
	};
}

FIXTURE_TEARDOWN(read)
{
	stream_free(&self->keys);
	stream_free(&self->answers);
	EXPECT_EQ(0, close(self->fd));
}

static int read_request(FIXTURE_DATA(read) *const self)
{
	return request(self->fd, MEMTABLE_IOC_READ, &self->read);
}

/* Each key is answered in its place, and the results are counted. */
TEST_F(read, answers)
{
	ASSERT_EQ(0, read_request(self));
	EXPECT_EQ(4, self->read.count);
	EXPECT_EQ(2, self->read.found);
	EXPECT_EQ(4, self->read.snapshot);
	ASSERT_EQ(self->answers.length, self->read.records_length);
	EXPECT_EQ(0, memcmp(self->answers.data, self->buffer,
			    self->answers.length));
	EXPECT_TRUE(all_bytes(self->buffer + self->answers.length,
			      sizeof(self->buffer) - self->answers.length,
			      CANARY));
}

/* All keys are read at the snapshot that is asked for. */
TEST_F(read, snapshot)
{
	struct stream expected = {};

	stream_put(&expected, 1, "apple", "red");
	stream_add(&expected, 0, MEMTABLE_TYPE_ABSENT, "pear", 4, NULL, 0);
	stream_put(&expected, 2, "fig", "blue");
	stream_put(&expected, 1, "apple", "red");
	self->read.snapshot = 2;
	ASSERT_EQ(0, read_request(self));
	EXPECT_EQ(2, self->read.snapshot);
	EXPECT_EQ(4, self->read.count);
	EXPECT_EQ(3, self->read.found);
	ASSERT_EQ(expected.length, self->read.records_length);
	EXPECT_EQ(0, memcmp(expected.data, self->buffer, expected.length));
	stream_free(&expected);
}

/* A snapshot is a sequence number that there can be, or the empty one. */
TEST_F(read, unknown_snapshot)
{
	self->read.snapshot = MEMTABLE_MAX_SEQUENCE + 1;
	EXPECT_EQ(-EINVAL, read_request(self));
	self->read.snapshot = MEMTABLE_SNAPSHOT_EMPTY - 1;
	EXPECT_EQ(-EINVAL, read_request(self));
	self->read.snapshot = MEMTABLE_MAX_SEQUENCE;
	EXPECT_EQ(0, read_request(self));
	EXPECT_EQ(4, self->read.snapshot);
}

/* No keys are no question: nothing is answered. */
TEST_F(read, no_keys)
{
	self->read.keys = 0;
	self->read.keys_length = 0;
	self->read.records = 0;
	self->read.records_size = 0;
	self->read.count = 1;
	self->read.found = 1;
	self->read.records_length = 1;
	EXPECT_EQ(0, read_request(self));
	EXPECT_EQ(0, self->read.count);
	EXPECT_EQ(0, self->read.found);
	EXPECT_EQ(0, self->read.records_length);
	EXPECT_EQ(4, self->read.snapshot);
}

/* An empty table says nothing about any key. */
TEST_F(read, empty_table)
{
	const int fd = table_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, request(fd, MEMTABLE_IOC_READ, &self->read));
	EXPECT_EQ(4, self->read.count);
	EXPECT_EQ(0, self->read.found);
	EXPECT_EQ(self->keys.length, self->read.records_length);
	/* That snapshot stays empty. */
	EXPECT_EQ(MEMTABLE_SNAPSHOT_EMPTY, self->read.snapshot);
	ASSERT_EQ(0, table_put(fd, 0, "apple", "red"));
	ASSERT_EQ(0, request(fd, MEMTABLE_IOC_READ, &self->read));
	EXPECT_EQ(0, self->read.found);
	EXPECT_EQ(MEMTABLE_SNAPSHOT_EMPTY, self->read.snapshot);
	EXPECT_EQ(0, close(fd));
}

/* Into a buffer that is too small nothing is copied; the size is told. */
TEST_F(read, small_buffer)
{
	for (size_t size = 0; size < self->answers.length; size++) {
		self->read.records_size = size;
		self->read.records_length = 0;
		EXPECT_EQ(-ERANGE, read_request(self));
		EXPECT_EQ(self->answers.length, self->read.records_length);
		ASSERT_TRUE(all_bytes(self->buffer, sizeof(self->buffer),
				      CANARY));
	}
	self->read.records = 0;
	self->read.records_size = 0;
	EXPECT_EQ(-ERANGE, read_request(self));
	EXPECT_EQ(self->answers.length, self->read.records_length);
}

/* A buffer of just the size does, at the end of memory too. */
TEST_F(read, exact_buffer)
{
	char *const buffer = guarded(self->answers.length);

	self->read.keys =
		ADDRESS(guarded_copy(self->keys.data, self->keys.length));
	self->read.records = ADDRESS(buffer);
	self->read.records_size = self->answers.length;
	EXPECT_EQ(0, read_request(self));
	EXPECT_EQ(0, memcmp(self->answers.data, buffer, self->answers.length));
	/* The size may be more than there is memory, if the answers are not. */
	memset(buffer, 0, self->answers.length);
	self->read.records_size = UINT64_MAX;
	EXPECT_EQ(0, read_request(self));
	EXPECT_EQ(0, memcmp(self->answers.data, buffer, self->answers.length));
}

/* A key stream cut anywhere but between two records is refused. */
TEST_F(read, truncated)
{
	size_t boundary = 0;
	unsigned int count = 0;

	for (size_t length = 1; length < self->keys.length; length++) {
		self->read.keys_length = length;
		if (length == boundary + record_size(count == 1 ? 4 :
						     count == 2 ? 3 : 5, 0)) {
			boundary = length;
			count++;
			EXPECT_EQ(0, read_request(self));
			EXPECT_EQ(count, self->read.count);
			memset(self->buffer, CANARY, sizeof(self->buffer));
			self->read.snapshot = 0;
			continue;
		}
		EXPECT_EQ(-EINVAL, read_request(self))
		{
			TH_LOG("Length %zu", length);
		}
	}
	EXPECT_EQ(3, count);
	EXPECT_TRUE(all_bytes(self->buffer, sizeof(self->buffer), CANARY));
}

/* A key to look up has no tag and no value. */
TEST_F(read, not_a_key)
{
	struct memtable_record *const header =
		(struct memtable_record *)self->keys.data;

	header->tag = record_tag(0, MEMTABLE_TYPE_VALUE);
	EXPECT_EQ(-EINVAL, read_request(self));
	header->tag = record_tag(0, MEMTABLE_TYPE_ABSENT);
	EXPECT_EQ(-EINVAL, read_request(self));
	header->tag = record_tag(1, 0);
	EXPECT_EQ(-EINVAL, read_request(self));
	header->tag = 0;
	header->value_length = 1;
	header->key_length--;
	EXPECT_EQ(-EINVAL, read_request(self));
	header->value_length = 0;
	header->key_length++;
	EXPECT_EQ(0, read_request(self));
}

/* Keys and streams have the longest length that they have in a batch. */
TEST_F(read, too_long)
{
	char *const key = checked(calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1));
	struct stream keys = {};

	stream_add(&keys, 0, 0, key, MEMTABLE_MAX_KEY_LENGTH + 1, NULL, 0);
	self->read.keys = ADDRESS(keys.data);
	self->read.keys_length = keys.length;
	EXPECT_EQ(-EMSGSIZE, read_request(self));
	self->read.keys_length = MEMTABLE_MAX_REQUEST_LENGTH + 8;
	EXPECT_EQ(-EMSGSIZE, read_request(self));
	self->read.keys_length = UINT64_MAX;
	EXPECT_EQ(-EMSGSIZE, read_request(self));

	keys.length = 0;
	stream_add(&keys, 0, 0, key, MEMTABLE_MAX_KEY_LENGTH, NULL, 0);
	self->read.keys = ADDRESS(keys.data);
	self->read.keys_length = keys.length;
	EXPECT_EQ(-ERANGE, read_request(self));
	EXPECT_EQ(keys.length, self->read.records_length);
	stream_free(&keys);
	free(key);
}

/* Keys that cannot be read or a buffer that cannot be written are bad. */
TEST_F(read, bad_pointer)
{
	char *const end = (char *)guarded(1024) + 1024;

	self->read.keys = 0;
	EXPECT_EQ(-EFAULT, read_request(self));
	self->read.keys = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, read_request(self));
	for (size_t room = 0; room < self->keys.length; room++) {
		memcpy(end - room, self->keys.data, room);
		self->read.keys = ADDRESS(end - room);
		EXPECT_EQ(-EFAULT, read_request(self));
	}
	self->read.keys = ADDRESS(self->keys.data);
	self->read.records = 0;
	EXPECT_EQ(-EFAULT, read_request(self));
	self->read.records = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, read_request(self));
	for (size_t room = 0; room < self->answers.length; room++) {
		self->read.records = ADDRESS(end - room);
		EXPECT_EQ(-EFAULT, read_request(self));
	}
	self->read.records = ADDRESS(read_only_copy(self->buffer, 1024));
	EXPECT_EQ(-EFAULT, read_request(self));
}

/* Thousands of keys, of which each second one is there, in random order. */
TEST_F_TIMEOUT(read, many, LONG_TIMEOUT)
{
	const unsigned int count = scaled(20000);
	struct stream stream = {};
	struct stream keys = {};
	struct record record;
	unsigned int seen = 0;
	unsigned int found = 0;
	size_t offset = 0;
	__u64 seed = 1;
	char *buffer;

	for (__u32 key = 0; key < count; key += 2)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &key, sizeof(key));
	ASSERT_EQ(0, table_write(self->fd, &stream));
	stream_free(&stream);
	for (unsigned int i = 0; i < count; i++) {
		const __u32 key = random_next(&seed) % count;

		stream_add(&keys, 0, 0, &key, sizeof(key), NULL, 0);
		found += !(key & 1);
	}
	self->read.keys = ADDRESS(keys.data);
	self->read.keys_length = keys.length;
	self->read.records_size = 0;
	ASSERT_EQ(-ERANGE, read_request(self));
	buffer = guarded(self->read.records_length);
	self->read.records = ADDRESS(buffer);
	self->read.records_size = self->read.records_length;
	ASSERT_EQ(0, read_request(self));
	EXPECT_EQ(count, self->read.count);
	EXPECT_EQ(found, self->read.found);

	seed = 1;
	while (record_next(buffer, self->read.records_length, &offset,
			   &record) > 0) {
		const __u32 key = random_next(&seed) % count;

		ASSERT_EQ(sizeof(key), record.key_length);
		ASSERT_EQ(0, memcmp(&key, record.key, sizeof(key)));
		ASSERT_EQ(key & 1 ? MEMTABLE_TYPE_ABSENT : MEMTABLE_TYPE_VALUE,
			  record.type);
		if (!(key & 1)) {
			ASSERT_EQ(0, memcmp(&key, record.value, sizeof(key)));
		}
		seen++;
	}
	EXPECT_EQ(count, seen);
	stream_free(&keys);
}

/* A sealed table still answers. */
TEST_F(read, sealed)
{
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(0, read_request(self));
	EXPECT_EQ(2, self->read.found);
}

TEST_HARNESS_MAIN
