// SPDX-License-Identifier: GPL-2.0
/*
 * Rotation under fire: writers in two processes share one open file with a
 * flusher, which rotates it every few milliseconds, finishes what was rotated
 * out into a file of its number, and drops it. Or they share nothing but the
 * number under which the table is published: a writer that finds its table sealed
 * then attaches to the number again.
 *
 * A writer's batch is the same keys each time, with the batch's number as value.
 * Afterwards all files and what is left in the table are restored into one
 * table, which refuses an entry that comes twice, and is compared with what the
 * writers did: every batch that was written is there, whole, and nothing else.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

#define FOLDER		"/tmp/rotation_test"
#define FIRST		UINT64_C(0x726f746174650000)
#define LAST		(FIRST + 0xffff)
#define NUMBER		(LAST + 1)

#define PROCESSES	2
#define THREADS		2	/* of each process */
#define WRITERS		(PROCESSES * THREADS)
#define BATCH		4	/* entries of a batch */
#define BATCHES		30000	/* most batches of a writer */
#define SECONDS		5
#define KILLS		300	/* of those who share the number; the others get fewer */

/* What a batch came to; a batch that a killed writer began may be there or not. */
enum progress {
	NONE,
	BEGUN,
	WRITTEN,
};

/**
 * struct world - What all processes share, beside the table.
 * @problems: What went wrong in other processes.
 * @rotations: How often the table was rotated.
 * @next: Each writer's next batch.
 * @last: The batch at which the writers end.
 * @pause: How long a writer rests after some batches, in microseconds, so that it
 *	does not end too early.
 * @published: Whether they share the number only.
 * @stop: Tells the processes to end.
 * @progress: What each batch came to.
 */
struct world {
	atomic_int problems;
	atomic_int rotations;
	atomic_int next[WRITERS];
	int last;
	int pause;
	bool published;
	atomic_bool stop;
	atomic_uchar progress[WRITERS][BATCHES];
};

static struct world *world;
static struct memtable_table *table;

static void expect(bool ok, const char *what, int ret)
{
	if (ok)
		return;
	fprintf(stderr, "# %s: %d\n", what, ret);
	atomic_fetch_add(&world->problems, 1);
}

/* Opens the table that is published. */
static void attach(void)
{
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (!ret)
		ret = memtable_registry_attach(table, NUMBER);
	expect(!ret, "the table", ret);
}

static bool begin(int last)
{
	struct memtable_configure configure = { .write_buffer_size = 65536 };

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	table = device_table();
	if (!CHECK(world != MAP_FAILED) || !table)
		return false;
	world->last = last;
	mkdir(FOLDER, 0755);
	return CHECK_EQUAL(memtable_table_configure(table, &configure, sizeof(configure)), 0);
}

static void end(void)
{
	CHECK_EQUAL(atomic_load(&world->problems), 0);
	if (world->published)
		CHECK_EQUAL(memtable_registry_drop(table, NUMBER), 0);
	memtable_table_close(table);
	munmap(world, sizeof(*world));
	CHECK(!rmdir(FOLDER));
}

static int write_batch(struct memtable_batch *batch, int writer, int number)
{
	char key[2];
	int i, ret;

	memtable_batch_clear(batch);
	for (i = 0; i < BATCH; i++) {
		key[0] = 'a' + writer;
		key[1] = '0' + i;
		memtable_batch_put(batch, key, sizeof(key), &number, sizeof(number));
	}
	do {
		ret = memtable_batch_write(batch, table, NULL);
	} while (ret == -EROFS && world->published && !memtable_registry_attach(table, NUMBER));
	return ret;
}

static void *write_batches(void *argument)
{
	int writer = (intptr_t)argument, number, ret;
	struct memtable_batch *batch;

	expect(!memtable_batch_create(&batch), "no memory", 0);
	while (!atomic_load(&world->stop)) {
		number = atomic_fetch_add(&world->next[writer], 1);
		if (number >= world->last)
			break;
		atomic_store(&world->progress[writer][number], BEGUN);
		ret = write_batch(batch, writer, number);
		expect(!ret, "a batch was not written", ret);
		atomic_store(&world->progress[writer][number], WRITTEN);
		if (world->pause && number % 8 == 0)
			usleep(world->pause);
	}
	memtable_batch_destroy(batch);
	return NULL;
}

