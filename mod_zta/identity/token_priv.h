/* SPDX-License-Identifier: Apache-2.0 */
/* A token on its way through judgement; shared by token.c, token_claims.c and token_identity.c. */
#ifndef MOD_ZTA_IDENTITY_TOKEN_PRIV_H
#define MOD_ZTA_IDENTITY_TOKEN_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/token.h"

struct mod_zta_judging {
    const struct mod_zta_token_request *request;
    const struct mod_zta_issuer *issuer;
    struct mod_zta_token_result *result;
    struct zta_held keys; /* of the issuer, from when they are looked for */
    struct mod_zta_jws jws;
    json_t *header;
    json_t *claims;
    bool is_introspected;    /* claims are an introspection answer */
    struct zta_text own_jti; /* then: of the token itself, when that is a JWT */
};

/* Notes why, with text that is safe to log, and returns the reason. */
enum zta_reason mod_zta_judging_refuse(struct mod_zta_judging *judging, enum zta_reason reason,
                                       const char *fmt, ...) ZTA_PRINTF(3, 4);

/*
 * A NumericDate (RFC 7519 section 2) from 1970 to 9999, fraction cut off or rounded up, so that
 * each check errs towards refusal. ZTA_INVALID for any other value, texts included.
 */
enum zta_status mod_zta_date_read(const json_t *value, bool rounds_up,
                                  int64_t *date_s) ZTA_MUST_CHECK;

/* Does the token bind, now, here, this place? Reads judging->claims, after the signature. */
enum zta_reason mod_zta_token_check_claims(struct mod_zta_judging *judging);
/* The same of an introspection answer, whose members are the claims; but for the audience. */
enum zta_reason mod_zta_token_check_introspected(struct mod_zta_judging *judging);
/* Copies what is kept of the claims into identity; its text points into storage. */
enum zta_reason mod_zta_token_fill_identity(struct mod_zta_judging *judging, char *storage,
                                            size_t size, struct zta_identity *identity);

/*
 * Of a JWT whose issuer was asked (judging->claims are its answer): is it, by what it says itself,
 * an access token? What it says that it is bound to goes into the answer where that is silent.
 */
enum zta_reason mod_zta_token_check_own(struct mod_zta_judging *judging, const json_t *header,
                                        json_t *payload);

/* A word that calls a token something else than an access token. */
bool mod_zta_token_is_other_kind(struct zta_text word);
/* A header's typ that admits an access token: none, at+jwt, or a word that names no kind. */
bool mod_zta_token_is_any_type(const json_t *typ);

#endif
