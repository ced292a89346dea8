/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_LOG2_H
#define CORE_LINUX_LOG2_H

#include <linux/kernel.h>

#endif /* CORE_LINUX_LOG2_H */
