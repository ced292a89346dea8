// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - GET: one key at a snapshot, into the caller's buffer
 */

#include "common.h"

FIXTURE(get)
{
	int fd;
	char buffer[64];
	/* A valid argument for the tests to spoil. */
	struct memtable_get get;
};

FIXTURE_SETUP(get)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	memset(self->buffer, CANARY, sizeof(self->buffer));
	self->get = (struct memtable_get){
		STRING(key, "key"),
		.value = ADDRESS(self->buffer),
		.value_size = sizeof(self->buffer),
	};
}

FIXTURE_TEARDOWN(get)
{
	EXPECT_EQ(0, close(self->fd));
}

static int get(FIXTURE_DATA(get) *const self)
{
	return request(self->fd, MEMTABLE_IOC_GET, &self->get);
}

/* The value, its length and its tag come back, and no byte more. */
TEST_F(get, value)
{
	ASSERT_EQ(0, table_put(self->fd, 5, "key", "value"));
	ASSERT_EQ(0, get(self));
	EXPECT_EQ(record_tag(5, MEMTABLE_TYPE_VALUE), self->get.tag);
	EXPECT_EQ(5, self->get.value_length);
	EXPECT_EQ(0, memcmp("value", self->buffer, 5));
	EXPECT_TRUE(all_bytes(self->buffer + 5, sizeof(self->buffer) - 5,
			      CANARY));
}

/* About an absent key the table says nothing: no entry, no tag. */
TEST_F(get, absent)
{
	self->get.tag = 1;
	EXPECT_EQ(-ENOENT, get(self));
	EXPECT_EQ(0, self->get.tag);

	ASSERT_EQ(0, table_put(self->fd, 0, "ke", "value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "key2", "value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "kez", "value"));
	self->get.tag = 1;
	EXPECT_EQ(-ENOENT, get(self));
	EXPECT_EQ(0, self->get.tag);
	EXPECT_TRUE(all_bytes(self->buffer, sizeof(self->buffer), CANARY));
}

/* A deleted key has no value either, but the tombstone's tag tells so. */
TEST_F(get, deleted)
{
	ASSERT_EQ(0, table_put(self->fd, 5, "key", "value"));
	ASSERT_EQ(0, table_put(self->fd, 6, "key", NULL));
	EXPECT_EQ(-ENOENT, get(self));
	EXPECT_EQ(record_tag(6, MEMTABLE_TYPE_DELETION), self->get.tag);
	EXPECT_TRUE(all_bytes(self->buffer, sizeof(self->buffer), CANARY));
	/* The size of the buffer does not matter where there is no value. */
	self->get.value = 0;
	self->get.value_size = 0;
	EXPECT_EQ(-ENOENT, get(self));
}

/* At each snapshot the newest version at or below it answers. */
TEST_F(get, snapshot)
{
	ASSERT_EQ(0, table_put(self->fd, 10, "key", "ten"));
	ASSERT_EQ(0, table_put(self->fd, 20, "key", NULL));
	ASSERT_EQ(0, table_put(self->fd, 30, "key", "thirty"));
	for (__u64 snapshot = 1; snapshot <= 30; snapshot++) {
		self->get.snapshot = snapshot;
		self->get.tag = 1;
		if (snapshot < 10) {
			EXPECT_EQ(-ENOENT, get(self));
			EXPECT_EQ(0, self->get.tag);
		} else if (snapshot < 20) {
			EXPECT_EQ(0, get(self));
			EXPECT_EQ(record_tag(10, MEMTABLE_TYPE_VALUE),
				  self->get.tag);
		} else if (snapshot < 30) {
			EXPECT_EQ(-ENOENT, get(self));
			EXPECT_EQ(record_tag(20, MEMTABLE_TYPE_DELETION),
				  self->get.tag);
		} else {
			EXPECT_EQ(0, get(self));
			EXPECT_EQ(record_tag(30, MEMTABLE_TYPE_VALUE),
				  self->get.tag);
		}
		EXPECT_EQ(snapshot, self->get.snapshot);
	}
	/* The snapshot of an empty table sees nothing. */
	EXPECT_EQ(-ENOENT, table_differs(self->fd, MEMTABLE_SNAPSHOT_EMPTY,
					 "key", ""));
	EXPECT_EQ(-EINVAL, table_differs(self->fd, MEMTABLE_MAX_SEQUENCE + 1,
					 "key", ""));
	EXPECT_EQ(-EINVAL, table_differs(self->fd, MEMTABLE_SNAPSHOT_EMPTY - 1,
					 "key", ""));
	/* What lies beyond the last sequence is the latest. */
	EXPECT_EQ(0, table_differs(self->fd, 31, "key", "thirty"));
	EXPECT_EQ(0, table_differs(self->fd, MEMTABLE_MAX_SEQUENCE, "key",
				   "thirty"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "thirty"));
}

