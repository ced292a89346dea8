// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - a request of ioctl(2), with a structure good or bad
 */

#include "ask.h"

/* What is checked around a structure. */
#define MARGIN 32

void ask_change(void *structure, const struct arena *arena, __u64 *chance)
{
	static const __u32 lengths[] = {
		0, 1, 7, 8, 15, 16, 17, 255, 4095, 4096,
		MEMTABLE_MAX_KEY_LENGTH,
		MEMTABLE_MAX_KEY_LENGTH + 1,
		1 << 20,
		MEMTABLE_MAX_VALUE_LENGTH,
		MEMTABLE_MAX_VALUE_LENGTH + 1,
		MEMTABLE_MAX_REQUEST_LENGTH,
		MEMTABLE_MAX_REQUEST_LENGTH + 1,
		0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
	};
	static const __u64 numbers[] = {
		0, 1, 2, 1ULL << 32, (1ULL << 32) - 1, MEMTABLE_MAX_SEQUENCE,
		MEMTABLE_MAX_SEQUENCE + 1, 1ULL << 63, ~0ULL,
	};
	const unsigned int field = chance_below(chance, ASK_SIZE / 8);
	__u64 *const wide = (__u64 *)structure + field;
	__u32 *const narrow = (__u32 *)structure + chance_below(chance, ASK_SIZE / 4);

	switch (chance_below(chance, 4)) {
	case 0:
		*narrow ^= chance_below(chance, 4096);
		break;
	case 1:
		*narrow = chance_of(chance, lengths);
		break;
	case 2:
		*wide = arena_address(arena, chance);
		break;
	default:
		*wide = chance_of(chance, numbers);
		break;
	}
}

/* Another number for a request: of another size, or one that there is not. */
static unsigned long number_change(struct caller *caller, unsigned long number)
{
	static const unsigned int sizes[] = { 0, 1, 8, 100, 4096, 16383 };
	__u64 *const chance = &caller->chance;
	__u32 size = _IOC_SIZE(number);

	if (is_hostile(caller) &&
	    chance_one_in(chance, 4))
		return random_next(chance);
	if (chance_one_in(chance, 4))
		size = chance_of(chance, sizes);
	else
		size = chance_below(chance, 2 * size + 8);
	return _IOC(_IOC_DIR(number), _IOC_TYPE(number), _IOC_NR(number), size);
}

static bool error_in(const int *errors, unsigned int count, long error)
{
	for (unsigned int i = 0; i < count && errors[i]; i++)
		if (error == -errors[i])
			return true;
	return false;
}

static void error_check(const struct caller *caller, const struct form *form,
			long ret, bool exact)
{
	static const int always[] = { EBADF, ENOMEM };
	static const int inexact[] = { EFAULT, E2BIG, EINVAL, ENOTTY };

	if (!ret || error_in(form->errors, ASK_ERRORS, ret) ||
	    error_in(always, ARRAY_SIZE(always), ret) ||
	    (!exact && error_in(inexact, ARRAY_SIZE(inexact), ret)) ||
	    (caller->injected && ret == -EFAULT))
		return;
	caller_fail(caller, "request %#lx: error %ld is not in its description",
		    form->number, -ret);
}

/* Only results have changed, and these only if there are any. */
static void structure_check(const struct caller *caller,
			    const struct form *form, const unsigned char *before,
			    const unsigned char *after, long ret)
{
	const unsigned char *const results = form->results;
	/* It may have come after the fact. */
	const bool told = !ret || ret == -EFAULT ||
			  error_in(form->telling, ARRAY_SIZE(form->telling), ret);

	for (size_t i = 0; i < form->size; i++)
		if ((before[i] ^ after[i]) & (told && results ? ~results[i] : 0xff))
			caller_fail(caller,
				    "request %#lx: byte %zu has become %#x from %#x, result %ld",
				    form->number, i, after[i], before[i], ret);
}

static void margin_check(const struct caller *caller, const struct form *form,
			 const unsigned char *place, size_t size)
{
	if (!all_bytes(place - MARGIN, MARGIN, ARENA_CANARY) ||
	    !all_bytes(place + size, MARGIN, ARENA_CANARY))
		caller_fail(caller, "request %#lx: bytes beside its structure have changed",
			    form->number);
}

long ask(struct caller *caller, const struct form *form, int fd,
	 void *structure, bool *exact)
{
	const bool hostile = is_hostile(caller);
	__u64 *const chance = &caller->chance;
	unsigned long number = form->number;
	unsigned char before[ASK_SIZE] __attribute__((aligned(8)));
	unsigned char *place, *area;
	void *argument;
	size_t size;
	long ret;

	*exact = !caller->disturbed && fd >= 0;
	if (chance_one_in(chance, 40)) {
		number = number_change(caller, number);
		*exact = false;
	}
	size = _IOC_SIZE(number);
	if (size < form->size)
		size = form->size;

	/* At the end of the area there is no room for a margin, or for changes. */
	area = caller->arena.areas[AREA_STRUCTURE];
	if (caller->disturbed || chance_below(chance, 4)) {
		area += MARGIN + chance_below(chance, 64) *
				 (caller->disturbed || chance_below(chance, 4) ? 8 : 1);
		memset(area - MARGIN, ARENA_CANARY, size + 2 * MARGIN);
	} else {
		area += ARENA_AREA_SIZE - size;
		memset(area - MARGIN, ARENA_CANARY, MARGIN);
	}
	place = area;
	memset(place, 0, size);
	memcpy(place, structure, form->size);
	if (size > form->size && chance_one_in(chance, 4))
		place[size - 1] = 1;
	if (hostile && chance_one_in(chance, 3)) {
		memset(before, 0, sizeof(before));
		memcpy(before, place, form->size);
		do {
			ask_change(before, &caller->arena, chance);
		} while (chance_below(chance, 2));
		memcpy(place, before, form->size);
		*exact = false;
	}
	argument = form->size ? place : NULL;
	if (chance_one_in(chance, 80)) {
		argument = (void *)(uintptr_t)arena_address(&caller->arena, chance);
		*exact = false;
	}
	memcpy(before, place, form->size);
	atomic_store(&caller->structure, caller->disturbed ? place : NULL);
	ret = CALL(caller, form->kind, ioctl(fd, number, argument));
	atomic_store(&caller->structure, NULL);

	if (fd < 0 || fd == caller->sockets[0])
		return ret;
	if (number == form->number)
		error_check(caller, form, ret, *exact);
	if (*exact) {
		structure_check(caller, form, before, place, ret);
		if (place + size < caller->arena.areas[AREA_STRUCTURE] + ARENA_AREA_SIZE)
			margin_check(caller, form, place, size);
	}
	memcpy(structure, place, form->size);
	return ret;
}
