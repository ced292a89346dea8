// SPDX-License-Identifier: GPL-2.0
/*
 * The layout and the numbers of linux/memtable.h, the same in C and C++, for
 * 64-bit and 32-bit callers. It compiles or it does not; there is nothing to
 * run.
 */

#include <assert.h>
#include <stddef.h>

#include <linux/memtable.h>

#define SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), #type)

/* Where a field lies, and that it ends where the next one has to begin. */
#define FIELD(type, field, begin, end) \
	static_assert(offsetof(struct type, field) == (begin) && \
		      (begin) + sizeof(((struct type *)0)->field) == (end), \
		      #type "." #field)

#define VALUE(name, value) static_assert((name) == (value), #name)

SIZE(memtable_record, 16);
FIELD(memtable_record, tag, 0, 8);
FIELD(memtable_record, key_length, 8, 12);
FIELD(memtable_record, value_length, 12, 16);

SIZE(memtable_info, 96);
FIELD(memtable_info, features, 0, 8);
FIELD(memtable_info, max_request_length, 8, 16);
FIELD(memtable_info, abi_version, 16, 20);
FIELD(memtable_info, max_key_length, 20, 24);
FIELD(memtable_info, max_value_length, 24, 28);
FIELD(memtable_info, state, 28, 32);
FIELD(memtable_info, order, 32, 36);
FIELD(memtable_info, kind, 36, 40);
FIELD(memtable_info, entries, 40, 48);
FIELD(memtable_info, tombstones, 48, 56);
FIELD(memtable_info, logical_bytes, 56, 64);
FIELD(memtable_info, memory_usage, 64, 72);
FIELD(memtable_info, last_sequence, 72, 80);
FIELD(memtable_info, write_buffer_size, 80, 88);
FIELD(memtable_info, max_size, 88, 96);

SIZE(memtable_configure, 32);
FIELD(memtable_configure, write_buffer_size, 0, 8);
FIELD(memtable_configure, max_size, 8, 16);
FIELD(memtable_configure, order, 16, 20);
FIELD(memtable_configure, kind, 20, 24);
FIELD(memtable_configure, flags, 24, 28);
FIELD(memtable_configure, reserved, 28, 32);

SIZE(memtable_add, 48);
FIELD(memtable_add, key, 0, 8);
FIELD(memtable_add, value, 8, 16);
FIELD(memtable_add, sequence, 16, 24);
FIELD(memtable_add, expected, 24, 32);
FIELD(memtable_add, key_length, 32, 36);
FIELD(memtable_add, value_length, 36, 40);
FIELD(memtable_add, type, 40, 44);
FIELD(memtable_add, flags, 44, 48);

SIZE(memtable_get, 48);
FIELD(memtable_get, key, 0, 8);
FIELD(memtable_get, value, 8, 16);
FIELD(memtable_get, snapshot, 16, 24);
FIELD(memtable_get, tag, 24, 32);
FIELD(memtable_get, key_length, 32, 36);
FIELD(memtable_get, value_size, 36, 40);
FIELD(memtable_get, value_length, 40, 44);
FIELD(memtable_get, flags, 44, 48);

SIZE(memtable_write, 32);
FIELD(memtable_write, records, 0, 8);
FIELD(memtable_write, length, 8, 16);
FIELD(memtable_write, last_sequence, 16, 24);
FIELD(memtable_write, count, 24, 28);
FIELD(memtable_write, flags, 28, 32);

SIZE(memtable_read, 64);
FIELD(memtable_read, keys, 0, 8);
FIELD(memtable_read, keys_length, 8, 16);
FIELD(memtable_read, records, 16, 24);
FIELD(memtable_read, records_size, 24, 32);
FIELD(memtable_read, records_length, 32, 40);
FIELD(memtable_read, snapshot, 40, 48);
FIELD(memtable_read, count, 48, 52);
FIELD(memtable_read, found, 52, 56);
FIELD(memtable_read, flags, 56, 60);
FIELD(memtable_read, reserved, 60, 64);

SIZE(memtable_scan, 80);
FIELD(memtable_scan, start_key, 0, 8);
FIELD(memtable_scan, end_key, 8, 16);
FIELD(memtable_scan, start_length, 16, 20);
FIELD(memtable_scan, end_length, 20, 24);
FIELD(memtable_scan, start_sequence, 24, 32);
FIELD(memtable_scan, snapshot, 32, 40);
FIELD(memtable_scan, records, 40, 48);
FIELD(memtable_scan, records_size, 48, 56);
FIELD(memtable_scan, records_length, 56, 64);
FIELD(memtable_scan, limit, 64, 68);
FIELD(memtable_scan, count, 68, 72);
FIELD(memtable_scan, flags, 72, 76);
FIELD(memtable_scan, result, 76, 80);

SIZE(memtable_number, 16);
FIELD(memtable_number, number, 0, 8);
FIELD(memtable_number, flags, 8, 12);
FIELD(memtable_number, reserved, 12, 16);

SIZE(memtable_share, 8);
FIELD(memtable_share, flags, 0, 4);
FIELD(memtable_share, fd, 4, 8);

SIZE(memtable_pivot, 24);
FIELD(memtable_pivot, key, 0, 8);
FIELD(memtable_pivot, key_size, 8, 12);
FIELD(memtable_pivot, key_length, 12, 16);
FIELD(memtable_pivot, flags, 16, 20);
FIELD(memtable_pivot, reserved, 20, 24);

SIZE(memtable_split, 32);
FIELD(memtable_split, pivot, 0, 8);
FIELD(memtable_split, number, 8, 16);
FIELD(memtable_split, pivot_length, 16, 20);
FIELD(memtable_split, flags, 20, 24);
FIELD(memtable_split, fd, 24, 28);
FIELD(memtable_split, reserved, 28, 32);

SIZE(memtable_list_entry, 56);
FIELD(memtable_list_entry, number, 0, 8);
FIELD(memtable_list_entry, entries, 8, 16);
FIELD(memtable_list_entry, tombstones, 16, 24);
FIELD(memtable_list_entry, logical_bytes, 24, 32);
FIELD(memtable_list_entry, memory_usage, 32, 40);
FIELD(memtable_list_entry, last_sequence, 40, 48);
FIELD(memtable_list_entry, state, 48, 52);
FIELD(memtable_list_entry, reserved, 52, 56);

SIZE(memtable_list, 32);
FIELD(memtable_list, start, 0, 8);
FIELD(memtable_list, entries, 8, 16);
FIELD(memtable_list, entry_size, 16, 20);
FIELD(memtable_list, capacity, 20, 24);
FIELD(memtable_list, count, 24, 28);
FIELD(memtable_list, flags, 28, 32);

VALUE(MEMTABLE_ABI_VERSION, 1);
VALUE(MEMTABLE_MAX_KEY_LENGTH, 65535);
VALUE(MEMTABLE_MAX_VALUE_LENGTH, 16777216);
VALUE(MEMTABLE_MAX_REQUEST_LENGTH, 67108864);
VALUE(MEMTABLE_MAX_SEQUENCE, 72057594037927935);
VALUE(MEMTABLE_SNAPSHOT_EMPTY, 0xffffffffffffffff);

VALUE(MEMTABLE_TYPE_DELETION, 0);
VALUE(MEMTABLE_TYPE_VALUE, 1);
VALUE(MEMTABLE_TYPE_ABSENT, 255);

VALUE(MEMTABLE_ORDER_BYTEWISE, 0);
VALUE(MEMTABLE_ORDER_REVERSE, 1);

VALUE(MEMTABLE_KIND_VERSIONED, 0);
VALUE(MEMTABLE_KIND_MAP, 1);

VALUE(MEMTABLE_STATE_SEALED, 1);
VALUE(MEMTABLE_STATE_FLUSH, 2);
VALUE(MEMTABLE_STATE_FULL, 4);

VALUE(MEMTABLE_ADD_IF_ABSENT, 1);
VALUE(MEMTABLE_ADD_IF_SEQUENCE, 2);

VALUE(MEMTABLE_SCAN_REVERSE, 1);
VALUE(MEMTABLE_SCAN_START, 2);
VALUE(MEMTABLE_SCAN_START_EXCLUSIVE, 4);
VALUE(MEMTABLE_SCAN_END, 8);
VALUE(MEMTABLE_SCAN_END_EXCLUSIVE, 16);
VALUE(MEMTABLE_SCAN_KEYS_ONLY, 32);
VALUE(MEMTABLE_SCAN_ALL_VERSIONS, 64);
VALUE(MEMTABLE_SCAN_TOMBSTONES, 128);

VALUE(MEMTABLE_SCAN_DONE, 1);

VALUE(MEMTABLE_SHARE_READ_ONLY, 1);

VALUE(MEMTABLE_SPLIT_HALF, 1);
VALUE(MEMTABLE_SPLIT_PUBLISH, 2);

VALUE(MEMTABLE_IOC_INFO, 0x8060bc00);
VALUE(MEMTABLE_IOC_CONFIGURE, 0x4020bc01);
VALUE(MEMTABLE_IOC_ADD, 0xc030bc02);
VALUE(MEMTABLE_IOC_GET, 0xc030bc03);
VALUE(MEMTABLE_IOC_WRITE, 0xc020bc04);
VALUE(MEMTABLE_IOC_READ, 0xc040bc05);
VALUE(MEMTABLE_IOC_SCAN, 0xc050bc06);
VALUE(MEMTABLE_IOC_SEAL, 0x0000bc07);
VALUE(MEMTABLE_IOC_PUBLISH, 0x4010bc08);
VALUE(MEMTABLE_IOC_ATTACH, 0x4010bc09);
VALUE(MEMTABLE_IOC_LIST, 0xc020bc0a);
VALUE(MEMTABLE_IOC_DROP, 0x4010bc0b);
VALUE(MEMTABLE_IOC_ROTATE, 0x4010bc0c);
VALUE(MEMTABLE_IOC_SHARE, 0xc008bc0d);
VALUE(MEMTABLE_IOC_PIVOT, 0xc018bc0e);
VALUE(MEMTABLE_IOC_SPLIT, 0xc020bc0f);
