/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier by OpenSSL and that of access tokens are asked the same: they have to say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/evp_verifier.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/signature.h"
#include "shared/base/base64.h"
#include "tests/unit/jose_sign.h"

enum {
    RSA_SIZE = 256,
    SIGNATURE_MAX = 1100,
    HEADER_MAX = 128,
};

static const struct {
    const char *alg;
    const char *type;
    size_t size;
} algs[] = {
    {.alg = "RS256", .type = "RSA", .size = RSA_SIZE},
    {.alg = "RS384", .type = "RSA", .size = RSA_SIZE},
    {.alg = "RS512", .type = "RSA", .size = RSA_SIZE},
    {.alg = "PS256", .type = "RSA", .size = RSA_SIZE},
    {.alg = "PS384", .type = "RSA", .size = RSA_SIZE},
    {.alg = "PS512", .type = "RSA", .size = RSA_SIZE},
    {.alg = "ES256", .type = "P-256", .size = 64},
    {.alg = "ES384", .type = "P-384", .size = 96},
    {.alg = "ES512", .type = "P-521", .size = 132},
    {.alg = "Ed25519", .type = "Ed25519", .size = 64},
    {.alg = "EdDSA", .type = "Ed25519", .size = 64},
};
#define N_ALGS (sizeof algs / sizeof algs[0])

static const char payload[] = "{\"iss\":\"i\",\"sub\":\"alice\"}";
static EVP_PKEY *keys[N_ALGS];
static unsigned n_compared;

/* Both verifiers of one key and algorithm, and a good token of theirs in parts. */
struct pair {
    const char *alg;
    EVP_PKEY *key;
    struct mod_zta_verifier *module;
    struct mod_zta_evp_verifier *evp;
    char header[HEADER_MAX];
    char token[JOSE_TEXT_MAX];
    uint8_t signature[SIGNATURE_MAX];
    size_t size;
};

static int make_keys(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        bool is_first = i == 0 || strcmp(algs[i].type, algs[i - 1].type) != 0;
        keys[i] = is_first ? jose_key(algs[i].type, 2048) : keys[i - 1];
        if (!is_first) {
            EVP_PKEY_up_ref(keys[i]);
        }
    }
    return 0;
}

static int free_keys(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        EVP_PKEY_free(keys[i]);
    }
    print_message("%u signatures compared\n", n_compared);
    return 0;
}

/* Both say wanted, and neither leaves errors behind. */
static void compare(const struct pair *pair, const char *token, enum zta_status wanted,
                    const char *what)
{
    struct zta_text text = zta_text_of(token);
    enum zta_status module = mod_zta_verifier_check(pair->module, text);
    enum zta_status evp = mod_zta_evp_verifier_check(pair->evp, text);
    if (module != wanted || evp != wanted) {
        fail_msg("%s, %s: signature.c says %s, evp_verifier.c %s, expected %s", pair->alg, what,
                 zta_status_text(module), zta_status_text(evp), zta_status_text(wanted));
    }
    assert_true(ERR_peek_error() == 0);
    n_compared++;
}

static void compare_signature(const struct pair *pair, const uint8_t *signature, size_t size,
                              enum zta_status wanted, const char *what)
{
    char token[JOSE_TEXT_MAX];
    (void)jose_attach(signature, size, zta_text_of(pair->header), ZTA_TEXT(payload), token);
    compare(pair, token, wanted, what);
}

static void open_pair(size_t i, struct pair *pair)
{
    char jwk[JOSE_TEXT_MAX];
    struct zta_error error;
    unsigned alg = mod_zta_alg_parse(zta_text_of(algs[i].alg));
    *pair = (struct pair){.alg = algs[i].alg, .key = keys[i]};
    jose_jwk(keys[i], "k", "", jwk);
    assert_int_equal(mod_zta_verifier_open(zta_text_of(jwk), alg, &pair->module, &error), ZTA_OK);
    assert_int_equal(mod_zta_evp_verifier_open(zta_text_of(jwk), alg, &pair->evp, &error), ZTA_OK);
    (void)snprintf(pair->header, sizeof pair->header, "{\"alg\":\"%s\",\"kid\":\"k\"}", pair->alg);
    (void)jose_sign(pair->key, pair->alg, zta_text_of(pair->header), ZTA_TEXT(payload),
                    pair->token);
    assert_int_equal(zta_base64url_decode(zta_text_of(strrchr(pair->token, '.') + 1),
                                          pair->signature, sizeof pair->signature, &pair->size),
                     ZTA_OK);
    assert_int_equal(pair->size, algs[i].size);
}

