// SPDX-License-Identifier: LGPL-2.1-or-later
/* Length-prefixed slices, in the form of LevelDB's util/coding.h. */
#include "internal.h"

#define VARINT_BITS 7
#define VARINT_MORE 0x80

static size_t varint_length(size_t value)
{
	size_t length = 1;

	while (value >>= VARINT_BITS)
		length++;
	return length;
}

MEMTABLE_API size_t memtable_slice_encoded_length(size_t length)
{
	return varint_length(length) + length;
}

MEMTABLE_API int memtable_slice_encode(void *buffer, size_t size, size_t *offset,
				       const void *data, size_t length)
{
	size_t left = length;
	unsigned char *p;

	if (length > UINT32_MAX)
		return -EMSGSIZE;
	if (*offset > size || memtable_slice_encoded_length(length) > size - *offset)
		return -ERANGE;

	p = (unsigned char *)buffer + *offset;
	for (; left >> VARINT_BITS; left >>= VARINT_BITS)
		*p++ = left | VARINT_MORE;
	*p++ = left;
	copy_bytes(p, data, length);
	*offset += memtable_slice_encoded_length(length);
	return 0;
}

MEMTABLE_API int memtable_slice_decode(const void *buffer, size_t size, size_t *offset,
				       const void **data, size_t *length)
{
	const unsigned char *bytes = buffer;
	size_t at = *offset;
	uint64_t value = 0;
	unsigned int shift = 0;
	unsigned char byte;

	do {
		if (at >= size)
			return -ENODATA;
		byte = bytes[at++];
		value |= (uint64_t)(byte & ~VARINT_MORE) << shift;
		shift += VARINT_BITS;
		if (value > UINT32_MAX || (byte == 0 && shift > VARINT_BITS))
			return -EBADMSG;
	} while (byte & VARINT_MORE && shift < 5 * VARINT_BITS);
	if (byte & VARINT_MORE)
		return -EBADMSG;
	if (value > size - at)
		return -ENODATA;

	if (data)
		*data = bytes + at;
	if (length)
		*length = value;
	*offset = at + value;
	return 0;
}
