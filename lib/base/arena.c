#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"

#define BLOCK_MIN (32 << 10)
#define KEEP_MAX (256 << 10) /* octets of a block that a reset keeps */

struct arena_block {
	struct arena_block *next;
	size_t size; /* octets that it holds */
	size_t used;
	max_align_t octets[];
};

/* A block with room for len octets in front of the others. */
static void
grow(struct arena *arena, size_t len)
{
	size_t size = BLOCK_MIN;
	struct arena_block *block;

	/* what is large grows by more, so that there are few blocks */
	if (arena->blocks != NULL && arena->blocks->size < KEEP_MAX)
		size = 2 * arena->blocks->size;
	else if (arena->blocks != NULL)
		size = KEEP_MAX;
	if (size < len)
		size = len;
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		fatal("out of memory");
	block->next = arena->blocks;
	block->size = size;
	block->used = 0;
	arena->blocks = block;
}

void *
arena_alloc(struct arena *arena, size_t len)
{
	const size_t unit = alignof(max_align_t);
	struct arena_block *block;
	char *p;

	if (len > SIZE_MAX / 2)
		fatal("out of memory");
	len = (len + unit - 1) / unit * unit;
	if (arena->blocks == NULL ||
	    arena->blocks->size - arena->blocks->used < len)
		grow(arena, len);
	block = arena->blocks;
	p = (char *)block->octets + block->used;
	block->used += len;
	arena->total += len;
	return memset(p, 0, len);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 2 / size)
		fatal("out of memory");
	return arena_alloc(arena, count * size);
}

struct span
arena_copy(struct arena *arena, struct span span)
{
	char *p = arena_alloc(arena, span.len + 1);

	if (span.len > 0)
		memcpy(p, span.p, span.len);
	return (struct span){p, span.len};
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		/* the last one is the first that was made, and the smallest */
		if (next == NULL && block->size <= KEEP_MAX) {
			block->used = 0;
			break;
		}
		free(block);
	}
	arena->blocks = block;
	arena->total = 0;
}

void
arena_free(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){0};
}
