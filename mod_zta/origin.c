/* SPDX-License-Identifier: Apache-2.0 */
/* From ZTAOrigin, else the virtual host's own name, scheme and port. */
#include "mod_zta/origin.h"

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/identity/htu.h"

/* Scheme, host and port, with a NUL. */
#define ORIGIN_SIZE (ZTA_HOST_MAX + 32)

const request_rec *mod_zta_origin_request(const request_rec *r)
{
    while (r->main != NULL || r->prev != NULL) {
        r = r->main != NULL ? r->main : r->prev;
    }
    return r;
}

/* The port of ServerName, else the one that the request came to. */
static unsigned port_of(const request_rec *r)
{
    return r->server->port != 0 ? r->server->port : r->connection->local_addr->port;
}

static const char *origin_of(const request_rec *r, const struct mod_zta_dir *dir)
{
    if (dir->origin != NULL) {
        return dir->origin;
    }
    return apr_psprintf(r->pool, "%s://%s:%u", ap_run_http_scheme(r), r->server->server_hostname,
                        port_of(r));
}

/* The target in absolute form says a host, which is as little to be believed as Host. */
static const char *path_of(const request_rec *sent)
{
    const char *target = sent->unparsed_uri;
    if (target == NULL || target[0] == '/') {
        return target;
    }
    const char *authority = strstr(target, "://");
    return authority == NULL ? NULL : authority + 3 + strcspn(authority + 3, "/?#");
}

enum zta_status mod_zta_origin_uri(const request_rec *r, const struct mod_zta_dir *dir,
                                   struct zta_text *uri)
{
    const request_rec *sent = mod_zta_origin_request(r);
    const char *path = path_of(sent);
    size_t len;
    if (path == NULL || (dir->origin == NULL && sent->server->server_hostname == NULL)) {
        return ZTA_INVALID;
    }
    char *normal = apr_palloc(r->pool, MOD_ZTA_HTU_SIZE);
    enum zta_status status =
        mod_zta_htu_normalise(zta_text_of(apr_pstrcat(r->pool, origin_of(sent, dir), path, NULL)),
                              normal, MOD_ZTA_HTU_SIZE, &len);
    if (status == ZTA_OK) {
        *uri = (struct zta_text){.data = normal, .len = len};
    }
    return status;
}

enum zta_status mod_zta_origin_of(const request_rec *r, const struct mod_zta_dir *dir,
                                  struct zta_text *origin)
{
    const request_rec *sent = mod_zta_origin_request(r);
    size_t len;
    if (dir->origin != NULL) {
        *origin = zta_text_of(dir->origin);
        return ZTA_OK;
    }
    if (sent->server->server_hostname == NULL) {
        return ZTA_INVALID;
    }
    char *normal = apr_palloc(r->pool, ORIGIN_SIZE);
    enum zta_status status =
        mod_zta_htu_origin(zta_text_of(origin_of(sent, dir)), normal, ORIGIN_SIZE, &len);
    if (status == ZTA_OK) {
        *origin = (struct zta_text){.data = normal, .len = len};
    }
    return status;
}
