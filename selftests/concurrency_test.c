// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - readers and writers at the same time
 */

#include "common.h"

#define READERS 3

/*
 * Readers beside a writer never miss what was there when they began.
 *
 * The table's keys are (slot, generation), for a few slots. The writer adds,
 * slot by slot at random, the slot's next generation, and then notes in
 * generations[] that it is there. A reader first copies generations[]: all
 * that the copy tells must be found from then on. It walks from a random place,
 * forward or backward: each key that it is shown lies beyond the one before, and
 * between the two there must not be a key that the copy has. Keys that are newer
 * than the copy may be shown or not. A value is a function of its key, so that
 * no reader can be shown half an entry.
 *
 * The tables are small, for then the reader often is where the writer is.
 */

#define SLOTS 8

struct place {
	__u32 slot;
	__u32 generation;
};

struct generations {
	struct shared shared;
	atomic_uint generations[SLOTS];
	unsigned int rounds;
};

/* A place as a key: big-endian, so that bytes and numbers order alike. */
static __u64 place_key(const struct place place)
{
	return __builtin_bswap64((__u64)place.slot << 32 | place.generation);
}

static struct place key_place(const void *const data)
{
	__u64 key;

	memcpy(&key, data, sizeof(key));
	key = __builtin_bswap64(key);
	return (struct place){ .slot = key >> 32, .generation = key };
}

static bool place_before(const struct place a, const struct place b)
{
	return a.slot < b.slot ||
	       (a.slot == b.slot && a.generation < b.generation);
}

static __u64 key_value(const __u64 key)
{
	return key * 0x9e3779b97f4a7c15 ^ key >> 7;
}

static void *generations_writer(void *const data)
{
	struct generations *const self = data;
	__u64 seed = 1;

	shared_wait(&self->shared, READERS);
	for (unsigned int i = 0; i < self->rounds; i++) {
		const unsigned int slot = random_next(&seed) % SLOTS;
		const struct place place = {
			.slot = slot,
			.generation = atomic_load(&self->generations[slot]) + 1,
		};
		const __u64 key = place_key(place);
		const __u64 value = key_value(key);

		if (table_add(self->shared.fd, 0, MEMTABLE_TYPE_VALUE, &key,
			      sizeof(key), &value, sizeof(value)))
			fail(&self->shared, "an entry is not added");
		atomic_store(&self->generations[slot], place.generation);
	}
	atomic_store(&self->shared.done, true);
	return NULL;
}

/*
 * Whether none of the keys that @known has, generations 1 to known[slot] of
 * each slot, lies strictly between @low and @high.
 */
static bool nothing_between(const unsigned int *const known,
			    const struct place low, const struct place high)
{
	for (unsigned int slot = low.slot; slot <= high.slot && slot < SLOTS;
	     slot++) {
		const __u32 first =
			slot == low.slot ? low.generation + 1 : 1;

		if ((slot < high.slot || first < high.generation) &&
		    first <= known[slot])
			return false;
	}
	return true;
}

/* Walks from a random place to the end; says what is wrong, or NULL. */
static const char *generations_walk(struct generations *const self,
				    const unsigned int *const known,
				    __u64 *const seed)
{
	const bool reverse = random_next(seed) & 1;
	const bool latest = random_next(seed) & 1;
	const struct place end = { .slot = SLOTS };
	const struct place begin = {};
	struct place at = {
		.slot = random_next(seed) % SLOTS,
		.generation = random_next(seed) % (self->rounds / SLOTS + 1),
	};
	__u64 key = place_key(at);
	/* From a few records to all of them in one call. */
	char buffer[32768];
	struct memtable_scan scan = {
		.start_key = ADDRESS(&key),
		.start_length = sizeof(key),
		.records = ADDRESS(buffer),
		.records_size = sizeof(buffer) >> random_next(seed) % 9,
		.flags = MEMTABLE_SCAN_START | MEMTABLE_SCAN_START_EXCLUSIVE |
			 (reverse ? MEMTABLE_SCAN_REVERSE : 0),
	};

	do {
		struct record record;
		size_t offset = 0;

		if (request(self->shared.fd, MEMTABLE_IOC_SCAN, &scan))
			return "a scan fails";
		while (record_next(buffer, scan.records_length, &offset,
				   &record) > 0) {
			const struct place next = key_place(record.key);
			__u64 value;

			if (record.key_length != sizeof(key) ||
			    record.value_length != sizeof(value))
				return "an entry has a wrong length";
			memcpy(&value, record.value, sizeof(value));
			if (value != key_value(place_key(next)))
				return "an entry has another entry's value";
			if (!place_before(reverse ? next : at,
					  reverse ? at : next))
				return "a scan goes back";
			if (!nothing_between(known, reverse ? next : at,
					     reverse ? at : next))
				return "a scan misses an entry";
			at = next;
		}
		key = place_key(at);
		/* On at the same snapshot, or at what is the latest by now. */
		if (latest)
			scan.snapshot = 0;
	} while (!(scan.result & MEMTABLE_SCAN_DONE));
	if (!nothing_between(known, reverse ? begin : at, reverse ? at : end))
		return "a scan ends too early";
	return NULL;
}

