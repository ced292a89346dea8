// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - PUBLISH, ATTACH, LIST and DROP: tables kept under numbers
 */

#include "common.h"

#include <sys/syscall.h>

/* More numbers than any test here takes. */
#define NUMBERS 16

FIXTURE(registry)
{
	int fd;
	/* The first of consecutive numbers that no other test has. */
	__u64 number;
};

FIXTURE_SETUP(registry)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->number = number_new();
}

FIXTURE_TEARDOWN(registry)
{
	const int fd = table_open();

	for (unsigned int i = 0; i < NUMBERS; i++)
		table_drop(fd, self->number + i);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(self->fd));
}

/* Who attaches has the same table, in both directions. */
TEST_F(registry, attach)
{
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(self->fd, 0, "before", "1"));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, table_attach(other, self->number));
	EXPECT_EQ(0, table_differs(other, 0, "before", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "here", "2"));
	ASSERT_EQ(0, table_put(other, 0, "there", "3"));
	EXPECT_EQ(0, table_differs(other, 0, "here", "2"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "there", "3"));
	EXPECT_EQ(3, table_info(other).last_sequence);
	EXPECT_EQ(0, close(other));
}

/* The table that the open file had is gone for it. */
TEST_F(registry, attach_replaces)
{
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(other, 0, "own", "1"));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, table_attach(other, self->number));
	EXPECT_EQ(-ENOENT, table_differs(other, 0, "own", "1"));
	EXPECT_EQ(0, table_info(other).entries);
	/* Unless somebody else holds it. */
	ASSERT_EQ(0, table_put(other, 0, "own", "2"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "own", "2"));
	EXPECT_EQ(0, close(other));
}

/* One's own table may be attached, and is what it was. */
TEST_F(registry, attach_own)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, table_attach(self->fd, self->number));
	ASSERT_EQ(0, table_attach(self->fd, self->number));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
}

/* Every number is a number, the first and the last too. */
TEST_F(registry, any_number)
{
	static const __u64 numbers[] = { 0, 1, UINT64_MAX - 1, UINT64_MAX };

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const int other = table_open();
		const int ret = table_publish(self->fd, numbers[i]);

		/* Somebody else on this machine may have it. */
		if (ret == -EEXIST) {
			close(other);
			continue;
		}
		ASSERT_EQ(0, ret);
		EXPECT_EQ(0, table_attach(other, numbers[i]));
		EXPECT_EQ(0, table_differs(other, 0, "key", "value"));
		EXPECT_EQ(0, table_drop(self->fd, numbers[i]));
		EXPECT_EQ(0, close(other));
	}
}

/* A number has one table, and the first one keeps it. */
TEST_F(registry, taken)
{
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	EXPECT_EQ(-EEXIST, table_publish(other, self->number));
	ASSERT_EQ(0, table_attach(other, self->number));
	EXPECT_EQ(0, table_differs(other, 0, "key", "value"));
	EXPECT_EQ(0, close(other));
}

/* A table has one number at a time. */
TEST_F(registry, one_number)
{
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	EXPECT_EQ(-EBUSY, table_publish(self->fd, self->number + 1));
	EXPECT_EQ(-ENOENT, table_drop(self->fd, self->number + 1));
	ASSERT_EQ(0, table_drop(self->fd, self->number));
	EXPECT_EQ(0, table_publish(self->fd, self->number + 1));
}

/* What is not there can neither be attached nor dropped. */
TEST_F(registry, absent)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(-ENOENT, table_attach(self->fd, self->number));
	EXPECT_EQ(-ENOENT, table_drop(self->fd, self->number));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	EXPECT_EQ(-ENOENT, table_attach(self->fd, self->number + 1));
	EXPECT_EQ(-ENOENT, table_drop(self->fd, self->number - 1));
	EXPECT_EQ(0, table_drop(self->fd, self->number));
	EXPECT_EQ(-ENOENT, table_drop(self->fd, self->number));
}

/* A dropped table stays with those who have it; its number is free. */
TEST_F(registry, drop_attached)
{
	const int other = table_open();
	const int third = table_open();

	ASSERT_LE(0, other);
	ASSERT_LE(0, third);
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, table_attach(other, self->number));
	ASSERT_EQ(0, table_drop(third, self->number));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(other, 0, "key", "value"));
	EXPECT_EQ(-ENOENT, table_attach(third, self->number));
	EXPECT_EQ(0, table_publish(third, self->number));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, close(third));
}

