/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes become a value that a header can hold, and can be read back. */
#include "shared/base/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void texts_are_encoded_as_told(void **state)
{
    static const struct {
        const char *text;
        char separator;
        const char *encoded;
    } rows[] = {
        {.text = "", .encoded = ""},
        {.text = "alice", .encoded = "alice"},
        {.text = "a b", .encoded = "a%20b"},
        {.text = "a,b", .encoded = "a,b"},
        {.text = "a,b", .separator = ',', .encoded = "a%2Cb"},
        {.text = "100%", .encoded = "100%25"},
        {.text = "%2C", .separator = ',', .encoded = "%252C"},
        {.text = "x\r\nX-ZTA-Roles: admin", .encoded = "x%0D%0AX-ZTA-Roles:%20admin"},
        {.text = "\xc3\x96zg\xc3\xbcr", .encoded = "%C3%96zg%C3%BCr"},
        {.text = "\xff\x80\x01\x7f\t", .encoded = "%FF%80%01%7F%09"},
        {.text = "!\"#$&'()*+/:;<=>?@[\\]^`{|}~", .encoded = "!\"#$&'()*+/:;<=>?@[\\]^`{|}~"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[128];
        const size_t len = zta_percent_encode(zta_text_of(rows[i].text), rows[i].separator, out);
        assert_int_equal(len, strlen(rows[i].encoded));
        assert_memory_equal(out, rows[i].encoded, len);
    }
}

static size_t decode(const char *text, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            out[n++] = text[i];
            continue;
        }
        uint8_t byte;
        assert_true(i + 2 < len);
        assert_int_equal(
            zta_hex_decode((struct zta_text){.data = text + i + 1, .len = 2}, &byte, 1), ZTA_OK);
        out[n++] = (char)byte;
        i += 2;
    }
    return n;
}

static void whatever_goes_in_comes_out(void **state)
{
    srand(7);
    for (unsigned round = 0; round < 2000; round++) {
        char in[64];
        char coded[ZTA_PERCENT_LEN(sizeof in)];
        char back[sizeof in];
        const size_t len = (size_t)rand() % sizeof in;
        const char separator = round % 2 ? ',' : '\0';
        for (size_t i = 0; i < len; i++) {
            in[i] = (char)(rand() % 256);
        }
        const size_t n =
            zta_percent_encode((struct zta_text){.data = in, .len = len}, separator, coded);
        for (size_t i = 0; i < n; i++) {
            assert_in_range(coded[i], 0x21, 0x7e);
            assert_true(separator == '\0' || coded[i] != separator);
        }
        assert_int_equal(decode(coded, n, back), len);
        assert_memory_equal(back, in, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_encoded_as_told),
        cmocka_unit_test(whatever_goes_in_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
