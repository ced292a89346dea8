// SPDX-License-Identifier: GPL-2.0
/* Tables under numbers. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memtable.h>

#include "tap.h"

/* Far from the numbers that a person would use. */
#define BASE 0x7465737400000000ULL

static struct memtable_table *open_table(void)
{
	struct memtable_table *table = NULL;

	CHECK_EQUAL(memtable_table_open(NULL, &table), 0);
	return table;
}

static void a_published_table_is_taken_up(void)
{
	struct memtable_table *first = open_table(), *second = open_table();

	REQUIRE(first && second);
	CHECK_EQUAL(memtable_table_put(second, "gone", 4, NULL, 0, NULL), 0);
	CHECK_EQUAL(memtable_registry_attach(second, BASE), -ENOENT);
	CHECK_EQUAL(memtable_table_contains(second, "gone", 4, 0), 1);

	CHECK_EQUAL(memtable_registry_publish(first, BASE), 0);
	CHECK_EQUAL(memtable_registry_attach(second, BASE), 0);
	CHECK_EQUAL(memtable_table_contains(second, "gone", 4, 0), 0);
	CHECK_EQUAL(memtable_table_put(first, "k", 1, NULL, 0, NULL), 0);
	CHECK_EQUAL(memtable_table_contains(second, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_registry_drop(first, BASE), 0);
	CHECK_EQUAL(memtable_registry_drop(first, BASE), -ENOENT);
	CHECK_EQUAL(memtable_registry_attach(first, BASE), -ENOENT);

	/* Those who have it keep it. */
	CHECK_EQUAL(memtable_table_put(second, "l", 1, NULL, 0, NULL), 0);
	CHECK_EQUAL(memtable_table_contains(first, "l", 1, 0), 1);
	memtable_table_close(first);
	memtable_table_close(second);
}

static void a_number_is_taken_once(void)
{
	struct memtable_table *first = open_table(), *second = open_table();

	REQUIRE(first && second);
	CHECK_EQUAL(memtable_registry_publish(first, BASE + 1), 0);
	CHECK_EQUAL(memtable_registry_publish(second, BASE + 1), -EEXIST);
	CHECK_EQUAL(memtable_registry_drop(second, BASE + 1), 0);
	CHECK_EQUAL(memtable_registry_publish(second, BASE + 1), 0);
	CHECK_EQUAL(memtable_registry_drop(first, BASE + 1), 0);
	memtable_table_close(first);
	memtable_table_close(second);
}

static void a_table_is_published_once(void)
{
	struct memtable_table *table = open_table();

	REQUIRE(table);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 4), 0);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 5), -EBUSY);
	CHECK_EQUAL(memtable_registry_attach(table, BASE + 5), -ENOENT);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 4), 0);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 5), 0);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 5), 0);
	memtable_table_close(table);
}

/* What a process that became another user may do, as an exit status. */
static int become_another_user(struct memtable_table *table)
{
	size_t count;

	if (setuid(65534))
		return -errno;
	if (memtable_registry_publish(table, BASE + 7) != -EPERM ||
	    memtable_registry_attach(table, BASE + 6) != -EPERM ||
	    memtable_registry_list(table, 0, NULL, sizeof(struct memtable_list_entry),
				   0, &count) != -EPERM ||
	    memtable_registry_drop(table, BASE + 6) != -EPERM)
		return -ENOTRECOVERABLE;
	/* Its table it has. */
	return memtable_table_put(table, "k", 1, NULL, 0, NULL);
}

static void numbers_are_for_who_opened_the_device(void)
{
	struct memtable_table *table = open_table();
	int status;
	pid_t child;

	REQUIRE(table);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 6), 0);
	child = fork();
	REQUIRE(child >= 0);
	if (!child)
		_exit(-become_another_user(table));
	REQUIRE_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 6), 0);
	memtable_table_close(table);
}

