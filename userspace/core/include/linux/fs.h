/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_FS_H
#define CORE_LINUX_FS_H

/* What the device does is no part of the core. */
struct file_operations {
	char nothing;
};

#endif /* CORE_LINUX_FS_H */