static void close_pair(struct pair *pair)
{
    mod_zta_verifier_close(&pair->module);
    mod_zta_evp_verifier_close(&pair->evp);
    assert_null(pair->evp);
    mod_zta_evp_verifier_close(&pair->evp);
}

static bool is_family(size_t i, char first)
{
    return algs[i].alg[0] == first && algs[i].alg[1] == 'S';
}

/* The signed text of the token as bytes. */
static struct zta_text signed_text(const struct pair *pair)
{
    return (struct zta_text){.data = pair->token,
                             .len = (size_t)(strrchr(pair->token, '.') - pair->token)};
}

static void good_signatures_are_good_for_both(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        open_pair(i, &pair);
        compare(&pair, pair.token, ZTA_OK, "as it was signed");
        close_pair(&pair);
    }
}

static void every_byte_of_a_signature_counts(void **state)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        open_pair(i, &pair);
        for (size_t at = 0; at < pair.size; at++) {
            for (size_t m = 0; m < sizeof masks; m++) {
                pair.signature[at] ^= masks[m];
                compare_signature(&pair, pair.signature, pair.size, ZTA_FORBIDDEN, "changed byte");
                pair.signature[at] ^= masks[m];
            }
        }
        compare_signature(&pair, pair.signature, pair.size, ZTA_OK, "all bytes back");
        close_pair(&pair);
    }
}

static void every_byte_of_the_signed_text_counts(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        open_pair(i, &pair);
        for (size_t at = 0, len = signed_text(&pair).len; at < len; at++) {
            char kept = pair.token[at];
            pair.token[at] = kept == '.' ? 'A' : kept == 'B' ? 'C' : 'B';
            compare(&pair, pair.token, ZTA_FORBIDDEN, "changed text");
            pair.token[at] = kept;
        }
        close_pair(&pair);
    }
}

static void a_signature_has_one_length_and_one_spelling(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        uint8_t longer[SIGNATURE_MAX + 1] = {0};
        open_pair(i, &pair);
        for (size_t size = 1; size < pair.size; size++) {
            compare_signature(&pair, pair.signature, size, ZTA_FORBIDDEN, "end cut off");
            compare_signature(&pair, pair.signature + size, pair.size - size, ZTA_FORBIDDEN,
                              "start cut off");
        }
        memcpy(longer + 1, pair.signature, pair.size);
        compare_signature(&pair, longer, pair.size + 1, ZTA_FORBIDDEN, "zero before it");
        compare_signature(&pair, longer + 1, pair.size + 1, ZTA_FORBIDDEN, "zero behind it");
        compare_signature(&pair, longer, SIGNATURE_MAX, ZTA_FORBIDDEN, "far too long");
        size_t len = strlen(pair.token);
        (void)snprintf(pair.token + len, sizeof pair.token - len, "=");
        compare(&pair, pair.token, ZTA_FORBIDDEN, "padded");
        (void)snprintf(pair.token + len, sizeof pair.token - len, ".");
        compare(&pair, pair.token, ZTA_FORBIDDEN, "four parts");
        pair.token[signed_text(&pair).len + 1] = '\0';
        compare(&pair, pair.token, ZTA_FORBIDDEN, "no signature");
        compare(&pair, "", ZTA_FORBIDDEN, "nothing at all");
        close_pair(&pair);
    }
}

