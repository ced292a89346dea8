// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - PIVOT and SPLIT
 */

#include "caches.h"
#include "common.h"
#include "model.h"

/* What the memory usage of a table counts for each of its index blocks. */
#define BLOCK_SIZE 1024

FIXTURE(split)
{
	/* The entries in the table's order. */
	struct model model;
	/* The same as records, in the order in which they are added. */
	struct stream records;
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
	self->model.reverse = variant->order == MEMTABLE_ORDER_REVERSE;
}

FIXTURE_TEARDOWN(split)
{
	free(self->model.entries);
	stream_free(&self->records);
}

static void fill_entry(FIXTURE_DATA(split) *const self, const void *const key,
		       const size_t length, const unsigned int type)
{
	/* The sequence number that the kernel will assign. */
	const __u64 sequence = self->model.count + 1;
	const struct entry *entry;

	model_add(&self->model, key, length, sequence, type);
	entry = &self->model.entries[self->model.count - 1];
	stream_add(&self->records, 0, type, key, length, &entry->value,
		   entry_value_length(entry));
}

/* In a versioned table some keys have more versions, some are deleted. */
static void fill_key(FIXTURE_DATA(split) *const self, const __u32 kind,
		     const unsigned int i, const void *const key,
		     const size_t length)
{
	fill_entry(self, key, length, MEMTABLE_TYPE_VALUE);
	if (kind == MEMTABLE_KIND_MAP || i % 3)
		return;
	for (unsigned int version = 0; version < i % 5; version++)
		fill_entry(self, key, length,
			   version % 2 ? MEMTABLE_TYPE_VALUE :
					 MEMTABLE_TYPE_DELETION);
}

typedef size_t key_maker(unsigned int i, unsigned int count,
			 unsigned char *key);

/* Begins anew with @count keys. */
static void fill(FIXTURE_DATA(split) *const self, const __u32 kind,
		 key_maker *const maker, const unsigned int count)
{
	self->model.count = 0;
	self->records.length = 0;
	for (unsigned int i = 0; i < count; i++) {
		unsigned char key[MODEL_KEY_SIZE];

		fill_key(self, kind, i, key, maker(i, count, key));
	}
	model_sort(&self->model);
}

/* The same with the keys that begin alike. */
static void fill_alike(FIXTURE_DATA(split) *const self, const __u32 kind)
{
	self->model.count = 0;
	self->records.length = 0;
	for (size_t i = 1; i < ARRAY_SIZE(keys); i += 2)
		fill_key(self, kind, i, keys[i].bytes, keys[i].length);
	model_sort(&self->model);
}

/* A new table with all of that. */
static int split_table(const FIXTURE_DATA(split) *const self,
		       const FIXTURE_VARIANT(split) *const variant)
{
	const int fd = table_open_as(variant->kind, variant->order, 0);

	if (fd < 0 || table_write(fd, &self->records))
		abort();
	return fd;
}

/* How many entries come before a key. */
static size_t model_before(const struct model *const model,
			   const void *const key, const size_t length)
{
	size_t count = 0;

	while (count < model->count &&
	       key_compare(model, model->entries[count].key,
			   model->entries[count].key_length, key, length) < 0)
		count++;
	return count;
}

/* The entries of a model from one on and up to another one. */
static struct model model_part(const struct model *const model,
			       const size_t from, const size_t to)
{
	return (struct model){
		.reverse = model->reverse,
		.entries = model->entries + from,
		.count = to - from,
	};
}

