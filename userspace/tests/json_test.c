// SPDX-License-Identifier: GPL-2.0
/* Any bytes in JSON. */
#include <stdlib.h>

#include "json.h"
#include "tap.h"

static bool writes(const char *data, size_t length, const char *expected)
{
	size_t text_length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &text_length);
	bool ok;

	if (!CHECK(out))
		return false;
	json_bytes(out, "key", data, length);
	fclose(out);
	ok = tap_is(text, text_length, expected);
	if (!ok)
		printf("# wrote %s, not %s\n", text, expected);
	free(text);
	return ok;
}

static void utf8_is_a_string(void)
{
	CHECK(writes("", 0, "\"key\":\"\""));
	CHECK(writes("libc6", 5, "\"key\":\"libc6\""));
	CHECK(writes("\xe2\x82\xac/", 4, "\"key\":\"\xe2\x82\xac/\""));
}

static void special_characters_are_escaped(void)
{
	CHECK(writes("a\"b\\c", 5, "\"key\":\"a\\\"b\\\\c\""));
	CHECK(writes("\n\t\r\0\x1f\x7f", 6, "\"key\":\"\\n\\t\\u000d\\u0000\\u001f\\u007f\""));
}

/* The vectors of RFC 4648, after a byte that is not UTF-8. */
static void other_bytes_are_base64(void)
{
	CHECK(writes("\xff", 1, "\"key_base64\":\"/w==\""));
	CHECK(writes("\xff\xfe", 2, "\"key_base64\":\"//4=\""));
	CHECK(writes("\xff\xfe\xfd", 3, "\"key_base64\":\"//79\""));
	CHECK(writes("\xff" "foobar", 7, "\"key_base64\":\"/2Zvb2Jhcg==\""));
	CHECK(writes("\xff" "fooba", 6, "\"key_base64\":\"/2Zvb2Jh\""));
	CHECK(writes("\x80\0\0\0", 4, "\"key_base64\":\"gAAAAA==\""));
}

static const struct tap_test tests[] = {
	{ "UTF-8 is a string", utf8_is_a_string },
	{ "special characters are escaped", special_characters_are_escaped },
	{ "other bytes are base64", other_bytes_are_base64 },
};

TAP_MAIN(tests)
