/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer. */
#include "shared/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void commas_stand_between_items_only(void **state)
{
    char storage[512];
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, storage, sizeof(storage));
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_begin_array(&json, "empty");
    zta_json_end_array(&json);
    zta_json_begin_object(&json, "none");
    zta_json_end_object(&json);
    zta_json_begin_array(&json, "list");
    zta_json_int(&json, NULL, INT64_MIN);
    zta_json_int(&json, NULL, INT64_MAX);
    zta_json_begin_object(&json, NULL);
    zta_json_bool(&json, "yes", true);
    zta_json_bool(&json, "no", false);
    zta_json_end_object(&json);
    zta_json_begin_array(&json, NULL);
    zta_json_end_array(&json);
    zta_json_string(&json, NULL, "x");
    zta_json_end_array(&json);
    zta_json_time(&json, "expires", 1798761600);
    zta_json_time(&json, "never", 0);
    zta_json_string(&json, "missing", NULL);
    zta_json_text(&json, "blank", ZTA_TEXT(""));
    zta_json_end_object(&json);
    assert_string_equal(
        storage, "{\"empty\":[],\"none\":{},\"list\":[-9223372036854775808,9223372036854775807,"
                 "{\"yes\":true,\"no\":false},[],\"x\"],\"expires\":\"2027-01-01T00:00:00Z\","
                 "\"never\":null,\"missing\":null,\"blank\":\"\"}");
    assert_int_equal(json.depth, 0);
}

static void text_is_always_valid_json(void **state)
{
    static const struct {
        struct zta_text text;
        const char *wanted;
    } cases[] = {
        {.text = ZTA_TEXT("plain caf\xc3\xa9 \xf0\x9f\x94\x92"),
         .wanted = "\"plain caf\xc3\xa9 \xf0\x9f\x94\x92\""},
        {.text = ZTA_TEXT("\"\\/"), .wanted = "\"\\\"\\\\/\""},
        {.text = ZTA_TEXT("\b\f\n\r\t"), .wanted = "\"\\b\\f\\n\\r\\t\""},
        {.text = ZTA_TEXT("a\0b\x1b[0m\x7f"), .wanted = "\"a\\u0000b\\u001b[0m\\u007f\""},
        {.text = ZTA_TEXT("\xff"
                          "a\xc0\xaf\xe2\x82"),
         .wanted = "\"\xef\xbf\xbd"
                   "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {.text = ZTA_TEXT("\xed\xa0\x80"), .wanted = "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {.text = ZTA_TEXT("\xc2\x9b|\xe2\x80\xa8|\xe2\x80\xae|\xe2\x81\xa6"),
         .wanted = "\"\\u009b|\\u2028|\\u202e|\\u2066\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char storage[256];
        struct zta_buffer buffer;
        struct zta_json json;
        zta_buffer_init(&buffer, storage, sizeof(storage));
        zta_json_init(&json, &buffer);
        zta_json_text(&json, NULL, cases[i].text);
        assert_string_equal(storage, cases[i].wanted);
    }
}

static void names_are_quoted_like_values(void **state)
{
    char storage[64];
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, storage, sizeof(storage));
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_int(&json, "a\"b\n", 1);
    zta_json_end_object(&json);
    assert_string_equal(storage, "{\"a\\\"b\\n\":1}");
}

static void overflow_shows_in_the_buffer(void **state)
{
    char storage[16];
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, storage, sizeof(storage));
    zta_json_init(&json, &buffer);
    zta_json_begin_array(&json, NULL);
    zta_json_string(&json, NULL, "longer than the storage");
    zta_json_end_array(&json);
    assert_true(buffer.is_overflowed);
    assert_true(strlen(storage) < sizeof(storage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between_items_only),
        cmocka_unit_test(text_is_always_valid_json),
        cmocka_unit_test(names_are_quoted_like_values),
        cmocka_unit_test(overflow_shows_in_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
