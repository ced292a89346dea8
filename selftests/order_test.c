// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - tables with their keys in reverse order
 *
 * What other tests state for one order holds for the other one, with the model's
 * keys the other way round.
 */

#include "common.h"
#include "model.h"

static int reverse_open(void)
{
	return table_open_as(MEMTABLE_KIND_VERSIONED, MEMTABLE_ORDER_REVERSE,
			     0);
}

FIXTURE(order)
{
	int fd;
	struct model model;
	char *buffer;
	size_t size;
};

FIXTURE_VARIANT(order)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(order, forward)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(order, backward)
{
	.flags = MEMTABLE_SCAN_REVERSE,
};

FIXTURE_VARIANT_ADD(order, versions)
{
	.flags = EVERYTHING,
};

FIXTURE_VARIANT_ADD(order, versions_backward)
{
	.flags = EVERYTHING | MEMTABLE_SCAN_REVERSE,
};

FIXTURE_SETUP(order)
{
	__u64 sequence = 1;
	__u64 seed = 1;

	self->fd = reverse_open();
	ASSERT_LE(0, self->fd);
	self->model.reverse = true;
	self->size = 8192;
	self->buffer = guarded(self->size);
	/* Keys that begin alike, in four rounds of versions. */
	for (unsigned int round = 0; round < 4; round++) {
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

FIXTURE_TEARDOWN(order)
{
	free(self->model.entries);
	EXPECT_EQ(0, close(self->fd));
}

/* Every start with every end: a start is the greater one of the two. */
TEST_F_TIMEOUT(order, bounds, LONG_TIMEOUT)
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

/* Pieces of any size, each after the last record of the one before, are all. */
TEST_F(order, pieces)
{
	struct stream expected = {};

	model_scan(&self->model, variant->flags, 0, &no_bound, &no_bound,
		   &expected);
	for (size_t size = 16; size < 256; size += 24) {
		struct stream seen = {};

		ASSERT_EQ(0,
			  table_scan(self->fd, variant->flags, 0, size, &seen));
		ASSERT_TRUE(stream_equal(&expected, &seen));
		stream_free(&seen);
	}
	stream_free(&expected);
}

/* A scan starts at any version of a key, of which the newest comes first. */
TEST_F_TIMEOUT(order, start_version, LONG_TIMEOUT)
{
	const unsigned int flags = variant->flags | EVERYTHING;

	for (size_t i = 0; i < self->model.count; i++) {
		const struct entry *const entry = &self->model.entries[i];

		for (unsigned int j = 0; j < 6; j++) {
			const struct bound start = {
				.key = entry->key,
				.key_length = entry->key_length,
				.sequence = entry->sequence + j / 2,
				.exclusive = j & 1,
			};

			ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
						 0, &start, &no_bound,
						 self->buffer, self->size, 0));
		}
	}
}

/* What GET and READ find does not depend on the order. */
TEST_F(order, lookups)
{
	const __u64 last = table_info(self->fd).last_sequence;
	const int other = table_open();
	struct model copy = {};
	struct stream asked = {};

	ASSERT_LE(0, other);
	for (size_t i = 0; i < self->model.count; i++) {
		const struct entry *const entry = &self->model.entries[i];

		model_add(&copy, entry->key, entry->key_length, entry->sequence,
			  entry->type);
	}
	ASSERT_EQ(0, model_write(&copy, other));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		stream_add(&asked, 0, 0, keys[i].bytes, keys[i].length, NULL,
			   0);
	for (__u64 snapshot = 0; snapshot <= last; snapshot++) {
		char answers[2][4096];
		struct memtable_read reads[2];

		for (unsigned int j = 0; j < 2; j++) {
			reads[j] = (struct memtable_read){
				.keys = ADDRESS(asked.data),
				.keys_length = asked.length,
				.records = ADDRESS(answers[j]),
				.records_size = sizeof(answers[j]),
				.snapshot = snapshot,
			};
			ASSERT_EQ(0, request(j ? other : self->fd,
					     MEMTABLE_IOC_READ, &reads[j]));
		}
		ASSERT_EQ(reads[0].records_length, reads[1].records_length);
		EXPECT_EQ(reads[0].found, reads[1].found);
		EXPECT_EQ(0, memcmp(answers[0], answers[1],
				    reads[0].records_length));
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			struct memtable_get gets[2];
			int rets[2];

			for (unsigned int j = 0; j < 2; j++) {
				gets[j] = (struct memtable_get){
					.key = ADDRESS(keys[i].bytes),
					.key_length = keys[i].length,
					.snapshot = snapshot,
				};
				rets[j] = request(j ? other : self->fd,
						  MEMTABLE_IOC_GET, &gets[j]);
			}
			EXPECT_EQ(rets[0], rets[1]);
			EXPECT_EQ(gets[0].tag, gets[1].tag);
			EXPECT_EQ(gets[0].value_length, gets[1].value_length);
		}
	}
	free(copy.entries);
	stream_free(&asked);
	EXPECT_EQ(0, close(other));
}

