/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the scopes that a place offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/rules/scopes.h"
#include "tests/unit/rules_fixture.h"

#include <string.h>

struct told {
    char text[256];
};

static void note(void *context, struct zta_text scope)
{
    struct told *told = context;
    size_t len = strlen(told->text);
    assert_true(len + scope.len + 2 <= sizeof told->text);
    memcpy(told->text + len, scope.data, scope.len);
    memcpy(told->text + len + scope.len, " ", 2);
}

/* What corp's clients of api.example.com may need below the prefix, each with a space behind it. */
static struct told scopes_below(const char *prefix, const char *rules)
{
    static const struct zta_text issuers[] = {ZTA_TEXT("corp")};
    struct fixture fixture;
    struct told told = {.text = ""};
    fixture_init(&fixture);
    struct zta_ruleset *set = fixture_rules(rules, "corp partner");
    const struct zta_scopes_place place = {
        .host = ZTA_TEXT("api.example.com"),
        .prefix = zta_text_of(prefix),
        .issuers = issuers,
        .n_issuers = 1,
        .stance = &fixture.stance,
        .now_s = FIXTURE_NOW_S,
    };
    zta_ruleset_each_scope(set, &place, note, &told);
    zta_ruleset_close(&set);
    return told;
}

static void what_can_hold_at_a_place_is_told(void **state)
{
    static const struct {
        const char *prefix;
        const char *rules;
        const char *scopes;
    } cases[] = {
        {"/a", "allow r\n  when issuer corp\n  need scope s1 s2\n  need scope s3\n", "s1 s2 s3 "},
        {"/a", "allow r\n  when path /a/b\n  need scope s@corp\n", "s "},
        {"/a", "allow r\n  when path /b /a\n  need scope s@corp\n", "s "},
        {"/a", "allow r\n  when path /b\n  need scope s@corp\n", ""},
        {"/a", "allow r\n  when path /b\n  or method GET\n  need scope s@corp\n", "s "},
        {"/a", "allow r\n  when not path /a\n  need scope s@corp\n", "s "},
        {"", "allow r\n  when path /b\n  need scope s@corp\n", "s "},
        {"", "allow r\n  when path /b\n  need scope s@partner t@corp\n", "t "},
        {"", "allow r\n  when issuer partner\n  need scope s\n", ""},
        {"", "allow r\n  when not issuer partner\n  need scope s@corp\n", "s "},
        {"", "allow r\n  when host API.example.com\n  need scope s@corp\n", "s "},
        {"", "allow r\n  when host *.example.com\n  need scope s@corp\n", "s "},
        {"", "allow r\n  when host other.example.com\n  need scope s@corp\n", ""},
        {"", "allow r\n  when path /b\n  need not scope s@corp\n", ""},
        {"", "allow r\n  when scope s@corp\n", "s "},
        {"", "allow r\n  when path /b\n  need role boss@corp\n  or scope s@corp\n", "s "},
        {"", "require r\n  when scope s@corp\n  need scope t@corp\n", "t "},
        {"", "deny r\n  when scope s@corp\n", ""},
        {"", "limit r\n  when scope s@corp\n  key all\n  rate 1/s\n", ""},
        {"", "allow r\n  when path /b\n  need scope s@corp\n  mode monitor\n", ""},
        {"", "allow r\n  when path /b\n  need scope s@corp\n  mode off\n", ""},
        {"", "list l s t\nallow r\n  when issuer corp\n  need scope list:l\n", "s t "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct told told = scopes_below(cases[i].prefix, cases[i].rules);
        if (strcmp(told.text, cases[i].scopes) != 0) {
            fail_msg("below '%s': '%s' instead of '%s' of\n%s", cases[i].prefix, told.text,
                     cases[i].scopes, cases[i].rules);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_hold_at_a_place_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
