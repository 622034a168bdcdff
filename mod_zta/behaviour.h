/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request is usual for its subject: its circumstances compared with the baseline. */
#ifndef MOD_ZTA_BEHAVIOUR_H
#define MOD_ZTA_BEHAVIOUR_H

#include "mod_zta/child.h"
#include "mod_zta/request.h"

/*
 * Fills request->context.usual where rules or the request's risk ask for it, from the request's
 * own view of the store; behind the other circumstances, which it compares. A subject without a
 * baseline, or one that cannot be read, is unknown.
 */
void mod_zta_behaviour_gather(struct mod_zta_request *request, const struct zta_stance *stance,
                              const struct mod_zta_look *look);

#endif
