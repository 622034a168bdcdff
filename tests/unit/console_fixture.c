/* SPDX-License-Identifier: Apache-2.0 */
/* A store with a little of everything, hostile text too. */
#include "tests/unit/console_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/actions.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/events.h"
#include "shared/store/published.h"
#include "tests/unit/scratch_store.h"
#include "tests/unit/store_fixture.h"

#define N_EVENTS 300

static struct store_fixture fixture;
static struct ctl ctl;
struct tui_model *model;
struct tui_app app;
struct tui_canvas canvas;
int64_t now_ns;
bool is_clock_running;
char screen[SCREEN_SIZE];

static const char hostile[] = "/p\x1b]0;owned\x07\xff\xe2\x80\xae";

static void make_event(size_t i, struct zta_event *event)
{
    bool is_denied = i % 3 == 0;
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = zta_text_of(i % 5 == 0 ? hostile : "/orders/17"),
        [ZTA_EVENT_ROUTE] = ZTA_TEXT("/orders"),
        [ZTA_EVENT_SUBJECT] = ZTA_TEXT("alice\x1b[31m"),
        [ZTA_EVENT_AGENT] = zta_text_of(hostile),
    };
    const struct scratch_event wanted = {.number = i + 1,
                                         .time_ns = now_ns - (int64_t)(N_EVENTS - i) * 100000000,
                                         .session = (uint32_t)(i % 7) + 1,
                                         .source = (uint32_t)i,
                                         .route = "/orders",
                                         .path = "/x"};
    scratch_event_make(&wanted, event);
    event->outcome = is_denied ? ZTA_OUTCOME_DENY : ZTA_OUTCOME_ALLOW;
    event->reason = is_denied ? ZTA_REASON_NO_RULE : ZTA_REASON_OK;
    event->http_status = is_denied ? 403 : 200;
    zta_event_set_texts(event, texts);
}

static void append(struct zta_change *change, size_t first, size_t n)
{
    static struct zta_event events[N_EVENTS];
    static uint64_t sequences[N_EVENTS];
    const struct zta_event_key key = {.segment_created_ns = 1, .segment_id = 9};
    for (size_t i = 0; i < n; i++) {
        make_event(first + i, &events[i]);
        sequences[i] = first + i;
    }
    assert_int_equal(zta_events_append(change, &key, events, sequences, n, first + n), ZTA_OK);
}

static void publish(struct zta_change *change)
{
    const uint64_t counters[ZTA_N_COUNTERS] = {[ZTA_COUNTER_REQUESTS] = N_EVENTS};
    const struct zta_heartbeat heartbeat = {.time_s = now_ns / ZTA_NS_PER_S,
                                            .started_s = now_ns / ZTA_NS_PER_S - 7500,
                                            .n_children = 2,
                                            .ring_capacity = 8192,
                                            .version = "1.0"};
    struct zta_published_location location = {.server = ZTA_TEXT("api.example.com:443"),
                                              .path = ZTA_TEXT("/orders")};
    location.stance.stage = 1;
    location.stance.monitor = 2;
    assert_int_equal(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS),
                     ZTA_OK);
    assert_int_equal(zta_published_put_locations(change, &location, 1), ZTA_OK);
}

static void put_sessions(struct zta_change *change)
{
    for (uint32_t i = 1; i <= 7; i++) {
        struct zta_session session;
        memset(&session, 0, sizeof session);
        scratch_session_id(i, session.id);
        session.kind = i == 7 ? ZTA_SESSION_CNF : ZTA_SESSION_SID;
        session.credential = ZTA_CREDENTIAL_TOKEN;
        session.last_s = now_ns / ZTA_NS_PER_S - i;
        session.n_requests = 100 * i;
        (void)snprintf(session.subject, sizeof session.subject, "user%u%s", (unsigned)i,
                       i == 3 ? "\x1b[2J" : "");
        (void)snprintf(session.issuer, sizeof session.issuer, "corp");
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
}

static void make_key(void)
{
    const struct ctl_actor actor = {.author = "tester", .login = "tester"};
    struct zta_key key = {.id = "abcdefghijkl", .name = ZTA_TEXT("billing"), .created_s = 1};
    struct ctl_action action = {.store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR),
                                .actor = &actor};
    assert_int_equal(ctl_action_key_create(&action, &key), ZTA_OK);
    zta_store_close(&action.store);
}

int open_filled(void **state)
{
    struct zta_error error;
    now_ns = INT64_C(1800000000) * ZTA_NS_PER_S;
    store_fixture_make(&fixture);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "fixture");
    append(change, 0, N_EVENTS);
    publish(change);
    put_sessions(change);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
    make_key();
    open_console(fixture.dir);
    return 0;
}

int close_filled(void **state)
{
    close_console();
    store_fixture_remove(&fixture);
    return 0;
}

void open_console(const char *dir)
{
    struct zta_error error;
    memset(&ctl, 0, sizeof ctl);
    ctl.dir = dir;
    (void)snprintf(ctl.actor.author, sizeof ctl.actor.author, "tester");
    assert_int_equal(tui_model_open(&ctl, &model, &error), ZTA_OK);
    assert_int_equal(tui_app_open(&app, model), ZTA_OK);
}

void close_console(void)
{
    tui_app_close(&app);
    tui_model_close(&model);
    tui_canvas_close(&canvas);
}

const char *draw(int width, int height)
{
    struct zta_buffer out;
    zta_buffer_init(&out, screen, sizeof screen);
    assert_int_equal(tui_canvas_resize(&canvas, width, height), ZTA_OK);
    (void)tui_app_refresh(&app, is_clock_running ? zta_clock_real_ns() : now_ns);
    do {
        tui_app_draw(&app, &canvas);
    } while (tui_app_go_on(&app));
    for (int y = 0; y < height; y++) {
        tui_canvas_row(&canvas, y, &out);
        zta_buffer_string(&out, "\n");
    }
    return screen;
}

int selected_row(void)
{
    for (int y = 1; y < canvas.height; y++) {
        if (canvas.cells[y * canvas.width + 2].is_selected) {
            return y;
        }
    }
    return -1;
}

void press(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        tui_app_key(&app, *keys == '\r' ? (int)TUI_KEY_ENTER : *keys);
    }
}

void assert_shows(const char *text)
{
    if (strstr(screen, text) == NULL) {
        fail_msg("'%s' is not on the screen:\n%s", text, screen);
    }
}

void draw_until(const char *text)
{
    const int64_t end_ns = zta_clock_monotonic_ns() + 60 * ZTA_NS_PER_S;
    while (strstr(draw(120, 35), text) == NULL) {
        if (zta_clock_monotonic_ns() > end_ns) {
            fail_msg("'%s' is not on the screen:\n%s", text, screen);
        }
    }
}
