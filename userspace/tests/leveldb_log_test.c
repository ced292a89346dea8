// SPDX-License-Identifier: GPL-2.0
/*
 * Logs that the real LevelDB has written, cut off and damaged everywhere. What is in
 * them the test knows, since it gave it to LevelDB; where each write batch ends it
 * knows from the log's length after each write. What has to come of a log is what
 * comes of it in LevelDB, which is asked at some of the places.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leveldb/c.h>

#include "log.h"
#include "tap.h"

#define HEADER	7
#define BATCHES	2000
#define KEYS	150

/**
 * struct log - A log, and what is in it.
 * @bytes: The file.
 * @length: Its length.
 * @manifest: The file that tells LevelDB of the log.
 * @manifest_length: Its length.
 * @count: Write batches.
 * @ends: Where in the file each of them ends.
 * @sizes: How much of @all they are, up to each of them.
 * @all: All their entries.
 */
struct log {
	char bytes[4 * LOG_BLOCK_SIZE];
	size_t length;
	char manifest[4096];
	size_t manifest_length;
	size_t count;
	size_t ends[BATCHES];
	size_t sizes[BATCHES];
	struct memtable_batch *all;
};

/* What came of reading a log. */
struct outcome {
	int ret;
	uint64_t torn;
	uint64_t corruptions;
	struct memtable_batch *entries;
};

/* In memory, since LevelDB waits for the disk whenever it opens a database. */
static char folder[] = "/dev/shm/leveldb_log_test.XXXXXX";
static struct log log_file;
static leveldb_options_t *options;

static bool well(char *error)
{
	bool none = CHECK(!error);

	if (error)
		printf("# %s\n", error);
	leveldb_free(error);
	return none;
}

static void path_of(char path[100], const char *name)
{
	snprintf(path, 100, "%s/%s", folder, name);
}

static size_t size_of(const char *name)
{
	struct stat status = { 0 };
	char path[100];

	path_of(path, name);
	stat(path, &status);
	return status.st_size;
}

static size_t read_file(const char *name, char *to, size_t size)
{
	ssize_t length = -1;
	char path[100];
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		length = read(fd, to, size);
	close(fd);
	return CHECK(length > 0 && (size_t)length < size) ? length : 0;
}

static void write_file(const char *name, const char *bytes, size_t length)
{
	char path[100];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	close(fd);
}

static void empty_folder(void)
{
	struct dirent *file;
	char path[400];
	DIR *opened;

	opened = opendir(folder);
	if (!CHECK(opened))
		return;
	while ((file = readdir(opened))) {
		snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
		unlink(path);
	}
	closedir(opened);
}

/* Writes a batch of some entries, the first of them with this length of value. */
static void write_batch(leveldb_t *db, unsigned int entries, size_t value_length,
			unsigned int *seed)
{
	leveldb_writeoptions_t *write_options = leveldb_writeoptions_create();
	leveldb_writebatch_t *batch = leveldb_writebatch_create();
	static char value[3 * LOG_BLOCK_SIZE];
	uint64_t sequence = memtable_batch_count(log_file.all);
	char key[16], *error = NULL;
	int length;

	memset(value, 'a' + sequence % 26, value_length);
	while (entries--) {
		length = snprintf(key, sizeof(key), "key%u", rand_r(seed) % KEYS);
		if (value_length || rand_r(seed) % 3) {
			leveldb_writebatch_put(batch, key, length, value, value_length);
			memtable_batch_add(log_file.all, ++sequence, MEMTABLE_TYPE_VALUE,
					   key, length, value, value_length);
		} else {
			leveldb_writebatch_delete(batch, key, length);
			memtable_batch_add(log_file.all, ++sequence, MEMTABLE_TYPE_DELETION,
					   key, length, NULL, 0);
		}
		value_length = rand_r(seed) % 2 ? rand_r(seed) % 120 : 0;
	}
	leveldb_write(db, write_options, batch, &error);
	well(error);
	log_file.length = size_of("000003.log");
	log_file.ends[log_file.count] = log_file.length;
	log_file.sizes[log_file.count++] = memtable_batch_size(log_file.all);
	leveldb_writebatch_destroy(batch);
	leveldb_writeoptions_destroy(write_options);
}

