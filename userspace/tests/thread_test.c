// SPDX-License-Identifier: GPL-2.0
/* Threads that share a table. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

#define WRITERS		3
#define READERS		3
#define BATCHES		300
#define BATCH		8	/* entries of a batch, all with the same value */

static struct memtable_table *table;
static atomic_int writing;
static atomic_int problems;

/* What goes wrong in a thread is counted, and told by the test at its end. */
static void expect(bool ok)
{
	if (!ok)
		atomic_fetch_add(&problems, 1);
}

static void make_key(char key[8], int writer, int entry)
{
	memset(key, 0, 8);
	key[0] = 'a' + writer;
	key[1] = '0' + entry;
}

/* Writes the same keys over and over, each batch with the next value. */
static void *write_batches(void *argument)
{
	int writer = (int)(intptr_t)argument, round, i;
	struct memtable_batch *batch;
	char key[8];

	expect(!memtable_batch_create(&batch));
	for (round = 1; round <= BATCHES; round++) {
		memtable_batch_clear(batch);
		for (i = 0; i < BATCH; i++) {
			make_key(key, writer, i);
			expect(!memtable_batch_put(batch, key, 2, &round, sizeof(round)));
		}
		expect(!memtable_batch_write(batch, table, NULL));
	}
	memtable_batch_destroy(batch);
	atomic_fetch_sub(&writing, 1);
	return NULL;
}

/* Every walk finds each writer's keys all there, or none, with the same value. */
static void check_walk(int last[WRITERS], bool reverse)
{
	struct memtable_iterator *iterator;
	int counts[WRITERS] = { 0 }, values[WRITERS] = { 0 }, value, writer;
	const char *key;
	size_t length;

	expect(!memtable_iterator_create(table, 0, 0, &iterator));
	if (reverse)
		memtable_iterator_seek_to_last(iterator);
	else
		memtable_iterator_seek_to_first(iterator);
	while (memtable_iterator_valid(iterator)) {
		key = memtable_iterator_key(iterator, &length);
		writer = key[0] - 'a';
		memcpy(&value, memtable_iterator_value(iterator, NULL), sizeof(value));
		expect(!counts[writer] || value == values[writer]);
		values[writer] = value;
		counts[writer]++;
		if (reverse)
			memtable_iterator_prev(iterator);
		else
			memtable_iterator_next(iterator);
	}
	expect(!memtable_iterator_status(iterator));
	memtable_iterator_destroy(iterator);

	for (writer = 0; writer < WRITERS; writer++) {
		expect(counts[writer] == 0 || counts[writer] == BATCH);
		/* A later walk never goes back in time. */
		expect(values[writer] >= last[writer]);
		last[writer] = values[writer];
	}
}

static void check_multi_get(int last[WRITERS], void **buffer, size_t *size)
{
	struct memtable_slice keys[WRITERS * BATCH];
	struct memtable_result results[WRITERS * BATCH];
	char bytes[WRITERS * BATCH][8];
	int i, value, first = 0;

	for (i = 0; i < WRITERS * BATCH; i++) {
		make_key(bytes[i], i / BATCH, i % BATCH);
		keys[i].data = bytes[i];
		keys[i].length = 2;
	}
	expect(!memtable_table_multi_get(table, keys, WRITERS * BATCH, NULL, results,
					 buffer, size));
	for (i = 0; i < WRITERS * BATCH; i++) {
		value = 0;
		if (memtable_tag_type(results[i].tag) == MEMTABLE_TYPE_VALUE)
			memcpy(&value, results[i].value.data, sizeof(value));
		if (i % BATCH == 0)
			first = value;
		expect(value == first && value >= last[i / BATCH]);
		last[i / BATCH] = value;
	}
}

static void *read_batches(void *argument)
{
	int last[WRITERS] = { 0 };
	void *buffer = NULL;
	size_t size = 0;
	bool more, reverse = (intptr_t)argument & 1;

	/* Once more after the last batch, which must then be there. */
	do {
		more = atomic_load(&writing);
		check_walk(last, reverse);
		check_multi_get(last, &buffer, &size);
		reverse = !reverse;
	} while (more);
	expect(last[0] == BATCHES && last[1] == BATCHES && last[2] == BATCHES);
	free(buffer);
	return NULL;
}

static void readers_see_batches_whole(void)
{
	pthread_t threads[WRITERS + READERS];
	struct memtable_info info;
	intptr_t i;

	REQUIRE_EQUAL(memtable_table_open(NULL, &table), 0);
	atomic_store(&problems, 0);
	atomic_store(&writing, WRITERS);
	for (i = 0; i < WRITERS + READERS; i++)
		REQUIRE_EQUAL(pthread_create(&threads[i], NULL,
					     i < WRITERS ? write_batches : read_batches,
					     (void *)i), 0);
	for (i = 0; i < WRITERS + READERS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	CHECK_EQUAL(atomic_load(&problems), 0);
	REQUIRE_EQUAL(memtable_table_info(table, &info, sizeof(info)), 0);
	CHECK_EQUAL(info.entries, WRITERS * BATCHES * BATCH);
	CHECK_EQUAL(info.last_sequence, WRITERS * BATCHES * BATCH);
	memtable_table_close(table);
}

/* Each thread has a reference, and uses the table after others let theirs go. */
static void *use_and_unref(void *argument)
{
	int i;

	for (i = 0; i < 100; i++)
		expect(!memtable_table_put(table, &argument, sizeof(argument), &i, sizeof(i),
					   NULL));
	memtable_table_unref(table);
	return NULL;
}

static void references_are_counted_across_threads(void)
{
	pthread_t threads[4];
	intptr_t i;

	REQUIRE_EQUAL(memtable_table_open(NULL, &table), 0);
	atomic_store(&problems, 0);
	for (i = 0; i < 4; i++) {
		memtable_table_ref(table);
		REQUIRE_EQUAL(pthread_create(&threads[i], NULL, use_and_unref, (void *)i), 0);
	}
	memtable_table_unref(table);
	for (i = 0; i < 4; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	CHECK_EQUAL(atomic_load(&problems), 0);
}

/* One waits while another fills the table. */
static void *wait_for_flush(void *argument)
{
	*(int *)argument = memtable_table_wait(table, 60000);
	return NULL;
}

static void waiting_ends_when_another_thread_fills_the_table(void)
{
	struct memtable_configure configure = { .write_buffer_size = 65536 };
	char value[1000] = "";
	int ret = -1, i;
	pthread_t thread;

	REQUIRE_EQUAL(memtable_table_open(NULL, &table), 0);
	CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
	REQUIRE_EQUAL(pthread_create(&thread, NULL, wait_for_flush, &ret), 0);
	for (i = 0; i < 100; i++)
		CHECK_EQUAL(memtable_table_put(table, &i, sizeof(i), value, sizeof(value), NULL),
			    0);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(ret, 1);
	memtable_table_close(table);

	REQUIRE_EQUAL(memtable_table_open(NULL, &table), 0);
	ret = -1;
	REQUIRE_EQUAL(pthread_create(&thread, NULL, wait_for_flush, &ret), 0);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(ret, 1);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "readers see batches whole", readers_see_batches_whole },
	{ "references are counted across threads", references_are_counted_across_threads },
	{ "waiting ends when another thread fills the table",
	  waiting_ends_when_another_thread_fills_the_table },
};

TAP_MAIN(tests)
