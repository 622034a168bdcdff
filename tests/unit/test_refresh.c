/* SPDX-License-Identifier: Apache-2.0 */
/* From the fetcher into the store and on to the children; what is asked for; what is alarmed. */
#include "mod_zta/helper/refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mod_zta/identity/issuer.h"
#include "shared/live/issuers.h"
#include "shared/store/keysets.h"
#include "shared/store/published.h"
#include "tests/unit/http_server.h"
#include "tests/unit/jose_sign.h"
#include "tests/unit/observer_world.h"

#define SOURCE UINT64_C(77)

static struct world world;
static struct http_server *server;
static struct mod_zta_refresh *refresh;
static char keys_url[128];
static char jwks[2][JOSE_TEXT_MAX];
static char answers[2][JOSE_TEXT_MAX + 256];
static struct zta_issuer_place place;
static struct mod_zta_fetch_issuer issuer;

static const struct http_script scripts[2][1] = {{{.path = NULL, .answer = answers[0]}},
                                                 {{.path = NULL, .answer = answers[1]}}};
static const struct http_script down[] = {
    {.path = NULL, .answer = "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"}};

static int make_keys(void **state)
{
    (void)state;
    static char jwk[JOSE_TEXT_MAX];
    for (int i = 0; i < 2; i++) {
        EVP_PKEY *key = jose_key("Ed25519", 0);
        jose_jwk(key, "k", "", jwk);
        EVP_PKEY_free(key);
        (void)snprintf(jwks[i], sizeof jwks[i], "{\"keys\":[%.*s]}", JOSE_TEXT_MAX - 16, jwk);
        struct zta_buffer answer;
        zta_buffer_init(&answer, answers[i], sizeof answers[i]);
        zta_buffer_printf(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                          strlen(jwks[i]));
        zta_buffer_string(&answer, jwks[i]);
    }
    return 0;
}

static int setup(void **state)
{
    (void)state;
    const uint64_t source = SOURCE;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    server = http_server_open(scripts[0], false);
    (void)http_server_url(server, "/jwks", keys_url, sizeof keys_url);
    assert_int_equal(zta_issuers_claim(world.segment, &source, 1, 1), ZTA_OK);
    assert_int_equal(zta_issuer_find(world.segment, source, &place), ZTA_OK);
    issuer = (struct mod_zta_fetch_issuer){
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT("http://127.0.0.1"),
        .keys = zta_text_of(keys_url),
        .source = SOURCE,
        .algs = MOD_ZTA_ALG_EDDSA,
        .stale_s = 3600,
        .is_fetched = true,
    };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mod_zta_refresh_close(&refresh);
    http_server_close(&server);
    world_close(&world);
    return 0;
}

static void open_refresh(void)
{
    const struct mod_zta_refresh_options options = {.issuers = &issuer, .n_issuers = 1};
    assert_int_equal(mod_zta_refresh_open(world.observer, &options, world.real_ns, &refresh),
                     ZTA_OK);
}

/* The record as another process reads it; free(*storage). */
static enum zta_status read_record(struct zta_keyset_record *record, void **storage)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    enum zta_status status = zta_keyset_get(view, ZTA_TEXT("corp"), record, storage);
    zta_view_end(&view);
    return status;
}

/* The last transaction of state/. */
static uint64_t committed(void)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    uint64_t txn = zta_view_state_txn(view);
    zta_view_end(&view);
    return txn;
}

static bool holds_keys(int i)
{
    struct zta_keyset_record record;
    void *storage = NULL;
    bool holds = read_record(&record, &storage) == ZTA_OK &&
                 zta_text_equal(record.jwks, zta_text_of(jwks[i]));
    free(storage);
    return holds;
}

/* Rounds in which no clock but the real one of the fetcher moves, until it is so. */
static void pass_until(bool (*is_so)(void))
{
    int64_t until_ns = zta_clock_monotonic_ns() + 10 * ZTA_NS_PER_S;
    while (!is_so()) {
        assert_true(zta_clock_monotonic_ns() < until_ns);
        world.mono_ns = zta_clock_monotonic_ns();
        mod_zta_refresh_step(refresh, world.mono_ns, zta_clock_real_ns());
        struct timespec pause = {.tv_nsec = 2000000};
        (void)nanosleep(&pause, NULL);
    }
}

