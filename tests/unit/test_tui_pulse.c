/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded counting: the pulse of the last minutes, the window over sessions, lists, a search. */
#include "admin-tui/console/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/console/diagnosis.h"
#include "admin-tui/console/list.h"
#include "admin-tui/console/window.h"
#include "shared/decision.h"
#include "tests/unit/scratch_store.h"

#define NOW INT64_C(1800000000)

static struct tui_pulse pulse;
static struct zta_event event;

static void add(const char *route, enum zta_outcome outcome, enum zta_reason reason, uint64_t n,
                int64_t time_s)
{
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_ROUTE] = zta_text_of(route),
        [ZTA_EVENT_RULE] = ZTA_TEXT("calm"),
    };
    memset(&event, 0, sizeof event);
    event.outcome = (uint8_t)outcome;
    event.reason = (uint8_t)reason;
    zta_event_set_texts(&event, texts);
    tui_pulse_add(&pulse, &event, n, time_s);
}

static void rates_are_means_of_whole_seconds(void **state)
{
    double columns[3];
    tui_pulse_init(&pulse, NOW);
    for (int i = 0; i < 20; i++) {
        add("/a", ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, 5, NOW - i);
    }
    add("/a", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 10, NOW - 1);
    assert_true(tui_pulse_rate(&pulse, TUI_SERIES_ALL) == 6.0);
    assert_true(tui_pulse_rate(&pulse, TUI_SERIES_REFUSED) == 1.0);
    assert_int_equal(tui_pulse_sum(&pulse, TUI_SERIES_ALL, 2), 20);
    tui_pulse_series(&pulse, TUI_SERIES_ALL, 10, columns, 3);
    assert_true(columns[0] == 0 && columns[1] > 4 && columns[2] == 6.0);
}

static void what_is_old_is_forgotten(void **state)
{
    struct tui_top top[4];
    tui_pulse_init(&pulse, NOW);
    add("/a", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 7, NOW);
    tui_pulse_advance(&pulse, NOW + TUI_TALLY_S - TUI_TALLY_SLOT_S);
    assert_int_equal(tui_pulse_top(&pulse, TUI_TALLY_ROUTE, true, top, 4), 1);
    tui_pulse_advance(&pulse, NOW + TUI_TALLY_S);
    assert_int_equal(tui_pulse_top(&pulse, TUI_TALLY_ROUTE, true, top, 4), 0);
    assert_int_equal(tui_pulse_sum(&pulse, TUI_SERIES_ALL, TUI_PULSE_S), 7);
    tui_pulse_advance(&pulse, NOW + TUI_PULSE_S);
    assert_int_equal(tui_pulse_sum(&pulse, TUI_SERIES_ALL, TUI_PULSE_S), 0);
    add("/a", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 7, NOW);
    add("/a", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 7, NOW + 2 * TUI_PULSE_S);
    assert_int_equal(tui_pulse_sum(&pulse, TUI_SERIES_ALL, TUI_PULSE_S), 0);
}

static void the_frequent_stay_when_there_are_more_names_than_places(void **state)
{
    struct tui_top top[2];
    char route[32];
    tui_pulse_init(&pulse, NOW);
    add("/frequent", ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, 50, NOW);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(route, sizeof route, "/r%d", i);
        add(route, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, 1, NOW);
    }
    add("/frequent", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 3, NOW);
    assert_int_equal(tui_pulse_top(&pulse, TUI_TALLY_ROUTE, false, top, 2), 2);
    assert_string_equal(top[0].name, "/frequent");
    assert_int_equal(top[0].all, 53);
    assert_int_equal(top[0].refused, 3);
    assert_int_equal(tui_pulse_top(&pulse, TUI_TALLY_ROUTE, true, top, 2), 1);
}

