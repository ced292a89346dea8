// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - SCAN: ranges of entries, compared with a sorted array
 */

#include "common.h"
#include "model.h"

FIXTURE(scan)
{
	int fd;
	struct model model;
	char *buffer;
	size_t size;
};

FIXTURE_VARIANT(scan)
{
	unsigned int flags;
};

#define VARIANT(name, bits) \
	FIXTURE_VARIANT_ADD(scan, name) \
	{ \
		.flags = bits, \
	}

#define VARIANTS(name, bits) \
	VARIANT(name, bits); \
	VARIANT(name##_keys, (bits) | MEMTABLE_SCAN_KEYS_ONLY); \
	VARIANT(name##_tombstones, (bits) | MEMTABLE_SCAN_TOMBSTONES); \
	VARIANT(name##_keys_tombstones, \
		(bits) | MEMTABLE_SCAN_KEYS_ONLY | MEMTABLE_SCAN_TOMBSTONES)

VARIANTS(forward, 0);
VARIANTS(reverse, MEMTABLE_SCAN_REVERSE);
VARIANTS(versions, MEMTABLE_SCAN_ALL_VERSIONS);
VARIANTS(reverse_versions, MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_REVERSE);

FIXTURE_SETUP(scan)
{
	__u64 seed = 1;
	__u64 sequence = 1;

	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->size = 8192;
	self->buffer = guarded(self->size);

	/* Five rounds of versions, each with some of the keys. */
	for (unsigned int round = 0; round < 5; round++) {
		for (size_t i = 1; i < ARRAY_SIZE(keys); i += 2) {
			const __u64 dice = random_next(&seed) >> 32;

			if (dice % 4 == 0)
				continue;
			model_add(&self->model, keys[i].bytes, keys[i].length,
				  sequence++,
				  dice % 4 == 1 ? MEMTABLE_TYPE_DELETION :
						  MEMTABLE_TYPE_VALUE);
		}
	}
	ASSERT_EQ(0, model_write(&self->model, self->fd));
	model_sort(&self->model);
}

FIXTURE_TEARDOWN(scan)
{
	free(self->model.entries);
	EXPECT_EQ(0, close(self->fd));
}

/* Every start with every end, be it there or not, crossing or not. */
TEST_F_TIMEOUT(scan, bounds, LONG_TIMEOUT)
{
	const __u64 last = table_info(self->fd).last_sequence;

	for (size_t i = 0; i < BOUND_COUNT; i++) {
		for (size_t j = 0; j < BOUND_COUNT; j++) {
			const struct bound start = bound_at(i);
			const struct bound end = bound_at(j);
			/* In turn the latest and each of the snapshots. */
			const __u64 snapshot = (i * BOUND_COUNT + j) % last;

			ASSERT_TRUE(scan_matches(&self->model, self->fd,
						 variant->flags, snapshot,
						 &start, &end, self->buffer,
						 self->size, 0))
			{
				TH_LOG("Bounds %zu and %zu at %llu", i, j,
				       (unsigned long long)snapshot);
			}
		}
	}
}

/* Every snapshot, and one beyond the last sequence. */
TEST_F(scan, snapshots)
{
	const __u64 last = table_info(self->fd).last_sequence;

	for (__u64 snapshot = 0; snapshot <= last + 1; snapshot++) {
		ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags,
					 snapshot, &no_bound, &no_bound,
					 self->buffer, self->size, 0));
	}
}

/* Every limit, up to one that does not matter. */
TEST_F(scan, limits)
{
	const struct bound start = bound_at(9);

	for (__u32 limit = 1; limit <= self->model.count + 1; limit++) {
		ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags,
					 0, &no_bound, &no_bound, self->buffer,
					 self->size, limit));
		ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags,
					 0, &start, &no_bound, self->buffer,
					 self->size, limit));
	}
	ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags, 0,
				 &no_bound, &no_bound, self->buffer, self->size,
				 UINT32_MAX));
}

/* Every size of buffer, from none to one byte more than enough. */
TEST_F_TIMEOUT(scan, buffers, LONG_TIMEOUT)
{
	struct stream stream = {};
	size_t enough;

	model_scan(&self->model, variant->flags, 0, &no_bound, &no_bound,
		   &stream);
	enough = stream.length;
	stream_free(&stream);
	ASSERT_GT(self->size, enough);
	for (size_t size = 0; size <= enough + 1; size++) {
		/* At the end of memory: the kernel cannot write beyond it. */ {
		ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags,
					 0, &no_bound, &no_bound,
					 self->buffer + self->size - size, size,
					 0))
		{
			TH_LOG("Size %zu", size);
	}
		}
	}
}

