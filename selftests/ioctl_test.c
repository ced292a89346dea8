// SPDX-License-Identifier: GPL-2.0
/*
 * memtable tests - the rules that hold for every request: its number, the size
 * of its structure, flags, reserved fields and the structure's address
 */

#include "common.h"

/* An open table, and a valid argument for the request in question. */
struct subject {
	int fd;
	__u64 number;
	/* What the argument points to. */
	struct stream record;
	struct stream key;
	char buffer[4096];
	/* Has room for a structure of a later version. */
	union {
		unsigned char bytes[256];
		struct memtable_info info;
		struct memtable_configure configure;
		struct memtable_add add;
		struct memtable_get get;
		struct memtable_write write;
		struct memtable_read read;
		struct memtable_scan scan;
		struct memtable_number number;
		struct memtable_list list;
		struct memtable_share share;
		struct memtable_pivot pivot;
		struct memtable_split split;
	} argument;
};

/* Makes the valid argument anew, and the registry such that it is one. */
static void subject_prepare(struct subject *const subject,
			    const unsigned long request)
{
	memset(&subject->argument, 0, sizeof(subject->argument));
	switch (request) {
	case MEMTABLE_IOC_CONFIGURE:
		subject->argument.configure.write_buffer_size = 1 << 20;
		break;
	case MEMTABLE_IOC_ADD:
		subject->argument.add = (struct memtable_add){
			STRING(key, "key"),
			STRING(value, "value"),
			.type = MEMTABLE_TYPE_VALUE,
		};
		break;
	case MEMTABLE_IOC_GET:
		subject->argument.get = (struct memtable_get){
			STRING(key, "key"),
			.value = ADDRESS(subject->buffer),
			.value_size = sizeof(subject->buffer),
		};
		break;
	case MEMTABLE_IOC_WRITE:
		subject->argument.write = (struct memtable_write){
			.records = ADDRESS(subject->record.data),
			.length = subject->record.length,
		};
		break;
	case MEMTABLE_IOC_READ:
		subject->argument.read = (struct memtable_read){
			.keys = ADDRESS(subject->key.data),
			.keys_length = subject->key.length,
			.records = ADDRESS(subject->buffer),
			.records_size = sizeof(subject->buffer),
		};
		break;
	case MEMTABLE_IOC_SCAN:
		subject->argument.scan = (struct memtable_scan){
			.records = ADDRESS(subject->buffer),
			.records_size = sizeof(subject->buffer),
		};
		break;
	case MEMTABLE_IOC_PUBLISH:
	case MEMTABLE_IOC_ROTATE:
		table_drop(subject->fd, subject->number);
		subject->argument.number.number = subject->number;
		break;
	case MEMTABLE_IOC_ATTACH:
	case MEMTABLE_IOC_DROP:
		table_publish(subject->fd, subject->number);
		subject->argument.number.number = subject->number;
		break;
	case MEMTABLE_IOC_LIST:
		subject->argument.list = (struct memtable_list){
			.start = subject->number,
			.entries = ADDRESS(subject->buffer),
			.entry_size = sizeof(struct memtable_list_entry),
			.capacity = 8,
		};
		break;
	case MEMTABLE_IOC_PIVOT:
		subject->argument.pivot = (struct memtable_pivot){
			.key = ADDRESS(subject->buffer),
			.key_size = sizeof(subject->buffer),
		};
		break;
	case MEMTABLE_IOC_SPLIT:
		subject->argument.split = (struct memtable_split){
			STRING(pivot, "z"),
		};
		break;
	}
}

/*
 * Makes the request with @argument, and closes the descriptor that it may
 * return.
 */
static int subject_request(const unsigned long request_number, const int fd,
			   void *const argument)
{
	const int ret = request(fd, request_number, argument);
	struct memtable_share share;
	struct memtable_split split;

	if (ret)
		return ret;
	switch (_IOC_NR(request_number)) {
	case _IOC_NR(MEMTABLE_IOC_SHARE):
		memcpy(&share, argument, sizeof(share));
		return close(share.fd);
	case _IOC_NR(MEMTABLE_IOC_SPLIT):
		memcpy(&split, argument, sizeof(split));
		return close(split.fd);
	}
	return 0;
}

static void subject_open(struct subject *const subject,
			 const unsigned long request)
{
	subject->fd = table_open();
	if (subject->fd < 0)
		return;
	subject->number = number_new();
	stream_put(&subject->record, 0, "key", "value");
	stream_put(&subject->key, 0, "key", NULL);
	/* Only an empty table is configured, only a full one answers. */
	if (request != MEMTABLE_IOC_CONFIGURE)
		table_write(subject->fd, &subject->record);
	subject_prepare(subject, request);
}

