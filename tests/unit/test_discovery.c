/* SPDX-License-Identifier: Apache-2.0 */
/* Where an issuer's metadata stands, and which documents are its own. */
#include "mod_zta/identity/discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void only_https_and_loopback_are_fetched(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_fetchable;
    } cases[] = {
        {.url = "https://idp.example", .is_fetchable = true},
        {.url = "https://idp.example/", .is_fetchable = true},
        {.url = "HTTPS://IDP.example:8443/a/b?x=1", .is_fetchable = true},
        {.url = "https://[2001:db8::1]:8443/keys", .is_fetchable = true},
        {.url = "https://10.0.0.1/keys", .is_fetchable = true},
        {.url = "http://127.0.0.1", .is_fetchable = true},
        {.url = "http://127.0.0.1:9400/x", .is_fetchable = true},
        {.url = "http://localhost:80/", .is_fetchable = true},
        {.url = "http://[::1]:8080/", .is_fetchable = true},
        {.url = "http://idp.example/", .is_fetchable = false},
        {.url = "http://127.0.0.1.evil.example/", .is_fetchable = false},
        {.url = "http://localhost.evil.example/", .is_fetchable = false},
        {.url = "http://127.0.0.1@evil.example/", .is_fetchable = false},
        {.url = "https://user:pw@idp.example/", .is_fetchable = false},
        {.url = "https://idp.example/#keys", .is_fetchable = false},
        {.url = "https://idp.example/a b", .is_fetchable = false},
        {.url = "https://idp.example/\r\nX: y", .is_fetchable = false},
        {.url = "https://idp.example\\@evil.example/", .is_fetchable = false},
        {.url = "https://idp.ex\xc3\xa4mple/", .is_fetchable = false},
        {.url = "https://", .is_fetchable = false},
        {.url = "https:///keys", .is_fetchable = false},
        {.url = "https://:443/", .is_fetchable = false},
        {.url = "https://idp.example:", .is_fetchable = false},
        {.url = "https://idp.example:0/", .is_fetchable = false},
        {.url = "https://idp.example:65536/", .is_fetchable = false},
        {.url = "https://idp.example:4a/", .is_fetchable = false},
        {.url = "https://[::1", .is_fetchable = false},
        {.url = "https://[]/", .is_fetchable = false},
        {.url = "https://[::1]x/", .is_fetchable = false},
        {.url = "https://[fe80::1%25lo]/", .is_fetchable = false},
        {.url = "file:///etc/passwd", .is_fetchable = false},
        {.url = "ftp://idp.example/", .is_fetchable = false},
        {.url = "gopher://127.0.0.1/", .is_fetchable = false},
        {.url = "//idp.example/", .is_fetchable = false},
        {.url = "https:/idp.example/", .is_fetchable = false},
        {.url = "", .is_fetchable = false},
        {.url = NULL, .is_fetchable = false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mod_zta_url_is_fetchable(zta_text_of(cases[i].url)) != cases[i].is_fetchable) {
            fail_msg("%s", cases[i].url);
        }
    }
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool is_same;
    } cases[] = {
        {.a = "https://i.example/a", .b = "https://i.example/b?c", .is_same = true},
        {.a = "https://i.example", .b = "HTTPS://I.EXAMPLE:443/", .is_same = true},
        {.a = "http://localhost:80", .b = "http://localhost/", .is_same = true},
        {.a = "https://i.example", .b = "https://j.example", .is_same = false},
        {.a = "https://i.example", .b = "https://i.example.", .is_same = false},
        {.a = "https://i.example", .b = "https://i.example:8443", .is_same = false},
        {.a = "https://localhost:80", .b = "http://localhost:80", .is_same = false},
        {.a = "https://i.example", .b = "i.example", .is_same = false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mod_zta_url_is_same_origin(zta_text_of(cases[i].a), zta_text_of(cases[i].b)) !=
            cases[i].is_same) {
            fail_msg("%s %s", cases[i].a, cases[i].b);
        }
    }
}

