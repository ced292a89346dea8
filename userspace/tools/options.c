// SPDX-License-Identifier: GPL-2.0
/* Options: one description for parsing them and for telling about them. */
#include <getopt.h>

#include "command.h"
#include "escape.h"

#define DEFAULT_BATCH 1000

static const struct {
	const char *name;
	const char *argument;
	const char *text;
} descriptions[OPTION_COUNT] = {
	[OPTION_DEVICE]		= { "device", "PATH", "the device, if not " MEMTABLE_DEVICE },
	[OPTION_HELP]		= { "help", NULL, "show this and end" },
	[OPTION_ALL_VERSIONS]	= { "all-versions", NULL, "every version of a key, newest first" },
	[OPTION_AT]		= { "at", "KEY", "the first key of the upper part" },
	[OPTION_BATCH]		= { "batch", "N", "entries in an atomic batch (1000)" },
	[OPTION_END]		= { "end", "KEY", "only keys before KEY" },
	[OPTION_ESCAPED]	= { "escaped", NULL, "keys and values given here have escapes" },
	[OPTION_FORMAT]		= { "format", "FORMAT", "of the file, see above" },
	[OPTION_JSON]		= { "json", NULL, "one JSON object a line" },
	[OPTION_KEYS_ONLY]	= { "keys-only", NULL, "leave values out" },
	[OPTION_KIND]		= { "kind", "KIND", "a new table is versioned or a map (versioned)" },
	[OPTION_LIMIT]		= { "limit", "N", "at most N entries" },
	[OPTION_MAX_SIZE]	= { "max-size", "SIZE", "memory that a new table may take" },
	[OPTION_ORDER]		= { "order", "ORDER", "its order is bytewise or reverse (bytewise)" },
	[OPTION_PREFIX]		= { "prefix", "KEY", "only keys that begin with KEY" },
	[OPTION_PRINT_SEQUENCE]	= { "print-sequence", NULL, "print the write's sequence number" },
	[OPTION_RAW]		= { "raw", NULL, "the value's bytes and nothing else" },
	[OPTION_READ_ONLY]	= { "read-only", NULL, "only to be read from" },
	[OPTION_REVERSE]	= { "reverse", NULL, "from the last key to the first" },
	[OPTION_SKIP_CORRUPT]	= { "skip-corrupt", NULL, "go on behind what is corrupt in a log" },
	[OPTION_SNAPSHOT]	= { "snapshot", "S", "as it was at sequence number S" },
	[OPTION_START]		= { "start", "KEY", "only keys from KEY on" },
	[OPTION_TOMBSTONES]	= { "tombstones", NULL, "deletions too" },
	[OPTION_WATCH]		= { "watch", "FOLDER", "flush what asks for it, until a signal" },
	[OPTION_WRITE_BUFFER_SIZE] = { "write-buffer-size", "SIZE",
				       "memory at which a new table asks to be flushed" },
};

#define COMMON_OPTIONS (OPTION(DEVICE) | OPTION(HELP))

void options_help(const struct command *command, FILE *out)
{
	unsigned int mask = command->options | COMMON_OPTIONS;
	char name[64];
	int i;

	fprintf(out, "usage: memtable %s [OPTION]...%s%s\n\n%s.\n", command->name,
		*command->operands ? " " : "", command->operands, command->summary);
	if (command->details)
		fprintf(out, "%s\n", command->details);
	fputc('\n', out);
	for (i = 0; i < OPTION_COUNT; i++) {
		if (!(mask & 1U << i))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", descriptions[i].name,
			 descriptions[i].argument ? "=" : "",
			 descriptions[i].argument ? descriptions[i].argument : "");
		fprintf(out, "  %-26s %s\n", name, descriptions[i].text);
	}
	if (mask & OPTION(MAX_SIZE))
		fputs("\nSIZE is in bytes, or with a suffix K, M or G in 1024s of them.\n", out);
}

