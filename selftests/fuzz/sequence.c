// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - what one process asks for
 */

#include "sequence.h"

static const char *const names[MANNERS] = {
	[MANNERS_HONEST] = "honest",
	[MANNERS_HOSTILE] = "hostile",
};

void sequence_print(const struct sequence *sequence, char text[SEQUENCE_TEXT])
{
	int used = snprintf(text, SEQUENCE_TEXT, "%s", names[sequence->manners]);

	for (unsigned int i = 0; i < sequence->count; i++)
		used += snprintf(text + used, SEQUENCE_TEXT - used, "%c%x*%u",
				 i ? '+' : ':', sequence->segments[i].seed,
				 sequence->segments[i].count);
}

bool sequence_parse(struct sequence *sequence, const char *text)
{
	const size_t length = strcspn(text, ":");
	int used;

	*sequence = (struct sequence){ .manners = MANNERS };
	for (unsigned int i = 0; i < MANNERS; i++)
		if (length == strlen(names[i]) && !memcmp(text, names[i], length))
			sequence->manners = i;
	if (sequence->manners == MANNERS)
		return false;
	text += length;
	while (*text && sequence->count < SEQUENCE_SEGMENTS) {
		struct segment *const segment =
			&sequence->segments[sequence->count];

		if (*text != (sequence->count ? '+' : ':') ||
		    sscanf(text + 1, "%x*%u%n", &segment->seed, &segment->count,
			   &used) != 2)
			return false;
		sequence->count++;
		text += 1 + used;
	}
	return sequence->count && !*text;
}

void sequence_cut(struct sequence *sequence, __u32 length)
{
	for (unsigned int i = 0; i < sequence->count; i++) {
		struct segment *const segment = &sequence->segments[i];

		if (segment->count >= length) {
			segment->count = length;
			sequence->count = i + 1;
			return;
		}
		length -= segment->count;
	}
}
