/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zta-status: what the module knows of itself, as JSON (status.def has its members). zta-live and
 * zta-ready: whether this server lives, whether it can do its work, for load balancers; a status
 * and a word, nothing else. And the part of mod_status's page that is ours.
 */
#ifndef MOD_ZTA_HANDLERS_STATUS_H
#define MOD_ZTA_HANDLERS_STATUS_H

#include <httpd.h>

int mod_zta_status_handle(request_rec *r);
int mod_zta_status_handle_live(request_rec *r);
int mod_zta_status_handle_ready(request_rec *r);

/* mod_status's hook; never run without that module. */
int mod_zta_status_page(request_rec *r, int flags);

#endif
