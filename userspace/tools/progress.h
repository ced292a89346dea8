/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/**
 * struct progress - A bar that shows how far a work has come.
 * @out: Where to show it.
 * @shown: Whether @out is a terminal; nothing is shown elsewhere.
 * @total: How much there is to do; zero if that is not known.
 * @last: When it was last drawn.
 */
struct progress {
	FILE *out;
	bool shown;
	uint64_t total;
	struct timespec last;
};

void progress_begin(struct progress *progress, FILE *out, uint64_t total);
/* Draws the bar, but not more than ten times a second. */
void progress_update(struct progress *progress, uint64_t done, uint64_t entries);
/* Draws the bar as it is at the end, and leaves its line. */
void progress_end(struct progress *progress, uint64_t done, uint64_t entries);

#endif /* PROGRESS_H */
