// SPDX-License-Identifier: GPL-2.0
/*
 * Tables and the real LevelDB: its log replayed into a table, a table finished
 * to a file that it opens, its database loaded.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leveldb/c.h>

#include "device.h"
#include "fire.h"
#include "memtable-leveldb.h"

#define DATABASE	"/tmp/leveldb_test"
#define REPAIRED	"/tmp/leveldb_test.repaired"
#define OPERATIONS	device_scaled(30000)
#define KEYS		(OPERATIONS / 3 + 1)

static leveldb_options_t *options;
static char message[200];

static leveldb_t *open_database(const char *path, size_t write_buffer_size)
{
	char *error = NULL;
	leveldb_t *db;

	if (!options)
		options = leveldb_options_create();
	leveldb_options_set_create_if_missing(options, 1);
	leveldb_options_set_write_buffer_size(options, write_buffer_size);
	db = leveldb_open(options, path, &error);
	if (error)
		printf("# %s\n", error);
	CHECK(db);
	return db;
}

static void destroy_database(const char *path)
{
	char *error = NULL;

	leveldb_destroy_db(options, path, &error);
	CHECK(!error);
	leveldb_free(error);
	rmdir(path);
}

/* Puts, overwrites and deletes, some of them together in a batch. */
static void write_database(leveldb_t *db)
{
	leveldb_writeoptions_t *write_options = leveldb_writeoptions_create();
	leveldb_writebatch_t *batch = leveldb_writebatch_create();
	char key[16], value[400], *error = NULL;
	unsigned int seed = 1, operations = OPERATIONS, keys = KEYS, i, length;

	memset(value, 'v', sizeof(value));
	for (i = 0; i < operations; i++) {
		length = snprintf(key, sizeof(key), "key%u", rand_r(&seed) % keys);
		if (rand_r(&seed) % 5)
			leveldb_writebatch_put(batch, key, length, value,
					       snprintf(value, sizeof(value), "%u", i) +
					       rand_r(&seed) % 300);
		else
			leveldb_writebatch_delete(batch, key, length);
		if (rand_r(&seed) % 3)
			continue;
		leveldb_write(db, write_options, batch, &error);
		CHECK(!error);
		leveldb_writebatch_clear(batch);
	}
	/* One that takes several blocks of the log. */
	char *large = calloc(1, 200000);

	leveldb_writebatch_put(batch, "large", 5, large, 200000);
	leveldb_writebatch_put(batch, "", 0, "", 0);
	leveldb_write(db, write_options, batch, &error);
	CHECK(!error);
	free(large);
	leveldb_writebatch_destroy(batch);
	leveldb_writeoptions_destroy(write_options);
}

/*
 * Opens the newest log that the database has. Where it was closed before what it
 * sealed last was compacted there is an older one, too.
 */
static int open_log(const char *path)
{
	char newest[256] = "", name[300];
	struct dirent *file;
	DIR *folder;

	folder = opendir(path);
	while (folder && (file = readdir(folder))) {
		if (strstr(file->d_name, ".log") && strcmp(file->d_name, newest) > 0)
			strcpy(newest, file->d_name);
	}
	if (folder)
		closedir(folder);
	snprintf(name, sizeof(name), "%s/%s", path, newest);
	return open(name, O_RDWR);
}

/* Walks both, which must have the same keys and values, and enough of them. */
static void expect_same(leveldb_t *db, struct memtable_table *table, size_t least)
{
	leveldb_readoptions_t *read_options = leveldb_readoptions_create();
	leveldb_iterator_t *a = leveldb_create_iterator(db, read_options);
	struct memtable_iterator *b;
	size_t a_length, b_length, count = 0;
	const char *a_data, *b_data;

	REQUIRE_EQUAL(memtable_iterator_create(table, 0, 0, &b), 0);
	leveldb_iter_seek_to_first(a);
	memtable_iterator_seek_to_first(b);
	while (leveldb_iter_valid(a) && memtable_iterator_valid(b)) {
		a_data = leveldb_iter_key(a, &a_length);
		b_data = memtable_iterator_key(b, &b_length);
		if (!CHECK(a_length == b_length && !memcmp(a_data, b_data, a_length)))
			break;
		a_data = leveldb_iter_value(a, &a_length);
		b_data = memtable_iterator_value(b, &b_length);
		if (!CHECK(a_length == b_length && !memcmp(a_data, b_data, a_length)))
			break;
		leveldb_iter_next(a);
		memtable_iterator_next(b);
		count++;
	}
	CHECK(!leveldb_iter_valid(a));
	CHECK(!memtable_iterator_valid(b));
	CHECK(count >= least);
	memtable_iterator_destroy(b);
	leveldb_iter_destroy(a);
	leveldb_readoptions_destroy(read_options);
}

