/* SPDX-License-Identifier: Apache-2.0 */
/* zta-logout: token issuers say here that a session is over (OIDC Back-Channel Logout 1.0). */
#ifndef MOD_ZTA_HANDLERS_LOGOUT_H
#define MOD_ZTA_HANDLERS_LOGOUT_H

#include <httpd.h>

/*
 * Answers r: 200 when what the token says is in force in all children and on disk, 400 for every
 * bad token or form, 405, 429 for an address that sends too many of these, 503 when it may or may
 * not be in force: the issuer asks again.
 */
int mod_zta_logout_handle(request_rec *r);

#endif