/* Pieces of any size, each after the last record of the one before, are all. */
TEST_F_TIMEOUT(scan, resumed, LONG_TIMEOUT)
{
	const bool reverse = variant->flags & MEMTABLE_SCAN_REVERSE;
	const struct bound part = bound_at(reverse ? 7 : 30);
	const __u64 last = table_info(self->fd).last_sequence;

	for (__u64 snapshot = 0; snapshot < last; snapshot += 5) {
		/* All of the table, and a part of it. */
		for (size_t i = 0; i < 2; i++) {
			const struct bound end = i ? part : no_bound;
			struct memtable_scan scan =
				scan_make(variant->flags, snapshot, &no_bound,
					  &end);
			struct stream expected = {};

			model_scan(&self->model, variant->flags, snapshot,
				   &no_bound, &end, &expected);
			for (size_t size = 16; size < 256; size += 24) {
				struct stream seen = {};

				ASSERT_EQ(0, scan_all(self->fd, &scan, size,
						      &seen));
				ASSERT_TRUE(stream_equal(&expected, &seen));
				stream_free(&seen);
			}
			for (scan.limit = 1; scan.limit < 8; scan.limit++) {
				struct stream seen = {};

				ASSERT_EQ(0, scan_all(self->fd, &scan, 65536,
						      &seen));
				ASSERT_TRUE(stream_equal(&expected, &seen));
				stream_free(&seen);
			}
			stream_free(&expected);
		}
	}
}

FIXTURE(version)
{
	int fd;
	struct model model;
	char *buffer;
	size_t size;
};

FIXTURE_VARIANT(version)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(version, forward)
{
	.flags = MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
};

FIXTURE_VARIANT_ADD(version, reverse)
{
	.flags = MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES |
		 MEMTABLE_SCAN_REVERSE,
};

FIXTURE_SETUP(version)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->size = 4096;
	self->buffer = guarded(self->size);
	/* Versions 10, 20, 30, 40 of three keys. */
	for (unsigned int i = 0; i < 3; i++)
		for (__u64 sequence = 10; sequence <= 40; sequence += 10)
			model_add(&self->model, &"bdf"[i], 1, sequence,
				  sequence == 30 ? MEMTABLE_TYPE_DELETION :
						   MEMTABLE_TYPE_VALUE);
	ASSERT_EQ(0, model_write(&self->model, self->fd));
	model_sort(&self->model);
}

FIXTURE_TEARDOWN(version)
{
	free(self->model.entries);
	EXPECT_EQ(0, close(self->fd));
}

/* A scan starts at any version of a key, or where it would be. */
TEST_F_TIMEOUT(version, start, LONG_TIMEOUT)
{
	static const __u64 sequences[] = {
		0,  1,	5,  9,	10, 11, 19, 20, 21,
		30, 35, 39, 40, 41, 50, MEMTABLE_MAX_SEQUENCE,
	};
	/* Seven keys, each inclusive and exclusive, ten snapshots. */
	const unsigned int cases = ARRAY_SIZE(sequences) * 7 * 2 * 10;

	for (unsigned int i = 0; i < cases; i++) {
		const __u64 snapshot = i % 10 * 5;
		const struct bound start = {
			.key = &"abcdefg"[i / 20 % 7],
			.key_length = 1,
			.sequence = sequences[i / 140],
			.exclusive = i / 10 % 2,
		};

		ASSERT_TRUE(scan_matches(&self->model, self->fd, variant->flags,
					 snapshot, &start, &no_bound,
					 self->buffer, self->size, 0))
		{
			TH_LOG("Case %u", i);
		}
	}
}

FIXTURE(shape)
{
	int fd;
	struct model model;
	char *buffer;
	size_t size;
};

FIXTURE_VARIANT(shape)
{
	/* Makes key number @i of @count; returns its length. */
	size_t (*key)(unsigned int i, unsigned int count, unsigned char *key);
};

/* Eight random bytes: the first eight tell all keys apart. */
FIXTURE_VARIANT_ADD(shape, random)
{
	.key = random_key,
};

/* Sorted input, which packs blocks. */
FIXTURE_VARIANT_ADD(shape, ascending)
{
	.key = ascending_key,
};

/* Input in reverse order. */
FIXTURE_VARIANT_ADD(shape, descending)
{
	.key = descending_key,
};

/* Decimal digits: the first eight bytes of all keys are the same. */
FIXTURE_VARIANT_ADD(shape, decimal)
{
	.key = decimal_key,
};