/* Says what a table has that the model has not, or the other way round. */
static const char *part_differs(const struct model *const part, const int fd,
				const __u64 last_sequence)
{
	static const unsigned int flags[] = {
		0,
		MEMTABLE_SCAN_REVERSE,
		EVERYTHING,
		EVERYTHING | MEMTABLE_SCAN_REVERSE,
	};
	const struct memtable_info info = table_info(fd);
	const bool map = info.kind == MEMTABLE_KIND_MAP;
	__u64 tombstones = 0, logical_bytes = 0;
	const char *differs = NULL;

	for (size_t i = 0; i < part->count; i++) {
		const struct entry *const entry = &part->entries[i];
		struct memtable_get get = {
			.key = ADDRESS(entry->key),
			.key_length = entry->key_length,
			.snapshot = entry->sequence,
		};
		const bool value = entry->type == MEMTABLE_TYPE_VALUE;
		const size_t length = entry_value_length(entry);
		const int ret = request(fd, MEMTABLE_IOC_GET, &get);

		tombstones += !value;
		logical_bytes += entry->key_length + length;
		/* Each version is found at its own snapshot. */
		if (get.tag != record_tag(entry->sequence, entry->type) ||
		    ret != (!value ? -ENOENT :
			    length ? -ERANGE :
				     0))
			differs = "an entry is not found";
	}
	if (info.entries != part->count || info.tombstones != tombstones ||
	    info.logical_bytes != logical_bytes ||
	    info.last_sequence != last_sequence)
		differs = "a figure is wrong";
	for (size_t i = 0; i < ARRAY_SIZE(flags) && !differs; i++) {
		/* The latest, and in a versioned table one in the middle. */
		for (unsigned int j = 0; j < (map ? 1 : 2); j++) {
			const __u64 snapshot = j * (last_sequence / 2 + 1);
			struct stream expected = {};
			struct stream seen = {};

			model_scan(part, flags[i], snapshot, &no_bound,
				   &no_bound, &expected);
			if (table_scan(fd, flags[i], snapshot, 4096, &seen))
				differs = "a scan fails";
			else if (!stream_equal(&expected, &seen))
				differs = "a scan shows something else";
			stream_free(&expected);
			stream_free(&seen);
		}
	}
	return differs;
}

/*
 * Splits a table at a key; says what is not as the model says, or NULL. The
 * table and its upper part are closed.
 */
static const char *split_differs(const FIXTURE_DATA(split) *const self,
				 const int fd, const void *const key,
				 const size_t length)
{
	const size_t before = model_before(&self->model, key, length);
	const struct model lower = model_part(&self->model, 0, before);
	const struct model upper =
		model_part(&self->model, before, self->model.count);
	const struct memtable_info whole = table_info(fd);
	const int right = table_split(fd, key, length);
	struct memtable_info left_info, right_info;
	const char *differs;
	__u64 blocks;

	if (right < 0)
		return "the table is not split";
	differs = part_differs(&lower, fd, whole.last_sequence) ?:
			  part_differs(&upper, right, whole.last_sequence);
	left_info = table_info(fd);
	right_info = table_info(right);
	/* The new table has its own first block, and may need one more. */
	blocks = left_info.memory_usage + right_info.memory_usage -
		 whole.memory_usage;
	if (blocks != BLOCK_SIZE && blocks != 2 * BLOCK_SIZE)
		differs = "the memory usage is wrong";
	if (left_info.memory_usage < BLOCK_SIZE ||
	    (!lower.count && left_info.memory_usage != BLOCK_SIZE) ||
	    (!upper.count && right_info.memory_usage != BLOCK_SIZE))
		differs = "the memory usage of a part is wrong";
	if (right_info.kind != whole.kind || right_info.order != whole.order ||
	    right_info.write_buffer_size != whole.write_buffer_size ||
	    right_info.max_size != whole.max_size)
		differs = "the configuration is another one";
	close(right);
	return differs;
}

/*
 * PIVOT
 */

/* The pivot has half of all entries before it, in tables of any size. */
TEST_F_TIMEOUT(split, pivot, LONG_TIMEOUT)
{
	for (unsigned int count = 1; count < 5000;
	     count = count < 130 ? count + 3 : count * 4 + 1) {
		char key[MODEL_KEY_SIZE];
		struct memtable_pivot pivot = {
			.key = ADDRESS(key),
			.key_size = sizeof(key),
		};
		const struct entry *middle;
		int fd;

		fill(self, variant->kind, random_key, count);
		fd = split_table(self, variant);
		middle = &self->model.entries[self->model.count / 2];
		ASSERT_EQ(0, request(fd, MEMTABLE_IOC_PIVOT, &pivot));
		ASSERT_EQ(middle->key_length, pivot.key_length);
		ASSERT_EQ(0, memcmp(middle->key, key, pivot.key_length))
		{
			TH_LOG("%u keys", count);
		}
		ASSERT_EQ(0, close(fd));
	}
}

/* An empty table has no middle. */
TEST_F(split, pivot_empty)
{
	const int fd = table_open_as(variant->kind, variant->order, 0);
	struct memtable_pivot pivot = { .key_length = 7 };

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOENT, request(fd, MEMTABLE_IOC_PIVOT, &pivot));
	EXPECT_EQ(7, pivot.key_length);
	/* One that is empty again has none either. */
	if (variant->kind == MEMTABLE_KIND_MAP) {
		ASSERT_EQ(0, table_put(fd, 0, "key", "value"));
		ASSERT_EQ(0, table_put(fd, 0, "key", NULL));
		EXPECT_EQ(-ENOENT, request(fd, MEMTABLE_IOC_PIVOT, &pivot));
	}
	EXPECT_EQ(0, close(fd));
}

