/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about rules: each one where it is due, none where it is not certain. */
#include "shared/rules/warn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/decide.h"
#include "tests/unit/parse_support.h"
#include "tests/unit/random_rules.h"
#include "tests/unit/rules_fixture.h"

enum {
    N_SETS = 4000,
    N_REQUESTS = 40,
};

/* "code rule:line" of each, joined by commas. */
struct said {
    char text[1024];
    size_t len;
    char last[512];
};

static void note(void *context, const struct zta_rules_warning *warning)
{
    struct said *said = context;
    const int n = snprintf(said->text + said->len, sizeof said->text - said->len, "%s%s %.*s:%u",
                           said->len > 0 ? ", " : "", warning->code, (int)warning->rule.len,
                           warning->rule.data, warning->place.line);
    assert_true(n > 0 && said->len + (size_t)n < sizeof said->text);
    said->len += (size_t)n;
    (void)snprintf(said->last, sizeof said->last, "%s", warning->text);
}

static void warn(const char *text, struct said *said)
{
    struct zta_rules_ast *ast = parse_support_good(text);
    *said = (struct said){.len = 0};
    assert_int_equal(zta_rules_warn(ast, FIXTURE_NOW_S, note, said), ZTA_OK);
    zta_rules_ast_close(&ast);
}

