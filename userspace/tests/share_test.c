// SPDX-License-Identifier: GPL-2.0
/* Handles that are made to be passed on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "device.h"

#define NUMBER 0x7368617265000000ULL

static void a_shared_handle_has_the_same_table(void)
{
	struct memtable_table *table = device_table(), *shared;

	REQUIRE(table);
	REQUIRE_EQUAL(memtable_table_share(table, 0, &shared), 0);
	CHECK(fcntl(memtable_table_fd(shared), F_GETFD) & FD_CLOEXEC);
	CHECK_EQUAL(device_put(table, "a", "1"), 0);
	CHECK_EQUAL(device_put(shared, "b", "2"), 0);
	CHECK(device_has(shared, "a", "1"));
	CHECK(device_has(table, "b", "2"));
	memtable_table_close(table);
	CHECK(device_has(shared, "a", "1"));
	memtable_table_close(shared);
	CHECK_EQUAL(memtable_table_share(device_table(), 1U << 31, &shared), -EINVAL);
}

static void a_read_only_handle_refuses_every_change(void)
{
	struct memtable_table *table = device_table(), *reader, *other;
	struct memtable_configure configure = { 0 };

	REQUIRE(table);
	CHECK_EQUAL(device_put(table, "k", "v"), 0);
	REQUIRE_EQUAL(memtable_table_share(table, MEMTABLE_SHARE_READ_ONLY, &reader), 0);
	CHECK(device_has(reader, "k", "v"));
	CHECK_EQUAL(device_put(reader, "k", "w"), -EBADF);
	CHECK_EQUAL(memtable_table_delete(reader, "k", 1, NULL), -EBADF);
	CHECK_EQUAL(memtable_table_put_if_absent(reader, "l", 1, "", 0, NULL), -EBADF);
	CHECK_EQUAL(memtable_table_seal(reader), -EBADF);
	CHECK_EQUAL(memtable_table_split_half(reader, &other), -EBADF);
	CHECK_EQUAL(memtable_table_configure(reader, &configure, sizeof(configure)), -EBADF);
	CHECK(write(memtable_table_fd(reader), "", 0) < 0);
	/* It makes others like itself, and nothing more. */
	CHECK_EQUAL(memtable_table_share(reader, 0, &other), -EBADF);
	REQUIRE_EQUAL(memtable_table_share(reader, MEMTABLE_SHARE_READ_ONLY, &other), 0);
	CHECK(device_has(other, "k", "v"));
	memtable_table_close(other);
	memtable_table_close(reader);
	memtable_table_close(table);
}

static void a_shared_handle_does_not_reach_the_registry(void)
{
	struct memtable_table *table = device_table(), *shared;

	REQUIRE(table);
	REQUIRE_EQUAL(memtable_table_share(table, 0, &shared), 0);
	CHECK_EQUAL(memtable_registry_publish(shared, NUMBER), -EPERM);
	CHECK_EQUAL(memtable_registry_rotate(shared, NUMBER), -EPERM);
	CHECK_EQUAL(memtable_registry_publish(table, NUMBER), 0);
	CHECK_EQUAL(memtable_registry_attach(shared, NUMBER), -EPERM);
	CHECK_EQUAL(memtable_registry_drop(shared, NUMBER), -EPERM);
	CHECK_EQUAL(memtable_registry_drop(table, NUMBER), 0);
	memtable_table_close(shared);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "a shared handle has the same table", a_shared_handle_has_the_same_table },
	{ "a read-only handle refuses every change", a_read_only_handle_refuses_every_change },
	{ "a shared handle does not reach the registry",
	  a_shared_handle_does_not_reach_the_registry },
};

TAP_MAIN(tests)
