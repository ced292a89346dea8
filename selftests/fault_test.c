// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - each point at which a request can fail, one after the other
 *
 * The kernel's fault injection lets the n-th of a thread's allocations and user
 * accesses fail, for n from one on until the request comes through without. A
 * kernel that has none skips this.
 */

#include "common.h"
#include "injection.h"

#define LIST_SIZE 4
#define ANSWER_SIZE (1 << 20)
#define ENTRIES 100

/*
 * What the kernel itself needs differs from call to call, a page for its slabs
 * for instance, and with it which the n-th point is: each n has so many turns,
 * and so many calls without a failure in a row end a walk.
 */
#define TURNS 2
#define MISSES (5 * TURNS)

/* What a request is made with, and on, and what came of it. */
struct scene {
	__u32 kind;
	int fd;
	/* A descriptor that the request has made. */
	int made;
	/* A number that is published, and one that is not. */
	__u64 published;
	__u64 number;
	struct stream records;
	/* Records with sequence numbers that are not the highest. */
	struct stream late;
	struct stream keys;
	unsigned char *answer;
	size_t answer_length;
};

/* What can be seen of the table, of the registry, and of this process. */
struct state {
	struct image image;
	struct memtable_list_entry list[LIST_SIZE];
	__u32 count;
	int descriptor;
};

static struct state state_now(const int fd)
{
	struct state state = { .image = table_image(fd) };
	struct memtable_list list = {
		.entries = ADDRESS(state.list),
		.entry_size = sizeof(*state.list),
		.capacity = LIST_SIZE,
	};
	const int other = table_open();

	if (request(other, MEMTABLE_IOC_LIST, &list))
		abort();
	state.count = list.count;
	close(other);
	state.descriptor = other;
	return state;
}

static void state_free(struct state *const state)
{
	stream_free(&state->image.records);
}

static bool state_same(const struct state *const a, const struct state *const b)
{
	return stream_equal(&a->image.records, &b->image.records) &&
	       !memcmp(&a->image.info, &b->image.info, sizeof(a->image.info)) &&
	       !memcmp(a->list, b->list, sizeof(a->list)) &&
	       a->count == b->count && a->descriptor == b->descriptor;
}

/* The same, but that the memory usage is a matter of chance, as towers are. */
static bool state_alike(const struct state *const a,
			const struct state *const b)
{
	struct state left = *a;
	struct state right = *b;

	left.image.info.memory_usage = 0;
	right.image.info.memory_usage = 0;
	for (size_t i = 0; i < LIST_SIZE; i++) {
		left.list[i].memory_usage = 0;
		right.list[i].memory_usage = 0;
	}
	return state_same(&left, &right);
}

/*
 * Requests
 */

static int make_info(struct scene *const scene)
{
	struct memtable_info info = {};
	const int ret = request(scene->fd, MEMTABLE_IOC_INFO, &info);

	info.memory_usage = 0;
	memcpy(scene->answer, &info, sizeof(info));
	scene->answer_length = ret ? 0 : sizeof(info);
	return ret;
}

static int make_configure(struct scene *const scene)
{
	struct memtable_configure configure = {
		.max_size = 1 << 20,
		.order = MEMTABLE_ORDER_REVERSE,
		.kind = scene->kind,
	};

	return request(scene->fd, MEMTABLE_IOC_CONFIGURE, &configure);
}

static int make_add(struct scene *const scene)
{
	return table_add(scene->fd, 0, MEMTABLE_TYPE_VALUE, scene->keys.data,
			 32, scene->records.data, 1000);
}

static int make_add_late(struct scene *const scene)
{
	return table_add(scene->fd, 3, MEMTABLE_TYPE_VALUE, scene->keys.data,
			 32, scene->records.data, 1000);
}

/* A key that is not there, which is the condition. */
static int add_if(const struct scene *const scene, const __u32 flags)
{
	struct memtable_add add = {
		STRING(key, "condition"),
		.value = ADDRESS(scene->records.data),
		.value_length = 1000,
		.type = MEMTABLE_TYPE_VALUE,
		.flags = flags,
	};

	return request(scene->fd, MEMTABLE_IOC_ADD, &add);
}

static int make_add_if(struct scene *const scene)
{
	return add_if(scene, MEMTABLE_ADD_IF_SEQUENCE);
}

static int make_add_if_absent(struct scene *const scene)
{
	return add_if(scene, MEMTABLE_ADD_IF_ABSENT);
}

