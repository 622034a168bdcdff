/* SPDX-License-Identifier: Apache-2.0 */
/* From events to measures: what is begun, held back, told of, and what attackers cannot do. */
#include "mod_zta/helper/automation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/measures.h"
#include "shared/store/responses.h"
#include "tests/unit/rules_fixture.h"
#include "tests/unit/scratch_store.h"

#define STUFFING                                                                                   \
    "respond stuffing\n"                                                                           \
    "  on auth-failures > 20 in 60s by ip\n"                                                       \
    "  do block ip for 15m\n"

static const struct zta_siphash_key key = {.k0 = 5, .k1 = 6};

static struct scratch_store scratch;
static struct mod_zta_automation *automation;
static struct zta_ruleset *set;
static int64_t start_s;
static uint64_t n_events;
static char last_line[640];
static size_t n_lines;
static struct mod_zta_notify_end end;

static int setup(void **state)
{
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, 0);
    start_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    end = (struct mod_zta_notify_end){.name = ZTA_TEXT("soc"), .fd = -1};
    n_lines = 0;
    return 0;
}

static int teardown(void **state)
{
    mod_zta_automation_close(&automation);
    zta_ruleset_close(&set);
    scratch_store_close(&scratch);
    return 0;
}

static void use(const char *rules)
{
    static struct zta_cidr never;
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("10.0.255.0/24"), &never, NULL), ZTA_OK);
    const struct mod_zta_automation_options options = {
        .governor = {.percent = 5, .window_s = 3600, .min = 5, .never = &never, .n_never = 1},
        .notify = &end,
        .n_notify = 1,
    };
    set = fixture_rules(rules, "corp");
    assert_int_equal(
        mod_zta_automation_open(&options, &key, scratch.store, start_s * ZTA_NS_PER_S, &automation),
        ZTA_OK);
    mod_zta_automation_use(automation, set, 1);
}

/* A request at stage 4 where automation has this mode. */
struct wanted {
    uint32_t source;
    uint32_t session; /* 0: none was verified */
    enum zta_reason reason;
    enum zta_mode mode;
    int64_t after_s;
    uint16_t http_status;
};

static struct zta_event event_of(struct wanted wanted)
{
    struct zta_event event;
    struct zta_stance stance = {.stage = 4, .monitor = 4};
    const enum zta_mode mode = wanted.mode == ZTA_MODE_OFF ? ZTA_MODE_ENFORCE : wanted.mode;
    const struct scratch_event made = {
        .number = ++n_events,
        .time_ns = (start_s + wanted.after_s) * ZTA_NS_PER_S,
        .source = wanted.source,
        .session = wanted.session,
        .outcome = wanted.reason == ZTA_REASON_OK               ? ZTA_OUTCOME_ALLOW
                   : wanted.reason == ZTA_REASON_BAD_CREDENTIAL ? ZTA_OUTCOME_CHALLENGE
                                                                : ZTA_OUTCOME_DENY,
        .reason = (uint8_t)wanted.reason,
    };
    memset(stance.modes, (int)mode, sizeof stance.modes);
    scratch_event_make(&made, &event);
    event.modes = zta_event_pack_modes(&stance);
    event.stage = 4;
    event.monitor = 4;
    event.replay = ZTA_REPLAY_RECORDED | (wanted.session != 0 ? ZTA_REPLAY_IDENTITY : 0);
    event.http_status = wanted.http_status != 0 ? wanted.http_status : event.http_status;
    return event;
}

static void feed(struct wanted wanted, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct zta_event event = event_of(wanted);
        mod_zta_automation_note(automation, scratch.store, &event,
                                (start_s + wanted.after_s) * ZTA_NS_PER_S);
    }
}

static void commit(bool is_good)
{
    struct zta_error error;
    struct zta_change *change;
    const char *line;
    assert_int_equal(zta_change_begin(scratch.store, "events", &change, &error), ZTA_OK);
    assert_int_equal(mod_zta_automation_write(automation, change), ZTA_OK);
    if (is_good) {
        assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    }
    zta_change_abort(&change);
    mod_zta_automation_written(automation, is_good);
    while ((line = mod_zta_automation_next_line(automation)) != NULL) {
        (void)snprintf(last_line, sizeof last_line, "%s", line);
        n_lines++;
    }
}

struct found {
    size_t n;
    struct zta_measure last;
    char target[128];
};

static bool find(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct found *found = context;
    struct zta_buffer out;
    found->n++;
    found->last = *measure;
    zta_buffer_init(&out, found->target, sizeof found->target);
    zta_target_print(&measure->target, &out);
    return true;
}

