/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to servers that misbehave: what comes back is whole, in time, and from there. */
#include "mod_zta/identity/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/http_server.h"

#define OK_HEAD  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
#define BODY_MAX 4096
#define PAD      "X-Pad: 01234567890123456789012345678901234567890123456789\r\n"

static struct http_server *server;
static char other_redirect[256];
static char downgrade[256];

static struct http_script script[] = {
    {.path = "/good",
     .answer = OK_HEAD "ETag: \"v1\"\r\nCache-Control: public, max-age=300\r\n"
                       "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n\r\n{}"},
    {.path = "/unchanged", .answer = "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"},
    {.path = "/missing", .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/huge", .answer = "HTTP/1.1 200 OK\r\n\r\nx", .n_repeats = 50000000},
    {.path = "/lying", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"},
    {.path = "/limit", .answer = "HTTP/1.1 200 OK\r\n\r\nx", .n_repeats = BODY_MAX - 1},
    {.path = "/above", .answer = "HTTP/1.1 200 OK\r\n\r\nx", .n_repeats = BODY_MAX},
    {.path = "/slow",
     .answer = "HTTP/1.1 200 OK\r\n" PAD PAD PAD "Content-Length: 9\r\n\r\n{}",
     .pause_ms = 50},
    {.path = "/heads", .answer = "HTTP/1.1 200 OK\r\nX: y", .n_repeats = 50000000},
    {.path = "/noise", .answer = "\1\2\3\r\n\r\n"},
    {.path = "/closed", .answer = NULL},
    {.path = "/near",
     .answer = "HTTP/1.1 302 Found\r\nLocation: /good\r\n"
               "Content-Length: 0\r\n\r\n"},
    {.path = "/round",
     .answer = "HTTP/1.1 301 Moved\r\nLocation: /round\r\n"
               "Content-Length: 0\r\n\r\n"},
    {.path = "/nowhere", .answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/file",
     .answer = "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
               "Content-Length: 0\r\n\r\n"},
    {.path = "/other", .answer = other_redirect},
    {.path = "/downgrade", .answer = downgrade},
    {.path = "/open", .answer = OK_HEAD "\r\n{}", .behind = HTTP_BEHIND_OPEN},
    {.path = "/lost", .answer = OK_HEAD "\r\n{}", .behind = HTTP_BEHIND_LOST},
    {.path = "/held", .answer = OK_HEAD "\r\n{}", .pause_ms = 4, .behind = HTTP_BEHIND_OPEN},
    {.path = "/etag", .answer = OK_HEAD "ETag: \"a\tb\"\r\n\r\n{}"},
    {.path = NULL, .answer = "HTTP/1.1 500 Unexpected\r\nContent-Length: 0\r\n\r\n"},
};

static enum zta_status get_with(struct mod_zta_http_request *request, const char *path,
                                struct mod_zta_http_answer *answer, struct zta_error *error)
{
    char url[256];
    request->url = http_server_url(server, path, url, sizeof url);
    request->body_max = BODY_MAX;
    error->text[0] = '\0';
    return mod_zta_http_get(request, answer, error);
}

static enum zta_status get(const char *path, struct mod_zta_http_answer *answer,
                           struct zta_error *error)
{
    struct mod_zta_http_request request = {.timeout_ms = 2000};
    return get_with(&request, path, answer, error);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(mod_zta_http_begin(), ZTA_OK);
    server = http_server_open(script, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_close(&server);
    mod_zta_http_end();
    return 0;
}

static void an_answer_comes_with_what_is_said_about_it(void **state)
{
    (void)state;
    struct mod_zta_http_answer answer;
    struct zta_error error;
    assert_int_equal(get("/good", &answer, &error), ZTA_OK);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_len, 2);
    assert_memory_equal(answer.body, "{}", 2);
    assert_string_equal(answer.etag, "\"v1\"");
    assert_int_equal(answer.max_age_s, 300);
    assert_int_equal(answer.date_s, 1800000000);
    assert_true(llabs(answer.at_s - zta_clock_real_ns() / ZTA_NS_PER_S) < 10);
    free(answer.body);
    char head[4096];
    (void)http_server_requests(server, head, sizeof head);
    assert_null(strcasestr(head, "if-none-match"));
    assert_null(strcasestr(head, "accept-encoding"));
    assert_null(strcasestr(head, "authorization"));
}

static void what_is_there_already_is_asked_about(void **state)
{
    (void)state;
    struct mod_zta_http_request request = {.etag = "\"v1\""};
    struct mod_zta_http_answer answer;
    struct zta_error error;
    assert_int_equal(get_with(&request, "/unchanged", &answer, &error), ZTA_OK);
    assert_int_equal(answer.status, 304);
    assert_null(answer.body);
    assert_int_equal(answer.max_age_s, -1);
    char head[4096];
    (void)http_server_requests(server, head, sizeof head);
    assert_non_null(strstr(head, "If-None-Match: \"v1\"\r\n"));
}

static void a_form_goes_out_once_and_to_that_url_alone(void **state)
{
    (void)state;
    struct mod_zta_http_request request = {
        .form = "token=a%26b&x=y",
        .authorization = "Basic YTpi",
        .body_max = BODY_MAX,
        .timeout_ms = 2000,
    };
    struct mod_zta_http_answer answer;
    struct zta_error error = {.text = ""};
    char url[256];
    char head[4096];
    request.url = http_server_url(server, "/good", url, sizeof url);
    size_t before = http_server_requests(server, head, sizeof head);
    assert_int_equal(mod_zta_http_post(&request, &answer, &error), ZTA_OK);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_len, 2);
    free(answer.body);
    assert_int_equal(http_server_requests(server, head, sizeof head), before + 1);
    assert_int_equal(strncmp(head, "POST /good HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(head, "\r\nAuthorization: Basic YTpi\r\n"));
    assert_non_null(strstr(head, "\r\n\r\ntoken=a%26b&x=y"));
    assert_null(strcasestr(head, "\r\nexpect:"));
    static const char *const redirects[] = {"/near", "/round", "/nowhere", "/file"};
    for (size_t i = 0; i < sizeof redirects / sizeof redirects[0]; i++) {
        before = http_server_requests(server, head, sizeof head);
        request.url = http_server_url(server, redirects[i], url, sizeof url);
        assert_int_equal(mod_zta_http_post(&request, &answer, &error), ZTA_OK);
        assert_true(answer.status == 301 || answer.status == 302);
        free(answer.body);
        assert_int_equal(http_server_requests(server, head, sizeof head), before + 1);
    }
    request.form = NULL;
    assert_int_equal(mod_zta_http_post(&request, &answer, &error), ZTA_INVALID);
    char long_value[MOD_ZTA_HTTP_VALUE_MAX + 2];
    memset(long_value, 'x', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    request.form = "a=b";
    request.authorization = long_value;
    assert_int_equal(mod_zta_http_post(&request, &answer, &error), ZTA_TOO_LARGE);
}

static void other_statuses_are_answers_too(void **state)
{
    (void)state;
    struct mod_zta_http_answer answer;
    struct zta_error error;
    assert_int_equal(get("/missing", &answer, &error), ZTA_OK);
    assert_int_equal(answer.status, 404);
    free(answer.body);
    assert_int_equal(get("/etag", &answer, &error), ZTA_OK);
    assert_string_equal(answer.etag, "");
    free(answer.body);
    assert_int_equal(get("/limit", &answer, &error), ZTA_OK);
    assert_int_equal(answer.body_len, BODY_MAX);
    free(answer.body);
}

static void servers_that_misbehave_give_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum zta_status status;
        const char *text;
    } cases[] = {
        {.path = "/huge", .status = ZTA_TOO_LARGE, .text = "above 4096 bytes"},
        {.path = "/above", .status = ZTA_TOO_LARGE, .text = "above 4096 bytes"},
        {.path = "/lying", .status = ZTA_IO, .text = ""},
        {.path = "/heads", .status = ZTA_IO, .text = ""},
        {.path = "/noise", .status = ZTA_IO, .text = ""},
        {.path = "/closed", .status = ZTA_IO, .text = ""},
        {.path = "/round", .status = ZTA_FORBIDDEN, .text = "again and again"},
        {.path = "/file", .status = ZTA_FORBIDDEN, .text = "another host"},
        {.path = "/other", .status = ZTA_FORBIDDEN, .text = "another host"},
    };
    (void)snprintf(other_redirect, sizeof other_redirect,
                   "HTTP/1.1 302 Found\r\nLocation: http://localhost:%d/good\r\n"
                   "Content-Length: 0\r\n\r\n",
                   http_server_port(server));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mod_zta_http_answer answer;
        struct zta_error error;
        int64_t begun_ns = zta_clock_monotonic_ns();
        enum zta_status status = get(cases[i].path, &answer, &error);
        if (status != cases[i].status || strstr(error.text, cases[i].text) == NULL ||
            error.text[0] == '\0') {
            fail_msg("%s: %s, %s", cases[i].path, zta_status_text(status), error.text);
        }
        assert_true(zta_clock_monotonic_ns() - begun_ns < 4 * ZTA_NS_PER_S);
    }
}

static void a_redirect_within_the_origin_is_followed(void **state)
{
    (void)state;
    struct mod_zta_http_answer answer;
    struct zta_error error;
    assert_int_equal(get("/near", &answer, &error), ZTA_OK);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_len, 2);
    free(answer.body);
    assert_int_equal(get("/nowhere", &answer, &error), ZTA_FORBIDDEN);
}

