// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own hash table, which programs reach through bpf(2). It has no
 * order, and keys of one length. Several entries can be added in one call, though
 * not atomically; several keys cannot be looked up in one. All of its memory is
 * taken when it is made.
 */
#include <linux/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define KEY_LENGTH	16

static int map;

static int bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static void bpf_open(const char *folder, size_t count)
{
	union bpf_attr attributes = {
		.map_type	= BPF_MAP_TYPE_HASH,
		.key_size	= KEY_LENGTH,
		.value_size	= VALUE_LENGTH,
		.max_entries	= count,
	};

	(void)folder;
	map = bpf(BPF_MAP_CREATE, &attributes);
	if (map < 0)
		die("cannot make a map: %s", strerror(errno));
}

static void add_one(const struct entry *entry)
{
	union bpf_attr attributes = {
		.map_fd	= map,
		.key	= (uintptr_t)entry->key,
		.value	= (uintptr_t)entry->value,
	};

	if (bpf(BPF_MAP_UPDATE_ELEM, &attributes))
		die("cannot add to a map: %s", strerror(errno));
}

static void bpf_add(const struct entry *entries, size_t count)
{
	static uint8_t keys[BATCH_MAX][KEY_LENGTH], values[BATCH_MAX][VALUE_LENGTH];
	union bpf_attr attributes = {
		.batch = {
			.map_fd	= map,
			.keys	= (uintptr_t)keys,
			.values	= (uintptr_t)values,
			.count	= count,
		},
	};
	size_t i;

	for (i = 0; i < count; i++) {
		if (entries[i].key_length != KEY_LENGTH)
			die("keys must be of %d bytes", KEY_LENGTH);
	}
	if (count == 1) {
		add_one(entries);
		return;
	}
	for (i = 0; i < count; i++) {
		memcpy(keys[i], entries[i].key, KEY_LENGTH);
		memcpy(values[i], entries[i].value, VALUE_LENGTH);
	}
	if (bpf(BPF_MAP_UPDATE_BATCH, &attributes))
		die("cannot add to a map: %s", strerror(errno));
}

static size_t bpf_get(const struct entry *entries, size_t count, uint8_t *values)
{
	union bpf_attr attributes = { .map_fd = map };
	size_t found = 0, i;

	for (i = 0; i < count; i++) {
		attributes.key = (uintptr_t)entries[i].key;
		attributes.value = (uintptr_t)(values + i * VALUE_LENGTH);
		if (bpf(BPF_MAP_LOOKUP_ELEM, &attributes)) {
			if (errno != ENOENT)
				die("cannot look up: %s", strerror(errno));
			continue;
		}
		found++;
	}
	return found;
}

static size_t bpf_scan(bool backward, uint64_t *sum)
{
	(void)backward;
	(void)sum;
	die("a hash table has no order");
}

static uint64_t bpf_memory(void)
{
	return 0;
}

static void bpf_close(void)
{
	close(map);
}

const struct store store = {
	.open	= bpf_open,
	.add	= bpf_add,
	.get	= bpf_get,
	.scan	= bpf_scan,
	.memory	= bpf_memory,
	.close	= bpf_close,
};
