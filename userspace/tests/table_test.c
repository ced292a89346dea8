// SPDX-License-Identifier: GPL-2.0
/* Tables on the device. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <memtable.h>

#include "tap.h"

static struct memtable_table *open_table(void)
{
	struct memtable_table *table = NULL;

	CHECK_EQUAL(memtable_table_open(NULL, &table), 0);
	return table;
}

static int put(struct memtable_table *table, const char *key, const char *value,
	       uint64_t *sequence)
{
	return memtable_table_put(table, key, strlen(key), value, strlen(value), sequence);
}

/* Checks what a key has at a snapshot. */
static void expect(struct memtable_table *table, const char *key, uint64_t snapshot,
		   const char *value, uint64_t sequence)
{
	size_t length;
	uint64_t tag;
	void *found;

	REQUIRE_EQUAL(memtable_table_get(table, key, strlen(key), snapshot,
					 &found, &length, &tag), 0);
	CHECK(tap_is(found, length, value));
	CHECK_EQUAL(((char *)found)[length], 0);
	CHECK_EQUAL(tag, memtable_tag(sequence, MEMTABLE_TYPE_VALUE));
	free(found);
}

/* Checks that a key is deleted by an entry, or absent if that is zero. */
static void expect_none(struct memtable_table *table, const char *key, uint64_t snapshot,
			uint64_t sequence)
{
	uint64_t tag = 12345;
	size_t length;
	void *found;

	CHECK_EQUAL(memtable_table_get(table, key, strlen(key), snapshot,
				       &found, &length, &tag), -ENOENT);
	CHECK_EQUAL(tag, memtable_tag(sequence, MEMTABLE_TYPE_DELETION));
}

static void only_the_device_is_opened(void)
{
	struct memtable_table *table = NULL;

	CHECK_EQUAL(memtable_table_open("/dev/there-is-no-such", &table), -ENOENT);
	CHECK_EQUAL(memtable_table_open("/dev/null", &table), -ENOTTY);
	CHECK(!table);
	CHECK_EQUAL(memtable_table_open(MEMTABLE_DEVICE, &table), 0);
	memtable_table_close(table);
	memtable_table_close(NULL);
	memtable_table_unref(NULL);
}

static void a_handle_is_made_of_a_descriptor(void)
{
	struct memtable_table *table = NULL;
	int fd = open("/dev/null", O_RDWR);

	CHECK_EQUAL(memtable_table_from_fd(-1, &table), -EBADF);
	CHECK_EQUAL(memtable_table_from_fd(fd, &table), -ENOTTY);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	CHECK(!table);

	fd = open(MEMTABLE_DEVICE, O_RDWR);
	REQUIRE_EQUAL(memtable_table_from_fd(fd, &table), 0);
	CHECK_EQUAL(memtable_table_fd(table), fd);
	CHECK_EQUAL(put(table, "k", "v", NULL), 0);
	expect(table, "k", 0, "v", 1);
	memtable_table_close(table);
	CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
}

static void the_last_reference_closes_the_file(void)
{
	struct memtable_table *table = open_table();
	int fd;

	REQUIRE(table);
	fd = memtable_table_fd(table);
	CHECK(memtable_table_ref(table) == table);
	memtable_table_close(table);
	CHECK_EQUAL(put(table, "k", "v", NULL), 0);
	memtable_table_unref(table);
	CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
}

static void descriptors_are_not_inherited_by_programs(void)
{
	struct memtable_table *table = open_table();

	REQUIRE(table);
	CHECK(fcntl(memtable_table_fd(table), F_GETFD) & FD_CLOEXEC);
	memtable_table_close(table);
}

