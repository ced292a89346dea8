/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_DELAY_H
#define CORE_LINUX_DELAY_H

#include <unistd.h>

#define msleep(milliseconds)	usleep((milliseconds) * 1000)

#endif /* CORE_LINUX_DELAY_H */