/* Looks a random known key up, and one that cannot be there. */
static const char *generations_get(struct generations *const self,
				   const unsigned int *const known,
				   __u64 *const seed)
{
	const unsigned int slot = random_next(seed) % SLOTS;
	struct place place = { .slot = slot };
	__u64 key, value;
	struct memtable_get get = {
		.key = ADDRESS(&key),
		.value = ADDRESS(&value),
		.key_length = sizeof(key),
		.value_size = sizeof(value),
	};

	key = place_key(place);
	if (request(self->shared.fd, MEMTABLE_IOC_GET, &get) != -ENOENT)
		return "an entry is found that never was";
	if (!known[slot])
		return NULL;
	place.generation = random_next(seed) % known[slot] + 1;
	key = place_key(place);
	if (request(self->shared.fd, MEMTABLE_IOC_GET, &get))
		return "an entry is not found";
	if (value != key_value(key))
		return "a key has another key's value";
	return NULL;
}

static void *generations_reader(void *const data)
{
	struct generations *const self = data;
	__u64 seed = ADDRESS(&seed) | 1;
	bool first = true;
	bool done;

	do {
		unsigned int known[SLOTS];
		const char *failure;

		done = atomic_load(&self->shared.done);
		for (unsigned int slot = 0; slot < SLOTS; slot++)
			known[slot] = atomic_load(&self->generations[slot]);
		failure = generations_walk(self, known, &seed);
		for (unsigned int i = 0; i < 20 && !failure; i++)
			failure = generations_get(self, known, &seed);
		if (failure)
			fail(&self->shared, failure);
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !atomic_load(&self->shared.failure));
	return NULL;
}

FIXTURE(table)
{
	int fd;
};

FIXTURE_SETUP(table)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(table)
{
	EXPECT_EQ(0, close(self->fd));
}

/* The property above, from an empty table on, again and again. */
TEST_F_TIMEOUT(table, nothing_missed, LONG_TIMEOUT)
{
	const unsigned int tables = scaled(100);

	for (unsigned int table = 0; table < tables; table++) {
		struct generations generations = {
			.shared.fd = table_open(),
			.rounds = 250,
		};
		pthread_t readers[READERS];
		pthread_t writer;

		ASSERT_LE(0, generations.shared.fd);
		threads_start(readers, READERS, generations_reader,
			      &generations);
		threads_start(&writer, 1, generations_writer, &generations);
		threads_join(&writer, 1);
		threads_join(readers, READERS);
		ASSERT_EQ(NULL, atomic_load(&generations.shared.failure))
		{
			TH_LOG("%s", atomic_load(&generations.shared.failure));
		}
		ASSERT_EQ(generations.rounds,
			  table_info(generations.shared.fd).entries);
		ASSERT_EQ(0, close(generations.shared.fd));
	}
}

/*
 * A batch is seen whole or not at all.
 *
 * Each batch of the writer gives all of the same keys the same new counter. A
 * reader that looks at all keys in one request, by READ or by SCAN in either
 * direction, must find one counter, and never a lower one than it found before.
 * That has to hold however the batch is numbered: also for one whose sequence
 * numbers are below the last one when it comes, which no snapshot tells apart.
 * A reader that goes back to an older snapshot must find there what it found
 * then, unless a batch that is late belongs there.
 */

