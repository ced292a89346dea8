// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of keys, the same in each run on a machine:
 *
 *  random	16 random bytes
 *  decimal	the numbers from zero on with 16 digits, as db_bench makes them
 *  paths	the files of the packages that are installed here; where more are
 *		wanted than there are, these files in one container after another
 *
 * and values, pieces of a megabyte of random bytes.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define FILE_LISTS	"/var/lib/dpkg/info/*.list"
#define CONTAINER	"/var/lib/machines/%04zu"
#define CONTAINER_MAX	64
#define VALUES_SIZE	(1 << 20)

/* A number for each @position of each sequence that a @seed begins. */
static uint64_t random_at(uint64_t seed, uint64_t position)
{
	uint64_t bits = (seed << 48) + position * 0x9e3779b97f4a7c15;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
	return bits ^ bits >> 31;
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		die("out of memory");
	return memory;
}

static const uint8_t *value_at(size_t position)
{
	static uint8_t *values;
	size_t i;

	if (!values) {
		values = allocate(VALUES_SIZE);
		for (i = 0; i < VALUES_SIZE; i++)
			values[i] = random_at(1, i);
	}
	return values + position * VALUE_LENGTH % (VALUES_SIZE - VALUE_LENGTH);
}

static int compare(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	size_t length = left->key_length < right->key_length ? left->key_length :
							       right->key_length;
	int order = memcmp(left->key, right->key, length);

	if (order)
		return order;
	return (left->key_length > right->key_length) - (left->key_length < right->key_length);
}

/* Room for @count keys of @size bytes in all. */
static void reserve(struct keys *keys, size_t count, size_t size)
{
	keys->entries = allocate(count * sizeof(*keys->entries));
	keys->bytes = allocate(size);
	keys->count = 0;
}

/* Append a key whose bytes end the ones that there are. */
static uint8_t *append(struct keys *keys, uint8_t *bytes, size_t length)
{
	keys->entries[keys->count] = (struct entry){
		.key		= bytes,
		.key_length	= length,
		.value		= value_at(keys->count),
	};
	keys->count++;
	return bytes + length;
}

/* Change the order only: where the keys lie in memory stays. */
static void shuffle(struct keys *keys, uint64_t seed)
{
	struct entry entry;
	size_t i, j;

	for (i = keys->count; i > 1; i--) {
		j = random_at(seed, i) % i;
		entry = keys->entries[i - 1];
		keys->entries[i - 1] = keys->entries[j];
		keys->entries[j] = entry;
	}
}

static void make_random(struct keys *keys, size_t count, uint64_t seed)
{
	uint8_t *bytes;
	uint64_t bits[2];
	size_t i;

	reserve(keys, count, count * sizeof(bits));
	bytes = keys->bytes;
	for (i = 0; i < count; i++) {
		bits[0] = random_at(seed, 2 * i);
		bits[1] = random_at(seed, 2 * i + 1);
		memcpy(bytes, bits, sizeof(bits));
		bytes = append(keys, bytes, sizeof(bits));
	}
}

static void make_decimal(struct keys *keys, size_t count)
{
	uint8_t *bytes;
	size_t i;

	/* The last one ends in a zero byte. */
	reserve(keys, count, count * 16 + 1);
	bytes = keys->bytes;
	for (i = 0; i < count; i++)
		bytes = append(keys, bytes, sprintf((char *)bytes, "%016zu", i));
}

/* Append a file to a text. */
static size_t read_file(const char *path, char **text, size_t length)
{
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file)
		die("cannot read %s", path);
	do {
		*text = realloc(*text, length + (1 << 16));
		if (!*text)
			die("out of memory");
		size = fread(*text + length, 1, 1 << 16, file);
		length += size;
	} while (size);
	fclose(file);
	return length;
}

/* The files of all packages, each once, in order. */
static void read_paths(struct keys *keys)
{
	char *text = NULL, *line, *end;
	size_t length = 0, lines = 0, i;
	glob_t lists;

	if (glob(FILE_LISTS, 0, NULL, &lists))
		die("there is no %s", FILE_LISTS);
	for (i = 0; i < lists.gl_pathc; i++)
		length = read_file(lists.gl_pathv[i], &text, length);
	globfree(&lists);

	for (i = 0; i < length; i++)
		lines += text[i] == '\n';
	if (!lines)
		die("%s names no file", FILE_LISTS);
	keys->entries = allocate(lines * sizeof(*keys->entries));
	keys->bytes = (uint8_t *)text;
	keys->count = 0;
	for (line = text, i = 0; i < lines; line = end + 1, i++) {
		end = memchr(line, '\n', text + length - line);
		append(keys, (uint8_t *)line, end - line);
	}
	qsort(keys->entries, keys->count, sizeof(*keys->entries), compare);
	for (lines = 0, i = 0; i < keys->count; i++) {
		if (!lines || compare(&keys->entries[lines - 1], &keys->entries[i]))
			keys->entries[lines++] = keys->entries[i];
	}
	keys->count = lines;
}

