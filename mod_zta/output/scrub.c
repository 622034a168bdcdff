/* SPDX-License-Identifier: Apache-2.0 */
/* Header hygiene at the very start of a request, before anything could read a forged header. */
#include "mod_zta/output/scrub.h"

#include <http_protocol.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <stdbool.h>
#include <string.h>

#include "mod_zta/assertion.h"
#include "mod_zta/facts.h"
#include "mod_zta/posture_config.h"

#define OWN_PREFIX     "x-zta-"
#define OPENIDC_PREFIX "oidc-"
#define REQUEST_ID     "x-request-id"
#define REQUEST_ID_MAX 128
#define SCRUBBED_MAX   64 /* names found in one pass; more passes follow */

/* What gateways and scripts make of a name: each sign becomes a '-' or '_'. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Does name (len bytes) begin with the folded prefix? */
static bool begins_with(const char *name, size_t len, const char *prefix)
{
    size_t i = 0;
    while (prefix[i] != '\0' && i < len && fold(name[i]) == prefix[i]) {
        i++;
    }
    return prefix[i] == '\0';
}

typedef bool (*name_test_fn)(const struct mod_zta_server *server, const char *name, size_t len);

static bool is_request_id_name(const struct mod_zta_server *server, const char *name, size_t len)
{
    return len == strlen(REQUEST_ID) && begins_with(name, len, REQUEST_ID);
}

/* Are both names one to what folds them? */
static bool is_spelling_of(const char *name, size_t len, const char *other)
{
    for (size_t i = 0; i < len; i++) {
        if (other[i] == '\0' || fold(name[i]) != fold(other[i])) {
            return false;
        }
    }
    return other[len] == '\0';
}

static bool is_own_name(const struct mod_zta_server *server, const char *name, size_t len)
{
    const struct mod_zta_assertion_config *assertion = mod_zta_global()->assertion;
    return begins_with(name, len, OWN_PREFIX) ||
           (assertion != NULL && is_spelling_of(name, len, assertion->header));
}

/* What the API gets of us under names that are not ours alone. */
static bool is_shared_name(const char *name, size_t len)
{
    return is_request_id_name(NULL, name, len) || is_spelling_of(name, len, "traceparent") ||
           is_spelling_of(name, len, "tracestate");
}

/*
 * What only a terminator or mod_auth_openidc may say of a client: its certificate (RFC 9440, and
 * whatever ZTAClientCertHeader names), its login; and postures, which are for us alone.
 */
static bool is_foreign_proof(const struct mod_zta_server *server, const char *name, size_t len)
{
    if (is_spelling_of(name, len, "client-cert") ||
        is_spelling_of(name, len, "client-cert-chain") ||
        (server->has_openidc && begins_with(name, len, OPENIDC_PREFIX))) {
        return true;
    }
    for (int i = 0; i < server->cert_headers->nelts; i++) {
        if (is_spelling_of(name, len, APR_ARRAY_IDX(server->cert_headers, i, const char *))) {
            return true;
        }
    }
    const apr_array_header_t *postures = mod_zta_global()->postures;
    for (int i = 0; i < postures->nelts; i++) {
        const struct mod_zta_posture_config *posture =
            APR_ARRAY_IDX(postures, i, struct mod_zta_posture_config *);
        if (is_spelling_of(name, len, posture->header)) {
            return true;
        }
    }
    return false;
}

/* Fills names; how many. */
static size_t find(request_rec *r, name_test_fn is_wanted, const char *names[SCRUBBED_MAX])
{
    const struct mod_zta_server *server = mod_zta_server_of(r->server);
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    size_t n = 0;
    for (int i = 0; i < fields->nelts && n < SCRUBBED_MAX; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;
        if (is_wanted(server, name, strlen(name))) {
            names[n++] = name;
        }
    }
    return n;
}

