/* SPDX-License-Identifier: Apache-2.0 */
/* What single places and sections say: enough of it, and nothing that contradicts the rest. */
#include "mod_zta/check_priv.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "mod_zta/handlers/own.h"
#include "shared/identity.h"

static const char *place_name(const struct mod_zta_check_walk *walk, const server_rec *s,
                              const struct mod_zta_dir *dir)
{
    return apr_psprintf(walk->pool, "%s%s%s", s->server_hostname ? s->server_hostname : "server",
                        dir->location != NULL ? ", section " : "",
                        dir->location != NULL ? dir->location : "");
}

/* Names exist, whatever the stage: a section inside may raise it. */
static void check_accept_names(struct mod_zta_check_walk *walk, const server_rec *s,
                               const struct mod_zta_dir *dir)
{
    for (int i = 0; i < dir->accept->names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(dir->accept->names, i, const char *);
        const struct mod_zta_issuer_config *issuer = mod_zta_issuer_named(mod_zta_global(), name);
        if (issuer == NULL && strcasecmp(name, ZTA_ISSUER_LOCAL) != 0 &&
            strcasecmp(name, ZTA_ISSUER_MTLS) != 0) {
            mod_zta_check_fault(
                walk, s,
                apr_psprintf(walk->pool,
                             "%s: ZTAAccept names '%s', expected the name of an <ZTAIssuer> "
                             "section, local or mtls",
                             place_name(walk, s, dir), name));
        }
        if (issuer != NULL && issuer->issuer.n_audiences == 0 &&
            dir->accept->audiences->nelts == 0) {
            mod_zta_check_fault(
                walk, s,
                apr_psprintf(walk->pool,
                             "%s: issuer '%s' has no ZTAAudience and ZTAAccept names none, "
                             "expected one of them",
                             place_name(walk, s, dir), name));
        }
    }
}

/* Without ZTAAccept the configuration must leave no choice. */
static void check_accept_default(struct mod_zta_check_walk *walk, const server_rec *s,
                                 const struct mod_zta_dir *dir)
{
    const struct mod_zta_global *global = mod_zta_global();
    if (global->issuers->nelts != 1) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: %d issuers are configured and no ZTAAccept is in force, "
                         "expected ZTAAccept with the names that count here",
                         place_name(walk, s, dir), global->issuers->nelts));
    }
    else if (APR_ARRAY_IDX(global->issuers, 0, struct mod_zta_issuer_config *)
                 ->issuer.n_audiences != 1) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: the issuer has not exactly one ZTAAudience and no ZTAAccept "
                         "is in force, expected ZTAAccept NAME audience=URI",
                         place_name(walk, s, dir)));
    }
}

static bool accepts_name(const struct mod_zta_accept *accept, const char *wanted)
{
    for (int i = 0; accept->names != NULL && i < accept->names->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(accept->names, i, const char *), wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* An opaque token does not say whose it is, and only its issuer may see it. */
static void check_introspection(struct mod_zta_check_walk *walk, const server_rec *s,
                                const struct mod_zta_dir *dir)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    size_t n = 0;
    for (size_t i = 0; i < accept->n_issuers; i++) {
        n += accept->issuers[i]->introspection != NULL;
    }
    if (n > 1) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: %" APR_SIZE_T_FMT " of the issuers that are accepted have "
                         "ZTAIntrospect and would see each other's opaque tokens, expected one",
                         place_name(walk, s, dir), n));
    }
}

void mod_zta_check_resolve_accept(struct mod_zta_accept *accept, apr_pool_t *pool)
{
    struct mod_zta_global *global = mod_zta_global();
    if (accept->issuers != NULL) {
        return;
    }
    int n = accept->names == NULL ? global->issuers->nelts : accept->names->nelts;
    accept->issuers = apr_pcalloc(pool, sizeof(*accept->issuers) * ((size_t)n + 1));
    for (int i = 0; i < n; i++) {
        const struct mod_zta_issuer_config *issuer =
            accept->names == NULL
                ? APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *)
                : mod_zta_issuer_named(global, APR_ARRAY_IDX(accept->names, i, const char *));
        if (issuer != NULL) {
            accept->issuers[accept->n_issuers++] = &issuer->issuer;
        }
    }
    accept->has_local = accepts_name(accept, ZTA_ISSUER_LOCAL);
    accept->has_mtls = accepts_name(accept, ZTA_ISSUER_MTLS);
}

