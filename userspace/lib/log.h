/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of a LevelDB write-ahead log. */
#ifndef MEMTABLE_LOG_H
#define MEMTABLE_LOG_H

#include "internal.h"

#define LOG_BLOCK_SIZE 32768

/**
 * struct log_reader - A log that is being read.
 * @fd: The file.
 * @skip: Whether to go on behind what is corrupt.
 * @block: The block that is being read.
 * @length: How much of it there is.
 * @at: How much of it is read.
 * @read: How much of the file is read, in bytes, this block included.
 * @whole: Where in the file the last record ended that was whole, or skipped.
 * @ended: Whether this block is the last one.
 * @record: The record: parts of it while it is being read.
 * @record_length: Its length.
 * @record_size: Size of the memory at @record.
 * @inside: Whether a record has begun and not ended.
 * @corruptions: How often something was corrupt.
 * @corrupt_bytes: How many bytes were skipped for that.
 * @reason: What was wrong the last time.
 */
struct log_reader {
	int fd;
	bool skip;
	unsigned char block[LOG_BLOCK_SIZE];
	size_t length;
	size_t at;
	uint64_t read;
	uint64_t whole;
	bool ended;
	unsigned char *record;
	size_t record_length;
	size_t record_size;
	bool inside;
	uint64_t corruptions;
	uint64_t corrupt_bytes;
	const char *reason;
};

/*
 * Reads the next record. Returns 1, 0 at the end, -EBADMSG if it is corrupt and
 * that is not to be skipped, -ENOMEM, or an error of read(2).
 */
int memtable_log_next(struct log_reader *reader);

/*
 * Reads the next record that is a write batch, whose entries are what the batch has
 * then. Returns as memtable_log_next(), or -EMSGSIZE for a key or a value that is
 * too long.
 */
int memtable_log_next_batch(struct log_reader *reader, struct memtable_batch *batch);

/* How many bytes at the end are of a record that is not whole; once at the end. */
uint64_t memtable_log_torn(const struct log_reader *reader);

/* Notes that the bytes are corrupt. Returns 0 if that is to be skipped, else -EBADMSG. */
int memtable_log_corrupt(struct log_reader *reader, size_t bytes, const char *reason);

/* The CRC-32C (Castagnoli) of some bytes, after those of which crc is the one. */
uint32_t memtable_crc32c(uint32_t crc, const void *data, size_t length);

#endif /* MEMTABLE_LOG_H */
