// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - SPLIT beside readers and writers, and by who is killed
 */

#include "caches.h"
#include "common.h"
#include "stall.h"

/*
 * Readers beside a split
 *
 * Keys are numbers from zero on. A reader that looks for a key in the table and
 * does not find it will find it in the upper part, which the splitter tells of
 * in right. A READ sees everything, or just the lower part. A scan that goes on
 * may be cut short anywhere, but what it does not show is in the upper part.
 *
 * Where that is published, readers do not wait to be told: they attach to its
 * number as soon as it is there, and find it whole.
 */

#define BESIDE_READERS 3
#define BESIDE_KEYS 2000

struct beside {
	struct shared shared;
	/* -1 until there is one. */
	atomic_int right;
	/* Where it is published, and a descriptor for it; or -1. */
	__u64 number;
	int attached;
};

static __u64 beside_value(const __u64 key)
{
	return key * 0x9e3779b97f4a7c15 ^ key >> 7;
}

static int beside_fill(const int fd, const bool every_version)
{
	struct stream stream = {};
	int ret;

	for (__u64 i = 0; i < BESIDE_KEYS; i++) {
		const __u64 key = __builtin_bswap64(i);
		const __u64 value = beside_value(i);

		if (every_version)
			stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, &key,
				   sizeof(key), NULL, 0);
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &value, sizeof(value));
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

/* The upper part, when it is there; -1 if something is wrong. */
static int beside_right(struct beside *const self)
{
	while (atomic_load(&self->right) < 0) {
		if (atomic_load(&self->shared.failure))
			return -1;
		if (self->attached < 0)
			sched_yield();
		else if (!table_attach(self->attached, self->number))
			atomic_store(&self->right, self->attached);
	}
	return atomic_load(&self->right);
}

/* Notes the keys of records in @seen; says what is wrong, or NULL. */
static const char *beside_note(const void *const data, const size_t length,
			       bool *const seen, const bool backward)
{
	struct record record;
	size_t offset = 0;
	bool first = true;
	__u64 last = 0;

	while (record_next(data, length, &offset, &record) > 0) {
		__u64 key, value;

		memcpy(&key, record.key, sizeof(key));
		key = __builtin_bswap64(key);
		if (record.type == MEMTABLE_TYPE_ABSENT)
			continue;
		if (record.value_length != sizeof(value))
			return "an entry is something else";
		memcpy(&value, record.value, sizeof(value));
		if (key >= BESIDE_KEYS || value != beside_value(key))
			return "an entry has another entry's value";
		if (!first && (backward ? key >= last : key <= last))
			return "keys are out of order";
		first = false;
		last = key;
		seen[key] = true;
	}
	return NULL;
}

static bool beside_all(const bool *const seen)
{
	for (unsigned int key = 0; key < BESIDE_KEYS; key++)
		if (!seen[key])
			return false;
	return true;
}

static const char *beside_get(struct beside *const self, __u64 *const seed)
{
	for (unsigned int i = 0; i < 50; i++) {
		const __u64 number = (random_next(seed) >> 20) % BESIDE_KEYS;
		const __u64 key = __builtin_bswap64(number);
		__u64 value;
		struct memtable_get get = {
			.key = ADDRESS(&key),
			.value = ADDRESS(&value),
			.key_length = sizeof(key),
			.value_size = sizeof(value),
		};
		int ret = request(self->shared.fd, MEMTABLE_IOC_GET, &get);

		if (ret == -ENOENT && get.tag)
			return "an older version is found";
		if (ret == -ENOENT)
			ret = request(beside_right(self), MEMTABLE_IOC_GET,
				      &get);
		if (ret)
			return "a key is in neither part";
		if (value != beside_value(number))
			return "a key has another key's value";
	}
	return NULL;
}

