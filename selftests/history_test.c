// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - recorded histories: whether there is an order in which
 * everything that was asked at the same time can have happened
 *
 * Six workers, in two processes, make random requests to a few tables, with
 * random pauses. One more thread cuts the tables meanwhile, at moments spread
 * over what the workers do, takes some out of the registry, and seals some. In
 * half of the histories the first table is rotated: then all share one open file
 * of it. In the others they also attach to it and share it, and close what they
 * have got. Now and then a worker forks, and has the new process make a request on
 * the descriptors that it has inherited, while the other threads go on.
 *
 * MEMTABLE_TEST_SEED=NUMBER gives the first history its seed. The same requests
 * are made then; how they fall is up to the scheduler.
 */

#include "common.h"
#include "history.h"

#define WORKERS 6
#define TABLES_MAX 8
#define KEYS 101
#define BATCH_MAX 12
#define ANSWERS_MAX 24
#define CUTS 10

/* Requests of a worker in one history, but for what a few of them entail. */
#define REQUESTS 150
#define LOG_EVENTS (REQUESTS * 16)
#define LOG_ENTRIES (REQUESTS * 1000)
#define BUFFER_SIZE 65536

/* One of so many requests is made by a process that is forked for it. */
#define FORK_RARITY 256

/* What one thread has recorded. */
struct log {
	struct history_event events[LOG_EVENTS];
	struct history_entry entries[LOG_ENTRIES];
	size_t event_count;
	size_t entry_count;
};

/* A history in the making, in memory that both processes have. */
struct run {
	struct shared shared;
	bool map;
	bool rotates;
	__u64 seed;
	/* Under which the tables are published. */
	__u64 numbers[TABLES_MAX];
	atomic_uint tables;
	/* Requests that have been made. */
	atomic_uint progress;
	atomic_uint workers;
	/* Operations of forked processes, in all histories. */
	atomic_uint forked;
	struct log logs[WORKERS + 1];
};

/* In memory that it shares with the processes that it forks. */
struct worker {
	struct run *run;
	struct log *log;
	unsigned int number;
	__u64 random;
	/* Descriptors of its own, or -1. */
	int fds[TABLES_MAX];
	/* A snapshot of each table that was seen. */
	__u64 snapshots[TABLES_MAX];
	/* Values written. */
	unsigned int values;
	unsigned char buffer[BUFFER_SIZE];
};

static __u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static unsigned int pick(struct worker *const worker, const unsigned int count)
{
	return random_next(&worker->random) % count;
}

/* Keys with much in common. */

#define KEY_PREFIX "a key of a history "
#define KEY_SIZE (sizeof(KEY_PREFIX) + 1)

static void key_make(const unsigned int key, unsigned char *const bytes)
{
	memcpy(bytes, KEY_PREFIX, KEY_SIZE - 2);
	bytes[KEY_SIZE - 2] = key >> 8;
	bytes[KEY_SIZE - 1] = key;
}

/* The number of a key, or KEYS if it is none. */
static unsigned int key_number(const struct record *const record)
{
	unsigned int key;

	if (record->key_length != KEY_SIZE ||
	    memcmp(record->key, KEY_PREFIX, KEY_SIZE - 2))
		return KEYS;
	key = record->key[KEY_SIZE - 2] << 8 | record->key[KEY_SIZE - 1];
	return key < KEYS ? key : KEYS;
}

/* Half of the time one of a few keys, so that workers meet. */
static unsigned int pick_key(struct worker *const worker)
{
	const unsigned int few = 1 + worker->run->seed % 16;

	return pick(worker, 2) ? pick(worker, KEYS) : KEYS / 2 + pick(worker, few);
}

/* Values of different lengths, each word of which tells where it belongs. */

#define VALUE_WORDS_MAX 40

/* Room for a record with such a key and value. */
#define RECORD_SIZE_MAX 256

static size_t value_make(const __u32 value, __u32 *const words)
{
	const unsigned int count = 1 + value * 7 % VALUE_WORDS_MAX;

	for (unsigned int i = 0; i < count; i++)
		words[i] = value ^ i << 24;
	return count * sizeof(*words);
}

