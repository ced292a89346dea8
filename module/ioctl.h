/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device's requests.
 */
#ifndef MTB_IOCTL_H
#define MTB_IOCTL_H

struct file;

long mtb_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* MTB_IOCTL_H */
