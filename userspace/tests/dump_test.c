// SPDX-License-Identifier: GPL-2.0
/* Tables as record streams in files. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

#define FOLDER "/tmp/dump_test"
#define PATH FOLDER "/dump"
#define ENTRIES ((int)device_scaled(20000) + 2)

static uint64_t last_done, last_total;

static void note_progress(void *argument, uint64_t done, uint64_t total)
{
	CHECK(argument == &last_done);
	CHECK(done >= last_done);
	last_done = done;
	last_total = total;
}

/* A megabyte and more: versions, tombstones, an empty key, a large value. */
static struct memtable_table *filled(void)
{
	struct memtable_table *table = device_table();
	char *large = calloc(1, 1 << 20), key[16], value[300] = "some value";
	int i, ret = 0;

	for (i = 0; table && !ret && i < ENTRIES - 2; i++) {
		snprintf(key, sizeof(key), "%d", i * 7919 % 6000);
		ret = i % 10 == 9 ? memtable_table_delete(table, key, strlen(key), NULL) :
				    memtable_table_put(table, key, strlen(key), value, i % 300,
						       NULL);
	}
	CHECK_EQUAL(ret, 0);
	CHECK_EQUAL(memtable_table_put(table, "", 0, "", 0, NULL), 0);
	CHECK_EQUAL(memtable_table_put(table, "large", 5, large, 1 << 20, NULL), 0);
	free(large);
	return table;
}

static bool same_entry(struct memtable_iterator *a, struct memtable_iterator *b)
{
	size_t a_key, b_key, a_value, b_value;
	const void *a_key_data = memtable_iterator_key(a, &a_key);
	const void *b_key_data = memtable_iterator_key(b, &b_key);
	const void *a_data = memtable_iterator_value(a, &a_value);
	const void *b_data = memtable_iterator_value(b, &b_value);

	return memtable_iterator_sequence(a) == memtable_iterator_sequence(b) &&
	       memtable_iterator_type(a) == memtable_iterator_type(b) &&
	       a_key == b_key && !memcmp(a_key_data, b_key_data, a_key) &&
	       a_value == b_value && !memcmp(a_data, b_data, a_value);
}

static void expect_same(struct memtable_table *a, struct memtable_table *b)
{
	const uint32_t flags = MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES;
	struct memtable_iterator *a_at, *b_at;

	REQUIRE_EQUAL(memtable_iterator_create(a, flags, 0, &a_at), 0);
	REQUIRE_EQUAL(memtable_iterator_create(b, flags, 0, &b_at), 0);
	memtable_iterator_seek_to_first(a_at);
	memtable_iterator_seek_to_first(b_at);
	while (memtable_iterator_valid(a_at) && memtable_iterator_valid(b_at) &&
	       CHECK(same_entry(a_at, b_at))) {
		memtable_iterator_next(a_at);
		memtable_iterator_next(b_at);
	}
	CHECK(!memtable_iterator_valid(a_at));
	CHECK(!memtable_iterator_valid(b_at));
	memtable_iterator_destroy(a_at);
	memtable_iterator_destroy(b_at);
}

static void a_table_is_dumped_and_restored(void)
{
	struct memtable_table *table = filled(), *again = device_table();
	uint64_t entries = 0;
	struct stat stat_file;
	int fd;

	REQUIRE(table && again);
	mkdir(FOLDER, 0755);
	last_done = 0;
	CHECK_EQUAL(memtable_dump_file(table, PATH, note_progress, &last_done, &entries), 0);
	CHECK_EQUAL(entries, ENTRIES);
	CHECK_EQUAL(last_done, ENTRIES);
	CHECK_EQUAL(last_total, ENTRIES);

	fd = open(PATH, O_RDONLY);
	REQUIRE(fd >= 0);
	REQUIRE(!fstat(fd, &stat_file));
	last_done = 0;
	entries = 0;
	CHECK_EQUAL(memtable_restore(again, fd, note_progress, &last_done, &entries), 0);
	CHECK_EQUAL(entries, ENTRIES);
	CHECK_EQUAL(last_done, stat_file.st_size);
	expect_same(table, again);
	CHECK_EQUAL(device_info(again).last_sequence, ENTRIES);
	close(fd);
	CHECK(!unlink(PATH));
	memtable_table_close(again);
	memtable_table_close(table);
}

