/* SPDX-License-Identifier: Apache-2.0 */
/* Whose credentials a place accepts (ZTAAccept); part of the configuration. */
#ifndef MOD_ZTA_ACCEPT_H
#define MOD_ZTA_ACCEPT_H

#include <apr_tables.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"

/* ZTAAccept: the names as written, and what the check of the configuration resolved them to. */
struct mod_zta_accept {
    const apr_array_header_t *names;     /* const char * */
    const apr_array_header_t *audiences; /* struct zta_text; empty: the issuers' own */
    const struct mod_zta_issuer **issuers;
    size_t n_issuers;
    bool has_local;      /* API keys */
    bool has_mtls;       /* client certificates */
    uint64_t cache_hash; /* of all its issuers: where bad tokens are remembered */
};

#endif
