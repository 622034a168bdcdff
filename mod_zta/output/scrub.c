/* SPDX-License-Identifier: Apache-2.0 */
/* Header hygiene at the very start of a request, before anything could read a forged header. */
#include "mod_zta/output/scrub.h"

#include <http_protocol.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <stdbool.h>
#include <string.h>

#include "mod_zta/facts.h"

#define OWN_PREFIX     "x-zta-"
#define REQUEST_ID     "x-request-id"
#define REQUEST_ID_MAX 128
#define SCRUBBED_MAX   64 /* names found in one pass; more passes follow */

/* What gateways and scripts make of a name: each sign becomes a '-' or '_'. */
static char fold(char c)
{
    return apr_isalnum(c) ? (char)apr_tolower(c) : '-';
}

/* Does name (len bytes) begin with the folded prefix? */
static bool begins_with(const char *name, size_t len, const char *prefix)
{
    size_t n = strlen(prefix);
    if (len < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (fold(name[i]) != prefix[i]) {
            return false;
        }
    }
    return true;
}

typedef bool (*name_test_fn)(const char *name, size_t len);

static bool is_own_name(const char *name, size_t len)
{
    return begins_with(name, len, OWN_PREFIX);
}

static bool is_request_id_name(const char *name, size_t len)
{
    return len == strlen(REQUEST_ID) && begins_with(name, len, REQUEST_ID);
}

struct found {
    name_test_fn is_wanted;
    const char *names[SCRUBBED_MAX];
    size_t n;
};

static int find(void *context, const char *name, const char *value)
{
    struct found *found = context;
    if (found->n < SCRUBBED_MAX && found->is_wanted(name, strlen(name))) {
        found->names[found->n++] = name;
    }
    return 1;
}

static void remove_all(request_rec *r, name_test_fn is_wanted)
{
    struct found found = {.is_wanted = is_wanted};
    do {
        found.n = 0;
        apr_table_do(find, &found, r->headers_in, NULL);
        for (size_t i = 0; i < found.n; i++) {
            apr_table_unset(r->headers_in, found.names[i]);
        }
    } while (found.n == SCRUBBED_MAX);
}

/*
 * Connection: names in it are dropped by the next hop; ours must arrive (hop-by-hop smuggling).
 * mod_proxy takes a name to end at a comma, a semicolon or a blank.
 */
static void scrub_connection(request_rec *r)
{
    static const char separators[] = ",; \t";
    const char *value = apr_table_get(r->headers_in, "Connection");
    if (value == NULL ||
        (ap_strcasestr(value, "zta") == NULL && ap_strcasestr(value, "request") == NULL)) {
        return;
    }
    /* One separator becomes two characters; every name has at least one. */
    char *kept = apr_palloc(r->pool, 2 * strlen(value) + 1);
    size_t at = 0;
    for (const char *p = value + strspn(value, separators); *p != '\0';) {
        size_t len = strcspn(p, separators);
        if (!is_own_name(p, len) && !is_request_id_name(p, len)) {
            if (at > 0) {
                kept[at++] = ',';
                kept[at++] = ' ';
            }
            memcpy(kept + at, p, len);
            at += len;
        }
        p += len;
        p += strspn(p, separators);
    }
    if (at == 0) {
        apr_table_unset(r->headers_in, "Connection");
        return;
    }
    kept[at] = '\0';
    apr_table_setn(r->headers_in, "Connection", kept);
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

void mod_zta_scrub_request_id(request_rec *r)
{
    remove_all(r, is_request_id_name);
}