static void the_header_names_the_algorithm_of_the_verifier(void **state)
{
    static const char *const headers[] = {
        "{}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"rs256\"}",
        "{\"alg\":7}",
        "{\"alg\":[\"RS256\"]}",
        "[]",
        "{",
        "{\"alg\":\"\"}",
        "{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
    };
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        char token[JOSE_TEXT_MAX];
        open_pair(i, &pair);
        for (size_t j = 0; j < N_ALGS; j++) {
            char header[HEADER_MAX];
            (void)snprintf(header, sizeof header, "{\"alg\":\"%s\"}", algs[j].alg);
            (void)jose_sign(pair.key, pair.alg, zta_text_of(header), ZTA_TEXT(payload), token);
            compare(&pair, token, i == j ? ZTA_OK : ZTA_FORBIDDEN, algs[j].alg);
            /* And a signature by that algorithm under our name. */
            (void)jose_sign(keys[j], algs[j].alg, zta_text_of(pair.header), ZTA_TEXT(payload),
                            token);
            bool is_same = i == j || (algs[i].type[0] == 'E' && algs[j].type[0] == 'E');
            compare(&pair, token, is_same ? ZTA_OK : ZTA_FORBIDDEN, "another algorithm");
        }
        for (size_t h = 0; h < sizeof headers / sizeof headers[0]; h++) {
            (void)jose_sign(pair.key, pair.alg, zta_text_of(headers[h]), ZTA_TEXT(payload), token);
            compare(&pair, token, ZTA_FORBIDDEN, headers[h]);
        }
        close_pair(&pair);
    }
}

static void keys_make_verifiers_for_both_or_for_none(void **state)
{
    static const char *const more[] = {
        "",
        ",\"d\":\"AQ\"",
        ",\"use\":\"enc\"",
        ",\"use\":\"sig\"",
        ",\"key_ops\":[\"sign\"]",
        ",\"alg\":\"PS256\"",
        ",\"alg\":\"ES256\"",
        ",\"alg\":\"none\"",
    };
    char jwk[JOSE_TEXT_MAX];
    for (size_t i = 0; i < N_ALGS; i++) {
        for (size_t m = 0; m < sizeof more / sizeof more[0]; m++) {
            jose_jwk(keys[i], NULL, more[m], jwk);
            for (unsigned alg = 0; alg <= MOD_ZTA_ALG_EDDSA * 2; alg = alg == 0 ? 1 : alg * 2) {
                struct mod_zta_verifier *module = NULL;
                struct mod_zta_evp_verifier *evp = NULL;
                struct zta_error error;
                enum zta_status wanted =
                    mod_zta_verifier_open(zta_text_of(jwk), alg, &module, &error);
                assert_int_equal(mod_zta_evp_verifier_open(zta_text_of(jwk), alg, &evp, &error),
                                 wanted);
                assert_int_equal(evp != NULL, module != NULL);
                mod_zta_verifier_close(&module);
                mod_zta_evp_verifier_close(&evp);
            }
        }
    }
    struct mod_zta_evp_verifier *evp = NULL;
    struct zta_error error;
    jose_jwk(keys[0], NULL, "", jwk);
    assert_int_equal(mod_zta_evp_verifier_open(zta_text_of(jwk),
                                               MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_PS256, &evp, &error),
                     ZTA_INVALID);
    assert_int_equal(mod_zta_evp_verifier_open(ZTA_TEXT("7"), MOD_ZTA_ALG_RS256, &evp, &error),
                     ZTA_INVALID);
}

/* ---- EC ---- */

static void put_number(const BIGNUM *number, uint8_t *out, size_t size)
{
    assert_int_equal(BN_bn2binpad(number, out, (int)size), (int)size);
}

/* r and s exchanged for every odd number, one at a time and both. */
static void compare_odd_numbers(const struct pair *pair, const BIGNUM *order)
{
    size_t size = pair->size / 2;
    BIGNUM *number = BN_new();
    uint8_t odd[5][SIGNATURE_MAX];
    memset(odd[0], 0, size);
    memset(odd[1], 0xff, size);
    put_number(order, odd[2], size);
    BN_copy(number, order);
    BN_add_word(number, 1);
    put_number(number, odd[3], size);
    memset(odd[4], 0, size);
    odd[4][size - 1] = 1;
    for (size_t r = 0; r <= 5; r++) {
        for (size_t s = 0; s <= 5; s++) {
            uint8_t signature[SIGNATURE_MAX];
            memcpy(signature, r == 5 ? pair->signature : odd[r], size);
            memcpy(signature + size, s == 5 ? pair->signature + size : odd[s], size);
            compare_signature(pair, signature, pair->size,
                              r == 5 && s == 5 ? ZTA_OK : ZTA_FORBIDDEN, "odd r or s");
        }
    }
    BN_free(number);
}

