// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that are handled, and whose handlers do not ask for calls to be restarted:
 * no request, and nothing that reads or writes a file, ends before its time.
 */
#include <endian.h>
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

/* Of a log: each has a batch of one entry, and 16 of them fill a block of 32 KiB. */
#define LOG_PIECE	2048
#define LOG_PIECES	200

static uint32_t crc32c(const unsigned char *data, size_t length)
{
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* A record that is whole: checksum, length, kind; then sequence number, count, entry. */
static void make_piece(unsigned char *piece, uint32_t sequence)
{
	const uint32_t length = LOG_PIECE - 7, first = htole32(sequence), count = htole32(1);
	uint32_t crc;

	memset(piece, 'v', LOG_PIECE);
	memcpy(piece + 4, (unsigned char[]) { length & 255, length >> 8, 1 }, 3);
	memset(piece + 7, 0, 12);
	memcpy(piece + 7, &first, sizeof(first));
	memcpy(piece + 15, &count, sizeof(count));
	memcpy(piece + 19, (unsigned char[]) { 1, 8 }, 2);
	snprintf((char *)piece + 21, 9, "%08u", sequence);
	/* What is left is the value, behind its length. */
	memcpy(piece + 29, (unsigned char[]) { ((LOG_PIECE - 31) & 127) | 128,
					       (LOG_PIECE - 31) >> 7 }, 2);
	crc = crc32c(piece + 6, LOG_PIECE - 6);
	crc = htole32((crc >> 15 | crc << 17) + 0xa282ead8);
	memcpy(piece, &crc, sizeof(crc));
}

/* A bit at a time, so that the reader waits for nearly all of it. */
static void write_log(int fd)
{
	unsigned char piece[LOG_PIECE];
	uint32_t i;

	for (i = 1; i <= LOG_PIECES; i++) {
		make_piece(piece, i);
		if (write(fd, piece, 999) != 999)
			_exit(1);
		usleep(2000);
		if (write(fd, piece + 999, LOG_PIECE - 999) != LOG_PIECE - 999)
			_exit(1);
	}
	_exit(0);
}

static void replay_log(struct memtable_table *table)
{
	struct memtable_log_report report;
	int fds[2], status;
	pid_t child;

	REQUIRE(table && !pipe(fds));
	child = fork();
	if (!child) {
		close(fds[0]);
		write_log(fds[1]);
	}
	close(fds[1]);
	begin();
	CHECK_EQUAL(memtable_log_replay(table, fds[0], 0, NULL, NULL, &report), 0);
	end();
	/* So that the child does not wait for a reader that gave up. */
	close(fds[0]);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(report.entries, LOG_PIECES);
	CHECK_EQUAL(report.last_sequence, LOG_PIECES);
	CHECK_EQUAL(report.torn_bytes, 0);
	CHECK_EQUAL(count_entries(table), LOG_PIECES);
}

static void replays_go_on(void)
{
	struct memtable_table *table;
	unsigned int rounds, all = 0;

	for (rounds = 0; all < SIGNALS && !tap_failed; rounds++) {
		table = device_table();
		replay_log(table);
		memtable_table_close(table);
		all += signals;
	}
	printf("# %u signals in %u rounds\n", all, rounds);
}

static const struct tap_test tests[] = {
	{ "requests go on", requests_go_on },
	{ "pipes go on", pipes_go_on },
	{ "replays go on", replays_go_on },
};

TAP_MAIN(tests)
