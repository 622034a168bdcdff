/* SPDX-License-Identifier: Apache-2.0 */
/* The circumstances of a request (stage 3): from their sources to the facts that rules judge. */
#ifndef MOD_ZTA_CONTEXT_H
#define MOD_ZTA_CONTEXT_H

#include <httpd.h>

#include "mod_zta/child.h"
#include "mod_zta/request.h"

/*
 * Fills request->context with what the features of this stance ask for, and lets the facts point to
 * it; once a side, behind the credential. What no feature asks for stays unknown: it costs nothing
 * and decides nothing.
 */
void mod_zta_context_gather(request_rec *r, struct mod_zta_request *request,
                            const struct mod_zta_dir *dir, const struct zta_stance *stance,
                            const struct mod_zta_look *look);

#endif
