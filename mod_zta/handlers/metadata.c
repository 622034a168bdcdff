/* SPDX-License-Identifier: Apache-2.0 */
/* Documents are made once a configuration: a request finds one by comparing prefixes. */
#include "mod_zta/handlers/metadata.h"

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include <stdlib.h>
#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "mod_zta/handlers/own.h"
#include "mod_zta/identity/dpop.h"
#include "mod_zta/places.h"
#include "mod_zta/present.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"
#include "shared/rules/scopes.h"

#define WELL_KNOWN "/.well-known/oauth-protected-resource"
/* Of a document without its lists and names. */
#define BODY_FIXED_SIZE 1024
/* A configuration seldom changes, and clients come back after a challenge. */
#define CACHE_CONTROL "public, max-age=3600"

/* ---- which sections are ours ---- */

static bool is_ours(const struct mod_zta_dir *dir)
{
    return mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_METADATA);
}

/* A plain path at or below the well-known one: nothing else may become public by a SetHandler. */
static bool is_well_known(const core_dir_config *section)
{
    size_t len = strlen(WELL_KNOWN);
    return section->r == NULL && !section->d_is_fnmatch &&
           strncmp(section->d, WELL_KNOWN, len) == 0 &&
           (section->d[len] == '\0' || section->d[len] == '/');
}

static const char *check_section(apr_pool_t *pconf, ap_conf_vector_t *section, bool is_location)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    const struct mod_zta_dir *dir = ap_get_module_config(section, &zta_module);
    if (core == NULL || dir == NULL || !is_ours(dir)) {
        return NULL;
    }
    if (!is_location || !is_well_known(core)) {
        return apr_psprintf(pconf,
                            "SetHandler " MOD_ZTA_HANDLER_METADATA
                            " in section %s, expected it in <Location \"" WELL_KNOWN "\"> or below",
                            core->d != NULL ? core->d : "of files");
    }
    if (dir->stage > 0 || dir->monitor > 0) {
        return apr_psprintf(pconf,
                            "section %s: SetHandler " MOD_ZTA_HANDLER_METADATA
                            " is public, expected no ZTAStage or ZTAMonitor above 0 there",
                            core->d);
    }
    return NULL;
}

const char *mod_zta_metadata_check(apr_pool_t *pconf, const server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const apr_array_header_t *lists[] = {core->sec_url, core->sec_dir};
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        for (int i = 0; lists[l] != NULL && i < lists[l]->nelts; i++) {
            const char *fault =
                check_section(pconf, APR_ARRAY_IDX(lists[l], i, ap_conf_vector_t *), l == 0);
            if (fault != NULL) {
                return fault;
            }
        }
    }
    return NULL;
}

/* ---- documents ---- */

/* What one document says. */
struct document {
    apr_pool_t *pool;
    const struct mod_zta_dir *dir;
    const char *resource;
    apr_array_header_t *scopes; /* struct zta_text, sorted */
    bool sees_certificates;
};

/* Host of an origin: "https://[::1]:8443" gives "[::1]". */
static struct zta_text host_of(const char *origin)
{
    const char *host = strstr(origin, "://") + 3;
    const char *end = host[0] == '[' ? strchr(host, ']') + 1 : host + strcspn(host, ":");
    return (struct zta_text){.data = host, .len = (size_t)(end - host)};
}

static void add_scope(void *context, struct zta_text scope)
{
    APR_ARRAY_PUSH((apr_array_header_t *)context, struct zta_text) = scope;
}

static int compare_texts(const void *a, const void *b)
{
    return zta_text_compare(*(const struct zta_text *)a, *(const struct zta_text *)b);
}

static apr_array_header_t *scopes_of(apr_pool_t *pool, const struct mod_zta_dir *dir,
                                     const char *prefix)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    apr_array_header_t *scopes = apr_array_make(pool, 16, sizeof(struct zta_text));
    struct zta_text *names = apr_palloc(pool, sizeof(*names) * accept->n_issuers);
    for (size_t i = 0; i < accept->n_issuers; i++) {
        names[i] = accept->issuers[i]->name;
    }
    struct zta_scopes_place place = {
        .host = host_of(dir->origin),
        .prefix = zta_text_of(prefix),
        .issuers = names,
        .n_issuers = accept->n_issuers,
        .stance = &dir->stance,
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
    };
    zta_ruleset_each_scope(mod_zta_global()->rules, &place, add_scope, scopes);
    qsort(scopes->elts, (size_t)scopes->nelts, sizeof(struct zta_text), compare_texts);
    return scopes;
}

