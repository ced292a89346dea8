/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_BITOPS_H
#define CORE_LINUX_BITOPS_H

#define GENMASK_ULL(high, low)	(~0ULL >> (63 - (high)) & ~0ULL << (low))

static inline int fls64(unsigned long long word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

#endif /* CORE_LINUX_BITOPS_H */
