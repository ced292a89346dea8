// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - ADD on a condition
 */

#include "common.h"

FIXTURE(condition)
{
	int fd;
};

FIXTURE_VARIANT(condition)
{
	__u32 kind;
};

FIXTURE_VARIANT_ADD(condition, versioned)
{
	.kind = MEMTABLE_KIND_VERSIONED,
};

FIXTURE_VARIANT_ADD(condition, map)
{
	.kind = MEMTABLE_KIND_MAP,
};

FIXTURE_SETUP(condition)
{
	self->fd = table_open_as(variant->kind, MEMTABLE_ORDER_BYTEWISE, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(condition)
{
	EXPECT_EQ(0, close(self->fd));
}

/* An argument that sets a string key, or deletes it. */
static struct memtable_add add_make(const char *const key,
				    const char *const value)
{
	return (struct memtable_add){
		.key = ADDRESS(key),
		.value = ADDRESS(value),
		.key_length = strlen(key),
		.value_length = value ? strlen(value) : 0,
		.type = value ? MEMTABLE_TYPE_VALUE : MEMTABLE_TYPE_DELETION,
	};
}

static int add_if_absent(const int fd, const char *const key,
			 const char *const value)
{
	struct memtable_add add = add_make(key, value);

	add.flags = MEMTABLE_ADD_IF_ABSENT;
	return request(fd, MEMTABLE_IOC_ADD, &add);
}

static int add_if_sequence(const int fd, const __u64 expected,
			   const char *const key, const char *const value)
{
	struct memtable_add add = add_make(key, value);

	add.expected = expected;
	add.flags = MEMTABLE_ADD_IF_SEQUENCE;
	return request(fd, MEMTABLE_IOC_ADD, &add);
}

/* A key that the table says nothing about is absent, one with a value not. */
TEST_F(condition, if_absent)
{
	struct memtable_add add = add_make("key", "first");
	struct image image;

	add.flags = MEMTABLE_ADD_IF_ABSENT;
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(1, add.sequence);
	EXPECT_EQ(0, add.expected);
	image = table_image(self->fd);
	EXPECT_EQ(-EEXIST, add_if_absent(self->fd, "key", "second"));
	EXPECT_EQ(-EEXIST, add_if_absent(self->fd, "key", NULL));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "first"));
}

/* Other keys do not matter to a condition, however near. */
TEST_F(condition, of_its_key)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "ke", "value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "key2", "value"));
	EXPECT_EQ(0, add_if_absent(self->fd, "key", "value"));
	EXPECT_EQ(0, add_if_absent(self->fd, "key ", "value"));
	EXPECT_EQ(0, add_if_absent(self->fd, "", "value"));
	EXPECT_EQ(0, add_if_sequence(self->fd, 3, "key", "value"));
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, 1, "key2", "value"));
}

/* A key that is deleted is absent again, and so on. */
TEST_F(condition, if_absent_deleted)
{
	for (unsigned int round = 0; round < 5; round++) {
		EXPECT_EQ(0, add_if_absent(self->fd, "key", "value"));
		EXPECT_EQ(-EEXIST, add_if_absent(self->fd, "key", "value"));
		ASSERT_EQ(0, table_put(self->fd, 0, "key", NULL));
		/* Deleting it once more leaves it so. */
		EXPECT_EQ(0, add_if_absent(self->fd, "key", NULL));
		EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "key", "value"));
	}
}

/* Only who knows the newest entry replaces it. */
TEST_F(condition, if_sequence)
{
	struct memtable_add add = add_make("key", "value");
	struct image image;

	/* None is zero. */
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, 1, "key", "value"));
	ASSERT_EQ(0, add_if_sequence(self->fd, 0, "key", "1"));
	ASSERT_EQ(0, table_put(self->fd, 0, "other", "value"));
	ASSERT_EQ(0, add_if_sequence(self->fd, 1, "key", "3"));
	image = table_image(self->fd);
	for (__u64 sequence = 0; sequence < 10; sequence++) {
		if (sequence == 3)
			continue;
		EXPECT_EQ(-EAGAIN,
			  add_if_sequence(self->fd, sequence, "key", "value"));
	}
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, MEMTABLE_MAX_SEQUENCE,
					   "key", "value"));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);

	add.flags = MEMTABLE_ADD_IF_SEQUENCE;
	add.expected = 3;
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(4, add.sequence);
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "other", "value"));
}

/* A deletion can be conditional; what it leaves is the table's kind. */
TEST_F(condition, if_sequence_deleted)
{
	const __u64 deleted = variant->kind == MEMTABLE_KIND_MAP ? 0 : 2;

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, 2, "key", NULL));
	EXPECT_EQ(0, add_if_sequence(self->fd, 1, "key", NULL));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "key", "value"));
	/* A tombstone is an entry, in a map there is none. */
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, 1, "key", "value"));
	EXPECT_EQ(-EAGAIN,
		  add_if_sequence(self->fd, 2 - deleted, "key", "value"));
	EXPECT_EQ(0, add_if_sequence(self->fd, deleted, "key", "again"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "again"));
}

