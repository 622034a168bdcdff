/* SPDX-License-Identifier: Apache-2.0 */
/* An API key as presented in a request, judged by the record that the store has of it now. */
#ifndef MOD_ZTA_APIKEY_H
#define MOD_ZTA_APIKEY_H

#include <httpd.h>

#include <stdint.h>

#include "mod_zta/child.h"
#include "mod_zta/request.h"
#include "shared/decision.h"
#include "shared/identity.h"

/*
 * Ok with *identity filled, its text in r->pool, or why the key does not open, with
 * request->detail. The client gets one answer for unknown, wrong and misplaced keys. Revocations
 * that cover the key's subject are not looked at here.
 */
enum zta_reason mod_zta_apikey_identify(request_rec *r, struct mod_zta_request *request,
                                        struct mod_zta_look *look, struct zta_identity *identity);

#endif
