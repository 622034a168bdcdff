/* SPDX-License-Identifier: Apache-2.0 */
/* Signal and respond rules: what may be written, how it prints, and what it compiles to. */
#include "shared/rules/respond.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/print.h"
#include "shared/rules/tuning.h"
#include "tests/unit/parse_support.h"
#include "tests/unit/rules_equal.h"
#include "tests/unit/rules_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ON           "respond r\n  on requests > 5 in 60s by ip\n"
#define DO           "  do block ip for 15m\n"

static const char example[] = "limit   coarse\n"
                              "  key   ip\n"
                              "  rate  50/s burst 200\n"
                              "\n"
                              "signal  new-country weight 40 half-life 3d\n"
                              "  when  not country CH\n"
                              "\n"
                              "signal  honeypot floor 80\n"
                              "  when  path /.env /wp-admin/**\n"
                              "  mode  monitor\n"
                              "\n"
                              "respond stuffing\n"
                              "  when  path /login /token\n"
                              "  on    auth-failures > 50 in 1m by ip\n"
                              "  on    distinct-subjects > 10 in 1m by ip\n"
                              "  on    signal:stuffing >= 1 in 1h by ip\n"
                              "  do    block ip for 15m\n"
                              "  do    signal stuffing\n"
                              "  do    notify soc\n"
                              "  note  \"agreed\"\n"
                              "\n"
                              "respond tired\n"
                              "  on    error-ratio > 20% in 1m by all min 100\n"
                              "  on    latency-p95 >= 2000 in 1m by all min 5\n"
                              "  do    threat-level high for 10m\n"
                              "  do    limit coarse to 10/s for 10m\n"
                              "\n"
                              "respond hot\n"
                              "  on    risk >= 80 by session\n"
                              "  do    step-up acr=urn:mfa max-age=5m session for 1h\n"
                              "  do    quarantine subject for 10m\n";

static void what_is_written_is_printed_so(void **state)
{
    char text[4096];
    struct zta_buffer out;
    struct zta_rules_ast *ast = parse_support_good(example);
    zta_buffer_init(&out, text, sizeof text);
    zta_rules_print(ast, &out);
    assert_memory_equal(text, "zta 1\n\n", 7);
    assert_string_equal(text + 7, example);
    struct zta_rules_ast *back = parse_support_good(text);
    assert_true(rules_equal(ast, back));
    zta_rules_ast_close(&back);
    zta_rules_ast_close(&ast);
}

static void respond_rules_are_read_by_name(void **state)
{
    struct zta_ruleset *set = fixture_rules(example, "corp");
    assert_int_equal(zta_respond_count(set), 3);
    assert_null(zta_respond_get(set, 3));
    const struct zta_respond *hot = zta_respond_get(set, 0);
    assert_text(hot->name, "hot");
    assert_int_equal(hot->line, 28);
    assert_int_equal(hot->group, ZTA_GROUP_SESSION);
    assert_int_equal(hot->n_ons, 1);
    assert_int_equal(hot->ons[0].metric, ZTA_METRIC_OF_RISK);
    assert_int_equal(hot->ons[0].op, ZTA_OP_GE);
    assert_int_equal(hot->ons[0].number, 80);
    assert_int_equal(hot->ons[0].window_s, 0);
    assert_int_equal(hot->dos[0].act, ZTA_ACT_STEP_UP);
    assert_text(hot->dos[0].step_up.acr, "urn:mfa");
    assert_int_equal(hot->dos[0].step_up.max_age_s, 300);
    assert_int_equal(hot->dos[1].target, ZTA_GROUP_SUBJECT);
    const struct zta_respond *stuffing = zta_respond_get(set, 1);
    assert_int_equal(stuffing->n_ons, 3);
    assert_int_equal(stuffing->ons[2].signal, ZTA_RISK_STUFFING);
    assert_int_equal(stuffing->ons[2].window_s, 3600);
    assert_int_equal(stuffing->dos[0].for_s, 900);
    assert_text(stuffing->dos[2].name, "soc");
    const struct zta_respond *tired = zta_respond_get(set, 2);
    assert_int_equal(tired->group, ZTA_GROUP_ALL);
    assert_int_equal(tired->ons[0].number, 20);
    assert_int_equal(tired->ons[0].min, 100);
    assert_int_equal(tired->dos[0].level, ZTA_THREAT_HIGH);
    assert_int_equal(tired->dos[1].rate.count, 10);
    zta_ruleset_close(&set);
}