/* r + n and s + n, where they fit, are the same modulo n; n - s is what ECDSA itself allows. */
static void compare_shifted_numbers(const struct pair *pair, const BIGNUM *order)
{
    size_t size = pair->size / 2;
    uint8_t signature[SIGNATURE_MAX];
    BIGNUM *number = BN_new();
    for (size_t part = 0; part < 2; part++) {
        BN_bin2bn(pair->signature + part * size, (int)size, number);
        BN_add(number, number, order);
        if ((size_t)BN_num_bytes(number) <= size) {
            memcpy(signature, pair->signature, pair->size);
            put_number(number, signature + part * size, size);
            compare_signature(pair, signature, pair->size, ZTA_FORBIDDEN, "above the order");
        }
    }
    memcpy(signature, pair->signature, pair->size);
    BN_bin2bn(pair->signature + size, (int)size, number);
    BN_sub(number, order, number);
    put_number(number, signature + size, size);
    compare_signature(pair, signature, pair->size, ZTA_OK, "n - s");
    BN_free(number);
}

static void numbers_of_ecdsa_stay_in_their_range(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        BIGNUM *order = NULL;
        struct pair pair;
        if (!is_family(i, 'E')) {
            continue;
        }
        open_pair(i, &pair);
        assert_int_equal(EVP_PKEY_get_bn_param(pair.key, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
        compare_odd_numbers(&pair, order);
        compare_shifted_numbers(&pair, order);
        uint8_t swapped[SIGNATURE_MAX];
        memcpy(swapped, pair.signature + pair.size / 2, pair.size / 2);
        memcpy(swapped + pair.size / 2, pair.signature, pair.size / 2);
        compare_signature(&pair, swapped, pair.size, ZTA_FORBIDDEN, "r and s exchanged");
        BN_free(order);
        close_pair(&pair);
    }
}

static void der_is_no_signature_of_a_token(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        if (!is_family(i, 'E')) {
            continue;
        }
        open_pair(i, &pair);
        ECDSA_SIG *numbers = ECDSA_SIG_new();
        size_t half = pair.size / 2;
        assert_int_equal(ECDSA_SIG_set0(numbers, BN_bin2bn(pair.signature, (int)half, NULL),
                                        BN_bin2bn(pair.signature + half, (int)half, NULL)),
                         1);
        uint8_t der[SIGNATURE_MAX] = {0};
        uint8_t *end = der;
        size_t size = (size_t)i2d_ECDSA_SIG(numbers, &end);
        compare_signature(&pair, der, size, ZTA_FORBIDDEN, "DER");
        compare_signature(&pair, der, pair.size, ZTA_FORBIDDEN, "DER of the raw length");
        ECDSA_SIG_free(numbers);
        close_pair(&pair);
    }
}

/* ---- RSA ---- */

/* The private operation on a whole block, whatever it is padded with. */
static void sign_block(EVP_PKEY *key, const uint8_t *block, uint8_t signature[RSA_SIZE])
{
    size_t size = RSA_SIZE;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_true(context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_sign(context, signature, &size, block, RSA_SIZE) == 1);
    EVP_PKEY_CTX_free(context);
    assert_int_equal(size, RSA_SIZE);
}

