/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - a process that makes requests
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_CALLER_H
#define SELFTESTS_MEMTABLE_FUZZ_CALLER_H

#include "../common.h"
#include "arena.h"
#include "board.h"
#include "chance.h"
#include "coverage.h"
#include "sequence.h"

/* As whom callers of some manners use the device; hostile ones change. */
#define CALLER_USER 1000
#define CALLER_USERS (MANNERS + 1)

/* The highest of the numbers that callers have in common. */
#define CALLER_NUMBERS 12

#define CALLER_DESCRIPTORS 24
#define CALLER_CHILDREN 2

/* Keys that a caller comes back to. */
#define CALLER_KEYS 8

/* At least as many as there are requests. */
#define CALLER_WEIGHTS 40

struct caller {
	/* Set before caller_run(). */
	struct sequence sequence;
	struct board *board;
	/* Two ends through which callers pass descriptors to each other. */
	int *sockets;
	/* There is no other caller: nothing happens at the same time. */
	bool alone;

	__u64 chance;
	/* How many requests are done; behind the last that reached new places. */
	__u32 done;
	__u32 interesting;
	unsigned int weights[CALLER_WEIGHTS];
	unsigned int weight_sum;

	struct arena arena;
	struct coverage coverage;
	__u32 keys[CALLER_KEYS];
	/* A record stream, and how many records it has. */
	struct stream stream;
	__u32 stream_count;
	int descriptors[CALLER_DESCRIPTORS];
	unsigned int descriptor_count;

	/* In every how many requests something fails, zero for none. */
	unsigned int fail_rate;
	int fail_nth;
	/* Whether something did in the last one. */
	bool injected;

	pid_t children[CALLER_CHILDREN];
	unsigned int child_count;
	bool is_child;

	/* The thread that changes memory, and the structure that is in use. */
	bool disturbed;
	pthread_t disturber;
	atomic_bool disturber_done;
	unsigned char *_Atomic structure;
};

static inline bool is_hostile(const struct caller *caller)
{
	return caller->sequence.manners == MANNERS_HOSTILE;
}

/* Sets up what does not depend on the sequence. In a process of its own. */
void caller_create(struct caller *caller);

/* Makes all of its requests. */
void caller_run(struct caller *caller);

/* Tells what is wrong and ends the process. */
void __attribute__((noreturn, format(printf, 2, 3)))
caller_fail(const struct caller *caller, const char *format, ...);

/* Around each system call that reaches the device; see CALL(). */
void call_begin(struct caller *caller);
long call_end(struct caller *caller, enum kind kind, long result);

/* Makes a system call: its result, or a negative errno. */
#define CALL(caller, kind, expression)					  \
	({								  \
		long result_;						  \
									  \
		call_begin(caller);					  \
		result_ = (expression);					  \
		call_end((caller), (kind), result_ < 0 ? -errno : result_); \
	})

/* Puts a descriptor among those that requests are made on. */
void caller_keep(struct caller *caller, int fd);

/* Picks one of them. */
int caller_pick(struct caller *caller);

/* Goes on as another user of the device, one of CALLER_USERS. */
void caller_become(unsigned int user);

/* Starts a child that makes some requests with what this one has. */
void caller_fork(struct caller *caller);

#endif /* SELFTESTS_MEMTABLE_FUZZ_CALLER_H */