static void a_slow_server_is_left_in_time(void **state)
{
    (void)state;
    struct mod_zta_http_request request = {.timeout_ms = 300};
    struct mod_zta_http_answer answer;
    struct zta_error error;
    int64_t begun_ns = zta_clock_monotonic_ns();
    assert_int_equal(get_with(&request, "/slow", &answer, &error), ZTA_IO);
    assert_true(zta_clock_monotonic_ns() - begun_ns < 2 * ZTA_NS_PER_S);
    assert_true(error.text[0] != '\0');
}

static bool is_cancelled(void *context)
{
    return *(bool *)context;
}

static void who_waits_can_be_called_back(void **state)
{
    (void)state;
    bool is_over = true;
    struct mod_zta_http_request request = {.is_cancelled = is_cancelled, .context = &is_over};
    struct mod_zta_http_answer answer;
    struct zta_error error;
    int64_t begun_ns = zta_clock_monotonic_ns();
    assert_int_equal(get_with(&request, "/slow", &answer, &error), ZTA_IO);
    assert_true(zta_clock_monotonic_ns() - begun_ns < 3 * ZTA_NS_PER_S);
}

static void what_may_not_be_fetched_is_not_asked_for(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://idp.example/", "file:///etc/passwd", "ftp://x/",
                                       "https://u:p@localhost/", ""};
    size_t before = http_server_requests(server, NULL, 0);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct mod_zta_http_request request = {.url = urls[i], .body_max = BODY_MAX};
        struct mod_zta_http_answer answer;
        struct zta_error error;
        assert_int_equal(mod_zta_http_get(&request, &answer, &error), ZTA_FORBIDDEN);
    }
    assert_int_equal(http_server_requests(server, NULL, 0), before);
}