static void versions_are_read_at_their_snapshots(void)
{
	struct memtable_table *table = open_table();
	uint64_t first, second, third;

	REQUIRE(table);
	CHECK_EQUAL(put(table, "k", "one", &first), 0);
	CHECK_EQUAL(put(table, "k", "two", &second), 0);
	CHECK_EQUAL(memtable_table_delete(table, "k", 1, &third), 0);
	CHECK_EQUAL(put(table, "other", "", NULL), 0);
	CHECK_EQUAL(first, 1);
	CHECK_EQUAL(second, 2);
	CHECK_EQUAL(third, 3);

	expect(table, "k", first, "one", first);
	expect(table, "k", second, "two", second);
	expect_none(table, "k", third, third);
	expect_none(table, "k", 0, third);
	expect_none(table, "absent", 0, 0);
	expect_none(table, "other", third, 0);
	expect(table, "other", 0, "", 4);
	memtable_table_close(table);
}

static void deleting_what_is_not_there_leaves_a_tombstone(void)
{
	struct memtable_table *table = open_table();

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_delete(table, "k", 1, NULL), 0);
	expect_none(table, "k", 0, 1);
	memtable_table_close(table);
}

/* Lengths around the one that a get asks for first, and the longest. */
static void values_have_any_length(void)
{
	static const size_t lengths[] = {
		0, 1, 7, 8, 511, 512, 513, 4096, 65536, 1 << 20, MEMTABLE_MAX_VALUE_LENGTH,
	};
	struct memtable_table *table = open_table();
	char *value = malloc(MEMTABLE_MAX_VALUE_LENGTH + 1);
	size_t i, length;
	void *found;

	REQUIRE(table && value);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(value, 'a' + (int)i, lengths[i]);
		CHECK_EQUAL(memtable_table_put(table, &i, sizeof(i), value, lengths[i], NULL), 0);
	}
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		REQUIRE_EQUAL(memtable_table_get(table, &i, sizeof(i), 0, &found, &length, NULL),
			      0);
		memset(value, 'a' + (int)i, lengths[i]);
		CHECK_EQUAL(length, lengths[i]);
		CHECK(!memcmp(found, value, length));
		free(found);
	}
	CHECK_EQUAL(memtable_table_put(table, "k", 1, value, MEMTABLE_MAX_VALUE_LENGTH + 1, NULL),
		    -EMSGSIZE);
	CHECK_EQUAL(memtable_table_put(table, "k", 1, value, (1UL << 32) + 1, NULL), -EMSGSIZE);
	expect_none(table, "k", 0, 0);
	free(value);
	memtable_table_close(table);
}

static void keys_have_any_length(void)
{
	static const size_t lengths[] = { 0, 1, 8, 9, 255, 4096, MEMTABLE_MAX_KEY_LENGTH };
	struct memtable_table *table = open_table();
	char *key = calloc(1, MEMTABLE_MAX_KEY_LENGTH + 1);
	size_t i, length;
	void *found;

	REQUIRE(table && key);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		CHECK_EQUAL(memtable_table_put(table, key, lengths[i], &i, sizeof(i), NULL), 0);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		REQUIRE_EQUAL(memtable_table_get(table, key, lengths[i], 0, &found, &length, NULL),
			      0);
		CHECK_EQUAL(length, sizeof(i));
		CHECK(!memcmp(found, &i, sizeof(i)));
		free(found);
	}
	length = MEMTABLE_MAX_KEY_LENGTH + 1;
	CHECK_EQUAL(memtable_table_put(table, key, length, NULL, 0, NULL), -EMSGSIZE);
	CHECK_EQUAL(memtable_table_delete(table, key, length, NULL), -EMSGSIZE);
	CHECK_EQUAL(memtable_table_get(table, key, length, 0, &found, &length, NULL), -EMSGSIZE);
	CHECK_EQUAL(memtable_table_contains(table, key, 1UL << 32, 0), -EMSGSIZE);
	free(key);
	memtable_table_close(table);
}

