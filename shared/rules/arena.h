/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed as a whole, and growing arrays to build what ends up in it. One thread. */
#ifndef ZTA_RULES_ARENA_H
#define ZTA_RULES_ARENA_H

#include <stddef.h>

#include "shared/base/bytes.h"

struct zta_arena;

/* NULL when memory is out. */
struct zta_arena *zta_arena_open(void);
/* Accepts NULL, frees everything and nulls. */
void zta_arena_close(struct zta_arena **arena);
/* Zeroed, aligned for any type; NULL when memory is out. size 0 gives a pointer too. */
void *zta_arena_alloc(struct zta_arena *arena, size_t size);

/* Items of one type on the heap. */
struct zta_vector {
    char *items;
    size_t item_size;
    size_t n;
    size_t capacity;
};

/* A zeroed item at the end; NULL when memory is out. Earlier pointers into the vector end here. */
void *zta_vector_push(struct zta_vector *vector);
/* A copy of all items in the arena, and the vector empty again; NULL: no memory, nothing moved. */
void *zta_vector_move(struct zta_vector *vector, struct zta_arena *arena);
void zta_vector_clear(struct zta_vector *vector);

#endif
