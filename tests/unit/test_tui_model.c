/* SPDX-License-Identifier: Apache-2.0 */
/* What the console holds of a store while it waits for a key: no snapshot, little memory. */
#include "admin-tui/console/app.h"

#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-tui/console/listing.h"
#include "admin-tui/console/model_priv.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/segment.h"
#include "shared/store/audit.h"
#include "shared/store/devices.h"
#include "shared/store/env_priv.h"
#include "shared/store/events.h"
#include "shared/store/pages.h"
#include "shared/store/published.h"
#include "tests/unit/scratch_store.h"
#include "tests/unit/store_fixture.h"

#define MANY   150000
#define ROUNDS 300

static struct store_fixture fixture;
static struct ctl ctl;
static struct tui_model *model;
static struct tui_app app;
static struct tui_canvas canvas;
static int64_t now_ns;

static void put_sessions(struct zta_change *change, uint32_t n)
{
    for (uint32_t i = 1; i <= n; i++) {
        struct zta_session session;
        memset(&session, 0, sizeof session);
        scratch_session_id(i, session.id);
        session.kind = ZTA_SESSION_SID;
        session.credential = ZTA_CREDENTIAL_TOKEN;
        session.last_s = now_ns / ZTA_NS_PER_S - i;
        (void)snprintf(session.subject, sizeof session.subject, "user%u", (unsigned)i);
        (void)snprintf(session.issuer, sizeof session.issuer, "corp");
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
}

static void put_heartbeat(struct zta_change *change)
{
    const uint64_t counters[ZTA_N_COUNTERS] = {[ZTA_COUNTER_REQUESTS] = 1};
    const struct zta_heartbeat heartbeat = {.time_s = now_ns / ZTA_NS_PER_S,
                                            .started_s = now_ns / ZTA_NS_PER_S - 7500,
                                            .ring_capacity = 8192,
                                            .version = "1.0"};
    assert_int_equal(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS),
                     ZTA_OK);
}

static void put_events(struct zta_change *change, uint64_t first, size_t n)
{
    static struct zta_event events[64];
    uint64_t sequences[64];
    const struct zta_event_key key = {.segment_created_ns = 1, .segment_id = 9};
    for (size_t i = 0; i < n; i++) {
        const struct scratch_event wanted = {
            .number = first + i, .time_ns = now_ns, .session = (uint32_t)i % 7 + 1};
        scratch_event_make(&wanted, &events[i]);
        sequences[i] = first + i;
    }
    assert_int_equal(zta_events_append(change, &key, events, sequences, n, first + n), ZTA_OK);
}

static void fill(uint32_t n_sessions)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "fixture");
    put_sessions(change, n_sessions);
    put_events(change, 1, 64);
    put_heartbeat(change);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
}

static void open_console(uint32_t n_sessions)
{
    struct zta_error error;
    now_ns = INT64_C(1800000000) * ZTA_NS_PER_S;
    store_fixture_make(&fixture);
    fill(n_sessions);
    ctl = (struct ctl){.dir = fixture.dir};
    assert_int_equal(tui_model_open(&ctl, &model, &error), ZTA_OK);
    assert_int_equal(tui_app_open(&app, model), ZTA_OK);
    assert_int_equal(tui_canvas_resize(&canvas, 100, 40), ZTA_OK);
}

static int teardown(void **state)
{
    tui_app_close(&app);
    tui_model_close(&model);
    tui_canvas_close(&canvas);
    store_fixture_remove(&fixture);
    return 0;
}

static int setup_few(void **state)
{
    open_console(20);
    return 0;
}

static int setup_many(void **state)
{
    open_console(MANY);
    return 0;
}

/* What the loop of the console does between two keys. */
static void look(void)
{
    (void)tui_app_refresh(&app, now_ns);
    do {
        tui_app_draw(&app, &canvas);
    } while (tui_app_go_on(&app));
}