/* A published table outlives the file that it was published from. */
TEST_F(registry, outlives_close)
{
	const int other = table_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, table_put(other, 0, "key", "value"));
	ASSERT_EQ(0, table_seal(other));
	ASSERT_EQ(0, table_publish(other, self->number));
	ASSERT_EQ(0, close(other));
	ASSERT_EQ(0, table_attach(self->fd, self->number));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
	EXPECT_EQ(MEMTABLE_STATE_SEALED, table_info(self->fd).state);
}

#define BATCH 50

/*
 * A writer that is killed in the middle of its work leaves every batch that it
 * wrote, whole, and nothing of the one that it did not finish.
 */
TEST_F_TIMEOUT(registry, outlives_kill, LONG_TIMEOUT)
{
	for (unsigned int round = 0; round < NUMBERS; round++) {
		const __u64 number = self->number + round;
		const int fd = table_open();
		struct memtable_info info;
		int ends[2];
		pid_t child;
		char byte;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, pipe(ends));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			struct stream stream = {};
			const int own = table_open();

			for (unsigned int i = 0; i < BATCH; i++)
				stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &i,
					   sizeof(i), "value", 5);
			if (table_publish(own, number))
				_exit(1);
			while (!table_write(own, &stream) &&
			       write(ends[1], "", 1) == 1)
				;
			_exit(1);
		}
		close(ends[1]);
		/* Not before a few batches are there. */
		for (unsigned int i = 0; i <= round; i++) {
			ASSERT_EQ(1, read(ends[0], &byte, 1));
		}
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(-SIGKILL, child_wait(child));
		close(ends[0]);

		ASSERT_EQ(0, table_attach(fd, number));
		info = table_info(fd);
		EXPECT_LE((round + 1) * BATCH, info.entries);
		EXPECT_EQ(0, info.entries % BATCH);
		EXPECT_EQ(info.entries, info.last_sequence);
		EXPECT_EQ(info.entries * 9, info.logical_bytes);
		for (unsigned int i = 0; i < BATCH; i++) {
			struct memtable_get get = {
				.key = ADDRESS(&i),
				.key_length = sizeof(i),
			};

			/* Each key's newest version is in the last batch. */
			ASSERT_EQ(-ERANGE, request(fd, MEMTABLE_IOC_GET, &get));
			ASSERT_EQ(info.last_sequence - BATCH + i + 1,
				  get.tag >> 8);
		}
		ASSERT_EQ(0, close(fd));
	}
}

/*
 * LIST
 */

/* Publishes a new table with @count entries. */
static int publish_new(const __u64 number, const unsigned int count)
{
	const int fd = table_open();
	int ret = 0;

	for (unsigned int i = 0; i < count && !ret; i++)
		ret = table_put(fd, 0, "key", "value");
	ret = ret ?: table_publish(fd, number);
	close(fd);
	return ret;
}

/* What LIST says of the table under self->number + @i, if it is there. */
static int list(const FIXTURE_DATA(registry) *const self,
		struct memtable_list *const list,
		struct memtable_list_entry *const entries,
		const __u32 capacity)
{
	*list = (struct memtable_list){
		.start = self->number,
		.entries = ADDRESS(entries),
		.entry_size = sizeof(*entries),
		.capacity = capacity,
	};
	return request(self->fd, MEMTABLE_IOC_LIST, list);
}

/* Each table is listed with the figures that INFO tells. */
TEST_F(registry, list_figures)
{
	struct memtable_list_entry entry;
	struct memtable_list argument;
	struct memtable_info info;

	ASSERT_EQ(0, table_configure(self->fd, 1, 0));
	ASSERT_EQ(0, table_put(self->fd, 100, "key", "value"));
	ASSERT_EQ(0, table_put(self->fd, 101, "other", NULL));
	ASSERT_EQ(0, table_seal(self->fd));
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	memset(&entry, CANARY, sizeof(entry));
	ASSERT_EQ(0, list(self, &argument, &entry, 1));
	ASSERT_EQ(1, argument.count);
	info = table_info(self->fd);
	EXPECT_EQ(self->number, entry.number);
	EXPECT_EQ(2, entry.entries);
	EXPECT_EQ(1, entry.tombstones);
	EXPECT_EQ(13, entry.logical_bytes);
	EXPECT_EQ(info.memory_usage, entry.memory_usage);
	EXPECT_EQ(101, entry.last_sequence);
	EXPECT_EQ(MEMTABLE_STATE_SEALED | MEMTABLE_STATE_FLUSH, entry.state);
	EXPECT_EQ(0, entry.reserved);
}

