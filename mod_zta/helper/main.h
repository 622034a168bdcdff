/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, respawning and ending the helper process from httpd's parent, as mod_cgid does its
 * daemon.
 */
#ifndef MOD_ZTA_HELPER_MAIN_H
#define MOD_ZTA_HELPER_MAIN_H

#include <httpd.h>

/*
 * Forks the helper of this configuration. It becomes httpd's user before it touches anything, is
 * started again when it dies, and is told to hand over when pconf is cleared. OK or an HTTP error.
 */
int mod_zta_helper_start(apr_pool_t *pconf, server_rec *s);

#endif
