/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients call a place: its scheme, host and port, from ZTAOrigin or the ServerName, never
 * from what a request says of itself (Host, X-Forwarded-*).
 */
#ifndef MOD_ZTA_ORIGIN_H
#define MOD_ZTA_ORIGIN_H

#include <httpd.h>

#include "mod_zta/config.h"
#include "shared/base/status.h"

/*
 * The URI that a client means by its request, as mod_zta_htu_normalise writes it: the origin and
 * the path as it was sent, before any rewriting. ZTA_INVALID when it names none.
 */
enum zta_status mod_zta_origin_uri(const request_rec *r, const struct mod_zta_dir *dir,
                                   struct zta_text *uri) ZTA_MUST_CHECK;

/* The origin alone, in its one spelling: "https://api.example.com". ZTA_INVALID: there is none. */
enum zta_status mod_zta_origin_of(const request_rec *r, const struct mod_zta_dir *dir,
                                  struct zta_text *origin) ZTA_MUST_CHECK;

/* The request that the client sent: where r comes from by redirects and subrequests. */
const request_rec *mod_zta_origin_request(const request_rec *r);

#endif
