/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of a refusal go to err_headers_out, the only table that an error page and an
 * ErrorDocument keep.
 */
#include "mod_zta/enforce.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/binding.h"
#include "mod_zta/child.h"
#include "mod_zta/handlers/metadata.h"
#include "mod_zta/identity/dpop.h"
#include "mod_zta/output/upstream.h"
#include "mod_zta/present.h"
#include "mod_zta/record.h"
#include "mod_zta/step_up.h"
#include "shared/base/clock.h"

APLOG_USE_MODULE(zta);

#define RETRY_UNAVAILABLE_S "5"
#define DIGITS_MAX          20 /* of 64 bits */

/* What a page's script may read of a refusal (Fetch, CORS-safelisted response-header names). */
static const char exposed[] =
    "WWW-Authenticate, DPoP-Nonce, Retry-After, RateLimit, RateLimit-Policy, "
    "X-ZTA-Id, X-Request-Id";

static uint64_t ceil_seconds(int64_t ns)
{
    return ns <= 0 ? 0 : (uint64_t)((ns + ZTA_NS_PER_S - 1) / ZTA_NS_PER_S);
}

/* What is wrong, as the challenge of the DPoP scheme says it (RFC 9449 section 7.1). */
static const char *dpop_error(request_rec *r, const struct mod_zta_request *request,
                              enum zta_reason reason, const char *error)
{
    if (reason == ZTA_REASON_BINDING_FAILED) {
        switch (request->dpop_error) {
        case MOD_ZTA_DPOP_ERROR_PROOF:
            return ", error=\"invalid_dpop_proof\"";
        case MOD_ZTA_DPOP_ERROR_NONCE:
            apr_table_setn(r->err_headers_out, "DPoP-Nonce", mod_zta_binding_nonce(r, request));
            return ", error=\"use_dpop_nonce\"";
        case MOD_ZTA_DPOP_ERROR_TOKEN:
            break;
        }
    }
    return error;
}

static void add_challenge(request_rec *r, const char *scheme, const char *realm, const char *error)
{
    apr_table_addn(r->err_headers_out, "WWW-Authenticate",
                   apr_pstrcat(r->pool, scheme, " realm=\"", realm, "\"", error, NULL));
}

/* Whose challenges; those of our own making tell a person what is missing. */
enum scheme {
    SCHEME_AUTHORIZATION = 0, /* Bearer, DPoP */
    SCHEME_APIKEY,
    SCHEME_CERTIFICATE,
    SCHEME_LOGIN,
};
static const char *const schemes[] = {
    [SCHEME_APIKEY] = "ApiKey",
    [SCHEME_CERTIFICATE] = "ClientCertificate",
    [SCHEME_LOGIN] = "OpenIDConnect",
};

/* Whose challenge an error belongs to. */
static enum scheme scheme_used(const struct mod_zta_request *request)
{
    if (request->credential.place != MOD_ZTA_PLACE_NONE) {
        return request->credential.place == MOD_ZTA_PLACE_APIKEY ? SCHEME_APIKEY
                                                                 : SCHEME_AUTHORIZATION;
    }
    return request->login_expected_in != NULL ? SCHEME_LOGIN : SCHEME_CERTIFICATE;
}

/* A token that only a certificate binds is a Bearer token (RFC 8705 section 3). */
static bool is_bound_by_certificate(const struct mod_zta_request *request)
{
    return request->seen != NULL && zta_text_is_absent(request->seen->jkt) &&
           !zta_text_is_absent(request->seen->x5t_s256);
}

/*
 * Bearer, DPoP or both. What is wrong with a bound token is said by the scheme it belongs to; of
 * what is malformed nobody knows which was meant.
 */
static void add_authorization_challenges(request_rec *r, const struct mod_zta_request *request,
                                         enum zta_reason reason, const char *realm,
                                         const char *error)
{
    const int dpop = request->dir->dpop == MOD_ZTA_UNSET ? MOD_ZTA_DPOP_OFF : request->dir->dpop;
    const bool is_bad = request->credential.presented == MOD_ZTA_PRESENTED_BAD;
    const bool is_dpop = request->credential.presented == MOD_ZTA_PRESENTED_DPOP ||
                         (reason == ZTA_REASON_BINDING_FAILED && !is_bound_by_certificate(request));
    const char *metadata = mod_zta_metadata_parameter(r, request->path);
    if ((dpop & MOD_ZTA_DPOP_REQUIRED) == 0) {
        const bool is_said = is_bad || !is_dpop || dpop == MOD_ZTA_DPOP_OFF;
        add_challenge(r, "Bearer", realm,
                      apr_pstrcat(r->pool, is_said ? error : "", metadata, NULL));
    }
    if (dpop != MOD_ZTA_DPOP_OFF) {
        const bool is_said = is_bad || is_dpop || (dpop & MOD_ZTA_DPOP_REQUIRED) != 0;
        add_challenge(r, "DPoP", realm,
                      apr_pstrcat(r->pool, is_said ? dpop_error(r, request, reason, error) : "",
                                  ", algs=\"" MOD_ZTA_DPOP_ALGS "\"", metadata, NULL));
    }
}