static void get_into_tells_the_length_it_needs(void)
{
	struct memtable_table *table = open_table();
	char buffer[8] = "unharmed";
	size_t length = 0;
	uint64_t tag = 0;

	REQUIRE(table);
	CHECK_EQUAL(put(table, "k", "12345", NULL), 0);
	CHECK_EQUAL(memtable_table_get_into(table, "k", 1, 0, buffer, 4, &length, &tag), -ERANGE);
	CHECK_EQUAL(length, 5);
	CHECK_EQUAL(tag, memtable_tag(1, MEMTABLE_TYPE_VALUE));
	CHECK(!memcmp(buffer, "unharmed", 8));
	CHECK_EQUAL(memtable_table_get_into(table, "k", 1, 0, NULL, 0, &length, NULL), -ERANGE);
	CHECK_EQUAL(length, 5);
	CHECK_EQUAL(memtable_table_get_into(table, "k", 1, 0, buffer, 5, &length, NULL), 0);
	CHECK_EQUAL(length, 5);
	CHECK(!memcmp(buffer, "12345med", 8));

	CHECK_EQUAL(memtable_table_delete(table, "k", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_get_into(table, "k", 1, 0, buffer, 8, NULL, &tag), -ENOENT);
	CHECK_EQUAL(tag, memtable_tag(2, MEMTABLE_TYPE_DELETION));
	memtable_table_close(table);
}

static void contains_counts_values_only(void)
{
	struct memtable_table *table = open_table();

	REQUIRE(table);
	CHECK_EQUAL(put(table, "full", "value", NULL), 0);
	CHECK_EQUAL(put(table, "empty", "", NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "deleted", 7, NULL), 0);
	CHECK_EQUAL(memtable_table_contains(table, "full", 4, 0), 1);
	CHECK_EQUAL(memtable_table_contains(table, "empty", 5, 0), 1);
	CHECK_EQUAL(memtable_table_contains(table, "empty", 5, 1), 0);
	CHECK_EQUAL(memtable_table_contains(table, "deleted", 7, 0), 0);
	CHECK_EQUAL(memtable_table_contains(table, "absent", 6, 0), 0);
	memtable_table_close(table);
}

static void entries_may_bring_their_sequence_numbers(void)
{
	struct memtable_table *table = open_table();
	uint64_t sequence;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_add(table, 50, MEMTABLE_TYPE_VALUE, "k", 1, "fifty", 5), 0);
	CHECK_EQUAL(memtable_table_add(table, 40, MEMTABLE_TYPE_DELETION, "k", 1, NULL, 0), 0);
	CHECK_EQUAL(memtable_table_add(table, 30, MEMTABLE_TYPE_VALUE, "k", 1, "thirty", 6), 0);
	expect(table, "k", 0, "fifty", 50);
	expect(table, "k", 50, "fifty", 50);
	expect_none(table, "k", 49, 40);
	expect(table, "k", 39, "thirty", 30);
	expect_none(table, "k", 29, 0);

	CHECK_EQUAL(memtable_table_add(table, 40, MEMTABLE_TYPE_VALUE, "k", 1, "x", 1), -EEXIST);
	CHECK_EQUAL(memtable_table_add(table, 60, MEMTABLE_TYPE_DELETION, "k", 1, "x", 1), -EINVAL);
	CHECK_EQUAL(memtable_table_add(table, 60, 2, "k", 1, NULL, 0), -EINVAL);
	CHECK_EQUAL(memtable_table_add(table, MEMTABLE_MAX_SEQUENCE + 1, MEMTABLE_TYPE_VALUE,
				       "k", 1, NULL, 0), -EINVAL);
	expect(table, "k", 0, "fifty", 50);
	CHECK_EQUAL(memtable_table_add(table, 0, MEMTABLE_TYPE_VALUE, "k", 1, "next", 4), 0);
	expect(table, "k", 0, "next", 51);
	CHECK_EQUAL(put(table, "k", "after", &sequence), 0);
	CHECK_EQUAL(sequence, 52);

	CHECK_EQUAL(memtable_table_add(table, MEMTABLE_MAX_SEQUENCE, MEMTABLE_TYPE_VALUE,
				       "k", 1, "last", 4), 0);
	CHECK_EQUAL(put(table, "k", "beyond", NULL), -EOVERFLOW);
	expect(table, "k", 0, "last", MEMTABLE_MAX_SEQUENCE);
	memtable_table_close(table);
}

