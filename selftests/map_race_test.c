// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - map tables: readers beside writers
 *
 * Keys are numbers. Those that are divisible by four are there throughout, and
 * their values are replaced again and again; some of them only together, all of
 * the same generation. The others come and go. Whoever reads sees whole values
 * only, all the keys that stay, in order, and of those that change together one
 * generation, unless it scans.
 */

#include "common.h"
#include "value.h"

#define BESIDE_KEYS 400
#define BESIDE_READERS 3
#define BESIDE_WRITERS 2

struct beside {
	struct shared shared;
	size_t least;
	size_t room;
	unsigned int rounds;
	atomic_uint writers;
	/* Written by a writer at a time, but for the group's. */
	atomic_uint generation;
	pthread_mutex_t group_lock;
};

static bool beside_stays(const __u32 number)
{
	return number % 4 == 0;
}

static bool beside_together(const __u32 number)
{
	return number % 16 == 0;
}

static void beside_put(struct beside *const self, struct stream *const stream,
		       const __u32 number, const __u32 generation)
{
	const __u32 key = __builtin_bswap32(number);
	struct value value;

	value_make(&value, number, generation, self->least, self->room);
	stream_add(stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
		   value.bytes, value.length);
}

/* A new generation of all that change together. */
static int beside_group(struct beside *const self)
{
	struct stream stream = {};
	__u32 generation;
	int ret;

	/* So that a later one does not come first. */
	pthread_mutex_lock(&self->group_lock);
	generation = atomic_fetch_add(&self->generation, 1);
	for (__u32 number = 0; number < BESIDE_KEYS; number += 16)
		beside_put(self, &stream, number, generation);
	ret = table_write(self->shared.fd, &stream);
	pthread_mutex_unlock(&self->group_lock);
	stream_free(&stream);
	return ret;
}

/* Changes some of the others. */
static int beside_churn(struct beside *const self, __u64 *const seed)
{
	const unsigned int count = random_next(seed) % 20 + 1;
	struct stream stream = {};
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		const __u32 number = (random_next(seed) >> 20) % BESIDE_KEYS;
		const __u32 key = __builtin_bswap32(number);

		if (beside_together(number))
			continue;
		if (beside_stays(number) || random_next(seed) & 1)
			beside_put(self, &stream, number,
				   atomic_fetch_add(&self->generation, 1));
		else
			stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, &key,
				   sizeof(key), NULL, 0);
	}
	ret = table_write(self->shared.fd, &stream);
	stream_free(&stream);
	return ret;
}

static void *beside_writer(void *const data)
{
	struct beside *const self = data;
	__u64 seed = atomic_fetch_add(&self->writers, 1) + 1;
	time_t begin;

	shared_wait(&self->shared, BESIDE_READERS);
	begin = time(NULL);
	for (unsigned int round = 0; loop_on(round, self->rounds, begin);
	     round++) {
		if (round % 4 ? beside_churn(self, &seed) : beside_group(self))
			fail(&self->shared, "a batch is not written");
	}
	return NULL;
}

/*
 * Checks records of a READ, or of keys in ascending or descending order. Says
 * what is wrong, or NULL.
 */
static const char *beside_check(const struct beside *const self,
				const void *const data, const size_t length,
				const bool backward)
{
	__u32 expected = backward ? BESIDE_KEYS - 4 : 0;
	const __u32 step = backward ? -4 : 4;
	struct record record;
	size_t offset = 0;
	__u32 last = 0;
	bool first = true;
	int ret;

	while ((ret = record_next(data, length, &offset, &record)) > 0) {
		__u32 number;

		if (record.key_length != sizeof(number))
			return "a key has a wrong length";
		memcpy(&number, record.key, sizeof(number));
		number = __builtin_bswap32(number);
		if (!first && (backward ? number >= last : number <= last))
			return "keys are out of order";
		first = false;
		last = number;
		if (record.type != MEMTABLE_TYPE_VALUE)
			return "an entry has another type";
		if (!value_whole(&record, number, self->least, self->room))
			return "a value is not whole";
		if (!beside_stays(number))
			continue;
		if (number != expected)
			return "a key that stays is not seen";
		expected += step;
	}
	if (ret)
		return "there are no whole records";
	if (expected != (backward ? (__u32)-4 : BESIDE_KEYS))
		return "the last keys are not seen";
	return NULL;
}

static const char *beside_scan(const struct beside *const self,
			       struct stream *const stream, __u64 *const seed)
{
	const bool backward = random_next(seed) & 1;
	const size_t sizes[] = { 1000, 10000, 100000, 1 << 20 };

	stream->length = 0;
	if (table_scan(self->shared.fd, backward ? MEMTABLE_SCAN_REVERSE : 0, 0,
		       sizes[random_next(seed) % ARRAY_SIZE(sizes)], stream))
		return "a scan fails";
	return beside_check(self, stream->data, stream->length, backward);
}

/* All that stay in one READ; those that change together must be alike. */
static const char *beside_read(const struct beside *const self,
			       struct stream *const stream)
{
	const char *failure = "a READ fails";
	struct stream keys = {};
	struct memtable_read read = {};
	struct record record;
	size_t offset = 0;
	bool first = true;
	__u32 generation = 0;
	int ret;