static void the_diagnosis_says_what_why_and_where(void **state)
{
    static struct tui_health health;
    static struct tui_audit audit;
    char text[512];
    struct zta_buffer out;
    tui_pulse_init(&pulse, NOW);
    zta_buffer_init(&out, text, sizeof text);
    assert_int_equal(tui_diagnose(&pulse, &health, &audit, &out), TUI_ROLE_DIM);
    for (int i = 0; i < 200; i++) {
        add("/a", ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, 10, NOW - i);
    }
    for (int i = 0; i < 60; i++) {
        add("/b\x1b[2J", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 5, NOW - i);
    }
    zta_buffer_init(&out, text, sizeof text);
    assert_int_equal(tui_diagnose(&pulse, &health, &audit, &out), TUI_ROLE_WARN);
    assert_string_equal(text, "13 % of 2.3k requests refused in 3m 20s, mostly no_rule on "
                              "/b\\x1b[2J by calm, since 07:59:00");
    audit.n = 2;
    audit.rows[0] = (struct tui_audit_row){.time_s = NOW - 3, .who = "kim", .action = "late"};
    audit.rows[1] = (struct tui_audit_row){
        .time_s = NOW - 62, .who = "kim", .action = "rules apply", .target = "x\x1b"};
    zta_buffer_init(&out, text, sizeof text);
    (void)tui_diagnose(&pulse, &health, &audit, &out);
    assert_non_null(strstr(text, "since 07:59:00, after rules apply x\\x1b by kim"));
    audit.rows[1].time_s = NOW - 200;
    zta_buffer_init(&out, text, sizeof text);
    (void)tui_diagnose(&pulse, &health, &audit, &out);
    assert_null(strstr(text, "after"));
    /* However long ago the rule itself was changed. */
    (void)snprintf(audit.rows[1].target, sizeof audit.rows[1].target, "rule calm");
    audit.rows[1].time_s = NOW - 7200;
    zta_buffer_init(&out, text, sizeof text);
    (void)tui_diagnose(&pulse, &health, &audit, &out);
    assert_non_null(strstr(text, "since 07:59:00, changed 06:00:00: rules apply rule calm by kim"));
    (void)snprintf(audit.rows[1].target, sizeof audit.rows[1].target, "rule alm");
    zta_buffer_init(&out, text, sizeof text);
    (void)tui_diagnose(&pulse, &health, &audit, &out);
    assert_null(strstr(text, "changed"));
    health.n_alerts = 1;
    (void)snprintf(health.alerts[0].name, sizeof health.alerts[0].name, "store_full");
    zta_buffer_init(&out, text, sizeof text);
    assert_int_equal(tui_diagnose(&pulse, &health, &audit, &out), TUI_ROLE_BAD);
    assert_memory_equal(text, "store_full: ", 12);
}

static void the_diagnosis_names_what_goes_together(void **state)
{
    static struct tui_health health;
    static struct tui_audit audit;
    char text[512];
    char route[32];
    struct zta_buffer out;
    tui_pulse_init(&pulse, NOW);
    add("/b", ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, 300, NOW);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(route, sizeof route, "/r%d", i);
        add(route, ZTA_OUTCOME_DENY, ZTA_REASON_BAD_REQUEST, 50, NOW);
    }
    zta_buffer_init(&out, text, sizeof text);
    (void)tui_diagnose(&pulse, &health, &audit, &out);
    assert_non_null(strstr(text, "mostly no_rule on /b by calm"));
}

/* ---- sessions ---- */

static struct zta_session session_of(uint32_t number, int64_t last_s)
{
    struct zta_session session;
    memset(&session, 0, sizeof session);
    memcpy(session.id, &number, sizeof number);
    session.last_s = last_s;
    session.n_requests = number;
    (void)snprintf(session.subject, sizeof session.subject, "user%u", (unsigned)number % 7);
    (void)snprintf(session.client, sizeof session.client, "web");
    return session;
}

static void walk_all(struct tui_window *window, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct zta_session session = session_of(i, NOW + (i * 7919) % n);
        struct tui_seat *seat = tui_window_offer(window, &session);
        if (seat != NULL) {
            seat->risk = (uint8_t)(i % 101);
        }
        if (i % 1000 == 999) {
            tui_window_settle(window, false);
        }
    }
    tui_window_settle(window, true);
}

static void latencies_are_told_to_an_eighth(void **state)
{
    static const uint32_t times_us[] = {0, 1, 7, 180, 999, 2400, 65000, 4000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof times_us / sizeof times_us[0]; i++) {
        const struct scratch_event wanted = {
            .number = 1, .time_ns = NOW * 1000000000, .route = "/x", .path = "/x"};
        scratch_event_make(&wanted, &event);
        tui_pulse_init(&pulse, NOW);
        assert_true(tui_pulse_latency(&pulse, 0.95) <= 0);
        event.latency_us = times_us[i];
        tui_pulse_add(&pulse, &event, 94, NOW);
        const double us = tui_pulse_latency(&pulse, 0.95);
        const double most = times_us[i] > 33000000 ? 33000000 : times_us[i] < 1 ? 1 : times_us[i];
        assert_true(us >= most * 0.85 && us <= most * 1.15);
        event.latency_us = 9000000;
        tui_pulse_add(&pulse, &event, 6, NOW);
        assert_true(times_us[i] > 9000000 || tui_pulse_latency(&pulse, 0.95) > 8000000);
        assert_true(tui_pulse_latency_of(&pulse, TUI_TALLY_SLOTS - 1, 0.95) > 0);
        assert_true(tui_pulse_latency_of(&pulse, 0, 0.95) <= 0);
        tui_pulse_advance(&pulse, NOW + TUI_TALLY_S + TUI_TALLY_SLOT_S);
        assert_true(tui_pulse_latency(&pulse, 0.95) <= 0);
    }
}