/* A key needs its room; without it only its length is told. */
TEST_F(split, pivot_room)
{
	const int fd = table_open_as(variant->kind, variant->order, 0);
	char *const long_key = checked(calloc(1, MEMTABLE_MAX_KEY_LENGTH));
	char *const room = guarded(MEMTABLE_MAX_KEY_LENGTH);
	struct memtable_pivot pivot = {};

	ASSERT_LE(0, fd);
	/* An empty key needs none. */
	ASSERT_EQ(0, table_put(fd, 0, "", "value"));
	pivot.key_length = 1;
	EXPECT_EQ(0, request(fd, MEMTABLE_IOC_PIVOT, &pivot));
	EXPECT_EQ(0, pivot.key_length);
	EXPECT_EQ(0, close(fd));

	for (size_t length = 1; length <= MEMTABLE_MAX_KEY_LENGTH;
	     length = length == MEMTABLE_MAX_KEY_LENGTH ? length + 1 :
		      length < 20000			? length * 3 :
				       MEMTABLE_MAX_KEY_LENGTH) {
		const int other =
			table_open_as(variant->kind, variant->order, 0);
		char *const end = room + MEMTABLE_MAX_KEY_LENGTH;

		pattern_fill(long_key, length, length);
		ASSERT_EQ(0, table_add(other, 0, MEMTABLE_TYPE_VALUE, long_key,
				       length, NULL, 0));
		memset(room, CANARY, MEMTABLE_MAX_KEY_LENGTH);
		pivot.key = ADDRESS(end - length);
		pivot.key_size = length - 1;
		EXPECT_EQ(-ERANGE, request(other, MEMTABLE_IOC_PIVOT, &pivot));
		EXPECT_EQ(length, pivot.key_length);
		pivot.key_size = 0;
		pivot.key_length = 0;
		EXPECT_EQ(-ERANGE, request(other, MEMTABLE_IOC_PIVOT, &pivot));
		EXPECT_EQ(length, pivot.key_length);
		EXPECT_TRUE(all_bytes(room, MEMTABLE_MAX_KEY_LENGTH, CANARY));

		pivot.key_size = length;
		EXPECT_EQ(0, request(other, MEMTABLE_IOC_PIVOT, &pivot));
		EXPECT_EQ(0, memcmp(long_key, end - length, length));
		pivot.key_size = UINT32_MAX;
		EXPECT_EQ(0, request(other, MEMTABLE_IOC_PIVOT, &pivot));
		pivot.key = ADDRESS(end - length + 1);
		EXPECT_EQ(-EFAULT, request(other, MEMTABLE_IOC_PIVOT, &pivot));
		EXPECT_EQ(0, close(other));
	}
	free(long_key);
}

/*
 * SPLIT
 */

/* At every key that is there, beside each, and beyond both ends. */
TEST_F_TIMEOUT(split, any_pivot, LONG_TIMEOUT)
{
	fill_alike(self, variant->kind);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const int fd = split_table(self, variant);
		const char *const differs =
			split_differs(self, fd, keys[i].bytes, keys[i].length);

		ASSERT_EQ(NULL, differs)
		{
			TH_LOG("%s, at key %zu", differs, i);
		}
		ASSERT_EQ(0, close(fd));
	}
}

/* So is a table of many blocks, whatever its keys are like. */
TEST_F_TIMEOUT(split, large, LONG_TIMEOUT)
{
	static key_maker *const makers[] = {
		random_key,  ascending_key, descending_key,
		decimal_key, nested_key,
	};
	__u64 seed = 1;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		fill(self, variant->kind, makers[i], 1000);
		for (unsigned int round = 0; round < 2; round++) {
			const int fd = split_table(self, variant);
			const struct entry *const pivot =
				&self->model.entries[(random_next(&seed) >> 20) %
						     self->model.count];
			const char *const differs = split_differs(
				self, fd, pivot->key, pivot->key_length);

			ASSERT_EQ(NULL, differs)
			{
				TH_LOG("%s, with kind %zu of keys", differs, i);
			}
			ASSERT_EQ(0, close(fd));
		}
	}
}

