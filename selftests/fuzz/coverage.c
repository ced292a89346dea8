// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - which places of the module requests reach
 */

#include "coverage.h"

#include <linux/kcov.h>

void coverage_begin(struct coverage *coverage)
{
	void *places;

	coverage->places = NULL;
	coverage->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (coverage->fd < 0 ||
	    ioctl(coverage->fd, KCOV_INIT_TRACE, (unsigned long)COVERAGE_SIZE))
		return;
	places = mmap(NULL, COVERAGE_SIZE * sizeof(*coverage->places),
		      PROT_READ | PROT_WRITE, MAP_SHARED, coverage->fd, 0);
	if (places == MAP_FAILED)
		return;
	if (!ioctl(coverage->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		coverage->places = places;
}

static bool point_note(struct board *board, __u32 point)
{
	for (__u32 i = point * 0x9e3779b1U >> 16;; i = (i + 1) % BOARD_POINTS) {
		__u32 there = atomic_load_explicit(&board->points[i], memory_order_relaxed);

		if (!there && atomic_compare_exchange_strong(&board->points[i],
							     &there, point)) {
			/* A table that is full would never end. */
			if (atomic_fetch_add(&board->point_count, 1) >
			    BOARD_POINTS / 2)
				abort();
			return true;
		}
		if (there == point)
			return false;
	}
}

bool coverage_note(struct coverage *coverage, struct board *board)
{
	bool new = false;
	__u64 count;

	if (!coverage->places)
		return false;
	count = __atomic_load_n(coverage->places, __ATOMIC_RELAXED);
	for (__u64 i = 1; i <= count; i++)
		new |= point_note(board, coverage->places[i]);
	return new;
}

void coverage_end(struct coverage *coverage)
{
	if (coverage->places) {
		ioctl(coverage->fd, KCOV_DISABLE, 0);
		munmap(coverage->places,
		       COVERAGE_SIZE * sizeof(*coverage->places));
	}
	if (coverage->fd >= 0)
		close(coverage->fd);
}
