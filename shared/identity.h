/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends a request, as verified: the principal of a token, an API key or a certificate.
 * One flat encoding serves the token cache; all text is borrowed from the encoded bytes or from
 * whatever the producer parsed. Identity is the pair (issuer, subject), never a subject alone.
 */
#ifndef ZTA_IDENTITY_H
#define ZTA_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/login_tag.h"

#define ZTA_ISSUER_LOCAL        "local" /* of API keys; no configured issuer has these names */
#define ZTA_ISSUER_MTLS         "mtls"  /* of client certificates */
#define ZTA_IDENTITY_VALUES_MAX 192     /* roles, groups, scopes and amr together */
#define ZTA_IDENTITY_CLAIMS_MAX 64
#define ZTA_IDENTITY_SIZE_MAX   8192 /* encoded */

enum zta_credential {
    ZTA_CREDENTIAL_NONE = 0,
    ZTA_CREDENTIAL_TOKEN,
    ZTA_CREDENTIAL_APIKEY,
    ZTA_CREDENTIAL_CERTIFICATE,
    ZTA_CREDENTIAL_BROWSER,
};

enum zta_binding {
    ZTA_BINDING_NONE = 0,
    ZTA_BINDING_DPOP,
    ZTA_BINDING_MTLS,
};

/* What a session id was derived from, strongest first; stored with the session. */
enum zta_session_kind {
    ZTA_SESSION_NONE = 0,
    ZTA_SESSION_SID,       /* the issuer's own session */
    ZTA_SESSION_CNF,       /* key thumbprint of a bound token */
    ZTA_SESSION_AUTH_TIME, /* one login */
    ZTA_SESSION_APIKEY,    /* key id */
    ZTA_SESSION_TOKEN,     /* hash of the token: one token is one session */
};

enum zta_claim_kind {
    ZTA_CLAIM_EMPTY = 0, /* known, without a value: empty array */
    ZTA_CLAIM_STRING,
    ZTA_CLAIM_NUMBER,
    ZTA_CLAIM_BOOL,
};

/* A run of zta_identity.values; is_known is false when the claim was absent. */
struct zta_values {
    uint16_t first;
    uint16_t n;
    bool is_known;
};

/* One scalar of a claim; an array gives several entries of one name, in order. */
struct zta_claim {
    /* as in rules: segments joined by '.', a segment with a dot or quote is "quoted" */
    struct zta_text name;
    enum zta_claim_kind kind;
    struct zta_text text; /* STRING: the value; NUMBER and BOOL: its JSON text */
    double number;        /* NUMBER: value; BOOL: 0 or 1 */
};

struct zta_identity {
    enum zta_credential credential;
    enum zta_binding binding;
    enum zta_session_kind session_kind;
    struct zta_text issuer;  /* configured name ("corp"), "local": API keys, "mtls": certificates */
    struct zta_text subject; /* absent: unknown */
    struct zta_text client;
    struct zta_text apikey; /* name of the key */
    struct zta_text apikey_id;
    struct zta_text sid;
    struct zta_text acr;
    struct zta_text certificate; /* base64url SHA-256 of the DER certificate */
    struct zta_text device;
    /* What a bound token is bound to (cnf), base64url SHA-256; with both, both must be shown. */
    struct zta_text jkt;      /* of a public key (RFC 7638): DPoP */
    struct zta_text x5t_s256; /* of a client certificate in DER: mTLS */
    struct zta_values roles;
    struct zta_values groups;
    struct zta_values scopes;
    struct zta_values amr;
    uint16_t n_values;
    uint16_t n_claims;
    int64_t auth_time_s; /* 0: unknown */
    int64_t issued_s;    /* iat; 0: unknown */
    int64_t expires_s;   /* 0: does not expire */
    uint8_t session[ZTA_SESSION_ID_SIZE];
    struct zta_login_tag login; /* zeros: no login of an issuer (API key, certificate) */
    /* of issuer and jti, else of the signing input; zero for API keys */
    struct zta_sha256 token_id;
    uint8_t inputs[ZTA_INPUTS_NAME_SIZE]; /* name of what is recorded of it; zeros: not named */
    /* Last, since most of them stay untouched: fewer pages of fresh memory for each request. */
    struct zta_text values[ZTA_IDENTITY_VALUES_MAX];
    struct zta_claim claims[ZTA_IDENTITY_CLAIMS_MAX];
};

const char *zta_credential_name(enum zta_credential credential);
const char *zta_binding_name(enum zta_binding binding);
const char *zta_session_kind_name(enum zta_session_kind kind);

/* Sets everything to absent or unknown; the arrays are not cleared, their counts bound them. */
void zta_identity_init(struct zta_identity *identity);
/* Appends to the list being built, one after the other; ZTA_FULL when there is no room. */
enum zta_status zta_identity_add_value(struct zta_identity *identity, struct zta_values *list,
                                       struct zta_text value) ZTA_MUST_CHECK;
struct zta_text zta_identity_value(const struct zta_identity *identity,
                                   const struct zta_values *list, size_t index);
bool zta_identity_has_value(const struct zta_identity *identity, const struct zta_values *list,
                            struct zta_text value);

/*
 * Appends one segment to the canonical name of a claim (struct zta_claim), after a '.' when name
 * holds one already: quoted when it has a dot or quote, with \" and \\ as escapes.
 */
void zta_claim_name_append(struct zta_buffer *name, struct zta_text segment);

/* ZTA_TOO_LARGE when it does not fit, ZTA_INVALID for what no producer makes (bad bounds). */
enum zta_status zta_identity_encode(const struct zta_identity *identity, void *out, size_t size,
                                    size_t *out_size) ZTA_MUST_CHECK;
/* All text points into data. ZTA_CORRUPT for anything that encode does not write. */
enum zta_status zta_identity_decode(const void *data, size_t size,
                                    struct zta_identity *identity) ZTA_MUST_CHECK;

/*
 * Session id (design section 6): first 128 bits of SHA-256 over a version byte and the
 * length-prefixed issuer, client, subject and discriminator of `kind`.
 */
void zta_session_id_make(const struct zta_identity *identity, enum zta_session_kind kind,
                         struct zta_text discriminator, uint8_t out[ZTA_SESSION_ID_SIZE]);

/*
 * Token id (design section 6): of the issuer's configured name and jti; of the signing input alone
 * where the token has no jti or an empty one. Never of the signature, which one token can have in
 * two spellings.
 */
void zta_token_id_make(struct zta_text issuer, struct zta_text jti, struct zta_text signing_input,
                       struct zta_sha256 *token_id);

#endif