static const char *beside_read(struct beside *const self)
{
	static const size_t room = BESIDE_KEYS * 32;
	bool seen[BESIDE_KEYS] = {};
	struct stream keys = {};
	struct memtable_read read = {
		.records_size = room,
	};
	char *const answers = checked(malloc(room));
	const char *failure = NULL;
	int ret;

	for (__u64 i = 0; i < BESIDE_KEYS; i++) {
		const __u64 key = __builtin_bswap64(i);

		stream_add(&keys, 0, 0, &key, sizeof(key), NULL, 0);
	}
	read.keys = ADDRESS(keys.data);
	read.keys_length = keys.length;
	read.records = ADDRESS(answers);
	ret = request(self->shared.fd, MEMTABLE_IOC_READ, &read);
	if (!ret)
		failure =
			beside_note(answers, read.records_length, seen, false);
	/* One part, not some of both. */
	for (unsigned int key = 0; key < BESIDE_KEYS && !failure; key++)
		if (seen[key] != (key < read.found))
			failure = "a READ sees neither before nor after";
	if (!ret && read.found < BESIDE_KEYS && !failure) {
		read.snapshot = 0;
		ret = request(beside_right(self), MEMTABLE_IOC_READ, &read);
		failure =
			beside_note(answers, read.records_length, seen, false);
		if (!failure && !beside_all(seen))
			failure = "a READ misses a key";
	}
	stream_free(&keys);
	free(answers);
	return ret ? "a READ fails" : failure;
}

static const char *beside_scan(struct beside *const self, __u64 *const seed)
{
	const bool backward = random_next(seed) & 1;
	const size_t size = 100 << random_next(seed) % 11;
	const unsigned int flags = backward ? MEMTABLE_SCAN_REVERSE : 0;
	bool seen[BESIDE_KEYS] = {};
	struct stream stream = {};
	const char *failure = NULL;

	if (table_scan(self->shared.fd, flags, 0, size, &stream))
		failure = "a scan fails";
	failure =
		failure ?:
			  beside_note(stream.data, stream.length, seen, backward);
	if (!failure && !beside_all(seen)) {
		stream.length = 0;
		if (table_scan(beside_right(self), flags, 0, 65536, &stream))
			failure = "a scan of the upper part fails";
		failure = failure ?:
				    beside_note(stream.data, stream.length, seen,
						backward);
		if (!failure && !beside_all(seen))
			failure = "a scan misses a key";
	}
	stream_free(&stream);
	return failure;
}

static void *beside_reader(void *const data)
{
	struct beside *const self = data;
	__u64 seed = ADDRESS(&seed) | 1;
	bool first = true;
	bool done;

	do {
		const char *failure;

		done = atomic_load(&self->shared.done);
		failure = beside_scan(self, &seed)	  ?:
				  beside_get(self, &seed) ?:
							    beside_read(self);
		if (failure)
			fail(&self->shared, failure);
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !atomic_load(&self->shared.failure));
	return NULL;
}

FIXTURE(readers)
{
	__u64 seed;
};

FIXTURE_VARIANT(readers)
{
	__u32 kind;
	bool publish;
};

/* Where every key is deleted once, and then there again. */
FIXTURE_VARIANT_ADD(readers, versioned)
{
	.kind = MEMTABLE_KIND_VERSIONED,
};

FIXTURE_VARIANT_ADD(readers, map)
{
	.kind = MEMTABLE_KIND_MAP,
};

FIXTURE_VARIANT_ADD(readers, versioned_published)
{
	.kind = MEMTABLE_KIND_VERSIONED,
	.publish = true,
};

FIXTURE_VARIANT_ADD(readers, map_published)
{
	.kind = MEMTABLE_KIND_MAP,
	.publish = true,
};

FIXTURE_SETUP(readers)
{
	self->seed = 1;
}

FIXTURE_TEARDOWN(readers)
{
}