static void run_writers(int process)
{
	pthread_t threads[THREADS];
	intptr_t i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_batches,
			       (void *)(process * THREADS + i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void file_name(char path[64], uint64_t number)
{
	snprintf(path, 64, FOLDER "/%04" PRIx64, number - FIRST);
}

/* Finishes a table that was rotated out. */
static void finish(struct memtable_table *sealed, uint64_t number)
{
	char path[64];
	int ret;

	ret = memtable_registry_attach(sealed, number);
	expect(!ret, "attach", ret);
	file_name(path, number);
	ret = memtable_dump_file(sealed, path, NULL, NULL, NULL);
	expect(!ret, "dump", ret);
	ret = memtable_registry_drop(sealed, number);
	expect(!ret, "drop", ret);
}

/* Takes up what a flusher before left. Returns the first number that is free. */
static uint64_t recover(struct memtable_table *sealed)
{
	struct memtable_list_entry entry;
	struct dirent *file;
	uint64_t next = FIRST, number;
	size_t count;
	DIR *folder;

	while (!memtable_registry_list(sealed, FIRST, &entry, sizeof(entry), 1, &count) &&
	       count && entry.number <= LAST)
		finish(sealed, entry.number);
	folder = opendir(FOLDER);
	while (folder && (file = readdir(folder)))
		if (sscanf(file->d_name, "%" SCNx64, &number) == 1 && FIRST + number >= next)
			next = FIRST + number + 1;
	if (folder)
		closedir(folder);
	return next;
}

static void run_flusher(void)
{
	struct memtable_table *sealed;
	uint64_t number;
	int ret;

	ret = memtable_table_open(NULL, &sealed);
	expect(!ret, "open", ret);
	for (number = recover(sealed); !atomic_load(&world->stop); number++) {
		usleep(3000);
		ret = memtable_registry_rotate(table, number);
		expect(!ret, "rotate", ret);
		atomic_fetch_add(&world->rotations, 1);
		finish(sealed, number);
	}
	memtable_table_close(sealed);
}

/* The last of the processes is the flusher. */
static pid_t start(int process)
{
	pid_t child = fork();

	if (child)
		return child;
	if (world->published)
		attach();
	if (process == PROCESSES)
		run_flusher();
	else
		run_writers(process);
	_exit(0);
}

/* Restores the files, and what is left, into one table. */
static struct memtable_table *unite(void)
{
	struct memtable_table *all = device_table();
	struct dirent *file;
	char path[300];
	DIR *folder;
	int fd;

	/* What is left, as one more file. */
	CHECK_EQUAL(memtable_dump_file(table, FOLDER "/left", NULL, NULL, NULL), 0);
	folder = opendir(FOLDER);
	while (all && folder && (file = readdir(folder))) {
		if (file->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), FOLDER "/%s", file->d_name);
		fd = open(path, O_RDONLY);
		/* Only a temporary file may be in parts. */
		if (!strstr(file->d_name, ".tmp"))
			CHECK_EQUAL(memtable_restore(all, fd, NULL, NULL, NULL), 0);
		close(fd);
		unlink(path);
	}
	if (folder)
		closedir(folder);
	return all;
}

/*
 * Walks all versions of a key, whose values must be batches, the latest first.
 * Notes the sequence numbers by batch; those of the key before must come just
 * before them in the same batches.
 */
static void check_key(struct memtable_iterator *it, int writer, int entry, uint64_t *sequences)
{
	int batch = world->last, value = -1;
	uint64_t sequence;
	size_t length;
	const char *key;

	while (memtable_iterator_valid(it)) {
		key = memtable_iterator_key(it, &length);
		if (key[0] != 'a' + writer || key[1] != '0' + entry)
			break;
		memcpy(&value, memtable_iterator_value(it, NULL), sizeof(value));
		REQUIRE(value >= 0 && value < batch);
		while (--batch > value)
			REQUIRE(atomic_load(&world->progress[writer][batch]) != WRITTEN &&
				!sequences[batch]);
		REQUIRE(atomic_load(&world->progress[writer][batch]) != NONE);
		sequence = memtable_iterator_sequence(it);
		REQUIRE(!entry || sequences[batch] == sequence - 1);
		sequences[batch] = sequence;
		memtable_iterator_next(it);
	}
	while (--batch >= 0)
		REQUIRE(atomic_load(&world->progress[writer][batch]) != WRITTEN &&
			!sequences[batch]);
}

static void check_union(void)
{
	struct memtable_table *all = unite();
	struct memtable_iterator *it;
	uint64_t *sequences;
	int writer, entry;

	REQUIRE(all);
	REQUIRE_EQUAL(memtable_iterator_create(all, MEMTABLE_SCAN_ALL_VERSIONS |
					       MEMTABLE_SCAN_TOMBSTONES, 0, &it), 0);
	memtable_iterator_seek_to_first(it);
	for (writer = 0; writer < WRITERS && !tap_failed; writer++) {
		sequences = calloc(world->last, sizeof(*sequences));
		for (entry = 0; entry < BATCH && !tap_failed; entry++)
			check_key(it, writer, entry, sequences);
		free(sequences);
	}
	CHECK(!memtable_iterator_valid(it));
	CHECK_EQUAL(memtable_iterator_status(it), 0);
	/* Every sequence number was used, and once. */
	CHECK_EQUAL(device_info(all).last_sequence, device_info(all).entries);
	printf("# %d rotations, %" PRIu64 " entries\n", atomic_load(&world->rotations),
	       (uint64_t)device_info(all).entries);
	memtable_iterator_destroy(it);
	memtable_table_close(all);
}

static void nothing_is_lost_or_doubled_by_rotations(void)
{
	pid_t children[PROCESSES + 1];
	int i, status;

	REQUIRE(begin(BATCHES));
	for (i = 0; i <= PROCESSES; i++)
		children[i] = start(i);
	sleep(SECONDS);
	atomic_store(&world->stop, true);
	for (i = 0; i <= PROCESSES; i++) {
		CHECK_EQUAL(waitpid(children[i], &status, 0), children[i]);
		CHECK_EQUAL(status, 0);
	}
	check_union();
	CHECK(atomic_load(&world->rotations) > 3);
	end();
}

static void kill_process(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
}

/* Kills processes at any time, and starts others in their place. */
static void kill_processes(int kills)
{
	pid_t children[PROCESSES + 1];
	unsigned int seed = 1;
	int i, status;

	world->pause = 2000;
	for (i = 0; i <= PROCESSES; i++)
		children[i] = start(i);
	while (kills-- > 0) {
		usleep(rand_r(&seed) % 20000);
		if (kills % 10) {
			i = rand_r(&seed) % (PROCESSES + 1);
			kill_process(children[i]);
			children[i] = start(i);
			continue;
		}
		/* All of them: for a time nobody has the table. */
		for (i = 0; i <= PROCESSES; i++)
			kill_process(children[i]);
		for (i = 0; i <= PROCESSES; i++)
			children[i] = start(i);
	}
	atomic_store(&world->stop, true);
	for (i = 0; i <= PROCESSES; i++) {
		CHECK_EQUAL(waitpid(children[i], &status, 0), children[i]);
		CHECK_EQUAL(status, 0);
	}
}

/* This process holds the table while the others come and go. */
static void nothing_is_lost_when_processes_are_killed(void)
{
	REQUIRE(begin(BATCHES));
	kill_processes(device_scaled(KILLS / 3));
	/* What the last flusher may have left. */
	run_flusher();
	check_union();
	CHECK(atomic_load(&world->rotations) > 3);
	end();
}

/* Here it is the registry alone. */
static void nothing_is_lost_when_all_who_have_the_table_are_killed(void)
{
	REQUIRE(begin(BATCHES));
	world->published = true;
	REQUIRE_EQUAL(memtable_registry_publish(table, NUMBER), 0);
	memtable_table_close(table);
	kill_processes(device_scaled(KILLS));
	attach();
	run_flusher();
	check_union();
	CHECK(atomic_load(&world->rotations) > 3);
	end();
}

static const struct tap_test tests[] = {
	{ "nothing is lost or doubled by rotations", nothing_is_lost_or_doubled_by_rotations },
	{ "nothing is lost when processes are killed",
	  nothing_is_lost_when_processes_are_killed },
	{ "nothing is lost when all who have the table are killed",
	  nothing_is_lost_when_all_who_have_the_table_are_killed },
};

TAP_MAIN(tests)
