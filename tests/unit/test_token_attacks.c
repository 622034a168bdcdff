/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on access tokens. Each case is the good token with one defect, properly signed wherever
 * the defect allows, and is refused for that defect: the detail names it, and the same token
 * without it is accepted right before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/limits.h"
#include "tests/unit/token_fixture.h"

static struct token_fixture fixture;
static unsigned n_attacks;

static int open_fixture(void **state)
{
    token_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    print_message("%u attacks were tried\n", n_attacks);
    token_fixture_close(&fixture);
    return 0;
}

static void expect_control(enum token_key key)
{
    static char token[JOSE_TEXT_MAX];
    size_t len = token_make(&fixture, key, NULL, token);
    if (token_judge(&fixture, (struct zta_text){.data = token, .len = len}) != ZTA_REASON_OK) {
        fail_msg("the control token is refused: %s", fixture.result.detail);
    }
}

struct refusal {
    enum zta_reason reason;
    const char *detail;   /* part of it */
    bool is_bad_for_good; /* shape or signature */
};

static void expect_refused(const char *name, struct zta_text token, const struct refusal *refusal)
{
    n_attacks++;
    enum zta_reason reason = token_judge(&fixture, token);
    if (reason != refusal->reason || strstr(fixture.result.detail, refusal->detail) == NULL ||
        fixture.result.is_bad_for_good != refusal->is_bad_for_good) {
        fail_msg("%s: expected %s (%s), got %s (%s), bad for good %d", name,
                 zta_reason_name(refusal->reason), refusal->detail, zta_reason_name(reason),
                 fixture.result.detail, (int)fixture.result.is_bad_for_good);
    }
    /* Nobody can act on what a refused token said. */
    assert_null(fixture.identity.subject.data);
    assert_int_equal(fixture.identity.credential, ZTA_CREDENTIAL_NONE);
    assert_int_equal(fixture.identity.n_claims, 0);
}

/* ---- one member of header or claims changed; the signature is good ---- */

#define BAD ZTA_REASON_BAD_CREDENTIAL

enum refused {
    REFUSED_BAD,
    REFUSED_SHAPE,
    REFUSED_ISSUER,
    REFUSED_AUDIENCE,
    REFUSED_EXPIRED,
    REFUSED_BINDING,
};

static const enum zta_reason reasons[] = {
    [REFUSED_BAD] = ZTA_REASON_BAD_CREDENTIAL,
    [REFUSED_SHAPE] = ZTA_REASON_BAD_CREDENTIAL,
    [REFUSED_ISSUER] = ZTA_REASON_UNKNOWN_ISSUER,
    [REFUSED_AUDIENCE] = ZTA_REASON_WRONG_AUDIENCE,
    [REFUSED_EXPIRED] = ZTA_REASON_EXPIRED_CREDENTIAL,
    [REFUSED_BINDING] = ZTA_REASON_BINDING_FAILED,
};

static const struct {
    const char *name;
    struct token_change change;
    enum refused refused;
    const char *detail;
} changes[] = {
#define HEADER(attack, member, raw, how, text)                                                     \
    {.name = (attack),                                                                             \
     .change = {.header = (member), .header_raw = (raw)},                                          \
     .refused = REFUSED_##how,                                                                     \
     .detail = (text)},
#define HEADER_MORE(attack, tail, how, text)                                                       \
    {.name = (attack),                                                                             \
     .change = {.header_tail = (tail)},                                                            \
     .refused = REFUSED_##how,                                                                     \
     .detail = (text)},
#define CLAIM(attack, member, raw, how, text)                                                      \
    {.name = (attack),                                                                             \
     .change = {.claim = (member), .claim_raw = (raw)},                                            \
     .refused = REFUSED_##how,                                                                     \
     .detail = (text)},
#define CLAIMS_MORE(attack, tail, how, text)                                                       \
    {.name = (attack),                                                                             \
     .change = {.claims_tail = (tail)},                                                            \
     .refused = REFUSED_##how,                                                                     \
     .detail = (text)},
#include "tests/unit/token_attacks.def"
};

