// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - requests at random, of callers honest and hostile
 *
 * usage: fuzz_test [--seed SEED] [--requests COUNT] [--callers COUNT] [--length COUNT]
 *        fuzz_test --replay SEQUENCE [--together]
 *
 * Without options it makes some with a seed that is always the same, and some
 * with one that is not. Several callers ask at the same time, on tables that
 * they share through the registry, descriptors that they pass on, and children.
 * What one of them does follows from its sequence, which a failure tells, so
 * that it can be made again: alone, or with --together beside others.
 */

#include "caches.h"
#include "injection.h"

#include "fuzz/board.h"
#include "fuzz/caller.h"
#include "fuzz/chance.h"
#include "fuzz/sequence.h"

#include <sys/socket.h>

#define CALLERS_MAX 16
#define CORPUS 512

/* What a test without options makes, less on a slow kernel. */
#define REQUESTS 20000
#define CALLERS 4
/* Requests in a sequence. */
#define LENGTH 500

/* What the callers of a user may publish. */
#define USER_TABLES "40"
#define USER_BYTES "100000000"

static const char *const limits[][2] = {
	{ "/sys/module/memtable/parameters/user_tables", USER_TABLES },
	{ "/sys/module/memtable/parameters/user_bytes", USER_BYTES },
};

/* A caller's process, and what it tells when it has ended. */
struct slot {
	pid_t process;
	struct sequence sequence;
	__u32 interesting;
};

struct fuzz {
	__u64 chance;
	__u64 requests;
	unsigned int callers;
	/* Requests of a new sequence. */
	unsigned int length;
	bool alone;
	struct board *board;
	/* Shared with the callers. */
	struct slot *slots;
	int sockets[MANNERS][2];
	/* Sequences that reached places where none had been before. */
	struct sequence corpus[MANNERS][CORPUS];
	unsigned int corpus_count[MANNERS];
	__u64 sequences;
	__u64 told;
};