static __u32 value_number(const void *const bytes, const size_t length)
{
	__u32 words[VALUE_WORDS_MAX];
	__u32 value;

	if (length < sizeof(value))
		return HISTORY_NO_VALUE;
	memcpy(&value, bytes, sizeof(value));
	if (value_make(value, words) != length || memcmp(words, bytes, length))
		return HISTORY_NO_VALUE;
	return value;
}

static __u32 value_next(struct worker *const worker)
{
	return worker->number << 16 | ++worker->values;
}

/*
 * Recording
 */

/* Of a request that is about to be made. */
static struct history_event *event_begin(struct worker *const worker,
					 const enum history_kind kind,
					 const unsigned int table)
{
	struct log *const log = worker->log;
	struct history_event *const event = &log->events[log->event_count];

	if (log->event_count == LOG_EVENTS)
		abort();
	*event = (struct history_event){
		.kind = kind,
		.table = table,
		.entries = &log->entries[log->entry_count],
		.begin = now(),
	};
	return event;
}

/* The request has been made; without this it is not recorded. */
static void event_end(struct worker *const worker,
		      struct history_event *const event)
{
	event->end = now();
	worker->log->event_count++;
}

static void event_add(struct worker *const worker,
		      struct history_event *const event,
		      const struct history_entry entry)
{
	struct log *const log = worker->log;

	if (log->entry_count == LOG_ENTRIES)
		abort();
	log->entries[log->entry_count++] = entry;
	event->count++;
}

static void event_drop_last(struct worker *const worker,
			    struct history_event *const event)
{
	worker->log->entry_count--;
	event->count--;
}

static void event_add_record(struct worker *const worker,
			     struct history_event *const event,
			     const struct record *const record)
{
	struct history_entry entry = {
		.sequence = record->sequence,
		.key = key_number(record),
		.type = record->type,
	};

	if (entry.key == KEYS)
		fail(&worker->run->shared, "a key is seen that nobody wrote");
	if (record->type == MEMTABLE_TYPE_VALUE &&
	    !(event->flags & MEMTABLE_SCAN_KEYS_ONLY))
		entry.value = value_number(record->value, record->value_length);
	event_add(worker, event, entry);
}

/*
 * Requests
 */

static int worker_fd(struct worker *const worker, const unsigned int table)
{
	return worker->fds[table] < 0 ? worker->run->shared.fd :
					worker->fds[table];
}

/* A write has been made, or not. */
static void write_end(struct worker *const worker,
		      struct history_event *const event, const int ret)
{
	if (ret == -EROFS)
		event->kind = HISTORY_REFUSED;
	else if (ret)
		fail(&worker->run->shared, "a write fails");
	event_end(worker, event);
}

/* If its condition fails it is no write, and tells what the key has. */
static void do_add(struct worker *const worker, const unsigned int table,
		   const unsigned int key_number,
		   const enum history_condition condition,
		   const __u64 expected)
{
	static const unsigned int flags[] = {
		[HISTORY_IF_ABSENT] = MEMTABLE_ADD_IF_ABSENT,
		[HISTORY_IF_SEQUENCE] = MEMTABLE_ADD_IF_SEQUENCE,
	};
	const bool deletion = !pick(worker, 4);
	struct history_entry entry = {
		.value = deletion ? HISTORY_ANY_VALUE : value_next(worker),
		.key = key_number,
		.type = deletion ? MEMTABLE_TYPE_DELETION : MEMTABLE_TYPE_VALUE,
	};
	unsigned char key[KEY_SIZE];
	__u32 value[VALUE_WORDS_MAX];
	struct memtable_add add = {
		.key = ADDRESS(key),
		.value = ADDRESS(value),
		.key_length = KEY_SIZE,
		.value_length = deletion ? 0 : value_make(entry.value, value),
		.type = entry.type,
		.flags = flags[condition],
		.expected = expected,
	};
	struct history_event *event;
	int ret;

	key_make(key_number, key);
	event = event_begin(worker, HISTORY_WRITE, table);
	event->condition = condition;
	event->expected = expected;
	ret = request(worker_fd(worker, table), MEMTABLE_IOC_ADD, &add);
	entry.sequence = add.sequence;
	if ((condition == HISTORY_IF_ABSENT && ret == -EEXIST) ||
	    (condition == HISTORY_IF_SEQUENCE && ret == -EAGAIN)) {
		event->kind = HISTORY_GET;
		entry.sequence = add.expected;
		entry.value = HISTORY_ANY_VALUE;
		entry.type = ret == -EEXIST ? MEMTABLE_TYPE_VALUE :
			     add.expected   ? HISTORY_ANY_TYPE :
					      MEMTABLE_TYPE_ABSENT;
		ret = 0;
	}
	if (!ret)
		event_add(worker, event, entry);
	write_end(worker, event, ret);
}

