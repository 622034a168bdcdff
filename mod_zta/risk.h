/* SPDX-License-Identifier: Apache-2.0 */
/* The risk of a request (stage 4): what is kept of who comes, and what this request shows. */
#ifndef MOD_ZTA_RISK_H
#define MOD_ZTA_RISK_H

#include <httpd.h>

#include "mod_zta/child.h"
#include "mod_zta/request.h"

/* The identity is known: begins to fetch what mod_zta_risk_gather will look up. */
void mod_zta_risk_expect(const struct mod_zta_request *request, const struct zta_stance *stance,
                         const struct mod_zta_look *look);

/*
 * Fills request->risk and lets the facts point to it, once a side, behind the circumstances; keeps
 * what this request raises for its record. Where nobody came in, or what is kept cannot be read,
 * the risk is unknown.
 */
void mod_zta_risk_gather(request_rec *r, struct mod_zta_request *request,
                         const struct zta_stance *stance, const struct mod_zta_look *look);
/* What the web application firewall that ZTAWafScore names says of r; 0: nothing. */
uint16_t mod_zta_risk_waf_score(const request_rec *r);

#endif
