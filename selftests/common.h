/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers
 *
 * A helper that makes a request returns zero, or a length, or a negative
 * errno, so that a test can say what it expects in one line. Helpers abort
 * where the test itself cannot go on, as without memory.
 */
#ifndef SELFTESTS_MEMTABLE_COMMON_H
#define SELFTESTS_MEMTABLE_COMMON_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memtable.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A test that is several objects cannot have what defines its main(). */
#ifdef SELFTESTS_MEMTABLE_NO_HARNESS
#include "kselftest.h"
#else
#include "kselftest_harness.h"
#endif

#define DEVICE_PATH "/dev/memtable"

/* An address as the requests take it. */
#define ADDRESS(pointer) ((__u64)(uintptr_t)(pointer))

/* The two initializers that a string constant makes of a key or value field. */
#define STRING(field, string) \
	.field = ADDRESS(string), .field##_length = sizeof(string) - 1

/* What a buffer holds before a request that must not touch it. */
#define CANARY 0xa5

/* Flags of a scan that shows all that a table has. */
#define EVERYTHING (MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES)

/* Seconds that a long test may take on a slow, instrumented kernel. */
#define LONG_TIMEOUT 600

/*
 * Rounds of a long loop: @rounds, or the percentage of it that
 * MEMTABLE_TEST_SCALE gives.
 */
static inline unsigned int scaled(unsigned int rounds)
{
	const char *const percent = getenv("MEMTABLE_TEST_SCALE");
	const unsigned long long result =
		percent ? strtoull(percent, NULL, 10) * rounds / 100 : rounds;

	return result ? result : 1;
}

/*
 * Whether a long loop goes on with @round: for @rounds in all, but once it has
 * taken five seconds, a twentieth of them is enough.
 */
static inline bool loop_on(unsigned int round, unsigned int rounds,
			   time_t begin)
{
	return round < rounds &&
	       (round <= rounds / 20 || time(NULL) < begin + 5);
}

static inline void *checked(void *pointer)
{
	if (!pointer || pointer == MAP_FAILED)
		abort();
	return pointer;
}

/* A pseudo-random number, the same run after run (xorshift64). */
static inline __u64 random_next(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Fills @data with bytes that depend on @seed and on each byte's position. */
static inline void pattern_fill(void *data, size_t length, unsigned int seed)
{
	unsigned char *const bytes = data;

	for (size_t i = 0; i < length; i++)
		bytes[i] = seed + i + (i >> 8) * 3;
}

/* Whether all of @data are still the byte @value. */
static inline bool all_bytes(const void *data, size_t length, int value)
{
	const unsigned char *const bytes = data;

	return !length || (*bytes == (unsigned char)value &&
			   !memcmp(bytes, bytes + 1, length - 1));
}

/*
 * Memory of @length bytes that ends where an inaccessible page starts: a
 * kernel that goes one byte too far answers EFAULT.
 */
static inline void *guarded(size_t length)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t body = (length + page - 1) / page * page;
	char *const map =
		checked(mmap(NULL, body + page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	if (mprotect(map + body, page, PROT_NONE))
		abort();
	return map + body - length;
}

/* The same, holding a copy of @data. */
static inline void *guarded_copy(const void *data, size_t length)
{
	return memcpy(guarded(length), data, length);
}

/* Memory that the caller may read but not write, holding a copy of @data. */
static inline void *read_only_copy(const void *data, size_t length)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t body = (length + page - 1) / page * page;
	char *const copy = guarded_copy(data, length);

	if (mprotect(copy + length - body, body, PROT_READ))
		abort();
	return copy;
}

/* Writes a string to a file, as files that set something take it. */
static inline int file_write_string(const char *path, const char *string)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = write(fd, string, strlen(string));
	close(fd);
	return length == (ssize_t)strlen(string) ? 0 : -EIO;
}

/*
 * Record streams
 */

#define RECORD_ALIGN 8