/* Into a buffer that is too small nothing is copied; the length is told. */
TEST_F(get, small_buffer)
{
	ASSERT_EQ(0, table_put(self->fd, 5, "key", "value"));
	for (__u32 size = 0; size < 5; size++) {
		self->get.value_size = size;
		self->get.value_length = 0;
		self->get.tag = 0;
		EXPECT_EQ(-ERANGE, get(self));
		EXPECT_EQ(5, self->get.value_length);
		EXPECT_EQ(record_tag(5, MEMTABLE_TYPE_VALUE), self->get.tag);
		EXPECT_EQ(size, self->get.value_size);
	}
	EXPECT_TRUE(all_bytes(self->buffer, sizeof(self->buffer), CANARY));
	self->get.value = 0;
	self->get.value_size = 0;
	EXPECT_EQ(-ERANGE, get(self));
	EXPECT_EQ(5, self->get.value_length);
}

/* A buffer of just the value's length does, at the end of memory too. */
TEST_F(get, exact_buffer)
{
	char *const buffer = guarded(5);

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	self->get.value = ADDRESS(buffer);
	self->get.value_size = 5;
	EXPECT_EQ(0, get(self));
	EXPECT_EQ(0, memcmp("value", buffer, 5));
	/* The size may be more than there is memory, if the value is not. */
	memset(buffer, 0, 5);
	self->get.value_size = UINT32_MAX;
	EXPECT_EQ(0, get(self));
	EXPECT_EQ(0, memcmp("value", buffer, 5));
}

/* An empty value is a value, and needs no buffer. */
TEST_F(get, empty_value)
{
	ASSERT_EQ(0, table_put(self->fd, 5, "key", ""));
	self->get.value = 0;
	self->get.value_size = 0;
	self->get.value_length = 1;
	EXPECT_EQ(0, get(self));
	EXPECT_EQ(0, self->get.value_length);
	EXPECT_EQ(record_tag(5, MEMTABLE_TYPE_VALUE), self->get.tag);
}

/* The empty key is a key like any other. */
TEST_F(get, empty_key)
{
	self->get.key = 0;
	self->get.key_length = 0;
	EXPECT_EQ(-ENOENT, get(self));
	ASSERT_EQ(0, table_put(self->fd, 0, "", "nothing"));
	EXPECT_EQ(0, get(self));
	EXPECT_EQ(0, memcmp("nothing", self->buffer, 7));
}

/* Keys that begin alike, or end in zero bytes, are different keys. */
TEST_F(get, similar_keys)
{
	/* Each is @prefix bytes of the letter a and then @zeros zero bytes. */
	for (__u32 prefix = 0; prefix <= 20; prefix++) {
		for (__u32 zeros = 0; zeros <= 20; zeros++) {
			const __u32 value = prefix << 8 | zeros;
			char key[40] = {};

			memset(key, 'a', prefix);
			ASSERT_EQ(0, table_add(self->fd, prefix + 1,
					       MEMTABLE_TYPE_VALUE, key,
					       prefix + zeros, &value,
					       sizeof(value)));
		}
	}
	for (__u32 prefix = 0; prefix <= 20; prefix++) {
		for (__u32 zeros = 0; zeros <= 21; zeros++) {
			const __u32 value = prefix << 8 | zeros;
			char key[42] = {};

			memset(key, 'a', prefix);
			self->get.key = ADDRESS(key);
			self->get.key_length = prefix + zeros;
			ASSERT_EQ(zeros > 20 ? -ENOENT : 0, get(self));
			if (zeros <= 20) {
				ASSERT_EQ(0, memcmp(&value, self->buffer,
						    sizeof(value)));
			}
		}
	}
}

/* No key is longer than 65535 bytes. */
TEST_F(get, long_key)
{
	char *const key = guarded(MEMTABLE_MAX_KEY_LENGTH + 1);

	self->get.key = ADDRESS(key);
	self->get.key_length = MEMTABLE_MAX_KEY_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, get(self));
	self->get.key_length = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, get(self));
	self->get.key_length = MEMTABLE_MAX_KEY_LENGTH;
	EXPECT_EQ(-ENOENT, get(self));
}

