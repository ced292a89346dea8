// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - the open file: read, write, seek, poll, fdinfo, sharing
 */

#include "common.h"
#include "sleeper.h"

#include <sys/socket.h>
#include <sys/time.h>

FIXTURE(file)
{
	int fd;
};

FIXTURE_SETUP(file)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(file)
{
	EXPECT_EQ(0, close(self->fd));
}

/* Appends all that read(2) returns, @size bytes at a time. */
static int read_all(const int fd, const size_t size,
		     struct stream *const stream)
{
	ssize_t length;

	do {
		stream_reserve(stream, stream->length + size);
		length = read(fd, stream->data + stream->length, size);
		if (length < 0)
			return -errno;
		stream->length += length;
	} while (length);
	return 0;
}

/* Adds @count entries with versions, tombstones and values of many lengths. */
static int table_fill(const int fd, const unsigned int count)
{
	struct stream stream = {};
	char value[256];
	__u64 seed = 1;
	int ret;

	memset(value, 'v', sizeof(value));
	for (unsigned int i = 0; i < count; i++) {
		const __u32 key = random_next(&seed) % (count / 2 + 1);

		if (i % 7)
			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), value, i % sizeof(value));
		else
			stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, &key,
				   sizeof(key), NULL, 0);
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

/*
 * read(2)
 */

