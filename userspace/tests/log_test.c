// SPDX-License-Identifier: GPL-2.0
/*
 * The records of LevelDB's write-ahead logs, written here as its documentation
 * says, cut off and damaged.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "tap.h"

#define HEADER	7
#define MOST	4000	/* records */

/**
 * struct log - A log that is being written, and what is in it.
 * @bytes: The file.
 * @length: Its length.
 * @count: Records.
 * @begins: Where each record's bytes are in @contents.
 * @ends: Where in the file each record ends.
 * @contents: The records' bytes, back to back.
 * @size: How many these are.
 */
struct log {
	unsigned char bytes[8 * LOG_BLOCK_SIZE];
	size_t length;
	size_t count;
	size_t begins[MOST + 1];
	size_t ends[MOST];
	unsigned char contents[8 * LOG_BLOCK_SIZE];
	size_t size;
};

static struct log made;

static void add_piece(int kind, const unsigned char *data, size_t length)
{
	unsigned char *p = made.bytes + made.length;
	uint32_t crc;

	p[4] = length;
	p[5] = length >> 8;
	p[6] = kind;
	memcpy(p + HEADER, data, length);
	crc = memtable_crc32c(0, p + 6, 1 + length);
	crc = (crc >> 15 | crc << 17) + 0xa282ead8;
	memcpy(p, (unsigned char[]) { crc, crc >> 8, crc >> 16, crc >> 24 }, 4);
	made.length += HEADER + length;
}

static void add_record(size_t length)
{
	unsigned char *data = made.contents + made.size;
	size_t done = 0, left, part, i;
	bool first = true, last;

	for (i = 0; i < length; i++)
		data[i] = made.count * 31 + i;
	made.begins[made.count] = made.size;
	do {
		left = LOG_BLOCK_SIZE - made.length % LOG_BLOCK_SIZE;
		if (left < HEADER) {
			memset(made.bytes + made.length, 0, left);
			made.length += left;
			left = LOG_BLOCK_SIZE;
		}
		part = length - done < left - HEADER ? length - done : left - HEADER;
		last = done + part == length;
		add_piece(first ? last ? 1 : 2 : last ? 4 : 3, data + done, part);
		done += part;
		first = false;
	} while (!last);
	made.ends[made.count++] = made.length;
	made.size += length;
	made.begins[made.count] = made.size;
}

static void make(void)
{
	unsigned int seed = 7;

	memset(&made, 0, sizeof(made));
	add_record(0);
	/* One that ends where no header can follow, and one just before that. */
	add_record(LOG_BLOCK_SIZE - 2 * HEADER - HEADER - 3);
	add_record(5000);
	/* One that needs a middle. */
	add_record(2 * LOG_BLOCK_SIZE);
	while (made.length < 5 * LOG_BLOCK_SIZE + 20000)
		add_record(rand_r(&seed) % (rand_r(&seed) % 8 ? 300 : 9000));
}

