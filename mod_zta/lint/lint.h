/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dangerous combinations in a configuration that can be served: found once directives are read and
 * places are known, said as findings. What cannot be served is check.c's.
 */
#ifndef MOD_ZTA_LINT_LINT_H
#define MOD_ZTA_LINT_LINT_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>

/* What all of them look at. */
struct mod_zta_lint {
    apr_pool_t *pool;
    server_rec *main_server;
};

/* Everything but rules. */
void mod_zta_lint_servers(const struct mod_zta_lint *lint);
void mod_zta_lint_places(const struct mod_zta_lint *lint);
void mod_zta_lint_paths(const struct mod_zta_lint *lint);
/* Needs the compiled rules. */
void mod_zta_lint_rules(const struct mod_zta_lint *lint);

/* The line by which mod_remoteip believes everybody in s; NULL: it does not. */
const ap_directive_t *mod_zta_lint_open_remoteip(const struct mod_zta_lint *lint,
                                                 const server_rec *s);

/* ---- what lines say ---- */

/*
 * The path that a section or an argument speaks of. Of an expression what every match begins with,
 * "/" where nothing is known of it.
 */
const char *mod_zta_lint_path(apr_pool_t *pool, const char *path, bool is_regex);
/* Of the innermost <Location> or <LocationMatch> around a line; NULL: in none. */
const char *mod_zta_lint_location(apr_pool_t *pool, const ap_directive_t *node);
/* The arguments of a section without its end. */
const char *mod_zta_lint_section_args(apr_pool_t *pool, const ap_directive_t *section);
/* The line that gives a path its stage, else the section of the path; NULL: neither is there. */
const ap_directive_t *mod_zta_lint_place_line(const struct mod_zta_lint *lint, const server_rec *s,
                                              const char *path);
bool mod_zta_lint_is(const ap_directive_t *node, const char *name);

/* A path that leads to a back end or to files. */
struct mod_zta_mapping {
    const char *path;
    const char *target; /* URL, or directory; without a slash at its end */
    const ap_directive_t *line;
    bool is_file;
};
/* Those of s, in order of writing: struct mod_zta_mapping. */
apr_array_header_t *mod_zta_lint_mappings(const struct mod_zta_lint *lint, const server_rec *s);

/* path is below or at base, "/x" and "/x/y" below "/x" and "/x/". */
bool mod_zta_lint_is_below(const char *path, const char *base);

/* "api.example.com:443" */
const char *mod_zta_lint_label(const struct mod_zta_lint *lint, const server_rec *s);

#endif