/* An empty table has nothing to read, neither now nor later. */
TEST_F(file, read_empty)
{
	char buffer[64];

	EXPECT_EQ(0, read(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(0, read(self->fd, buffer, sizeof(buffer)));
}

/* All entries come in order, every version and tombstone, whatever the size. */
TEST_F(file, read_sizes)
{
	struct stream expected = {};

	ASSERT_EQ(0, table_fill(self->fd, 1000));
	ASSERT_EQ(0, table_scan(self->fd, EVERYTHING, 0, 65536, &expected));
	ASSERT_EQ(1000, record_count(expected.data, expected.length));
	for (size_t size = 100; size < 1 << 20; size = size * 2 + 1) {
		struct stream seen = {};

		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		ASSERT_EQ(0, read_all(self->fd, size, &seen));
		EXPECT_TRUE(stream_equal(&expected, &seen));
		stream_free(&seen);
	}
	stream_free(&expected);
}

/* Each call returns whole records where at least one fits. */
TEST_F(file, read_whole_records)
{
	char *const buffer = guarded(4096);
	ssize_t length;
	int count = 0;

	ASSERT_EQ(0, table_fill(self->fd, 1000));
	while ((length = read(self->fd, buffer, 4096)) > 0) {
		const int records = record_count(buffer, length);

		/* The longest has 288 bytes. */
		ASSERT_LT(4096 - 288, count + records < 1000 ? length : 4096);
		ASSERT_LT(0, records);
		count += records;
	}
	EXPECT_EQ(0, length);
	EXPECT_EQ(1000, count);
}

/* A record that is larger than the buffer comes in parts, down to bytes. */
TEST_F(file, read_parts)
{
	struct stream expected = {};

	ASSERT_EQ(0, table_put(self->fd, 0, "a key", "and its value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "a key", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "another key", "another value"));
	ASSERT_EQ(0, table_scan(self->fd, EVERYTHING, 0, 65536, &expected));
	for (size_t size = 1; size <= expected.length; size++) {
		struct stream seen = {};

		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		ASSERT_EQ(0, read_all(self->fd, size, &seen));
		EXPECT_TRUE(stream_equal(&expected, &seen))
		{
			TH_LOG("Size %zu", size);
		}
		stream_free(&seen);
	}
	/* Sizes may change within a record. */
	for (__u64 seed = 1; seed < 20; seed++) {
		char *const buffer = guarded(expected.length);
		__u64 state = seed;
		size_t offset = 0;

		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		while (offset < expected.length) {
			size_t size = random_next(&state) % 24 + 1;
			ssize_t length;

			if (size > expected.length - offset)
				size = expected.length - offset;
			length = read(self->fd, buffer + offset, size);
			ASSERT_LT(0, length);
			ASSERT_GE(size, length);
			offset += length;
		}
		EXPECT_EQ(0, memcmp(expected.data, buffer, expected.length));
	}
	stream_free(&expected);
}

/* A large value comes in parts as well. */
TEST_F(file, read_large_value)
{
	const size_t length = 1 << 20;
	char *const value = checked(malloc(length));
	struct stream expected = {};
	struct stream seen = {};

	pattern_fill(value, length, 1);
	stream_add(&expected, 1, MEMTABLE_TYPE_VALUE, "key", 3, value, length);
	stream_put(&expected, 1, "kez", "small");
	ASSERT_EQ(0, table_write(self->fd, &expected));
	ASSERT_EQ(0, read_all(self->fd, 65536, &seen));
	EXPECT_TRUE(stream_equal(&expected, &seen));
	stream_free(&expected);
	stream_free(&seen);
	free(value);
}

/* What is added after the first read is seen after the next rewind. */
TEST_F(file, read_snapshot)
{
	struct stream before = {};
	struct stream after = {};
	struct stream seen = {};

	ASSERT_EQ(0, table_put(self->fd, 0, "b", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "d", "2"));
	ASSERT_EQ(0, table_scan(self->fd, EVERYTHING, 0, 65536, &before));
	stream_reserve(&seen, 65536);
	seen.length = read(self->fd, seen.data, record_size(1, 1));
	ASSERT_EQ(record_size(1, 1), seen.length);
	ASSERT_EQ(0, table_put(self->fd, 0, "c", "3"));
	ASSERT_EQ(0, table_put(self->fd, 0, "d", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "e", "4"));
	ASSERT_EQ(0, read_all(self->fd, 65536, &seen));
	EXPECT_TRUE(stream_equal(&before, &seen));

	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	seen.length = 0;
	ASSERT_EQ(0, read_all(self->fd, 65536, &seen));
	ASSERT_EQ(0, table_scan(self->fd, EVERYTHING, 0, 65536, &after));
	EXPECT_TRUE(stream_equal(&after, &seen));
	EXPECT_FALSE(stream_equal(&before, &seen));
	stream_free(&before);
	stream_free(&after);
	stream_free(&seen);
}

/* The end stays the end, and reading nothing reads nothing. */
TEST_F(file, read_end)
{
	char buffer[64];

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, read(self->fd, buffer, 0));
	EXPECT_EQ(record_size(3, 5), read(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(0, read(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(0, read(self->fd, buffer, sizeof(buffer)));
}

/* A read that fails does not move: the next one gets it all. */
TEST_F(file, read_bad_pointer)
{
	char *const end = (char *)guarded(4096) + 4096;
	struct stream expected = {};
	struct stream seen = {};

	ASSERT_EQ(0, table_fill(self->fd, 100));
	ASSERT_EQ(0, table_scan(self->fd, EVERYTHING, 0, 65536, &expected));
	EXPECT_EQ(-1, read(self->fd, end, 4096));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(self->fd, end - 100, 4096));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, read_all(self->fd, 65536, &seen));
	EXPECT_TRUE(stream_equal(&expected, &seen));
	stream_free(&expected);
	stream_free(&seen);
}

/* The position belongs to the open file, which two descriptors may share. */
TEST_F(file, read_dup)
{
	const int other = dup(self->fd);
	struct record record;
	char buffer[64];
	size_t offset = 0;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(self->fd, 0, "a", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "2"));
	ASSERT_EQ(record_size(1, 1), read(self->fd, buffer, 24));
	ASSERT_EQ(record_size(1, 1), read(other, buffer, 24));
	ASSERT_EQ(1, record_next(buffer, 24, &offset, &record));
	EXPECT_EQ('b', *record.key);
	EXPECT_EQ(0, read(self->fd, buffer, 24));
	EXPECT_EQ(0, lseek(other, 0, SEEK_SET));
	EXPECT_EQ(record_size(1, 1), read(self->fd, buffer, 24));
	EXPECT_EQ(0, close(other));
}

/* Another table is read from its beginning. */
TEST_F(file, read_attached)
{
	const __u64 number = number_new();
	const int other = table_open();
	struct stream expected = {};
	struct stream seen = {};
	char buffer[64];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(self->fd, 0, "a", "1"));
	ASSERT_EQ(record_size(1, 1), read(self->fd, buffer, sizeof(buffer)));
	stream_put(&expected, 1, "a", "2");
	stream_put(&expected, 2, "b", "3");
	ASSERT_EQ(0, table_write(other, &expected));
	ASSERT_EQ(0, table_publish(other, number));
	ASSERT_EQ(0, table_attach(self->fd, number));
	EXPECT_EQ(0, table_drop(other, number));
	ASSERT_EQ(0, read_all(self->fd, 64, &seen));
	EXPECT_TRUE(stream_equal(&expected, &seen));
	EXPECT_EQ(0, close(other));
	stream_free(&expected);
	stream_free(&seen);
}

/*
 * lseek(2)
 */

/* There is one place to go to: the beginning. */
TEST_F(file, seek)
{
	static const struct {
		off_t offset;
		int whence;
	} places[] = {
		{ 1, SEEK_SET }, { -1, SEEK_SET }, { 24, SEEK_SET },
		{ 0, SEEK_CUR }, { 1, SEEK_CUR },  { 0, SEEK_END },
		{ 0, SEEK_DATA }, { 0, SEEK_HOLE }, { 0, 100 },
	};
	char buffer[64];

	ASSERT_EQ(0, table_put(self->fd, 0, "a", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "2"));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	ASSERT_EQ(record_size(1, 1), read(self->fd, buffer, 24));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_EQ(-1, lseek(self->fd, places[i].offset,
				    places[i].whence));
		EXPECT_EQ(EINVAL, errno);
	}
	/* Nothing of that moved. */
	ASSERT_EQ(record_size(1, 1), read(self->fd, buffer, 24));
	EXPECT_EQ(0, read(self->fd, buffer, 24));
}

/*
 * write(2)
 */

/* What was read from one table makes the same table of another one. */
TEST_F(file, copy)
{
	const int copy = table_open();
	char *const buffer = guarded(65536);
	ssize_t length;

	ASSERT_LE(0, copy);
	ASSERT_EQ(0, table_fill(self->fd, 5000));
	while ((length = read(self->fd, buffer, 65536)) > 0) {
		ASSERT_EQ(length, write(copy, buffer, length));
	}
	ASSERT_EQ(0, length);
	EXPECT_TRUE(table_equal(self->fd, copy));
	EXPECT_EQ(table_info(self->fd).last_sequence,
		  table_info(copy).last_sequence);
	EXPECT_EQ(0, close(copy));
}

/* A write is a batch: it is taken whole, and says so. */
TEST_F(file, write)
{
	struct stream stream = {};

	stream_put(&stream, 0, "one", "1");
	stream_put(&stream, 0, "two", NULL);
	EXPECT_EQ(stream.length, write(self->fd, stream.data, stream.length));
	EXPECT_EQ(2, table_info(self->fd).entries);
	EXPECT_EQ(2, table_info(self->fd).last_sequence);
	EXPECT_EQ(0, write(self->fd, stream.data, 0));
	EXPECT_EQ(2, table_info(self->fd).entries);
	stream_free(&stream);
}

/* A write that is no batch is refused whole, as WRITE refuses it. */
TEST_F(file, write_malformed)
{
	struct stream stream = {};
	struct image image;
	char *end;

	stream_put(&stream, 7, "one", "1");
	stream_put(&stream, 8, "two", NULL);
	end = (char *)guarded_copy(stream.data, stream.length) + stream.length;
	ASSERT_EQ(0, table_put(self->fd, 8, "two", "2"));
	image = table_image(self->fd);
	for (size_t length = 1; length < stream.length; length++) {
		if (length == record_size(3, 1))
			continue;
		EXPECT_EQ(-1, write(self->fd, stream.data, length));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, write(self->fd, stream.data, stream.length));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, write(self->fd, end - stream.length, stream.length + 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(self->fd, end, stream.length));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(self->fd, end - 64,
			    MEMTABLE_MAX_REQUEST_LENGTH + 8));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_TRUE(table_unchanged(self->fd, &image));

	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-1, write(self->fd, stream.data, record_size(3, 1)));
	EXPECT_EQ(EROFS, errno);
	stream_free(&stream);
}