static void do_write(struct worker *const worker, const unsigned int table)
{
	struct history_entry entries[BATCH_MAX] = {};
	const unsigned int count = 2 + pick(worker, BATCH_MAX - 1);
	const unsigned int step = 1 + pick(worker, KEYS - 1);
	unsigned int key_number = pick_key(worker);
	unsigned char records[BATCH_MAX * RECORD_SIZE_MAX];
	struct stream stream = { .data = records, .size = sizeof(records) };
	struct memtable_write write = {};
	struct history_event *event;
	int ret;

	/* There is a prime number of keys, so these are not the same. */
	for (unsigned int i = 0; i < count; i++) {
		const bool deletion = !pick(worker, 4);
		unsigned char key[KEY_SIZE];
		__u32 value[VALUE_WORDS_MAX];

		entries[i] = (struct history_entry){
			.value = deletion ? HISTORY_ANY_VALUE :
					    value_next(worker),
			.key = key_number,
			.type = deletion ? MEMTABLE_TYPE_DELETION :
					   MEMTABLE_TYPE_VALUE,
		};
		key_make(key_number, key);
		stream_add(&stream, 0, entries[i].type, key, KEY_SIZE, value,
			   deletion ? 0 : value_make(entries[i].value, value));
		key_number = (key_number + step) % KEYS;
	}
	write.records = ADDRESS(stream.data);
	write.length = stream.length;
	event = event_begin(worker, HISTORY_WRITE, table);
	ret = request(worker_fd(worker, table), MEMTABLE_IOC_WRITE, &write);
	if (!ret && write.count != count)
		fail(&worker->run->shared, "a batch is written in part");
	for (unsigned int i = 0; i < count && !ret; i++) {
		entries[i].sequence = write.last_sequence - count + 1 + i;
		event_add(worker, event, entries[i]);
	}
	write_end(worker, event, ret);
}

/* Returns the sequence number seen. */
static __u64 do_get(struct worker *const worker, const unsigned int table,
		    const unsigned int key_number, const __u64 snapshot)
{
	struct history_entry entry = {
		.key = key_number,
		.type = MEMTABLE_TYPE_ABSENT,
	};
	unsigned char key[KEY_SIZE];
	struct memtable_get get = {
		.key = ADDRESS(key),
		.key_length = KEY_SIZE,
		.value = ADDRESS(worker->buffer),
		.value_size = BUFFER_SIZE,
		.snapshot = snapshot,
	};
	struct history_event *event;
	int ret;

	key_make(key_number, key);
	event = event_begin(worker, snapshot ? HISTORY_READ : HISTORY_GET,
			    table);
	event->asked = snapshot;
	event->snapshot = snapshot;
	ret = request(worker_fd(worker, table), MEMTABLE_IOC_GET, &get);
	if (ret && ret != -ENOENT)
		fail(&worker->run->shared, "a GET fails");
	if (get.tag) {
		entry.sequence = get.tag >> 8;
		entry.type = get.tag & 0xff;
	}
	if (!ret)
		entry.value = value_number(worker->buffer, get.value_length);
	event_add(worker, event, entry);
	event_end(worker, event);
	return entry.sequence;
}

