// SPDX-License-Identifier: GPL-2.0
/*
 * LevelDB's memtable by itself, as its database uses it.
 */
#include <atomic>
#include <cstring>
#include <string>

#include "db/dbformat.h"
#include "db/memtable.h"
#include "leveldb/comparator.h"
#include "leveldb/iterator.h"

#include "bench.h"

using leveldb::Slice;

static const leveldb::InternalKeyComparator comparator(leveldb::BytewiseComparator());
static leveldb::MemTable *table;

/* What readers see; the database sets it after each batch. */
static std::atomic<uint64_t> last_sequence;

static Slice key_of(const struct entry *entry)
{
	return Slice(reinterpret_cast<const char *>(entry->key), entry->key_length);
}

static void leveldb_open(const char *, size_t)
{
	table = new leveldb::MemTable(comparator);
	table->Ref();
	last_sequence = 0;
}

static void leveldb_add(const struct entry *entries, size_t count)
{
	uint64_t sequence = last_sequence.load(std::memory_order_relaxed);

	for (size_t i = 0; i < count; i++)
		table->Add(++sequence, leveldb::kTypeValue, key_of(&entries[i]),
			   Slice(reinterpret_cast<const char *>(entries[i].value), VALUE_LENGTH));
	last_sequence.store(sequence, std::memory_order_release);
}

static size_t leveldb_get(const struct entry *entries, size_t count, uint8_t *values)
{
	uint64_t sequence = last_sequence.load(std::memory_order_acquire);
	static thread_local std::string value;
	leveldb::Status status;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		leveldb::LookupKey key(key_of(&entries[i]), sequence);

		if (!table->Get(key, &value, &status))
			continue;
		memcpy(values + i * VALUE_LENGTH, value.data(), VALUE_LENGTH);
		found++;
	}
	return found;
}

static size_t leveldb_scan(bool backward, uint64_t *sum)
{
	leveldb::Iterator *iterator = table->NewIterator();
	size_t count = 0;

	if (backward)
		iterator->SeekToLast();
	else
		iterator->SeekToFirst();
	while (iterator->Valid()) {
		*sum += take(iterator->key().data(), iterator->key().size(),
			     iterator->value().data());
		count++;
		if (backward)
			iterator->Prev();
		else
			iterator->Next();
	}
	delete iterator;
	return count;
}

static void leveldb_close()
{
	table->Unref();
}

const struct store store = {
	leveldb_open, leveldb_add, leveldb_get, leveldb_scan, heap_used, leveldb_close,
};
