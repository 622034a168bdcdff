/* SPDX-License-Identifier: Apache-2.0 */
/* What the API behind the proxy gets of a judged request. */
#ifndef MOD_ZTA_OUTPUT_UPSTREAM_H
#define MOD_ZTA_OUTPUT_UPSTREAM_H

#include <httpd.h>

#include "mod_zta/request.h"

/*
 * Sets X-ZTA-Id, X-Request-Id and, as ZTAForward says, the identity headers; removes the credential
 * unless it is to be forwarded. For requests that pass an enforced stage. Values are printable
 * ASCII: every other byte, '%', and ',' inside a role are percent-encoded (RFC 3986 section 2.1).
 */
void mod_zta_upstream_set(request_rec *r, const struct mod_zta_request *request,
                          const struct mod_zta_dir *dir);

#endif