/* Lets LevelDB write batches, the one with the large value in its place, up to a length. */
static bool write_log(size_t large_at, size_t large, size_t length)
{
	unsigned int seed = 3;
	char *error = NULL;
	leveldb_t *db;

	empty_folder();
	memtable_batch_destroy(log_file.all);
	memset(&log_file, 0, sizeof(log_file));
	if (!CHECK_EQUAL(memtable_batch_create(&log_file.all), 0))
		return false;
	leveldb_options_set_create_if_missing(options, 1);
	leveldb_options_set_paranoid_checks(options, 1);
	db = leveldb_open(options, folder, &error);
	if (!well(error))
		return false;
	while (log_file.length < length && !tap_failed) {
		if (log_file.length >= large_at && large) {
			write_batch(db, 1, large, &seed);
			large = 0;
		}
		write_batch(db, 1 + rand_r(&seed) % 6, rand_r(&seed) % 120, &seed);
	}
	leveldb_close(db);
	read_file("000003.log", log_file.bytes, sizeof(log_file.bytes));
	log_file.manifest_length = read_file("MANIFEST-000002", log_file.manifest,
					     sizeof(log_file.manifest));
	return !tap_failed;
}

/* Reads a log, and leaves its entries in a batch. */
static struct outcome read_log(int fd, bool skip, struct memtable_batch *entries)
{
	static struct memtable_batch *one;
	static struct log_reader reader;
	struct outcome outcome = { .entries = entries };

	if (!one)
		CHECK_EQUAL(memtable_batch_create(&one), 0);
	lseek(fd, 0, SEEK_SET);
	reader = (struct log_reader) { .fd = fd, .skip = skip, .record = reader.record,
				       .record_size = reader.record_size };
	memtable_batch_clear(entries);
	while ((outcome.ret = memtable_log_next_batch(&reader, one)) == 1)
		CHECK_EQUAL(memtable_batch_append(entries, one), 0);
	outcome.torn = memtable_log_torn(&reader);
	outcome.corruptions = reader.corruptions;
	return outcome;
}

/* Whether entries are those of the first batches. */
static bool are_first(const struct memtable_batch *entries, size_t count)
{
	size_t size = count ? log_file.sizes[count - 1] : 0;

	return memtable_batch_size(entries) == size &&
	       (!size || !memcmp(memtable_batch_data(entries), memtable_batch_data(log_file.all),
				 size));
}

/* Whether entries are those of some of the batches, each of them whole, in their order. */
static bool are_some(const struct memtable_batch *entries)
{
	const char *data = memtable_batch_data(entries);
	const char *all = memtable_batch_data(log_file.all);
	size_t left = memtable_batch_size(entries), begin = 0, size, i;

	for (i = 0; i < log_file.count && left; i++, begin += size) {
		size = log_file.sizes[i] - begin;
		if (size <= left && !memcmp(data, all + begin, size)) {
			data += size;
			left -= size;
		}
	}
	return !left;
}

/* The newest entry of each key. */
static size_t newest(const struct memtable_batch *entries, const struct memtable_record *found[KEYS])
{
	const struct memtable_record *record;
	size_t offset = 0, count = 0, i;

	memset(found, 0, KEYS * sizeof(found[0]));
	while (memtable_batch_size(entries) &&
	       (record = memtable_record_next(memtable_batch_data(entries),
					      memtable_batch_size(entries), &offset)))
		found[atoi((const char *)memtable_record_key(record) + 3)] = record;
	for (i = 0; i < KEYS; i++)
		count += found[i] && memtable_tag_type(found[i]->tag) == MEMTABLE_TYPE_VALUE;
	return count;
}

