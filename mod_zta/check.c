/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the finished configuration and refuses what would let a request pass unjudged. */
#include "mod_zta/check.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/check_priv.h"
#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "mod_zta/dump.h"
#include "mod_zta/handlers/metadata.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/lint/lint.h"
#include "mod_zta/load.h"
#include "mod_zta/places.h"
#include "mod_zta/retained.h"
#include "mod_zta/routes.h"
#include "mod_zta/step_up.h"
#include "mod_zta/transmitter_config.h"
#include "shared/rules/compile.h"

APLOG_USE_MODULE(zta);

typedef void (*section_fn)(void *context, const server_rec *s, const struct mod_zta_around *around);

/* The servers themselves, then their sections. */
static void each_section(apr_pool_t *pool, server_rec *main_server, section_fn fn, void *context)
{
    for (server_rec *s = main_server; s != NULL; s = s->next) {
        const struct mod_zta_dir *base = ap_get_module_config(s->lookup_defaults, &zta_module);
        struct mod_zta_around around = {.alone = base, .place = base, .below = base};
        fn(context, s, &around);
        const core_server_config *core = ap_get_core_module_config(s->module_config);
        const apr_array_header_t *lists[] = {core->sec_dir, core->sec_url};
        for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
            for (int i = 0; lists[l] != NULL && i < lists[l]->nelts; i++) {
                ap_conf_vector_t *section = APR_ARRAY_IDX(lists[l], i, ap_conf_vector_t *);
                if (ap_get_module_config(section, &zta_module) == NULL) {
                    continue;
                }
                mod_zta_places_around(pool, s, section, l == 1, &around);
                fn(context, s, &around);
            }
        }
    }
}

/* Who asks for places alone. */
struct asker {
    mod_zta_place_fn fn;
    void *context;
};

static void tell_place(void *context, const server_rec *s, const struct mod_zta_around *around)
{
    const struct asker *asker = context;
    asker->fn(asker->context, s, around->place, around->parent);
}

void mod_zta_each_place(apr_pool_t *pool, server_rec *main_server, mod_zta_place_fn fn,
                        void *context)
{
    struct asker asker = {.fn = fn, .context = context};
    each_section(pool, main_server, tell_place, &asker);
}

/* The same may be wrong of a section's own path and of what lies below it. */
static bool is_told(const server_rec *s, const char *text)
{
    const apr_array_header_t *findings = mod_zta_global()->findings;
    for (int i = 0; i < findings->nelts; i++) {
        const struct mod_zta_finding *finding = &APR_ARRAY_IDX(findings, i, struct mod_zta_finding);
        if (finding->severity == ZTA_SEVERITY_ERROR && finding->server == s &&
            strcmp(finding->text, text) == 0) {
            return true;
        }
    }
    return false;
}

void mod_zta_check_refuse(struct mod_zta_check_walk *walk, struct mod_zta_finding finding,
                          const ap_directive_t *line)
{
    const server_rec *s = finding.server;
    const char *text = finding.text;
    walk->has_fault = true;
    if (is_told(s, text)) {
        return;
    }
    if (line != NULL) {
        finding.file = line->filename;
        finding.line = line->line_num;
    }
    mod_zta_finding_refuse(finding);
    if (walk->is_running) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0001: %s; this server answers 503 until the configuration is mended",
                     text);
        mod_zta_server_of(s)->refusal = apr_pstrdup(walk->pool, text);
        mod_zta_server_of(s)->is_governed = true; /* else no hook would look at its requests */
        mod_zta_global()->is_governed = true;
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0002: %s", text);
}

void mod_zta_check_fault(struct mod_zta_check_walk *walk, const server_rec *s, const char *text)
{
    mod_zta_check_refuse(
        walk,
        (struct mod_zta_finding){.hazard = ZTA_HAZARD_CONFIG_REFUSED, .server = s, .text = text},
        NULL);
}

/* What one server says of mod_cache, whose configuration is in no installed header. */
struct caching {
    const ap_directive_t *enable; /* a CacheEnable that holds; NULL: none */
    bool is_quick;
};

/* Adds what stands in s itself. */
static void read_caching(const server_rec *s, struct caching *caching)
{
    const ap_directive_t *top;
    for (const ap_directive_t *node = mod_zta_conftree_first_of(s, &top); node != NULL;
         node = mod_zta_conftree_next_of(node, top)) {
        if (strcasecmp(node->directive, "CacheEnable") == 0) {
            caching->enable = node;
        }
        else if (strcasecmp(node->directive, "CacheQuickHandler") == 0) {
            caching->is_quick = strcasecmp(node->args, "off") != 0;
        }
    }
}

