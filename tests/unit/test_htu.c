/* SPDX-License-Identifier: Apache-2.0 */
/* The URI of a request in one spelling, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/htu.h"

static const struct {
    const char *uri;
    const char *normal; /* NULL: refused */
} uris[] = {
    {"https://api.example/a/b", "https://api.example/a/b"},
    {"HTTPS://API.Example/a/B", "https://api.example/a/B"},
    {"http://api.example:80/a", "http://api.example/a"},
    {"https://api.example:443/a", "https://api.example/a"},
    {"https://api.example:0443/a", "https://api.example/a"},
    {"https://api.example:/a", "https://api.example/a"},
    {"https://api.example:80/a", "https://api.example:80/a"},
    {"http://api.example:443/a", "http://api.example:443/a"},
    {"https://api.example:8443/a", "https://api.example:8443/a"},
    {"https://api.example", "https://api.example/"},
    {"https://api.example/", "https://api.example/"},
    {"https://api.example?x=1", "https://api.example/"},
    {"https://api.example#x", "https://api.example/"},
    {"https://api.example/a?x=/../b#c", "https://api.example/a"},
    {"https://api.example/a#c?d", "https://api.example/a"},
    {"https://api.example/a/./b", "https://api.example/a/b"},
    {"https://api.example/a/../b", "https://api.example/b"},
    {"https://api.example/a/b/..", "https://api.example/a/"},
    {"https://api.example/a/b/.", "https://api.example/a/b/"},
    {"https://api.example/../../a", "https://api.example/a"},
    {"https://api.example/..", "https://api.example/"},
    {"https://api.example/a/%2e%2E/b", "https://api.example/b"},
    {"https://api.example/a/...", "https://api.example/a/..."},
    {"https://api.example//a//b/", "https://api.example//a//b/"},
    {"https://api.example/a//../b", "https://api.example/a/b"},
    {"https://api.example/%7euser/%41%2d%5F", "https://api.example/~user/A-_"},
    {"https://api.example/a%2fb", "https://api.example/a%2Fb"},
    {"https://api.example/%c3%bc%20", "https://api.example/%C3%BC%20"},
    {"https://api.example/a%252fb", "https://api.example/a%252fb"},
    {"https://api.example/%3F%23", "https://api.example/%3F%23"},
    {"https://api.example/a[1]|b\"", "https://api.example/a%5B1%5D%7Cb%22"},
    {"https://api.example/a%5B1%5d", "https://api.example/a%5B1%5D"},
    {"https://api.example/a;p=1,2:@!$&'()*+=", "https://api.example/a;p=1,2:@!$&'()*+="},
    {"https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"},
    {"https://192.0.2.1/a", "https://192.0.2.1/a"},
    {"", NULL},
    {"/a", NULL},
    {"//api.example/a", NULL},
    {"api.example/a", NULL},
    {"ftp://api.example/a", NULL},
    {"https:/api.example/a", NULL},
    {"https:///a", NULL},
    {"https://user@api.example/a", NULL},
    {"https://user:pw@api.example/a", NULL},
    {"https://api.example@evil.example/a", NULL},
    {"https://api.example\\@evil.example/a", NULL},
    {"https://api.ex%61mple/a", NULL},
    {"https://api.example:x/a", NULL},
    {"https://api.example:0/a", NULL},
    {"https://api.example:65536/a", NULL},
    {"https://api.example:4294967739/a", NULL},
    {"https://api.example:443:443/a", NULL},
    {"https://[2001:db8::1/a", NULL},
    {"https://[2001:db8::1]x/a", NULL},
    {"https://[]/a", NULL},
    {"https://2001:db8::1/a", NULL},
    {"https://\xc3\xbc.example/a", NULL},
    {"https://api.example/a b", NULL},
    {"https://api.example/\xc3\xbc", NULL},
    {"https://api.example/a\\b", NULL},
    {"https://api.example/a\n", NULL},
    {"https://api.example/a%", NULL},
    {"https://api.example/a%4", NULL},
    {"https://api.example/a%zz", NULL},
    {" https://api.example/a", NULL},
};
#define N_URIS (sizeof uris / sizeof uris[0])

static void spellings_of_one_uri_become_one(void **state)
{
    for (size_t i = 0; i < N_URIS; i++) {
        char out[MOD_ZTA_HTU_SIZE];
        size_t len = 0;
        enum zta_status status =
            mod_zta_htu_normalise(zta_text_of(uris[i].uri), out, sizeof out, &len);
        if (uris[i].normal == NULL) {
            if (status != ZTA_INVALID) {
                fail_msg("'%s' is taken as '%s'", uris[i].uri, out);
            }
            continue;
        }
        assert_int_equal(status, ZTA_OK);
        assert_string_equal(out, uris[i].normal);
        assert_int_equal(len, strlen(out));
    }
}

static void what_is_normal_stays_as_it_is(void **state)
{
    for (size_t i = 0; i < N_URIS; i++) {
        char out[MOD_ZTA_HTU_SIZE];
        size_t len;
        if (uris[i].normal != NULL) {
            assert_int_equal(
                mod_zta_htu_normalise(zta_text_of(uris[i].normal), out, sizeof out, &len), ZTA_OK);
            assert_string_equal(out, uris[i].normal);
        }
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    char out[MOD_ZTA_HTU_SIZE];
    size_t len;
    const struct zta_text uri = ZTA_TEXT("https://api.example/a/../b");
    for (size_t size = 1; size <= strlen("https://api.example/a/../b"); size++) {
        assert_int_equal(mod_zta_htu_normalise(uri, out, size, &len), ZTA_TOO_LARGE);
    }
    assert_int_equal(mod_zta_htu_normalise(uri, out, uri.len + 1, &len), ZTA_OK);
    assert_int_equal(mod_zta_htu_normalise((struct zta_text){.data = "https://a/\0b", .len = 12},
                                           out, sizeof out, &len),
                     ZTA_INVALID);
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    static const struct {
        const char *uri;
        const char *origin;
    } origins[] = {
        {"https://API.example", "https://api.example"},
        {"https://api.example/", "https://api.example"},
        {"https://api.example:443", "https://api.example"},
        {"http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
        {"https://api.example/a", NULL},
        {"https://api.example//", NULL},
        {"https://api.example/?", NULL},
        {"https://api.example#", NULL},
        {"https://user@api.example", NULL},
        {"api.example", NULL},
    };
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        char out[MOD_ZTA_HTU_SIZE];
        size_t len;
        enum zta_status status =
            mod_zta_htu_origin(zta_text_of(origins[i].uri), out, sizeof out, &len);
        assert_int_equal(status, origins[i].origin != NULL ? ZTA_OK : ZTA_INVALID);
        if (status == ZTA_OK) {
            assert_string_equal(out, origins[i].origin);
            assert_int_equal(len, strlen(out));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_uri_become_one),
        cmocka_unit_test(what_is_normal_stays_as_it_is),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
