// SPDX-License-Identifier: GPL-2.0
/* memtable load: a file's entries, in atomic batches. */
#include <inttypes.h>
#include <sys/stat.h>

#include "command.h"
#include "import.h"
#include "input.h"
#include "progress.h"

/**
 * struct load - A load that is under way.
 * @number: Number of the table.
 * @table: The table.
 * @name: What messages call the file.
 * @input: The file.
 * @batch: Entries that were read but not written yet.
 * @batch_limit: Entries that make a batch full.
 * @written: Entries that were written.
 * @sequence: Highest sequence number of the last batch.
 * @progress: How far it is.
 */
struct load {
	uint64_t number;
	struct memtable_table *table;
	const char *name;
	struct input input;
	struct memtable_batch *batch;
	uint64_t batch_limit;
	uint64_t written;
	uint64_t sequence;
	struct progress progress;
};

/* Says where the load ended, and what of it is in the table. */
static int load_fail(struct load *load, const char *what)
{
	progress_end(&load->progress, load->input.bytes, load->written);
	return fail(STATUS_FAILED, "%s:%lu: %s; the table has the %" PRIu64 " entries of the "
		    "batches before", load->name, load->input.line_number, what, load->written);
}

static int load_write(struct load *load)
{
	int error;

	if (!memtable_batch_count(load->batch))
		return STATUS_OK;
	do {
		error = memtable_batch_write(load->batch, load->table, &load->sequence);
	} while (error == -EROFS && table_follow(load->table, load->number));
	if (error) {
		load_fail(load, "a batch that ends at or before this line was not written");
		return table_fail(load->number, error);
	}
	load->written += memtable_batch_count(load->batch);
	memtable_batch_clear(load->batch);
	progress_update(&load->progress, load->input.bytes, load->written);
	return STATUS_OK;
}

static int batch_entry(struct memtable_batch *batch, const struct entry *entry)
{
	if (entry->sequence)
		return memtable_batch_add(batch, entry->sequence, entry->type,
					  entry->key, entry->key_length,
					  entry->value, entry->value_length);
	return memtable_batch_put(batch, entry->key, entry->key_length,
				  entry->value, entry->value_length);
}

static int load_entry(struct load *load, const struct entry *entry)
{
	int error, status;

	error = batch_entry(load->batch, entry);
	if (error && memtable_batch_count(load->batch)) {
		/* It may be the batch that is too long, or of the other kind. */
		status = load_write(load);
		if (status)
			return status;
		error = batch_entry(load->batch, entry);
	}
	if (error == -EMSGSIZE)
		return load_fail(load, "a key or a value that is too long");
	if (error)
		return load_fail(load, strerror(-error));
	if (memtable_batch_count(load->batch) < load->batch_limit)
		return STATUS_OK;
	return load_write(load);
}

static int load_file(struct load *load, int (*next)(struct input *input, struct entry *entry))
{
	struct entry entry;
	int got, status = STATUS_OK;

	while (!status) {
		got = next(&load->input, &entry);
		if (got < 0)
			return load_fail(load, load->input.error);
		if (!got)
			break;
		status = load_entry(load, &entry);
	}
	if (!status)
		status = load_write(load);
	if (!status)
		progress_end(&load->progress, load->input.bytes, load->written);
	return status;
}

static int open_input(const char *path, struct load *load)
{
	struct stat stat;

	load->name = path;
	load->input.file = stdin;
	if (!strcmp(path, "-"))
		load->name = "standard input";
	else
		load->input.file = fopen(path, "re");
	if (!load->input.file || fstat(fileno(load->input.file), &stat))
		return fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
	progress_begin(&load->progress, stderr, S_ISREG(stat.st_mode) ? stat.st_size : 0);
	return STATUS_OK;
}

void load_tell(const struct options *options, uint64_t number, uint64_t entries,
	       uint64_t sequence)
{
	if (options->given & OPTION(JSON))
		printf("{\"number\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"last_sequence\":%"
		       PRIu64 "}\n", number, entries, sequence);
	else if (options->given & OPTION(PRINT_SEQUENCE))
		printf("%" PRIu64 "\n", sequence);
}

static int load_text(const struct options *options, char **operands,
		     int (*next)(struct input *input, struct entry *entry))
{
	struct load load = { .batch_limit = options->batch };
	int status;

	status = open_input(operands[1], &load);
	if (status)
		return status;
	status = table_attach_or_create(options, operands[0], &load.number, &load.table);
	if (status)
		goto close_input;
	if (memtable_batch_create(&load.batch)) {
		status = fail(STATUS_FAILED, "%s", strerror(ENOMEM));
		goto close_table;
	}

	status = load_file(&load, next);
	if (!status)
		load_tell(options, load.number, load.written, load.sequence);

	memtable_batch_destroy(load.batch);
close_table:
	memtable_table_close(load.table);
close_input:
	input_release(&load.input);
	fclose(load.input.file);
	return status;
}

static int load(const struct options *options, int count, char **operands)
{
	const char *format = options->format ? options->format : "tsv";

	(void)count;
	if (!strcmp(format, "tsv"))
		return load_text(options, operands, tsv_next);
	if (!strcmp(format, "deb822"))
		return load_text(options, operands, deb822_next);
	if (!strcmp(format, "leveldb-log"))
		return import_log(options, operands[0], operands[1]);
	if (!strcmp(format, "leveldb") || !strcmp(format, "rocksdb"))
		return import_database(options, operands[0], operands[1]);
	return fail(STATUS_USAGE, "not a valid FORMAT for --format: '%s'; load reads tsv, deb822, "
		    "leveldb-log, leveldb or rocksdb", format);
}

const struct command load_command = {
	.name = "load",
	.operands = "NUMBER FILE|-",
	.summary = "Write a file's or a database's entries",
	.details = "Writes them in batches, each of which is applied whole or not at all. A table\n"
		   "that is not there is made.\n"
		   "\n"
		   "tsv: lines with KEY, tab, VALUE, both with escapes, and optionally tab,\n"
		   "SEQUENCE, tab, TYPE (value or deletion): what 'memtable scan' prints.\n"
		   "deb822: a Debian control file, one entry a stanza. The key is its Package\n"
		   "field; the value is its bytes, the last line's newline included, the empty\n"
		   "line between stanzas not.\n"
		   "leveldb-log: a write-ahead log of LevelDB, with its sequence numbers.\n"
		   "leveldb, rocksdb: the newest values of a database; FILE is its folder.",
	.least = 2,
	.most = 2,
	.options = OPTION(BATCH) | OPTION(FORMAT) | OPTION(JSON) | OPTION(PRINT_SEQUENCE) |
		   OPTION(SKIP_CORRUPT) | CONFIGURE_OPTIONS,
	.run = load,
};
