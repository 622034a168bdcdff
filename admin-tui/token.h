/* SPDX-License-Identifier: Apache-2.0 */
/* The id of an access token that an operator holds; the token itself is never printed or kept. */
#ifndef CTL_TOKEN_H
#define CTL_TOKEN_H

#include "admin-tui/target.h"
#include "shared/base/hash.h"

/*
 * Reads iss and jti without verifying anything: an id that matches no request refuses nobody.
 * *issuer is the configured name; absent for an opaque token, whose id is that of its bytes.
 * ZTA_INVALID: neither, or a JWT of an issuer that is not configured.
 */
enum zta_status ctl_token_id(const struct ctl_issuers *issuers, struct zta_text token,
                             struct zta_text *issuer, struct zta_sha256 *id,
                             struct zta_error *error) ZTA_MUST_CHECK;

/* The token on standard input, without the white space around it, into out (size bytes). */
enum zta_status ctl_token_read(char *out, size_t size, struct zta_text *token,
                               struct zta_error *error) ZTA_MUST_CHECK;

#endif