static struct found measures(void)
{
    struct found found = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_measure_each(view, find, &found), ZTA_OK);
    zta_view_end(&view);
    return found;
}

static bool note_newest(void *context, const struct zta_response *response)
{
    *(enum zta_response_result *)context = response->result;
    return false;
}

/* 0: there is none. */
static enum zta_response_result newest_result(void)
{
    enum zta_response_result result = 0;
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_response_each(view, note_newest, &result), ZTA_OK);
    zta_view_end(&view);
    return result;
}

static const struct wanted failure = {.source = 7, .reason = ZTA_REASON_BAD_CREDENTIAL};

static void a_burst_of_failures_blocks_its_address_once_and_extends_it(void **state)
{
    struct wanted later = failure;
    use(STUFFING);
    feed(failure, 20);
    commit(true);
    assert_int_equal(measures().n, 0);
    feed(failure, 1);
    commit(true);
    const struct found found = measures();
    assert_int_equal(found.n, 1);
    assert_int_equal(found.last.kind, ZTA_MEASURE_BLOCK);
    assert_int_equal(found.last.until_s, start_s + 900);
    assert_string_equal(found.target, "10.0.0.7");
    assert_int_equal(newest_result(), ZTA_RESPONSE_BEGUN);
    assert_non_null(strstr(last_line, "stuffing: begun: block ip for 15m: 10.0.0.7"));
    assert_non_null(strstr(last_line, "auth-failures"));
    feed(failure, 100);
    commit(true);
    assert_int_equal(n_lines, 1);
    later.after_s = 300;
    feed(later, 30);
    commit(true);
    assert_int_equal(measures().n, 1);
    assert_int_equal(measures().last.until_s, start_s + 1200);
    assert_int_equal(newest_result(), ZTA_RESPONSE_EXTENDED);
}

static void what_was_not_committed_is_done_with_the_next_and_counted_once(void **state)
{
    use(STUFFING);
    feed(failure, 21);
    commit(false);
    assert_int_equal(measures().n, 0);
    commit(true);
    assert_int_equal(measures().n, 1);
    assert_int_equal(n_lines, 1);
}

static void where_it_is_only_tried_nothing_is_held(void **state)
{
    struct wanted tried = failure;
    use(STUFFING "  do notify soc\n");
    tried.mode = ZTA_MODE_MONITOR;
    feed(tried, 30);
    commit(true);
    assert_int_equal(measures().n, 0);
    assert_int_equal(newest_result(), ZTA_RESPONSE_MONITORED);
    /* And what was counted there does not count where it is enforced. */
    feed(failure, 20);
    commit(true);
    assert_int_equal(measures().n, 0);
}

static void nobody_is_locked_out_by_what_others_send_in_his_name(void **state)
{
    use("respond bursts\n  on denials > 5 in 60s by subject\n  do block subject for 1h\n");
    for (unsigned i = 0; i < 50; i++) {
        struct zta_event event =
            event_of((struct wanted){.source = i, .session = 9, .reason = ZTA_REASON_RULE_DENIED});
        event.replay &= (uint8_t)~ZTA_REPLAY_IDENTITY;
        mod_zta_automation_note(automation, scratch.store, &event, start_s * ZTA_NS_PER_S);
    }
    commit(true);
    assert_int_equal(measures().n, 0);
    feed((struct wanted){.source = 1, .session = 9, .reason = ZTA_REASON_RULE_DENIED}, 6);
    commit(true);
    assert_int_equal(measures().n, 1);
    assert_string_equal(measures().target, "user-9@example.com@corp");
}

static void an_attacker_behind_a_carrier_gets_it_slowed_and_not_blocked(void **state)
{
    use(STUFFING);
    for (uint32_t session = 1; session <= 21; session++) {
        feed((struct wanted){.source = 7, .session = session, .reason = ZTA_REASON_OK}, 1);
    }
    feed(failure, 30);
    commit(true);
    assert_int_equal(measures().n, 1);
    assert_int_equal(measures().last.kind, ZTA_MEASURE_THROTTLE);
    assert_int_equal(newest_result(), ZTA_RESPONSE_SLOWED);
}

static void an_attacker_behind_a_proxy_blocks_nobody(void **state)
{
    struct wanted proxied = failure;
    use(STUFFING);
    proxied.source = 255u << 8 | 9;
    feed(proxied, 30);
    commit(true);
    assert_int_equal(measures().n, 0);
    assert_int_equal(newest_result(), ZTA_RESPONSE_NEVER);
    assert_non_null(mod_zta_automation_held_back(automation, start_s * ZTA_NS_PER_S));
    assert_null(mod_zta_automation_held_back(automation, (start_s + 301) * ZTA_NS_PER_S));
}

