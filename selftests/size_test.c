// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - as many and as large as can be
 */

#include "caches.h"
#include "common.h"

#include <sys/resource.h>

#define OPEN 10000
#define PUBLISHED 1000

FIXTURE(size)
{
	struct caches before;
	int fd;
};

FIXTURE_SETUP(size)
{
	self->before = caches_settled();
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(size)
{
	close(self->fd);
	while (caches_now().objects > self->before.objects)
		usleep(10000);
}

/* Each table has its own number as its only value. */
static bool table_has_number(const int fd, const unsigned int number)
{
	char string[16];

	snprintf(string, sizeof(string), "%u", number);
	return !table_differs(fd, 0, "key", string);
}

static int table_put_number(const int fd, const unsigned int number)
{
	char string[16];

	snprintf(string, sizeof(string), "%u", number);
	return table_put(fd, 0, "key", string);
}

TEST_F_TIMEOUT(size, open_tables, LONG_TIMEOUT)
{
	const unsigned int count = scaled(OPEN);
	const struct rlimit limit = { count + 100, count + 100 };
	int *const fds = checked(calloc(count, sizeof(*fds)));

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (unsigned int i = 0; i < count; i++) {
		fds[i] = table_open();
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, table_put_number(fds[i], i));
	}
	for (unsigned int i = 0; i < count; i++) {
		ASSERT_TRUE(table_has_number(fds[i], i));
		ASSERT_EQ(0, close(fds[i]));
	}
	free(fds);
}

TEST_F_TIMEOUT(size, published_tables, LONG_TIMEOUT)
{
	const unsigned int count = scaled(PUBLISHED);
	const __u64 base = number_new();
	struct memtable_list_entry *const entries =
		checked(calloc(count, sizeof(*entries)));
	struct memtable_list list = {
		.start = base,
		.entries = ADDRESS(entries),
		.entry_size = sizeof(*entries),
		.capacity = count,
	};

	for (unsigned int i = 0; i < count; i++) {
		const int fd = table_open();

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, table_put_number(fd, i));
		ASSERT_EQ(0, table_publish(fd, base + i));
		ASSERT_EQ(0, close(fd));
	}
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &list));
	EXPECT_EQ(count, list.count);
	for (unsigned int i = 0; i < count; i++) {
		EXPECT_EQ(base + i, entries[i].number);
		EXPECT_EQ(1, entries[i].entries);
		EXPECT_EQ(0, table_attach(self->fd, base + i));
		EXPECT_TRUE(table_has_number(self->fd, i));
		EXPECT_EQ(0, table_drop(self->fd, base + i));
	}
	free(entries);
}

/*
 * The longest keys differ in nothing but their last four bytes, or in one byte
 * somewhere: the index has nothing to go by but all they have in common.
 */
TEST_F_TIMEOUT(size, longest_keys, LONG_TIMEOUT)
{
	const size_t length = MEMTABLE_MAX_KEY_LENGTH;
	const unsigned int count = scaled(2000);
	unsigned char *const key = checked(calloc(1, length));
	struct stream seen = {};
	struct record record;
	size_t offset = 0;
	unsigned int i = 0;

	for (unsigned int step = 0; step < count; step++) {
		/* A step without a common divisor visits all numbers. */
		const __u32 number = step * 7919ULL % count;
		const __u32 bytes = __builtin_bswap32(number);

		memcpy(key + length - sizeof(bytes), &bytes, sizeof(bytes));
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, key,
				       length, &number, sizeof(number)));
	}
	ASSERT_EQ(0, table_scan(self->fd, 0, 0, 1 << 20, &seen));
	for (; record_next(seen.data, seen.length, &offset, &record) > 0; i++) {
		const __u32 bytes = __builtin_bswap32(i);

		ASSERT_EQ(length, record.key_length);
		ASSERT_TRUE(all_bytes(record.key, length - sizeof(bytes), 0));
		ASSERT_EQ(0, memcmp(record.key + length - sizeof(bytes), &bytes,
				    sizeof(bytes)));
		ASSERT_EQ(sizeof(i), record.value_length);
		ASSERT_EQ(0, memcmp(record.value, &i, sizeof(i)));
	}
	EXPECT_EQ(count, i);
	stream_free(&seen);

	/* All zeros is the first of them; the rest sorts from the last byte on. */
	memset(key, 0, length);
	for (size_t at = length - sizeof(__u32); at-- > 0;) {
		if (at % 1024 && at > 64)
			continue;
		key[at] = 1;
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, key,
				       length, &at, sizeof(at)));
		key[at] = 0;
	}
	ASSERT_EQ(0, table_scan(self->fd, 0, 0, 1 << 20, &seen));
	for (offset = 0, i = 0;
	     record_next(seen.data, seen.length, &offset, &record) > 0; i++) {
		size_t at;

		if (i < count)
			continue;
		ASSERT_EQ(sizeof(at), record.value_length);
		memcpy(&at, record.value, sizeof(at));
		ASSERT_TRUE(all_bytes(record.key, at, 0));
		ASSERT_EQ(1, record.key[at]);
	}
	EXPECT_LT(count + 64, i);
	stream_free(&seen);
	free(key);
}

