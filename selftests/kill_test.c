// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - processes that are killed while they ask for something
 */

#include "caches.h"
#include "common.h"

#define CHILDREN 4
#define BATCH 8
#define NUMBERS 4

FIXTURE(kill)
{
	int fd;
	__u64 numbers[NUMBERS];
	struct caches before;
};

FIXTURE_SETUP(kill)
{
	self->before = caches_settled();
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	for (unsigned int i = 0; i < NUMBERS; i++)
		self->numbers[i] = number_new();
}

FIXTURE_TEARDOWN(kill)
{
	close(self->fd);
}

/* One batch for the table that all share: the same value under all its keys. */
static void write_together(const int fd, const __u64 value)
{
	struct stream stream = {};

	for (__u32 i = 0; i < BATCH; i++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &i, sizeof(i),
			   &value, sizeof(value));
	table_write(fd, &stream);
	stream_free(&stream);
}

/* One request of any kind on @fd, about one of the numbers that all share. */
static void ask(const int fd, const __u64 number, __u64 *const random)
{
	static unsigned char buffer[1 << 16];
	const __u64 key = random_next(random) % 1000;
	struct memtable_get get = {
		.key = ADDRESS(&key),
		.key_length = sizeof(key),
		.value = ADDRESS(buffer),
		.value_size = sizeof(buffer),
	};
	struct memtable_scan scan = {
		.records = ADDRESS(buffer),
		.records_size = sizeof(buffer),
	};
	struct memtable_pivot pivot = {
		.key = ADDRESS(buffer),
		.key_size = sizeof(buffer),
	};
	struct memtable_list list = {
		.entries = ADDRESS(buffer),
		.entry_size = sizeof(struct memtable_list_entry),
		.capacity = NUMBERS,
	};
	struct stream stream = {};

	switch (random_next(random) % 17) {
	case 0:
		table_configure(fd, 0, 0);
		break;
	case 1:
		table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key), buffer,
			  random_next(random) % sizeof(buffer));
		break;
	case 2:
		request(fd, MEMTABLE_IOC_GET, &get);
		break;
	case 3:
	case 4:
		for (__u64 i = 0; i < 200; i++)
			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &i,
				   sizeof(i), buffer, 100);
		if (key & 1)
			table_write(fd, &stream);
		else if (write(fd, stream.data, stream.length) < 0)
			break;
		break;
	case 5:
		for (__u64 i = 0; i < 200; i++)
			stream_add(&stream, 0, 0, &i, sizeof(i), NULL, 0);
		request(fd, MEMTABLE_IOC_READ,
			&(struct memtable_read){
				.keys = ADDRESS(stream.data),
				.keys_length = stream.length,
				.records = ADDRESS(buffer),
				.records_size = sizeof(buffer),
			});
		break;
	case 6:
		request(fd, MEMTABLE_IOC_SCAN, &scan);
		break;
	case 7:
		if (read(fd, buffer, sizeof(buffer)) <= 0)
			lseek(fd, 0, SEEK_SET);
		break;
	case 8:
		table_seal(fd);
		break;
	case 9:
		close(table_share(fd, MEMTABLE_SHARE_READ_ONLY));
		break;
	case 10:
		request(fd, MEMTABLE_IOC_PIVOT, &pivot);
		break;
	case 11:
		close(table_split(fd, &key, sizeof(key)));
		break;
	case 12:
		close(table_split_publish(fd, &key, sizeof(key), number));
		break;
	case 13:
		if (table_publish(fd, number))
			table_attach(fd, number);
		break;
	case 14:
		table_drop(fd, number);
		break;
	case 15:
		table_rotate(fd, number);
		break;
	case 16:
		request(fd, MEMTABLE_IOC_LIST, &list);
		break;
	}
	stream_free(&stream);
}

/* What a process does until it is killed. */
static void __attribute__((noreturn))
ask_for_ever(const FIXTURE_DATA(kill) *const self, __u64 random)
{
	int fd = table_open();

	for (__u64 value = random;; value++) {
		if (value % 16 == 0) {
			close(fd);
			fd = table_open();
			if (value % 32 == 0)
				close(table_open_as(MEMTABLE_KIND_MAP, 0, 0));
		}
		if (value % 4 == 0)
			write_together(self->fd, value);
		ask(fd, self->numbers[random_next(&random) % NUMBERS], &random);
	}
}

