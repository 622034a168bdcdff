/* SPDX-License-Identifier: Apache-2.0 */
/* The live layer over a baseline: what replaces, what ends, what modes do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/layer.h"

#define NOW_S INT64_C(1800000000)

static const char baseline_text[] = "list offices 192.0.2.0/24\n"
                                    "allow read\n  when path /a\n  need role list:offices\n"
                                    "deny old\n  when path /b\n";

static struct zta_rules_ast *ast;
static struct zta_rules_error error;

static enum zta_status parse(struct zta_layer_entry *entries, size_t n)
{
    const struct zta_rules_source baseline = {.name = ZTA_TEXT("base.zta"),
                                              .text = zta_text_of(baseline_text)};
    const struct zta_layer layer = {.entries = entries, .n = n};
    zta_rules_ast_close(&ast);
    return zta_layer_parse(&baseline, 1, &layer, NOW_S, &ast, &error);
}

static const struct zta_ast_rule *rule_named(const char *name)
{
    for (size_t i = 0; i < ast->n_rules; i++) {
        if (zta_text_equal(ast->rules[i].name, zta_text_of(name))) {
            return &ast->rules[i];
        }
    }
    return NULL;
}

static struct zta_layer_entry entry_of(enum zta_layer_kind kind, const char *name, const char *text)
{
    return (struct zta_layer_entry){
        .kind = kind, .name = zta_text_of(name), .text = zta_text_of(text)};
}

static void an_empty_layer_is_the_baseline(void **state)
{
    assert_int_equal(parse(NULL, 0), ZTA_OK);
    assert_int_equal(ast->n_rules, 2);
    assert_int_equal(ast->n_sources, 1);
}

static void rules_are_added_and_replace_those_of_their_name(void **state)
{
    struct zta_layer_entry entries[] = {
        entry_of(ZTA_LAYER_RULE, "new", "deny new\n  when path /c\n"),
        entry_of(ZTA_LAYER_RULE, "old", "deny old\n  when path /d /e\n"),
        entry_of(ZTA_LAYER_LIST, "offices", "list offices admin\n"),
    };
    assert_int_equal(parse(entries, 3), ZTA_OK);
    assert_int_equal(ast->n_rules, 3);
    assert_int_equal(ast->n_lists, 1);
    assert_non_null(rule_named("new"));
    assert_int_equal(rule_named("old")->groups[0].conds[0].n_values, 2);
    assert_int_equal(rule_named("old")->place.source, 2);
    assert_string_equal(ast->source_names[2].data, "live:old");
    assert_memory_equal(ast->lists[0].items[0].text.data, "admin", 5);
}

static void what_ended_lets_the_baseline_back(void **state)
{
    struct zta_layer_entry entry = entry_of(ZTA_LAYER_RULE, "old", "deny old\n  when path /d /e\n");
    entry.until_s = NOW_S;
    assert_int_equal(parse(&entry, 1), ZTA_OK);
    assert_int_equal(rule_named("old")->groups[0].conds[0].n_values, 1);
    entry.until_s = NOW_S + 1;
    assert_int_equal(parse(&entry, 1), ZTA_OK);
    assert_int_equal(rule_named("old")->groups[0].conds[0].n_values, 2);
    assert_int_equal(rule_named("old")->until_s, NOW_S + 1);
}

static void the_earlier_end_counts(void **state)
{
    struct zta_layer_entry entry =
        entry_of(ZTA_LAYER_RULE, "x", "deny x\n  when path /d\n  until 2030-01-01T00:00Z\n");
    entry.until_s = NOW_S + 60;
    assert_int_equal(parse(&entry, 1), ZTA_OK);
    assert_int_equal(rule_named("x")->until_s, NOW_S + 60);
    entry.until_s = INT64_C(4000000000);
    assert_int_equal(parse(&entry, 1), ZTA_OK);
    assert_int_equal(rule_named("x")->until_s, INT64_C(1893456000));
}

static void modes_are_set_in_either_layer(void **state)
{
    struct zta_layer_entry entries[] = {
        entry_of(ZTA_LAYER_RULE, "new", "deny new\n  when path /c\n"),
        entry_of(ZTA_LAYER_MODE, "new", NULL),
        entry_of(ZTA_LAYER_MODE, "old", NULL),
        entry_of(ZTA_LAYER_MODE, "nowhere", NULL),
        entry_of(ZTA_LAYER_MODE, "read", NULL),
    };
    entries[1].mode = ZTA_MODE_MONITOR;
    entries[2].mode = ZTA_MODE_OFF;
    entries[4].mode = ZTA_MODE_OFF;
    entries[4].until_s = NOW_S - 1;
    assert_int_equal(parse(entries, 5), ZTA_OK);
    assert_int_equal(rule_named("new")->mode, ZTA_MODE_MONITOR);
    assert_int_equal(rule_named("old")->mode, ZTA_MODE_OFF);
    assert_int_equal(rule_named("read")->mode, ZTA_MODE_ENFORCE);
}

static void faults_name_the_entry(void **state)
{
    struct zta_layer_entry entry =
        entry_of(ZTA_LAYER_RULE, "x", "deny x\n  when network list:nowhere\n");
    assert_int_equal(parse(&entry, 1), ZTA_INVALID);
    assert_string_equal(error.source, "live:x");
    assert_int_equal(error.line, 2);
    entry = entry_of(ZTA_LAYER_LIST, "l", "list l file:/etc/passwd\n");
    assert_int_equal(parse(&entry, 1), ZTA_INVALID);
    assert_string_equal(error.source, "live:l");
    assert_non_null(strstr(error.expected, "read no files"));
}

static void it_is_good_until_something_ends(void **state)
{
    struct zta_layer_entry entries[] = {
        {.until_s = 0}, {.until_s = NOW_S + 9}, {.until_s = NOW_S + 5}, {.until_s = NOW_S}};
    struct zta_layer layer = {.entries = entries, .n = 1};
    assert_int_equal(zta_layer_valid_until(&layer, NOW_S), 0);
    layer.n = 4;
    assert_int_equal(zta_layer_valid_until(&layer, NOW_S), NOW_S + 5);
    layer.confirm_by_s = NOW_S + 2;
    assert_int_equal(zta_layer_valid_until(&layer, NOW_S), NOW_S + 2);
}

static void places_hold_what_is_in_them(void **state)
{
    static const struct {
        const char *name;
        const char *path;
        bool is_within;
    } cases[] = {
        {"", "/a", true},          {"/a", "/a", true},        {"/a", "/a/b", true},
        {"/a/", "/a/b", true},     {"/a", "/ab", false},      {"/a/b", "/a", false},
        {"h:443/a", "/a", true},   {"h:443/a", "/a/b", true}, {"h:443", "/a", true},
        {"o:443/a", "/a", false},  {"h:443/b", "/a", false},  {"/", "/a", true},
        {"h:4433/a", "/a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(zta_layer_is_within(zta_text_of(cases[i].name), ZTA_TEXT("h:443"),
                                             zta_text_of(cases[i].path)),
                         cases[i].is_within);
    }
}

static int close_ast(void **state)
{
    zta_rules_ast_close(&ast);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_layer_is_the_baseline),
        cmocka_unit_test(rules_are_added_and_replace_those_of_their_name),
        cmocka_unit_test(what_ended_lets_the_baseline_back),
        cmocka_unit_test(the_earlier_end_counts),
        cmocka_unit_test(modes_are_set_in_either_layer),
        cmocka_unit_test(faults_name_the_entry),
        cmocka_unit_test(it_is_good_until_something_ends),
        cmocka_unit_test(places_hold_what_is_in_them),
    };
    return cmocka_run_group_tests(tests, NULL, close_ast);
}
