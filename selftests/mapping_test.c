// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - buffers of which pages are missing, or go while a request is
 * under way
 */

#include "common.h"

#define PAGES 64
/* Entries of a table, each of them longer than a page. */
#define ENTRIES 30
#define VALUE_LENGTH 5000
#define LONGEST_KEY 60000
/* Published tables, and the longest element that a list of them can have. */
#define TABLES 8
#define ELEMENT 4096

struct scene {
	int fd;
	/* The buffer, and the same memory where it always is. */
	unsigned char *memory;
	unsigned char *alias;
	int memory_fd;
	size_t page;
	__u64 number;
	/* The entries, and their keys. */
	struct stream entries;
	struct stream keys;
	/* How much of the buffer a request uses, in bytes. */
	size_t used;
	/* Set when whoever takes pages away is to end. */
	atomic_bool done;
};

FIXTURE(mapping)
{
	struct scene scene;
};

FIXTURE_VARIANT(mapping)
{
	/* Puts what the request takes into the buffer, if anything. */
	void (*prepare)(struct scene *scene);
	int (*make)(struct scene *scene);
	/* It fills an empty table. */
	bool fills;
	/* It changes a table that is not empty. */
	bool changes;
};

static void prepare_stream(struct scene *const scene, const struct stream *const stream)
{
	memcpy(scene->alias, stream->data, stream->length);
	scene->used = stream->length;
}

static void prepare_entries(struct scene *const scene)
{
	prepare_stream(scene, &scene->entries);
}

static void prepare_keys(struct scene *const scene)
{
	prepare_stream(scene, &scene->keys);
}

/* The middle key. */
static void prepare_pivot(struct scene *const scene)
{
	scene->used = LONGEST_KEY;
	memset(scene->alias, 0, scene->used);
	snprintf((char *)scene->alias, scene->used, "key %04d", ENTRIES / 2);
}

static void prepare_value(struct scene *const scene)
{
	scene->used = PAGES * scene->page;
	pattern_fill(scene->alias, scene->used, 1);
}

static int make_add(struct scene *const scene)
{
	return table_add(scene->fd, 0, MEMTABLE_TYPE_VALUE, "key", 3,
			 scene->memory, scene->used);
}

static int make_write(struct scene *const scene)
{
	struct memtable_write write = {
		.records = ADDRESS(scene->memory),
		.length = scene->used,
	};

	return request(scene->fd, MEMTABLE_IOC_WRITE, &write);
}

static int make_file_write(struct scene *const scene)
{
	const ssize_t ret = write(scene->fd, scene->memory, scene->used);

	if (ret < 0)
		return -errno;
	return ret == (ssize_t)scene->used ? 0 : -EIO;
}

static int make_get(struct scene *const scene)
{
	struct memtable_get get = {
		STRING(key, "long"),
		.value = ADDRESS(scene->memory),
		.value_size = PAGES * scene->page,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_GET, &get);

	if (!ret)
		scene->used = get.value_length;
	return ret;
}

static int make_read_keys(struct scene *const scene)
{
	static unsigned char answer[1 << 18];
	struct memtable_read read = {
		.keys = ADDRESS(scene->memory),
		.keys_length = scene->used,
		.records = ADDRESS(answer),
		.records_size = sizeof(answer),
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_READ, &read);

	return ret ? ret : read.found == ENTRIES ? 0 : -EIO;
}

static int make_read(struct scene *const scene)
{
	struct memtable_read read = {
		.keys = ADDRESS(scene->keys.data),
		.keys_length = scene->keys.length,
		.records = ADDRESS(scene->memory),
		.records_size = PAGES * scene->page,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_READ, &read);

	if (!ret)
		scene->used = read.records_length;
	return ret;
}

static int make_scan(struct scene *const scene)
{
	struct memtable_scan scan = {
		.end_key = ADDRESS("long"),
		.end_length = 4,
		.records = ADDRESS(scene->memory),
		.records_size = PAGES * scene->page,
		.flags = MEMTABLE_SCAN_END | MEMTABLE_SCAN_END_EXCLUSIVE,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_SCAN, &scan);

	if (!ret)
		scene->used = scan.records_length;
	return ret;
}

static int make_file_read(struct scene *const scene)
{
	ssize_t ret;

	lseek(scene->fd, 0, SEEK_SET);
	ret = read(scene->fd, scene->memory, PAGES * scene->page);
	if (ret < 0)
		return -errno;
	scene->used = ret;
	return 0;
}

