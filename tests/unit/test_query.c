/* SPDX-License-Identifier: Apache-2.0 */
/* The token of a query: exactly one, in whatever spelling, and nothing of it stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/query.h"

static const struct {
    const char *query;
    enum zta_status status;
    const char *token;
    const char *rest;
} cases[] = {
    {"access_token=a.b.c", ZTA_OK, "a.b.c", ""},
    {"x=1&access_token=a&y=2", ZTA_OK, "a", "x=1&y=2"},
    {"access_token=a&y=2", ZTA_OK, "a", "y=2"},
    {"x=1;access_token=a;y=2", ZTA_OK, "a", "x=1;y=2"},
    {"access_token=a%2Bb%3d", ZTA_OK, "a+b=", ""},
    {"access_token=a+b", ZTA_OK, "a b", ""},
    {"access_token=a=b", ZTA_OK, "a=b", ""},
    {"access%5Ftoken=a", ZTA_OK, "a", ""},
    {"%61ccess_token=a", ZTA_OK, "a", ""},
    {"ACCESS_TOKEN=a", ZTA_OK, "a", ""},
    {"access_token=", ZTA_OK, "", ""},
    {"access_token", ZTA_INVALID, NULL, ""},
    {"access_token=a&access_token=a", ZTA_INVALID, NULL, ""},
    {"access_token=a&x=1&Access%5ftoken=b", ZTA_INVALID, NULL, "x=1"},
    {"access_token=a&access_token", ZTA_INVALID, NULL, ""},
    {"access_token=%", ZTA_INVALID, NULL, ""},
    {"access_token=%2", ZTA_INVALID, NULL, ""},
    {"access_token=%zz", ZTA_INVALID, NULL, ""},
    {"access_token=a%00b", ZTA_INVALID, NULL, ""},
    {"", ZTA_NOT_FOUND, NULL, ""},
    {"x=1&&y", ZTA_NOT_FOUND, NULL, "x=1&&y"},
    {"x=access_token=a", ZTA_NOT_FOUND, NULL, "x=access_token=a"},
    {"access_tokens=a&my_access_token=b", ZTA_NOT_FOUND, NULL, "access_tokens=a&my_access_token=b"},
    {"access_token%=a", ZTA_NOT_FOUND, NULL, "access_token%=a"},
};

static void the_token_is_taken_out_of_the_query(void **state)
{
    char token[64];
    char rest[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum zta_status status = mod_zta_query_take(cases[i].query, token, rest);
        if (status != cases[i].status) {
            fail_msg("'%s' gives %d", cases[i].query, (int)status);
        }
        if (status == ZTA_OK) {
            assert_string_equal(token, cases[i].token);
        }
        assert_string_equal(rest, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_token_is_taken_out_of_the_query)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
