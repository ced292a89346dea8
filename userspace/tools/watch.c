// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of a flusher.
 *
 * A table that has reached its write buffer size is rotated: an empty one takes
 * its number, and it is sealed under a number that says to which file of which
 * folder it goes. Then it is written there and dropped. Whoever comes after a
 * flusher that was killed finds from these numbers what is left to do; a file that
 * has its name is complete. Such a file's number is taken until the table is
 * dropped, so that no other table is written there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flush.h"

#define LIST_STEP	64
/* The registry does not tell when a table is published, so it is asked. */
#define LIST_PAUSE_MS	1000

/**
 * struct watch - A flusher.
 * @flush: How tables are flushed.
 * @folder: Where to.
 * @registry: A handle to ask the registry with.
 * @zero: Number of the table that would go to the folder's file 0.
 * @file: The highest file that there is, or a table for it.
 * @entries: What the registry had when it was last asked.
 * @count: How many there are.
 * @polled: Descriptors of those that are waited for.
 * @waiting: How many there are.
 */
struct watch {
	const struct flush *flush;
	const char *folder;
	struct memtable_table *registry;
	uint64_t zero;
	uint64_t file;
	struct memtable_list_entry *entries;
	size_t count;
	struct pollfd *polled;
	size_t waiting;
};

static volatile sig_atomic_t ended;

static void on_end(int signal)
{
	(void)signal;
	ended = 1;
}

static int no_memory(void)
{
	return fail(STATUS_FAILED, "%s", strerror(ENOMEM));
}

static int watch_list(struct watch *watch)
{
	struct memtable_list_entry *grown;
	uint64_t start = 0;
	size_t filled;
	int error;

	watch->count = 0;
	do {
		grown = realloc(watch->entries, (watch->count + LIST_STEP) * sizeof(*grown));
		if (!grown)
			return no_memory();
		watch->entries = grown;
		error = memtable_registry_list(watch->registry, start, grown + watch->count,
					       sizeof(*grown), LIST_STEP, &filled);
		if (error)
			return fail(STATUS_FAILED, "the registry: %s", strerror(-error));
		watch->count += filled;
		if (filled)
			start = watch->entries[watch->count - 1].number + 1;
	} while (filled == LIST_STEP && start);
	return STATUS_OK;
}

/* Which of the folder's files a table goes to, or 0 if it was not sealed for one. */
static uint64_t file_of(const struct watch *watch, uint64_t number)
{
	return (number & ~(uint64_t)UINT32_MAX) == watch->zero ? number - watch->zero : 0;
}

/* Finds the highest file. Those with longer numbers are not ours. */
static int watch_folder(struct watch *watch)
{
	struct dirent *file;
	uint64_t number;
	DIR *opened;
	char *end;
	size_t i;

	opened = opendir(watch->folder);
	if (!opened)
		return fail(STATUS_FAILED, "%s: %s", watch->folder, strerror(errno));
	while ((file = readdir(opened))) {
		number = strtoull(file->d_name, &end, 10);
		if (end != file->d_name && *end == '.' && number < UINT32_MAX &&
		    number > watch->file)
			watch->file = number;
	}
	closedir(opened);
	for (i = 0; i < watch->count; i++)
		if (file_of(watch, watch->entries[i].number) > watch->file)
			watch->file = file_of(watch, watch->entries[i].number);
	return STATUS_OK;
}

/*
 * Has what a table holds sealed. *@number is what that has then. Where there is
 * no room for one more table, it stays under its own, which it takes along.
 */
static int seal(struct watch *watch, struct memtable_table *table, uint64_t *number)
{
	int error;

	do {
		error = memtable_registry_rotate(table, watch->zero + ++watch->file);
	} while (error == -EEXIST);
	if (error == -EDQUOT) {
		watch->file--;
		return memtable_table_seal(table);
	}
	if (error)
		return error;
	*number = watch->zero + watch->file;
	return memtable_registry_attach(table, *number);
}

static int flush_sealed(struct watch *watch, struct memtable_table *table, uint64_t from,
			uint64_t number, uint64_t entries)
{
	uint64_t file = file_of(watch, number);
	char path[PATH_MAX];

	if (!file)
		file = ++watch->file;
	if (snprintf(path, sizeof(path), "%s/%06" PRIu64 ".%s", watch->folder, file,
		     watch->flush->extension) >= (int)sizeof(path))
		return fail(STATUS_FAILED, "%s: %s", watch->folder, strerror(ENAMETOOLONG));
	if (file_of(watch, number) && !access(path, F_OK))
		return flush_drop(watch->flush, table, from, number, path, entries);
	return flush_table(watch->flush, table, from, number, path);
}

