/* SPDX-License-Identifier: Apache-2.0 */
/* A shelf for each processor; threads that move on only find a colder one. */
#include "mod_zta/block.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define N_SHELVES  64
#define KEPT_BELOW 32 /* blocks of a shelf; further ones are given back to the system */

struct shelf {
    _Alignas(128) pthread_mutex_t lock; /* no two in one cache line, nor in a pair of them */
    unsigned n;
    void *blocks[KEPT_BELOW];
};

#define SHELF                                                                                      \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .n = 0                                                  \
    }
#define SHELVES_4  SHELF, SHELF, SHELF, SHELF
#define SHELVES_16 SHELVES_4, SHELVES_4, SHELVES_4, SHELVES_4
static struct shelf shelves[N_SHELVES] = {SHELVES_16, SHELVES_16, SHELVES_16, SHELVES_16};

static struct shelf *shelf_here(void)
{
    return &shelves[(unsigned)sched_getcpu() % N_SHELVES];
}

static apr_status_t give_back(void *block)
{
    struct shelf *shelf = shelf_here();
    (void)pthread_mutex_lock(&shelf->lock);
    if (shelf->n < KEPT_BELOW) {
        shelf->blocks[shelf->n++] = block;
        block = NULL;
    }
    (void)pthread_mutex_unlock(&shelf->lock);
    free(block);
    return APR_SUCCESS;
}

static apr_status_t free_all(void *unused)
{
    for (size_t i = 0; i < N_SHELVES; i++) {
        struct shelf *shelf = &shelves[i];
        (void)pthread_mutex_lock(&shelf->lock);
        while (shelf->n > 0) {
            free(shelf->blocks[--shelf->n]);
        }
        (void)pthread_mutex_unlock(&shelf->lock);
    }
    return APR_SUCCESS;
}

void mod_zta_block_child_begin(apr_pool_t *pchild)
{
    apr_pool_cleanup_register(pchild, NULL, free_all, apr_pool_cleanup_null);
}

void *mod_zta_block_take(apr_pool_t *pool)
{
    struct shelf *shelf = shelf_here();
    void *block = NULL;
    (void)pthread_mutex_lock(&shelf->lock);
    if (shelf->n > 0) {
        block = shelf->blocks[--shelf->n];
    }
    (void)pthread_mutex_unlock(&shelf->lock);
    block = block != NULL ? block : malloc(MOD_ZTA_BLOCK_SIZE);
    if (block == NULL) {
        return apr_palloc(pool, MOD_ZTA_BLOCK_SIZE);
    }
    apr_pool_cleanup_register(pool, block, give_back, apr_pool_cleanup_null);
    return block;
}
