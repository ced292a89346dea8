// SPDX-License-Identifier: GPL-2.0
/* A progress bar for a terminal. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define WIDTH 30
#define PAUSE_MS 100

static void draw(struct progress *progress, uint64_t done, uint64_t entries)
{
	static const char full[] = "##############################";
	double part = 0;

	if (progress->total) {
		/* A file may grow while it is read. */
		part = done < progress->total ? (double)done / progress->total : 1;
		fprintf(progress->out, "\r[%-*.*s] %3d%%", WIDTH, (int)(part * WIDTH), full,
			(int)(part * 100));
	} else {
		fprintf(progress->out, "\r%" PRIu64 " bytes", done);
	}
	fprintf(progress->out, "  %" PRIu64 " entries\033[K", entries);
	fflush(progress->out);
}

void progress_begin(struct progress *progress, FILE *out, uint64_t total)
{
	*progress = (struct progress) {
		.out = out,
		.shown = isatty(fileno(out)),
		.total = total,
	};
}

void progress_update(struct progress *progress, uint64_t done, uint64_t entries)
{
	struct timespec now;

	if (!progress->shown)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - progress->last.tv_sec) * 1000 +
	    (now.tv_nsec - progress->last.tv_nsec) / 1000000 < PAUSE_MS)
		return;
	progress->last = now;
	draw(progress, done, entries);
}

void progress_end(struct progress *progress, uint64_t done, uint64_t entries)
{
	if (!progress->shown)
		return;
	draw(progress, done, entries);
	fputc('\n', progress->out);
}
