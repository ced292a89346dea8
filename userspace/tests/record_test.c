// SPDX-License-Identifier: GPL-2.0
/* Records in a stream: what is written is read back, what is cut off is not. */
#include <stdlib.h>

#include "../lib/internal.h"
#include "tap.h"

static void lengths_are_padded_to_eight(void)
{
	CHECK_EQUAL(memtable_record_length(0, 0), 16);
	CHECK_EQUAL(memtable_record_length(1, 0), 24);
	CHECK_EQUAL(memtable_record_length(3, 5), 24);
	CHECK_EQUAL(memtable_record_length(4, 5), 32);
	CHECK_EQUAL(memtable_record_length(65535, 16777216), 16 + 65536 + 16777216);
}

static void a_record_has_the_documented_bytes(void)
{
	_Alignas(8) unsigned char bytes[32];
	struct memtable_record header;

	memset(bytes, 0xee, sizeof(bytes));
	memtable_record_encode(bytes, memtable_tag(7, MEMTABLE_TYPE_VALUE), "key", 3, "va", 2);
	memcpy(&header, bytes, sizeof(header));
	CHECK_EQUAL(header.tag, 7 << 8 | 1);
	CHECK_EQUAL(header.key_length, 3);
	CHECK_EQUAL(header.value_length, 2);
	CHECK(!memcmp(bytes + 16, "keyva\0\0\0", 8));
	CHECK_EQUAL(bytes[24], 0xee);
}

static void a_stream_is_read_back(void)
{
	_Alignas(8) char stream[72];
	const struct memtable_record *record;
	size_t offset = 0;

	memtable_record_encode(stream, 1, "", 0, "12345678", 8);
	memtable_record_encode(stream + 24, 2, "a", 1, "", 0);
	memtable_record_encode(stream + 48, 3, NULL, 0, NULL, 0);

	record = memtable_record_next(stream, 64, &offset);
	REQUIRE(record);
	CHECK_EQUAL(record->tag, 1);
	CHECK(tap_is(memtable_record_value(record), record->value_length, "12345678"));
	record = memtable_record_next(stream, 64, &offset);
	REQUIRE(record);
	CHECK_EQUAL(record->tag, 2);
	CHECK(tap_is(memtable_record_key(record), record->key_length, "a"));
	record = memtable_record_next(stream, 64, &offset);
	REQUIRE(record);
	CHECK_EQUAL(record->tag, 3);
	CHECK_EQUAL(offset, 64);
	CHECK(!memtable_record_next(stream, 64, &offset));
	CHECK_EQUAL(offset, 64);
}

/* Each length is a block of its own, so that a sanitizer sees every byte. */
static void a_stream_may_end_anywhere(void)
{
	_Alignas(8) char whole[40];
	size_t length, offset;
	char *stream;

	memtable_record_encode(whole, 1, "key", 3, "some value of 18..", 18);
	for (length = 0; length <= sizeof(whole); length++) {
		stream = malloc(length + 1);
		REQUIRE(stream);
		memcpy(stream, whole, length);
		offset = 0;
		CHECK(!memtable_record_next(stream, length, &offset) == (length < sizeof(whole)));
		CHECK_EQUAL(offset, length < sizeof(whole) ? 0 : sizeof(whole));
		free(stream);
	}
}

static void lengths_beyond_the_limits_are_refused(void)
{
	struct memtable_record record = { .key_length = MEMTABLE_MAX_KEY_LENGTH + 1 };
	size_t offset = 0;

	CHECK(!memtable_record_next(&record, sizeof(record), &offset));
	record.key_length = 0;
	record.value_length = UINT32_MAX;
	CHECK(!memtable_record_next(&record, sizeof(record), &offset));
	record.value_length = 0;
	CHECK(memtable_record_next(&record, sizeof(record), &offset) == &record);
}

static const struct tap_test tests[] = {
	{ "lengths are padded to eight", lengths_are_padded_to_eight },
	{ "a record has the documented bytes", a_record_has_the_documented_bytes },
	{ "a stream is read back", a_stream_is_read_back },
	{ "a stream may end anywhere", a_stream_may_end_anywhere },
	{ "lengths beyond the limits are refused", lengths_beyond_the_limits_are_refused },
};

TAP_MAIN(tests)