/* Who is refused learns what the newest entry is, and nothing else changes. */
TEST_F(condition, result)
{
	struct memtable_add add = add_make("key", "value");
	struct memtable_add before;

	ASSERT_EQ(0, table_put(self->fd, 0, "other", "value"));
	add.flags = MEMTABLE_ADD_IF_SEQUENCE;
	add.expected = 1;
	before = add;
	before.expected = 0;
	EXPECT_EQ(-EAGAIN, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(0, memcmp(&before, &add, sizeof(add)));

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	before.expected = 2;
	EXPECT_EQ(-EAGAIN, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(0, memcmp(&before, &add, sizeof(add)));
	/* With that it succeeds. */
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(3, add.sequence);

	add = add_make("key", "value");
	add.flags = MEMTABLE_ADD_IF_ABSENT;
	before = add;
	before.expected = 3;
	EXPECT_EQ(-EEXIST, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(0, memcmp(&before, &add, sizeof(add)));
}

/* One condition at a time, and only with what it needs. */
TEST_F(condition, flags)
{
	struct memtable_add add = add_make("key", "value");
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, 0, "other", "value"));
	image = table_image(self->fd);
	add.flags = MEMTABLE_ADD_IF_ABSENT | MEMTABLE_ADD_IF_SEQUENCE;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.flags = 0;
	add.expected = 1;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.flags = MEMTABLE_ADD_IF_ABSENT;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.flags = MEMTABLE_ADD_IF_SEQUENCE;
	add.expected = MEMTABLE_MAX_SEQUENCE + 1;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.expected = UINT64_MAX;
	EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.expected = 0;
	for (unsigned int bit = 2; bit < 32; bit++) {
		add.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
		add.flags |= MEMTABLE_ADD_IF_ABSENT;
		EXPECT_EQ(-EINVAL, request(self->fd, MEMTABLE_IOC_ADD, &add));
	}
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);
}

/* Where no write is taken, no condition matters. */
TEST_F(condition, sealed)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-EROFS, add_if_absent(self->fd, "key", "value"));
	EXPECT_EQ(-EROFS, add_if_absent(self->fd, "other", "value"));
	EXPECT_EQ(-EROFS, add_if_sequence(self->fd, 1, "key", "value"));
	EXPECT_EQ(-EROFS, add_if_sequence(self->fd, 2, "key", "value"));
}

/* After a rotation the table does not know what the one before had. */
TEST_F(condition, rotated)
{
	const __u64 number = number_new();

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_rotate(self->fd, number));
	EXPECT_EQ(-EAGAIN, add_if_sequence(self->fd, 1, "key", "value"));
	EXPECT_EQ(0, add_if_absent(self->fd, "key", "value"));
	EXPECT_EQ(0, add_if_sequence(self->fd, 2, "key", "value"));
	EXPECT_EQ(0, table_drop(self->fd, number));
}

FIXTURE(numbered)
{
	int fd;
};

FIXTURE_SETUP(numbered)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(numbered)
{
	EXPECT_EQ(0, close(self->fd));
}

