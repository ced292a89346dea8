// SPDX-License-Identifier: GPL-2.0
/*
 * memtable test helpers - the check of histories
 *
 * All that changes a table has a point in one order: a write by its sequence
 * number, the highest one for a batch, and a cut, which takes keys away, behind
 * the last write before it. So that each has a point of its own, the cuts so far
 * are added:
 *
 *	write of number s behind c cuts		s + c
 *	cut number c, counted from one, at s	s + c
 *
 * A read takes place between two changes, and has the point of the one before
 * it. If it tells its snapshot that is known, but for the cuts; otherwise what it
 * has seen tells from which point on, and before which, it took place.
 *
 * The floor is the highest point of any request that has ended. Nothing that
 * begins later has a lower point, and a write a higher one. In order of time, each
 * request gets the lowest point that its floor and its answer allow. That is
 * all: if there is an order at all, the one with these points is one.
 */
#include <stdint.h>
#include <stdlib.h>

#include "history.h"

/* A version of a key. */
struct version {
	struct history_entry entry;
	__u64 point;
	/* The cut that takes it away, counted from one, or more than there are. */
	unsigned int cut;
};

struct table {
	const struct history *history;
	/* The last sequence number when the table came to be. */
	__u64 base;
	/* Of each sequence number from base + 1 on: the highest one in its batch. */
	__u64 *batch_ends;
	size_t number_count;
	/* By key and then sequence number; those of key k are from first[k] on. */
	struct version *versions;
	size_t version_count;
	size_t *first;
	const struct history_event **cuts;
	unsigned int cut_count;
	/* When the first seal began, and when the first one was known of. */
	__u64 seal_begin;
	__u64 seal_end;
};

static void *allocate(size_t count, size_t size)
{
	void *const memory = calloc(count + 1, size);

	if (!memory)
		abort();
	return memory;
}

static bool is_cut(const struct history_event *const event)
{
	return event->kind == HISTORY_SPLIT || event->kind == HISTORY_ROTATE;
}

static bool is_deletion(const struct table *const table,
			const struct history_entry *const entry)
{
	/* In a map a deletion leaves nothing. */
	return table->history->map && entry->type == MEMTABLE_TYPE_DELETION;
}

static __u64 max(const __u64 a, const __u64 b)
{
	return a > b ? a : b;
}

/* How many cuts come before a write. */
static unsigned int cuts_before(const struct table *const table,
				const __u64 sequence)
{
	unsigned int count = 0;

	while (count < table->cut_count &&
	       table->cuts[count]->last_sequence < sequence)
		count++;
	return count;
}

/* The last sequence number at cut number @cut, and at the beginning. */
static __u64 cut_sequence(const struct table *const table,
			  const unsigned int cut)
{
	return cut ? table->cuts[cut - 1]->last_sequence : table->base;
}

static __u64 cut_point(const struct table *const table, const unsigned int cut)
{
	if (cut > table->cut_count)
		return UINT64_MAX;
	return cut_sequence(table, cut) + cut;
}

/* The highest sequence number of the batch that has this one, or zero. */
static __u64 batch_end(const struct table *const table, const __u64 sequence)
{
	if (sequence <= table->base)
		return sequence;
	if (sequence > table->base + table->number_count)
		return 0;
	return table->batch_ends[sequence - table->base - 1];
}

/* The cut that takes a version away. */
static unsigned int version_cut(const struct table *const table,
				const struct history_entry *const entry)
{
	unsigned int cut = cuts_before(table, entry->sequence);

	while (cut < table->cut_count && table->cuts[cut]->low > entry->key)
		cut++;
	return cut + 1;
}

/* Where the point of a version ends: another one follows, or it is taken away. */
static __u64 version_end(const struct table *const table,
			 const struct version *const version)
{
	const struct version *const next = version + 1;
	const __u64 cut = cut_point(table, version->cut);

	if (next < table->versions + table->first[version->entry.key + 1] &&
	    next->point < cut)
		return next->point;
	return cut;
}

