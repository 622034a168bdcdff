/* SPDX-License-Identifier: Apache-2.0 */
/* Our own credentials: encoded so that the other side reads what was configured, signed so that it
 * verifies. */
#include "mod_zta/identity/client_auth.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/signature.h"
#include "mod_zta/identity/signing_key.h"
#include "mod_zta/identity/strict_json.h"
#include "tests/unit/jose_sign.h"

#define NOW INT64_C(1800000000)

static char form_text[16384];
static char value[MOD_ZTA_AUTHORIZATION_SIZE];
static struct zta_buffer form;
static struct zta_buffer authorization;

static enum zta_status authenticate(const struct mod_zta_client *client)
{
    zta_buffer_init(&form, form_text, sizeof form_text);
    zta_buffer_init(&authorization, value, sizeof value);
    return mod_zta_client_authenticate(client, ZTA_TEXT("https://idp.example"), NOW, &form,
                                       &authorization);
}

/* RFC 6749 section 2.3.1 wants both encoded before they are joined. */
static void basic_encodes_both_parts(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *secret;
        const char *expected;
    } rows[] = {
        {"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw",
         "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"},
        {"a:b", "c d", "Basic YSUzQWI6YyUyMGQ="}, /* a%3Ab:c%20d */
        {"a", "+%", "Basic YTolMkIlMjU="},        /* a:%2B%25 */
        {"a", "\xc3\xbc", "Basic YTolQzMlQkM="},  /* a:%C3%BC */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mod_zta_client client = {
            .id = zta_text_of(rows[i].id),
            .secret = zta_text_of(rows[i].secret),
        };
        assert_int_equal(authenticate(&client), ZTA_OK);
        assert_string_equal(value, rows[i].expected);
        assert_int_equal(form.len, 0);
    }
}

static void post_puts_both_into_the_form(void **state)
{
    (void)state;
    const struct mod_zta_client client = {
        .id = ZTA_TEXT("a&b"),
        .method = MOD_ZTA_CLIENT_POST,
        .secret = ZTA_TEXT("c=d&e"),
    };
    assert_int_equal(authenticate(&client), ZTA_OK);
    assert_string_equal(form_text, "&client_id=a%26b&client_secret=c%3Dd%26e");
    assert_int_equal(authorization.len, 0);
}

static size_t pem_of(const EVP_PKEY *key, const char *passphrase, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_128_cbc() : NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, cipher, (const unsigned char *)passphrase,
                                              passphrase != NULL ? (int)strlen(passphrase) : 0,
                                              NULL, NULL),
                     1);
    int len = BIO_read(bio, out, (int)size);
    BIO_free(bio);
    assert_true(len > 0);
    return (size_t)len;
}

static enum zta_status load(const EVP_PKEY *key, const char *passphrase, EVP_PKEY **loaded)
{
    char pem[MOD_ZTA_SIGNING_PEM_MAX];
    struct zta_error error;
    struct zta_text text = {.data = pem, .len = pem_of(key, passphrase, pem, sizeof pem)};
    return mod_zta_signing_key_load(text, loaded, &error);
}

static void check_assertion(EVP_PKEY *key, const char *alg)
{
    static char jwk[JOSE_TEXT_MAX];
    struct mod_zta_verifier *verifier;
    struct zta_error error;
    struct mod_zta_jws jws;
    const char *fault;
    json_t *claims;
    struct mod_zta_client client = {.id = ZTA_TEXT("gw \"1\""), .method = MOD_ZTA_CLIENT_KEY};
    assert_int_equal(load(key, NULL, &client.key), ZTA_OK);
    assert_int_equal(authenticate(&client), ZTA_OK);
    EVP_PKEY_free(client.key);
    assert_int_equal(authorization.len, 0);
    const char *start = strstr(form_text, "&client_assertion=");
    assert_non_null(start);
    struct zta_text token = zta_text_of(start + strlen("&client_assertion="));
    jose_jwk(key, "k", "", jwk);
    assert_int_equal(mod_zta_verifier_open(zta_text_of(jwk), mod_zta_alg_parse(zta_text_of(alg)),
                                           &verifier, &error),
                     ZTA_OK);
    assert_int_equal(mod_zta_verifier_check(verifier, token), ZTA_OK);
    mod_zta_verifier_close(&verifier);
    assert_int_equal(mod_zta_jws_split(token, &jws, &fault), ZTA_OK);
    assert_int_equal(mod_zta_jws_object(jws.payload, &claims, &fault), ZTA_OK);
    assert_true(zta_text_equal(mod_zta_json_text(claims, "iss"), client.id));
    assert_true(zta_text_equal(mod_zta_json_text(claims, "sub"), client.id));
    assert_true(zta_text_equal(mod_zta_json_text(claims, "aud"), ZTA_TEXT("https://idp.example")));
    assert_int_equal(mod_zta_json_text(claims, "jti").len, 32);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 60);
    json_decref(claims);
}

static void an_assertion_verifies_with_the_public_key(void **state)
{
    (void)state;
    EVP_PKEY *rsa = jose_key("RSA", 2048);
    EVP_PKEY *ec = jose_key("P-256", 0);
    check_assertion(rsa, "RS256");
    /* r or s is short in one of 128: the raw form pads it. */
    for (int i = 0; i < 300; i++) {
        check_assertion(ec, "ES256");
    }
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void keys_that_cannot_sign_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        unsigned bits;
        const char *passphrase;
    } rows[] = {
        {"RSA", 1024, NULL},  {"P-384", 0, NULL},   {"secp256k1", 0, NULL},
        {"Ed25519", 0, NULL}, {"P-256", 0, "word"},
    };
    EVP_PKEY *loaded = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EVP_PKEY *key = jose_key(rows[i].type, rows[i].bits);
        assert_int_equal(load(key, rows[i].passphrase, &loaded), ZTA_INVALID);
        EVP_PKEY_free(key);
    }
    static const char *const texts[] = {"", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct zta_error error;
        assert_int_equal(mod_zta_signing_key_load(zta_text_of(texts[i]), &loaded, &error),
                         ZTA_INVALID);
        assert_null(strstr(error.text, "secret"));
    }
    assert_null(loaded);
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct mod_zta_client client = {
        .id = ZTA_TEXT("a"),
        .method = MOD_ZTA_CLIENT_POST,
        .secret = ZTA_TEXT("b"),
    };
    char small[16];
    zta_buffer_init(&form, small, sizeof small);
    zta_buffer_init(&authorization, value, 8);
    assert_int_equal(
        mod_zta_client_authenticate(&client, ZTA_TEXT("x"), NOW, &form, &authorization),
        ZTA_TOO_LARGE);
    client.method = MOD_ZTA_CLIENT_BASIC;
    zta_buffer_init(&form, small, sizeof small);
    assert_int_equal(
        mod_zta_client_authenticate(&client, ZTA_TEXT("x"), NOW, &form, &authorization),
        ZTA_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_encodes_both_parts),
        cmocka_unit_test(post_puts_both_into_the_form),
        cmocka_unit_test(an_assertion_verifies_with_the_public_key),
        cmocka_unit_test(keys_that_cannot_sign_are_refused),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
