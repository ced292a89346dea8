/* SPDX-License-Identifier: GPL-2.0 */
/* How tables are flushed, one by one or all that ask for it. */
#ifndef FLUSH_H
#define FLUSH_H

#include "command.h"
#include "database.h"

/**
 * struct flush - How tables are flushed.
 * @options: What the command line says.
 * @database: The library that writes the files; without functions if it is none's.
 * @extension: What the names of files end in.
 */
struct flush {
	const struct options *options;
	struct database database;
	const char *extension;
};

/*
 * Writes a sealed table to a file and drops it, and tells that table @from is
 * there. @number is the table's own, which is another one if it was rotated.
 */
int flush_table(const struct flush *flush, struct memtable_table *table, uint64_t from,
		uint64_t number, const char *path);

/* The same if the file is there already. */
int flush_drop(const struct flush *flush, struct memtable_table *table, uint64_t from,
	       uint64_t number, const char *path, uint64_t entries);

/* Flushes what asks for it into the folder that the options name, until a signal. */
int flush_watch(const struct flush *flush);

#endif /* FLUSH_H */
