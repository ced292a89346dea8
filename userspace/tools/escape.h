/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Bytes as text in one field of a line: a backslash as \\, tab, newline and
 * carriage return as \t, \n and \r, other control characters and whatever is
 * not UTF-8 as \xHH, byte by byte; all else as it is.
 */
void escape_write(FILE *out, const void *data, size_t length);

/*
 * The same for a message to be read by people, in which backslashes stay as they
 * are: names and texts from elsewhere in it must neither break its line nor have
 * the terminal obey them.
 */
void escape_message(FILE *out, const char *message);

/*
 * Undoes that in place, and sets *length anew. \xHH may stand for any byte, and
 * any byte but a backslash for itself. Returns 0, or -1 for any other escape,
 * with the text as it was.
 */
int escape_decode(char *text, size_t *length);

#endif /* ESCAPE_H */