static struct memtable_table *replayed(int fd, int wanted, uint32_t flags,
				       struct memtable_log_report *report)
{
	struct memtable_table *table = device_table();

	lseek(fd, 0, SEEK_SET);
	if (table)
		CHECK_EQUAL(memtable_log_replay(table, fd, flags, NULL, NULL, report), wanted);
	return table;
}

static void a_log_is_replayed_and_finished(void)
{
	struct memtable_log_report report;
	struct memtable_table *table;
	char *error = NULL;
	leveldb_t *db;
	uint64_t entries = 0;
	int fd;

	/* All of it stays in the log. */
	db = open_database(DATABASE, 64 << 20);
	REQUIRE(db);
	write_database(db);
	fd = open_log(DATABASE);
	REQUIRE(fd >= 0);
	table = replayed(fd, 0, 0, &report);
	REQUIRE(table);
	CHECK_EQUAL(report.entries, device_info(table).entries);
	CHECK(report.entries >= OPERATIONS - 20);
	CHECK_EQUAL(report.last_sequence, report.entries);
	CHECK_EQUAL(report.torn_bytes, 0);
	CHECK(!report.reason);
	expect_same(db, table, KEYS / 2);
	leveldb_close(db);
	close(fd);

	/* Alone in a folder, under the name of a table file. */
	mkdir(REPAIRED, 0755);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	if (!CHECK_EQUAL(memtable_leveldb_finish(table, REPAIRED "/000007.ldb", NULL, NULL,
						 &entries, message, sizeof(message)), 0))
		printf("# %s\n", message);
	CHECK_EQUAL(entries, report.entries);
	CHECK(access(REPAIRED "/000007.ldb.tmp", F_OK));
	leveldb_repair_db(options, REPAIRED, &error);
	if (!CHECK(!error))
		printf("# %s\n", error);
	db = open_database(REPAIRED, 4 << 20);
	REQUIRE(db);
	expect_same(db, table, KEYS / 2);
	/* It goes on with the sequence numbers, or this would stay hidden. */
	leveldb_writeoptions_t *write_options = leveldb_writeoptions_create();

	leveldb_put(db, write_options, "large", 5, "small", 5, &error);
	CHECK(!error);
	leveldb_writeoptions_destroy(write_options);
	memtable_table_close(table);
	table = device_table();
	CHECK_EQUAL(device_put(table, "x", "y"), 0);
	leveldb_close(db);
	CHECK_EQUAL(memtable_leveldb_load(table, REPAIRED, NULL, NULL, &entries, message,
					  sizeof(message)), 0);
	CHECK(device_has(table, "large", "small"));
	CHECK(device_has(table, "", ""));
	CHECK_EQUAL(device_info(table).entries, entries + 1);
	memtable_table_close(table);
	destroy_database(REPAIRED);
	destroy_database(DATABASE);
}

/* Each key that the table tells of must be as the database has it. Returns how many are deleted. */
static size_t expect_part(leveldb_t *db, struct memtable_table *table)
{
	leveldb_readoptions_t *read_options = leveldb_readoptions_create();
	size_t length, value_length, deleted = 0;
	struct memtable_iterator *iterator;
	const void *key, *value;
	char *found, *error = NULL;

	CHECK_EQUAL(memtable_iterator_create(table, MEMTABLE_SCAN_TOMBSTONES, 0, &iterator), 0);
	for (memtable_iterator_seek_to_first(iterator); memtable_iterator_valid(iterator);
	     memtable_iterator_next(iterator)) {
		key = memtable_iterator_key(iterator, &length);
		found = leveldb_get(db, read_options, key, length, &length, &error);
		if (memtable_iterator_type(iterator) == MEMTABLE_TYPE_DELETION) {
			deleted++;
			CHECK(!found);
		} else {
			value = memtable_iterator_value(iterator, &value_length);
			CHECK(found && length == value_length && !memcmp(found, value, length));
		}
		leveldb_free(found);
	}
	CHECK_EQUAL(memtable_iterator_status(iterator), 0);
	CHECK(!error);
	memtable_iterator_destroy(iterator);
	leveldb_readoptions_destroy(read_options);
	return deleted;
}

