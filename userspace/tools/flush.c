// SPDX-License-Identifier: GPL-2.0
/* memtable flush: tables into files, and out of memory. */
#include <inttypes.h>

#include "escape.h"
#include "flush.h"
#include "json.h"
#include "progress.h"

static int flush_init(struct flush *flush, const struct options *options)
{
	const char *format = options->format ? options->format : "records";

	*flush = (struct flush) { .options = options, .extension = "records" };
	if (!strcmp(format, "records"))
		return STATUS_OK;
	if (!strcmp(format, "leveldb"))
		flush->extension = "ldb";
	else if (!strcmp(format, "rocksdb"))
		flush->extension = "sst";
	else
		return fail(STATUS_USAGE, "not a valid FORMAT for --format: '%s'; flush writes "
			    "records, leveldb or rocksdb", format);
	return database_find(format, &flush->database);
}

static void show_entries(void *argument, uint64_t done, uint64_t entries)
{
	struct progress *progress = argument;

	progress->total = entries;
	progress_update(progress, done, done);
}

static int write_file(const struct flush *flush, struct memtable_table *table, uint64_t number,
		      const char *path, uint64_t *entries)
{
	struct progress progress;
	char message[512] = "";
	int error;

	progress_begin(&progress, stderr, 0);
	if (flush->database.finish)
		error = flush->database.finish(table, path, show_entries, &progress, entries,
					       message, sizeof(message));
	else
		error = memtable_dump_file(table, path, show_entries, &progress, entries);
	progress_end(&progress, *entries, *entries);
	if (error == -EOPNOTSUPP)
		return fail(STATUS_FAILED, "table %" PRIu64 " is in reverse order, which %s cannot "
			    "have", number, flush->options->format);
	if (error == -ENODATA)
		return fail(STATUS_FAILED, "table %" PRIu64 " is empty, and such a file cannot be",
			    number);
	if (error == -EIO && *message)
		return fail(STATUS_FAILED, "%s: %s; table %" PRIu64 " is as it was", path, message,
			    number);
	return error ? file_fail(path, number, error) : STATUS_OK;
}

int flush_drop(const struct flush *flush, struct memtable_table *table, uint64_t from,
	       uint64_t number, const char *path, uint64_t entries)
{
	int error = memtable_registry_drop(table, number);

	if (error && error != -ENOENT)
		return table_fail(number, error);
	if (flush->options->given & OPTION(JSON)) {
		json_file(stdout, from, path, entries);
	} else {
		printf("%" PRIu64 "\t", from);
		escape_write(stdout, path, strlen(path));
		printf("\t%" PRIu64 "\n", entries);
	}
	fflush(stdout);
	return STATUS_OK;
}

int flush_table(const struct flush *flush, struct memtable_table *table, uint64_t from,
		uint64_t number, const char *path)
{
	uint64_t entries = 0;
	int status;

	status = write_file(flush, table, number, path, &entries);
	return status ? status : flush_drop(flush, table, from, number, path, entries);
}

static int flush(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	struct flush how;
	uint64_t number;
	int status, error;

	if (options->watch ? count : count != 2)
		return fail(STATUS_USAGE, "flush takes NUMBER FILE, or --watch=FOLDER alone");
	status = flush_init(&how, options);
	if (status)
		return status;
	if (options->watch)
		return flush_watch(&how);

	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_table_seal(table);
	if (error)
		status = table_fail(number, error);
	else
		status = flush_table(&how, table, number, number, operands[1]);
	memtable_table_close(table);
	return status;
}

const struct command flush_command = {
	.name = "flush",
	.operands = "NUMBER FILE | --watch=FOLDER",
	.summary = "Write tables to files, and drop them",
	.details = "Seals the table, writes it to the file, and drops it once that is on the disk;\n"
		   "prints NUMBER, FILE and how many entries it has.\n"
		   "\n"
		   "With --watch it waits for your tables to reach their write buffer size, rotates\n"
		   "each that does, so that its number goes on with an empty one, and flushes what\n"
		   "it had, as well as tables that others have sealed: until SIGINT or SIGTERM, into\n"
		   "FOLDER/000001.EXTENSION and on. What it has rotated is under a number that names\n"
		   "folder and file; should it be killed, the next one for the folder goes on there.\n"
		   "\n"
		   "records: what dump writes. leveldb: a table file that LevelDB opens (.ldb), with\n"
		   "all versions. rocksdb: an SST file to ingest (.sst), with the newest of each key.",
	.least = 0,
	.most = 2,
	.options = OPTION(FORMAT) | OPTION(JSON) | OPTION(WATCH),
	.run = flush,
};
