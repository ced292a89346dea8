// SPDX-License-Identifier: GPL-2.0
/* memtable stat, list: figures of tables. */
#include <inttypes.h>

#include "command.h"
#include "escape.h"
#include "json.h"

#define LIST_STEP 64

struct figure {
	const char *name;
	uint64_t value;
};

/* The state's words, as a list or as a JSON array. */
static void print_state(uint32_t state, bool json)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} words[] = {
		{ MEMTABLE_STATE_SEALED, "sealed" },
		{ MEMTABLE_STATE_FLUSH, "flush" },
		{ MEMTABLE_STATE_FULL, "full" },
	};
	const char *separator = "";
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(state & words[i].bit))
			continue;
		printf(json ? "%s\"%s\"" : "%s%s", separator, words[i].name);
		separator = ",";
	}
}

/* Begins a JSON object with figures and the state. */
static void print_json(const struct figure *figures, size_t count, uint32_t state)
{
	size_t i;

	putchar('{');
	for (i = 0; i < count; i++)
		printf("\"%s\":%" PRIu64 ",", figures[i].name, figures[i].value);
	fputs("\"state\":[", stdout);
	print_state(state, true);
	putchar(']');
}

static void print_bound(const char *name, const struct memtable_slice *key, bool json)
{
	if (json) {
		putchar(',');
		json_bytes(stdout, name, key->data, key->length);
	} else {
		printf("%s\t", name);
		escape_write(stdout, key->data, key->length);
		putchar('\n');
	}
}

static void print_word(const char *name, const char *word, bool json)
{
	printf(json ? ",\"%s\":\"%s\"" : "%s\t%s\n", name, word);
}

static void print_stat(uint64_t number, const struct memtable_info *info, bool json)
{
	const struct figure figures[] = {
		{ "number", number },
		{ "entries", info->entries },
		{ "tombstones", info->tombstones },
		{ "logical_bytes", info->logical_bytes },
		{ "memory_usage", info->memory_usage },
		{ "last_sequence", info->last_sequence },
		{ "write_buffer_size", info->write_buffer_size },
		{ "max_size", info->max_size },
	};
	const size_t count = sizeof(figures) / sizeof(figures[0]);
	size_t i;

	if (json) {
		print_json(figures, count, info->state);
	} else {
		for (i = 0; i < count; i++)
			printf("%s\t%" PRIu64 "\n", figures[i].name, figures[i].value);
		fputs("state\t", stdout);
		print_state(info->state, false);
		putchar('\n');
	}
	print_word("order", info->order == MEMTABLE_ORDER_REVERSE ? "reverse" : "bytewise", json);
	print_word("kind", info->kind == MEMTABLE_KIND_MAP ? "map" : "versioned", json);
}

static int stat(const struct options *options, int count, char **operands)
{
	bool json = options->given & OPTION(JSON);
	struct memtable_slice first, last;
	void *first_key, *last_key;
	struct memtable_table *table;
	struct memtable_info info;
	uint64_t number;
	int status, error, bounds;

	(void)count;
	status = table_attach(options, operands[0], &number, &table);
	if (status)
		return status;

	error = memtable_table_info(table, &info, sizeof(info));
	bounds = memtable_table_bounds(table, &first_key, &first.length, &last_key, &last.length);
	memtable_table_close(table);
	if (!error && bounds != -ENOENT)
		error = bounds;
	if (!error) {
		print_stat(number, &info, json);
		if (!bounds) {
			first.data = first_key;
			last.data = last_key;
			print_bound("first_key", &first, json);
			print_bound("last_key", &last, json);
		}
		if (json)
			puts("}");
	}
	if (!bounds) {
		free(first_key);
		free(last_key);
	}
	return error ? table_fail(number, error) : STATUS_OK;
}

static void print_row(const struct memtable_list_entry *entry, bool json)
{
	const struct figure figures[] = {
		{ "number", entry->number },
		{ "entries", entry->entries },
		{ "tombstones", entry->tombstones },
		{ "logical_bytes", entry->logical_bytes },
		{ "memory_usage", entry->memory_usage },
		{ "last_sequence", entry->last_sequence },
	};
	const size_t count = sizeof(figures) / sizeof(figures[0]);
	size_t i;

	if (json) {
		print_json(figures, count, entry->state);
		puts("}");
		return;
	}
	for (i = 0; i < count; i++)
		printf("%" PRIu64 "\t", figures[i].value);
	print_state(entry->state, false);
	putchar('\n');
}

static int list(const struct options *options, int count, char **operands)
{
	bool json = options->given & OPTION(JSON);
	struct memtable_list_entry entries[LIST_STEP];
	struct memtable_table *table;
	uint64_t start = 0;
	size_t filled, i;
	int status, error;

	(void)count;
	(void)operands;
	status = table_open(options, &table);
	if (status)
		return status;

	if (!json)
		puts("number\tentries\ttombstones\tlogical_bytes\tmemory_usage\t"
		     "last_sequence\tstate");
	do {
		error = memtable_registry_list(table, start, entries, sizeof(entries[0]),
					       LIST_STEP, &filled);
		if (error) {
			status = fail(STATUS_FAILED, "the registry: %s", strerror(-error));
			break;
		}
		for (i = 0; i < filled; i++)
			print_row(&entries[i], json);
		if (filled)
			start = entries[filled - 1].number + 1;
	} while (filled == LIST_STEP && start);
	memtable_table_close(table);
	return status;
}

const struct command stat_command = {
	.name = "stat",
	.operands = "NUMBER",
	.summary = "Print a table's figures",
	.details = "Prints lines with NAME, tab, VALUE; sizes are in bytes, a max_size of 0 is\n"
		   "none. The state has the words sealed, flush (the table asks to be flushed)\n"
		   "and full, or none of them. An empty table has no first_key and last_key.",
	.least = 1,
	.most = 1,
	.options = OPTION(JSON),
	.run = stat,
};

const struct command list_command = {
	.name = "list",
	.operands = "",
	.summary = "Print the figures of all your tables",
	.details = "Prints a line of names, then one line a table, with tabs between.",
	.least = 0,
	.most = 0,
	.options = OPTION(JSON),
	.run = list,
};
