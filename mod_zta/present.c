/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials in headers, cookies and the query; each leaves the request where it came in. */
#include "mod_zta/present.h"

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "mod_zta/identity/cookie.h"
#include "mod_zta/identity/origin.h"
#include "mod_zta/identity/query.h"

const struct mod_zta_credential_sources *mod_zta_sources_of(const struct mod_zta_dir *dir)
{
    static const struct mod_zta_credential_sources header = {.has_authorization = true};
    return dir->sources != NULL ? dir->sources : &header;
}

bool mod_zta_present_is_taken(const struct mod_zta_request *request, const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *first = mod_zta_sources_of(request->auth_dir);
    const struct mod_zta_credential_sources *other = mod_zta_sources_of(dir);
    switch (request->credential.place) {
    case MOD_ZTA_PLACE_AUTHORIZATION:
        return other->has_authorization;
    case MOD_ZTA_PLACE_APIKEY:
        return other->apikey_header != NULL &&
               strcasecmp(other->apikey_header, first->apikey_header) == 0;
    case MOD_ZTA_PLACE_COOKIE:
        return other->cookie != NULL && strcmp(other->cookie, first->cookie) == 0;
    case MOD_ZTA_PLACE_QUERY:
        return other->has_query;
    case MOD_ZTA_PLACE_NONE:
        break;
    }
    return request->identity->credential == ZTA_CREDENTIAL_CERTIFICATE ? other->has_mtls
                                                                       : other->has_openidc;
}

/* ---- the query ---- */

/* `text` with what is behind its '?' (up to `end`) exchanged for query; "" takes the '?', too. */
static char *with_query(request_rec *r, const char *text, const char *query, const char *end)
{
    const char *mark = strchr(text, '?');
    if (mark == NULL) {
        return apr_pstrdup(r->pool, text);
    }
    const char *behind = mark + strcspn(mark, end);
    return apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, text, (apr_size_t)(mark - text)),
                       query[0] != '\0' ? "?" : "", query, behind, NULL);
}

/* Everywhere where httpd keeps it: what is proxied, what is logged, what modules read. */
static void set_query(request_rec *r, const char *query)
{
    r->args = query[0] != '\0' ? apr_pstrdup(r->pool, query) : NULL;
    r->parsed_uri.query = r->args;
    r->unparsed_uri = with_query(r, r->unparsed_uri, query, "");
    if (r->the_request != NULL) {
        r->the_request = with_query(r, r->the_request, query, " ");
    }
}

static void read_query(request_rec *r, bool is_enforced, struct mod_zta_credential_fields *fields)
{
    if (r->args == NULL) {
        return;
    }
    size_t size = strlen(r->args) + 1;
    char *token = apr_palloc(r->pool, 2 * size);
    char *rest = token + size;
    fields->query_token = token;
    fields->query_status = mod_zta_query_take(r->args, token, rest);
    if (is_enforced && fields->query_status != ZTA_NOT_FOUND) {
        set_query(r, rest);
    }
}

/* ---- the origin ---- */

/* ZTAOrigin, else by the vhost's names. */
const char *mod_zta_present_own_origin(request_rec *r, const struct mod_zta_request *request)
{
    if (request->auth_dir->origin != NULL) {
        return request->auth_dir->origin;
    }
    const char *scheme = ap_http_scheme(r);
    apr_port_t port = ap_get_server_port(r);
    bool is_default = port == (strcmp(scheme, "https") == 0 ? 443 : 80);
    return is_default ? apr_pstrcat(r->pool, scheme, "://", request->host, NULL)
                      : apr_psprintf(r->pool, "%s://%s:%u", scheme, request->host, (unsigned)port);
}

bool mod_zta_present_is_own_origin(request_rec *r, const struct mod_zta_request *request)
{
    const struct mod_zta_origin_question question = {
        .method = r->method,
        .upgrade = apr_table_get(r->headers_in, "Upgrade"),
        .origin = apr_table_get(r->headers_in, "Origin"),
        .referer = apr_table_get(r->headers_in, "Referer"),
        .fetch_site = apr_table_get(r->headers_in, "Sec-Fetch-Site"),
        .own = mod_zta_present_own_origin(r, request),
    };
    return mod_zta_origin_is_own(&question);
}

/* ---- all of them ---- */

void mod_zta_present_read(request_rec *r, struct mod_zta_request *request,
                          const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(dir);
    struct mod_zta_credential *credential = &request->credential;
    struct mod_zta_credential_fields fields = {.authorization =
                                                   apr_table_get(r->headers_in, "Authorization")};
    if (sources->apikey_header != NULL) {
        fields.apikey = apr_table_get(r->headers_in, sources->apikey_header);
    }
    if (sources->cookie != NULL) {
        fields.cookie = apr_table_get(r->headers_in, "Cookie");
    }
    if (sources->has_query) {
        read_query(r, dir->stance.stage > 0, &fields);
    }
    request->auth_dir = dir;
    mod_zta_credential_read(sources, &fields, credential);
    if (credential->place == MOD_ZTA_PLACE_COOKIE &&
        credential->presented != MOD_ZTA_PRESENTED_BAD &&
        !mod_zta_present_is_own_origin(r, request)) {
        *credential = (struct mod_zta_credential){
            .presented = MOD_ZTA_PRESENTED_BAD,
            .place = MOD_ZTA_PLACE_COOKIE,
            .detail = "a cookie on an unsafe request that no page of this site sent"};
    }
}

static void remove_cookie(request_rec *r, const char *name)
{
    const char *header = apr_table_get(r->headers_in, "Cookie");
    if (header == NULL) {
        return;
    }
    char *rest = apr_palloc(r->pool, strlen(header) + 1);
    mod_zta_cookie_remove(header, zta_text_of(name), rest);
    if (rest[0] == '\0') {
        apr_table_unset(r->headers_in, "Cookie");
        return;
    }
    apr_table_setn(r->headers_in, "Cookie", rest);
}

void mod_zta_present_remove(request_rec *r, const struct mod_zta_request *request)
{
    switch (request->credential.place) {
    case MOD_ZTA_PLACE_AUTHORIZATION:
        apr_table_unset(r->headers_in, "Authorization");
        apr_table_unset(r->headers_in, "DPoP"); /* the proof is part of the credential */
        return;
    case MOD_ZTA_PLACE_APIKEY:
        apr_table_unset(r->headers_in, mod_zta_sources_of(request->auth_dir)->apikey_header);
        return;
    case MOD_ZTA_PLACE_COOKIE:
        remove_cookie(r, mod_zta_sources_of(request->auth_dir)->cookie);
        return;
    case MOD_ZTA_PLACE_NONE:
    case MOD_ZTA_PLACE_QUERY: /* gone since it was read */
        return;
    }
}

void mod_zta_present_hide_query(request_rec *r, const struct mod_zta_dir *dir)
{
    struct mod_zta_credential_fields ignored = {.authorization = NULL};
    if (mod_zta_sources_of(dir)->has_query) {
        read_query(r, true, &ignored);
    }
}

void mod_zta_present_remove_unread(request_rec *r, const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(dir);
    apr_table_unset(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "DPoP");
    if (sources->apikey_header != NULL) {
        apr_table_unset(r->headers_in, sources->apikey_header);
    }
    if (sources->cookie != NULL) {
        remove_cookie(r, sources->cookie);
    }
    mod_zta_present_hide_query(r, dir);
}
