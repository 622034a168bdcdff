/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a set may verify, and which key a token gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/keyset.h"
#include "shared/base/base64.h"
#include "tests/unit/jose_sign.h"

#define ALL_ALGS                                                                                   \
    (MOD_ZTA_ALGS_DEFAULT | MOD_ZTA_ALG_RS384 | MOD_ZTA_ALG_RS512 | MOD_ZTA_ALG_PS384 |            \
     MOD_ZTA_ALG_PS512 | MOD_ZTA_ALG_ES384 | MOD_ZTA_ALG_ES512 | MOD_ZTA_ALG_ED25519 |             \
     MOD_ZTA_ALG_EDDSA)

static struct {
    EVP_PKEY *rsa;
    EVP_PKEY *weak_rsa;
    EVP_PKEY *p256;
    EVP_PKEY *p384;
    EVP_PKEY *p521;
    EVP_PKEY *ed25519;
} keys;

/* What the last load warned of, and how often. */
static char warned[8192];
static unsigned n_warnings;
static struct zta_error error;

static int make_keys(void **state)
{
    keys.rsa = jose_key("RSA", 2048);
    keys.weak_rsa = jose_key("RSA", 1024);
    keys.p256 = jose_key("P-256", 0);
    keys.p384 = jose_key("P-384", 0);
    keys.p521 = jose_key("P-521", 0);
    keys.ed25519 = jose_key("Ed25519", 0);
    return 0;
}

static int free_keys(void **state)
{
    EVP_PKEY_free(keys.rsa);
    EVP_PKEY_free(keys.weak_rsa);
    EVP_PKEY_free(keys.p256);
    EVP_PKEY_free(keys.p384);
    EVP_PKEY_free(keys.p521);
    EVP_PKEY_free(keys.ed25519);
    return 0;
}

static void note_warning(void *context, const char *text)
{
    assert_ptr_equal(context, &n_warnings);
    size_t len = strlen(warned);
    assert_true(len + strlen(text) + 2 < sizeof warned);
    (void)snprintf(warned + len, sizeof warned - len, "%s\n", text);
    n_warnings++;
}

static enum zta_status load(const char *jwks, unsigned algs, struct mod_zta_keyset **keyset)
{
    warned[0] = '\0';
    n_warnings = 0;
    error.text[0] = '\0';
    return mod_zta_keyset_load(zta_text_of(jwks), algs, note_warning, &n_warnings, keyset, &error);
}

/* A set of the JWKs given, up to NULL. */
static const char *set_of(const char *first, ...)
{
    static char jwks[JOSE_TEXT_MAX];
    va_list args;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, jwks, sizeof jwks);
    zta_buffer_printf(&buffer, "{\"keys\":[%s", first);
    va_start(args, first);
    for (const char *jwk = va_arg(args, const char *); jwk; jwk = va_arg(args, const char *)) {
        zta_buffer_printf(&buffer, ",%s", jwk);
    }
    va_end(args);
    zta_buffer_string(&buffer, "]}");
    assert_false(buffer.is_overflowed);
    return jwks;
}

static enum zta_status find(const struct mod_zta_keyset *keyset, const char *kid, unsigned alg)
{
    const struct mod_zta_key *key = NULL;
    enum zta_status status = mod_zta_keyset_find(keyset, zta_text_of(kid), alg, &key);
    assert_true((status == ZTA_OK) == (key != NULL));
    return status;
}