/* Is all of the table that all share in whole batches? */
static bool together(const int fd)
{
	struct memtable_info info = table_info(fd);
	struct stream stream = {};
	struct record record;
	size_t offset = 0;
	__u64 value = 0;
	bool whole = true;
	int count = 0;

	if (table_scan(fd, 0, 0, 4096, &stream))
		abort();
	while (record_next(stream.data, stream.length, &offset, &record) > 0) {
		__u64 other;

		memcpy(&other, record.value, sizeof(other));
		if (count++ && other != value)
			whole = false;
		value = other;
	}
	stream_free(&stream);
	return whole && (!count || count == BATCH) &&
	       info.last_sequence % BATCH == 0;
}

/*
 * Wherever a process is when it is killed, what others share with it is whole,
 * and whatever was its own comes back.
 */
TEST_F_TIMEOUT(kill, anywhere, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(2000);
	const time_t begin = time(NULL);
	pid_t children[CHILDREN] = {};
	__u64 random = 1;
	unsigned int kills = 0;

	for (unsigned int round = 0; loop_on(round, rounds, begin); round++) {
		const unsigned int i = round % CHILDREN;

		if (children[i]) {
			ASSERT_EQ(0, kill(children[i], SIGKILL));
			ASSERT_EQ(-SIGKILL, child_wait(children[i]));
			kills++;
		}
		random_next(&random);
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			ask_for_ever(self, random);
		usleep(random_next(&random) % 5000);
		if (round % 16 == 0)
			ASSERT_TRUE(together(self->fd));
	}
	for (unsigned int i = 0; i < CHILDREN; i++) {
		if (!children[i])
			continue;
		ASSERT_EQ(0, kill(children[i], SIGKILL));
		ASSERT_EQ(-SIGKILL, child_wait(children[i]));
		kills++;
	}
	EXPECT_TRUE(together(self->fd));
	TH_LOG("%u kills, %llu batches", kills,
	       (unsigned long long)table_info(self->fd).last_sequence / BATCH);
	for (unsigned int i = 0; i < NUMBERS; i++)
		table_drop(self->fd, self->numbers[i]);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	while (caches_now().objects > self->before.objects)
		usleep(10000);
}

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/*
 * A long batch is whole or not there when its writer is killed. How long the
 * writer takes to die is told, and judged by nobody but the timeout.
 */
TEST_F_TIMEOUT(kill, long_batch, LONG_TIMEOUT)
{
	const unsigned int records = scaled(200000);
	struct stream stream = {};
	unsigned long long whole, longest[2] = {};
	unsigned int found[2] = {};
	__u64 random = 1;

	for (unsigned int i = 0; i < records; i++) {
		const __u64 key = random_next(&random);

		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &key, sizeof(key));
	}
	whole = now_us();
	ASSERT_EQ(0, table_write(self->fd, &stream));
	whole = now_us() - whole;
	ASSERT_EQ(0, close(self->fd));

	for (unsigned int i = 0; i < 8; i++) {
		unsigned long long begin, took;
		bool there;
		pid_t child;

		self->fd = table_open();
		ASSERT_LE(0, self->fd);
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			table_write(self->fd, &stream);
			pause();
		}
		usleep(whole * i / 7);
		begin = now_us();
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(-SIGKILL, child_wait(child));
		took = now_us() - begin;
		there = table_info(self->fd).entries;
		EXPECT_EQ(there ? records : 0, table_info(self->fd).entries);
		EXPECT_EQ(there ? records : 0,
			  table_info(self->fd).last_sequence);
		found[there]++;
		if (took > longest[there])
			longest[there] = took;
		EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
		ASSERT_EQ(0, close(self->fd));
	}
	self->fd = -1;
	stream_free(&stream);
	EXPECT_LT(0, found[0]);
	TH_LOG("%u records, %llu ms: dead after %llu ms (%u not applied), %llu ms (%u applied)",
	       records, whole / 1000, longest[0] / 1000, found[0],
	       longest[1] / 1000, found[1]);
}

TEST_HARNESS_MAIN