static void tls_counts_only_when_it_verifies(void **state)
{
    (void)state;
    struct http_server *plain = server;
    server = http_server_open(script, true);
    struct mod_zta_http_request request = {.ca_file = http_server_ca(server)};
    struct mod_zta_http_answer answer;
    struct zta_error error;
    assert_int_equal(get_with(&request, "/good", &answer, &error), ZTA_OK);
    free(answer.body);
    (void)snprintf(downgrade, sizeof downgrade,
                   "HTTP/1.1 302 Found\r\nLocation: http://localhost:%d/good\r\n"
                   "Content-Length: 0\r\n\r\n",
                   http_server_port(plain));
    assert_int_equal(get_with(&request, "/downgrade", &answer, &error), ZTA_FORBIDDEN);

    struct mod_zta_http_request unknown = {.ca_file = NULL};
    assert_int_equal(get_with(&unknown, "/good", &answer, &error), ZTA_IO);
    assert_non_null(strstr(error.text, "certificate"));
    char url[256];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/good", http_server_port(server));
    struct mod_zta_http_request other_name = {
        .url = url, .ca_file = http_server_ca(server), .body_max = BODY_MAX};
    assert_int_equal(mod_zta_http_get(&other_name, &answer, &error), ZTA_IO);
    struct mod_zta_http_request no_file = {.ca_file = "/nonexistent"};
    assert_int_equal(get_with(&no_file, "/good", &answer, &error), ZTA_IO);
    http_server_close(&server);
    server = plain;
}

