/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_COMPILER_H
#define CORE_LINUX_COMPILER_H

#include <linux/types.h>

#include "core.h"

#define __aligned(bytes)	__attribute__((aligned(bytes)))
#define __printf(text, first)	__attribute__((format(printf, text, first)))
#define __init
#define __exit
#define __ref
#define __ro_after_init
#define noinline		__attribute__((noinline))
#define fallthrough	__attribute__((__fallthrough__))

#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

/*
 * ThreadSanitizer knows what atomic accesses order, but not what fences do.
 * The core publishes records with plain marked stores inside of a section of
 * a sequence counter, whose fences order them. There these stores and loads
 * order by themselves, which is all that the sanitizer needs to see that the
 * order is asked for; the other variants have the kernel's weak ones.
 */
#ifdef __SANITIZE_THREAD__
#define CORE_TSAN	1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CORE_TSAN	1
#endif
#endif

#ifdef CORE_TSAN
#define READ_ONCE(place)		__atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define WRITE_ONCE(place, value)	__atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#define smp_rmb()			do { } while (0)
#define smp_wmb()			do { } while (0)
#else
#define READ_ONCE(place)		__atomic_load_n(&(place), __ATOMIC_RELAXED)
#define WRITE_ONCE(place, value)	__atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define smp_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()			__atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#define smp_load_acquire(pointer)		__atomic_load_n((pointer), __ATOMIC_ACQUIRE)
#define smp_store_release(pointer, value) \
	__atomic_store_n((pointer), (value), __ATOMIC_RELEASE)

#define WARN_ON_ONCE(condition)	core_assert(!(condition))

#define likely(condition)	__builtin_expect(!!(condition), 1)
#define unlikely(condition)	__builtin_expect(!!(condition), 0)

#endif /* CORE_LINUX_COMPILER_H */
