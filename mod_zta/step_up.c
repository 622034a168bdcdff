/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_auth_openidc starts a login with further parameters for whoever comes to its redirect URI
 * with iss, target_link_uri and auth_request_params, as a discovery page of its own would send him.
 */
#include "mod_zta/step_up.h"

#include <http_protocol.h>

#include <apr_strings.h>
#include <apr_uri.h>

#include <string.h>
#include <strings.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "mod_zta/identity/cookie.h"
#include "mod_zta/measures.h"
#include "mod_zta/present.h"
#include "shared/base/clock.h"
#include "shared/live/challenges.h"
#include "shared/step_up.h"

/* Of an acr of a token, at its longest, in escapes, and of all the words around it. */
#define DETAIL_MAX (4 * ZTA_SUBJECT_MAX + ZTA_ACR_TEXT_MAX + 256)

#define COOKIE_PREFIX "zta-step-up-"

/* ---- asking no more ---- */

/*
 * Whom and what a challenge is for. A user without a name is known by his session; that risk moves
 * on does not make another demand of it.
 */
static void challenge_key(const struct zta_identity *identity, const struct zta_step_up *step_up,
                          bool is_monitored, struct zta_sha256 *key)
{
    uint8_t numbers[8 + 1];
    const bool has_subject = !zta_text_is_absent(identity->subject);
    zta_put_u64(numbers, (uint64_t)step_up->max_age_s);
    numbers[8] = (uint8_t)((step_up->newer_than_s > 0 ? 1 : 0) | (is_monitored ? 2 : 0));
    const struct zta_text parts[] = {
        identity->issuer,
        identity->client,
        has_subject ? identity->subject
                    : (struct zta_text){.data = (const char *)identity->session,
                                        .len = sizeof(identity->session)},
        zta_text_of(step_up->acr),
        {.data = (const char *)numbers, .len = sizeof(numbers)},
    };
    zta_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), key);
}

/*
 * The cookie of a browser that was sent to log in for this: another browser of the same user was
 * not. One for each demand, so that two that no login meets together cannot go round in circles.
 */
static const char *cookie_name(apr_pool_t *pool, const struct zta_sha256 *key)
{
    const struct zta_siphash_key *secret = zta_segment_key(mod_zta_segment());
    return apr_psprintf(pool, COOKIE_PREFIX "%08x",
                        (unsigned)(zta_siphash(secret, key->bytes, sizeof(key->bytes)) >> 32));
}

/* However often it stands there: another site of the domain can put one beside it. */
static bool was_sent(const request_rec *r, const struct mod_zta_request *request,
                     const struct zta_sha256 *key)
{
    struct zta_text value;
    const char *header = request->step_up_cookies != NULL ? request->step_up_cookies
                                                          : apr_table_get(r->headers_in, "Cookie");
    return header != NULL && mod_zta_cookie_find(header, zta_text_of(cookie_name(r->pool, key)),
                                                 &value) != ZTA_NOT_FOUND;
}

void mod_zta_step_up_hide_cookies(request_rec *r, struct mod_zta_request *request)
{
    const char *header = apr_table_get(r->headers_in, "Cookie");
    if (header == NULL || strstr(header, COOKIE_PREFIX) == NULL) {
        return;
    }
    /* A side that is judged behind this one asks for them. */
    if (request->step_up_cookies == NULL) {
        request->step_up_cookies = header;
    }
    char *rest = apr_palloc(r->pool, strlen(header) + 1);
    mod_zta_cookie_remove_prefixed(header, ZTA_TEXT(COOKIE_PREFIX), rest);
    if (rest[0] == '\0') {
        apr_table_unset(r->headers_in, "Cookie");
        return;
    }
    apr_table_setn(r->headers_in, "Cookie", rest);
}

static bool is_worth_asking(const request_rec *r, const struct mod_zta_request *request,
                            const struct zta_decision *decision, bool is_monitored, int64_t now_s)
{
    const struct zta_identity *identity = request->identity;
    struct zta_sha256 key;
    struct zta_step_up_past past = {.asked_s = 0};
    challenge_key(identity, &decision->step_up, is_monitored, &key);
    if (identity->credential != ZTA_CREDENTIAL_BROWSER || was_sent(r, request, &key)) {
        zta_challenge_get(mod_zta_segment(), &key, now_s, &past);
    }
    if (!zta_step_up_is_worth_asking(mod_zta_measures_acrs(identity), &decision->step_up, identity,
                                     now_s, &past)) {
        return false;
    }
    zta_challenge_put(mod_zta_segment(), &key, now_s, &past);
    return true;
}

