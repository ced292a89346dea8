/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Record streams: records in transfer form, from and to user memory.
 */
#ifndef MTB_STREAM_H
#define MTB_STREAM_H

#include <linux/align.h>
#include <linux/types.h>

#include <linux/memtable.h>

#include "record.h"

struct iov_iter;
struct mtb_batch;

/**
 * struct mtb_sink - A record stream on its way out.
 * @to: Where it goes.
 * @stage: Small pieces are gathered here, to be copied out together.
 * @size: Size of @stage, in bytes.
 * @staged: Bytes in @stage.
 */
struct mtb_sink {
	struct iov_iter *to;
	u8 *stage;
	size_t size;
	size_t staged;
};

/* Length of a record in transfer form, in bytes. */
static inline size_t mtb_wire_length(u32 key_length, u32 value_length)
{
	return ALIGN(sizeof(struct memtable_record) + key_length + value_length, sizeof(u64));
}

static inline void mtb_record_header(const struct mtb_record *record,
				     struct memtable_record *header)
{
	header->tag = record->tag;
	header->key_length = record->key_length;
	header->value_length = mtb_record_value_length(record);
}

int mtb_stream_read(struct iov_iter *from, struct mtb_batch *batch);
int mtb_stream_check(const struct memtable_record *header);

int mtb_sink_init(struct mtb_sink *sink, struct iov_iter *to);
void mtb_sink_destroy(struct mtb_sink *sink);
int mtb_sink_put(struct mtb_sink *sink, const struct memtable_record *header, const void *key,
		 const void *value, size_t from, size_t to);
int mtb_sink_flush(struct mtb_sink *sink);

#endif /* MTB_STREAM_H */
