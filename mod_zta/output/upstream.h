/* SPDX-License-Identifier: Apache-2.0 */
/* What the API behind the proxy gets of a judged request. */
#ifndef MOD_ZTA_OUTPUT_UPSTREAM_H
#define MOD_ZTA_OUTPUT_UPSTREAM_H

#include <httpd.h>

#include "mod_zta/request.h"

/*
 * Sets X-ZTA-Id, X-Request-Id, traceparent and, as ZTAForward says, the identity headers and the
 * assertion; removes the credential unless it is to be forwarded. For requests that pass an
 * enforced stage; of several sides of one request the last one says what goes on. Values are
 * percent-encoded (shared/base/percent.h). NULL, or why the request must not go on.
 */
const char *mod_zta_upstream_set(request_rec *r, struct mod_zta_request *request,
                                 const struct mod_zta_dir *dir);

#endif