static void write_issuers(struct zta_json *json, const struct mod_zta_accept *accept)
{
    zta_json_begin_array(json, "authorization_servers");
    for (size_t i = 0; i < accept->n_issuers; i++) {
        zta_json_text(json, NULL, accept->issuers[i]->url);
    }
    zta_json_end_array(json);
}

static void write_scopes(struct zta_json *json, const apr_array_header_t *scopes)
{
    if (scopes->nelts == 0) {
        return; /* lists without values are left out (RFC 9728 section 3.2) */
    }
    zta_json_begin_array(json, "scopes_supported");
    for (int i = 0; i < scopes->nelts; i++) {
        struct zta_text scope = APR_ARRAY_IDX(scopes, i, struct zta_text);
        if (i == 0 || !zta_text_equal(scope, APR_ARRAY_IDX(scopes, i - 1, struct zta_text))) {
            zta_json_text(json, NULL, scope);
        }
    }
    zta_json_end_array(json);
}

static void write_methods(struct zta_json *json, const struct mod_zta_credential_sources *sources)
{
    if (!sources->has_authorization && !sources->has_query) {
        return; /* a cookie is no method of RFC 6750 */
    }
    zta_json_begin_array(json, "bearer_methods_supported");
    if (sources->has_authorization) {
        zta_json_string(json, NULL, "header");
    }
    if (sources->has_query) {
        zta_json_string(json, NULL, "query");
    }
    zta_json_end_array(json);
}

static void write_dpop(struct zta_json *json, int dpop)
{
    const char *rest = MOD_ZTA_DPOP_ALGS;
    if (dpop == MOD_ZTA_UNSET || dpop == MOD_ZTA_DPOP_OFF) {
        return;
    }
    zta_json_begin_array(json, "dpop_signing_alg_values_supported");
    while (*rest != '\0') {
        size_t len = strcspn(rest, " ");
        zta_json_text(json, NULL, (struct zta_text){.data = rest, .len = len});
        rest += len + strspn(rest + len, " ");
    }
    zta_json_end_array(json);
    if ((dpop & MOD_ZTA_DPOP_REQUIRED) != 0) {
        zta_json_bool(json, "dpop_bound_access_tokens_required", true);
    }
}

/* An upper bound: none of these texts has a character that JSON writes as several. */
static size_t body_size(const struct document *document)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(document->dir);
    const size_t quotes = sizeof("\"\",");
    size_t size = BODY_FIXED_SIZE + strlen(document->resource) +
                  (document->dir->realm != NULL ? strlen(document->dir->realm) : 0);
    for (size_t i = 0; i < accept->n_issuers; i++) {
        size += accept->issuers[i]->url.len + quotes;
    }
    for (int i = 0; i < document->scopes->nelts; i++) {
        size += APR_ARRAY_IDX(document->scopes, i, struct zta_text).len + quotes;
    }
    return size;
}

static struct zta_text write_document(const struct document *document)
{
    const struct mod_zta_dir *dir = document->dir;
    size_t size = body_size(document);
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, apr_palloc(document->pool, size), size);
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_string(&json, "resource", document->resource);
    if (dir->realm != NULL) {
        zta_json_string(&json, "resource_name", dir->realm);
    }
    write_issuers(&json, mod_zta_dir_accept(dir));
    write_scopes(&json, document->scopes);
    write_methods(&json, mod_zta_sources_of(dir));
    write_dpop(&json, dir->dpop);
    if (document->sees_certificates) {
        zta_json_bool(&json, "tls_client_certificate_bound_access_tokens", true);
    }
    zta_json_end_object(&json);
    zta_buffer_string(&buffer, "\n");
    return (struct zta_text){.data = buffer.data, .len = buffer.len};
}

/* ---- which places have one ---- */

/* The documents of one server in the making. */
struct maker {
    apr_pool_t *pool;
    const server_rec *main_server;
    const server_rec *s;
    apr_array_header_t *resources; /* struct mod_zta_resource */
};

static bool takes_tokens(const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(dir);
    return !mod_zta_handlers_are_public(dir) && dir->stance.stage > 0 &&
           mod_zta_dir_accept(dir)->n_issuers > 0 &&
           (sources->has_authorization || sources->has_query || sources->cookie != NULL);
}

/* Are clients of s asked for certificates, here or by a terminator that names them? */
static bool sees_certificates(const struct maker *maker, const struct mod_zta_dir *dir)
{
    const server_rec *const servers[] = {maker->s, maker->main_server};
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        const ap_directive_t *line = mod_zta_conftree_last_of(servers[i], "SSLVerifyClient");
        if (line != NULL) {
            const char *args = line->args;
            return strcasecmp(ap_getword_conf(maker->pool, &args), "none") != 0;
        }
    }
    return dir->client_cert_header != NULL && dir->client_cert_header[0] != '\0';
}

