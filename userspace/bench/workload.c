// SPDX-License-Identifier: GPL-2.0
/*
 * Workloads. The clock is read around whole loops, but for the reader beside a
 * writer, whose single operations are what is asked for. Where all is done by
 * one thread the clock is that of the thread, so that what else the machine does
 * counts little. Keys and values are made before. Each loop checks that it got
 * what it should.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "workload.h"

/* How much is looked up, untimed, to begin with. */
#define WARM_UP		20000

/* How many single operations are kept in mind. */
#define SAMPLES		(1 << 22)

clockid_t workload_clock = CLOCK_THREAD_CPUTIME_ID;

static uint8_t values[BATCH_MAX * VALUE_LENGTH];

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* What lies between these two is also what callgrind counts. */
static uint64_t start(void)
{
	CALLGRIND_START_INSTRUMENTATION;
	return read_clock(workload_clock);
}

static uint64_t stop(uint64_t started)
{
	uint64_t ended = read_clock(workload_clock);

	CALLGRIND_STOP_INSTRUMENTATION;
	return ended - started;
}

static void close_store(struct bench *bench)
{
	uint64_t started = start();

	store.close();
	bench->freed += stop(started);
	bench->frees++;
	bench->open = false;
}

void workload_add(const struct keys *keys, size_t batch)
{
	size_t i;

	for (i = 0; i < keys->count; i += batch)
		store.add(&keys->entries[i], min(batch, keys->count - i));
}

/* Fill new stores, and leave the last one open. */
static void fill(struct bench *bench, const struct keys *keys, size_t batch, struct result *result)
{
	uint64_t empty, started;

	do {
		if (bench->open)
			close_store(bench);
		store.open(bench->folder, keys->count);
		bench->open = true;
		empty = store.memory();
		started = start();
		workload_add(keys, batch);
		result->ns += stop(started);
		result->ops += keys->count;
		result->bytes = store.memory() - empty;
	} while (result->ops < bench->least);
}

static void run_add(struct bench *bench, size_t batch, struct result *result)
{
	fill(bench, &bench->keys, batch, result);
}

static void run_add_sorted(struct bench *bench, size_t batch, struct result *result)
{
	struct keys sorted;

	keys_sorted(&sorted, &bench->keys);
	fill(bench, &sorted, batch, result);
	keys_free(&sorted);
}

static void need_store(struct bench *bench)
{
	if (bench->open)
		return;
	store.open(bench->folder, bench->count);
	bench->open = true;
	workload_add(&bench->keys, BATCH_MAX);
}

static void check_values(const struct entry *entries, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (memcmp(values + i * VALUE_LENGTH, entries[i].value, VALUE_LENGTH))
			die("a value is not what was added");
	}
}

/* Look up @count keys, over and over if there are less. Returns how many were found. */
static size_t get_all(const struct keys *keys, size_t count, size_t batch)
{
	size_t found = 0, first = 0, length;

	while (count) {
		length = min(min(batch, count), keys->count - first);
		found += store.get(&keys->entries[first], length, values);
		count -= length;
		first += length;
		if (first == keys->count)
			first = 0;
	}
	return found;
}

static void lookups(struct bench *bench, const struct keys *keys, bool present, size_t batch,
		    struct result *result)
{
	uint64_t started;
	size_t found;

	need_store(bench);
	get_all(keys, min(WARM_UP, bench->least), batch);
	started = start();
	found = get_all(keys, bench->least, batch);
	result->ns = stop(started);
	result->ops = bench->least;
	if (found != (present ? bench->least : 0))
		die("found %zu of %zu keys", found, bench->least);
}

static void run_get(struct bench *bench, size_t batch, struct result *result)
{
	struct keys keys;

	keys_shuffled(&keys, &bench->keys, 6);
	lookups(bench, &keys, true, batch, result);
	get_all(&keys, batch, batch);
	check_values(keys.entries, batch);
	keys_free(&keys);
}

static void run_get_miss(struct bench *bench, size_t batch, struct result *result)
{
	struct keys keys;

	keys_shuffled(&keys, &bench->keys, 7);
	keys_make_absent(&keys, bench->kind);
	lookups(bench, &keys, false, batch, result);
	keys_free(&keys);
}

static void scans(struct bench *bench, bool backward, struct result *result)
{
	uint64_t expected = 0, sum, started;
	size_t i, count;

	need_store(bench);
	for (i = 0; i < bench->keys.count; i++)
		expected += visit(bench->keys.entries[i].key, bench->keys.entries[i].value);
	do {
		sum = 0;
		started = start();
		count = store.scan(backward, &sum);
		result->ns += stop(started);
		result->ops += count;
		if (count != bench->keys.count || sum != expected)
			die("a scan did not return what was added");
	} while (result->ops < bench->least);
}

static void run_scan(struct bench *bench, size_t batch, struct result *result)
{
	(void)batch;
	scans(bench, false, result);
}

static void run_scan_reverse(struct bench *bench, size_t batch, struct result *result)
{
	(void)batch;
	scans(bench, true, result);
}