/* Adds the records in the buffer to what was seen. */
static void event_add_records(struct worker *const worker,
			      struct history_event *const event,
			      const size_t length)
{
	struct record record;
	size_t offset = 0;
	int ret;

	while ((ret = record_next(worker->buffer, length, &offset, &record)) >
	       0)
		event_add_record(worker, event, &record);
	if (ret)
		fail(&worker->run->shared, "an answer is not whole records");
}

/* What a request has told of the snapshot that it was made at. */
static void event_set_snapshot(struct worker *const worker,
			       struct history_event *const event,
			       const __u64 snapshot)
{
	if (snapshot == MEMTABLE_SNAPSHOT_EMPTY)
		return;
	event->snapshot = snapshot;
	/* Keep one for some time. */
	if (!worker->snapshots[event->table] || !pick(worker, 8))
		worker->snapshots[event->table] = snapshot;
}

static void do_read(struct worker *const worker, const unsigned int table,
		    const __u64 snapshot)
{
	const unsigned int count =
		1 + pick(worker, pick(worker, 2) ? 2 : ANSWERS_MAX);
	unsigned char keys[ANSWERS_MAX * RECORD_SIZE_MAX];
	struct stream stream = { .data = keys, .size = sizeof(keys) };
	struct memtable_read read = {
		.records = ADDRESS(worker->buffer),
		.records_size = BUFFER_SIZE,
		.snapshot = snapshot,
	};
	struct history_event *event;

	for (unsigned int i = 0; i < count; i++) {
		unsigned char key[KEY_SIZE];

		key_make(pick_key(worker), key);
		stream_add(&stream, 0, 0, key, KEY_SIZE, NULL, 0);
	}
	read.keys = ADDRESS(stream.data);
	read.keys_length = stream.length;
	event = event_begin(worker, HISTORY_READ, table);
	event->asked = snapshot;
	if (request(worker_fd(worker, table), MEMTABLE_IOC_READ, &read) ||
	    read.count != count)
		fail(&worker->run->shared, "a READ fails");
	event_set_snapshot(worker, event, read.snapshot);
	event_add_records(worker, event, read.records_length);
	event_end(worker, event);
}

/*
 * One call of a scan, of the keys from *low to *high. Returns false if there is
 * more, and what is left in *low and *high.
 */
static bool do_scan_once(struct worker *const worker, const unsigned int table,
			 struct memtable_scan *const scan, int *const low,
			 int *const high)
{
	const bool reverse = scan->flags & MEMTABLE_SCAN_REVERSE;
	struct history_event *const event =
		event_begin(worker, HISTORY_SCAN, table);
	struct log *const log = worker->log;
	unsigned int last;

	event->asked = scan->snapshot;
	event->flags = scan->flags;
	if (request(worker_fd(worker, table), MEMTABLE_IOC_SCAN, scan)) {
		fail(&worker->run->shared, "a SCAN fails");
		return true;
	}
	event->low = *low;
	event->high = *high;
	event_set_snapshot(worker, event, scan->snapshot);
	event_add_records(worker, event, scan->records_length);
	if (scan->result & MEMTABLE_SCAN_DONE) {
		event_end(worker, event);
		return true;
	}
	if (!event->count) {
		fail(&worker->run->shared, "a SCAN stops at nothing");
		return true;
	}

	/* It is complete up to the last key, but perhaps not all its versions. */
	last = log->entries[log->entry_count - 1].key;
	if (event->flags & MEMTABLE_SCAN_ALL_VERSIONS) {
		while (event->count &&
		       log->entries[log->entry_count - 1].key == last)
			event_drop_last(worker, event);
		*(reverse ? &event->low : &event->high) =
			reverse ? last + 1 : last - 1;
		event_end(worker, event);
		return true;
	}
	*(reverse ? &event->low : &event->high) = last;
	event_end(worker, event);
	*(reverse ? high : low) = reverse ? last - 1 : last + 1;
	scan->flags |= MEMTABLE_SCAN_START | MEMTABLE_SCAN_START_EXCLUSIVE;
	return false;
}

