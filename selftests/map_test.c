// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - map tables: one version of each key
 */

#include "caches.h"
#include "common.h"
#include "value.h"

static int map_open(const __u64 max_size)
{
	return table_open_as(MEMTABLE_KIND_MAP, MEMTABLE_ORDER_BYTEWISE,
			     max_size);
}

/*
 * Figures
 */

/* Whether a table has the same entries and takes as much as another one. */
static bool same_figures(const int a, const int b)
{
	const struct memtable_info left = table_info(a);
	const struct memtable_info right = table_info(b);

	return left.entries == right.entries &&
	       left.tombstones == right.tombstones &&
	       left.logical_bytes == right.logical_bytes &&
	       left.memory_usage == right.memory_usage;
}

FIXTURE(map)
{
	int fd;
	/* Another one, which stays empty. */
	int empty;
};

FIXTURE_SETUP(map)
{
	self->fd = map_open(0);
	self->empty = map_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->empty);
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->empty));
}

/* A map says that it is one. */
TEST_F(map, kind)
{
	EXPECT_EQ(MEMTABLE_KIND_MAP, table_info(self->fd).kind);
	EXPECT_EQ(MEMTABLE_ORDER_BYTEWISE, table_info(self->fd).order);
}

/* A set replaces what was there, and the figures tell of nothing else. */
TEST_F(map, set_replaces)
{
	static const size_t lengths[] = {
		5, 0, 1, 100, 99, 4000, 16384, 20000, 70000, 1 << 20, 16, 16,
	};
	char *const value = checked(malloc(1 << 20));
	char *const seen = guarded(1 << 20);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct memtable_get get = {
			STRING(key, "key"),
			.value = ADDRESS(seen),
			.value_size = 1 << 20,
		};
		const int fresh = map_open(0);

		ASSERT_LE(0, fresh);
		pattern_fill(value, lengths[i], i);
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, "key",
				       3, value, lengths[i]));
		ASSERT_EQ(0, table_add(fresh, 0, MEMTABLE_TYPE_VALUE, "key", 3,
				       value, lengths[i]));
		EXPECT_TRUE(same_figures(self->fd, fresh));
		EXPECT_EQ(1, table_info(self->fd).entries);
		EXPECT_EQ(3 + lengths[i], table_info(self->fd).logical_bytes);
		EXPECT_EQ(i + 1, table_info(self->fd).last_sequence);

		ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_GET, &get));
		EXPECT_EQ(record_tag(i + 1, MEMTABLE_TYPE_VALUE), get.tag);
		ASSERT_EQ(lengths[i], get.value_length);
		EXPECT_EQ(0, memcmp(value, seen, lengths[i]));
		EXPECT_EQ(0, close(fresh));
	}
	free(value);
}

/* A deletion removes the key and leaves nothing, not even a tombstone. */
TEST_F(map, delete_removes)
{
	struct memtable_get get = { STRING(key, "key"), .tag = 1 };
	struct memtable_add add = {
		STRING(key, "key"),
		.type = MEMTABLE_TYPE_DELETION,
	};
	struct stream seen = {};

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_ADD, &add));
	EXPECT_EQ(2, add.sequence);
	EXPECT_EQ(-ENOENT, request(self->fd, MEMTABLE_IOC_GET, &get));
	EXPECT_EQ(0, get.tag);
	EXPECT_TRUE(same_figures(self->fd, self->empty));
	EXPECT_EQ(2, table_info(self->fd).last_sequence);
	ASSERT_EQ(0, table_scan(self->fd,
				MEMTABLE_SCAN_ALL_VERSIONS |
					MEMTABLE_SCAN_TOMBSTONES,
				0, 4096, &seen));
	EXPECT_EQ(0, seen.length);

	/* And it can come again. */
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "again"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "again"));
}