static void a_changed_member_is_what_is_refused(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        expect_control(TOKEN_KEY_EC);
        size_t len = token_make(&fixture, TOKEN_KEY_EC, &changes[i].change, token);
        const struct refusal refusal = {
            .reason = reasons[changes[i].refused],
            .detail = changes[i].detail,
            .is_bad_for_good = changes[i].refused == REFUSED_SHAPE,
        };
        expect_refused(changes[i].name, (struct zta_text){.data = token, .len = len}, &refusal);
    }
}

/* ---- the sender's own keys ---- */

/* The good token, header changed, signed by a stranger's key. */
static void try_stranger(const char *name, EVP_PKEY *stranger, const struct token_change *change)
{
    static const struct refusal refusal = {
        .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    token_texts(TOKEN_KEY_EC, change, header, claims);
    size_t len = jose_sign(stranger, "ES256", zta_text_of(header), zta_text_of(claims), token);
    expect_control(TOKEN_KEY_EC);
    expect_refused(name, (struct zta_text){.data = token, .len = len}, &refusal);
}

static void a_key_that_comes_with_the_token_is_not_used(void **state)
{
    EVP_PKEY *stranger = jose_key("P-256", 0);
    char jwk[JOSE_TEXT_MAX];
    char tail[JOSE_TEXT_MAX];
    jose_jwk(stranger, "ec", "", jwk);
    try_stranger("another key of the same kid", stranger, NULL);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, tail, sizeof tail);
    zta_buffer_printf(&buffer, ",\"jwk\":%s", jwk);
    try_stranger("embedded jwk", stranger, &(struct token_change){.header_tail = tail});
    try_stranger("jku", stranger,
                 &(struct token_change){.header_tail = ",\"jku\":\"https://evil.example/jwks\""});
    try_stranger("jku to loopback", stranger,
                 &(struct token_change){.header_tail = ",\"jku\":\"http://127.0.0.1:1/\""});
    try_stranger("x5u", stranger,
                 &(struct token_change){.header_tail = ",\"x5u\":\"https://evil.example/c.pem\""});
    try_stranger("x5c", stranger, &(struct token_change){.header_tail = ",\"x5c\":[\"MIIB\"]"});
    EVP_PKEY_free(stranger);
    /* They are ignored, not forbidden: with the right signature they do no harm. */
    static char token[JOSE_TEXT_MAX];
    const struct token_change harmless = {.header_tail = ",\"jku\":\"https://x\",\"x5c\":[]"};
    size_t len = token_make(&fixture, TOKEN_KEY_EC, &harmless, token);
    assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                     ZTA_REASON_OK);
}

