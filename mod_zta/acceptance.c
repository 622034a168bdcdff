/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each Location with all others that hold there, as a request for its path finds them. Sections by
 * pattern and of the file system are merged with their server alone.
 */
#include "mod_zta/acceptance.h"

#include <http_core.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/places.h"
#include "mod_zta/present.h"

struct collecting {
    apr_pool_t *pool;
    apr_array_header_t *places; /* struct zta_accepting_place */
};

static struct zta_texts texts_of(const apr_array_header_t *array)
{
    return array == NULL
               ? (struct zta_texts){.n = 0}
               : (struct zta_texts){.items = (const struct zta_text *)(const void *)array->elts,
                                    .n = (size_t)array->nelts};
}

/* ---- issuers ---- */

static struct zta_texts alg_names(apr_pool_t *pool, unsigned algs)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(struct zta_text));
    for (; algs != 0; algs &= algs - 1) {
        APR_ARRAY_PUSH(names, struct zta_text) = zta_text_of(mod_zta_alg_name(algs & -algs));
    }
    return texts_of(names);
}

static void describe_issuer(const struct mod_zta_issuer_config *config, apr_pool_t *pool,
                            struct zta_accepted_issuer *described)
{
    const struct mod_zta_issuer *issuer = &config->issuer;
    const struct mod_zta_claim_names *claims = &issuer->claims;
    *described = (struct zta_accepted_issuer){
        .name = issuer->name,
        .url = issuer->url,
        .token_type = issuer->token_type,
        .keys_file = zta_text_of(config->keys_file),
        .algs = alg_names(pool, issuer->algs),
        .audiences = {.items = issuer->audiences, .n = issuer->n_audiences},
        .acrs = {.items = issuer->acrs.values, .n = issuer->acrs.n},
        .claims =
            {
                [ZTA_ACCEPTED_SUBJECT] = claims->subject,
                [ZTA_ACCEPTED_CLIENT] = claims->client,
                [ZTA_ACCEPTED_ROLES] = claims->roles,
                [ZTA_ACCEPTED_GROUPS] = claims->groups,
                [ZTA_ACCEPTED_SCOPE] = claims->scope,
                [ZTA_ACCEPTED_SESSION] = claims->session,
                [ZTA_ACCEPTED_DEVICE] = claims->device,
                [ZTA_ACCEPTED_ACR] = claims->acr,
            },
        .leeway_s = issuer->leeway_s,
        .is_introspected = issuer->introspection != NULL,
        .asks_about_jwts = issuer->introspection != NULL && issuer->introspection->asks_about_jwts,
    };
}

/* ---- places ---- */

static struct zta_texts accepted_names(const struct mod_zta_accept *accept, apr_pool_t *pool)
{
    apr_array_header_t *names =
        apr_array_make(pool, (int)accept->n_issuers + 1, sizeof(struct zta_text));
    for (size_t i = 0; i < accept->n_issuers; i++) {
        APR_ARRAY_PUSH(names, struct zta_text) = accept->issuers[i]->name;
    }
    return texts_of(names);
}

static unsigned token_sources(const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(dir);
    return (sources->has_authorization ? ZTA_TOKEN_IN_AUTHORIZATION : 0U) |
           (sources->cookie != NULL ? ZTA_TOKEN_IN_COOKIE : 0U) |
           (sources->has_query ? ZTA_TOKEN_IN_QUERY : 0U);
}

/* Where no credential is asked for, no token is looked at. */
static void add_place(struct collecting *collecting, const server_rec *s, const char *path,
                      const struct mod_zta_dir *dir)
{
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    const int dpop = dir->dpop == MOD_ZTA_UNSET ? MOD_ZTA_DPOP_OFF : dir->dpop;
    const enum zta_mode mode = (enum zta_mode)dir->stance.modes[ZTA_FEATURE_CREDENTIAL];
    if (mode == ZTA_MODE_OFF) {
        return;
    }
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    mod_zta_server_label(s, server);
    APR_ARRAY_PUSH(collecting->places, struct zta_accepting_place) = (struct zta_accepting_place){
        .server = zta_text_of(apr_pstrdup(collecting->pool, server)),
        .path = zta_text_of(path),
        .issuers = accepted_names(accept, collecting->pool),
        .audiences = texts_of(accept->audiences),
        .mode = mode,
        .sources = token_sources(dir),
        .header_max = (uint32_t)s->limit_req_fieldsize,
        .takes_dpop = dpop != MOD_ZTA_DPOP_OFF,
        .requires_dpop = (dpop & MOD_ZTA_DPOP_REQUIRED) != 0,
    };
}

/* A section that sets anything of ours; parent is the server's own. */
static void add_section(struct collecting *collecting, const server_rec *s,
                        ap_conf_vector_t *section, bool is_location)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    struct mod_zta_dir *add = ap_get_module_config(section, &zta_module);
    const bool is_path = is_location && core->r == NULL && !core->d_is_fnmatch;
    if (add == NULL || (is_path && strcmp(core->d, "/") == 0)) {
        return; /* the root stands there already, with this section in it */
    }
    add_place(collecting, s, core->d,
              is_path
                  ? mod_zta_places_of(s, collecting->pool, core->d)
                  : mod_zta_dir_merge(collecting->pool,
                                      ap_get_module_config(s->lookup_defaults, &zta_module), add));
}

static void add_server(struct collecting *collecting, const server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const apr_array_header_t *lists[] = {core->sec_dir, core->sec_url};
    add_place(collecting, s, "/", mod_zta_places_of(s, collecting->pool, "/"));
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        for (int i = 0; lists[l] != NULL && i < lists[l]->nelts; i++) {
            add_section(collecting, s, APR_ARRAY_IDX(lists[l], i, ap_conf_vector_t *),
                        lists[l] == core->sec_url);
        }
    }
}

const struct zta_acceptance *mod_zta_acceptance_collect(apr_pool_t *pool, server_rec *main_server)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct zta_acceptance *acceptance = apr_pcalloc(pool, sizeof(*acceptance));
    struct collecting collecting = {
        .pool = pool,
        .places = apr_array_make(pool, 16, sizeof(struct zta_accepting_place)),
    };
    size_t n_claims;
    const struct zta_text *claims = zta_ruleset_claims(global->rules, &n_claims);
    acceptance->n_issuers = (size_t)global->issuers->nelts;
    struct zta_accepted_issuer *issuers =
        apr_palloc(pool, sizeof(*issuers) * (acceptance->n_issuers + 1));
    for (size_t i = 0; i < acceptance->n_issuers; i++) {
        describe_issuer(APR_ARRAY_IDX(global->issuers, (int)i, struct mod_zta_issuer_config *),
                        pool, &issuers[i]);
    }
    for (const server_rec *s = main_server; s != NULL; s = s->next) {
        if (mod_zta_server_of(s)->is_governed) {
            add_server(&collecting, s);
        }
    }
    acceptance->issuers = issuers;
    acceptance->places = (const struct zta_accepting_place *)(const void *)collecting.places->elts;
    acceptance->n_places = (size_t)collecting.places->nelts;
    acceptance->claims = (struct zta_texts){.items = claims, .n = n_claims};
    return acceptance;
}