/* To delete what is not there is fine, and takes no more than a number. */
TEST_F(map, delete_missing)
{
	struct image image;

	EXPECT_EQ(0, table_put(self->fd, 0, "none", NULL));
	EXPECT_TRUE(same_figures(self->fd, self->empty));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "value"));
	image = table_image(self->fd);
	EXPECT_EQ(0, table_put(self->fd, 0, "a", NULL));
	EXPECT_EQ(0, table_put(self->fd, 0, "bb", NULL));
	EXPECT_EQ(0, table_put(self->fd, 0, "", NULL));
	image.info.last_sequence += 3;
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);
}

/* The kernel numbers the entries of a map, and nobody else. */
TEST_F(map, explicit_sequence)
{
	struct stream stream = {};
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	image = table_image(self->fd);
	for (__u64 sequence = 1; sequence < 4; sequence++) {
		EXPECT_EQ(-EINVAL,
			  table_put(self->fd, sequence, "key", "other"));
		EXPECT_EQ(-EINVAL, table_put(self->fd, sequence, "key", NULL));
		stream.length = 0;
		stream_put(&stream, sequence, "key", "other");
		stream_put(&stream, sequence + 1, "other", "value");
		EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
		EXPECT_EQ(-1, write(self->fd, stream.data, stream.length));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-EINVAL,
		  table_put(self->fd, MEMTABLE_MAX_SEQUENCE, "key", "other"));
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	stream_free(&image.records);
	stream_free(&stream);
}

/* Of a batch, a key has what was last in it. */
TEST_F(map, last_of_batch)
{
	struct stream stream = {};
	struct memtable_write write;
	struct memtable_info info;

	ASSERT_EQ(0, table_put(self->fd, 0, "gone", "before"));
	ASSERT_EQ(0, table_put(self->fd, 0, "kept", "before"));
	stream_put(&stream, 0, "kept", NULL);
	stream_put(&stream, 0, "new", "1");
	stream_put(&stream, 0, "gone", "1");
	stream_put(&stream, 0, "kept", "1");
	stream_put(&stream, 0, "gone", NULL);
	stream_put(&stream, 0, "kept", "22");
	stream_put(&stream, 0, "never", "1");
	stream_put(&stream, 0, "never", NULL);
	write = (struct memtable_write){
		.records = ADDRESS(stream.data),
		.length = stream.length,
	};
	ASSERT_EQ(0, request(self->fd, MEMTABLE_IOC_WRITE, &write));
	/* The numbers are those of all its records. */
	EXPECT_EQ(8, write.count);
	EXPECT_EQ(10, write.last_sequence);
	EXPECT_EQ(0, table_differs(self->fd, 0, "kept", "22"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "new", "1"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "gone", "before"));
	EXPECT_EQ(-ENOENT, table_differs(self->fd, 0, "never", "1"));
	info = table_info(self->fd);
	EXPECT_EQ(2, info.entries);
	EXPECT_EQ(0, info.tombstones);
	EXPECT_EQ(4 + 2 + 3 + 1, info.logical_bytes);
	EXPECT_EQ(10, info.last_sequence);

	/* Each entry has the number of its record in the batch. */
	stream.length = 0;
	ASSERT_EQ(0, table_scan(self->fd, 0, 0, 4096, &stream));
	ASSERT_EQ(2, record_count(stream.data, stream.length));
	{
		struct record record;
		size_t offset = 0;

		ASSERT_EQ(1, record_next(stream.data, stream.length, &offset, &record));
		EXPECT_EQ(8, record.sequence);
		ASSERT_EQ(1, record_next(stream.data, stream.length, &offset, &record));
		EXPECT_EQ(4, record.sequence);
	}
	stream_free(&stream);
}

/* A batch that is refused changes nothing, whatever part of it is good. */
TEST_F(map, refused_batch)
{
	struct stream stream = {};
	struct image image;

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	image = table_image(self->fd);
	stream_put(&stream, 0, "key", NULL);
	stream_put(&stream, 0, "other", "value");
	stream_put(&stream, 9, "third", "value");
	EXPECT_EQ(-EINVAL, table_write(self->fd, &stream));
	EXPECT_EQ(-1, write(self->fd, stream.data, stream.length - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(table_unchanged(self->fd, &image));
	ASSERT_EQ(0, table_seal(self->fd));
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "key", NULL));
	EXPECT_EQ(-EROFS, table_put(self->fd, 0, "key", "other"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
	stream_free(&image.records);
	stream_free(&stream);
}

/* A read at an older snapshot answers from the latest state. */
TEST_F(map, snapshots)
{
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "one"));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "two"));
	for (__u64 snapshot = 0; snapshot < 4; snapshot++) {
		EXPECT_EQ(0, table_differs(self->fd, snapshot, "key", "two"));
	}
}

