// SPDX-License-Identifier: GPL-2.0
/* memtable create: a new, empty table. */
#include <inttypes.h>

#include "command.h"

static int create(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	uint64_t number;
	int status, error;

	(void)count;
	status = table_open_number(options, operands[0], &number, &table);
	if (status)
		return status;
	status = table_configure(table, options);
	if (!status) {
		error = memtable_registry_publish(table, number);
		if (error == -EEXIST)
			status = fail(STATUS_FAILED, "table %" PRIu64 " exists already", number);
		else if (error)
			status = table_fail(number, error);
	}
	memtable_table_close(table);
	return status;
}

const struct command create_command = {
	.name = "create",
	.operands = "NUMBER",
	.summary = "Make an empty table",
	.details = "put, load and restore make one, too, if it is not there. A map keeps one\n"
		   "version of a key: a value replaces the one before, a deletion leaves nothing.",
	.least = 1,
	.most = 1,
	.options = CONFIGURE_OPTIONS,
	.run = create,
};
