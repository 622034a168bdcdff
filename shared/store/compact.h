/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a stopped store, written anew. */
#ifndef ZTA_STORE_COMPACT_H
#define ZTA_STORE_COMPACT_H

#include <stdint.h>

#include "shared/base/status.h"

/*
 * Writes the data files anew without their free pages and checks them before they take the place of
 * the former ones, of which nothing stays: what was removed is in no file then. httpd must be
 * stopped (ZTA_BUSY names the process that has it open). Needs room on the disk for both meanwhile.
 */
struct zta_compaction {
    uint64_t before[2]; /* bytes that policy/ and state/ take of the disk */
    uint64_t after[2];
};
enum zta_status zta_store_compact(const char *dir, struct zta_compaction *compaction,
                                  struct zta_error *error) ZTA_MUST_CHECK;

#endif
