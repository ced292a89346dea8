// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The records of a LevelDB write-ahead log, as LevelDB's doc/log_format.md has
 * it: blocks of 32 KiB; in them pieces of records, each behind a header of
 * masked CRC-32C (4 bytes), length (2) and kind (1), the lowest byte first; no
 * header begins in a block's last six bytes.
 *
 * What is wrong is told apart as LevelDB tells it apart. A writer that died
 * leaves a record that ends too early, at the end of the file: that is no
 * corruption, the record was never acknowledged. Anything else is one, and costs
 * the rest of its block, as the length of a bad piece says nothing either.
 */
#include <unistd.h>

#include "log.h"

#define HEADER_SIZE	7
#define MASK_DELTA	0xa282ead8U

enum piece {
	PIECE_ZERO	= 0,	/* of a block that was allocated and not written */
	PIECE_FULL	= 1,
	PIECE_FIRST	= 2,
	PIECE_MIDDLE	= 3,
	PIECE_LAST	= 4,
	/* These are no byte of a file. */
	PIECE_BAD	= 256,	/* it was skipped */
	PIECE_END	= 257,	/* the file ends */
};

static uint32_t load_little(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t unmask(uint32_t masked)
{
	uint32_t rotated = masked - MASK_DELTA;

	return rotated >> 17 | rotated << 15;
}

int memtable_log_corrupt(struct log_reader *reader, size_t bytes, const char *reason)
{
	reader->reason = reason;
	reader->corruptions++;
	reader->corrupt_bytes += bytes;
	return reader->skip ? 0 : -EBADMSG;
}

static int next_block(struct log_reader *reader)
{
	size_t length = 0;
	ssize_t got;

	do {
		got = read(reader->fd, reader->block + length, LOG_BLOCK_SIZE - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		length += got;
	} while (got && length < LOG_BLOCK_SIZE);
	reader->read += length;
	reader->length = length;
	reader->at = 0;
	reader->ended = length < LOG_BLOCK_SIZE;
	return 0;
}

/* Goes on behind the block, of which some bytes are corrupt. */
static int skip_block(struct log_reader *reader, const char *reason, enum piece *piece)
{
	size_t bytes = reader->length - reader->at;

	*piece = PIECE_BAD;
	reader->at = reader->length;
	reader->whole = reader->read;
	return memtable_log_corrupt(reader, bytes, reason);
}

/* Reads a piece; data and length tell what is in it. */
static int next_piece(struct log_reader *reader, enum piece *piece,
		      const unsigned char **data, size_t *length)
{
	const unsigned char *header;
	size_t left;
	int ret;

	while (reader->length - reader->at < HEADER_SIZE) {
		*piece = PIECE_END;
		if (reader->ended)
			return 0;
		ret = next_block(reader);
		if (ret)
			return ret;
	}
	header = reader->block + reader->at;
	left = reader->length - reader->at - HEADER_SIZE;
	*data = header + HEADER_SIZE;
	*length = header[4] | header[5] << 8;
	*piece = header[6];

	if (*length > left) {
		if (!reader->ended)
			return skip_block(reader, "a length beyond the block", piece);
		*piece = PIECE_END;
		return 0;
	}
	if (*piece == PIECE_ZERO && !*length) {
		reader->at = reader->length;
		if (!reader->inside)
			reader->whole = reader->read;
		*piece = PIECE_BAD;
		return 0;
	}
	if (unmask(load_little(header)) != memtable_crc32c(0, header + 6, 1 + *length))
		return skip_block(reader, "a wrong checksum", piece);
	reader->at += HEADER_SIZE + *length;
	return 0;
}

static int append(struct log_reader *reader, const unsigned char *data, size_t length)
{
	size_t size = reader->record_size ? reader->record_size : LOG_BLOCK_SIZE;
	unsigned char *grown;

	while (size < reader->record_length + length)
		size *= 2;
	if (size > reader->record_size) {
		grown = realloc(reader->record, size);
		if (!grown)
			return -ENOMEM;
		reader->record = grown;
		reader->record_size = size;
	}
	memcpy(reader->record + reader->record_length, data, length);
	reader->record_length += length;
	return 0;
}

/* Gives up a record that has begun, since it does not go on. */
static int give_up(struct log_reader *reader, const char *reason)
{
	size_t bytes = reader->record_length;
	bool inside = reader->inside;

	reader->inside = false;
	reader->record_length = 0;
	return inside ? memtable_log_corrupt(reader, bytes, reason) : 0;
}

/* Takes a piece in. Returns 1 if it ends a record. */
static int take(struct log_reader *reader, enum piece piece,
		const unsigned char *data, size_t length)
{
	int ret;

	switch (piece) {
	case PIECE_FULL:
	case PIECE_FIRST:
		ret = give_up(reader, "a record without its end");
		if (ret)
			return ret;
		reader->inside = true;
		break;
	case PIECE_MIDDLE:
	case PIECE_LAST:
		if (!reader->inside)
			return memtable_log_corrupt(reader, length, "a record without its begin");
		break;
	case PIECE_BAD:
		return give_up(reader, "an error inside a record");
	default:
		ret = give_up(reader, "an error inside a record");
		return ret ? ret : memtable_log_corrupt(reader, length, "an unknown kind of record");
	}
	ret = append(reader, data, length);
	if (ret)
		return ret;
	return piece == PIECE_FULL || piece == PIECE_LAST;
}

int memtable_log_next(struct log_reader *reader)
{
	const unsigned char *data;
	enum piece piece;
	size_t length;
	int ret;

	reader->inside = false;
	reader->record_length = 0;
	do {
		ret = next_piece(reader, &piece, &data, &length);
		if (ret || piece == PIECE_END)
			return ret;
		ret = take(reader, piece, data, length);
		if (!reader->inside || ret == 1)
			reader->whole = reader->read - reader->length + reader->at;
	} while (!ret);
	return ret;
}

uint64_t memtable_log_torn(const struct log_reader *reader)
{
	/* In a block's last bytes there is no place for a header. */
	uint64_t left = LOG_BLOCK_SIZE - reader->whole % LOG_BLOCK_SIZE;

	if (reader->whole == reader->read)
		return 0;
	if (left < HEADER_SIZE && reader->read - reader->whole <= left)
		return 0;
	return reader->read - reader->whole;
}