static void a_life_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t age_s;
    } cases[] = {
        {.value = "max-age=60", .age_s = 60},
        {.value = "public, Max-Age=60 , must-revalidate", .age_s = 60},
        {.value = "max-age=\"60\"", .age_s = 60},
        {.value = "max-age=60, max-age=30", .age_s = 30},
        {.value = "no-store", .age_s = 0},
        {.value = "max-age=60,no-cache", .age_s = 0},
        {.value = "max-age=99999999999999999999", .age_s = -1},
        {.value = "max-age=9999999999", .age_s = 31536000},
        {.value = "max-age=-1", .age_s = -1},
        {.value = "max-age=1e3", .age_s = -1},
        {.value = "max-age=", .age_s = -1},
        {.value = "max-age", .age_s = -1},
        {.value = "s-maxage=60", .age_s = -1},
        {.value = ",,,", .age_s = -1},
        {.value = "", .age_s = -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mod_zta_http_max_age(zta_text_of(cases[i].value)) != cases[i].age_s) {
            fail_msg("%s", cases[i].value);
        }
    }
}

/* ---- connections that are kept ---- */

static enum zta_status post_kept(struct http_server *to, const char *path, const char *ca_file)
{
    struct mod_zta_http_answer answer = {.status = 0};
    struct zta_error error = {.text = ""};
    char url[256];
    const struct mod_zta_http_request request = {
        .url = http_server_url(to, path, url, sizeof url),
        .ca_file = ca_file,
        .form = "token=a",
        .keeps_connection = true,
        .body_max = BODY_MAX,
        .timeout_ms = 2000,
    };
    enum zta_status status = mod_zta_http_post(&request, &answer, &error);
    assert_true(status != ZTA_OK || (answer.status == 200 && answer.body_len == 2));
    free(answer.body);
    return status;
}

static void many_requests_go_over_one_connection(void **state)
{
    struct http_server *tls_server = http_server_open(script, true);
    struct http_server *const servers[] = {server, tls_server};
    for (size_t i = 0; i < 2; i++) {
        const char *ca_file = i == 1 ? http_server_ca(tls_server) : NULL;
        size_t n_requests = http_server_requests(servers[i], NULL, 0);
        size_t n_connections = http_server_connections(servers[i]);
        for (int n = 0; n < 20; n++) {
            assert_int_equal(post_kept(servers[i], "/open", ca_file), ZTA_OK);
        }
        assert_int_equal(http_server_requests(servers[i], NULL, 0), n_requests + 20);
        assert_int_equal(http_server_connections(servers[i]), n_connections + 1);
        /* Who does not ask for it gets a connection of his own. */
        struct mod_zta_http_request request = {.ca_file = ca_file};
        struct mod_zta_http_answer answer;
        struct zta_error error;
        char url[256];
        request.url = http_server_url(servers[i], "/open", url, sizeof url);
        request.body_max = BODY_MAX;
        assert_int_equal(mod_zta_http_get(&request, &answer, &error), ZTA_OK);
        free(answer.body);
        assert_int_equal(http_server_connections(servers[i]), n_connections + 2);
    }
    http_server_close(&tls_server);
}

