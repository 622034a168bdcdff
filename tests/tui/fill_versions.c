/* SPDX-License-Identifier: Apache-2.0 */
/* What three operators made of the live rules. */
#include "tests/tui/fill_versions.h"

#include <stdbool.h>

#include "shared/store/layers.h"

#define SCRAPERS "deny    no-scrapers\n  when  path    /search/**\n  when  network 203.0.113.0/24"

static const struct {
    int64_t ago_s;
    const char *who;
    const char *what;
    const char *reason;
    const char *text; /* of the rule */
    bool has_mode;
} versions[FILL_VERSIONS] = {
    {.ago_s = 230,
     .who = "dana",
     .what = "rules add no-scrapers",
     .reason = "they read the whole catalogue",
     .text = SCRAPERS "\n"},
    {.ago_s = 150,
     .who = "sam",
     .what = "rules monitor search",
     .reason = "does it refuse too much? \x1b[31mred",
     .text = SCRAPERS "\n",
     .has_mode = true},
    {.ago_s = 70,
     .who = "kim",
     .what = "rules add no-scrapers",
     .reason = "they moved, ticket 8124",
     .text = SCRAPERS " 198.51.100.0/24\n"},
};

int64_t fill_version_ago_s(size_t i)
{
    return versions[i].ago_s;
}

enum zta_status fill_version(struct zta_change *change, size_t i)
{
    struct zta_layer_entry entries[] = {
        {.kind = ZTA_LAYER_RULE,
         .name = ZTA_TEXT("no-scrapers"),
         .text = zta_text_of(versions[i].text),
         .mode = ZTA_MODE_ENFORCE},
        {.kind = ZTA_LAYER_MODE, .name = ZTA_TEXT("search"), .mode = ZTA_MODE_MONITOR},
    };
    struct zta_layer layer = {.action_id = 20 + i,
                              .made_on_ns = ZTA_LAYER_ON_ALL,
                              .what = zta_text_of(versions[i].what),
                              .author = zta_text_of(versions[i].who),
                              .reason = zta_text_of(versions[i].reason),
                              .entries = entries,
                              .n = versions[i].has_mode ? 2 : 1};
    return zta_layer_put(change, &layer, i);
}