/* The table says which order it has, and a copy through read(2) is sorted. */
TEST_F(order, stream)
{
	struct stream expected = {};
	ssize_t length;

	EXPECT_EQ(MEMTABLE_ORDER_REVERSE, table_info(self->fd).order);
	model_scan(&self->model, EVERYTHING, 0, &no_bound, &no_bound,
		   &expected);
	length = read(self->fd, self->buffer, self->size);
	ASSERT_EQ(expected.length, length);
	EXPECT_EQ(0, memcmp(expected.data, self->buffer, length));
	stream_free(&expected);
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

/* What is sorted input elsewhere comes from behind here. */
FIXTURE_VARIANT_ADD(shape, ascending)
{
	.key = ascending_key,
};

/* And this is sorted input, which packs blocks. */
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
	const unsigned int count = scaled(5000);
	__u64 sequence = 1;

	self->fd = reverse_open();
	ASSERT_LE(0, self->fd);
	self->model.reverse = true;
	self->size = 1 << 20;
	self->buffer = guarded(self->size);
	for (unsigned int i = 0; i < count; i++) {
		unsigned char key[MODEL_KEY_SIZE];
		const size_t length = variant->key(i, count, key);

		model_add(&self->model, key, length, sequence++,
			  MEMTABLE_TYPE_VALUE);
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

/* The whole table comes in order, from both ends, in pieces. */
TEST_F_TIMEOUT(shape, whole, LONG_TIMEOUT)
{
	static const unsigned int flags[] = {
		0,
		MEMTABLE_SCAN_REVERSE,
		EVERYTHING,
		EVERYTHING | MEMTABLE_SCAN_REVERSE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct stream expected = {};

		model_scan(&self->model, flags[i], 0, &no_bound, &no_bound,
			   &expected);
		for (size_t size = 1024; size <= 1024 << 10; size <<= 5) {
			struct stream seen = {};

			ASSERT_EQ(0, table_scan(self->fd, flags[i], 0, size,
						&seen));
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
		const struct entry *const from =
			&self->model.entries[(random_next(&seed) >> 20) %
					     self->model.count];
		const struct entry *const until =
			&self->model.entries[(random_next(&seed) >> 20) %
					     self->model.count];
		const unsigned int flags = random_next(&seed) &
					   (EVERYTHING | MEMTABLE_SCAN_REVERSE |
					    MEMTABLE_SCAN_KEYS_ONLY);
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

		/* Half of these cross, and are empty. */
		ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
					 snapshot, &start, &end, self->buffer,
					 self->size, 0));
		ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
					 snapshot, &end, &start, self->buffer,
					 self->size, 0));
		ASSERT_TRUE(scan_matches(&self->model, self->fd, flags,
					 snapshot, &start, &no_bound,
					 self->buffer, 4096, 0));
	}
}

TEST_HARNESS_MAIN
