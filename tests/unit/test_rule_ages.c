/* SPDX-License-Identifier: Apache-2.0 */
/* Since when a rule reads as it does: kept while it does, forgotten with it. */
#include "shared/store/rule_ages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared/rules/parse.h"
#include "shared/store/published.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define ONE      "deny one\n  when path /a\n  mode monitor\n"
#define TWO      "allow two\n  when path /b\n"

static struct zta_rules_ast *parsed(const char *text)
{
    const struct zta_rules_source source = {.name = ZTA_TEXT("r.zta"), .text = zta_text_of(text)};
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    assert_int_equal(zta_rules_parse(&source, 1, &ast, &error), ZTA_OK);
    return ast;
}

static void note(struct scratch_store *scratch, const char *text, int64_t now_s)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    struct zta_rules_ast *ast = parsed(text);
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_rule_ages_note(change, ast, now_s), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_rules_ast_close(&ast);
}

/* 0: none is kept. */
static int64_t age_of(struct scratch_store *scratch, const char *text)
{
    struct zta_view *view = NULL;
    struct zta_rules_ast *ast = parsed(text);
    int64_t since_s = 0;
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    const enum zta_status status = zta_rule_age_get(view, &ast->rules[0], &since_s);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    zta_view_end(&view);
    zta_rules_ast_close(&ast);
    return since_s;
}

static bool none(void *context, const struct zta_published_location *location)
{
    return true;
}

static void an_age_stays_while_the_rule_reads_the_same(void **state)
{
    struct scratch_store opened;
    struct scratch_store *scratch = &opened;
    scratch_store_open(scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    assert_int_equal(age_of(scratch, ONE), 0);
    note(scratch, ONE TWO, 100);
    /* Where it stands, blanks and comments are no part of what it says. */
    note(scratch, "# moved\n\n" TWO "deny   one\n  when   path /a\n  mode monitor\n", 200);
    assert_int_equal(age_of(scratch, ONE), 100);
    assert_int_equal(age_of(scratch, TWO), 100);
    note(scratch, "deny one\n  when path /a\n" TWO, 300);
    assert_int_equal(age_of(scratch, ONE), 0);
    assert_int_equal(age_of(scratch, "deny one\n  when path /a\n"), 300);
    assert_int_equal(age_of(scratch, TWO), 100);
    note(scratch, "", 400);
    assert_int_equal(age_of(scratch, TWO), 0);
    note(scratch, TWO, 500);
    assert_int_equal(age_of(scratch, TWO), 500);
    scratch_store_close(scratch);
}

static void ages_and_lists_that_are_published_leave_each_other_alone(void **state)
{
    struct scratch_store opened;
    struct scratch_store *scratch = &opened;
    scratch_store_open(scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_published_location location = {.server = ZTA_TEXT("s"), .path = ZTA_TEXT("/")};
    struct zta_change *change = NULL;
    struct zta_view *view = NULL;
    struct zta_error error = {.text = ""};
    note(scratch, ONE, 100);
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_published_put_locations(change, &location, 1), ZTA_OK);
    assert_int_equal(zta_published_put_rules(change, ZTA_TEXT("r"), ZTA_TEXT(ONE), 0, 1), ZTA_OK);
    assert_int_equal(zta_published_put_alerts(change, NULL, 0), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    assert_int_equal(age_of(scratch, ONE), 100);
    note(scratch, "", 200);
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    assert_int_equal(zta_published_each_location(view, none, NULL), ZTA_OK);
    zta_view_end(&view);
    scratch_store_close(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_stays_while_the_rule_reads_the_same),
        cmocka_unit_test(ages_and_lists_that_are_published_leave_each_other_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
