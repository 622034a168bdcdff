/* SPDX-License-Identifier: Apache-2.0 */
/* One verifier: its key, its algorithm, nothing else, and no memory of earlier tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/signature.h"
#include "tests/unit/jose_sign.h"

enum {
    N_THREADS = 4,
    N_CHECKS = 200
};

static const struct {
    const char *alg;
    const char *type;
    unsigned bits;
    size_t signature_size;
} algs[] = {
    {.alg = "RS256", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "RS384", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "RS512", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "PS256", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "PS384", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "PS512", .type = "RSA", .bits = 2048, .signature_size = 256},
    {.alg = "ES256", .type = "P-256", .signature_size = 64},
    {.alg = "ES384", .type = "P-384", .signature_size = 96},
    {.alg = "ES512", .type = "P-521", .signature_size = 132},
    {.alg = "Ed25519", .type = "Ed25519", .signature_size = 64},
    {.alg = "EdDSA", .type = "Ed25519", .signature_size = 64},
};
#define N_ALGS (sizeof algs / sizeof algs[0])

static const char payload[] = "{\"iss\":\"i\",\"exp\":1,\"iat\":99999999999,\"aud\":7}";

static EVP_PKEY *keys[N_ALGS];
static EVP_PKEY *others[N_ALGS]; /* other keys of the same types */

/* The six RSA algorithms share their keys: making one takes long. */
static int make_keys(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        bool is_first = i == 0 || strcmp(algs[i].type, algs[i - 1].type) != 0;
        keys[i] = is_first ? jose_key(algs[i].type, algs[i].bits) : keys[i - 1];
        others[i] = is_first ? jose_key(algs[i].type, algs[i].bits) : others[i - 1];
        if (!is_first) {
            EVP_PKEY_up_ref(keys[i]);
            EVP_PKEY_up_ref(others[i]);
        }
    }
    return 0;
}

static int free_keys(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        EVP_PKEY_free(keys[i]);
        EVP_PKEY_free(others[i]);
    }
    return 0;
}

static struct mod_zta_verifier *open_verifier(const EVP_PKEY *key, const char *alg)
{
    char jwk[JOSE_TEXT_MAX];
    struct mod_zta_verifier *verifier = NULL;
    struct zta_error error;
    jose_jwk(key, "k", "", jwk);
    if (mod_zta_verifier_open(zta_text_of(jwk), mod_zta_alg_parse(zta_text_of(alg)), &verifier,
                              &error) != ZTA_OK) {
        fail_msg("no verifier for %s: %s", alg, error.text);
    }
    return verifier;
}

static enum zta_status check(const struct mod_zta_verifier *verifier, const char *token)
{
    enum zta_status status = mod_zta_verifier_check(verifier, zta_text_of(token));
    /* mod_ssl would take what is left in the queue for an error of its connection. */
    assert_true(ERR_peek_error() == 0);
    return status;
}

/* Signed as alg, with a header that says header_alg. */
static void sign(EVP_PKEY *key, const char *alg, const char *header_alg, char token[JOSE_TEXT_MAX])
{
    char header[128];
    (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"whatever\"}", header_alg);
    (void)jose_sign(key, alg, zta_text_of(header), ZTA_TEXT(payload), token);
}

