// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files that are there whole or not at all.
 *
 * What is written goes to a temporary file in the same folder, NAME.tmp, which
 * takes the final name once it is on the disk. One that a killed process left
 * behind is written anew by the next; a lock keeps two from writing one.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/**
 * struct memtable_file - A file that is being written.
 * @path: Its final name.
 * @temporary: Its name until then.
 * @fd: It, open and locked.
 */
struct memtable_file {
	char *path;
	char *temporary;
	int fd;
};

static void file_free(struct memtable_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->temporary);
	free(file->path);
	free(file);
}

/* Whether the name still is that of the open file. */
static bool is_same(int fd, const char *path)
{
	struct stat opened, named;

	return !fstat(fd, &opened) && !stat(path, &named) &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Whether the name is free, or that of a file, which is all that may be replaced. */
static int check_name(const char *path)
{
	struct stat named;

	if (!*path)
		return -ENOENT;
	if (stat(path, &named))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(named.st_mode))
		return -EISDIR;
	return S_ISREG(named.st_mode) ? 0 : -EEXIST;
}

static int open_temporary(const char *path)
{
	int fd, ret;

	/*
	 * Another process may rename or remove it before we have the lock. Where
	 * others can write, it may be a link to what we would overwrite.
	 */
	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd < 0)
			return -errno;
		ret = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
		if (ret || is_same(fd, path))
			break;
		close(fd);
	}
	if (!ret && ftruncate(fd, 0))
		ret = -errno;
	if (ret) {
		close(fd);
		return ret == -EWOULDBLOCK ? -EBUSY : ret;
	}
	return fd;
}

MEMTABLE_API int memtable_file_create(const char *path, struct memtable_file **result)
{
	struct memtable_file *file;
	int ret;

	ret = check_name(path);
	if (ret)
		return ret;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	ret = -ENOMEM;
	file->fd = -1;
	file->path = strdup(path);
	if (!file->path || asprintf(&file->temporary, "%s.tmp", path) < 0) {
		file->temporary = NULL;
		goto fail;
	}
	ret = open_temporary(file->temporary);
	if (ret < 0)
		goto fail;
	file->fd = ret;
	*result = file;
	return 0;
fail:
	file_free(file);
	return ret;
}

MEMTABLE_API int memtable_file_fd(const struct memtable_file *file)
{
	return file->fd;
}

MEMTABLE_API const char *memtable_file_temporary(const struct memtable_file *file)
{
	return file->temporary;
}

/* Lets the folder remember the new name. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd, ret = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

MEMTABLE_API int memtable_file_commit(struct memtable_file *file)
{
	int ret;

	if (fsync(file->fd) || rename(file->temporary, file->path)) {
		ret = -errno;
		unlink(file->temporary);
	} else {
		ret = sync_folder(file->path);
	}
	file_free(file);
	return ret;
}

MEMTABLE_API void memtable_file_discard(struct memtable_file *file)
{
	if (!file)
		return;
	unlink(file->temporary);
	file_free(file);
}
