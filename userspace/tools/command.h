/* SPDX-License-Identifier: GPL-2.0 */
/* What the memtable command's files share. */
#ifndef COMMAND_H
#define COMMAND_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

enum exit_status {
	STATUS_OK	= 0,
	STATUS_ABSENT	= 1,	/* the key is not there, or deleted */
	STATUS_USAGE	= 2,	/* the command line is wrong */
	STATUS_FAILED	= 3,	/* anything that is not listed here */
	STATUS_NO_TABLE	= 4,	/* no table has this number */
	STATUS_FULL	= 5,	/* the table would pass its maximum size */
	STATUS_SEALED	= 6,	/* the table takes no more writes */
};

enum option_id {
	OPTION_DEVICE,
	OPTION_HELP,
	OPTION_ALL_VERSIONS,
	OPTION_AT,
	OPTION_BATCH,
	OPTION_END,
	OPTION_ESCAPED,
	OPTION_FORMAT,
	OPTION_JSON,
	OPTION_KEYS_ONLY,
	OPTION_KIND,
	OPTION_LIMIT,
	OPTION_MAX_SIZE,
	OPTION_ORDER,
	OPTION_PREFIX,
	OPTION_PRINT_SEQUENCE,
	OPTION_RAW,
	OPTION_READ_ONLY,
	OPTION_REVERSE,
	OPTION_SKIP_CORRUPT,
	OPTION_SNAPSHOT,
	OPTION_START,
	OPTION_TOMBSTONES,
	OPTION_WATCH,
	OPTION_WRITE_BUFFER_SIZE,
	OPTION_COUNT
};

#define OPTION(name) (1U << OPTION_##name)

/* What is said about a table when it is made. */
#define CONFIGURE_OPTIONS \
	(OPTION(KIND) | OPTION(MAX_SIZE) | OPTION(ORDER) | OPTION(WRITE_BUFFER_SIZE))

/* What a command line says. Keys that were not given have no data. */
struct options {
	unsigned int given;
	const char *device;
	struct memtable_slice at;
	uint64_t batch;
	struct memtable_slice end;
	const char *format;
	uint32_t kind;
	uint64_t limit;
	uint64_t max_size;
	uint32_t order;
	struct memtable_slice prefix;
	uint64_t snapshot;
	struct memtable_slice start;
	const char *watch;
	uint64_t write_buffer_size;
};

/**
 * struct command - A subcommand.
 * @name: Its name.
 * @operands: Its operands as the help shows them.
 * @summary: What it does, in a line.
 * @details: What else one must know, in lines; or NULL.
 * @least: How few operands it takes.
 * @most: How many operands it takes.
 * @options: Which options it takes, beside those that all take.
 * @run: Runs it, returns an &enum exit_status.
 */
struct command {
	const char *name;
	const char *operands;
	const char *summary;
	const char *details;
	int least;
	int most;
	unsigned int options;
	int (*run)(const struct options *options, int count, char **operands);
};

extern const struct command put_command, get_command, delete_command, scan_command,
	stat_command, list_command, drop_command, seal_command, load_command, create_command,
	pivot_command, share_command, dump_command, restore_command, flush_command,
	rotate_command, split_command;

/* Parses what follows the command's name; the operands are then argv[optind] on. */
int options_parse(const struct command *command, int argc, char **argv, struct options *options);
void options_help(const struct command *command, FILE *out);
/* Takes an operand, decoding it in place if the options say so. */
int options_bytes(const struct options *options, char *text, struct memtable_slice *bytes);

/* Prints a message to standard error, and returns the status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Explains an error that the library returned for a table, and returns its status. */
int table_fail(uint64_t number, int error);
/* Explains an error that writing a table to a file came to. */
int file_fail(const char *path, uint64_t number, int error);
/* Says that there is no such table, and returns the status. */
int no_table(uint64_t number);
int parse_number(const char *text, uint64_t *number);

/* These explain their errors, and return an exit status. */
int table_open(const struct options *options, struct memtable_table **table);
int table_open_number(const struct options *options, const char *text,
		      uint64_t *number, struct memtable_table **table);
int table_configure(struct memtable_table *table, const struct options *options);
int table_attach(const struct options *options, const char *text,
		 uint64_t *number, struct memtable_table **table);
/*
 * Whether a write to a table that has turned out to be sealed can be done again: it
 * was rotated, and the handle now has the table that goes on under the number.
 */
bool table_follow(struct memtable_table *table, uint64_t number);
int table_attach_or_create(const struct options *options, const char *text,
			   uint64_t *number, struct memtable_table **table);

#endif /* COMMAND_H */
