/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions: what they say, that they verify, and whose they never become. */
#include "mod_zta/identity/assertion.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/assertion_cache.h"
#include "mod_zta/identity/evp_verifier.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "tests/unit/jose_sign.h"

#define NOW INT64_C(1800000000)
#define TTL 60

static EVP_PKEY *keys[2];
static char pems[2][1024];
static struct zta_text texts[2];
static struct mod_zta_signer *signer;
static struct mod_zta_assertion_cache *cache;

static size_t pem_of(const EVP_PKEY *key, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    const int len = BIO_read(bio, out, (int)size);
    BIO_free(bio);
    assert_true(len > 0);
    return (size_t)len;
}

static int open_all(void **state)
{
    struct zta_error error;
    size_t bad;
    for (size_t i = 0; i < 2; i++) {
        keys[i] = jose_key("P-256", 0);
        texts[i] =
            (struct zta_text){.data = pems[i], .len = pem_of(keys[i], pems[i], sizeof pems[i])};
    }
    assert_int_equal(mod_zta_signer_open(texts, 2, TTL, &signer, &bad, &error), ZTA_OK);
    assert_int_equal(mod_zta_assertion_cache_open(&cache), ZTA_OK);
    return 0;
}

static int close_all(void **state)
{
    mod_zta_assertion_cache_close(&cache);
    mod_zta_signer_close(&signer);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    return 0;
}

/* A caller of whom everything is known. */
static void fill(struct mod_zta_assertion *assertion, struct zta_identity *identity)
{
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = ZTA_TEXT("alice \"A\"\n\xc3\xa9");
    identity->client = ZTA_TEXT("app");
    identity->acr = ZTA_TEXT("urn:mfa");
    identity->auth_time_s = NOW - 100;
    identity->expires_s = NOW + 600;
    assert_int_equal(zta_identity_add_value(identity, &identity->roles, ZTA_TEXT("a,b")), ZTA_OK);
    assert_int_equal(zta_identity_add_value(identity, &identity->roles, ZTA_TEXT("c")), ZTA_OK);
    assert_int_equal(zta_identity_add_value(identity, &identity->scopes, ZTA_TEXT("read")), ZTA_OK);
    assert_int_equal(zta_identity_add_value(identity, &identity->scopes, ZTA_TEXT("write")),
                     ZTA_OK);
    *assertion = (struct mod_zta_assertion){
        .issuer = ZTA_TEXT("https://proxy.example"),
        .audience = ZTA_TEXT("https://orders.example"),
        .identity = identity,
        .risk = "low",
        .device = ZTA_TEXT("laptop-7"),
        .compliance = MOD_ZTA_COMPLIANCE_YES,
        .credential = {.bytes = {1, 2, 3}},
        .rules = 5,
        .revocations = 6,
        .id = "01J00000000000000000000000",
        .now_s = NOW,
    };
}

static struct zta_text make(const struct mod_zta_assertion *assertion)
{
    static char out[MOD_ZTA_ASSERTION_SIZE];
    size_t len = 0;
    assert_int_equal(mod_zta_assertion_make(signer, cache, assertion, out, &len), ZTA_OK);
    return (struct zta_text){.data = out, .len = len};
}

/* Its claims, once its signature was found good by that key; json_decref. */
static json_t *verified(struct zta_text token, const EVP_PKEY *key)
{
    static char jwk[JOSE_TEXT_MAX];
    struct mod_zta_evp_verifier *verifier;
    struct mod_zta_jws jws;
    struct zta_error error;
    const char *fault;
    json_t *claims;
    jose_jwk(key, "k", "", jwk);
    assert_int_equal(
        mod_zta_evp_verifier_open(zta_text_of(jwk), MOD_ZTA_ALG_ES256, &verifier, &error), ZTA_OK);
    assert_int_equal(mod_zta_evp_verifier_check(verifier, token), ZTA_OK);
    mod_zta_evp_verifier_close(&verifier);
    assert_int_equal(mod_zta_jws_split(token, &jws, &fault), ZTA_OK);
    assert_int_equal(mod_zta_jws_object(jws.payload, &claims, &fault), ZTA_OK);
    return claims;
}

static void check_text(const json_t *object, const char *name, struct zta_text expected)
{
    assert_true(zta_text_equal(mod_zta_json_text(object, name), expected));
}

