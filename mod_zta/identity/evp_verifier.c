/* SPDX-License-Identifier: Apache-2.0 */
/* One key and one algorithm, in OpenSSL's terms. */
#include "mod_zta/identity/evp_verifier.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jwk.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"

enum {
    DER_MAX = 2 * MOD_ZTA_EC_ORDER_MAX + 16,
    POINT_UNCOMPRESSED = 4,
};

enum family {
    FAMILY_RSA = 0, /* RSASSA-PKCS1-v1_5 */
    FAMILY_PSS,
    FAMILY_EC,
    FAMILY_ED25519,
};

struct scheme {
    unsigned alg;
    enum family family;
    const char *digest; /* NULL: the algorithm has its own */
    const char *group;  /* EC */
};

static const struct scheme schemes[] = {
    {.alg = MOD_ZTA_ALG_RS256, .family = FAMILY_RSA, .digest = "SHA256"},
    {.alg = MOD_ZTA_ALG_RS384, .family = FAMILY_RSA, .digest = "SHA384"},
    {.alg = MOD_ZTA_ALG_RS512, .family = FAMILY_RSA, .digest = "SHA512"},
    {.alg = MOD_ZTA_ALG_PS256, .family = FAMILY_PSS, .digest = "SHA256"},
    {.alg = MOD_ZTA_ALG_PS384, .family = FAMILY_PSS, .digest = "SHA384"},
    {.alg = MOD_ZTA_ALG_PS512, .family = FAMILY_PSS, .digest = "SHA512"},
    {.alg = MOD_ZTA_ALG_ES256, .family = FAMILY_EC, .digest = "SHA256", .group = "P-256"},
    {.alg = MOD_ZTA_ALG_ES384, .family = FAMILY_EC, .digest = "SHA384", .group = "P-384"},
    {.alg = MOD_ZTA_ALG_ES512, .family = FAMILY_EC, .digest = "SHA512", .group = "P-521"},
    {.alg = MOD_ZTA_ALG_ED25519, .family = FAMILY_ED25519},
    {.alg = MOD_ZTA_ALG_EDDSA, .family = FAMILY_ED25519},
};

struct mod_zta_evp_verifier {
    const struct scheme *scheme;
    size_t signature_size;
    EVP_PKEY *key;
};

static const struct scheme *find_scheme(unsigned alg)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].alg == alg) {
            return &schemes[i];
        }
    }
    return NULL;
}

/* ---- the key, out of members that mod_zta_jwk_read has checked ---- */

