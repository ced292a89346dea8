// SPDX-License-Identifier: GPL-2.0
/* memtable drop, rotate, seal: tables as a whole. */
#include <inttypes.h>

#include "command.h"

static int drop(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	uint64_t number;
	int status, error, i;

	status = table_open(options, &table);
	if (status)
		return status;

	for (i = 0; i < count; i++) {
		if (parse_number(operands[i], &number)) {
			status = fail(STATUS_USAGE, "not a table number: '%s'", operands[i]);
			continue;
		}
		error = memtable_registry_drop(table, number);
		if (error == -ENOENT)
			status = no_table(number);
		else if (error)
			status = table_fail(number, error);
	}
	memtable_table_close(table);
	return status;
}

static int seal(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	uint64_t number;
	int status, error;

	(void)count;
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_table_seal(table);
	memtable_table_close(table);
	return error ? table_fail(number, error) : STATUS_OK;
}

static int rotate(const struct options *options, int count, char **operands)
{
	struct memtable_table *table;
	uint64_t number, sealed;
	int status, error;

	(void)count;
	if (parse_number(operands[1], &sealed))
		return fail(STATUS_USAGE, "not a table number: '%s'", operands[1]);
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_registry_rotate(table, sealed);
	memtable_table_close(table);
	if (error == -EEXIST)
		return fail(STATUS_FAILED, "table %" PRIu64 " exists already", sealed);
	return error ? table_fail(number, error) : STATUS_OK;
}

const struct command rotate_command = {
	.name = "rotate",
	.operands = "NUMBER SEALED",
	.summary = "Seal a table under another number",
	.details = "What the table has is sealed under the number SEALED, and NUMBER goes on empty,\n"
		   "with the same configuration and the next sequence numbers: in one step, so\n"
		   "that nobody finds the number without a table.",
	.least = 2,
	.most = 2,
	.options = 0,
	.run = rotate,
};

const struct command drop_command = {
	.name = "drop",
	.operands = "NUMBER...",
	.summary = "Remove tables",
	.details = "A program that has one of them open keeps it until it closes it. Numbers\n"
		   "that are not there do not keep the others from being removed.",
	.least = 1,
	.most = INT_MAX,
	.options = 0,
	.run = drop,
};

const struct command seal_command = {
	.name = "seal",
	.operands = "NUMBER",
	.summary = "Let a table take no more writes",
	.least = 1,
	.most = 1,
	.options = 0,
	.run = seal,
};
