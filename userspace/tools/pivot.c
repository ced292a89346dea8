// SPDX-License-Identifier: GPL-2.0
/* memtable pivot: a table's middle key. */
#include <inttypes.h>

#include "command.h"
#include "escape.h"
#include "json.h"

static int pivot(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	uint64_t number;
	int status, error;
	size_t length;
	void *key;

	(void)count;
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_table_pivot(table, &key, &length);
	memtable_table_close(table);
	if (error == -ENOENT)
		return fail(STATUS_ABSENT, "table %" PRIu64 " is empty", number);
	if (error)
		return table_fail(number, error);

	if (options->given & OPTION(JSON)) {
		putchar('{');
		json_bytes(stdout, "key", key, length);
		puts("}");
	} else {
		escape_write(stdout, key, length);
		putchar('\n');
	}
	free(key);
	return STATUS_OK;
}

const struct command pivot_command = {
	.name = "pivot",
	.operands = "NUMBER",
	.summary = "Print a table's middle key",
	.least = 1,
	.most = 1,
	.options = OPTION(JSON),
	.run = pivot,
};