/* Entries of random length under keys in random order. */
static int map_fill(const int fd, const unsigned int count)
{
	struct stream stream = {};
	struct value value;
	int ret = 0;

	for (unsigned int i = 0; i < count && !ret; i++) {
		const __u32 key = i * 2654435761;

		value_make(&value, key, 0, 0, 300);
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value.bytes, value.length);
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

/* Deletes them, in another order, in batches of many sizes. */
static int map_empty(const int fd, const unsigned int count)
{
	struct stream stream = {};
	unsigned int size = 1;
	int ret = 0;

	for (unsigned int i = 0; i < count && !ret; i++) {
		const __u32 key = (__u32)(i * 7919ULL % count) * 2654435761;

		stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, &key,
			   sizeof(key), NULL, 0);
		if (i % size == 0 || i == count - 1) {
			ret = table_write(fd, &stream);
			stream.length = 0;
			size = size % 300 + 7;
		}
	}
	stream_free(&stream);
	return ret;
}

/* When all is deleted, a map is as small as an empty one, to the last object. */
TEST_F_TIMEOUT(map, emptied, LONG_TIMEOUT)
{
	const unsigned int count = scaled(3000);
	const struct caches before = caches_settled();

	for (unsigned int round = 0; round < 2; round++) {
		ASSERT_EQ(0, map_fill(self->fd, count));
		EXPECT_EQ(count, table_info(self->fd).entries);
		EXPECT_LE(before.objects + count, caches_now().objects);
		ASSERT_EQ(0, map_empty(self->fd, count));
		EXPECT_TRUE(same_figures(self->fd, self->empty));
		/* After a grace period or two. */
		while (caches_now().objects > before.objects)
			usleep(10000);
	}
	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	EXPECT_EQ(0, table_differs(self->fd, 0, "key", "value"));
}

/*
 * Capacity
 */

/*
 * Fills a map with small entries, in order, until it is full; returns how many
 * it has.
 */
static __u32 map_fill_up(const int fd)
{
	char value[100] = {};
	__u32 count = 0;
	__u32 key;

	do
		key = __builtin_bswap32(count++);
	while (!table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key), value,
			  sizeof(value)));
	return count - 1;
}

/* What counts is how large the table becomes: to replace takes no room. */
TEST_F_TIMEOUT(map, full_replace, LONG_TIMEOUT)
{
	const int fd = map_open(100000);
	char value[1000] = {};
	__u32 count;

	ASSERT_LE(0, fd);
	count = map_fill_up(fd);
	ASSERT_LT(500, count);
	for (__u32 i = 0; i < count; i++) {
		const __u32 key = __builtin_bswap32(i);
		struct image image = table_image(fd);

		value[0] = i;
		ASSERT_EQ(0, table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key,
				       sizeof(key), value, 100))
		{
			TH_LOG("Key %u of %u", i, count);
		}
		EXPECT_EQ(image.info.memory_usage, table_info(fd).memory_usage);
		stream_free(&image.records);
	}

	/* But to grow does, and is refused without a trace. */
	for (__u32 i = 0; i < count; i += 37) {
		const __u32 key = __builtin_bswap32(i);
		struct image image = table_image(fd);

		EXPECT_EQ(-ENOSPC, table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key,
					     sizeof(key), value, 1000));
		EXPECT_TRUE(table_unchanged(fd, &image));
		stream_free(&image.records);
	}
	EXPECT_EQ(0, close(fd));
}