static void a_table_is_configured_while_empty(void)
{
	struct memtable_configure configure = { .write_buffer_size = 65536, .max_size = 131072 };
	struct memtable_table *table = open_table();
	struct memtable_info info;
	struct {
		struct memtable_configure known;
		uint64_t later;
	} larger = { .known = { .write_buffer_size = 4096 } };

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.write_buffer_size, 65536);
	CHECK_EQUAL(info.max_size, 131072);

	configure.write_buffer_size = 131073;
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), -EINVAL);
	/* A later header's structure, its new field unused and used. */
	CHECK_EQUAL(memtable_table_configure(table, &larger.known, sizeof(larger)), 0);
	larger.later = 1;
	CHECK_EQUAL(memtable_table_configure(table, &larger.known, sizeof(larger)), -E2BIG);
	CHECK_EQUAL(memtable_table_configure(table, &larger.known, 1 << 20), -E2BIG);
	CHECK_EQUAL(memtable_table_configure(table, &larger.known, 8), -EINVAL);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.write_buffer_size, 4096);
	CHECK_EQUAL(info.max_size, 0);

	CHECK_EQUAL(put(table, "k", "v", NULL), 0);
	CHECK_EQUAL(memtable_table_configure(table, &larger.known, sizeof(larger.known)), -EBUSY);
	memtable_table_close(table);
}

static void info_tells_the_figures(void)
{
	struct memtable_table *table = open_table();
	struct {
		struct memtable_info known;
		uint64_t later;
	} larger = { .later = 1 };
	struct memtable_info info;
	uint64_t usage;

	REQUIRE(table);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.abi_version, MEMTABLE_ABI_VERSION);
	CHECK_EQUAL(info.max_key_length, MEMTABLE_MAX_KEY_LENGTH);
	CHECK_EQUAL(info.max_value_length, MEMTABLE_MAX_VALUE_LENGTH);
	CHECK_EQUAL(info.entries, 0);
	CHECK_EQUAL(info.last_sequence, 0);

	CHECK_EQUAL(put(table, "key", "value", NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "key", 3, NULL), 0);
	REQUIRE_EQUAL(memtable_table_info(table, &larger.known, sizeof(larger)), 0);
	CHECK_EQUAL(larger.known.entries, 2);
	CHECK_EQUAL(larger.known.tombstones, 1);
	CHECK_EQUAL(larger.known.logical_bytes, 11);
	CHECK_EQUAL(larger.known.last_sequence, 2);
	CHECK_EQUAL(larger.known.state, 0);
	CHECK_EQUAL(larger.later, 0);
	CHECK(larger.known.memory_usage > info.memory_usage);
	CHECK_EQUAL(memtable_table_approximate_memory_usage(table, &usage), 0);
	CHECK_EQUAL(usage, larger.known.memory_usage);
	memtable_table_close(table);
}

static void memory_usage_grows_with_the_table(void)
{
	struct memtable_table *table = open_table();
	uint64_t before, after;
	char value[1000] = "";
	int i;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_approximate_memory_usage(table, &before), 0);
	for (i = 0; i < 1000; i++)
		CHECK_EQUAL(memtable_table_put(table, &i, sizeof(i), value, sizeof(value), NULL),
			    0);
	CHECK_EQUAL(memtable_table_approximate_memory_usage(table, &after), 0);
	CHECK(after - before >= 1000 * 1000);
	CHECK(after - before <= 2 * 1000 * 1000);
	memtable_table_close(table);
}