/*
 * One challenge for each kind of credential that would open this place; what is wrong stands in the
 * one whose scheme was used (RFC 6750 section 3, RFC 9110 section 11.6.1).
 */
static void add_challenges(request_rec *r, const struct mod_zta_request *request,
                           const struct zta_decision *decision)
{
    const struct mod_zta_dir *dir = request->dir;
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(dir);
    /* Never the client's Host, which ap_get_server_name() gives where names are not canonical. */
    const char *realm = dir->realm != NULL ? dir->realm : r->server->server_hostname;
    const char *code = zta_reason_oauth_error(decision->verdict.reason);
    const char *error = "";

    if (code != NULL) {
        error = apr_psprintf(r->pool, ", error=\"%s\"", code);
    }
    if (decision->verdict.reason == ZTA_REASON_INSUFFICIENT_SCOPE && decision->scope[0] != '\0') {
        error = apr_psprintf(r->pool, "%s, scope=\"%s\"", error, decision->scope);
    }
    if (decision->verdict.reason == ZTA_REASON_STEP_UP_REQUIRED) {
        error = apr_pstrcat(r->pool, error,
                            mod_zta_step_up_parameters(r, request, &decision->step_up), NULL);
    }
    enum scheme used = scheme_used(request);
    if (sources->has_authorization || sources->has_query || sources->cookie != NULL) {
        add_authorization_challenges(r, request, decision->verdict.reason, realm,
                                     used == SCHEME_AUTHORIZATION ? error : "");
    }
    const bool asks_for[] = {
        [SCHEME_APIKEY] = sources->apikey_header != NULL,
        [SCHEME_CERTIFICATE] = sources->has_mtls,
        [SCHEME_LOGIN] = sources->has_openidc,
    };
    for (size_t i = SCHEME_APIKEY; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (asks_for[i]) {
            add_challenge(r, schemes[i], realm, i == used ? error : "");
        }
    }
}

/* Without printf, which would cost every answer more than its judgement by ten rules. */
static char *append_parameter(char *to, const char key[3], uint64_t value)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(to, key, 3);
    memcpy(to + 3, digits + at, sizeof(digits) - at);
    return to + 3 + sizeof(digits) - at;
}

/* RateLimit fields (draft-ietf-httpapi-ratelimit-headers): the tightest limit that was charged. */
static void set_rate_limit(request_rec *r, const struct mod_zta_told_limit *told)
{
    char field[ZTA_NAME_MAX + 2 * (DIGITS_MAX + 3) + 2];
    if (!told->is_set) {
        return;
    }
    const size_t len = strlen(told->name); /* ZTA_NAME_MAX at most */
    field[0] = '"';
    memcpy(field + 1, told->name, len);
    field[len + 1] = '"';
    char *named = field + len + 2; /* both begin with the name */
    char *end = append_parameter(named, ";q=", told->count);
    end = append_parameter(end, ";w=", told->window_s);
    apr_table_setn(r->err_headers_out, "RateLimit-Policy",
                   apr_pstrmemdup(r->pool, field, (apr_size_t)(end - field)));
    end = append_parameter(named, ";r=", told->state.remaining);
    end = append_parameter(
        end, ";t=",
        ceil_seconds(told->state.is_refused ? told->state.retry_after_ns : told->state.reset_ns));
    apr_table_setn(r->err_headers_out, "RateLimit",
                   apr_pstrmemdup(r->pool, field, (apr_size_t)(end - field)));
}

static void set_id(request_rec *r, const struct mod_zta_request *request)
{
    apr_table_setn(r->err_headers_out, "X-ZTA-Id", request->id_text);
    apr_table_setn(r->err_headers_out, "X-Request-Id",
                   request->parent_id != NULL ? request->parent_id : request->id_text);
}

static void set_refusal_headers(request_rec *r, const struct mod_zta_request *request,
                                const struct zta_decision *decision, int status)
{
    set_id(r, request);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    if (apr_table_get(r->headers_in, "Origin") != NULL) {
        apr_table_setn(r->err_headers_out, "Access-Control-Expose-Headers", exposed);
    }
    if (status == HTTP_UNAUTHORIZED || decision->verdict.reason == ZTA_REASON_INSUFFICIENT_SCOPE ||
        request->credential.presented == MOD_ZTA_PRESENTED_BAD) {
        add_challenges(r, request, decision);
    }
    if (status == HTTP_TOO_MANY_REQUESTS) {
        uint64_t retry_s = ceil_seconds(request->told.state.retry_after_ns);
        set_rate_limit(r, &request->told);
        apr_table_setn(r->err_headers_out, "Retry-After",
                       apr_psprintf(r->pool, "%" APR_UINT64_T_FMT, retry_s == 0 ? 1 : retry_s));
    }
    if (status == HTTP_SERVICE_UNAVAILABLE && request->retry_after_s >= 0) {
        apr_table_setn(r->err_headers_out, "Retry-After",
                       request->retry_after_s == 0
                           ? RETRY_UNAVAILABLE_S
                           : apr_psprintf(r->pool, "%" APR_INT64_T_FMT, request->retry_after_s));
    }
}

