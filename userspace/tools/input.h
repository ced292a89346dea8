/* SPDX-License-Identifier: GPL-2.0 */
#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>
#include <stdio.h>

/**
 * struct input - A file that is read as entries.
 * @file: The file.
 * @line: The line that was read last, its newline included.
 * @line_size: Size of the memory at @line.
 * @line_number: Which line that is, counted from one.
 * @bytes: How much has been read, in bytes.
 * @stanza: The stanza that is being read.
 * @stanza_size: Size of the memory at @stanza.
 * @error: What is wrong with that line.
 *
 * All but @file is zero at first, and goes with input_release().
 */
struct input {
	FILE *file;
	char *line;
	size_t line_size;
	unsigned long line_number;
	uint64_t bytes;
	char *stanza;
	size_t stanza_size;
	const char *error;
};

/**
 * struct entry - What was read. The memory is the input's until the next call.
 * @key: The key.
 * @key_length: Its length, in bytes.
 * @value: The value.
 * @value_length: Its length, in bytes.
 * @sequence: The sequence number that it asks for; zero for the next one.
 * @type: Its type.
 */
struct entry {
	char *key;
	size_t key_length;
	char *value;
	size_t value_length;
	uint64_t sequence;
	uint8_t type;
};

/* Reads a line. Returns its length, 0 at the end, -1 with an error. */
ssize_t input_line(struct input *input);
void input_release(struct input *input);

/*
 * Reads the next entry. Returns 1, 0 at the end, -1 with an error.
 *
 * Of tab-separated lines: KEY, VALUE and optionally SEQUENCE and TYPE, which is
 * "value" or "deletion"; the first two with escapes. The last line need not
 * end with a newline.
 */
int tsv_next(struct input *input, struct entry *entry);

/*
 * Of a Debian control file: the key is what its stanza's first Package field
 * says, the value is the stanza's bytes from its first line to the end of its
 * last, the newline included if there is one. Lines of blanks alone lie
 * between stanzas; lines that begin with # are comments, part of the stanza
 * that they stand in.
 */
int deb822_next(struct input *input, struct entry *entry);

#endif /* INPUT_H */