static void do_scan(struct worker *const worker, const unsigned int table,
		    const __u64 snapshot)
{
	unsigned char keys[2][KEY_SIZE];
	int bounds[] = { 0, KEYS - 1 };
	int *const low = &bounds[0];
	int *const high = &bounds[1];
	struct memtable_scan scan = {
		.start_key = ADDRESS(keys[0]),
		.end_key = ADDRESS(keys[1]),
		.snapshot = snapshot,
		.records = ADDRESS(worker->buffer),
		.records_size = BUFFER_SIZE >> pick(worker, 8),
		.limit = pick(worker, 2) ? 0 : 1 + pick(worker, KEYS),
		.flags = pick(worker, 2) * MEMTABLE_SCAN_REVERSE |
			 pick(worker, 2) * MEMTABLE_SCAN_TOMBSTONES |
			 !pick(worker, 4) * MEMTABLE_SCAN_KEYS_ONLY |
			 !pick(worker, 4) * MEMTABLE_SCAN_ALL_VERSIONS,
	};
	const bool reverse = scan.flags & MEMTABLE_SCAN_REVERSE;
	int *const start = reverse ? high : low;
	int *const end = reverse ? low : high;

	if (pick(worker, 2)) {
		*start = pick_key(worker);
		key_make(*start, keys[0]);
		scan.start_length = KEY_SIZE;
		scan.flags |= MEMTABLE_SCAN_START;
		if (pick(worker, 2)) {
			scan.flags |= MEMTABLE_SCAN_START_EXCLUSIVE;
			*start += reverse ? -1 : 1;
		}
	} else {
		scan.start_key = 0;
	}
	if (pick(worker, 2)) {
		*end = pick_key(worker);
		key_make(*end, keys[1]);
		scan.end_length = KEY_SIZE;
		scan.flags |= MEMTABLE_SCAN_END;
		if (pick(worker, 2)) {
			scan.flags |= MEMTABLE_SCAN_END_EXCLUSIVE;
			*end += reverse ? 1 : -1;
		}
	} else {
		scan.end_key = 0;
	}
	for (unsigned int calls = 0; calls < 8; calls++) {
		if (do_scan_once(worker, table, &scan, low, high))
			break;
		key_make(reverse ? *high + 1 : *low - 1, keys[0]);
		scan.start_key = ADDRESS(keys[0]);
		scan.start_length = KEY_SIZE;
		if (worker->run->map)
			scan.snapshot = 0;
	}
}

/*
 * Makes sure that the worker has a descriptor of a table, often a new one: the
 * old one is closed. Returns false if it can have none.
 */
static bool worker_reopen(struct worker *const worker, const unsigned int table)
{
	int *const fd = &worker->fds[table];
	const int old = *fd;

	if (!table && worker->run->rotates)
		return true;
	if ((old >= 0 || !table) && pick(worker, 16))
		return true;
	if ((old >= 0 || !table) && pick(worker, 2)) {
		*fd = table_share(worker_fd(worker, table), 0);
		if (*fd < 0)
			fail(&worker->run->shared, "a table is not shared");
	} else {
		*fd = table_open();
		if (table_attach(*fd, worker->run->numbers[table])) {
			/* It is not published any more. */
			close(*fd);
			*fd = old;
			return old >= 0 || !table;
		}
	}
	if (old >= 0)
		close(old);
	return true;
}

/* In some histories now and then, in some often. */
static void worker_pause(struct worker *const worker)
{
	switch (pick(worker, 4 << worker->run->seed / 16 % 4)) {
	case 0:
		usleep(pick(worker, 300));
		break;
	case 1:
		sched_yield();
		break;
	}
}

/*
 * One request of any kind, or a few that belong together. A process that was
 * forked beside threads does this, too: so nothing here takes a lock of the C
 * library, as malloc() does.
 */
static void worker_request(struct worker *const worker,
			   const unsigned int table)
{
	const unsigned int key = pick_key(worker);
	__u64 snapshot = 0;

	if (!worker->run->map && !pick(worker, 3))
		snapshot = worker->snapshots[table];
	switch (pick(worker, 10)) {
	case 0:
	case 1:
		do_add(worker, table, key, HISTORY_UNCONDITIONAL, 0);
		break;
	case 2:
		do_add(worker, table, key, HISTORY_IF_ABSENT, 0);
		break;
	case 3:
		do_add(worker, table, key, HISTORY_IF_SEQUENCE,
		       do_get(worker, table, key, 0));
		break;
	case 4:
		do_write(worker, table);
		break;
	case 5:
	case 6:
		do_get(worker, table, key, snapshot);
		break;
	case 7:
		do_read(worker, table, snapshot);
		break;
	case 8:
	case 9:
		do_scan(worker, table, snapshot);
		break;
	}
}

