/* SPDX-License-Identifier: Apache-2.0 */
/* One cookie among others: found as every reader would find it, and gone when it was taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/cookie.h"

static const struct {
    const char *header;
    enum zta_status status;
    const char *value;
    const char *rest;
} cases[] = {
    {"token=a.b.c", ZTA_OK, "a.b.c", ""},
    {"x=1; token=a.b.c; y=2", ZTA_OK, "a.b.c", "x=1; y=2"},
    {"x=1;token=a;y=2", ZTA_OK, "a", "x=1;y=2"},
    {"a;b;c;d;e;f;g;h", ZTA_NOT_FOUND, NULL, "a;b;c;d;e;f;g;h"},
    {" \ttoken = a \t; y=2", ZTA_OK, "a", "y=2"},
    {"token=a=b==", ZTA_OK, "a=b==", ""},
    {"token=", ZTA_OK, "", ""},
    {"token", ZTA_OK, "", ""},
    {"", ZTA_NOT_FOUND, NULL, ""},
    {"x=1", ZTA_NOT_FOUND, NULL, "x=1"},
    {"Token=a", ZTA_NOT_FOUND, NULL, "Token=a"},
    {"atoken=a; tokens=b", ZTA_NOT_FOUND, NULL, "atoken=a; tokens=b"},
    {"x=token=a", ZTA_NOT_FOUND, NULL, "x=token=a"},
    {"token=a; token=b", ZTA_INVALID, NULL, ""},
    {"token=a; token=a", ZTA_INVALID, NULL, ""},
    {"token=a; x=1; token", ZTA_INVALID, NULL, "x=1"},
    /* Two Cookie headers, as httpd puts them together. */
    {"x=1, token=a", ZTA_INVALID, NULL, ""},
    {"token=a, x=1; y=2", ZTA_INVALID, NULL, "y=2"},
    {"token,,,t", ZTA_INVALID, NULL, ""},
    {"x=1,2; token=a", ZTA_OK, "a", "x=1,2"},
    {"token=a, token=b", ZTA_INVALID, NULL, ""},
    {";;; ;", ZTA_NOT_FOUND, NULL, ""},
};

static void a_cookie_is_found_once_and_removed(void **state)
{
    char rest[128];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_text value = {.data = NULL};
        enum zta_status status = mod_zta_cookie_find(cases[i].header, ZTA_TEXT("token"), &value);
        if (status != cases[i].status) {
            fail_msg("'%s' gives %d", cases[i].header, (int)status);
        }
        if (status == ZTA_OK) {
            assert_true(zta_text_equal(value, zta_text_of(cases[i].value)));
        }
        mod_zta_cookie_remove(cases[i].header, ZTA_TEXT("token"), rest);
        assert_string_equal(rest, cases[i].rest);
    }
}

static void cookies_of_a_prefix_are_removed_together(void **state)
{
    static const char *const prefixed[][2] = {
        {"ours-1=1; x=1; ours-22=1; y=2", "x=1; y=2"},
        {"ours-=1", ""},
        {"ours=1; xours-1=1; Ours-1=1", "ours=1; xours-1=1; Ours-1=1"},
        {"x=ours-1; ours-1", "x=ours-1"},
    };
    char rest[128];
    for (size_t i = 0; i < sizeof(prefixed) / sizeof(prefixed[0]); i++) {
        mod_zta_cookie_remove_prefixed(prefixed[i][0], ZTA_TEXT("ours-"), rest);
        assert_string_equal(rest, prefixed[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_is_found_once_and_removed),
        cmocka_unit_test(cookies_of_a_prefix_are_removed_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
