/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step-up over HTTP (RFC 9470): whether asking once more can help, and how it is asked for: a
 * client by parameters of a challenge, a browser by a new login of mod_auth_openidc.
 */
#ifndef MOD_ZTA_STEP_UP_H
#define MOD_ZTA_STEP_UP_H

#include <httpd.h>

#include <stdbool.h>

#include "mod_zta/request.h"
#include "shared/decision.h"

/*
 * Turns a step-up that a login does not change any more into step_up_unsatisfied, and remembers
 * the challenge otherwise. What is only monitored is remembered apart. What was asked for and what
 * the credential has becomes the request's detail.
 */
void mod_zta_step_up_settle(request_rec *r, struct mod_zta_request *request, int64_t now_s,
                            struct zta_decision *decision);
/* ", acr_values=\"...\", max_age=\"N\"" of a challenge, from r->pool. */
const char *mod_zta_step_up_parameters(const request_rec *r, const struct mod_zta_request *request,
                                       const struct zta_step_up *step_up);
/*
 * Sends the browser that sent r where it logs in as is asked for and comes back to this page: sets
 * the headers of a redirect. False when r is no page that a browser shows, or nobody logged in by
 * mod_auth_openidc.
 */
bool mod_zta_step_up_redirect(request_rec *r, const struct mod_zta_request *request,
                              const struct zta_decision *decision);
/* The cookies that the redirect sets are no business of the API. */
void mod_zta_step_up_hide_cookies(request_rec *r, struct mod_zta_request *request);
/* OIDCRedirectURI as it holds in s, from its configuration; NULL: there is none. */
const char *mod_zta_step_up_callback(apr_pool_t *pool, const server_rec *s,
                                     const server_rec *main_server);

#endif
