// SPDX-License-Identifier: GPL-2.0
/* What LevelDB and RocksDB have, into tables. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"
#include "import.h"
#include "progress.h"

static void show_bytes(void *argument, uint64_t done, uint64_t entries)
{
	progress_update(argument, done, entries);
}

/* Says what of the log is not in the table, and why. */
static int tell_log(const char *path, uint64_t number, int error,
		    const struct memtable_log_report *report)
{
	if (error == -EBADMSG)
		return fail(STATUS_FAILED, "%s: corrupt behind byte %" PRIu64 ": %s; the table has "
			    "the %" PRIu64 " entries before; --skip-corrupt goes on behind it",
			    path, report->offset, report->reason, report->entries);
	if (error) {
		fail(STATUS_FAILED, "%s: not all of it; the table has %" PRIu64 " of its entries",
		     path, report->entries);
		return table_fail(number, error);
	}
	if (report->corruptions)
		fail(STATUS_OK, "%s: %" PRIu64 " bytes in %" PRIu64 " places are corrupt and were "
		     "skipped; the last one: %s", path, report->corrupt_bytes, report->corruptions,
		     report->reason);
	if (report->torn_bytes)
		fail(STATUS_OK, "%s: the last %" PRIu64 " bytes are of a batch that was not written "
		     "to its end, and were dropped", path, report->torn_bytes);
	return STATUS_OK;
}

int import_log(const struct options *options, const char *text, const char *path)
{
	uint32_t flags = options->given & OPTION(SKIP_CORRUPT) ? MEMTABLE_LOG_SKIP_CORRUPT : 0;
	struct memtable_log_report report;
	struct memtable_table *table;
	struct progress progress;
	int status, error, fd = STDIN_FILENO;
	struct stat stat;
	uint64_t number;

	if (strcmp(path, "-"))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		return fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
	status = table_attach_or_create(options, text, &number, &table);
	if (status)
		goto close_file;
	progress_begin(&progress, stderr, S_ISREG(stat.st_mode) ? stat.st_size : 0);
	error = memtable_log_replay(table, fd, flags, show_bytes, &progress, &report);
	progress_end(&progress, progress.total, report.entries);
	memtable_table_close(table);
	status = tell_log(path, number, error, &report);
	if (!status)
		load_tell(options, number, report.entries, report.last_sequence);
close_file:
	close(fd);
	return status;
}

int import_database(const struct options *options, const char *text, const char *path)
{
	struct memtable_table *table;
	struct database database;
	struct progress progress;
	struct memtable_info info;
	uint64_t number, entries = 0;
	char message[512];
	int status, error;

	status = database_find(options->format, &database);
	if (!status)
		status = table_attach_or_create(options, text, &number, &table);
	if (status)
		return status;

	progress_begin(&progress, stderr, 0);
	error = database.load(table, path, show_bytes, &progress, &entries,
			      message, sizeof(message));
	progress_end(&progress, 0, entries);
	if (!error) {
		error = memtable_table_info(table, &info, sizeof(info));
		if (!error)
			load_tell(options, number, entries, info.last_sequence);
	}
	memtable_table_close(table);
	if (!error)
		return STATUS_OK;
	fail(STATUS_FAILED, "%s: not all of it; the table has %" PRIu64 " of its entries", path,
	     entries);
	return *message ? fail(STATUS_FAILED, "%s", message) : table_fail(number, error);
}
