// SPDX-License-Identifier: GPL-2.0
/*
 * One system under test, and what it takes, as lines of JSON:
 *
 *   bench-SYSTEM [-w] KEYS ENTRIES OPERATIONS FOLDER WORKLOAD[/BATCH]...
 *
 * The workloads share a process and, one after the other, the store. With -w
 * the time is that of a clock on the wall, otherwise that of the processor.
 */
#include <inttypes.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "workload.h"

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

int main(int argc, char **argv)
{
	struct bench bench = {};
	int i;

	if (argc > 1 && !strcmp(argv[1], "-w")) {
		workload_clock = CLOCK_MONOTONIC;
		argc--;
		argv++;
	}
	if (argc < 6)
		die("use: [-w] KEYS ENTRIES OPERATIONS FOLDER WORKLOAD[/BATCH]...");
	bench.kind = argv[1];
	bench.count = number(argv[2], 100000000);
	bench.least = number(argv[3], 100000000);
	bench.folder = argv[4];
	keys_make(&bench.keys, bench.kind, bench.count);
	for (i = 5; i < argc; i++)
		run(&bench, argv[i]);
	if (bench.open)
		store.close();
	keys_free(&bench.keys);
	return 0;
}
