/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - all that the device can be asked, and what must come of it
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_REQUESTS_H
#define SELFTESTS_MEMTABLE_FUZZ_REQUESTS_H

#include "caller.h"

/* Chooses how often the caller makes each request. */
void request_weights(struct caller *caller);

/* Makes a request. */
void request_any(struct caller *caller);

/* Makes that of CONFIGURE, in most cases for the table that was opened last. */
void request_configure(struct caller *caller);

#endif /* SELFTESTS_MEMTABLE_FUZZ_REQUESTS_H */
