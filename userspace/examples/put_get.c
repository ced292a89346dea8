// SPDX-License-Identifier: GPL-2.0
/* Opens a table of its own, puts, gets, overwrites and deletes a key. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

static const char key[] = "greeting";

static int show(struct memtable_table *table, const char *when, uint64_t snapshot)
{
	size_t length;
	uint64_t tag;
	void *value;
	int ret;

	ret = memtable_table_get(table, key, strlen(key), snapshot, &value, &length, &tag);
	if (ret == -ENOENT && tag) {
		printf("%s: deleted\n", when);
		return 0;
	}
	if (ret)
		return ret;
	printf("%s: %.*s (sequence number %" PRIu64 ")\n", when, (int)length, (char *)value,
	       memtable_tag_sequence(tag));
	free(value);
	return 0;
}

static int put_get(struct memtable_table *table)
{
	uint64_t first;
	int ret;

	ret = memtable_table_put(table, key, strlen(key), "hello", 5, &first);
	if (!ret)
		ret = show(table, "put", 0);
	if (!ret)
		ret = memtable_table_put(table, key, strlen(key), "good morning", 12, NULL);
	if (!ret)
		ret = show(table, "put again", 0);
	if (!ret)
		ret = memtable_table_delete(table, key, strlen(key), NULL);
	if (!ret)
		ret = show(table, "deleted", 0);
	/* Nothing is lost: a snapshot shows the table as it was. */
	if (!ret)
		ret = show(table, "as it was at first", first);
	return ret;
}

int main(void)
{
	struct memtable_table *table;
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (!ret) {
		ret = put_get(table);
		memtable_table_close(table);
	}
	if (ret)
		fprintf(stderr, "put_get: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