/* A table that is full says so, and takes nothing of the batch. */
TEST_F(file, write_full)
{
	struct stream stream = {};
	struct image image;
	char value[1000] = {};

	ASSERT_EQ(0, table_configure(self->fd, 0, 50000));
	for (__u32 key = 0; key < 100; key++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, sizeof(value));
	image = table_image(self->fd);
	EXPECT_EQ(-1, write(self->fd, stream.data, stream.length));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&stream);
}

/* An open file does what its mode allows. */
TEST_F(file, access_mode)
{
	const int reader = open(DEVICE_PATH, O_RDONLY | O_CLOEXEC);
	const int writer = open(DEVICE_PATH, O_WRONLY | O_CLOEXEC);
	struct stream stream = {};
	char buffer[64];

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	stream_put(&stream, 0, "key", "value");
	EXPECT_EQ(-1, write(reader, stream.data, stream.length));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, read(reader, buffer, sizeof(buffer)));
	EXPECT_EQ(stream.length, write(writer, stream.data, stream.length));
	EXPECT_EQ(-1, read(writer, buffer, sizeof(buffer)));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, close(reader));
	EXPECT_EQ(0, close(writer));
	stream_free(&stream);
}

/* A table is not to be mapped. */
TEST_F(file, mmap)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd,
				   0));
	EXPECT_EQ(ENODEV, errno);
}

