/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `AuthType ZTA`: lets httpd's own Require lines see the identity that was verified; so does
 * `AuthType openid-connect` where ZTACredentials has openidc, for other credentials.
 */
#ifndef MOD_ZTA_AUTHN_H
#define MOD_ZTA_AUTHN_H

#include <httpd.h>

/* check_authn: OK with r->user set, DECLINED for other AuthTypes, 401 when nobody was verified. */
int mod_zta_authn(request_rec *r);

#endif