/* RS256 public key as HMAC secret, in each form that a server might hold it. */
static void a_public_key_is_no_secret(void **state)
{
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static char jwk[JOSE_TEXT_MAX];
    const EVP_PKEY *key = fixture.keys[TOKEN_KEY_RSA];
    uint8_t *der = NULL;
    int der_size = i2d_PUBKEY(key, &der);
    BIO *pem = BIO_new(BIO_s_mem());
    assert_true(der_size > 0 && pem && PEM_write_bio_PUBKEY(pem, key) == 1);
    char *pem_text;
    long pem_size = BIO_get_mem_data(pem, &pem_text);
    jose_jwk(key, "rsa", ",\"alg\":\"RS256\"", jwk);
    const struct {
        const char *name;
        const void *secret;
        size_t size;
    } secrets[] = {
        {.name = "HS256 with PEM", .secret = pem_text, .size = (size_t)pem_size},
        {.name = "HS256 with PEM, no last line feed",
         .secret = pem_text,
         .size = (size_t)pem_size - 1},
        {.name = "HS256 with DER", .secret = der, .size = (size_t)der_size},
        {.name = "HS256 with JWK", .secret = jwk, .size = strlen(jwk)},
        {.name = "HS256 with the empty secret", .secret = "", .size = 0},
        {.name = "HS256 with the kid", .secret = "rsa", .size = 3},
    };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        expect_control(TOKEN_KEY_RSA);
        token_texts(TOKEN_KEY_RSA,
                    &(struct token_change){.header = "alg", .header_raw = "\"HS256\""}, header,
                    claims);
        size_t len = jose_sign_mac(secrets[i].secret, secrets[i].size, zta_text_of(header),
                                   zta_text_of(claims), token);
        expect_refused(secrets[i].name, (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "alg 'HS256'"});
        /* The same MAC under the alg that the key is for. */
        token_texts(TOKEN_KEY_RSA, NULL, header, claims);
        len = jose_sign_mac(secrets[i].secret, secrets[i].size, zta_text_of(header),
                            zta_text_of(claims), token);
        expect_refused(secrets[i].name, (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
    BIO_free(pem);
    OPENSSL_free(der);
}

/* ---- signatures ---- */

static void a_signature_of_wrong_form_is_refused(void **state)
{
    static const struct {
        enum token_key key;
        size_t size;
        uint8_t fill;
        uint8_t last; /* of each half */
    } cases[] = {
        {.key = TOKEN_KEY_EC, .size = 64},               /* r = s = 0 */
        {.key = TOKEN_KEY_EC, .size = 64, .last = 1},    /* r = s = 1 */
        {.key = TOKEN_KEY_EC, .size = 64, .fill = 0xff}, /* r = s > n */
        {.key = TOKEN_KEY_EC, .size = 1},
        {.key = TOKEN_KEY_EC, .size = 2},
        {.key = TOKEN_KEY_EC, .size = 63, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 65, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 96, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 132, .fill = 1},
        {.key = TOKEN_KEY_RSA, .size = 256},
        {.key = TOKEN_KEY_RSA, .size = 256, .fill = 0xff},
        {.key = TOKEN_KEY_RSA, .size = 256, .last = 1}, /* 1 to any power is 1 */
        {.key = TOKEN_KEY_RSA, .size = 255, .fill = 1},
        {.key = TOKEN_KEY_RSA, .size = 257},
        {.key = TOKEN_KEY_RSA, .size = 1, .last = 1},
        {.key = TOKEN_KEY_ED, .size = 64},
        {.key = TOKEN_KEY_ED, .size = 64, .fill = 0xff},
        {.key = TOKEN_KEY_ED, .size = 63},
        {.key = TOKEN_KEY_ED, .size = 65},
        {.key = TOKEN_KEY_ED, .size = 32},
    };
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t signature[512];
        memset(signature, cases[i].fill, sizeof signature);
        if (cases[i].last != 0) {
            signature[cases[i].size / 2] = cases[i].last;
            signature[cases[i].size / 2 - (cases[i].size > 1)] = cases[i].last;
            signature[cases[i].size - 1] = cases[i].last;
        }
        expect_control(cases[i].key);
        token_texts(cases[i].key, NULL, header, claims);
        size_t len =
            jose_attach(signature, cases[i].size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("signature of wrong form", (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
}

static size_t decode_signature(const char *token, uint8_t *out, size_t size)
{
    size_t n;
    assert_int_equal(zta_base64url_decode(zta_text_of(strrchr(token, '.') + 1), out, size, &n),
                     ZTA_OK);
    return n;
}

/* A good signature, handled. */
static void a_good_signature_elsewhere_is_refused(void **state)
{
    static const struct refusal refusal = {
        .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    for (int key = 0; key < TOKEN_N_KEYS; key++) {
        uint8_t signature[512];
        (void)token_make(&fixture, (enum token_key)key, NULL, token);
        size_t size = decode_signature(token, signature, sizeof signature);
        token_texts((enum token_key)key, NULL, header, claims);
        /* Cut, extended, reversed halves, another text. */
        size_t len =
            jose_attach(signature, size - 1, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("cut", (struct zta_text){.data = token, .len = len}, &refusal);
        signature[size] = 0;
        len = jose_attach(signature, size + 1, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("extended", (struct zta_text){.data = token, .len = len}, &refusal);
        token_texts((enum token_key)key,
                    &(struct token_change){.claim = "sub", .claim_raw = "\"admin\""}, header,
                    claims);
        len = jose_attach(signature, size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("moved to other claims", (struct zta_text){.data = token, .len = len},
                       &refusal);
        token_texts((enum token_key)key, &(struct token_change){.header_tail = ",\"x\":1"}, header,
                    claims);
        len = jose_attach(signature, size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("moved to another header", (struct zta_text){.data = token, .len = len},
                       &refusal);
        memmove(signature + size, signature, size / 2);
        token_texts((enum token_key)key, NULL, header, claims);
        len = jose_attach(signature + size / 2, size, zta_text_of(header), zta_text_of(claims),
                          token);
        expect_refused("halves exchanged", (struct zta_text){.data = token, .len = len}, &refusal);
        expect_control((enum token_key)key);
    }
}

static void an_algorithm_of_the_same_key_type_is_bound_to_the_key(void **state)
{
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static const char *const others[] = {"RS384", "RS512", "PS256", "PS384", "PS512"};
    unsigned algs = fixture.issuer.algs;
    fixture.issuer.algs = algs | MOD_ZTA_ALG_RS384 | MOD_ZTA_ALG_RS512 | MOD_ZTA_ALG_PS256 |
                          MOD_ZTA_ALG_PS384 | MOD_ZTA_ALG_PS512 | MOD_ZTA_ALG_ED25519;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char raw[16];
        (void)snprintf(raw, sizeof raw, "\"%s\"", others[i]);
        expect_control(TOKEN_KEY_RSA);
        token_texts(TOKEN_KEY_RSA, &(struct token_change){.header = "alg", .header_raw = raw},
                    header, claims);
        size_t len = jose_sign(fixture.keys[TOKEN_KEY_RSA], others[i], zta_text_of(header),
                               zta_text_of(claims), token);
        expect_refused(others[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "the key of kid 'rsa' is not"});
        /* Signed so, but said to be RS256. */
        token_texts(TOKEN_KEY_RSA, NULL, header, claims);
        len = jose_sign(fixture.keys[TOKEN_KEY_RSA], others[i], zta_text_of(header),
                        zta_text_of(claims), token);
        expect_refused(others[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
    expect_control(TOKEN_KEY_ED);
    size_t len =
        token_make(&fixture, TOKEN_KEY_ED,
                   &(struct token_change){.header = "alg", .header_raw = "\"Ed25519\""}, token);
    expect_refused("Ed25519 by a key that says EdDSA", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD, .detail = "the key of kid 'ed' is not"});
    fixture.issuer.algs = algs;
}

/* JWS has no low-s rule: the twin of a signature is good, and is the same token to us. */
static void the_twin_of_an_ecdsa_signature_is_the_same_token(void **state)
{
    static char token[JOSE_TEXT_MAX];
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static const char order[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    uint8_t signature[64];
    (void)token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    assert_int_equal(token_judge(&fixture, zta_text_of(token)), ZTA_REASON_OK);
    struct zta_sha256 first = fixture.identity.token_id;
    assert_int_equal(decode_signature(token, signature, sizeof signature), 64);
    BIGNUM *n = NULL;
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    assert_true(BN_hex2bn(&n, order) == 64 && BN_sub(s, n, s));
    assert_int_equal(BN_bn2binpad(s, signature + 32, 32), 32);
    BN_free(n);
    BN_free(s);
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    (void)jose_attach(signature, 64, zta_text_of(header), zta_text_of(claims), token);
    assert_int_equal(token_judge(&fixture, zta_text_of(token)), ZTA_REASON_OK);
    assert_memory_equal(&first, &fixture.identity.token_id, sizeof first);
}

/* ---- shape ---- */

static void set_last_bits(char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *last = token + strlen(token) - 1; /* 64 bytes: 4 bits of the last character are unused */
    *last = digits[(strchr(digits, *last) - digits) | 1];
}

static void append(char *token, const char *tail)
{
    size_t len = strlen(token);
    (void)snprintf(token + len, JOSE_TEXT_MAX - len, "%s", tail);
}

static void pad(char *token)
{
    append(token, "==");
}

static void end_with(char *token)
{
    append(token, ".");
}

static void add_part(char *token)
{
    append(token, ".AAAA");
}

static void become_jwe(char *token)
{
    append(token, ".AAAA.AAAA");
}

static void add_line_feed(char *token)
{
    append(token, "\n");
}

static void insert(char *token, size_t at, char c)
{
    memmove(token + at + 1, token + at, strlen(token + at) + 1);
    token[at] = c;
}

static void insert_line_feed(char *token)
{
    insert(token, 30, '\n');
}

static void insert_space(char *token)
{
    insert(token, 0, ' ');
}

static void insert_plus(char *token)
{
    insert(token, 10, '+');
}

static void insert_slash(char *token)
{
    insert(token, 10, '/');
}

static void insert_high_byte(char *token)
{
    insert(token, 10, (char)0xc3);
}

static void begin_with_dot(char *token)
{
    insert(token, 0, '.');
}

static void remove_signature(char *token)
{
    *strrchr(token, '.') = '\0';
}

static void empty_signature(char *token)
{
    strrchr(token, '.')[1] = '\0';
}

static void empty_header(char *token)
{
    memmove(token, strchr(token, '.'), strlen(strchr(token, '.')) + 1);
}

static void empty_payload(char *token)
{
    char *first = strchr(token, '.') + 1;
    char *second = strchr(first, '.');
    memmove(first, second, strlen(second) + 1);
}

static void become_empty(char *token)
{
    token[0] = '\0';
}

static void become_dots(char *token)
{
    (void)snprintf(token, JOSE_TEXT_MAX, "..");
}

static void become_json(char *token)
{
    (void)snprintf(token, JOSE_TEXT_MAX,
                   "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"AA\"}");
}

static void one_character_too_many(char *token)
{
    append(token, "ABC"); /* 86 + 3 characters: 1 of 4, and no byte has so few */
}

static const struct {
    const char *name;
    void (*mutate)(char *token);
    const char *detail;
} shapes[] = {
    {.name = "unused bits set", .mutate = set_last_bits, .detail = "signature: not canonical"},
    {.name = "padding", .mutate = pad, .detail = "token: a character that no token has"},
    {.name = "dot at the end", .mutate = end_with, .detail = "token: more than three parts"},
    {.name = "four parts", .mutate = add_part, .detail = "token: more than three parts"},
    {.name = "JWE", .mutate = become_jwe, .detail = "token: more than three parts"},
    {.name = "line feed behind", .mutate = add_line_feed, .detail = "token: a character"},
    {.name = "line feed inside", .mutate = insert_line_feed, .detail = "token: a character"},
    {.name = "space before", .mutate = insert_space, .detail = "token: a character"},
    {.name = "plus", .mutate = insert_plus, .detail = "token: a character"},
    {.name = "slash", .mutate = insert_slash, .detail = "token: a character"},
    {.name = "high byte", .mutate = insert_high_byte, .detail = "token: a character"},
    {.name = "dot before", .mutate = begin_with_dot, .detail = "token: more than three parts"},
    {.name = "no signature", .mutate = remove_signature, .detail = "token: not three parts"},
    {.name = "empty signature", .mutate = empty_signature, .detail = "token: not three parts"},
    {.name = "empty header", .mutate = empty_header, .detail = "token: not three parts"},
    {.name = "empty payload", .mutate = empty_payload, .detail = "token: not three parts"},
    {.name = "nothing", .mutate = become_empty, .detail = "token: not three parts"},
    {.name = "only dots", .mutate = become_dots, .detail = "token: not three parts"},
    {.name = "JSON serialisation", .mutate = become_json, .detail = "token: a character"},
    {.name = "impossible length",
     .mutate = one_character_too_many,
     .detail = "signature: not canonical"},
};

static void a_token_has_one_shape(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        expect_control(TOKEN_KEY_EC);
        (void)token_make(&fixture, TOKEN_KEY_EC, NULL, token);
        shapes[i].mutate(token);
        expect_refused(
            shapes[i].name, zta_text_of(token),
            &(struct refusal){.reason = BAD, .detail = shapes[i].detail, .is_bad_for_good = true});
    }
    size_t len = token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    expect_refused(
        "NUL behind", (struct zta_text){.data = token, .len = len + 1},
        &(struct refusal){.reason = BAD, .detail = "token: a character", .is_bad_for_good = true});
}

/* Parts that decode, but not to an object; the signature is over them. */
static void parts_are_objects(void **state)
{
    static const struct {
        const char *name;
        struct zta_text part;
        const char *detail;
    } parts[] = {
        {.name = "list", .part = ZTA_TEXT("[1]"), .detail = "not an object"},
        {.name = "text", .part = ZTA_TEXT("\"x\""), .detail = "not JSON"},
        {.name = "UTF-8 with BOM", .part = ZTA_TEXT("\xef\xbb\xbf{}"), .detail = "not JSON"},
        {.name = "UTF-16", .part = ZTA_TEXT("{\0}\0"), .detail = "not JSON"},
        {.name = "NUL behind", .part = ZTA_TEXT("{}\0"), .detail = "more than one value"},
        {.name = "deep", .part = ZTA_TEXT("[[[[[[[[[[[[[[[["), .detail = "nested too deep"},
        {.name = "spaces", .part = ZTA_TEXT("   "), .detail = "not JSON"},
    };
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    expect_control(TOKEN_KEY_EC);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char detail[64];
        (void)snprintf(detail, sizeof detail, "header: %s", parts[i].detail);
        const struct refusal refusal = {.reason = BAD, .detail = detail, .is_bad_for_good = true};
        size_t len = jose_sign(fixture.keys[TOKEN_KEY_EC], "ES256", parts[i].part,
                               zta_text_of(claims), token);
        expect_refused(parts[i].name, (struct zta_text){.data = token, .len = len}, &refusal);
        (void)snprintf(detail, sizeof detail, "payload: %s", parts[i].detail);
        len = jose_sign(fixture.keys[TOKEN_KEY_EC], "ES256", zta_text_of(header), parts[i].part,
                        token);
        expect_refused(parts[i].name, (struct zta_text){.data = token, .len = len}, &refusal);
    }
}

/* The good token with a member of n bytes. */
static size_t make_long(size_t n, bool is_in_header, char token[JOSE_TEXT_MAX])
{
    static char tail[JOSE_TEXT_MAX];
    (void)snprintf(tail, sizeof tail, ",\"long\":\"");
    size_t len = strlen(tail);
    memset(tail + len, 'a', n);
    (void)snprintf(tail + len + n, 2, "\"");
    const struct token_change change = {
        .header_tail = is_in_header ? tail : NULL,
        .claims_tail = is_in_header ? NULL : tail,
    };
    return token_make(&fixture, TOKEN_KEY_EC, &change, token);
}

static void sizes_are_bounded(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (int is_in_header = 0; is_in_header < 2; is_in_header++) {
        size_t n = 5000;
        size_t len = 0;
        while ((len = make_long(n, is_in_header != 0, token)) <= ZTA_TOKEN_MAX) {
            assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                             ZTA_REASON_OK);
            n += ZTA_TOKEN_MAX - len > 100 ? 70 : 1;
        }
        expect_refused("one byte too long", (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "token: the token is too long",
                                         .is_bad_for_good = true});
    }
    char *huge = malloc(1024 * 1024);
    assert_non_null(huge);
    memset(huge, 'A', 1024 * 1024);
    expect_refused("1 MiB", (struct zta_text){.data = huge, .len = 1024 * 1024},
                   &(struct refusal){.reason = BAD,
                                     .detail = "token: the token is too long",
                                     .is_bad_for_good = true});
    free(huge);

    char kid[600];
    char long_text[600];
    (void)snprintf(kid, sizeof kid, "\"%0*d\"", 257, 0);
    size_t len = token_make(&fixture, TOKEN_KEY_EC,
                            &(struct token_change){.header = "kid", .header_raw = kid}, token);
    expect_refused("kid of 257 bytes", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD, .detail = "kid is no text of 1 to 256"});
    (void)snprintf(long_text, sizeof long_text, "\"%0*d\"", 256, 0);
    static const char *const bounded[] = {"sub", "client_id", "sid", "acr"};
    for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++) {
        len =
            token_make(&fixture, TOKEN_KEY_EC,
                       &(struct token_change){.claim = bounded[i], .claim_raw = long_text}, token);
        expect_refused(bounded[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "too long"});
    }
    char tail[2048] = "";
    for (int i = 0; i < 65; i++) {
        (void)snprintf(tail + strlen(tail), 32, ",\"m%d\":0", i);
    }
    len = token_make(&fixture, TOKEN_KEY_EC, &(struct token_change){.claims_tail = tail}, token);
    expect_refused("too many members", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD,
                                     .detail = "payload: too many members",
                                     .is_bad_for_good = true});
}

/* ---- several issuers ---- */

static void a_key_vouches_for_its_own_issuer_only(void **state)
{
    static struct token_fixture other;
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static const char other_url[] = "\"https://b.example\"";
    token_fixture_open(&other); /* the same kids, other keys */
    other.issuer.name = ZTA_TEXT("partner");
    other.issuer.url = ZTA_TEXT("https://b.example");
    const struct mod_zta_issuer *const both[] = {&fixture.issuer, &other.issuer};
    fixture.request.issuers = both;
    fixture.request.n_issuers = 2;
    const struct token_change as_b = {.claim = "iss", .claim_raw = other_url};
    for (int key = 0; key < TOKEN_N_KEYS; key++) {
        const struct refusal refusal = {
            .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
        size_t len = token_make(&other, (enum token_key)key, &as_b, token);
        assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                         ZTA_REASON_OK);
        assert_ptr_equal(fixture.result.issuer, &other.issuer);
        expect_control((enum token_key)key);
        assert_ptr_equal(fixture.result.issuer, &fixture.issuer);
        len = token_make(&other, (enum token_key)key, NULL, token);
        expect_refused("B's key, A's iss", (struct zta_text){.data = token, .len = len}, &refusal);
        len = token_make(&fixture, (enum token_key)key, &as_b, token);
        expect_refused("A's key, B's iss", (struct zta_text){.data = token, .len = len}, &refusal);
    }
    /* A place that accepts one of them knows nothing of the other. */
    fixture.request.issuers = fixture.issuers;
    fixture.request.n_issuers = 1;
    size_t len = token_make(&other, TOKEN_KEY_EC, &as_b, token);
    expect_refused("an issuer of another place", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"});
    fixture.request.n_issuers = 0;
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    len = token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    expect_refused("no issuer at all", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"});
    fixture.request.n_issuers = 1;
    token_fixture_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_member_is_what_is_refused),
        cmocka_unit_test(a_key_that_comes_with_the_token_is_not_used),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(a_signature_of_wrong_form_is_refused),
        cmocka_unit_test(a_good_signature_elsewhere_is_refused),
        cmocka_unit_test(an_algorithm_of_the_same_key_type_is_bound_to_the_key),
        cmocka_unit_test(the_twin_of_an_ecdsa_signature_is_the_same_token),
        cmocka_unit_test(a_token_has_one_shape),
        cmocka_unit_test(parts_are_objects),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_key_vouches_for_its_own_issuer_only),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
