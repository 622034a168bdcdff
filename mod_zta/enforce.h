/* SPDX-License-Identifier: Apache-2.0 */
/* From a decision to HTTP: status, challenges and headers (the table in docs/standards.md). */
#ifndef MOD_ZTA_ENFORCE_H
#define MOD_ZTA_ENFORCE_H

#include <httpd.h>

#include "mod_zta/request.h"

/* Carries out what was decided for r. DECLINED to go on, or the HTTP status of the refusal. */
int mod_zta_enforce(request_rec *r, struct mod_zta_request *request,
                    const struct zta_decision *decision);
/* Refuses with 503 because nothing can be judged; detail is for the operator. */
int mod_zta_enforce_unavailable(request_rec *r, struct mod_zta_request *request,
                                const char *detail);
/* Handler: the 204 of ZTAPreflight answer; DECLINED for everything else. */
int mod_zta_enforce_preflight(request_rec *r);

#endif
