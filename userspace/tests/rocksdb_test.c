// SPDX-License-Identifier: GPL-2.0
/* Tables and the real RocksDB: finished files ingested, a database loaded. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "device.h"
#include "fire.h"
#include "memtable-rocksdb.h"

#define DATABASE	"/tmp/rocksdb_test"
#define FILE_NAME	"/tmp/rocksdb_test.sst"
#define OPERATIONS	device_scaled(20000)
#define KEYS		(OPERATIONS / 3 + 1)

static rocksdb_options_t *options;
static char message[200];

static rocksdb_t *open_database(void)
{
	char *error = NULL;
	rocksdb_t *db;

	if (!options)
		options = rocksdb_options_create();
	rocksdb_options_set_create_if_missing(options, 1);
	db = rocksdb_open(options, DATABASE, &error);
	if (error)
		printf("# %s\n", error);
	CHECK(db);
	return db;
}

static void close_and_destroy(rocksdb_t *db)
{
	char *error = NULL;

	rocksdb_close(db);
	rocksdb_destroy_db(options, DATABASE, &error);
	CHECK(!error);
	rocksdb_free(error);
}

static struct memtable_table *filled(uint32_t order)
{
	struct memtable_table *table = device_configured(order, 0);
	char key[16], value[300] = "some value";
	unsigned int seed = 1, operations = OPERATIONS, keys = KEYS, i;
	int ret = 0;

	for (i = 0; table && !ret && i < operations; i++) {
		snprintf(key, sizeof(key), "key%u", rand_r(&seed) % keys);
		ret = rand_r(&seed) % 5 ?
			memtable_table_put(table, key, strlen(key), value,
					   rand_r(&seed) % sizeof(value), NULL) :
			memtable_table_delete(table, key, strlen(key), NULL);
	}
	CHECK_EQUAL(ret, 0);
	return table;
}

/* Walks both in the order of bytes. */
static void expect_same(rocksdb_t *db, struct memtable_table *table, bool reverse)
{
	rocksdb_readoptions_t *read_options = rocksdb_readoptions_create();
	rocksdb_iterator_t *a = rocksdb_create_iterator(db, read_options);
	struct memtable_iterator *b;
	size_t a_length, b_length, count = 0;
	const char *a_data, *b_data;

	REQUIRE_EQUAL(memtable_iterator_create(table, 0, 0, &b), 0);
	rocksdb_iter_seek_to_first(a);
	if (reverse)
		memtable_iterator_seek_to_last(b);
	else
		memtable_iterator_seek_to_first(b);
	while (rocksdb_iter_valid(a) && memtable_iterator_valid(b)) {
		a_data = rocksdb_iter_key(a, &a_length);
		b_data = memtable_iterator_key(b, &b_length);
		if (!CHECK(a_length == b_length && !memcmp(a_data, b_data, a_length)))
			break;
		a_data = rocksdb_iter_value(a, &a_length);
		b_data = memtable_iterator_value(b, &b_length);
		if (!CHECK(a_length == b_length && !memcmp(a_data, b_data, a_length)))
			break;
		rocksdb_iter_next(a);
		if (reverse)
			memtable_iterator_prev(b);
		else
			memtable_iterator_next(b);
		count++;
	}
	CHECK(!rocksdb_iter_valid(a));
	CHECK(!memtable_iterator_valid(b));
	CHECK(count > KEYS / 2);
	memtable_iterator_destroy(b);
	rocksdb_iter_destroy(a);
	rocksdb_readoptions_destroy(read_options);
}

/* What the database had before under the same keys is hidden, or deleted. */
static void put_before(rocksdb_t *db)
{
	rocksdb_writeoptions_t *write_options = rocksdb_writeoptions_create();
	struct memtable_table *table = filled(0);
	struct memtable_iterator *it;
	const char *key;
	size_t length;
	char *error = NULL;

	CHECK_EQUAL(memtable_iterator_create(table, MEMTABLE_SCAN_TOMBSTONES, 0, &it), 0);
	for (memtable_iterator_seek_to_first(it); memtable_iterator_valid(it);
	     memtable_iterator_next(it)) {
		key = memtable_iterator_key(it, &length);
		rocksdb_put(db, write_options, key, length, "before", 6, &error);
		CHECK(!error);
	}
	memtable_iterator_destroy(it);
	memtable_table_close(table);
	rocksdb_writeoptions_destroy(write_options);
}

