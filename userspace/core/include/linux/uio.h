/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_UIO_H
#define CORE_LINUX_UIO_H

#include <linux/string.h>
#include <linux/types.h>

/*
 * Memory of a caller: @left bytes from @at on, of which the last @bad are not
 * there.
 */
struct iov_iter {
	u8 *at;
	size_t left;
	size_t bad;
};

static inline size_t iov_iter_count(const struct iov_iter *iter)
{
	return iter->left;
}

static inline bool core_advance(struct iov_iter *iter, size_t length)
{
	if (length > iter->left - iter->bad)
		return false;
	iter->at += length;
	iter->left -= length;
	return true;
}

static inline bool copy_from_iter_full(void *to, size_t length, struct iov_iter *iter)
{
	const u8 *from = iter->at;

	if (!core_advance(iter, length))
		return false;
	memcpy(to, from, length);
	return true;
}

/* All of it, or nothing. */
static inline size_t copy_to_iter(const void *from, size_t length, struct iov_iter *iter)
{
	u8 *to = iter->at;

	if (!core_advance(iter, length))
		return 0;
	memcpy(to, from, length);
	return length;
}

#endif /* CORE_LINUX_UIO_H */