/* Prefixes of each other that end in zero bytes. */
FIXTURE_VARIANT_ADD(shape, nested)
{
	.key = nested_key,
};

FIXTURE_SETUP(shape)
{
	/* Hundreds of index blocks. */
	const unsigned int count = scaled(10000);
	__u64 sequence = 1;

	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	self->size = 1 << 20;
	self->buffer = guarded(self->size);
	for (unsigned int i = 0; i < count; i++) {
		unsigned char key[MODEL_KEY_SIZE];
		const size_t length = variant->key(i, count, key);

		model_add(&self->model, key, length, sequence++,
			  MEMTABLE_TYPE_VALUE);
		/* Some keys have a second version, some are deleted. */
		if (i % 8 == 0)
			model_add(&self->model, key, length, sequence++,
				  i % 16 ? MEMTABLE_TYPE_DELETION :
					   MEMTABLE_TYPE_VALUE);
	}
	ASSERT_EQ(0, model_write(&self->model, self->fd));
	model_sort(&self->model);
}

FIXTURE_TEARDOWN(shape)
{
	free(self->model.entries);
	EXPECT_EQ(0, close(self->fd));
}

static const unsigned int shape_flags[] = {
	0,
	MEMTABLE_SCAN_REVERSE,
	MEMTABLE_SCAN_TOMBSTONES | MEMTABLE_SCAN_KEYS_ONLY,
	MEMTABLE_SCAN_ALL_VERSIONS,
	MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES |
		MEMTABLE_SCAN_REVERSE,
};

/* The whole table comes in order, from both ends, in pieces. */
TEST_F_TIMEOUT(shape, whole, LONG_TIMEOUT)
{
	for (size_t i = 0; i < ARRAY_SIZE(shape_flags); i++) {
		struct stream expected = {};

		model_scan(&self->model, shape_flags[i], 0, &no_bound,
			   &no_bound, &expected);
		for (size_t size = 512; size <= 512 << 10; size <<= 5) {
			struct stream seen = {};

			ASSERT_EQ(0, table_scan(self->fd, shape_flags[i], 0,
						size, &seen));
			ASSERT_TRUE(stream_equal(&expected, &seen));
			stream_free(&seen);
		}
		stream_free(&expected);
	}
}

/* So do ranges between random keys at random snapshots. */
TEST_F_TIMEOUT(shape, ranges, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(50);
	__u64 seed = 1;

	for (unsigned int round = 0; round < rounds; round++) {
		const size_t at = random_next(&seed) % self->model.count;
		const size_t to = random_next(&seed) % 1000;
		const struct entry *const first = &self->model.entries[at];
		const struct entry *const second =
			&self->model.entries[at + to < self->model.count ?
						     at + to :
						     self->model.count - 1];
		const unsigned int flags =
			shape_flags[random_next(&seed) %
				    ARRAY_SIZE(shape_flags)];
		const bool reverse = flags & MEMTABLE_SCAN_REVERSE;
		const struct entry *const from = reverse ? second : first;
		const struct entry *const until = reverse ? first : second;
		const struct bound start = {
			.key = from->key,
			.key_length = from->key_length,
			.exclusive = random_next(&seed) & 1,
		};
		const struct bound end = {
			.key = until->key,
			.key_length = until->key_length,
			.exclusive = random_next(&seed) & 1,
		};
		const __u64 snapshot =
			random_next(&seed) % (self->model.count + 1);

		ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
					 snapshot, &start, &end, self->buffer,
					 self->size, 0));
		ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
					 snapshot, &start, &no_bound,
					 self->buffer, 4096, 0));
	}
}

FIXTURE(argument)
{
	int fd;
	char buffer[256];
	/* A valid argument for the tests to spoil. */
	struct memtable_scan scan;
};

FIXTURE_SETUP(argument)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	memset(self->buffer, CANARY, sizeof(self->buffer));
	self->scan = (struct memtable_scan){
		.start_key = ADDRESS("a"),
		.end_key = ADDRESS("z"),
		.start_length = 1,
		.end_length = 1,
		.records = ADDRESS(self->buffer),
		.records_size = sizeof(self->buffer),
		.flags = MEMTABLE_SCAN_START | MEMTABLE_SCAN_END,
	};
}

FIXTURE_TEARDOWN(argument)
{
	EXPECT_EQ(0, close(self->fd));
}

static int scan(FIXTURE_DATA(argument) *const self)
{
	return request(self->fd, MEMTABLE_IOC_SCAN, &self->scan);
}