/* Tables come in ascending order of their numbers, from the start number on. */
TEST_F(registry, list_order)
{
	struct memtable_list_entry entries[NUMBERS];
	struct memtable_list argument;

	/* Published in another order: a step without a common divisor. */
	for (unsigned int i = 0; i < NUMBERS; i++) {
		const unsigned int place = i * 7 % NUMBERS;

		ASSERT_EQ(0, publish_new(self->number + place, place));
	}
	for (unsigned int first = 0; first < NUMBERS; first++) {
		argument = (struct memtable_list){
			.start = self->number + first,
			.entries = ADDRESS(entries),
			.entry_size = sizeof(*entries),
			.capacity = NUMBERS - first,
		};
		ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &argument));
		ASSERT_EQ(NUMBERS - first, argument.count);
		for (unsigned int i = 0; i < argument.count; i++) {
			EXPECT_EQ(self->number + first + i, entries[i].number);
			EXPECT_EQ(first + i, entries[i].entries);
		}
	}
}

/* As many as there is room for are told, and the next call goes on. */
TEST_F(registry, list_pages)
{
	for (unsigned int i = 0; i < NUMBERS; i++) {
		ASSERT_EQ(0, publish_new(self->number + i, 0));
	}
	for (__u32 capacity = 1; capacity < NUMBERS; capacity++) {
		struct memtable_list argument = {
			.start = self->number,
			.entry_size = sizeof(struct memtable_list_entry),
			.capacity = capacity,
		};
		unsigned int seen = 0;

		while (seen < NUMBERS) {
			struct memtable_list_entry *const entries =
				guarded(capacity * sizeof(*entries));

			argument.entries = ADDRESS(entries);
			ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST,
					     &argument));
			ASSERT_LT(0, argument.count);
			for (unsigned int i = 0;
			     i < argument.count && seen < NUMBERS; i++) {
				ASSERT_EQ(self->number + seen++,
					  entries[i].number);
			}
			argument.start = entries[argument.count - 1].number + 1;
		}
	}
}

/* No room, no entries; and room that is not needed is left alone. */
TEST_F(registry, list_room)
{
	struct memtable_list_entry entries[2];
	struct memtable_list argument = {
		.start = self->number,
		.entry_size = sizeof(*entries),
		.count = 1,
	};

	ASSERT_EQ(0, table_publish(self->fd, self->number));
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &argument));
	EXPECT_EQ(0, argument.count);
	memset(entries, CANARY, sizeof(entries));
	EXPECT_EQ(0, list(self, &argument, entries, 1));
	EXPECT_EQ(1, argument.count);
	EXPECT_TRUE(all_bytes(&entries[1], sizeof(*entries), CANARY));
}

/* Nothing follows the last number. */
TEST_F(registry, list_last)
{
	struct memtable_list_entry entries[2];
	struct memtable_list argument = {
		.start = UINT64_MAX,
		.entries = ADDRESS(entries),
		.entry_size = sizeof(*entries),
		.capacity = 2,
	};
	const int ret = table_publish(self->fd, UINT64_MAX);

	ASSERT_TRUE(!ret || ret == -EEXIST);
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &argument));
	EXPECT_EQ(1, argument.count);
	EXPECT_EQ(UINT64_MAX, entries[0].number);
	if (!ret) {
		EXPECT_EQ(0, table_drop(self->fd, UINT64_MAX));
	}
}

/* An entry is as large as its first version, or larger, up to 4096 bytes. */
TEST_F(registry, list_entry_size)
{
	const size_t known = sizeof(struct memtable_list_entry);
	const size_t most = 4096;
	unsigned char *const buffer = checked(malloc(2 * most));
	struct memtable_list argument = {
		.entries = ADDRESS(buffer),
		.capacity = 2,
	};

	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, publish_new(self->number + 1, 0));
	for (size_t size = 0; size < known; size++) {
		argument.start = self->number;
		argument.entry_size = size;
		EXPECT_EQ(-EINVAL,
			  request(self->fd, MEMTABLE_IOC_LIST, &argument));
	}
	argument.entry_size = most + 1;
	EXPECT_EQ(-E2BIG, request(self->fd, MEMTABLE_IOC_LIST, &argument));
	argument.entry_size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, request(self->fd, MEMTABLE_IOC_LIST, &argument));

	for (size_t size = known; size <= most; size = size < known + 16 ?
							 size + 1 :
							 size * 2) {
		struct memtable_list_entry entry;

		memset(buffer, CANARY, 2 * most);
		argument.entry_size = size;
		EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &argument));
		ASSERT_EQ(2, argument.count);
		for (unsigned int i = 0; i < 2; i++) {
			memcpy(&entry, buffer + i * size, sizeof(entry));
			EXPECT_EQ(self->number + i, entry.number);
			EXPECT_TRUE(all_bytes(buffer + i * size + known,
					      size - known, 0));
		}
		EXPECT_TRUE(all_bytes(buffer + 2 * size, 2 * most - 2 * size,
				      CANARY));
	}
	argument.entry_size = most;
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_LIST, &argument));
	free(buffer);
}

