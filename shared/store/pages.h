/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that a process holds of a store: for who reads all of a large one and stays. */
#ifndef ZTA_STORE_PAGES_H
#define ZTA_STORE_PAGES_H

#include <stdint.h>

#include "shared/store/env.h"

/*
 * Gives back the memory that reading a large store took: its pages in this process, not those in
 * the system's cache. At any time, a view open or not.
 */
void zta_store_drop_pages(const struct zta_store *store);
/* Bytes of files that this process holds in memory, its program and libraries among them. */
uint64_t zta_store_pages_held(void);

#endif