/* What was asked for and what there was, for the operator: "acr mfa, a login younger than 5m". */
static const char *describe(apr_pool_t *pool, const struct zta_step_up *asked,
                            const struct zta_identity *identity, int64_t now_s)
{
    char text[DETAIL_MAX];
    char duration[ZTA_DURATION_TEXT_MAX];
    char time[ZTA_TIME_TEXT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof(text));
    zta_buffer_string(&buffer, "asked for");
    if (asked->acr[0] != '\0') {
        zta_buffer_printf(&buffer, " acr %s", asked->acr);
    }
    if (asked->max_age_s >= 0) {
        zta_duration_print(asked->max_age_s, duration);
        zta_buffer_printf(&buffer, " max-age %s", duration);
    }
    if (asked->newer_than_s > 0) {
        zta_time_print(asked->newer_than_s, time);
        zta_buffer_printf(&buffer, " a login after %s", time);
    }
    zta_buffer_string(&buffer, "; the credential has acr ");
    zta_buffer_safe(&buffer,
                    zta_text_is_absent(identity->acr) ? ZTA_TEXT("unknown") : identity->acr);
    if (identity->auth_time_s > 0) {
        zta_duration_print(now_s > identity->auth_time_s ? now_s - identity->auth_time_s : 0,
                           duration);
        zta_buffer_printf(&buffer, ", login %s ago", duration);
    }
    else {
        zta_buffer_string(&buffer, ", no auth_time");
    }
    return apr_pstrmemdup(pool, buffer.data, buffer.len);
}

static void refuse(struct zta_verdict *verdict)
{
    verdict->outcome = ZTA_OUTCOME_DENY;
    verdict->reason = ZTA_REASON_STEP_UP_UNSATISFIED;
}

void mod_zta_step_up_settle(request_rec *r, struct mod_zta_request *request, int64_t now_s,
                            struct zta_decision *decision)
{
    const bool is_enforced = decision->verdict.outcome == ZTA_OUTCOME_STEP_UP;
    const bool is_asked = decision->monitor.outcome == ZTA_OUTCOME_STEP_UP;
    const bool is_monitored = is_asked && decision->verdict.outcome == ZTA_OUTCOME_ALLOW;
    if ((!is_enforced && !is_monitored) || request->identity == NULL) {
        return;
    }
    request->detail = describe(r->pool, &decision->step_up, request->identity, now_s);
    if (is_worth_asking(r, request, decision, is_monitored, now_s)) {
        return;
    }
    request->detail =
        apr_pstrcat(r->pool, request->detail, "; it came behind a challenge for this", NULL);
    if (is_enforced) {
        refuse(&decision->verdict);
    }
    if (is_asked) {
        refuse(&decision->monitor);
    }
}

/* ---- the challenge ---- */

static int64_t now_of(const struct mod_zta_request *request)
{
    return request->arrived_ns / ZTA_NS_PER_S;
}

const char *mod_zta_step_up_parameters(const request_rec *r, const struct mod_zta_request *request,
                                       const struct zta_step_up *step_up)
{
    const int64_t age_s = zta_step_up_max_age(step_up, now_of(request));
    const char *acr = "";
    /* The grammar of a challenge has no escapes (RFC 6750 section 3). */
    if (zta_acr_is_well_formed(zta_text_of(step_up->acr))) {
        acr = apr_psprintf(r->pool, ", acr_values=\"%s\"", step_up->acr);
    }
    return age_s < 0 ? acr
                     : apr_psprintf(r->pool, "%s, max_age=\"%" APR_INT64_T_FMT "\"", acr, age_s);
}

/* ---- the browser ---- */

/* Everything but unreserved characters (RFC 3986 section 2.3); that module leaves a '+' a '+'. */
static const char *escape(apr_pool_t *pool, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";
    char *escaped = apr_palloc(pool, 3 * strlen(text) + 1);
    char *end = escaped;
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (strchr(unreserved, c) != NULL) {
            *end++ = (char)c;
            continue;
        }
        *end++ = '%';
        *end++ = digits[c >> 4];
        *end++ = digits[c & 15];
    }
    *end = '\0';
    return escaped;
}

