/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that a key has to pass before it verifies anything. */
#include "mod_zta/identity/jwk.h"

#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

enum {
    RSA_SIZE_MAX = MOD_ZTA_RSA_BITS_MAX / 8,
    EXPONENT_SIZE_MAX = 8, /* a larger one only costs the verifier time */
    EXPONENT_SMALLEST = 3,
    SMALL_FACTOR_MAX = 1000,
    ED25519_SIGNATURE_SIZE = 64,
    POINT_UNCOMPRESSED = 4,
};

static enum zta_status refuse(struct zta_error *error, const char *why)
{
    return zta_error_set(error, ZTA_INVALID, "%s", why);
}

/* A member that must be canonical base64url. */
static enum zta_status read_bytes(const json_t *object, const char *name, uint8_t *out,
                                  size_t *size)
{
    return zta_base64url_decode(mod_zta_json_text(object, name), out, *size, size);
}

/*
 * Primes whose residues give away keys of the ROCA generator (CVE-2017-15361): their moduli are
 * powers of 65537 modulo each of these, a random modulus is so with a chance below 2^-27.
 */
static const unsigned roca_primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                       79, 97, 103, 107, 109, 127, 151, 157};

static bool is_roca(const BIGNUM *n)
{
    for (size_t i = 0; i < sizeof roca_primes / sizeof roca_primes[0]; i++) {
        unsigned prime = roca_primes[i];
        unsigned residue = (unsigned)BN_mod_word(n, prime);
        unsigned power = 1;
        unsigned steps = 0;
        while (power != residue && ++steps < prime) {
            power = power * (65537 % prime) % prime;
        }
        if (power != residue) {
            return false;
        }
    }
    return true;
}

static const char *find_weakness(const BIGNUM *n)
{
    for (unsigned factor = 3; factor < SMALL_FACTOR_MAX; factor += 2) {
        if (BN_mod_word(n, factor) == 0) {
            return "its RSA modulus has a small factor";
        }
    }
    return is_roca(n) ? "its RSA modulus comes from a generator that is broken (ROCA)" : NULL;
}

static enum zta_status read_exponent(const json_t *object, struct mod_zta_jwk *jwk,
                                     struct zta_error *error)
{
    uint8_t bytes[EXPONENT_SIZE_MAX];
    size_t size = sizeof bytes;
    if (read_bytes(object, "e", bytes, &size) != ZTA_OK || size == 0 || bytes[0] == 0) {
        return refuse(error, "its RSA exponent is missing, too long or not canonical");
    }
    if (bytes[size - 1] % 2 == 0 || (size == 1 && bytes[0] < EXPONENT_SMALLEST)) {
        return refuse(error, "its RSA exponent is 1 or even");
    }
    jwk->has_small_exponent = size == 1 && bytes[0] == EXPONENT_SMALLEST;
    return ZTA_OK;
}

static enum zta_status read_rsa(const json_t *object, struct mod_zta_jwk *jwk,
                                struct zta_error *error)
{
    uint8_t bytes[RSA_SIZE_MAX];
    size_t size = sizeof bytes;
    if (read_bytes(object, "n", bytes, &size) != ZTA_OK || size == 0 || bytes[0] == 0) {
        return refuse(error, "its RSA modulus is missing, above 8192 bits or not canonical");
    }
    enum zta_status status = read_exponent(object, jwk, error);
    if (status != ZTA_OK) {
        return status;
    }
    BIGNUM *n = BN_bin2bn(bytes, (int)size, NULL);
    if (n == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    const char *weakness = BN_num_bits(n) < MOD_ZTA_RSA_BITS_MIN ? "it is RSA below 2048 bits"
                           : !BN_is_odd(n)                       ? "its RSA modulus is even"
                                                                 : find_weakness(n);
    BN_free(n);
    if (weakness != NULL) {
        return refuse(error, weakness);
    }
    jwk->signature_size = size;
    jwk->algs = MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_RS384 | MOD_ZTA_ALG_RS512 | MOD_ZTA_ALG_PS256 |
                MOD_ZTA_ALG_PS384 | MOD_ZTA_ALG_PS512;
    (void)snprintf(jwk->text, sizeof jwk->text, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}",
                   mod_zta_json_text(object, "e").data, mod_zta_json_text(object, "n").data);
    return ZTA_OK;
}

