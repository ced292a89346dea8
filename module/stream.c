// SPDX-License-Identifier: GPL-2.0
/*
 * Record streams: parsing those that come in, building those that go out.
 *
 * User memory is copied in pieces of up to STAGE_SIZE, each byte once, so that
 * bulk requests pay one copy for many records, and what was checked is what is
 * used.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "batch.h"
#include "stream.h"

/*
 * A kernel that clears what it allocates clears no more than this, and the first
 * cache has room for it.
 */
#define STAGE_SIZE	8192

/**
 * struct source - A record stream on its way in.
 * @from: Where the rest comes from.
 * @stage: The piece at hand.
 * @position: How much of it is used up.
 * @filled: How much of it there is.
 */
struct source {
	struct iov_iter *from;
	u8 *stage;
	size_t position;
	size_t filled;
};

static size_t source_staged(const struct source *source)
{
	return source->filled - source->position;
}

static size_t source_left(const struct source *source)
{
	return source_staged(source) + iov_iter_count(source->from);
}

/* Take @length bytes, which the stream has, to @to. There are fewer at hand. */
static noinline int source_take_more(struct source *source, void *to, size_t length)
{
	size_t staged = source_staged(source);

	memcpy(to, source->stage + source->position, staged);
	to += staged;
	length -= staged;

	/* The stage is used up: large pieces pass it by. */
	source->position = source->filled;
	if (length >= STAGE_SIZE)
		return copy_from_iter_full(to, length, source->from) ? 0 : -EFAULT;

	source->filled = min_t(size_t, STAGE_SIZE, iov_iter_count(source->from));
	source->position = length;
	if (!copy_from_iter_full(source->stage, source->filled, source->from))
		return -EFAULT;
	memcpy(to, source->stage, length);
	return 0;
}

/* Take @length bytes, which the stream has, to @to. */
static inline int source_take(struct source *source, void *to, size_t length)
{
	if (length > source_staged(source))
		return source_take_more(source, to, length);
	memcpy(to, source->stage + source->position, length);
	source->position += length;
	return 0;
}

/* Pass what follows an entry. */
static inline int source_pass_padding(struct source *source, size_t length)
{
	u8 padding[sizeof(u64)];

	if (length > source_staged(source))
		return source_take_more(source, padding, length);
	source->position += length;
	return 0;
}

/**
 * mtb_stream_check() - Check the header of an entry that comes in.
 * @header: The header, a kernel copy.
 *
 * Return: 0, -EMSGSIZE if the key or the value is too long, -EINVAL if the tag
 * is not one that an entry can have.
 */
