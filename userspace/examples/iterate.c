// SPDX-License-Identifier: GPL-2.0
/* Walks a table in order: all of it backwards, then the keys with a prefix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

static int fill(struct memtable_table *table)
{
	static const char *const words[] = { "fig", "apple", "plum", "pear", "peach", "cherry" };
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < sizeof(words) / sizeof(words[0]); i++)
		ret = memtable_table_put(table, words[i], strlen(words[i]), NULL, 0, NULL);
	return ret;
}

static void show(const struct memtable_iterator *iterator)
{
	size_t length;
	const char *key = memtable_iterator_key(iterator, &length);

	printf(" %.*s", (int)length, key);
}

static int walk(struct memtable_table *table)
{
	struct memtable_iterator *iterator;
	int ret;

	ret = memtable_iterator_create(table, 0, 0, &iterator);
	if (ret)
		return ret;

	printf("backwards:");
	for (memtable_iterator_seek_to_last(iterator); memtable_iterator_valid(iterator);
	     memtable_iterator_prev(iterator))
		show(iterator);
	putchar('\n');
	ret = memtable_iterator_status(iterator);
	if (ret)
		goto out;

	ret = memtable_iterator_set_prefix(iterator, "pe", 2);
	if (ret)
		goto out;
	printf("pe...:");
	for (memtable_iterator_seek_to_first(iterator); memtable_iterator_valid(iterator);
	     memtable_iterator_next(iterator))
		show(iterator);
	putchar('\n');
	ret = memtable_iterator_status(iterator);
out:
	memtable_iterator_destroy(iterator);
	return ret;
}

int main(void)
{
	struct memtable_table *table;
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (!ret) {
		ret = fill(table);
		if (!ret)
			ret = walk(table);
		memtable_table_close(table);
	}
	if (ret)
		fprintf(stderr, "iterate: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