/* The property above, for splits anywhere. */
TEST_F_TIMEOUT(readers, beside_split, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(100);
	const time_t begin = time(NULL);

	for (unsigned int round = 0; loop_on(round, rounds, begin); round++) {
		const __u64 pivot = __builtin_bswap64(
			(random_next(&self->seed) >> 20) % BESIDE_KEYS);
		struct beside beside = {
			.shared.fd = table_open_as(variant->kind,
						   MEMTABLE_ORDER_BYTEWISE, 0),
			.right = -1,
			.number = number_new(),
			.attached = variant->publish ? table_open() : -1,
		};
		pthread_t readers[BESIDE_READERS];
		int right;

		ASSERT_EQ(0, beside_fill(beside.shared.fd,
					 variant->kind ==
						 MEMTABLE_KIND_VERSIONED));
		threads_start(readers, BESIDE_READERS, beside_reader, &beside);
		shared_wait(&beside.shared, BESIDE_READERS);
		usleep(random_next(&self->seed) % 3000);
		right = variant->publish ?
				table_split_publish(beside.shared.fd, &pivot,
						    sizeof(pivot),
						    beside.number) :
				table_split(beside.shared.fd, &pivot,
					    sizeof(pivot));
		/* Readers that miss something wait for this. */
		usleep(1000);
		if (right < 0)
			fail(&beside.shared, "the table is not split");
		if (!variant->publish)
			atomic_store(&beside.right, right);
		atomic_store(&beside.shared.done, true);
		threads_join(readers, BESIDE_READERS);
		ASSERT_EQ(NULL, atomic_load(&beside.shared.failure))
		{
			TH_LOG("%s", atomic_load(&beside.shared.failure));
		}
		ASSERT_EQ(0, close(right));
		ASSERT_EQ(0, close(beside.shared.fd));
		if (variant->publish) {
			ASSERT_EQ(0,
				  table_drop(beside.attached, beside.number));
			ASSERT_EQ(0, close(beside.attached));
		}
	}
}

/*
 * A splitter that is killed in the middle of its work: its table and the parts
 * that it has published have every key once, in order.
 */

#define KILLED_KEYS 500
#define KILLED_PARTS 8

/* Publishes a table, tells of it, and splits it as often as it can. */
static void __attribute__((noreturn))
killed_main(const __u64 number, const int end)
{
	const int fd = table_open();
	struct stream stream = {};

	for (__u32 i = 0; i < KILLED_KEYS; i++) {
		const __u32 key = __builtin_bswap32(i);

		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   NULL, 0);
	}
	if (fd < 0 || table_write(fd, &stream) || table_publish(fd, number) ||
	    write(end, "", 1) != 1)
		_exit(1);
	for (__u64 part = 1; part < KILLED_PARTS; part++) {
		struct memtable_split split = {
			.number = number + part,
			.flags = MEMTABLE_SPLIT_HALF | MEMTABLE_SPLIT_PUBLISH,
		};

		if (request(fd, MEMTABLE_IOC_SPLIT, &split))
			_exit(1);
		close(split.fd);
	}
	_exit(0);
}

/* Appends the key of each entry of a table to @keys; returns how many those are then. */
static unsigned int killed_keys(const int fd, __u32 *const keys,
				unsigned int count)
{
	struct stream stream = {};
	struct record record;
	size_t offset = 0;

	if (table_scan(fd, 0, 0, 65536, &stream))
		abort();
	while (record_next(stream.data, stream.length, &offset, &record) > 0 &&
	       count < KILLED_KEYS) {
		memcpy(&keys[count], record.key, sizeof(*keys));
		keys[count] = __builtin_bswap32(keys[count]);
		count++;
	}
	stream_free(&stream);
	return count;
}

FIXTURE(splitter)
{
	int fd;
};

FIXTURE_SETUP(splitter)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(splitter)
{
	EXPECT_EQ(0, close(self->fd));
}

