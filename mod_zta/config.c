/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, merging and comparing configurations; directives/ sets what stands in them. */
#include "mod_zta/config.h"
#include "mod_zta/notify.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/handlers/own.h"
#include "mod_zta/lint/findings.h"
#include "shared/base/path.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"

static struct mod_zta_global *current;

struct mod_zta_global *mod_zta_global(void)
{
    return current;
}

void mod_zta_global_reset(apr_pool_t *pconf)
{
    struct mod_zta_global *global = apr_pcalloc(pconf, sizeof(*global));
    global->pool = pconf;
    global->store_size = ZTA_STORE_SIZE_DEFAULT;
    global->segment_size = ZTA_SEGMENT_SIZE_DEFAULT;
    global->retain =
        (struct mod_zta_retain){.events_s = 7 * INT64_C(86400),
                                .sessions_s = 90 * INT64_C(86400),
                                .events_size = 0,
                                .series_s = {[ZTA_SERIES_MINUTE] = 2 * INT64_C(86400),
                                             [ZTA_SERIES_HOUR] = 90 * INT64_C(86400),
                                             [ZTA_SERIES_DAY] = 5 * 365 * INT64_C(86400)}};
    global->failures = (struct zta_limit_rate){.count = 20, .window_s = 10, .burst = 20};
    global->governor = (struct zta_governor_limits){.percent = 5, .window_s = 3600, .min = 5};
    global->never = apr_array_make(pconf, 4, sizeof(struct zta_cidr));
    global->log_ends = apr_array_make(pconf, 2, sizeof(struct mod_zta_log_end));
    global->notify = apr_array_make(pconf, 2, sizeof(struct mod_zta_notify_target));
    global->rules_patterns = apr_array_make(pconf, 4, sizeof(const char *));
    global->rules_files = apr_array_make(pconf, 4, sizeof(struct mod_zta_rules_file));
    global->issuers = apr_array_make(pconf, 4, sizeof(struct mod_zta_issuer_config *));
    global->postures = apr_array_make(pconf, 2, sizeof(struct mod_zta_posture_config *));
    global->transmitters = apr_array_make(pconf, 2, sizeof(struct mod_zta_transmitter_config *));
    global->requires = apr_array_make(pconf, 4, sizeof(void *));
    global->required_claims = apr_array_make(pconf, 4, sizeof(struct zta_text));
    global->findings = apr_array_make(pconf, 4, sizeof(struct mod_zta_finding));
    current = global;
}

struct mod_zta_dir *mod_zta_dir_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &zta_module);
}

struct mod_zta_server *mod_zta_server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &zta_module);
}

const struct mod_zta_issuer_config *mod_zta_issuer_named(const struct mod_zta_global *global,
                                                         const char *name)
{
    for (int i = 0; i < global->issuers->nelts; i++) {
        const struct mod_zta_issuer_config *issuer =
            APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *);
        if (zta_text_equal(issuer->issuer.name, zta_text_of(name))) {
            return issuer;
        }
    }
    return NULL;
}

bool mod_zta_dir_has_cert_header(const struct mod_zta_dir *dir)
{
    return dir->client_cert_header != NULL && dir->client_cert_header[0] != '\0';
}

const struct mod_zta_accept *mod_zta_dir_accept(const struct mod_zta_dir *dir)
{
    return dir->accept != NULL ? dir->accept : &current->default_accept;
}

void *mod_zta_server_create(apr_pool_t *p, server_rec *s)
{
    struct mod_zta_server *server = apr_pcalloc(p, sizeof(*server));
    server->cert_headers = apr_array_make(p, 1, sizeof(const char *));
    return server;
}

void *mod_zta_dir_create(apr_pool_t *p, char *location)
{
    struct mod_zta_dir *dir = apr_pcalloc(p, sizeof(*dir));
    dir->location = location == NULL ? NULL : apr_pstrdup(p, location);
    dir->stage = MOD_ZTA_UNSET;
    dir->monitor = MOD_ZTA_UNSET;
    dir->allows_by_default = MOD_ZTA_UNSET;
    dir->preflight = MOD_ZTA_UNSET;
    dir->forward = MOD_ZTA_UNSET;
    dir->path_flags = MOD_ZTA_UNSET;
    dir->dpop = MOD_ZTA_UNSET;
    dir->stale_s = MOD_ZTA_UNSET;
    dir->fleet_s = MOD_ZTA_UNSET;
    dir->mtls_subject = MOD_ZTA_UNSET;
    memset(dir->features, MOD_ZTA_UNSET, sizeof(dir->features));
    mod_zta_dir_seal(dir);
    return dir;
}