TEST_F_TIMEOUT(size, longest_values, LONG_TIMEOUT)
{
	const size_t length = MEMTABLE_MAX_VALUE_LENGTH;
	unsigned char *const value = checked(malloc(length));
	unsigned char *const seen = checked(malloc(length));

	for (unsigned int i = 0; i < 4; i++) {
		pattern_fill(value, length, i);
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, &i,
				       sizeof(i), value, length));
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct memtable_get get = {
			.key = ADDRESS(&i),
			.key_length = sizeof(i),
			.value = ADDRESS(seen),
			.value_size = length,
		};

		pattern_fill(value, length, i);
		ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_GET, &get));
		ASSERT_EQ(length, get.value_length);
		ASSERT_EQ(0, memcmp(value, seen, length));
	}
	free(value);
	free(seen);
}

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/*
 * Writes @count random keys, so many in a batch; returns how long that took, in
 * microseconds.
 */
static unsigned long long write_random(const int fd, const unsigned int count,
				       const unsigned int batch)
{
	unsigned long long took = 0;
	__u64 random = 1;

	for (unsigned int done = 0; done < count; done += batch) {
		struct stream stream = {};
		unsigned long long begin;

		for (unsigned int i = 0; i < batch; i++) {
			const __u64 key = random_next(&random);

			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), NULL, 0);
		}
		begin = now_us();
		if (table_write(fd, &stream))
			abort();
		took += now_us() - begin;
		stream_free(&stream);
	}
	return took;
}

/*
 * All of a large batch falls to one place of an empty table, and must be what
 * many batches make of it. Nobody can end it once it is being linked: the times
 * tell whether it takes longer than they do.
 */
TEST_F_TIMEOUT(size, large_batch, LONG_TIMEOUT)
{
	const unsigned int count = scaled(200) * 1000;
	const int other = table_open();
	unsigned long long many, one;

	ASSERT_LE(0, other);
	many = write_random(self->fd, count, 1000);
	one = write_random(other, count, count);
	TH_LOG("%u records in %llu ms, in one batch in %llu ms", count,
	       many / 1000, one / 1000);
	EXPECT_EQ(count, table_info(other).entries);
	EXPECT_TRUE(table_equal(self->fd, other));
	EXPECT_EQ(0, close(other));
}

/* Counts which of the first @count keys of write_random() a table has, one in so many. */
static unsigned int found_of(const int fd, const unsigned int count,
			     const unsigned int step)
{
	unsigned int found = 0;
	__u64 random = 1;

	for (unsigned int i = 0; i < count; i++) {
		const __u64 key = random_next(&random);
		struct memtable_get get = {
			.key = ADDRESS(&key),
			.key_length = sizeof(key),
		};

		if (i % step == 0 && !request(fd, MEMTABLE_IOC_GET, &get))
			found++;
	}
	return found;
}

/*
 * How long it takes to close the largest table is told; that freeing its memory
 * keeps no processor for too long is for the kernel's watchdogs to judge. It must
 * not get in the way of other tables.
 */
TEST_F_TIMEOUT(size, most_entries, LONG_TIMEOUT)
{
	const unsigned int count = scaled(1000) * 10000;
	const int fd = table_open();
	unsigned long long begin, end;

	ASSERT_LE(0, fd);
	write_random(fd, count, 10000);
	EXPECT_EQ(count, table_info(fd).entries);
	EXPECT_EQ(count / 1000, found_of(fd, count, 1000));
	begin = now_us();
	ASSERT_EQ(0, close(fd));
	end = now_us();
	TH_LOG("%u entries closed in %llu us", count, end - begin);
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
}

TEST_HARNESS_MAIN