static void each_key_type_is_used_for_its_algorithms_only(void **state)
{
    const struct {
        const EVP_PKEY *key;
        const char *more;
        unsigned algs;
    } cases[] = {
        {.key = keys.rsa,
         .more = "",
         .algs = MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_RS384 | MOD_ZTA_ALG_RS512 | MOD_ZTA_ALG_PS256 |
                 MOD_ZTA_ALG_PS384 | MOD_ZTA_ALG_PS512},
        {.key = keys.rsa, .more = ",\"alg\":\"PS384\"", .algs = MOD_ZTA_ALG_PS384},
        {.key = keys.p256, .more = "", .algs = MOD_ZTA_ALG_ES256},
        {.key = keys.p384, .more = "", .algs = MOD_ZTA_ALG_ES384},
        {.key = keys.p521, .more = "", .algs = MOD_ZTA_ALG_ES512},
        {.key = keys.ed25519, .more = "", .algs = MOD_ZTA_ALG_ED25519 | MOD_ZTA_ALG_EDDSA},
        {.key = keys.ed25519, .more = ",\"alg\":\"EdDSA\"", .algs = MOD_ZTA_ALG_EDDSA},
        {.key = keys.p256,
         .more = ",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"x5c\":[\"AA==\"],\"x\\u0079\":1",
         .algs = MOD_ZTA_ALG_ES256},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char jwk[JOSE_TEXT_MAX];
        struct mod_zta_keyset *keyset = NULL;
        jose_jwk(cases[i].key, "k", cases[i].more, jwk);
        assert_int_equal(load(set_of(jwk, NULL), ALL_ALGS, &keyset), ZTA_OK);
        assert_int_equal(n_warnings, 0);
        assert_int_equal(mod_zta_keyset_n_keys(keyset), 1);
        for (unsigned alg = 1; alg <= MOD_ZTA_ALG_EDDSA; alg <<= 1) {
            bool fits = (cases[i].algs & alg) != 0;
            assert_int_equal(find(keyset, "k", alg), fits ? ZTA_OK : ZTA_FORBIDDEN);
            assert_int_equal(find(keyset, NULL, alg), fits ? ZTA_OK : ZTA_NOT_FOUND);
            assert_int_equal(find(keyset, "other", alg), ZTA_NOT_FOUND);
        }
        mod_zta_keyset_close(&keyset);
        assert_null(keyset);
    }
}

static void a_key_without_alg_serves_the_issuers_algorithms_only(void **state)
{
    char jwk[JOSE_TEXT_MAX];
    struct mod_zta_keyset *keyset = NULL;
    jose_jwk(keys.rsa, "k", "", jwk);
    assert_int_equal(load(set_of(jwk, NULL), MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_ES256, &keyset),
                     ZTA_OK);
    assert_int_equal(find(keyset, "k", MOD_ZTA_ALG_RS256), ZTA_OK);
    assert_int_equal(find(keyset, "k", MOD_ZTA_ALG_PS256), ZTA_FORBIDDEN);
    mod_zta_keyset_close(&keyset);
}

/* Loads a bad key beside a good one: the bad one is named, the good one works. */
static void expect_left_out(const char *bad, const char *why)
{
    char good[JOSE_TEXT_MAX];
    struct mod_zta_keyset *keyset = NULL;
    jose_jwk(keys.p256, "good", "", good);
    if (load(set_of(bad, good, NULL), ALL_ALGS, &keyset) != ZTA_OK) {
        fail_msg("with %s nothing is left: %s", bad, error.text);
    }
    if (n_warnings != 1 || strstr(warned, why) == NULL) {
        fail_msg("%s: %u warnings, expected \"%s\", got: %s", bad, n_warnings, why, warned);
    }
    assert_non_null(strstr(warned, "is not used: "));
    if (strstr(bad, "\"kid\":\"bad\"") != NULL) {
        assert_non_null(strstr(warned, "key 'bad' "));
        assert_int_equal(find(keyset, "bad", MOD_ZTA_ALG_RS256), ZTA_NOT_FOUND);
    }
    assert_int_equal(mod_zta_keyset_n_keys(keyset), 1);
    assert_int_equal(find(keyset, "good", MOD_ZTA_ALG_ES256), ZTA_OK);
    mod_zta_keyset_close(&keyset);
    /* Alone it makes no set, and the error says why. */
    assert_int_equal(load(set_of(bad, NULL), ALL_ALGS, &keyset), ZTA_INVALID);
    assert_non_null(strstr(error.text, why));
}

