/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Writes bytes as a member of an object: "name":"text" if they are UTF-8, or
 * else "name_base64":"text" with the text in base64 (RFC 4648, padded).
 */
void json_bytes(FILE *out, const char *name, const void *data, size_t length);

/* Writes a line about a table that was written to a file. */
void json_file(FILE *out, uint64_t number, const char *path, uint64_t entries);

#endif /* JSON_H */