	for (__u32 number = 0; number < BESIDE_KEYS; number += 4) {
		const __u32 key = __builtin_bswap32(number);

		stream_add(&keys, 0, 0, &key, sizeof(key), NULL, 0);
	}
	stream->length = 0;
	read.keys = ADDRESS(keys.data);
	read.keys_length = keys.length;
	do {
		stream_reserve(stream, read.records_length);
		read.records = ADDRESS(stream->data);
		read.records_size = stream->size;
		ret = request(self->shared.fd, MEMTABLE_IOC_READ, &read);
	} while (ret == -ERANGE);
	stream_free(&keys);
	if (!ret)
		failure = beside_check(self, stream->data, read.records_length,
				       false);
	while (!failure && record_next(stream->data, read.records_length,
				       &offset, &record) > 0) {
		__u32 number;

		memcpy(&number, record.key, sizeof(number));
		if (!beside_together(__builtin_bswap32(number)))
			continue;
		if (!first && value_generation(&record) != generation)
			failure = "a batch is seen in part";
		generation = value_generation(&record);
		first = false;
	}
	return failure;
}

/* One key after the other. */
static const char *beside_get(const struct beside *const self,
			      struct stream *const stream, __u64 *const seed)
{
	stream_reserve(stream, VALUE_SIZE);
	for (unsigned int i = 0; i < 50; i++) {
		const __u32 number = (random_next(seed) >> 20) % BESIDE_KEYS;
		const __u32 key = __builtin_bswap32(number);
		struct memtable_get get = {
			.key = ADDRESS(&key),
			.value = ADDRESS(stream->data),
			.key_length = sizeof(key),
			.value_size = VALUE_SIZE,
		};
		const int ret =
			request(self->shared.fd, MEMTABLE_IOC_GET, &get);
		const struct record record = {
			.value = stream->data,
			.value_length = get.value_length,
		};

		if (ret == -ENOENT && !beside_stays(number) && !get.tag)
			continue;
		if (ret)
			return "a key that stays is not found";
		if (!value_whole(&record, number, self->least, self->room))
			return "a value that is looked up is not whole";
	}
	return NULL;
}

/* All of it through read(2), in an open file of one's own. */
static const char *beside_stream(const struct beside *const self,
				 struct stream *const stream)
{
	const int fd = table_share(self->shared.fd, MEMTABLE_SHARE_READ_ONLY);
	const size_t size = 2 * VALUE_SIZE;
	ssize_t length;

	if (fd < 0)
		return "the table is not shared";
	stream->length = 0;
	do {
		stream_reserve(stream, stream->length + size);
		length = read(fd, stream->data + stream->length, size);
		if (length > 0)
			stream->length += length;
	} while (length > 0);
	close(fd);
	if (length)
		return "a read fails";
	return beside_check(self, stream->data, stream->length, false);
}

static void *beside_reader(void *const data)
{
	struct beside *const self = data;
	__u64 seed = ADDRESS(&seed) | 1;
	struct stream stream = {};
	bool first = true;
	bool done;

	do {
		const char *failure;

		done = atomic_load(&self->shared.done);
		failure = beside_scan(self, &stream, &seed)	   ?:
				  beside_read(self, &stream)	   ?:
				  beside_get(self, &stream, &seed) ?:
				  beside_stream(self, &stream);
		if (failure)
			fail(&self->shared, failure);
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !atomic_load(&self->shared.failure));
	stream_free(&stream);
	return NULL;
}

FIXTURE(beside)
{
	struct beside beside;
};

FIXTURE_VARIANT(beside)
{
	size_t least;
	size_t room;
	unsigned int rounds;
};

FIXTURE_VARIANT_ADD(beside, small_values)
{
	.least = 0,
	.room = 200,
	.rounds = 5000,
};

/* Beyond what slab caches have: from elsewhere, and freed to there. */
FIXTURE_VARIANT_ADD(beside, large_values)
{
	.least = 17000,
	.room = 40000,
	.rounds = 200,
};

FIXTURE_SETUP(beside)
{
	struct beside *const beside = &self->beside;
	struct stream stream = {};

	beside->shared.fd = table_open_as(MEMTABLE_KIND_MAP,
					  MEMTABLE_ORDER_BYTEWISE, 0);
	ASSERT_LE(0, beside->shared.fd);
	beside->least = variant->least;
	beside->room = variant->room;
	beside->rounds = scaled(variant->rounds);
	pthread_mutex_init(&beside->group_lock, NULL);
	for (__u32 number = 0; number < BESIDE_KEYS; number += 4)
		beside_put(beside, &stream, number, 0);
	atomic_store(&beside->generation, 1);
	ASSERT_EQ(0, table_write(beside->shared.fd, &stream));
	stream_free(&stream);
}

FIXTURE_TEARDOWN(beside)
{
	EXPECT_EQ(0, close(self->beside.shared.fd));
}

/* The property above. */
TEST_F_TIMEOUT(beside, whole, LONG_TIMEOUT)
{
	struct beside *const beside = &self->beside;
	pthread_t readers[BESIDE_READERS];
	pthread_t writers[BESIDE_WRITERS];

	threads_start(readers, BESIDE_READERS, beside_reader, beside);
	threads_start(writers, BESIDE_WRITERS, beside_writer, beside);
	threads_join(writers, BESIDE_WRITERS);
	atomic_store(&beside->shared.done, true);
	threads_join(readers, BESIDE_READERS);
	EXPECT_EQ(NULL, atomic_load(&beside->shared.failure))
	{
		TH_LOG("%s", atomic_load(&beside->shared.failure));
	}
}

TEST_HARNESS_MAIN
