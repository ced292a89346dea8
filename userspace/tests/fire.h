/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rotations under fire, for tests of what tables are finished to: two processes
 * of two threads each write to a table that is rotated again and again, and what
 * is rotated out is finished to a file at once. Afterwards the files together must
 * say of each key what its writer wrote last.
 */
#ifndef FIRE_H
#define FIRE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

#define FIRE_PROCESSES	2
#define FIRE_THREADS	2	/* of each process */
#define FIRE_WRITERS	(FIRE_PROCESSES * FIRE_THREADS)
#define FIRE_KEYS	500	/* of each writer */
#define FIRE_ROTATIONS	20
#define FIRE_KEY_SIZE	16
#define FIRE_NUMBER	UINT64_C(0x6669726500000000)

/* Writes a sealed table to the file with a number. */
typedef void fire_finish(struct memtable_table *sealed, unsigned int file);

/**
 * struct fire - What all processes share.
 * @table: The table, whose open file they share.
 * @stop: Tells the writers to end.
 * @failed: A write failed.
 * @newest: The value that a key has, or 0 if it has none.
 */
struct fire {
	struct memtable_table *table;
	atomic_bool stop;
	atomic_int failed;
	uint32_t newest[FIRE_WRITERS][FIRE_KEYS];
};

struct fire_writer {
	struct fire *fire;
	unsigned int number;
};

static inline size_t fire_key(char key[FIRE_KEY_SIZE], unsigned int writer, unsigned int i)
{
	return snprintf(key, FIRE_KEY_SIZE, "%u/%04u", writer, i);
}

static inline void *fire_write(void *argument)
{
	const struct fire_writer *writer = argument;
	struct fire *fire = writer->fire;
	uint32_t *newest = fire->newest[writer->number], value;
	unsigned int seed = writer->number, i;
	char key[FIRE_KEY_SIZE];
	size_t length;
	int ret;

	for (value = 1; !atomic_load(&fire->stop); value++) {
		i = rand_r(&seed) % FIRE_KEYS;
		length = fire_key(key, writer->number, i);
		if (rand_r(&seed) % 4) {
			ret = memtable_table_put(fire->table, key, length, &value, sizeof(value),
						 NULL);
			newest[i] = value;
		} else {
			ret = memtable_table_delete(fire->table, key, length, NULL);
			newest[i] = 0;
		}
		if (ret)
			atomic_store(&fire->failed, ret);
	}
	return NULL;
}

static inline pid_t fire_start(struct fire *fire, unsigned int process)
{
	struct fire_writer writers[FIRE_THREADS];
	pthread_t threads[FIRE_THREADS];
	pid_t child = fork();
	unsigned int i;

	if (child)
		return child;
	for (i = 0; i < FIRE_THREADS; i++) {
		writers[i] = (struct fire_writer) { fire, process * FIRE_THREADS + i };
		pthread_create(&threads[i], NULL, fire_write, &writers[i]);
	}
	for (i = 0; i < FIRE_THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* Rotates, and finishes what there was. */
static inline void fire_flush(struct fire *fire, unsigned int file, fire_finish *finish)
{
	struct memtable_table *sealed = device_table();

	CHECK_EQUAL(memtable_registry_rotate(fire->table, FIRE_NUMBER + file), 0);
	CHECK_EQUAL(memtable_registry_attach(sealed, FIRE_NUMBER + file), 0);
	if (device_info(sealed).entries)
		finish(sealed, file);
	CHECK_EQUAL(memtable_registry_drop(sealed, FIRE_NUMBER + file), 0);
	memtable_table_close(sealed);
}

/* All of that. Returns what the files should have, to be released with munmap(). */
static inline struct fire *fire_run(fire_finish *finish)
{
	struct fire *fire = mmap(NULL, sizeof(*fire), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[FIRE_PROCESSES];
	unsigned int i, file, rotations = device_scaled(FIRE_ROTATIONS);
	int status;

	if (!CHECK(fire != MAP_FAILED))
		return NULL;
	fire->table = device_table();
	for (i = 0; i < FIRE_PROCESSES; i++)
		children[i] = fire_start(fire, i);
	for (file = 1; file < rotations; file++) {
		usleep(3000);
		fire_flush(fire, file, finish);
	}
	atomic_store(&fire->stop, true);
	for (i = 0; i < FIRE_PROCESSES; i++) {
		CHECK_EQUAL(waitpid(children[i], &status, 0), children[i]);
		CHECK_EQUAL(status, 0);
	}
	fire_flush(fire, file, finish);
	CHECK_EQUAL(atomic_load(&fire->failed), 0);
	memtable_table_close(fire->table);
	return fire;
}

/* Says whether a key has what it should. */
static inline bool fire_is(const struct fire *fire, unsigned int writer, unsigned int i,
			   const void *value, size_t length)
{
	uint32_t newest = fire->newest[writer][i];

	if (!newest)
		return !value;
	return value && length == sizeof(newest) && !memcmp(value, &newest, sizeof(newest));
}

#endif /* FIRE_H */
