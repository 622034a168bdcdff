/* SPDX-License-Identifier: Apache-2.0 */
/* Back ends and files that stages protect on one path and not on another. */
#include "mod_zta/lint/lint.h"

#include <http_config.h>
#include <http_core.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/places.h"

/* Pairs of paths are compared: of more than this many in a server the first ones. */
#define MAPPINGS_MAX 1000

static const struct mod_zta_mapping *mapping_at(const apr_array_header_t *all, int i)
{
    return &APR_ARRAY_IDX(all, i, struct mod_zta_mapping);
}

static bool is_open(const struct mod_zta_dir *place)
{
    return place->stance.monitor == 0;
}

static void find_uncovered(const struct mod_zta_lint *lint, const server_rec *s,
                           const struct mod_zta_mapping *mapping)
{
    const struct mod_zta_dir *place = mod_zta_places_of(s, lint->pool, mapping->path);
    if (mapping->is_file || place->stage != MOD_ZTA_UNSET || place->handler != NULL ||
        !is_open(place)) {
        return;
    }
    mod_zta_finding_add(
        (struct mod_zta_finding){
            .hazard = ZTA_HAZARD_PROXY_NOT_COVERED,
            .server = s,
            .place = mapping->path,
            .text = apr_psprintf(lint->pool, "%s: %s reaches %s, and no ZTAStage covers that path",
                                 mod_zta_lint_label(lint, s), mapping->path, mapping->target)},
        mapping->line);
}

/* The path by which `open` leads to what lies at `target`; NULL: it does not. */
static const char *way_to(apr_pool_t *pool, const struct mod_zta_mapping *open, const char *target)
{
    if (!mod_zta_lint_is_below(target, open->target)) {
        return NULL;
    }
    const char *rest = target + strlen(open->target);
    const size_t len = strlen(open->path);
    const bool has_slash = len > 0 && open->path[len - 1] == '/';
    return apr_pstrcat(pool, open->path, has_slash && rest[0] == '/' ? rest + 1 : rest, NULL);
}

static void find_second_door(const struct mod_zta_lint *lint, const server_rec *s,
                             const struct mod_zta_mapping *open,
                             const struct mod_zta_mapping *closed)
{
    if (open->is_file || closed->is_file || open->line == closed->line) {
        return;
    }
    const char *way = way_to(lint->pool, open, closed->target);
    const struct mod_zta_dir *place = way == NULL ? NULL : mod_zta_places_of(s, lint->pool, way);
    /* Where nobody gave the open path a stage that is said already. */
    if (place == NULL || !is_open(place) || place->stage == MOD_ZTA_UNSET ||
        is_open(mod_zta_places_of(s, lint->pool, closed->path))) {
        return;
    }
    mod_zta_finding_add(
        (struct mod_zta_finding){
            .hazard = ZTA_HAZARD_BACKEND_ALSO_OPEN,
            .server = s,
            .place = open->path,
            .text = apr_psprintf(lint->pool,
                                 "%s: %s is at stage 0 and reaches %s, which the stage of %s "
                                 "protects",
                                 mod_zta_lint_label(lint, s), way, closed->target, closed->path)},
        open->line);
}

/* ---- files ---- */

/* Where httpd finds the files of a path: by the alias with the longest path, else its root. */
static const char *directory_of(const struct mod_zta_lint *lint, const server_rec *s,
                                const apr_array_header_t *all, const char *path)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const struct mod_zta_mapping root = {.path = "/", .target = core->ap_document_root};
    const struct mod_zta_mapping *best = &root;
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_mapping *mapping = mapping_at(all, i);
        if (mod_zta_lint_is_below(path, mapping->path) &&
            strlen(mapping->path) >= strlen(best->path)) {
            best = mapping;
        }
    }
    if (best->target == NULL || (best != &root && !best->is_file)) {
        return NULL; /* a back end has it */
    }
    const char *rest = path + strlen(best->path);
    return apr_pstrcat(lint->pool, best->target, rest[0] == '/' || rest[0] == '\0' ? "" : "/", rest,
                       NULL);
}

/* A <Directory> holds by whatever path a file is asked for. */
static bool is_directory_covered(const server_rec *s, const char *directory)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    for (int i = 0; core->sec_dir != NULL && i < core->sec_dir->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_dir, i, ap_conf_vector_t *);
        const core_dir_config *dir = ap_get_core_module_config(section);
        const struct mod_zta_dir *own = ap_get_module_config(section, &zta_module);
        if (own != NULL && (own->stage > 0 || own->monitor > 0) && dir->r == NULL &&
            mod_zta_lint_is_below(directory, dir->d)) {
            return true;
        }
    }
    return false;
}

/* A <Location> of s that protects files which the alias leads to as well. */
static void find_alias(const struct mod_zta_lint *lint, const server_rec *s,
                       const apr_array_header_t *all, const struct mod_zta_mapping *alias)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        const core_dir_config *url = ap_get_core_module_config(section);
        const struct mod_zta_dir *own = ap_get_module_config(section, &zta_module);
        if (own == NULL || url->r != NULL || url->d_is_fnmatch ||
            is_open(mod_zta_places_of(s, lint->pool, url->d))) {
            continue;
        }
        const char *closed = directory_of(lint, s, all, url->d);
        if (closed == NULL || is_directory_covered(s, closed)) {
            continue;
        }
        const char *way = mod_zta_lint_is_below(alias->target, closed)
                              ? alias->path
                              : way_to(lint->pool, alias, closed);
        if (way == NULL || !is_open(mod_zta_places_of(s, lint->pool, way))) {
            continue;
        }
        mod_zta_finding_add(
            (struct mod_zta_finding){
                .hazard = ZTA_HAZARD_ALIAS_NOT_COVERED,
                .server = s,
                .place = alias->path,
                .text = apr_psprintf(lint->pool,
                                     "%s: %s leads to the files that section %s protects (%s)",
                                     mod_zta_lint_label(lint, s), way, url->d, closed)},
            alias->line);
        return; /* once for an alias */
    }
}

void mod_zta_lint_paths(const struct mod_zta_lint *lint)
{
    for (const server_rec *s = lint->main_server; s != NULL; s = s->next) {
        const apr_array_header_t *all = mod_zta_lint_mappings(lint, s);
        const int n = all->nelts < MAPPINGS_MAX ? all->nelts : MAPPINGS_MAX;
        if (!mod_zta_server_of(s)->has_stage) {
            continue;
        }
        for (int i = 0; i < n; i++) {
            find_uncovered(lint, s, mapping_at(all, i));
            for (int j = 0; j < n; j++) {
                find_second_door(lint, s, mapping_at(all, i), mapping_at(all, j));
            }
            if (mapping_at(all, i)->is_file) {
                find_alias(lint, s, all, mapping_at(all, i));
            }
        }
    }
}