/* The same by a process of its own, which the worker waits for. */
static void worker_fork(struct worker *const worker, const unsigned int table)
{
	const size_t count = worker->log->event_count;
	const pid_t child = fork();

	if (child < 0)
		abort();
	if (!child) {
		worker_request(worker, table);
		_exit(0);
	}
	if (child_wait(child))
		fail(&worker->run->shared, "a forked process does not end well");
	atomic_fetch_add(&worker->run->forked, worker->log->event_count - count);
}

static void worker_step(struct worker *const worker)
{
	const unsigned int tables = atomic_load(&worker->run->tables);
	const unsigned int table = pick(worker, 2) ? 0 : pick(worker, tables);

	if (!worker_reopen(worker, table))
		return;
	if (pick(worker, FORK_RARITY))
		worker_request(worker, table);
	else
		worker_fork(worker, table);
}

static void worker_init(struct worker *const worker, struct run *const run,
			const unsigned int number)
{
	*worker = (struct worker){
		.run = run,
		.log = &run->logs[number],
		.number = number,
		.random = run->seed + number * 0x9e3779b97f4a7c15,
	};
	for (unsigned int i = 0; i < TABLES_MAX; i++)
		worker->fds[i] = -1;
}

static void worker_close(const struct worker *const worker)
{
	for (unsigned int i = 0; i < TABLES_MAX; i++) {
		if (worker->fds[i] >= 0)
			close(worker->fds[i]);
	}
}

