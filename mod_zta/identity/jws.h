/* SPDX-License-Identifier: Apache-2.0 */
/* Compact JWS (RFC 7515 section 7.1): the three parts and nothing that could be read otherwise. */
#ifndef MOD_ZTA_IDENTITY_JWS_H
#define MOD_ZTA_IDENTITY_JWS_H

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* RSA of 8192 bits: the longest signature of any key that is used. */
#define MOD_ZTA_SIGNATURE_MAX 1024

/* All borrowed from the token, still base64url. */
struct mod_zta_jws {
    struct zta_text header;
    struct zta_text payload;
    struct zta_text signature;
    struct zta_text signing_input; /* header, dot, payload */
};

/*
 * ZTA_TOO_LARGE above ZTA_TOKEN_MAX; ZTA_INVALID when it is not three non-empty parts over the
 * base64url alphabet. *fault says why (a literal).
 */
enum zta_status mod_zta_jws_split(struct zta_text token, struct mod_zta_jws *jws,
                                  const char **fault) ZTA_MUST_CHECK;
/*
 * Splits a token and decodes its signature, `size` bytes into signature[]. ZTA_FORBIDDEN unless its
 * header names that one algorithm and the signature is exactly so long.
 */
enum zta_status mod_zta_jws_signature(struct zta_text token, unsigned alg, size_t size,
                                      struct mod_zta_jws *jws,
                                      uint8_t signature[MOD_ZTA_SIGNATURE_MAX]) ZTA_MUST_CHECK;
/* The JSON object of header or payload, strictly; the caller releases it by json_decref. */
enum zta_status mod_zta_jws_object(struct zta_text part, json_t **object,
                                   const char **fault) ZTA_MUST_CHECK;

#endif
