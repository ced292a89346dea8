// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - the check of recorded histories, which history_test relies on
 *
 * Short histories, right and wrong: of each the check has to say what it is.
 */

#include "common.h"
#include "history.h"

/*
 * A line is a request, from one time to another:
 *
 *	1-2 write a1 b2		a batch; what is not a value has a mark behind it:
 *				a1! a tombstone, a1? one not looked at, a1* one that
 *				nobody wrote
 *	1-2 if-absent a1
 *	1-2 if-sequence 0 a1
 *	1-2 refused		a write
 *	1-2 get a1		or a- for nothing
 *	1-2 read 2 a1 b2	at the latest snapshot, which is 2
 *	1-2 again 2 a1 b2	the same, asked for
 *	1-2 instead 2 1 a1	one where 2 was asked for
 *	1-2 scan 2 ac a1 b2	of the keys from a to c
 *	1-2 reverse 2 ac b2 a1
 *	1-2 versions 2 ac a1	all, and tombstones
 *	1-2 split c 2		from c on, when 2 was the last sequence number
 *	1-2 rotate 2
 *	1-2 seal
 *
 * Behind "other" the requests are those of the table that was cut off.
 */

#define EVENTS_MAX 16
#define ENTRIES_MAX 8

static struct history_entry entry_parse(const char *const word)
{
	struct history_entry entry = {
		.key = word[0] - 'a',
		.type = MEMTABLE_TYPE_ABSENT,
	};
	char *end;

	if (word[1] == '-')
		return entry;
	entry.sequence = strtoull(word + 1, &end, 10);
	entry.value = entry.sequence;
	entry.type = MEMTABLE_TYPE_VALUE;
	if (*end == '!') {
		entry.type = MEMTABLE_TYPE_DELETION;
		entry.value = HISTORY_ANY_VALUE;
	} else if (*end == '?') {
		entry.type = HISTORY_ANY_TYPE;
		entry.value = HISTORY_ANY_VALUE;
	} else if (*end == '*') {
		entry.value = HISTORY_NO_VALUE;
	}
	return entry;
}

static const struct {
	const char *word;
	struct history_event event;
	/* What comes before the entries: numbers, a range, a key and a number. */
	const char *arguments;
} verbs[] = {
	{ "write", { .kind = HISTORY_WRITE }, "" },
	{ "if-absent",
	  { .kind = HISTORY_WRITE, .condition = HISTORY_IF_ABSENT },
	  "" },
	{ "if-sequence",
	  { .kind = HISTORY_WRITE, .condition = HISTORY_IF_SEQUENCE },
	  "e" },
	{ "refused", { .kind = HISTORY_REFUSED }, "" },
	{ "get", { .kind = HISTORY_GET }, "" },
	{ "read", { .kind = HISTORY_READ }, "s" },
	{ "again", { .kind = HISTORY_READ }, "b" },
	{ "instead", { .kind = HISTORY_READ }, "as" },
	{ "scan", { .kind = HISTORY_SCAN }, "sr" },
	{ "reverse",
	  { .kind = HISTORY_SCAN, .flags = MEMTABLE_SCAN_REVERSE },
	  "sr" },
	{ "versions",
	  { .kind = HISTORY_SCAN,
	    .flags = MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES },
	  "sr" },
	{ "split", { .kind = HISTORY_SPLIT, .other = 1 }, "kl" },
	{ "rotate", { .kind = HISTORY_ROTATE, .other = 1 }, "l" },
	{ "seal", { .kind = HISTORY_SEAL }, "" },
};

static void argument_parse(struct history_event *const event, const char what,
			   const char *const word)
{
	switch (what) {
	case 'e':
		event->expected = atoi(word);
		break;
	case 'a':
		event->asked = atoi(word);
		break;
	case 's':
		event->snapshot = atoi(word);
		break;
	case 'b':
		event->asked = atoi(word);
		event->snapshot = event->asked;
		break;
	case 'r':
		event->low = word[0] - 'a';
		event->high = word[1] - 'a';
		break;
	case 'k':
		event->low = word[0] - 'a';
		break;
	case 'l':
		event->last_sequence = atoi(word);
		break;
	}
}

static struct history_event event_parse(char *const line,
					struct history_entry *const entries)
{
	struct history_event event = {};
	char *at, *verb;
	char *word = strtok_r(line, " -", &at);
	const __u64 begin = atoi(word);
	const __u64 end = atoi(strtok_r(NULL, " ", &at));
	unsigned int i = 0;

