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

static bool is_pattern(const core_dir_config *section)
{
    return section->r != NULL || section->d_is_fnmatch;
}

/* A configuration keeps the very text of the section that it has its name from. */
static bool is_named_by_pattern(const server_rec *s, const struct mod_zta_dir *dir)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        const struct mod_zta_dir *own = ap_get_module_config(section, &zta_module);
        if (own != NULL && own->location == dir->location) {
            return is_pattern(ap_get_core_module_config(section));
        }
    }
    return false;
}

bool mod_zta_places_describe(const server_rec *s, const struct mod_zta_dir *dir,
                             const struct mod_zta_dir *parent,
                             char server[MOD_ZTA_SERVER_LABEL_SIZE],
                             struct zta_published_location *location)
{
    if (!mod_zta_server_of(s)->is_governed) {
        return false;
    }
    const bool is_section = dir->location != NULL && parent != NULL;
    mod_zta_server_label(s, server);
    *location = (struct zta_published_location){
        .server = zta_text_of(server),
        .path = is_section ? zta_text_of(dir->location) : ZTA_TEXT("/"),
        .stance = dir->stance,
        .is_lower = parent != NULL && dir->stance.stage < parent->stance.stage,
        .is_pattern = is_section && is_named_by_pattern(s, dir),
    };
    return true;
}

/* Which sections count: all, all but one, or those with a path and perhaps one without. */
struct counting {
    const ap_conf_vector_t *without; /* NULL: none is left out */
    const ap_conf_vector_t *with;    /* counts whatever its pattern; NULL: none */
    bool has_no_patterns;
};

static bool counts(const struct counting *counting, ap_conf_vector_t *section, const char *path)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    if (section == counting->with) {
        return true;
    }
    return section != counting->without && !(counting->has_no_patterns && is_pattern(core)) &&
           matches(core, path);
}

/* What the sections of s say of a path. */
static struct mod_zta_dir *merge_at(apr_pool_t *pool, const server_rec *s, const char *path,
                                    struct counting counting)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    struct mod_zta_dir *dir = ap_get_module_config(s->lookup_defaults, &zta_module);
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        struct mod_zta_dir *add = ap_get_module_config(section, &zta_module);
        if (add != NULL && counts(&counting, section, path)) {
            dir = mod_zta_dir_merge(pool, dir, add);
        }
    }
    return dir;
}

void mod_zta_places_around(apr_pool_t *pool, const server_rec *s, ap_conf_vector_t *section,
                           bool is_url, struct mod_zta_around *around)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    struct mod_zta_dir *base = ap_get_module_config(s->lookup_defaults, &zta_module);
    struct mod_zta_dir *add = ap_get_module_config(section, &zta_module);
    struct mod_zta_dir *place;
    struct mod_zta_dir *below;
    around->alone = mod_zta_dir_merge(pool, base, add);
    if (is_url && is_pattern(core)) {
        /* Whatever it matches lies below "/", so what is said of all of that is said of it. */
        place = merge_at(pool, s, "/", (struct counting){.with = section, .has_no_patterns = true});
        place->location = add->location;
        around->place = place;
        around->below = place;
        around->parent = merge_at(pool, s, "/", (struct counting){.has_no_patterns = true});
        return;
    }
    if (!is_url) {
        around->place = around->alone;
        around->below = around->alone;
        around->parent = base;
        return;
    }
    place = merge_at(pool, s, core->d, (struct counting){.without = NULL});
    below = merge_at(pool, s, core->d, (struct counting){.has_no_patterns = true});
    place->location = add->location;
    below->location = add->location;
    around->place = place;
    around->below = below;
    around->parent = merge_at(pool, s, core->d, (struct counting){.without = section});
}

const struct mod_zta_dir *mod_zta_places_of(const server_rec *s, apr_pool_t *pool, const char *path)
{
    return merge_at(pool, s, path, (struct counting){.without = NULL});
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
