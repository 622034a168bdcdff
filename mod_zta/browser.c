/* SPDX-License-Identifier: Apache-2.0 */
/* A login counts when our own hook saw the environment empty and that module's hook filled it. */
#include "mod_zta/browser.h"

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <strings.h>

#include "mod_zta/identity/login.h"
#include "mod_zta/present.h"
#include "mod_zta/rules.h"

/* The claims of the ID token as JSON (OIDCPassIDTokenAs payload). */
#define PAYLOAD   "OIDC_id_token_payload"
#define AUTH_TYPE "openid-connect"

bool mod_zta_browser_may_wait(const request_rec *r, const struct mod_zta_request *request,
                              const struct mod_zta_dir *dir)
{
    /* TRACE and "OPTIONS *" are answered before authentication; a subrequest has its main's. */
    return mod_zta_sources_of(dir)->has_openidc && !request->is_login_settled && r->main == NULL &&
           r->method_number != M_TRACE && r->method_number != M_CONNECT && r->uri != NULL &&
           r->uri[0] == '/';
}

void mod_zta_browser_expect(request_rec *r, struct mod_zta_request *request)
{
    if (request->is_awaiting_login) {
        apr_table_unset(r->subprocess_env, PAYLOAD);
        request->login_expected_in = r;
    }
}

void mod_zta_browser_settle(request_rec *r, struct mod_zta_request *request)
{
    request->is_login_settled = true;
}

enum zta_reason mod_zta_browser_identify(request_rec *r, struct mod_zta_request *request,
                                         const struct mod_zta_dir *dir, int64_t now_s,
                                         struct zta_identity *identity)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    const char *payload = apr_table_get(r->subprocess_env, PAYLOAD);
    if (request->login_expected_in != r || r->ap_auth_type == NULL || r->user == NULL ||
        r->user[0] == '\0' || strcasecmp(r->ap_auth_type, AUTH_TYPE) != 0) {
        return ZTA_REASON_NO_CREDENTIAL;
    }
    if (payload == NULL) {
        request->detail = "mod_auth_openidc left no claims; it needs OIDCPassIDTokenAs payload and "
                          "OIDCPassClaimsAs environment";
        return ZTA_REASON_NO_CREDENTIAL;
    }
    if (!mod_zta_present_is_own_origin(r, request)) {
        request->credential.presented = MOD_ZTA_PRESENTED_BAD;
        request->detail = "a login on an unsafe request that no page of this site sent";
        return ZTA_REASON_BAD_REQUEST;
    }
    const struct mod_zta_token_request question = {
        .token = zta_text_of(payload),
        .issuers = accept->issuers,
        .n_issuers = accept->n_issuers,
        .claims = request->rules->claims,
        .n_claims = request->rules->n_claims,
        .now_s = now_s,
    };
    mod_zta_login_judge(&question, apr_palloc(r->pool, ZTA_IDENTITY_SIZE_MAX),
                        ZTA_IDENTITY_SIZE_MAX, identity, &request->token);
    if (request->token.reason != ZTA_REASON_OK) {
        request->detail = request->token.detail;
        return request->token.reason;
    }
    request->leeway_s = request->token.issuer->leeway_s;
    return ZTA_REASON_OK;
}
