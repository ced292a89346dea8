// SPDX-License-Identifier: GPL-2.0
/*
 * Copies from and to user memory.
 *
 * A request about one entry makes four or five copies of some bytes each: what
 * copy_from_user() does around the bytes then takes longer than they do. So what
 * is short is copied here, word by word. Its bounds are the callers' own: either a
 * structure's size, or a length that was checked and allocated for.
 */
#include <linux/errno.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include "copy.h"

/* A word wherever it lies. */
struct word {
	u64 bytes;
} __packed;

/* Beyond this, what the processor has for copying is faster. */
#define SHORT_MAX	128

/*
 * There are whole words, the last of which may overlap the one before, and words may
 * lie anywhere.
 */
static bool is_short(size_t size)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       size >= sizeof(u64) && size <= SHORT_MAX;
}

/**
 * mtb_copy_in() - Copy from user memory.
 * @to: Takes the bytes.
 * @from: Where they are.
 * @size: How many there are.
 *
 * Return: 0 or -EFAULT; then what is at @to is not to be used.
 */
int mtb_copy_in(void *to, const void __user *from, size_t size)
{
	size_t at, last = size - sizeof(u64);
	u64 bytes;

	if (!is_short(size))
		return copy_from_user(to, from, size) ? -EFAULT : 0;

	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return -EFAULT;
#pragma GCC unroll 4
	for (at = 0; at < last; at += sizeof(bytes)) {
		unsafe_get_user(bytes, (const u64 __user *)(from + at), fault);
		((struct word *)(to + at))->bytes = bytes;
	}
	unsafe_get_user(bytes, (const u64 __user *)(from + last), fault);
	((struct word *)(to + last))->bytes = bytes;
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * mtb_copy_out() - Copy to user memory.
 * @to: Where the bytes go.
 * @from: The bytes.
 * @size: How many there are.
 *
 * Return: 0 or -EFAULT; then some may have been copied.
 */
int mtb_copy_out(void __user *to, const void *from, size_t size)
{
	size_t at, last = size - sizeof(u64);
	u64 bytes;

	if (!is_short(size))
		return copy_to_user(to, from, size) ? -EFAULT : 0;

	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, size))
		return -EFAULT;
#pragma GCC unroll 4
	for (at = 0; at < last; at += sizeof(bytes)) {
		bytes = ((const struct word *)(from + at))->bytes;
		unsafe_put_user(bytes, (u64 __user *)(to + at), fault);
	}
	bytes = ((const struct word *)(from + last))->bytes;
	unsafe_put_user(bytes, (u64 __user *)(to + last), fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}
