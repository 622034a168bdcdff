/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of the whole configuration: what single directives cannot see. Runs under
 * `apachectl configtest`, at a cold start and at each restart. A fault ends a configtest and a cold
 * start; at a restart the last good texts serve on, and a vhost that would be unsafe answers 503.
 */
#ifndef MOD_ZTA_CHECK_H
#define MOD_ZTA_CHECK_H

#include <httpd.h>
#include <http_config.h>

struct mod_zta_dir;

/* The check_config hook: loads rules and keys, walks every place, refuses unsafe combinations. */
int mod_zta_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* Every governed place, for the start log and what is published: calls fn(context, server, dir). */
typedef void (*mod_zta_place_fn)(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                                 const struct mod_zta_dir *parent);
void mod_zta_each_place(apr_pool_t *pool, server_rec *main_server, mod_zta_place_fn fn,
                        void *context);

#endif
