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

/* What can be asked. */
enum what {
	KILL_INFO,
	KILL_CONFIGURE,
	KILL_ADD,
	KILL_GET,
	KILL_WRITE,
	KILL_FILE_WRITE,
	KILL_READ,
	KILL_SCAN,
	KILL_FILE_READ,
	KILL_SEAL,
	KILL_SHARE,
	KILL_PIVOT,
	KILL_SPLIT,
	KILL_SPLIT_PUBLISH,
	KILL_PUBLISH,
	KILL_ATTACH,
	KILL_DROP,
	KILL_ROTATE,
	KILL_LIST,
	KILL_OPEN,
	KILL_KINDS,
};

static const char *const names[] = {
	[KILL_INFO] = "INFO",
	[KILL_CONFIGURE] = "CONFIGURE",
	[KILL_ADD] = "ADD",
	[KILL_GET] = "GET",
	[KILL_WRITE] = "WRITE",
	[KILL_FILE_WRITE] = "write(2)",
	[KILL_READ] = "READ",
	[KILL_SCAN] = "SCAN",
	[KILL_FILE_READ] = "read(2)",
	[KILL_SEAL] = "SEAL",
	[KILL_SHARE] = "SHARE",
	[KILL_PIVOT] = "PIVOT",
	[KILL_SPLIT] = "SPLIT",
	[KILL_SPLIT_PUBLISH] = "SPLIT that publishes",
	[KILL_PUBLISH] = "PUBLISH",
	[KILL_ATTACH] = "ATTACH",
	[KILL_DROP] = "DROP",
	[KILL_ROTATE] = "ROTATE",
	[KILL_LIST] = "LIST",
	[KILL_OPEN] = "open(2), close(2)",
};

/* A process that asks until it is killed, and what both sides know of it. */
struct asker {
	enum what what;
	/* It has asked, or is about to. */
	atomic_bool begun;
	/* It is in the call, or all but. */
	atomic_bool asking;
};

/* Entries for a batch, and keys to look up. */
static struct stream batch, keys;
static unsigned char buffer[1 << 16];

static void streams_make(void)
{
	for (__u64 i = 0; i < 200; i++) {
		stream_add(&batch, 0, MEMTABLE_TYPE_VALUE, &i, sizeof(i),
			   buffer, 100);
		stream_add(&keys, 0, 0, &i, sizeof(i), NULL, 0);
	}
}

/* Makes a request on @fd, perhaps about one of the numbers that all share. */
static void ask(const enum what what, const int fd, const __u64 number,
		__u64 key)
{
	struct memtable_get get = {
		.key = ADDRESS(&key),
		.key_length = sizeof(key),
		.value = ADDRESS(buffer),
		.value_size = sizeof(buffer),
	};
	struct memtable_read read_argument = {
		.keys = ADDRESS(keys.data),
		.keys_length = keys.length,
		.records = ADDRESS(buffer),
		.records_size = sizeof(buffer),
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
	struct memtable_info info;

	switch (what) {
	case KILL_INFO:
		request(fd, MEMTABLE_IOC_INFO, &info);
		break;
	case KILL_CONFIGURE:
		table_configure(fd, 0, 0);
		break;
	case KILL_ADD:
		table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key), buffer,
			  key * 64);
		break;
	case KILL_GET:
		request(fd, MEMTABLE_IOC_GET, &get);
		break;
	case KILL_WRITE:
		table_write(fd, &batch);
		break;
	case KILL_FILE_WRITE:
		if (write(fd, batch.data, batch.length) < 0)
			break;
		break;
	case KILL_READ:
		request(fd, MEMTABLE_IOC_READ, &read_argument);
		break;
	case KILL_SCAN:
		request(fd, MEMTABLE_IOC_SCAN, &scan);
		break;
	case KILL_FILE_READ:
		if (read(fd, buffer, sizeof(buffer)) <= 0)
			lseek(fd, 0, SEEK_SET);
		break;
	case KILL_SEAL:
		table_seal(fd);
		break;
	case KILL_SHARE:
		close(table_share(fd, MEMTABLE_SHARE_READ_ONLY));
		break;
	case KILL_PIVOT:
		request(fd, MEMTABLE_IOC_PIVOT, &pivot);
		break;
	case KILL_SPLIT:
		close(table_split(fd, &key, sizeof(key)));
		break;
	case KILL_SPLIT_PUBLISH:
		close(table_split_publish(fd, &key, sizeof(key), number));
		break;
	case KILL_PUBLISH:
		table_publish(fd, number);
		break;
	case KILL_ATTACH:
		table_attach(fd, number);
		break;
	case KILL_DROP:
		table_drop(fd, number);
		break;
	case KILL_ROTATE:
		table_rotate(fd, number);
		break;
	case KILL_LIST:
		request(fd, MEMTABLE_IOC_LIST, &list);
		break;
	case KILL_OPEN:
		close(table_open_as(key & 1, 0, 0));
		break;
	case KILL_KINDS:
		abort();
	}
}