static void an_empty_table_is_an_empty_file(void)
{
	struct memtable_table *table = device_table();
	uint64_t entries = 7;
	struct stat stat_file;
	int fd;

	REQUIRE(table);
	CHECK_EQUAL(memtable_dump_file(table, PATH, NULL, NULL, &entries), 0);
	CHECK_EQUAL(entries, 0);
	REQUIRE(!stat(PATH, &stat_file));
	CHECK_EQUAL(stat_file.st_size, 0);
	fd = open(PATH, O_RDONLY);
	CHECK_EQUAL(memtable_restore(table, fd, NULL, NULL, NULL), 0);
	CHECK_EQUAL(device_info(table).entries, 0);
	close(fd);
	unlink(PATH);
	memtable_table_close(table);
}

static void maps_take_values_only(void)
{
	struct memtable_table *table = device_table();
	struct memtable_table *map = device_configured(0, MEMTABLE_KIND_MAP);
	int fd;

	REQUIRE(table && map);
	CHECK_EQUAL(device_put(map, "a", "1"), 0);
	CHECK_EQUAL(device_put(map, "a", "2"), 0);
	CHECK_EQUAL(device_put(map, "b", "3"), 0);
	CHECK_EQUAL(memtable_dump_file(map, PATH, NULL, NULL, NULL), 0);
	memtable_table_close(map);

	map = device_configured(0, MEMTABLE_KIND_MAP);
	fd = open(PATH, O_RDONLY);
	REQUIRE(map && fd >= 0);
	CHECK_EQUAL(memtable_restore(map, fd, NULL, NULL, NULL), 0);
	CHECK(device_has(map, "a", "2"));
	CHECK(device_has(map, "b", "3"));
	close(fd);

	CHECK_EQUAL(memtable_table_delete(table, "a", 1, NULL), 0);
	CHECK_EQUAL(memtable_dump_file(table, PATH, NULL, NULL, NULL), 0);
	fd = open(PATH, O_RDONLY);
	CHECK_EQUAL(memtable_restore(map, fd, NULL, NULL, NULL), -EINVAL);
	CHECK(device_has(map, "a", "2"));
	close(fd);
	unlink(PATH);
	memtable_table_close(map);
	memtable_table_close(table);
}

/* Cut off at every byte of its last records, a stream still gives the whole ones. */
static void a_stream_that_is_cut_off_is_noticed(void)
{
	struct memtable_table *table = device_table(), *again;
	uint64_t entries;
	off_t length;
	int fd;

	REQUIRE(table);
	CHECK_EQUAL(device_put(table, "a", "123456789"), 0);
	CHECK_EQUAL(device_put(table, "b", "1"), 0);
	CHECK_EQUAL(memtable_dump_file(table, PATH, NULL, NULL, NULL), 0);
	fd = open(PATH, O_RDWR);
	REQUIRE(fd >= 0);
	/* Records of 32 and of 24 bytes. */
	CHECK_EQUAL(lseek(fd, 0, SEEK_END), 56);
	for (length = 55; length >= 0; length--) {
		REQUIRE(!ftruncate(fd, length));
		lseek(fd, 0, SEEK_SET);
		again = device_table();
		CHECK_EQUAL(memtable_restore(again, fd, NULL, NULL, &entries),
			    length % 32 ? -EBADMSG : 0);
		CHECK_EQUAL(entries, length >= 32);
		CHECK_EQUAL(device_info(again).entries, length >= 32);
		memtable_table_close(again);
	}
	close(fd);
	unlink(PATH);
	memtable_table_close(table);
}