/* The property above. */
TEST_F_TIMEOUT(splitter, killed, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(300);
	const time_t begin = time(NULL);
	const int fd = self->fd;
	__u64 seed = 1;

	for (unsigned int round = 0; loop_on(round, rounds, begin); round++) {
		const __u64 number = number_new() << 8;
		__u32 keys[KILLED_KEYS];
		unsigned int count = 0, parts;
		int ends[2], status;
		pid_t child;
		char byte;

		ASSERT_EQ(0, pipe(ends));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			killed_main(number, ends[1]);
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		usleep(random_next(&seed) % 500);
		ASSERT_EQ(0, kill(child, SIGKILL));
		status = child_wait(child);
		ASSERT_TRUE(status == -SIGKILL || !status);
		close(ends[0]);
		close(ends[1]);

		/* The last part has the lowest keys but for the table's own. */
		ASSERT_EQ(0, table_attach(fd, number));
		count = killed_keys(fd, keys, count);
		for (parts = 1; !table_attach(fd, number + parts); parts++)
			;
		for (unsigned int part = parts - 1; part; part--) {
			ASSERT_EQ(0, table_attach(fd, number + part));
			count = killed_keys(fd, keys, count);
			ASSERT_EQ(0, table_drop(fd, number + part));
		}
		ASSERT_EQ(0, table_drop(fd, number));
		ASSERT_EQ(KILLED_KEYS, count);
		for (__u32 i = 0; i < KILLED_KEYS; i++) {
			ASSERT_EQ(i, keys[i]);
		}
		ASSERT_TRUE(parts == KILLED_PARTS ||
			    (status && parts < KILLED_PARTS));
	}
}

/*
 * Writers beside splits: what each of them was told to be written is in one of
 * the tables, once.
 */

#define TABLES 9
#define WRITERS 3
#define WRITER_BATCH 5

struct pieces {
	struct shared shared;
	/* The table, and what was split off, of which there are @count. */
	int fds[TABLES];
	atomic_uint count;
	atomic_uint writers;
	unsigned int batches[WRITERS];
};

static void *pieces_writer(void *const data)
{
	struct pieces *const self = data;
	const __u32 number = atomic_fetch_add(&self->writers, 1);
	__u64 seed = number + 1;
	struct stream stream = {};

	while (!atomic_load(&self->shared.done)) {
		const unsigned int table =
			(random_next(&seed) >> 20) % atomic_load(&self->count);

		stream.length = 0;
		for (__u32 i = 0; i < WRITER_BATCH; i++) {
			/* Anywhere, but once. */
			const __u32 key[] = {
				random_next(&seed),
				number,
				self->batches[number] * WRITER_BATCH + i,
			};

			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, key,
				   sizeof(key), key, sizeof(key));
		}
		if (table_write(self->fds[table], &stream))
			fail(&self->shared, "a batch is not written");
		self->batches[number]++;
	}
	stream_free(&stream);
	return NULL;
}

FIXTURE(split)
{
	/* The table; the test closes it with what it splits off. */
	int fd;
};

FIXTURE_VARIANT(split)
{
	__u32 kind;
	__u32 order;
};

FIXTURE_VARIANT_ADD(split, versioned)
{
	.kind = MEMTABLE_KIND_VERSIONED,
	.order = MEMTABLE_ORDER_BYTEWISE,
};

FIXTURE_VARIANT_ADD(split, versioned_reverse)
{
	.kind = MEMTABLE_KIND_VERSIONED,
	.order = MEMTABLE_ORDER_REVERSE,
};

FIXTURE_VARIANT_ADD(split, map)
{
	.kind = MEMTABLE_KIND_MAP,
	.order = MEMTABLE_ORDER_BYTEWISE,
};

FIXTURE_VARIANT_ADD(split, map_reverse)
{
	.kind = MEMTABLE_KIND_MAP,
	.order = MEMTABLE_ORDER_REVERSE,
};