static int refuse(request_rec *r, struct mod_zta_request *request,
                  const struct zta_decision *decision)
{
    int status = zta_reason_http_status(decision->verdict.reason);
    if (status < HTTP_BAD_REQUEST) {
        status = HTTP_FORBIDDEN; /* a refusal without a reason stays a refusal */
    }
    request->refused_by = r;
    request->decision = *decision;
    if (decision->verdict.reason == ZTA_REASON_STEP_UP_REQUIRED &&
        mod_zta_step_up_redirect(r, request, decision)) {
        status = HTTP_MOVED_TEMPORARILY; /* a browser cannot read a challenge */
    }
    mod_zta_present_hide_query(r, request->dir);
    set_refusal_headers(r, request, decision, status);
    mod_zta_record_environment(r, request);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0040: refused, %s%s%s%s%s, id %s",
                  zta_reason_name(decision->verdict.reason),
                  decision->verdict.rule[0] != '\0' ? ", rule " : "", decision->verdict.rule,
                  request->detail != NULL ? ", " : "",
                  request->detail != NULL ? request->detail : "", request->id_text);
    return status;
}

/* The place wants nonces, and who comes has just shown a good one. */
static bool is_proved_with_nonce(const struct mod_zta_request *request)
{
    return request->dir->dpop != MOD_ZTA_UNSET && (request->dir->dpop & MOD_ZTA_DPOP_NONCE) != 0 &&
           request->identity != NULL && !zta_text_is_absent(request->identity->jkt);
}

/* For the client's next request, so that it never has to be sent back (RFC 9449 section 8.2). */
static void set_next_nonce(request_rec *r, const struct mod_zta_request *request)
{
    apr_table_setn(r->err_headers_out, "DPoP-Nonce", mod_zta_binding_nonce(r, request));
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    if (apr_table_get(r->headers_in, "Origin") != NULL) {
        apr_table_setn(r->err_headers_out, "Access-Control-Expose-Headers", "DPoP-Nonce");
    }
}

int mod_zta_enforce(request_rec *r, struct mod_zta_request *request,
                    const struct zta_decision *decision)
{
    if (decision->verdict.outcome != ZTA_OUTCOME_ALLOW ||
        decision->verdict.reason != ZTA_REASON_OK) {
        return refuse(r, request, decision);
    }
    /* Monitoring and public places change not a byte in either direction. */
    if (request->stance.stage > 0) {
        mod_zta_step_up_hide_cookies(r, request);
        const char *fault = mod_zta_upstream_set(r, request, request->dir);
        if (fault != NULL) {
            return mod_zta_enforce_unavailable(r, request, fault);
        }
        if (!request->is_subrequest) {
            /* httpd adds a subrequest's headers to those of the answer it becomes part of. */
            set_id(r, request);
            set_rate_limit(r, &request->told);
        }
        if (!request->is_subrequest && is_proved_with_nonce(request)) {
            set_next_nonce(r, request);
        }
        /* Who logged in by mod_auth_openidc is called as that module says (OIDCRemoteUserClaim). */
        if (request->identity != NULL && !request->is_subrequest &&
            request->identity->credential != ZTA_CREDENTIAL_BROWSER) {
            static char auth_type[] = "ZTA";
            r->ap_auth_type = auth_type;
            r->user = zta_text_is_absent(request->identity->subject)
                          ? NULL
                          : apr_pstrmemdup(r->pool, request->identity->subject.data,
                                           request->identity->subject.len);
        }
    }
    mod_zta_record_environment(r, request);
    return DECLINED;
}

int mod_zta_enforce_unavailable(request_rec *r, struct mod_zta_request *request, const char *detail)
{
    struct zta_decision decision = {
        .verdict = {.outcome = ZTA_OUTCOME_DENY, .reason = ZTA_REASON_STORE_UNAVAILABLE}};
    request->detail = detail;
    request->dir = mod_zta_dir_of(r);
    return refuse(r, request, &decision);
}

int mod_zta_enforce_preflight(request_rec *r)
{
    const struct mod_zta_request *request = mod_zta_request_of(r);
    if (request == NULL || !request->answers_preflight || r->method_number != M_OPTIONS) {
        return DECLINED;
    }
    r->status = HTTP_NO_CONTENT;
    return OK;
}
