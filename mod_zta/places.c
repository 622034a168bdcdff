/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over Location sections that merges nothing but our own configuration. */
#include "mod_zta/places.h"

#include <http_core.h>

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include <string.h>

static bool matches(const core_dir_config *section, const char *path)
{
    size_t len = strlen(section->d);
    if (section->r != NULL) {
        return ap_regexec(section->r, path, 0, NULL, 0) == 0;
    }
    if (section->d_is_fnmatch) {
        return apr_fnmatch(section->d, path, APR_FNM_PATHNAME) == APR_SUCCESS;
    }
    return strncmp(section->d, path, len) == 0 &&
           (len == 0 || section->d[len - 1] == '/' || path[len] == '/' || path[len] == '\0');
}

void mod_zta_server_label(const server_rec *s, char out[MOD_ZTA_SERVER_LABEL_SIZE])
{
    apr_snprintf(out, MOD_ZTA_SERVER_LABEL_SIZE, "%s:%u",
                 s->server_hostname != NULL ? s->server_hostname : "*",
                 s->addrs != NULL ? (unsigned)s->addrs->host_port : (unsigned)s->port);
}

const struct mod_zta_dir *mod_zta_places_of(const server_rec *s, apr_pool_t *pool, const char *path)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    struct mod_zta_dir *dir = ap_get_module_config(s->lookup_defaults, &zta_module);
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        struct mod_zta_dir *add = ap_get_module_config(section, &zta_module);
        if (add != NULL && matches(ap_get_core_module_config(section), path)) {
            dir = mod_zta_dir_merge(pool, dir, add);
        }
    }
    return dir;
}

const struct mod_zta_dir *mod_zta_places_at(request_rec *r, const char *path)
{
    return mod_zta_places_of(r->server, r->pool, path);
}

/* Length without trailing slashes: httpd adds and drops them while it maps directories. */
static size_t trimmed_len(const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    return len;
}

const char *mod_zta_places_file_uri(request_rec *r)
{
    const char *root = ap_context_document_root(r);
    const char *prefix = ap_context_prefix(r);
    if (r->proxyreq != PROXYREQ_NONE || r->filename == NULL || r->filename[0] != '/' ||
        root == NULL) {
        return NULL;
    }
    size_t root_len = trimmed_len(root);
    if (strncmp(r->filename, root, root_len) != 0 ||
        (r->filename[root_len] != '/' && r->filename[root_len] != '\0')) {
        return NULL;
    }
    const char *uri = apr_pstrcat(r->pool, prefix != NULL ? prefix : "", r->filename + root_len,
                                  r->path_info != NULL ? r->path_info : "", NULL);
    size_t len = trimmed_len(uri);
    if (len == trimmed_len(r->uri) && strncmp(uri, r->uri, len) == 0) {
        return NULL;
    }
    return uri[0] == '\0' ? "/" : uri;
}