/* Most of the database is compacted, and the log has what came last. */
static void what_is_left_in_a_log_is_finished(void)
{
	struct memtable_log_report report;
	struct memtable_table *table;
	uint64_t entries = 0;
	char *error = NULL;
	size_t deleted;
	leveldb_t *db;
	int fd;

	db = open_database(DATABASE, 256 << 10);
	REQUIRE(db);
	write_database(db);
	leveldb_close(db);
	fd = open_log(DATABASE);
	REQUIRE(fd >= 0);
	table = replayed(fd, 0, 0, &report);
	REQUIRE(table);
	close(fd);
	CHECK(report.entries < OPERATIONS);
	/* Opening moves the log into a file: only now may the database be asked. */
	db = open_database(DATABASE, 4 << 20);
	REQUIRE(db);
	deleted = expect_part(db, table);
	CHECK(deleted > 0);
	leveldb_close(db);

	mkdir(REPAIRED, 0755);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	CHECK_EQUAL(memtable_leveldb_finish(table, REPAIRED "/000007.ldb", NULL, NULL, &entries,
					    message, sizeof(message)), 0);
	CHECK_EQUAL(entries, report.entries);
	leveldb_repair_db(options, REPAIRED, &error);
	CHECK(!error);
	db = open_database(REPAIRED, 4 << 20);
	REQUIRE(db);
	expect_same(db, table, 1);
	CHECK_EQUAL(expect_part(db, table), deleted);
	leveldb_close(db);
	memtable_table_close(table);
	destroy_database(REPAIRED);
	destroy_database(DATABASE);
}

static void a_database_is_loaded(void)
{
	struct memtable_table *table = device_table();
	leveldb_t *db;
	uint64_t entries = 0;

	REQUIRE(table);
	/* Some of it is compacted, some is in the log. */
	db = open_database(DATABASE, 256 << 10);
	REQUIRE(db);
	write_database(db);
	/* Nobody else may have it open. */
	CHECK_EQUAL(memtable_leveldb_load(table, DATABASE, NULL, NULL, NULL, message,
					  sizeof(message)), -EIO);
	CHECK(strstr(message, "lock"));
	leveldb_close(db);
	if (!CHECK_EQUAL(memtable_leveldb_load(table, DATABASE, NULL, NULL, &entries, message,
					       sizeof(message)), 0))
		printf("# %s\n", message);
	CHECK_EQUAL(entries, device_info(table).entries);
	db = open_database(DATABASE, 4 << 20);
	REQUIRE(db);
	expect_same(db, table, KEYS / 2);
	leveldb_close(db);
	memtable_table_close(table);

	table = device_table();
	CHECK_EQUAL(memtable_leveldb_load(table, "/nowhere", NULL, NULL, &entries, message,
					  sizeof(message)), -EIO);
	CHECK_EQUAL(entries, 0);
	memtable_table_close(table);
	destroy_database(DATABASE);
}

/* What LevelDB recovers from a log that was cut off, the table has, too. */
static void a_log_that_is_cut_off_is_as_leveldb_has_it(void)
{
	struct memtable_log_report report;
	struct memtable_table *table;
	leveldb_t *db;
	off_t length;
	int fd;

	db = open_database(DATABASE, 64 << 20);
	REQUIRE(db);
	write_database(db);
	leveldb_close(db);
	fd = open_log(DATABASE);
	REQUIRE(fd >= 0);
	/* In the last batch, which takes several blocks. */
	length = lseek(fd, 0, SEEK_END) - 1000;
	REQUIRE(!ftruncate(fd, length));
	table = replayed(fd, 0, 0, &report);
	REQUIRE(table);
	CHECK(report.torn_bytes > 150000 && report.torn_bytes < 210000);
	CHECK_EQUAL(report.offset + report.torn_bytes, length);
	CHECK(!report.reason);
	close(fd);
	/* Opening moves the log into a file. */
	db = open_database(DATABASE, 64 << 20);
	REQUIRE(db);
	expect_same(db, table, KEYS / 2);
	leveldb_close(db);
	memtable_table_close(table);
	destroy_database(DATABASE);
}