static void each_algorithm_verifies_its_own_signature_only(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct mod_zta_verifier *verifier = open_verifier(keys[i], algs[i].alg);
        char token[JOSE_TEXT_MAX];
        for (size_t j = 0; j < N_ALGS; j++) {
            sign(keys[j], algs[j].alg, algs[j].alg, token);
            assert_int_equal(check(verifier, token), i == j ? ZTA_OK : ZTA_FORBIDDEN);
            /* The header may say what it likes. */
            sign(keys[j], algs[j].alg, algs[i].alg, token);
            bool is_same = strcmp(algs[j].alg, algs[i].alg) == 0 ||
                           (algs[i].signature_size == 64 && algs[i].alg[1] == 'd' &&
                            algs[j].alg[1] == 'd' && keys[i] == keys[j]);
            assert_int_equal(check(verifier, token), is_same ? ZTA_OK : ZTA_FORBIDDEN);
        }
        sign(others[i], algs[i].alg, algs[i].alg, token);
        assert_int_equal(check(verifier, token), ZTA_FORBIDDEN);
        mod_zta_verifier_close(&verifier);
        assert_null(verifier);
        mod_zta_verifier_close(&verifier);
    }
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
    static const char base64url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < N_ALGS; i++) {
        struct mod_zta_verifier *verifier = open_verifier(keys[i], algs[i].alg);
        char token[JOSE_TEXT_MAX];
        sign(keys[i], algs[i].alg, algs[i].alg, token);
        assert_int_equal(check(verifier, token), ZTA_OK);
        for (size_t at = 0, len = strlen(token); at < len; at += at + 7 < len ? 7 : 1) {
            char kept = token[at];
            if (kept == '.') {
                continue;
            }
            token[at] = base64url[(strchr(base64url, kept) - base64url) ^ 1];
            if (check(verifier, token) != ZTA_FORBIDDEN) {
                fail_msg("%s: %s is taken with another character at %zu", algs[i].alg, token, at);
            }
            token[at] = kept;
        }
        mod_zta_verifier_close(&verifier);
    }
}

/* The token's signature replaced by size bytes. */
static enum zta_status check_attached(const struct mod_zta_verifier *verifier, const char *alg,
                                      const uint8_t *signature, size_t size)
{
    char header[64];
    char token[JOSE_TEXT_MAX];
    (void)snprintf(header, sizeof header, "{\"alg\":\"%s\"}", alg);
    (void)jose_attach(signature, size, zta_text_of(header), ZTA_TEXT(payload), token);
    return check(verifier, token);
}

static void signatures_out_of_range_are_refused(void **state)
{
    static const uint8_t order_p256[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                         0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    for (size_t i = 0; i < N_ALGS; i++) {
        struct mod_zta_verifier *verifier = open_verifier(keys[i], algs[i].alg);
        uint8_t zeros[1024] = {0};
        uint8_t ones[1024];
        memset(ones, 0xff, sizeof ones);
        for (size_t size = 1; size <= sizeof zeros; size += size < 300 ? 1 : 181) {
            assert_int_equal(check_attached(verifier, algs[i].alg, zeros, size), ZTA_FORBIDDEN);
            assert_int_equal(check_attached(verifier, algs[i].alg, ones, size), ZTA_FORBIDDEN);
        }
        mod_zta_verifier_close(&verifier);
    }
    struct mod_zta_verifier *verifier = open_verifier(keys[6], "ES256");
    uint8_t signature[64] = {0};
    signature[63] = 1; /* r = 0, s = 1 */
    assert_int_equal(check_attached(verifier, "ES256", signature, 64), ZTA_FORBIDDEN);
    memset(signature, 0, sizeof signature);
    signature[31] = 1; /* r = 1, s = 0 */
    assert_int_equal(check_attached(verifier, "ES256", signature, 64), ZTA_FORBIDDEN);
    memcpy(signature, order_p256, 32); /* r = n, s = n */
    memcpy(signature + 32, order_p256, 32);
    assert_int_equal(check_attached(verifier, "ES256", signature, 64), ZTA_FORBIDDEN);
    mod_zta_verifier_close(&verifier);
}

/*
 * The library's caches are keyed by the token alone: one that is used anywhere would accept the
 * token under a key that never signed it.
 */
static void no_result_is_remembered(void **state)
{
    for (size_t i = 0; i < N_ALGS; i++) {
        struct mod_zta_verifier *first = open_verifier(keys[i], algs[i].alg);
        struct mod_zta_verifier *second = open_verifier(others[i], algs[i].alg);
        char token[JOSE_TEXT_MAX];
        sign(keys[i], algs[i].alg, algs[i].alg, token);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(check(first, token), ZTA_OK);
            assert_int_equal(check(second, token), ZTA_FORBIDDEN);
        }
        mod_zta_verifier_close(&first);
        assert_int_equal(check(second, token), ZTA_FORBIDDEN);
        mod_zta_verifier_close(&second);
    }
}

