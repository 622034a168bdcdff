/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the check of the whole configuration. */
#ifndef MOD_ZTA_CHECK_PRIV_H
#define MOD_ZTA_CHECK_PRIV_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>

#include "mod_zta/accept.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/places.h"

/* One walk over the finished configuration. */
struct mod_zta_check_walk {
    apr_pool_t *pool;
    server_rec *main_server;
    bool is_running; /* a restart of a running server: faults do not end it */
    bool has_fault;
};

/*
 * Says a fault once, with the place of line where that is not NULL. At a cold start and a
 * configtest it is fatal; at a restart the vhost refuses.
 */
void mod_zta_check_refuse(struct mod_zta_check_walk *walk, struct mod_zta_finding finding,
                          const ap_directive_t *line);
/* The same of what has no hazard of its own. */
void mod_zta_check_fault(struct mod_zta_check_walk *walk, const server_rec *s, const char *text);

/* Turns names into issuers once, so that a request compares pointers. */
void mod_zta_check_resolve_accept(struct mod_zta_accept *accept, apr_pool_t *pool);

/* Notes what a section accepts and refuses what contradicts itself. context: the walk. */
void mod_zta_check_section(void *context, const server_rec *s, const struct mod_zta_around *around);

#endif