/* mod_cache's quick handler serves before any access check (engineering: measured). */
static void check_cache(struct mod_zta_check_walk *walk)
{
    struct caching of_main = {.is_quick = true};
    read_caching(walk->main_server, &of_main);
    for (server_rec *s = walk->main_server; s != NULL; s = s->next) {
        struct caching caching = of_main;
        read_caching(s, &caching);
        if (caching.enable != NULL && caching.is_quick && mod_zta_server_of(s)->is_governed) {
            mod_zta_check_refuse(
                walk,
                (struct mod_zta_finding){
                    .hazard = ZTA_HAZARD_CACHE_BEFORE_ACCESS,
                    .server = s,
                    .text = apr_psprintf(walk->pool,
                                         "CacheEnable at %s:%d: mod_cache would serve stored "
                                         "answers before any request is judged, expected "
                                         "'CacheQuickHandler off'",
                                         caching.enable->filename, caching.enable->line_num)},
                caching.enable);
        }
    }
}

/* Other quick handlers answer as early as the cache's. */
static void check_quick_handlers(struct mod_zta_check_walk *walk)
{
    for (const ap_directive_t *node = ap_conftree; node != NULL;
         node = mod_zta_conftree_next(node)) {
        if (strcasecmp(node->directive, "LuaQuickHandler") == 0) {
            mod_zta_check_refuse(
                walk,
                (struct mod_zta_finding){
                    .hazard = ZTA_HAZARD_QUICK_HANDLER,
                    .server = walk->main_server,
                    .text = apr_psprintf(walk->pool,
                                         "LuaQuickHandler at %s:%d: the script would answer "
                                         "before any request is judged, expected another Lua "
                                         "hook",
                                         node->filename, node->line_num)},
                node);
        }
    }
}

/*
 * Where mod_remoteip believes whoever sends the header, addresses mean nothing, and rules that ask
 * where a request comes from would be asking the client.
 */
static void check_remoteip(struct mod_zta_check_walk *walk, const struct mod_zta_lint *lint)
{
    const struct zta_ruleset *rules = mod_zta_global()->rules;
    const bool is_asked =
        zta_ruleset_asks(rules, ZTA_FEATURE_NETWORK) || zta_ruleset_asks(rules, ZTA_FEATURE_GEO);
    for (const server_rec *s = walk->main_server; s != NULL; s = s->next) {
        const ap_directive_t *line =
            mod_zta_server_of(s)->is_governed ? mod_zta_lint_open_remoteip(lint, s) : NULL;
        if (line == NULL) {
            continue;
        }
        struct mod_zta_finding finding = {
            .hazard = ZTA_HAZARD_REMOTEIP_TRUSTS_ALL,
            .server = s,
            .text = apr_psprintf(walk->pool,
                                 "%s at %s:%d without RemoteIPInternalProxy or "
                                 "RemoteIPTrustedProxy that names proxies: every client can say "
                                 "what its address is, %s",
                                 line->directive, line->filename, line->line_num,
                                 is_asked ? "and rules ask for network or country, expected the "
                                            "addresses of the proxies"
                                          : "so that blocks, limits and the networks of API keys "
                                            "do not hold")};
        if (is_asked) {
            mod_zta_check_refuse(walk, finding, line);
        }
        else {
            mod_zta_finding_add(finding, line);
        }
    }
}

/* A set of 1u << enum zta_feature: those that some place evaluates. */
static void note_features(void *context, const server_rec *s, const struct mod_zta_around *around)
{
    unsigned *evaluated = context;
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        const bool is_on = around->alone->stance.modes[i] != ZTA_MODE_OFF ||
                           around->place->stance.modes[i] != ZTA_MODE_OFF ||
                           around->below->stance.modes[i] != ZTA_MODE_OFF;
        *evaluated |= is_on ? 1u << i : 0;
    }
}