/* The results of a scan, and the padding behind its records. */
TEST_F(argument, results)
{
	struct stream expected = {};

	stream_put(&expected, 1, "key", "value");
	ASSERT_EQ(0, scan(self));
	EXPECT_EQ(1, self->scan.count);
	EXPECT_EQ(1, self->scan.snapshot);
	EXPECT_EQ(MEMTABLE_SCAN_DONE, self->scan.result);
	ASSERT_EQ(expected.length, self->scan.records_length);
	EXPECT_EQ(0, memcmp(expected.data, self->buffer, expected.length));
	EXPECT_TRUE(all_bytes(self->buffer + expected.length,
			      sizeof(self->buffer) - expected.length, CANARY));
	stream_free(&expected);
}

/* Where there is nothing, a scan is done, without any buffer. */
TEST_F(argument, empty_table)
{
	const int fd = table_open();

	ASSERT_LE(0, fd);
	self->scan.records = 0;
	self->scan.records_size = 0;
	self->scan.records_length = 1;
	self->scan.count = 1;
	EXPECT_EQ(0, request(fd, MEMTABLE_IOC_SCAN, &self->scan));
	EXPECT_EQ(0, self->scan.records_length);
	EXPECT_EQ(0, self->scan.count);
	EXPECT_EQ(MEMTABLE_SNAPSHOT_EMPTY, self->scan.snapshot);
	EXPECT_EQ(MEMTABLE_SCAN_DONE, self->scan.result);

	/* That snapshot stays empty, whatever is added. */
	ASSERT_EQ(0, table_put(fd, 0, "key", "value"));
	self->scan.flags |= MEMTABLE_SCAN_REVERSE;
	EXPECT_EQ(0, request(fd, MEMTABLE_IOC_SCAN, &self->scan));
	EXPECT_EQ(0, self->scan.count);
	EXPECT_EQ(MEMTABLE_SCAN_DONE, self->scan.result);
	EXPECT_EQ(0, close(fd));
}

/* A bound that its flag does not announce is a mistake. */
TEST_F(argument, unannounced_bound)
{
	self->scan.flags = MEMTABLE_SCAN_START;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.flags = MEMTABLE_SCAN_END;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.flags = 0;
	EXPECT_EQ(-EINVAL, scan(self));

	/* The length alone, the address alone. */
	self->scan.start_key = 0;
	self->scan.end_key = 0;
	self->scan.end_length = 0;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.start_length = 0;
	self->scan.end_length = 1;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.end_length = 0;
	self->scan.start_key = ADDRESS("a");
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.start_key = 0;
	self->scan.end_key = ADDRESS("z");
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.end_key = 0;
	EXPECT_EQ(0, scan(self));
}

/* Without a bound there is nothing to exclude. */
TEST_F(argument, exclusive_without_bound)
{
	self->scan.start_key = 0;
	self->scan.end_key = 0;
	self->scan.start_length = 0;
	self->scan.end_length = 0;
	self->scan.flags = MEMTABLE_SCAN_START_EXCLUSIVE;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.flags = MEMTABLE_SCAN_END_EXCLUSIVE;
	EXPECT_EQ(-EINVAL, scan(self));
}

/* A snapshot is a sequence number that there can be, or the empty one. */
TEST_F(argument, unknown_snapshot)
{
	self->scan.snapshot = MEMTABLE_MAX_SEQUENCE + 1;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.snapshot = MEMTABLE_SNAPSHOT_EMPTY - 1;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.snapshot = MEMTABLE_MAX_SEQUENCE;
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, self->scan.snapshot);
}

/* Only a scan of all versions starts at one of them. */
TEST_F(argument, start_sequence)
{
	self->scan.start_sequence = 1;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.flags |= MEMTABLE_SCAN_ALL_VERSIONS;
	EXPECT_EQ(0, scan(self));
	self->scan.start_sequence = MEMTABLE_MAX_SEQUENCE + 1;
	EXPECT_EQ(-EINVAL, scan(self));
	self->scan.start_sequence = 1;
	self->scan.start_key = 0;
	self->scan.start_length = 0;
	self->scan.flags &= ~MEMTABLE_SCAN_START;
	EXPECT_EQ(-EINVAL, scan(self));
}

/* Bounds are no longer than keys. */
TEST_F(argument, long_bound)
{
	char *const key = checked(calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1));

	self->scan.start_key = ADDRESS(key);
	self->scan.start_length = MEMTABLE_MAX_KEY_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, scan(self));
	self->scan.start_length = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, scan(self));
	self->scan.start_length = MEMTABLE_MAX_KEY_LENGTH;
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, self->scan.count);

	self->scan.end_key = ADDRESS(key);
	self->scan.end_length = MEMTABLE_MAX_KEY_LENGTH + 1;
	EXPECT_EQ(-EMSGSIZE, scan(self));
	self->scan.end_length = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, scan(self));
	self->scan.end_length = MEMTABLE_MAX_KEY_LENGTH;
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(0, self->scan.count);
	free(key);
}