struct curve {
    const char *name;
    const char *group; /* OpenSSL's name */
    int nid;
    size_t size; /* of a coordinate, and of the order */
    unsigned alg;
};

static const struct curve curves[] = {
    {.name = "P-256",
     .group = "prime256v1",
     .nid = NID_X9_62_prime256v1,
     .size = 32,
     .alg = MOD_ZTA_ALG_ES256},
    {.name = "P-384",
     .group = "secp384r1",
     .nid = NID_secp384r1,
     .size = 48,
     .alg = MOD_ZTA_ALG_ES384},
    {.name = "P-521",
     .group = "secp521r1",
     .nid = NID_secp521r1,
     .size = MOD_ZTA_EC_ORDER_MAX,
     .alg = MOD_ZTA_ALG_ES512},
};

static const struct curve *find_curve(struct zta_text name)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (zta_text_equal(name, zta_text_of(curves[i].name))) {
            return &curves[i];
        }
    }
    return NULL;
}

/* OpenSSL refuses to build the key from a point that is not on the curve; the check asks again. */
static bool is_on_curve(const struct curve *curve, uint8_t *point, size_t size)
{
    char group[32];
    (void)snprintf(group, sizeof group, "%s", curve->group);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, size),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    ERR_set_mark(); /* a refused point must not stay behind as an error of this thread */
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool is_good = maker != NULL && EVP_PKEY_fromdata_init(maker) == 1 &&
                   EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX *checker = is_good ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    is_good = checker != NULL && EVP_PKEY_public_check(checker) == 1;
    EVP_PKEY_CTX_free(checker);
    EVP_PKEY_CTX_free(maker);
    EVP_PKEY_free(key);
    ERR_pop_to_mark();
    return is_good;
}

static bool read_order(const struct curve *curve, uint8_t *order)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->nid);
    bool is_read = group != NULL && BN_bn2binpad(EC_GROUP_get0_order(group), order,
                                                 (int)curve->size) == (int)curve->size;
    EC_GROUP_free(group);
    return is_read;
}

static enum zta_status read_ec(const json_t *object, struct mod_zta_jwk *jwk,
                               struct zta_error *error)
{
    const struct curve *curve = find_curve(mod_zta_json_text(object, "crv"));
    if (curve == NULL) {
        return refuse(error, "its curve is not P-256, P-384 or P-521");
    }
    uint8_t point[1 + 2 * MOD_ZTA_EC_ORDER_MAX] = {POINT_UNCOMPRESSED};
    size_t x_size = curve->size;
    size_t y_size = curve->size;
    if (read_bytes(object, "x", point + 1, &x_size) != ZTA_OK || x_size != curve->size ||
        read_bytes(object, "y", point + 1 + curve->size, &y_size) != ZTA_OK ||
        y_size != curve->size) {
        return refuse(error, "its coordinates are missing, not canonical or not of full length");
    }
    if (!is_on_curve(curve, point, 1 + 2 * curve->size)) {
        return refuse(error, "its point is not on the curve");
    }
    if (!read_order(curve, jwk->order)) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    jwk->signature_size = 2 * curve->size;
    jwk->algs = curve->alg;
    (void)snprintf(jwk->text, sizeof jwk->text,
                   "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", curve->name,
                   mod_zta_json_text(object, "x").data, mod_zta_json_text(object, "y").data);
    return ZTA_OK;
}

/*
 * The y of every point of small order, without the sign bit, little-endian. Under such a key one
 * signature fits many texts.
 */
