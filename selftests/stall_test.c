// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - a caller whose memory is not there yet stalls only itself
 */

#include "common.h"
#include "stall_file.h"

#define ENTRIES 200
#define SIZE (1 << 20)

enum what {
	STALLED_ADD,
	STALLED_GET,
	STALLED_WRITE,
	STALLED_FILE_WRITE,
	STALLED_READ_KEYS,
	STALLED_READ,
	STALLED_FILE_READ,
	STALLED_SCAN,
	STALLED_SHARE,
	STALLED_PIVOT,
	STALLED_SPLIT,
	STALLED_LIST,
	STALLED_CONFIGURE,
	STALLED_PUBLISH,
	STALLED_ROTATE,
};

FIXTURE(stalled)
{
	int fd;
	/* A table for the list. */
	int listed;
	__u64 numbers[3];
	struct stall stall;
	enum what what;
	int ret;
	/* Harnesses of older kernels go on after a set-up that skips. */
	bool ready;
};

FIXTURE_VARIANT(stalled)
{
	enum what what;
	__u32 kind;
	int (*begin)(struct stall *stall, size_t size);
};

#define STALLED(name, constant)                  \
	FIXTURE_VARIANT_ADD(stalled, name)       \
	{                                        \
		.what = STALLED_##constant,      \
		.begin = stall_begin,            \
	};                                       \
	FIXTURE_VARIANT_ADD(stalled, name##_map) \
	{                                        \
		.what = STALLED_##constant,      \
		.kind = MEMTABLE_KIND_MAP,       \
		.begin = stall_begin,            \
	}

/* In a mapping of a file that does not come. */
#define STALLED_FILE(name, constant)              \
	FIXTURE_VARIANT_ADD(stalled, name##_file) \
	{                                         \
		.what = STALLED_##constant,       \
		.begin = stall_begin_file,        \
	}

STALLED(add, ADD);
STALLED(get, GET);
STALLED(write, WRITE);
STALLED(file_write, FILE_WRITE);
STALLED(read_keys, READ_KEYS);
STALLED(read, READ);
STALLED(file_read, FILE_READ);
STALLED(scan, SCAN);
STALLED(share, SHARE);
STALLED(pivot, PIVOT);
STALLED(split, SPLIT);
STALLED(list, LIST);
STALLED(configure, CONFIGURE);
STALLED(publish, PUBLISH);
STALLED(rotate, ROTATE);
STALLED_FILE(get, GET);
STALLED_FILE(write, WRITE);
STALLED_FILE(read_keys, READ_KEYS);
STALLED_FILE(read, READ);
STALLED_FILE(file_read, FILE_READ);
STALLED_FILE(scan, SCAN);

static int fill(const int fd)
{
	struct stream stream = {};
	int ret;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key %04u", i);
		stream_put(&stream, 0, key, "value");
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

FIXTURE_SETUP(stalled)
{
	if (variant->begin(&self->stall, SIZE))
		SKIP(return, "The kernel offers no such memory, or not to everyone");
	self->what = variant->what;
	self->fd = table_open_as(variant->kind, MEMTABLE_ORDER_BYTEWISE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fill(self->fd));
	for (size_t i = 0; i < ARRAY_SIZE(self->numbers); i++)
		self->numbers[i] = number_new();
	self->listed = table_open();
	ASSERT_EQ(0, table_publish(self->listed, self->numbers[0]));
	self->ready = true;
}

FIXTURE_TEARDOWN(stalled)
{
	if (!self->ready)
		return;
	/* What is asked with zeros gets this number. */
	table_drop(self->listed, 0);
	table_drop(self->listed, self->numbers[0]);
	close(self->listed);
	close(self->fd);
	stall_free(&self->stall);
}

/* Makes a request that has to wait for the memory. */
static int stalled_request(const FIXTURE_DATA(stalled) *const self)
{
	void *const memory = self->stall.memory;
	const int fd = self->fd;
	struct memtable_get get = {
		.key = ADDRESS("key 0001"),
		.key_length = 8,
		.value = ADDRESS(memory),
		.value_size = SIZE,
	};
	struct memtable_write write_argument = {
		.records = ADDRESS(memory),
		.length = record_size(0, 0),
	};
	struct memtable_record keys[2] = { { .key_length = 8 } };
	struct memtable_read read_argument = {
		.keys = ADDRESS(keys),
		.keys_length = record_size(8, 0),
		.records = ADDRESS(memory),
		.records_size = SIZE,
	};
	struct memtable_scan scan = {
		.records = ADDRESS(memory),
		.records_size = SIZE,
	};
	struct memtable_pivot pivot = {
		.key = ADDRESS(memory),
		.key_size = SIZE,
	};
	struct memtable_split split = {
		.pivot = ADDRESS(memory),
		.pivot_length = 8,
	};
	struct memtable_list list = {
		.entries = ADDRESS(memory),
		.entry_size = sizeof(struct memtable_list_entry),
		.capacity = 1,
	};
	ssize_t length;

	switch (self->what) {
	case STALLED_ADD:
		return table_add(fd, 0, MEMTABLE_TYPE_VALUE, memory, 8, "", 0);
	case STALLED_GET:
		return request(fd, MEMTABLE_IOC_GET, &get);
	case STALLED_WRITE:
		return request(fd, MEMTABLE_IOC_WRITE, &write_argument);
	case STALLED_FILE_WRITE:
		length = write(fd, memory, record_size(0, 0));
		return length < 0 ? -errno : 0;
	case STALLED_READ_KEYS:
		read_argument.keys = ADDRESS(memory);
		read_argument.keys_length = record_size(0, 0);
		return request(fd, MEMTABLE_IOC_READ, &read_argument);
	case STALLED_READ:
		memcpy(keys + 1, "key 0001", 8);
		return request(fd, MEMTABLE_IOC_READ, &read_argument);
	case STALLED_FILE_READ:
		length = read(fd, memory, SIZE);
		return length < 0 ? -errno : 0;
	case STALLED_SCAN:
		return request(fd, MEMTABLE_IOC_SCAN, &scan);
	case STALLED_SHARE:
		return request(fd, MEMTABLE_IOC_SHARE, memory);
	case STALLED_PIVOT:
		return request(fd, MEMTABLE_IOC_PIVOT, &pivot);
	case STALLED_SPLIT:
		return request(fd, MEMTABLE_IOC_SPLIT, &split);
	case STALLED_LIST:
		return request(fd, MEMTABLE_IOC_LIST, &list);
	case STALLED_CONFIGURE:
		return request(fd, MEMTABLE_IOC_CONFIGURE, memory);
	case STALLED_PUBLISH:
		return request(fd, MEMTABLE_IOC_PUBLISH, memory);
	case STALLED_ROTATE:
		return request(fd, MEMTABLE_IOC_ROTATE, memory);
	}
	return -ENOTTY;
}

static void *stalled_main(void *const data)
{
	FIXTURE_DATA(stalled) *const self = data;

	self->ret = stalled_request(self);
	return NULL;
}

/* Everything that others do with the table, and with another one. */
static void others_go_on(struct __test_metadata *const _metadata,
			 const FIXTURE_DATA(stalled) *const self)
{
	const int fd = self->fd;
	const int other = table_open();
	struct stream stream = {};
	struct memtable_list_entry entry;
	struct memtable_list list = {
		.start = self->numbers[1],
		.entries = ADDRESS(&entry),
		.entry_size = sizeof(entry),
		.capacity = 1,
	};
	int made;

	ASSERT_LE(0, other);
	EXPECT_EQ(0, table_put(fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "value"));
	EXPECT_EQ(0, table_scan(fd, 0, 0, 65536, &stream));
	EXPECT_LT(ENTRIES, record_count(stream.data, stream.length));
	EXPECT_EQ(-EBUSY, table_configure(fd, 0, 0));
	made = table_share(fd, MEMTABLE_SHARE_READ_ONLY);
	EXPECT_LE(0, made);
	EXPECT_EQ(0, table_differs(made, 0, "key", "value"));
	EXPECT_EQ(0, close(made));
	made = table_split(fd, "key 0100", 8);
	EXPECT_LE(0, made);
	EXPECT_EQ(ENTRIES / 2, table_info(made).entries);
	EXPECT_EQ(0, close(made));

	EXPECT_EQ(0, table_publish(fd, self->numbers[1]));
	EXPECT_EQ(0, request(fd, MEMTABLE_IOC_LIST, &list));
	EXPECT_EQ(self->numbers[1], entry.number);
	EXPECT_EQ(0, table_attach(other, self->numbers[1]));
	EXPECT_EQ(0, table_rotate(fd, self->numbers[2]));
	EXPECT_EQ(-EROFS, table_put(other, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(other, 0, "key", "value"));
	EXPECT_EQ(0, table_put(fd, 0, "next", "value"));
	EXPECT_EQ(0, table_drop(fd, self->numbers[1]));
	EXPECT_EQ(0, table_drop(fd, self->numbers[2]));
	EXPECT_EQ(0, table_seal(fd));
	EXPECT_EQ(0, close(other));
	stream_free(&stream);
}

TEST_F_TIMEOUT(stalled, others_go_on, LONG_TIMEOUT)
{
	pthread_t thread;

	if (!self->ready)
		return;
	threads_start(&thread, 1, stalled_main, self);
	stall_wait(&self->stall);
	others_go_on(_metadata, self);
	stall_end(&self->stall);
	threads_join(&thread, 1);
	/* Zeros are a tombstone of the empty key; but all is sealed by now. */
	switch (variant->what) {
	case STALLED_ADD:
	case STALLED_WRITE:
	case STALLED_FILE_WRITE:
	case STALLED_SPLIT:
	case STALLED_CONFIGURE:
		EXPECT_EQ(-EROFS, self->ret);
		break;
	default:
		EXPECT_EQ(0, self->ret);
	}
}

/*
 * The open file is turned to another table, and nobody has the one before: a
 * request that reads may end there, one that writes or makes the table known to
 * others has the one that there is now.
 */
TEST_F_TIMEOUT(stalled, turned, LONG_TIMEOUT)
{
	const int other = table_open_as(variant->kind, MEMTABLE_ORDER_BYTEWISE,
					0);
	const int watcher = table_open();
	pthread_t thread;

	if (!self->ready)
		return;
	ASSERT_LE(0, other);
	ASSERT_LE(0, watcher);
	ASSERT_EQ(0, fill(other));
	ASSERT_EQ(0, table_put(other, 0, "~", "other"));
	ASSERT_EQ(0, table_publish(other, self->numbers[1]));
	ASSERT_EQ(0, close(other));
	threads_start(&thread, 1, stalled_main, self);
	stall_wait(&self->stall);
	EXPECT_EQ(0, table_attach(self->fd, self->numbers[1]));
	EXPECT_EQ(0, table_drop(self->fd, self->numbers[1]));
	/* Time for it to be freed, if nobody held it. */
	usleep(300000);
	stall_end(&self->stall);
	threads_join(&thread, 1);
	EXPECT_EQ(variant->what == STALLED_CONFIGURE ? -EBUSY : 0, self->ret);
	EXPECT_EQ(variant->what == STALLED_ADD ||
			  variant->what == STALLED_WRITE ||
			  variant->what == STALLED_FILE_WRITE,
		  table_info(self->fd).last_sequence > ENTRIES + 1);
	if (variant->what == STALLED_PUBLISH) {
		EXPECT_EQ(0, table_attach(watcher, 0));
		EXPECT_EQ(0, table_differs(watcher, 0, "~", "other"));
	}
	if (variant->what == STALLED_SPLIT)
		EXPECT_EQ(0, table_info(self->fd).entries);
	EXPECT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, close(watcher));
}

/* How many users the module has, or zero if it is none. */
static unsigned int module_users(void)
{
	FILE *const file = fopen("/sys/module/memtable/refcnt", "r");
	unsigned int users = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &users) != 1)
		users = 0;
	fclose(file);
	return users;
}

/* When it is killed it dies, and nothing keeps the module any more. */
TEST_F_TIMEOUT(stalled, killed, LONG_TIMEOUT)
{
	unsigned int users;
	pid_t child;

	if (!self->ready)
		return;
	users = module_users();
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		pthread_t thread;

		/* A child's memory is its own. */
		if (variant->begin(&self->stall, SIZE))
			abort();
		threads_start(&thread, 1, stalled_main, self);
		stall_wait(&self->stall);
		raise(SIGKILL);
	}
	EXPECT_EQ(-SIGKILL, child_wait(child));
	EXPECT_EQ(users, module_users());
	others_go_on(_metadata, self);
}

TEST_HARNESS_MAIN
