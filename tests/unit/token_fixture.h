/* SPDX-License-Identifier: Apache-2.0 */
/* An issuer with keys, a good token, and single changes to it: what token tests share. */
#ifndef TESTS_UNIT_TOKEN_FIXTURE_H
#define TESTS_UNIT_TOKEN_FIXTURE_H

#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/token.h"
#include "tests/unit/jose_sign.h"

#define TOKEN_NOW   1800000000 /* the clock of these tests */
#define TOKEN_URL   "https://idp.example"
#define TOKEN_AUD   "https://api.example"
#define TOKEN_NAMED 3

enum token_key {
    TOKEN_KEY_RSA, /* kid "rsa", alg RS256 */
    TOKEN_KEY_EC,  /* kid "ec", alg ES256 */
    TOKEN_KEY_ED,  /* kid "ed", alg EdDSA */
    TOKEN_N_KEYS
};

struct token_fixture {
    EVP_PKEY *keys[TOKEN_N_KEYS];
    struct mod_zta_keyring *keyring;
    struct zta_text audiences[1];
    struct zta_text named[TOKEN_NAMED]; /* claims that are kept */
    struct mod_zta_issuer issuer;
    const struct mod_zta_issuer *issuers[1];
    struct mod_zta_token_request request;
    /* What the last judgement gave. */
    char storage[ZTA_IDENTITY_SIZE_MAX];
    struct zta_identity identity;
    struct mod_zta_token_result result;
};

/* One difference from the good token; what is NULL stays. */
struct token_change {
    const char *header;      /* a member's name … */
    const char *header_raw;  /* … and its raw JSON; NULL takes it away */
    const char *header_tail; /* raw text before the closing brace */
    const char *claim;
    const char *claim_raw;
    const char *claims_tail;
};

void token_fixture_open(struct token_fixture *fixture);
void token_fixture_close(struct token_fixture *fixture);

/* Header and claims of the good token, changed (change may be NULL). */
void token_texts(enum token_key key, const struct token_change *change, char header[JOSE_TEXT_MAX],
                 char claims[JOSE_TEXT_MAX]);
/* Both, signed as the key's alg says. Returns the length. */
size_t token_make(const struct token_fixture *fixture, enum token_key key,
                  const struct token_change *change, char token[JOSE_TEXT_MAX]);
/* Judges it; returns the reason. The rest is in fixture. */
enum zta_reason token_judge(struct token_fixture *fixture, struct zta_text token);

#endif
