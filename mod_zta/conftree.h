/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the configuration as they were written: for what other modules were told, whose
 * configuration is in no installed header. Walks are explicit, because input decides the depth.
 */
#ifndef MOD_ZTA_CONFTREE_H
#define MOD_ZTA_CONFTREE_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>

/* The line behind this one, sections included, in all of ap_conftree; NULL behind the last. */
const ap_directive_t *mod_zta_conftree_next(const ap_directive_t *node);

/*
 * The first line that stands in s: in its <VirtualHost>, or outside of any for the main server.
 * *top is for the walk on.
 */
const ap_directive_t *mod_zta_conftree_first_of(const server_rec *s, const ap_directive_t **top);
const ap_directive_t *mod_zta_conftree_next_of(const ap_directive_t *node,
                                               const ap_directive_t *top);
/*
 * The lines that count in s: those outside of any virtual server, then its own. NULL at the end.
 */
struct mod_zta_conftree_walk {
    const server_rec *server;
    const server_rec *main_server;
    const ap_directive_t *top;
    bool is_own;
};
const ap_directive_t *mod_zta_conftree_begin(struct mod_zta_conftree_walk *walk,
                                             const server_rec *s, const server_rec *main_server);
const ap_directive_t *mod_zta_conftree_step(struct mod_zta_conftree_walk *walk,
                                            const ap_directive_t *node);
/* The last line of that name among those, outside of any section; NULL: there is none. */
const ap_directive_t *mod_zta_conftree_in_force(const server_rec *s, const server_rec *main_server,
                                                const char *name);
/* Stands in a section that is not <VirtualHost>: the innermost; NULL: in none. */
const ap_directive_t *mod_zta_conftree_section_of(const ap_directive_t *node);

/* The last line of that name which stands in s; NULL: none does. */
const ap_directive_t *mod_zta_conftree_last_of(const server_rec *s, const char *name);

#endif