/* Bounds that cannot be read or a buffer that cannot be written are bad. */
TEST_F(argument, bad_pointer)
{
	char *const end = (char *)guarded(64) + 64;

	self->scan.start_key = 0;
	EXPECT_EQ(-EFAULT, scan(self));
	self->scan.start_key = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, scan(self));
	for (__u32 length = 1; length <= 16; length++) {
		self->scan.start_key = ADDRESS(end - length + 1);
		self->scan.start_length = length;
		EXPECT_EQ(-EFAULT, scan(self));
	}
	self->scan.start_key = ADDRESS("a");
	self->scan.start_length = 1;

	self->scan.end_key = 0;
	EXPECT_EQ(-EFAULT, scan(self));
	for (__u32 length = 1; length <= 16; length++) {
		self->scan.end_key = ADDRESS(end - length + 1);
		self->scan.end_length = length;
		EXPECT_EQ(-EFAULT, scan(self));
	}
	self->scan.end_key = ADDRESS("z");
	self->scan.end_length = 1;

	self->scan.records = 0;
	EXPECT_EQ(-EFAULT, scan(self));
	self->scan.records = UINT64_MAX - 4095;
	EXPECT_EQ(-EFAULT, scan(self));
	for (size_t room = 0; room < record_size(3, 5); room++) {
		self->scan.records = ADDRESS(end - room);
		EXPECT_EQ(-EFAULT, scan(self));
	}
	self->scan.records = ADDRESS(read_only_copy(self->buffer, 256));
	EXPECT_EQ(-EFAULT, scan(self));
}

/* Bounds and buffer may lie at the end of memory, the size may go beyond it. */
TEST_F(argument, page_end)
{
	char *const buffer = guarded(record_size(3, 5));

	self->scan.start_key = ADDRESS(guarded_copy("a", 1));
	self->scan.end_key = ADDRESS(guarded_copy("z", 1));
	self->scan.records = ADDRESS(buffer);
	self->scan.records_size = record_size(3, 5);
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, record_count(buffer, self->scan.records_length));
	memset(buffer, 0, record_size(3, 5));
	self->scan.snapshot = 0;
	self->scan.records_size = UINT64_MAX;
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, record_count(buffer, self->scan.records_length));
}

/* The longest record comes back whole, or asks for the room that it needs. */
TEST_F_TIMEOUT(argument, longest_record, LONG_TIMEOUT)
{
	const size_t needed = record_size(MEMTABLE_MAX_KEY_LENGTH,
					  MEMTABLE_MAX_VALUE_LENGTH);
	struct stream in = {};
	char *const data = checked(malloc(MEMTABLE_MAX_VALUE_LENGTH));
	char *const buffer = guarded(needed);

	pattern_fill(data, MEMTABLE_MAX_VALUE_LENGTH, 'b');
	stream_add(&in, 9, MEMTABLE_TYPE_VALUE, data, MEMTABLE_MAX_KEY_LENGTH,
		   data, MEMTABLE_MAX_VALUE_LENGTH);
	ASSERT_EQ(0, table_write(self->fd, &in));
	self->scan.end_key = ADDRESS("c");
	self->scan.records = ADDRESS(buffer);
	self->scan.records_size = needed - 1;
	EXPECT_EQ(-ERANGE, scan(self));
	EXPECT_EQ(needed, self->scan.records_length);
	EXPECT_TRUE(all_bytes(buffer, needed, 0));
	self->scan.records_size = needed;
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, self->scan.count);
	EXPECT_EQ(0, memcmp(in.data, buffer, needed));
	stream_free(&in);
	free(data);
}

/* A sealed table is scanned as before. */
TEST_F(argument, sealed)
{
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(0, scan(self));
	EXPECT_EQ(1, self->scan.count);
}

/* What a scan returns, WRITE takes: a table is copied with all its versions. */
TEST_F(argument, copy)
{
	const int fd = table_open();
	struct stream stream = {};

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, table_put(self->fd, 0, "key", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "other", "value"));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, table_scan(self->fd,
				MEMTABLE_SCAN_ALL_VERSIONS |
					MEMTABLE_SCAN_TOMBSTONES,
				0, 65536, &stream));
	ASSERT_EQ(0, table_write(fd, &stream));
	EXPECT_TRUE(table_equal(self->fd, fd));
	stream_free(&stream);
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN
