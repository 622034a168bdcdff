/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser's login that mod_auth_openidc verified: from the claims of its ID token to an identity.
 * The signature, the audience and the time of the login are that module's matter; who may be meant
 * is ours. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_LOGIN_H
#define MOD_ZTA_IDENTITY_LOGIN_H

#include <stddef.h>

#include "mod_zta/identity/token.h"

/*
 * question->token is the payload of the ID token as JSON; its audiences are not looked at. iss is
 * exactly that of an accepted issuer. On reason ok *identity is filled, its text points into
 * storage (ZTA_IDENTITY_SIZE_MAX): no expiry, since the login lasts as long as mod_auth_openidc's
 * session; its own session by sid, else auth_time, else the ID token.
 */
void mod_zta_login_judge(const struct mod_zta_token_request *question, char *storage, size_t size,
                         struct zta_identity *identity, struct mod_zta_token_result *result);

#endif