static void a_key_with_a_wrong_purpose_is_left_out(void **state)
{
    static const struct {
        const char *more;
        const char *why;
    } cases[] = {
        {.more = ",\"use\":\"enc\"", .why = "its use is not sig"},
        {.more = ",\"use\":\"SIG\"", .why = "its use is not sig"},
        {.more = ",\"use\":1", .why = "its use is not sig"},
        {.more = ",\"key_ops\":[\"encrypt\"]", .why = "its key_ops lack verify"},
        {.more = ",\"key_ops\":[\"sign\"]", .why = "its key_ops lack verify"},
        {.more = ",\"key_ops\":[]", .why = "its key_ops lack verify"},
        {.more = ",\"key_ops\":\"verify\"", .why = "its key_ops lack verify"},
        {.more = ",\"alg\":\"ES256\"", .why = "its alg is unknown or not of its type"},
        {.more = ",\"alg\":\"HS256\"", .why = "its alg is unknown or not of its type"},
        {.more = ",\"alg\":\"none\"", .why = "its alg is unknown or not of its type"},
        {.more = ",\"alg\":\"RSA-OAEP\"", .why = "its alg is unknown or not of its type"},
        {.more = ",\"alg\":7", .why = "its alg is unknown or not of its type"},
        {.more = ",\"d\":\"AQAB\"", .why = "it holds a private or secret part"},
        {.more = ",\"p\":\"AQAB\"", .why = "it holds a private or secret part"},
        {.more = ",\"qi\":\"AQAB\"", .why = "it holds a private or secret part"},
        {.more = ",\"oth\":[]", .why = "it holds a private or secret part"},
        {.more = ",\"k\":\"AQAB\"", .why = "it holds a private or secret part"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char jwk[JOSE_TEXT_MAX];
        jose_jwk(keys.rsa, "bad", cases[i].more, jwk);
        expect_left_out(jwk, cases[i].why);
    }
}

static void an_algorithm_that_the_issuer_may_not_use_is_left_out(void **state)
{
    char jwk[JOSE_TEXT_MAX];
    char good[JOSE_TEXT_MAX];
    struct mod_zta_keyset *keyset = NULL;
    jose_jwk(keys.rsa, "bad", ",\"alg\":\"RS512\"", jwk);
    jose_jwk(keys.p256, "good", "", good);
    assert_int_equal(load(set_of(jwk, good, NULL), MOD_ZTA_ALGS_DEFAULT, &keyset), ZTA_OK);
    assert_string_equal(
        warned, "key 'bad' is not used: none of its algorithms is accepted for this issuer\n");
    mod_zta_keyset_close(&keyset);
}

static void symmetric_and_unknown_types_are_left_out(void **state)
{
    expect_left_out("{\"kid\":\"bad\",\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODw\"}",
                    "it is symmetric");
    expect_left_out("{\"kid\":\"bad\",\"kty\":\"oct\",\"alg\":\"A128KW\",\"k\":\"AAECAwQFBgcI\"}",
                    "it is symmetric");
    expect_left_out("{\"kid\":\"bad\",\"kty\":\"XYZ\"}", "its kty is not RSA, EC or OKP");
    expect_left_out("{\"kid\":\"bad\",\"kty\":\"rsa\"}", "its kty is not RSA, EC or OKP");
    expect_left_out("{\"kid\":\"bad\"}", "its kty is not RSA, EC or OKP");
    expect_left_out("7", "key number 1 is not used: it is not an object");
    expect_left_out("[]", "it is not an object");
}

static void print_rsa(const BIGNUM *n, const char *e, char out[JOSE_TEXT_MAX])
{
    uint8_t bytes[2048];
    char text[4096];
    int size = BN_bn2bin(n, bytes);
    zta_base64url_encode(bytes, (size_t)size, text);
    (void)snprintf(out, JOSE_TEXT_MAX,
                   "{\"kid\":\"bad\",\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", text, e);
}

/* A multiple of the primes below 1000, plus one: no small factor, and 1 modulo each ROCA prime. */
static BIGNUM *make_roca(void)
{
    BIGNUM *n = BN_new();
    assert_true(n && BN_set_word(n, 2));
    for (unsigned factor = 3; factor < 1000; factor++) {
        bool is_prime = true;
        for (unsigned d = 2; d * d <= factor; d++) {
            is_prime = is_prime && factor % d != 0;
        }
        assert_true(!is_prime || BN_mul_word(n, factor));
    }
    assert_true(BN_lshift(n, n, 2048 - BN_num_bits(n)) && BN_add_word(n, 1));
    return n;
}

static void a_weak_rsa_key_is_left_out(void **state)
{
    char jwk[JOSE_TEXT_MAX];
    jose_jwk(keys.weak_rsa, "bad", "", jwk);
    expect_left_out(jwk, "it is RSA below 2048 bits");

    BIGNUM *n = make_roca();
    print_rsa(n, "AQAB", jwk);
    expect_left_out(jwk, "ROCA");
    assert_true(BN_add_word(n, 1));
    print_rsa(n, "AQAB", jwk);
    expect_left_out(jwk, "its RSA modulus is even");
    assert_true(BN_sub_word(n, 1) && BN_mul_word(n, 997));
    print_rsa(n, "AQAB", jwk);
    expect_left_out(jwk, "its RSA modulus has a small factor");
    assert_true(BN_lshift(n, n, 8192 - 2048) && BN_add_word(n, 1));
    print_rsa(n, "AQAB", jwk);
    expect_left_out(jwk, "above 8192 bits");
    BN_free(n);
}

static void an_rsa_exponent_is_odd_and_above_one(void **state)
{
    static const struct {
        const char *e;
        const char *why; /* NULL: good */
    } cases[] = {
        {.e = "AQ", .why = "its RSA exponent is 1 or even"},
        {.e = "Ag", .why = "its RSA exponent is 1 or even"},
        {.e = "AQAA", .why = "its RSA exponent is 1 or even"},
        {.e = "AA", .why = "not canonical"},
        {.e = "AAEAAQ", .why = "not canonical"},
        {.e = "AQAB=", .why = "not canonical"},
        {.e = "", .why = "not canonical"},
        {.e = "AQ+B", .why = "not canonical"},
        {.e = "AwF", .why = "not canonical"},
        {.e = "AQAAAAAAAAAB", .why = "too long"},
        {.e = "EQ", .why = NULL},
        {.e = "AQAB", .why = NULL},
    };
    char good[JOSE_TEXT_MAX];
    jose_jwk(keys.rsa, "bad", "", good);
    char *exponent = strstr(good, "\"e\":\"AQAB\"}");
    assert_non_null(exponent);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(exponent, 64, "\"e\":\"%s\"}", cases[i].e);
        if (cases[i].why != NULL) {
            expect_left_out(good, cases[i].why);
            continue;
        }
        struct mod_zta_keyset *keyset = NULL;
        assert_int_equal(load(set_of(good, NULL), ALL_ALGS, &keyset), ZTA_OK);
        assert_int_equal(n_warnings, 0);
        mod_zta_keyset_close(&keyset);
    }
    struct mod_zta_keyset *keyset = NULL;
    (void)snprintf(exponent, 64, "\"e\":\"Aw\"}");
    assert_int_equal(load(set_of(good, NULL), ALL_ALGS, &keyset), ZTA_OK);
    assert_string_equal(warned,
                        "key 'bad' is used, but should be replaced: its RSA exponent is 3\n");
    mod_zta_keyset_close(&keyset);
}

