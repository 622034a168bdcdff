/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How we show an issuer who we are when we ask it something (RFC 6749 section 2.3.1, RFC 7523).
 * The secret is the configuration's: it goes into a request and nowhere else. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_CLIENT_AUTH_H
#define MOD_ZTA_IDENTITY_CLIENT_AUTH_H

#include <openssl/types.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define MOD_ZTA_CLIENT_SECRET_MAX 1024
/* "Basic " and base64 of both, each three times as long when it is escaped. */
#define MOD_ZTA_AUTHORIZATION_SIZE 8192

enum mod_zta_client_method {
    MOD_ZTA_CLIENT_BASIC = 0, /* client_secret_basic */
    MOD_ZTA_CLIENT_POST,      /* client_secret_post */
    MOD_ZTA_CLIENT_KEY,       /* private_key_jwt */
};

struct mod_zta_client {
    struct zta_text id;
    enum mod_zta_client_method method;
    struct zta_text secret; /* BASIC, POST */
    EVP_PKEY *key;          /* KEY: mod_zta_signing_key_load's */
};

/* Appends text as application/x-www-form-urlencoded wants it. */
void mod_zta_form_encode(struct zta_buffer *form, struct zta_text text);

/*
 * Adds what the method wants to the form (POST, KEY) or writes the value of an Authorization header
 * (BASIC); audience is what a signed assertion is for. ZTA_TOO_LARGE: it does not fit; ZTA_IO: no
 * signature could be made.
 */
enum zta_status mod_zta_client_authenticate(const struct mod_zta_client *client,
                                            struct zta_text audience, int64_t now_s,
                                            struct zta_buffer *form,
                                            struct zta_buffer *authorization) ZTA_MUST_CHECK;

#endif