/* Up to the digest, RFC 8017 section 9.2; the second form leaves the NULL parameter out. */
static const uint8_t with_null[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
static const uint8_t without_null[] = {0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                       0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20};
/* A length in two bytes where one would do. */
static const uint8_t with_long_length[] = {0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09,
                                           0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
                                           0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

#define INFO(bytes)                                                                                \
    {                                                                                              \
        .data = (const char *)(bytes), .len = sizeof(bytes)                                        \
    }

static const struct block {
    const char *what;
    uint8_t first;
    uint8_t type;
    uint8_t pad;
    uint8_t end;
    size_t n_pad; /* 0: as many as there is room for */
    struct zta_text info;
    bool is_good;
} blocks[] = {
    {.what = "as it should be", .type = 1, .pad = 0xff, .info = INFO(with_null), .is_good = true},
    {.what = "no parameter", .type = 1, .pad = 0xff, .info = INFO(without_null)},
    {.what = "long length", .type = 1, .pad = 0xff, .info = INFO(with_long_length)},
    {.what = "digest alone", .type = 1, .pad = 0xff, .info = {.len = 0}},
    {.what = "first byte not zero", .first = 1, .type = 1, .pad = 0xff, .info = INFO(with_null)},
    {.what = "block type 0", .type = 0, .pad = 0, .info = INFO(with_null)},
    {.what = "block type 2", .type = 2, .pad = 0xab, .info = INFO(with_null)},
    {.what = "other padding", .type = 1, .pad = 0xfe, .info = INFO(with_null)},
    {.what = "no end of padding", .type = 1, .pad = 0xff, .end = 0xff, .info = INFO(with_null)},
    {.what = "room behind", .type = 1, .pad = 0xff, .n_pad = 8, .info = INFO(with_null)},
    {.what = "short padding", .type = 1, .pad = 0xff, .n_pad = 7, .info = INFO(with_null)},
    {.what = "hardly any padding", .type = 1, .pad = 0xff, .n_pad = 1, .info = INFO(with_null)},
};

static void blocks_of_pkcs1_are_padded_in_one_way(void **state)
{
    struct pair pair;
    uint8_t digest[32];
    open_pair(0, &pair);
    struct zta_text text = signed_text(&pair);
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, text.data, text.len, digest, NULL), 1);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        const struct block *form = &blocks[i];
        uint8_t block[RSA_SIZE] = {0};
        uint8_t signature[RSA_SIZE];
        size_t n_pad = RSA_SIZE - 3 - form->info.len - sizeof digest;
        n_pad = form->n_pad != 0 ? form->n_pad : n_pad;
        block[0] = form->first;
        block[1] = form->type;
        memset(block + 2, form->pad, n_pad);
        block[2 + n_pad] = form->end;
        if (form->info.len > 0) {
            memcpy(block + 3 + n_pad, form->info.data, form->info.len);
        }
        memcpy(block + 3 + n_pad + form->info.len, digest, sizeof digest);
        sign_block(pair.key, block, signature);
        compare_signature(&pair, signature, sizeof signature,
                          form->is_good ? ZTA_OK : ZTA_FORBIDDEN, form->what);
    }
    close_pair(&pair);
}

/* By this digest and salt (-1: PKCS #1 v1.5); MGF1 with another digest where mask names it. */
static size_t sign_rsa(const struct pair *pair, const char *digest, int salt, const char *mask,
                       uint8_t signature[SIGNATURE_MAX])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    struct zta_text text = signed_text(pair);
    size_t size = SIGNATURE_MAX;
    assert_true(context != NULL &&
                EVP_DigestSignInit_ex(context, &options, digest, NULL, NULL, pair->key, NULL) == 1);
    if (salt >= 0) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt) == 1);
    }
    if (mask != NULL) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(options, mask, NULL), 1);
    }
    assert_int_equal(
        EVP_DigestSign(context, signature, &size, (const uint8_t *)text.data, text.len), 1);
    EVP_MD_CTX_free(context);
    return size;
}

