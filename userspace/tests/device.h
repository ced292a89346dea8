/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the device share: tables, and keys with texts. */
#ifndef DEVICE_H
#define DEVICE_H

#include <errno.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

/* Rounds of a long loop: the percentage of them that MEMTABLE_TEST_SCALE gives. */
static inline unsigned int device_scaled(unsigned int rounds)
{
	const char *percent = getenv("MEMTABLE_TEST_SCALE");
	unsigned int scaled = percent ? rounds * strtoul(percent, NULL, 10) / 100 : rounds;

	return scaled ? scaled : 1;
}

static inline struct memtable_table *device_table(void)
{
	struct memtable_table *table = NULL;

	CHECK_EQUAL(memtable_table_open(NULL, &table), 0);
	return table;
}

static inline struct memtable_table *device_configured(uint32_t order, uint32_t kind)
{
	struct memtable_configure configure = { .order = order, .kind = kind };
	struct memtable_table *table = device_table();

	if (table)
		CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	return table;
}

static inline int device_put(struct memtable_table *table, const char *key, const char *value)
{
	return memtable_table_put(table, key, strlen(key), value, strlen(value), NULL);
}

/* Whether a key has this value now, or none for NULL. */
static inline bool device_has(struct memtable_table *table, const char *key, const char *value)
{
	size_t length = 0;
	void *found = NULL;
	bool same;
	int ret;

	ret = memtable_table_get(table, key, strlen(key), 0, &found, &length, NULL);
	same = value ? !ret && tap_is(found, length, value) : ret == -ENOENT;
	free(found);
	return same;
}

static inline struct memtable_info device_info(struct memtable_table *table)
{
	struct memtable_info info = { 0 };

	CHECK_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	return info;
}

#endif /* DEVICE_H */