static int make_pivot(struct scene *const scene)
{
	struct memtable_pivot pivot = {
		.key = ADDRESS(scene->memory),
		.key_size = MEMTABLE_MAX_KEY_LENGTH,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_PIVOT, &pivot);

	if (!ret)
		scene->used = pivot.key_length;
	return ret;
}

static int make_split(struct scene *const scene)
{
	const int fd = table_split(scene->fd, scene->memory, scene->used);

	return fd < 0 ? fd : close(fd);
}

static int make_list(struct scene *const scene)
{
	struct memtable_list list = {
		.start = scene->number,
		.entries = ADDRESS(scene->memory),
		.entry_size = ELEMENT,
		.capacity = TABLES,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_LIST, &list);

	if (!ret)
		scene->used = list.count * ELEMENT;
	return ret;
}

FIXTURE_VARIANT_ADD(mapping, add)
{
	.prepare = prepare_value,
	.make = make_add,
	.fills = true,
};

FIXTURE_VARIANT_ADD(mapping, write)
{
	.prepare = prepare_entries,
	.make = make_write,
	.fills = true,
};

FIXTURE_VARIANT_ADD(mapping, file_write)
{
	.prepare = prepare_entries,
	.make = make_file_write,
	.fills = true,
};

FIXTURE_VARIANT_ADD(mapping, get)
{
	.make = make_get,
};

FIXTURE_VARIANT_ADD(mapping, read_keys)
{
	.prepare = prepare_keys,
	.make = make_read_keys,
};

FIXTURE_VARIANT_ADD(mapping, read)
{
	.make = make_read,
};

FIXTURE_VARIANT_ADD(mapping, scan)
{
	.make = make_scan,
};

FIXTURE_VARIANT_ADD(mapping, file_read)
{
	.make = make_file_read,
};

FIXTURE_VARIANT_ADD(mapping, pivot)
{
	.make = make_pivot,
};

FIXTURE_VARIANT_ADD(mapping, split)
{
	.prepare = prepare_pivot,
	.make = make_split,
	.changes = true,
};

FIXTURE_VARIANT_ADD(mapping, list)
{
	.make = make_list,
};

/* A table as the request is to find it. */
static void table_renew(struct scene *const scene, const bool empty)
{
	static const char value[(PAGES - 1) * 4096];

	if (scene->fd >= 0)
		close(scene->fd);
	scene->fd = table_open();
	if (empty)
		return;
	/* The longest key is the middle one, and the longest value the last. */
	if (table_write(scene->fd, &scene->entries) ||
	    table_add(scene->fd, 0, MEMTABLE_TYPE_VALUE, "long", 4, value,
		      sizeof(value)))
		abort();
}

static void entries_make(struct scene *const scene)
{
	static char key[LONGEST_KEY], value[VALUE_LENGTH];

	for (unsigned int i = 0; i < ENTRIES; i++) {
		const bool middle = i == ENTRIES / 2;

		memset(key, 0, sizeof(key));
		snprintf(key, sizeof(key), "key %04u", i);
		pattern_fill(value, sizeof(value), i);
		stream_add(&scene->entries, 0, MEMTABLE_TYPE_VALUE, key,
			   middle ? sizeof(key) : 8, value,
			   middle ? 0 : sizeof(value));
		stream_add(&scene->keys, 0, 0, key, middle ? sizeof(key) : 8,
			   NULL, 0);
	}
}

static void memory_make(struct scene *const scene)
{
	scene->page = sysconf(_SC_PAGESIZE);
	scene->memory_fd = memfd_create("buffer", MFD_CLOEXEC);
	if (scene->memory_fd < 0 ||
	    ftruncate(scene->memory_fd, PAGES * scene->page))
		abort();
	scene->memory = checked(mmap(NULL, PAGES * scene->page,
				     PROT_READ | PROT_WRITE, MAP_SHARED,
				     scene->memory_fd, 0));
	scene->alias = checked(mmap(NULL, PAGES * scene->page,
				    PROT_READ | PROT_WRITE, MAP_SHARED,
				    scene->memory_fd, 0));
}

FIXTURE_SETUP(mapping)
{
	struct scene *const scene = &self->scene;

	scene->fd = -1;
	memory_make(scene);
	entries_make(scene);
	table_renew(scene, variant->fills);
	ASSERT_LE(0, scene->fd);
	scene->number = number_new();
	for (unsigned int i = 0; i < TABLES; i++) {
		const int other = table_open();

		ASSERT_EQ(0, table_publish(other, scene->number + i));
		ASSERT_EQ(0, close(other));
	}
	if (variant->prepare)
		variant->prepare(scene);
}

