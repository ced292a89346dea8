// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of what reads files: record streams, LevelDB's logs, length-prefixed
 * slices and the text formats of the command. The first byte of the input says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input.h"
#include "json.h"
#include "log.h"
#include "output.h"
#include "stream.h"

#define TRUE(condition)									\
	do {										\
		if (!(condition)) {							\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);	\
			abort();							\
		}									\
	} while (0)

/* Most reads in which a stream is read. */
#define READS	64

/**
 * struct bytes - What is left of an input.
 * @data: The bytes.
 * @size: How many there are.
 */
struct bytes {
	const unsigned char *data;
	size_t size;
};

static size_t take(struct bytes *input, unsigned int bytes)
{
	size_t value = 0;

	for (; bytes && input->size; bytes--, input->size--)
		value = value << 8 | *input->data++;
	return value;
}

static void skip(struct bytes *input, size_t length)
{
	input->data += length;
	input->size -= length;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A file that gives so many bytes at a time. */
static int slow_file(struct bytes bytes, size_t piece)
{
	int fds[2];

	if (piece < bytes.size / READS + 1)
		piece = bytes.size / READS + 1;
	TRUE(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	while (bytes.size) {
		piece = least(piece, bytes.size);
		TRUE(write(fds[1], bytes.data, piece) == (ssize_t)piece);
		skip(&bytes, piece);
	}
	close(fds[1]);
	return fds[0];
}

/* Length of the record that the bytes begin with, or 0 if that is none, or not whole. */
static size_t record_length(const struct bytes *bytes)
{
	struct memtable_record header;
	size_t length;

	if (bytes->size < sizeof(header))
		return 0;
	memcpy(&header, bytes->data, sizeof(header));
	if (header.key_length > 65535 || header.value_length > 16 << 20)
		return 0;
	length = (sizeof(header) + header.key_length + header.value_length + 7) / 8 * 8;
	return length <= bytes->size ? length : 0;
}

static void read_stream(struct bytes *input)
{
	size_t piece = take(input, 1), length;
	const struct memtable_record *record;
	struct stream_reader reader = { .fd = slow_file(*input, piece) };

	while ((length = record_length(input))) {
		TRUE(memtable_stream_next(&reader, &record) == 1);
		TRUE(!memcmp(record, input->data, length));
		skip(input, length);
	}
	TRUE(memtable_stream_next(&reader, &record) == (input->size ? -EBADMSG : 0));
	memtable_stream_release(&reader);
	close(reader.fd);
}

static unsigned char log_bytes[5 * LOG_BLOCK_SIZE];
static size_t log_length;

static void log_add(const unsigned char *data, size_t length)
{
	length = least(length, sizeof(log_bytes) - log_length);
	memcpy(log_bytes + log_length, data, length);
	log_length += length;
}

/* A piece of a record, with its checksum. */
static void log_add_piece(int kind, const unsigned char *data, size_t length)
{
	unsigned char header[7] = { [4] = length, length >> 8, kind };
	uint32_t crc = memtable_crc32c(memtable_crc32c(0, header + 6, 1), data, length);

	crc = (crc >> 15 | crc << 17) + 0xa282ead8;
	memcpy(header, (unsigned char[]) { crc, crc >> 8, crc >> 16, crc >> 24 }, 4);
	log_add(header, sizeof(header));
	log_add(data, length);
}

/* A log of the input's making: what is right in it, and what is not. */
static void log_make(struct bytes *input)
{
	static const unsigned char zeros[65536];
	size_t what, length;

	log_length = 0;
	while (input->size) {
		what = take(input, 1);
		switch (what % 4) {
		case 0:
			length = least(take(input, 1), input->size);
			log_add(input->data, length);
			skip(input, length);
			break;
		case 1:
			length = least(take(input, 1), input->size);
			log_add_piece(what / 4 % 6, input->data, length);
			skip(input, length);
			break;
		case 2:
			length = take(input, 2);
			log_add_piece(what / 4 % 6, zeros, length);
			break;
		case 3:
			/* Up to the end of the block, or a few bytes less. */
			length = LOG_BLOCK_SIZE - log_length % LOG_BLOCK_SIZE;
			log_add(zeros, length - least(length, what / 4));
			break;
		}
	}
}

/* Reads the first bytes of the log. Returns how that ends; the entries are in a batch. */
static int log_read(size_t length, bool skip_corrupt, struct memtable_batch *entries,
		    struct log_reader *reader)
{
	int fd = memfd_create("log", 0), ret;
	struct memtable_batch *one;

	TRUE(write(fd, log_bytes, length) == (ssize_t)length);
	lseek(fd, 0, SEEK_SET);
	TRUE(!memtable_batch_create(&one));
	memtable_batch_clear(entries);
	*reader = (struct log_reader) { .fd = fd, .skip = skip_corrupt };
	while ((ret = memtable_log_next_batch(reader, one)) == 1)
		TRUE(!memtable_batch_append(entries, one));
	memtable_batch_destroy(one);
	free(reader->record);
	close(fd);

	TRUE(reader->read <= length && reader->whole <= reader->read);
	TRUE(memtable_log_torn(reader) <= length);
	TRUE(!reader->reason == !reader->corruptions);
	if (skip_corrupt)
		TRUE(!ret || ret == -EMSGSIZE);
	else
		TRUE((!ret && !reader->corruptions) || ret == -EBADMSG || ret == -EMSGSIZE);
	return ret;
}

/* Whether the entries are all fit for a table, as a record stream. */
static void check_entries(const struct memtable_batch *entries)
{
	struct bytes stream = { memtable_batch_data(entries), memtable_batch_size(entries) };
	struct memtable_record header;
	size_t count = 0;

	for (; stream.size; count++) {
		memcpy(&header, stream.data, sizeof(header));
		TRUE(memtable_tag_sequence(header.tag));
		TRUE(memtable_tag_type(header.tag) == MEMTABLE_TYPE_VALUE ||
		     (memtable_tag_type(header.tag) == MEMTABLE_TYPE_DELETION &&
		      !header.value_length));
		TRUE(record_length(&stream));
		skip(&stream, record_length(&stream));
	}
	TRUE(count == memtable_batch_count(entries));
}

static bool begins_with(const struct memtable_batch *all, const struct memtable_batch *first)
{
	size_t size = memtable_batch_size(first);

	return memtable_batch_size(all) >= size &&
	       (!size || !memcmp(memtable_batch_data(all), memtable_batch_data(first), size));
}

/*
 * What is read up to the first error is read when errors are skipped, too; and of a
 * log that is cut off, nothing but what is read of the whole one.
 */
static void read_log(struct bytes *input)
{
	struct memtable_batch *strict, *all, *cut;
	static struct log_reader reader;
	size_t length = take(input, 3);
	int ret;

	TRUE(!memtable_batch_create(&strict));
	TRUE(!memtable_batch_create(&all));
	TRUE(!memtable_batch_create(&cut));
	log_make(input);
	ret = log_read(log_length, false, strict, &reader);
	check_entries(strict);
	TRUE(log_read(log_length, true, all, &reader) == ret || ret == -EBADMSG);
	check_entries(all);
	TRUE(begins_with(all, strict));
	TRUE(ret || begins_with(strict, all));
	log_read(log_length ? length % log_length : 0, false, cut, &reader);
	TRUE(begins_with(strict, cut));
	memtable_batch_destroy(strict);
	memtable_batch_destroy(all);
	memtable_batch_destroy(cut);
}

/* A slice that can be decoded is the one that is encoded of what it says. */
static void read_slices(struct bytes *input)
{
	unsigned char *encoded = malloc(input->size + 1);
	size_t offset = 0, begin = 0, written, length;
	const void *data;
	int ret;

	while (!(ret = memtable_slice_decode(input->data, input->size, &offset, &data, &length))) {
		written = 0;
		TRUE(!memtable_slice_encode(encoded, input->size, &written, data, length));
		TRUE(written == offset - begin);
		TRUE(!memcmp(encoded, input->data + begin, written));
		begin = offset;
	}
	TRUE(ret == -ENODATA || ret == -EBADMSG);
	TRUE(offset == begin);
	free(encoded);
}

/* Reads text, and returns what it says in the form that scan prints. */
static char *retell(const char *text, size_t size, bool json, size_t *length,
		    int (*next)(struct input *input, struct entry *entry))
{
	struct input input = { .file = fmemopen((void *)text, size, "r") };
	struct memtable_slice key, value;
	FILE *out;
	char *told = NULL;
	struct entry entry;
	unsigned int parts;
	uint64_t tag;

	out = open_memstream(&told, length);
	TRUE(input.file && out);
	while (next(&input, &entry) == 1) {
		TRUE(entry.sequence <= MEMTABLE_MAX_SEQUENCE);
		key = (struct memtable_slice) { entry.key, entry.key_length };
		value = (struct memtable_slice) { entry.value, entry.value_length };
		parts = OUTPUT_VALUE | (entry.sequence ? OUTPUT_TAG : 0);
		tag = entry.sequence << 8 | entry.type;
		if (json)
			output_json(out, parts, &key, &value, tag);
		else
			output_tsv(out, parts, &key, &value, tag);
	}
	fclose(out);
	fclose(input.file);
	input_release(&input);
	return told;
}

/* What was read is told in lines that say the same when they are read. */
static void read_text(struct bytes *input, int (*next)(struct input *input, struct entry *entry))
{
	char *told, *again, *json;
	size_t length, length_again, i;

	/* fmemopen() refuses to open nothing. */
	if (!input->size)
		return;
	json = retell((const char *)input->data, input->size, true, &length, next);
	for (i = 0; i < length; i++)
		TRUE((unsigned char)json[i] >= ' ' || (json[i] == '\n' && i && json[i - 1] == '}'));
	free(json);
	told = retell((const char *)input->data, input->size, false, &length, next);
	if (length) {
		again = retell(told, length, false, &length_again, tsv_next);
		TRUE(length == length_again && !memcmp(told, again, length));
		free(again);
	}
	free(told);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct bytes input = { data, size };

	switch (take(&input, 1) % 8) {
	case 0:
	case 1:
		read_stream(&input);
		break;
	case 2:
	case 3:
	case 4:
		read_log(&input);
		break;
	case 5:
		read_slices(&input);
		break;
	case 6:
		read_text(&input, tsv_next);
		break;
	case 7:
		read_text(&input, deb822_next);
		break;
	}
	return 0;
}