/* Sequence numbers of one's own go with conditions, and stay what they are. */
TEST_F(numbered, sequence)
{
	struct memtable_add add = add_make("key", "value");

	ASSERT_EQ(0, table_put(self->fd, 100, "key", "value"));
	add.sequence = 200;
	add.expected = 99;
	add.flags = MEMTABLE_ADD_IF_SEQUENCE;
	EXPECT_EQ(-EAGAIN, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(100, add.expected);
	EXPECT_EQ(200, add.sequence);
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(200, add.sequence);
	EXPECT_EQ(200, table_info(self->fd).last_sequence);

	/* The newest is the one with the highest number, not the last added. */
	add.sequence = 150;
	add.expected = 200;
	EXPECT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	add.sequence = 160;
	add.expected = 150;
	EXPECT_EQ(-EAGAIN, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(200, add.expected);
	/* A condition that holds does not make room for the same version. */
	add.sequence = 150;
	EXPECT_EQ(-EEXIST, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(200, add.expected);
	EXPECT_EQ(150, add.sequence);
	EXPECT_EQ(3, table_info(self->fd).entries);
}

/*
 * Processes that increment one counter: each reads it, and replaces what it has
 * read, and nothing else, by one more.
 */

#define COUNTERS 2

/* What the processes share: how often each has incremented the counter. */
struct counts {
	unsigned int rounds;
	unsigned int done[COUNTERS];
};

/* Returns zero, or a negative number if something is wrong. */
static int counter_increment(const int fd, struct counts *const counts,
			     const unsigned int number)
{
	__u64 counter = 0;
	struct memtable_get get = {
		STRING(key, "counter"),
		.value = ADDRESS(&counter),
		.value_size = sizeof(counter),
	};
	struct memtable_add add = {
		STRING(key, "counter"),
		.value = ADDRESS(&counter),
		.value_length = sizeof(counter),
		.type = MEMTABLE_TYPE_VALUE,
		.flags = MEMTABLE_ADD_IF_SEQUENCE,
	};

	while (counts->done[number] < counts->rounds) {
		if (request(fd, MEMTABLE_IOC_GET, &get))
			return -1;
		counter++;
		add.expected = get.tag >> 8;
		add.sequence = 0;
		switch (request(fd, MEMTABLE_IOC_ADD, &add)) {
		case 0:
			counts->done[number]++;
			break;
		case -EAGAIN:
			/* Then it is another one by now. */
			if (add.expected <= get.tag >> 8)
				return -1;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

/* None of their increments is lost, however long it takes. */
TEST_F_TIMEOUT(condition, counter, LONG_TIMEOUT)
{
	struct counts *const counts =
		checked(mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	const __u64 zero = 0;
	pid_t children[COUNTERS];
	__u64 counter;
	struct memtable_get get = {
		STRING(key, "counter"),
		.value = ADDRESS(&counter),
		.value_size = sizeof(counter),
	};
	__u64 total = 0;

	counts->rounds = scaled(100000);
	ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "counter", 7,
			       &zero, sizeof(zero)));
	for (unsigned int i = 0; i < COUNTERS; i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			_exit(!!counter_increment(self->fd, counts, i));
	}
	for (unsigned int i = 0; i < COUNTERS; i++) {
		EXPECT_EQ(0, child_wait(children[i]));
		total += counts->done[i];
	}
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_GET, &get));
	EXPECT_EQ(COUNTERS * counts->rounds, total);
	EXPECT_EQ(total, counter);
	EXPECT_EQ(total + 1, get.tag >> 8);
	EXPECT_EQ(variant->kind == MEMTABLE_KIND_MAP ? 1 : total + 1,
		  table_info(self->fd).entries);
	EXPECT_EQ(0, munmap(counts, sizeof(*counts)));
}

/*
 * Threads that want the same keys: each key goes to one of them.
 */

#define CLAIMERS 4

struct claim {
	struct shared shared;
	unsigned int keys;
	atomic_uint claimers;
	/* Keys that each one has got. */
	unsigned int claimed[CLAIMERS];
};

static void *claim_main(void *const data)
{
	struct claim *const self = data;
	const unsigned int number = atomic_fetch_add(&self->claimers, 1);

	/* All begin at once. */
	while (atomic_load(&self->claimers) < CLAIMERS)
		sched_yield();
	for (unsigned int key = 0; key < self->keys; key++) {
		struct memtable_add add = {
			.key = ADDRESS(&key),
			.value = ADDRESS(&number),
			.key_length = sizeof(key),
			.value_length = sizeof(number),
			.type = MEMTABLE_TYPE_VALUE,
			.flags = MEMTABLE_ADD_IF_ABSENT,
		};
		const int ret =
			request(self->shared.fd, MEMTABLE_IOC_ADD, &add);

		if (!ret)
			self->claimed[number]++;
		else if (ret != -EEXIST || !add.expected)
			fail(&self->shared, "a key can not be claimed");
	}
	return NULL;
}

/* Nobody gets a key that somebody else has. */
TEST_F_TIMEOUT(condition, claims, LONG_TIMEOUT)
{
	struct claim claim = {
		.shared.fd = self->fd,
		.keys = scaled(1000),
	};
	unsigned int claimed[CLAIMERS] = {};
	struct stream stream = {};
	pthread_t threads[CLAIMERS];
	struct record record;
	size_t offset = 0;

	threads_start(threads, CLAIMERS, claim_main, &claim);
	threads_join(threads, CLAIMERS);
	EXPECT_EQ(NULL, atomic_load(&claim.shared.failure));
	ASSERT_EQ(0, table_scan(self->fd, MEMTABLE_SCAN_ALL_VERSIONS, 0,
				1 << 20, &stream));
	EXPECT_EQ(claim.keys, record_count(stream.data, stream.length));
	EXPECT_EQ(claim.keys, table_info(self->fd).entries);
	while (record_next(stream.data, stream.length, &offset, &record) > 0) {
		unsigned int number;

		ASSERT_EQ(sizeof(number), record.value_length);
		memcpy(&number, record.value, sizeof(number));
		ASSERT_GT(CLAIMERS, number);
		claimed[number]++;
	}
	for (unsigned int i = 0; i < CLAIMERS; i++) {
		EXPECT_EQ(claimed[i], claim.claimed[i]);
	}
	stream_free(&stream);
}

TEST_HARNESS_MAIN