/* Replaces the value of a member of a printed JWK. */
static void replace(const char *jwk, const char *name, const char *value, char out[JOSE_TEXT_MAX])
{
    char pattern[32];
    (void)snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *at = strstr(jwk, pattern);
    assert_non_null(at);
    at += strlen(pattern);
    const char *end = strchr(at, '"');
    (void)snprintf(out, JOSE_TEXT_MAX, "%.*s%s%s", (int)(at - jwk), jwk, value, end);
}

static void an_ec_point_is_on_its_curve_in_full_length(void **state)
{
    static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const struct {
        const char *name;
        const char *value;
        const char *why;
    } cases[] = {
        {.name = "crv", .value = "P-384", .why = "not of full length"},
        {.name = "crv", .value = "secp256k1", .why = "its curve is not"},
        {.name = "crv", .value = "p-256", .why = "its curve is not"},
        {.name = "x", .value = "", .why = "not of full length"},
        {.name = "x", .value = "AQ", .why = "not of full length"},
        {.name = "x", .value = zeros, .why = "its point is not on the curve"},
        {.name = "y", .value = zeros, .why = "its point is not on the curve"},
        {.name = "x",
         .value = "_____________________________________________w",
         .why = "not of full length"},
        {.name = "x",
         .value = "__________________________________________8",
         .why = "its point is not on the curve"},
        {.name = "x",
         .value = "__________________________________________9",
         .why = "not canonical"},
    };
    char jwk[JOSE_TEXT_MAX];
    char bad[JOSE_TEXT_MAX];
    jose_jwk(keys.p256, "bad", "", jwk);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        replace(jwk, cases[i].name, cases[i].value, bad);
        expect_left_out(bad, cases[i].why);
    }
    /* A point of another P-256 key's x with this key's y. */
    EVP_PKEY *other = jose_key("P-256", 0);
    char other_jwk[JOSE_TEXT_MAX];
    char x[64];
    jose_jwk(other, "bad", "", other_jwk);
    EVP_PKEY_free(other);
    memcpy(x, strstr(other_jwk, "\"x\":\"") + 5, 43);
    x[43] = '\0';
    replace(jwk, "x", x, bad);
    expect_left_out(bad, "its point is not on the curve");
}