/* To delete is never refused for want of room, and gives all of it back. */
TEST_F(map, full_delete)
{
	const int fd = map_open(100000);
	__u32 count;

	ASSERT_LE(0, fd);
	count = map_fill_up(fd);
	for (unsigned int round = 0; round < 3; round++) {
		for (__u32 i = 0; i < count; i++) {
			const __u32 key =
				__builtin_bswap32(i * 7919ULL % count);
			const __u64 usage = table_info(fd).memory_usage;

			ASSERT_EQ(0, table_add(fd, 0, MEMTABLE_TYPE_DELETION,
					       &key, sizeof(key), NULL, 0))
			{
				TH_LOG("Key %u of %u", i, count);
			}
			ASSERT_GT(usage, table_info(fd).memory_usage);
		}
		EXPECT_TRUE(same_figures(fd, self->empty));
		/* The index need not be shaped as it was before. */
		EXPECT_LT(count - count / 20, map_fill_up(fd));
		count = table_info(fd).entries;
	}
	EXPECT_EQ(0, close(fd));
}

/* A batch may delete and set at once: what it leaves has to fit, no more. */
TEST_F(map, full_batch)
{
	const int fd = map_open(200000);
	struct stream stream = {};
	char value[10000] = {};
	struct memtable_info info;

	ASSERT_LE(0, fd);
	for (__u32 key = 0; key < 12; key++) {
		ASSERT_EQ(0, table_add(fd, 0, MEMTABLE_TYPE_VALUE, &key,
				       sizeof(key), value, sizeof(value)));
	}
	/* All twelve make room for twelve others. */
	for (__u32 key = 0; key < 24; key++) {
		if (key < 12)
			stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, &key,
				   sizeof(key), NULL, 0);
		else
			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), value, sizeof(value));
	}
	info = table_info(fd);
	EXPECT_EQ(0, table_write(fd, &stream));
	EXPECT_EQ(info.memory_usage, table_info(fd).memory_usage);
	EXPECT_EQ(12, table_info(fd).entries);
	/* Twelve more than these there is no room for. */
	stream.length = 0;
	for (__u32 key = 0; key < 12; key++)
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key, sizeof(key),
			   value, sizeof(value));
	info = table_info(fd);
	EXPECT_EQ(-ENOSPC, table_write(fd, &stream));
	EXPECT_EQ(info.memory_usage, table_info(fd).memory_usage);
	EXPECT_EQ(info.last_sequence, table_info(fd).last_sequence);
	stream_free(&stream);
	EXPECT_EQ(0, close(fd));
}

/*
 * read(2)
 */

/* The rest of a record whose first part was read is gone with the record. */
TEST_F(map, stale_part)
{
	static const char *const changes[] = { "other", "value", NULL };
	struct stream stream = {};
	char part[20];

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		ASSERT_EQ(0, table_put(self->fd, 0, "a", "before"));
		ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
		ASSERT_EQ(0, table_put(self->fd, 0, "z", "after"));
		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		/* A whole record comes first, then a part of the second. */
		stream_reserve(&stream, 4096);
		ASSERT_EQ(record_size(1, 6),
			  read(self->fd, stream.data, record_size(1, 6)));
		ASSERT_EQ(20, read(self->fd, part, 20));
		/* Others do not matter. */
		ASSERT_EQ(0, table_put(self->fd, 0, "a", NULL));
		ASSERT_EQ(0, table_put(self->fd, 0, "z", "later"));
		ASSERT_EQ(1, read(self->fd, part, 1));

		ASSERT_EQ(0, table_put(self->fd, 0, "key", changes[i]));
		EXPECT_EQ(-1, read(self->fd, part, 20));
		EXPECT_EQ(ESTALE, errno);
		EXPECT_EQ(-1, read(self->fd, stream.data, 4096));
		EXPECT_EQ(ESTALE, errno);
		/* From the start on it can be read again. */
		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		stream.length = read(self->fd, stream.data, 4096);
		EXPECT_EQ(changes[i] ? 2 : 1,
			  record_count(stream.data, stream.length));
	}
	stream_free(&stream);
}