static void expect_contents(leveldb_t *db, const struct memtable_batch *entries)
{
	leveldb_readoptions_t *read_options = leveldb_readoptions_create();
	leveldb_iterator_t *it = leveldb_create_iterator(db, read_options);
	const struct memtable_record *found[KEYS], *record;
	size_t count = newest(entries, found), length;
	const char *data;

	for (leveldb_iter_seek_to_first(it); leveldb_iter_valid(it); leveldb_iter_next(it)) {
		data = leveldb_iter_key(it, &length);
		record = found[atoi(data + 3)];
		if (!CHECK(record && memtable_tag_type(record->tag) == MEMTABLE_TYPE_VALUE &&
			   record->key_length == length))
			break;
		data = leveldb_iter_value(it, &length);
		if (!CHECK(record->value_length == length &&
			   !memcmp(memtable_record_value(record), data, length)))
			break;
		count--;
	}
	CHECK_EQUAL(count, 0);
	leveldb_iter_destroy(it);
	leveldb_readoptions_destroy(read_options);
}

/* Whether LevelDB makes the same of a log. */
static bool leveldb_agrees(const char *bytes, size_t length, const struct outcome *outcome,
			   bool skip)
{
	char *error = NULL;
	leveldb_t *db;

	empty_folder();
	write_file("CURRENT", "MANIFEST-000002\n", 16);
	write_file("MANIFEST-000002", log_file.manifest, log_file.manifest_length);
	write_file("000003.log", bytes, length);
	leveldb_options_set_create_if_missing(options, 0);
	leveldb_options_set_paranoid_checks(options, !skip);
	db = leveldb_open(options, folder, &error);
	CHECK_EQUAL(!db, outcome->ret == -EBADMSG);
	if (db)
		expect_contents(db, outcome->entries);
	if (db)
		leveldb_close(db);
	leveldb_free(error);
	return !tap_failed;
}

/* A file in memory. */
static int file_of(const char *bytes, size_t length)
{
	int fd = memfd_create("log", 0);

	CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	return fd;
}

/* A log of three blocks whose middle one is of one batch, which begins before and ends after. */
static bool write_three_blocks(void)
{
	return write_log(LOG_BLOCK_SIZE - 9000, LOG_BLOCK_SIZE + 20000,
			 3 * LOG_BLOCK_SIZE - 200) &&
	       CHECK(log_file.length > 3 * LOG_BLOCK_SIZE - 300) &&
	       CHECK(log_file.length <= 3 * LOG_BLOCK_SIZE);
}

/* Cuts the log off at every byte, from its end down to a length. */
static void cut_off(size_t least)
{
	struct memtable_batch *entries;
	struct outcome outcome;
	size_t length, whole = log_file.count, end, left, asked = 0;
	int fd = file_of(log_file.bytes, log_file.length);

	REQUIRE_EQUAL(memtable_batch_create(&entries), 0);
	for (length = log_file.length; length >= least && !tap_failed; length--) {
		while (whole && log_file.ends[whole - 1] > length)
			whole--;
		end = whole ? log_file.ends[whole - 1] : 0;
		/* A block's last bytes are of no batch. */
		left = LOG_BLOCK_SIZE - end % LOG_BLOCK_SIZE;
		CHECK(!ftruncate(fd, length));
		outcome = read_log(fd, false, entries);
		CHECK_EQUAL(outcome.ret, 0);
		CHECK_EQUAL(outcome.corruptions, 0);
		CHECK_EQUAL(outcome.torn, left < HEADER && length - end <= left ? 0 : length - end);
		CHECK(are_first(entries, whole));
		if (length % LOG_BLOCK_SIZE < HEADER + 2 || length - end < 2 || length % 1009 == 0) {
			leveldb_agrees(log_file.bytes, length, &outcome, false);
			asked++;
		}
		if (tap_failed)
			printf("# cut off at %zu\n", length);
	}
	printf("# %zu batches; LevelDB was asked %zu times\n", log_file.count, asked);
	CHECK(asked > HEADER);
	close(fd);
	memtable_batch_destroy(entries);
}