	verb = strtok_r(NULL, " ", &at);
	while (strcmp(verb, verbs[i].word))
		if (++i == ARRAY_SIZE(verbs))
			abort();
	event = verbs[i].event;
	event.begin = begin;
	event.end = end;
	event.entries = entries;
	for (const char *what = verbs[i].arguments; *what; what++)
		argument_parse(&event, *what, strtok_r(NULL, " ", &at));
	while ((word = strtok_r(NULL, " ", &at)))
		entries[event.count++] = entry_parse(word);
	return event;
}

/* What the check says about a history. */
static const char *verdict(const bool map, const char *const text)
{
	struct history_entry entries[EVENTS_MAX][ENTRIES_MAX];
	struct history_event events[EVENTS_MAX];
	struct history history = {
		.map = map,
		.keys = 10,
		.tables = 2,
		.events = events,
	};
	char *const copy = checked(strdup(text));
	const struct history_event *where;
	unsigned int table = 0;
	char *at, *line;

	for (line = strtok_r(copy, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at)) {
		if (!strcmp(line, "other")) {
			table = 1;
			continue;
		}
		events[history.count] =
			event_parse(line, entries[history.count]);
		events[history.count++].table = table;
	}
	free(copy);
	return history_check(&history, &where) ?: "right";
}

struct example {
	const char *verdict;
	const char *history;
};