/* Of a stream of three records with any bit wrong, what is in front of that is taken. */
static void restore_damaged(int fd, off_t length)
{
	struct memtable_table *again = device_table();
	uint64_t entries = 0;
	int ret, out;

	REQUIRE(again);
	lseek(fd, 0, SEEK_SET);
	ret = memtable_restore(again, fd, NULL, NULL, &entries);
	CHECK(!ret || ret == -EBADMSG || ret == -EINVAL);
	CHECK_EQUAL(device_info(again).entries, entries);
	if (!ret) {
		/* As many bytes as were there. */
		out = memfd_create("dump", 0);
		CHECK_EQUAL(memtable_dump(again, out, NULL, NULL, NULL), 0);
		CHECK_EQUAL(lseek(out, 0, SEEK_END), length);
		close(out);
	}
	CHECK_EQUAL(device_put(again, "after it", "all"), 0);
	memtable_table_close(again);
}

static void every_bit_of_a_stream_may_be_wrong(void)
{
	struct memtable_table *table = device_table();
	int fd = memfd_create("dump", 0), bit;
	off_t length, at;
	char byte, wrong;

	REQUIRE(table && fd >= 0);
	CHECK_EQUAL(device_put(table, "a", "123456789"), 0);
	CHECK_EQUAL(device_put(table, "bcd", "1"), 0);
	CHECK_EQUAL(memtable_table_delete(table, "e", 1, NULL), 0);
	CHECK_EQUAL(memtable_dump(table, fd, NULL, NULL, NULL), 0);
	length = lseek(fd, 0, SEEK_END);
	CHECK_EQUAL(length, 32 + 24 + 24);
	for (at = 0; at < length && !tap_failed; at++) {
		for (bit = 0; bit < 8 && !tap_failed; bit++) {
			CHECK_EQUAL(pread(fd, &byte, 1, at), 1);
			wrong = byte ^ 1 << bit;
			CHECK_EQUAL(pwrite(fd, &wrong, 1, at), 1);
			restore_damaged(fd, length);
			CHECK_EQUAL(pwrite(fd, &byte, 1, at), 1);
			if (tap_failed)
				printf("# bit %d of byte %lld\n", bit, (long long)at);
		}
	}
	close(fd);
	memtable_table_close(table);
}

static void a_closed_pipe_is_an_error(void)
{
	struct memtable_table *table = filled();
	uint64_t entries;
	int fds[2];

	REQUIRE(table && !pipe(fds));
	entries = device_info(table).entries;
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	CHECK_EQUAL(memtable_dump(table, fds[1], NULL, NULL, NULL), -EPIPE);
	signal(SIGPIPE, SIG_DFL);
	close(fds[1]);
	CHECK_EQUAL(device_info(table).entries, entries);
	memtable_table_close(table);
}

static void a_full_disk_leaves_nothing_but_the_table(void)
{
	struct memtable_table *table = filled();
	uint64_t entries = device_info(table).entries;

	REQUIRE(table);
	REQUIRE(!mount("none", FOLDER, "tmpfs", 0, "size=256k"));
	CHECK_EQUAL(memtable_dump_file(table, PATH, NULL, NULL, NULL), -ENOSPC);
	CHECK(access(PATH, F_OK));
	CHECK(access(PATH ".tmp", F_OK));
	CHECK_EQUAL(device_info(table).entries, entries);
	CHECK(!umount(FOLDER));
	CHECK_EQUAL(memtable_dump_file(table, PATH, NULL, NULL, &entries), 0);
	CHECK_EQUAL(entries, device_info(table).entries);
	unlink(PATH);
	CHECK(!rmdir(FOLDER));
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "a table is dumped and restored", a_table_is_dumped_and_restored },
	{ "an empty table is an empty file", an_empty_table_is_an_empty_file },
	{ "maps take values only", maps_take_values_only },
	{ "a stream that is cut off is noticed", a_stream_that_is_cut_off_is_noticed },
	{ "every bit of a stream may be wrong", every_bit_of_a_stream_may_be_wrong },
	{ "a closed pipe is an error", a_closed_pipe_is_an_error },
	{ "a full disk leaves nothing but the table", a_full_disk_leaves_nothing_but_the_table },
};

TAP_MAIN(tests)