static void the_last_two_blocks_may_be_cut_off_anywhere(void)
{
	REQUIRE(write_three_blocks());
	cut_off(LOG_BLOCK_SIZE);
}

/* The first batch ends where no other can begin in its block. */
static void what_fills_a_block_may_be_cut_off(void)
{
	size_t length = LOG_BLOCK_SIZE - 3, large = 30000;

	REQUIRE(write_log(0, large, length));
	REQUIRE(write_log(0, large + length - log_file.ends[0], length + 500));
	REQUIRE_EQUAL(log_file.ends[0], length);
	cut_off(length - 500);
}

/*
 * Flips a bit. An error is told, unless what is damaged cannot be told from what is
 * cut off, and nothing comes that was not there.
 */
static void flip(int fd, size_t at, int bit, bool ask)
{
	static struct memtable_batch *entries;
	struct outcome outcome;
	char byte = log_file.bytes[at];
	int skip;

	if (!entries)
		CHECK_EQUAL(memtable_batch_create(&entries), 0);
	log_file.bytes[at] ^= 1 << bit;
	CHECK_EQUAL(pwrite(fd, &log_file.bytes[at], 1, at), 1);
	for (skip = 0; skip < 2; skip++) {
		outcome = read_log(fd, skip, entries);
		CHECK(!outcome.ret || (!skip && outcome.ret == -EBADMSG));
		CHECK(are_some(entries));
		CHECK(outcome.corruptions || outcome.torn);
		CHECK(!skip == (outcome.ret == -EBADMSG) || !outcome.corruptions);
		if (ask)
			leveldb_agrees(log_file.bytes, log_file.length, &outcome, skip);
	}
	log_file.bytes[at] = byte;
	CHECK_EQUAL(pwrite(fd, &byte, 1, at), 1);
	if (tap_failed)
		printf("# bit %d of byte %zu\n", bit, at);
}

static void every_bit_may_be_wrong(void)
{
	size_t at;
	int fd, bit;

	REQUIRE(write_log(0, 0, 1500));
	fd = file_of(log_file.bytes, log_file.length);
	for (at = 0; at < log_file.length && !tap_failed; at++)
		for (bit = 0; bit < 8 && !tap_failed; bit++)
			flip(fd, at, bit, at % 8 == (size_t)bit);
	printf("# %zu batches in %zu bytes\n", log_file.count, log_file.length);
	close(fd);
}

/* Where batches go on from block to block. */
static void bits_may_be_wrong_between_blocks(void)
{
	size_t at;
	int fd, bit;

	REQUIRE(write_three_blocks());
	fd = file_of(log_file.bytes, log_file.length);
	for (at = LOG_BLOCK_SIZE - 100; at < 2 * LOG_BLOCK_SIZE + 100 && !tap_failed; at++) {
		if (at == LOG_BLOCK_SIZE + 100)
			at = 2 * LOG_BLOCK_SIZE - 100;
		for (bit = 0; bit < 8 && !tap_failed; bit++)
			flip(fd, at, bit, at % 8 == (size_t)bit);
	}
	close(fd);
}

static void the_folder_is_made(void)
{
	options = leveldb_options_create();
	CHECK(mkdtemp(folder));
}

static void the_folder_is_removed(void)
{
	empty_folder();
	CHECK(!rmdir(folder));
	leveldb_options_destroy(options);
	memtable_batch_destroy(log_file.all);
}

static const struct tap_test tests[] = {
	{ "the folder is made", the_folder_is_made },
	{ "the last two blocks may be cut off anywhere",
	  the_last_two_blocks_may_be_cut_off_anywhere },
	{ "what fills a block may be cut off", what_fills_a_block_may_be_cut_off },
	{ "every bit may be wrong", every_bit_may_be_wrong },
	{ "bits may be wrong between blocks", bits_may_be_wrong_between_blocks },
	{ "the folder is removed", the_folder_is_removed },
};

TAP_MAIN(tests)
