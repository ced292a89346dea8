// SPDX-License-Identifier: GPL-2.0
/* memtable pivot, split: a table's middle key, and two tables of one. */
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

static int print_part(const struct options *options, struct memtable_table *table,
		      uint64_t number)
{
	struct memtable_info info;
	int error = memtable_table_info(table, &info, sizeof(info));

	if (error)
		return table_fail(number, error);
	printf(options->given & OPTION(JSON) ?
	       "{\"number\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"logical_bytes\":%" PRIu64 "}\n" :
	       "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
	       number, (uint64_t)info.entries, (uint64_t)info.logical_bytes);
	return STATUS_OK;
}

static int split(const struct options *options, int count, char **operands)
{
	const struct memtable_slice *at = options->given & OPTION(AT) ? &options->at : NULL;
	struct memtable_table *table, *upper;
	uint64_t number, upper_number;
	int status, error;

	(void)count;
	if (parse_number(operands[1], &upper_number))
		return fail(STATUS_USAGE, "not a table number: '%s'", operands[1]);
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;
	error = memtable_registry_split(table, at, upper_number, &upper);
	if (error == -EEXIST) {
		status = fail(STATUS_FAILED, "table %" PRIu64 " exists already", upper_number);
	} else if (error) {
		status = table_fail(number, error);
	} else {
		status = print_part(options, table, number);
		if (!status)
			status = print_part(options, upper, upper_number);
		memtable_table_close(upper);
	}
	memtable_table_close(table);
	return status;
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

const struct command split_command = {
	.name = "split",
	.operands = "NUMBER UPPER",
	.summary = "Move the upper part to a new table",
	.details = "The new table has the number UPPER, the configuration of the other one and\n"
		   "the keys from KEY on, or without one as many as make both parts have about\n"
		   "the same size: in one step, so that nothing is ever without a number. Prints a\n"
		   "line for each of the two: its number, its entries, the bytes of their keys and\n"
		   "values.",
	.least = 2,
	.most = 2,
	.options = OPTION(AT) | OPTION(ESCAPED) | OPTION(JSON),
	.run = split,
};