/* What has to be before a request, and after it, for it to find work again. */
static void ask_before(const enum what what, const int fd, const __u64 number)
{
	if (what == KILL_DROP)
		table_publish(fd, number);
}

static void ask_after(const enum what what, const int fd, const __u64 number)
{
	if (what == KILL_PUBLISH || what == KILL_ROTATE ||
	    what == KILL_SPLIT_PUBLISH)
		table_drop(fd, number);
}

/*
 * What a process does until it is killed: mostly one thing, so that it is in the
 * middle of that, and now and then another.
 */
static void __attribute__((noreturn))
ask_for_ever(const FIXTURE_DATA(kill) *const self, struct asker *const asker,
	     __u64 random)
{
	int fd = -1;

	for (__u64 value = random;; value++) {
		const __u64 number =
			self->numbers[random_next(&random) % NUMBERS];

		if (fd < 0 || value % 512 == 0) {
			close(fd);
			fd = table_open();
			table_write(fd, &batch);
		}
		if (value % 64 == 0) {
			write_together(self->fd, value);
			ask(random_next(&random) % KILL_KINDS, fd, number,
			    value % 200);
		}
		ask_before(asker->what, fd, number);
		atomic_store(&asker->begun, true);
		atomic_store(&asker->asking, true);
		ask(asker->what, fd, number, random_next(&random) % 200);
		atomic_store(&asker->asking, false);
		ask_after(asker->what, fd, number);
	}
}