static void subject_close(struct subject *const subject)
{
	table_drop(subject->fd, subject->number);
	stream_free(&subject->record);
	stream_free(&subject->key);
	close(subject->fd);
}

FIXTURE(request)
{
	struct subject subject;
};

FIXTURE_VARIANT(request)
{
	unsigned long request;
	/* What the device must have been opened for. */
	bool reads;
	bool writes;
};

FIXTURE_VARIANT_ADD(request, info)
{
	.request = MEMTABLE_IOC_INFO,
};

FIXTURE_VARIANT_ADD(request, configure)
{
	.request = MEMTABLE_IOC_CONFIGURE,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, add)
{
	.request = MEMTABLE_IOC_ADD,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, get)
{
	.request = MEMTABLE_IOC_GET,
	.reads = true,
};

FIXTURE_VARIANT_ADD(request, write)
{
	.request = MEMTABLE_IOC_WRITE,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, read)
{
	.request = MEMTABLE_IOC_READ,
	.reads = true,
};

FIXTURE_VARIANT_ADD(request, scan)
{
	.request = MEMTABLE_IOC_SCAN,
	.reads = true,
};

FIXTURE_VARIANT_ADD(request, publish)
{
	.request = MEMTABLE_IOC_PUBLISH,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, attach)
{
	.request = MEMTABLE_IOC_ATTACH,
};

FIXTURE_VARIANT_ADD(request, list)
{
	.request = MEMTABLE_IOC_LIST,
};

FIXTURE_VARIANT_ADD(request, drop)
{
	.request = MEMTABLE_IOC_DROP,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, rotate)
{
	.request = MEMTABLE_IOC_ROTATE,
	.writes = true,
};

FIXTURE_VARIANT_ADD(request, share)
{
	.request = MEMTABLE_IOC_SHARE,
	.reads = true,
};

FIXTURE_VARIANT_ADD(request, pivot)
{
	.request = MEMTABLE_IOC_PIVOT,
	.reads = true,
};

FIXTURE_VARIANT_ADD(request, split)
{
	.request = MEMTABLE_IOC_SPLIT,
	.reads = true,
	.writes = true,
};

FIXTURE_SETUP(request)
{
	subject_open(&self->subject, variant->request);
	ASSERT_LE(0, self->subject.fd);
}

FIXTURE_TEARDOWN(request)
{
	subject_close(&self->subject);
}

/* The same request with a structure of another size. */
static unsigned long request_sized(const unsigned long request,
				   const size_t size)
{
	return _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request),
		    size);
}

/* Whether the request writes results into its structure. */
static bool request_writes(const unsigned long request)
{
	return _IOC_DIR(request) & _IOC_READ;
}

/* The valid argument that the other tests spoil is valid. */
TEST_F(request, valid)
{
	EXPECT_EQ(0, subject_request(variant->request, self->subject.fd,
				     &self->subject.argument));
}

/* A request needs an open file that may do what it does. */
TEST_F(request, access_mode)
{
	struct subject *const subject = &self->subject;

	for (unsigned int i = 0; i < 2; i++) {
		const bool reads = i == 0;
		const bool may = reads ? !variant->writes : !variant->reads;
		const int fd = open(DEVICE_PATH, (reads ? O_RDONLY : O_WRONLY) |
							 O_CLOEXEC);
		int expected = may ? 0 : -EBADF;

		ASSERT_LE(0, fd);
		subject_prepare(subject, variant->request);
		/* A full descriptor cannot be made of less, though. */
		if (variant->request == MEMTABLE_IOC_SHARE)
			subject->argument.share.flags =
				MEMTABLE_SHARE_READ_ONLY;
		/* And this table is empty. */
		if (may && (variant->request == MEMTABLE_IOC_GET ||
			    variant->request == MEMTABLE_IOC_PIVOT))
			expected = -ENOENT;
		EXPECT_EQ(expected, subject_request(variant->request, fd,
						    &subject->argument));
		EXPECT_EQ(0, close(fd));
	}
}

/* The structure may lie at any address. */
TEST_F(request, unaligned)
{
	struct subject *const subject = &self->subject;
	const size_t size = _IOC_SIZE(variant->request);
	char *const buffer = checked(malloc(size + 8));

	for (size_t shift = 1; shift < 8; shift++) {
		subject_prepare(subject, variant->request);
		memcpy(buffer + shift, &subject->argument, size);
		EXPECT_EQ(0, subject_request(variant->request, subject->fd,
					     buffer + shift));
	}
	free(buffer);
}