static const char *line(int y)
{
    static char text[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    tui_canvas_row(&canvas, y, &out);
    return text;
}

static void go_to(const char *name)
{
    for (size_t i = 0; i < app.n_views; i++) {
        if (strcmp(app.views[i].ops->name, name) == 0) {
            while (app.current != i) {
                tui_app_key(&app, TUI_KEY_TAB);
            }
        }
    }
    assert_string_equal(app.views[app.current].ops->name, name);
}

/* ---- snapshots ---- */

struct slots {
    unsigned n;
    unsigned n_reading;
};

/* "  pid thread txnid\n", "-" when nothing is read; a line of titles before. */
static int count_slot(const char *text, void *context)
{
    struct slots *slots = context;
    char *thread = NULL;
    if (strtol(text, &thread, 10) == getpid()) {
        const char *txn = strrchr(thread, ' ');
        slots->n++;
        slots->n_reading += txn == NULL || strcmp(txn, " -\n") != 0;
    }
    return 0;
}

static struct slots slots_of(enum zta_env_id env)
{
    struct slots slots = {.n = 0};
    assert_true(mdb_reader_list(ctl.store->env[env].mdb, count_slot, &slots) >= 0);
    return slots;
}

static void no_snapshot_is_held_while_a_key_is_waited_for(void **state)
{
    static const int keys[] = {'j',
                               'G',
                               TUI_KEY_ENTER,
                               'e',
                               's',
                               '/',
                               '1',
                               TUI_KEY_ENTER,
                               'n',
                               'R',
                               TUI_KEY_ESCAPE,
                               TUI_KEY_ESCAPE,
                               'f',
                               'x',
                               TUI_KEY_ENTER};
    for (size_t view = 0; view < app.n_views; view++) {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            tui_app_key(&app, keys[i]);
            look();
            for (enum zta_env_id env = 0; env < ZTA_N_ENVS; env++) {
                const struct slots slots = slots_of(env);
                assert_true(slots.n > 0);
                assert_int_equal(slots.n_reading, 0);
            }
        }
        for (int i = 0; i < 4; i++) {
            tui_app_key(&app, TUI_KEY_ESCAPE);
        }
        tui_app_key(&app, TUI_KEY_TAB);
    }
}

/* As the helper: again and again what was there before. */
static int write_much(void *context)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    for (int i = 0; i < ROUNDS; i++) {
        struct zta_change *change = store_begin(store, "writer");
        put_sessions(change, 20);
        put_heartbeat(change);
        if (zta_change_commit(&change, &error) != ZTA_OK) {
            return 1;
        }
    }
    zta_store_close(&store);
    return 0;
}

static off_t size_of_state(void)
{
    struct stat found;
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb"), &found), 0);
    return found.st_size;
}

static void the_store_does_not_grow_while_the_console_waits(void **state)
{
    go_to("Sessions");
    look();
    assert_int_equal(run_in_child(write_much, NULL), 0);
    const off_t settled = size_of_state();
    for (int i = 0; i < 3; i++) {
        look();
        assert_int_equal(run_in_child(write_much, NULL), 0);
    }
    /* Pages of former states are used again; a snapshot would keep ROUNDS of them. */
    assert_true(size_of_state() <= settled + 64 * 4096);
}

static int write_events(void *context)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "writer");
    put_events(change, 65, 3);
    const int code = zta_change_commit(&change, &error) == ZTA_OK ? 0 : 1;
    zta_store_close(&store);
    return code;
}

static void what_is_stored_is_there_at_the_next_look(void **state)
{
    go_to("Traffic");
    look();
    const uint64_t before = model->tail.n_total;
    assert_int_equal(run_in_child(write_events, NULL), 0);
    look();
    assert_int_equal(model->tail.n_total, before + 3);
}

/* ---- more at once than is looked at ---- */

enum {
    BATCH = 64,
    BATCHES = 100
};

/* A heartbeat, and context batches of events. */
static int write_batches(void *context)
{
    struct zta_error error;
    const uint64_t n = *(const uint64_t *)context;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "fixture");
    put_heartbeat(change);
    for (uint64_t i = 1; i <= n; i++) {
        put_events(change, 1 + i * BATCH, BATCH);
    }
    const int code = zta_change_commit(&change, &error) == ZTA_OK ? 0 : 1;
    zta_store_close(&store);
    return code;
}

/* True when a line of the screen says it. */
static bool is_told(const char *text)
{
    bool is_there = false;
    for (int y = 0; y < 40 && !is_there; y++) {
        is_there = strstr(line(y), text) != NULL;
    }
    return is_there;
}

static void it_says_that_it_falls_behind_and_for_how_many_requests(void **state)
{
    uint64_t n = BATCHES;
    go_to("Traffic");
    look();
    assert_false(is_told("behind: "));
    assert_int_equal(run_in_child(write_batches, &n), 0);
    look();
    assert_int_equal(model->n_missed, BATCH * BATCHES - TUI_EVENTS_A_LOOK);
    assert_true(is_told("behind: 2.4k requests came between two looks and are only counted"));
    /* They are counted: as many as came, with those of the look before. */
    assert_int_equal(tui_pulse_sum(&model->pulse, TUI_SERIES_ALL, TUI_TALLY_S),
                     BATCH * (1 + BATCHES));
    n = 0;
    now_ns += 9 * ZTA_NS_PER_S;
    assert_int_equal(run_in_child(write_batches, &n), 0);
    look();
    assert_true(is_told("behind: "));
    now_ns += 2 * ZTA_NS_PER_S;
    look();
    assert_false(is_told("behind: "));
}