/* Features that are stronger than what they stand on. */
static void check_features(struct mod_zta_check_walk *walk, const server_rec *s,
                           const struct mod_zta_dir *dir)
{
    if (dir->stance.modes[ZTA_FEATURE_RULES] > dir->stance.modes[ZTA_FEATURE_CREDENTIAL]) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTAFeature rules=%s at stage %u: rules need a verified credential, "
                         "expected ZTAStage 1 or more",
                         place_name(walk, s, dir),
                         zta_mode_name((enum zta_mode)dir->stance.modes[ZTA_FEATURE_RULES]),
                         (unsigned)dir->stance.stage));
    }
    if (dir->stance.stage == 0 && dir->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTAFeature credential=enforce at stage 0, expected ZTAStage 1 or "
                         "more",
                         place_name(walk, s, dir)));
    }
}

/* A proof names the URI it is for: what clients call us must be known, not guessed. */
static void check_dpop(struct mod_zta_check_walk *walk, const server_rec *s,
                       const struct mod_zta_dir *dir)
{
    const bool is_on = dir->dpop != MOD_ZTA_UNSET && dir->dpop != MOD_ZTA_DPOP_OFF;
    if (is_on && dir->origin == NULL && mod_zta_conftree_last_of(s, "ServerName") == NULL) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTADPoP is on and nothing says what clients call this server, "
                         "expected ZTAOrigin URL or a ServerName",
                         place_name(walk, s, dir)));
    }
    if (is_on && dir->sources != NULL && !dir->sources->has_authorization) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTADPoP is on, but Authorization is not read, expected 'header' "
                         "among the words of ZTACredentials",
                         place_name(walk, s, dir)));
    }
}

/* Whatever place of a server reads it, no client of that server may send it. */
static void note_cert_header(struct mod_zta_server *server, apr_pool_t *pool, const char *name)
{
    for (int i = 0; i < server->cert_headers->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(server->cert_headers, i, const char *), name) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(server->cert_headers, const char *) = apr_pstrdup(pool, name);
}

/* An assertion is for somebody, by somebody, and signed. */
static void check_assertion(struct mod_zta_check_walk *walk, const server_rec *s,
                            const struct mod_zta_dir *dir)
{
    const char *wanted = NULL;
    if (dir->forward == MOD_ZTA_UNSET || (dir->forward & MOD_ZTA_FORWARD_ASSERTION) == 0) {
        return;
    }
    if (mod_zta_global()->assertion == NULL) {
        wanted = "ZTAAssertion key=FILE in the main server";
    }
    else if (dir->audience == NULL) {
        wanted = "ZTAAssertionAudience URI with the name of the API";
    }
    else if (dir->origin == NULL && mod_zta_conftree_last_of(s, "ServerName") == NULL) {
        wanted = "ZTAOrigin URL or a ServerName: who the assertion is by";
    }
    if (wanted != NULL) {
        mod_zta_check_fault(walk, s,
                            apr_psprintf(walk->pool, "%s: ZTAForward has assertion, expected %s",
                                         place_name(walk, s, dir), wanted));
    }
}

static void check_jwks(struct mod_zta_check_walk *walk, const server_rec *s,
                       const struct mod_zta_dir *dir)
{
    if (mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_JWKS) && mod_zta_global()->assertion == NULL) {
        mod_zta_check_fault(walk, s,
                            apr_psprintf(walk->pool,
                                         "%s: SetHandler " MOD_ZTA_HANDLER_JWKS
                                         " without any key, expected "
                                         "ZTAAssertion key=FILE in the main server",
                                         place_name(walk, s, dir)));
    }
}

/* A kind of credential that is read here but accepted of nobody is a mistake. */
static void check_sources(struct mod_zta_check_walk *walk, const server_rec *s,
                          const struct mod_zta_dir *dir)
{
    const struct mod_zta_credential_sources *sources = dir->sources;
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    if (sources == NULL) {
        return;
    }
    if (sources->apikey_header != NULL && !accept->has_local) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTACredentials has apikey:%s, but API keys are not accepted, "
                         "expected 'local' among the names of ZTAAccept",
                         place_name(walk, s, dir), sources->apikey_header));
    }
    if (sources->has_mtls && !accept->has_mtls) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTACredentials has mtls, but certificates are not accepted, "
                         "expected 'mtls' among the names of ZTAAccept",
                         place_name(walk, s, dir)));
    }
    if (sources->has_mtls && dir->mtls_subject == MOD_ZTA_UNSET) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTACredentials has mtls, expected ZTAMtlsSubject with the field "
                         "that names a certificate's subject",
                         place_name(walk, s, dir)));
    }
    if ((sources->has_query || sources->cookie != NULL || sources->has_openidc) &&
        accept->n_issuers == 0) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: ZTACredentials has cookie, query or openidc, but no issuer is "
                         "accepted, expected the name of an <ZTAIssuer> section in ZTAAccept",
                         place_name(walk, s, dir)));
    }
}