/**
 * struct writer - A thread that adds.
 * @keys: What it adds.
 * @batch: So many at a time.
 * @ops: Keys so far.
 * @ns: How long they took, in nanoseconds.
 * @done: It has added all.
 */
struct writer {
	const struct keys *keys;
	size_t batch;
	uint64_t ops;
	uint64_t ns;
	bool done;
};

static void *write_all(void *argument)
{
	struct writer *writer = argument;
	uint64_t started = now();

	workload_add(writer->keys, writer->batch);
	writer->ns += now() - started;
	writer->ops += writer->keys->count;
	__atomic_store_n(&writer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/**
 * struct reader - What a thread that looks up sees.
 * @keys: What it looks up.
 * @ops: Keys so far.
 * @ns: How long they took, in nanoseconds.
 * @samples: How long each of the first ones took.
 */
struct reader {
	const struct keys *keys;
	uint64_t ops;
	uint64_t ns;
	uint32_t *samples;
};

/* Look up keys until the writer is done, or @count of them if there is none. */
static void read_beside(struct reader *reader, const struct writer *writer, size_t count)
{
	uint64_t started = now(), before = started, after, end = reader->ops + count;
	const struct entry *entry;

	while (writer ? !__atomic_load_n(&writer->done, __ATOMIC_ACQUIRE) : reader->ops < end) {
		entry = &reader->keys->entries[reader->ops % reader->keys->count];
		if (store.get(entry, 1, values) != 1)
			die("a key was not found");
		after = now();
		if (reader->ops < SAMPLES)
			reader->samples[reader->ops] = after - before;
		reader->ops++;
		before = after;
	}
	reader->ns += before - started;
}

static int compare_samples(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void percentiles(struct reader *reader, struct result *result)
{
	const double ranks[] = { 0.5, 0.99, 0.999 };
	size_t count = min(reader->ops, SAMPLES), i;

	qsort(reader->samples, count, sizeof(*reader->samples), compare_samples);
	for (i = 0; i < 3; i++)
		result->percentiles[i] = reader->samples[(size_t)(ranks[i] * (count - 1))];
}

/*
 * The reader alone comes before and after, since the table grows meanwhile: by
 * half of what it has.
 */
static void mix(struct bench *bench, const struct keys *keys, struct reader *alone,
		struct reader *beside, struct writer *writer)
{
	size_t share = bench->least / 8;
	uint64_t before = beside->ops;
	pthread_t thread;

	store.open(bench->folder, keys->count + writer->keys->count);
	workload_add(keys, BATCH_MAX);
	bench->open = true;

	get_all(beside->keys, min(WARM_UP, bench->least), 1);
	read_beside(alone, NULL, share);
	writer->done = false;
	if (pthread_create(&thread, NULL, write_all, writer))
		die("cannot start a thread");
	read_beside(beside, writer, 0);
	pthread_join(thread, NULL);
	if (beside->ops == before)
		die("there is no processor for the reader");
	read_beside(alone, NULL, share);
}

static void reader_init(struct reader *reader, const struct keys *keys)
{
	reader->keys = keys;
	reader->samples = calloc(SAMPLES, sizeof(*reader->samples));
	if (!reader->samples)
		die("out of memory");
}

/* In new stores, until the reader has looked up enough beside the writer. */
static void run_mixed(struct bench *bench, size_t batch, struct result *result)
{
	struct keys all, added, keys, shuffled;
	struct writer writer = { .keys = &added, .batch = batch };
	struct reader alone = {}, beside = {};

	if (bench->open)
		die("a store that others have used is not for one writer and one reader");
	keys_make(&all, bench->kind, bench->count + bench->count / 2);
	keys_copy(&keys, &all, 0, bench->count);
	keys_copy(&added, &all, bench->count, bench->count / 2);
	keys_free(&all);
	keys_shuffled(&shuffled, &keys, 8);
	reader_init(&alone, &shuffled);
	reader_init(&beside, &shuffled);

	do {
		if (bench->open)
			close_store(bench);
		mix(bench, &keys, &alone, &beside, &writer);
	} while (beside.ops < bench->least);

	percentiles(&beside, result);
	result->ops = beside.ops;
	result->ns = beside.ns;
	result->alone = (double)alone.ns / alone.ops;
	result->writer = (double)writer.ns / writer.ops;
	keys_free(&keys);
	keys_free(&added);
	keys_free(&shuffled);
	free(alone.samples);
	free(beside.samples);
}

static void run_free(struct bench *bench, size_t batch, struct result *result)
{
	(void)batch;
	need_store(bench);
	close_store(bench);
	result->ns = bench->freed;
	result->ops = bench->frees * bench->count;
}

const struct workload workloads[] = {
	{ "add", run_add },
	{ "add-sorted", run_add_sorted },
	{ "get", run_get },
	{ "get-miss", run_get_miss },
	{ "scan", run_scan },
	{ "scan-reverse", run_scan_reverse },
	{ "mixed", run_mixed },
	{ "free", run_free },
	{ NULL, NULL }
};