/* An array that cannot be written is bad, but only where there is an entry. */
TEST_F(registry, list_bad_pointer)
{
	struct memtable_list_entry *const end =
		(struct memtable_list_entry *)guarded(2 * sizeof(*end)) + 2;
	struct memtable_list argument;

	ASSERT_EQ(0, table_publish(self->fd, self->number));
	ASSERT_EQ(0, publish_new(self->number + 1, 0));
	EXPECT_EQ(-EFAULT, list(self, &argument, NULL, 2));
	EXPECT_EQ(-EFAULT, list(self, &argument, end, 2));
	EXPECT_EQ(-EFAULT, list(self, &argument, end - 1, 2));
	EXPECT_EQ(-EFAULT,
		  list(self, &argument,
		       read_only_copy(end - 2, 2 * sizeof(*end)), 2));
	EXPECT_EQ(0, list(self, &argument, end - 2, 2));
}

/*
 * The module
 */

/* While a table is published, the module that has it stays. */
TEST_F(registry, keeps_module)
{
	if (access("/sys/module/memtable/refcnt", F_OK))
		SKIP(return, "memtable is not a module that can be unloaded");
	ASSERT_EQ(0, table_publish(self->fd, self->number));
	/* No open file keeps it now. */
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(-1, syscall(SYS_delete_module, "memtable", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, table_attach(self->fd, self->number));
}

/*
 * Threads that publish, attach, list and drop the same few numbers: whoever
 * attaches finds a whole table, with the number that it was published under.
 */

#define CONTENDERS 4

struct contender {
	pthread_t thread;
	__u64 number;
	unsigned int rounds;
	unsigned int attached;
	int error;
};

static void *contender_main(void *const data)
{
	struct contender *const self = data;
	__u64 seed = ADDRESS(self) | 1;

	for (unsigned int round = 0; round < self->rounds; round++) {
		const __u64 dice = random_next(&seed) >> 32;
		const __u64 number = self->number + dice % 3;
		struct memtable_list_entry entries[4];
		struct memtable_list list = {
			.start = self->number,
			.entries = ADDRESS(entries),
			.entry_size = sizeof(*entries),
			.capacity = ARRAY_SIZE(entries),
		};
		const int fd = table_open();
		__u64 found;
		struct memtable_get get = {
			STRING(key, "number"),
			.value = ADDRESS(&found),
			.value_size = sizeof(found),
		};
		int ret;

		if (fd < 0)
			abort();
		switch (dice / 3 % 4) {
		case 0:
			ret = table_add(fd, 0, MEMTABLE_TYPE_VALUE, "number", 6,
					&number, sizeof(number)) ?:
			      table_publish(fd, number);
			if (ret && ret != -EEXIST)
				self->error = ret;
			break;
		case 1:
			ret = table_drop(fd, number);
			if (ret && ret != -ENOENT)
				self->error = ret;
			break;
		case 2:
			ret = table_attach(fd, number);
			if (ret == -ENOENT)
				break;
			ret = ret ?: request(fd, MEMTABLE_IOC_GET, &get);
			if (ret || found != number)
				self->error = ret ?: -EBADMSG;
			self->attached++;
			break;
		case 3:
			ret = request(fd, MEMTABLE_IOC_LIST, &list);
			if (ret)
				self->error = ret;
			for (unsigned int i = 0; i < list.count; i++) {
				if (entries[i].number < self->number + 3 &&
				    entries[i].entries != 1)
					self->error = -EBADMSG;
			}
			break;
		}
		close(fd);
	}
	return NULL;
}

/* Each table that can be found is whole, whoever drops it meanwhile. */
TEST_F_TIMEOUT(registry, contended, LONG_TIMEOUT)
{
	struct contender contenders[CONTENDERS] = {};
	unsigned int attached = 0;

	for (unsigned int i = 0; i < CONTENDERS; i++) {
		contenders[i].number = self->number;
		contenders[i].rounds = scaled(700);
		ASSERT_EQ(0, pthread_create(&contenders[i].thread, NULL,
					    contender_main, &contenders[i]));
	}
	for (unsigned int i = 0; i < CONTENDERS; i++) {
		ASSERT_EQ(0, pthread_join(contenders[i].thread, NULL));
		EXPECT_EQ(0, contenders[i].error);
		attached += contenders[i].attached;
	}
	EXPECT_LT(0, attached);
}

TEST_HARNESS_MAIN
