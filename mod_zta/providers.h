/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `Require zta-role R...`, `zta-scope`, `zta-claim NAME VALUE...`, `zta-device`: the identity that
 * was verified, for sites that keep their authorization in httpd. One line is one condition of the
 * rule language, compiled and judged as such: any value suffices, unknown never grants, nor does it
 * behind `not`. Lines are collected while the configuration is read and immutable afterwards.
 */
#ifndef MOD_ZTA_PROVIDERS_H
#define MOD_ZTA_PROVIDERS_H

#include <httpd.h>

void mod_zta_providers_register(apr_pool_t *p);

/*
 * Compiles the lines that were collected; NULL or what is wrong with the first that does not fit
 * the issuers. That one, and those behind it, grant nothing.
 */
const char *mod_zta_providers_compile(apr_pool_t *pool);

#endif