static int file_of(const unsigned char *bytes, size_t length)
{
	int fd = memfd_create("log", 0);

	if (write(fd, bytes, length) != (ssize_t)length)
		return -1;
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool is_record(const struct log_reader *reader, size_t i)
{
	return reader->record_length == made.begins[i + 1] - made.begins[i] &&
	       (!reader->record_length || !memcmp(reader->record, made.contents + made.begins[i],
						  reader->record_length));
}

/* Reads records, which must be some of those that were made, in order. */
static int read_all(struct log_reader *reader, size_t *count)
{
	size_t next = 0;
	int ret;

	*count = 0;
	while ((ret = memtable_log_next(reader)) == 1) {
		while (next < made.count && !is_record(reader, next))
			next++;
		if (!CHECK(next < made.count))
			break;
		next++;
		++*count;
	}
	return ret;
}

static void checksums_are_those_of_crc_32c(void)
{
	static const unsigned char zeros[32];
	unsigned char ones[32], ascending[32];
	int i;

	memset(ones, 0xff, sizeof(ones));
	for (i = 0; i < 32; i++)
		ascending[i] = i;
	/* RFC 3720, B.4. */
	CHECK_EQUAL(memtable_crc32c(0, zeros, 32), 0x8a9136aa);
	CHECK_EQUAL(memtable_crc32c(0, ones, 32), 0x62a8ab43);
	CHECK_EQUAL(memtable_crc32c(0, ascending, 32), 0x46dd794e);
	CHECK_EQUAL(memtable_crc32c(0, "123456789", 9), 0xe3069283);
	CHECK_EQUAL(memtable_crc32c(memtable_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	CHECK_EQUAL(memtable_crc32c(0, "", 0), 0);
}

static void all_records_are_read(void)
{
	static struct log_reader reader;
	size_t count;

	make();
	reader = (struct log_reader) { .fd = file_of(made.bytes, made.length) };
	CHECK_EQUAL(read_all(&reader, &count), 0);
	CHECK_EQUAL(count, made.count);
	CHECK_EQUAL(memtable_log_torn(&reader), 0);
	CHECK_EQUAL(reader.corruptions, 0);
	close(reader.fd);
	free(reader.record);
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

/* From a pipe, a few bytes at a time, with a signal in between whose handler returns. */
static void a_log_may_come_in_pieces(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	static struct log_reader reader;
	size_t count, done, piece;
	int fds[2], status;
	pid_t child;

	make();
	REQUIRE(!pipe(fds));
	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (!child) {
		for (done = 0; done < made.length; done += piece) {
			piece = made.length - done < 999 ? made.length - done : 999;
			if (write(fds[1], made.bytes + done, piece) != (ssize_t)piece)
				_exit(1);
			kill(getppid(), SIGUSR1);
		}
		_exit(0);
	}
	close(fds[1]);
	reader = (struct log_reader) { .fd = fds[0] };
	CHECK_EQUAL(read_all(&reader, &count), 0);
	CHECK_EQUAL(count, made.count);
	CHECK_EQUAL(memtable_log_torn(&reader), 0);
	signal(SIGUSR1, SIG_IGN);
	CHECK(signals > 0);
	/* So that the child does not wait for a reader that gave up. */
	close(fds[0]);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);
	free(reader.record);
}

/* At every byte of two blocks. */
static void a_log_may_end_anywhere(void)
{
	static struct log_reader reader;
	size_t length, whole = 0, count, end, left;
	unsigned int seed = 5;
	int fd;

	memset(&made, 0, sizeof(made));
	while (made.length < LOG_BLOCK_SIZE + 5000)
		add_record(rand_r(&seed) % (rand_r(&seed) % 8 ? 300 : 9000));
	fd = file_of(made.bytes, made.length);
	for (length = made.length; length; length--) {
		for (whole = made.count; whole && made.ends[whole - 1] > length; whole--)
			;
		end = whole ? made.ends[whole - 1] : 0;
		REQUIRE(!ftruncate(fd, length));
		lseek(fd, 0, SEEK_SET);
		reader = (struct log_reader) { .fd = fd, .record = reader.record,
					       .record_size = reader.record_size };
		REQUIRE_EQUAL(read_all(&reader, &count), 0);
		REQUIRE_EQUAL(count, whole);
		REQUIRE_EQUAL(reader.corruptions, 0);
		/* A block's last bytes are of no record. */
		left = LOG_BLOCK_SIZE - end % LOG_BLOCK_SIZE;
		REQUIRE_EQUAL(memtable_log_torn(&reader),
			      left < HEADER && length - end <= left ? 0 : length - end);
	}
	close(fd);
	free(reader.record);
}

static void every_flipped_bit_is_noticed(void)
{
	static struct log_reader reader;
	static unsigned char bytes[sizeof(made.bytes)];
	unsigned int seed = 3;
	size_t count, at, round;
	int fd, ret;

	make();
	memcpy(bytes, made.bytes, made.length);
	for (round = 0; round < 1000; round++) {
		/* Behind this a longer length cannot be told from a log that is cut off. */
		at = rand_r(&seed) % (5 * LOG_BLOCK_SIZE);
		bytes[at] ^= 1 << round % 8;
		fd = file_of(bytes, made.length);
		REQUIRE(fd >= 0);
		reader = (struct log_reader) { .fd = fd };
		ret = read_all(&reader, &count);
		CHECK(ret == -EBADMSG || (!ret && count == made.count));
		CHECK(!ret == !reader.reason);
		free(reader.record);

		/* What is not hit is read nevertheless. */
		lseek(fd, 0, SEEK_SET);
		reader = (struct log_reader) { .fd = fd, .skip = true };
		CHECK_EQUAL(read_all(&reader, &count), 0);
		CHECK(count == made.count || reader.corruptions);
		CHECK(count > 0);
		CHECK(reader.corrupt_bytes <= made.length);
		free(reader.record);
		close(fd);
		bytes[at] ^= 1 << round % 8;
		if (tap_failed)
			return;
	}
}

static void expect_corrupt(size_t good, const char *reason, size_t rest)
{
	static struct log_reader reader;
	size_t count;
	int fd = file_of(made.bytes, made.length);

	reader = (struct log_reader) { .fd = fd };
	CHECK_EQUAL(read_all(&reader, &count), -EBADMSG);
	CHECK_EQUAL(count, good);
	CHECK(reader.reason && !strcmp(reader.reason, reason));
	free(reader.record);

	lseek(fd, 0, SEEK_SET);
	reader = (struct log_reader) { .fd = fd, .skip = true };
	CHECK_EQUAL(read_all(&reader, &count), 0);
	CHECK_EQUAL(count, good + rest);
	free(reader.record);
	close(fd);
}

static void pieces_must_make_records(void)
{
	memset(&made, 0, sizeof(made));
	add_record(10);
	add_piece(3, made.contents, 10);
	add_record(11);
	expect_corrupt(1, "a record without its begin", 1);

	memset(&made, 0, sizeof(made));
	add_record(10);
	add_piece(2, made.contents, 10);
	add_record(11);
	expect_corrupt(1, "a record without its end", 1);

	/* Kinds of other programs, among them those that stand for no piece here. */
	memset(&made, 0, sizeof(made));
	add_record(10);
	add_piece(5, made.contents, 10);
	add_piece(6, made.contents, 10);
	add_record(11);
	expect_corrupt(1, "an unknown kind of record", 1);
}

/* As of a file that was allocated before it was written. */
static void zeros_at_the_end_are_nothing(void)
{
	static struct log_reader reader;
	size_t count;

	memset(&made, 0, sizeof(made));
	add_record(10);
	made.length += 1000;
	reader = (struct log_reader) { .fd = file_of(made.bytes, made.length) };
	CHECK_EQUAL(read_all(&reader, &count), 0);
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(memtable_log_torn(&reader), 0);
	close(reader.fd);
	free(reader.record);
}

static const struct tap_test tests[] = {
	{ "checksums are those of CRC-32C", checksums_are_those_of_crc_32c },
	{ "all records are read", all_records_are_read },
	{ "a log may come in pieces", a_log_may_come_in_pieces },
	{ "a log may end anywhere", a_log_may_end_anywhere },
	{ "every flipped bit is noticed", every_flipped_bit_is_noticed },
	{ "pieces must make records", pieces_must_make_records },
	{ "zeros at the end are nothing", zeros_at_the_end_are_nothing },
};

TAP_MAIN(tests)
