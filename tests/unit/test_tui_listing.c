/* SPDX-License-Identifier: Apache-2.0 */
/* Views whose rows two commands print: what stands first, and what a key makes of a row. */
#include "admin-tui/console/listing.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/risk/recorded.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"
#include "shared/store/published.h"
#include "shared/store/risks.h"
#include "shared/store/sessions.h"
#include "tests/unit/console_fixture.h"
#include "tests/unit/scratch_store.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;

static void put_notice(struct zta_change *change, uint8_t id, enum zta_notice_outcome outcome)
{
    struct zta_notice notice = {
        .kind = ZTA_NOTICE_SESSIONS_REVOKED,
        .effect = ZTA_NOTICE_END_LOGINS,
        .reach = ZTA_NOTICE_MANY,
        .transmitter = ZTA_TEXT("idp"),
        .issuer = ZTA_TEXT("corp"),
        .client = zta_text_of(outcome == ZTA_NOTICE_HELD ? "waiting-app" : "other-app"),
        .jti = ZTA_TEXT("j"),
        .type = ZTA_TEXT("sessions-revoked"),
        .detail = ZTA_TEXT("hostile \x1b[2J"),
        .event_s = 1,
        .issued_s = 1,
        .expires_s = now_ns / ZTA_NS_PER_S + 60};
    memset(notice.id.bytes, id, sizeof notice.id.bytes);
    assert_int_equal(zta_notice_log(change, &notice, outcome, now_ns + id), ZTA_OK);
}

/* A session that is quarantined; two requests of it raised its risk. */
static void put_risky(struct zta_change *change)
{
    static const enum zta_risk_signal signals[] = {ZTA_RISK_NEW_COUNTRY, ZTA_RISK_ENUMERATION};
    const struct zta_event_key key = {.segment_created_ns = 1, .segment_id = 9};
    struct zta_event events[2];
    const uint64_t sequences[] = {1, 2};
    struct zta_session session = {.kind = ZTA_SESSION_SID, .last_s = now_ns / ZTA_NS_PER_S};
    struct zta_risk_record record = {.last_s = now_ns / ZTA_NS_PER_S};
    struct zta_measure measure = {.kind = ZTA_MEASURE_QUARANTINE,
                                  .source = ZTA_MEASURE_OF_RULE,
                                  .target = {.kind = ZTA_TARGET_SESSION},
                                  .rule = ZTA_TEXT("stop"),
                                  .reason = ZTA_TEXT("risk"),
                                  .created_ns = now_ns,
                                  .for_s = 600,
                                  .max_age_s = -1};
    struct zta_measure_placed placed;
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_SUBJECT] = ZTA_TEXT("mallory"), [ZTA_EVENT_DEVICE] = ZTA_TEXT("laptop-1")};
    scratch_session_id(1, session.id);
    (void)snprintf(session.subject, sizeof session.subject, "mallory");
    for (size_t i = 0; i < 2; i++) {
        const struct scratch_event wanted = {.number = i + 1,
                                             .time_ns =
                                                 now_ns - (200 - 150 * (int64_t)i) * ZTA_NS_PER_S,
                                             .session = 1,
                                             .route = "/x",
                                             .path = "/x"};
        struct zta_risk_factor factor;
        scratch_event_make(&wanted, &events[i]);
        zta_event_set_texts(&events[i], texts);
        assert_true(zta_risk_factor_make(&zta_risk_tuning_default, signals[i], 100,
                                         ZTA_TEXT("hostile \x1b[2J"), wanted.time_ns / ZTA_NS_PER_S,
                                         &factor));
        assert_true(zta_risk_record_add(&events[i], &factor));
        events[i].context.sources[2] = ZTA_SOURCE_CERTIFICATE;
        events[i].context.ages_s[2] = 300;
        events[i].risk.raised[0].owners = ZTA_RISK_KEPT_FOR_SESSION;
        (void)zta_risk_put(&record.risk, &factor);
    }
    const struct zta_risk_owner owner = zta_risk_owner_session(session.id);
    memcpy(measure.target.session, session.id, sizeof session.id);
    assert_int_equal(zta_events_append(change, &key, events, sequences, 2, 2), ZTA_OK);
    assert_int_equal(scratch_series_put(change, events, 2), ZTA_OK);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    assert_int_equal(zta_risks_put(change, &owner, &record), ZTA_OK);
    assert_int_equal(zta_measure_put(change, &measure, &placed), ZTA_OK);
    scratch_session_id(2, session.id);
    (void)snprintf(session.subject, sizeof session.subject, "calm");
    session.last_s++;
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
}

