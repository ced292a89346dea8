// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - ROTATE: the table away under a number, an empty one here
 */

#include "common.h"
#include "sleeper.h"

/* More numbers than any test here takes. */
#define NUMBERS 256

FIXTURE(rotate)
{
	int fd;
	__u64 number;
};

FIXTURE_SETUP(rotate)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->number = number_new();
}

FIXTURE_TEARDOWN(rotate)
{
	const int fd = table_open();

	for (unsigned int i = 0; i < NUMBERS; i++)
		table_drop(fd, self->number + i);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(self->fd));
}

/* The full table is sealed under its number, the new one empty and alike. */
TEST_F(rotate, tables)
{
	const int old = table_open();
	struct memtable_configure configure = {
		.write_buffer_size = 100000,
		.max_size = 200000,
		.order = MEMTABLE_ORDER_REVERSE,
		.kind = MEMTABLE_KIND_MAP,
	};
	struct memtable_info info;

	ASSERT_LE(0, old);
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_CONFIGURE, &configure));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "other", "value"));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));

	info = table_info(self->fd);
	EXPECT_EQ(0, info.entries);
	EXPECT_EQ(0, info.logical_bytes);
	EXPECT_EQ(0, info.state);
	EXPECT_EQ(100000, info.write_buffer_size);
	EXPECT_EQ(200000, info.max_size);
	EXPECT_EQ(MEMTABLE_ORDER_REVERSE, info.order);
	EXPECT_EQ(MEMTABLE_KIND_MAP, info.kind);
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "key", ""));

	ASSERT_EQ(0, table_attach(old, self->number));
	info = table_info(old);
	EXPECT_EQ(2, info.entries);
	EXPECT_EQ(MEMTABLE_STATE_SEALED, info.state);
	EXPECT_EQ(0, table_differs(old, 0, "key", "value"));
	EXPECT_EQ(-EROFS, table_put(old, 0, "key", "value"));
	EXPECT_EQ(0, close(old));
}

/* Sequence numbers go on, so that newer tables have the newer versions. */
TEST_F(rotate, sequences)
{
	struct memtable_add add = {
		STRING(key, "key"),
		STRING(value, "value"),
		.type = MEMTABLE_TYPE_VALUE,
	};

	ASSERT_EQ(0, table_put(self->fd, 41, "key", "value"));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(41, table_info(self->fd).last_sequence);
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(42, add.sequence);
}

/* An empty table can be rotated as well, again and again. */
TEST_F(rotate, empty)
{
	for (unsigned int i = 0; i < 10; i++) {
		ASSERT_EQ(0, table_rotate(self->fd, self->number + i));
	}
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
}

/* A sealed table too: what it is turned to takes writes again. */
TEST_F(rotate, sealed)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_seal(self->fd));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
}

/* A full one as well. */
TEST_F(rotate, full)
{
	char value[3000] = {};

	ASSERT_EQ(0, table_configure(self->fd, 0, 50000));
	while (!table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3, value,
			  sizeof(value)))
		;
	ASSERT_EQ(MEMTABLE_STATE_FULL,
		  table_info(self->fd).state & MEMTABLE_STATE_FULL);
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(0, table_info(self->fd).state);
	EXPECT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
			       value, sizeof(value)));
}

/* Where the number is taken nothing happens, and nothing is sealed. */
TEST_F(rotate, taken)
{
	const int other = table_open();
	struct image image;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_publish(other, self->number));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	image = table_image(self->fd);
	EXPECT_EQ(-EEXIST, table_rotate(self->fd, self->number));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, close(other));
}

