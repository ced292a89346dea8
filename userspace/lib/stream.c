// SPDX-License-Identifier: LGPL-2.1-or-later
/* Record streams that are read from files, which may give little at a time. */
#include <unistd.h>

#include "stream.h"

#define STREAM_SIZE	(256 * 1024)

/* Reads more behind what there is. Returns how much, or -errno. */
static ssize_t read_more(struct stream_reader *reader)
{
	size_t left = reader->length - reader->at;
	size_t size = reader->size ? 2 * reader->size : STREAM_SIZE;
	ssize_t got;
	char *grown;

	if (left == reader->size) {
		grown = realloc(reader->buffer, size);
		if (!grown)
			return -ENOMEM;
		reader->buffer = grown;
		reader->size = size;
	}
	memmove(reader->buffer, reader->buffer + reader->at, left);
	reader->length = left;
	reader->at = 0;
	do {
		got = read(reader->fd, reader->buffer + left, reader->size - left);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->length += got;
	reader->read += got;
	return got;
}

/* Whether no record begins like that, however it goes on. */
static bool is_none(const struct memtable_record *header, size_t length)
{
	return length >= sizeof(*header) && (header->key_length > MEMTABLE_MAX_KEY_LENGTH ||
					     header->value_length > MEMTABLE_MAX_VALUE_LENGTH);
}

int memtable_stream_next(struct stream_reader *reader, const struct memtable_record **record)
{
	ssize_t got = 1;

	for (; got > 0; got = read_more(reader)) {
		if (reader->at == reader->length)
			continue;
		*record = memtable_record_next(reader->buffer, reader->length, &reader->at);
		if (*record)
			return 1;
		if (is_none((const void *)(reader->buffer + reader->at),
			    reader->length - reader->at))
			return -EBADMSG;
	}
	if (!got && reader->length)
		return -EBADMSG;
	return got;
}

void memtable_stream_release(struct stream_reader *reader)
{
	free(reader->buffer);
}