static void a_full_table_takes_nothing(void)
{
	struct memtable_configure configure = { .max_size = 65536 };
	struct memtable_table *table = open_table();
	struct memtable_info before, after;
	char value[1000] = "";
	int i, ret = 0;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	for (i = 0; !ret && i < 100; i++)
		ret = memtable_table_put(table, &i, sizeof(i), value, sizeof(value), NULL);
	CHECK_EQUAL(ret, -ENOSPC);
	CHECK(i > 30);
	REQUIRE_EQUAL(memtable_table_info(table, &before, sizeof(before)), 0);
	CHECK(before.memory_usage <= 65536);
	CHECK_EQUAL(memtable_table_put(table, &i, sizeof(i), value, sizeof(value), NULL), -ENOSPC);
	REQUIRE_EQUAL(memtable_table_info(table, &after, sizeof(after)), 0);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(after.state & MEMTABLE_STATE_FULL);
	CHECK_EQUAL(memtable_table_contains(table, &i, sizeof(i), 0), 0);
	memtable_table_close(table);
}

/* Whether an event loop would find it writable. */
static bool is_writable(struct memtable_table *table)
{
	struct pollfd pollfd = { .fd = memtable_table_fd(table), .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLOUT;
}

static void a_table_that_refused_a_write_is_full(void)
{
	struct memtable_configure configure = { .max_size = 65536 };
	struct memtable_table *table = open_table();
	struct memtable_info info;
	char *value = calloc(1, 70000);

	REQUIRE(table && value);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	CHECK(is_writable(table));
	CHECK_EQUAL(memtable_table_put(table, "k", 1, value, 70000, NULL), -ENOSPC);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.state, MEMTABLE_STATE_FULL);
	CHECK(!is_writable(table));

	/* There is room for a smaller one, which tells that there is. */
	CHECK_EQUAL(memtable_table_put(table, "k", 1, value, 7000, NULL), 0);
	CHECK(is_writable(table));
	memtable_table_close(table);
	free(value);
}

static void expect_bounds(struct memtable_table *table, const char *first, const char *last)
{
	size_t first_length, last_length;
	void *first_key, *last_key;

	REQUIRE_EQUAL(memtable_table_bounds(table, &first_key, &first_length,
					    &last_key, &last_length), 0);
	CHECK(tap_is(first_key, first_length, first));
	CHECK(tap_is(last_key, last_length, last));
	free(first_key);
	free(last_key);
}

static void bounds_are_the_first_and_the_last_key(void)
{
	struct memtable_table *table = open_table();
	size_t length;
	void *key;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_bounds(table, &key, &length, &key, &length), -ENOENT);
	CHECK_EQUAL(put(table, "m", "v", NULL), 0);
	expect_bounds(table, "m", "m");
	CHECK_EQUAL(put(table, "n", "v", NULL), 0);
	CHECK_EQUAL(put(table, "b", "v", NULL), 0);
	expect_bounds(table, "b", "n");
	CHECK_EQUAL(memtable_table_delete(table, "z", 1, NULL), 0);
	CHECK_EQUAL(memtable_table_delete(table, "b", 1, NULL), 0);
	expect_bounds(table, "b", "z");
	CHECK_EQUAL(put(table, "", "v", NULL), 0);
	expect_bounds(table, "", "z");
	memtable_table_close(table);
}

static void long_keys_are_bounds_too(void)
{
	struct memtable_table *table = open_table();
	char *key = malloc(MEMTABLE_MAX_KEY_LENGTH);
	size_t first_length, last_length;
	void *first, *last;

	REQUIRE(table && key);
	memset(key, 0xff, MEMTABLE_MAX_KEY_LENGTH);
	CHECK_EQUAL(put(table, "a", "", NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, key, MEMTABLE_MAX_KEY_LENGTH, NULL, 0, NULL), 0);
	REQUIRE_EQUAL(memtable_table_bounds(table, &first, &first_length, &last, &last_length), 0);
	CHECK(tap_is(first, first_length, "a"));
	CHECK_EQUAL(last_length, MEMTABLE_MAX_KEY_LENGTH);
	CHECK(!memcmp(last, key, last_length));
	free(first);
	free(last);
	free(key);
	memtable_table_close(table);
}

