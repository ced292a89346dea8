// SPDX-License-Identifier: GPL-2.0
/* memtable share: leave a table to a program. */
#include <fcntl.h>
#include <unistd.h>

#include "command.h"

/* As the programs that it is left to find it. */
#define SHARED_FD 3

/* Only returns after a failure. */
static int run_program(struct memtable_table *shared, char **arguments)
{
	int fd = memtable_table_fd(shared);

	/* A copy of a descriptor is inherited, unlike itself. */
	if (fd == SHARED_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, SHARED_FD) < 0)
		return fail(STATUS_FAILED, "%s", strerror(errno));
	execvp(arguments[0], arguments);
	return fail(STATUS_FAILED, "%s: %s", arguments[0], strerror(errno));
}

static int share(const struct options *options, int count, char **operands)
{
	uint32_t flags = options->given & OPTION(READ_ONLY) ? MEMTABLE_SHARE_READ_ONLY : 0;
	struct memtable_table *table, *shared;
	uint64_t number;
	int status, error;

	(void)count;
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_table_share(table, flags, &shared);
	memtable_table_close(table);
	if (error)
		return table_fail(number, error);
	status = run_program(shared, operands + 1);
	memtable_table_close(shared);
	return status;
}

const struct command share_command = {
	.name = "share",
	.operands = "NUMBER PROGRAM [ARGUMENT]...",
	.summary = "Run a program that has a table open",
	.details = "The program has it as file descriptor 3, reads a record stream there and\n"
		   "writes one, and reaches no other table through it. Options of the program go\n"
		   "after '--'.",
	.least = 2,
	.most = INT_MAX,
	.options = OPTION(READ_ONLY),
	.run = share,
};