/* A number that the table has already stays with the one that takes writes. */
TEST_F(rotate, published)
{
	int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_attach(other, self->number));
	EXPECT_EQ(-EEXIST, table_rotate(self->fd, self->number));
	ASSERT_EQ(0, table_rotate(self->fd, self->number + 1));
	EXPECT_EQ(0, table_info(self->fd).entries);
	EXPECT_EQ(-EROFS, table_put(other, 0, "key", "value"));
	ASSERT_EQ(0, table_attach(other, self->number));
	EXPECT_EQ(0, table_put(other, 0, "key", "value"));
	EXPECT_EQ(1, table_info(self->fd).entries);
	EXPECT_EQ(-EBUSY, table_publish(self->fd, self->number + 2));
	/* Each number can be dropped, in either order. */
	ASSERT_EQ(0, table_drop(self->fd, self->number));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	ASSERT_EQ(0, table_attach(other, self->number + 1));
	EXPECT_EQ(1, table_info(other).entries);
	EXPECT_EQ(0, close(other));
}

/* All who share the open file turn to the new table, others stay. */
TEST_F(rotate, sharing)
{
	struct memtable_share share = {};
	const int copy = dup(self->fd);
	pid_t child;

	ASSERT_LE(0, copy);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_SHARE, &share));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(0, table_info(copy).entries);
	EXPECT_EQ(1, table_info(share.fd).entries);
	EXPECT_EQ(-EROFS, table_put(share.fd, 0, "key", "value"));

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(!!table_rotate(copy, self->number + 1));
	ASSERT_EQ(0, child_wait(child));
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_drop(self->fd, self->number + 1));
	EXPECT_EQ(0, close(copy));
	EXPECT_EQ(0, close(share.fd));
}

/* A read(2) after the rotation is one of the new table. */
TEST_F(rotate, position)
{
	struct record record;
	char buffer[64];
	size_t offset = 0;

	ASSERT_EQ(0, table_put(self->fd, 0, "a", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "2"));
	ASSERT_EQ(24, read(self->fd, buffer, 24));
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(0, read(self->fd, buffer, 24));
	ASSERT_EQ(0, table_put(self->fd, 0, "a", "3"));
	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	ASSERT_EQ(24, read(self->fd, buffer, sizeof(buffer)));
	ASSERT_EQ(1, record_next(buffer, 24, &offset, &record));
	EXPECT_EQ('3', *record.value);
}

/* What was there to flush is elsewhere now. */
TEST_F(rotate, poll)
{
	struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN | POLLOUT };

	ASSERT_EQ(0, table_configure(self->fd, 1, 0));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_fd.revents);
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	EXPECT_EQ(1, table_info(self->fd).write_buffer_size);
}

/* Who polls another open file of the table is told that it can be flushed. */
TEST_F(rotate, poll_wakes_others)
{
	const int other = table_share(self->fd, 0);
	struct sleeper sleeper = { .fd = other, .events = READABLE };
	pthread_t thread;

	ASSERT_LE(0, other);
	thread = sleeper_start(&sleeper);
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
	EXPECT_EQ(0, close(other));
}

/* Who polls this one for room gets it with the new table. */
TEST_F(rotate, poll_wakes_full)
{
	struct sleeper sleeper = { .fd = self->fd, .events = WRITABLE };
	pthread_t thread;

	ASSERT_EQ(0, table_configure(self->fd, 0, 50000));
	while (!table_put(self->fd, 0, "key", "value"))
		;
	thread = sleeper_start(&sleeper);
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(WRITABLE, sleeper.revents);
}

/* And who polls it for something to flush waits for the new table's. */
TEST_F(rotate, poll_follows)
{
	struct sleeper sleeper = { .fd = self->fd, .events = READABLE };
	char value[1000] = {};
	pthread_t thread;

	ASSERT_EQ(0, table_configure(self->fd, 50000, 0));
	thread = sleeper_start(&sleeper);
	ASSERT_EQ(0, table_rotate(self->fd, self->number));
	while (table_info(self->fd).memory_usage < 50000) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, sizeof(value)));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
}

/*
 * Writers beside rotations, in processes that share the open file: no write is
 * refused, none is lost, none is in two tables. Each writer's keys are its own, so that what the tables have in the
 * end can be counted; and each batch is in one table, whole.
 */

#define PROCESSES 2
#define WRITERS 4
#define BATCH 5

