// SPDX-License-Identifier: GPL-2.0
/* Files that are there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memtable.h>

#include "tap.h"

static char folder[] = "/tmp/file_test.XXXXXX";
static char path[64], temporary[64];

static bool begin(void)
{
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	if (!CHECK(mkdtemp(folder)))
		return false;
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(temporary, sizeof(temporary), "%s/file.tmp", folder);
	return true;
}

static void end(void)
{
	unlink(path);
	unlink(temporary);
	CHECK(!rmdir(folder));
}

static bool exists(const char *name)
{
	return !access(name, F_OK);
}

static bool has(const char *text)
{
	char found[64] = "";
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, found, sizeof(found));

	close(fd);
	return length >= 0 && tap_is(found, length, text);
}

static void write_text(struct memtable_file *file, const char *text)
{
	CHECK_EQUAL(write(memtable_file_fd(file), text, strlen(text)), strlen(text));
}

static void a_file_appears_when_it_is_committed(void)
{
	struct memtable_file *file;
	struct stat stat_before;
	mode_t mask = umask(022);

	REQUIRE(begin());
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	CHECK(tap_is(memtable_file_temporary(file), strlen(temporary), temporary));
	write_text(file, "first");
	CHECK(!exists(path));
	CHECK(exists(temporary));
	CHECK_EQUAL(memtable_file_commit(file), 0);
	CHECK(has("first"));
	CHECK(!exists(temporary));
	CHECK(!stat(path, &stat_before));
	CHECK_EQUAL(stat_before.st_mode & 0777, 0644);

	/* The one before stays until then. */
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	write_text(file, "second");
	CHECK(has("first"));
	CHECK_EQUAL(memtable_file_commit(file), 0);
	CHECK(has("second"));
	umask(mask);
	end();
}

static void a_file_that_is_discarded_leaves_nothing(void)
{
	struct memtable_file *file;

	REQUIRE(begin());
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	write_text(file, "text");
	memtable_file_discard(file);
	memtable_file_discard(NULL);
	CHECK(!exists(path));
	CHECK(!exists(temporary));
	end();
}

static void one_process_at_a_time_writes_a_file(void)
{
	struct memtable_file *file, *second;

	REQUIRE(begin());
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	write_text(file, "text");
	CHECK_EQUAL(memtable_file_create(path, &second), -EBUSY);
	CHECK_EQUAL(memtable_file_commit(file), 0);
	CHECK(has("text"));
	REQUIRE_EQUAL(memtable_file_create(path, &second), 0);
	CHECK(has("text"));
	memtable_file_discard(second);
	end();
}

static void what_a_killed_process_left_is_written_anew(void)
{
	struct memtable_file *file;
	int status;
	pid_t child;

	REQUIRE(begin());
	child = fork();
	REQUIRE(child >= 0);
	if (!child) {
		if (!memtable_file_create(path, &file))
			write_text(file, "a longer text that is not finished");
		raise(SIGKILL);
	}
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK(!exists(path));
	CHECK(exists(temporary));
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	write_text(file, "text");
	CHECK_EQUAL(memtable_file_commit(file), 0);
	CHECK(has("text"));
	end();
}

static void what_cannot_be_is_refused(void)
{
	struct memtable_file *file;

	REQUIRE(begin());
	CHECK_EQUAL(memtable_file_create("/nowhere/file", &file), -ENOENT);
	CHECK_EQUAL(memtable_file_create("/proc/version/file", &file), -ENOTDIR);
	CHECK_EQUAL(memtable_file_create("", &file), -ENOENT);
	CHECK_EQUAL(memtable_file_create("/", &file), -EISDIR);
	REQUIRE(!mkdir(path, 0755));
	CHECK_EQUAL(memtable_file_create(path, &file), -EISDIR);
	CHECK(!exists(temporary));
	CHECK(!rmdir(path));
	/* Whose name is taken from them, devices would be files from then on. */
	CHECK_EQUAL(memtable_file_create("/dev/null", &file), -EEXIST);
	CHECK(!exists("/dev/null.tmp"));
	REQUIRE(!mkfifo(path, 0600));
	CHECK_EQUAL(memtable_file_create(path, &file), -EEXIST);
	CHECK(!exists(temporary));
	/* A folder that shows only at the end. */
	REQUIRE(!unlink(path));
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	REQUIRE(!mkdir(path, 0755));
	CHECK_EQUAL(memtable_file_commit(file), -EISDIR);
	CHECK(!exists(temporary));
	CHECK(!rmdir(path));
	end();
}

/* What the temporary file's name leads to stays as it is. */
static void links_are_not_followed(void)
{
	struct memtable_file *file;

	REQUIRE(begin());
	REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
	write_text(file, "text");
	CHECK_EQUAL(memtable_file_commit(file), 0);
	REQUIRE(!symlink("file", temporary));
	CHECK_EQUAL(memtable_file_create(path, &file), -ELOOP);
	CHECK(has("text"));
	REQUIRE(!unlink(temporary));
	REQUIRE(!symlink("nothing", temporary));
	CHECK_EQUAL(memtable_file_create(path, &file), -ELOOP);
	CHECK(exists(path));
	end();
}

/* A name is bytes, and how many there can be the file system says. */
static void names_may_be_anything(void)
{
	static const char *const names[] = {
		"%s%n", "-f", "a\nb", "new\nline", "\t\r", "\033[2J", "\xff\xfe", " ", "..x", "file.tmp.tmp",
	};
	struct memtable_file *file;
	char name[400];
	size_t i;

	REQUIRE(begin());
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		REQUIRE_EQUAL(memtable_file_create(path, &file), 0);
		write_text(file, names[i]);
		CHECK_EQUAL(memtable_file_commit(file), 0);
		CHECK(has(names[i]));
		CHECK(!unlink(path));
	}
	/* There are four more in the temporary one. */
	for (i = 250; i < 260; i++) {
		snprintf(name, sizeof(name), "%s/%0*d", folder, (int)i, 0);
		CHECK_EQUAL(memtable_file_create(name, &file), i > 251 ? -ENAMETOOLONG : 0);
		if (i <= 251)
			memtable_file_discard(file);
	}
	CHECK(!rmdir(folder));
}

static const struct tap_test tests[] = {
	{ "a file appears when it is committed", a_file_appears_when_it_is_committed },
	{ "a file that is discarded leaves nothing", a_file_that_is_discarded_leaves_nothing },
	{ "one process at a time writes a file", one_process_at_a_time_writes_a_file },
	{ "what a killed process left is written anew",
	  what_a_killed_process_left_is_written_anew },
	{ "what cannot be is refused", what_cannot_be_is_refused },
	{ "links are not followed", links_are_not_followed },
	{ "names may be anything", names_may_be_anything },
};

TAP_MAIN(tests)
