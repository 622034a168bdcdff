/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route of a request, a bounded name for figures and limits: Location, else ProxyPass prefix,
 * else "other".
 */
#ifndef MOD_ZTA_ROUTES_H
#define MOD_ZTA_ROUTES_H

#include <httpd.h>

#include "shared/base/bytes.h"

/* Collects the ProxyPass prefixes of every server; after all directives were read. */
void mod_zta_routes_collect(apr_pool_t *pconf, server_rec *main_server);
/* Borrowed from the configuration. */
struct zta_text mod_zta_route_of(const server_rec *s, const char *location, struct zta_text path);

#endif