static void put_device(void)
{
    struct zta_error error;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "fixture");
    const struct zta_device device = {.id = ZTA_TEXT("laptop-1"), .author = ZTA_TEXT("tester")};
    bool is_changed = false;
    assert_int_equal(zta_device_put(change, &device, &is_changed), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
}

static int open_all(void **state)
{
    struct zta_error error;
    struct zta_measure_placed placed;
    now_ns = zta_clock_real_ns();
    store_fixture_make(&fixture);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "fixture");
    const struct zta_measure measure = {.kind = ZTA_MEASURE_STEP_UP,
                                        .source = ZTA_MEASURE_OF_RULE,
                                        .target = {.kind = ZTA_TARGET_SUBJECT,
                                                   .issuer = ZTA_TEXT("corp"),
                                                   .name = ZTA_TEXT("peggy")},
                                        .rule = ZTA_TEXT("careful"),
                                        .reason = ZTA_TEXT("three failures"),
                                        .created_ns = now_ns,
                                        .for_s = 600,
                                        .max_age_s = -1};
    const struct zta_heartbeat heartbeat = {.time_s = now_ns / ZTA_NS_PER_S,
                                            .threat = ZTA_THREAT_HIGH,
                                            .threat_since_s = now_ns / ZTA_NS_PER_S - 60,
                                            .threat_reason = "refused 61 %"};
    const uint64_t counters[ZTA_N_COUNTERS] = {0};
    assert_int_equal(zta_measure_put(change, &measure, &placed), ZTA_OK);
    put_risky(change);
    put_notice(change, 1, ZTA_NOTICE_HELD);
    put_notice(change, 2, ZTA_NOTICE_NOTED);
    put_notice(change, 3, ZTA_NOTICE_APPLIED);
    assert_int_equal(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS),
                     ZTA_OK);
    assert_int_equal(zta_published_put_rules(change, ZTA_TEXT("/etc/rules.zta"),
                                             ZTA_TEXT("limit burst\n  key subject\n  rate 9/m\n"),
                                             0, 1),
                     ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
    put_device();
    open_console(fixture.dir);
    return 0;
}

static int close_all(void **state)
{
    close_console();
    store_fixture_remove(&fixture);
    return 0;
}

static void assert_before(const char *first, const char *second)
{
    const char *a = strstr(screen, first);
    const char *b = strstr(screen, second);
    if (a == NULL || b == NULL || a > b) {
        fail_msg("'%s' does not stand before '%s':\n%s", first, second, screen);
    }
}

static void the_overview_says_what_holds_and_what_waits(void **state)
{
    press("1");
    draw_until("1 to decide, 2 held, one ends in 10m");
    draw_until("hour          2");
    assert_before("threat   high for 1m", "issuers  none whose keys are fetched");
    assert_before("Ends by itself", "peggy@corp");
    assert_before("quarantine", "9e3779b97f4a7c15");
    assert_before("latency", "p95");
}