static const struct {
    const char *rules;
    const char *said;
} due[] = {
    {"", ""},
    /* methods */
    {"deny a\n when method POST\n", "methods_left_out a:2"},
    {"deny a\n when path /x\n when method GET POST PUT PATCH\n", "methods_left_out a:3"},
    {"require a\n when method POST DELETE\n need role x\n", "methods_left_out a:2"},
    {"limit a\n when method POST\n key ip\n rate 1/s\n", "methods_left_out a:2"},
    {"list m POST PUT\ndeny a\n when method list:m PATCH\n", "methods_left_out a:3"},
    {"deny a\n when method POST PUT\n or method PATCH DELETE\n", ""},
    {"deny a\n when method POST PUT PATCH DELETE\n", ""},
    {"deny a\n when not method POST\n", ""},
    {"deny a\n when method GET\n", ""},
    {"deny a\n when method POST unknown\n", ""},
    {"deny a\n when method POST\n or path /x\n", ""},
    {"allow a\n when method POST\n need role x\n", ""},
    {"require a\n need method POST\n", ""},
    /* lines that exclude each other */
    {"deny a\n when subject x\n when subject y z\n", "never_applies a:3"},
    {"allow a\n when issuer corp\n need role x\n when issuer partner\n", "never_applies a:4"},
    {"deny a\n when path /a /b/\n when path /c\n", "never_applies a:3"},
    {"deny a\n when path /a/\n when path /a\n", ""},
    {"deny a\n when path /a/**\n when path /b\n", ""},
    {"deny a\n when path /a\\*\n when path /b\n", ""},
    {"deny a\n when host a.example\n when host b.example\n", ""},
    {"deny a\n when method GET\n when method HEAD\n", ""},
    {"deny a\n when method GET\n when method DELETE\n", "never_applies a:3"},
    {"deny a\n when credential token\n when credential apikey\n", "never_applies a:3"},
    {"deny a\n when content-length 5\n when content-length 6\n", "never_applies a:3"},
    {"deny a\n when content-length > 5\n when content-length 5\n", ""},
    {"deny a\n when subject alice\n when subject alice@corp\n", ""},
    {"deny a\n when subject 5\n when subject \"5\"\n", ""},
    {"deny a\n when role x\n when role y\n", ""},
    {"deny a\n when claim:c x\n when claim:c y\n", ""},
    {"deny a\n when subject x\n when subject y unknown\n", ""},
    {"deny a\n when subject x\n when client y\n", ""},
    {"deny a\n when subject x\n or subject y\n when subject y\n", ""},
    {"deny a\n when subject x\n or client y\n when subject z\n", ""},
    {"require a\n when subject x\n need subject y\n", ""},
    {"list l x\nlist m y z\ndeny a\n when subject list:m\n when subject list:l\n",
     "never_applies a:5"},
    {"list l x y\nlist m y z\ndeny a\n when subject list:m\n when subject list:l\n", ""},
    {"deny a\n when subject x\n when subject x y\n when subject y\n", "never_applies a:4"},
    /* a line and its negation */
    {"deny a\n when role x\n when not role x y\n", "never_applies a:3"},
    {"deny a\n when not role x y\n when role x\n", "never_applies a:3"},
    {"deny a\n when role x z\n when not role x y\n", ""},
    {"deny a\n when path /a/**\n when not path /a/**\n", "never_applies a:3"},
    {"deny a\n when path /a/**\n when not path /a/b/**\n", ""},
    {"deny a\n when method GET\n when not method HEAD\n", ""},
    {"deny a\n when method HEAD\n when not method GET\n", "never_applies a:3"},
    {"deny a\n when claim:c 5\n when not claim:c 5\n", "never_applies a:3"},
    {"deny a\n when claim:c 5\n when not claim:c \"5\"\n", ""},
    {"deny a\n when claim:c 5\n when not claim:d 5\n", ""},
    {"deny a\n when subject \"unknown\"\n when not subject unknown\n", ""},
    {"deny a\n when not role x\n when not role y\n", ""},
    {"deny a\n when role x\n when not role x\n or role y\n", ""},
    {"allow a\n need role x\n need not role x\n", ""},
    /* empty lists */
    {"list l\ndeny a\n when subject list:l\n", "never_applies a:3"},
    {"list l\ndeny a\n when subject list:l\n or client list:l\n", ""},
    {"list l\ndeny a\n when subject list:l x\n", ""},
    {"list l\ndeny a\n when not subject list:l\n", ""},
    {"list l\nrequire a\n need subject list:l\n", ""},
    /* time */
    {"deny a\n when path /x\n until 2027-01-15T07:59:59Z\n", "ended a:1"},
    {"deny a\n when path /x\n until 2027-01-15T08:00:00Z\n", "ended a:1"},
    {"deny a\n when path /x\n until 2027-01-15T08:00:01Z\n", ""},
    {"deny a\n when path /x\n from 2027-02-01T00:00Z\n", ""},
    /* what a deny spares */
    {"deny a\n when country RU\n", "unknown_is_spared a:2"},
    {"deny a\n when path /x\n when country RU\n when os windows<10\n", "unknown_is_spared a:3"},
    {"deny a\n when os windows<10\n", "unknown_is_spared a:2"},
    {"deny a\n when user-agent curl/*\n or user-agent wget/*\n", "unknown_is_spared a:2"},
    {"deny a\n when device managed\n", "unknown_is_spared a:2"},
    {"deny a\n when network asn:5\n", "unknown_is_spared a:2"},
    {"list tor 192.0.2.7 asn:5\ndeny a\n when network list:tor\n", "unknown_is_spared a:3"},
    {"list tor 192.0.2.7\ndeny a\n when network list:tor 2001:db8::/32\n", ""},
    {"deny a\n when country RU unknown\n", ""},
    {"deny a\n when country RU\n when country known\n", ""},
    {"deny a\n when country RU\n or country unknown\n", ""},
    {"deny a\n when not country CH\n", ""},
    {"deny a\n when behaviour unusual-country\n", ""},
    {"deny a\n when role x\n", ""},
    {"require a\n when country RU\n need role x\n", ""},
    {"limit a\n when country RU\n key ip\n rate 1/s\n", ""},
    /* circumstances that exclude each other */
    {"deny a\n when country RU unknown\n when not country CH\n when country CH\n",
     "never_applies a:4"},
    {"limit a\n when country RU\n when country CH\n key ip\n rate 1/s\n", "never_applies a:3"},
    {"limit a\n when country CH\n when country ch\n key ip\n rate 1/s\n", ""},
    {"limit a\n when os macos\n when os linux windows\n key ip\n rate 1/s\n", "never_applies a:3"},
    {"limit a\n when os macos>=14\n when os macos\n key ip\n rate 1/s\n", ""},
    {"limit a\n when network 10.0.0.0/8\n when network 10.0.0.1\n key ip\n rate 1/s\n", ""},
    {"limit a\n when device managed\n when device compliant\n key ip\n rate 1/s\n", ""},
    {"limit a\n when device managed\n when not device managed known\n key ip\n rate 1/s\n",
     "never_applies a:3"},
    {"limit a\n when device managed\n when not device compliant\n key ip\n rate 1/s\n", ""},
    {"limit a\n when device managed\n when not device managed\n key ip\n rate 1/s\n",
     "never_applies a:3"},
    {"limit a\n when behaviour usual-rate\n when not behaviour usual-rate\n key ip\n rate 1/s\n",
     "never_applies a:3"},
    /* signals and responses without an effect */
    {"signal waf weight 0\n", ""},
    {"signal waf weight 0 floor 5\n", "never_applies waf:1"},
    {"signal honeypot\n when path /x\n when path /y\n", "never_applies honeypot:3"},
    {"respond a\n on risk > 100 by ip\n do block ip for 1m\n", "never_applies a:2"},
    {"respond a\n on risk >= 100 by ip\n do block ip for 1m\n", ""},
    {"respond a\n on error-ratio > 100% in 1m by ip min 5\n do block ip for 1m\n",
     "never_applies a:2"},
    {"respond a\n on requests < 0 in 1m by ip\n do block ip for 1m\n", "never_applies a:2"},
    {"respond a\n on distinct-ips > 1 in 1m by ip\n do block ip for 1m\n", "never_applies a:2"},
    {"respond a\n on distinct-ips > 1 in 1m by net\n do block net for 1m\n", ""},
    {"respond a\n on requests > 9 in 1m by ip\n on requests < 9 in 1m\n do block ip for 1m\n",
     "never_applies a:3"},
    {"respond a\n on requests > 9 in 1m by ip\n on requests < 9 in 5m\n do block ip for 1m\n", ""},
    {"respond a\n on requests >= 9 in 1m by ip\n on requests <= 9 in 1m\n do block ip for 1m\n",
     ""},
    {"respond a\n when subject x\n on auth-failures > 9 in 1m by ip\n do block ip for 1m\n",
     "never_applies a:2"},
    {"respond a\n when subject x unknown\n on auth-failures > 9 in 1m by ip\n"
     " do block ip for 1m\n",
     ""},
    {"respond a\n when subject x\n on requests > 9 in 1m by ip\n do block ip for 1m\n", ""},
    /* an age that is asked for only with something else */
    {"require a\n need acr x\n else step-up acr=x max-age=5m\n", "age_is_not_needed a:1"},
    {"require a\n need acr x\n need auth-age < 5m\n else step-up acr=x max-age=5m\n", ""},
    {"require a\n need acr x\n else step-up acr=x\n", ""},
    {"require a\n need risk < 40\n else step-up acr=x max-age=5m\n", ""},
    /* twins */
    {"deny a\n when path /x\ndeny b\n when path /x\n", "same_as_another b:3"},
    {"deny a\n when path /x\n mode monitor\ndeny b\n when path /x\n", "same_as_another a:1"},
    {"deny a\n when path /x\n mode off\ndeny b\n when path /x\n", ""},
    {"deny a\n when path /x\n from 2026-01-01T00:00Z\ndeny b\n when path /x\n", ""},
    {"deny a\n when path /x\nallow b\n when path /x\n", ""},
    {"deny a\n when path /x\ndeny b\n when path /x /y\n", ""},
    {"deny a\n when path /x\ndeny b\n when not path /x\n", ""},
    {"deny a\n when claim:c x\ndeny b\n when claim:d x\n", ""},
    {"deny a\n when claim:c 5\ndeny b\n when claim:c \"5\"\n", ""},
    {"list x y\ndeny a\n when role x\ndeny b\n when role list:x\n", ""},
    {"allow a\n when role x\nallow b\n need role x\n", ""},
    {"allow a\n need role x\n or role y\nallow b\n need role x\n need role y\n", ""},
    {"deny a\n when content-length > 5\ndeny b\n when content-length >= 5\n", ""},
    {"limit a\n when path /x\n key ip\n rate 1/s\nlimit b\n when path /x\n key ip\n rate 1/s\n",
     ""},
    {"deny a\n when role z\ndeny b\n when role x\ndeny c\n when role x\ndeny d\n when role x\n",
     "same_as_another c:5, same_as_another d:7"},
};