static bool has_first_keys(void)
{
    return holds_keys(0);
}

static bool has_second_keys(void)
{
    return holds_keys(1);
}

static uint32_t failures(void)
{
    struct zta_keyset_record record;
    void *storage = NULL;
    uint32_t n = read_record(&record, &storage) == ZTA_OK ? record.n_failures : 0;
    free(storage);
    return n;
}

static bool has_failed(void)
{
    return failures() > 0;
}

static void fetched_keys_are_stored_and_children_told(void **state)
{
    (void)state;
    open_refresh();
    pass_until(has_first_keys);
    uint64_t generation = zta_issuer_generation(world.segment, &place);
    assert_int_equal(generation, committed());
    struct zta_keyset_record record;
    void *storage;
    assert_int_equal(read_record(&record, &storage), ZTA_OK);
    assert_int_equal(record.source, SOURCE);
    assert_true(record.fetched_s > 0 && record.fetched_s == record.attempted_s);
    assert_true(record.good_until_s > record.fetched_s && record.next_s > record.fetched_s);
    assert_int_equal(record.n_failures, 0);
    assert_true(zta_text_is_absent(record.error));
    assert_true(zta_text_equal(record.jwks_uri, zta_text_of(keys_url)));
    free(storage);
}

static void an_unknown_key_asks_for_one_fetch(void **state)
{
    (void)state;
    open_refresh();
    pass_until(has_first_keys);
    size_t before = http_server_requests(server, NULL, 0);
    http_server_play(server, scripts[1]);
    for (int i = 0; i < 50; i++) {
        assert_true(zta_issuer_ask(world.segment, &place, world.mono_ns));
    }
    pass_until(has_second_keys);
    assert_int_equal(http_server_requests(server, NULL, 0), before + 1);
    assert_int_equal(zta_issuer_asked(world.segment, &place), 0);
    assert_int_equal(zta_issuer_generation(world.segment, &place), committed());
    assert_false(zta_issuer_ask(world.segment, &place, world.mono_ns));
}

static bool is_answered(void)
{
    return zta_issuer_asked(world.segment, &place) == 0;
}

static void a_failed_fetch_keeps_the_keys_and_answers_who_asked(void **state)
{
    (void)state;
    open_refresh();
    pass_until(has_first_keys);
    http_server_play(server, down);
    uint64_t generation = zta_issuer_generation(world.segment, &place);
    assert_true(zta_issuer_ask(world.segment, &place, world.mono_ns));
    pass_until(is_answered);
    assert_true(holds_keys(0));
    assert_true(failures() > 0);
    assert_int_equal(zta_issuer_generation(world.segment, &place), generation);
    http_server_play(server, scripts[1]);
    pass_until(has_second_keys);
    assert_int_equal(failures(), 0);
}

static bool note_alert(void *context, const struct zta_published_alert *alert)
{
    struct zta_buffer *buffer = context;
    zta_buffer_text(buffer, alert->name);
    zta_buffer_string(buffer, " ");
    return true;
}

static void alerts_of(char text[256])
{
    struct zta_buffer buffer;
    struct zta_view *view;
    zta_buffer_init(&buffer, text, 256);
    /* The observer publishes alerts in a round of its own, a second behind the last one. */
    static int64_t ahead_ns;
    ahead_ns += 5 * ZTA_NS_PER_S;
    world_pass(&world, ahead_ns);
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_published_each_alert(view, note_alert, &buffer), ZTA_OK);
    zta_view_end(&view);
}

static void an_issuer_that_does_not_answer_raises_alerts(void **state)
{
    (void)state;
    char text[256];
    open_refresh();
    pass_until(has_first_keys);
    alerts_of(text);
    assert_string_equal(text, "");
    http_server_play(server, down);
    assert_true(zta_issuer_ask(world.segment, &place, world.mono_ns));
    pass_until(has_failed);
    int64_t real_ns = zta_clock_real_ns();
    mod_zta_refresh_step(refresh, world.mono_ns + 2 * ZTA_NS_PER_S, real_ns);
    alerts_of(text);
    assert_string_equal(text, "issuer_refresh_failing ");
    real_ns += 7200 * ZTA_NS_PER_S;
    mod_zta_refresh_step(refresh, world.mono_ns + 4 * ZTA_NS_PER_S, real_ns);
    alerts_of(text);
    assert_string_equal(text, "issuer_keys_stale ");
}

