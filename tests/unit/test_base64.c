/* SPDX-License-Identifier: Apache-2.0 */
/* base64url and base62. */
#include "shared/base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void vectors_of_rfc_4648_hold(void **state)
{
    static const struct {
        const char *data;
        const char *text;
    } cases[] = {
        {.data = "", .text = ""},
        {.data = "f", .text = "Zg"},
        {.data = "fo", .text = "Zm8"},
        {.data = "foo", .text = "Zm9v"},
        {.data = "foob", .text = "Zm9vYg"},
        {.data = "fooba", .text = "Zm9vYmE"},
        {.data = "foobar", .text = "Zm9vYmFy"},
        {.data = "\xff\xff\xfe\xfb\xf0", .text = "___--_A"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[16];
        uint8_t back[16];
        size_t len = strlen(cases[i].data);
        size_t n = 777;
        assert_int_equal(ZTA_BASE64URL_LEN(len), strlen(cases[i].text));
        zta_base64url_encode((const uint8_t *)cases[i].data, len, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(zta_base64url_decode(zta_text_of(text), back, sizeof(back), &n), ZTA_OK);
        assert_int_equal(n, len);
        assert_memory_equal(back, cases[i].data, len);
    }
}

static void every_byte_survives_the_round_trip(void **state)
{
    uint8_t data[256];
    char text[ZTA_BASE64URL_LEN(sizeof(data)) + 1];
    uint8_t back[sizeof(data)];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 167 + 13);
    }
    for (size_t size = 0; size <= sizeof(data); size++) {
        size_t n;
        zta_base64url_encode(data, size, text);
        struct zta_text encoded = zta_text_of(text);
        assert_int_equal(encoded.len, ZTA_BASE64URL_LEN(size));
        assert_int_equal(ZTA_BASE64URL_SIZE(encoded.len), size);
        assert_int_equal(zta_base64url_decode(encoded, back, size, &n), ZTA_OK);
        assert_int_equal(n, size);
        assert_memory_equal(back, data, size);
        /* In place: the JSON of a token replaces its text. */
        assert_int_equal(zta_base64url_decode(encoded, (uint8_t *)text, sizeof(text), &n), ZTA_OK);
        assert_memory_equal(text, data, size);
    }
}

static void one_value_has_one_spelling(void **state)
{
    static const struct zta_text cases[] = {
        {.data = NULL},
        ZTA_TEXT("Z"),
        ZTA_TEXT("Zm9vY"),
        ZTA_TEXT("Zg=="),
        ZTA_TEXT("Zm8="),
        ZTA_TEXT("Zh"),
        ZTA_TEXT("Zm9"),
        ZTA_TEXT("Zm9vYh"),
        ZTA_TEXT("Zm+v"),
        ZTA_TEXT("Zm/v"),
        ZTA_TEXT("Zm 9v"),
        ZTA_TEXT("Zm9v\n"),
        ZTA_TEXT("Zm\0v"),
        ZTA_TEXT("Zm.v"),
        ZTA_TEXT("\xda"
                 "m9v"),
        ZTA_TEXT("Zm9v===="),
        ZTA_TEXT("Zm9vYmF{"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[16];
        size_t n = 777;
        if (zta_base64url_decode(cases[i], out, sizeof(out), &n) != ZTA_INVALID || n != 777) {
            fail_msg("%.*s", (int)cases[i].len, cases[i].data);
        }
    }
}

static void alphabet_has_64_characters(void **state)
{
    unsigned n_good = 0;
    for (int c = 0; c < 256; c++) {
        char text[4] = {'A', 'A', 'A', (char)c};
        uint8_t out[3];
        size_t n;
        const struct zta_text encoded = {.data = text, .len = sizeof(text)};
        n_good += zta_base64url_decode(encoded, out, sizeof(out), &n) == ZTA_OK;
    }
    assert_int_equal(n_good, 64);
}

static void small_storage_is_refused(void **state)
{
    uint8_t out[3];
    size_t n = 777;
    assert_int_equal(zta_base64url_decode(ZTA_TEXT("Zm9vYg"), out, 3, &n), ZTA_TOO_LARGE);
    assert_int_equal(zta_base64url_decode(ZTA_TEXT("Zg"), out, 0, &n), ZTA_TOO_LARGE);
    assert_int_equal(n, 777);
}

static void base62_is_fixed_in_width(void **state)
{
    static const struct {
        uint64_t value;
        size_t n;
        const char *text;
    } cases[] = {
        {.value = 0, .n = 6, .text = "000000"},
        {.value = 61, .n = 6, .text = "00000z"},
        {.value = 62, .n = 6, .text = "000010"},
        {.value = 10, .n = 1, .text = "A"},
        {.value = 36, .n = 1, .text = "a"},
        {.value = UINT32_MAX, .n = 6, .text = "4gfFC3"},
        {.value = UINT64_MAX, .n = 11, .text = "LygHa16AHYF"},
        {.value = 62, .n = 1, .text = "0"},
        {.value = 5, .n = 0, .text = ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[16];
        zta_base62_encode(cases[i].value, text, cases[i].n);
        assert_string_equal(text, cases[i].text);
    }
}

static void random_base62_favours_no_digit(void **state)
{
    enum {
        N = 62000
    };
    static char text[N + 1];
    unsigned counts[256] = {0};
    zta_base62_random(text, N);
    assert_int_equal(strlen(text), N);
    for (size_t i = 0; i < N; i++) {
        counts[(unsigned char)text[i]]++;
    }
    /* 1,000 expected, sigma 31; taking bytes modulo 62 would give 1,211 for eight digits. */
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < sizeof(digits) - 1; i++) {
        assert_in_range(counts[(unsigned char)digits[i]], 815, 1185);
        counts[(unsigned char)digits[i]] = 0;
    }
    for (size_t i = 0; i < COUNT(counts); i++) {
        assert_int_equal(counts[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_4648_hold),
        cmocka_unit_test(every_byte_survives_the_round_trip),
        cmocka_unit_test(one_value_has_one_spelling),
        cmocka_unit_test(alphabet_has_64_characters),
        cmocka_unit_test(small_storage_is_refused),
        cmocka_unit_test(base62_is_fixed_in_width),
        cmocka_unit_test(random_base62_favours_no_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
