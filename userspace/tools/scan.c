// SPDX-License-Identifier: GPL-2.0
/* memtable scan: entries in order. */
#include "command.h"
#include "output.h"

/* Narrows the iterator to the keys that the options ask for. */
static int set_range(struct memtable_iterator *iterator, const struct options *options)
{
	if (options->prefix.data)
		return memtable_iterator_set_prefix(iterator, options->prefix.data,
						    options->prefix.length);
	return memtable_iterator_set_bounds(iterator, options->start.data, options->start.length,
					    options->end.data, options->end.length);
}

static int print_entries(struct memtable_iterator *iterator, const struct options *options)
{
	bool reverse = options->given & OPTION(REVERSE);
	unsigned int parts = 0;
	struct memtable_slice key, value;
	uint64_t left = options->limit, tag;
	int error;

	if (!(options->given & OPTION(KEYS_ONLY)))
		parts |= OUTPUT_VALUE;
	if (options->given & (OPTION(ALL_VERSIONS) | OPTION(TOMBSTONES)))
		parts |= OUTPUT_TAG;

	error = reverse ? memtable_iterator_seek_to_last(iterator) :
			  memtable_iterator_seek_to_first(iterator);
	/* What cannot be printed need not be read; main() tells. */
	while (!error && left-- && memtable_iterator_valid(iterator) && !ferror(stdout)) {
		key.data = memtable_iterator_key(iterator, &key.length);
		value.data = memtable_iterator_value(iterator, &value.length);
		tag = memtable_tag(memtable_iterator_sequence(iterator),
				   memtable_iterator_type(iterator));
		if (options->given & OPTION(JSON))
			output_json(stdout, parts, &key, &value, tag);
		else
			output_tsv(stdout, parts, &key, &value, tag);
		error = reverse ? memtable_iterator_prev(iterator) :
				  memtable_iterator_next(iterator);
	}
	return error;
}

static int scan(const struct options *options, int count, char **operands)
{
	struct memtable_iterator *iterator;
	struct memtable_table *table;
	uint64_t number;
	uint32_t flags = 0;
	int status, error;

	(void)count;
	if (options->given & OPTION(PREFIX) && options->given & (OPTION(START) | OPTION(END)))
		return fail(STATUS_USAGE, "--prefix does not go with --start or --end");
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;

	if (options->given & OPTION(ALL_VERSIONS))
		flags |= MEMTABLE_SCAN_ALL_VERSIONS;
	if (options->given & OPTION(TOMBSTONES))
		flags |= MEMTABLE_SCAN_TOMBSTONES;
	if (options->given & OPTION(KEYS_ONLY))
		flags |= MEMTABLE_SCAN_KEYS_ONLY;
	error = memtable_iterator_create(table, flags, options->snapshot, &iterator);
	if (!error) {
		error = set_range(iterator, options);
		if (!error)
			error = print_entries(iterator, options);
		memtable_iterator_destroy(iterator);
	}
	memtable_table_close(table);
	return error ? table_fail(number, error) : STATUS_OK;
}

const struct command scan_command = {
	.name = "scan",
	.operands = "NUMBER",
	.summary = "Print entries in order",
	.details = "Prints lines with KEY, tab, VALUE. With --all-versions or --tombstones the\n"
		   "sequence number and the type (value or deletion) follow. 'memtable load' takes\n"
		   "either.",
	.least = 1,
	.most = 1,
	.options = OPTION(ALL_VERSIONS) | OPTION(END) | OPTION(ESCAPED) | OPTION(JSON) |
		   OPTION(KEYS_ONLY) | OPTION(LIMIT) | OPTION(PREFIX) | OPTION(REVERSE) |
		   OPTION(SNAPSHOT) | OPTION(START) | OPTION(TOMBSTONES),
	.run = scan,
};
