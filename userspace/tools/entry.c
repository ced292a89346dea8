// SPDX-License-Identifier: GPL-2.0
/* memtable put, get, delete: one entry. */
#include <inttypes.h>

#include "command.h"
#include "escape.h"
#include "output.h"

/* Reads standard input to its end. The memory is the caller's. */
static int read_value(struct memtable_slice *value)
{
	size_t size = MEMTABLE_MAX_VALUE_LENGTH + 1UL;
	char *data = malloc(size);

	if (!data)
		return fail(STATUS_FAILED, "%s", strerror(ENOMEM));
	value->data = data;
	value->length = fread(data, 1, size, stdin);
	if (ferror(stdin))
		return fail(STATUS_FAILED, "standard input: %s", strerror(errno));
	return STATUS_OK;
}

static void print_sequence(const struct options *options, uint64_t sequence)
{
	if (options->given & OPTION(PRINT_SEQUENCE))
		printf("%" PRIu64 "\n", sequence);
}

static int put(const struct options *options, int count, char **operands)
{
	struct memtable_slice key, value = { 0 };
	struct memtable_table *table;
	uint64_t number, sequence;
	void *input = NULL;
	int status, error;

	status = options_bytes(options, operands[1], &key);
	if (!status && count > 2)
		status = options_bytes(options, operands[2], &value);
	if (!status && count == 2) {
		status = read_value(&value);
		input = (void *)value.data;
	}
	if (!status)
		status = table_attach_or_create(options, operands[0], &number, &table);
	if (status)
		goto out;

	do {
		error = memtable_table_put(table, key.data, key.length, value.data, value.length,
					   &sequence);
	} while (error == -EROFS && table_follow(table, number));
	if (error)
		status = table_fail(number, error);
	else
		print_sequence(options, sequence);
	memtable_table_close(table);
out:
	free(input);
	return status;
}

static int absent(uint64_t number, const struct memtable_slice *key, uint64_t tag)
{
	fprintf(stderr, "memtable: table %" PRIu64 ": '", number);
	escape_write(stderr, key->data, key->length);
	if (tag)
		fprintf(stderr, "' is deleted, by sequence number %" PRIu64 "\n",
			memtable_tag_sequence(tag));
	else
		fputs("' is not there\n", stderr);
	return STATUS_ABSENT;
}

static int get(const struct options *options, int count, char **operands)
{
	struct memtable_slice key, value;
	struct memtable_table *table;
	uint64_t number, tag;
	void *data;
	int status, error;

	(void)count;
	status = options_bytes(options, operands[1], &key);
	if (!status)
		status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;

	error = memtable_table_get(table, key.data, key.length, options->snapshot,
				   &data, &value.length, &tag);
	memtable_table_close(table);
	if (error == -ENOENT)
		return absent(number, &key, tag);
	if (error)
		return table_fail(number, error);

	value.data = data;
	if (options->given & OPTION(RAW)) {
		fwrite(data, 1, value.length, stdout);
	} else if (options->given & OPTION(JSON)) {
		output_json(stdout, OUTPUT_VALUE, &key, &value, tag);
	} else {
		escape_write(stdout, data, value.length);
		putchar('\n');
	}
	free(data);
	return STATUS_OK;
}

static int delete(const struct options *options, int count, char **operands)
{
	struct memtable_slice key;
	struct memtable_table *table;
	uint64_t number, sequence;
	int status, error;

	(void)count;
	status = options_bytes(options, operands[1], &key);
	if (!status)
		status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;

	do {
		error = memtable_table_delete(table, key.data, key.length, &sequence);
	} while (error == -EROFS && table_follow(table, number));
	memtable_table_close(table);
	if (error)
		return table_fail(number, error);
	print_sequence(options, sequence);
	return STATUS_OK;
}

const struct command put_command = {
	.name = "put",
	.operands = "NUMBER KEY [VALUE]",
	.summary = "Give a key a value",
	.details = "Without VALUE, it is what standard input has. A table that is not there is\n"
		   "made.",
	.least = 2,
	.most = 3,
	.options = OPTION(ESCAPED) | OPTION(PRINT_SEQUENCE) | CONFIGURE_OPTIONS,
	.run = put,
};

const struct command get_command = {
	.name = "get",
	.operands = "NUMBER KEY",
	.summary = "Print a key's value",
	.least = 2,
	.most = 2,
	.options = OPTION(ESCAPED) | OPTION(JSON) | OPTION(RAW) | OPTION(SNAPSHOT),
	.run = get,
};

const struct command delete_command = {
	.name = "delete",
	.operands = "NUMBER KEY",
	.summary = "Delete a key, whether or not it is there",
	.least = 2,
	.most = 2,
	.options = OPTION(ESCAPED) | OPTION(PRINT_SEQUENCE),
	.run = delete,
};