static void a_rotation_leaves_an_empty_table(void)
{
	struct memtable_configure configure = { .write_buffer_size = 65536 };
	struct memtable_table *table = open_table(), *sealed = open_table(), *other;
	struct memtable_info info;
	uint64_t sequence;

	REQUIRE(table && sealed);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	CHECK_EQUAL(memtable_table_put(table, "k", 1, "v", 1, NULL), 0);
	REQUIRE_EQUAL(memtable_table_share(table, 0, &other), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 8), 0);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 0);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.entries, 0);
	CHECK_EQUAL(info.state, 0);
	CHECK_EQUAL(info.write_buffer_size, 65536);

	/* The sequence numbers go on. */
	CHECK_EQUAL(memtable_table_put(table, "k", 1, "w", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 2);

	/* The sealed table is there, and other open files stay with it. */
	REQUIRE_EQUAL(memtable_registry_attach(sealed, BASE + 8), 0);
	CHECK_EQUAL(memtable_table_contains(sealed, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_table_put(sealed, "k", 1, "x", 1, NULL), -EROFS);
	CHECK_EQUAL(memtable_table_put(other, "k", 1, "x", 1, NULL), -EROFS);

	/* A number that is taken leaves all as it is. */
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 8), -EEXIST);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_table_put(table, "l", 1, "w", 1, NULL), 0);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 8), 0);
	memtable_table_close(other);
	memtable_table_close(sealed);
	memtable_table_close(table);
}

static void a_published_table_is_rotated_under_its_number(void)
{
	struct memtable_table *table = open_table(), *second = open_table();
	uint64_t sequence;

	REQUIRE(table && second);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 9), 0);
	CHECK_EQUAL(memtable_registry_attach(second, BASE + 9), 0);
	CHECK_EQUAL(memtable_table_put(table, "k", 1, "v", 1, NULL), 0);
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 9), -EEXIST);
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 10), 0);
	/* Who has the sealed table takes the number up again. */
	CHECK_EQUAL(memtable_table_put(second, "k", 1, "w", 1, NULL), -EROFS);
	CHECK_EQUAL(memtable_table_contains(second, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_registry_attach(second, BASE + 9), 0);
	CHECK_EQUAL(memtable_table_contains(second, "k", 1, 0), 0);
	CHECK_EQUAL(memtable_table_put(second, "k", 1, "w", 1, &sequence), 0);
	CHECK_EQUAL(sequence, 2);
	/* The one with the number outlives its open files. */
	memtable_table_close(table);
	memtable_table_close(second);
	table = open_table();
	CHECK_EQUAL(memtable_registry_attach(table, BASE + 9), 0);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 11), 0);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 9), 0);
	/* That one is not published now, and can be. */
	CHECK_EQUAL(memtable_registry_rotate(table, BASE + 12), 0);
	CHECK_EQUAL(memtable_registry_attach(table, BASE + 9), -ENOENT);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 9), 0);
	for (sequence = BASE + 9; sequence <= BASE + 12; sequence++)
		CHECK_EQUAL(memtable_registry_drop(table, sequence), 0);
	memtable_table_close(table);
}

static void a_table_outlives_its_process(void)
{
	struct memtable_table *table;
	int status, ret;
	pid_t child;

	child = fork();
	REQUIRE(child >= 0);
	if (!child) {
		ret = memtable_table_open(NULL, &table);
		if (!ret)
			ret = memtable_table_put(table, "k", 1, "from the child", 14, NULL);
		if (!ret)
			ret = memtable_registry_publish(table, BASE + 2);
		_exit(-ret);
	}
	REQUIRE_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);

	table = open_table();
	REQUIRE(table);
	CHECK_EQUAL(memtable_registry_attach(table, BASE + 2), 0);
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 2), 0);
	memtable_table_close(table);
}

