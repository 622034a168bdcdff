/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `respond` rules: what is counted, by whom, and which measures follow (docs/rules.md). Who counts
 * and who takes the measures reads them here; everything is borrowed from the rule set.
 */
#ifndef ZTA_RULES_RESPOND_H
#define ZTA_RULES_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/facts.h"
#include "shared/risk_signals.h"
#include "shared/rules/ast_cond.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

#define ZTA_RESPONDS_MAX      64 /* rules of a set: each counts every request */
#define ZTA_RESPOND_LINES_MAX 8  /* `on` lines of a rule, and `do` lines */

enum zta_metric {
#define ZTA_METRIC(upper, name, counting, traits, text) ZTA_METRIC_OF_##upper,
#include "shared/rules/metrics.def"
    ZTA_N_METRICS
};

enum zta_metric_counting {
    ZTA_METRIC_SUM = 0,
    ZTA_METRIC_DISTINCT,
    ZTA_METRIC_RATIO, /* in percent; needs min */
    ZTA_METRIC_P95,
    ZTA_METRIC_NOW, /* has no window */
};

enum zta_metric_trait {
    ZTA_METRIC_ANONYMOUS = 1,
};

struct zta_metric_info {
    const char *name; /* "signal" stands for signal:NAME */
    enum zta_metric_counting counting;
    unsigned traits; /* set of enum zta_metric_trait */
    const char *text;
};

/* By whom is counted; those but route and all can be targets. */
enum zta_group {
    ZTA_GROUP_IP = 0, /* IPv6: /64 */
    ZTA_GROUP_NET,    /* /24 and /48 */
    ZTA_GROUP_SESSION,
    ZTA_GROUP_SUBJECT,
    ZTA_GROUP_CLIENT,
    ZTA_GROUP_APIKEY,
    ZTA_GROUP_ROUTE,
    ZTA_GROUP_ALL,
    ZTA_N_GROUPS
};

enum zta_act {
    ZTA_ACT_BLOCK = 0,    /* ip net subject */
    ZTA_ACT_QUARANTINE,   /* session subject client apikey */
    ZTA_ACT_STEP_UP,      /* session subject */
    ZTA_ACT_SIGNAL,       /* raises a signal of the session or ip that was counted by */
    ZTA_ACT_LIMIT,        /* tightens a limit */
    ZTA_ACT_THREAT_LEVEL, /* raises the level */
    ZTA_ACT_NOTIFY,
    ZTA_N_ACTS
};

/* METRIC OP NUMBER[%] [in WINDOW] [min MIN] */
struct zta_respond_on {
    enum zta_metric metric;
    enum zta_risk_signal signal; /* metric SIGNAL */
    enum zta_op op;
    uint64_t number;  /* RATIO: percent, 0 to 100; P95: milliseconds */
    int64_t window_s; /* NOW: 0 */
    uint64_t min;     /* requests there must be; 0: any */
    struct zta_rules_place place;
};

struct zta_respond_do {
    enum zta_act act;
    enum zta_group target;          /* BLOCK, QUARANTINE, STEP_UP */
    int64_t for_s;                  /* all but SIGNAL and NOTIFY */
    struct zta_ast_step_up step_up; /* STEP_UP */
    enum zta_risk_signal signal;    /* SIGNAL */
    struct zta_text name;           /* LIMIT: of the rule; NOTIFY: of the target */
    struct zta_ast_rate rate;       /* LIMIT; tighter than the rule's own */
    enum zta_threat_level level;    /* THREAT_LEVEL: above normal */
    struct zta_rules_place place;
};

struct zta_respond {
    struct zta_text name; /* of the rule */
    uint16_t source;
    uint32_t line;
    enum zta_group group; /* of all its lines */
    size_t n_ons;         /* at least one; all have to hold */
    struct zta_respond_on ons[ZTA_RESPOND_LINES_MAX];
    size_t n_dos; /* at least one */
    struct zta_respond_do dos[ZTA_RESPOND_LINES_MAX];
};

/* NULL, and "", beyond the enums. */
const struct zta_metric_info *zta_metric_info(unsigned metric);
const char *zta_group_name(enum zta_group group);
const char *zta_act_name(enum zta_act act);
/* Meaningful of one who was verified only: session, subject, client, apikey. */
bool zta_group_is_verified(enum zta_group group);
/* Whether the act can be done to a target, and the target follows from the group. */
bool zta_act_takes(enum zta_act act, enum zta_group target);
bool zta_group_implies(enum zta_group group, enum zta_group target);
/* "auth-failures > 50 in 1m by ip", "block ip for 15m": as the printer writes them. */
void zta_respond_print_on(const struct zta_respond_on *on, enum zta_group group,
                          struct zta_buffer *out);
void zta_respond_print_do(const struct zta_respond_do *act, struct zta_buffer *out);

/* Respond rules of a set in order of name. */
size_t zta_respond_count(const struct zta_ruleset *set);
const struct zta_respond *zta_respond_get(const struct zta_ruleset *set, size_t number);
/*
 * What the rule is for a request of this stance: off: it does not count there; monitor: it counts
 * and its measures are only told of. The weakest of the feature `automation`, what its `when` lines
 * ask, its mode and its times decides.
 */
enum zta_mode zta_respond_mode(const struct zta_ruleset *set, size_t number,
                               const struct zta_stance *stance, int64_t now_s);
/* Whether all its `when` lines hold for a request: only then it counts. */
bool zta_respond_when_holds(const struct zta_ruleset *set, size_t number,
                            const struct zta_facts *facts, int64_t now_s);

#endif