static void padding_digest_and_salt_are_those_of_the_algorithm(void **state)
{
    static const struct {
        const char *name;
        int size;
    } digests[] = {
        {.name = "SHA1", .size = 20},     {.name = "SHA256", .size = 32},
        {.name = "SHA384", .size = 48},   {.name = "SHA512", .size = 64},
        {.name = "SHA3-256", .size = 32},
    };
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        uint8_t signature[SIGNATURE_MAX];
        if (strcmp(algs[i].type, "RSA") != 0) {
            continue;
        }
        open_pair(i, &pair);
        for (size_t d = 0; d < sizeof digests / sizeof digests[0]; d++) {
            char own[16];
            (void)snprintf(own, sizeof own, "SHA%s", pair.alg + 2);
            bool is_own = strcmp(own, digests[d].name) == 0;
            const int salts[] = {-1,
                                 0,
                                 1,
                                 20,
                                 digests[d].size - 1,
                                 digests[d].size,
                                 digests[d].size + 1,
                                 RSA_SIZE - digests[d].size - 2};
            for (size_t s = 0; s < sizeof salts / sizeof salts[0]; s++) {
                bool is_good = is_own && salts[s] == (is_family(i, 'P') ? digests[d].size : -1);
                size_t size = sign_rsa(&pair, digests[d].name, salts[s], NULL, signature);
                compare_signature(&pair, signature, size, is_good ? ZTA_OK : ZTA_FORBIDDEN,
                                  digests[d].name);
            }
            size_t size = sign_rsa(&pair, own, digests[1].size, digests[d].name, signature);
            bool is_good = is_own && is_family(i, 'P') && digests[d].size == digests[1].size;
            compare_signature(&pair, signature, size, is_good ? ZTA_OK : ZTA_FORBIDDEN, "MGF1");
        }
        close_pair(&pair);
    }
}

static void numbers_of_rsa_stay_below_the_modulus(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct pair pair;
        BIGNUM *modulus = NULL;
        uint8_t signature[RSA_SIZE];
        if (strcmp(algs[i].type, "RSA") != 0) {
            continue;
        }
        open_pair(i, &pair);
        assert_int_equal(EVP_PKEY_get_bn_param(pair.key, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
        put_number(modulus, signature, sizeof signature);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "the modulus");
        BN_sub_word(modulus, 1);
        put_number(modulus, signature, sizeof signature);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "minus one");
        memset(signature, 0, sizeof signature);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "zero");
        signature[RSA_SIZE - 1] = 1;
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "one");
        memset(signature, 0xff, sizeof signature);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "all ones");
        BN_free(modulus);
        close_pair(&pair);
    }
}

/* ---- Ed25519 ---- */

/* The order of the group, little-endian. */
static const uint8_t ed25519_order[32] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static void add_order(uint8_t s[32])
{
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + ed25519_order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void an_ed25519_signature_has_one_s(void **state)
{
    for (size_t i = N_ALGS - 2; i < N_ALGS; i++) {
        struct pair pair;
        uint8_t signature[64];
        open_pair(i, &pair);
        memcpy(signature, pair.signature, sizeof signature);
        for (unsigned times = 1; times < 16; times++) {
            add_order(signature + 32);
            compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "s + n times L");
        }
        memcpy(signature + 32, ed25519_order, 32);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "s is L");
        memset(signature + 32, 0, 32);
        compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "s is zero");
        for (unsigned r = 0; r < 2; r++) { /* R of small order, or none on the curve */
            memset(signature, 0, 32);
            signature[0] = (uint8_t)r;
            compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "small order");
            memset(signature, r == 0 ? 0xff : 0x02, 32);
            compare_signature(&pair, signature, sizeof signature, ZTA_FORBIDDEN, "no point");
        }
        close_pair(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_signatures_are_good_for_both),
        cmocka_unit_test(every_byte_of_a_signature_counts),
        cmocka_unit_test(every_byte_of_the_signed_text_counts),
        cmocka_unit_test(a_signature_has_one_length_and_one_spelling),
        cmocka_unit_test(the_header_names_the_algorithm_of_the_verifier),
        cmocka_unit_test(keys_make_verifiers_for_both_or_for_none),
        cmocka_unit_test(numbers_of_ecdsa_stay_in_their_range),
        cmocka_unit_test(der_is_no_signature_of_a_token),
        cmocka_unit_test(blocks_of_pkcs1_are_padded_in_one_way),
        cmocka_unit_test(padding_digest_and_salt_are_those_of_the_algorithm),
        cmocka_unit_test(numbers_of_rsa_stay_below_the_modulus),
        cmocka_unit_test(an_ed25519_signature_has_one_s),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
