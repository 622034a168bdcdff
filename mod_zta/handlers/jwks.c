/* SPDX-License-Identifier: Apache-2.0 */
/* The set was written when the configuration was read. */
#include "mod_zta/handlers/jwks.h"

#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include "mod_zta/assertion.h"
#include "mod_zta/config.h"

/* A new key is published for as long before it signs; operations.md says so. */
#define CACHE_CONTROL "public, max-age=300"

int mod_zta_jwks_handle(request_rec *r)
{
    const struct mod_zta_assertion_config *config = mod_zta_global()->assertion;
    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    int status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    if (config == NULL || config->signer == NULL) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    ap_set_content_type(r, "application/jwk-set+json");
    ap_set_content_length(r, (apr_off_t)config->jwks.len);
    apr_table_setn(r->headers_out, "Cache-Control", CACHE_CONTROL);
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (!r->header_only) {
        ap_rwrite(config->jwks.data, (int)config->jwks.len, r);
    }
    return OK;
}
