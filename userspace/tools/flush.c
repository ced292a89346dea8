// SPDX-License-Identifier: GPL-2.0
/* memtable flush: tables into files, and out of memory. */
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "command.h"
#include "database.h"
#include "json.h"
#include "progress.h"

#define LIST_STEP	64
#define WATCH_PAUSE_MS	200

/**
 * struct flush - How tables are flushed.
 * @options: What the command line says.
 * @database: The library that writes the files; without functions if it is none's.
 * @extension: What the names of files end in.
 */
struct flush {
	const struct options *options;
	struct database database;
	const char *extension;
};

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

static void print_json(uint64_t number, const char *path, uint64_t entries)
{
	printf("{\"number\":%" PRIu64 ",", number);
	json_bytes(stdout, "file", path, strlen(path));
	printf(",\"entries\":%" PRIu64 "}\n", entries);
}

/* Seals a table, writes it to a file, and lets it go. */
static int flush_table(const struct flush *flush, struct memtable_table *table, uint64_t number,
		       const char *path)
{
	uint64_t entries = 0;
	int status, error;

	error = memtable_table_seal(table);
	if (error)
		return table_fail(number, error);
	status = write_file(flush, table, number, path, &entries);
	if (status)
		return status;
	error = memtable_registry_drop(table, number);
	if (error && error != -ENOENT)
		return table_fail(number, error);
	if (flush->options->given & OPTION(JSON))
		print_json(number, path, entries);
	else
		printf("%" PRIu64 "\t%s\t%" PRIu64 "\n", number, path, entries);
	fflush(stdout);
	return STATUS_OK;
}

static volatile sig_atomic_t ended;

static void on_end(int signal)
{
	(void)signal;
	ended = 1;
}

/* The number of the next file: one more than the highest that is there. */
static int next_file(const char *folder, uint64_t *next)
{
	struct dirent *file;
	uint64_t number;
	DIR *opened;
	char *end;

	opened = opendir(folder);
	if (!opened)
		return fail(STATUS_FAILED, "%s: %s", folder, strerror(errno));
	*next = 1;
	while ((file = readdir(opened))) {
		number = strtoull(file->d_name, &end, 10);
		if (end != file->d_name && *end == '.' && number >= *next && number < UINT64_MAX)
			*next = number + 1;
	}
	closedir(opened);
	return STATUS_OK;
}

/* Flushes the table that the handle has, under the folder's next number. */
static int flush_to_folder(const struct flush *flush, struct memtable_table *table,
			   uint64_t number)
{
	char path[PATH_MAX];
	uint64_t next = 0;
	int status;

	status = next_file(flush->options->watch, &next);
	if (status)
		return status;
	if (snprintf(path, sizeof(path), "%s/%06" PRIu64 ".%s", flush->options->watch, next,
		     flush->extension) >= (int)sizeof(path))
		return fail(STATUS_FAILED, "%s: %s", flush->options->watch,
			    strerror(ENAMETOOLONG));
	return flush_table(flush, table, number, path);
}

/* With a handle of its own, for that keeps the table until it is closed. */
static int flush_number(const struct flush *flush, uint64_t number)
{
	struct memtable_table *table;
	int status, error;

	status = table_open(flush->options, &table);
	if (status)
		return status;
	error = memtable_registry_attach(table, number);
	/* Another may have dropped it. */
	if (error && error != -ENOENT)
		status = table_fail(number, error);
	else if (!error)
		status = flush_to_folder(flush, table, number);
	memtable_table_close(table);
	return status;
}

/* Flushes those of some tables that ask for it. */
static int flush_listed(const struct flush *flush, const struct memtable_list_entry *entries,
			size_t count)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; !status && i < count && !ended; i++) {
		if (!(entries[i].state & (MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_SEALED)))
			continue;
		/* An empty table has nothing to flush. */
		if (entries[i].entries)
			status = flush_number(flush, entries[i].number);
	}
	return status;
}

static int flush_ready(const struct flush *flush, struct memtable_table *table)
{
	struct memtable_list_entry entries[LIST_STEP];
	uint64_t start = 0;
	size_t filled;
	int status, error;

	do {
		error = memtable_registry_list(table, start, entries, sizeof(entries[0]),
					       LIST_STEP, &filled);
		if (error)
			return fail(STATUS_FAILED, "the registry: %s", strerror(-error));
		status = flush_listed(flush, entries, filled);
		if (filled)
			start = entries[filled - 1].number + 1;
	} while (!status && !ended && filled == LIST_STEP && start);
	return status;
}

/* Tables come and go in the registry, so it is looked at again and again. */
static int watch(const struct flush *flush)
{
	struct sigaction action = { .sa_handler = on_end };
	struct memtable_table *table;
	int status;

	status = table_open(flush->options, &table);
	if (status)
		return status;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!status && !ended) {
		status = flush_ready(flush, table);
		if (!status && !ended)
			poll(NULL, 0, WATCH_PAUSE_MS);
	}
	memtable_table_close(table);
	return status;
}

static int flush(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	struct flush how;
	uint64_t number;
	int status;

	if (options->watch ? count : count != 2)
		return fail(STATUS_USAGE, "flush takes NUMBER FILE, or --watch=FOLDER alone");
	status = flush_init(&how, options);
	if (status)
		return status;
	if (options->watch)
		return watch(&how);

	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	status = flush_table(&how, table, number, operands[1]);
	memtable_table_close(table);
	return status;
}

const struct command flush_command = {
	.name = "flush",
	.operands = "NUMBER FILE | --watch=FOLDER",
	.summary = "Write tables to files, and drop them",
	.details = "Seals the table, writes it to the file, and drops it once that is on the disk;\n"
		   "prints NUMBER, FILE and how many entries it has. With --watch it does so with\n"
		   "each of your tables that is sealed or has reached its write buffer size, until\n"
		   "SIGINT or SIGTERM: the files are FOLDER/000001.EXTENSION and on. Should it be\n"
		   "killed between writing and dropping, the same table is in two files.\n"
		   "\n"
		   "records: what dump writes. leveldb: a table file that LevelDB opens (.ldb), with\n"
		   "all versions. rocksdb: an SST file to ingest (.sst), with the newest of each key.",
	.least = 0,
	.most = 2,
	.options = OPTION(FORMAT) | OPTION(JSON) | OPTION(WATCH),
	.run = flush,
};
