/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins of mod_auth_openidc (ZTACredentials openidc): that module redirects, verifies and keeps
 * the session; we take the claims that its authentication hook left in the environment of this very
 * request, never a header. Its hook runs after ours, so a request that presents nothing else waits:
 * everything but its identity is judged at once, the rest in fixups, before any handler.
 */
#ifndef MOD_ZTA_BROWSER_H
#define MOD_ZTA_BROWSER_H

#include <httpd.h>

#include <stdbool.h>

#include "mod_zta/config.h"
#include "mod_zta/request.h"

/* May r be left to mod_auth_openidc, since its hook will still see it? */
bool mod_zta_browser_may_wait(const request_rec *r, const struct mod_zta_request *request,
                              const struct mod_zta_dir *dir);
/*
 * check_access_ex, right before authentication: whatever stands in the environment under the names
 * of the claims goes, so that what stands there later came from an authentication hook.
 */
void mod_zta_browser_expect(request_rec *r, struct mod_zta_request *request);
/* fixups: from now on nobody waits. */
void mod_zta_browser_settle(request_rec *r, struct mod_zta_request *request);

/*
 * The login that was verified in r: ok with *identity filled (from r->pool), no_credential when
 * there is none, or why it does not count, with request->detail.
 */
enum zta_reason mod_zta_browser_identify(request_rec *r, struct mod_zta_request *request,
                                         const struct mod_zta_dir *dir, int64_t now_s,
                                         struct zta_identity *identity);

#endif