static void a_connection_that_was_lost_is_replaced_within_the_request(void **state)
{
    size_t n_requests = http_server_requests(server, NULL, 0);
    mod_zta_http_close_idle();
    assert_int_equal(mod_zta_http_begin(), ZTA_OK);
    size_t n_connections = http_server_connections(server);
    for (size_t n = 1; n <= 10; n++) {
        assert_int_equal(post_kept(server, "/lost", NULL), ZTA_OK);
        assert_int_equal(http_server_connections(server), n_connections + n);
    }
    assert_int_equal(http_server_requests(server, NULL, 0), n_requests + 10);
}

static void a_kept_connection_serves_nobody_who_trusts_others(void **state)
{
    struct http_server *one = http_server_open(script, true);
    struct http_server *other = http_server_open(script, true);
    assert_int_equal(post_kept(one, "/open", http_server_ca(one)), ZTA_OK);
    assert_int_equal(post_kept(one, "/open", http_server_ca(other)), ZTA_IO);
    assert_int_equal(post_kept(one, "/open", NULL), ZTA_IO);
    http_server_close(&one);
    http_server_close(&other);
}

static void nothing_is_kept_behind_the_end(void **state)
{
    assert_int_equal(post_kept(server, "/open", NULL), ZTA_OK);
    mod_zta_http_close_idle();
    size_t n_connections = http_server_connections(server);
    assert_int_equal(post_kept(server, "/open", NULL), ZTA_OK);
    assert_int_equal(post_kept(server, "/open", NULL), ZTA_OK);
    assert_int_equal(http_server_connections(server), n_connections + 2);
    assert_int_equal(mod_zta_http_begin(), ZTA_OK);
}

#define N_THREADS  12
#define N_REQUESTS 30

static void *post_often(void *context)
{
    size_t n_failed = 0;
    for (int n = 0; n < N_REQUESTS; n++) {
        const char *path = n % 10 == 9 ? "/lost" : "/open";
        n_failed += post_kept(server, n == 0 ? "/held" : path, NULL) != ZTA_OK;
    }
    *(size_t *)context = n_failed;
    return NULL;
}

static void threads_share_what_waits(void **state)
{
    pthread_t threads[N_THREADS];
    size_t n_failed[N_THREADS];
    size_t n_requests = http_server_requests(server, NULL, 0);
    size_t n_connections = http_server_connections(server);
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_often, &n_failed[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(n_failed[i], 0);
    }
    assert_int_equal(http_server_requests(server, NULL, 0), n_requests + N_THREADS * N_REQUESTS);
    n_connections = http_server_connections(server) - n_connections;
    assert_true(n_connections <= N_THREADS * N_REQUESTS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_with_what_is_said_about_it),
        cmocka_unit_test(what_is_there_already_is_asked_about),
        cmocka_unit_test(a_form_goes_out_once_and_to_that_url_alone),
        cmocka_unit_test(other_statuses_are_answers_too),
        cmocka_unit_test(servers_that_misbehave_give_no_answer),
        cmocka_unit_test(a_redirect_within_the_origin_is_followed),
        cmocka_unit_test(a_slow_server_is_left_in_time),
        cmocka_unit_test(who_waits_can_be_called_back),
        cmocka_unit_test(what_may_not_be_fetched_is_not_asked_for),
        cmocka_unit_test(tls_counts_only_when_it_verifies),
        cmocka_unit_test(a_life_is_read_strictly),
        cmocka_unit_test(many_requests_go_over_one_connection),
        cmocka_unit_test(a_connection_that_was_lost_is_replaced_within_the_request),
        cmocka_unit_test(a_kept_connection_serves_nobody_who_trusts_others),
        cmocka_unit_test(nothing_is_kept_behind_the_end),
        cmocka_unit_test(threads_share_what_waits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