static void only_one_checked_public_key_makes_a_verifier(void **state)
{
    static const struct {
        const char *more;
        const char *alg;
    } cases[] = {
        {.more = ",\"d\":\"AQ\"", .alg = "RS256"},
        {.more = ",\"use\":\"enc\"", .alg = "RS256"},
        {.more = ",\"alg\":\"PS256\"", .alg = "RS256"},
        {.more = "", .alg = "ES256"},
        {.more = "", .alg = "none"},
        {.more = "", .alg = "HS256"},
        {.more = ",\"kty\":\"oct\"", .alg = "RS256"},
    };
    struct mod_zta_verifier *verifier = NULL;
    struct zta_error error;
    char jwk[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jose_jwk(keys[0], NULL, cases[i].more, jwk);
        assert_int_equal(mod_zta_verifier_open(zta_text_of(jwk),
                                               mod_zta_alg_parse(zta_text_of(cases[i].alg)),
                                               &verifier, &error),
                         ZTA_INVALID);
    }
    jose_jwk(keys[0], NULL, "", jwk);
    assert_int_equal(mod_zta_verifier_open(zta_text_of(jwk), MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_PS256,
                                           &verifier, &error),
                     ZTA_INVALID);
    assert_int_equal(mod_zta_verifier_open(ZTA_TEXT("7"), MOD_ZTA_ALG_RS256, &verifier, &error),
                     ZTA_INVALID);
    assert_null(verifier);
}

struct worker {
    const struct mod_zta_verifier *verifier;
    const char *good;
    const char *bad;
    unsigned n_wrong;
};

static void *work(void *data)
{
    struct worker *worker = data;
    for (int i = 0; i < N_CHECKS; i++) {
        worker->n_wrong +=
            mod_zta_verifier_check(worker->verifier, zta_text_of(worker->good)) != ZTA_OK;
        worker->n_wrong +=
            mod_zta_verifier_check(worker->verifier, zta_text_of(worker->bad)) != ZTA_FORBIDDEN;
    }
    return NULL;
}

static void threads_share_a_verifier(void **state)
{
    static const size_t shared[] = {0, 6, N_ALGS - 1}; /* RS256, ES256, EdDSA */
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        size_t alg = shared[i];
        struct mod_zta_verifier *verifier = open_verifier(keys[alg], algs[alg].alg);
        char good[JOSE_TEXT_MAX];
        char bad[JOSE_TEXT_MAX];
        sign(keys[alg], algs[alg].alg, algs[alg].alg, good);
        sign(others[alg], algs[alg].alg, algs[alg].alg, bad);
        struct worker workers[N_THREADS];
        pthread_t threads[N_THREADS];
        for (int t = 0; t < N_THREADS; t++) {
            workers[t] = (struct worker){.verifier = verifier, .good = good, .bad = bad};
            assert_int_equal(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
        }
        for (int t = 0; t < N_THREADS; t++) {
            assert_int_equal(pthread_join(threads[t], NULL), 0);
            assert_int_equal(workers[t].n_wrong, 0);
        }
        mod_zta_verifier_close(&verifier);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_verifies_its_own_signature_only),
        cmocka_unit_test(a_changed_bit_anywhere_is_refused),
        cmocka_unit_test(signatures_out_of_range_are_refused),
        cmocka_unit_test(no_result_is_remembered),
        cmocka_unit_test(only_one_checked_public_key_makes_a_verifier),
        cmocka_unit_test(threads_share_a_verifier),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