/* Whose tokens are taken anywhere: without their keys the server does not do its work. */
static void note_accepted(const struct mod_zta_accept *accept)
{
    const apr_array_header_t *issuers = mod_zta_global()->issuers;
    for (int i = 0; i < issuers->nelts; i++) {
        struct mod_zta_issuer_config *config =
            APR_ARRAY_IDX(issuers, i, struct mod_zta_issuer_config *);
        for (size_t n = 0; n < accept->n_issuers; n++) {
            config->is_accepted |= accept->issuers[n] == &config->issuer;
        }
    }
}

/* Judged here, or its requests counted. */
static bool is_looked_at(const struct mod_zta_dir *dir)
{
    return dir->stance.monitor > 0 || dir->stance.modes[ZTA_FEATURE_RATELIMIT] != ZTA_MODE_OFF;
}

/* What a server needs for what some request may meet. */
static void note_place(struct mod_zta_check_walk *walk, const server_rec *s,
                       const struct mod_zta_dir *dir)
{
    struct mod_zta_global *global = mod_zta_global();
    struct mod_zta_server *server = mod_zta_server_of(s);

    if (dir->path_flags != MOD_ZTA_UNSET) {
        server->path_flags |= (unsigned)dir->path_flags;
    }
    if (mod_zta_dir_has_cert_header(dir)) {
        note_cert_header(server, walk->pool, dir->client_cert_header);
    }
    if (dir->accept != NULL) {
        mod_zta_check_resolve_accept(dir->accept, walk->pool);
        check_accept_names(walk, s, dir);
    }
    if (!is_looked_at(dir)) {
        return;
    }
    server->is_governed = true;
    server->has_stage = server->has_stage || dir->stance.monitor > 0;
    server->is_enforced = server->is_enforced || dir->stance.stage > 0;
    global->is_governed = true;
    if (global->store_dir == NULL) {
        mod_zta_check_fault(
            walk, s,
            apr_psprintf(walk->pool,
                         "%s: stage %u needs a store, expected ZTAStore DIR in the main server",
                         place_name(walk, s, dir), (unsigned)dir->stance.monitor));
    }
    if (dir->stance.monitor == 0) {
        return;
    }
    note_accepted(mod_zta_dir_accept(dir));
    global->accepts_apikeys |= mod_zta_dir_accept(dir)->has_local;
    global->accepts_certificates |= mod_zta_dir_accept(dir)->has_mtls;
    server->has_openidc |= dir->sources != NULL && dir->sources->has_openidc;
}

/* What is said of a place must be enough. */
static void check_place(struct mod_zta_check_walk *walk, const server_rec *s,
                        const struct mod_zta_dir *dir)
{
    check_jwks(walk, s, dir);
    /* Where nothing is judged, whoever asks for it would rely on what does not happen. */
    if (is_looked_at(dir) || dir->stance.modes[ZTA_FEATURE_RULES] == ZTA_MODE_ENFORCE ||
        dir->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE) {
        check_features(walk, s, dir);
    }
    if (dir->stance.monitor == 0) {
        return;
    }
    check_dpop(walk, s, dir);
    check_assertion(walk, s, dir);
    check_introspection(walk, s, dir);
    if (dir->accept == NULL) {
        check_accept_default(walk, s, dir);
    }
    check_sources(walk, s, dir);
}

void mod_zta_check_section(void *context, const server_rec *s, const struct mod_zta_around *around)
{
    struct mod_zta_check_walk *walk = context;
    /* A section opens nothing by what another says at one path: each counts by itself, too. */
    note_place(walk, s, around->alone);
    note_place(walk, s, around->place);
    note_place(walk, s, around->below);
    check_place(walk, s, around->place);
    check_place(walk, s, around->below);
}
