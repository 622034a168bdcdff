/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether who sends a bound token has what it is bound to (RFC 9449, RFC 8705): asked with each
 * request, also where the token's identity comes from a cache. A proof is used once for a client's
 * request, whatever redirects, subrequests and second places it leads to.
 */
#ifndef MOD_ZTA_BINDING_H
#define MOD_ZTA_BINDING_H

#include <httpd.h>

#include "mod_zta/request.h"

/* In a child, before threads start: keys of proofs are kept from then on. */
void mod_zta_binding_child_begin(apr_pool_t *pchild);

/*
 * ok, or why this identity may not come like this to this place; then request->detail says what is
 * missing, and request->dpop_error what the challenge says. May be asked for several places.
 */
enum zta_reason mod_zta_binding_check(request_rec *r, struct mod_zta_request *request,
                                      const struct mod_zta_dir *dir,
                                      const struct zta_identity *identity);

/* The nonce for a client's next proof; lives as long as r. */
const char *mod_zta_binding_nonce(const request_rec *r, const struct mod_zta_request *request);

#endif
