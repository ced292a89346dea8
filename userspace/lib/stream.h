/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Record streams that are read from files. */
#ifndef MEMTABLE_STREAM_H
#define MEMTABLE_STREAM_H

#include "internal.h"

/**
 * struct stream_reader - A stream that is being read.
 * @fd: The file.
 * @buffer: A piece of it, which begins with a record.
 * @size: Size of @buffer, in bytes.
 * @length: How much of it there is.
 * @at: Where in it the next record begins.
 * @read: How much of the file is read, in bytes.
 */
struct stream_reader {
	int fd;
	char *buffer;
	size_t size;
	size_t length;
	size_t at;
	uint64_t read;
};

/*
 * Reads the next record, which stays until the one after it is read. Returns 1, 0 at
 * the end, -EBADMSG if what follows is no whole record, -ENOMEM, or an error of
 * read(2).
 */
int memtable_stream_next(struct stream_reader *reader, const struct memtable_record **record);

/* Frees what the reader has. The file stays open. */
void memtable_stream_release(struct stream_reader *reader);

#endif /* MEMTABLE_STREAM_H */
