/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of memory of one size, each for one request from its begin to its end. The next request on
 * the same processor gets the one that was given back last, most of which is still in its cache;
 * what httpd's pools have for a request, and for a stream of HTTP/2 in particular, was long unused
 * or has never been.
 */
#ifndef MOD_ZTA_BLOCK_H
#define MOD_ZTA_BLOCK_H

#include <apr_pools.h>

#include <stddef.h>

#define MOD_ZTA_BLOCK_SIZE ((size_t)10240)

/* In child_init: what is kept goes with the pool. */
void mod_zta_block_child_begin(apr_pool_t *pchild);
/* Until the pool is cleared; what is in it is what the last request left. */
void *mod_zta_block_take(apr_pool_t *pool);

#endif
