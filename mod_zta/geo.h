/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZTAGeoDB and ZTAAsnDB in the processes of a server: checked with the configuration, copied into
 * shared memory by the parent at each (re)start and by the helper when a file is replaced
 * (mod_zta/helper/geo_watch.h), read by children. What was found is kept with the connection.
 */
#ifndef MOD_ZTA_GEO_H
#define MOD_ZTA_GEO_H

#include <httpd.h>

#include "mod_zta/request.h"
#include "shared/context/reader.h"

/* The directive of a kind. */
const char *mod_zta_geo_directive(enum zta_geo_kind kind);
/* The copies of this server; in all its processes. */
struct zta_geo_copies *mod_zta_geo_copies(void);

/* Reads and checks the files that are configured; OK, or says in the log which is bad. */
int mod_zta_geo_check(server_rec *s);
/*
 * In the parent, before it forks. A file that cannot be copied leaves the last good copy or none,
 * which the helper says and tries again.
 */
void mod_zta_geo_start(server_rec *s);
/* In child_init. */
void mod_zta_geo_child_begin(apr_pool_t *pchild, server_rec *s);

/* Room for what is found, for all requests and streams of a connection. */
struct mod_zta_geo_cache *mod_zta_geo_cache_make(apr_pool_t *pool);
/*
 * What is known of an address, of the kinds in a set of 1u << enum zta_geo_kind; zeroed are the
 * others, and those without a database.
 */
void mod_zta_geo_find(request_rec *r, const struct zta_addr *addr, unsigned kinds,
                      struct zta_geo_found found[ZTA_N_GEO_KINDS]);

#endif