/* Of views that have nothing from a command, which comes when that has it. */
static void without_news_nothing_is_drawn(void **state)
{
    static const char *const names[] = {"Traffic", "Keys", "Audit", "Sessions"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        go_to(names[i]);
        look();
        look();
        now_ns += ZTA_NS_PER_S / 20;
        if (tui_app_refresh(&app, now_ns)) {
            fail_msg("%s is drawn again", names[i]);
        }
    }
    now_ns += ZTA_NS_PER_S;
    assert_true(tui_app_refresh(&app, now_ns)); /* the clock */
}

/* ---- many sessions ---- */

static void all_sessions_are_read_in_parts_until_they_are_whole(void **state)
{
    go_to("Sessions");
    look();
    assert_true(tui_app_is_busy(&app));
    assert_non_null(strstr(line(1), "reading, "));
    int looks = 1;
    for (; tui_app_is_busy(&app); looks++) {
        look();
        assert_true(zta_store_pages_held() < UINT64_C(64) << 20);
    }
    assert_true(looks > 1);
    look();
    assert_null(strstr(line(1), "reading"));
    assert_int_equal(model->window.n_matched, MANY);
    /* Nothing was stored since: nothing is read. */
    now_ns += 3600 * ZTA_NS_PER_S;
    look();
    assert_false(tui_app_is_busy(&app));
    assert_int_equal(model->window.n_walked, 0);
}

static void escape_stops_reading_and_what_was_found_stays(void **state)
{
    go_to("Sessions");
    look();
    assert_true(tui_app_is_busy(&app));
    const size_t n_shown = model->window.n_shown;
    assert_true(n_shown > 0);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    assert_false(app.is_over);
    for (int i = 0; i < 3; i++) {
        now_ns += 3600 * ZTA_NS_PER_S;
        look();
        assert_false(tui_app_is_busy(&app));
    }
    assert_non_null(strstr(line(2), "stopped, "));
    assert_int_equal(model->window.n_shown, n_shown);
    /* Another order reads anew. */
    tui_app_key(&app, 's');
    look();
    assert_true(tui_app_is_busy(&app));
    while (tui_app_is_busy(&app)) {
        look();
    }
    assert_int_equal(model->window.n_matched, MANY);
}

static bool count(void *context, const struct zta_session *session)
{
    ++*(uint64_t *)context;
    return true;
}

static void pages_of_the_store_are_given_back(void **state)
{
    struct zta_view *view = NULL;
    uint64_t n = 0;
    zta_store_drop_pages(ctl.store);
    const uint64_t before = zta_store_pages_held();
    assert_int_equal(zta_view_begin(ctl.store, &view), ZTA_OK);
    assert_int_equal(zta_session_each(view, count, &n), ZTA_OK);
    assert_int_equal(n, MANY);
    const uint64_t read = zta_store_pages_held();
    assert_true(read > before + 100 * MANY);
    zta_store_drop_pages(ctl.store);
    assert_true(zta_store_pages_held() < before + (read - before) / 4);
    /* They are there when they are asked for. */
    n = 0;
    assert_int_equal(zta_session_each(view, count, &n), ZTA_OK);
    assert_int_equal(n, MANY);
    zta_view_end(&view);
}

/* ---- the audit trail ---- */

/* An entry whose bytes are others than its hash is of. */
static int tamper(void *context)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    for (int i = 0; i < 3; i++) {
        store_append(store);
    }
    struct zta_change *change = store_begin(store, "tamper");
    const uint8_t second[8] = {[7] = 2};
    struct zta_blob value;
    uint8_t copy[1024];
    if (zta_change_get(change, ZTA_TABLE_AUDIT, ZTA_BLOB(second, sizeof second), &value) !=
            ZTA_OK ||
        value.size > sizeof copy) {
        return 1;
    }
    const size_t size = value.size;
    memcpy(copy, value.data, size);
    copy[size - 1] ^= 1;
    const enum zta_status status = zta_change_put(
        change, ZTA_TABLE_AUDIT, ZTA_BLOB(second, sizeof second), ZTA_BLOB(copy, size));
    const bool is_done = status == ZTA_OK && zta_change_commit(&change, &error) == ZTA_OK;
    zta_store_close(&store);
    return is_done ? 0 : 1;
}

