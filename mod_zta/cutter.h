/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread of each child looks four times a second at what is open, and cuts what would not be
 * let in any more: so an idle tunnel ends within a second of what ends its credential.
 */
#ifndef MOD_ZTA_CUTTER_H
#define MOD_ZTA_CUTTER_H

#include <httpd.h>

/* child_init, behind the store's: runs until the child's pool is cleaned up, which waits for it. */
void mod_zta_cutter_begin(apr_pool_t *pchild, server_rec *s);

#endif