static void make_paths(struct keys *keys, size_t count)
{
	struct keys paths, all;
	size_t containers, size = 0, i, j;
	const struct entry *path;
	uint8_t *bytes;

	read_paths(&paths);
	containers = (count + paths.count - 1) / paths.count;
	for (i = 0; i < paths.count; i++)
		size += paths.entries[i].key_length + CONTAINER_MAX;
	reserve(&all, paths.count * containers, size * containers);
	bytes = all.bytes;
	for (i = 0; i < containers; i++) {
		for (j = 0; j < paths.count; j++) {
			path = &paths.entries[j];
			size = i ? sprintf((char *)bytes, CONTAINER, i) : 0;
			memcpy(bytes + size, path->key, path->key_length);
			bytes = append(&all, bytes, size + path->key_length);
		}
	}
	keys_free(&paths);
	shuffle(&all, 2);
	keys_copy(keys, &all, 0, count);
	keys_free(&all);
}

/* Make @count keys of a kind, in an order that is not that of the keys. */
void keys_make(struct keys *keys, const char *kind, size_t count)
{
	struct keys ordered;

	if (!strcmp(kind, "random"))
		make_random(&ordered, count, 3);
	else if (!strcmp(kind, "decimal"))
		make_decimal(&ordered, count);
	else if (!strcmp(kind, "paths"))
		make_paths(&ordered, count);
	else
		die("there are no keys called %s", kind);
	shuffle(&ordered, 4);
	keys_copy(keys, &ordered, 0, count);
	keys_free(&ordered);
}

/* Copy @count entries, from @first on, with their keys. */
void keys_copy(struct keys *copy, const struct keys *keys, size_t first, size_t count)
{
	const struct entry *entry;
	uint8_t *bytes;
	size_t size = 0, i;

	for (i = first; i < first + count; i++)
		size += keys->entries[i].key_length;
	reserve(copy, count, size);
	bytes = copy->bytes;
	for (i = first; i < first + count; i++) {
		entry = &keys->entries[i];
		memcpy(bytes, entry->key, entry->key_length);
		copy->entries[copy->count] = *entry;
		copy->entries[copy->count++].key = bytes;
		bytes += entry->key_length;
	}
}

/* Copy all entries in another order; the keys lie in memory in it. */
void keys_shuffled(struct keys *copy, const struct keys *keys, uint64_t seed)
{
	struct keys order;

	keys_copy(&order, keys, 0, keys->count);
	shuffle(&order, seed);
	keys_copy(copy, &order, 0, keys->count);
	keys_free(&order);
}

/* Likewise, in the order of the keys. */
void keys_sorted(struct keys *copy, const struct keys *keys)
{
	struct keys order;

	keys_copy(&order, keys, 0, keys->count);
	qsort(order.entries, order.count, sizeof(*order.entries), compare);
	keys_copy(copy, &order, 0, keys->count);
	keys_free(&order);
}

/*
 * Replace keys by others that are not among those of their kind: as db_bench
 * does it, by a byte more at the end.
 */
void keys_make_absent(struct keys *keys, const char *kind)
{
	struct keys absent;
	uint8_t *bytes;
	size_t size = 0, i;

	if (!strcmp(kind, "random")) {
		make_random(&absent, keys->count, 5);
	} else {
		for (i = 0; i < keys->count; i++)
			size += keys->entries[i].key_length + 1;
		reserve(&absent, keys->count, size);
		bytes = absent.bytes;
		for (i = 0; i < keys->count; i++) {
			size = keys->entries[i].key_length;
			memcpy(bytes, keys->entries[i].key, size);
			bytes[size] = '~';
			bytes = append(&absent, bytes, size + 1);
		}
	}
	keys_free(keys);
	*keys = absent;
}

void keys_free(struct keys *keys)
{
	free(keys->entries);
	free(keys->bytes);
}
