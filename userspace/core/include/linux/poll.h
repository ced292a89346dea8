/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_POLL_H
#define CORE_LINUX_POLL_H

#include <sys/epoll.h>

#include <linux/wait.h>

#endif /* CORE_LINUX_POLL_H */