static void an_ed25519_key_is_canonical_and_of_large_order(void **state)
{
    static const struct {
        uint8_t head;
        uint8_t middle;
        uint8_t tail;
        bool is_good;
    } cases[] = {
        {.head = 0x00},               /* order 4 */
        {.head = 0x00, .tail = 0x80}, /* the same, other sign */
        {.head = 0x01},               /* the neutral element */
        {.head = 0x01, .tail = 0x80},
        {.head = 0xec, .middle = 0xff, .tail = 0x7f}, /* order 2 */
        {.head = 0xed, .middle = 0xff, .tail = 0x7f}, /* p: zero again */
        {.head = 0xee, .middle = 0xff, .tail = 0x7f}, /* p + 1: one again */
        {.head = 0xff, .middle = 0xff, .tail = 0xff},
    };
    char jwk[JOSE_TEXT_MAX];
    char bad[JOSE_TEXT_MAX];
    jose_jwk(keys.ed25519, "bad", "", jwk);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t key[32];
        char text[64];
        memset(key, cases[i].middle, sizeof key);
        key[0] = cases[i].head;
        key[31] = cases[i].tail;
        zta_base64url_encode(key, sizeof key, text);
        replace(jwk, "x", text, bad);
        expect_left_out(bad, "small order or not canonical");
    }
    replace(jwk, "crv", "Ed448", bad);
    expect_left_out(bad, "its curve is not Ed25519");
    replace(jwk, "crv", "X25519", bad);
    expect_left_out(bad, "its curve is not Ed25519");
    replace(jwk, "x", "AAAA", bad);
    expect_left_out(bad, "not 32 bytes");
}