static void a_sealed_table_is_read_only(void)
{
	struct memtable_table *table = open_table();
	struct memtable_info info;

	REQUIRE(table);
	CHECK_EQUAL(put(table, "k", "v", NULL), 0);
	CHECK_EQUAL(memtable_table_wait(table, 0), 0);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	CHECK_EQUAL(put(table, "k", "w", NULL), -EROFS);
	CHECK_EQUAL(memtable_table_delete(table, "k", 1, NULL), -EROFS);
	expect(table, "k", 0, "v", 1);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK(info.state & MEMTABLE_STATE_SEALED);
	CHECK_EQUAL(memtable_table_wait(table, 0), 1);
	CHECK_EQUAL(memtable_table_wait(table, -1), 1);
	memtable_table_close(table);
}

static void waiting_ends_at_the_write_buffer_size(void)
{
	struct memtable_configure configure = { .write_buffer_size = 65536 };
	struct memtable_table *table = open_table();
	struct memtable_info info;
	char value[1000] = "";
	int i, ret = 0;

	REQUIRE(table);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	CHECK_EQUAL(memtable_table_wait(table, 10), 0);
	for (i = 0; !ret && i < 100; i++) {
		CHECK_EQUAL(memtable_table_put(table, &i, sizeof(i), value, sizeof(value), NULL),
			    0);
		REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
		ret = memtable_table_wait(table, 0);
		CHECK_EQUAL(ret, info.memory_usage >= 65536);
		CHECK_EQUAL(ret, !!(info.state & MEMTABLE_STATE_FLUSH));
	}
	CHECK_EQUAL(ret, 1);
	memtable_table_close(table);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void waiting_ends_with_a_signal(void)
{
	struct sigaction action = { .sa_handler = on_alarm }, before;
	/* Again and again, in case that it comes before the wait begins. */
	struct itimerval timer = { { 0, 50000 }, { 0, 50000 } }, none = { 0 };
	struct memtable_table *table = open_table();

	REQUIRE(table);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &timer, NULL);
	CHECK_EQUAL(memtable_table_wait(table, 60000), -EINTR);
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &before, NULL);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "only the device is opened", only_the_device_is_opened },
	{ "a handle is made of a descriptor", a_handle_is_made_of_a_descriptor },
	{ "the last reference closes the file", the_last_reference_closes_the_file },
	{ "descriptors are not inherited by programs", descriptors_are_not_inherited_by_programs },
	{ "versions are read at their snapshots", versions_are_read_at_their_snapshots },
	{ "deleting what is not there leaves a tombstone",
	  deleting_what_is_not_there_leaves_a_tombstone },
	{ "values have any length", values_have_any_length },
	{ "keys have any length", keys_have_any_length },
	{ "get_into tells the length it needs", get_into_tells_the_length_it_needs },
	{ "contains counts values only", contains_counts_values_only },
	{ "entries may bring their sequence numbers", entries_may_bring_their_sequence_numbers },
	{ "a table is configured while empty", a_table_is_configured_while_empty },
	{ "info tells the figures", info_tells_the_figures },
	{ "memory usage grows with the table", memory_usage_grows_with_the_table },
	{ "a full table takes nothing", a_full_table_takes_nothing },
	{ "a table that refused a write is full", a_table_that_refused_a_write_is_full },
	{ "bounds are the first and the last key", bounds_are_the_first_and_the_last_key },
	{ "long keys are bounds too", long_keys_are_bounds_too },
	{ "a sealed table is read-only", a_sealed_table_is_read_only },
	{ "waiting ends at the write buffer size", waiting_ends_at_the_write_buffer_size },
	{ "waiting ends with a signal", waiting_ends_with_a_signal },
};

TAP_MAIN(tests)