static void a_respond_rule_counts_where_it_is_in_force(void **state)
{
    struct fixture fixture;
    struct zta_stance stance;
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_ruleset *set = fixture_rules("respond r\n  when path /orders/**\n  when country FR\n"
                                            "  on requests > 5 in 60s\n"
                                            "  do threat-level high for 1m\n"
                                            "respond s\n  mode monitor\n"
                                            "  on requests > 5 in 60s\n"
                                            "  do threat-level high for 1m\n",
                                            "corp");
    struct zta_context context = {.country = ZTA_TEXT("FR")};
    fixture_init(&fixture);
    assert_false(zta_respond_when_holds(set, 0, &fixture.facts, FIXTURE_NOW_S));
    fixture.facts.context = &context;
    assert_true(zta_respond_when_holds(set, 0, &fixture.facts, FIXTURE_NOW_S));
    assert_true(zta_respond_when_holds(set, 1, &fixture.facts, FIXTURE_NOW_S));
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(4, 4, overrides, &stance), ZTA_OK);
    assert_int_equal(zta_respond_mode(set, 0, &stance, FIXTURE_NOW_S), ZTA_MODE_ENFORCE);
    assert_int_equal(zta_respond_mode(set, 1, &stance, FIXTURE_NOW_S), ZTA_MODE_MONITOR);
    stance.modes[ZTA_FEATURE_GEO] = ZTA_MODE_OFF;
    assert_int_equal(zta_respond_mode(set, 0, &stance, FIXTURE_NOW_S), ZTA_MODE_OFF);
    assert_int_equal(zta_stance_make(3, 4, overrides, &stance), ZTA_OK);
    assert_int_equal(zta_respond_mode(set, 0, &stance, FIXTURE_NOW_S), ZTA_MODE_MONITOR);
    assert_int_equal(zta_stance_make(3, 3, overrides, &stance), ZTA_OK);
    assert_int_equal(zta_respond_mode(set, 0, &stance, FIXTURE_NOW_S), ZTA_MODE_OFF);
    zta_ruleset_close(&set);
}