static void every_key_of_a_duplicate_kid_is_left_out(void **state)
{
    char a[JOSE_TEXT_MAX];
    char b[JOSE_TEXT_MAX];
    char good[JOSE_TEXT_MAX];
    struct mod_zta_keyset *keyset = NULL;
    jose_jwk(keys.rsa, "same", "", a);
    jose_jwk(keys.p256, "same", "", b);
    jose_jwk(keys.p384, "good", "", good);
    assert_int_equal(load(set_of(a, good, b, NULL), ALL_ALGS, &keyset), ZTA_OK);
    assert_string_equal(warned, "key 'same' is not used: another key has the same kid\n"
                                "key 'same' is not used: another key has the same kid\n");
    assert_int_equal(mod_zta_keyset_n_keys(keyset), 1);
    assert_int_equal(find(keyset, "same", MOD_ZTA_ALG_RS256), ZTA_NOT_FOUND);
    assert_int_equal(find(keyset, "same", MOD_ZTA_ALG_ES256), ZTA_NOT_FOUND);
    mod_zta_keyset_close(&keyset);
}

static void a_kid_is_bounded_and_shown_safely(void **state)
{
    char kid[258];
    char jwk[JOSE_TEXT_MAX];
    struct mod_zta_keyset *keyset = NULL;
    memset(kid, 'k', sizeof kid);
    kid[257] = '\0';
    const char *one_too_long = kid;
    (void)snprintf(jwk, sizeof jwk, "{\"kid\":\"%s\",\"kty\":\"EC\"}", one_too_long);
    expect_left_out(jwk, "kkk...' is not used: its kid is no text of 1 to 256 bytes");
    expect_left_out("{\"kid\":\"\",\"kty\":\"EC\"}", "its kid is no text");
    expect_left_out("{\"kid\":1,\"kty\":\"EC\"}", "key number 1 is not used: its kid is no text");
    expect_left_out("{\"kid\":\"a\\u001b[2J\\n\",\"kty\":\"x\"}", "key 'a\\x1b[2J\\x0a' is not");
    kid[256] = '\0';
    jose_jwk(keys.p256, NULL, "", jwk);
    char named[JOSE_TEXT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, named, sizeof named);
    zta_buffer_printf(&buffer, "{\"kid\":\"%s\",%s", kid, jwk + 1);
    assert_int_equal(load(set_of(named, NULL), ALL_ALGS, &keyset), ZTA_OK);
    assert_int_equal(find(keyset, kid, MOD_ZTA_ALG_ES256), ZTA_OK);
    mod_zta_keyset_close(&keyset);
}

static void without_kid_only_an_only_key_is_found(void **state)
{
    char a[JOSE_TEXT_MAX];
    char b[JOSE_TEXT_MAX];
    char c[JOSE_TEXT_MAX];
    EVP_PKEY *other = jose_key("P-256", 0);
    struct mod_zta_keyset *keyset = NULL;
    jose_jwk(keys.p256, "a", "", a);
    jose_jwk(other, NULL, "", b);
    jose_jwk(keys.rsa, "c", ",\"alg\":\"RS256\"", c);
    assert_int_equal(load(set_of(a, b, c, NULL), ALL_ALGS, &keyset), ZTA_OK);
    assert_int_equal(find(keyset, NULL, MOD_ZTA_ALG_ES256), ZTA_CONFLICT);
    assert_int_equal(find(keyset, NULL, MOD_ZTA_ALG_RS256), ZTA_OK);
    assert_int_equal(find(keyset, NULL, MOD_ZTA_ALG_PS256), ZTA_NOT_FOUND);
    assert_int_equal(find(keyset, "", MOD_ZTA_ALG_RS256), ZTA_NOT_FOUND);
    mod_zta_keyset_close(&keyset);
    EVP_PKEY_free(other);
}