static void remove_all(request_rec *r, name_test_fn is_wanted)
{
    const char *names[SCRUBBED_MAX];
    size_t n;
    do {
        n = find(r, is_wanted, names);
        for (size_t i = 0; i < n; i++) {
            apr_table_unset(r->headers_in, names[i]);
        }
    } while (n == SCRUBBED_MAX);
}

/* Is it one of the values that nearly all clients send? */
static bool is_harmless(const char *connection)
{
    return strcasecmp(connection, "keep-alive") == 0 || strcasecmp(connection, "close") == 0 ||
           strcasecmp(connection, "upgrade") == 0;
}

/*
 * Connection: names in it are dropped by the next hop; ours must arrive (hop-by-hop smuggling).
 * mod_proxy takes a name to end at a comma, a semicolon or a blank.
 */
static void scrub_connection(request_rec *r)
{
    static const char separators[] = ",; \t";
    const char *value = apr_table_get(r->headers_in, "Connection");
    if (value == NULL || is_harmless(value)) {
        return;
    }
    /* One separator becomes two characters; every name has at least one. */
    char *kept = apr_palloc(r->pool, 2 * strlen(value) + 1);
    size_t at = 0;
    bool is_ours = false;
    for (const char *p = value + strspn(value, separators); *p != '\0';) {
        size_t len = strcspn(p, separators);
        if (!is_own_name(NULL, p, len) && !is_shared_name(p, len)) {
            if (at > 0) {
                kept[at++] = ',';
                kept[at++] = ' ';
            }
            memcpy(kept + at, p, len);
            at += len;
        }
        else {
            is_ours = true;
        }
        p += len;
        p += strspn(p, separators);
    }
    kept[at] = '\0';
    if (is_ours && at == 0) {
        apr_table_unset(r->headers_in, "Connection");
    }
    else if (is_ours) {
        apr_table_setn(r->headers_in, "Connection", kept);
    }
}

static const char *peer_request_id(const request_rec *r)
{
    const char *id = apr_table_get(r->headers_in, "X-Request-Id");
    if (id == NULL || !mod_zta_facts_has_trusted_peer(r)) {
        return NULL;
    }
    size_t len = strlen(id);
    return len > 0 && len <= REQUEST_ID_MAX &&
                   strspn(id,
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
                       len
               ? id
               : NULL;
}

const char *mod_zta_scrub(request_rec *r)
{
    remove_all(r, is_own_name);
    scrub_connection(r);
    return peer_request_id(r);
}

apr_table_t *mod_zta_scrub_proofs(request_rec *r)
{
    const struct mod_zta_server *server = mod_zta_server_of(r->server);
    bool is_trusted = server->cert_headers->nelts > 0 && mod_zta_facts_has_trusted_peer(r);
    apr_table_t *kept = NULL;
    for (int i = 0; is_trusted && i < server->cert_headers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(server->cert_headers, i, const char *);
        const char *value = apr_table_get(r->headers_in, name);
        if (value != NULL) {
            kept = kept != NULL ? kept : apr_table_make(r->pool, server->cert_headers->nelts);
            apr_table_setn(kept, name, value);
        }
    }
    if (server->is_enforced) {
        remove_all(r, is_foreign_proof);
    }
    return kept;
}

apr_table_t *mod_zta_scrub_postures(request_rec *r)
{
    const apr_array_header_t *postures = mod_zta_global()->postures;
    apr_table_t *kept = NULL;
    for (int i = 0; i < postures->nelts; i++) {
        const char *name = APR_ARRAY_IDX(postures, i, struct mod_zta_posture_config *)->header;
        const char *value = apr_table_get(r->headers_in, name);
        if (value != NULL) {
            kept = kept != NULL ? kept : apr_table_make(r->pool, postures->nelts);
            apr_table_setn(kept, name, value);
        }
    }
    return kept;
}

void mod_zta_scrub_own(request_rec *r)
{
    remove_all(r, is_own_name);
}

void mod_zta_scrub_request_id(request_rec *r)
{
    remove_all(r, is_request_id_name);
}
