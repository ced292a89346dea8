// SPDX-License-Identifier: GPL-2.0
/* Hashes, and entries of hash-ordered stores, as bytes. */
#include <errno.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

static void hashes_are_those_of_murmurhash3(void)
{
	static const struct {
		const char *key;
		uint32_t hash;
	} known[] = {
		{ "", 0 },
		{ "a", 0x3c2569b2 },
		{ "ab", 0x9bbfd75f },
		{ "abc", 0xb3dd93fa },
		{ "abcd", 0x43ed676a },
		{ "hello", 0x248bfa47 },
		{ "hello, world", 0x149bbb7f },
		{ "The quick brown fox jumps over the lazy dog", 0x2e4ff723 },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CHECK_EQUAL(memtable_hash_key(known[i].key, strlen(known[i].key)), known[i].hash);
	CHECK_EQUAL(memtable_hash_key(NULL, 0), 0);
	/* Bytes are not signed. */
	CHECK_EQUAL(memtable_hash_key("\xff\xff\xff\xff", 4), 0x76293b50);
}

static void entries_have_the_highest_byte_first(void)
{
	static const unsigned char wanted[MEMTABLE_HASH_ENTRY_SIZE] = {
		0x01, 0x23, 0x45, 0x67, 0xfe, 0xdc,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		0x89, 0xab, 0xcd, 0xef,
	};
	struct memtable_hash_entry entry = {
		.key_hash = 0x01234567, .key_size = 0xfedc, .file_offset = 0x89abcdef,
	}, again;
	unsigned char bytes[MEMTABLE_HASH_ENTRY_SIZE];
	size_t i;

	for (i = 0; i < sizeof(entry.file_id); i++)
		entry.file_id[i] = i;
	memtable_hash_entry_encode(&entry, bytes);
	CHECK(!memcmp(bytes, wanted, sizeof(wanted)));
	REQUIRE_EQUAL(memtable_hash_entry_decode(bytes, sizeof(bytes), &again), 0);
	CHECK_EQUAL(again.key_hash, entry.key_hash);
	CHECK_EQUAL(again.key_size, entry.key_size);
	CHECK_EQUAL(again.file_offset, entry.file_offset);
	CHECK(!memcmp(again.file_id, entry.file_id, sizeof(entry.file_id)));
}

static void entries_of_another_size_are_refused(void)
{
	struct memtable_hash_entry entry, before;
	unsigned char *bytes;
	size_t length;

	memset(&entry, 0x5a, sizeof(entry));
	before = entry;
	for (length = 0; length < MEMTABLE_HASH_ENTRY_SIZE; length++) {
		/* As long as that, so that a sanitizer sees what lies beyond. */
		bytes = calloc(1, length + !length);
		CHECK_EQUAL(memtable_hash_entry_decode(bytes, length, &entry), -ENODATA);
		free(bytes);
	}
	bytes = calloc(1, MEMTABLE_HASH_ENTRY_SIZE + 1);
	CHECK_EQUAL(memtable_hash_entry_decode(bytes, MEMTABLE_HASH_ENTRY_SIZE + 1, &entry),
		    -EBADMSG);
	free(bytes);
	CHECK(!memcmp(&entry, &before, sizeof(entry)));
}

static void entries_belong_to_their_keys(void)
{
	struct memtable_hash_entry entry = { .key_hash = 0x248bfa47, .key_size = 5 };

	CHECK_EQUAL(memtable_hash_entry_check(&entry, "hello", 5), 0);
	CHECK_EQUAL(memtable_hash_entry_check(&entry, "hellp", 5), -EBADMSG);
	entry.key_size = 6;
	CHECK_EQUAL(memtable_hash_entry_check(&entry, "hello", 5), -EBADMSG);
	entry.key_size = (uint16_t)65541;
	CHECK_EQUAL(memtable_hash_entry_check(&entry, "hello", 65541), -EBADMSG);
}

static void keys_get_their_hash_in_front(void)
{
	static char longest[MEMTABLE_MAX_KEY_LENGTH], buffer[MEMTABLE_MAX_KEY_LENGTH];
	const void *key;
	size_t length = 99;

	CHECK_EQUAL(memtable_hash_prefix("hello", 5, buffer, 8, &length), -ERANGE);
	CHECK_EQUAL(length, 99);
	REQUIRE_EQUAL(memtable_hash_prefix("hello", 5, buffer, 9, &length), 0);
	CHECK_EQUAL(length, 9);
	CHECK(!memcmp(buffer, "\x24\x8b\xfa\x47hello", 9));
	REQUIRE_EQUAL(memtable_hash_unprefix(buffer, 9, &key, &length), 0);
	CHECK(tap_is(key, length, "hello"));
	CHECK_EQUAL(memtable_hash_unprefix(buffer, 8, &key, &length), -EBADMSG);
	CHECK_EQUAL(memtable_hash_unprefix(buffer, 3, &key, &length), -ENODATA);
	CHECK_EQUAL(memtable_hash_unprefix("\0\0\0\0", 4, &key, &length), 0);
	CHECK_EQUAL(length, 0);

	CHECK_EQUAL(memtable_hash_prefix(longest, sizeof(longest) - 4, buffer, sizeof(buffer),
					 &length), 0);
	CHECK_EQUAL(memtable_hash_prefix(longest, sizeof(longest) - 3, buffer, sizeof(buffer),
					 &length), -EMSGSIZE);
}

static void ranges_have_both_their_ends(void)
{
	CHECK(memtable_hash_between(5, 5, 5));
	CHECK(memtable_hash_between(5, 5, 9));
	CHECK(memtable_hash_between(9, 5, 9));
	CHECK(!memtable_hash_between(4, 5, 9));
	CHECK(!memtable_hash_between(10, 5, 9));
	CHECK(memtable_hash_between(UINT32_MAX, 0, UINT32_MAX));
	CHECK(!memtable_hash_between(7, 9, 5));
}

static const struct tap_test tests[] = {
	{ "hashes are those of MurmurHash3", hashes_are_those_of_murmurhash3 },
	{ "entries have the highest byte first", entries_have_the_highest_byte_first },
	{ "entries of another size are refused", entries_of_another_size_are_refused },
	{ "entries belong to their keys", entries_belong_to_their_keys },
	{ "keys get their hash in front", keys_get_their_hash_in_front },
	{ "ranges have both their ends", ranges_have_both_their_ends },
};

TAP_MAIN(tests)