static void *shared_memory(size_t size)
{
	return checked(mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* A new sequence, or new requests behind those that were worth it. */
static struct sequence sequence_make(struct fuzz *fuzz, enum manners manners)
{
	struct sequence sequence = { .manners = manners };
	const unsigned int count = fuzz->corpus_count[manners];

	if (count && chance_below(&fuzz->chance, 2))
		sequence = fuzz->corpus[manners][chance_below(&fuzz->chance, count)];
	if (sequence.count == SEQUENCE_SEGMENTS)
		sequence.count = 0;
	sequence.segments[sequence.count] = (struct segment){
		.seed = random_next(&fuzz->chance),
		.count = sequence.count ? fuzz->length / 4 : fuzz->length,
	};
	sequence.count++;
	return sequence;
}

/* Puts what a caller did into the corpus if it reached new places. */
static void sequence_keep(struct fuzz *fuzz, const struct slot *slot)
{
	const enum manners manners = slot->sequence.manners;
	struct sequence *sequence;

	if (!slot->interesting || fuzz->corpus_count[manners] == CORPUS)
		return;
	sequence = &fuzz->corpus[manners][fuzz->corpus_count[manners]++];
	*sequence = slot->sequence;
	sequence_cut(sequence, slot->interesting);
}

static void slot_start(struct fuzz *fuzz, struct slot *slot,
		       const struct sequence *sequence)
{
	pid_t process;

	slot->sequence = *sequence;
	slot->interesting = 0;
	fuzz->sequences++;
	process = fork();
	if (process < 0)
		abort();
	if (!process) {
		struct caller caller = {
			.sequence = *sequence,
			.board = fuzz->board,
			.sockets = fuzz->sockets[sequence->manners],
			.alone = fuzz->alone,
		};

		caller_create(&caller);
		caller_run(&caller);
		slot->interesting = caller.interesting;
		_exit(0);
	}
	slot->process = process;
}

/* A caller that ends otherwise than by itself has found something, too. */
static void slot_end(struct fuzz *fuzz, struct slot *slot, int status)
{
	struct board *const board = fuzz->board;
	char text[SEQUENCE_TEXT];

	slot->process = 0;
	if (!status) {
		sequence_keep(fuzz, slot);
		return;
	}
	if (atomic_exchange(&board->failed, true))
		return;
	sequence_print(&slot->sequence, text);
	snprintf(board->failure, sizeof(board->failure), "%s: %s %d", text,
		 WIFSIGNALED(status) ? "killed by signal" : "ended with status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static struct slot *slot_of(struct fuzz *fuzz, pid_t process)
{
	for (unsigned int i = 0; i < fuzz->callers; i++)
		if (fuzz->slots[i].process == process)
			return &fuzz->slots[i];
	return NULL;
}

/* Waits until a caller ends; false if there is none. */
static bool slot_wait(struct fuzz *fuzz)
{
	struct slot *slot;
	int status;
	pid_t process;

	do {
		process = wait(&status);
		if (process < 0)
			return false;
		/* A caller that was killed leaves children. */
		slot = slot_of(fuzz, process);
	} while (!slot);
	slot_end(fuzz, slot, status);
	return true;
}

/* A line now and then, for those who wait. */
static void progress_tell(struct fuzz *fuzz)
{
	const __u64 requests = atomic_load(&fuzz->board->requests);

	if (requests < fuzz->told + 100000)
		return;
	fuzz->told = requests;
	ksft_print_msg("%llu requests in %llu sequences, %u places reached, %u + %u sequences kept\n",
		       requests, fuzz->sequences, atomic_load(&fuzz->board->point_count),
		       fuzz->corpus_count[MANNERS_HONEST],
		       fuzz->corpus_count[MANNERS_HOSTILE]);
}

static void callers_run(struct fuzz *fuzz)
{
	struct board *const board = fuzz->board;

	for (;;) {
		for (unsigned int i = 0; i < fuzz->callers; i++) {
			struct slot *const slot = &fuzz->slots[i];

			if (!slot->process && !atomic_load(&board->failed) &&
			    atomic_load(&board->requests) < fuzz->requests) {
				const struct sequence sequence =
					sequence_make(fuzz, i % MANNERS);

				slot_start(fuzz, slot, &sequence);
			}
		}
		if (!slot_wait(fuzz))
			break;
		progress_tell(fuzz);
	}
}

/* Takes all tables of a user out of the registry; in a process of its own. */
static void user_clear(unsigned int user)
{
	struct memtable_list_entry entry = {};
	struct memtable_list list = {
		.entries = ADDRESS(&entry),
		.entry_size = sizeof(entry),
		.capacity = 1,
	};
	pid_t child = fork();
	int fd;

	if (child < 0)
		abort();
	if (child) {
		if (child_wait(child))
			abort();
		return;
	}
	caller_become(user);
	fd = table_open();
	while (!request(fd, MEMTABLE_IOC_LIST, &list) && list.count)
		if (table_drop(fd, entry.number))
			abort();
	_exit(fd < 0);
}

static void board_tell(const struct fuzz *fuzz)
{
	static const char *const names[] = {
#define KIND_NAME(number, name) [KIND_##number] = #name,
		KINDS(KIND_NAME)
	};
	const struct board *const board = fuzz->board;

	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		const struct tally *const tally = &board->tallies[i];

		char errors[256] = "";
		int used = 0;

		for (unsigned int j = 0; j < BOARD_ERRORS; j++) {
			const unsigned long long count = atomic_load(&tally->errors[j]);

			if (count && used < sizeof(errors))
				used += snprintf(errors + used, sizeof(errors) - used,
						 " %s %llu", strerrorname_np(j), count);
		}
		ksft_print_msg("%s: %llu, %llu with a failure inside, refused:%s\n",
			       names[i], atomic_load(&tally->made),
			       atomic_load(&tally->injected), errors);
	}
	ksft_print_msg("%llu requests of %u processes in %llu sequences, %u killed, %u places reached\n",
		       atomic_load(&board->requests), atomic_load(&board->processes),
		       fuzz->sequences, atomic_load(&board->killed),
		       atomic_load(&board->point_count));
}

static void corpus_tell(const struct fuzz *fuzz)
{
	char text[SEQUENCE_TEXT];

	for (unsigned int i = 0; i < MANNERS; i++)
		for (unsigned int j = 0; j < fuzz->corpus_count[i]; j++) {
			sequence_print(&fuzz->corpus[i][j], text);
			ksft_print_msg("kept: %s\n", text);
		}
}

static void fuzz_begin(struct fuzz *fuzz, unsigned int callers)
{
	fuzz->callers = callers;
	fuzz->board = shared_memory(sizeof(*fuzz->board));
	fuzz->slots = shared_memory(callers * sizeof(*fuzz->slots));
	for (unsigned int i = 0; i < MANNERS; i++)
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			       fuzz->sockets[i]))
			abort();
}

/* Whether all is gone that the callers have made. */
static bool fuzz_end(struct fuzz *fuzz, unsigned long long objects)
{
	bool gone;

	for (unsigned int i = 0; i < MANNERS; i++) {
		close(fuzz->sockets[i][0]);
		close(fuzz->sockets[i][1]);
	}
	for (unsigned int i = 0; i < CALLER_USERS; i++)
		user_clear(i);
	gone = caches_settled().objects == objects;
	munmap(fuzz->slots, fuzz->callers * sizeof(*fuzz->slots));
	munmap(fuzz->board, sizeof(*fuzz->board));
	return gone;
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: fuzz_test [--seed SEED] [--requests COUNT] [--callers COUNT] [--length COUNT]\n"
			"       fuzz_test --replay SEQUENCE [--together]\n");
	exit(2);
}