FIXTURE_SETUP(split)
{
	self->fd = table_open_as(variant->kind, variant->order, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(split)
{
}

/* The property above. */
TEST_F_TIMEOUT(split, beside_writers, LONG_TIMEOUT)
{
	struct pieces pieces = { .fds = { self->fd }, .count = 1 };
	pthread_t writers[WRITERS];
	struct stream stream = {};
	struct record record;
	bool *seen[WRITERS];
	size_t offset = 0;
	__u64 total = 0;

	threads_start(writers, WRITERS, pieces_writer, &pieces);
	while (atomic_load(&pieces.count) < TABLES) {
		const unsigned int count = atomic_load(&pieces.count);
		int right;

		/* Once there is more than before. */
		if (table_info(pieces.fds[count / 2]).entries < 300)
			continue;
		right = table_halve(pieces.fds[count / 2]);
		ASSERT_LE(0, right);
		pieces.fds[count] = right;
		atomic_store(&pieces.count, count + 1);
	}
	usleep(10000);
	atomic_store(&pieces.shared.done, true);
	threads_join(writers, WRITERS);
	EXPECT_EQ(NULL, atomic_load(&pieces.shared.failure));

	for (unsigned int i = 0; i < TABLES; i++) {
		const size_t before = stream.length;
		const struct memtable_info info = table_info(pieces.fds[i]);

		ASSERT_EQ(0, table_scan(pieces.fds[i], EVERYTHING, 0, 65536,
					&stream));
		EXPECT_EQ(info.entries, record_count(stream.data + before,
						     stream.length - before));
		EXPECT_EQ(24 * info.entries, info.logical_bytes);
		total += info.entries;
		EXPECT_EQ(0, close(pieces.fds[i]));
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		const size_t count = pieces.batches[i] * WRITER_BATCH;

		seen[i] = checked(calloc(count + 1, sizeof(bool)));
		total -= count;
	}
	EXPECT_EQ(0, total);
	while (record_next(stream.data, stream.length, &offset, &record) > 0) {
		__u32 key[3];

		ASSERT_EQ(sizeof(key), record.key_length);
		ASSERT_EQ(sizeof(key), record.value_length);
		memcpy(key, record.key, sizeof(key));
		ASSERT_EQ(0, memcmp(key, record.value, sizeof(key)));
		ASSERT_GT(WRITERS, key[1]);
		ASSERT_GT(pieces.batches[key[1]] * WRITER_BATCH, key[2]);
		ASSERT_FALSE(seen[key[1]][key[2]]);
		seen[key[1]][key[2]] = true;
	}
	for (unsigned int i = 0; i < WRITERS; i++)
		free(seen[i]);
	stream_free(&stream);
}

/*
 * A reader that is stopped in the middle of its request, while the part where
 * it reads is split off and dropped.
 */

#define SLOW_KEYS 200
#define SLOW_LENGTH 3000

enum slow_request {
	SLOW_READ,
	SLOW_SCAN,
	SLOW_SCAN_REVERSE,
	SLOW_FILE,
};

struct slow {
	int fd;
	enum slow_request request;
	struct stream keys;
	struct stall stall;
	/* Results: of the request, and how much it returned. */
	int ret;
	size_t length;
};

static int slow_fill(const int fd)
{
	unsigned char value[SLOW_LENGTH];
	struct stream stream = {};
	int ret;

	for (__u32 i = 0; i < SLOW_KEYS; i++) {
		const __u32 key = __builtin_bswap32(i);

		pattern_fill(value, sizeof(value), i);
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, sizeof(value));
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

static void *slow_main(void *const data)
{
	struct slow *const self = data;
	struct memtable_read read_argument = {
		.keys = ADDRESS(self->keys.data),
		.keys_length = self->keys.length,
		.records = ADDRESS(self->stall.memory),
		.records_size = self->stall.size,
	};
	struct memtable_scan scan = {
		.records = ADDRESS(self->stall.memory),
		.records_size = self->stall.size,
		.flags = self->request == SLOW_SCAN_REVERSE ?
				 MEMTABLE_SCAN_REVERSE :
				 0,
	};
	ssize_t length;

	switch (self->request) {
	case SLOW_READ:
		self->ret =
			request(self->fd, MEMTABLE_IOC_READ, &read_argument);
		self->length = read_argument.records_length;
		break;
	case SLOW_SCAN:
	case SLOW_SCAN_REVERSE:
		self->ret = request(self->fd, MEMTABLE_IOC_SCAN, &scan);
		self->length = scan.records_length;
		break;
	case SLOW_FILE:
		length = read(self->fd, self->stall.memory, self->stall.size);
		self->ret = length < 0 ? -errno : 0;
		self->length = length;
		break;
	}
	return NULL;
}

/* Whether the records that a slow reader has are whole, and which they are. */
static int slow_count(const struct slow *const self)
{
	unsigned char value[SLOW_LENGTH];
	struct record record;
	size_t offset = 0;
	int count = 0;

	while (record_next(self->stall.memory, self->length, &offset, &record) >
	       0) {
		__u32 key;

		if (record.key_length != sizeof(key) ||
		    record.value_length != sizeof(value))
			return -1;
		memcpy(&key, record.key, sizeof(key));
		key = __builtin_bswap32(key);
		pattern_fill(value, sizeof(value), key);
		if (memcmp(value, record.value, sizeof(value)))
			return -1;
		count++;
	}
	return offset == self->length ? count : -1;
}

/* Whatever it reads is whole, and when it ends all memory comes back. */
TEST_F_TIMEOUT(readers, slow, LONG_TIMEOUT)
{
	const __u32 pivot = __builtin_bswap32(SLOW_KEYS / 2);
	struct slow slow = {};

	for (__u32 i = 0; i < SLOW_KEYS; i++) {
		const __u32 key = __builtin_bswap32(i);

		stream_add(&slow.keys, 0, 0, &key, sizeof(key), NULL, 0);
	}
	for (slow.request = SLOW_READ; slow.request <= SLOW_FILE;
	     slow.request++) {
		const struct caches before = caches_settled();
		const __u64 number = number_new();
		pthread_t thread;
		int right, count;

		slow.fd = table_open_as(variant->kind, MEMTABLE_ORDER_BYTEWISE,
					0);
		ASSERT_LE(0, slow.fd);
		ASSERT_EQ(0, slow_fill(slow.fd));
		if (stall_begin(&slow.stall, 1 << 20)) {
			close(slow.fd);
			SKIP(return, "userfaultfd(2) is not to be had");
		}
		threads_start(&thread, 1, slow_main, &slow);
		stall_wait(&slow.stall);
		right = variant->publish ?
				table_split_publish(slow.fd, &pivot,
						    sizeof(pivot), number) :
				table_split(slow.fd, &pivot, sizeof(pivot));
		ASSERT_LE(0, right);
		EXPECT_EQ(SLOW_KEYS / 2, table_info(right).entries);
		if (variant->publish)
			ASSERT_EQ(0, table_drop(slow.fd, number));
		ASSERT_EQ(0, close(right));
		/* Time for it to be freed, if nobody held it. */
		usleep(300000);
		stall_end(&slow.stall);
		threads_join(&thread, 1);
		EXPECT_EQ(0, slow.ret);
		count = slow_count(&slow);
		if (slow.request == SLOW_READ) {
			EXPECT_EQ(SLOW_KEYS, count);
		} else {
			/* It may be cut short. */
			EXPECT_LT(0, count);
		}
		stall_free(&slow.stall);
		ASSERT_EQ(0, close(slow.fd));
		while (caches_now().objects > before.objects)
			usleep(10000);
	}
	stream_free(&slow.keys);
}

TEST_HARNESS_MAIN
