// SPDX-License-Identifier: GPL-2.0
/*
 * One system under test, and what it takes, as lines of JSON:
 *
 *   bench-SYSTEM [-w] [-c] [-p] KEYS ENTRIES OPERATIONS FOLDER WORKLOAD[/BATCH]...
 *
 * The workloads share a process and, one after the other, the store.
 *
 *  -w	the time is that of a clock on the wall, not that of the processor
 *  -c	scans copy entries out of the system
 *  -p	what needs memory has it before: a store has been filled and freed
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include "workload.h"

bool copying;
uint8_t copies[COPIES_SIZE];
size_t copied;

void die(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

uint64_t heap_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static size_t number(const char *text, size_t most)
{
	char *end;
	size_t number = strtoul(text, &end, 10);

	if (*end || !number || number > most)
		die("not a number that makes sense: %s", text);
	return number;
}

static void print(const struct workload *workload, size_t batch, const struct result *result,
		  size_t count)
{
	printf("{\"workload\": \"%s\", \"batch\": %zu, \"ops\": %" PRIu64 ", \"ns_per_op\": %.2f",
	       workload->name, batch, result->ops, (double)result->ns / result->ops);
	if (result->bytes)
		printf(", \"bytes_per_entry\": %.2f", (double)result->bytes / count);
	if (result->alone)
		printf(", \"ns_alone\": %.2f, \"ns_writer\": %.2f"
		       ", \"ns_p50\": %u, \"ns_p99\": %u, \"ns_p999\": %u",
		       result->alone, result->writer, result->percentiles[0],
		       result->percentiles[1], result->percentiles[2]);
	printf("}\n");
	fflush(stdout);
}

static void run(struct bench *bench, char *step)
{
	const struct workload *workload;
	struct result result = {};
	size_t batch = 1;
	char *slash = strchr(step, '/');

	if (slash) {
		*slash = '\0';
		batch = number(slash + 1, BATCH_MAX);
	}
	for (workload = workloads; workload->name; workload++) {
		if (!strcmp(workload->name, step))
			break;
	}
	if (!workload->name)
		die("there is no workload called %s", step);
	CALLGRIND_ZERO_STATS;
	workload->run(bench, batch, &result);
	CALLGRIND_DUMP_STATS_AT(step);
	print(workload, batch, &result, bench->count);
}

/* Memory that malloc() has got stays with the process, too. */
static void prepare(const struct bench *bench)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	store.open(bench->folder, bench->count);
	workload_add(&bench->keys, BATCH_MAX);
	store.close();
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	bool preparing = false;
	int option, i;

	while ((option = getopt(argc, argv, "wcp")) != -1) {
		switch (option) {
		case 'w':
			workload_clock = CLOCK_MONOTONIC;
			break;
		case 'c':
			copying = true;
			break;
		case 'p':
			preparing = true;
			break;
		default:
			return 1;
		}
	}
	if (argc - optind < 5)
		die("use: [-w] [-c] [-p] KEYS ENTRIES OPERATIONS FOLDER WORKLOAD[/BATCH]...");
	bench.kind = argv[optind];
	bench.count = number(argv[optind + 1], 100000000);
	bench.least = number(argv[optind + 2], 100000000);
	bench.folder = argv[optind + 3];
	keys_make(&bench.keys, bench.kind, bench.count);
	if (preparing)
		prepare(&bench);
	for (i = optind + 4; i < argc; i++)
		run(&bench, argv[i]);
	if (bench.open)
		store.close();
	keys_free(&bench.keys);
	return 0;
}