/* What nobody looks up is unknown for ever: such a `need` refuses all, such a `deny` nobody. */
static void check_geo_files(const struct mod_zta_check_walk *walk, apr_pool_t *ptemp)
{
    const struct mod_zta_global *global = mod_zta_global();
    const struct {
        bool is_asked;
        enum zta_feature feature;
        enum zta_geo_kind kind;
        const char *what;
        const char *directive;
    } rows[] = {
        {.is_asked = zta_ruleset_asks(global->rules, ZTA_FEATURE_GEO),
         .feature = ZTA_FEATURE_GEO,
         .kind = ZTA_GEO_COUNTRY,
         .what = "countries",
         .directive = "ZTAGeoDB"},
        {.is_asked = zta_ruleset_asks_asn(global->rules),
         .feature = ZTA_FEATURE_NETWORK,
         .kind = ZTA_GEO_ASN,
         .what = "autonomous systems",
         .directive = "ZTAAsnDB"},
    };
    unsigned evaluated = 0;
    each_section(ptemp, walk->main_server, note_features, &evaluated);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].is_asked && (evaluated & 1u << rows[i].feature) != 0 &&
            global->geo_files[rows[i].kind] == NULL) {
            mod_zta_finding_add(
                (struct mod_zta_finding){
                    .hazard = ZTA_HAZARD_FACTS_WITHOUT_SOURCE,
                    .server = walk->main_server,
                    .text = apr_psprintf(walk->pool,
                                         "rules ask for %s, and there is no %s: they are unknown "
                                         "for every request",
                                         rows[i].what, rows[i].directive)},
                NULL);
        }
    }
}

/* Logins come from another module, and its claims have to reach us. */
static void check_openidc(struct mod_zta_check_walk *walk)
{
    bool has_payload = false;
    for (const ap_directive_t *node = ap_conftree; node != NULL;
         node = mod_zta_conftree_next(node)) {
        has_payload |= strcasecmp(node->directive, "OIDCPassIDTokenAs") == 0 &&
                       ap_strcasestr(node->args, "payload") != NULL;
    }
    for (server_rec *s = walk->main_server; s != NULL; s = s->next) {
        if (!mod_zta_server_of(s)->has_openidc) {
            continue;
        }
        mod_zta_server_of(s)->openidc_callback =
            mod_zta_step_up_callback(walk->pool, s, walk->main_server);
        if (ap_find_linked_module("mod_auth_openidc.c") == NULL) {
            mod_zta_check_fault(
                walk, s, "ZTACredentials has openidc, expected mod_auth_openidc to be loaded");
        }
        else if (!has_payload) {
            mod_zta_check_fault(
                walk, s,
                "ZTACredentials has openidc, but mod_auth_openidc keeps its claims to "
                "itself, "
                "expected 'OIDCPassIDTokenAs claims payload'");
        }
    }
}

/* Trailers merged into the headers arrive after the headers were scrubbed and judged. */
static void check_trailers(struct mod_zta_check_walk *walk)
{
    for (server_rec *s = walk->main_server; s != NULL; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);
        if (core->merge_trailers == AP_MERGE_TRAILERS_ENABLE && mod_zta_server_of(s)->is_governed) {
            mod_zta_check_fault(
                walk, s,
                apr_psprintf(walk->pool,
                             "%s: MergeTrailers on: trailers would bring headers in after they "
                             "were judged, expected 'MergeTrailers off'",
                             s->server_hostname != NULL ? s->server_hostname : "server"));
        }
    }
}

/* Under which word the bad tokens of a set of issuers are remembered. */
static void seal_accept(struct mod_zta_accept *accept)
{
    struct zta_sha256 digest = {.bytes = {0}};
    for (size_t i = 0; i < accept->n_issuers; i++) {
        uint64_t part = accept->issuers[i]->config_hash ^ zta_get_u64(digest.bytes);
        zta_sha256(&part, sizeof(part), &digest);
    }
    accept->cache_hash = zta_get_u64(digest.bytes);
}

static void check_metadata(struct mod_zta_check_walk *walk)
{
    for (server_rec *s = walk->main_server; s != NULL; s = s->next) {
        const char *text = mod_zta_metadata_check(walk->pool, s);
        if (text != NULL) {
            mod_zta_check_fault(walk, s, text);
        }
    }
}

/* Needs the compiled rules. */
static void collect_metadata(struct mod_zta_check_walk *walk)
{
    for (server_rec *s = walk->main_server; s != NULL; s = s->next) {
        const char *text = mod_zta_metadata_collect(walk->pool, walk->main_server, s);
        if (text != NULL) {
            mod_zta_check_fault(walk, s, text);
        }
    }
}

