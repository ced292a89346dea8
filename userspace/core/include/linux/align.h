/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_ALIGN_H
#define CORE_LINUX_ALIGN_H

#define ALIGN(size, step)	(((size) + (step) - 1) / (step) * (step))

#endif /* CORE_LINUX_ALIGN_H */