static int inner(int base, int add)
{
    return add == MOD_ZTA_UNSET ? base : add;
}

void *mod_zta_dir_merge(apr_pool_t *p, void *basev, void *addv)
{
    const struct mod_zta_dir *base = basev;
    const struct mod_zta_dir *add = addv;
    struct mod_zta_dir *dir = apr_palloc(p, sizeof(*dir));
    *dir = (struct mod_zta_dir){
        .location = add->location == NULL ? base->location : add->location,
        .stage = inner(base->stage, add->stage),
        .monitor = inner(base->monitor, add->monitor),
        .allows_by_default = inner(base->allows_by_default, add->allows_by_default),
        .preflight = inner(base->preflight, add->preflight),
        .forward = inner(base->forward, add->forward),
        .path_flags = inner(base->path_flags, add->path_flags),
        .stale_s = add->stale_s == MOD_ZTA_UNSET ? base->stale_s : add->stale_s,
        .fleet_s = add->fleet_s == MOD_ZTA_UNSET ? base->fleet_s : add->fleet_s,
        .origin = add->origin == NULL ? base->origin : add->origin,
        .audience = add->audience == NULL ? base->audience : add->audience,
        .dpop = inner(base->dpop, add->dpop),
        .mtls_subject = inner(base->mtls_subject, add->mtls_subject),
        .client_cert_header =
            add->client_cert_header == NULL ? base->client_cert_header : add->client_cert_header,
        .handler = add->handler == NULL ? base->handler : add->handler,
        .has_require = add->handler == NULL ? base->has_require : add->has_require,
        .realm = add->realm == NULL ? base->realm : add->realm,
        .accept = add->accept == NULL ? base->accept : add->accept,
        .sources = add->sources == NULL ? base->sources : add->sources,
    };
    for (size_t i = 0; i < ZTA_N_FEATURES; i++) {
        dir->features[i] = add->features[i] == MOD_ZTA_UNSET ? base->features[i] : add->features[i];
    }
    mod_zta_dir_seal(dir);
    return dir;
}

void mod_zta_dir_seal(struct mod_zta_dir *dir)
{
    unsigned stage = dir->stage == MOD_ZTA_UNSET ? 0 : (unsigned)dir->stage;
    unsigned monitor = dir->monitor == MOD_ZTA_UNSET ? 0 : (unsigned)dir->monitor;
    if (mod_zta_handlers_are_public(dir)) {
        stage = 0;
        monitor = 0;
    }
    /* Directives admit no stage and no feature that this refuses; should one slip through, the
     * zeroed stance would be stage 0, so the strictest one is taken instead. */
    if (zta_stance_make(stage, monitor, dir->features, &dir->stance) != ZTA_OK) {
        memset(&dir->stance, 0, sizeof(dir->stance));
        dir->stance.stage = ZTA_STAGE_MAX;
        dir->stance.monitor = ZTA_STAGE_MAX;
        memset(dir->stance.modes, ZTA_MODE_ENFORCE, sizeof(dir->stance.modes));
    }
    dir->stance.allows_by_default = dir->allows_by_default == 1;
}

bool mod_zta_dir_is_alike(const struct mod_zta_dir *a, const struct mod_zta_dir *b)
{
    return a == b ||
           (memcmp(&a->stance, &b->stance, sizeof(a->stance)) == 0 && a->accept == b->accept &&
            a->sources == b->sources && a->preflight == b->preflight &&
            a->path_flags == b->path_flags && a->dpop == b->dpop && a->origin == b->origin &&
            a->stale_s == b->stale_s && a->fleet_s == b->fleet_s &&
            a->mtls_subject == b->mtls_subject && a->client_cert_header == b->client_cert_header &&
            a->forward == b->forward && a->audience == b->audience && a->realm == b->realm);
}