static int make_add_large(struct scene *const scene)
{
	return table_add(scene->fd, 0, MEMTABLE_TYPE_VALUE, scene->answer,
			 MEMTABLE_MAX_KEY_LENGTH, scene->answer, ANSWER_SIZE);
}

/* A key that is there: a map deletes it. */
static int make_deletion(struct scene *const scene)
{
	return table_put(scene->fd, 0, "key 0050", NULL);
}

/* A key that is too long for the stack. */
static int make_get(struct scene *const scene)
{
	static const char key[1000] = "long";
	struct memtable_get get = {
		.key = ADDRESS(key),
		.key_length = sizeof(key),
		.value = ADDRESS(scene->answer),
		.value_size = ANSWER_SIZE,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_GET, &get);

	scene->answer_length = ret ? 0 : get.value_length;
	return ret;
}

static int make_write(struct scene *const scene)
{
	return table_write(scene->fd, &scene->records);
}

static int make_write_late(struct scene *const scene)
{
	return table_write(scene->fd, &scene->late);
}

static int make_file_write(struct scene *const scene)
{
	const ssize_t ret = write(scene->fd, scene->records.data,
				  scene->records.length);

	if (ret < 0)
		return -errno;
	return ret == (ssize_t)scene->records.length ? 0 : -EIO;
}

static int make_read(struct scene *const scene)
{
	struct memtable_read read = {
		.keys = ADDRESS(scene->keys.data),
		.keys_length = scene->keys.length,
		.records = ADDRESS(scene->answer),
		.records_size = ANSWER_SIZE,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_READ, &read);

	scene->answer_length = ret ? 0 : read.records_length;
	return ret;
}

static int make_file_read(struct scene *const scene)
{
	const ssize_t ret = read(scene->fd, scene->answer, ANSWER_SIZE);

	scene->answer_length = ret < 0 ? 0 : ret;
	return ret < 0 ? -errno : 0;
}

static int scan(struct scene *const scene, const __u32 flags,
		const char *const end, const size_t end_length)
{
	struct memtable_scan scan = {
		.flags = MEMTABLE_SCAN_END | flags,
		.end_key = ADDRESS(end),
		.end_length = end_length,
		.records = ADDRESS(scene->answer),
		.records_size = ANSWER_SIZE,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_SCAN, &scan);

	scene->answer_length = ret ? 0 : scan.records_length;
	return ret;
}

static int make_scan(struct scene *const scene)
{
	static const char end[1000] = "z";

	return scan(scene, 0, end, sizeof(end));
}

static int make_scan_reverse(struct scene *const scene)
{
	static const char end[1000] = "a";

	return scan(scene, MEMTABLE_SCAN_REVERSE, end, sizeof(end));
}

static int make_scan_versions(struct scene *const scene)
{
	return scan(scene, EVERYTHING, "z", 1);
}

static int make_seal(struct scene *const scene)
{
	return table_seal(scene->fd);
}

