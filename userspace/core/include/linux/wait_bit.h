/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_LINUX_WAIT_BIT_H
#define CORE_LINUX_WAIT_BIT_H

#include <linux/delay.h>

#define wait_var_event(variable, condition)	\
	do {					\
		while (!(condition))		\
			usleep(1000);		\
	} while (0)

#define wake_up_var(variable)	((void)(variable))

#endif /* CORE_LINUX_WAIT_BIT_H */