static void the_window_keeps_the_top_of_any_number(void **state)
{
    struct tui_window *window = calloc(1, sizeof *window);
    assert_non_null(window);
    walk_all(window, 20000);
    assert_true(window->is_whole);
    assert_int_equal(window->n_matched, 20000);
    assert_int_equal(window->n_shown, TUI_WINDOW_ROWS);
    for (int64_t i = 0; i < TUI_WINDOW_ROWS; i++) {
        assert_int_equal(window->shown[i].session.last_s, NOW + 19999 - i);
    }
    struct zta_error error;
    tui_window_restart(window, TUI_ORDER_REQUESTS);
    assert_int_equal(tui_window_filter(window, "subjekt=user3", &error), ZTA_INVALID);
    assert_int_equal(tui_window_filter(window, "WEB subject=user3", &error), ZTA_OK);
    walk_all(window, 20000);
    assert_true(window->n_matched < 20000 / 7 + 2);
    assert_true(window->shown[0].session.n_requests > window->shown[1].session.n_requests);
    assert_string_equal(window->shown[0].session.subject, "user3");
    assert_int_equal(tui_window_filter(window, "", &error), ZTA_OK);
    tui_window_restart(window, TUI_ORDER_RISK);
    walk_all(window, 20000);
    assert_int_equal(window->shown[0].risk, 100);
    assert_int_equal(window->shown[TUI_WINDOW_ROWS - 1].risk, 98);
    free(window);
}

static void a_session_that_moves_is_shown_where_it_belongs(void **state)
{
    struct tui_window *window = calloc(1, sizeof *window);
    assert_non_null(window);
    walk_all(window, 2000);
    struct zta_session fresh = session_of(77, NOW + 5000);
    tui_window_update(window, &fresh, 0);
    assert_memory_equal(window->shown[0].session.id, fresh.id, sizeof fresh.id);
    struct zta_session stale = session_of(99999, 1);
    tui_window_update(window, &stale, 0);
    assert_int_equal(window->n_shown, TUI_WINDOW_ROWS);
    assert_true(window->shown[TUI_WINDOW_ROWS - 1].session.last_s > NOW);
    free(window);
}

/* ---- lists ---- */

static void put_number(void *context, size_t i, size_t column, struct zta_buffer *out,
                       enum tui_role *role)
{
    zta_buffer_printf(out, column == 0 ? "row%zu" : "Cell %zu", i);
}

static const struct tui_column columns[] = {
    {.title = "ROW", .least = 6, .rank = 0},
    {.title = "CELL", .least = 10, .share = 1, .rank = 1},
};
static const struct tui_table table = {
    .columns = columns, .n_columns = 2, .sorted = 2, .cell = put_number};

static void lists_keep_the_selection_in_sight(void **state)
{
    struct tui_canvas canvas = {.cells = NULL};
    struct tui_list list = {.n = 0};
    char text[64];
    struct zta_buffer out;
    for (int height = 0; height < 12; height++) {
        assert_int_equal(tui_canvas_resize(&canvas, 30, height), ZTA_OK);
        struct tui_area all = tui_area_of(&canvas);
        tui_list_resize(&list, 100);
        for (size_t row = 0; row < 100; row += 11) {
            tui_list_select(&list, row);
            tui_list_draw(&all, &table, &list);
            assert_true(list.top <= row);
            assert_true(height < 2 || row < list.top + (size_t)height - 1);
        }
    }
    tui_list_resize(&list, 3);
    assert_int_equal(list.selected, 2);
    tui_canvas_clear(&canvas);
    struct tui_area narrow = tui_area_of(&canvas);
    narrow.width = 12;
    tui_list_draw(&narrow, &table, &list);
    zta_buffer_init(&out, text, sizeof text);
    tui_canvas_row(&canvas, 0, &out);
    assert_string_equal(text, "ROW");
    tui_canvas_close(&canvas);
}

static void search_goes_round_and_folds_case(void **state)
{
    struct tui_list list = {.n = 50, .selected = 20, .height = 10};
    assert_true(tui_list_search(&list, &table, "cELL 7", false));
    assert_int_equal(list.selected, 7);
    assert_true(tui_list_search(&list, &table, "row4", true));
    assert_int_equal(list.selected, 4);
    assert_true(tui_list_search(&list, &table, "row4", true));
    assert_int_equal(list.selected, 49);
    assert_false(tui_list_search(&list, &table, "none", false));
    list.n = 0;
    assert_false(tui_list_search(&list, &table, "row", false));
    assert_true(tui_list_move(&list, TUI_ACTION_DOWN));
    assert_int_equal(list.selected, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_means_of_whole_seconds),
        cmocka_unit_test(what_is_old_is_forgotten),
        cmocka_unit_test(the_frequent_stay_when_there_are_more_names_than_places),
        cmocka_unit_test(the_diagnosis_says_what_why_and_where),
        cmocka_unit_test(the_diagnosis_names_what_goes_together),
        cmocka_unit_test(latencies_are_told_to_an_eighth),
        cmocka_unit_test(the_window_keeps_the_top_of_any_number),
        cmocka_unit_test(a_session_that_moves_is_shown_where_it_belongs),
        cmocka_unit_test(lists_keep_the_selection_in_sight),
        cmocka_unit_test(search_goes_round_and_folds_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