int mtb_stream_check(const struct memtable_record *header)
{
	if (header->key_length > MEMTABLE_MAX_KEY_LENGTH ||
	    header->value_length > MEMTABLE_MAX_VALUE_LENGTH)
		return -EMSGSIZE;
	switch (mtb_tag_type(header->tag)) {
	case MEMTABLE_TYPE_VALUE:
		return 0;
	case MEMTABLE_TYPE_DELETION:
		return header->value_length ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static struct mtb_record *source_record(struct source *source, enum mtb_trailer trailer)
{
	struct memtable_record header;
	struct mtb_record *record;
	size_t length, payload;
	int err;

	if (source_left(source) < sizeof(header))
		return ERR_PTR(-EINVAL);
	err = source_take(source, &header, sizeof(header));
	if (err)
		return ERR_PTR(err);
	err = mtb_stream_check(&header);
	if (err)
		return ERR_PTR(err);
	payload = (size_t)header.key_length + header.value_length;
	length = mtb_wire_length(header.key_length, header.value_length) - sizeof(header);
	if (source_left(source) < length)
		return ERR_PTR(-EINVAL);

	record = mtb_record_alloc(header.key_length, header.value_length, trailer);
	if (!record)
		return ERR_PTR(-ENOMEM);
	record->tag = header.tag;
	err = source_take(source, record->data, payload);
	if (!err)
		err = source_pass_padding(source, length - payload);
	if (err) {
		mtb_record_free(record);
		return ERR_PTR(err);
	}
	return record;
}

/**
 * mtb_stream_read() - Read a record stream into a batch.
 * @from: The stream, from user memory.
 * @batch: Takes the records. The caller destroys it, also after a failure.
 *
 * Return: 0, -EFAULT, -EMSGSIZE if a key, a value or the stream is too long,
 * -EINVAL if it is not a stream of whole records with valid tags, -ENOMEM,
 * -EINTR if a fatal signal is pending.
 */
int mtb_stream_read(struct iov_iter *from, struct mtb_batch *batch)
{
	struct source source = { .from = from };
	size_t length = iov_iter_count(from);
	struct mtb_record *record;
	int err = 0;

	if (length > MEMTABLE_MAX_REQUEST_LENGTH)
		return -EMSGSIZE;
	if (!length)
		return 0;
	source.stage = kvmalloc(min_t(size_t, length, STAGE_SIZE), MTB_GFP);
	if (!source.stage)
		return -ENOMEM;

	while (source_left(&source)) {
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		cond_resched();
		record = source_record(&source, batch->trailer);
		if (IS_ERR(record)) {
			err = PTR_ERR(record);
			break;
		}
		err = mtb_batch_add(batch, record);
		if (err) {
			mtb_record_free(record);
			break;
		}
	}
	kvfree(source.stage);
	return err;
}

/**
 * mtb_sink_init() - Begin a record stream.
 * @sink: The sink.
 * @to: Where the stream goes, in user memory.
 *
 * Return: 0 or -ENOMEM.
 */
int mtb_sink_init(struct mtb_sink *sink, struct iov_iter *to)
{
	sink->to = to;
	sink->staged = 0;
	sink->size = min_t(size_t, iov_iter_count(to), STAGE_SIZE);
	sink->stage = NULL;
	if (!sink->size)
		return 0;
	sink->stage = kvmalloc(sink->size, MTB_GFP);
	return sink->stage ? 0 : -ENOMEM;
}

/**
 * mtb_sink_destroy() - Free a sink.
 * @sink: The sink.
 */
void mtb_sink_destroy(struct mtb_sink *sink)
{
	kvfree(sink->stage);
}

static int sink_copy(struct mtb_sink *sink, const void *bytes, size_t length)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return copy_to_iter(bytes, length, sink->to) == length ? 0 : -EFAULT;
}

/**
 * mtb_sink_flush() - Copy out what is staged.
 * @sink: The sink.
 *
 * Return: 0, -EFAULT or -EINTR.
 */
int mtb_sink_flush(struct mtb_sink *sink)
{
	size_t staged = sink->staged;

	sink->staged = 0;
	return sink_copy(sink, sink->stage, staged);
}

static int sink_bytes(struct mtb_sink *sink, const void *bytes, size_t length)
{
	int err;

	if (length > sink->size - sink->staged) {
		err = mtb_sink_flush(sink);
		if (err)
			return err;
		if (length >= sink->size)
			return sink_copy(sink, bytes, length);
	}
	memcpy(sink->stage + sink->staged, bytes, length);
	sink->staged += length;
	return 0;
}

/* Stage a whole record, for which there is room there. */
static void sink_stage(struct mtb_sink *sink, const struct memtable_record *header,
		       const void *key, const void *value, size_t length)
{
	u8 *to = sink->stage + sink->staged;

	/* The padding is in the last word, which the rest may overwrite. */
	memset(to + length - sizeof(u64), 0, sizeof(u64));
	memcpy(to, header, sizeof(*header));
	to += sizeof(*header);
	if (value == key + header->key_length) {
		/* As a record has them. */
		memcpy(to, key, header->key_length + header->value_length);
	} else {
		memcpy(to, key, header->key_length);
		to += header->key_length;
		memcpy(to, value, header->value_length);
	}
	sink->staged += length;
}

static noinline int sink_part(struct mtb_sink *sink, const struct memtable_record *header,
			      const void *key, const void *value, size_t from, size_t to)
{
	static const u8 padding[sizeof(u64)];
	const struct {
		const void *bytes;
		size_t length;
	} pieces[] = {
		{ header, sizeof(*header) },
		{ key, header->key_length },
		{ value, header->value_length },
		{ padding, mtb_wire_length(header->key_length, header->value_length) -
			   sizeof(*header) - header->key_length - header->value_length },
	};
	size_t begin = 0, i;
	int err;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		size_t end = begin + pieces[i].length;
		size_t first = max(begin, from);
		size_t last = min(end, to);

		if (first < last) {
			err = sink_bytes(sink, pieces[i].bytes + (first - begin), last - first);
			if (err)
				return err;
		}
		begin = end;
	}
	return 0;
}

/**
 * mtb_sink_put() - Append a record, or a part of it.
 * @sink: The sink.
 * @header: The record's header.
 * @key: The key's bytes.
 * @value: The value's bytes.
 * @from: Where the part begins: zero for the whole record.
 * @to: Where it ends: mtb_wire_length() for the whole record.
 *
 * The caller sees to it that there is room.
 *
 * Return: 0, -EFAULT or -EINTR.
 */
int mtb_sink_put(struct mtb_sink *sink, const struct memtable_record *header, const void *key,
		 const void *value, size_t from, size_t to)
{
	size_t length = mtb_wire_length(header->key_length, header->value_length);

	if (from || to < length || length > sink->size - sink->staged)
		return sink_part(sink, header, key, value, from, to);
	sink_stage(sink, header, key, value, length);
	return 0;
}