/*
 * poll(2)
 */

static short table_poll(const int fd)
{
	struct pollfd poll_fd = {
		.fd = fd,
		.events = READABLE | WRITABLE,
	};

	return poll(&poll_fd, 1, 0) < 0 ? -1 : poll_fd.revents;
}

/* Readable means that there is something to flush, writable that there is room. */
TEST_F(file, poll)
{
	char value[1000] = {};

	ASSERT_EQ(0, table_configure(self->fd, 100000, 0));
	EXPECT_EQ(WRITABLE, table_poll(self->fd));
	for (;;) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, sizeof(value)));
		if (table_info(self->fd).memory_usage >= 100000)
			break;
		ASSERT_EQ(WRITABLE, table_poll(self->fd));
	}
	EXPECT_EQ(READABLE | WRITABLE, table_poll(self->fd));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(READABLE, table_poll(self->fd));
}

/* Sealed, even an empty table is ready to be flushed. */
TEST_F(file, poll_sealed)
{
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(READABLE, table_poll(self->fd));
}

/* Within 4 KiB of its maximum size a table is not writable any more. */
TEST_F(file, poll_full)
{
	struct memtable_info info;

	ASSERT_EQ(0, table_configure(self->fd, 0, 100000));
	while (!table_put(self->fd, 0, "key", "value")) {
		bool full;

		info = table_info(self->fd);
		full = info.memory_usage + 4096 > info.max_size;
		ASSERT_EQ(full, !!(info.state & MEMTABLE_STATE_FULL));
		ASSERT_EQ(full, !(table_poll(self->fd) & WRITABLE));
	}
	info = table_info(self->fd);
	EXPECT_TRUE(info.state & MEMTABLE_STATE_FULL);
	EXPECT_EQ(0, table_poll(self->fd) & WRITABLE);
}

/* Who polls is woken by the write that reaches the write buffer size. */
TEST_F(file, poll_wakes_at_threshold)
{
	struct sleeper sleeper = { .fd = self->fd, .events = READABLE };
	char value[1000] = {};
	pthread_t thread;

	ASSERT_EQ(0, table_configure(self->fd, 100000, 0));
	thread = sleeper_start(&sleeper);
	while (table_info(self->fd).memory_usage < 100000) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, sizeof(value)));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
}

