/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that the helper compiles for itself. */
#include "mod_zta/helper/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/rules/compile.h"
#include "tests/unit/scratch_store.h"

static void what_cannot_be_compiled_leaves_the_last_good_rules_in_force(void **state)
{
    struct scratch_store scratch;
    struct zta_text name = ZTA_TEXT("rules.zta");
    struct zta_text text = ZTA_TEXT("deny a\n  when path /a\n");
    const struct mod_zta_ruleset_options options = {.names = &name, .texts = &text, .n = 1};
    struct mod_zta_ruleset *ruleset = NULL;
    int64_t now_ns = zta_clock_real_ns();
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, 0);
    assert_int_equal(mod_zta_ruleset_open(&options, &ruleset), ZTA_OK);
    assert_null(mod_zta_ruleset_get(ruleset));
    assert_null(mod_zta_ruleset_look(ruleset, scratch.store, now_ns));
    const struct zta_ruleset *first = mod_zta_ruleset_get(ruleset);
    assert_int_equal(zta_ruleset_n_rules(first), 1);
    assert_null(mod_zta_ruleset_look(ruleset, scratch.store, now_ns));
    assert_ptr_equal(mod_zta_ruleset_get(ruleset), first);
    assert_int_equal(mod_zta_ruleset_version(ruleset), 1);

    text = ZTA_TEXT("deny a\n  when pth /a\n");
    assert_null(mod_zta_ruleset_look(ruleset, scratch.store, now_ns));
    mod_zta_ruleset_touch(ruleset);
    const char *fault = mod_zta_ruleset_look(ruleset, scratch.store, now_ns);
    assert_non_null(fault);
    assert_non_null(strstr(fault, "rules.zta:2:8"));
    assert_ptr_equal(mod_zta_ruleset_get(ruleset), first);

    /* What may pass is tried again by itself. */
    text = ZTA_TEXT("deny a\n  when path /a\ndeny b\n  when path /b\n");
    assert_non_null(mod_zta_ruleset_look(ruleset, scratch.store, now_ns));
    now_ns += 6 * ZTA_NS_PER_S;
    assert_null(mod_zta_ruleset_look(ruleset, scratch.store, now_ns));
    assert_int_equal(zta_ruleset_n_rules(mod_zta_ruleset_get(ruleset)), 2);
    assert_int_equal(mod_zta_ruleset_version(ruleset), 2);
    mod_zta_ruleset_close(&ruleset);
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_compiled_leaves_the_last_good_rules_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
