/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Views: what of a table a reader sees, and looking it up.
 */
#ifndef MTB_VIEW_H
#define MTB_VIEW_H

#include "table.h"

/**
 * struct mtb_view - What of a table a reader sees.
 * @snapshot: Highest sequence number.
 * @commits: Highest commit number.
 * @purges: The table's purges when the view was settled.
 * @cuts: State of the table's cuts then.
 */
struct mtb_view {
	u64 snapshot;
	u64 commits;
	u64 purges;
	unsigned int cuts;
};

/* How often a reader of a map looks again before it makes the writers wait. */
#define MTB_VIEW_TRIES	16

/**
 * struct mtb_lookup - A key to look up and its answer.
 * @key: The key's bytes.
 * @key_length: Length of the key, in bytes.
 * @record: The entry that answers, or NULL. It is the caller's to put.
 */
struct mtb_lookup {
	const u8 *key;
	u32 key_length;
	struct mtb_record *record;
};

void mtb_view_settle(struct mtb_view *view, struct mtb_table *table, u64 snapshot);
bool mtb_view_cut(const struct mtb_view *view, const struct mtb_table *table);
bool mtb_view_purged(const struct mtb_view *view, const struct mtb_table *table);

int mtb_view_lookup(struct mtb_view *view, struct mtb_table *table, u64 snapshot,
		    struct mtb_lookup *lookups, size_t count);
void mtb_lookup_put(struct mtb_lookup *lookups, size_t count);

/* Does a reader see the record? */
static inline bool mtb_view_sees(const struct mtb_view *view, const struct mtb_record *record)
{
	if (mtb_tag_sequence(record->tag) > view->snapshot)
		return false;
	return record->trailer != MTB_TRAILER_COMMIT ||
	       mtb_record_commit(record) <= view->commits;
}

#endif /* MTB_VIEW_H */