/* What is empty is split into two that are. */
TEST_F(split, empty)
{
	const int fd = table_open_as(variant->kind, variant->order, 0);
	int right;

	ASSERT_LE(0, fd);
	ASSERT_EQ(NULL, split_differs(self, fd, "key", 3));
	ASSERT_EQ(NULL, split_differs(self, fd, NULL, 0));
	right = table_halve(fd);
	ASSERT_LE(0, right);
	EXPECT_EQ(0, table_info(fd).entries);
	EXPECT_EQ(0, table_info(right).entries);
	/* Both work. */
	EXPECT_EQ(0, table_put(fd, 0, "key", "left"));
	EXPECT_EQ(0, table_put(right, 0, "key", "right"));
	EXPECT_EQ(0, table_differs(fd, 0, "key", "left"));
	EXPECT_EQ(0, table_differs(right, 0, "key", "right"));
	EXPECT_EQ(0, close(right));
	EXPECT_EQ(0, close(fd));
}

/* How far from each other the bytes of both parts are. */
static __u64 unevenness(const struct model *const model, const size_t before)
{
	__u64 sums[2] = {};

	for (size_t i = 0; i < model->count; i++) {
		const struct entry *const entry = &model->entries[i];

		sums[i >= before] +=
			entry->key_length + entry_value_length(entry);
	}
	return sums[0] > sums[1] ? sums[0] - sums[1] : sums[1] - sums[0];
}

/* Half is where the bytes are as even as keys, with all versions, allow. */
TEST_F_TIMEOUT(split, half, LONG_TIMEOUT)
{
	static key_maker *const makers[] = { random_key, nested_key };

	for (unsigned int i = 0; i < 36; i++) {
		__u64 best = UINT64_MAX;
		struct model lower, upper;
		size_t before;
		int fd, right;

		fill(self, variant->kind, makers[i & 1],
		     i < 30 ? i / 2 + 1 : i * 10);
		fd = split_table(self, variant);
		for (size_t at = 0; at <= self->model.count; at++) {
			const struct entry *const entry =
				&self->model.entries[at];
			__u64 uneven;

			/* Not between versions of a key. */
			if (at && at < self->model.count &&
			    !key_compare(&self->model, entry[-1].key,
					 entry[-1].key_length, entry->key,
					 entry->key_length))
				continue;
			uneven = unevenness(&self->model, at);
			if (uneven < best)
				best = uneven;
		}
		right = table_halve(fd);
		ASSERT_LE(0, right);
		before = table_info(fd).entries;
		EXPECT_EQ(best, unevenness(&self->model, before))
		{
			TH_LOG("%u keys, %zu of %zu entries", i, before,
			       self->model.count);
		}
		lower = model_part(&self->model, 0, before);
		upper = model_part(&self->model, before, self->model.count);
		ASSERT_EQ(NULL, part_differs(&lower, fd, self->model.count));
		ASSERT_EQ(NULL, part_differs(&upper, right, self->model.count));
		ASSERT_EQ(0, close(fd));
		ASSERT_EQ(0, close(right));
	}
}

/* Adds entries to a table and to its model, which ends up sorted. */
static int grow(struct model *const model, const int fd, __u64 *const seed,
		const unsigned int count)
{
	__u64 last = table_info(fd).last_sequence;
	struct stream stream = {};
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		const __u64 key = random_next(seed);
		const struct entry *entry;

		model_add(model, &key, sizeof(key), ++last,
			  MEMTABLE_TYPE_VALUE);
		entry = &model->entries[model->count - 1];
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   &entry->value, entry_value_length(entry));
	}
	ret = table_write(fd, &stream);
	model_sort(model);
	stream_free(&stream);
	return ret;
}

/* Both parts go on as tables of their own, which anything can be added to. */
TEST_F_TIMEOUT(split, go_on, LONG_TIMEOUT)
{
	__u64 seed = 1;

	for (unsigned int round = 0; round < 2; round++) {
		struct model parts[2] = {};
		int fds[2];

		fill(self, variant->kind, random_key, 500);
		fds[0] = split_table(self, variant);
		fds[1] = table_halve(fds[0]);
		ASSERT_LE(0, fds[1]);
		for (unsigned int i = 0; i < 2; i++) {
			const size_t before = table_info(fds[0]).entries;
			const struct model part =
				model_part(&self->model, i ? before : 0,
					   i ? self->model.count : before);

			parts[i].reverse = self->model.reverse;
			for (size_t j = 0; j < part.count; j++) {
				const struct entry *const entry =
					&part.entries[j];

				model_add(&parts[i], entry->key,
					  entry->key_length, entry->sequence,
					  entry->type);
			}
			/* Not to be found in the other part's place. */
			if (!i)
				continue;
			ASSERT_EQ(0, grow(&parts[0], fds[0], &seed, 500));
			ASSERT_EQ(0, grow(&parts[1], fds[1], &seed, 500));
		}
		for (unsigned int i = 0; i < 2; i++) {
			ASSERT_EQ(NULL, part_differs(&parts[i], fds[i],
						     self->model.count + 500));
			ASSERT_EQ(0, close(fds[i]));
			free(parts[i].entries);
		}
	}
}