static void *worker_main(void *const data)
{
	struct run *const run = data;
	struct worker *const worker =
		checked(mmap(NULL, sizeof(*worker), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	worker_init(worker, run, 1 + atomic_fetch_add(&run->workers, 1));
	for (unsigned int i = 0; i < REQUESTS; i++) {
		worker_step(worker);
		worker_pause(worker);
		atomic_fetch_add(&run->progress, 1);
	}
	worker_close(worker);
	munmap(worker, sizeof(*worker));
	return NULL;
}

/*
 * The one who cuts: its descriptors are those of all tables, to the end.
 */

static void cut_end(struct worker *const cutter,
		    struct history_event *const event)
{
	const unsigned int other = event->other;
	const int fd = table_open();

	event_end(cutter, event);
	if (table_attach(fd, cutter->run->numbers[other]))
		fail(&cutter->run->shared, "what was cut off is not there");
	cutter->fds[other] = fd;
	/* Nobody else knows it yet. */
	event->last_sequence = table_info(fd).last_sequence;
	atomic_store(&cutter->run->tables, other + 1);
}

static void do_rotate(struct worker *const cutter)
{
	const unsigned int other = atomic_load(&cutter->run->tables);
	struct history_event *const event =
		event_begin(cutter, HISTORY_ROTATE, 0);

	event->other = other;
	if (table_rotate(cutter->run->shared.fd, cutter->run->numbers[other]))
		fail(&cutter->run->shared, "a table is not rotated");
	cut_end(cutter, event);
}

static void do_split(struct worker *const cutter, const unsigned int table)
{
	const unsigned int other = atomic_load(&cutter->run->tables);
	const unsigned int pivot = pick_key(cutter);
	unsigned char key[KEY_SIZE];
	struct history_event *event;
	int fd;

	key_make(pivot, key);
	event = event_begin(cutter, HISTORY_SPLIT, table);
	event->other = other;
	event->low = pivot;
	fd = table_split_publish(worker_fd(cutter, table), key, KEY_SIZE,
				 cutter->run->numbers[other]);
	if (fd >= 0) {
		cut_end(cutter, event);
		close(fd);
	} else if (fd != -EROFS) {
		fail(&cutter->run->shared, "a table is not split");
	}
}

static void do_seal(struct worker *const cutter, const unsigned int table)
{
	struct history_event *const event =
		event_begin(cutter, HISTORY_SEAL, table);

	if (table_seal(worker_fd(cutter, table)))
		fail(&cutter->run->shared, "a table is not sealed");
	event_end(cutter, event);
}

static void cutter_step(struct worker *const cutter)
{
	const unsigned int tables = atomic_load(&cutter->run->tables);
	const unsigned int table = pick(cutter, tables);

	switch (pick(cutter, 8)) {
	case 0:
		table_drop(cutter->run->shared.fd, cutter->run->numbers[table]);
		break;
	case 1:
		if (table)
			do_seal(cutter, table);
		break;
	case 2:
	case 3:
	case 4:
		if (cutter->run->rotates && tables < TABLES_MAX) {
			do_rotate(cutter);
			break;
		}
		/* fall through */
	default:
		if (tables < TABLES_MAX)
			do_split(cutter, pick(cutter, 2) ? 0 : table);
		break;
	}
}

static void cutter_main(struct worker *const cutter)
{
	struct run *const run = cutter->run;

	for (unsigned int i = 1; i <= CUTS; i++) {
		/* What is cut first has something in it. */
		while (atomic_load(&run->progress) <
		       WORKERS * REQUESTS * i / (CUTS + 2))
			usleep(100);
		cutter_step(cutter);
	}
	while (atomic_load(&run->progress) <
	       WORKERS * REQUESTS * (CUTS + 1) / (CUTS + 2))
		usleep(100);
	do_seal(cutter, 0);
}

/*
 * When all is quiet: what all the tables have, each entry in one of them. Without
 * their values even all versions fit into the buffer.
 */
static void cutter_finish(struct worker *const cutter)
{
	for (unsigned int i = 0; i < atomic_load(&cutter->run->tables); i++) {
		struct memtable_scan scan = {
			.records = ADDRESS(cutter->buffer),
			.records_size = BUFFER_SIZE,
		};
		int low = 0;
		int high = KEYS - 1;

		if (!do_scan_once(cutter, i, &scan, &low, &high))
			fail(&cutter->run->shared, "a SCAN does not end");
		scan.snapshot = 0;
		scan.flags = MEMTABLE_SCAN_ALL_VERSIONS |
			     MEMTABLE_SCAN_TOMBSTONES | MEMTABLE_SCAN_KEYS_ONLY;
		low = 0;
		high = KEYS - 1;
		do_scan_once(cutter, i, &scan, &low, &high);
		if (!(scan.result & MEMTABLE_SCAN_DONE))
			fail(&cutter->run->shared, "a SCAN does not end");
		table_drop(cutter->run->shared.fd, cutter->run->numbers[i]);
	}
	worker_close(cutter);
}

/* Half of the workers in this process, half of them in another one. */
static void run_workers(struct run *const run, struct worker *const cutter)
{
	pthread_t threads[WORKERS / 2];
	const pid_t child = fork();

	if (child < 0)
		abort();
	threads_start(threads, WORKERS / 2, worker_main, run);
	if (child)
		cutter_main(cutter);
	threads_join(threads, WORKERS / 2);
	if (!child)
		_exit(0);
	if (child_wait(child))
		fail(&run->shared, "the other process does not end well");
}

/* All that was recorded, in one piece. */
static struct history run_history(const struct run *const run)
{
	size_t count = 0;
	struct history_event *events =
		checked(malloc((WORKERS + 1) * sizeof(run->logs[0].events)));

	for (unsigned int i = 0; i <= WORKERS; i++) {
		memcpy(&events[count], run->logs[i].events,
		       run->logs[i].event_count * sizeof(*events));
		count += run->logs[i].event_count;
	}
	return (struct history){
		.map = run->map,
		.keys = KEYS,
		.tables = atomic_load(&run->tables),
		.events = events,
		.count = count,
	};
}

static void event_print(struct __test_metadata *const _metadata,
			const struct history_event *const event)
{
	TH_LOG("kind %u, table %u, time %llu to %llu, snapshot %llu (asked %llu), keys %d to %d, flags %#x, condition %u (%llu), last %llu, other %u",
	       event->kind, event->table, (unsigned long long)event->begin,
	       (unsigned long long)event->end,
	       (unsigned long long)event->snapshot,
	       (unsigned long long)event->asked, event->low, event->high,
	       event->flags, event->condition,
	       (unsigned long long)event->expected,
	       (unsigned long long)event->last_sequence, event->other);
	for (size_t i = 0; i < event->count; i++) {
		const struct history_entry *const entry = &event->entries[i];

		TH_LOG("  key %u, sequence %llu, type %u, value %#x",
		       entry->key, (unsigned long long)entry->sequence,
		       entry->type, entry->value);
	}
}

FIXTURE(tables)
{
	struct run *run;
};

FIXTURE_VARIANT(tables)
{
	bool map;
	bool rotates;
};

FIXTURE_VARIANT_ADD(tables, versioned)
{
	.rotates = false,
};

FIXTURE_VARIANT_ADD(tables, versioned_rotated)
{
	.rotates = true,
};

FIXTURE_VARIANT_ADD(tables, map)
{
	.map = true,
};

FIXTURE_VARIANT_ADD(tables, map_rotated)
{
	.map = true,
	.rotates = true,
};

FIXTURE_SETUP(tables)
{
	self->run = checked(mmap(NULL, sizeof(*self->run),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
				 0));
	self->run->map = variant->map;
	self->run->rotates = variant->rotates;
}

FIXTURE_TEARDOWN(tables)
{
	munmap(self->run, sizeof(*self->run));
}

static void run_begin(struct run *const run, struct worker *const cutter)
{
	run->shared = (struct shared){
		.fd = table_open_as(run->map ? MEMTABLE_KIND_MAP :
					       MEMTABLE_KIND_VERSIONED,
				    MEMTABLE_ORDER_BYTEWISE, 0),
	};
	if (run->shared.fd < 0)
		abort();
	for (unsigned int i = 0; i < TABLES_MAX; i++)
		run->numbers[i] = number_new();
	if (table_publish(run->shared.fd, run->numbers[0]))
		fail(&run->shared, "a table is not published");
	run->tables = 1;
	run->progress = 0;
	run->workers = 0;
	for (unsigned int i = 0; i <= WORKERS; i++) {
		run->logs[i].event_count = 0;
		run->logs[i].entry_count = 0;
	}
	worker_init(cutter, run, 0);
}

/* However the requests fall, there is an order in which they came. */
TEST_F_TIMEOUT(tables, histories, LONG_TIMEOUT)
{
	const char *const seed = getenv("MEMTABLE_TEST_SEED");
	struct worker *const cutter = checked(malloc(sizeof(*cutter)));
	const unsigned int rounds = scaled(100);
	const time_t begin = time(NULL);
	struct run *const run = self->run;
	unsigned long long operations = 0;
	unsigned int round;
	__u64 random;

	random = seed ? strtoull(seed, NULL, 0) : now();
	random |= !random;
	TH_LOG("MEMTABLE_TEST_SEED=%llu", (unsigned long long)random);
	for (round = 0; loop_on(round, rounds, begin); round++) {
		const struct history_event *where;
		struct history history;
		const char *wrong;

		run->seed = random;
		run_begin(run, cutter);
		run_workers(run, cutter);
		cutter_finish(cutter);
		ASSERT_EQ(0, close(run->shared.fd));
		ASSERT_EQ(NULL, atomic_load(&run->shared.failure))
		{
			TH_LOG("%s", atomic_load(&run->shared.failure));
		}
		history = run_history(run);
		wrong = history_check(&history, &where);
		ASSERT_EQ(NULL, wrong)
		{
			TH_LOG("seed %llu: %s", (unsigned long long)random,
			       wrong);
			event_print(_metadata, where);
		}
		operations += history.count;
		free((void *)history.events);
		random_next(&random);
	}
	TH_LOG("%u histories, %llu operations, %u of them by forked processes",
	       round, operations, atomic_load(&run->forked));
	free(cutter);
}

TEST_HARNESS_MAIN
