// SPDX-License-Identifier: GPL-2.0
/* Tables by number: opening them, and what to say when that fails. */
#include <inttypes.h>

#include "command.h"
#include "escape.h"

int fail(int status, const char *format, ...)
{
	va_list arguments;
	char *message;

	fflush(stdout);
	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	fputs("memtable: ", stderr);
	escape_message(stderr, message ? message : format);
	fputc('\n', stderr);
	free(message);
	return status;
}

int table_fail(uint64_t number, int error)
{
	switch (error) {
	case -ENOSPC:
		return fail(STATUS_FULL, "table %" PRIu64 " is full: this would pass its maximum "
			    "size, and nothing of it was written; use a new table, if need be "
			    "with a larger --max-size", number);
	case -EROFS:
		return fail(STATUS_SEALED, "table %" PRIu64 " is sealed: it takes no more writes; "
			    "use a new table", number);
	case -EMSGSIZE:
		return fail(STATUS_FAILED, "too long: a key has at most %u bytes, a value %u",
			    MEMTABLE_MAX_KEY_LENGTH, MEMTABLE_MAX_VALUE_LENGTH);
	case -EEXIST:
		return fail(STATUS_FAILED, "table %" PRIu64 " has an entry with that key and "
			    "sequence number already; nothing was written", number);
	case -EBUSY:
		return fail(STATUS_FAILED, "table %" PRIu64 " is published already, under this or "
			    "another number", number);
	case -EDQUOT:
		return fail(STATUS_FULL, "you have as many tables, or as much in them, as allowed: "
			    "flush or drop some, or raise the module's user_tables or user_bytes");
	case -ENOMEM:
		return fail(STATUS_FAILED, "out of memory, with nothing written; the memory "
			    "cgroup's limit counts what tables take");
	default:
		return fail(STATUS_FAILED, "table %" PRIu64 ": %s", number, strerror(-error));
	}
}

int file_fail(const char *path, uint64_t number, int error)
{
	if (error == -ENOSPC || error == -EDQUOT)
		return fail(STATUS_FAILED, "%s: the disk is full; nothing was left there, and table "
			    "%" PRIu64 " is as it was", path, number);
	if (error == -EBUSY)
		return fail(STATUS_FAILED, "%s: another process is writing it", path);
	return fail(STATUS_FAILED, "%s: %s; table %" PRIu64 " is as it was", path,
		    strerror(-error), number);
}

int table_open(const struct options *options, struct memtable_table **table)
{
	const char *device = options->device;
	int error = memtable_table_open(device, table);

	switch (error) {
	case 0:
		return STATUS_OK;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return fail(STATUS_FAILED, "there is no %s: the module is not loaded; load it "
			    "with: modprobe memtable", device);
	case -EACCES:
	case -EPERM:
		return fail(STATUS_FAILED, "no permission to open %s; run this as root, or have "
			    "root give you access with chown or chmod", device);
	case -ENOTTY:
		return fail(STATUS_FAILED, "%s is not a memtable device; --device must name one",
			    device);
	default:
		return fail(STATUS_FAILED, "%s: %s", device, strerror(-error));
	}
}

int no_table(uint64_t number)
{
	return fail(STATUS_NO_TABLE, "you have no table %" PRIu64 "; 'memtable list' shows those "
		    "that there are, put and load make one", number);
}

int table_open_number(const struct options *options, const char *text,
		      uint64_t *number, struct memtable_table **table)
{
	if (parse_number(text, number))
		return fail(STATUS_USAGE, "not a table number: '%s'", text);
	return table_open(options, table);
}

int table_attach(const struct options *options, const char *text,
		 uint64_t *number, struct memtable_table **table)
{
	int status, error;

	status = table_open_number(options, text, number, table);
	if (status)
		return status;
	error = memtable_registry_attach(*table, *number);
	if (!error)
		return STATUS_OK;
	memtable_table_close(*table);
	return error == -ENOENT ? no_table(*number) : table_fail(*number, error);
}

bool table_follow(struct memtable_table *table, uint64_t number)
{
	struct memtable_info info;

	return !memtable_registry_attach(table, number) &&
	       !memtable_table_info(table, &info, sizeof(info)) &&
	       !(info.state & MEMTABLE_STATE_SEALED);
}

int table_configure(struct memtable_table *table, const struct options *options)
{
	struct memtable_configure configure = {
		.write_buffer_size = options->write_buffer_size,
		.max_size = options->max_size,
		.order = options->order,
		.kind = options->kind,
	};
	int error = memtable_table_configure(table, &configure, sizeof(configure));

	if (error == -EINVAL)
		return fail(STATUS_USAGE, "the write buffer size is beyond the maximum size");
	if (error)
		return fail(STATUS_FAILED, "the new table's configuration: %s", strerror(-error));
	return STATUS_OK;
}

int table_attach_or_create(const struct options *options, const char *text,
			   uint64_t *number, struct memtable_table **table)
{
	int status, error;

	status = table_open_number(options, text, number, table);
	if (status)
		return status;

	/* Others may publish or drop the number between any two of these. */
	for (;;) {
		error = memtable_registry_attach(*table, *number);
		if (!error && options->given & CONFIGURE_OPTIONS) {
			status = fail(STATUS_FAILED, "table %" PRIu64 " exists: its sizes, order and "
				      "kind can only be given when it is made", *number);
			break;
		}
		if (error != -ENOENT) {
			status = error ? table_fail(*number, error) : STATUS_OK;
			break;
		}
		status = table_configure(*table, options);
		if (status)
			break;
		error = memtable_registry_publish(*table, *number);
		if (error != -EEXIST) {
			status = error ? table_fail(*number, error) : STATUS_OK;
			break;
		}
	}
	if (status)
		memtable_table_close(*table);
	return status;
}
