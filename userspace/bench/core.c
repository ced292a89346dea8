// SPDX-License-Identifier: GPL-2.0
/*
 * The module's core: what its requests do between the copies from and to user
 * memory.
 */
#include <linux/kernel.h>

#include "batch.h"
#include "scan.h"
#include "view.h"
#include "write.h"

#include "bench.h"
#include "slab.h"

static struct mtb_table *table;

static void check(int error)
{
	if (error)
		die("error %d", error);
}

static void core_open(const char *folder, size_t count)
{
	static bool initialized;

	if (!initialized) {
		check(mtb_record_module_init());
		check(mtb_block_module_init());
		check(mtb_table_module_init());
		initialized = true;
	}
	table = mtb_table_create();
	if (!table)
		die("out of memory");
}

static void core_add(const struct entry *entries, size_t count)
{
	struct mtb_record *record;
	struct mtb_batch batch;
	u64 last_sequence;
	size_t i;

	mtb_batch_init(&batch, mtb_table_trailer(table));
	for (i = 0; i < count; i++) {
		record = mtb_record_alloc(entries[i].key_length, VALUE_LENGTH, batch.trailer);
		if (!record)
			die("out of memory");
		record->tag = mtb_tag(0, MEMTABLE_TYPE_VALUE);
		memcpy(record->data, entries[i].key, entries[i].key_length);
		memcpy(record->data + entries[i].key_length, entries[i].value, VALUE_LENGTH);
		check(mtb_batch_add(&batch, record));
	}
	check(mtb_table_write(table, &batch, NULL, &last_sequence));
	mtb_batch_destroy(&batch);
}

static size_t core_get(const struct entry *entries, size_t count, uint8_t *values)
{
	struct mtb_lookup lookups[BATCH_MAX];
	struct mtb_view view;
	size_t found = 0, i;

	for (i = 0; i < count; i++) {
		lookups[i].key = entries[i].key;
		lookups[i].key_length = entries[i].key_length;
	}
	check(mtb_view_lookup(&view, table, 0, lookups, count));
	for (i = 0; i < count; i++) {
		if (!lookups[i].record)
			continue;
		memcpy(values + i * VALUE_LENGTH, mtb_record_value(lookups[i].record),
		       VALUE_LENGTH);
		found++;
	}
	mtb_lookup_put(lookups, count);
	return found;
}

static size_t core_scan(bool backward, uint64_t *sum)
{
	static struct mtb_scan scan;
	struct mtb_record *record;
	struct mtb_view view;
	size_t count = 0;

	mtb_view_settle(&view, table, 0);
	mtb_scan_start(&scan, table, &view, backward ? MEMTABLE_SCAN_REVERSE : 0, NULL, NULL);
	while ((record = mtb_scan_next(&scan))) {
		*sum += take(record->data, record->key_length, mtb_record_value(record));
		count++;
	}
	check(mtb_scan_error(&scan));
	mtb_scan_finish(&scan);
	return count;
}

static void core_close(void)
{
	mtb_table_put(table);
}

const struct store store = {
	.open	= core_open,
	.add	= core_add,
	.get	= core_get,
	.scan	= core_scan,
	.memory	= slab_memory,
	.close	= core_close,
};
