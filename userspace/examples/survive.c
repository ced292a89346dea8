// SPDX-License-Identifier: GPL-2.0
/*
 * What a crash leaves: everything that was written, and every batch whole.
 *
 *   survive write NUMBER   writes orders of a few lines each, an order a batch,
 *                          until it is killed
 *   survive check NUMBER   takes the table up and looks at every order
 *
 * Kill the first whenever you like, then run the second.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

#define LINES 16

/* Ten digits, so that the order of the keys is that of the numbers. */
static size_t line_key(char *key, size_t size, uint64_t order, int line)
{
	return snprintf(key, size, "order/%010" PRIu64 "/%02d", order, line);
}

static int write_order(struct memtable_table *table, struct memtable_batch *batch, uint64_t order)
{
	char key[64];
	size_t length;
	int ret = 0, line;

	memtable_batch_clear(batch);
	for (line = 0; !ret && line < LINES; line++) {
		length = line_key(key, sizeof(key), order, line);
		ret = memtable_batch_put(batch, key, length, &order, sizeof(order));
	}
	return ret ? ret : memtable_batch_write(batch, table, NULL);
}

static int write_orders(struct memtable_table *table)
{
	struct memtable_batch *batch;
	uint64_t order;
	int ret;

	ret = memtable_batch_create(&batch);
	if (ret)
		return ret;
	for (order = 0; !ret; order++) {
		ret = write_order(table, batch, order);
		/* Whoever reads this knows that the order is safe. */
		if (!ret && (printf("%" PRIu64 "\n", order) < 0 || fflush(stdout)))
			ret = -errno;
	}
	memtable_batch_destroy(batch);
	return ret;
}

/* Lines must follow each other without a gap, up to the last of an order. */
static int check_orders(struct memtable_table *table)
{
	struct memtable_iterator *iterator;
	uint64_t lines = 0;
	const char *found;
	char key[64];
	size_t length;
	int ret;

	ret = memtable_iterator_create(table, 0, 0, &iterator);
	if (ret)
		return ret;
	for (memtable_iterator_seek_to_first(iterator); memtable_iterator_valid(iterator);
	     memtable_iterator_next(iterator), lines++) {
		line_key(key, sizeof(key), lines / LINES, lines % LINES);
		found = memtable_iterator_key(iterator, &length);
		if (length != strlen(key) || memcmp(found, key, length)) {
			fprintf(stderr, "survive: found %.*s in place of %s\n", (int)length, found,
				key);
			ret = -EBADMSG;
			goto out;
		}
	}
	ret = memtable_iterator_status(iterator);
	if (!ret && lines % LINES) {
		fprintf(stderr, "survive: the last order has %" PRIu64 " of %d lines\n",
			lines % LINES, LINES);
		ret = -EBADMSG;
	}
	if (!ret)
		printf("%" PRIu64 " orders, each with its %d lines\n", lines / LINES, LINES);
out:
	memtable_iterator_destroy(iterator);
	return ret;
}

int main(int argc, char **argv)
{
	struct memtable_table *table;
	uint64_t number;
	int ret, check;

	if (argc != 3 || (strcmp(argv[1], "write") && strcmp(argv[1], "check"))) {
		fputs("usage: survive write|check NUMBER\n", stderr);
		return EXIT_FAILURE;
	}
	check = !strcmp(argv[1], "check");
	number = strtoull(argv[2], NULL, 10);

	ret = memtable_table_open(NULL, &table);
	if (!ret) {
		ret = check ? memtable_registry_attach(table, number) :
			      memtable_registry_publish(table, number);
		if (!ret)
			ret = check ? check_orders(table) : write_orders(table);
		memtable_table_close(table);
	}
	if (ret)
		fprintf(stderr, "survive: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