struct asked {
    const char *rule;
    int64_t created_s;
};

static bool note_asked(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct asked *asked = context;
    if (zta_text_equal(measure->rule, zta_text_of(asked->rule))) {
        asked->created_s = measure->created_ns / ZTA_NS_PER_S;
    }
    return true;
}

/* Behind what time the step-up of a rule asks for a login, from the start on. */
static int64_t asked_s(const char *rule)
{
    struct asked asked = {.rule = rule};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_measure_each(view, note_asked, &asked), ZTA_OK);
    zta_view_end(&view);
    return asked.created_s - start_s;
}

static void a_step_up_is_asked_for_again_by_what_came_behind_it_alone(void **state)
{
    static const struct {
        int64_t after_s;
        enum zta_reason reason;
        int64_t short_s; /* of the rule with the window of a minute */
    } steps[] = {
        {.after_s = 0, .reason = ZTA_REASON_OK, .short_s = 0},
        /* Who holds an old token does not keep its owner logging in. */
        {.after_s = 700, .reason = ZTA_REASON_STEP_UP_REQUIRED, .short_s = 0},
        {.after_s = 1400, .reason = ZTA_REASON_OK, .short_s = 1400},
    };
    use("respond short\n  on requests > 5 in 60s by session\n  do step-up max-age=5m session for "
        "4h\n"
        "respond long\n  on requests > 5 in 2h by session\n  do step-up max-age=5m session for "
        "4h\n");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        feed(
            (struct wanted){
                .source = 1, .session = 1, .reason = steps[i].reason, .after_s = steps[i].after_s},
            6);
        commit(true);
        assert_int_equal(measures().n, 2);
        assert_int_equal(asked_s("short"), steps[i].short_s);
        assert_int_equal(asked_s("long"), 0);
    }
}

static void above_its_share_the_governor_only_lets_it_be_told(void **state)
{
    use("respond grabbing\n  on requests > 5 in 60s by session\n  do quarantine session for 1h\n");
    for (uint32_t session = 1; session <= 7; session++) {
        feed((struct wanted){.source = session, .session = session, .reason = ZTA_REASON_OK}, 6);
        commit(true);
        assert_int_equal(measures().n, session <= 5 ? session : 5);
    }
    assert_int_equal(newest_result(), ZTA_RESPONSE_OVER);
    assert_non_null(strstr(mod_zta_automation_held_back(automation, start_s * ZTA_NS_PER_S),
                           "5 of 5 were hit in its window, "));
}

static void decoys_block_themselves_and_no_honest_user(void **state)
{
    use(STUFFING);
    for (uint32_t session = 1; session <= 100; session++) {
        feed((struct wanted){.source = session, .session = session, .reason = ZTA_REASON_OK}, 3);
    }
    for (uint32_t source = 1000; source < 1100; source++) {
        struct wanted decoy = failure;
        decoy.source = source;
        feed(decoy, 21);
    }
    commit(true);
    assert_int_equal(measures().n, 100);
    /* Six honest ones behind the very address: more than the share of those who are left. */
    for (uint32_t session = 200; session < 206; session++) {
        feed((struct wanted){.source = 7, .session = session, .reason = ZTA_REASON_OK}, 1);
    }
    feed(failure, 21);
    commit(true);
    assert_int_equal(measures().n, 100);
    assert_int_equal(newest_result(), ZTA_RESPONSE_OVER);
}

static void what_anybody_can_send_raises_the_level_by_one_step(void **state)
{
    const char *reason;
    use("respond flood\n  on auth-failures > 20 in 60s by all\n  do threat-level critical for 1h\n"
        "respond broken\n  on server-errors > 20 in 60s by all\n  do threat-level high for 1h\n"
        "  do limit api to 5/s for 1h\n"
        "limit api\n  key ip\n  rate 100/s\n");
    feed(failure, 30);
    commit(true);
    assert_int_equal(
        mod_zta_automation_threat(automation, scratch.store, start_s * ZTA_NS_PER_S, &reason),
        ZTA_THREAT_ELEVATED);
    feed((struct wanted){.source = 1, .session = 1, .reason = ZTA_REASON_OK, .http_status = 502},
         30);
    commit(true);
    assert_int_equal(
        mod_zta_automation_threat(automation, scratch.store, start_s * ZTA_NS_PER_S, &reason),
        ZTA_THREAT_HIGH);
    assert_int_equal(measures().n, 3);
    assert_int_equal(mod_zta_automation_threat(automation, scratch.store,
                                               (start_s + 3600) * ZTA_NS_PER_S, &reason),
                     ZTA_THREAT_NORMAL);
}

