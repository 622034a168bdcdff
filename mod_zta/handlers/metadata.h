/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SetHandler zta-metadata: what clients must know to get tokens (RFC 9728), one document for each
 * Location that takes access tokens, from ZTAOrigin and never from what a request says of itself.
 * Made by the check of the configuration, read by requests.
 */
#ifndef MOD_ZTA_HANDLERS_METADATA_H
#define MOD_ZTA_HANDLERS_METADATA_H

#include <httpd.h>

#include "shared/base/bytes.h"

/* One protected resource of a server. */
struct mod_zta_resource {
    const char *prefix; /* of the Location; "" of the server as a whole */
    const char *url;    /* of its document */
    struct zta_text body;
};

/* NULL, or what is wrong with a section of a server that says SetHandler zta-metadata. */
const char *mod_zta_metadata_check(apr_pool_t *pconf, const server_rec *s);
/* Once rules are compiled and places resolved: makes s's documents. NULL, or what is wrong. */
const char *mod_zta_metadata_collect(apr_pool_t *pconf, const server_rec *main_server,
                                     server_rec *s);

/*
 * The challenge parameter that names the document of the place of `path` (in normal form), with
 * its comma in front; "" when there is none.
 */
const char *mod_zta_metadata_parameter(request_rec *r, const char *path);

/* Answers a request for a place of SetHandler zta-metadata. */
int mod_zta_metadata_handle(request_rec *r);

#endif