static void a_broken_trail_is_shown_as_it_is_verified(void **state)
{
    struct zta_error error = {.text = ""};
    struct zta_sha256 head;
    struct zta_view *view = NULL;
    uint64_t n = 0;
    go_to("Audit");
    look();
    assert_non_null(strstr(line(1), "consistent"));
    assert_int_equal(run_in_child(tamper, NULL), 0);
    look();
    assert_null(strstr(line(1), "consistent"));
    assert_non_null(strstr(line(1), "broken at entry 2"));
    assert_int_equal(zta_view_begin(ctl.store, &view), ZTA_OK);
    assert_int_equal(zta_audit_verify(view, &n, &head, &error), ZTA_CORRUPT);
    zta_view_end(&view);
    assert_int_equal(n, 2);
    assert_int_equal(model->audit.n_verified, 2);
}

/* ---- many devices ---- */

#define DEVICES 5100

static void put_devices(void)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "fixture");
    for (unsigned i = 0; i < DEVICES; i++) {
        char id[32];
        bool is_changed = false;
        (void)snprintf(id, sizeof id, "laptop-%05u", i);
        const struct zta_device device = {.id = zta_text_of(id),
                                          .os =
                                              i + 1 < DEVICES ? zta_text_of(NULL) : ZTA_TEXT("aix"),
                                          .author = ZTA_TEXT("tester")};
        assert_int_equal(zta_device_put(change, &device, &is_changed), ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
}

static int setup_devices(void **state)
{
    now_ns = INT64_C(1800000000) * ZTA_NS_PER_S;
    store_fixture_make(&fixture);
    fill(20);
    put_devices();
    struct zta_error error;
    ctl = (struct ctl){.dir = fixture.dir};
    assert_int_equal(tui_model_open(&ctl, &model, &error), ZTA_OK);
    assert_int_equal(tui_app_open(&app, model), ZTA_OK);
    assert_int_equal(tui_canvas_resize(&canvas, 120, 40), ZTA_OK);
    return 0;
}

/* Until the command has printed its list. */
static const struct tui_rows *read_list(void)
{
    const struct tui_rows *rows = app.views[app.current].state;
    look();
    while (rows->feed.pid != 0) {
        struct pollfd output = {.fd = rows->feed.fd, .events = POLLIN};
        assert_int_equal(poll(&output, 1, 60000), 1);
        look();
    }
    return rows;
}

static void press(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        tui_app_key(&app, *keys == '\n' ? (int)TUI_KEY_ENTER : *keys);
    }
}

/* So is its order: what stands last by its id comes first by what it alone has. */
static void assert_sorted_as_a_whole(void)
{
    enum {
        OS = 5, /* of the columns */
    };
    struct tui_view *view = &app.views[app.current];
    assert_true(view->ops->sort_by(view, OS));
    assert_int_equal(read_list()->n_shown, 5000);
    assert_non_null(strstr(line(3), "laptop-05099"));
    assert_true(view->ops->sort_by(view, OS));
    assert_int_equal(read_list()->n_shown, 5000);
    assert_non_null(strstr(line(3), "laptop-00000"));
}

static void a_long_list_says_what_it_lacks_and_is_filtered_and_sorted(void **state)
{
    go_to("Devices");
    assert_int_equal(read_list()->n_shown, 5000);
    assert_non_null(strstr(line(1), "5000 of 5100 devices; f looks at all of them"));
    press("fid=laptop-05099\n");
    assert_int_equal(read_list()->n_shown, 1);
    assert_non_null(strstr(line(3), "laptop-05099"));
    assert_null(strstr(line(1), "5000 of"));
    press("f\025\n");
    assert_int_equal(read_list()->n_shown, 5000);
    assert_non_null(strstr(line(1), "5000 of 5100"));
    assert_sorted_as_a_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_broken_trail_is_shown_as_it_is_verified, setup_few,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_list_says_what_it_lacks_and_is_filtered_and_sorted,
                                        setup_devices, teardown),
        cmocka_unit_test_setup_teardown(no_snapshot_is_held_while_a_key_is_waited_for, setup_few,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_store_does_not_grow_while_the_console_waits, setup_few,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_stored_is_there_at_the_next_look, setup_few,
                                        teardown),
        cmocka_unit_test_setup_teardown(it_says_that_it_falls_behind_and_for_how_many_requests,
                                        setup_few, teardown),
        cmocka_unit_test_setup_teardown(without_news_nothing_is_drawn, setup_few, teardown),
        cmocka_unit_test_setup_teardown(all_sessions_are_read_in_parts_until_they_are_whole,
                                        setup_many, teardown),
        cmocka_unit_test_setup_teardown(escape_stops_reading_and_what_was_found_stays, setup_many,
                                        teardown),
        cmocka_unit_test_setup_teardown(pages_of_the_store_are_given_back, setup_many, teardown),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
