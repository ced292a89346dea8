/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_ASM_BYTEORDER_H
#define CORE_ASM_BYTEORDER_H

#include <endian.h>

#define be64_to_cpu(number)	be64toh(number)

#endif /* CORE_ASM_BYTEORDER_H */
