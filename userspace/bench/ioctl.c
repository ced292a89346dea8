// SPDX-License-Identifier: GPL-2.0
/*
 * A request that the device does not know, instead of each that it does: what
 * there is to pay before a request does anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/memtable.h>

#include "bench.h"

#define NOTHING	_IO(MEMTABLE_IOC_MAGIC, 255)

static int device;

static void empty_open(const char *folder, size_t count)
{
	(void)folder;
	(void)count;
	device = open("/dev/memtable", O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("cannot open the device: %s", strerror(errno));
}

static void request(void)
{
	if (!ioctl(device, NOTHING) || errno != ENOTTY)
		die("the device knows request %x", NOTHING);
}

static void empty_add(const struct entry *entries, size_t count)
{
	(void)entries;
	(void)count;
	request();
}

/* The value that would be found. */
static size_t empty_get(const struct entry *entries, size_t count, uint8_t *values)
{
	size_t i;

	request();
	for (i = 0; i < count; i++)
		memcpy(values + i * VALUE_LENGTH, entries[i].value, VALUE_LENGTH);
	return count;
}

static size_t empty_scan(bool backward, uint64_t *sum)
{
	(void)backward;
	(void)sum;
	die("there is nothing to scan");
}

static uint64_t empty_memory(void)
{
	return 0;
}

static void empty_close(void)
{
	close(device);
}

const struct store store = {
	.open	= empty_open,
	.add	= empty_add,
	.get	= empty_get,
	.scan	= empty_scan,
	.memory	= empty_memory,
	.close	= empty_close,
};
