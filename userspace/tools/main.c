// SPDX-License-Identifier: GPL-2.0
/* memtable: works on the tables of /dev/memtable's registry. */
#include <getopt.h>

#include "command.h"

static const struct command *const commands[] = {
	&create_command, &put_command, &get_command, &delete_command, &scan_command,
	&stat_command, &list_command, &pivot_command, &split_command, &rotate_command,
	&seal_command, &drop_command,
	&load_command, &dump_command, &restore_command, &flush_command, &share_command,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	size_t i;

	fputs("usage: memtable COMMAND [OPTION]... [OPERAND]...\n"
	      "\n"
	      "Works on tables that the kernel keeps under numbers. Numbers are per user.\n"
	      "\n", out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %-28s %s\n", commands[i]->name, commands[i]->operands,
			commands[i]->summary);
	fputs("\n"
	      "'memtable COMMAND --help' tells a command's options, 'memtable --version' the\n"
	      "version.\n"
	      "\n"
	      "Bytes are shown, and with --escaped taken, with these escapes: \\\\ backslash,\n"
	      "\\t tab, \\n newline, \\r carriage return, \\xHH the byte with that hexadecimal\n"
	      "value. With --json, what is not UTF-8 goes into a member whose name ends in\n"
	      "_base64.\n"
	      "\n"
	      "Exit status: 0 success; 1 the key is not there, or deleted; 2 wrong usage;\n"
	      "4 no such table; 5 the table is full; 6 the table is sealed; 3 other failures.\n",
	      out);
}

static int usage(const char *problem, const char *what)
{
	fail(STATUS_USAGE, "%s%s", problem, what);
	fputs("Try 'memtable --help'.\n", stderr);
	return STATUS_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options;
	int status;

	status = options_parse(command, argc, argv, &options);
	if (status)
		return status;
	if (options.given & OPTION(HELP)) {
		options_help(command, stdout);
		return STATUS_OK;
	}
	return command->run(&options, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	int status = -1;
	size_t i;

	if (argc < 2)
		return usage("no command given", "");

	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		status = STATUS_OK;
	} else if (!strcmp(argv[1], "--version")) {
		puts("memtable " VERSION);
		status = STATUS_OK;
	}
	for (i = 0; status < 0 && i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			status = run(commands[i], argc - 1, argv + 1);
	if (status < 0)
		return usage("no such command: ", argv[1]);

	/* What could not be written must not look like success. */
	if (ferror(stdout) || fclose(stdout))
		return fail(STATUS_FAILED, "standard output: %s", strerror(errno));
	return status;
}