struct options {
	__u64 seed;
	__u64 requests;
	unsigned int callers;
	unsigned int length;
	bool replay;
	bool together;
	struct sequence sequence;
};

static struct options options_read(int argc, char **argv)
{
	struct options options = {
		.seed = time(NULL),
		.requests = scaled(REQUESTS),
		.callers = CALLERS,
		.length = LENGTH,
	};

	for (int i = 1; i < argc; i++) {
		const char *const name = argv[i], *const value = argv[i + 1];

		if (!strcmp(name, "--together")) {
			options.together = true;
			continue;
		}
		i++;
		if (value && !strcmp(name, "--seed"))
			options.seed = strtoull(value, NULL, 0);
		else if (value && !strcmp(name, "--requests"))
			options.requests = strtoull(value, NULL, 0);
		else if (value && !strcmp(name, "--callers"))
			options.callers = strtoul(value, NULL, 0);
		else if (value && !strcmp(name, "--length"))
			options.length = strtoul(value, NULL, 0);
		else if (value && !strcmp(name, "--replay") &&
			 sequence_parse(&options.sequence, value))
			options.replay = true;
		else
			usage();
	}
	if (!options.callers || options.callers > CALLERS_MAX || !options.length)
		usage();
	return options;
}

/* Makes requests, or those of a sequence, and tells what came of it. */
static void fuzz_run(const struct options *options)
{
	const unsigned long long objects = caches_settled().objects;
	static struct fuzz fuzz;
	bool failed;

	fuzz = (struct fuzz){
		.chance = seed_mix(options->seed, 0),
		.requests = options->requests,
		.length = options->length,
		.alone = options->replay && !options->together,
	};
	fuzz_begin(&fuzz, fuzz.alone ? 1 : options->callers);
	if (options->replay)
		slot_start(&fuzz, fuzz.slots, &options->sequence);
	if (fuzz.alone)
		fuzz.requests = 0;
	callers_run(&fuzz);
	if (atomic_load(&fuzz.board->point_count))
		corpus_tell(&fuzz);
	board_tell(&fuzz);
	failed = atomic_load(&fuzz.board->failed);
	if (failed)
		ksft_print_msg("%s\n", fuzz.board->failure);
	if (!fuzz_end(&fuzz, objects) && !failed) {
		ksft_print_msg("objects are left behind\n");
		failed = true;
	}
	if (failed)
		ksft_test_result_fail("seed %llu\n", options->seed);
	else
		ksft_test_result_pass("seed %llu\n", options->seed);
}

int main(int argc, char **argv)
{
	struct options options = options_read(argc, argv);
	struct injection injection;
	char before[ARRAY_SIZE(limits)][32];
	bool failing;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	if (geteuid())
		return ksft_exit_skip("this is for root\n");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (injection_read(limits[i][0], before[i], sizeof(before[i])) ||
		    file_write_string(limits[i][0], limits[i][1]))
			abort();
	failing = !injection_begin(&injection);

	ksft_set_plan(argc > 1 ? 1 : 2);
	fuzz_run(&options);
	if (argc == 1) {
		options.seed = 1;
		fuzz_run(&options);
	}

	if (failing)
		injection_end(&injection);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		file_write_string(limits[i][0], before[i]);
	if (ksft_get_fail_cnt())
		return ksft_exit_fail();
	return ksft_exit_pass();
}