static void everything_that_is_known_is_said(void **state)
{
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    fill(&assertion, &identity);
    json_t *claims = verified(make(&assertion), keys[0]);
    check_text(claims, "iss", assertion.issuer);
    check_text(claims, "aud", assertion.audience);
    check_text(claims, "sub", identity.subject);
    check_text(claims, "client_id", identity.client);
    check_text(claims, "issuer", identity.issuer);
    check_text(claims, "scope", ZTA_TEXT("read write"));
    check_text(claims, "acr", identity.acr);
    check_text(claims, "risk", ZTA_TEXT("low"));
    check_text(claims, "jti", zta_text_of(assertion.id));
    const json_t *roles = json_object_get(claims, "roles");
    assert_int_equal(json_array_size(roles), 2);
    assert_string_equal(json_string_value(json_array_get(roles, 0)), "a,b");
    const json_t *device = json_object_get(claims, "device");
    check_text(device, "id", assertion.device);
    check_text(device, "compliance", ZTA_TEXT("compliant"));
    assert_int_equal(json_integer_value(json_object_get(claims, "auth_time")), NOW - 100);
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + TTL);
    assert_int_equal(json_object_size(claims), 14);
    json_decref(claims);
}

static void what_is_unknown_is_left_out(void **state)
{
    struct zta_identity identity;
    zta_identity_init(&identity);
    const struct mod_zta_assertion assertion = {.issuer = ZTA_TEXT("https://proxy.example"),
                                                .audience = ZTA_TEXT("urn:api"),
                                                .identity = &identity,
                                                .id = "x",
                                                .now_s = NOW};
    json_t *claims = verified(make(&assertion), keys[0]);
    assert_int_equal(json_object_size(claims), 5); /* iss aud jti iat exp */
    json_decref(claims);
}

static void none_holds_longer_than_its_credential(void **state)
{
    static const int64_t rows[][2] = {{600, TTL}, {TTL + 1, TTL}, {TTL, TTL},
                                      {10, 10},   {0, 0},         {-5, -5}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mod_zta_assertion assertion;
        struct zta_identity identity;
        fill(&assertion, &identity);
        identity.expires_s = NOW + rows[i][0];
        json_t *claims = verified(make(&assertion), keys[0]);
        assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + rows[i][1]);
        json_decref(claims);
    }
}

/* ES256 signatures differ each time: equal texts were signed once. */
static bool is_given_again(const struct mod_zta_assertion *first,
                           const struct mod_zta_assertion *second)
{
    char before[MOD_ZTA_ASSERTION_SIZE];
    const struct zta_text one = make(first);
    memcpy(before, one.data, one.len);
    const struct zta_text kept = {.data = before, .len = one.len};
    return zta_text_equal(kept, make(second));
}

static void one_is_given_again_for_half_of_its_life(void **state)
{
    struct mod_zta_assertion first;
    struct zta_identity identity;
    fill(&first, &identity);
    struct mod_zta_assertion second = first;
    first.credential.bytes[0] = second.credential.bytes[0] = 90;
    second.id = "01J00000000000000000000001";
    assert_true(is_given_again(&first, &second));
    second.now_s = NOW + TTL / 2 - 1;
    assert_true(is_given_again(&first, &second));
    second.now_s = NOW + TTL / 2;
    assert_false(is_given_again(&first, &second));
    first.credential.bytes[0] = second.credential.bytes[0] = 91;
    second.now_s = NOW - 1; /* the clock was set back */
    assert_false(is_given_again(&first, &second));
}

/* Each row changes one thing that an assertion says, or that it is kept under. */
static void change(unsigned row, struct mod_zta_assertion *assertion, struct zta_identity *identity)
{
    static const struct zta_text other = {.data = "other", .len = 5};
    struct zta_text *const members[] = {&assertion->issuer, &assertion->audience, &identity->issuer,
                                        &identity->subject, &identity->client,    &identity->acr,
                                        &assertion->device};
    const unsigned n = sizeof members / sizeof members[0];
    if (row < 2 * n) {
        *members[row % n] = row < n ? other : (struct zta_text){.data = NULL};
        return;
    }
    switch (row - 2 * n) {
    case 0:
        identity->values[identity->roles.first] = other;
        break;
    case 1:
        identity->roles.n--;
        break;
    case 2:
        identity->values[identity->scopes.first + 1] = other;
        break;
    case 3:
        identity->scopes.n--;
        break;
    case 4:
        identity->scopes.n = 0;
        identity->scopes.is_known = false;
        break;
    case 5:
        assertion->risk = "high";
        break;
    case 6:
        assertion->risk = NULL;
        break;
    case 7:
        assertion->compliance = MOD_ZTA_COMPLIANCE_NO;
        break;
    case 8:
        identity->auth_time_s++;
        break;
    case 9:
        identity->expires_s++;
        break;
    case 10:
        assertion->credential.bytes[31] ^= 1; /* far from the tag */
        break;
    case 11:
        assertion->rules++;
        break;
    case 12:
        assertion->revocations++;
        break;
    default:
        fail();
    }
}