static const uint8_t small_order[][MOD_ZTA_ED25519_SIZE] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* y must be below p = 2^255 - 19, so that a key has one spelling. */
static bool is_weak_ed25519(const uint8_t *key)
{
    uint8_t y[MOD_ZTA_ED25519_SIZE];
    memcpy(y, key, sizeof y);
    y[sizeof y - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        if (memcmp(y, small_order[i], sizeof y) == 0) {
            return true;
        }
    }
    for (size_t i = 1; i < sizeof y - 1; i++) {
        if (y[i] != 0xff) {
            return false;
        }
    }
    return y[sizeof y - 1] == 0x7f && y[0] >= 0xed;
}

static enum zta_status read_okp(const json_t *object, struct mod_zta_jwk *jwk,
                                struct zta_error *error)
{
    if (!zta_text_equal(mod_zta_json_text(object, "crv"), ZTA_TEXT("Ed25519"))) {
        return refuse(error, "its curve is not Ed25519");
    }
    size_t size = sizeof jwk->ed25519;
    if (read_bytes(object, "x", jwk->ed25519, &size) != ZTA_OK || size != sizeof jwk->ed25519) {
        return refuse(error, "its public key is missing, not canonical or not 32 bytes");
    }
    if (is_weak_ed25519(jwk->ed25519)) {
        return refuse(error, "its public key is of small order or not canonical");
    }
    jwk->signature_size = ED25519_SIGNATURE_SIZE;
    jwk->algs = MOD_ZTA_ALG_ED25519 | MOD_ZTA_ALG_EDDSA;
    (void)snprintf(jwk->text, sizeof jwk->text,
                   "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}",
                   mod_zta_json_text(object, "x").data);
    return ZTA_OK;
}

static enum zta_status check_purpose(const json_t *object, struct zta_error *error)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < sizeof private_members / sizeof private_members[0]; i++) {
        if (json_object_get(object, private_members[i]) != NULL) {
            return refuse(error, "it holds a private or secret part");
        }
    }
    if (json_object_get(object, "use") != NULL &&
        !zta_text_equal(mod_zta_json_text(object, "use"), ZTA_TEXT("sig"))) {
        return refuse(error, "its use is not sig");
    }
    const json_t *operations = json_object_get(object, "key_ops");
    bool may_verify = operations == NULL;
    for (size_t i = 0; i < json_array_size(operations); i++) {
        struct zta_text operation = mod_zta_json_text_of(json_array_get(operations, i));
        may_verify = may_verify || zta_text_equal(operation, ZTA_TEXT("verify"));
    }
    return may_verify ? ZTA_OK : refuse(error, "its key_ops lack verify");
}

static enum zta_status read_type(const json_t *object, struct mod_zta_jwk *jwk,
                                 struct zta_error *error)
{
    struct zta_text type = mod_zta_json_text(object, "kty");
    if (zta_text_equal(type, ZTA_TEXT("RSA"))) {
        return read_rsa(object, jwk, error);
    }
    if (zta_text_equal(type, ZTA_TEXT("EC"))) {
        return read_ec(object, jwk, error);
    }
    if (zta_text_equal(type, ZTA_TEXT("OKP"))) {
        return read_okp(object, jwk, error);
    }
    return refuse(error, "its kty is not RSA, EC or OKP");
}

enum zta_status mod_zta_jwk_read(const json_t *object, struct mod_zta_jwk *jwk,
                                 struct zta_error *error)
{
    *jwk = (struct mod_zta_jwk){.algs = 0};
    if (zta_text_equal(mod_zta_json_text(object, "kty"), ZTA_TEXT("oct"))) {
        return refuse(error, "it is symmetric (oct): who can verify could sign");
    }
    enum zta_status status = check_purpose(object, error);
    if (status == ZTA_OK) {
        status = read_type(object, jwk, error);
    }
    if (status != ZTA_OK || json_object_get(object, "alg") == NULL) {
        return status;
    }
    unsigned alg = mod_zta_alg_parse(mod_zta_json_text(object, "alg"));
    if ((jwk->algs & alg) == 0) {
        return refuse(error, "its alg is unknown or not of its type");
    }
    jwk->algs = alg;
    return ZTA_OK;
}
