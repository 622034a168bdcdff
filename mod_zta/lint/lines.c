/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines of other modules as they were written: paths, targets, sections. */
#include "mod_zta/lint/lint.h"

#include <http_config.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/conftree.h"
#include "mod_zta/places.h"

bool mod_zta_lint_is(const ap_directive_t *node, const char *name)
{
    return strcasecmp(node->directive, name) == 0;
}

/* Letters at the beginning that are not part of an expression's syntax. */
static size_t literal_len(const char *regex)
{
    size_t len = strcspn(regex, "\\.[]()*+?{}|$");
    /* What may come no time, or in an alternative, is no part of every match. */
    if (len > 0 && regex[len] != '\0' && strchr("*?{", regex[len]) != NULL) {
        len--;
    }
    return strchr(regex, '|') != NULL && strchr(regex, '(') == NULL ? 0 : len;
}

const char *mod_zta_lint_path(apr_pool_t *pool, const char *path, bool is_regex)
{
    if (!is_regex) {
        return path[0] == '/' ? path : "/";
    }
    const char *begin = path[0] == '^' ? path + 1 : NULL;
    const size_t len = begin == NULL ? 0 : literal_len(begin);
    return len > 0 && begin[0] == '/' ? apr_pstrmemdup(pool, begin, len) : "/";
}

const char *mod_zta_lint_section_args(apr_pool_t *pool, const ap_directive_t *section)
{
    char *args = apr_pstrdup(pool, section->args);
    size_t len = strlen(args);
    if (len > 0 && args[len - 1] == '>') {
        args[len - 1] = '\0';
    }
    return args;
}

/* NULL: no section that goes by paths of requests. */
static const char *path_of_section(apr_pool_t *pool, const ap_directive_t *section)
{
    bool is_regex = mod_zta_lint_is(section, "<LocationMatch");
    if (!is_regex && !mod_zta_lint_is(section, "<Location")) {
        return NULL;
    }
    const char *args = mod_zta_lint_section_args(pool, section);
    const char *path = ap_getword_conf(pool, &args);
    if (!is_regex && strcmp(path, "~") == 0) {
        is_regex = true;
        path = ap_getword_conf(pool, &args);
    }
    return mod_zta_lint_path(pool, path, is_regex);
}

const char *mod_zta_lint_location(apr_pool_t *pool, const ap_directive_t *node)
{
    for (const ap_directive_t *up = node->parent; up != NULL; up = up->parent) {
        const char *path = path_of_section(pool, up);
        if (path != NULL) {
            return path;
        }
    }
    return NULL;
}

const ap_directive_t *mod_zta_lint_place_line(const struct mod_zta_lint *lint, const server_rec *s,
                                              const char *path)
{
    struct mod_zta_conftree_walk walk;
    const ap_directive_t *found = NULL;
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        const bool is_section = node->directive[0] == '<';
        if (!is_section && !mod_zta_lint_is(node, "ZTAStage")) {
            continue;
        }
        const ap_directive_t *section = is_section ? node : mod_zta_conftree_section_of(node);
        if (section == NULL) {
            found = path == NULL ? node : found;
            continue;
        }
        const char *args = mod_zta_lint_section_args(lint->pool, section);
        const char *name = ap_getword_conf(lint->pool, &args);
        name = strcmp(name, "~") == 0 ? ap_getword_conf(lint->pool, &args) : name;
        if (path != NULL && strcmp(name, path) == 0) {
            found = node;
        }
    }
    return found;
}

