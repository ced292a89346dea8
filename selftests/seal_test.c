// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - SEAL: no more writes, the same reads
 */

#include "common.h"

FIXTURE(seal)
{
	int fd;
};

FIXTURE_SETUP(seal)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
}

FIXTURE_TEARDOWN(seal)
{
	EXPECT_EQ(0, close(self->fd));
}

/* Sealing shows in the state, changes nothing else, and may be repeated. */
TEST_F(seal, state)
{
	struct image image = table_image(self->fd);

	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(MEMTABLE_STATE_SEALED, table_info(self->fd).state);
	image.info.state = MEMTABLE_STATE_SEALED;
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	EXPECT_EQ(0, table_seal(self->fd));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
}

/* An empty table can be sealed as well. */
TEST_F(seal, empty)
{
	const int fd = table_open();

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, table_seal(fd));
	EXPECT_EQ(MEMTABLE_STATE_SEALED, table_info(fd).state);
	EXPECT_EQ(-EROFS, table_put(fd, 0, "key", "value"));
	EXPECT_EQ(0, close(fd));
}

/* The argument must be zero, or the table stays open for writes. */
TEST_F(seal, argument)
{
	EXPECT_EQ(-EINVAL,
		  request(self->fd, MEMTABLE_IOC_SEAL, (void *)1UL));
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_SEAL, self));
	EXPECT_EQ(0, table_info(self->fd).state);
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
}

/* Whatever would change the table is refused. */
TEST_F(seal, refuses_writes)
{
	struct stream stream = {};
	struct image image;

	stream_put(&stream, 0, "other", "value");
	ASSERT_EQ(0, table_seal(self->fd));
	image = table_image(self->fd);
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "key", NULL));
	EXPECT_EQ(-EROFS, table_put(self->fd, 99, "other", "value"));
	EXPECT_EQ(-EROFS, table_write(self->fd, &stream));
	EXPECT_EQ(-1, write(self->fd, stream.data, stream.length));
	EXPECT_EQ(EROFS, errno);
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&stream);
}

/* It is the table that is sealed, for all who share it. */
TEST_F(seal, shared)
{
	const __u64 number = number_new();
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_publish(self->fd, number));
	ASSERT_EQ(0, table_attach(other, number));
	EXPECT_EQ(0, table_drop(self->fd, number));
	EXPECT_EQ(0, table_put(other, 0, "other", "value"));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-EROFS, table_put(other, 0, "key", "value"));
	EXPECT_EQ(MEMTABLE_STATE_SEALED, table_info(other).state);
	EXPECT_EQ(0, table_differs(other, 0, "other", "value"));
	EXPECT_EQ(0, close(other));
}

struct writer {
	int fd;
	atomic_bool started;
	int error;
	__u64 last_sequence;
};

static void *writer_main(void *data)
{
	struct writer *const writer = data;
	struct memtable_add add = {
		STRING(key, "key"),
		STRING(value, "value"),
		.type = MEMTABLE_TYPE_VALUE,
	};

	do {
		writer->last_sequence = add.sequence;
		add.sequence = 0;
		writer->error = request(writer->fd, MEMTABLE_IOC_ADD, &add);
		atomic_store(&writer->started, true);
	} while (!writer->error);
	return NULL;
}

/* Beside a writer, a seal splits its writes: all before are in, none after. */
TEST_F_TIMEOUT(seal, beside_writer, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(50);

	for (unsigned int round = 0; round < rounds; round++) {
		struct writer writer = { .fd = table_open() };
		struct memtable_info info;
		pthread_t thread;

		ASSERT_LE(0, writer.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, writer_main,
					    &writer));
		while (!atomic_load(&writer.started))
			;
		ASSERT_EQ(0, table_seal(writer.fd));
		info = table_info(writer.fd);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(-EROFS, writer.error);
		EXPECT_EQ(writer.last_sequence, info.last_sequence);
		EXPECT_EQ(info.entries, table_info(writer.fd).entries);
		ASSERT_EQ(0, close(writer.fd));
	}
}

TEST_HARNESS_MAIN
