// SPDX-License-Identifier: GPL-2.0
/* memtable dump, restore: tables as files of records. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "progress.h"

static void show_entries(void *argument, uint64_t done, uint64_t entries)
{
	struct progress *progress = argument;

	progress->total = entries;
	progress_update(progress, done, done);
}

static int dump(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	struct progress progress;
	bool to_file = strcmp(operands[1], "-");
	uint64_t number, entries = 0;
	int status, error;

	(void)count;
	if (options->given & OPTION(JSON) && !to_file)
		return fail(STATUS_USAGE, "--json does not go with '-', where the table goes");
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	progress_begin(&progress, stderr, 0);
	if (to_file)
		error = memtable_dump_file(table, operands[1], show_entries, &progress, &entries);
	else
		error = memtable_dump(table, STDOUT_FILENO, show_entries, &progress, &entries);
	progress_end(&progress, entries, entries);
	memtable_table_close(table);
	if (error && !to_file)
		return fail(STATUS_FAILED, "standard output: %s", strerror(-error));
	if (error)
		return file_fail(operands[1], number, error);
	if (options->given & OPTION(JSON))
		json_file(stdout, number, operands[1], entries);
	return STATUS_OK;
}

static void show_bytes(void *argument, uint64_t done, uint64_t entries)
{
	progress_update(argument, done, entries);
}

/* Says why, and how much of the file is in the table. */
static int restore_fail(const char *path, uint64_t number, int error, uint64_t entries)
{
	fail(STATUS_FAILED, "%s: %s; the table has the %" PRIu64 " entries of the batches before",
	     path, error == -EBADMSG ? "not a whole stream of records" :
	     error == -EINVAL ? "a record that this table cannot have" : strerror(-error),
	     entries);
	return error == -EBADMSG || error == -EINVAL ? STATUS_FAILED : table_fail(number, error);
}

static int restore(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	struct progress progress;
	uint64_t number, entries = 0;
	int status, error, fd = STDIN_FILENO;
	struct stat stat;

	(void)count;
	if (strcmp(operands[1], "-"))
		fd = open(operands[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		return fail(STATUS_FAILED, "%s: %s", operands[1], strerror(errno));
	status = table_attach_or_create(options, operands[0], &number, &table);
	if (status)
		goto close_file;
	progress_begin(&progress, stderr, S_ISREG(stat.st_mode) ? stat.st_size : 0);
	error = memtable_restore(table, fd, show_bytes, &progress, &entries);
	progress_end(&progress, progress.total, entries);
	memtable_table_close(table);
	if (error)
		status = restore_fail(operands[1], number, error, entries);
	else if (options->given & OPTION(JSON))
		printf("{\"number\":%" PRIu64 ",\"entries\":%" PRIu64 "}\n", number, entries);
close_file:
	close(fd);
	return status;
}

const struct command dump_command = {
	.name = "dump",
	.operands = "NUMBER FILE|-",
	.summary = "Write a table to a file, all its versions",
	.details = "The file is a record stream, as <linux/memtable.h> describes it. It is there\n"
		   "whole or not at all: it is written as FILE.tmp, and renamed once it is on\n"
		   "the disk.",
	.least = 2,
	.most = 2,
	.options = OPTION(JSON),
	.run = dump,
};

const struct command restore_command = {
	.name = "restore",
	.operands = "NUMBER FILE|-",
	.summary = "Write what dump wrote to a table",
	.details = "It is written in atomic batches. A table that is not there is made. A map\n"
		   "takes the values, not their sequence numbers.",
	.least = 2,
	.most = 2,
	.options = OPTION(JSON) | CONFIGURE_OPTIONS,
	.run = restore,
};