static void a_device_tells_who_comes_with_it(void **state)
{
    press("4");
    draw_until("laptop-1");
    press("g\r");
    draw_until("Who comes with it");
    draw_until("mallory");
    assert_before("2 among the newest 2", "2 requests, ");
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

static void what_waits_for_an_operator_stands_first(void **state)
{
    press("9");
    draw_until("waits 1  holds 2  applied 1  noted 1");
    assert_before("high for 1m, refused 61 %", "waits 1");
    assert_before("waiting-app", "peggy@corp");
    assert_before("peggy@corp", "applied sessions-revoked");
    assert_before("applied sessions-revoked", "noted   sessions-revoked");
    assert_null(strchr(screen, '\x1b'));
}

static void a_key_prepares_what_fits_the_row(void **state)
{
    static const struct {
        const char *keys;
        const char *line;
    } cases[] = {
        {"gA", ": signals apply 0101010101010101 --reason="},
        {"gX", ": signals drop 0101010101010101 --reason="},
        {"gjX", ": automation undo m1 --reason="},
        {"gjjjX", ": signals lift 0303030303030303 --reason="},
        {"gjjjA", "that key means nothing here"},
        {"T", ": threat-level set high --for=1h --reason="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        press(cases[i].keys);
        draw_until(cases[i].line);
        tui_app_key(&app, TUI_KEY_ESCAPE);
    }
}

/* On the first place that has the text; of ASCII before it on its line. */
static void click(const char *text)
{
    const char *at = strstr(screen, text);
    assert_non_null(at);
    int x = 0;
    int y = 0;
    for (const char *c = screen; c < at; c++) {
        x = *c == '\n' ? 0 : x + 1;
        y += *c == '\n';
    }
    tui_app_pointer(&app, TUI_KEY_CLICK, x, y);
    (void)draw(120, 35);
}

/* Every view of a listing sorts by a title and says of a filter what is wrong as it is typed. */
static void every_listing_sorts_by_a_title_and_looks_at_a_filter_that_is_typed(void **state)
{
    size_t n = 0;
    for (size_t i = 0; i < app.n_views; i++) {
        struct tui_view *view = &app.views[i];
        struct zta_error error = {.text = ""};
        if (view->ops->listing == NULL) {
            continue;
        }
        n++;
        assert_true(view->ops->sort_by != NULL && view->ops->check_filter != NULL);
        assert_int_equal(view->ops->check_filter(view, "zebra=1", &error), ZTA_INVALID);
        assert_non_null(strstr(error.text, "fields here:"));
        assert_int_equal(view->ops->check_filter(view, "a word", &error), ZTA_OK);
    }
    assert_true(n >= 6);
    press("5");
    draw_until("burst");
    click("KIND");
    assert_int_equal(((const struct tui_rows *)app.views[app.current].state)->sorted, 2);
    click("KIND");
    assert_int_equal(((const struct tui_rows *)app.views[app.current].state)->sorted, 0);
    press("fzebra=1");
    draw_until("no field 'zebra'");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("v");
    draw_until("nobody changed a rule");
    click("WHY");
    assert_int_equal(((const struct tui_rows *)app.views[app.current].state)->sorted, 6);
    press("fzebra=1");
    draw_until("no field 'zebra'");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("[");
}

static void limits_stand_beside_blocks(void **state)
{
    press("6");
    draw_until("limit 2  block 0  held 2");
    assert_before("failed-verifications", "peggy@corp");
    press("jX");
    draw_until(": limits reset failed-verifications --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("jX");
    draw_until(": blocks remove m1 --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

static void the_riskiest_session_is_found_and_explained(void **state)
{
    press("3");
    draw_until("mallory");
    assert_before("calm", "mallory");
    assert_before("RISK", " 43 ");
    press("s");
    draw_until("mallory");
    assert_before("mallory", "calm");
    press("g\r");
    draw_until("score     43 of 100");
    assert_before("quarantine m2 until ", ", by stop: risk");
    assert_before("course    ", "new-country of 25, 3m old, halves in 7d 0h: hostile ?[2J");
    assert_before("▂▂▂▂", "▄▄▄▄");
    press("I");
    draw_until(": sessions release 9e3779b97f4a7c150000000100000000 --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("jI");
    draw_until(": sessions quarantine 3c6ef372fe94f82a0000000200000000 --for=1h --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_overview_says_what_holds_and_what_waits),
        cmocka_unit_test(a_device_tells_who_comes_with_it),
        cmocka_unit_test(what_waits_for_an_operator_stands_first),
        cmocka_unit_test(a_key_prepares_what_fits_the_row),
        cmocka_unit_test(every_listing_sorts_by_a_title_and_looks_at_a_filter_that_is_typed),
        cmocka_unit_test(limits_stand_beside_blocks),
        cmocka_unit_test(the_riskiest_session_is_found_and_explained),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_all, close_all);
}
