/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MODULE_H
#define CORE_LINUX_MODULE_H

#include <linux/compiler.h>

/* There is one, which counts who holds it. */
struct module {
	int references;
};

extern struct module core_module;

#define THIS_MODULE	(&core_module)

static inline void __module_get(struct module *module)
{
	__atomic_fetch_add(&module->references, 1, __ATOMIC_RELAXED);
}

static inline void module_put(struct module *module)
{
	__atomic_fetch_sub(&module->references, 1, __ATOMIC_RELAXED);
}

static inline int module_refcount(struct module *module)
{
	return __atomic_load_n(&module->references, __ATOMIC_RELAXED);
}

#endif /* CORE_LINUX_MODULE_H */
