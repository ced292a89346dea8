// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of a flusher: waits until a table is large enough, rotates it away
 * from under the writers, finishes it into a file, and drops it.
 *
 *   flusher FOLDER COUNT   lets another process write COUNT entries meanwhile
 *
 * The writer knows nothing of this: it shares the open file, and always finds a
 * table there that takes its writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memtable.h>

#define WRITE_BUFFER_SIZE	(128 * 1024)
/* Sealed tables have these numbers in the registry. */
#define FIRST_NUMBER		UINT64_C(0x666c757368000000)

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

/* Writes a sealed table to a file, and lets it go. */
static int finish(const char *folder, uint64_t number)
{
	struct memtable_table *sealed;
	char path[4096];
	uint64_t entries;
	int ret;

	ret = memtable_table_open(NULL, &sealed);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%06" PRIu64 ".records", folder, number);
	ret = memtable_registry_attach(sealed, FIRST_NUMBER + number);
	if (!ret)
		ret = memtable_dump_file(sealed, path, NULL, NULL, &entries);
	/* Until here the registry keeps it, whatever happens to this process. */
	if (!ret)
		ret = memtable_registry_drop(sealed, FIRST_NUMBER + number);
	if (!ret)
		printf("%s: %" PRIu64 " entries\n", path, entries);
	memtable_table_close(sealed);
	return ret;
}

static int flush(struct memtable_table *table, const char *folder, uint64_t number)
{
	int ret = memtable_registry_rotate(table, FIRST_NUMBER + number);

	return ret ? ret : finish(folder, number);
}

static int flush_until_written(struct memtable_table *table, const char *folder, pid_t writer)
{
	uint64_t number = 1;
	int ret = 0, status = 0;

	while (!ret && !waitpid(writer, &status, WNOHANG)) {
		ret = memtable_table_wait(table, 100);
		if (ret > 0)
			ret = flush(table, folder, number++);
	}
	if (!ret)
		ret = flush(table, folder, number);
	if (!ret && status)
		ret = -EPIPE;
	return ret;
}

int main(int argc, char **argv)
{
	struct memtable_configure configure = { .write_buffer_size = WRITE_BUFFER_SIZE };
	struct memtable_table *table;
	pid_t writer;
	int ret;

	if (argc != 3) {
		fputs("usage: flusher FOLDER COUNT\n", stderr);
		return EXIT_FAILURE;
	}
	ret = memtable_table_open(NULL, &table);
	if (!ret)
		ret = memtable_table_configure(table, &configure, sizeof(configure));
	if (!ret) {
		writer = fork();
		if (!writer)
			_exit(write_entries(table, atol(argv[2])) ? EXIT_FAILURE : EXIT_SUCCESS);
		ret = writer < 0 ? -errno : flush_until_written(table, argv[1], writer);
		memtable_table_close(table);
	}
	if (ret)
		fprintf(stderr, "flusher: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
