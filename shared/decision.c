/* SPDX-License-Identifier: Apache-2.0 */
/* Names and answers of outcomes and reasons, from the one table. */
#include "shared/decision.h"

struct reason_row {
    const char *name;
    const char *oauth_error;
    const char *problem_class;
    const char *title;
    int http_status;
};

static const struct reason_row reasons[ZTA_N_REASONS] = {
#define ZTA_REASON(upper, lower, http, oauth, klass, text)                                         \
    [ZTA_REASON_##upper] = {.name = #lower,                                                        \
                            .oauth_error = (oauth),                                                \
                            .problem_class = (klass),                                              \
                            .title = (text),                                                       \
                            .http_status = (http)},
#include "shared/reasons.def"
#undef ZTA_REASON
};

static const char *const outcomes[] = {
    [ZTA_OUTCOME_DENY] = "deny",           [ZTA_OUTCOME_ALLOW] = "allow",
    [ZTA_OUTCOME_STEP_UP] = "step_up",     [ZTA_OUTCOME_THROTTLE] = "throttle",
    [ZTA_OUTCOME_CHALLENGE] = "challenge",
};
enum {
    N_OUTCOMES = sizeof outcomes / sizeof outcomes[0]
};

/* Values come from records of other versions too: what this one does not know is the denial. */
static const struct reason_row *row_of(enum zta_reason reason)
{
    unsigned i = (unsigned)reason;
    return &reasons[i < ZTA_N_REASONS ? i : (unsigned)ZTA_REASON_UNJUDGED];
}

const char *zta_outcome_name(enum zta_outcome outcome)
{
    unsigned i = (unsigned)outcome;
    return outcomes[i < N_OUTCOMES ? i : (unsigned)ZTA_OUTCOME_DENY];
}

const char *zta_reason_name(enum zta_reason reason)
{
    return row_of(reason)->name;
}

enum zta_status zta_reason_parse(struct zta_text text, enum zta_reason *reason)
{
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        if (zta_text_equal(text, zta_text_of(reasons[i].name))) {
            *reason = (enum zta_reason)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

enum zta_status zta_outcome_parse(struct zta_text text, enum zta_outcome *outcome)
{
    for (unsigned i = 0; i < N_OUTCOMES; i++) {
        if (zta_text_equal(text, zta_text_of(outcomes[i]))) {
            *outcome = (enum zta_outcome)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

int zta_reason_http_status(enum zta_reason reason)
{
    return row_of(reason)->http_status;
}

const char *zta_reason_oauth_error(enum zta_reason reason)
{
    return row_of(reason)->oauth_error;
}

const char *zta_reason_class(enum zta_reason reason)
{
    return row_of(reason)->problem_class;
}

const char *zta_reason_title(enum zta_reason reason)
{
    return row_of(reason)->title;
}
