/* SPDX-License-Identifier: Apache-2.0 */
/* From what a request presents to a verified identity that is not revoked. */
#ifndef MOD_ZTA_AUTHENTICATE_H
#define MOD_ZTA_AUTHENTICATE_H

#include <httpd.h>

#include <stdbool.h>

#include "mod_zta/child.h"
#include "mod_zta/request.h"

/*
 * Reads and verifies the credential as this place accepts it and asks the store whether it is
 * revoked; once a request, then only whether a second place accepts the same identity. Returns the
 * reason: ok (request->identity is set), or why not. store_unavailable when that cannot be known.
 * no_credential with request->is_awaiting_login: mod_auth_openidc has its turn before it is final.
 */
enum zta_reason mod_zta_authenticate(request_rec *r, struct mod_zta_request *request,
                                     const struct mod_zta_dir *dir, struct mod_zta_look *look);

/* Somebody was verified for this request, whom the place of r asks for and accepts. */
bool mod_zta_is_verified_here(request_rec *r, struct mod_zta_request *request);

/* A failure that an attacker could repeat cheaply: it counts against his address. */
bool mod_zta_is_failed_verification(const struct mod_zta_request *request, enum zta_reason reason);

#endif