static void warnings_stand_where_they_are_due(void **state)
{
    for (size_t i = 0; i < COUNT(due); i++) {
        struct said said;
        warn(due[i].rules, &said);
        if (strcmp(said.text, due[i].said) != 0) {
            fail_msg("%s\nsaid '%s', expected '%s'", due[i].rules, said.text, due[i].said);
        }
    }
}

static void warnings_say_what_is_meant(void **state)
{
    static const struct {
        const char *rules;
        const char *text;
    } rows[] = {
        {"deny a\n when method POST PUT\n",
         "method POST but not PATCH, DELETE: the rule does not apply to these"},
        {"deny a\n when subject x\n\n when subject y\n",
         "never applies: this line and line 2 cannot both hold"},
        {"allow a\n when subject x\n when subject y\n",
         "never grants: this line and line 2 cannot both hold"},
        {"list l\ndeny a\n when subject list:l\n",
         "never applies: the lists of this line are empty"},
        {"list l\nallow a\n when subject list:l\n",
         "never grants: the lists of this line are empty"},
        {"deny a\n when path /x\n until 2026-01-01T00:00+01:00\n",
         "ended at 2025-12-31T23:00:00Z and never applies again"},
        {"deny a\n when country RU\n",
         "does not refuse where country is not known: add unknown to this line or, if that is "
         "meant, a line `when country known`"},
        {"deny a\n when network asn:5\n",
         "does not refuse where the autonomous system is not known: add unknown to this line or, "
         "if that is meant, a line `when network known`"},
        {"deny a\n when path /x\ndeny b\n when path /x\n",
         "changes nothing: a (rules.zta:1) has the same conditions"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct said said;
        warn(rows[i].rules, &said);
        assert_string_equal(said.last, rows[i].text);
    }
}

/* Rules that were said never to apply. */
struct idle {
    struct zta_text names[RANDOM_RULES_MAX];
    size_t n;
};

static void note_idle(void *context, const struct zta_rules_warning *warning)
{
    struct idle *idle = context;
    if (strcmp(warning->code, "never_applies") == 0) {
        assert_true(idle->n < RANDOM_RULES_MAX);
        idle->names[idle->n++] = warning->rule;
    }
}

static bool is_idle(const struct idle *idle, const char *name)
{
    for (size_t i = 0; i < idle->n; i++) {
        if (zta_text_equal(idle->names[i], zta_text_of(name))) {
            return true;
        }
    }
    return false;
}

/* No request is decided by a rule that is said never to apply. */
static void what_never_applies_never_decides(void **state)
{
    static struct random_rules rules;
    static struct random_request request;
    const struct random_shape shape = {
        .has_keywords = true, .has_plain_context = true, .n_rules_max = RANDOM_RULES_MAX};
    struct random_source source = {.state = 20260101};
    size_t n_idle = 0;
    for (unsigned i = 0; i < N_SETS; i++) {
        struct idle idle = {.n = 0};
        struct zta_ruleset *set = NULL;
        struct zta_rules_error error;
        random_rules_make(&source, &shape, &rules);
        const struct zta_rules_env env = {.issuers = rules.issuers, .n_issuers = rules.n_issuers};
        assert_int_equal(zta_rules_warn(&rules.ast, RANDOM_NOW_S, note_idle, &idle), ZTA_OK);
        assert_int_equal(zta_ruleset_compile(&rules.ast, &env, &set, &error), ZTA_OK);
        n_idle += idle.n;
        for (unsigned k = 0; k < N_REQUESTS && idle.n > 0; k++) {
            struct zta_stance stance;
            struct zta_decision decision;
            random_request_make(&source, &rules, &request);
            random_stance_make(&source, &stance);
            zta_rules_decide(set, &request.facts, &stance, RANDOM_NOW_S, &decision);
            assert_false(is_idle(&idle, decision.verdict.rule));
            assert_false(is_idle(&idle, decision.monitor.rule));
        }
        zta_ruleset_close(&set);
    }
    print_message("%zu rules that never apply\n", n_idle);
    assert_true(n_idle > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_stand_where_they_are_due),
        cmocka_unit_test(warnings_say_what_is_meant),
        cmocka_unit_test(what_never_applies_never_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
