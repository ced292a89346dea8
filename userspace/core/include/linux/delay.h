/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_DELAY_H
#define CORE_LINUX_DELAY_H

#include <unistd.h>

#define usleep_range(least, most)	usleep(least)

#endif /* CORE_LINUX_DELAY_H */
