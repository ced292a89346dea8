// SPDX-License-Identifier: LGPL-2.1-or-later
/* The order of keys. */
#include "internal.h"

MEMTABLE_API int memtable_key_compare(const void *a, size_t a_length,
				      const void *b, size_t b_length)
{
	size_t common = a_length < b_length ? a_length : b_length;
	int order = common ? memcmp(a, b, common) : 0;

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

MEMTABLE_API bool memtable_key_between(const void *key, size_t key_length,
				       const void *start, size_t start_length,
				       const void *end, size_t end_length)
{
	return memtable_key_compare(start, start_length, key, key_length) <= 0 &&
	       memtable_key_compare(key, key_length, end, end_length) <= 0;
}
