/* SPDX-License-Identifier: Apache-2.0 */
/* What other modules do in a governed server: addresses, names, certificates, caches. */
#include "mod_zta/lint/lint.h"

#include <http_config.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/check.h"
#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/places.h"

/* 10.0.0.0/8 is a network that somebody has; what is wider is nobody's. */
#define WIDEST_PREFIX 8

static void add(const struct mod_zta_lint *lint, const server_rec *s, enum zta_hazard hazard,
                const ap_directive_t *line, const char *text)
{
    mod_zta_finding_add(
        (struct mod_zta_finding){
            .hazard = hazard,
            .server = s,
            .place = line != NULL ? mod_zta_lint_location(lint->pool, line) : NULL,
            .text = apr_psprintf(lint->pool, "%s: %s", mod_zta_lint_label(lint, s), text)},
        line);
}

/* ---- addresses ---- */

static bool has_word(apr_pool_t *pool, const char *args, const char *const *words)
{
    while (args[0] != '\0') {
        const char *word = ap_getword_conf(pool, &args);
        for (size_t i = 0; words[i] != NULL; i++) {
            if (strcasecmp(word, words[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* httpd itself refuses /0; half of all addresses is as good. */
static bool has_wide_network(apr_pool_t *pool, const char *args)
{
    while (args[0] != '\0') {
        const char *slash = strchr(ap_getword_conf(pool, &args), '/');
        const bool is_prefix =
            slash != NULL && strspn(slash + 1, "0123456789") == strlen(slash + 1);
        if (is_prefix && apr_atoi64(slash + 1) < WIDEST_PREFIX) {
            return true;
        }
    }
    return false;
}

const ap_directive_t *mod_zta_lint_open_remoteip(const struct mod_zta_lint *lint,
                                                 const server_rec *s)
{
    const ap_directive_t *header =
        mod_zta_conftree_in_force(s, lint->main_server, "RemoteIPHeader");
    struct mod_zta_conftree_walk walk;
    bool is_listed = false;
    if (header == NULL) {
        return NULL;
    }
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        if (strncasecmp(node->directive, "RemoteIPInternalProxy", 21) != 0 &&
            strncasecmp(node->directive, "RemoteIPTrustedProxy", 20) != 0) {
            continue;
        }
        if (has_wide_network(lint->pool, node->args)) {
            return node;
        }
        is_listed = true;
    }
    return is_listed ? NULL : header;
}

static bool is_on(const struct mod_zta_lint *lint, const server_rec *s, const char *name)
{
    const ap_directive_t *line = mod_zta_conftree_in_force(s, lint->main_server, name);
    return line != NULL && strncasecmp(line->args, "off", 3) != 0;
}

/* What the places of a server say of how clients reach it. */
struct reached {
    const server_rec *server;
    const char *origin;      /* the first ZTAOrigin with https; NULL: none */
    const char *cert_header; /* NULL: none */
    const char *other_name;  /* a ZTAOrigin whose host is no name of the server; NULL: none */
    bool has_origin;
};

/* Host of "scheme://host[:port]", without brackets' port. */
static const char *host_of(apr_pool_t *pool, const char *origin)
{
    const char *host = strstr(origin, "://");
    host = host == NULL ? origin : host + 3;
    const size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return apr_pstrmemdup(pool, host, len);
}

static bool is_named(const apr_array_header_t *names, const char *host, bool is_wild)
{
    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        if (is_wild ? ap_strcasecmp_match(host, name) == 0 : strcasecmp(host, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_name_of(const server_rec *s, const char *host)
{
    return (s->server_hostname != NULL && strcasecmp(host, s->server_hostname) == 0) ||
           is_named(s->names, host, false) || is_named(s->wild_names, host, true);
}

static void note_reached(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                         const struct mod_zta_dir *parent)
{
    struct reached *reached = context;
    if (s != reached->server || dir->stance.monitor == 0) {
        return;
    }
    if (mod_zta_dir_has_cert_header(dir)) {
        reached->cert_header = dir->client_cert_header;
    }
    if (dir->origin != NULL) {
        reached->has_origin = true;
        reached->origin = strncmp(dir->origin, "https:", 6) == 0 ? dir->origin : reached->origin;
        reached->other_name = is_name_of(s, host_of(mod_zta_global()->pool, dir->origin))
                                  ? reached->other_name
                                  : dir->origin;
    }
}

/* Only what is certain: a header or a scheme that another server must have made. */
static void find_missing_remoteip(const struct mod_zta_lint *lint, const struct reached *reached)
{
    const server_rec *s = reached->server;
    if (mod_zta_conftree_in_force(s, lint->main_server, "RemoteIPHeader") != NULL ||
        is_on(lint, s, "RemoteIPProxyProtocol")) {
        return;
    }
    if (reached->cert_header != NULL) {
        add(lint, s, ZTA_HAZARD_REMOTEIP_MISSING,
            mod_zta_conftree_last_of(s, "ZTAClientCertHeader"),
            apr_psprintf(lint->pool,
                         "ZTAClientCertHeader %s is believed of proxies that mod_remoteip trusts, "
                         "and there is no RemoteIPHeader",
                         reached->cert_header));
    }
    else if (reached->origin != NULL && !is_on(lint, s, "SSLEngine")) {
        add(lint, s, ZTA_HAZARD_REMOTEIP_MISSING, mod_zta_conftree_last_of(s, "ZTAOrigin"),
            apr_psprintf(lint->pool,
                         "clients call it %s, TLS ends in front of it, and there is no "
                         "RemoteIPHeader",
                         reached->origin));
    }
}

/* ---- names ---- */

static void find_preserved_host(const struct mod_zta_lint *lint, const struct reached *reached)
{
    const server_rec *s = reached->server;
    struct mod_zta_conftree_walk walk;
    const ap_directive_t *line = NULL;
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        if (mod_zta_lint_is(node, "ProxyPreserveHost")) {
            line = strncasecmp(node->args, "on", 2) == 0 ? node : NULL;
        }
    }
    if (line == NULL) {
        return;
    }
    if (reached->other_name != NULL) {
        add(lint, s, ZTA_HAZARD_PRESERVE_HOST_ORIGIN, line,
            apr_psprintf(lint->pool,
                         "ProxyPreserveHost hands on the client's name, and ZTAOrigin %s is none "
                         "of the server's names",
                         reached->other_name));
    }
    else if (!reached->has_origin &&
             mod_zta_conftree_in_force(s, lint->main_server, "ServerName") == NULL) {
        add(lint, s, ZTA_HAZARD_PRESERVE_HOST_ORIGIN, line,
            "ProxyPreserveHost hands on the client's name, and neither ServerName nor ZTAOrigin "
            "says what the server's is");
    }
}

/* ---- certificates ---- */

static bool has_http2(const struct mod_zta_lint *lint, const server_rec *s)
{
    static const char *const names[] = {"h2", NULL};
    const ap_directive_t *line = mod_zta_conftree_in_force(s, lint->main_server, "Protocols");
    return line != NULL && ap_find_linked_module("mod_http2.c") != NULL &&
           has_word(lint->pool, line->args, names);
}

/* "none" to "require" as mod_ssl orders them: what is no stronger is not asked for again. */
static int strength(const ap_directive_t *line)
{
    return line == NULL || strncasecmp(line->args, "none", 4) == 0 ? 0
           : strncasecmp(line->args, "require", 7) == 0            ? 2
                                                                   : 1;
}

static void find_late_certificates(const struct mod_zta_lint *lint, const server_rec *s)
{
    const ap_directive_t *server =
        mod_zta_conftree_in_force(s, lint->main_server, "SSLVerifyClient");
    struct mod_zta_conftree_walk walk;
    if (!is_on(lint, s, "SSLEngine")) {
        return;
    }
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        if (!mod_zta_lint_is(node, "SSLVerifyClient") ||
            mod_zta_conftree_section_of(node) == NULL || strength(server) > 0 ||
            strength(node) == 0) {
            continue;
        }
        add(lint, s, ZTA_HAZARD_CERTIFICATE_PER_LOCATION, node,
            has_http2(lint, s)
                ? "SSLVerifyClient in a section asks for a certificate once the path is known, "
                  "which HTTP/2 (Protocols h2) forbids"
                : "SSLVerifyClient in a section asks for a certificate after the request was "
                  "judged");
        return; /* once for a server */
    }
}

/* ---- caches ---- */

/* The part of a place's path that CacheEnable and CacheDisable speak of. */
static const char *cached_path(apr_pool_t *pool, const ap_directive_t *node)
{
    const char *args = node->args;
    const char *path = mod_zta_lint_location(pool, node);
    if (path != NULL) {
        return path;
    }
    path = ap_getword_conf(pool, &args);
    if (mod_zta_lint_is(node, "CacheEnable")) {
        path = ap_getword_conf(pool, &args);
    }
    return path[0] == '/' ? path : "/";
}

struct cached {
    const struct mod_zta_lint *lint;
    const server_rec *server;
    const char *path;
    const char *found; /* a place that asks for a credential */
};

static bool is_disabled(const struct cached *cached, const char *path)
{
    struct mod_zta_conftree_walk walk;
    const struct mod_zta_lint *lint = cached->lint;
    for (const ap_directive_t *node =
             mod_zta_conftree_begin(&walk, cached->server, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        if (mod_zta_lint_is(node, "CacheDisable") &&
            mod_zta_lint_is_below(path, cached_path(lint->pool, node))) {
            return true;
        }
    }
    return false;
}

static void note_place(struct cached *cached, const struct mod_zta_dir *dir, const char *path)
{
    if (cached->found == NULL && dir->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE &&
        mod_zta_lint_is_below(path, cached->path) && !is_disabled(cached, path)) {
        cached->found = path;
    }
}

static void note_cached(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                        const struct mod_zta_dir *parent)
{
    struct cached *cached = context;
    if (s == cached->server && parent != NULL && dir->location != NULL) {
        note_place(cached, dir, dir->location);
    }
}

static void find_useless_caches(const struct mod_zta_lint *lint, const server_rec *s)
{
    struct mod_zta_conftree_walk walk;
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        if (!mod_zta_lint_is(node, "CacheEnable")) {
            continue;
        }
        struct cached cached = {.lint = lint, .server = s, .path = cached_path(lint->pool, node)};
        const struct mod_zta_dir *at = mod_zta_places_of(s, lint->pool, cached.path);
        note_place(&cached, at, cached.path);
        mod_zta_each_place(lint->pool, lint->main_server, note_cached, &cached);
        if (cached.found != NULL) {
            add(lint, s, ZTA_HAZARD_CACHE_KEEPS_NOTHING, node,
                apr_psprintf(lint->pool,
                             "CacheEnable keeps no answer of %s, where every request has a "
                             "credential of its own",
                             cached.found));
            return; /* once for a server */
        }
    }
}

void mod_zta_lint_servers(const struct mod_zta_lint *lint)
{
    for (const server_rec *s = lint->main_server; s != NULL; s = s->next) {
        struct reached reached = {.server = s};
        if (!mod_zta_server_of(s)->has_stage) {
            continue;
        }
        mod_zta_each_place(lint->pool, lint->main_server, note_reached, &reached);
        find_missing_remoteip(lint, &reached);
        find_preserved_host(lint, &reached);
        find_late_certificates(lint, s);
        find_useless_caches(lint, s);
    }
}