static void both_forms_of_the_place_are_as_their_standards_say(void **state)
{
    (void)state;
    static const struct {
        const char *issuer;
        const char *oidc;
        const char *oauth;
    } cases[] = {
        {.issuer = "https://i.example",
         .oidc = "https://i.example/.well-known/openid-configuration",
         .oauth = "https://i.example/.well-known/oauth-authorization-server"},
        {.issuer = "https://i.example/",
         .oidc = "https://i.example/.well-known/openid-configuration",
         .oauth = "https://i.example/.well-known/oauth-authorization-server"},
        {.issuer = "https://i.example:8443/realms/a",
         .oidc = "https://i.example:8443/realms/a/.well-known/openid-configuration",
         .oauth = "https://i.example:8443/.well-known/oauth-authorization-server/realms/a"},
        {.issuer = "https://i.example/t/",
         .oidc = "https://i.example/t/.well-known/openid-configuration",
         .oauth = "https://i.example/.well-known/oauth-authorization-server/t"},
        {.issuer = "http://127.0.0.1:9/t",
         .oidc = "http://127.0.0.1:9/t/.well-known/openid-configuration",
         .oauth = "http://127.0.0.1:9/.well-known/oauth-authorization-server/t"},
        {.issuer = "https://i.example/?tenant=a"},
        {.issuer = "https://i.example?tenant=a"},
        {.issuer = "http://i.example/"},
        {.issuer = "issuer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wanted[] = {cases[i].oidc, cases[i].oauth};
        for (int form = 0; form < MOD_ZTA_N_DISCOVERY_FORMS; form++) {
            char url[MOD_ZTA_URL_MAX + 1] = "";
            enum zta_status status = mod_zta_discovery_url(
                zta_text_of(cases[i].issuer), (enum mod_zta_discovery_form)form, url, sizeof url);
            assert_int_equal(status, wanted[form] == NULL ? ZTA_INVALID : ZTA_OK);
            if (wanted[form] != NULL) {
                assert_string_equal(url, wanted[form]);
            }
        }
    }
    char small[32];
    assert_int_equal(mod_zta_discovery_url(ZTA_TEXT("https://i.example"), MOD_ZTA_DISCOVERY_OIDC,
                                           small, sizeof small),
                     ZTA_TOO_LARGE);
}

#define ISSUER "https://i.example/t"
#define JWKS   "\"jwks_uri\":\"https://keys.example/k\""

static void a_document_counts_only_for_the_issuer_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        const char *fault; /* NULL: it is good */
        const char *introspection;
    } cases[] = {
        {.document = "{\"issuer\":\"" ISSUER "\"," JWKS "}", .introspection = ""},
        {.document = "{\"issuer\":\"" ISSUER "\"," JWKS
                     ",\"introspection_endpoint\":\"https://i.example/in\",\"x\":{\"y\":[1]}}",
         .introspection = "https://i.example/in"},
        {.document = "{\"issuer\":\"" ISSUER "\"," JWKS
                     ",\"introspection_endpoint\":\"http://127.0.0.1/in\"}",
         .introspection = ""},
        {.document = "{\"issuer\":\"" ISSUER "/\"," JWKS "}", .fault = "its issuer is"},
        {.document = "{\"issuer\":\"https://I.example/t\"," JWKS "}", .fault = "its issuer is"},
        {.document = "{\"issuer\":\"https://i.example/%74\"," JWKS "}", .fault = "its issuer is"},
        {.document = "{\"issuer\":\"https://i.example:443/t\"," JWKS "}", .fault = "its issuer"},
        {.document = "{\"issuer\":[\"" ISSUER "\"]," JWKS "}", .fault = "its issuer is"},
        {.document = "{" JWKS "}", .fault = "its issuer is"},
        {.document = "{\"issuer\":\"" ISSUER "\"}", .fault = "its jwks_uri is"},
        {.document = "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":7}", .fault = "its jwks_uri is"},
        {.document = "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"http://i.example/k\"}",
         .fault = "its jwks_uri is"},
        {.document = "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"http://127.0.0.1/k\"}",
         .fault = "its jwks_uri is"},
        {.document = "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"file:///etc/passwd\"}",
         .fault = "its jwks_uri is"},
        {.document = "{\"issuer\":\"evil\",\"issuer\":\"" ISSUER "\"," JWKS "}",
         .fault = "stands twice"},
        {.document = "{\"issuer\":\"" ISSUER "\\u0000\"," JWKS "}", .fault = "NUL"},
        {.document = "[]", .fault = "not an object"},
        {.document = "", .fault = "not JSON"},
        {.document = "<html>", .fault = "not JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mod_zta_discovery discovery;
        struct zta_error error = {.text = ""};
        enum zta_status status = mod_zta_discovery_parse(zta_text_of(cases[i].document),
                                                         ZTA_TEXT(ISSUER), &discovery, &error);
        if (cases[i].fault != NULL) {
            assert_int_equal(status, ZTA_INVALID);
            if (strstr(error.text, cases[i].fault) == NULL) {
                fail_msg("%s: %s", cases[i].document, error.text);
            }
            continue;
        }
        assert_int_equal(status, ZTA_OK);
        assert_string_equal(discovery.jwks_uri, "https://keys.example/k");
        assert_string_equal(discovery.introspection_endpoint, cases[i].introspection);
    }
}

static void a_plain_issuer_on_loopback_may_have_plain_keys(void **state)
{
    (void)state;
    struct mod_zta_discovery discovery;
    struct zta_error error = {.text = ""};
    assert_int_equal(mod_zta_discovery_parse(ZTA_TEXT("{\"issuer\":\"http://127.0.0.1:9\","
                                                      "\"jwks_uri\":\"http://127.0.0.1:9/jwks\"}"),
                                             ZTA_TEXT("http://127.0.0.1:9"), &discovery, &error),
                     ZTA_OK);
    assert_int_equal(mod_zta_discovery_parse(ZTA_TEXT("{\"issuer\":\"http://127.0.0.1:9\","
                                                      "\"jwks_uri\":\"http://i.example/jwks\"}"),
                                             ZTA_TEXT("http://127.0.0.1:9"), &discovery, &error),
                     ZTA_INVALID);
}

/* Some servers tell more than any token may hold. */
static void a_document_may_have_many_members(void **state)
{
    (void)state;
    static char document[8192];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, document, sizeof document);
    zta_buffer_string(&buffer, "{\"issuer\":\"" ISSUER "\"," JWKS);
    for (int i = 0; i < 200; i++) {
        zta_buffer_printf(&buffer, ",\"member_%d\":true", i);
    }
    zta_buffer_string(&buffer, "}");
    struct mod_zta_discovery discovery;
    struct zta_error error = {.text = ""};
    assert_int_equal(
        mod_zta_discovery_parse(zta_text_of(document), ZTA_TEXT(ISSUER), &discovery, &error),
        ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_https_and_loopback_are_fetched),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
        cmocka_unit_test(both_forms_of_the_place_are_as_their_standards_say),
        cmocka_unit_test(a_document_counts_only_for_the_issuer_it_names),
        cmocka_unit_test(a_plain_issuer_on_loopback_may_have_plain_keys),
        cmocka_unit_test(a_document_may_have_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