/* A request with another direction is another request. */
TEST_F(request, wrong_direction)
{
	struct subject *const subject = &self->subject;

	for (unsigned int direction = 0; direction < 4; direction++) {
		if (direction == _IOC_DIR(variant->request))
			continue;
		EXPECT_EQ(-ENOTTY,
			  request(subject->fd,
				  _IOC(direction, MEMTABLE_IOC_MAGIC,
				       _IOC_NR(variant->request),
				       _IOC_SIZE(variant->request)),
				  &subject->argument));
	}
}

/* A structure smaller than its first version is refused. */
TEST_F(request, smaller)
{
	struct subject *const subject = &self->subject;
	struct image image = table_image(subject->fd);

	for (size_t size = 0; size < _IOC_SIZE(variant->request); size++) {
		EXPECT_EQ(-EINVAL,
			  request(subject->fd,
				  request_sized(variant->request, size),
				  &subject->argument))
		{
			TH_LOG("Size %zu", size);
		}
	}
	EXPECT_TRUE(table_unchanged(subject->fd, &image));
}

/* A structure with fields that the kernel does not know works if they are zero. */
TEST_F(request, larger)
{
	struct subject *const subject = &self->subject;
	const size_t known = _IOC_SIZE(variant->request);

	for (size_t tail = 1; tail <= 64; tail++) {
		subject_prepare(subject, variant->request);
		EXPECT_EQ(0, subject_request(request_sized(variant->request,
							   known + tail),
					     subject->fd, &subject->argument));
		EXPECT_TRUE(all_bytes(subject->argument.bytes + known, tail,
				      0));
	}
}

/* An unknown field that is not zero is refused, and nothing is done. */
TEST_F(request, larger_not_zero)
{
	struct subject *const subject = &self->subject;
	const size_t known = _IOC_SIZE(variant->request);
	struct image image = table_image(subject->fd);

	/* All that INFO has is results: what they were is ignored. */
	if (variant->request == MEMTABLE_IOC_INFO) {
		memset(&subject->argument, CANARY, sizeof(subject->argument));
		EXPECT_EQ(0, request(subject->fd,
				     request_sized(variant->request, known + 8),
				     &subject->argument));
		EXPECT_TRUE(all_bytes(subject->argument.bytes + known, 8, 0));
		EXPECT_TRUE(all_bytes(subject->argument.bytes + known + 8, 8,
				      CANARY));
		return;
	}
	for (size_t tail = 0; tail < 64; tail++) {
		subject->argument.bytes[known + tail] = 1;
		EXPECT_EQ(-E2BIG, request(subject->fd,
					  request_sized(variant->request,
							known + 64),
					  &subject->argument));
		subject->argument.bytes[known + tail] = 0;
	}
	EXPECT_TRUE(table_unchanged(subject->fd, &image));
}

/* Nothing behind the structure is read or written. */
TEST_F(request, page_end)
{
	struct subject *const subject = &self->subject;
	const size_t size = _IOC_SIZE(variant->request);

	EXPECT_EQ(0, subject_request(variant->request, subject->fd,
				     guarded_copy(&subject->argument, size)));
}

