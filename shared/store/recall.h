/* SPDX-License-Identifier: Apache-2.0 */
/* Lets a process that asks the same again and again remember what it looked up in the store. */
#ifndef ZTA_STORE_RECALL_H
#define ZTA_STORE_RECALL_H

#include "shared/store/env.h"

/*
 * From now on views remember what they look up (recall_priv.h), as much as so many threads need; in
 * want of memory they look it up each time. Before other threads use the handle.
 */
void zta_store_remember(struct zta_store *store, unsigned n_threads);

#endif