static bool is_told(const apr_array_header_t *resources, const char *prefix)
{
    for (int i = 0; i < resources->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(resources, i, struct mod_zta_resource).prefix, prefix) == 0) {
            return true;
        }
    }
    return false;
}

static const char *add_resource(const struct maker *maker, const char *prefix)
{
    apr_pool_t *pconf = maker->pool;
    const server_rec *s = maker->s;
    const struct mod_zta_dir *dir = mod_zta_places_of(s, pconf, prefix[0] != '\0' ? prefix : "/");
    const struct mod_zta_dir *here =
        mod_zta_places_of(s, pconf, apr_pstrcat(pconf, WELL_KNOWN, prefix, NULL));
    if (!is_ours(here) || !takes_tokens(dir) || is_told(maker->resources, prefix)) {
        return NULL;
    }
    if (dir->origin == NULL) {
        return apr_psprintf(pconf,
                            "SetHandler " MOD_ZTA_HANDLER_METADATA
                            " stands here, but '%s' has no ZTAOrigin, "
                            "expected ZTAOrigin with what clients call it",
                            prefix[0] != '\0' ? prefix : "/");
    }
    const char *escaped = ap_escape_uri(pconf, prefix);
    struct document document = {
        .pool = pconf,
        .dir = dir,
        .resource = apr_pstrcat(pconf, dir->origin, escaped, NULL),
        .scopes = scopes_of(pconf, dir, prefix),
        .sees_certificates = sees_certificates(maker, dir),
    };
    APR_ARRAY_PUSH(maker->resources, struct mod_zta_resource) = (struct mod_zta_resource){
        .prefix = prefix,
        .url = apr_pstrcat(pconf, dir->origin, WELL_KNOWN, escaped, NULL),
        .body = write_document(&document),
    };
    return NULL;
}

const char *mod_zta_metadata_collect(apr_pool_t *pconf, const server_rec *main_server,
                                     server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    struct maker maker = {
        .pool = pconf,
        .main_server = main_server,
        .s = s,
        .resources = apr_array_make(pconf, 4, sizeof(struct mod_zta_resource)),
    };
    const char *fault = add_resource(&maker, "");
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts && fault == NULL; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        const core_dir_config *location = ap_get_core_module_config(section);
        if (ap_get_module_config(section, &zta_module) != NULL && location->r == NULL &&
            !location->d_is_fnmatch && location->d[0] == '/' && location->d[1] != '\0') {
            fault = add_resource(&maker, location->d);
        }
    }
    mod_zta_server_of(s)->resources = maker.resources;
    return fault;
}

/* ---- requests ---- */

static bool is_below(const char *path, const char *prefix, size_t len)
{
    return strncmp(path, prefix, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || (len > 0 && prefix[len - 1] == '/'));
}

const char *mod_zta_metadata_parameter(request_rec *r, const char *path)
{
    const apr_array_header_t *resources = mod_zta_server_of(r->server)->resources;
    const struct mod_zta_resource *nearest = NULL;
    size_t nearest_len = 0;
    for (int i = 0; resources != NULL && i < resources->nelts; i++) {
        const struct mod_zta_resource *resource =
            &APR_ARRAY_IDX(resources, i, struct mod_zta_resource);
        size_t len = strlen(resource->prefix);
        if (is_below(path, resource->prefix, len) && (nearest == NULL || len > nearest_len)) {
            nearest = resource;
            nearest_len = len;
        }
    }
    return nearest == NULL
               ? ""
               : apr_pstrcat(r->pool, ", resource_metadata=\"", nearest->url, "\"", NULL);
}

static const struct mod_zta_resource *resource_of(const request_rec *r)
{
    const apr_array_header_t *resources = mod_zta_server_of(r->server)->resources;
    for (int i = 0; resources != NULL && i < resources->nelts; i++) {
        const struct mod_zta_resource *resource =
            &APR_ARRAY_IDX(resources, i, struct mod_zta_resource);
        if (strncmp(r->uri, WELL_KNOWN, strlen(WELL_KNOWN)) == 0 &&
            strcmp(r->uri + strlen(WELL_KNOWN), resource->prefix) == 0) {
            return resource;
        }
    }
    return NULL;
}

int mod_zta_metadata_handle(request_rec *r)
{
    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    const struct mod_zta_resource *resource = resource_of(r);
    if (resource == NULL) {
        return HTTP_NOT_FOUND;
    }
    int status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)resource->body.len);
    apr_table_setn(r->headers_out, "Cache-Control", CACHE_CONTROL);
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (!r->header_only) {
        ap_rwrite(resource->body.data, (int)resource->body.len, r);
    }
    return OK;
}
