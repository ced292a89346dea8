/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable test helpers - what the module's slab caches have in use
 */
#ifndef SELFTESTS_MEMTABLE_CACHES_H
#define SELFTESTS_MEMTABLE_CACHES_H

#include "common.h"

#include <glob.h>

struct caches {
	unsigned int count;
	unsigned long long objects;
	unsigned long long bytes;
};

/* Sums up what the caches called memtable_* have in use. */
static inline struct caches caches_now(void)
{
	struct caches caches = {};
	char line[512];
	FILE *file;
	glob_t paths;

	/* Objects that are only set aside for a CPU count as used: take them. */
	if (!glob("/sys/kernel/slab/memtable_*/shrink", 0, NULL, &paths)) {
		for (size_t i = 0; i < paths.gl_pathc; i++) {
			if (file_write_string(paths.gl_pathv[i], "1"))
				abort();
		}
		globfree(&paths);
	}
	file = checked(fopen("/proc/slabinfo", "r"));
	while (fgets(line, sizeof(line), file)) {
		unsigned long long active, size;

		if (sscanf(line, "memtable_%*s %llu %*u %llu", &active,
			   &size) != 2)
			continue;
		caches.count++;
		caches.objects += active;
		caches.bytes += active * size;
	}
	fclose(file);
	return caches;
}

/* What is left of earlier tables goes in its own time: waits until it is gone. */
static inline struct caches caches_settled(void)
{
	struct caches before = caches_now();

	for (;;) {
		struct caches after;

		usleep(200000);
		after = caches_now();
		if (after.objects == before.objects)
			return after;
		before = after;
	}
}

#endif /* SELFTESTS_MEMTABLE_CACHES_H */
