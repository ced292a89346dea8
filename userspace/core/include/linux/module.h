/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MODULE_H
#define CORE_LINUX_MODULE_H

#include <linux/compiler.h>

enum module_state {
	MODULE_STATE_COMING,
};

/* There is one. It is never initialized: suites do that by themselves. */
struct module {
	enum module_state state;
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

/* Suites call them. */
#define module_init(function)	extern struct module core_module
#define module_exit(function)	extern struct module core_module

#define MODULE_DESCRIPTION(text)	extern struct module core_module
#define MODULE_LICENSE(text)		extern struct module core_module

/* Nobody sets them. */
#define module_param(name, type, mode)	extern struct module core_module
#define MODULE_PARM_DESC(name, text)	extern struct module core_module

#endif /* CORE_LINUX_MODULE_H */
