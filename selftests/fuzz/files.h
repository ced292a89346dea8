/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memtable fuzzer - what else can be done with a descriptor, and by whom
 */
#ifndef SELFTESTS_MEMTABLE_FUZZ_FILES_H
#define SELFTESTS_MEMTABLE_FUZZ_FILES_H

#include "caller.h"

/* These come and go. */
void request_open(struct caller *caller);
void request_open_again(struct caller *caller);
void request_duplicate(struct caller *caller);
void request_close(struct caller *caller);

/* System calls on one of them. */
void request_file_read(struct caller *caller);
void request_file_write(struct caller *caller);
void request_seek(struct caller *caller);
void request_poll(struct caller *caller);
void request_map(struct caller *caller);
void request_other(struct caller *caller);

/* Between processes, and as another user. */
void request_send(struct caller *caller);
void request_receive(struct caller *caller);
void request_user(struct caller *caller);

#endif /* SELFTESTS_MEMTABLE_FUZZ_FILES_H */