static void put_stored(uint64_t source, const char *keys)
{
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    struct zta_store *store = mod_zta_observer_store(world.observer);
    assert_int_equal(zta_change_begin(store, "test", &change, &error), ZTA_OK);
    const struct zta_keyset_record record = {
        .name = ZTA_TEXT("corp"),
        .source = source,
        .url = issuer.url,
        .keys = issuer.keys,
        .etag = ZTA_TEXT("\"planted\""),
        .jwks = zta_text_of(keys),
        .fetched_s = zta_clock_real_ns() / ZTA_NS_PER_S,
    };
    struct zta_keyset_record other = record;
    other.name = ZTA_TEXT("former");
    assert_int_equal(zta_keyset_put(change, &record), ZTA_OK);
    assert_int_equal(zta_keyset_put(change, &other), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static void stored_keys_serve_while_the_issuer_is_down(void **state)
{
    (void)state;
    put_stored(SOURCE, jwks[0]);
    http_server_play(server, down);
    open_refresh();
    pass_until(has_failed);
    assert_true(holds_keys(0));
}

static void keys_of_another_configuration_do_not_serve(void **state)
{
    (void)state;
    put_stored(SOURCE + 1, jwks[0]);
    http_server_play(server, down);
    open_refresh();
    pass_until(has_failed);
    assert_false(holds_keys(0));
    struct zta_keyset_record record;
    void *storage;
    assert_int_equal(read_record(&record, &storage), ZTA_OK);
    assert_int_equal(record.jwks.len, 0);
    assert_int_equal(record.source, SOURCE);
    free(storage);
}

/* The first question of a start does not name what the store says of itself. */
static void what_was_planted_ends_when_the_issuer_answers(void **state)
{
    (void)state;
    put_stored(SOURCE, jwks[1]);
    open_refresh();
    pass_until(has_first_keys);
    char head[4096];
    (void)http_server_requests(server, head, sizeof head);
    assert_null(strcasestr(head, "if-none-match"));
    struct zta_keyset_record record;
    void *storage;
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_keyset_get(view, ZTA_TEXT("former"), &record, &storage), ZTA_NOT_FOUND);
    zta_view_end(&view);
}

static void keys_of_a_file_are_shown_and_never_fetched(void **state)
{
    (void)state;
    issuer.is_fetched = false;
    issuer.keys = ZTA_TEXT("file:/keys");
    issuer.jwks = zta_text_of(jwks[0]);
    open_refresh();
    pass_until(has_first_keys);
    assert_int_equal(http_server_requests(server, NULL, 0), 0);
}

static size_t n_before;

static bool is_fetched_again(void)
{
    return http_server_requests(server, NULL, 0) > n_before;
}

static void an_operators_request_is_passed_on(void **state)
{
    (void)state;
    open_refresh();
    pass_until(has_first_keys);
    n_before = http_server_requests(server, NULL, 0);
    struct zta_error error = {.text = ""};
    struct zta_store *store = NULL;
    struct zta_change *change;
    pid_t pid = fork(); /* LMDB is opened once a process */
    if (pid == 0) {
        bool is_done =
            zta_store_open(world.scratch.dir, ZTA_STORE_OPERATOR, 0, &store, &error) == ZTA_OK &&
            zta_change_begin(store, "test", &change, &error) == ZTA_OK &&
            zta_keyset_request(change, ZTA_TEXT("corp")) == ZTA_OK &&
            zta_change_commit(&change, &error) == ZTA_OK;
        _exit(is_done ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    pass_until(is_fetched_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetched_keys_are_stored_and_children_told, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_asks_for_one_fetch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_fetch_keeps_the_keys_and_answers_who_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_issuer_that_does_not_answer_raises_alerts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(stored_keys_serve_while_the_issuer_is_down, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(keys_of_another_configuration_do_not_serve, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_planted_ends_when_the_issuer_answers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(keys_of_a_file_are_shown_and_never_fetched, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_operators_request_is_passed_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
