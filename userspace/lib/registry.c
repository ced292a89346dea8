// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables under numbers, without an open file. */
#include "internal.h"

static int number_request(struct memtable_table *table, unsigned long request, uint64_t number)
{
	struct memtable_number argument = { .number = number };

	return memtable_table_request(table, request, &argument);
}

MEMTABLE_API int memtable_registry_publish(struct memtable_table *table, uint64_t number)
{
	return number_request(table, MEMTABLE_IOC_PUBLISH, number);
}

MEMTABLE_API int memtable_registry_attach(struct memtable_table *table, uint64_t number)
{
	return number_request(table, MEMTABLE_IOC_ATTACH, number);
}

MEMTABLE_API int memtable_registry_rotate(struct memtable_table *table, uint64_t number)
{
	return number_request(table, MEMTABLE_IOC_ROTATE, number);
}

MEMTABLE_API int memtable_registry_split(struct memtable_table *table,
					 const struct memtable_slice *pivot, uint64_t number,
					 struct memtable_table **upper)
{
	struct memtable_split split = {
		.number = number,
		.flags = MEMTABLE_SPLIT_PUBLISH | (pivot ? 0 : MEMTABLE_SPLIT_HALF),
	};
	struct memtable_table *result;
	int ret;

	if (pivot && pivot->length > MEMTABLE_MAX_KEY_LENGTH)
		return -EMSGSIZE;
	if (pivot) {
		split.pivot = user_address(pivot->data);
		split.pivot_length = pivot->length;
	}
	ret = memtable_split_into(table, &split, &result);
	if (ret)
		return ret;
	if (upper)
		*upper = result;
	else
		memtable_table_close(result);
	return 0;
}

MEMTABLE_API int memtable_registry_drop(struct memtable_table *table, uint64_t number)
{
	return number_request(table, MEMTABLE_IOC_DROP, number);
}

MEMTABLE_API int memtable_registry_list(struct memtable_table *table, uint64_t start,
					struct memtable_list_entry *entries, size_t entry_size,
					size_t capacity, size_t *count)
{
	struct memtable_list list = {
		.start = start,
		.entries = user_address(entries),
		.entry_size = entry_size > UINT32_MAX ? UINT32_MAX : entry_size,
		.capacity = capacity > UINT32_MAX ? UINT32_MAX : capacity,
	};
	int ret;

	ret = memtable_table_request(table, MEMTABLE_IOC_LIST, &list);
	if (!ret && count)
		*count = list.count;
	return ret;
}
