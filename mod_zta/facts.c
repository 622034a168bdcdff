/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what httpd knows; what cannot be read is left unknown, which never helps the client. */
#include "mod_zta/facts.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/child.h"
#include "shared/base/path.h"

void mod_zta_facts_read_path(request_rec *r, struct mod_zta_request *request, unsigned flags)
{
    /* "OPTIONS *" and CONNECT name no path; rules that ask for one do not grant them. */
    if (r->method_number == M_CONNECT ||
        (r->method_number == M_OPTIONS && r->uri != NULL && strcmp(r->uri, "*") == 0)) {
        return;
    }
    if (r->uri == NULL || r->unparsed_uri == NULL) {
        request->path_fault = ZTA_PATH_NOT_ABSOLUTE;
        return;
    }
    /* A raw '#' ends the path for one server and is part of it for another. */
    if (strchr(r->unparsed_uri, '#') != NULL) {
        request->path_fault = ZTA_PATH_CONTROL;
        return;
    }
    struct zta_text raw = zta_text_of(apr_pstrdup(r->pool, r->uri));
    char *path = apr_palloc(r->pool, raw.len + 1); /* the normal form is never longer */
    request->raw_path = raw.data;
    request->path_fault = zta_path_normalise(raw, flags, path, raw.len + 1, &request->path_len);
    if (request->path_fault == ZTA_PATH_OK) {
        request->path = path;
    }
}

struct zta_text mod_zta_facts_mapped_path(request_rec *r, const char *uri, unsigned flags)
{
    char *path = apr_palloc(r->pool, ZTA_PATH_MAX + 1);
    size_t len;
    const char *escaped = ap_os_escape_path(r->pool, uri, 1);
    if (zta_path_normalise(zta_text_of(escaped), flags, path, ZTA_PATH_MAX + 1, &len) !=
        ZTA_PATH_OK) {
        return (struct zta_text){.data = NULL};
    }
    return (struct zta_text){.data = path, .len = len};
}

bool mod_zta_facts_has_trusted_peer(const request_rec *r)
{
    return strcmp(r->useragent_ip, r->connection->client_ip) != 0;
}

static bool matches_any(const apr_array_header_t *names, const char *host, bool is_wild)
{
    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        if (name != NULL &&
            (is_wild ? ap_strcasecmp_match(host, name) == 0 : strcasecmp(host, name) == 0)) {
            return true;
        }
    }
    return false;
}

/* A name or alias of the vhost as it was asked for, otherwise its ServerName. */
static void read_host(const request_rec *r, struct mod_zta_request *request)
{
    const server_rec *s = r->server;
    const char *host = r->hostname;
    if (host == NULL ||
        !((s->server_hostname != NULL && strcasecmp(host, s->server_hostname) == 0) ||
          matches_any(s->names, host, false) || matches_any(s->wild_names, host, true))) {
        host = s->server_hostname;
    }
    if (host == NULL) {
        return;
    }
    apr_cpystrn(request->host, host, sizeof(request->host));
    ap_str_tolower(request->host);
    request->facts.host = zta_text_of(request->host);
}

static void read_content(const request_rec *r, struct zta_facts *facts)
{
    uint64_t length;
    const char *text = apr_table_get(r->headers_in, "Content-Length");
    facts->content_length = -1;
    if (text != NULL && zta_text_to_u64(zta_text_of(text), INT64_MAX, &length) == ZTA_OK) {
        facts->content_length = (int64_t)length;
    }
    text = apr_table_get(r->headers_in, "Content-Type");
    if (text != NULL) {
        facts->content_type = (struct zta_text){.data = text, .len = strcspn(text, "; \t")};
    }
    facts->agent = zta_text_of(apr_table_get(r->headers_in, "User-Agent"));
}

static void read_addr(const request_rec *r, struct zta_facts *facts)
{
    const apr_sockaddr_t *addr = r->useragent_addr;
    if (addr != NULL && addr->family == APR_INET) {
        facts->addr.family = 4;
        memcpy(facts->addr.bytes, &addr->sa.sin.sin_addr, 4);
        return;
    }
    /* IPv6, and IPv4 mapped into it, which the parser folds; a link's zone is no part of it. */
    struct zta_text ip = {.data = r->useragent_ip, .len = strcspn(r->useragent_ip, "%")};
    if (zta_addr_parse(ip, &facts->addr) != ZTA_OK) {
        facts->addr = (struct zta_addr){.family = 0};
    }
}

/*
 * A real preflight: OPTIONS with an Origin that asks for a method (Fetch, "CORS-preflight
 * request").
 */
static bool is_preflight(const request_rec *r)
{
    return r->method_number == M_OPTIONS && apr_table_get(r->headers_in, "Origin") != NULL &&
           apr_table_get(r->headers_in, "Access-Control-Request-Method") != NULL;
}

/* Bytes of the header block as it was sent, less what parsing it took away. */
static size_t header_block_len(const request_rec *r)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    size_t len = 0;
    for (int i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);
        len += strlen(field->key) + strlen(field->val) + sizeof(": \r\n") - 1;
    }
    return len;
}

/* A proxy of ours says for whom it speaks and nothing reads it: `ztactl config check` tells. */
static void note_forwarded(const request_rec *r, const struct zta_facts *facts)
{
    struct zta_segment *segment = mod_zta_segment();
    /* A running server that was refused for want of a store has none, and answers 503. */
    if (segment != NULL && r->useragent_addr == r->connection->client_addr &&
        (apr_table_get(r->headers_in, "X-Forwarded-For") != NULL ||
         apr_table_get(r->headers_in, "Forwarded") != NULL) &&
        zta_addr_is_private(&facts->addr)) {
        zta_counter_add(segment, ZTA_COUNTER_FORWARDED_UNREAD, 1);
    }
}

void mod_zta_facts_gather(request_rec *r, struct mod_zta_request *request)
{
    request->has_too_many_headers = header_block_len(r) > ZTA_HEADER_BLOCK_MAX;
    struct zta_facts *facts = &request->facts;
    facts->method = zta_text_of(r->method);
    if (request->path_len > 0) {
        facts->path = (struct zta_text){.data = request->path, .len = request->path_len};
    }
    read_host(r, request);
    read_content(r, facts);
    read_addr(r, facts);
    note_forwarded(r, facts);
    request->is_preflight = is_preflight(r);
}
