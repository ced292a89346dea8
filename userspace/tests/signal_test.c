// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that are handled, and whose handlers do not ask for calls to be restarted:
 * no request, and nothing that reads or writes a file, ends before its time.
 */
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

#define ENTRIES		2000
#define SIGNALS		device_scaled(100)

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

/* Has a signal come every few milliseconds. */
static void begin(void)
{
	const struct itimerval often = { { 0, 4000 }, { 0, 4000 } };
	const struct sigaction action = { .sa_handler = on_signal };

	signals = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void end(void)
{
	const struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}

/* Some hundred bytes each, so that all of them are more than a pipe holds. */
static struct memtable_batch *make_batch(void)
{
	struct memtable_batch *batch = NULL;
	char key[16], value[200];
	int i;

	CHECK_EQUAL(memtable_batch_create(&batch), 0);
	memset(value, 'v', sizeof(value));
	for (i = 0; i < ENTRIES; i++)
		CHECK_EQUAL(memtable_batch_put(batch, key, snprintf(key, sizeof(key), "key%d", i),
					       value, sizeof(value)), 0);
	return batch;
}

static int count_entries(struct memtable_table *table)
{
	struct memtable_iterator *iterator;
	int count = 0;

	CHECK_EQUAL(memtable_iterator_create(table, 0, 0, &iterator), 0);
	CHECK_EQUAL(memtable_iterator_seek_to_first(iterator), 0);
	for (; memtable_iterator_valid(iterator); count++)
		CHECK_EQUAL(memtable_iterator_next(iterator), 0);
	memtable_iterator_destroy(iterator);
	return count;
}

static void requests_go_on(void)
{
	struct memtable_batch *batch = make_batch();
	struct memtable_table *table;
	unsigned int rounds;

	begin();
	for (rounds = 0; signals < (int)SIGNALS && !tap_failed; rounds++) {
		table = device_table();
		CHECK_EQUAL(memtable_batch_write(batch, table, NULL), 0);
		CHECK_EQUAL(count_entries(table), ENTRIES);
		CHECK(!device_has(table, "key7", "other"));
		memtable_table_close(table);
	}
	end();
	printf("# %d signals in %u rounds\n", (int)signals, rounds);
	memtable_batch_destroy(batch);
}

/* One process dumps into a pipe what the other one restores. */
static void pipe_table(struct memtable_table *table)
{
	struct memtable_table *again = device_table();
	uint64_t entries = 0;
	int fds[2], status;
	pid_t child;

	REQUIRE(again && !pipe(fds));
	child = fork();
	if (!child) {
		close(fds[0]);
		begin();
		_exit(memtable_dump(table, fds[1], NULL, NULL, &entries) || entries != ENTRIES);
	}
	close(fds[1]);
	CHECK_EQUAL(memtable_restore(again, fds[0], NULL, NULL, &entries), 0);
	CHECK_EQUAL(entries, ENTRIES);
	CHECK_EQUAL(count_entries(again), ENTRIES);
	close(fds[0]);
	end();
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);
	memtable_table_close(again);
}

static void pipes_go_on(void)
{
	struct memtable_table *table = device_table();
	struct memtable_batch *batch = make_batch();
	unsigned int rounds, all = 0;

	REQUIRE(table);
	CHECK_EQUAL(memtable_batch_write(batch, table, NULL), 0);
	for (rounds = 0; all < SIGNALS && !tap_failed; rounds++) {
		begin();
		pipe_table(table);
		all += signals;
	}
	printf("# %u signals in %u rounds\n", all, rounds);
	memtable_batch_destroy(batch);
	memtable_table_close(table);
}

static const struct tap_test tests[] = {
	{ "requests go on", requests_go_on },
	{ "pipes go on", pipes_go_on },
};

TAP_MAIN(tests)