static void the_hash_follows_the_usable_keys(void **state)
{
    char a[JOSE_TEXT_MAX];
    char b[JOSE_TEXT_MAX];
    char spaced[JOSE_TEXT_MAX];
    char renamed[JOSE_TEXT_MAX];
    jose_jwk(keys.p256, "a", "", a);
    jose_jwk(keys.p384, "a", "", b);
    jose_jwk(keys.p256, "a", ",\"x5t\":\"unused\"", spaced);
    jose_jwk(keys.p256, "b", "", renamed);
    const char *const sets[] = {a, b, renamed};
    uint64_t hashes[4];
    struct mod_zta_keyset *keyset = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(load(set_of(sets[i], NULL), ALL_ALGS, &keyset), ZTA_OK);
        hashes[i] = mod_zta_keyset_hash(keyset);
        for (size_t j = 0; j < i; j++) {
            assert_true(hashes[i] != hashes[j]);
        }
        mod_zta_keyset_close(&keyset);
    }
    assert_int_equal(load(set_of(spaced, "{\"kty\":\"oct\"}", NULL), ALL_ALGS, &keyset), ZTA_OK);
    assert_true(mod_zta_keyset_hash(keyset) == hashes[0]);
    mod_zta_keyset_close(&keyset);
}

static void what_is_no_key_set_is_refused(void **state)
{
    static const struct {
        const char *jwks;
        const char *why;
    } cases[] = {
        {.jwks = "", .why = "no JWKS: not JSON"},
        {.jwks = "[]", .why = "no JWKS: not an object"},
        {.jwks = "{}", .why = "\"keys\" is not a list"},
        {.jwks = "{\"keys\":{}}", .why = "\"keys\" is not a list"},
        {.jwks = "{\"keys\":[]}", .why = "\"keys\" is not a list"},
        {.jwks = "{\"keys\":[],\"keys\":[]}", .why = "a member stands twice"},
        {.jwks = "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"RSA\"}]}", .why = "a member stands twice"},
        {.jwks = "{\"keys\":[{}]} x", .why = "more than one value"},
        {.jwks = "{\"keys\":[{},{}]}", .why = "none of 2 keys can be used; key number 1"},
    };
    struct mod_zta_keyset *keyset = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(cases[i].jwks, ALL_ALGS, &keyset), ZTA_INVALID);
        if (strstr(error.text, cases[i].why) == NULL) {
            fail_msg("%s gives: %s", cases[i].jwks, error.text);
        }
    }
    static char big[MOD_ZTA_JWKS_SIZE_MAX + 2];
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(load(big, ALL_ALGS, &keyset), ZTA_TOO_LARGE);
    char many[MOD_ZTA_JWKS_KEYS_MAX * 4 + 32];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, many, sizeof many);
    zta_buffer_string(&buffer, "{\"keys\":[1");
    for (int i = 0; i < MOD_ZTA_JWKS_KEYS_MAX; i++) {
        zta_buffer_string(&buffer, ",1");
    }
    zta_buffer_string(&buffer, "]}");
    assert_int_equal(load(many, ALL_ALGS, &keyset), ZTA_TOO_LARGE);
    assert_null(keyset);
    /* Nobody has to listen to the warnings. */
    assert_int_equal(
        mod_zta_keyset_load(ZTA_TEXT("{\"keys\":[1]}"), ALL_ALGS, NULL, NULL, &keyset, NULL),
        ZTA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_type_is_used_for_its_algorithms_only),
        cmocka_unit_test(a_key_without_alg_serves_the_issuers_algorithms_only),
        cmocka_unit_test(a_key_with_a_wrong_purpose_is_left_out),
        cmocka_unit_test(an_algorithm_that_the_issuer_may_not_use_is_left_out),
        cmocka_unit_test(symmetric_and_unknown_types_are_left_out),
        cmocka_unit_test(a_weak_rsa_key_is_left_out),
        cmocka_unit_test(an_rsa_exponent_is_odd_and_above_one),
        cmocka_unit_test(an_ec_point_is_on_its_curve_in_full_length),
        cmocka_unit_test(an_ed25519_key_is_canonical_and_of_large_order),
        cmocka_unit_test(every_key_of_a_duplicate_kid_is_left_out),
        cmocka_unit_test(a_kid_is_bounded_and_shown_safely),
        cmocka_unit_test(without_kid_only_an_only_key_is_found),
        cmocka_unit_test(the_hash_follows_the_usable_keys),
        cmocka_unit_test(what_is_no_key_set_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