static int make_share(struct scene *const scene)
{
	scene->made = table_share(scene->fd, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int make_pivot(struct scene *const scene)
{
	struct memtable_pivot pivot = {
		.key = ADDRESS(scene->answer),
		.key_size = MEMTABLE_MAX_KEY_LENGTH,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_PIVOT, &pivot);

	scene->answer_length = ret ? 0 : pivot.key_length;
	return ret;
}

static int make_split(struct scene *const scene)
{
	scene->made = table_split(scene->fd, "key 0050", 8);
	return scene->made < 0 ? scene->made : 0;
}

static int make_split_half(struct scene *const scene)
{
	scene->made = table_halve(scene->fd);
	return scene->made < 0 ? scene->made : 0;
}

static int make_split_publish(struct scene *const scene)
{
	static const char key[1000] = "key 0050";

	scene->made = table_split_publish(scene->fd, key, sizeof(key),
					  scene->number);
	return scene->made < 0 ? scene->made : 0;
}

static int make_split_half_publish(struct scene *const scene)
{
	struct memtable_split split = {
		.number = scene->number,
		.flags = MEMTABLE_SPLIT_HALF | MEMTABLE_SPLIT_PUBLISH,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_SPLIT, &split);

	scene->made = ret ? -1 : split.fd;
	return ret;
}

static int make_publish(struct scene *const scene)
{
	return table_publish(scene->fd, scene->number);
}

static int make_attach(struct scene *const scene)
{
	return table_attach(scene->fd, scene->published);
}

static int make_list(struct scene *const scene)
{
	struct memtable_list list = {
		.entries = ADDRESS(scene->answer),
		.entry_size = sizeof(struct memtable_list_entry),
		.capacity = LIST_SIZE,
	};
	const int ret = request(scene->fd, MEMTABLE_IOC_LIST, &list);

	scene->answer_length = ret ? 0 : list.count * list.entry_size;
	return ret;
}

static int make_drop(struct scene *const scene)
{
	return table_drop(scene->fd, scene->published);
}

static int make_rotate(struct scene *const scene)
{
	return table_rotate(scene->fd, scene->number);
}

static int make_open(struct scene *const scene)
{
	scene->made = table_open();
	return scene->made < 0 ? -errno : 0;
}

/*
 * Scenes
 */

FIXTURE(fault)
{
	struct scene scene;
	struct injection injection;
	int fail_nth;
	/* Harnesses of older kernels go on after a set-up that skips. */
	bool ready;
};

FIXTURE_VARIANT(fault)
{
	int (*make)(struct scene *scene);
	__u32 kind;
	/* The table has nothing in it. */
	bool empty;
	/* There is nothing that can fail. */
	bool infallible;
	/* It changes the table and has results, which can only be told then. */
	bool late;
};

#define REQUEST(name, ...)               \
	FIXTURE_VARIANT_ADD(fault, name) \
	{                                \
		.make = make_##name,     \
		__VA_ARGS__              \
	}

#define REQUEST_OF_BOTH_KINDS(name, ...)         \
	REQUEST(name, __VA_ARGS__);              \
	FIXTURE_VARIANT_ADD(fault, name##_map)   \
	{                                        \
		.make = make_##name,             \
		.kind = MEMTABLE_KIND_MAP,       \
		__VA_ARGS__                      \
	}

REQUEST(info);
REQUEST(configure, .kind = MEMTABLE_KIND_MAP, .empty = true);
REQUEST_OF_BOTH_KINDS(add, .late = true);
REQUEST(add_late, .late = true);
REQUEST_OF_BOTH_KINDS(add_if, .late = true);
REQUEST_OF_BOTH_KINDS(add_if_absent, .late = true);
REQUEST_OF_BOTH_KINDS(add_large, .late = true);
REQUEST_OF_BOTH_KINDS(deletion, .late = true);
REQUEST_OF_BOTH_KINDS(get);
REQUEST_OF_BOTH_KINDS(write, .late = true);
REQUEST(write_late, .late = true);
REQUEST(file_write);
REQUEST_OF_BOTH_KINDS(read);
REQUEST_OF_BOTH_KINDS(file_read);
REQUEST_OF_BOTH_KINDS(scan);
REQUEST_OF_BOTH_KINDS(scan_reverse);
REQUEST(scan_versions);
REQUEST(seal, .infallible = true);
REQUEST(share);
REQUEST(pivot);
REQUEST_OF_BOTH_KINDS(split);
REQUEST_OF_BOTH_KINDS(split_half);
REQUEST_OF_BOTH_KINDS(split_publish);
REQUEST_OF_BOTH_KINDS(split_half_publish);
REQUEST(publish);
REQUEST(attach);
REQUEST(list);
REQUEST(drop);
REQUEST(rotate);
REQUEST(open);

/* The table has the even keys, the odd ones are between them. */
static void records_make(struct stream *const stream, const unsigned int first,
			 const unsigned int count, const size_t value_length)
{
	static char value[2000];
	char key[16];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "key %04u", first + 2 * i);
		stream_add(stream, 0, MEMTABLE_TYPE_VALUE, key, strlen(key),
			   value, value_length);
	}
}

FIXTURE_SETUP(fault)
{
	struct scene *const scene = &self->scene;
	char key[16];

	if (injection_begin(&self->injection))
		SKIP(return, "The kernel lets nothing fail");
	self->fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fail_nth);

	scene->kind = variant->kind;
	scene->published = number_new();
	scene->number = number_new();
	scene->answer = checked(malloc(ANSWER_SIZE));
	memset(scene->answer, CANARY, ANSWER_SIZE);
	/* Entries of which some replace others, and one for pages of its own. */
	records_make(&scene->records, 1, 5, 20);
	records_make(&scene->records, 100, 3, 40);
	stream_add(&scene->records, 0, MEMTABLE_TYPE_VALUE, "large", 5,
		   scene->answer, 100000);
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "key %04u", i);
		stream_add(&scene->keys, 0, 0, key, strlen(key), NULL, 0);
		stream_add(&scene->late, 50 - i, MEMTABLE_TYPE_VALUE, key,
			   strlen(key), key, strlen(key));
	}
	self->ready = true;
}

