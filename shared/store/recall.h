/* SPDX-License-Identifier: Apache-2.0 */
/* Lets a process that looks again and again remember what it looked up, and keep its snapshots. */
#ifndef ZTA_STORE_RECALL_H
#define ZTA_STORE_RECALL_H

#include "shared/store/env.h"

/*
 * From now on views remember what they look up (recall_priv.h), as much as so many threads need; in
 * want of memory they look it up each time. Before other threads use the handle.
 */
void zta_store_remember(struct zta_store *store, unsigned n_threads);

/*
 * From now on a handle that is given back keeps its snapshots, which the next view takes over while
 * nothing was committed: that costs it nothing. Pages of a snapshot are not written anew, so a
 * thread has to call zta_store_let_go a few times a second.
 */
void zta_store_keep_snapshots(struct zta_store *store);
/* Gives up what handles that nobody uses keep of snapshots that are no longer the latest. */
void zta_store_let_go(struct zta_store *store);

#endif