static void ingest(uint32_t order)
{
	const char *files[] = { FILE_NAME };
	rocksdb_ingestexternalfileoptions_t *ingest_options;
	struct memtable_table *table = filled(order), *again = device_table();
	rocksdb_t *db = open_database();
	char *error = NULL;
	uint64_t entries = 0;

	REQUIRE(table && again && db);
	put_before(db);
	CHECK_EQUAL(memtable_table_seal(table), 0);
	if (!CHECK_EQUAL(memtable_rocksdb_finish(table, FILE_NAME, NULL, NULL, &entries, message,
						 sizeof(message)), 0))
		printf("# %s\n", message);
	CHECK(entries > KEYS / 2 && entries <= KEYS);
	CHECK(access(FILE_NAME ".tmp", F_OK));
	ingest_options = rocksdb_ingestexternalfileoptions_create();
	rocksdb_ingest_external_file(db, files, 1, ingest_options, &error);
	rocksdb_ingestexternalfileoptions_destroy(ingest_options);
	if (!CHECK(!error))
		printf("# %s\n", error);
	expect_same(db, table, order == MEMTABLE_ORDER_REVERSE);

	/* While it is open. */
	if (!CHECK_EQUAL(memtable_rocksdb_load(again, DATABASE, NULL, NULL, &entries, message,
					       sizeof(message)), 0))
		printf("# %s\n", message);
	CHECK_EQUAL(device_info(again).entries, entries);
	expect_same(db, again, false);
	close_and_destroy(db);
	unlink(FILE_NAME);
	memtable_table_close(again);
	memtable_table_close(table);
}

static void a_finished_table_is_ingested(void)
{
	ingest(MEMTABLE_ORDER_BYTEWISE);
}

static void reverse_tables_are_finished_in_the_order_of_bytes(void)
{
	ingest(MEMTABLE_ORDER_REVERSE);
}

static void what_cannot_be_finished_leaves_nothing(void)
{
	struct memtable_table *table = device_table();
	char *random = malloc(1 << 20);
	unsigned int seed = 1;
	size_t i;

	REQUIRE(table && random);
	CHECK_EQUAL(memtable_rocksdb_finish(table, FILE_NAME, NULL, NULL, NULL, message,
					    sizeof(message)), -ENODATA);
	CHECK(access(FILE_NAME, F_OK));
	CHECK(access(FILE_NAME ".tmp", F_OK));
	CHECK_EQUAL(memtable_rocksdb_load(table, "/nowhere", NULL, NULL, NULL, message,
					  sizeof(message)), -EIO);
	CHECK(message[0]);

	for (i = 0; i < 1 << 20; i++)
		random[i] = rand_r(&seed);
	CHECK_EQUAL(memtable_table_put(table, "k", 1, random, 1 << 20, NULL), 0);
	free(random);
	mkdir(DATABASE, 0755);
	REQUIRE(!mount("none", DATABASE, "tmpfs", 0, "size=256k"));
	CHECK_EQUAL(memtable_rocksdb_finish(table, DATABASE "/1.sst", NULL, NULL, NULL, message,
					    sizeof(message)), -ENOSPC);
	CHECK(access(DATABASE "/1.sst", F_OK));
	CHECK(access(DATABASE "/1.sst.tmp", F_OK));
	CHECK_EQUAL(memtable_table_contains(table, "k", 1, 0), 1);
	CHECK(!umount(DATABASE));
	CHECK(!rmdir(DATABASE));
	memtable_table_close(table);
}

/* So few that the file is not longer than it must be. */
#define SMALL	5

/* Opens the one table file of a database with a few entries. */
static int make_small_database(void)
{
	rocksdb_writeoptions_t *write_options = rocksdb_writeoptions_create();
	rocksdb_flushoptions_t *flush_options = rocksdb_flushoptions_create();
	rocksdb_t *db = open_database();
	char key[16], value[16], *error = NULL;
	struct dirent *file;
	DIR *folder;
	int i, fd = -1;

	for (i = 0; i < SMALL && db; i++)
		rocksdb_put(db, write_options, key, snprintf(key, sizeof(key), "key%d", i),
			    value, snprintf(value, sizeof(value), "value%d", i), &error);
	rocksdb_flush(db, flush_options, &error);
	CHECK(!error);
	rocksdb_close(db);
	rocksdb_flushoptions_destroy(flush_options);
	rocksdb_writeoptions_destroy(write_options);
	folder = opendir(DATABASE);
	while (folder && (file = readdir(folder))) {
		if (strstr(file->d_name, ".sst"))
			fd = openat(dirfd(folder), file->d_name, O_RDWR);
	}
	if (folder)
		closedir(folder);
	return fd;
}