int parse_number(const char *text, uint64_t *number)
{
	char *end;

	/* strtoull() would take signs and blanks. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int parse_size(const char *text, uint64_t *size)
{
	static const char suffixes[] = "KMG";
	size_t length = strlen(text);
	const char *suffix = length ? strchr(suffixes, text[length - 1]) : NULL;
	unsigned int shift = suffix ? 10 * (suffix - suffixes + 1) : 0;
	char digits[32];

	if (length >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, length + 1);
	if (suffix)
		digits[length - 1] = '\0';
	if (parse_number(digits, size) || *size > UINT64_MAX >> shift)
		return -EINVAL;
	*size <<= shift;
	return 0;
}

/* Which of two words it is. */
static int parse_word(const char *text, const char *zero, const char *one, uint32_t *value)
{
	*value = !strcmp(text, one);
	return *value || !strcmp(text, zero) ? 0 : -EINVAL;
}

static int option_value(struct options *options, int id, char *text)
{
	switch (id) {
	case OPTION_DEVICE:
		options->device = text;
		return 0;
	case OPTION_AT:
		options->at.data = text;
		return 0;
	case OPTION_BATCH:
		return parse_number(text, &options->batch) || !options->batch ? -EINVAL : 0;
	case OPTION_END:
		options->end.data = text;
		return 0;
	case OPTION_FORMAT:
		options->format = text;
		return 0;
	case OPTION_KIND:
		return parse_word(text, "versioned", "map", &options->kind);
	case OPTION_LIMIT:
		return parse_number(text, &options->limit);
	case OPTION_MAX_SIZE:
		return parse_size(text, &options->max_size);
	case OPTION_ORDER:
		return parse_word(text, "bytewise", "reverse", &options->order);
	case OPTION_PREFIX:
		options->prefix.data = text;
		return 0;
	case OPTION_SNAPSHOT:
		/* Zero would mean the latest, which is not what it says. */
		if (parse_number(text, &options->snapshot) || !options->snapshot ||
		    options->snapshot > MEMTABLE_MAX_SEQUENCE)
			return -EINVAL;
		return 0;
	case OPTION_START:
		options->start.data = text;
		return 0;
	case OPTION_WATCH:
		options->watch = text;
		return 0;
	case OPTION_WRITE_BUFFER_SIZE:
		return parse_size(text, &options->write_buffer_size);
	default:
		return 0;
	}
}

int options_bytes(const struct options *options, char *text, struct memtable_slice *bytes)
{
	bytes->data = text;
	bytes->length = strlen(text);
	if (!(options->given & OPTION(ESCAPED)))
		return 0;
	if (escape_decode(text, &bytes->length))
		return fail(STATUS_USAGE, "not a valid escape in '%s'", text);
	return 0;
}

static int usage(const struct command *command)
{
	fprintf(stderr, "Try 'memtable %s --help'.\n", command->name);
	return STATUS_USAGE;
}

int options_parse(const struct command *command, int argc, char **argv, struct options *options)
{
	unsigned int mask = command->options | COMMON_OPTIONS;
	struct memtable_slice *keys[] = { &options->at, &options->prefix, &options->start,
					  &options->end };
	struct option longs[OPTION_COUNT + 1] = { 0 };
	char title[64];
	int id, count = 0, status;
	size_t i;

	*options = (struct options) {
		.device = MEMTABLE_DEVICE,
		.batch = DEFAULT_BATCH,
		.limit = UINT64_MAX,
	};

	for (id = 0; id < OPTION_COUNT; id++) {
		if (!(mask & 1U << id))
			continue;
		longs[count++] = (struct option) {
			.name = descriptions[id].name,
			.has_arg = descriptions[id].argument ? required_argument : no_argument,
			.val = id,
		};
	}

	snprintf(title, sizeof(title), "memtable %s", command->name);
	argv[0] = title;
	while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (id == '?')
			return usage(command);
		options->given |= 1U << id;
		if (option_value(options, id, optarg)) {
			fail(STATUS_USAGE, "not a valid %s for --%s: '%s'",
			     descriptions[id].argument, descriptions[id].name, optarg);
			return usage(command);
		}
	}
	if (options->given & OPTION(HELP))
		return STATUS_OK;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i]->data)
			continue;
		status = options_bytes(options, (char *)keys[i]->data, keys[i]);
		if (status)
			return status;
	}
	if (argc - optind < command->least || argc - optind > command->most) {
		fail(STATUS_USAGE, "%s takes %s", command->name,
		     *command->operands ? command->operands : "no operands");
		return usage(command);
	}
	return STATUS_OK;
}