/* So is one who polls when the table is sealed. */
TEST_F(file, poll_wakes_at_seal)
{
	struct sleeper sleeper = { .fd = self->fd, .events = READABLE };
	pthread_t thread = sleeper_start(&sleeper);

	ASSERT_EQ(0, table_seal(self->fd));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
}

/* And when the open file turns to a table that is ready. */
TEST_F(file, poll_wakes_at_attach)
{
	struct sleeper sleeper = { .fd = self->fd, .events = READABLE };
	const __u64 number = number_new();
	const int other = table_open();
	pthread_t thread;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_seal(other));
	ASSERT_EQ(0, table_publish(other, number));
	thread = sleeper_start(&sleeper);
	ASSERT_EQ(0, table_attach(self->fd, number));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
	EXPECT_EQ(0, table_drop(other, number));
	EXPECT_EQ(0, close(other));
}

/* Another process that has the table in another open file wakes it as well. */
TEST_F(file, poll_wakes_by_process)
{
	struct sleeper sleeper = { .fd = self->fd, .events = READABLE };
	const __u64 number = number_new();
	pthread_t thread;
	pid_t child;

	ASSERT_EQ(0, table_publish(self->fd, number));
	thread = sleeper_start(&sleeper);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		const int fd = table_open();

		if (fd < 0 || table_attach(fd, number) || table_seal(fd))
			_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, child_wait(child));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, sleeper.ret);
	EXPECT_EQ(READABLE, sleeper.revents);
	EXPECT_EQ(0, table_drop(self->fd, number));
}

/*
 * Memory that ends in the middle of an entry too large to be copied at once:
 * nothing happens, and a stream is still where it was.
 */
TEST_F(file, memory_that_ends_in_an_entry)
{
	const size_t length = 100000, half = length / 2;
	char *const end = (char *)guarded(length) + length;
	struct memtable_get get = {
		.key = ADDRESS(end - 100),
		.key_length = 200,
	};
	struct memtable_scan scan = { .records = ADDRESS(end - half) };
	struct memtable_write request_in = { .records = ADDRESS(end - half) };
	struct stream stream = {};
	char *const value = checked(malloc(length));
	char *buffer;

	pattern_fill(value, length, 1);
	stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, "key", 3, value, length);
	buffer = checked(malloc(stream.length));
	memcpy(end - half, stream.data, half);
	request_in.length = stream.length;
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_WRITE, &request_in));
	EXPECT_EQ(0, table_info(self->fd).entries);
	ASSERT_EQ(stream.length, write(self->fd, stream.data, stream.length));

	EXPECT_EQ(-1, read(self->fd, end - half, stream.length));
	EXPECT_EQ(EFAULT, errno);
	scan.records_size = stream.length;
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_SCAN, &scan));
	EXPECT_EQ(-EFAULT, request(self->fd, MEMTABLE_IOC_GET, &get));

	ASSERT_EQ(stream.length, read(self->fd, buffer, stream.length));
	EXPECT_EQ(0, memcmp(stream.data + 8, buffer + 8, stream.length - 8));
	EXPECT_EQ(0, read(self->fd, buffer, stream.length));
	stream_free(&stream);
	free(buffer);
	free(value);
}

/*
 * fdinfo
 */

/* The figure that fdinfo has under @name, or UINT64_MAX. */
static __u64 fdinfo(const int fd, const char *const name)
{
	__u64 found = UINT64_MAX;
	long long value;
	char path[64];
	char line[256];
	char label[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = checked(fopen(path, "r"));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]:\t%lli", label, &value) == 2 &&
		    !strcmp(label, name))
			found = value;
	}
	fclose(file);
	return found;
}