/* One number of the key; released by BN_free. */
static BIGNUM *read_number(const json_t *jwk, const char *name)
{
    uint8_t bytes[MOD_ZTA_RSA_BITS_MAX / 8];
    size_t size;
    if (zta_base64url_decode(mod_zta_json_text(jwk, name), bytes, sizeof bytes, &size) != ZTA_OK) {
        return NULL;
    }
    return BN_bin2bn(bytes, (int)size, NULL);
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *open_rsa(const json_t *jwk)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = read_number(jwk, "n");
    BIGNUM *e = read_number(jwk, "e");
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (n != NULL && e != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        key = make_key("RSA", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    BN_free(e);
    BN_free(n);
    return key;
}

static EVP_PKEY *open_ec(const json_t *jwk, const char *group, size_t size)
{
    uint8_t point[1 + 2 * MOD_ZTA_EC_ORDER_MAX] = {POINT_UNCOMPRESSED};
    EVP_PKEY *key = NULL;
    size_t x_size;
    size_t y_size;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL &&
        zta_base64url_decode(mod_zta_json_text(jwk, "x"), point + 1, size, &x_size) == ZTA_OK &&
        zta_base64url_decode(mod_zta_json_text(jwk, "y"), point + 1 + size, size, &y_size) ==
            ZTA_OK &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) ==
            1) {
        key = make_key("EC", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *open_key(const struct scheme *scheme, const json_t *object,
                          const struct mod_zta_jwk *jwk)
{
    switch (scheme->family) {
    case FAMILY_RSA:
    case FAMILY_PSS:
        return open_rsa(object);
    case FAMILY_EC:
        return open_ec(object, scheme->group, jwk->signature_size / 2);
    case FAMILY_ED25519:
        return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, jwk->ed25519,
                                              sizeof jwk->ed25519);
    }
    return NULL;
}

static enum zta_status open_verifier(const json_t *object, unsigned alg,
                                     struct mod_zta_evp_verifier **verifier,
                                     struct zta_error *error)
{
    struct mod_zta_jwk jwk;
    enum zta_status status = mod_zta_jwk_read(object, &jwk, error);
    if (status != ZTA_OK) {
        return status;
    }
    const struct scheme *scheme = find_scheme(alg);
    if (scheme == NULL || (alg & jwk.algs) == 0) {
        return zta_error_set(error, ZTA_INVALID, "the key is not for %s", mod_zta_alg_name(alg));
    }
    struct mod_zta_evp_verifier *made = malloc(sizeof *made);
    if (made == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    *made = (struct mod_zta_evp_verifier){
        .scheme = scheme,
        .signature_size = jwk.signature_size,
        .key = open_key(scheme, object, &jwk),
    };
    if (made->key == NULL) {
        mod_zta_evp_verifier_close(&made);
        return zta_error_set(error, ZTA_INVALID, "OpenSSL does not take the key");
    }
    *verifier = made;
    return ZTA_OK;
}

enum zta_status mod_zta_evp_verifier_open(struct zta_text jwk, unsigned alg,
                                          struct mod_zta_evp_verifier **verifier,
                                          struct zta_error *error)
{
    json_t *object;
    const char *fault;
    enum zta_status status = mod_zta_json_load(jwk, &object, &fault);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "the key is no JWK: %s", fault);
    }
    ERR_set_mark();
    status = open_verifier(object, alg, verifier, error);
    ERR_pop_to_mark();
    json_decref(object);
    return status;
}

void mod_zta_evp_verifier_close(struct mod_zta_evp_verifier **verifier)
{
    if (*verifier == NULL) {
        return;
    }
    EVP_PKEY_free((*verifier)->key);
    free(*verifier);
    *verifier = NULL;
}

/* ---- the signature ---- */

/* JWA has r and s side by side (RFC 7518 section 3.4), OpenSSL wants them in DER. 0: no memory. */
static size_t der_of(const uint8_t *raw, size_t size, uint8_t der[DER_MAX])
{
    int len = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)(size / 2), NULL);
    BIGNUM *s = BN_bin2bn(raw + size / 2, (int)(size / 2), NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = NULL; /* they are the pair's now */
        s = NULL;
        len = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(s);
    BN_free(r);
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

/* The salt is as long as the digest, no longer and no shorter (RFC 7518 section 3.5). */
static bool begin(EVP_MD_CTX *context, const struct mod_zta_evp_verifier *verifier)
{
    EVP_PKEY_CTX *options = NULL;
    if (EVP_DigestVerifyInit_ex(context, &options, verifier->scheme->digest, NULL, NULL,
                                verifier->key, NULL) != 1) {
        return false;
    }
    return verifier->scheme->family != FAMILY_PSS ||
           (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* OpenSSL keeps r, s and Ed25519's S below the order, and r and s above zero. */
static enum zta_status check(const struct mod_zta_evp_verifier *verifier,
                             struct zta_text signed_text, const uint8_t *signature, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = ZTA_NO_MEMORY; /* what keeps it from beginning is not the signature */
    if (begin(context, verifier)) {
        bool is_good = EVP_DigestVerify(context, signature, size, (const uint8_t *)signed_text.data,
                                        signed_text.len) == 1;
        status = is_good ? ZTA_OK : ZTA_FORBIDDEN;
    }
    EVP_MD_CTX_free(context);
    return status;
}

enum zta_status mod_zta_evp_verifier_check(const struct mod_zta_evp_verifier *verifier,
                                           struct zta_text token)
{
    struct mod_zta_jws jws;
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    uint8_t der[DER_MAX];
    size_t size = verifier->signature_size;
    enum zta_status status =
        mod_zta_jws_signature(token, verifier->scheme->alg, size, &jws, signature);
    if (status != ZTA_OK) {
        return status;
    }
    const uint8_t *given = signature;
    /* A failure leaves errors in the thread's queue, where mod_ssl would take them for its own. */
    ERR_set_mark();
    if (verifier->scheme->family == FAMILY_EC) {
        size = der_of(signature, size, der);
        given = der;
    }
    status = size == 0 ? ZTA_NO_MEMORY : check(verifier, jws.signing_input, given, size);
    ERR_pop_to_mark();
    return status;
}