#define BATCH_KEYS 32

enum numbering {
	/* The kernel assigns the sequence numbers. */
	NUMBERED_BY_KERNEL,
	/* Each batch has one number, above those before. */
	NUMBERED_ABOVE,
	/* Each batch is below the last sequence of the table. */
	NUMBERED_BELOW,
	/* Half of each batch is below it, and the other half above. */
	NUMBERED_AROUND,
};

struct batches {
	struct shared shared;
	enum numbering numbering;
	/* The last sequence number of the table before the first batch. */
	__u64 last;
	unsigned int rounds;
	/* Of the last batch. */
	__u32 counter;
};

/* Keys that lie apart, with others between them. */
static __u32 batch_key(const unsigned int i)
{
	return __builtin_bswap32(i * 16);
}

static int batches_fill(const struct batches *const self)
{
	struct stream stream = {};
	const __u32 counter = 0;
	int ret;

	for (unsigned int i = 0; i < BATCH_KEYS * 16; i++) {
		const __u32 key = __builtin_bswap32(i);

		/* What lies between is deleted, and not to be shown. */
		if (i % 16)
			stream_add(&stream, 1, MEMTABLE_TYPE_DELETION, &key,
				   sizeof(key), NULL, 0);
		else
			stream_add(&stream, 1, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), &counter, sizeof(counter));
	}
	ret = table_write(self->shared.fd, &stream) ?:
	      table_put(self->shared.fd, self->last, "last", NULL);
	stream_free(&stream);
	return ret;
}

static int batches_write(struct batches *const self)
{
	struct stream stream = {};
	const __u32 counter = ++self->counter;
	int ret;

	for (unsigned int i = 0; i < BATCH_KEYS; i++) {
		const __u32 key = batch_key(i);
		__u64 sequence = 0;

		switch (self->numbering) {
		case NUMBERED_BY_KERNEL:
			break;
		case NUMBERED_ABOVE:
			sequence = self->last + counter;
			break;
		case NUMBERED_BELOW:
			sequence = 1 + counter;
			break;
		case NUMBERED_AROUND:
			sequence = (i & 1 ? self->last : 1) + counter;
			break;
		}
		stream_add(&stream, sequence, MEMTABLE_TYPE_VALUE, &key,
			   sizeof(key), &counter, sizeof(counter));
	}
	ret = table_write(self->shared.fd, &stream);
	stream_free(&stream);
	return ret;
}

static void *batches_writer(void *const data)
{
	struct batches *const self = data;

	shared_wait(&self->shared, READERS);
	while (self->counter < self->rounds) {
		if (batches_write(self)) {
			fail(&self->shared, "a batch is not written");
			break;
		}
	}
	atomic_store(&self->shared.done, true);
	return NULL;
}

enum look {
	LOOK_READ,
	LOOK_SCAN,
	LOOK_SCAN_REVERSE,
	LOOKS,
};

/*
 * Finds the counter that all keys have at @snapshot, zero for the latest, and
 * sets @snapshot to what was read at. Says what is wrong, or NULL.
 */
static const char *batches_look(const int fd, const enum look look,
				__u64 *const snapshot, __u32 *const counter)
{
	char buffer[BATCH_KEYS * 32];
	struct stream keys = {};
	struct memtable_read read = {
		.records = ADDRESS(buffer),
		.records_size = sizeof(buffer),
		.snapshot = *snapshot,
	};
	struct memtable_scan scan = {
		.records = ADDRESS(buffer),
		.records_size = sizeof(buffer),
		.snapshot = *snapshot,
		.flags = look == LOOK_SCAN_REVERSE ? MEMTABLE_SCAN_REVERSE : 0,
	};
	unsigned int count = 0;
	struct record record;
	size_t offset = 0;
	size_t length;
	int ret;

	if (look == LOOK_READ) {
		for (unsigned int i = 0; i < BATCH_KEYS; i++) {
			const __u32 key = batch_key(i);

			stream_add(&keys, 0, 0, &key, sizeof(key), NULL, 0);
		}
		read.keys = ADDRESS(keys.data);
		read.keys_length = keys.length;
		ret = request(fd, MEMTABLE_IOC_READ, &read);
		length = read.records_length;
		*snapshot = read.snapshot;
		stream_free(&keys);
	} else {
		ret = request(fd, MEMTABLE_IOC_SCAN, &scan);
		length = scan.records_length;
		*snapshot = scan.snapshot;
	}
	if (ret)
		return "a request fails";
	while (record_next(buffer, length, &offset, &record) > 0) {
		__u32 seen;

		if (record.value_length != sizeof(seen))
			return "a key has no counter";
		memcpy(&seen, record.value, sizeof(seen));
		if (count++ && seen != *counter)
			return "a batch is seen in part";
		*counter = seen;
	}
	return count == BATCH_KEYS ? NULL : "a key is not found";
}