static int flush_attached(struct watch *watch, struct memtable_table *table, uint64_t from)
{
	struct memtable_info info;
	uint64_t number = from;
	int error;

	error = memtable_table_info(table, &info, sizeof(info));
	if (!error && !(info.state & MEMTABLE_STATE_SEALED)) {
		error = seal(watch, table, &number);
		/* What was written until then is there, too. */
		if (!error)
			error = memtable_table_info(table, &info, sizeof(info));
	}
	if (error)
		return table_fail(number, error);
	return flush_sealed(watch, table, from, number, info.entries);
}

/* With a handle of its own, for that keeps the table until it is closed. */
static int flush_number(struct watch *watch, uint64_t number)
{
	struct memtable_table *table;
	int status, error;

	status = table_open(watch->flush->options, &table);
	if (status)
		return status;
	error = memtable_registry_attach(table, number);
	/* Another may have dropped it. */
	if (error && error != -ENOENT)
		status = table_fail(number, error);
	else if (!error)
		status = flush_attached(watch, table, number);
	memtable_table_close(table);
	return status;
}

/* Has a table waited for, if it is there. */
static int watch_add(struct watch *watch, uint64_t number)
{
	struct memtable_table *table;
	int status, error, fd = -1;

	status = table_open(watch->flush->options, &table);
	if (status)
		return status;
	error = memtable_registry_attach(table, number);
	if (!error) {
		fd = fcntl(memtable_table_fd(table), F_DUPFD_CLOEXEC, 0);
		error = fd < 0 ? -errno : 0;
	}
	memtable_table_close(table);
	if (error)
		return error == -ENOENT ? STATUS_OK : table_fail(number, error);
	watch->polled[watch->waiting++] = (struct pollfd) { .fd = fd, .events = POLLIN };
	return STATUS_OK;
}

/* Flushes those that ask for it, and gets ready to wait for them all. */
static int watch_tables(struct watch *watch)
{
	const struct memtable_list_entry *entry;
	struct pollfd *grown;
	int status = STATUS_OK;
	size_t i;

	grown = realloc(watch->polled, (watch->count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory();
	watch->polled = grown;

	for (i = 0; !status && i < watch->count && !ended; i++) {
		entry = &watch->entries[i];
		if (entry->state & (MEMTABLE_STATE_FLUSH | MEMTABLE_STATE_SEALED)) {
			/* One that asks for it while it is empty would do so for ever. */
			if (!entry->entries)
				continue;
			status = flush_number(watch, entry->number);
		}
		if (!status)
			status = watch_add(watch, entry->number);
	}
	return status;
}

/* Waits until a table asks for it, or it is time to look for new ones. */
static void watch_wait(struct watch *watch)
{
	if (!ended)
		poll(watch->polled, watch->waiting, LIST_PAUSE_MS);
	/* A handle would keep a table that is dropped. */
	while (watch->waiting)
		close(watch->polled[--watch->waiting].fd);
}

static int watch_init(struct watch *watch, const struct flush *flush)
{
	struct rlimit files;
	struct stat folder;
	uint64_t place[2];

	*watch = (struct watch) { .flush = flush, .folder = flush->options->watch };
	if (stat(watch->folder, &folder))
		return fail(STATUS_FAILED, "%s: %s", watch->folder, strerror(errno));
	place[0] = folder.st_dev;
	place[1] = folder.st_ino;
	/* In the upper half, where nobody counts up to. */
	watch->zero = (uint64_t)(memtable_hash_key(place, sizeof(place)) | UINT32_C(1) << 31) << 32;
	/* One for each table. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return table_open(flush->options, &watch->registry);
}

int flush_watch(const struct flush *flush)
{
	/* Only poll() is to end early, which no flag has restarted. */
	struct sigaction action = { .sa_handler = on_end, .sa_flags = SA_RESTART };
	struct watch watch;
	int status;

	status = watch_init(&watch, flush);
	if (status)
		return status;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!status && !ended) {
		status = watch_list(&watch);
		if (!status)
			status = watch_folder(&watch);
		if (!status)
			status = watch_tables(&watch);
		watch_wait(&watch);
	}
	free(watch.polled);
	free(watch.entries);
	memtable_table_close(watch.registry);
	return status;
}