/* The newest version of a key with at most this sequence number, or NULL. */
static const struct version *version_at(const struct table *const table,
					const unsigned int key,
					const __u64 sequence)
{
	size_t low = table->first[key];
	size_t high = table->first[key + 1];

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (table->versions[middle].entry.sequence <= sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low > table->first[key] ? &table->versions[low - 1] : NULL;
}

/* The same behind so many cuts. */
static const struct version *state_at(const struct table *const table,
				      const unsigned int key,
				      const __u64 sequence,
				      const unsigned int cuts)
{
	const struct version *const version =
		version_at(table, key, sequence);

	return version && version->cut > cuts &&
			       !is_deletion(table, &version->entry) ?
		       version :
		       NULL;
}

static const char *differs(const struct version *const version,
			   const struct history_entry *const seen)
{
	if (!version)
		return seen->type == MEMTABLE_TYPE_ABSENT ?
			       NULL :
			       "an entry is seen that is not there";
	if (seen->type == MEMTABLE_TYPE_ABSENT)
		return "an entry is missed";
	if (seen->sequence != version->entry.sequence)
		return "another version is seen";
	if ((seen->type != HISTORY_ANY_TYPE &&
	     seen->type != version->entry.type) ||
	    (seen->value != HISTORY_ANY_VALUE &&
	     seen->value != version->entry.value))
		return "another value is seen than was written";
	return NULL;
}

/* Of a key that has something: the lowest point from the floor on with that. */
static const char *check_seen(const struct table *const table,
			      const struct history_entry *const seen,
			      const __u64 floor, __u64 *const point)
{
	const struct version *const version =
		version_at(table, seen->key, seen->sequence);
	const char *wrong;

	if (!version || is_deletion(table, &version->entry))
		return "an entry is seen that is not there";
	wrong = differs(version, seen);
	if (wrong)
		return wrong;
	*point = max(floor, version->point);
	return *point < version_end(table, version) ?
		       NULL :
		       "a version is seen that was over";
}

/* Of one that has nothing. */
static const char *check_absent(const struct table *const table,
				const unsigned int key, const __u64 floor,
				__u64 *const point)
{
	*point = floor;
	for (size_t i = table->first[key]; i < table->first[key + 1]; i++) {
		const struct version *const version = &table->versions[i];
		const __u64 end = version_end(table, version);

		if (version->point > *point)
			break;
		if (end <= *point || is_deletion(table, &version->entry))
			continue;
		if (end == UINT64_MAX)
			return "an entry is missed";
		*point = end;
	}
	return NULL;
}

/* Requests that tell the latest of a key, but not when that was. */
static const char *check_latest(const struct table *const table,
				const struct history_entry *const seen,
				const __u64 floor, __u64 *const point)
{
	return seen->type == MEMTABLE_TYPE_ABSENT ?
		       check_absent(table, seen->key, floor, point) :
		       check_seen(table, seen, floor, point);
}

/* Is this what the keys asked for have? */
static const char *compare_keys(const struct table *const table,
				const struct history_event *const event,
				const unsigned int cuts)
{
	for (size_t i = 0; i < event->count; i++) {
		const struct history_entry *const seen = &event->entries[i];
		const char *const wrong =
			differs(state_at(table, seen->key, event->snapshot,
					 cuts),
				seen);

		if (wrong)
			return wrong;
	}
	return NULL;
}

/*
 * Whether the next of what was seen is this version, or else what is wrong;
 * without a version, that nothing is left.
 */
static const char *compare_next(const struct history_event *const event,
				const struct version *const version,
				size_t *const position)
{
	static const struct history_entry absent = {
		.type = MEMTABLE_TYPE_ABSENT,
	};
	const struct history_entry *const seen =
		*position < event->count ? &event->entries[*position] : &absent;

	if (version && seen != &absent &&
	    seen->key != version->entry.key) {
		const bool reverse = event->flags & MEMTABLE_SCAN_REVERSE;

		if ((seen->key > version->entry.key) == reverse)
			return "an entry is seen that is not there";
		return "an entry is missed";
	}
	(*position)++;
	return differs(version, seen);
}

/* Is this all that a range of keys has? */
static const char *compare_range(const struct table *const table,
				 const struct history_event *const event,
				 const unsigned int cuts)
{
	const bool reverse = event->flags & MEMTABLE_SCAN_REVERSE;
	const bool all = event->flags & MEMTABLE_SCAN_ALL_VERSIONS;
	const bool tombstones = event->flags & MEMTABLE_SCAN_TOMBSTONES;
	size_t position = 0;

	for (int i = event->low; i <= event->high; i++) {
		const int key = reverse ? event->low + event->high - i : i;
		const struct version *const newest =
			state_at(table, key, event->snapshot, cuts);
		const struct version *const first =
			table->versions + table->first[key];
		const size_t count = !newest ? 0 : all ? newest - first + 1 : 1;

		for (size_t j = 0; j < count; j++) {
			const struct version *const version =
				reverse ? newest - (count - 1 - j) : newest - j;
			const char *wrong;

			/* Those before a cut have all gone with it. */
			if (version->cut <= cuts ||
			    (version->entry.type == MEMTABLE_TYPE_DELETION &&
			     !tombstones))
				continue;
			wrong = compare_next(event, version, &position);
			if (wrong)
				return wrong;
		}
	}
	return compare_next(event, NULL, &position);
}

/*
 * Requests that tell their snapshot. The latest one was that between two cuts
 * at most; an older one can be asked for at any time after.
 */
static const char *check_snapshot(const struct table *const table,
				  const struct history_event *const event,
				  const __u64 floor, __u64 *const point)
{
	const __u64 sequence = event->snapshot;
	const char *wrong = "a snapshot is of the past";

	if (event->asked && event->asked != sequence)
		return "another snapshot is read at";
	if (batch_end(table, sequence) != sequence)
		return "a snapshot is not between two writes";
	for (unsigned int cuts = 0; cuts <= table->cut_count; cuts++) {
		__u64 at = max(sequence, cut_sequence(table, cuts)) + cuts;

		if (!event->asked && at != sequence + cuts)
			break;
		if (event->asked)
			at = max(at, floor);
		if (at < floor || at >= cut_point(table, cuts + 1))
			continue;
		wrong = event->kind == HISTORY_SCAN ?
				compare_range(table, event, cuts) :
				compare_keys(table, event, cuts);
		if (!wrong) {
			*point = at;
			return NULL;
		}
	}
	return wrong;
}

/*
 * In a map each entry of a scan is as it was at some time meanwhile; and so is
 * each key that it does not tell of.
 */
static const char *check_map_scan(const struct table *const table,
				  const struct history_event *const event,
				  const __u64 floor, __u64 *const point)
{
	const bool reverse = event->flags & MEMTABLE_SCAN_REVERSE;
	size_t position = 0;

	*point = floor;
	for (int i = event->low; i <= event->high; i++) {
		const int key = reverse ? event->low + event->high - i : i;
		struct history_entry seen = {
			.key = key,
			.type = MEMTABLE_TYPE_ABSENT,
		};
		const char *wrong;
		__u64 at;

		if (position < event->count &&
		    event->entries[position].key == key)
			seen = event->entries[position++];
		wrong = check_latest(table, &seen, floor, &at);
		if (wrong)
			return wrong;
		*point = max(*point, at);
	}
	return position < event->count ? "an entry is seen that is not there" :
					 NULL;
}

static const char *check_condition(const struct table *const table,
				   const struct history_event *const event)
{
	const struct history_entry *const entry = event->entries;
	const struct version *const before =
		state_at(table, entry->key, entry->sequence - 1,
			 cuts_before(table, entry->sequence));
	bool holds = true;

	if (event->condition == HISTORY_IF_ABSENT)
		holds = !before || before->entry.type == MEMTABLE_TYPE_DELETION;
	else if (event->condition == HISTORY_IF_SEQUENCE)
		holds = (before ? before->entry.sequence : 0) == event->expected;
	return holds ? NULL : "a condition did not hold";
}

static const char *check_write(const struct table *const table,
			       const struct history_event *const event,
			       const __u64 floor, __u64 *const point)
{
	const __u64 last = event->entries[event->count - 1].sequence;

	*point = last + cuts_before(table, last);
	if (*point <= floor)
		return "a write comes before what had ended";
	if (event->begin > table->seal_end)
		return "a write is taken after the seal";
	return check_condition(table, event);
}

static const char *check_cut(const struct table *const table,
			     const struct history_event *const event,
			     const __u64 floor, __u64 *const point)
{
	unsigned int cut = 1;

	while (table->cuts[cut - 1] != event)
		cut++;
	*point = cut_point(table, cut);
	return *point > floor ? NULL : "a cut comes before what had ended";
}

static const char *check_event(const struct table *const table,
			       const struct history_event *const event,
			       const __u64 floor, __u64 *const point)
{
	*point = floor;
	switch (event->kind) {
	case HISTORY_WRITE:
		return check_write(table, event, floor, point);
	case HISTORY_REFUSED:
		return event->end < table->seal_begin ?
			       "a write is refused before the seal" :
			       NULL;
	case HISTORY_GET:
		return check_latest(table, event->entries, floor, point);
	case HISTORY_SCAN:
		if (table->history->map)
			return check_map_scan(table, event, floor, point);
		return check_snapshot(table, event, floor, point);
	case HISTORY_READ:
		return check_snapshot(table, event, floor, point);
	case HISTORY_SPLIT:
	case HISTORY_ROTATE:
		return check_cut(table, event, floor, point);
	case HISTORY_SEAL:
		break;
	}
	return NULL;
}

/* An end of a request. */
struct moment {
	__u64 time;
	bool begin;
	const struct history_event *event;
	/* Of the beginning of the same request. */
	__u64 *floor;
};

/* At one time, all begins before anything ends. */
static int moment_compare(const void *const left, const void *const right)
{
	const struct moment *const a = left;
	const struct moment *const b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return b->begin - a->begin;
}

static const char *table_check(const struct table *const table,
			       const unsigned int number,
			       const struct history_event **const where)
{
	const struct history *const history = table->history;
	struct moment *const moments =
		allocate(2 * history->count, sizeof(*moments));
	__u64 *const floors = allocate(history->count, sizeof(*floors));
	const char *wrong = NULL;
	__u64 floor = table->base;
	size_t count = 0;

	for (size_t i = 0; i < history->count; i++) {
		const struct history_event *const event = &history->events[i];

		if (event->table != number)
			continue;
		moments[count++] = (struct moment){
			.time = event->begin,
			.begin = true,
			.event = event,
			.floor = &floors[i],
		};
		moments[count++] = (struct moment){
			.time = event->end,
			.event = event,
			.floor = &floors[i],
		};
	}
	qsort(moments, count, sizeof(*moments), moment_compare);
	for (size_t i = 0; i < count && !wrong; i++) {
		const struct moment *const moment = &moments[i];
		__u64 point;

		if (moment->begin) {
			*moment->floor = floor;
			continue;
		}
		*where = moment->event;
		wrong = check_event(table, moment->event, *moment->floor,
				    &point);
		floor = max(floor, point);
	}
	free(floors);
	free(moments);
	return wrong;
}

static int version_compare(const void *const left, const void *const right)
{
	const struct history_entry *const a =
		&((const struct version *)left)->entry;
	const struct history_entry *const b =
		&((const struct version *)right)->entry;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static int cut_compare(const void *const left, const void *const right)
{
	const struct history_event *const *const a = left;
	const struct history_event *const *const b = right;

	return ((*a)->begin > (*b)->begin) - ((*a)->begin < (*b)->begin);
}

/* Gives the table the numbers of a write. */
static const char *take_numbers(struct table *const table,
				const struct history_event *const event)
{
	const __u64 last = event->entries[event->count - 1].sequence;

	for (size_t i = 0; i < event->count; i++) {
		const __u64 sequence = event->entries[i].sequence;

		if (sequence <= table->base ||
		    sequence > table->base + table->number_count)
			return "a sequence number is left out";
		if (table->batch_ends[sequence - table->base - 1])
			return "a sequence number is given twice";
		table->batch_ends[sequence - table->base - 1] = last;
	}
	return NULL;
}

/* Takes what the events tell of a table, but for the versions. */
static const char *table_collect(struct table *const table,
				 const unsigned int number,
				 const struct history_event **const where)
{
	const struct history *const history = table->history;
	const char *wrong = NULL;

	table->cuts = allocate(history->count, sizeof(*table->cuts));
	for (size_t i = 0; i < history->count; i++) {
		const struct history_event *const event = &history->events[i];

		if (event->table != number)
			continue;
		if (event->kind == HISTORY_WRITE)
			table->number_count += event->count;
		if (is_cut(event))
			table->cuts[table->cut_count++] = event;
		if (event->kind == HISTORY_SEAL &&
		    event->begin < table->seal_begin)
			table->seal_begin = event->begin;
		if ((event->kind == HISTORY_SEAL ||
		     event->kind == HISTORY_REFUSED) &&
		    event->end < table->seal_end)
			table->seal_end = event->end;
	}
	table->batch_ends =
		allocate(table->number_count, sizeof(*table->batch_ends));
	for (size_t i = 0; i < history->count && !wrong; i++) {
		const struct history_event *const event = &history->events[i];

		if (event->table != number || event->kind != HISTORY_WRITE)
			continue;
		*where = event;
		wrong = take_numbers(table, event);
	}
	if (wrong)
		return wrong;

	qsort(table->cuts, table->cut_count, sizeof(*table->cuts), cut_compare);
	for (unsigned int i = 0; i < table->cut_count; i++) {
		const __u64 sequence = table->cuts[i]->last_sequence;

		*where = table->cuts[i];
		if (sequence < cut_sequence(table, i))
			return "a cut comes before what had ended";
		if (batch_end(table, sequence) != sequence)
			return "a cut is not between two writes";
	}
	return NULL;
}

static void table_add(struct table *const table,
		      const struct history_entry *const entry, const __u64 last)
{
	table->versions[table->version_count++] = (struct version){
		.entry = *entry,
		.point = last + cuts_before(table, last),
		.cut = version_cut(table, entry),
	};
}

/* Gives the table its versions: what it had from the beginning, and its writes. */
static void table_fill(struct table *const table, const unsigned int number,
		       const struct table *const parent,
		       const unsigned int parent_cut)
{
	const struct history *const history = table->history;
	const size_t inherited = parent ? parent->version_count : 0;
	size_t at = 0;

	table->versions = allocate(inherited + table->number_count,
				   sizeof(*table->versions));
	for (size_t i = 0; i < inherited; i++) {
		if (parent->versions[i].cut == parent_cut)
			table_add(table, &parent->versions[i].entry,
				  table->base);
	}
	for (size_t i = 0; i < history->count; i++) {
		const struct history_event *const event = &history->events[i];

		if (event->table != number || event->kind != HISTORY_WRITE)
			continue;
		for (size_t j = 0; j < event->count; j++)
			table_add(table, &event->entries[j],
				  event->entries[event->count - 1].sequence);
	}
	qsort(table->versions, table->version_count, sizeof(*table->versions),
	      version_compare);

	table->first = allocate(history->keys + 1, sizeof(*table->first));
	for (unsigned int key = 0; key <= history->keys; key++) {
		while (at < table->version_count &&
		       table->versions[at].entry.key < key)
			at++;
		table->first[key] = at;
	}
}

/* Makes a table, for which those before it are there. */
static const char *table_make(struct table *const tables,
			      const unsigned int number,
			      const struct history_event **const where)
{
	struct table *const table = &tables[number];
	const struct table *parent = NULL;
	unsigned int parent_cut = 0;
	const char *wrong;

	for (unsigned int i = 0; i < number; i++) {
		for (unsigned int cut = 1; cut <= tables[i].cut_count; cut++) {
			const struct history_event *const event =
				tables[i].cuts[cut - 1];

			if (event->other != number)
				continue;
			parent = &tables[i];
			parent_cut = cut;
			table->base = event->last_sequence;
			if (event->kind == HISTORY_ROTATE) {
				table->seal_begin = event->begin;
				table->seal_end = event->end;
			}
		}
	}
	wrong = table_collect(table, number, where);
	if (!wrong)
		table_fill(table, number, parent, parent_cut);
	return wrong;
}

const char *history_check(const struct history *const history,
			  const struct history_event **const where)
{
	struct table *const tables = allocate(history->tables, sizeof(*tables));
	const char *wrong = NULL;

	*where = NULL;
	for (unsigned int i = 0; i < history->tables; i++) {
		tables[i] = (struct table){
			.history = history,
			.seal_begin = UINT64_MAX,
			.seal_end = UINT64_MAX,
		};
	}
	for (unsigned int i = 0; i < history->tables && !wrong; i++) {
		wrong = table_make(tables, i, where);
		if (!wrong)
			wrong = table_check(&tables[i], i, where);
	}
	for (unsigned int i = 0; i < history->tables; i++) {
		free(tables[i].batch_ends);
		free(tables[i].versions);
		free(tables[i].first);
		free(tables[i].cuts);
	}
	free(tables);
	return wrong;
}
