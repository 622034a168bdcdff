/* SPDX-License-Identifier: Apache-2.0 */
/* Arena of chunks, and vectors that are moved into it. */
#include "shared/rules/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE = 64 * 1024, /* larger requests get a chunk of their own */
    FIRST_CAPACITY = 16,
};

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

struct zta_arena {
    struct chunk *chunks; /* the first is the one that is being filled */
};

struct zta_arena *zta_arena_open(void)
{
    return calloc(1, sizeof(struct zta_arena));
}

void zta_arena_close(struct zta_arena **arena)
{
    if (!*arena) {
        return;
    }
    for (struct chunk *chunk = (*arena)->chunks; chunk;) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(*arena);
    *arena = NULL;
}

static struct chunk *chunk_add(struct zta_arena *arena, size_t at_least)
{
    size_t size = at_least > CHUNK_SIZE ? at_least : CHUNK_SIZE;
    if (size > SIZE_MAX - sizeof(struct chunk)) {
        return NULL;
    }
    struct chunk *chunk = calloc(1, sizeof *chunk + size);
    if (!chunk) {
        return NULL;
    }
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *zta_arena_alloc(struct zta_arena *arena, size_t size)
{
    const size_t step = alignof(max_align_t);
    if (size > SIZE_MAX - step) {
        return NULL;
    }
    size_t needed = (size + step - 1) / step * step;
    struct chunk *chunk = arena->chunks;
    if (!chunk || needed > chunk->size - chunk->used) {
        chunk = chunk_add(arena, needed);
        if (!chunk) {
            return NULL;
        }
    }
    void *memory = chunk->data + chunk->used;
    chunk->used += needed;
    return memory;
}

void *zta_vector_push(struct zta_vector *vector)
{
    if (vector->n == vector->capacity) {
        size_t capacity = vector->capacity ? 2 * vector->capacity : FIRST_CAPACITY;
        char *items = reallocarray(vector->items, capacity, vector->item_size);
        if (!items) {
            return NULL;
        }
        vector->items = items;
        vector->capacity = capacity;
    }
    char *item = vector->items + vector->n * vector->item_size;
    vector->n++;
    return memset(item, 0, vector->item_size);
}

void *zta_vector_move(struct zta_vector *vector, struct zta_arena *arena)
{
    size_t size = vector->n * vector->item_size;
    void *copy = zta_arena_alloc(arena, size);
    if (!copy) {
        return NULL;
    }
    if (size > 0) {
        memcpy(copy, vector->items, size);
    }
    vector->n = 0;
    return copy;
}

void zta_vector_clear(struct zta_vector *vector)
{
    free(vector->items);
    vector->items = NULL;
    vector->n = 0;
    vector->capacity = 0;
}
