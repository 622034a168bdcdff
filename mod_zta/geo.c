/* SPDX-License-Identifier: Apache-2.0 */
/* A request of a known connection costs a comparison; another a look into the tree. */
#include "mod_zta/geo.h"

#include <http_config.h>
#include <http_log.h>

#include <stdatomic.h>

#include "mod_zta/config.h"
#include "mod_zta/connection.h"

APLOG_USE_MODULE(zta);

/* Changes with struct zta_geo_copies: another release must not take over what it does not know. */
#define RETAINED_KEY "mod_zta_geo_1"

/*
 * mod_remoteip may change the address with each request, so it is the key. Streams of HTTP/2 come
 * here in parallel; who finds it taken looks up by itself.
 */
struct mod_zta_geo_cache {
    atomic_flag is_taken;
    struct zta_addr addr[ZTA_N_GEO_KINDS];
    struct zta_geo_found found[ZTA_N_GEO_KINDS];
};

static struct zta_geo_reader *readers[ZTA_N_GEO_KINDS]; /* of this child; NULL: not configured */

const char *mod_zta_geo_directive(enum zta_geo_kind kind)
{
    return kind == ZTA_GEO_COUNTRY ? "ZTAGeoDB" : "ZTAAsnDB";
}

struct zta_geo_copies *mod_zta_geo_copies(void)
{
    struct zta_geo_copies *copies = ap_retained_data_get(RETAINED_KEY);
    if (copies == NULL) {
        copies = ap_retained_data_create(RETAINED_KEY, sizeof(*copies));
    }
    return copies;
}

int mod_zta_geo_check(server_rec *s)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        const char *file = global->geo_files[kind];
        if (file != NULL && zta_geo_file_check(file, kind, &error) != ZTA_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0100: %s %s: %s",
                         mod_zta_geo_directive(kind), file, error.text);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

void mod_zta_geo_start(server_rec *s)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct zta_geo_copies *copies = mod_zta_geo_copies();
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        const char *file = global->geo_files[kind];
        /* Whatever is taken, or is not, the helper compares with the file. */
        copies->taken[kind] = (struct zta_file_stamp){.inode = 0};
        if (file == NULL) {
            continue;
        }
        if (zta_geo_copies_open(copies, kind, &error) != ZTA_OK) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                         "ZTA0101: %s %s: %s; nothing is known by it until a restart",
                         mod_zta_geo_directive(kind), file, error.text);
            continue;
        }
        if (zta_geo_copies_take(copies, kind, file, &error) != ZTA_OK) {
            ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, s, "ZTA0102: %s %s: %s",
                         mod_zta_geo_directive(kind), file, error.text);
        }
    }
}

static apr_status_t end_child(void *unused)
{
    for (size_t kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        zta_geo_reader_close(&readers[kind]);
    }
    return APR_SUCCESS;
}

void mod_zta_geo_child_begin(apr_pool_t *pchild, server_rec *s)
{
    const struct mod_zta_global *global = mod_zta_global();
    const struct zta_geo_copies *copies = mod_zta_geo_copies();
    apr_pool_cleanup_register(pchild, NULL, end_child, apr_pool_cleanup_null);
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        if (global->geo_files[kind] != NULL && copies->is_open[kind] &&
            zta_geo_reader_open(copies, kind, &readers[kind]) != ZTA_OK) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                         "ZTA0103: %s: no memory to read it in this child; nothing is known by it",
                         mod_zta_geo_directive(kind));
        }
    }
}

struct mod_zta_geo_cache *mod_zta_geo_cache_make(apr_pool_t *pool)
{
    struct mod_zta_geo_cache *cache = apr_pcalloc(pool, sizeof(*cache));
    atomic_flag_clear(&cache->is_taken);
    return cache;
}

static void look_up(request_rec *r, const struct zta_addr *addr, enum zta_geo_kind kind,
                    struct zta_geo_found *found)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    if (zta_geo_reader_find(readers[kind], addr, found, &error) != ZTA_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "ZTA0104: %s: this child cannot open what was taken over (%s); it goes on "
                      "with what it has",
                      mod_zta_geo_directive(kind), error.text);
    }
}

/* What is kept with the connection, made new where it is of another address or copy. */
static void recall(request_rec *r, struct mod_zta_geo_cache *cache, const struct zta_addr *addr,
                   enum zta_geo_kind kind, struct zta_geo_found *found)
{
    struct zta_geo_found *kept = &cache->found[kind];
    if (kept->copy == 0 || kept->copy != zta_geo_reader_copy(readers[kind]) ||
        !zta_addr_equal(&cache->addr[kind], addr)) {
        look_up(r, addr, kind, kept);
        cache->addr[kind] = *addr;
    }
    *found = *kept;
}

void mod_zta_geo_find(request_rec *r, const struct zta_addr *addr, unsigned kinds,
                      struct zta_geo_found found[ZTA_N_GEO_KINDS])
{
    const struct mod_zta_connection *connection = mod_zta_connection_of(r->connection);
    struct mod_zta_geo_cache *cache = connection == NULL ? NULL : connection->geo;
    const bool is_taken =
        cache == NULL || atomic_flag_test_and_set_explicit(&cache->is_taken, memory_order_acquire);
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        found[kind] = (struct zta_geo_found){.copy = 0};
        if (readers[kind] == NULL || addr->family == 0 || (kinds & 1u << kind) == 0) {
            continue;
        }
        if (is_taken) {
            look_up(r, addr, kind, &found[kind]);
        }
        else {
            recall(r, cache, addr, kind, &found[kind]);
        }
    }
    if (!is_taken) {
        atomic_flag_clear_explicit(&cache->is_taken, memory_order_release);
    }
}
