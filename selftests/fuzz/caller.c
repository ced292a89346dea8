// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - a process that makes requests
 */

#include "caller.h"
#include "ask.h"
#include "content.h"
#include "requests.h"

#include <linux/securebits.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

void caller_fail(const struct caller *caller, const char *format, ...)
{
	struct board *const board = caller->board;
	char text[SEQUENCE_TEXT];
	va_list arguments;
	int used;

	if (!atomic_exchange(&board->failed, true)) {
		sequence_print(&caller->sequence, text);
		used = snprintf(board->failure, sizeof(board->failure),
				"%s, request %u%s: ", text, caller->done,
				caller->is_child ? " of a child" : "");
		va_start(arguments, format);
		vsnprintf(board->failure + used, sizeof(board->failure) - used,
			  format, arguments);
		va_end(arguments);
	}
	_exit(1);
}

static void fail_set(const struct caller *caller, unsigned int nth)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", nth);
	/* What is to fail may be this. */
	while (pwrite(caller->fail_nth, number, strlen(number), 0) < 0)
		if (errno != EFAULT && errno != ENOMEM)
			abort();
}

/* Whether the failure that was asked for has happened. */
static bool fail_get(const struct caller *caller)
{
	char number[16] = "";

	/* That it cannot be read means that this has failed, not the request. */
	return pread(caller->fail_nth, number, sizeof(number) - 1, 0) > 0 &&
	       !atoi(number);
}

void call_begin(struct caller *caller)
{
	caller->injected = caller->fail_nth >= 0 &&
			   chance_one_in(&caller->chance, caller->fail_rate);
	coverage_reset(&caller->coverage);
	if (caller->injected)
		fail_set(caller, 1 + chance_below(&caller->chance, 20));
}

/*
 * Memory that was never written to must not come back, wherever it goes and
 * whatever the result: addresses and lengths may have been changed, by the other
 * thread, too. So all that can be written to is looked at, other than the window,
 * which cannot be read at all times. What was there before is no such memory:
 * neither thread makes any, and what other calls gave was looked at.
 */
static void memory_check(const struct caller *caller, enum kind kind)
{
	for (unsigned int i = 0; i < AREA_WINDOW; i++)
		if (content_poisoned(caller->arena.areas[i], ARENA_AREA_SIZE))
			caller_fail(caller, "a call of kind %d gave unwritten memory", kind);
}

long call_end(struct caller *caller, enum kind kind, long result)
{
	struct tally *const tally = &caller->board->tallies[kind];

	if (caller->injected) {
		caller->injected = fail_get(caller);
		fail_set(caller, 0);
		atomic_fetch_add(&tally->injected, caller->injected);
	}
	memory_check(caller, kind);
	if (coverage_note(&caller->coverage, caller->board))
		caller->interesting = caller->done + 1;
	atomic_fetch_add(&tally->made, 1);
	if (result < 0 && result > -BOARD_ERRORS)
		atomic_fetch_add(&tally->errors[-result], 1);
	atomic_fetch_add(&caller->board->requests, 1);
	return result;
}

void caller_keep(struct caller *caller, int fd)
{
	unsigned int place = caller->descriptor_count;

	if (place == CALLER_DESCRIPTORS) {
		place = chance_below(&caller->chance, place);
		CALL(caller, KIND_CLOSE, close(caller->descriptors[place]));
	} else {
		caller->descriptor_count++;
	}
	caller->descriptors[place] = fd;
}

int caller_pick(struct caller *caller)
{
	const int strange[] = { -1, 1 << 20, caller->sockets[0], AT_FDCWD };

	if (is_hostile(caller) &&
	    chance_one_in(&caller->chance, 64))
		return chance_of(&caller->chance, strange);
	if (!caller->descriptor_count)
		return -1;
	return caller->descriptors[chance_below(&caller->chance,
						caller->descriptor_count)];
}

/* Memory that requests are about changes while the kernel looks at it. */
static void *disturb(void *data)
{
	struct caller *const caller = data;
	__u64 chance = caller->chance;

	while (!atomic_load(&caller->disturber_done)) {
		unsigned char *const structure = atomic_load(&caller->structure);
		unsigned char *const input =
			caller->arena.areas[AREA_KEY + chance_below(&chance, 2)];

		for (unsigned int i = 0; i < 16; i++) {
			__u64 *const field = (__u64 *)(input +
				chance_below(&chance, 512) * sizeof(*field));

			if (structure)
				ask_change(structure, &caller->arena, &chance);
			/* What lengths and tags of records may be. */
			__atomic_store_n(field, random_next(&chance) >>
				chance_below(&chance, 64), __ATOMIC_RELAXED);
		}
		arena_disturb(&caller->arena, &chance);
		usleep(chance_below(&chance, 1000));
	}
	return NULL;
}