/* The end is not to be taken for the rest of it. */
TEST_F(map, stale_last_part)
{
	char part[20];

	ASSERT_EQ(0, table_put(self->fd, 0, "key", "value"));
	ASSERT_EQ(20, read(self->fd, part, 20));
	ASSERT_EQ(0, table_put(self->fd, 0, "key", NULL));
	EXPECT_EQ(-1, read(self->fd, part, 20));
	EXPECT_EQ(ESTALE, errno);
	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(0, read(self->fd, part, 20));
}

/* Between records nothing is stale: a read goes on behind the last key. */
TEST_F(map, read_on)
{
	struct record record;
	char buffer[4096];
	size_t offset = 0;
	ssize_t length;

	for (const char *key = "bdfhj"; *key; key++) {
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_VALUE, key, 1,
				       key, 1));
	}
	ASSERT_EQ(48, read(self->fd, buffer, 48));
	/* Of "d", which was read last, of those before and after. */
	ASSERT_EQ(0, table_put(self->fd, 0, "d", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "b", "again"));
	ASSERT_EQ(0, table_put(self->fd, 0, "a", "new"));
	ASSERT_EQ(0, table_put(self->fd, 0, "f", NULL));
	ASSERT_EQ(0, table_put(self->fd, 0, "e", "new"));
	length = read(self->fd, buffer, sizeof(buffer));
	ASSERT_LT(0, length);
	for (const char *key = "ehj"; *key; key++) {
		ASSERT_EQ(1, record_next(buffer, length, &offset, &record));
		EXPECT_EQ(*key, *record.key);
	}
	EXPECT_EQ(length, offset);
}

/*
 * The model: what generation of its value each key has, or none.
 */

#define MODEL_KEYS 3000

struct model {
	/* What comes before the number in a key. */
	const char *prefix;
	/* Zero if the key is not there. */
	__u32 generations[MODEL_KEYS];
	__u32 last;
};

#define MODEL_LEAST 0
#define MODEL_ROOM 400

/* Writes key number @i, such that keys are in the order of their numbers. */
static size_t model_key(const struct model *const model, const __u32 i,
			unsigned char *const key)
{
	const size_t length = strlen(model->prefix);
	const __u32 number = __builtin_bswap32(i);

	memcpy(key, model->prefix, length);
	memcpy(key + length, &number, sizeof(number));
	return length + sizeof(number);
}

/* Sets or deletes random keys, in the table and in the model. */
static int model_change(struct model *const model, const int fd,
			const unsigned int count, const unsigned int deletions,
			__u64 *const seed)
{
	struct stream stream = {};
	unsigned char key[32];
	struct value value;
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		const __u32 number = (random_next(seed) >> 20) % MODEL_KEYS;
		const size_t length = model_key(model, number, key);

		if (random_next(seed) % 100 < deletions) {
			model->generations[number] = 0;
			stream_add(&stream, 0, MEMTABLE_TYPE_DELETION, key,
				   length, NULL, 0);
			continue;
		}
		model->generations[number] = ++model->last;
		value_make(&value, number, model->last, MODEL_LEAST,
			   MODEL_ROOM);
		stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, key, length,
			   value.bytes, value.length);
	}
	ret = table_write(fd, &stream);
	stream_free(&stream);
	return ret;
}

/* Compares a record with what the model has. */
static bool model_has(const struct model *const model, const __u32 number,
		      const struct record *const record)
{
	unsigned char key[32];
	const size_t length = model_key(model, number, key);

	return record->key_length == length &&
	       !memcmp(record->key, key, length) &&
	       value_whole(record, number, MODEL_LEAST, MODEL_ROOM) &&
	       value_generation(record) == model->generations[number];
}