static void a_corrupt_log_is_refused_or_skipped(void)
{
	struct memtable_log_report report;
	struct memtable_table *table;
	uint64_t good;
	leveldb_t *db;
	off_t middle;
	char byte;
	int fd;

	db = open_database(DATABASE, 64 << 20);
	REQUIRE(db);
	write_database(db);
	leveldb_close(db);
	fd = open_log(DATABASE);
	REQUIRE(fd >= 0);
	middle = lseek(fd, 0, SEEK_END) / 2;
	CHECK_EQUAL(pread(fd, &byte, 1, middle), 1);
	byte ^= 1;
	CHECK_EQUAL(pwrite(fd, &byte, 1, middle), 1);

	table = replayed(fd, -EBADMSG, 0, &report);
	REQUIRE(table);
	good = report.entries;
	CHECK(good > 0);
	CHECK_EQUAL(device_info(table).entries, good);
	CHECK(report.reason && strstr(report.reason, "checksum"));
	memtable_table_close(table);

	table = replayed(fd, 0, MEMTABLE_LOG_SKIP_CORRUPT, &report);
	REQUIRE(table);
	CHECK(report.entries > good);
	CHECK(report.corrupt_bytes > 0 && report.corrupt_bytes < 2 * 32768);
	CHECK_EQUAL(device_info(table).entries, report.entries);
	CHECK(device_has(table, "", ""));
	memtable_table_close(table);
	table = replayed(fd, -EINVAL, 1U << 31, NULL);
	memtable_table_close(table);
	close(fd);
	destroy_database(DATABASE);
}

#define SMALL	20

/* A file of a small database. */
struct file {
	char path[300];
	char bytes[4096];
	size_t length;
};

static struct file files[8];
static size_t file_count;

/* A database in which half of the entries are in a table file, the others in a log. */
static void write_small_database(void)
{
	leveldb_writeoptions_t *write_options = leveldb_writeoptions_create();
	char key[16], value[16], *error = NULL;
	leveldb_t *db;
	int i;

	db = open_database(DATABASE, 4 << 20);
	for (i = 0; i < SMALL && db; i++) {
		if (i == SMALL / 2) {
			leveldb_close(db);
			db = open_database(DATABASE, 4 << 20);
		}
		leveldb_put(db, write_options, key, snprintf(key, sizeof(key), "key%d", i),
			    value, snprintf(value, sizeof(value), "value%d", i), &error);
		CHECK(!error);
	}
	leveldb_close(db);
	leveldb_writeoptions_destroy(write_options);
}

/* Has all of it in memory, but for LevelDB's notes about its work. */
static void read_small_database(void)
{
	struct dirent *entry;
	struct file *file;
	DIR *folder = opendir(DATABASE);
	int fd;

	file_count = 0;
	while (folder && (entry = readdir(folder)) && CHECK(file_count < 8)) {
		if (entry->d_type != DT_REG || !strncmp(entry->d_name, "LO", 2))
			continue;
		file = &files[file_count++];
		snprintf(file->path, sizeof(file->path), DATABASE "/%s", entry->d_name);
		fd = open(file->path, O_RDONLY);
		file->length = read(fd, file->bytes, sizeof(file->bytes));
		CHECK(file->length < sizeof(file->bytes));
		close(fd);
	}
	if (folder)
		closedir(folder);
}

static void restore_small_database(void)
{
	struct dirent *entry;
	DIR *folder = opendir(DATABASE);
	size_t i;
	int fd;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	for (i = 0; i < file_count; i++) {
		fd = open(files[i].path, O_WRONLY | O_CREAT, 0644);
		CHECK_EQUAL(write(fd, files[i].bytes, files[i].length), files[i].length);
		close(fd);
	}
}

/*
 * What is loaded of a database is right, whatever is wrong with a file; whether all
 * is there that was, LevelDB must know. Returns whether an error was told.
 */
static bool load_damaged(bool whole)
{
	struct memtable_table *table = device_table();
	char key[16], value[16];
	uint64_t entries = 0;
	int ret, i, found = 0;

	restore_small_database();
	ret = memtable_leveldb_load(table, DATABASE, NULL, NULL, &entries, message,
				    sizeof(message));
	CHECK(!ret || ret == -EIO);
	CHECK(!ret == !*message);
	CHECK_EQUAL(entries, device_info(table).entries);
	for (i = 0; i < SMALL; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		snprintf(value, sizeof(value), "value%d", i);
		found += device_has(table, key, value);
	}
	CHECK_EQUAL(found, entries);
	CHECK(ret || !whole || found == SMALL);
	memtable_table_close(table);
	return ret;
}

