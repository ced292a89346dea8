// SPDX-License-Identifier: GPL-2.0
/*
 * Redis, which keeps all in memory, over a unix socket. Several entries at once
 * are sent in a row, and the answers read after them.
 */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* The server is one program with its tools, and goes by the name it is called. */
#define SERVER		"/usr/bin/redis-check-rdb"
#define PATH_SIZE	4096
#define WAIT_SECONDS	60

static redisContext *context;
static pid_t server;

static redisReply *next_reply(void)
{
	void *reply;

	if (redisGetReply(context, &reply) != REDIS_OK)
		die("%s", context->errstr);
	if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
		die("%s", ((redisReply *)reply)->str);
	return reply;
}

static void start_server(const char *folder, const char *path)
{
	server = fork();
	if (server < 0)
		die("cannot start a process");
	if (server)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(SERVER, "redis-server", "--port", "0", "--unixsocket", path, "--dir", folder,
	      "--save", "", "--appendonly", "no", "--logfile", "/dev/null", NULL);
	_exit(127);
}

static void redis_open(const char *folder, size_t count)
{
	char path[PATH_SIZE];
	int tries;

	(void)count;
	if (snprintf(path, sizeof(path), "%s/redis", folder) >= PATH_SIZE)
		die("too long a path");
	unlink(path);
	start_server(folder, path);
	for (tries = 0; tries < WAIT_SECONDS * 100; tries++) {
		context = redisConnectUnix(path);
		if (context && !context->err)
			return;
		redisFree(context);
		usleep(10000);
	}
	die("the server does not answer");
}

static void redis_add(const struct entry *entries, size_t count)
{
	const char *words[3] = { "SET" };
	size_t lengths[3] = { 3 }, i;

	for (i = 0; i < count; i++) {
		words[1] = (const char *)entries[i].key;
		words[2] = (const char *)entries[i].value;
		lengths[1] = entries[i].key_length;
		lengths[2] = VALUE_LENGTH;
		redisAppendCommandArgv(context, 3, words, lengths);
	}
	for (i = 0; i < count; i++)
		freeReplyObject(next_reply());
}

static size_t redis_get(const struct entry *entries, size_t count, uint8_t *values)
{
	const char *words[2] = { "GET" };
	size_t lengths[2] = { 3 }, found = 0, i;
	redisReply *reply;

	for (i = 0; i < count; i++) {
		words[1] = (const char *)entries[i].key;
		lengths[1] = entries[i].key_length;
		redisAppendCommandArgv(context, 2, words, lengths);
	}
	for (i = 0; i < count; i++) {
		reply = next_reply();
		if (reply->type == REDIS_REPLY_STRING) {
			memcpy(values + i * VALUE_LENGTH, reply->str, VALUE_LENGTH);
			found++;
		}
		freeReplyObject(reply);
	}
	return found;
}

static size_t redis_scan(bool backward, uint64_t *sum)
{
	(void)backward;
	(void)sum;
	die("a hash table has no order");
}

static uint64_t redis_memory(void)
{
	redisReply *reply = redisCommand(context, "INFO memory");
	const char *field;
	uint64_t memory;

	if (!reply || reply->type != REDIS_REPLY_STRING)
		die("the server does not tell its memory");
	field = strstr(reply->str, "used_memory:");
	if (!field)
		die("the server does not tell its memory");
	memory = strtoull(strchr(field, ':') + 1, NULL, 10);
	freeReplyObject(reply);
	return memory;
}

static void redis_close(void)
{
	redisFree(context);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

const struct store store = {
	.open	= redis_open,
	.add	= redis_add,
	.get	= redis_get,
	.scan	= redis_scan,
	.memory	= redis_memory,
	.close	= redis_close,
};