/* The number that the next descriptor would have. */
static int descriptor_next(void)
{
	const int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

/* A structure that cannot be read, or only its beginning, is a bad pointer. */
TEST_F(request, bad_pointer)
{
	struct subject *const subject = &self->subject;
	const size_t size = _IOC_SIZE(variant->request);
	char *const end = (char *)guarded(size) + size;
	struct image image = table_image(subject->fd);

	EXPECT_EQ(-EFAULT, request(subject->fd, variant->request, NULL));
	EXPECT_EQ(-EFAULT, request(subject->fd, variant->request,
				   (void *)-4096L));
	for (size_t missing = 1; missing <= size; missing++) {
		char *const start = end - (size - missing);

		memcpy(start, &subject->argument, size - missing);
		EXPECT_EQ(-EFAULT, request(subject->fd, variant->request,
					   start));
	}
	EXPECT_TRUE(table_unchanged(subject->fd, &image));
}

/* A structure in read-only memory does for a request without results. */
TEST_F(request, read_only)
{
	struct subject *const subject = &self->subject;
	const size_t size = _IOC_SIZE(variant->request);
	char *const copy = read_only_copy(&subject->argument, size);
	struct image image = table_image(subject->fd);
	const int next = descriptor_next();

	if (request_writes(variant->request)) {
		EXPECT_EQ(-EFAULT,
			  request(subject->fd, variant->request, copy));
		EXPECT_TRUE(table_unchanged(subject->fd, &image));
	} else {
		EXPECT_EQ(0, request(subject->fd, variant->request, copy));
	}
	EXPECT_EQ(0, memcmp(&subject->argument, copy, size));
	EXPECT_EQ(next, descriptor_next());
}

FIXTURE(field)
{
	struct subject subject;
};

FIXTURE_VARIANT(field)
{
	unsigned long request;
	size_t offset;
	unsigned int known;
};

FIXTURE_VARIANT_ADD(field, configure_flags)
{
	.request = MEMTABLE_IOC_CONFIGURE,
	.offset = offsetof(struct memtable_configure, flags),
};

FIXTURE_VARIANT_ADD(field, configure_reserved)
{
	.request = MEMTABLE_IOC_CONFIGURE,
	.offset = offsetof(struct memtable_configure, reserved),
};

FIXTURE_VARIANT_ADD(field, add_flags)
{
	.request = MEMTABLE_IOC_ADD,
	.offset = offsetof(struct memtable_add, flags),
	.known = MEMTABLE_ADD_IF_ABSENT | MEMTABLE_ADD_IF_SEQUENCE,
};

FIXTURE_VARIANT_ADD(field, add_expected)
{
	.request = MEMTABLE_IOC_ADD,
	.offset = offsetof(struct memtable_add, expected),
};

FIXTURE_VARIANT_ADD(field, get_flags)
{
	.request = MEMTABLE_IOC_GET,
	.offset = offsetof(struct memtable_get, flags),
};

FIXTURE_VARIANT_ADD(field, write_flags)
{
	.request = MEMTABLE_IOC_WRITE,
	.offset = offsetof(struct memtable_write, flags),
};

FIXTURE_VARIANT_ADD(field, read_flags)
{
	.request = MEMTABLE_IOC_READ,
	.offset = offsetof(struct memtable_read, flags),
};

FIXTURE_VARIANT_ADD(field, read_reserved)
{
	.request = MEMTABLE_IOC_READ,
	.offset = offsetof(struct memtable_read, reserved),
};

FIXTURE_VARIANT_ADD(field, scan_flags)
{
	.request = MEMTABLE_IOC_SCAN,
	.offset = offsetof(struct memtable_scan, flags),
	.known = MEMTABLE_SCAN_REVERSE | MEMTABLE_SCAN_START |
		 MEMTABLE_SCAN_START_EXCLUSIVE | MEMTABLE_SCAN_END |
		 MEMTABLE_SCAN_END_EXCLUSIVE | MEMTABLE_SCAN_KEYS_ONLY |
		 MEMTABLE_SCAN_ALL_VERSIONS | MEMTABLE_SCAN_TOMBSTONES,
};

FIXTURE_VARIANT_ADD(field, publish_flags)
{
	.request = MEMTABLE_IOC_PUBLISH,
	.offset = offsetof(struct memtable_number, flags),
};

FIXTURE_VARIANT_ADD(field, publish_reserved)
{
	.request = MEMTABLE_IOC_PUBLISH,
	.offset = offsetof(struct memtable_number, reserved),
};

FIXTURE_VARIANT_ADD(field, attach_flags)
{
	.request = MEMTABLE_IOC_ATTACH,
	.offset = offsetof(struct memtable_number, flags),
};

FIXTURE_VARIANT_ADD(field, attach_reserved)
{
	.request = MEMTABLE_IOC_ATTACH,
	.offset = offsetof(struct memtable_number, reserved),
};

FIXTURE_VARIANT_ADD(field, drop_flags)
{
	.request = MEMTABLE_IOC_DROP,
	.offset = offsetof(struct memtable_number, flags),
};

FIXTURE_VARIANT_ADD(field, drop_reserved)
{
	.request = MEMTABLE_IOC_DROP,
	.offset = offsetof(struct memtable_number, reserved),
};

FIXTURE_VARIANT_ADD(field, list_flags)
{
	.request = MEMTABLE_IOC_LIST,
	.offset = offsetof(struct memtable_list, flags),
};

FIXTURE_VARIANT_ADD(field, rotate_flags)
{
	.request = MEMTABLE_IOC_ROTATE,
	.offset = offsetof(struct memtable_number, flags),
};

FIXTURE_VARIANT_ADD(field, rotate_reserved)
{
	.request = MEMTABLE_IOC_ROTATE,
	.offset = offsetof(struct memtable_number, reserved),
};

FIXTURE_VARIANT_ADD(field, share_flags)
{
	.request = MEMTABLE_IOC_SHARE,
	.offset = offsetof(struct memtable_share, flags),
	.known = MEMTABLE_SHARE_READ_ONLY,
};

FIXTURE_VARIANT_ADD(field, pivot_flags)
{
	.request = MEMTABLE_IOC_PIVOT,
	.offset = offsetof(struct memtable_pivot, flags),
};

FIXTURE_VARIANT_ADD(field, pivot_reserved)
{
	.request = MEMTABLE_IOC_PIVOT,
	.offset = offsetof(struct memtable_pivot, reserved),
};

FIXTURE_VARIANT_ADD(field, split_flags)
{
	.request = MEMTABLE_IOC_SPLIT,
	.offset = offsetof(struct memtable_split, flags),
	.known = MEMTABLE_SPLIT_HALF | MEMTABLE_SPLIT_PUBLISH,
};

FIXTURE_VARIANT_ADD(field, split_number)
{
	.request = MEMTABLE_IOC_SPLIT,
	.offset = offsetof(struct memtable_split, number),
};

FIXTURE_VARIANT_ADD(field, split_reserved)
{
	.request = MEMTABLE_IOC_SPLIT,
	.offset = offsetof(struct memtable_split, reserved),
};

FIXTURE_SETUP(field)
{
	subject_open(&self->subject, variant->request);
	ASSERT_LE(0, self->subject.fd);
}

FIXTURE_TEARDOWN(field)
{
	subject_close(&self->subject);
}

/* A bit without a meaning is refused; table and structure are left alone. */
TEST_F(field, unknown_bit)
{
	struct subject *const subject = &self->subject;
	struct image image = table_image(subject->fd);
	unsigned char before[sizeof(subject->argument)];

	for (unsigned int bit = 0; bit < 32; bit++) {
		const __u32 value = 1U << bit;

		if (variant->known & value)
			continue;
		memcpy(subject->argument.bytes + variant->offset, &value,
		       sizeof(value));
		memcpy(before, &subject->argument, sizeof(before));
		EXPECT_EQ(-EINVAL, request(subject->fd, variant->request,
					   &subject->argument))
		{
			TH_LOG("Bit %u", bit);
		}
		EXPECT_EQ(0,
			  memcmp(before, &subject->argument, sizeof(before)));
	}
	EXPECT_TRUE(table_unchanged(subject->fd, &image));
}

FIXTURE(device)
{
	int fd;
};

FIXTURE_SETUP(device)
{
	self->fd = table_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	EXPECT_EQ(0, close(self->fd));
}

/* A number that means nothing is no request, whatever its direction and size. */
TEST_F(device, unknown_number)
{
	char argument[64] = {};

	for (unsigned int number = 128; number < 256; number++) {
		for (unsigned int direction = 0; direction < 4; direction++) {
			EXPECT_EQ(-ENOTTY,
				  request(self->fd,
					  _IOC(direction, MEMTABLE_IOC_MAGIC,
					       number, 0),
					  argument));
			EXPECT_EQ(-ENOTTY,
				  request(self->fd,
					  _IOC(direction, MEMTABLE_IOC_MAGIC,
					       number, sizeof(argument)),
					  argument));
		}
	}
}

/* A known number of another type is no request. */
TEST_F(device, unknown_type)
{
	struct memtable_info info;

	EXPECT_EQ(-ENOTTY,
		  request(self->fd, _IOR(MEMTABLE_IOC_MAGIC - 1, 0,
					 struct memtable_info), &info));
	EXPECT_EQ(-ENOTTY,
		  request(self->fd, _IOR(MEMTABLE_IOC_MAGIC + 1, 0,
					 struct memtable_info), &info));
}

/* Sealing needs an open file that may write. */
TEST_F(device, seal_access_mode)
{
	const int fd = open(DEVICE_PATH, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, table_seal(fd));
	EXPECT_EQ(0, table_info(fd).state);
	EXPECT_EQ(0, close(fd));
}

/* SEAL, which has no structure, goes by one number only. */
TEST_F(device, seal_direction)
{
	char argument[64] = {};

	for (unsigned int direction = 1; direction < 4; direction++) {
		EXPECT_EQ(-ENOTTY,
			  request(self->fd, _IOC(direction, MEMTABLE_IOC_MAGIC,
						 _IOC_NR(MEMTABLE_IOC_SEAL), 8),
				  argument));
	}
	EXPECT_EQ(0, table_info(self->fd).state);
}

TEST_HARNESS_MAIN
