/* SPDX-License-Identifier: Apache-2.0 */
/* What zta-metrics tells, from the tables that it is written by. */
#include "docs/gen.h"

#include <string.h>

static const struct {
    const char *name;
    const char *type;
    const char *unit;
    const char *labels;
    const char *help;
} metrics[] = {
#define ZTA_METRIC(upper, lower, kind, what, names, sentence)                                      \
    {.name = (lower), .type = #kind, .unit = (what), .labels = (names), .help = (sentence)},
#include "shared/live/metrics.def"
#undef ZTA_METRIC
};

static const struct {
    const char *name;
    const char *help;
} counters[] = {
#define ZTA_COUNTER(upper, lower, sentence) {.name = "zta_" #lower "_total", .help = (sentence)},
#include "shared/live/counters.def"
#undef ZTA_COUNTER
};

static const struct {
    const char *type;
    const char *text;
    const char *suffix;
} types[] = {
    {.type = "COUNTER", .text = "counter", .suffix = "_total"},
    {.type = "GAUGE", .text = "gauge", .suffix = ""},
    {.type = "HISTOGRAM", .text = "histogram", .suffix = ""},
    {.type = "INFO", .text = "info", .suffix = "_info"},
};

void gen_write_metrics(void)
{
    FILE *file = gen_begin("docs/reference-metrics.md");
    gen_head(file, "Metrics", "shared/live/metrics.def` and `shared/live/counters.def");
    (void)fprintf(file, "What a place with `SetHandler zta-metrics` tells "
                        "([operations](operations.md#metrics)). A histogram has\n`_bucket` with "
                        "the label `le`, `_sum` and `_count`. Labels have the values that a table "
                        "of the product or\nthe configuration names: outcomes, stages, "
                        "[reasons](reference-reasons.md), issuers, alerts. None has a\nsubject, an "
                        "address, a path or anything else that a client can choose.\n\n"
                        "| metric | type | unit | labels | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
            if (strcmp(types[k].type, metrics[i].type) == 0) {
                (void)fprintf(file, "| `%s%s` | %s | %s | %s | ", metrics[i].name, types[k].suffix,
                              types[k].text, metrics[i].unit, metrics[i].labels);
            }
        }
        gen_markdown(file, metrics[i].help);
        (void)fprintf(file, " |\n");
    }
    (void)fprintf(file, "\n## Counters\n\nThose of [ztactl status](reference-counters.md).\n\n"
                        "| metric | counts |\n|---|---|\n");
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        (void)fprintf(file, "| `%s` | ", counters[i].name);
        gen_markdown(file, counters[i].help);
        (void)fprintf(file, " |\n");
    }
    gen_end(file);
}
