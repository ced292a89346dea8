/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length in bytes of the character at p, of which left bytes are there, and its
 * code point. Zero if it is not UTF-8: cut off, longer than need be, a
 * surrogate, or beyond Unicode.
 */
size_t utf8_character(const unsigned char *p, size_t left, uint32_t *code);

/* Whether all of it is UTF-8. */
bool utf8_valid(const void *data, size_t length);

#endif /* UTF8_H */
