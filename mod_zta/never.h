/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that automation never blocks, whatever came from there. */
#ifndef MOD_ZTA_NEVER_H
#define MOD_ZTA_NEVER_H

#include <httpd.h>

#include <apr_tables.h>

/*
 * struct zta_cidr: those of never= (ZTAGovernor), of this machine, and of the proxies that
 * mod_remoteip was told of, by lists of proxies too. Loopback goes without saying.
 */
apr_array_header_t *mod_zta_never_collect(apr_pool_t *pool);

#endif
