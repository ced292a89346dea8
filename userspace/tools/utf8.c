// SPDX-License-Identifier: GPL-2.0
/* UTF-8, as RFC 3629 has it. */
#include "utf8.h"

size_t utf8_character(const unsigned char *p, size_t left, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length, i;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((p[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	if (length > left)
		return 0;

	*code = p[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

bool utf8_valid(const void *data, size_t length)
{
	const unsigned char *p = data, *end = p + length;
	uint32_t code;
	size_t step;

	for (; p < end; p += step) {
		step = utf8_character(p, end - p, &code);
		if (!step)
			return false;
	}
	return true;
}