static void the_list_is_complete_and_in_order(void)
{
	struct memtable_list_entry entries[4];
	struct memtable_table *tables[10], *any = open_table();
	uint64_t start = BASE + 100;
	size_t count, i, seen = 0;

	REQUIRE(any);
	/* Published in another order than that of the numbers. */
	for (i = 0; i < 10; i++) {
		tables[i] = open_table();
		REQUIRE(tables[i]);
		CHECK_EQUAL(memtable_table_put(tables[i], "key", 3, "value", i % 5, NULL), 0);
		CHECK_EQUAL(memtable_registry_publish(tables[i], BASE + 100 + i * 7 % 10 * 2), 0);
	}
	CHECK_EQUAL(memtable_table_delete(tables[0], "key", 3, NULL), 0);
	CHECK_EQUAL(memtable_table_seal(tables[0]), 0);

	do {
		REQUIRE_EQUAL(memtable_registry_list(any, start, entries, sizeof(entries[0]),
						     4, &count), 0);
		for (i = 0; i < count; i++, seen++)
			CHECK_EQUAL(entries[i].number, BASE + 100 + seen * 2);
		if (start == BASE + 100) {
			CHECK_EQUAL(entries[0].entries, 2);
			CHECK_EQUAL(entries[0].tombstones, 1);
			CHECK_EQUAL(entries[0].logical_bytes, 6);
			CHECK_EQUAL(entries[0].last_sequence, 2);
			CHECK_EQUAL(entries[0].state, MEMTABLE_STATE_SEALED);
			CHECK(entries[0].memory_usage > 0);
			CHECK_EQUAL(entries[1].state, 0);
		}
		if (count)
			start = entries[count - 1].number + 1;
	} while (count == 4);
	CHECK_EQUAL(seen, 10);

	REQUIRE_EQUAL(memtable_registry_list(any, BASE + 118, entries, sizeof(entries[0]),
					     4, &count), 0);
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(memtable_registry_list(any, 0, entries, 1, 4, &count), -EINVAL);
	for (i = 0; i < 10; i++) {
		CHECK_EQUAL(memtable_registry_drop(any, BASE + 100 + i * 2), 0);
		memtable_table_close(tables[i]);
	}
	REQUIRE_EQUAL(memtable_registry_list(any, BASE + 100, entries, sizeof(entries[0]),
					     4, &count), 0);
	CHECK_EQUAL(count, 0);
	memtable_table_close(any);
}

/* What another user finds under the number, as an exit status. */
static int attach_as_another_user(uint64_t number)
{
	struct memtable_table *table;
	int ret;

	if (chmod(MEMTABLE_DEVICE, 0666) || setuid(65534))
		return -errno;
	ret = memtable_table_open(NULL, &table);
	return ret ? ret : memtable_registry_attach(table, number);
}

static void other_users_have_other_numbers(void)
{
	struct memtable_table *table = open_table();
	struct stat before;
	int status;
	pid_t child;

	REQUIRE(table);
	REQUIRE_EQUAL(stat(MEMTABLE_DEVICE, &before), 0);
	CHECK_EQUAL(memtable_registry_publish(table, BASE + 3), 0);
	child = fork();
	REQUIRE(child >= 0);
	if (!child)
		_exit(-attach_as_another_user(BASE + 3));
	REQUIRE_EQUAL(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	CHECK_EQUAL(WEXITSTATUS(status), ENOENT);
	CHECK_EQUAL(chmod(MEMTABLE_DEVICE, before.st_mode & 07777), 0);
	CHECK_EQUAL(memtable_registry_drop(table, BASE + 3), 0);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "a published table is taken up", a_published_table_is_taken_up },
	{ "a number is taken once", a_number_is_taken_once },
	{ "a table is published once", a_table_is_published_once },
	{ "numbers are for who opened the device", numbers_are_for_who_opened_the_device },
	{ "a rotation leaves an empty table", a_rotation_leaves_an_empty_table },
	{ "a published table is rotated under its number",
	  a_published_table_is_rotated_under_its_number },
	{ "a table outlives its process", a_table_outlives_its_process },
	{ "the list is complete and in order", the_list_is_complete_and_in_order },
	{ "other users have other numbers", other_users_have_other_numbers },
};

TAP_MAIN(tests)