FIXTURE_TEARDOWN(mapping)
{
	struct scene *const scene = &self->scene;

	for (unsigned int i = 0; i < TABLES; i++)
		EXPECT_EQ(0, table_drop(scene->fd, scene->number + i));
	close(scene->fd);
	munmap(scene->memory, PAGES * scene->page);
	munmap(scene->alias, PAGES * scene->page);
	close(scene->memory_fd);
	stream_free(&scene->entries);
	stream_free(&scene->keys);
}

static void pages_unmap(unsigned char *const from, const size_t length)
{
	if (munmap(from, length))
		abort();
}

static void pages_map(const struct scene *const scene,
		      unsigned char *const from, const size_t length)
{
	checked(mmap(from, length, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, scene->memory_fd,
		     from - scene->memory));
}

/* Whichever page of its buffer is missing, a request fails as a whole. */
TEST_F_TIMEOUT(mapping, page_missing, LONG_TIMEOUT)
{
	struct scene *const scene = &self->scene;
	struct image image;

	/* Once to learn how much it uses, and what comes. */
	ASSERT_EQ(0, variant->make(scene));
	table_renew(scene, variant->fills);
	ASSERT_LT(4 * scene->page, scene->used);
	image = table_image(scene->fd);
	for (size_t at = 0; at < scene->used; at += scene->page) {
		pages_unmap(scene->memory + at, scene->page);
		EXPECT_EQ(-EFAULT, variant->make(scene))
		{
			TH_LOG("Without page %zu", at / scene->page);
		}
		pages_map(scene, scene->memory + at, scene->page);
		EXPECT_TRUE(table_unchanged(scene->fd, &image));
	}
	EXPECT_EQ(0, variant->make(scene));
	stream_free(&image.records);
}

/* Takes some pages away, one way or the other, and puts them back. */
static void *taker_main(void *const data)
{
	struct scene *const scene = data;
	const size_t pages = (scene->used + scene->page - 1) / scene->page;
	__u64 random = 1;

	while (!atomic_load(&scene->done)) {
		const size_t first = random_next(&random) % pages;
		const size_t count = 1 + random_next(&random) % (pages - first);
		unsigned char *const from = scene->memory + first * scene->page;
		const size_t length = count * scene->page;

		if (random_next(&random) & 1) {
			if (mprotect(from, length, PROT_NONE))
				abort();
			sched_yield();
			if (mprotect(from, length, PROT_READ | PROT_WRITE))
				abort();
		} else {
			pages_unmap(from, length);
			sched_yield();
			pages_map(scene, from, length);
		}
		if (random_next(&random) % 4 == 0)
			usleep(random_next(&random) % 500);
	}
	return NULL;
}

/* Wherever the pages go while it runs, it does all or nothing. */
TEST_F_TIMEOUT(mapping, pages_go, LONG_TIMEOUT)
{
	struct scene *const scene = &self->scene;
	const unsigned int rounds = scaled(1000);
	const time_t begin = time(NULL);
	unsigned int succeeded = 0, refused = 0;
	unsigned char *expected;
	struct image image;
	pthread_t thread;
	__u64 entries;

	ASSERT_EQ(0, variant->make(scene));
	entries = table_info(scene->fd).entries;
	expected = checked(malloc(scene->used));
	memcpy(expected, scene->alias, scene->used);
	table_renew(scene, variant->fills);
	image = table_image(scene->fd);

	threads_start(&thread, 1, taker_main, scene);
	for (unsigned int round = 0; loop_on(round, rounds, begin); round++) {
		int ret;

		if (!variant->prepare)
			memset(scene->alias, CANARY, scene->used);
		ret = variant->make(scene);
		if (!ret) {
			succeeded++;
			EXPECT_EQ(entries, table_info(scene->fd).entries);
			EXPECT_EQ(0, memcmp(expected, scene->alias,
					    scene->used));
			if (variant->fills || variant->changes)
				table_renew(scene, variant->fills);
		} else {
			refused++;
			ASSERT_EQ(-EFAULT, ret);
			EXPECT_EQ(0, memcmp(&image.info,
					    &(struct memtable_info[]){
						    table_info(scene->fd) },
					    sizeof(image.info)));
		}
	}
	atomic_store(&scene->done, true);
	threads_join(&thread, 1);
	EXPECT_EQ(0, variant->make(scene));
	TH_LOG("%u succeeded, %u refused", succeeded, refused);
	stream_free(&image.records);
	free(expected);
}

TEST_HARNESS_MAIN
