// SPDX-License-Identifier: GPL-2.0
/*
 * The device, through the library, as a program would use it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <memtable.h>

#include "bench.h"

#define CACHES	"memtable_"

static struct memtable_table *table;
static struct memtable_batch *batch;

static void check(int error)
{
	if (error)
		die("%s", strerror(-error));
}

/*
 * Whole slabs of the module's caches, and a pointer for each object that they
 * have room for: the kernel has these where memory is charged to a control
 * group, and does not show them here.
 */
static uint64_t device_memory(void)
{
	unsigned long objects, size, in_slab, pages, slabs;
	uint64_t memory = 0;
	char line[512], name[64];
	FILE *file;

	file = fopen("/proc/slabinfo", "r");
	if (!file)
		die("cannot read /proc/slabinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %*u %lu %lu %lu %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   name, &objects, &size, &in_slab, &pages, &slabs) != 6)
			continue;
		if (!strncmp(name, CACHES, strlen(CACHES)))
			memory += slabs * pages * sysconf(_SC_PAGESIZE) + objects * sizeof(void *);
	}
	fclose(file);
	return memory;
}

/*
 * The kernel frees a table some time after it was closed. Wait for that: neither
 * its time nor its memory is to count for the next one.
 */
static void wait_until_freed(void)
{
	uint64_t before, now = device_memory();

	do {
		before = now;
		usleep(100000);
		now = device_memory();
	} while (now != before);
}

static void device_open(const char *folder, size_t count)
{
	(void)folder;
	(void)count;
	if (!batch)
		check(memtable_batch_create(&batch));
	wait_until_freed();
	check(memtable_table_open(NULL, &table));
}

static void device_add(const struct entry *entries, size_t count)
{
	size_t i;

	if (count == 1) {
		check(memtable_table_put(table, entries->key, entries->key_length, entries->value,
					 VALUE_LENGTH, NULL));
		return;
	}
	memtable_batch_clear(batch);
	for (i = 0; i < count; i++)
		check(memtable_batch_put(batch, entries[i].key, entries[i].key_length,
					 entries[i].value, VALUE_LENGTH));
	check(memtable_batch_write(batch, table, NULL));
}

static size_t get_one(const struct entry *entry, uint8_t *value)
{
	size_t length;
	int error;

	error = memtable_table_get_into(table, entry->key, entry->key_length, 0, value,
					VALUE_LENGTH, &length, NULL);
	if (error == -ENOENT)
		return 0;
	check(error);
	return 1;
}

static size_t device_get(const struct entry *entries, size_t count, uint8_t *values)
{
	static __thread struct memtable_slice keys[BATCH_MAX];
	static __thread struct memtable_result results[BATCH_MAX];
	static __thread void *buffer;
	static __thread size_t size;
	size_t found = 0, i;

	if (count == 1)
		return get_one(entries, values);
	for (i = 0; i < count; i++)
		keys[i] = (struct memtable_slice){ entries[i].key, entries[i].key_length };
	check(memtable_table_multi_get(table, keys, count, NULL, results, &buffer, &size));
	for (i = 0; i < count; i++) {
		if (memtable_tag_type(results[i].tag) != MEMTABLE_TYPE_VALUE)
			continue;
		memcpy(values + i * VALUE_LENGTH, results[i].value.data, VALUE_LENGTH);
		found++;
	}
	return found;
}

static size_t device_scan(bool backward, uint64_t *sum)
{
	struct memtable_iterator *iterator;
	size_t count = 0, length;

	check(memtable_iterator_create(table, 0, 0, &iterator));
	check(backward ? memtable_iterator_seek_to_last(iterator) :
			 memtable_iterator_seek_to_first(iterator));
	while (memtable_iterator_valid(iterator)) {
		*sum += visit(memtable_iterator_key(iterator, &length),
			      memtable_iterator_value(iterator, &length));
		count++;
		check(backward ? memtable_iterator_prev(iterator) :
				 memtable_iterator_next(iterator));
	}
	check(memtable_iterator_status(iterator));
	memtable_iterator_destroy(iterator);
	return count;
}

/* The kernel frees the memory later, and takes none of the caller's time for it. */
static void device_close(void)
{
	memtable_table_unref(table);
}

const struct store store = {
	.open	= device_open,
	.add	= device_add,
	.get	= device_get,
	.scan	= device_scan,
	.memory	= device_memory,
	.close	= device_close,
};