/* Kills it after a while, and returns whether that was in the middle of a call. */
static bool asker_kill(const struct asker *const asker, const pid_t pid,
		       __u64 *const random)
{
	while (!atomic_load(&asker->begun))
		usleep(100);
	usleep(random_next(random) % 1000);
	if (kill(pid, SIGKILL) || child_wait(pid) != -SIGKILL)
		abort();
	return atomic_load(&asker->asking);
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

/* What was killed least. */
static enum what least_of(const unsigned int *const counts)
{
	enum what least = 0;

	for (enum what what = 1; what < KILL_KINDS; what++) {
		if (counts[what] < counts[least])
			least = what;
	}
	return least;
}

/*
 * Wherever a process is when it is killed, what others share with it is whole,
 * and whatever was its own comes back: so many times in each request.
 */
TEST_F_TIMEOUT(kill, anywhere, LONG_TIMEOUT)
{
	const unsigned int enough = scaled(20);
	struct asker *const askers =
		checked(mmap(NULL, CHILDREN * sizeof(*askers),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	/* Kills in the middle of each request; while one is asked, one more. */
	unsigned int counts[KILL_KINDS] = {};
	pid_t pids[CHILDREN];
	unsigned int kills = 0;
	__u64 random = 1;

	streams_make();
	while (counts[least_of(counts)] < enough) {
		for (unsigned int i = 0; i < CHILDREN; i++) {
			struct asker *const asker = &askers[i];

			memset(asker, 0, sizeof(*asker));
			asker->what = least_of(counts);
			counts[asker->what]++;
			random_next(&random);
			pids[i] = fork();
			ASSERT_LE(0, pids[i]);
			if (!pids[i])
				ask_for_ever(self, asker, random);
		}
		for (unsigned int i = 0; i < CHILDREN; i++) {
			kills++;
			if (!asker_kill(&askers[i], pids[i], &random))
				counts[askers[i].what]--;
		}
		ASSERT_TRUE(together(self->fd));
	}
	EXPECT_TRUE(together(self->fd));
	for (enum what what = 0; what < KILL_KINDS; what++)
		TH_LOG("%4u kills in %s", counts[what], names[what]);
	TH_LOG("%u kills, %llu batches", kills,
	       (unsigned long long)table_info(self->fd).last_sequence / BATCH);
	for (unsigned int i = 0; i < NUMBERS; i++)
		table_drop(self->fd, self->numbers[i]);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	stream_free(&batch);
	stream_free(&keys);
	munmap(askers, CHILDREN * sizeof(*askers));
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
 * writer takes to die is only told here.
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
	TH_LOG("%u records, %llu ms: dead after %llu ms (%u not applied), %llu ms (%u applied)",
	       records, whole / 1000, longest[0] / 1000, found[0],
	       longest[1] / 1000, found[1]);
}

/*
 * Long calls, each of which goes once through memory that nobody has touched
 * before: a WRITE through its stream, the others through their answers. So the
 * pages that have come to be there tell how far it is, whatever the time.
 */

#define BULK_RECORDS 32768
#define BULK_LENGTH (BULK_RECORDS * sizeof(struct memtable_record))
#define PAGE_SIZE_MIN 4096

FIXTURE(bulk)
{
	int fd;
	size_t pages;
	/* The keys that a READ is about. */
	void *keys;
	/* What the call goes through. */
	void *memory;
};

FIXTURE_VARIANT(bulk)
{
	unsigned long request;
};

FIXTURE_VARIANT_ADD(bulk, write)
{
	.request = MEMTABLE_IOC_WRITE,
};

FIXTURE_VARIANT_ADD(bulk, read)
{
	.request = MEMTABLE_IOC_READ,
};

FIXTURE_VARIANT_ADD(bulk, scan)
{
	.request = MEMTABLE_IOC_SCAN,
};

/* Memory that this process shares with its children. */
static void *bulk_map(void)
{
	return checked(mmap(NULL, BULK_LENGTH, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Zeros are tombstones of the empty key, or that key to look up. */
static int bulk_call(const FIXTURE_DATA(bulk) *const self,
		     const unsigned long number)
{
	struct memtable_write write = {
		.records = ADDRESS(self->memory),
		.length = BULK_LENGTH,
	};
	struct memtable_read read = {
		.keys = ADDRESS(self->keys),
		.keys_length = BULK_LENGTH,
		.records = ADDRESS(self->memory),
		.records_size = BULK_LENGTH,
	};
	struct memtable_scan scan = {
		.records = ADDRESS(self->memory),
		.records_size = BULK_LENGTH,
		.flags = EVERYTHING,
	};

	return request(self->fd, number,
		       number == MEMTABLE_IOC_WRITE ? (void *)&write :
		       number == MEMTABLE_IOC_READ  ? (void *)&read :
						      (void *)&scan);
}

/* How many pages of the memory have been touched, by whatever process. */
static size_t bulk_touched(const FIXTURE_DATA(bulk) *const self)
{
	unsigned char there[BULK_LENGTH / PAGE_SIZE_MIN];
	size_t count = 0;

	if (mincore(self->memory, BULK_LENGTH, there))
		abort();
	for (size_t i = 0; i < self->pages; i++)
		count += there[i] & 1;
	return count;
}

FIXTURE_SETUP(bulk)
{
	self->pages = BULK_LENGTH / sysconf(_SC_PAGESIZE);
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->keys = bulk_map();
	self->memory = bulk_map();
	ASSERT_EQ(0, bulk_call(self, MEMTABLE_IOC_WRITE));
	ASSERT_EQ(self->pages, bulk_touched(self));
	ASSERT_EQ(0, munmap(self->memory, BULK_LENGTH));
}

FIXTURE_TEARDOWN(bulk)
{
	munmap(self->keys, BULK_LENGTH);
	close(self->fd);
}

/*
 * A process that is killed in the middle of a long call does not go on to its
 * end. How far it was is asked after the signal has been sent: so what comes
 * later came in spite of it, however long this process or that one had to wait
 * for a processor. A kill that was late tells nothing, and there is one more.
 */
TEST_F_TIMEOUT(bulk, ends_promptly, LONG_TIMEOUT)
{
	const unsigned int enough = 4;
	unsigned int kills = 0, told = 0;
	size_t most = 0;

	while (told < enough) {
		const __u64 entries = table_info(self->fd).entries;
		size_t before, after;
		pid_t child;

		self->memory = bulk_map();
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			bulk_call(self, variant->request);
			pause();
		}
		while (!bulk_touched(self))
			usleep(100);
		ASSERT_EQ(0, kill(child, SIGKILL));
		before = bulk_touched(self);
		ASSERT_EQ(-SIGKILL, child_wait(child));
		after = bulk_touched(self);
		ASSERT_EQ(0, munmap(self->memory, BULK_LENGTH));
		kills++;
		if (before > self->pages / 2)
			continue;
		told++;
		if (after - before > most)
			most = after - before;
		EXPECT_LT(after, self->pages * 3 / 4);
		EXPECT_EQ(entries, table_info(self->fd).entries);
	}
	TH_LOG("%u of %u kills in the first half, at most %zu of %zu pages later",
	       told, kills, most, self->pages);
}

TEST_HARNESS_MAIN