/*
 * What is loaded is right, whatever is wrong with the file; it is all, or an error is
 * told. Returns whether one was.
 */
static bool load_damaged(void)
{
	struct memtable_table *table = device_table();
	char key[16], value[16];
	uint64_t entries = 0;
	int ret, i, found = 0;

	ret = memtable_rocksdb_load(table, DATABASE, NULL, NULL, &entries, message,
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
	CHECK(ret || found == SMALL);
	memtable_table_close(table);
	return ret;
}

/*
 * RocksDB has 16 threads open the files of a database, even if there is but one file.
 * As they are by default, the kernel clears megabytes for each.
 */
static void have_small_threads(void)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 20);
	CHECK_EQUAL(pthread_setattr_default_np(&attributes), 0);
	pthread_attr_destroy(&attributes);
	CHECK(mallopt(M_ARENA_MAX, 1));
}

/* A bit of each. */
static void every_byte_of_a_file_may_be_wrong(void)
{
	unsigned int bytes = 0, told = 0;
	int fd = make_small_database();
	char byte, wrong, *error = NULL;
	off_t length, step, at;

	REQUIRE(fd >= 0);
	have_small_threads();
	length = lseek(fd, 0, SEEK_END);
	step = 1 + length / (device_scaled(length) + 1);
	CHECK(!load_damaged());
	for (at = 0; at < length && !tap_failed; at += step, bytes++) {
		CHECK_EQUAL(pread(fd, &byte, 1, at), 1);
		wrong = byte ^ 1 << at % 8;
		CHECK_EQUAL(pwrite(fd, &wrong, 1, at), 1);
		told += load_damaged();
		CHECK_EQUAL(pwrite(fd, &byte, 1, at), 1);
		if (tap_failed)
			printf("# byte %lld\n", (long long)at);
	}
	printf("# %u of %u damaged bytes were noticed\n", told, bytes);
	CHECK(told > bytes / 2);
	close(fd);
	rocksdb_destroy_db(options, DATABASE, &error);
	CHECK(!error);
}

static rocksdb_t *fire_db;

/* The newer file hides what the database has. */
static void ingest_under_fire(struct memtable_table *sealed, unsigned int file)
{
	rocksdb_ingestexternalfileoptions_t *ingest_options;
	const char *files[] = { FILE_NAME };
	char *error = NULL;

	(void)file;
	if (!CHECK_EQUAL(memtable_rocksdb_finish(sealed, FILE_NAME, NULL, NULL, NULL, message,
						 sizeof(message)), 0))
		printf("# %s\n", message);
	ingest_options = rocksdb_ingestexternalfileoptions_create();
	rocksdb_ingestexternalfileoptions_set_move_files(ingest_options, 1);
	rocksdb_ingest_external_file(fire_db, files, 1, ingest_options, &error);
	rocksdb_ingestexternalfileoptions_destroy(ingest_options);
	if (!CHECK(!error))
		printf("# %s\n", error);
}

static void rotations_under_fire_are_ingested(void)
{
	rocksdb_readoptions_t *read_options;
	char key[FIRE_KEY_SIZE], *value, *error = NULL;
	unsigned int writer, i;
	size_t length;
	struct fire *fire;

	fire_db = open_database();
	REQUIRE(fire_db);
	fire = fire_run(ingest_under_fire);
	REQUIRE(fire);
	read_options = rocksdb_readoptions_create();
	for (writer = 0; writer < FIRE_WRITERS; writer++) {
		for (i = 0; i < FIRE_KEYS; i++) {
			value = rocksdb_get(fire_db, read_options, key, fire_key(key, writer, i),
					    &length, &error);
			CHECK(fire_is(fire, writer, i, value, length));
			rocksdb_free(value);
		}
	}
	CHECK(!error);
	rocksdb_readoptions_destroy(read_options);
	munmap(fire, sizeof(*fire));
	close_and_destroy(fire_db);
}

static const struct tap_test tests[] = {
	{ "a finished table is ingested", a_finished_table_is_ingested },
	{ "reverse tables are finished in the order of bytes",
	  reverse_tables_are_finished_in_the_order_of_bytes },
	{ "what cannot be finished leaves nothing", what_cannot_be_finished_leaves_nothing },
	{ "every byte of a file may be wrong", every_byte_of_a_file_may_be_wrong },
	{ "rotations under fire are ingested", rotations_under_fire_are_ingested },
};

TAP_MAIN(tests)
