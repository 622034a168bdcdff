/* SPDX-License-Identifier: Apache-2.0 */
/* Stages as sections give and take them: lower places, sections without effect, servers without. */
#include "mod_zta/lint/lint.h"

#include <ap_listen.h>
#include <http_config.h>
#include <http_core.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/check.h"
#include "mod_zta/config.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/places.h"

static const char *place_name(const struct mod_zta_lint *lint, const server_rec *s,
                              const char *path)
{
    return apr_psprintf(lint->pool, "%s, section %s",
                        s->server_hostname != NULL ? s->server_hostname : "server", path);
}

static void find_lower(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                       const struct mod_zta_dir *parent)
{
    const struct mod_zta_lint *lint = context;
    if (parent == NULL || dir->handler != NULL || dir->location == NULL ||
        dir->stance.stage >= parent->stance.stage) {
        return;
    }
    const bool is_public = dir->stance.monitor == 0;
    const char *name = place_name(lint, s, dir->location);
    mod_zta_finding_add(
        (struct mod_zta_finding){
            .hazard = is_public ? ZTA_HAZARD_PLACE_PUBLIC : ZTA_HAZARD_PLACE_LOWER,
            .server = s,
            .place = dir->location,
            .text = is_public
                        ? apr_psprintf(lint->pool,
                                       "%s is public (stage 0), what is around it is at stage %u",
                                       name, (unsigned)parent->stance.stage)
                        : apr_psprintf(
                              lint->pool, "%s is at stage %u, lower than the stage %u around it",
                              name, (unsigned)dir->stance.stage, (unsigned)parent->stance.stage)},
        mod_zta_lint_place_line(lint, s, dir->location));
}

/* What stands behind a section and covers its path takes its place, key by key. */
static void find_overridden(const struct mod_zta_lint *lint, const server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    for (int i = 0; core->sec_url != NULL && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        const core_dir_config *url = ap_get_core_module_config(section);
        const struct mod_zta_dir *own = ap_get_module_config(section, &zta_module);
        if (own == NULL || own->stage == MOD_ZTA_UNSET || url->r != NULL || url->d_is_fnmatch) {
            continue;
        }
        const struct mod_zta_dir *place = mod_zta_places_of(s, lint->pool, url->d);
        if (place->stage == own->stage) {
            continue;
        }
        mod_zta_finding_add(
            (struct mod_zta_finding){
                .hazard = ZTA_HAZARD_SECTION_OVERRIDDEN,
                .server = s,
                .place = url->d,
                .text =
                    apr_psprintf(lint->pool,
                                 "%s says ZTAStage %d, and a section behind it (%s) makes that "
                                 "stage %d",
                                 place_name(lint, s, url->d), own->stage,
                                 place->location != NULL ? place->location : "?", place->stage)},
            mod_zta_lint_place_line(lint, s, url->d));
    }
}

static bool covers(const server_rec *s, const ap_listen_rec *listener)
{
    for (const server_addr_rec *addr = s->addrs; addr != NULL; addr = addr->next) {
        if ((addr->host_port == 0 || addr->host_port == listener->bind_addr->port) &&
            (apr_sockaddr_is_wildcard(addr->host_addr) ||
             apr_sockaddr_equal(addr->host_addr, listener->bind_addr))) {
            return true;
        }
    }
    return false;
}

/* The main server answers only where no virtual one does. */
static bool is_reachable(const struct mod_zta_lint *lint, const server_rec *s)
{
    if (s != lint->main_server || s->next == NULL) {
        return true;
    }
    for (const ap_listen_rec *listener = ap_listeners; listener != NULL;
         listener = listener->next) {
        bool is_covered = false;
        for (const server_rec *v = s->next; v != NULL && !is_covered; v = v->next) {
            is_covered = covers(v, listener);
        }
        if (!is_covered) {
            return true;
        }
    }
    return false;
}

/* The first line by which a server reaches a back end; NULL: none. */
static const struct mod_zta_mapping *first_proxied(const struct mod_zta_lint *lint,
                                                   const server_rec *s)
{
    const apr_array_header_t *all = mod_zta_lint_mappings(lint, s);
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_mapping *mapping = &APR_ARRAY_IDX(all, i, struct mod_zta_mapping);
        if (!mapping->is_file) {
            return mapping;
        }
    }
    return NULL;
}

static void find_without_stage(const struct mod_zta_lint *lint, const server_rec *s)
{
    const struct mod_zta_dir *base = ap_get_module_config(s->lookup_defaults, &zta_module);
    if (mod_zta_server_of(s)->is_governed || base->stage != MOD_ZTA_UNSET ||
        !is_reachable(lint, s)) {
        return;
    }
    const struct mod_zta_mapping *mapping = first_proxied(lint, s);
    if (mapping == NULL) {
        return;
    }
    mod_zta_finding_add(
        (struct mod_zta_finding){
            .hazard = ZTA_HAZARD_SERVER_WITHOUT_STAGE,
            .server = s,
            .text = apr_psprintf(lint->pool,
                                 "%s has no ZTAStage and reaches %s, while other servers have one",
                                 mod_zta_lint_label(lint, s), mapping->target)},
        mapping->line);
}

void mod_zta_lint_places(const struct mod_zta_lint *lint)
{
    union {
        const void *c;
        void *v;
    } context = {.c = lint};
    mod_zta_each_place(lint->pool, lint->main_server, find_lower, context.v);
    for (const server_rec *s = lint->main_server; s != NULL; s = s->next) {
        if (is_reachable(lint, s)) {
            find_overridden(lint, s);
        }
        find_without_stage(lint, s);
    }
}
