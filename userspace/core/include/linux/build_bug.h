/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_BUILD_BUG_H
#define CORE_LINUX_BUILD_BUG_H

#undef static_assert
#define static_assert(condition)	_Static_assert(condition, #condition)

#define sizeof_field(type, member)	sizeof(((type *)0)->member)

#endif /* CORE_LINUX_BUILD_BUG_H */
