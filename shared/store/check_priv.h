/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of one environment's file, looked at in a contained process. */
#ifndef ZTA_STORE_CHECK_PRIV_H
#define ZTA_STORE_CHECK_PRIV_H

#include <stdbool.h>

#include "shared/store/env_priv.h"

struct zta_contents {
    enum zta_env_id env;
    bool is_deep;
    const char *file; /* NULL: the store's own, with LMDB's locks; else a copy nobody has open */
    uint8_t origin[ZTA_STORE_ORIGIN_SIZE]; /* found */
};

/* Version record, and when deep every record of every table. dir_fd is the environment's folder,
 * uid and gid own its files. */
enum zta_status zta_contents_check(int dir_fd, uid_t uid, gid_t gid, struct zta_contents *contents,
                                   struct zta_error *error) ZTA_MUST_CHECK;

#endif