/* The figures of fdinfo are those of INFO. */
TEST_F(file, fdinfo)
{
	struct memtable_info info;

	ASSERT_EQ(0, table_configure(self->fd, 10000, 1000000));
	ASSERT_EQ(0, table_fill(self->fd, 200));
	ASSERT_EQ(0, table_put(self->fd, 1000, "key", "value"));
	ASSERT_EQ(0, table_seal(self->fd));
	info = table_info(self->fd);
	EXPECT_EQ(info.entries, fdinfo(self->fd, "memtable-entries"));
	EXPECT_EQ(info.tombstones, fdinfo(self->fd, "memtable-tombstones"));
	EXPECT_EQ(info.logical_bytes,
		  fdinfo(self->fd, "memtable-logical-bytes"));
	EXPECT_EQ(info.memory_usage, fdinfo(self->fd, "memtable-memory-usage"));
	EXPECT_EQ(1000, fdinfo(self->fd, "memtable-last-sequence"));
	EXPECT_EQ(10000, fdinfo(self->fd, "memtable-write-buffer-size"));
	EXPECT_EQ(1000000, fdinfo(self->fd, "memtable-max-size"));
	EXPECT_EQ(MEMTABLE_STATE_SEALED | MEMTABLE_STATE_FLUSH,
		  fdinfo(self->fd, "memtable-state"));
}

/*
 * Sharing, signals, closing
 */

/* A child has its parent's table; that the child ends does not end the table. */
TEST_F(file, fork)
{
	pid_t child;

	ASSERT_EQ(0, table_put(self->fd, 0, "parent", "1"));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(table_differs(self->fd, 0, "parent", "1") ||
		      table_put(self->fd, 0, "child", "2"));
	ASSERT_EQ(0, child_wait(child));
	EXPECT_EQ(0, table_differs(self->fd, 0, "parent", "1"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "child", "2"));
}

/* The table lives as long as any descriptor of the open file. */
TEST_F(file, dup)
{
	const int first = table_open();
	const int second = dup(first);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, table_put(first, 0, "key", "value"));
	ASSERT_EQ(0, close(first));
	EXPECT_EQ(0, table_differs(second, 0, "key", "value"));
	EXPECT_EQ(0, close(second));
}

/* A descriptor that is on its way to another process keeps the table. */
TEST_F(file, pass)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte = 0;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int sent = table_open();
	int received;
	int pair[2];

	ASSERT_LE(0, sent);
	ASSERT_EQ(0, table_put(sent, 0, "key", "value"));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &sent, sizeof(sent));
	ASSERT_EQ(1, sendmsg(pair[0], &message, 0));
	ASSERT_EQ(0, close(sent));
	ASSERT_EQ(1, recvmsg(pair[1], &message, 0));
	ASSERT_NE(NULL, CMSG_FIRSTHDR(&message));
	memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(received));
	EXPECT_EQ(0, table_differs(received, 0, "key", "value"));
	EXPECT_EQ(0, close(received));
	EXPECT_EQ(0, close(pair[0]));
	EXPECT_EQ(0, close(pair[1]));
}

static atomic_int alarms;

static void alarm_count(int number)
{
	(void)number;
	atomic_fetch_add(&alarms, 1);
}

/* Signals that do not kill do not show: no request ends early for them. */
TEST_F_TIMEOUT(file, signals, LONG_TIMEOUT)
{
	const struct sigaction action = { .sa_handler = alarm_count };
	const struct itimerval interval = {
		.it_interval.tv_usec = 1000,
		.it_value.tv_usec = 1000,
	};
	const struct itimerval off = {};
	/* The harness has its own use for SIGALRM, but in another process. */
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &interval, NULL));
	while (atomic_load(&alarms) < 100) {
		const int fd = table_open();
		struct stream stream = {};

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, table_fill(fd, 2000));
		ASSERT_EQ(0, table_put(fd, 0, "key", "value"));
		ASSERT_EQ(0, table_differs(fd, 0, "key", "value"));
		ASSERT_EQ(0, table_scan(fd, EVERYTHING, 0, 1 << 20, &stream));
		ASSERT_EQ(2001, record_count(stream.data, stream.length));
		stream.length = 0;
		ASSERT_EQ(0, read_all(fd, 65536, &stream));
		ASSERT_EQ(2001, record_count(stream.data, stream.length));
		ASSERT_EQ(0, table_seal(fd));
		stream_free(&stream);
		ASSERT_EQ(0, close(fd));
	}
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
}

TEST_HARNESS_MAIN
