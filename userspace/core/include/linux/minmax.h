/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MINMAX_H
#define CORE_LINUX_MINMAX_H

#define min(a, b) ({				\
	__typeof__(a) min_a = (a);		\
	__typeof__(b) min_b = (b);		\
	min_a < min_b ? min_a : min_b;		\
})

#define max(a, b) ({				\
	__typeof__(a) max_a = (a);		\
	__typeof__(b) max_b = (b);		\
	max_a > max_b ? max_a : max_b;		\
})

#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))

#endif /* CORE_LINUX_MINMAX_H */