bool mod_zta_lint_is_below(const char *path, const char *base)
{
    size_t len = strlen(base);
    while (len > 0 && base[len - 1] == '/') {
        len--;
    }
    return strncmp(path, base, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static char *without_slash(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text);
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    return copy;
}

/* A target that is made of parts of the request ends before the first of them. */
static char *literal_target(apr_pool_t *pool, const char *target)
{
    return without_slash(pool, apr_pstrmemdup(pool, target, strcspn(target, "$%")));
}

static bool has_flag(const char *flags, char letter, const char *word)
{
    apr_size_t len = strlen(word);
    for (const char *at = flags; *at != '\0'; at += *at != '\0') {
        at += strspn(at, "[, ");
        const size_t n = strcspn(at, ",] ");
        if ((n == 1 && apr_toupper(*at) == letter) || (n == len && strncasecmp(at, word, n) == 0)) {
            return true;
        }
        at += n;
    }
    return false;
}

enum kind {
    NO_MAPPING = 0,
    TO_BACKEND, /* path, target; in a section target alone */
    TO_FILES,
    REWRITE, /* expression, target, flags */
    HANDLER, /* target, in a section alone */
};

static enum kind kind_of(const ap_directive_t *node, bool *is_regex)
{
    static const struct {
        const char *name;
        enum kind kind;
        bool is_regex;
    } rows[] = {
        {.name = "ProxyPass", .kind = TO_BACKEND},
        {.name = "ProxyPassMatch", .kind = TO_BACKEND, .is_regex = true},
        {.name = "RewriteRule", .kind = REWRITE, .is_regex = true},
        {.name = "SetHandler", .kind = HANDLER},
        {.name = "Alias", .kind = TO_FILES},
        {.name = "ScriptAlias", .kind = TO_FILES},
        {.name = "AliasMatch", .kind = TO_FILES, .is_regex = true},
        {.name = "ScriptAliasMatch", .kind = TO_FILES, .is_regex = true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (mod_zta_lint_is(node, rows[i].name)) {
            *is_regex = rows[i].is_regex;
            return rows[i].kind;
        }
    }
    return NO_MAPPING;
}

/* False: the line leads nowhere that counts. */
static bool read_mapping(apr_pool_t *pool, const ap_directive_t *node,
                         struct mod_zta_mapping *mapping)
{
    bool is_regex = false;
    const enum kind kind = kind_of(node, &is_regex);
    const char *args = node->args;
    const char *location = mod_zta_lint_location(pool, node);
    if (kind == NO_MAPPING || (kind == HANDLER && location == NULL)) {
        return false;
    }
    *mapping = (struct mod_zta_mapping){.line = node, .is_file = kind == TO_FILES};
    if (location != NULL) {
        mapping->path = location;
    }
    if (kind == REWRITE || (kind != HANDLER && location == NULL)) {
        const char *path = ap_getword_conf(pool, &args);
        mapping->path = location != NULL ? location : mod_zta_lint_path(pool, path, is_regex);
    }
    const char *target = ap_getword_conf(pool, &args);
    if (kind == HANDLER) {
        target = strncasecmp(target, "proxy:", 6) == 0 ? target + 6 : "";
    }
    if (kind == REWRITE && !has_flag(args, 'P', "proxy")) {
        return false;
    }
    mapping->target = literal_target(pool, target);
    return target[0] != '\0' && target[0] != '!' && target[0] != '-';
}

apr_array_header_t *mod_zta_lint_mappings(const struct mod_zta_lint *lint, const server_rec *s)
{
    struct mod_zta_conftree_walk walk;
    apr_array_header_t *all = apr_array_make(lint->pool, 8, sizeof(struct mod_zta_mapping));
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, lint->main_server);
         node != NULL; node = mod_zta_conftree_step(&walk, node)) {
        struct mod_zta_mapping mapping;
        if (read_mapping(lint->pool, node, &mapping)) {
            APR_ARRAY_PUSH(all, struct mod_zta_mapping) = mapping;
        }
    }
    return all;
}

const char *mod_zta_lint_label(const struct mod_zta_lint *lint, const server_rec *s)
{
    char label[MOD_ZTA_SERVER_LABEL_SIZE];
    mod_zta_server_label(s, label);
    return apr_pstrdup(lint->pool, label);
}
