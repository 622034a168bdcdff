/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from servers that behave and that do not; who is asked when, and how often. */
#include "mod_zta/helper/fetcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mod_zta/identity/issuer.h"
#include "shared/base/clock.h"
#include "tests/unit/http_server.h"
#include "tests/unit/jose_sign.h"

#define CLOSE "Connection: close\r\n"

static struct http_server *server;
static char base[64];
static char issuer_url[128];
static char keys_answer[JOSE_TEXT_MAX];
static char document_answer[1024];
static char wrong_answer[1024];
static char plain_answer[1024];

static const struct http_script script[] = {
    {.path = "/t/.well-known/openid-configuration", .answer = document_answer},
    {.path = "/jwks", .answer = keys_answer},
    {.path = "/wrong/.well-known/openid-configuration", .answer = wrong_answer},
    {.path = "/.well-known/oauth-authorization-server/plain", .answer = plain_answer},
    {.path = "/down/.well-known/openid-configuration",
     .answer = "HTTP/1.1 502 Bad Gateway\r\n" CLOSE "\r\n"},
    {.path = "/empty", .answer = "HTTP/1.1 200 OK\r\n" CLOSE "\r\n{\"keys\":[]}"},
    {.path = "/html", .answer = "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<html>"},
    {.path = "/secret",
     .answer = "HTTP/1.1 200 OK\r\n" CLOSE "\r\n{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"},
    {.path = NULL, .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
};

static const struct http_script unchanged_script[] = {
    {.path = "/jwks",
     .answer = "HTTP/1.1 304 Not Modified\r\n"
               "Cache-Control: max-age=7200\r\n\r\n"},
    {.path = NULL, .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
};

static int setup(void **state)
{
    (void)state;
    static char jwk[JOSE_TEXT_MAX];
    EVP_PKEY *key = jose_key("Ed25519", 0);
    jose_jwk(key, "k1", "", jwk);
    EVP_PKEY_free(key);
    server = http_server_open(script, false);
    (void)http_server_url(server, "", base, sizeof base);
    (void)snprintf(issuer_url, sizeof issuer_url, "%s/t", base);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, keys_answer, sizeof keys_answer);
    zta_buffer_printf(&buffer,
                      "HTTP/1.1 200 OK\r\n" CLOSE "ETag: \"e1\"\r\nCache-Control: max-age=600\r\n"
                      "Date: Fri, 01 Jan 2027 00:00:00 GMT\r\n\r\n"
                      "{\"keys\":[%s,{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"AAAA\"}]}",
                      jwk);
    static const char document[] = "HTTP/1.1 200 OK\r\n" CLOSE "\r\n{\"issuer\":\"%s%s\","
                                   "\"jwks_uri\":\"%s/jwks\","
                                   "\"introspection_endpoint\":\"%s/in\"}";
    (void)snprintf(document_answer, sizeof document_answer, document, base, "/t", base, base);
    (void)snprintf(wrong_answer, sizeof wrong_answer, document, base, "/other", base, base);
    (void)snprintf(plain_answer, sizeof plain_answer, document, base, "/plain", base, base);
    assert_int_equal(mod_zta_http_begin(), ZTA_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_close(&server);
    mod_zta_http_end();
    return 0;
}

static struct mod_zta_fetch_issuer issuer_of(const char *url, const char *keys)
{
    return (struct mod_zta_fetch_issuer){
        .name = ZTA_TEXT("corp"),
        .url = zta_text_of(url),
        .keys = zta_text_of(keys),
        .source = 7,
        .algs = MOD_ZTA_ALG_EDDSA,
        .stale_s = 86400,
        .is_fetched = true,
    };
}

static void fetch(const char *path, const char *keys, struct mod_zta_fetched *fetched)
{
    static const struct mod_zta_fetch_options options = {.ca_file = NULL};
    static const struct mod_zta_fetch_known nothing;
    char url[128];
    char keys_url[128];
    (void)snprintf(url, sizeof url, "%s%s", base, path);
    (void)snprintf(keys_url, sizeof keys_url, "%s%s", keys[0] == '/' ? base : "", keys);
    struct mod_zta_fetch_issuer issuer = issuer_of(url, keys_url);
    mod_zta_fetch(&issuer, &nothing, &options, fetched);
}

static void keys_are_found_by_either_form_of_discovery_or_by_their_url(void **state)
{
    (void)state;
    static const struct {
        const char *issuer;
        const char *keys;
        bool has_introspection;
    } cases[] = {
        {.issuer = "/t", .keys = "discover", .has_introspection = true},
        {.issuer = "/plain", .keys = "discover", .has_introspection = true},
        {.issuer = "/any", .keys = "/jwks", .has_introspection = false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mod_zta_fetched fetched;
        fetch(cases[i].issuer, cases[i].keys, &fetched);
        assert_string_equal(fetched.error, "");
        assert_true(fetched.is_good && !fetched.is_unchanged && fetched.jwks_len > 0);
        assert_string_equal(fetched.known.etag, "\"e1\"");
        assert_non_null(strstr(fetched.known.jwks_uri, "/jwks"));
        assert_int_equal(fetched.lifetime_s, 600);
        assert_int_equal(fetched.introspection_endpoint[0] != '\0', cases[i].has_introspection);
        assert_true(fetched.has_skew);
        assert_true(llabs(1798761600 - fetched.attempted_s - fetched.skew_s) <= 2);
        assert_non_null(strstr(fetched.warnings, "'s'"));
        free(fetched.jwks);
    }
}

static void what_is_no_key_set_of_that_issuer_does_not_count(void **state)
{
    (void)state;
    static const struct {
        const char *issuer;
        const char *keys;
        const char *fault;
    } cases[] = {
        {.issuer = "/wrong", .keys = "discover", .fault = "its issuer is"},
        {.issuer = "/down", .keys = "discover", .fault = "it answers 502"},
        {.issuer = "/nothing", .keys = "discover", .fault = "it answers 404"},
        {.issuer = "/t", .keys = "/missing", .fault = "it answers 404"},
        {.issuer = "/t", .keys = "/empty", .fault = "no JWKS"},
        {.issuer = "/t", .keys = "/html", .fault = "no JWKS"},
        {.issuer = "/t", .keys = "/secret", .fault = "can be used"},
        {.issuer = "/t", .keys = "http://127.0.0.1:1/jwks", .fault = "127.0.0.1"},
        {.issuer = "/t?x", .keys = "discover", .fault = "does not allow it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mod_zta_fetched fetched;
        fetch(cases[i].issuer, cases[i].keys, &fetched);
        if (fetched.is_good || strstr(fetched.error, cases[i].fault) == NULL) {
            fail_msg("%s %s: %s", cases[i].issuer, cases[i].keys, fetched.error);
        }
        assert_null(fetched.jwks);
        assert_string_equal(fetched.known.etag, "");
    }
}

static void keys_that_are_the_same_are_not_sent_again(void **state)
{
    (void)state;
    static const struct mod_zta_fetch_options options = {.ca_file = NULL};
    struct mod_zta_fetched fetched;
    struct mod_zta_fetch_known known = {.etag = "\"e1\""};
    char keys_url[128];
    (void)snprintf(keys_url, sizeof keys_url, "%s/jwks", base);
    (void)snprintf(known.jwks_uri, sizeof known.jwks_uri, "%s", keys_url);
    struct mod_zta_fetch_issuer issuer = issuer_of(issuer_url, keys_url);
    http_server_play(server, unchanged_script);
    mod_zta_fetch(&issuer, &known, &options, &fetched);
    assert_true(fetched.is_good && fetched.is_unchanged);
    assert_null(fetched.jwks);
    assert_string_equal(fetched.known.etag, "\"e1\"");
    assert_int_equal(fetched.lifetime_s, 7200);
    /* Of another place the ETag says nothing, and an answer that nobody asked for is none. */
    (void)snprintf(known.jwks_uri, sizeof known.jwks_uri, "%s/former", base);
    mod_zta_fetch(&issuer, &known, &options, &fetched);
    assert_false(fetched.is_good);
    assert_non_null(strstr(fetched.error, "it answers 304"));
    /* Keys are asked about twice before they are too old. */
    issuer.stale_s = 100;
    (void)snprintf(known.jwks_uri, sizeof known.jwks_uri, "%s", keys_url);
    mod_zta_fetch(&issuer, &known, &options, &fetched);
    assert_int_equal(fetched.lifetime_s, 50);
    http_server_play(server, script);
}

static struct mod_zta_fetch_result wait_for_result(struct mod_zta_fetcher *fetcher)
{
    struct mod_zta_fetch_result result = {.issuer = SIZE_MAX};
    int64_t until_ns = zta_clock_monotonic_ns() + 10 * ZTA_NS_PER_S;
    while (!mod_zta_fetcher_take(fetcher, &result)) {
        assert_true(zta_clock_monotonic_ns() < until_ns);
        struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    return result;
}

static void every_issuer_is_asked_at_once_and_again_when_somebody_asks(void **state)
{
    (void)state;
    char keys_url[128];
    char bad_url[128];
    (void)snprintf(keys_url, sizeof keys_url, "%s/jwks", base);
    (void)snprintf(bad_url, sizeof bad_url, "%s/missing", base);
    struct mod_zta_fetch_issuer issuers[3] = {issuer_of(issuer_url, keys_url),
                                              issuer_of(issuer_url, "file:/k"),
                                              issuer_of(issuer_url, bad_url)};
    issuers[1].is_fetched = false;
    struct mod_zta_fetcher *fetcher = NULL;
    assert_int_equal(mod_zta_fetcher_open(issuers, 3, NULL, &fetcher), ZTA_OK);
    for (int i = 0; i < 2; i++) {
        struct mod_zta_fetch_result result = wait_for_result(fetcher);
        assert_int_not_equal(result.issuer, 1);
        assert_int_equal(result.fetched.is_good, result.issuer == 0);
        assert_int_equal(result.ticket, 0);
        int64_t wait_s = result.next_s - result.fetched.attempted_s;
        if (result.issuer == 0) {
            assert_int_equal(result.n_failures, 0);
            assert_true(wait_s >= 539 && wait_s <= 601);
        }
        else {
            assert_int_equal(result.n_failures, 1);
            assert_true(wait_s <= 2);
        }
        free(result.fetched.jwks);
    }
    mod_zta_fetcher_ask(fetcher, 0, 42);
    mod_zta_fetcher_ask(fetcher, 1, 43);
    struct mod_zta_fetch_result result = {.issuer = 2};
    while (result.issuer != 0) {
        result = wait_for_result(fetcher); /* the failing one is tried again meanwhile */
        free(result.fetched.jwks);
    }
    assert_int_equal(result.ticket, 42);
    mod_zta_fetcher_close(&fetcher);
    mod_zta_fetcher_close(&fetcher);
}

static void a_fetcher_ends_while_an_issuer_is_slow(void **state)
{
    (void)state;
    static const struct http_script slow[] = {
        {.path = NULL,
         .answer = "HTTP/1.1 200 OK\r\nX: 01234567890123456789012345678901234567890\r\n\r\n{}",
         .pause_ms = 100}};
    char keys_url[128];
    (void)snprintf(keys_url, sizeof keys_url, "%s/jwks", base);
    struct mod_zta_fetch_issuer issuer = issuer_of(issuer_url, keys_url);
    size_t before = http_server_requests(server, NULL, 0);
    struct mod_zta_fetcher *fetcher = NULL;
    http_server_play(server, slow);
    assert_int_equal(mod_zta_fetcher_open(&issuer, 1, NULL, &fetcher), ZTA_OK);
    while (http_server_requests(server, NULL, 0) == before) {
        struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    int64_t begun_ns = zta_clock_monotonic_ns();
    mod_zta_fetcher_close(&fetcher);
    assert_true(zta_clock_monotonic_ns() - begun_ns < 3 * ZTA_NS_PER_S);
    http_server_play(server, script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_by_either_form_of_discovery_or_by_their_url),
        cmocka_unit_test(what_is_no_key_set_of_that_issuer_does_not_count),
        cmocka_unit_test(keys_that_are_the_same_are_not_sent_again),
        cmocka_unit_test(every_issuer_is_asked_at_once_and_again_when_somebody_asks),
        cmocka_unit_test(a_fetcher_ends_while_an_issuer_is_slow),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