static bool is_header(const request_rec *r, const char *name, const char *value)
{
    const char *found = apr_table_get(r->headers_in, name);
    return found == NULL || strcasecmp(found, value) == 0;
}

/* What that module itself would redirect: pages, and not what their scripts load. */
static bool is_page(const request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");
    const char *requested_with = apr_table_get(r->headers_in, "X-Requested-With");
    return r->main == NULL && r->method_number == M_GET && r->unparsed_uri[0] == '/' &&
           (requested_with == NULL || strcasecmp(requested_with, "XMLHttpRequest") != 0) &&
           is_header(r, "Sec-Fetch-Mode", "navigate") &&
           is_header(r, "Sec-Fetch-Dest", "document") && accept != NULL &&
           (ap_strcasestr(accept, "text/html") != NULL ||
            ap_strcasestr(accept, "application/xhtml+xml") != NULL ||
            strstr(accept, "*/*") != NULL);
}

/*
 * The origin of this page as that module wants it named: that of its redirect URI where it is the
 * same host, since its cookies are bound to it; else as pages here are called.
 */
static const char *page_origin(request_rec *r, const struct mod_zta_request *request)
{
    apr_uri_t uri;
    const char *callback = mod_zta_server_of(r->server)->openidc_callback;
    if (apr_uri_parse(r->pool, callback, &uri) == APR_SUCCESS && uri.hostname != NULL &&
        strcasecmp(uri.hostname, request->host) == 0) {
        return apr_pstrcat(r->pool, uri.scheme, "://", uri.hostinfo, NULL);
    }
    return mod_zta_present_own_origin(r, request);
}

/* Also where TLS ends before this server, which it is told of by ZTAOrigin or the redirect URI. */
static bool is_secure(request_rec *r, const struct mod_zta_request *request)
{
    return strcmp(ap_http_scheme(r), "https") == 0 ||
           strncasecmp(page_origin(r, request), "https://", strlen("https://")) == 0;
}

static const char *login_url(request_rec *r, const struct mod_zta_request *request,
                             const struct zta_step_up *step_up)
{
    const char *callback = mod_zta_server_of(r->server)->openidc_callback;
    if (callback == NULL || request->identity == NULL || request->token.issuer == NULL ||
        request->identity->credential != ZTA_CREDENTIAL_BROWSER || !is_page(r)) {
        return NULL;
    }
    const int64_t age_s = zta_step_up_max_age(step_up, now_of(request));
    const char *asked = "";
    if (step_up->acr[0] != '\0') {
        asked = apr_pstrcat(r->pool, "acr_values=", escape(r->pool, step_up->acr), NULL);
    }
    if (age_s >= 0) {
        asked = apr_psprintf(r->pool, "%s%smax_age=%" APR_INT64_T_FMT, asked,
                             asked[0] != '\0' ? "&" : "", age_s);
    }
    return apr_pstrcat(
        r->pool, callback, strchr(callback, '?') == NULL ? "?" : "&",
        "iss=", escape(r->pool, request->token.issuer->url.data), "&target_link_uri=",
        escape(r->pool, apr_pstrcat(r->pool, page_origin(r, request), r->unparsed_uri, NULL)),
        "&auth_request_params=", escape(r->pool, asked), NULL);
}

bool mod_zta_step_up_redirect(request_rec *r, const struct mod_zta_request *request,
                              const struct zta_decision *decision)
{
    struct zta_sha256 key;
    const char *location = login_url(r, request, &decision->step_up);
    if (location == NULL) {
        return false;
    }
    challenge_key(request->identity, &decision->step_up, false, &key);
    apr_table_setn(r->headers_out, "Location", location);
    apr_table_addn(r->err_headers_out, "Set-Cookie",
                   apr_psprintf(r->pool, "%s=1; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax%s",
                                cookie_name(r->pool, &key), ZTA_CHALLENGES_LIFE_S,
                                is_secure(r, request) ? "; Secure" : ""));
    return true;
}

const char *mod_zta_step_up_callback(apr_pool_t *pool, const server_rec *s,
                                     const server_rec *main_server)
{
    static const char directive[] = "OIDCRedirectURI";
    const ap_directive_t *node = mod_zta_conftree_last_of(s, directive);
    node = node != NULL ? node : mod_zta_conftree_last_of(main_server, directive);
    if (node == NULL) {
        return NULL;
    }
    const char *args = node->args;
    return ap_getword_conf(pool, &args);
}
