/* SPDX-License-Identifier: Apache-2.0 */
/* zta-jwks: the public keys that assertions are verified with (RFC 7517). */
#ifndef MOD_ZTA_HANDLERS_JWKS_H
#define MOD_ZTA_HANDLERS_JWKS_H

#include <httpd.h>

/* Answers a request for a place of SetHandler zta-jwks: GET and HEAD. */
int mod_zta_jwks_handle(request_rec *r);

#endif
