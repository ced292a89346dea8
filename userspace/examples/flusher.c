// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of a flusher: waits until a table is large enough, rotates it away
 * from under the writers, finishes it into a file, and drops it.
 *
 *   flusher FOLDER COUNT   lets another process write COUNT entries meanwhile
 *
 * The writer knows nothing of this: it shares the open file, and always finds a
 * table there that takes its writes. Table and sealed tables are published: should
 * the flusher be killed, the next one goes on with what it finds.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memtable.h>

#define WRITE_BUFFER_SIZE	(128 * 1024)
/* The table has this number, what is sealed for file N has N more. */
#define NUMBER			UINT64_C(0x666c757368000000)
#define FILES			1000000

/* The path of a file, and whether there is one: it is complete then. */
static bool file_exists(char path[PATH_MAX], const char *folder, uint64_t file)
{
	snprintf(path, PATH_MAX, "%s/%06" PRIu64 ".records", folder, file);
	return !access(path, F_OK);
}

/* Writes a sealed table to its file, and lets it go. */
static int finish(const char *folder, uint64_t file)
{
	struct memtable_table *sealed;
	char path[PATH_MAX];
	int ret;

	ret = memtable_table_open(NULL, &sealed);
	if (ret)
		return ret;
	ret = memtable_registry_attach(sealed, NUMBER + file);
	if (!ret && !file_exists(path, folder, file))
		ret = memtable_dump_file(sealed, path, NULL, NULL, NULL);
	/* Until here the registry keeps the table, whatever happens to this process. */
	if (!ret)
		ret = memtable_registry_drop(sealed, NUMBER + file);
	if (!ret)
		puts(path);
	memtable_table_close(sealed);
	return ret;
}

/* Finishes what a flusher before left. Tells the last file. */
static int recover(struct memtable_table *table, const char *folder, uint64_t *file)
{
	struct memtable_list_entry sealed;
	char path[PATH_MAX];
	size_t count;
	int ret;

	*file = 0;
	for (;;) {
		ret = memtable_registry_list(table, NUMBER + 1, &sealed, sizeof(sealed), 1, &count);
		if (ret || !count || sealed.number >= NUMBER + FILES)
			break;
		*file = sealed.number - NUMBER;
		ret = finish(folder, *file);
		if (ret)
			break;
	}
	while (file_exists(path, folder, *file + 1))
		++*file;
	return ret;
}

/* Flushes the table each time that it asks for it, until the writer hangs up. */
static int flush(struct memtable_table *table, const char *folder, int writer)
{
	struct pollfd fds[] = {
		{ .fd = memtable_table_fd(table), .events = POLLIN },
		{ .fd = writer },
	};
	uint64_t file;
	int ret;

	ret = recover(table, folder, &file);
	while (!ret) {
		if (poll(fds, 2, -1) < 0)
			return -errno;
		/* What is left at the end goes into a file, too. */
		ret = memtable_registry_rotate(table, NUMBER + ++file);
		if (!ret)
			ret = finish(folder, file);
		if (fds[1].revents)
			break;
	}
	return ret ? ret : memtable_registry_drop(table, NUMBER);
}

static int write_entries(struct memtable_table *table, long count)
{
	char key[32], value[100] = "";
	long i;
	int ret = 0;

	for (i = 0; !ret && i < count; i++) {
		snprintf(key, sizeof(key), "entry %08ld", i);
		ret = memtable_table_put(table, key, strlen(key), value, sizeof(value), NULL);
	}
	return ret;
}

/* Starts the writer. Its end of the pipe is closed when it ends. */
static int start_writer(struct memtable_table *table, long count, int *writer)
{
	int ends[2];
	pid_t child;

	if (pipe(ends))
		return -errno;
	child = fork();
	if (!child) {
		close(ends[0]);
		_exit(write_entries(table, count) ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	close(ends[1]);
	*writer = ends[0];
	return child < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct memtable_configure configure = { .write_buffer_size = WRITE_BUFFER_SIZE };
	struct memtable_table *table;
	int ret, writer = -1, status = 0;

	if (argc != 3) {
		fputs("usage: flusher FOLDER COUNT\n", stderr);
		return EXIT_FAILURE;
	}
	ret = memtable_table_open(NULL, &table);
	if (!ret)
		ret = memtable_registry_attach(table, NUMBER);
	if (ret == -ENOENT) {
		ret = memtable_table_configure(table, &configure, sizeof(configure));
		if (!ret)
			ret = memtable_registry_publish(table, NUMBER);
	}
	if (!ret)
		ret = start_writer(table, atol(argv[2]), &writer);
	if (!ret)
		ret = flush(table, argv[1], writer);
	if (!ret && (wait(&status) < 0 || status))
		ret = -EPIPE;
	if (ret)
		fprintf(stderr, "flusher: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
