// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stacks: a table that is written to, and the sealed ones behind it.
 *
 * Which sealed tables there are, the registry alone knows: whoever shares the
 * table's open file may rotate it, and a flusher drops what it has finished.
 * So a look-up reads the current table first, and asks for the sealed ones
 * afterwards: what a rotation in between took out of the current table is then
 * among them. An iterator takes hold of the current table first, and may so have
 * it twice, which changes nothing of what it stops at.
 */
#include "internal.h"

#define LIST_STEP 32

/**
 * struct layer - A sealed table.
 * @number: Its file number.
 * @table: A handle of it.
 * @listed: Whether the registry still has it.
 */
struct layer {
	uint64_t number;
	struct memtable_table *table;
	bool listed;
};

/**
 * struct memtable_stack - A stack.
 * @table: The current table, a reference.
 * @path: Path of the device; NULL for the default.
 * @first: Lowest number that a sealed table has.
 * @last: Highest number that a sealed table has.
 * @layers: The sealed tables, in ascending order of number.
 * @count: How many there are.
 * @size: How many there is room for.
 */
struct memtable_stack {
	struct memtable_table *table;
	char *path;
	uint64_t first;
	uint64_t last;
	struct layer *layers;
	size_t count;
	size_t size;
};

MEMTABLE_API int memtable_stack_create(struct memtable_table *table, const char *path,
				       uint64_t first, uint64_t last,
				       struct memtable_stack **result)
{
	struct memtable_stack *stack;

	if (first > last)
		return -EINVAL;
	stack = calloc(1, sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	if (path) {
		stack->path = strdup(path);
		if (!stack->path) {
			free(stack);
			return -ENOMEM;
		}
	}
	stack->table = memtable_table_ref(table);
	stack->first = first;
	stack->last = last;
	*result = stack;
	return 0;
}

MEMTABLE_API void memtable_stack_destroy(struct memtable_stack *stack)
{
	size_t i;

	if (!stack)
		return;
	for (i = 0; i < stack->count; i++)
		memtable_table_close(stack->layers[i].table);
	memtable_table_unref(stack->table);
	free(stack->layers);
	free(stack->path);
	free(stack);
}

/* Where the layer with a number is, or would be. */
static size_t stack_position(const struct memtable_stack *stack, uint64_t number)
{
	size_t low = 0, high = stack->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (stack->layers[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int stack_add(struct memtable_stack *stack, size_t position, uint64_t number)
{
	struct memtable_table *table;
	struct layer *layers;
	size_t size;
	int ret;

	if (stack->count == stack->size) {
		size = stack->size ? 2 * stack->size : 8;
		layers = realloc(stack->layers, size * sizeof(*layers));
		if (!layers)
			return -ENOMEM;
		stack->layers = layers;
		stack->size = size;
	}
	ret = memtable_table_open(stack->path, &table);
	if (ret)
		return ret;
	ret = memtable_registry_attach(table, number);
	if (ret) {
		memtable_table_close(table);
		/* It was dropped since: what it had is elsewhere by now. */
		return ret == -ENOENT ? 0 : ret;
	}

	memmove(stack->layers + position + 1, stack->layers + position,
		(stack->count - position) * sizeof(*stack->layers));
	stack->layers[position] = (struct layer) { number, table, true };
	stack->count++;
	return 0;
}

/* Takes in what the registry listed. */
static int stack_take(struct memtable_stack *stack, const struct memtable_list_entry *entry)
{
	size_t position;

	if (entry->number > stack->last || !(entry->state & MEMTABLE_STATE_SEALED))
		return 0;
	position = stack_position(stack, entry->number);
	if (position < stack->count && stack->layers[position].number == entry->number) {
		stack->layers[position].listed = true;
		return 0;
	}
	return stack_add(stack, position, entry->number);
}

/* Lets go what the registry no longer has. */
static void stack_prune(struct memtable_stack *stack)
{
	size_t i, kept = 0;

	for (i = 0; i < stack->count; i++) {
		if (stack->layers[i].listed)
			stack->layers[kept++] = stack->layers[i];
		else
			memtable_table_close(stack->layers[i].table);
	}
	stack->count = kept;
}

/* Takes in what the registry has, number by number, and lets go what it no longer has. */
static int stack_list(struct memtable_stack *stack)
{
	struct memtable_list_entry entries[LIST_STEP];
	uint64_t start = stack->first;
	size_t filled, i;
	int ret;

	for (i = 0; i < stack->count; i++)
		stack->layers[i].listed = false;
	do {
		ret = memtable_registry_list(stack->table, start, entries, sizeof(entries[0]),
					     LIST_STEP, &filled);
		for (i = 0; !ret && i < filled; i++)
			ret = stack_take(stack, &entries[i]);
		if (ret)
			return ret;
		if (filled)
			start = entries[filled - 1].number + 1;
	} while (filled == LIST_STEP && start && start <= stack->last);
	stack_prune(stack);
	return 0;
}

MEMTABLE_API int memtable_stack_refresh(struct memtable_stack *stack)
{
	struct memtable_list_entry oldest;
	size_t filled;
	int ret;

	/*
	 * A table that was dropped before its turn came is missing, and a stack
	 * that has older ones would answer from these. But the older ones were
	 * dropped before it: if the oldest is still there, none is missing.
	 */
	do {
		ret = stack_list(stack);
		if (ret || !stack->count)
			return ret;
		ret = memtable_registry_list(stack->table, stack->layers[0].number, &oldest,
					     sizeof(oldest), 1, &filled);
	} while (!ret && (!filled || oldest.number != stack->layers[0].number));
	return ret;
}

MEMTABLE_API size_t memtable_stack_count(const struct memtable_stack *stack)
{
	return stack->count;
}

MEMTABLE_API int memtable_stack_get(struct memtable_stack *stack,
				    const void *key, size_t key_length, uint64_t snapshot,
				    void **value, size_t *value_length, uint64_t *tag)
{
	uint64_t found;
	size_t i;
	int ret;

	ret = memtable_table_get(stack->table, key, key_length, snapshot,
				 value, value_length, &found);
	/* A tombstone ends the search: what is below it is older. */
	if (ret == -ENOENT && !found) {
		ret = memtable_stack_refresh(stack);
		if (ret)
			return ret;
		ret = -ENOENT;
		for (i = stack->count; i-- && ret == -ENOENT && !found;)
			ret = memtable_table_get(stack->layers[i].table, key, key_length,
						 snapshot, value, value_length, &found);
	}
	if (tag && (!ret || ret == -ENOENT))
		*tag = found;
	return ret;
}

MEMTABLE_API int memtable_stack_iterate(struct memtable_stack *stack, uint32_t flags,
					uint64_t snapshot, struct memtable_iterator **iterator)
{
	struct memtable_table *current, **tables = NULL;
	size_t i;
	int ret;

	ret = memtable_table_share(stack->table, MEMTABLE_SHARE_READ_ONLY, &current);
	if (ret)
		return ret;
	ret = memtable_stack_refresh(stack);
	if (ret)
		goto out;
	tables = malloc((stack->count + 1) * sizeof(*tables));
	if (!tables) {
		ret = -ENOMEM;
		goto out;
	}
	tables[0] = current;
	for (i = 0; i < stack->count; i++)
		tables[stack->count - i] = stack->layers[i].table;
	ret = memtable_iterator_merge(tables, stack->count + 1, flags, snapshot, iterator);
out:
	free(tables);
	memtable_table_close(current);
	return ret;
}