/* The parts of a map can be emptied, and give everything back. */
TEST(give_back)
{
	for (__u32 order = MEMTABLE_ORDER_BYTEWISE;
	     order <= MEMTABLE_ORDER_REVERSE; order++) {
		const struct caches before = caches_settled();
		struct stream deletions = {};
		struct stream stream = {};
		int fds[2];

		for (unsigned int i = 0; i < 1000; i++) {
			unsigned char key[MODEL_KEY_SIZE];
			const size_t length = random_key(i, 1000, key);

			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, key, length,
				   key, length);
			stream_add(&deletions, 0, MEMTABLE_TYPE_DELETION, key,
				   length, NULL, 0);
		}
		fds[0] = table_open_as(MEMTABLE_KIND_MAP, order, 0);
		ASSERT_LE(0, fds[0]);
		ASSERT_EQ(0, table_write(fds[0], &stream));
		fds[1] = table_halve(fds[0]);
		ASSERT_LE(0, fds[1]);
		for (unsigned int i = 0; i < 2; i++) {
			/* Keys that are not there do not matter. */
			ASSERT_EQ(0, table_write(fds[i], &deletions));
			EXPECT_EQ(0, table_info(fds[i]).entries);
			EXPECT_EQ(0, table_info(fds[i]).logical_bytes);
			EXPECT_EQ(BLOCK_SIZE, table_info(fds[i]).memory_usage);
		}
		/* But for the first block of each. */
		while (caches_now().objects > before.objects + 2)
			usleep(10000);
		EXPECT_EQ(0, close(fds[0]));
		EXPECT_EQ(0, close(fds[1]));
		while (caches_now().objects > before.objects)
			usleep(10000);
		stream_free(&deletions);
		stream_free(&stream);
	}
}

/* Split again and again, down to single keys: together they have everything. */
TEST_F_TIMEOUT(split, down_to_keys, LONG_TIMEOUT)
{
	struct stream expected = {};
	struct stream seen = {};
	int *const fds = checked(calloc(512, sizeof(*fds)));
	unsigned int count = 1;

	fill(self, variant->kind, nested_key, 150);
	model_scan(&self->model, EVERYTHING, 0, &no_bound, &no_bound,
		   &expected);
	fds[0] = split_table(self, variant);
	/* Each table in the order of keys; a part comes behind the other one. */
	for (unsigned int i = 0; i < count;) {
		char key[MODEL_KEY_SIZE];
		struct memtable_pivot pivot = {
			.key = ADDRESS(key),
			.key_size = sizeof(key),
		};
		const __u64 entries = table_info(fds[i]).entries;
		int right;

		ASSERT_EQ(0, request(fds[i], MEMTABLE_IOC_PIVOT, &pivot));
		right = i & 1 ? table_halve(fds[i]) :
				table_split(fds[i], key, pivot.key_length);
		ASSERT_LE(0, right);
		ASSERT_EQ(entries, table_info(fds[i]).entries +
					   table_info(right).entries);
		if (table_info(fds[i]).entries && table_info(right).entries) {
			ASSERT_GT(512, count + 1);
			memmove(&fds[i + 2], &fds[i + 1],
				(count - i - 1) * sizeof(*fds));
			fds[i + 1] = right;
			count++;
			continue;
		}
		/* One key, in either part. */
		if (table_info(right).entries) {
			ASSERT_EQ(0, close(fds[i]));
			fds[i] = right;
		} else {
			ASSERT_EQ(0, close(right));
		}
		i++;
	}
	EXPECT_LE(variant->kind == MEMTABLE_KIND_MAP ? 150 : 75, count);
	for (unsigned int i = 0; i < count; i++) {
		ASSERT_EQ(0, table_scan(fds[i], EVERYTHING, 0, 65536, &seen));
		EXPECT_EQ(0, close(fds[i]));
	}
	EXPECT_TRUE(stream_equal(&expected, &seen));
	stream_free(&expected);
	stream_free(&seen);
	free(fds);
}

TEST_HARNESS_MAIN