static inline size_t record_size(size_t key_length, size_t value_length)
{
	return (sizeof(struct memtable_record) + key_length + value_length +
		RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static inline __u64 record_tag(__u64 sequence, unsigned int type)
{
	return sequence << 8 | type;
}

/* A record stream being built; all zero is an empty one. */
struct stream {
	unsigned char *data;
	size_t length;
	size_t size;
};

static inline void stream_reserve(struct stream *stream, size_t size)
{
	if (stream->data && size <= stream->size)
		return;
	stream->size = size < 2 * stream->size ? 2 * stream->size : size;
	stream->data = checked(realloc(stream->data, stream->size));
}

static inline void stream_free(struct stream *stream)
{
	free(stream->data);
	*stream = (struct stream){};
}

static inline void stream_add(struct stream *stream, __u64 sequence,
			      unsigned int type, const void *key,
			      size_t key_length, const void *value,
			      size_t value_length)
{
	const struct memtable_record header = {
		.tag = record_tag(sequence, type),
		.key_length = key_length,
		.value_length = value_length,
	};
	const size_t size = record_size(key_length, value_length);
	unsigned char *at;

	stream_reserve(stream, stream->length + size);
	at = stream->data + stream->length;
	memset(at, 0, size);
	memcpy(at, &header, sizeof(header));
	if (key_length)
		memcpy(at + sizeof(header), key, key_length);
	if (value_length)
		memcpy(at + sizeof(header) + key_length, value, value_length);
	stream->length += size;
}

/* The same with strings; a null value makes a tombstone. */
static inline void stream_put(struct stream *stream, __u64 sequence,
			      const char *key, const char *value)
{
	stream_add(stream, sequence,
		   value ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION, key,
		   strlen(key), value, value ? strlen(value) : 0);
}

static inline bool stream_equal(const struct stream *a, const struct stream *b)
{
	return a->length == b->length &&
	       (!a->length || !memcmp(a->data, b->data, a->length));
}

/* A record taken apart. */
struct record {
	__u64 sequence;
	unsigned int type;
	const unsigned char *key;
	const unsigned char *value;
	__u32 key_length;
	__u32 value_length;
};

/*
 * Takes apart the record at @offset of a stream and moves @offset behind it.
 * Returns 1, 0 at the end of the stream, or -1 if that is no whole record or
 * its padding is not zero.
 */
static inline int record_next(const void *data, size_t length, size_t *offset,
			      struct record *record)
{
	const unsigned char *const at = (const unsigned char *)data + *offset;
	const size_t rest = length - *offset;
	struct memtable_record header;
	size_t size, used;

	if (!rest)
		return 0;
	if (rest < sizeof(header))
		return -1;
	memcpy(&header, at, sizeof(header));
	used = sizeof(header) + (size_t)header.key_length + header.value_length;
	size = record_size(header.key_length, header.value_length);
	if (rest < size || !all_bytes(at + used, size - used, 0))
		return -1;
	*record = (struct record){
		.sequence = header.tag >> 8,
		.type = header.tag & 0xff,
		.key = at + sizeof(header),
		.value = at + sizeof(header) + header.key_length,
		.key_length = header.key_length,
		.value_length = header.value_length,
	};
	*offset += size;
	return 1;
}

/* How many whole records @data is, or -1 if it is something else. */
static inline int record_count(const void *data, size_t length)
{
	struct record record;
	size_t offset = 0;
	int ret, count = 0;

	while ((ret = record_next(data, length, &offset, &record)) > 0)
		count++;
	return ret ? ret : count;
}

/*
 * Requests
 */

static inline int table_open(void)
{
	return open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
}

static inline int request(int fd, unsigned long number, void *argument)
{
	return ioctl(fd, number, argument) ? -errno : 0;
}

static inline struct memtable_info table_info(int fd)
{
	struct memtable_info info;

	if (ioctl(fd, MEMTABLE_IOC_INFO, &info))
		abort();
	return info;
}

static inline int table_configure(int fd, __u64 write_buffer_size,
				  __u64 max_size)
{
	struct memtable_configure configure = {
		.write_buffer_size = write_buffer_size,
		.max_size = max_size,
	};

	return request(fd, MEMTABLE_IOC_CONFIGURE, &configure);
}

/* Opens a table of another kind or order. */
static inline int table_open_as(__u32 kind, __u32 order, __u64 max_size)
{
	struct memtable_configure configure = {
		.max_size = max_size,
		.order = order,
		.kind = kind,
	};
	const int fd = table_open();

	if (fd >= 0 && ioctl(fd, MEMTABLE_IOC_CONFIGURE, &configure))
		abort();
	return fd;
}

static inline int table_add(int fd, __u64 sequence, unsigned int type,
			    const void *key, size_t key_length,
			    const void *value, size_t value_length)
{
	struct memtable_add add = {
		.key = ADDRESS(key),
		.value = ADDRESS(value),
		.sequence = sequence,
		.key_length = key_length,
		.value_length = value_length,
		.type = type,
	};

	return request(fd, MEMTABLE_IOC_ADD, &add);
}

/* Adds a string under a string; a null value makes a tombstone. */
static inline int table_put(int fd, __u64 sequence, const char *key,
			    const char *value)
{
	return table_add(fd, sequence,
			 value ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION,
			 key, strlen(key), value, value ? strlen(value) : 0);
}

static inline int table_write(int fd, const struct stream *stream)
{
	struct memtable_write write = {
		.records = ADDRESS(stream->data),
		.length = stream->length,
	};

	return request(fd, MEMTABLE_IOC_WRITE, &write);
}

/*
 * Compares what a string key has at @snapshot with the string @value: zero if
 * equal, one if not, or a negative errno.
 */
static inline int table_differs(int fd, __u64 snapshot, const char *key,
				const char *value)
{
	char buffer[256];
	struct memtable_get get = {
		.key = ADDRESS(key),
		.value = ADDRESS(buffer),
		.snapshot = snapshot,
		.key_length = strlen(key),
		.value_size = sizeof(buffer),
	};
	const int ret = request(fd, MEMTABLE_IOC_GET, &get);

	if (ret)
		return ret;
	/* cppcheck-suppress uninitvar; it has been written by the request */
	return get.value_length != strlen(value) || memcmp(buffer, value, get.value_length);
}

static inline int table_seal(int fd)
{
	return request(fd, MEMTABLE_IOC_SEAL, NULL);
}

/* A new descriptor of the table. */
static inline int table_share(int fd, unsigned int flags)
{
	struct memtable_share share = { .flags = flags };
	const int ret = request(fd, MEMTABLE_IOC_SHARE, &share);

	return ret ? ret : share.fd;
}

/* A new descriptor of the part of the table from @pivot on. */
static inline int table_split(int fd, const void *pivot, size_t length)
{
	struct memtable_split split = {
		.pivot = ADDRESS(pivot),
		.pivot_length = length,
	};
	const int ret = request(fd, MEMTABLE_IOC_SPLIT, &split);

	return ret ? ret : split.fd;
}

/* The same, which publishes that part under @number. */
static inline int table_split_publish(int fd, const void *pivot, size_t length,
				      __u64 number)
{
	struct memtable_split split = {
		.pivot = ADDRESS(pivot),
		.number = number,
		.pivot_length = length,
		.flags = MEMTABLE_SPLIT_PUBLISH,
	};
	const int ret = request(fd, MEMTABLE_IOC_SPLIT, &split);

	return ret ? ret : split.fd;
}

/* A new descriptor of the upper half. */
static inline int table_halve(int fd)
{
	struct memtable_split split = { .flags = MEMTABLE_SPLIT_HALF };
	const int ret = request(fd, MEMTABLE_IOC_SPLIT, &split);

	return ret ? ret : split.fd;
}

/*
 * Appends to @stream all that @scan describes, @buffer_size bytes at a time,
 * going on from call to call as the request's documentation says. A record
 * that does not fit gets the room that it asks for.
 */
static inline int scan_all(int fd, const struct memtable_scan *from,
			   size_t buffer_size, struct stream *stream)
{
	struct memtable_scan scan = *from;
	size_t offset = stream->length;
	size_t start = SIZE_MAX;
	int ret;

	do {
		struct record record;

		stream_reserve(stream, offset + buffer_size);
		scan.records = ADDRESS(stream->data + offset);
		scan.records_size = buffer_size;
		if (start != SIZE_MAX)
			scan.start_key = ADDRESS(stream->data + start);
		ret = request(fd, MEMTABLE_IOC_SCAN, &scan);
		if (ret == -ERANGE && scan.records_length > buffer_size) {
			buffer_size = scan.records_length;
			continue;
		}
		if (ret)
			return ret;
		/* No progress would mean no end. */
		if (!scan.count && !(scan.result & MEMTABLE_SCAN_DONE))
			return -EBADMSG;
		stream->length += scan.records_length;
		while ((ret = record_next(stream->data, stream->length, &offset,
					  &record)) > 0) {
			start = record.key - stream->data;
			scan.start_length = record.key_length;
			if (scan.flags & MEMTABLE_SCAN_ALL_VERSIONS)
				scan.start_sequence = record.sequence;
			scan.flags |= MEMTABLE_SCAN_START |
				      MEMTABLE_SCAN_START_EXCLUSIVE;
		}
		if (ret)
			return -EBADMSG;
	} while (!(scan.result & MEMTABLE_SCAN_DONE));
	return 0;
}

/* The same for the whole table with @flags at @snapshot. */
static inline int table_scan(int fd, unsigned int flags, __u64 snapshot,
			     size_t buffer_size, struct stream *stream)
{
	const struct memtable_scan scan = {
		.snapshot = snapshot,
		.flags = flags,
	};

	return scan_all(fd, &scan, buffer_size, stream);
}

/* All that can be seen of a table, to be compared with what it is later. */
struct image {
	struct memtable_info info;
	struct stream records;
};

static inline struct image table_image(int fd)
{
	struct image image = { .info = table_info(fd) };

	if (table_scan(fd, EVERYTHING, 0, 65536, &image.records))
		abort();
	return image;
}

/*
 * Whether the table is just as it was when @image was taken; but that a write
 * was refused for lack of room shows in its state.
 */
static inline bool table_unchanged(int fd, const struct image *image)
{
	struct memtable_info before = image->info;
	struct image now = table_image(fd);
	bool same;

	before.state &= ~MEMTABLE_STATE_FULL;
	now.info.state &= ~MEMTABLE_STATE_FULL;
	same = stream_equal(&image->records, &now.records) &&
	       !memcmp(&before, &now.info, sizeof(before));
	stream_free(&now.records);
	return same;
}

/* Whether two tables hold the same entries. */
static inline bool table_equal(int a, int b)
{
	struct image images[] = { table_image(a), table_image(b) };
	const bool same = stream_equal(&images[0].records, &images[1].records);

	stream_free(&images[0].records);
	stream_free(&images[1].records);
	return same;
}

/*
 * Registry
 */

/* A file number that no other test has. */
static inline __u64 number_new(void)
{
	static unsigned int count;

	return (__u64)getpid() << 32 | count++;
}

static inline int number_request(int fd, unsigned long request_number,
				 __u64 number)
{
	struct memtable_number argument = { .number = number };

	return request(fd, request_number, &argument);
}

static inline int table_publish(int fd, __u64 number)
{
	return number_request(fd, MEMTABLE_IOC_PUBLISH, number);
}

static inline int table_attach(int fd, __u64 number)
{
	return number_request(fd, MEMTABLE_IOC_ATTACH, number);
}

static inline int table_drop(int fd, __u64 number)
{
	return number_request(fd, MEMTABLE_IOC_DROP, number);
}

static inline int table_rotate(int fd, __u64 number)
{
	return number_request(fd, MEMTABLE_IOC_ROTATE, number);
}

/*
 * Threads
 */

/* What all threads of a test share. */
struct shared {
	int fd;
	/* Readers that have made their first round; the writer waits for all. */
	atomic_uint ready;
	/* The writer has ended; readers make one more round and end too. */
	atomic_bool done;
	/* What went wrong first, for the test to tell. */
	const char *_Atomic failure;
};

static inline void fail(struct shared *const shared, const char *const failure)
{
	const char *none = NULL;

	atomic_compare_exchange_strong(&shared->failure, &none, failure);
}

/* Waits until @count readers have made their first round. */
static inline void shared_wait(struct shared *const shared,
			       const unsigned int count)
{
	while (atomic_load(&shared->ready) < count)
		sched_yield();
}

static inline void threads_start(pthread_t *const threads,
				 const unsigned int count,
				 void *(*const main)(void *), void *const data)
{
	for (unsigned int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, main, data))
			abort();
	}
}

static inline void threads_join(const pthread_t *const threads,
				const unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/*
 * Processes
 */

/* Waits for @child: its exit status, or minus the signal that ended it. */
static inline int child_wait(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif /* SELFTESTS_MEMTABLE_COMMON_H */