/* Says what a table has that the model has not, or the other way round. */
static const char *model_differs(const struct model *const model, const int fd)
{
	__u64 entries = 0, logical_bytes = 0;
	struct stream keys = {}, forward = {}, backward = {}, answers = {};
	const struct memtable_info info = table_info(fd);
	struct memtable_read read = {};
	const char *differs = NULL;
	struct record record;
	unsigned char key[32];
	size_t offset = 0;

	for (__u32 i = 0; i < MODEL_KEYS; i++) {
		const size_t length = model_key(model, i, key);

		stream_add(&keys, 0, 0, key, length, NULL, 0);
	}
	stream_reserve(&answers, 4 << 20);
	read.keys = ADDRESS(keys.data);
	read.keys_length = keys.length;
	read.records = ADDRESS(answers.data);
	read.records_size = answers.size;
	if (table_scan(fd, 0, 0, 4096, &forward) ||
	    table_scan(fd, MEMTABLE_SCAN_REVERSE, 0, 4096, &backward) ||
	    request(fd, MEMTABLE_IOC_READ, &read))
		differs = "a request fails";

	for (__u32 i = 0; i < MODEL_KEYS && !differs; i++) {
		if (!model->generations[i])
			continue;
		entries++;
		if (record_next(forward.data, forward.length, &offset,
				&record) != 1 ||
		    !model_has(model, i, &record))
			differs = "a scan shows something else";
		else
			logical_bytes +=
				record.key_length + (__u64)record.value_length;
	}
	if (!differs && offset != forward.length)
		differs = "a scan shows more";

	offset = 0;
	for (__u32 i = MODEL_KEYS; i-- > 0 && !differs;) {
		if (!model->generations[i])
			continue;
		if (record_next(backward.data, backward.length, &offset,
				&record) != 1 ||
		    !model_has(model, i, &record))
			differs = "a scan backward shows something else";
	}
	if (!differs && offset != backward.length)
		differs = "a scan backward shows more";

	offset = 0;
	for (__u32 i = 0; i < MODEL_KEYS && !differs; i++) {
		if (record_next(answers.data, read.records_length, &offset,
				&record) != 1)
			differs = "a READ has too few answers";
		else if (model->generations[i] ?
				 !model_has(model, i, &record) :
				 record.type != MEMTABLE_TYPE_ABSENT)
			differs = "a READ answers something else";
	}
	if (!differs &&
	    (info.entries != entries || info.tombstones ||
	     info.logical_bytes != logical_bytes || read.found != entries))
		differs = "a figure is wrong";
	stream_free(&keys);
	stream_free(&forward);
	stream_free(&backward);
	stream_free(&answers);
	return differs;
}

FIXTURE(model)
{
	int fd;
	struct model model;
};

FIXTURE_VARIANT(model)
{
	const char *prefix;
};

/* The first eight bytes tell all keys apart. */
FIXTURE_VARIANT_ADD(model, short_keys)
{
	.prefix = "",
};

/* They tell none apart. */
FIXTURE_VARIANT_ADD(model, long_keys)
{
	.prefix = "longer than eight",
};

FIXTURE_SETUP(model)
{
	self->fd = map_open(0);
	ASSERT_LE(0, self->fd);
	self->model.prefix = variant->prefix;
}

FIXTURE_TEARDOWN(model)
{
	EXPECT_EQ(0, close(self->fd));
}

/* As a map grows, shrinks and stays as it is, it is what the model is. */
TEST_F_TIMEOUT(model, random, LONG_TIMEOUT)
{
	static const unsigned int deletions[] = { 10, 50, 90, 40, 95, 50 };
	__u64 seed = 1;

	for (unsigned int phase = 0; phase < ARRAY_SIZE(deletions); phase++) {
		const unsigned int rounds = scaled(100);

		for (unsigned int round = 0; round < rounds; round++) {
			/* One at a time, or up to a hundred at once. */
			const unsigned int count =
				round & 1 ? random_next(&seed) % 100 + 1 : 1;

			ASSERT_EQ(0, model_change(&self->model, self->fd, count,
						  deletions[phase], &seed));
			if (round % 50)
				continue;
			ASSERT_EQ(NULL, model_differs(&self->model, self->fd))
			{
				TH_LOG("%s, in phase %u, round %u",
				       model_differs(&self->model, self->fd),
				       phase, round);
			}
		}
	}
	EXPECT_EQ(NULL, model_differs(&self->model, self->fd));
	/* Emptied from one end and from the other. */
	for (__u32 i = 0; i < MODEL_KEYS; i++) {
		const __u32 number = i & 1 ? MODEL_KEYS - 1 - i / 2 : i / 2;
		unsigned char key[32];
		const size_t length = model_key(&self->model, number, key);

		self->model.generations[number] = 0;
		ASSERT_EQ(0, table_add(self->fd, 0, MEMTABLE_TYPE_DELETION, key,
				       length, NULL, 0));
		if (i % 500 == 0) {
			ASSERT_EQ(NULL, model_differs(&self->model, self->fd));
		}
	}
	EXPECT_EQ(0, table_info(self->fd).entries);
}

