// SPDX-License-Identifier: GPL-2.0
/* Length-prefixed slices. */
#include <errno.h>
#include <stdlib.h>

#include <memtable.h>

#include "tap.h"

static void a_slice_has_leveldbs_bytes(void)
{
	unsigned char buffer[512];
	char data[300];
	size_t offset = 0;

	memset(data, 'x', sizeof(data));
	REQUIRE_EQUAL(memtable_slice_encode(buffer, sizeof(buffer), &offset, "abc", 3), 0);
	CHECK_EQUAL(offset, 4);
	CHECK(!memcmp(buffer, "\3abc", 4));
	/* 300 = 2 * 128 + 44 */
	REQUIRE_EQUAL(memtable_slice_encode(buffer, sizeof(buffer), &offset, data, 300), 0);
	CHECK_EQUAL(offset, 4 + 2 + 300);
	CHECK_EQUAL(buffer[4], 0x80 | 44);
	CHECK_EQUAL(buffer[5], 2);
	CHECK_EQUAL(buffer[6], 'x');
}

static void lengths_at_the_edges_of_the_varint(void)
{
	static const struct {
		size_t length, encoded;
	} edges[] = {
		{ 0, 1 }, { 127, 128 }, { 128, 130 }, { 16383, 16385 }, { 16384, 16387 },
		{ (1UL << 21) - 1, (1UL << 21) + 2 }, { 1UL << 21, (1UL << 21) + 4 },
		{ (1UL << 28) - 1, (1UL << 28) + 3 }, { 1UL << 28, (1UL << 28) + 5 },
		{ UINT32_MAX, UINT32_MAX + 5UL },
	};
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		CHECK_EQUAL(memtable_slice_encoded_length(edges[i].length), edges[i].encoded);
}

static void what_is_encoded_is_decoded(void)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 129, 16383, 16384, 65535, 2097152 };
	size_t i, size, offset, length;
	const void *found;
	char *buffer, *data;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		data = malloc(lengths[i] + 1);
		size = memtable_slice_encoded_length(lengths[i]);
		buffer = malloc(size);
		REQUIRE(data && buffer);
		memset(data, (int)i + 1, lengths[i]);

		offset = 0;
		CHECK_EQUAL(memtable_slice_encode(buffer, size, &offset, data, lengths[i]), 0);
		CHECK_EQUAL(offset, size);
		offset = 0;
		CHECK_EQUAL(memtable_slice_decode(buffer, size, &offset, &found, &length), 0);
		CHECK_EQUAL(offset, size);
		CHECK_EQUAL(length, lengths[i]);
		CHECK(!memcmp(found, data, length));
		free(buffer);
		free(data);
	}
}

static void slices_follow_each_other(void)
{
	char buffer[32];
	size_t offset = 0, end, length;
	const void *data;

	CHECK_EQUAL(memtable_slice_encode(buffer, sizeof(buffer), &offset, "one", 3), 0);
	CHECK_EQUAL(memtable_slice_encode(buffer, sizeof(buffer), &offset, NULL, 0), 0);
	CHECK_EQUAL(memtable_slice_encode(buffer, sizeof(buffer), &offset, "three", 5), 0);
	end = offset;
	offset = 0;
	REQUIRE_EQUAL(memtable_slice_decode(buffer, end, &offset, &data, &length), 0);
	CHECK(tap_is(data, length, "one"));
	REQUIRE_EQUAL(memtable_slice_decode(buffer, end, &offset, &data, &length), 0);
	CHECK(tap_is(data, length, ""));
	REQUIRE_EQUAL(memtable_slice_decode(buffer, end, &offset, &data, &length), 0);
	CHECK(tap_is(data, length, "three"));
	CHECK_EQUAL(memtable_slice_decode(buffer, end, &offset, &data, &length), -ENODATA);
	CHECK_EQUAL(offset, end);
}

static void a_full_buffer_is_left_alone(void)
{
	char buffer[8];
	size_t size, offset;

	for (size = 0; size < 4; size++) {
		memset(buffer, 'z', sizeof(buffer));
		offset = 0;
		CHECK_EQUAL(memtable_slice_encode(buffer, size, &offset, "abc", 3), -ERANGE);
		CHECK_EQUAL(offset, 0);
		CHECK(!memcmp(buffer, "zzzzzzzz", 8));
	}
	offset = 9;
	CHECK_EQUAL(memtable_slice_encode(buffer, 8, &offset, "", 0), -ERANGE);
	CHECK_EQUAL(memtable_slice_encode(buffer, 8, &offset, "", 1UL << 32), -EMSGSIZE);
}

static void a_cut_off_slice_is_told(void)
{
	static const unsigned char whole[] = { 0x82, 0x01, 'x' };
	char encoded[256];
	size_t size = 0, length, offset;
	char data[200] = "";
	char *cut;

	offset = 0;
	CHECK_EQUAL(memtable_slice_decode(whole, sizeof(whole), &offset, NULL, NULL), -ENODATA);
	REQUIRE_EQUAL(memtable_slice_encode(encoded, sizeof(encoded), &size, data, 200), 0);
	for (length = 0; length < size; length++) {
		cut = malloc(length + 1);
		REQUIRE(cut);
		memcpy(cut, encoded, length);
		offset = 0;
		CHECK_EQUAL(memtable_slice_decode(cut, length, &offset, NULL, NULL), -ENODATA);
		CHECK_EQUAL(offset, 0);
		free(cut);
	}
	offset = sizeof(encoded) + 1;
	CHECK_EQUAL(memtable_slice_decode(encoded, size, &offset, NULL, NULL), -ENODATA);
}

static void a_length_that_is_none_is_told(void)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{ "\xff\xff\xff\xff\x1f", 5 },		/* 33 bits */
		{ "\x80\x80\x80\x80\x80\x01", 6 },	/* a sixth byte */
		{ "\xff\xff\xff\xff\xff", 5 },
		{ "\x80\x00", 2 },			/* zero in two bytes */
		{ "\x81\x80\x00", 3 },
		{ "\x80\x80\x80\x80\x00", 5 },
	};
	size_t i, offset;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		offset = 0;
		CHECK_EQUAL(memtable_slice_decode(bad[i].bytes, bad[i].length, &offset, NULL, NULL),
			    -EBADMSG);
		CHECK_EQUAL(offset, 0);
	}
	/* The longest there is only lacks its bytes. */
	offset = 0;
	CHECK_EQUAL(memtable_slice_decode("\xff\xff\xff\xff\x0f", 5, &offset, NULL, NULL),
		    -ENODATA);
}

static const struct tap_test tests[] = {
	{ "a slice has LevelDB's bytes", a_slice_has_leveldbs_bytes },
	{ "lengths at the edges of the varint", lengths_at_the_edges_of_the_varint },
	{ "what is encoded is decoded", what_is_encoded_is_decoded },
	{ "slices follow each other", slices_follow_each_other },
	{ "a full buffer is left alone", a_full_buffer_is_left_alone },
	{ "a slice that is cut off is told", a_cut_off_slice_is_told },
	{ "a length that is none is told", a_length_that_is_none_is_told },
};

TAP_MAIN(tests)