static void whoever_differs_in_anything_gets_another(void **state)
{
    for (unsigned row = 0; row < 14 + 13; row++) {
        struct mod_zta_assertion first;
        struct mod_zta_assertion second;
        struct zta_identity one;
        struct zta_identity other;
        fill(&first, &one);
        fill(&second, &other);
        first.credential.bytes[8] = second.credential.bytes[8] = (uint8_t)row;
        assert_true(is_given_again(&first, &second));
        change(row, &second, &other);
        if (is_given_again(&first, &second)) {
            fail_msg("row %u", row);
        }
    }
}

/* Texts that would be one when written one behind the other. */
static void texts_do_not_run_into_each_other(void **state)
{
    struct mod_zta_assertion first;
    struct mod_zta_assertion second;
    struct zta_identity one;
    struct zta_identity other;
    fill(&first, &one);
    fill(&second, &other);
    one.subject = ZTA_TEXT("ab");
    one.client = ZTA_TEXT("c");
    other.subject = ZTA_TEXT("a");
    other.client = ZTA_TEXT("bc");
    assert_false(is_given_again(&first, &second));
}

static void any_number_of_callers_takes_the_same_memory(void **state)
{
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    fill(&assertion, &identity);
    for (unsigned i = 0; i < 5000; i++) {
        zta_put_u32(assertion.credential.bytes + 4, i);
        struct mod_zta_assertion again = assertion;
        assert_true(is_given_again(&assertion, &again));
    }
}

static void a_large_one_is_signed_each_time_and_a_larger_one_refused(void **state)
{
    static char role[200];
    char out[MOD_ZTA_ASSERTION_SIZE];
    size_t len;
    int64_t until_s;
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    memset(role, 'r', sizeof role);
    fill(&assertion, &identity);
    identity.scopes.n = 0; /* lists are built one behind the other */
    identity.n_values = identity.roles.n;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(
            zta_identity_add_value(&identity, &identity.roles,
                                   (struct zta_text){.data = role, .len = sizeof role}),
            ZTA_OK);
    }
    json_t *claims = verified(make(&assertion), keys[0]);
    assert_int_equal(json_array_size(json_object_get(claims, "roles")), 12);
    json_decref(claims);
    assert_false(is_given_again(&assertion, &assertion));
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK) {
        assert_int_equal(
            zta_identity_add_value(&identity, &identity.roles,
                                   (struct zta_text){.data = role, .len = sizeof role}),
            ZTA_OK);
        status = mod_zta_assertion_sign(signer, &assertion, out, &len, &until_s);
        assert_true(status != ZTA_OK || len < MOD_ZTA_ASSERTION_SIZE);
    }
    assert_int_equal(status, ZTA_TOO_LARGE);
    assert_in_range(identity.roles.n, 25, 32);
    assert_int_equal(mod_zta_assertion_make(signer, cache, &assertion, out, &len), ZTA_TOO_LARGE);
}

#define N_THREADS 4
#define N_CALLERS 6 /* more than have room where they all are looked for */

/* Does its payload name that subject? */
static bool is_about(struct zta_text token, struct zta_text subject)
{
    char claims[2048] = "";
    char wanted[64];
    struct mod_zta_jws jws;
    const char *fault;
    size_t size;
    if (mod_zta_jws_split(token, &jws, &fault) != ZTA_OK ||
        zta_base64url_decode(jws.payload, (uint8_t *)claims, sizeof claims - 1, &size) != ZTA_OK) {
        return false;
    }
    (void)snprintf(wanted, sizeof wanted, "\"sub\":\"%.*s\"", (int)subject.len, subject.data);
    return strstr(claims, wanted) != NULL;
}