static void *batches_reader(void *const data)
{
	struct batches *const self = data;
	const bool late = self->numbering == NUMBERED_BELOW ||
			  self->numbering == NUMBERED_AROUND;
	__u64 kept_snapshot = 0;
	__u32 kept_counter = 0;
	__u32 highest = 0;
	const char *failure = NULL;
	bool first = true;
	bool done;

	do {
		done = atomic_load(&self->shared.done);
		for (enum look look = 0; look < LOOKS && !failure; look++) {
			__u64 snapshot = 0;
			__u32 counter = 0;

			failure = batches_look(self->shared.fd, look, &snapshot,
					       &counter);
			if (!failure && counter < highest)
				failure = "a counter goes back";
			highest = counter;
			if (failure || late)
				continue;
			/* Keep one snapshot for good. */
			if (!kept_snapshot) {
				kept_snapshot = snapshot;
				kept_counter = counter;
			}
			snapshot = kept_snapshot;
			failure = batches_look(self->shared.fd, look, &snapshot,
					       &counter);
			if (!failure && counter != kept_counter)
				failure = "a snapshot changes";
			if (!failure && snapshot != kept_snapshot)
				failure = "another snapshot is read at";
		}
		if (failure)
			fail(&self->shared, failure);
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !failure);
	if (!failure && highest != self->rounds)
		fail(&self->shared, "the last batch is not seen");
	return NULL;
}

FIXTURE(batch)
{
	struct batches batches;
};

FIXTURE_VARIANT(batch)
{
	enum numbering numbering;
};

FIXTURE_VARIANT_ADD(batch, by_kernel)
{
	.numbering = NUMBERED_BY_KERNEL,
};

FIXTURE_VARIANT_ADD(batch, above)
{
	.numbering = NUMBERED_ABOVE,
};

FIXTURE_VARIANT_ADD(batch, below)
{
	.numbering = NUMBERED_BELOW,
};

FIXTURE_VARIANT_ADD(batch, around)
{
	.numbering = NUMBERED_AROUND,
};

FIXTURE_SETUP(batch)
{
	struct batches *const batches = &self->batches;

	batches->shared.fd = table_open();
	ASSERT_LE(0, batches->shared.fd);
	batches->numbering = variant->numbering;
	batches->last = 1 << 20;
	batches->rounds = scaled(300);
	ASSERT_EQ(0, batches_fill(batches));
}

FIXTURE_TEARDOWN(batch)
{
	EXPECT_EQ(0, close(self->batches.shared.fd));
}

/* The property above, between threads that share an open file. */
TEST_F_TIMEOUT(batch, whole, LONG_TIMEOUT)
{
	struct batches *const batches = &self->batches;
	pthread_t readers[READERS];
	pthread_t writer;

	threads_start(readers, READERS, batches_reader, batches);
	threads_start(&writer, 1, batches_writer, batches);
	threads_join(&writer, 1);
	threads_join(readers, READERS);
	EXPECT_EQ(NULL, atomic_load(&batches->shared.failure))
	{
		TH_LOG("%s", atomic_load(&batches->shared.failure));
	}
}

/*
 * The same between processes, of which the writer is killed at some point: the
 * other one finds whole batches, and the next writer goes on from there.
 */
