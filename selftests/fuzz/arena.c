// SPDX-License-Identifier: GPL-2.0
/*
 * memtable fuzzer - the memory that requests are made with
 */

#include "arena.h"
#include "chance.h"

/* What is between areas. */
#define GAP ((size_t)ARENA_AREA_SIZE)

/*
 * Nothing else is within 4 GiB of this: an address half of which has been
 * changed hits nothing.
 */
#define PLACE (sizeof(void *) == 8 ? 0x200040000000ULL : 0)

#define SIZE ((2 * AREAS + 1) * GAP)

/*
 * All pages are there from the start: where an allocation is made to fail, it
 * shall not be one for them. (With User-Mode Linux that would be the end of the
 * kernel.)
 */
void arena_create(struct arena *arena)
{
	arena->all = checked(mmap((void *)(uintptr_t)PLACE, SIZE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (unsigned int i = 0; i < AREAS; i++)
		arena->areas[i] = checked(mmap(arena->all + (2 * i + 1) * GAP,
					       ARENA_AREA_SIZE, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
					       MAP_POPULATE, -1, 0));
	if (mprotect(arena->areas[AREA_READ_ONLY], ARENA_AREA_SIZE, PROT_READ))
		abort();
}

void arena_destroy(struct arena *arena)
{
	munmap(arena->all, SIZE);
}

void *arena_place(const struct arena *arena, enum area area, size_t length,
		  __u64 *chance)
{
	const size_t room = ARENA_AREA_SIZE - length;
	size_t offset = chance_below(chance, 4096);

	if (chance_below(chance, 4))
		offset &= ~(size_t)7;
	if (offset > room || chance_one_in(chance, 4))
		offset = room;
	return arena->areas[area] + offset;
}

__u64 arena_address(const struct arena *arena, __u64 *chance)
{
	static const __u64 bad[] = {
		0,
		1,
		4095,
		0xffffffff,
		0x7ffffffff000,
		0x800000000000,
		0x8000000000000000,
		0xffff888000000000,
		0xfffffffffffff000,
		~0ULL,
	};
	const __u64 area = ADDRESS(arena->areas[chance_below(chance, AREAS)]);

	switch (chance_below(chance, 4)) {
	case 0:
		return chance_of(chance, bad);
	case 1:
		return area + ARENA_AREA_SIZE - chance_below(chance, 128);
	default:
		return area + chance_below(chance, 8192);
	}
}

void arena_disturb(const struct arena *arena, __u64 *chance)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	if (mprotect(arena->areas[AREA_WINDOW] + chance_below(chance, 3) * page,
		     page, chance_below(chance, 2) ? PROT_READ | PROT_WRITE : PROT_NONE))
		abort();
}