/* A key that cannot be read or a buffer that cannot be written is bad. */
TEST_F(get, bad_pointer)
{
	char *const end = (char *)guarded(300) + 300;

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	self->get.key = 0;
	EXPECT_EQ(-EFAULT, get(self));
	self->get.key = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, get(self));
	for (__u32 length = 1; length <= 300; length++) {
		self->get.key = ADDRESS(end - length + 1);
		self->get.key_length = length;
		EXPECT_EQ(-EFAULT, get(self));
	}
	self->get.key = ADDRESS("key");
	self->get.key_length = 3;
	self->get.value = 0;
	EXPECT_EQ(-EFAULT, get(self));
	self->get.value = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, get(self));
	for (__u32 room = 0; room < 5; room++) {
		self->get.value = ADDRESS(end - room);
		EXPECT_EQ(-EFAULT, get(self));
	}
	self->get.value_size = 300;
	for (__u32 length = 1; length <= 300; length++) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				       end - length, length));
		self->get.value = ADDRESS(end - length + 1);
		EXPECT_EQ(-EFAULT, get(self));
		self->get.value = ADDRESS(end - length);
		EXPECT_EQ(0, get(self));
	}
	self->get.value = ADDRESS(read_only_copy("value", 5));
	EXPECT_EQ(-EFAULT, get(self));
}

/* A sealed table still answers. */
TEST_F(get, sealed)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(0, get(self));
}

FIXTURE(length)
{
	int fd;
	unsigned char *key;
	unsigned char *value;
	unsigned char *buffer;
};

FIXTURE_VARIANT(length)
{
	size_t first;
	size_t last;
};

/* Every length where small objects hand over to the next larger ones. */
FIXTURE_VARIANT_ADD(length, to_600)
{
	.first = 0,
	.last = 600,
};

FIXTURE_VARIANT_ADD(length, around_1024)
{
	.first = 960,
	.last = 1040,
};

FIXTURE_VARIANT_ADD(length, around_2048)
{
	.first = 1984,
	.last = 2064,
};

FIXTURE_VARIANT_ADD(length, around_4096)
{
	.first = 4032,
	.last = 4112,
};

FIXTURE_VARIANT_ADD(length, around_8192)
{
	.first = 8128,
	.last = 8208,
};

FIXTURE_VARIANT_ADD(length, around_65536)
{
	.first = 65440,
	.last = 65560,
};

FIXTURE_SETUP(length)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->key = checked(malloc(variant->last));
	self->value = checked(malloc(variant->last));
	self->buffer = checked(malloc(variant->last + 1));
}

FIXTURE_TEARDOWN(length)
{
	free(self->key);
	free(self->value);
	free(self->buffer);
	EXPECT_EQ(0, close(self->fd));
}

/* Values of every length come back byte for byte. */
TEST_F(length, value)
{
	for (size_t length = variant->first; length <= variant->last;
	     length++) {
		pattern_fill(self->value, length, length);
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE,
				       &length, sizeof(length), self->value,
				       length));
	}
	for (size_t length = variant->first; length <= variant->last;
	     length++) {
		struct memtable_get get = {
			.key = ADDRESS(&length),
			.value = ADDRESS(self->buffer),
			.key_length = sizeof(length),
			.value_size = variant->last,
		};

		self->buffer[length] = CANARY;
		pattern_fill(self->value, length, length);
		ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_GET, &get));
		ASSERT_EQ(length, get.value_length);
		ASSERT_EQ(0, memcmp(self->value, self->buffer, length));
		ASSERT_EQ(CANARY, self->buffer[length]);
	}
}

/* Keys of every length are found, with their own value. */
TEST_F(length, key)
{
	const size_t last = variant->last < MEMTABLE_MAX_KEY_LENGTH ?
				    variant->last :
				    MEMTABLE_MAX_KEY_LENGTH;
	size_t found;

	pattern_fill(self->key, last, 1);
	for (size_t length = variant->first; length <= last; length++) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE,
				       self->key, length, &length,
				       sizeof(length)));
	}
	for (size_t length = variant->first; length <= last; length++) {
		struct memtable_get get = {
			.key = ADDRESS(self->key),
			.value = ADDRESS(&found),
			.key_length = length,
			.value_size = sizeof(found),
		};

		ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_GET, &get));
		ASSERT_EQ(length, found);
	}
}

/* The longest value comes back byte for byte. */
TEST_F_TIMEOUT(get, longest_value, LONG_TIMEOUT)
{
	const size_t length = MEMTABLE_MAX_VALUE_LENGTH;
	char *const value = guarded(length);
	char *const buffer = guarded(length);

	pattern_fill(value, length, 1);
	ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
			       value, length));
	self->get.value = ADDRESS(buffer);
	self->get.value_size = length - 1;
	EXPECT_EQ(-ERANGE, get(self));
	EXPECT_EQ(length, self->get.value_length);
	EXPECT_TRUE(all_bytes(buffer, length, 0));
	self->get.value_size = length;
	EXPECT_EQ(0, get(self));
	EXPECT_EQ(0, memcmp(value, buffer, length));
}

TEST_HARNESS_MAIN
