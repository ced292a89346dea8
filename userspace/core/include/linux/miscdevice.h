/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_MISCDEVICE_H
#define CORE_LINUX_MISCDEVICE_H

#include <linux/slab.h>

#define MISC_DYNAMIC_MINOR	255

struct file_operations;

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	unsigned short mode;
	void *registered;
};

/* Nobody can open it, but there is something to be freed. */
static inline int misc_register(struct miscdevice *device)
{
	device->registered = kmalloc(1, GFP_KERNEL);
	return device->registered ? 0 : -ENOMEM;
}

static inline void misc_deregister(struct miscdevice *device)
{
	kfree(device->registered);
}

#endif /* CORE_LINUX_MISCDEVICE_H */
