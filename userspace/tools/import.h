/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMPORT_H
#define IMPORT_H

#include "command.h"

/* Tells what a load has written, as the options want it: as JSON, or its sequence number. */
void load_tell(const struct options *options, uint64_t number, uint64_t entries,
	       uint64_t sequence);

/*
 * Write what a LevelDB write-ahead log, or a database whose kind the format
 * names, has to a table. They explain errors and return an exit status.
 */
int import_log(const struct options *options, const char *number, const char *path);
int import_database(const struct options *options, const char *number, const char *path);

#endif /* IMPORT_H */
