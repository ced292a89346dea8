// SPDX-License-Identifier: GPL-2.0
/*
 * Shares a table by publishing it: a child process fills it and ends, and the
 * parent then takes it up by its number. The table outlives the process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memtable.h>

#define NUMBER 4711

static int publish(void)
{
	struct memtable_table *table;
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (ret)
		return ret;
	ret = memtable_table_put(table, "from", 4, "a process that has ended", 24, NULL);
	if (!ret)
		ret = memtable_registry_publish(table, NUMBER);
	memtable_table_close(table);
	return ret;
}

static int attach(void)
{
	struct memtable_table *table;
	size_t length;
	void *value;
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (ret)
		return ret;
	ret = memtable_registry_attach(table, NUMBER);
	if (!ret)
		ret = memtable_table_get(table, "from", 4, 0, &value, &length, NULL);
	if (!ret) {
		printf("from: %.*s\n", (int)length, (char *)value);
		free(value);
		ret = memtable_registry_drop(table, NUMBER);
	}
	memtable_table_close(table);
	return ret;
}

int main(void)
{
	int ret, status;
	pid_t child;

	child = fork();
	if (child < 0) {
		perror("share: fork");
		return EXIT_FAILURE;
	}
	if (!child)
		_exit(-publish());
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return EXIT_FAILURE;

	ret = -WEXITSTATUS(status);
	if (!ret)
		ret = attach();
	if (ret)
		fprintf(stderr, "share: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
