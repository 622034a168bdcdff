/* SPDX-License-Identifier: Apache-2.0 */
/* What stays of a request: environment variables for logs and expressions, and its event. */
#ifndef MOD_ZTA_RECORD_H
#define MOD_ZTA_RECORD_H

#include <httpd.h>

#include "mod_zta/request.h"

/*
 * ZTA_DECISION ZTA_REASON ZTA_RULE ZTA_ISSUER ZTA_SUBJECT ZTA_CLIENT ZTA_SESSION ZTA_STAGE
 * ZTA_ID.
 */
void mod_zta_record_environment(request_rec *r, const struct mod_zta_request *request);

/* log_transaction: publishes the event of a finished main request. Always OK. */
int mod_zta_record_event(request_rec *r);

#endif