/*
 * Memory stays in proportion to what is live.
 */

/* What a new map takes that has the same entries. */
static __u64 fresh_memory(const int fd)
{
	struct stream stream = {}, copy = {};
	const int fresh = map_open(0);
	struct record record;
	size_t offset = 0;
	__u64 usage;

	if (fresh < 0 || table_scan(fd, 0, 0, 1 << 20, &stream))
		abort();
	while (record_next(stream.data, stream.length, &offset, &record) > 0)
		stream_add(&copy, 0, record.type, record.key, record.key_length,
			   record.value, record.value_length);
	if (table_write(fresh, &copy))
		abort();
	usage = table_info(fresh).memory_usage;
	stream_free(&stream);
	stream_free(&copy);
	close(fresh);
	return usage;
}

#define LIVE 1000
#define STEP 100

FIXTURE(churn)
{
	int fd;
	struct caches before;
	/* The keys that are there. */
	__u64 keys[LIVE];
};

FIXTURE_VARIANT(churn)
{
	/* New keys are random, and so are those that go; or both ascend. */
	bool random;
};

/* A queue: insert at one end, delete at the other. */
FIXTURE_VARIANT_ADD(churn, queue)
{
	.random = false,
};

/* New keys anywhere, and any of the old ones goes. */
FIXTURE_VARIANT_ADD(churn, random)
{
	.random = true,
};

FIXTURE_SETUP(churn)
{
	self->before = caches_settled();
	self->fd = map_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(churn)
{
	close(self->fd);
}

/* However much has come and gone, what is there decides. */
TEST_F_TIMEOUT(churn, bounded, LONG_TIMEOUT)
{
	const unsigned int rounds = scaled(2000);
	const time_t begin = time(NULL);
	struct stream stream = {};
	char value[100] = {};
	struct memtable_info info;
	__u64 highest = 0;
	__u64 seed = 1;
	unsigned int at = 0;
	unsigned int count;

	for (unsigned int round = 0; loop_on(round, rounds, begin); round++) {
		stream.length = 0;
		for (unsigned int i = 0; i < STEP; i++) {
			const __u64 key = __builtin_bswap64(
				variant->random ? random_next(&seed) :
						  ++highest);

			if (variant->random)
				at = random_next(&seed) % LIVE;
			else
				at = (at + 1) % LIVE;
			if (self->keys[at])
				stream_add(&stream, 0, MEMTABLE_TYPE_DELETION,
					   &self->keys[at],
					   sizeof(self->keys[at]), NULL, 0);
			stream_add(&stream, 0, MEMTABLE_TYPE_VALUE, &key,
				   sizeof(key), value, key % sizeof(value));
			self->keys[at] = key;
		}
		ASSERT_EQ(0, table_write(self->fd, &stream));
		if (round % 40 == 39) {
			info = table_info(self->fd);
			EXPECT_GE(LIVE, info.entries);
			EXPECT_LE(LIVE / 2, info.entries);
			EXPECT_GE(2 * fresh_memory(self->fd),
				  info.memory_usage);
		}
	}
	stream_free(&stream);

	/* Each live key, and what blocks they need, is an object. */
	count = table_info(self->fd).entries;
	while (caches_now().objects >
	       self->before.objects + count + count / 4 + 10)
		usleep(10000);
}

TEST_HARNESS_MAIN