TEST_F_TIMEOUT(batch, whole_after_kill, LONG_TIMEOUT)
{
	struct batches *const batches = &self->batches;
	const unsigned int rounds = scaled(10);
	__u32 last = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		__u32 seen = last;
		pid_t child;

		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			while (!batches_write(batches))
				;
			_exit(1);
		}
		/* Not before it has written a few. */
		while (seen < last + 3) {
			__u64 snapshot = 0;

			ASSERT_EQ(NULL, batches_look(batches->shared.fd,
						     LOOK_READ, &snapshot,
						     &seen));
		}
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(-SIGKILL, child_wait(child));
		for (enum look look = 0; look < LOOKS; look++) {
			__u64 snapshot = 0;
			__u32 counter;

			ASSERT_EQ(NULL, batches_look(batches->shared.fd, look,
						     &snapshot, &counter));
			ASSERT_LE(seen, counter);
			last = counter;
		}
		batches->counter = last;
	}
}

/*
 * Writers that add the same versions: for each one of them succeeds, and the
 * others are told that it is there.
 */

#define WRITERS 4

struct race {
	struct shared shared;
	unsigned int rounds;
	atomic_uint added;
	atomic_uint refused;
};

static void *race_main(void *const data)
{
	struct race *const self = data;

	for (__u64 sequence = 1; sequence <= self->rounds; sequence++) {
		switch (table_put(self->shared.fd, sequence, "key", "value")) {
		case 0:
			atomic_fetch_add(&self->added, 1);
			break;
		case -EEXIST:
			atomic_fetch_add(&self->refused, 1);
			break;
		default:
			fail(&self->shared, "an entry is not added");
			break;
		}
	}
	return NULL;
}

/* Every version is added once. */
TEST_F_TIMEOUT(table, same_versions, LONG_TIMEOUT)
{
	struct race race = { .shared.fd = self->fd, .rounds = scaled(3000) };
	pthread_t threads[WRITERS];

	threads_start(threads, WRITERS, race_main, &race);
	threads_join(threads, WRITERS);
	EXPECT_EQ(NULL, atomic_load(&race.shared.failure));
	EXPECT_EQ(race.rounds, atomic_load(&race.added));
	EXPECT_EQ((WRITERS - 1) * race.rounds, atomic_load(&race.refused));
	EXPECT_EQ(race.rounds, table_info(self->fd).entries);
}

/*
 * Writers that fill a table: none gets past its maximum size, and all are told
 * that it is full.
 */

static void *filler_main(void *const data)
{
	struct race *const self = data;
	char value[100] = {};
	int ret;

	while (!(ret = table_add(self->shared.fd, 0, MEMTABLE_TYPE_VALUE, "key",
				 3, value, sizeof(value)))) {
		struct memtable_info info = table_info(self->shared.fd);

		atomic_fetch_add(&self->added, 1);
		if (info.memory_usage > info.max_size)
			fail(&self->shared, "the maximum size is passed");
	}
	if (ret == -ENOSPC)
		atomic_fetch_add(&self->refused, 1);
	return NULL;
}

/* What was taken is there, and no more. */
TEST_F_TIMEOUT(table, full, LONG_TIMEOUT)
{
	struct race race = { .shared.fd = self->fd };
	pthread_t threads[WRITERS];

	ASSERT_EQ(0, table_configure(self->fd, 0, 1 << 20));
	threads_start(threads, WRITERS, filler_main, &race);
	threads_join(threads, WRITERS);
	EXPECT_EQ(NULL, atomic_load(&race.shared.failure));
	EXPECT_EQ(WRITERS, atomic_load(&race.refused));
	EXPECT_EQ(atomic_load(&race.added), table_info(self->fd).entries);
	EXPECT_LT(0, atomic_load(&race.added));
}

/*
 * Threads that read(2) from one open file share its position: together they get
 * every record once.
 */

struct readers {
	struct shared shared;
	atomic_uint count;
	/* Of their sequence numbers, modulo the size of an integer. */
	atomic_uint sum;
};

static void *readers_main(void *const data)
{
	struct readers *const self = data;
	char buffer[1000];
	ssize_t length;

	while ((length = read(self->shared.fd, buffer, sizeof(buffer))) > 0) {
		struct record record;
		size_t offset = 0;

		while (record_next(buffer, length, &offset, &record) > 0) {
			atomic_fetch_add(&self->count, 1);
			atomic_fetch_add(&self->sum, record.sequence);
		}
	}
	if (length)
		fail(&self->shared, "a read fails");
	return NULL;
}