/* A bit of each byte of each file. */
static void every_byte_of_a_database_may_be_wrong(void)
{
	size_t i, at, bytes = 0, told = 0, step;
	struct file *file;

	write_small_database();
	read_small_database();
	CHECK_EQUAL(file_count, 4);
	CHECK(!load_damaged(true));
	for (i = 0; i < file_count; i++) {
		file = &files[i];
		step = 1 + file->length / (device_scaled(file->length) + 1);
		for (at = 0; at < file->length && !tap_failed; at += step, bytes++) {
			file->bytes[at] ^= 1 << at % 8;
			told += load_damaged(strstr(file->path, ".ldb"));
			file->bytes[at] ^= 1 << at % 8;
			if (tap_failed)
				printf("# byte %zu of %s\n", at, file->path);
		}
	}
	printf("# %zu of %zu damaged bytes were noticed\n", told, bytes);
	CHECK(told > bytes / 2);
	destroy_database(DATABASE);
}

static void what_cannot_be_finished_leaves_nothing(void)
{
	struct memtable_table *table = device_configured(MEMTABLE_ORDER_REVERSE, 0);
	char *random = malloc(1 << 20);
	unsigned int seed = 1;
	size_t i;

	REQUIRE(table && random);
	CHECK_EQUAL(memtable_leveldb_finish(table, DATABASE, NULL, NULL, NULL, message,
					    sizeof(message)), -EOPNOTSUPP);
	memtable_table_close(table);

	/* Nothing that would get smaller. */
	for (i = 0; i < 1 << 20; i++)
		random[i] = rand_r(&seed);
	table = device_table();
	CHECK_EQUAL(memtable_table_put(table, "k", 1, random, 1 << 20, NULL), 0);
	free(random);
	mkdir(DATABASE, 0755);
	REQUIRE(!mount("none", DATABASE, "tmpfs", 0, "size=256k"));
	CHECK_EQUAL(memtable_leveldb_finish(table, DATABASE "/000001.ldb", NULL, NULL, NULL,
					    message, sizeof(message)), -ENOSPC);
	CHECK(strstr(message, "No space"));
	CHECK(access(DATABASE "/000001.ldb", F_OK));
	CHECK(access(DATABASE "/000001.ldb.tmp", F_OK));
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK(!umount(DATABASE));
	CHECK(!rmdir(DATABASE));
	memtable_table_close(table);
}

static void finish_under_fire(struct memtable_table *sealed, unsigned int file)
{
	char path[64];

	snprintf(path, sizeof(path), REPAIRED "/%06u.ldb", file);
	if (!CHECK_EQUAL(memtable_leveldb_finish(sealed, path, NULL, NULL, NULL, message,
						 sizeof(message)), 0))
		printf("# %s\n", message);
}

/* Many files with versions of the same keys are one database to LevelDB. */
static void files_of_rotations_under_fire_are_a_database(void)
{
	leveldb_readoptions_t *read_options;
	char key[FIRE_KEY_SIZE], *value, *error = NULL;
	unsigned int writer, i;
	size_t length;
	struct fire *fire;
	leveldb_t *db;

	mkdir(REPAIRED, 0755);
	fire = fire_run(finish_under_fire);
	REQUIRE(fire);
	leveldb_repair_db(options, REPAIRED, &error);
	if (!CHECK(!error))
		printf("# %s\n", error);
	db = open_database(REPAIRED, 4 << 20);
	REQUIRE(db);
	read_options = leveldb_readoptions_create();
	for (writer = 0; writer < FIRE_WRITERS; writer++) {
		for (i = 0; i < FIRE_KEYS; i++) {
			value = leveldb_get(db, read_options, key, fire_key(key, writer, i),
					    &length, &error);
			CHECK(fire_is(fire, writer, i, value, length));
			leveldb_free(value);
		}
	}
	CHECK(!error);
	leveldb_readoptions_destroy(read_options);
	leveldb_close(db);
	munmap(fire, sizeof(*fire));
	destroy_database(REPAIRED);
}

static const struct tap_test tests[] = {
	{ "a log is replayed and finished", a_log_is_replayed_and_finished },
	{ "what is left in a log is finished", what_is_left_in_a_log_is_finished },
	{ "a database is loaded", a_database_is_loaded },
	{ "a log that is cut off is as LevelDB has it",
	  a_log_that_is_cut_off_is_as_leveldb_has_it },
	{ "a corrupt log is refused or skipped", a_corrupt_log_is_refused_or_skipped },
	{ "every byte of a database may be wrong", every_byte_of_a_database_may_be_wrong },
	{ "what cannot be finished leaves nothing", what_cannot_be_finished_leaves_nothing },
	{ "files of rotations under fire are a database",
	  files_of_rotations_under_fire_are_a_database },
};

TAP_MAIN(tests)
