/* SPDX-License-Identifier: Apache-2.0 */
/* Signing for tests. */
#include "tests/unit/jose_sign.h"

#include "shared/base/base64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MAX = 2048,
    NUMBER_TEXT_MAX = NUMBER_MAX * 4 / 3 + 4,
    P521_SIZE = 66,
};

static void must(int is_good)
{
    if (!is_good) {
        fprintf(stderr, "a key or signature for the test could not be made\n");
        abort();
    }
}

EVP_PKEY *jose_key(const char *type, unsigned bits)
{
    EVP_PKEY *key;
    if (strcmp(type, "RSA") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    }
    else if (strcmp(type, "Ed25519") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    else {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
    }
    must(key != NULL);
    return key;
}

static void print_number(const EVP_PKEY *key, const char *name, size_t size,
                         char out[NUMBER_TEXT_MAX])
{
    BIGNUM *number = NULL;
    uint8_t bytes[NUMBER_MAX];
    must(EVP_PKEY_get_bn_param(key, name, &number));
    size_t n = size != 0 ? size : (size_t)BN_num_bytes(number);
    must(BN_bn2binpad(number, bytes, (int)n) == (int)n);
    zta_base64url_encode(bytes, n, out);
    BN_free(number);
}

static const char *curve_of(size_t size)
{
    return size == 32 ? "P-256" : size == 48 ? "P-384" : "P-521";
}

static size_t coordinate_size(const EVP_PKEY *key)
{
    return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

void jose_jwk(const EVP_PKEY *key, const char *kid, const char *more, char out[JOSE_TEXT_MAX])
{
    char a[NUMBER_TEXT_MAX];
    char b[NUMBER_TEXT_MAX];
    char id[256] = "";
    int n;
    if (kid != NULL) {
        must(snprintf(id, sizeof id, "\"kid\":\"%s\",", kid) < (int)sizeof id);
    }
    if (EVP_PKEY_is_a(key, "RSA")) {
        print_number(key, OSSL_PKEY_PARAM_RSA_N, 0, a);
        print_number(key, OSSL_PKEY_PARAM_RSA_E, 0, b);
        n = snprintf(out, JOSE_TEXT_MAX, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", id, a,
                     b, more);
    }
    else if (EVP_PKEY_is_a(key, "EC")) {
        size_t size = coordinate_size(key);
        print_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size, a);
        print_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size, b);
        n = snprintf(out, JOSE_TEXT_MAX,
                     "{%s\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", id,
                     curve_of(size), a, b, more);
    }
    else {
        uint8_t raw[32];
        size_t size = sizeof raw;
        must(EVP_PKEY_get_raw_public_key(key, raw, &size) && size == sizeof raw);
        zta_base64url_encode(raw, size, a);
        n = snprintf(out, JOSE_TEXT_MAX, "{%s\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"%s}",
                     id, a, more);
    }
    must(n > 0 && n < JOSE_TEXT_MAX);
}

void jose_part(const char *text, size_t len, char out[JOSE_TEXT_MAX])
{
    must(ZTA_BASE64URL_LEN(len) < JOSE_TEXT_MAX);
    zta_base64url_encode((const uint8_t *)text, len, out);
}

/* header.payload; returns its length. */
static size_t put_input(struct zta_text header, struct zta_text payload, char token[JOSE_TEXT_MAX])
{
    size_t header_len = ZTA_BASE64URL_LEN(header.len);
    must(header_len + 1 + ZTA_BASE64URL_LEN(payload.len) + 2000 < JOSE_TEXT_MAX);
    jose_part(header.data, header.len, token);
    token[header_len] = '.';
    zta_base64url_encode((const uint8_t *)payload.data, payload.len, token + header_len + 1);
    return strlen(token);
}

size_t jose_attach(const uint8_t *signature, size_t size, struct zta_text header,
                   struct zta_text payload, char token[JOSE_TEXT_MAX])
{
    size_t len = put_input(header, payload, token);
    token[len++] = '.';
    zta_base64url_encode(signature, size, token + len);
    return len + strlen(token + len);
}

static size_t to_raw(uint8_t *signature, size_t size, size_t coordinate)
{
    const uint8_t *at = signature;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)size);
    must(parsed != NULL);
    uint8_t raw[2 * P521_SIZE];
    must(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw, (int)coordinate) == (int)coordinate);
    must(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw + coordinate, (int)coordinate) ==
         (int)coordinate);
    ECDSA_SIG_free(parsed);
    memcpy(signature, raw, 2 * coordinate);
    return 2 * coordinate;
}

size_t jose_sign(EVP_PKEY *key, const char *alg, struct zta_text header, struct zta_text payload,
                 char token[JOSE_TEXT_MAX])
{
    static const char *const digests[] = {"256", "384", "512"};
    char digest[8] = "";
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        if (strcmp(alg + strlen(alg) - 3, digests[i]) == 0) {
            (void)snprintf(digest, sizeof digest, "SHA%s", digests[i]);
        }
    }
    size_t len = put_input(header, payload, token);
    uint8_t signature[NUMBER_MAX];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    must(context != NULL && EVP_DigestSignInit_ex(context, &options, digest[0] ? digest : NULL,
                                                  NULL, NULL, key, NULL) == 1);
    if (alg[0] == 'P') {
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    must(EVP_DigestSign(context, signature, &size, (const uint8_t *)token, len) == 1);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_is_a(key, "EC")) {
        size = to_raw(signature, size, coordinate_size(key));
    }
    token[len++] = '.';
    zta_base64url_encode(signature, size, token + len);
    return len + strlen(token + len);
}

size_t jose_sign_mac(const void *secret, size_t size, struct zta_text header,
                     struct zta_text payload, char token[JOSE_TEXT_MAX])
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_size = sizeof mac;
    size_t len = put_input(header, payload, token);
    must(HMAC(EVP_sha256(), secret, (int)size, (const uint8_t *)token, len, mac, &mac_size) !=
         NULL);
    return jose_attach(mac, mac_size, header, payload, token);
}

size_t jose_change(const char *good, const uint8_t *changes, size_t size, char token[JOSE_TEXT_MAX])
{
    size_t len = strlen(good);
    memcpy(token, good, len + 1);
    for (size_t i = 0; i + 3 <= size; i += 3) {
        token[(size_t)(changes[i] << 8 | changes[i + 1]) % len] = (char)changes[i + 2];
    }
    return len;
}

void jose_fixed_open(int64_t now_s, struct jose_fixed *fixed)
{
    static const uint8_t seed[] = "a key for tests, known to all...";
    static char jwk[JOSE_TEXT_MAX];
    static char jwks[JOSE_TEXT_MAX + 16];
    struct zta_buffer buffer;
    struct mod_zta_keyset *keyset = NULL;
    struct zta_error error;
    fixed->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed - 1);
    must(fixed->key != NULL);
    jose_jwk(fixed->key, "k", "", jwk);
    zta_buffer_init(&buffer, jwks, sizeof jwks);
    zta_buffer_printf(&buffer, "{\"keys\":[%s]}", jwk);
    must(mod_zta_keyset_load(zta_text_of(jwks), MOD_ZTA_ALG_EDDSA, NULL, NULL, &keyset, &error) ==
         ZTA_OK);
    must(mod_zta_keyring_open(0, &fixed->ring) == ZTA_OK);
    must(mod_zta_keyring_replace(fixed->ring, &keyset, now_s) == ZTA_OK);
}
