/* SPDX-License-Identifier: Apache-2.0 */
/* What a request presents as its credential, and taking it out of what goes on to the API. */
#ifndef MOD_ZTA_PRESENT_H
#define MOD_ZTA_PRESENT_H

#include <httpd.h>

#include "mod_zta/config.h"
#include "mod_zta/request.h"

/* The Authorization header's credential counts unless ZTACredentials says otherwise. */
const struct mod_zta_credential_sources *mod_zta_sources_of(const struct mod_zta_dir *dir);

/*
 * Reads request->credential from the places that dir names. A token in a query is taken out of the
 * request at once where dir enforces, so that nothing behind logs it or sends it on. A cookie on an
 * unsafe request that no page of this site sent is malformed.
 */
void mod_zta_present_read(request_rec *r, struct mod_zta_request *request,
                          const struct mod_zta_dir *dir);
/* How pages of this place are called: never by what a client wrote into Host. */
const char *mod_zta_present_own_origin(request_rec *r, const struct mod_zta_request *request);
/* Did a page of this site send r, or is it harmless? For credentials that browsers add. */
bool mod_zta_present_is_own_origin(request_rec *r, const struct mod_zta_request *request);

/* Removes the credential that was used from the request's headers. */
void mod_zta_present_remove(request_rec *r, const struct mod_zta_request *request);
/* Removes whatever stands where dir looks for credentials, used or not. */
void mod_zta_present_remove_unread(request_rec *r, const struct mod_zta_dir *dir);

/*
 * Takes a token out of the query of a request that is refused, possibly before anybody read it:
 * what httpd and other modules log of it holds none where dir reads tokens there.
 */
void mod_zta_present_hide_query(request_rec *r, const struct mod_zta_dir *dir);

/*
 * Would another place of the same request read the credential where it came in? For a request that
 * has an identity.
 */
bool mod_zta_present_is_taken(const struct mod_zta_request *request, const struct mod_zta_dir *dir);

#endif