/* Alone, a section says its own ZTAAccept whatever another says at its path. */
static void seal_section(void *context, const server_rec *s, const struct mod_zta_around *around)
{
    if (around->alone->accept != NULL) {
        seal_accept(around->alone->accept);
    }
}

/* The issuers that transmitters speak for; one that is not there speaks for nobody. */
static void resolve_transmitters(struct mod_zta_check_walk *walk)
{
    struct mod_zta_global *global = mod_zta_global();
    for (int i = 0; i < global->transmitters->nelts; i++) {
        struct mod_zta_transmitter_config *config =
            APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *);
        const struct mod_zta_issuer **found =
            apr_pcalloc(walk->pool, sizeof(*found) * ((size_t)config->names->nelts + 1));
        config->transmitter.n_speaks_for = 0;
        config->transmitter.speaks_for = found;
        for (int n = 0; n < config->names->nelts; n++) {
            const char *name = APR_ARRAY_IDX(config->names, n, const char *);
            const struct mod_zta_issuer_config *issuer = mod_zta_issuer_named(global, name);
            if (issuer != NULL) {
                found[config->transmitter.n_speaks_for++] = &issuer->issuer;
                continue;
            }
            mod_zta_check_fault(
                walk, walk->main_server,
                apr_psprintf(walk->pool,
                             "<ZTATransmitter %s>: ZTAMaySpeakFor %s: expected the name of an "
                             "issuer",
                             config->keys.issuer.name.data, name));
        }
    }
}

static bool has_geo_file(const struct mod_zta_global *global)
{
    return global->geo_files[ZTA_GEO_COUNTRY] != NULL || global->geo_files[ZTA_GEO_ASN] != NULL;
}

/* Nothing of ours is configured: LoadModule alone is inert. */
static bool is_inert(const struct mod_zta_global *global)
{
    return !global->is_governed && global->rules_patterns->nelts == 0 &&
           global->issuers->nelts == 0 && global->postures->nelts == 0 &&
           global->transmitters->nelts == 0 && global->assertion == NULL && !has_geo_file(global);
}

/* What needs no rules. */
static void check_governed(struct mod_zta_check_walk *walk, const struct mod_zta_lint *lint,
                           apr_pool_t *pconf)
{
    check_cache(walk);
    check_quick_handlers(walk);
    check_trailers(walk);
    check_openidc(walk);
    mod_zta_routes_collect(pconf, walk->main_server);
    mod_zta_lint_places(lint);
    mod_zta_lint_paths(lint);
    mod_zta_lint_servers(lint);
}

/*
 * Rules and issuers are read whatever the stages, so that their faults show when they are written
 * and not when a stage is raised. What cannot be read is said by load.c.
 */
static int check_loaded(struct mod_zta_check_walk *walk, const struct mod_zta_lint *lint,
                        apr_pool_t *pconf, apr_pool_t *ptemp)
{
    if (is_inert(mod_zta_global())) {
        return OK;
    }
    if (mod_zta_load_all(pconf, ptemp, walk->main_server, walk->is_running) != OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (mod_zta_global()->is_governed) {
        check_remoteip(walk, lint);
        check_geo_files(walk, ptemp);
    }
    mod_zta_lint_rules(lint);
    seal_accept(&mod_zta_global()->default_accept);
    each_section(ptemp, walk->main_server, seal_section, NULL);
    collect_metadata(walk);
    return OK;
}

int mod_zta_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    struct mod_zta_global *global = mod_zta_global();
    struct mod_zta_check_walk walk = {
        .pool = pconf,
        .main_server = s,
        .is_running = mod_zta_retained()->generation > 0,
    };
    const struct mod_zta_lint lint = {.pool = pconf, .main_server = s};
    mod_zta_check_resolve_accept(&global->default_accept, pconf);
    resolve_transmitters(&walk);
    for (server_rec *v = s; v != NULL; v = v->next) {
        /* What stands in the main server alone was never merged with anything. */
        mod_zta_dir_seal(ap_get_module_config(v->lookup_defaults, &zta_module));
    }
    check_metadata(&walk);
    each_section(ptemp, s, mod_zta_check_section, &walk);
    if (global->is_governed) {
        check_governed(&walk, &lint, pconf);
    }
    int result = check_loaded(&walk, &lint, pconf, ptemp);
    if (walk.has_fault && !walk.is_running) {
        result = HTTP_INTERNAL_SERVER_ERROR;
    }
    mod_zta_dump(ptemp, s, result == OK);
    return result;
}