/* What holds of tables of both kinds. */
static const struct example examples[] = {
	{ "right", "" },
	{ "right",
	  "1-2 write a1\n"
	  "3-4 write b2 c3\n"
	  "5-6 get a1\n"
	  "7-8 read 3 a1 b2 c3 d-\n"
	  "9-9 scan 3 aj a1 b2 c3\n" },

	/* Requests at the same time come in any order. */
	{ "right",
	  "1-9 write a1\n"
	  "2-3 get a-\n"
	  "4-5 get a1\n" },
	{ "right",
	  "1-9 write a1\n"
	  "1-9 write a2\n"
	  "2-8 get a1\n"
	  "2-7 read 0 a-\n" },
	{ "right",
	  "1-5 write a2\n"
	  "5-6 write a1\n" },

	/* The sequence numbers are all used, once. */
	{ "a sequence number is given twice",
	  "1-2 write a1\n"
	  "1-2 write b2\n"
	  "1-2 write c2\n" },
	{ "a sequence number is left out",
	  "1-2 write a1\n"
	  "1-2 write b3\n" },

	/* They are in the order of time. */
	{ "a write comes before what had ended",
	  "1-2 write a2\n"
	  "3-4 write b1\n" },
	{ "a write comes before what had ended",
	  "1-2 read 1 a1\n"
	  "3-4 write a1\n" },
	{ "a write comes before what had ended",
	  "1-2 get a1\n"
	  "3-4 write a1\n" },

	/* What was written is seen, nothing else, and nothing older. */
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-4 get a-\n" },
	{ "another version is seen",
	  "1-2 write a1\n"
	  "1-2 get a2\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1\n"
	  "1-2 get b1\n" },
	{ "another value is seen than was written",
	  "1-2 write a1\n"
	  "1-2 get a1*\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 get a1\n" },
	{ "a snapshot is of the past",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 read 1 a1\n" },
	{ "a snapshot is of the past",
	  "1-2 write a1\n"
	  "3-4 read 0 a-\n" },

	/* What was seen once, by whatever request, is not unseen. */
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-9 write a2\n"
	  "4-5 get a2\n"
	  "6-7 get a1\n" },
	{ "an entry is missed",
	  "1-9 write a1\n"
	  "4-5 read 1 a1\n"
	  "6-7 get a-\n" },
	{ "a snapshot is of the past",
	  "1-9 write a1\n"
	  "4-5 get a1\n"
	  "6-7 read 0 a-\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-9 write b2\n"
	  "3-9 write a3\n"
	  "4-5 get a3\n"
	  "6-7 get a1\n" },

	/* A batch is seen whole, or not at all. */
	{ "right",
	  "1-9 write a1 b2\n"
	  "2-3 read 0 a- b-\n"
	  "4-5 read 2 a1 b2\n" },
	{ "an entry is missed",
	  "1-9 write a1 b2\n"
	  "4-5 read 2 a1 b-\n" },
	{ "a snapshot is not between two writes",
	  "1-9 write a1 b2\n"
	  "4-5 read 1 a1 b-\n" },
	{ "an entry is missed",
	  "1-9 write a1 b2\n"
	  "3-4 get a1\n"
	  "6-7 get b-\n" },
	{ "an entry is missed",
	  "1-9 write a1 b2\n"
	  "3-4 get b2\n"
	  "6-7 get a-\n" },
	{ "a snapshot is not between two writes",
	  "1-2 write a1\n"
	  "3-4 read 2 a1\n" },

	/* A scan is complete and in order, and has nothing twice. */
	{ "right",
	  "1-2 write a1 b2 c3\n"
	  "3-4 scan 3 bc b2 c3\n"
	  "3-4 reverse 3 ac c3 b2 a1\n"
	  "3-4 scan 3 bb b2?\n" },
	{ "an entry is missed",
	  "1-2 write a1 b2 c3\n"
	  "3-4 scan 3 ac a1 c3\n" },
	{ "an entry is missed",
	  "1-2 write a1 b2 c3\n"
	  "3-4 scan 3 ac a1 b2\n" },
	{ "an entry is missed",
	  "1-2 write a1 b2 c3\n"
	  "3-4 reverse 3 ac b2 a1\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1 b2 c3\n"
	  "3-4 scan 3 ac a1 b2 c3 c3\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1 c2\n"
	  "3-4 scan 2 ac a1 b2 c2\n" },
	{ "another value is seen than was written",
	  "1-2 write a1\n"
	  "3-4 scan 1 ac a1*\n" },

	/* Of those who ask for the same condition one succeeds. */
	{ "right",
	  "1-9 if-absent a1\n"
	  "1-9 get a1?\n"
	  "1-9 if-sequence 1 a2\n"
	  "1-9 if-sequence 2 a3\n"
	  "1-9 if-sequence 0 b4\n" },
	{ "a condition did not hold",
	  "1-9 if-absent a1\n"
	  "1-9 if-absent a2\n" },
	{ "a condition did not hold",
	  "1-2 write a1\n"
	  "3-4 if-sequence 1 a2\n"
	  "3-4 if-sequence 1 a3\n" },
	{ "a condition did not hold",
	  "1-2 if-sequence 1 a1\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 get a1?\n" },

	/* From the seal on nothing is taken, and nothing refused before. */
	{ "right",
	  "1-2 write a1\n"
	  "3-6 seal\n"
	  "4-7 write a2\n"
	  "5-9 refused\n" },
	{ "a write is taken after the seal",
	  "1-2 seal\n"
	  "3-4 write a1\n" },
	{ "a write is taken after the seal",
	  "1-9 seal\n"
	  "2-3 refused\n"
	  "4-5 write a1\n" },
	{ "a write is refused before the seal",
	  "1-2 refused\n"
	  "3-4 seal\n" },
	{ "a write is refused before the seal",
	  "1-2 refused\n" },

	/* A split moves the keys from the pivot on, and no others. */
	{ "right",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "4-6 read 2 a1 c2\n"
	  "6-7 read 2 a1 c-\n"
	  "6-7 write c3\n"
	  "8-9 scan 3 ac a1 c3\n"
	  "other\n"
	  "6-7 scan 2 ac c2\n"
	  "6-7 write a3\n"
	  "8-9 scan 3 ac a3 c2\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "other\n"
	  "6-7 scan 2 ac a1 c2\n" },
	{ "an entry is missed",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "other\n"
	  "6-7 scan 2 ac\n" },
	{ "an entry is missed",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "6-7 scan 2 ac\n" },
	{ "a version is seen that was over",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "6-7 get c2\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1 c2\n"
	  "3-9 split b 2\n"
	  "4-5 read 2 a1 c-\n"
	  "6-7 read 2 a1 c2\n" },
	{ "a cut comes before what had ended",
	  "1-2 write a1 c2\n"
	  "3-5 split b 0\n" },
	{ "a cut is not between two writes",
	  "1-6 write a1 c2\n"
	  "3-5 split b 1\n" },

	/* A rotation loses nothing, doubles nothing, and refuses nothing. */
	{ "right",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "4-6 write a2\n"
	  "6-7 scan 2 aj a2\n"
	  "other\n"
	  "4-7 refused\n"
	  "6-7 scan 1 aj a1\n" },
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "other\n"
	  "6-7 scan 1 aj\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "4-6 write b2\n"
	  "other\n"
	  "6-7 scan 1 aj a1 b2\n" },
	{ "a sequence number is given twice",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "6-7 write b1\n" },
	{ "a write is taken after the seal",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "other\n"
	  "6-7 write a2\n" },
	{ "a write is refused before the seal",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "6-7 refused\n" },
};