static void faults_of_signal_rules(void **state)
{
    const struct fault faults[] = {
        FAULT("signal new-contry weight 5\n", 1, 8, "new-contry", "a signal", "new-country"),
        FAULT("signal waf\n", 1, 1, "signal", "a weight, half-life or floor", NULL),
        FAULT("signal honeypot weight 5\n", 1, 1, "signal", "a when line", NULL),
        FAULT("signal waf wieght 5\n", 1, 12, "wieght", "weight POINTS", "weight"),
        FAULT("signal waf min=50\n", 1, 12, "min=50", "weight POINTS", NULL),
        FAULT("signal waf weight 101\n", 1, 19, "101", "points from 0 to 100", NULL),
        FAULT("signal waf floor -1\n", 1, 18, "-1", "points from 0 to 100", NULL),
        FAULT("signal waf half-life 400d\n", 1, 22, "400d", "at most 366 days", NULL),
        FAULT("signal waf weight 5 weight 6\n", 1, 21, "weight", "weight once", NULL),
        FAULT("signal waf weight 5\n  when risk > 5\n", 2, 8, "risk", "comes of signals", NULL),
        FAULT("signal waf weight 5\n  need role x\n", 2, 3, "need", "in this signal rule", NULL),
        FAULT("signal waf weight 5\nsignal waf weight 6\n", 2, 8, "waf", "used at rules.zta:1",
              NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_triggers(void **state)
{
    const struct fault faults[] = {
        FAULT("respond r\n" DO, 1, 1, "respond", "an on line", NULL),
        FAULT(ON, 1, 1, "respond", "a do line", NULL),
        FAULT("respond r\n  on reqests > 5 in 60s\n" DO, 2, 6, "reqests", "a metric", "requests"),
        FAULT("respond r\n  on signal:wfa > 5 in 60s\n" DO, 2, 6, "signal:wfa", "a signal", "waf"),
        FAULT("respond r\n  on requests 5 in 60s\n" DO, 2, 15, "5", "<, <=, > or >=", NULL),
        FAULT("respond r\n  on requests > 5% in 60s\n" DO, 2, 17, "5%", "without %", NULL),
        FAULT("respond r\n  on error-ratio > 5 in 60s min 9\n" DO, 2, 20, "5", "a share", NULL),
        FAULT("respond r\n  on error-ratio > 101% in 60s min 9\n" DO, 2, 20, "101%", "to 100%",
              NULL),
        FAULT("respond r\n  on risk > 101\n" DO, 2, 13, "101", "0 to 100", NULL),
        FAULT("respond r\n  on requests > 5\n" DO, 2, 6, "requests", "in DURATION", NULL),
        FAULT("respond r\n  on risk > 5 in 60s by ip\n" DO, 2, 6, "risk", "no `in`", NULL),
        FAULT("respond r\n  on error-ratio > 5% in 60s\n" DO, 2, 6, "error-ratio", "min NUMBER",
              NULL),
        FAULT("respond r\n  on requests > 5 in 60s min 9\n" DO, 2, 6, "requests", "no `min`", NULL),
        FAULT("respond r\n  on requests > 5 in 25h\n" DO, 2, 22, "25h", "a duration", NULL),
        FAULT("respond r\n  on requests > 5 in 60s by usr\n" DO, 2, 29, "usr", "a group", NULL),
        FAULT("respond r\n  on requests > 5 in 60s min 0\n" DO, 2, 30, "0", "from 1 on", NULL),
        FAULT("respond r\n  on requests > 5 in 60s in 5s\n" DO, 2, 26, "in", "each once", NULL),
        FAULT(ON "  on denials > 5 in 60s by net\n" DO, 3, 28, "net", "ip: all lines", NULL),
        FAULT("respond r\n  on auth-failures > 5 in 60s by subject\n"
              "  do block subject for 1h\n",
              2, 6, "auth-failures", "lock others out", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_measures(void **state)
{
    const struct fault faults[] = {
        FAULT(ON "  do blok ip for 1h\n", 3, 6, "blok", "block, quarantine", "block"),
        FAULT(ON "  do block ip\n", 3, 14, "", "for DURATION", NULL),
        FAULT(ON "  do block ip for 0s\n", 3, 19, "0s", "a duration", NULL),
        FAULT(ON "  do block session for 1h\n", 3, 12, "session", "ip, net, subject", NULL),
        FAULT(ON "  do quarantine ip for 1h\n", 3, 17, "ip", "session, subject", NULL),
        FAULT(ON "  do block subject for 1h\n", 3, 6, "block", "by ip there is no subject", NULL),
        FAULT(ON "  do block net for 1h\n", 3, 6, "block", "by ip there is no net", NULL),
        FAULT("respond r\n  on requests > 5 in 60s\n  do block ip for 1h\n", 3, 6, "block",
              "by all there is no ip", NULL),
        FAULT("respond r\n  on requests > 5 in 60s by route\n  do block ip for 1h\n", 3, 6, "block",
              "by route there is no ip", NULL),
        FAULT(ON "  do step-up session for 1h\n", 3, 14, "session", "acr=VALUE", NULL),
        FAULT(ON "  do signal wfa\n", 3, 13, "wfa", "a signal", "waf"),
        FAULT(ON "  do signal new-country\n", 3, 13, "new-country", "kept for addresses", NULL),
        FAULT("respond r\n  on risk > 5 by session\n  do signal stuffing\n", 3, 13, "stuffing",
              "kept for sessions", NULL),
        FAULT("respond r\n  on risk > 5 by client\n  do signal waf\n", 3, 13, "waf",
              "by session or by ip", NULL),
        FAULT(ON "  do threat-level normal for 1h\n", 3, 19, "normal", "elevated, high", NULL),
        FAULT(ON "  do threat-level hgh for 1h\n", 3, 19, "hgh", "elevated, high", "high"),
        FAULT(
            "respond r\n  when scope a\n  on requests > 5 in 60s\n  do threat-level high for 1h\n",
            2, 8, "scope", "that every event tells", NULL),
        FAULT("respond r\n  when not auth-age < 5m\n  on requests > 5 in 60s\n"
              "  do threat-level high for 1h\n",
              2, 12, "auth-age", "that every event tells", NULL),
        FAULT(ON "  do notify\n", 3, 12, "", "the name of a ZTANotify", NULL),
        FAULT(ON "  do limit l to 1/s for 1h\n", 3, 12, "l", "the name of a limit", NULL),
        FAULT("limit ll\n  key ip\n  rate 5/s\n" ON "  do limit lll to 1/s for 1h\n", 6, 12, "lll",
              "the name of a limit", "ll"),
        FAULT("limit l\n  key ip\n  rate 5/s\n" ON "  do limit l to 300/m for 1h\n", 6, 12, "l",
              "below that of the limit, which is 5/s", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

/* More would not be counted, so they are an error of the set. */
static void a_set_has_so_many_respond_rules(void **state)
{
    static char text[(ZTA_RESPONDS_MAX + 1) * 96];
    const struct zta_rules_source source = {.name = ZTA_TEXT("rules.zta"), .text = ZTA_TEXT("")};
    struct zta_rules_source sources[] = {source};
    struct zta_rules_error error;
    struct zta_rules_ast *ast = NULL;
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (int i = 0; i <= ZTA_RESPONDS_MAX; i++) {
        sources[0].text = (struct zta_text){.data = text, .len = out.len};
        if (i > 0) {
            assert_int_equal(zta_rules_parse(sources, 1, &ast, &error), ZTA_OK);
            zta_rules_ast_close(&ast);
        }
        zta_buffer_printf(&out, "respond r%d\n  on requests > 5 in 60s by ip\n" DO, i);
    }
    sources[0].text.len = out.len;
    assert_int_equal(zta_rules_parse(sources, 1, &ast, &error), ZTA_INVALID);
    assert_string_equal(error.found, "r64");
    assert_string_equal(error.expected, "at most 64 respond rules");
}

static void live_rules_notify_nobody(void **state)
{
    const struct zta_rules_source source = {
        .name = ZTA_TEXT("live:r"), .text = ZTA_TEXT(ON "  do notify soc\n"), .is_live = true};
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    assert_int_equal(zta_rules_parse(&source, 1, &ast, &error), ZTA_INVALID);
    assert_string_equal(error.found, "soc");
    assert_non_null(strstr(error.expected, "live rules notify nobody"));
}

static void only_configured_targets_are_notified(void **state)
{
    static const struct zta_text names[] = {ZTA_TEXT("soc"), ZTA_TEXT("pager")};
    struct zta_rules_env env = {.notifies = names, .n_notifies = 2, .knows_notifies = true};
    struct zta_ruleset *set = NULL;
    struct zta_rules_error error;
    struct zta_rules_ast *ast = parse_support_good(ON "  do notify sok\n");
    assert_int_equal(zta_ruleset_compile(ast, &env, &set, &error), ZTA_INVALID);
    assert_string_equal(error.found, "sok");
    assert_string_equal(error.nearest, "soc");
    assert_int_equal(error.line, 3);
    env.knows_notifies = false;
    env.n_notifies = 0;
    assert_int_equal(zta_ruleset_compile(ast, &env, &set, &error), ZTA_OK);
    zta_ruleset_close(&set);
    zta_rules_ast_close(&ast);
}

/* ---- signal rules ---- */

static void signals_are_as_the_rules_in_force_say(void **state)
{
    static const char rules[] = "signal new-country weight 40 half-life 3d\n  when not country CH\n"
                                "signal honeypot floor 80\n  when path /orders/**\n"
                                "signal waf weight 0\n"
                                "signal stuffing weight 9\n  mode monitor\n"
                                "signal enumeration weight 9\n  until 2020-01-01T00:00Z\n"
                                "signal address-list weight 7\n  when network 192.0.2.0/24\n";
    struct fixture fixture;
    struct zta_context context = {.country = ZTA_TEXT("CH")};
    struct zta_risk_tuning table;
    struct zta_risk_tuning tuning;
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_ruleset *set = fixture_rules(rules, "corp");
    fixture_init(&fixture);
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(4, 4, overrides, &fixture.stance), ZTA_OK);
    zta_risk_tuning_init(&table);
    zta_rules_signals(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &tuning);
    /* Behind `not` what is unknown holds. */
    assert_true(tuning.signals[ZTA_RISK_NEW_COUNTRY].is_admitted);
    assert_int_equal(tuning.signals[ZTA_RISK_NEW_COUNTRY].weight, 40);
    assert_int_equal(tuning.signals[ZTA_RISK_NEW_COUNTRY].half_life_s, 3 * 86400);
    assert_true(tuning.signals[ZTA_RISK_HONEYPOT].is_admitted);
    assert_int_equal(tuning.signals[ZTA_RISK_HONEYPOT].floor, 80);
    assert_int_equal(tuning.signals[ZTA_RISK_HONEYPOT].weight,
                     table.signals[ZTA_RISK_HONEYPOT].weight);
    assert_int_equal(tuning.signals[ZTA_RISK_WAF].weight, 0);
    assert_true(tuning.signals[ZTA_RISK_WAF].is_admitted);
    assert_true(tuning.signals[ZTA_RISK_ADDRESS_LIST].is_admitted);
    assert_memory_equal(&tuning.signals[ZTA_RISK_STUFFING], &table.signals[ZTA_RISK_STUFFING],
                        sizeof table.signals[0]);
    assert_memory_equal(&tuning.signals[ZTA_RISK_ENUMERATION], &table.signals[ZTA_RISK_ENUMERATION],
                        sizeof table.signals[0]);

    fixture.facts.context = &context;
    fixture.facts.path = ZTA_TEXT("/other");
    fixture.facts.addr.bytes[0] = 10;
    zta_rules_signals(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &tuning);
    assert_false(tuning.signals[ZTA_RISK_NEW_COUNTRY].is_admitted);
    assert_false(tuning.signals[ZTA_RISK_HONEYPOT].is_admitted);
    assert_false(tuning.signals[ZTA_RISK_ADDRESS_LIST].is_admitted);

    /* Less in force than risk is: as if the rule were not there. */
    fixture.stance.modes[ZTA_FEATURE_GEO] = ZTA_MODE_MONITOR;
    zta_rules_signals(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &tuning);
    assert_memory_equal(&tuning.signals[ZTA_RISK_NEW_COUNTRY], &table.signals[ZTA_RISK_NEW_COUNTRY],
                        sizeof table.signals[0]);
    /* Where risk is monitored itself, what is monitored counts with it. */
    fixture.stance.modes[ZTA_FEATURE_RISK] = ZTA_MODE_MONITOR;
    zta_rules_signals(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &tuning);
    assert_int_equal(tuning.signals[ZTA_RISK_NEW_COUNTRY].weight, 40);
    assert_int_equal(tuning.signals[ZTA_RISK_STUFFING].weight, 9);
    zta_ruleset_close(&set);
}

static void the_tables_are_whole(void **state)
{
    for (unsigned i = 0; i < ZTA_N_METRICS; i++) {
        assert_non_null(zta_metric_info(i)->name);
        assert_non_null(zta_metric_info(i)->text);
    }
    assert_null(zta_metric_info(ZTA_N_METRICS));
    for (unsigned g = 0; g < ZTA_N_GROUPS; g++) {
        const enum zta_group group = (enum zta_group)g;
        assert_true(zta_group_name(group)[0] != '\0');
        /* Who can be a target follows from itself. */
        const bool is_target =
            zta_act_takes(ZTA_ACT_BLOCK, group) || zta_act_takes(ZTA_ACT_QUARANTINE, group);
        assert_int_equal(zta_group_implies(group, group), is_target);
        for (unsigned t = 0; t < ZTA_N_GROUPS; t++) {
            /* Nobody who was not verified loses more than his address. */
            if (!zta_group_is_verified(group) && zta_group_is_verified((enum zta_group)t)) {
                assert_false(zta_group_implies(group, (enum zta_group)t));
            }
        }
    }
    assert_string_equal(zta_group_name(ZTA_N_GROUPS), "");
    assert_string_equal(zta_act_name(ZTA_N_ACTS), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_printed_so),
        cmocka_unit_test(respond_rules_are_read_by_name),
        cmocka_unit_test(a_respond_rule_counts_where_it_is_in_force),
        cmocka_unit_test(faults_of_signal_rules),
        cmocka_unit_test(faults_of_triggers),
        cmocka_unit_test(faults_of_measures),
        cmocka_unit_test(a_set_has_so_many_respond_rules),
        cmocka_unit_test(live_rules_notify_nobody),
        cmocka_unit_test(only_configured_targets_are_notified),
        cmocka_unit_test(signals_are_as_the_rules_in_force_say),
        cmocka_unit_test(the_tables_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