/* No record is read twice, none by nobody. */
TEST_F_TIMEOUT(table, shared_position, LONG_TIMEOUT)
{
	struct readers readers = { .shared.fd = self->fd };
	const unsigned int entries = scaled(20000);
	struct stream stream = {};
	pthread_t threads[READERS];

	for (__u32 key = 0; key < entries; key++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &key, sizeof(key));
	ASSERT_EQ(0, table_write(self->fd, &stream));
	stream_free(&stream);
	threads_start(threads, READERS, readers_main, &readers);
	threads_join(threads, READERS);
	EXPECT_EQ(NULL, atomic_load(&readers.shared.failure));
	EXPECT_EQ(entries, atomic_load(&readers.count));
	EXPECT_EQ(entries * (entries + 1) / 2, atomic_load(&readers.sum));
}

/*
 * A READ that asks for the same key many times gets the same answer each time,
 * beside a writer of that key: in a versioned table also one whose entries come
 * late, each with a sequence number below the last one.
 */

#define SAME_KEYS 200

struct same {
	struct shared shared;
	/* The entries come late. */
	bool late;
	unsigned int rounds;
};

static void *same_writer(void *const data)
{
	struct same *const self = data;
	const time_t begin = time(NULL);

	shared_wait(&self->shared, READERS);
	for (unsigned int round = 0; loop_on(round, self->rounds, begin);
	     round++) {
		if (table_add(self->shared.fd, self->late ? round + 2 : 0,
			      MEMTABLE_TYPE_VALUE, "key", 3, &round,
			      sizeof(round)))
			fail(&self->shared, "an entry is not added");
	}
	atomic_store(&self->shared.done, true);
	return NULL;
}

static void *same_reader(void *const data)
{
	struct same *const self = data;
	struct stream keys = {};
	bool first = true;
	bool done;

	for (unsigned int i = 0; i < SAME_KEYS; i++)
		stream_add(&keys, 0, 0, "key", 3, NULL, 0);
	do {
		char answers[SAME_KEYS * 32];
		struct memtable_read read = {
			.keys = ADDRESS(keys.data),
			.keys_length = keys.length,
			.records = ADDRESS(answers),
			.records_size = sizeof(answers),
		};
		const size_t size = record_size(3, 4);

		done = atomic_load(&self->shared.done);
		if (request(self->shared.fd, MEMTABLE_IOC_READ, &read) ||
		    read.found != SAME_KEYS ||
		    read.records_length != SAME_KEYS * size)
			fail(&self->shared, "a key is not found");
		for (unsigned int i = 1; i < SAME_KEYS; i++)
			/* cppcheck-suppress uninitvar; written by the request */
			if (memcmp(answers, answers + i * size, size))
				fail(&self->shared, "a READ sees a change");
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !atomic_load(&self->shared.failure));
	stream_free(&keys);
	return NULL;
}

FIXTURE(same)
{
	struct same same;
};

FIXTURE_VARIANT(same)
{
	__u32 kind;
	bool late;
};

FIXTURE_VARIANT_ADD(same, versioned)
{
	.kind = MEMTABLE_KIND_VERSIONED,
};

FIXTURE_VARIANT_ADD(same, late)
{
	.kind = MEMTABLE_KIND_VERSIONED,
	.late = true,
};

FIXTURE_VARIANT_ADD(same, map)
{
	.kind = MEMTABLE_KIND_MAP,
};

FIXTURE_SETUP(same)
{
	struct same *const same = &self->same;

	same->shared.fd = table_open_as(variant->kind,
					MEMTABLE_ORDER_BYTEWISE, 0);
	ASSERT_LE(0, same->shared.fd);
	same->late = variant->late;
	same->rounds = scaled(20000);
	ASSERT_EQ(0, table_put(same->shared.fd, 0, "key", "0123"));
	if (same->late) {
		ASSERT_EQ(0, table_put(same->shared.fd, 1 << 30, "last", ""));
	}
}

FIXTURE_TEARDOWN(same)
{
	EXPECT_EQ(0, close(self->same.shared.fd));
}

