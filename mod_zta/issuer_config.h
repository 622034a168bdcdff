/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An <ZTAIssuer> section. In the configuration pool, immutable while requests run, but for
 * `place`.
 */
#ifndef MOD_ZTA_ISSUER_CONFIG_H
#define MOD_ZTA_ISSUER_CONFIG_H

#include <apr_tables.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/introspection.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/keyring.h"
#include "shared/live/issuers.h"

/* An issuer while it is configured: what the identity layer gets, and where its keys stand. */
struct mod_zta_issuer_config {
    struct mod_zta_issuer issuer;
    apr_array_header_t *audiences;      /* struct zta_text */
    apr_array_header_t *logout_clients; /* struct zta_text; NULL: its logout tokens are not taken */

    const char *keys;      /* ZTAKeys as written; NULL: none, its tokens are introspected */
    const char *keys_file; /* NULL: they are fetched */
    /* Of the file; after a failed graceful restart the retained copy. NULL: none that is good. */
    const char *keys_text;
    bool is_accepted; /* in some governed place */
    int64_t stale_s;  /* of fetched keys; MOD_ZTA_UNSET until set */
    uint64_t source;  /* mod_zta_issuer_source */
    /* Last good keys of a file, or none, serve since a restart: what was wrong; else NULL. */
    const char *alert;

    struct mod_zta_introspection
        introspection; /* of ZTAIntrospect; counts if issuer points to it */

    struct zta_issuer_place place; /* in a child, of fetched keys; id 0: none */
};

#endif
