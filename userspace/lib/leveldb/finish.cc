// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables as table files of LevelDB, by its own TableBuilder. */
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include <leveldb/comparator.h>
#include <leveldb/env.h>
#include <leveldb/options.h>
#include <leveldb/table_builder.h>

#include "memtable-leveldb.h"

namespace {

const size_t kTagSize = 8;

/*
 * An internal key is the key and behind it the tag, eight bytes, the lowest
 * first. LevelDB has a comparator for these, but does not export it.
 */
class InternalKeyComparator : public leveldb::Comparator {
public:
	const char *Name() const override
	{
		return "leveldb.InternalKeyComparator";
	}

	int Compare(const leveldb::Slice &a, const leveldb::Slice &b) const override
	{
		int order = Key(a).compare(Key(b));

		/* The newest version of a key comes first. */
		return order ? order : (Tag(a) < Tag(b)) - (Tag(a) > Tag(b));
	}

	/* What is between two blocks may be any key that is, so it stays as it is. */
	void FindShortestSeparator(std::string *, const leveldb::Slice &) const override {}
	void FindShortSuccessor(std::string *) const override {}

private:
	static leveldb::Slice Key(const leveldb::Slice &internal)
	{
		return leveldb::Slice(internal.data(), internal.size() - kTagSize);
	}

	static uint64_t Tag(const leveldb::Slice &internal)
	{
		uint64_t tag = 0;

		for (size_t i = 1; i <= kTagSize; i++)
			tag = tag << 8 | static_cast<unsigned char>(
					internal[internal.size() - i]);
		return tag;
	}
};

std::string InternalKey(const memtable_iterator *it)
{
	uint64_t tag = memtable_tag(memtable_iterator_sequence(it), memtable_iterator_type(it));
	size_t length;
	const char *key = static_cast<const char *>(memtable_iterator_key(it, &length));
	std::string internal(key, length);

	for (size_t i = 0; i < kTagSize; i++, tag >>= 8)
		internal.push_back(static_cast<char>(tag));
	return internal;
}

int Failed(const leveldb::Status &status, char *message, size_t size)
{
	if (status.ok())
		return 0;
	snprintf(message, size, "%s", status.ToString().c_str());
	/* Its statuses tell this in their text alone. */
	return status.ToString().find("No space left") != std::string::npos ? -ENOSPC : -EIO;
}

struct Progress {
	memtable_progress call;
	void *argument;
	uint64_t total;
};

int AddAll(leveldb::TableBuilder *builder, memtable_table *table, const Progress &progress,
	   char *message, size_t size)
{
	memtable_iterator *it;
	size_t length;
	int ret;

	ret = memtable_iterator_create(table, MEMTABLE_SCAN_ALL_VERSIONS |
				       MEMTABLE_SCAN_TOMBSTONES, 0, &it);
	if (ret)
		return ret;
	ret = memtable_iterator_seek_to_first(it);
	while (!ret && memtable_iterator_valid(it)) {
		const char *value = static_cast<const char *>(
				memtable_iterator_value(it, &length));

		builder->Add(InternalKey(it), leveldb::Slice(value, length));
		ret = Failed(builder->status(), message, size);
		if (progress.call)
			progress.call(progress.argument, builder->NumEntries(), progress.total);
		if (!ret)
			ret = memtable_iterator_next(it);
	}
	memtable_iterator_destroy(it);
	return ret;
}

int Build(leveldb::WritableFile *file, memtable_table *table, const Progress &progress,
	  uint64_t *entries, char *message, size_t size)
{
	InternalKeyComparator comparator;
	leveldb::Options options;
	int ret;

	options.comparator = &comparator;
	leveldb::TableBuilder builder(options, file);
	ret = AddAll(&builder, table, progress, message, size);
	if (ret) {
		builder.Abandon();
		return ret;
	}
	ret = Failed(builder.Finish(), message, size);
	if (!ret)
		ret = Failed(file->Sync(), message, size);
	if (!ret)
		ret = Failed(file->Close(), message, size);
	if (!ret && entries)
		*entries = builder.NumEntries();
	return ret;
}

int BuildFile(memtable_file *file, memtable_table *table, const Progress &progress,
	      uint64_t *entries, char *message, size_t size)
{
	leveldb::WritableFile *opened = nullptr;
	leveldb::Status status = leveldb::Env::Default()->NewWritableFile(
			memtable_file_temporary(file), &opened);
	std::unique_ptr<leveldb::WritableFile> writable(opened);

	if (!status.ok())
		return Failed(status, message, size);
	return Build(writable.get(), table, progress, entries, message, size);
}

} // namespace

extern "C" int memtable_leveldb_finish(memtable_table *table, const char *path,
				       memtable_progress progress, void *argument,
				       uint64_t *entries, char *message, size_t message_size)
{
	struct memtable_info info;
	memtable_file *file;
	int ret;

	if (message_size)
		message[0] = '\0';
	ret = memtable_table_info(table, &info, sizeof(info));
	if (!ret && info.order != MEMTABLE_ORDER_BYTEWISE)
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = memtable_file_create(path, &file);
	if (ret)
		return ret;
	try {
		ret = BuildFile(file, table, { progress, argument, info.entries }, entries,
				message, message_size);
	} catch (const std::bad_alloc &) {
		ret = -ENOMEM;
	}
	if (ret) {
		memtable_file_discard(file);
		return ret;
	}
	return memtable_file_commit(file);
}