/* The property above. */
TEST_F_TIMEOUT(same, answers, LONG_TIMEOUT)
{
	pthread_t readers[READERS];
	pthread_t writer;

	threads_start(readers, READERS, same_reader, &self->same);
	threads_start(&writer, 1, same_writer, &self->same);
	threads_join(&writer, 1);
	threads_join(readers, READERS);
	EXPECT_EQ(NULL, atomic_load(&self->same.shared.failure))
	{
		TH_LOG("%s", atomic_load(&self->same.shared.failure));
	}
}

/*
 * Requests beside an ATTACH that turns their open file to another table: each
 * is answered by one of the tables, never by both.
 */

#define TURN_KEYS 8

struct turn {
	struct shared shared;
	__u64 number;
	unsigned int rounds;
};

static void *turn_main(void *const data)
{
	struct turn *const self = data;

	shared_wait(&self->shared, READERS);
	for (unsigned int round = 0; round < self->rounds; round++) {
		if (table_attach(self->shared.fd, self->number + (round & 1)))
			fail(&self->shared, "a table is not attached");
	}
	atomic_store(&self->shared.done, true);
	return NULL;
}

static void *turn_reader(void *const data)
{
	struct turn *const self = data;
	struct stream keys = {};
	bool first = true;
	bool done;

	for (__u32 key = 0; key < TURN_KEYS; key++)
		stream_add(&keys, 0, 0, &key, sizeof(key), NULL, 0);
	do {
		char buffers[2][TURN_KEYS * 32];
		struct memtable_read read = {
			.keys = ADDRESS(keys.data),
			.keys_length = keys.length,
			.records = ADDRESS(buffers[0]),
			.records_size = sizeof(buffers[0]),
		};
		struct memtable_scan scan = {
			.records = ADDRESS(buffers[1]),
			.records_size = sizeof(buffers[1]),
		};
		size_t lengths[2];

		done = atomic_load(&self->shared.done);
		if (request(self->shared.fd, MEMTABLE_IOC_READ, &read) ||
		    request(self->shared.fd, MEMTABLE_IOC_SCAN, &scan))
			fail(&self->shared, "a request fails");
		lengths[0] = read.records_length;
		lengths[1] = scan.records_length;
		for (unsigned int i = 0; i < 2; i++) {
			unsigned int count = 0;
			struct record record;
			size_t offset = 0;
			char owner = 0;

			while (record_next(buffers[i], lengths[i], &offset,
					   &record) > 0) {
				if (record.value_length != 1 ||
				    (count++ && *record.value != owner))
					fail(&self->shared,
					     "two tables answer");
				else
					owner = *record.value;
			}
			if (count != TURN_KEYS)
				fail(&self->shared, "a key is not found");
		}
		if (first)
			atomic_fetch_add(&self->shared.ready, 1);
		first = false;
	} while (!done && !atomic_load(&self->shared.failure));
	stream_free(&keys);
	return NULL;
}

/* The property above, for READ and SCAN. */
TEST_F_TIMEOUT(table, turned, LONG_TIMEOUT)
{
	struct turn turn = {
		.shared.fd = self->fd,
		.number = number_new(),
		.rounds = scaled(5000),
	};
	pthread_t readers[READERS];
	pthread_t turner;

	for (unsigned int i = 0; i < 2; i++) {
		const int fd = table_open();

		ASSERT_LE(0, fd);
		for (__u32 key = 0; key < TURN_KEYS; key++) {
			ASSERT_EQ(0, table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key,
					       sizeof(key), &"ab"[i], 1));
		}
		ASSERT_EQ(0, table_publish(fd, turn.number + i));
		ASSERT_EQ(0, close(fd));
	}
	ASSERT_EQ(0, table_attach(self->fd, turn.number));
	threads_start(readers, READERS, turn_reader, &turn);
	threads_start(&turner, 1, turn_main, &turn);
	threads_join(&turner, 1);
	threads_join(readers, READERS);
	EXPECT_EQ(NULL, atomic_load(&turn.shared.failure))
	{
		TH_LOG("%s", atomic_load(&turn.shared.failure));
	}
	EXPECT_EQ(0, table_drop(self->fd, turn.number));
	EXPECT_EQ(0, table_drop(self->fd, turn.number + 1));
}

TEST_HARNESS_MAIN