FIXTURE_TEARDOWN(fault)
{
	struct scene *const scene = &self->scene;

	if (!self->ready)
		return;
	injection_end(&self->injection);
	stream_free(&scene->records);
	stream_free(&scene->late);
	stream_free(&scene->keys);
	free(scene->answer);
}

/* Another table like all of them, and another one that is published. */
static void scene_begin(struct scene *const scene, const bool empty)
{
	static const char key[1000] = "long";
	const int other = table_open();
	struct stream records = {};

	scene->made = -1;
	scene->answer_length = 0;
	if (table_put(other, 0, "key", "value") ||
	    table_publish(other, scene->published))
		abort();
	close(other);
	scene->fd = table_open_as(scene->kind, MEMTABLE_ORDER_BYTEWISE, 0);
	if (empty)
		return;
	records_make(&records, 0, ENTRIES, 500);
	stream_add(&records, 0, MEMTABLE_TYPE_VALUE, key, sizeof(key), key,
		   sizeof(key));
	if (table_write(scene->fd, &records))
		abort();
	stream_free(&records);
}

static void scene_end(struct scene *const scene)
{
	const int other = table_open();

	table_drop(other, scene->published);
	table_drop(other, scene->number);
	close(other);
	close(scene->made);
	close(scene->fd);
}

/* Makes the request and lets what it has to do for the @nth time fail. */
static int make_failing(struct scene *const scene,
			int (*const make)(struct scene *), const int fail_nth,
			const unsigned int nth, bool *const failed)
{
	char number[16] = "";
	int ret;

	snprintf(number, sizeof(number), "%u", nth);
	if (pwrite(fail_nth, number, strlen(number), 0) < 0)
		abort();
	ret = make(scene);
	/* That it cannot be read means that this has failed, not the request. */
	*failed = pread(fail_nth, number, sizeof(number) - 1, 0) > 0 &&
		  !atoi(number);
	if (pwrite(fail_nth, "0", 1, 0) < 0 &&
	    pwrite(fail_nth, "0", 1, 0) < 0)
		abort();
	return ret;
}

/*
 * Whatever fails, the request does nothing at all, or all that it has to, and a
 * request that has failed works when it is made again. Only the result of a
 * request that has changed the table may get lost, as its description says.
 */
TEST_F_TIMEOUT(fault, every_point, LONG_TIMEOUT)
{
	struct scene *const scene = &self->scene;
	unsigned int refused = 0, survived = 0, late = 0;
	unsigned int misses = 0;
	unsigned char *const answer = checked(malloc(ANSWER_SIZE));
	struct state expected;
	size_t answer_length;
	bool failed;

	if (!self->ready)
		return;
	scene_begin(scene, variant->empty);
	ASSERT_EQ(0, variant->make(scene));
	expected = state_now(scene->fd);
	answer_length = scene->answer_length;
	memcpy(answer, scene->answer, answer_length);
	scene_end(scene);

	for (unsigned int turn = 0; misses < MISSES; turn++) {
		const unsigned int nth = 1 + turn / TURNS;
		struct state before, after;
		int ret;

		scene_begin(scene, variant->empty);
		before = state_now(scene->fd);
		ret = make_failing(scene, variant->make, self->fail_nth, nth,
				   &failed);
		after = state_now(scene->fd);
		if (ret) {
			ASSERT_TRUE(failed);
			ASSERT_TRUE(ret == -ENOMEM || ret == -EFAULT)
			{
				TH_LOG("Point %u: error %d", nth, -ret);
			}
			if (state_same(&before, &after)) {
				refused++;
				ASSERT_EQ(0, variant->make(scene));
				state_free(&after);
				after = state_now(scene->fd);
			} else {
				late++;
				ASSERT_EQ(-EFAULT, ret);
				ASSERT_TRUE(variant->late);
			}
		} else {
			survived += failed;
		}
		misses = failed ? 0 : misses + 1;
		EXPECT_TRUE(state_alike(&expected, &after))
		{
			TH_LOG("Point %u: returned %d", nth, ret);
		}
		EXPECT_EQ(answer_length, scene->answer_length);
		EXPECT_EQ(0, memcmp(answer, scene->answer, answer_length));
		state_free(&before);
		state_free(&after);
		scene_end(scene);
	}
	EXPECT_EQ(variant->infallible, !refused);
	TH_LOG("%u refused, %u survived, %u told late", refused, survived, late);
	state_free(&expected);
	free(answer);
}

TEST_HARNESS_MAIN