static void disturber_start(struct caller *caller)
{
	atomic_store(&caller->disturber_done, false);
	if (pthread_create(&caller->disturber, NULL, disturb, caller))
		abort();
	caller->disturbed = true;
}

static void disturber_end(struct caller *caller)
{
	atomic_store(&caller->disturber_done, true);
	pthread_join(caller->disturber, NULL);
	caller->disturbed = false;
}

/* Waits for a child, which has ended well or been killed by this process. */
static void child_end(struct caller *caller, bool kill_it)
{
	const pid_t child = caller->children[--caller->child_count];
	int status;

	if (kill_it) {
		kill(child, SIGKILL);
		atomic_fetch_add(&caller->board->killed, 1);
	}
	status = child_wait(child);
	if (status && !(kill_it && status == -SIGKILL))
		caller_fail(caller, "a child ended with %d", status);
}

/* What only the thread that sets it up has. */
static void caller_enter(struct caller *caller)
{
	caller->fail_nth = open("/proc/thread-self/fail-nth",
				O_RDWR | O_CLOEXEC);
	atomic_fetch_add(&caller->board->processes, 1);
	alarm(LONG_TIMEOUT);
}

void caller_fork(struct caller *caller)
{
	const __u64 seed = random_next(&caller->chance);
	const unsigned int count = 1 + chance_below(&caller->chance, 40);
	const bool kill_it = chance_below(&caller->chance, 2);
	const bool disturbed = caller->disturbed;
	pid_t child;

	/* They are many times as much work as a request. */
	if (caller->is_child || chance_below(&caller->chance, 8))
		return;
	if (caller->child_count == CALLER_CHILDREN)
		child_end(caller, kill_it && !caller->alone);
	if (disturbed)
		disturber_end(caller);
	child = fork();
	if (child < 0)
		abort();
	arena_destroy(&caller->arena);
	arena_create(&caller->arena);
	if (!child) {
		caller->is_child = true;
		caller->child_count = 0;
		caller->chance = seed;
		caller->coverage.places = NULL;
		close(caller->fail_nth);
		caller_enter(caller);
		for (unsigned int i = 0; i < count; i++)
			request_any(caller);
		_exit(0);
	}
	caller->children[caller->child_count++] = child;
	if (disturbed)
		disturber_start(caller);
	if (caller->alone)
		child_end(caller, false);
}

void caller_create(struct caller *caller)
{
	caller_become(caller->sequence.manners);
	arena_create(&caller->arena);
	coverage_begin(&caller->coverage);
	caller_enter(caller);
}

void caller_become(unsigned int user)
{
	/*
	 * Capabilities stay: they are for what the fuzzer itself does. The system
	 * call is about this thread only.
	 */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) ||
	    syscall(SYS_setresuid, CALLER_USER + user, CALLER_USER + user, -1))
		abort();
}

static void segment_run(struct caller *caller, const struct segment *segment)
{
	const unsigned int rates[] = { 0, 3, 20 };

	caller->chance = seed_mix(segment->seed, caller->sequence.manners);
	caller->fail_rate = chance_of(&caller->chance, rates);
	request_weights(caller);
	if (is_hostile(caller) &&
	    chance_one_in(&caller->chance, 2) && !caller->alone)
		disturber_start(caller);
	for (__u32 i = 0; i < segment->count; i++) {
		/* Whatever hangs is killed, and so noticed. */
		if (i % 64 == 0)
			alarm(LONG_TIMEOUT);
		request_any(caller);
		caller->done++;
	}
	if (caller->disturbed)
		disturber_end(caller);
}

void caller_run(struct caller *caller)
{
	for (unsigned int i = 0; i < caller->sequence.count; i++)
		segment_run(caller, &caller->sequence.segments[i]);
	while (caller->child_count)
		child_end(caller, !caller->alone && chance_below(&caller->chance, 2));
	coverage_end(&caller->coverage);
	stream_free(&caller->stream);
}
