/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_STRING_H
#define CORE_LINUX_STRING_H

#include <string.h>

#include <linux/kernel.h>

#endif /* CORE_LINUX_STRING_H */
