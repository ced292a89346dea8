// SPDX-License-Identifier: GPL-2.0
/* LevelDB and RocksDB, whose libraries are loaded when they are asked for. */
#include <dlfcn.h>

#include "command.h"
#include "database.h"

static database_function *find(void *library, const char *name, const char *verb)
{
	char symbol[64];

	snprintf(symbol, sizeof(symbol), "memtable_%s_%s", name, verb);
	return (database_function *)dlsym(library, symbol);
}

int database_find(const char *name, struct database *database)
{
	char file[64];
	void *library;

	/* It stays until the program ends. */
	snprintf(file, sizeof(file), "libmemtable-%s.so.0", name);
	library = dlopen(file, RTLD_NOW);
	if (library) {
		database->finish = find(library, name, "finish");
		database->load = find(library, name, "load");
	}
	if (!library || !database->finish || !database->load)
		return fail(STATUS_FAILED, "this was built or installed without %s: %s", name,
			    dlerror());
	return STATUS_OK;
}
