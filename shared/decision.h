/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outcome of judging one request. A zeroed decision is a denial, an unknown reason is a denial.
 */
#ifndef ZTA_DECISION_H
#define ZTA_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"

enum zta_outcome {
    ZTA_OUTCOME_DENY = 0,
    ZTA_OUTCOME_ALLOW,
    ZTA_OUTCOME_STEP_UP,
    ZTA_OUTCOME_THROTTLE,
    ZTA_OUTCOME_CHALLENGE,
};

enum zta_reason {
#define ZTA_REASON(upper, lower, http, oauth, klass, title) ZTA_REASON_##upper,
#include "shared/reasons.def"
#undef ZTA_REASON
    ZTA_N_REASONS
};

#define ZTA_MISSING_MAX    160
#define ZTA_MISSING_WHEN   "when "
#define ZTA_SCOPE_TEXT_MAX 256
#define ZTA_ACR_TEXT_MAX   128

/* One verdict: what was decided, by which rule. Text is copied, so it outlives the rules. */
struct zta_verdict {
    enum zta_outcome outcome;
    enum zta_reason reason;
    char rule[ZTA_NAME_MAX + 1]; /* deciding rule; "" when none decided */
    uint32_t line;               /* of that rule in its source; 0 unknown */
    uint16_t source;             /* index of that source in the rule set */
};

/* What a STEP_UP asks for (RFC 9470); several merge: strongest acr, smallest max_age. */
struct zta_step_up {
    char acr[ZTA_ACR_TEXT_MAX]; /* "": none */
    int64_t max_age_s;          /* -1: none */
    int64_t newer_than_s;       /* of risk: a login after this one meets it; 0: none */
};

struct zta_decision {
    struct zta_verdict verdict; /* what happens */
    struct zta_verdict monitor; /* what would have happened with every monitored part enforced */
    bool has_monitor;           /* monitor differs from verdict and was evaluated */
    bool is_slowed; /* some require throttles, enforced or monitored: ZTA_LIMIT_ELSE has them */
    struct zta_verdict slowed; /* is_slowed and enforced: what follows over its rate; else zeroed */
    struct zta_step_up
        step_up;          /* of verdict, else of monitor, where that is STEP_UP; else zeroed */
    uint8_t stage;        /* stage that was enforced */
    uint16_t n_denied_by; /* rules that denied, the headline included */
    uint16_t n_granted_by;
    char scope
        [ZTA_SCOPE_TEXT_MAX]; /* insufficient_scope: scopes that were needed, space-separated */
    /* The first unmet need, as its rule line ("role admin"), and what of the request that is about;
     * of a deny about circumstances the line that held, behind ZTA_MISSING_WHEN. */
    char missing[ZTA_MISSING_MAX];
    char nearest[ZTA_NAME_MAX + 1]; /* the allow that would have granted with the fewest changes */
};

const char *zta_outcome_name(enum zta_outcome outcome);
/* "rule_denied"; unknown values give "unjudged". */
const char *zta_reason_name(enum zta_reason reason);
enum zta_status zta_reason_parse(struct zta_text text, enum zta_reason *reason) ZTA_MUST_CHECK;
enum zta_status zta_outcome_parse(struct zta_text text, enum zta_outcome *outcome) ZTA_MUST_CHECK;
int zta_reason_http_status(enum zta_reason reason);
/* NULL where RFC 6750 names no error. */
const char *zta_reason_oauth_error(enum zta_reason reason);
/* What a client may learn (problem type class and title); never which check failed. */
const char *zta_reason_class(enum zta_reason reason);
const char *zta_reason_title(enum zta_reason reason);

#endif
