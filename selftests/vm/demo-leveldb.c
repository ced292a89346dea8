// SPDX-License-Identifier: GPL-2.0
/*
 * usage: demo-leveldb FOLDER
 *
 * Makes a LevelDB database of the table files in a folder, and prints what it has,
 * in order. This is LevelDB alone, without anything of the project. Keys and values
 * are printed as they are, each pair behind the lengths of both:
 *
 *	+3,5:key->value
 */
#include <stdio.h>
#include <stdlib.h>

#include <leveldb/c.h>

static void end_on(char *error)
{
	if (!error)
		return;
	fprintf(stderr, "demo-leveldb: %s\n", error);
	exit(1);
}

static void print_all(leveldb_t *db)
{
	leveldb_readoptions_t *options = leveldb_readoptions_create();
	leveldb_iterator_t *it;
	const char *key, *value;
	size_t key_length, value_length;
	char *error = NULL;

	leveldb_readoptions_set_verify_checksums(options, 1);
	it = leveldb_create_iterator(db, options);
	for (leveldb_iter_seek_to_first(it); leveldb_iter_valid(it); leveldb_iter_next(it)) {
		key = leveldb_iter_key(it, &key_length);
		value = leveldb_iter_value(it, &value_length);
		printf("+%zu,%zu:", key_length, value_length);
		fwrite(key, 1, key_length, stdout);
		fputs("->", stdout);
		fwrite(value, 1, value_length, stdout);
		putchar('\n');
	}
	leveldb_iter_get_error(it, &error);
	end_on(error);
	leveldb_iter_destroy(it);
	leveldb_readoptions_destroy(options);
}

int main(int argc, char **argv)
{
	leveldb_options_t *options = leveldb_options_create();
	char *error = NULL;
	leveldb_t *db;

	if (argc != 2) {
		fputs("usage: demo-leveldb FOLDER\n", stderr);
		return 2;
	}
	leveldb_repair_db(options, argv[1], &error);
	end_on(error);
	db = leveldb_open(options, argv[1], &error);
	end_on(error);
	print_all(db);
	leveldb_close(db);
	leveldb_options_destroy(options);
	return fflush(stdout) || ferror(stdout);
}
