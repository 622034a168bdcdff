/* SPDX-License-Identifier: Apache-2.0 */
/* Which live rule decided: by the version that the event names, for old events by time. */
#include "admin-tui/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/layers.h"
#include "tests/unit/operator_store.h"

/* The next version: it holds that one rule. */
static void put_version(const char *name, const char *author)
{
    struct zta_layer_entry entry = {.kind = ZTA_LAYER_RULE,
                                    .name = zta_text_of(name),
                                    .text = ZTA_TEXT("deny x\n  when path /x\n"),
                                    .author = zta_text_of(author)};
    struct zta_layer layer = {.entries = &entry,
                              .n = 1,
                              .what = ZTA_TEXT("rules add"),
                              .author = zta_text_of(author),
                              .reason = ZTA_TEXT("test")};
    struct zta_view *view;
    struct zta_generations generations;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_layer_put(change, &layer, generations.rules), ZTA_OK);
    operator_commit(change);
}

static const char *place_of(uint32_t version, int64_t time_ns, const char *rule)
{
    static struct ctl_explained_store kept;
    static struct zta_event event;
    struct ctl_explained explained;
    struct zta_view *view;
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {{.data = NULL}};
    memset(&event, 0, sizeof event);
    texts[ZTA_EVENT_RULE] = zta_text_of(rule);
    zta_event_set_texts(&event, texts);
    event.rule_line = 1;
    event.rule_source = 5; /* behind all files */
    event.time_ns = time_ns;
    event.live_version = version;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(ctl_explained_find(view, &event, &kept, &explained), ZTA_OK);
    zta_view_end(&view);
    return explained.rule_file.data;
}

static void the_version_of_an_event_says_which_rule_decided(void **state)
{
    (void)state;
    put_version("closed", "ann");
    put_version("closed", "bob");
    put_version("other", "cleo");
    const int64_t late_ns = zta_clock_real_ns() + ZTA_NS_PER_S;
    /* Whatever the clock says. */
    assert_string_equal(place_of(1, late_ns, "closed"), "live:closed (version 1, by ann)");
    assert_string_equal(place_of(2, 1, "closed"), "live:closed (version 2, by bob)");
    assert_null(place_of(3, late_ns, "closed")); /* it has no such rule */
    assert_string_equal(place_of(9, late_ns, "closed"),
                        "live:closed (version 9, which is kept no more)");
    /* Recorded by a release that did not say. */
    assert_string_equal(place_of(0, late_ns, "closed"), "live:closed (version 2, by bob)");
    assert_null(place_of(0, 1, "closed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_version_of_an_event_says_which_rule_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
