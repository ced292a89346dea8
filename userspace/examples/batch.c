// SPDX-License-Identifier: GPL-2.0
/* Moves an amount from one account to another: both change, or neither. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memtable.h>

static int put_balance(struct memtable_batch *batch, const char *account, int balance)
{
	return memtable_batch_put(batch, account, strlen(account), &balance, sizeof(balance));
}

static int transfer(struct memtable_table *table)
{
	static const struct memtable_slice accounts[] = { { "alice", 5 }, { "bob", 3 } };
	struct memtable_result results[2];
	struct memtable_batch *batch;
	uint64_t sequence;
	void *buffer = NULL;
	size_t size = 0, i;
	int ret, balance;

	ret = memtable_batch_create(&batch);
	if (ret)
		return ret;

	ret = put_balance(batch, "alice", 70);
	if (!ret)
		ret = put_balance(batch, "bob", 30);
	if (!ret)
		ret = memtable_batch_delete(batch, "pending", 7);
	if (!ret)
		ret = memtable_batch_write(batch, table, &sequence);
	if (ret)
		goto out;
	printf("%zu entries written, the last with sequence number %" PRIu64 "\n",
	       memtable_batch_count(batch), sequence);

	/* Read both at one snapshot, so that no transfer comes in between. */
	ret = memtable_table_multi_get(table, accounts, 2, NULL, results, &buffer, &size);
	for (i = 0; !ret && i < 2; i++) {
		memcpy(&balance, results[i].value.data, sizeof(balance));
		printf("%s has %d\n", (const char *)accounts[i].data, balance);
	}
	free(buffer);
out:
	memtable_batch_destroy(batch);
	return ret;
}

int main(void)
{
	struct memtable_table *table;
	int ret;

	ret = memtable_table_open(NULL, &table);
	if (!ret) {
		ret = transfer(table);
		memtable_table_close(table);
	}
	if (ret)
		fprintf(stderr, "batch: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
