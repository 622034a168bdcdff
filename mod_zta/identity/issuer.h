/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One trusted token issuer as configured (<ZTAIssuer>): plain data, immutable while requests run.
 * httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_ISSUER_H
#define MOD_ZTA_IDENTITY_ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/step_up.h"

struct mod_zta_introspection;
struct mod_zta_keyring;

/* JWS algorithms that are known at all; a set. MACs and none are not among them. */
enum mod_zta_alg {
    MOD_ZTA_ALG_RS256 = 1 << 0,
    MOD_ZTA_ALG_RS384 = 1 << 1,
    MOD_ZTA_ALG_RS512 = 1 << 2,
    MOD_ZTA_ALG_PS256 = 1 << 3,
    MOD_ZTA_ALG_PS384 = 1 << 4,
    MOD_ZTA_ALG_PS512 = 1 << 5,
    MOD_ZTA_ALG_ES256 = 1 << 6,
    MOD_ZTA_ALG_ES384 = 1 << 7,
    MOD_ZTA_ALG_ES512 = 1 << 8,
    MOD_ZTA_ALG_ED25519 = 1 << 9, /* RFC 9864 "Ed25519" */
    MOD_ZTA_ALG_EDDSA = 1 << 10,  /* RFC 8037 "EdDSA", with an Ed25519 key only */
};
#define MOD_ZTA_ALGS_DEFAULT (MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_PS256 | MOD_ZTA_ALG_ES256)

/* Exact, case-sensitive; 0 for anything else. */
unsigned mod_zta_alg_parse(struct zta_text name);
const char *mod_zta_alg_name(unsigned alg);

/* Which claim carries what; canonical dotted names ("realm_access.roles"). */
struct mod_zta_claim_names {
    struct zta_text subject; /* default sub */
    struct zta_text client;  /* default client_id, else azp */
    struct zta_text roles;   /* default roles */
    struct zta_text groups;  /* default groups */
    struct zta_text scope;   /* default scope (space-separated string, or array) */
    struct zta_text session; /* default sid */
    struct zta_text device;  /* default: none */
    struct zta_text acr;     /* default acr */
};

struct mod_zta_issuer {
    struct zta_text name; /* as in rules */
    struct zta_text url;  /* exactly the token's iss */
    const struct zta_text *audiences;
    size_t n_audiences;         /* >= 1, but where every Location names its own */
    unsigned algs;              /* set of enum mod_zta_alg */
    struct zta_text token_type; /* "at+jwt" by default, or "any" */
    int64_t leeway_s;
    struct mod_zta_claim_names claims;
    struct zta_acr_order acrs; /* ZTAAcr; judged by, not verified by: no part of config_hash */
    struct mod_zta_keyring *keyring;                   /* NULL: none usable */
    const struct mod_zta_introspection *introspection; /* of opaque tokens; NULL: none */
    uint64_t config_hash; /* of everything above but acrs and keys: half of the cache key */
};

/*
 * "realm_access.roles", "a"."b.c" quoting as in rules: canonical form into out. ZTA_INVALID for
 * bad syntax.
 */
enum zta_status mod_zta_claim_name_parse(struct zta_text text, char *out,
                                         size_t size) ZTA_MUST_CHECK;

/* Fills claim names with the defaults. */
void mod_zta_claim_names_init(struct mod_zta_claim_names *names);
/* Where keys come from and whose they are, as one number; never 0. */
uint64_t mod_zta_issuer_source(struct zta_text name, struct zta_text url, struct zta_text keys);

/* Sets config_hash from the other members. */
void mod_zta_issuer_seal(struct mod_zta_issuer *issuer);

#endif
