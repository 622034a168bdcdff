/* SPDX-License-Identifier: Apache-2.0 */
/* Thumbprints: the published vectors, and that a key has one only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/thumbprint.h"
#include "tests/unit/jose_sign.h"
#include "tests/unit/thumbprint_fixture.h"

/* RFC 7638 section 3.1. */
#define RFC_N                                                                                      \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"   \
    "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"   \
    "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"   \
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

static const struct {
    const char *jwk;
    const char *thumbprint;
} vectors[] = {
    {.jwk = "{\"kty\":\"RSA\",\"n\":\"" RFC_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\","
            "\"kid\":\"2011-04-29\"}",
     .thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
    /* The key of RFC 9449's examples, and its thumbprint in section 6.1. */
    {.jwk = "{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
            "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
     .thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
    /* RFC 8037 appendix A.3. */
    {.jwk = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
            "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     .thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
};

static void published_keys_have_their_published_thumbprints(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char out[MOD_ZTA_THUMBPRINT_LEN + 1];
        thumbprint_of(vectors[i].jwk, out);
        assert_string_equal(out, vectors[i].thumbprint);
        assert_true(mod_zta_thumbprint_is_good(zta_text_of(out)));
    }
}

static void order_and_other_members_of_a_key_make_no_difference(void **state)
{
    char out[MOD_ZTA_THUMBPRINT_LEN + 1];
    thumbprint_of("{\"use\":\"sig\",\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\","
                  "\"kid\":\"other\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"kty\":\"EC\", "
                  "\"x\" : \"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"}",
                  out);
    assert_string_equal(out, vectors[1].thumbprint);
}

/* Two spellings of one key would be two thumbprints (leading zeros, short coordinates). */
static void a_key_has_one_spelling(void **state)
{
    static const char *const forks[] = {
        "{\"kty\":\"RSA\",\"n\":\"" RFC_N "\",\"e\":\"AAEAAQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"AA" RFC_N "\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFt\","
        "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
        "{\"kty\":\"EC\",\"x\":\"AJfLRa4cft-LVd4USAkQ2PcwpA5aQYReNlEFH1lQFgRb\","
        "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}",
    };
    for (size_t i = 0; i < sizeof forks / sizeof forks[0]; i++) {
        json_t *object;
        const char *fault = "";
        struct mod_zta_jwk jwk;
        struct zta_error error;
        assert_int_equal(mod_zta_json_load(zta_text_of(forks[i]), &object, &fault), ZTA_OK);
        assert_int_equal(mod_zta_jwk_read(object, &jwk, &error), ZTA_INVALID);
        json_decref(object);
    }
}

static void other_shapes_are_no_thumbprints(void **state)
{
    static const char *const shapes[] = {
        "",
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4",
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I=",
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4II",
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J", /* bits that no digest has */
        "0ZcOCORZNYy+DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        "d1970e08e459358cbe0d6a6aab7d2367224619337477",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        assert_false(mod_zta_thumbprint_is_good(zta_text_of(shapes[i])));
    }
    assert_false(mod_zta_thumbprint_is_good((struct zta_text){.data = NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_keys_have_their_published_thumbprints),
        cmocka_unit_test(order_and_other_members_of_a_key_make_no_difference),
        cmocka_unit_test(a_key_has_one_spelling),
        cmocka_unit_test(other_shapes_are_no_thumbprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