/*
 * What other nodes measured holds here, and what is refused by it is not measured here: it is not
 * told, and they do not hear of it again.
 */
static void a_level_of_other_nodes_is_not_kept_up_by_what_it_refuses(void **state)
{
    const char *reason;
    for (int is_by_others = 0; is_by_others <= 1; is_by_others++) {
        use("allow all\n  when path /**\n");
        for (int64_t after_s = 0; after_s < 40; after_s++) {
            for (int i = 0; i < 20; i++) {
                struct zta_event event = event_of((struct wanted){.source = 1,
                                                                  .session = 1,
                                                                  .reason = ZTA_REASON_RULE_DENIED,
                                                                  .after_s = after_s});
                event.risk.threat = is_by_others ? ZTA_THREAT_HIGH : ZTA_THREAT_NORMAL;
                mod_zta_automation_note(automation, scratch.store, &event, event.time_ns);
            }
        }
        const enum zta_threat_level level = mod_zta_automation_threat(
            automation, scratch.store, (start_s + 40) * ZTA_NS_PER_S, &reason);
        assert_int_equal(level, is_by_others ? ZTA_THREAT_NORMAL : ZTA_THREAT_CRITICAL);
        mod_zta_automation_close(&automation);
        zta_ruleset_close(&set);
    }
}

static void who_comes_again_is_held_for_longer(void **state)
{
    use(STUFFING "respond again\n  on responses >= 3 in 1d by ip\n  do block ip for 12h\n");
    for (int64_t i = 0; i < 3; i++) {
        struct wanted again = failure;
        again.after_s = i * 4000;
        assert_int_equal(measures().n, i > 0);
        feed(again, 21);
        commit(true);
    }
    assert_int_equal(measures().n, 2);
    assert_int_equal(measures().last.for_s, 12 * 3600);
}

static void a_rule_raises_a_signal_of_whom_it_counts(void **state)
{
    struct mod_zta_automation_raise raise;
    use("respond prying\n  on denials > 5 in 60s by session\n  do signal enumeration\n");
    feed((struct wanted){.source = 1, .session = 9, .reason = ZTA_REASON_RULE_DENIED}, 5);
    assert_false(mod_zta_automation_next_raise(automation, &raise));
    feed((struct wanted){.source = 1, .session = 9, .reason = ZTA_REASON_RULE_DENIED}, 1);
    assert_true(mod_zta_automation_next_raise(automation, &raise));
    assert_int_equal(raise.signal, ZTA_RISK_ENUMERATION);
    assert_int_equal(raise.owner, ZTA_RISK_KEPT_FOR_SESSION);
    assert_non_null(strstr(raise.evidence, "denials"));
    assert_false(mod_zta_automation_next_raise(automation, &raise));
    commit(true);
    assert_int_equal(newest_result(), ZTA_RESPONSE_TOLD);
}

static void targets_are_told_in_one_line_each(void **state)
{
    int ends[2];
    char text[4096];
    assert_int_equal(pipe(ends), 0);
    end.fd = ends[1];
    use(STUFFING "  do notify soc\n");
    feed(failure, 21);
    assert_null(mod_zta_automation_lost(automation));
    commit(true);
    const ssize_t n = read(ends[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "\"rule\":\"stuffing\""));
    assert_non_null(strstr(text, "\"target\":\"10.0.0.7\""));
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_burst_of_failures_blocks_its_address_once_and_extends_it),
        WITH(what_was_not_committed_is_done_with_the_next_and_counted_once),
        WITH(where_it_is_only_tried_nothing_is_held),
        WITH(nobody_is_locked_out_by_what_others_send_in_his_name),
        WITH(an_attacker_behind_a_carrier_gets_it_slowed_and_not_blocked),
        WITH(an_attacker_behind_a_proxy_blocks_nobody),
        WITH(a_step_up_is_asked_for_again_by_what_came_behind_it_alone),
        WITH(above_its_share_the_governor_only_lets_it_be_told),
        WITH(decoys_block_themselves_and_no_honest_user),
        WITH(what_anybody_can_send_raises_the_level_by_one_step),
        WITH(a_level_of_other_nodes_is_not_kept_up_by_what_it_refuses),
        WITH(who_comes_again_is_held_for_longer),
        WITH(a_rule_raises_a_signal_of_whom_it_counts),
        WITH(targets_are_told_in_one_line_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