struct writers {
	int fd;
	unsigned int rounds;
	atomic_uint next;
	atomic_uint done;
	atomic_int error;
};

static void *writer_main(void *const data)
{
	struct writers *const self = data;
	const __u32 writer = atomic_fetch_add(&self->next, 1);

	for (__u32 round = 0; round < self->rounds; round++) {
		struct stream stream = {};
		int ret;

		for (__u32 i = 0; i < BATCH; i++) {
			const __u32 key[] = { writer, round, i };

			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, key,
				   sizeof(key), NULL, 0);
		}
		/* The three ways to write, in turn. */
		if (round % 3 == 0)
			ret = table_write(self->fd, &stream);
		else if (round % 3 == 1)
			ret = write(self->fd, stream.data, stream.length) < 0 ?
				      -errno : 0;
		else
			for (__u32 i = ret = 0; i < BATCH && !ret; i++) {
				const __u32 key[] = { writer, round, i };

				ret = table_add(self->fd, 0,
						MEMTABLE_TYPE_VALUE, key,
						sizeof(key), NULL, 0);
			}
		if (ret)
			atomic_store(&self->error, ret);
		stream_free(&stream);
	}
	atomic_fetch_add(&self->done, 1);
	return NULL;
}

/* A process with its part of the writers. */
static void __attribute__((noreturn)) writers_main(struct writers *const self)
{
	pthread_t threads[WRITERS / PROCESSES];

	threads_start(threads, WRITERS / PROCESSES, writer_main, self);
	threads_join(threads, WRITERS / PROCESSES);
	_exit(0);
}

/* The property above. */
TEST_F_TIMEOUT(rotate, beside_writers, LONG_TIMEOUT)
{
	struct writers *const writers =
		checked(mmap(NULL, sizeof(*writers), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	const unsigned int rounds = scaled(600);
	const size_t total = WRITERS * rounds * BATCH;
	unsigned char *const seen = checked(calloc(total, 1));
	pid_t children[PROCESSES];
	unsigned int rotations = 0;
	size_t count = 0;
	__u64 last = 0;

	writers->fd = self->fd;
	writers->rounds = rounds;
	for (unsigned int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			writers_main(writers);
	}
	while (rotations < NUMBERS - 1 &&
	       atomic_load(&writers->done) < WRITERS) {
		ASSERT_EQ(0, table_rotate(self->fd,
					  self->number + rotations++));
		usleep(2000);
	}
	for (unsigned int i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(0, child_wait(children[i]));
	}
	EXPECT_EQ(0, atomic_load(&writers->error));
	ASSERT_EQ(0, table_rotate(self->fd, self->number + rotations++));

	for (unsigned int i = 0; i < rotations; i++) {
		const int fd = table_open();
		struct stream stream = {};
		struct record record;
		size_t offset = 0;
		__u64 highest = last;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, table_attach(fd, self->number + i));
		ASSERT_EQ(0, table_scan(fd, MEMTABLE_SCAN_ALL_VERSIONS, 0,
					65536, &stream));
		while (record_next(stream.data, stream.length, &offset,
				   &record) > 0) {
			__u32 key[3];
			size_t place;

			ASSERT_EQ(sizeof(key), record.key_length);
			memcpy(key, record.key, sizeof(key));
			place = ((size_t)key[0] * rounds + key[1]) *
					BATCH + key[2];
			ASSERT_GT(total, place);
			ASSERT_EQ(0, seen[place]);
			seen[place] = 1;
			count++;
			/* Newer tables have newer sequence numbers. */
			ASSERT_LT(last, record.sequence);
			if (record.sequence > highest)
				highest = record.sequence;
		}
		last = highest;
		stream_free(&stream);
		EXPECT_EQ(0, close(fd));
	}
	EXPECT_EQ(total, count);
	EXPECT_EQ(total, last);
	EXPECT_LT(1, rotations);
	free(seen);
}

TEST_HARNESS_MAIN