TEST(common_rules)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(examples); i++) {
		for (unsigned int map = 0; map < 2; map++) {
			const struct example *const example = &examples[i];

			EXPECT_STREQ(example->verdict,
				     verdict(map, example->history))
			{
				TH_LOG("map: %u, history:\n%s", map,
				       example->history);
			}
		}
	}
}

/* Versions stay, so that old snapshots, and all versions, can be read. */
static const struct example versioned_examples[] = {
	{ "right",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 again 1 a1\n"
	  "5-6 get a2!\n"
	  "5-6 if-absent a3\n"
	  "7-8 versions 3 ac a3 a2! a1\n"
	  "7-8 scan 3 ac a3\n" },
	{ "right",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 scan 2 ac\n"
	  "7-8 write a3\n"
	  "7-8 split a 3\n"
	  "9-9 again 2 a-\n"
	  "other\n"
	  "9-9 versions 3 aj a3 a2! a1\n" },
	{ "another version is seen",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 again 1 a2\n" },
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 again 1 a-\n" },
	{ "an entry is seen that is not there",
	  "1-2 write b1\n"
	  "3-4 write a2\n"
	  "5-6 again 1 a2\n" },
	{ "another snapshot is read at",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 instead 2 1 a1\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 scan 2 ac a2!\n" },
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 versions 2 ac a2\n" },
	{ "another version is seen",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 versions 2 ac a1 a2\n" },
	{ "an entry is missed",
	  "1-2 write a1 b2 c3\n"
	  "3-4 scan 3 ac a1 c3 b2\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "6-7 scan 2 ac a1 c2\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "6-7 scan 1 aj a1\n" },
	{ "a condition did not hold",
	  "1-2 write a1!\n"
	  "1-2 if-sequence 0 a2\n" },
};

TEST(versioned_rules)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(versioned_examples); i++) {
		const struct example *const example = &versioned_examples[i];

		EXPECT_STREQ(example->verdict, verdict(false, example->history))
		{
			TH_LOG("history:\n%s", example->history);
		}
	}
}

/*
 * Of a map the latest state is read, of which a deleted key is no part; a scan
 * takes each key at a time of its own.
 */
static const struct example map_examples[] = {
	{ "right",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 get a-\n"
	  "5-6 if-sequence 0 a3\n" },
	{ "right",
	  "1-2 write a1\n"
	  "3-9 write a2 b3\n"
	  "4-8 scan 0 ac a1 b3\n" },
	{ "another version is seen",
	  "1-2 write a1\n"
	  "3-9 write a2 b3\n"
	  "4-8 read 3 a1 b3\n" },
	{ "an entry is seen that is not there",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 get a2!\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-4 write a2!\n"
	  "5-6 get a1\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 scan 0 ac a1\n" },
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-4 write a2\n"
	  "5-6 scan 0 ac\n" },
	{ "an entry is missed",
	  "1-2 write a1 b2\n"
	  "3-4 scan 2 ac b2 a1\n" },
	{ "a version is seen that was over",
	  "1-2 write a1 c2\n"
	  "3-5 split b 2\n"
	  "6-7 scan 2 ac a1 c2\n" },
	{ "a version is seen that was over",
	  "1-2 write a1\n"
	  "3-5 rotate 1\n"
	  "6-7 scan 1 aj a1\n" },
	{ "an entry is missed",
	  "1-2 write a1\n"
	  "3-4 write b2!\n"
	  "3-9 write a3!\n"
	  "4-5 get a-\n"
	  "6-7 write a4\n"
	  "8-9 get a-\n" },
};

TEST(map_rules)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(map_examples); i++) {
		const struct example *const example = &map_examples[i];

		EXPECT_STREQ(example->verdict, verdict(true, example->history))
		{
			TH_LOG("history:\n%s", example->history);
		}
	}
}

TEST_HARNESS_MAIN