static void *call(void *n_wrong)
{
    static const char *const subjects[N_CALLERS] = {"ann", "ben", "cem", "dea", "eva", "fay"};
    char out[MOD_ZTA_ASSERTION_SIZE];
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    size_t len;
    fill(&assertion, &identity);
    for (unsigned i = 0; i < 3000; i++) {
        identity.subject = zta_text_of(subjects[i * 7 % N_CALLERS]);
        if (mod_zta_assertion_make(signer, cache, &assertion, out, &len) != ZTA_OK ||
            !is_about((struct zta_text){.data = out, .len = len}, identity.subject)) {
            (*(unsigned *)n_wrong)++;
        }
    }
    return NULL;
}

static void threads_that_push_each_other_out_get_their_own(void **state)
{
    pthread_t threads[N_THREADS];
    unsigned n_wrong[N_THREADS] = {0};
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call, &n_wrong[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(n_wrong[i], 0);
    }
}

/* RFC 7517 and RFC 7638, held to the reader of other people's keys. */
static void all_keys_are_published_and_nothing_private(void **state)
{
    static char text[2048];
    struct zta_buffer buffer;
    struct zta_json json;
    json_t *set;
    const char *fault;
    struct mod_zta_jws jws;
    json_t *header;
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_json_init(&json, &buffer);
    mod_zta_signer_write_keys(signer, &json);
    assert_int_equal(mod_zta_json_load(zta_text_of(text), &set, &fault), ZTA_OK);
    const json_t *members = json_object_get(set, "keys");
    assert_int_equal(json_array_size(members), 2);
    for (size_t i = 0; i < 2; i++) {
        static char jwk[JOSE_TEXT_MAX];
        const json_t *member = json_array_get(members, i);
        char own[256];
        char kid[64];
        struct zta_sha256 digest;
        jose_jwk(keys[i], "k", "", jwk);
        check_text(member, "use", ZTA_TEXT("sig"));
        check_text(member, "alg", ZTA_TEXT("ES256"));
        assert_int_equal(json_object_size(member), 7);
        (void)snprintf(own, sizeof own,
                       "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
                       json_string_value(json_object_get(member, "x")),
                       json_string_value(json_object_get(member, "y")));
        zta_sha256(own, strlen(own), &digest);
        zta_base64url_encode(digest.bytes, sizeof digest.bytes, kid);
        check_text(member, "kid", zta_text_of(kid));
        assert_non_null(strstr(jwk, json_string_value(json_object_get(member, "y"))));
    }
    /* The first one signs, and says so. */
    fill(&assertion, &identity);
    assert_int_equal(mod_zta_jws_split(make(&assertion), &jws, &fault), ZTA_OK);
    assert_int_equal(mod_zta_jws_object(jws.header, &header, &fault), ZTA_OK);
    check_text(header, "kid", mod_zta_json_text(json_array_get(members, 0), "kid"));
    check_text(header, "alg", ZTA_TEXT("ES256"));
    check_text(header, "typ", ZTA_TEXT("zta-assertion+jwt"));
    assert_int_equal(json_object_size(header), 3);
    json_decref(header);
    json_decref(set);
}

static void other_keys_are_refused_by_their_place(void **state)
{
    static const struct {
        const char *type;
        unsigned bits;
    } rows[] = {{"RSA", 2048}, {"P-384", 0}, {"secp256k1", 0}, {"Ed25519", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static char pem[4096];
        EVP_PKEY *key = jose_key(rows[i].type, rows[i].bits);
        struct zta_text set[] = {texts[0], {.data = pem, .len = pem_of(key, pem, sizeof pem)}};
        struct mod_zta_signer *none = NULL;
        struct zta_error error;
        size_t bad = 9;
        assert_int_equal(mod_zta_signer_open(set, 2, TTL, &none, &bad, &error), ZTA_INVALID);
        assert_int_equal(bad, 1);
        assert_non_null(strstr(error.text, "P-256"));
        assert_null(none);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_is_known_is_said),
        cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(none_holds_longer_than_its_credential),
        cmocka_unit_test(one_is_given_again_for_half_of_its_life),
        cmocka_unit_test(whoever_differs_in_anything_gets_another),
        cmocka_unit_test(texts_do_not_run_into_each_other),
        cmocka_unit_test(any_number_of_callers_takes_the_same_memory),
        cmocka_unit_test(threads_that_push_each_other_out_get_their_own),
        cmocka_unit_test(a_large_one_is_signed_each_time_and_a_larger_one_refused),
        cmocka_unit_test(all_keys_are_published_and_nothing_private),
        cmocka_unit_test(other_keys_are_refused_by_their_place),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
