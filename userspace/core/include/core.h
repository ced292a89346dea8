/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests can do to the core in a program, and not in a kernel.
 */
#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>

/* A broken rule ends the program: the tests that follow would tell nothing. */
#define core_assert(condition)	((condition) ? (void)0 : core_die(#condition, __FILE__, __LINE__))

void core_die(const char *text, const char *file, int line) __attribute__((noreturn));

/* Where a kernel must not sleep: it reads under RCU, or is not preemptible. */
void core_atomic_begin(void);
void core_atomic_end(void);
void core_might_sleep(void);

/* Wait until all that waits for a grace period is done. */
void core_settle(void);

/* Let the @nth allocation from now on fail, once; zero lets none fail. */
void core_fail_allocation(long nth);

/* Whether that failure is still to come. */
bool core_failure_is_due(void);

/* Let fatal signals be pending from the @nth time on that somebody asks; zero takes them back. */
void core_signal(long nth);
bool core_signal_pending(void);

/* Objects in use of the slab cache with this name. */
long core_cache_objects(const char *name);

/* What was allocated and not freed, of caches and otherwise. */
long core_allocations(void);

#endif /* CORE_H */
