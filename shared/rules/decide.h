/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: one pure function over facts, compiled rules and a clock. Live decision, monitor
 * mode and replay are callers of it. Three-valued (true, false, unknown); unknown never helps the
 * client (docs/rules.md, meanings 3, 4, 6 to 8).
 */
#ifndef ZTA_RULES_DECIDE_H
#define ZTA_RULES_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/decision.h"
#include "shared/facts.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

/*
 * Judges by allow, deny and require. now_s is real time (from, until, auth-age). Writes every field
 * of *decision. Where the feature `rules` is off the verdict is allow with reason ok; where it is
 * monitored the verdict is allow and the monitor verdict says what enforcing would do. Never
 * allocates, never fails: what cannot be evaluated is a denial (facts without host, path or method
 * are unjudged). Where the feature `credential` is in force no rule lets an unverified request
 * pass: the outcome is a challenge, no_credential. What a require refuses is rule_denied, or the
 * refusal of attributes.def when it lacks nothing else; one that throttles refuses nothing here.
 * One that steps up asks for what decision->step_up has, unless the login is that already; where
 * the feature `stepup` is not in force, or no login helps, it refuses.
 * verdict.rule is the rule that granted or refused, `nearest` the allow that came nearest. The
 * monitor verdict differs when outcome or reason do, or when another rule would refuse.
 */
void zta_rules_decide(const struct zta_ruleset *set, const struct zta_facts *facts,
                      const struct zta_stance *stance, int64_t now_s,
                      struct zta_decision *decision);

/*
 * Limits of meaning 8: before any cryptography, and after authentication; and, of a request that
 * the rules allow, the require whose needs it lacks and that throttle for it.
 */
enum zta_limit_phase {
    ZTA_LIMIT_BEFORE = 0, /* keyed by ip net route all, conditions on host, path, method only */
    ZTA_LIMIT_AFTER,
    ZTA_LIMIT_ELSE, /* keyed by session, else address; asked where the decision is_slowed */
};

#define ZTA_LIMIT_CHARGES_MAX 32

/* One limit that applies to a request: what to charge and how to call it. */
struct zta_limit_charge {
    const char *name;   /* of the rule; borrowed from the set */
    uint32_t number;    /* of the rule in the set */
    uint64_t tag;       /* keyed hash of mode, rule, rate and key values; never 0 */
    uint64_t count;     /* requests ... */
    uint64_t window_s;  /* ... per this many seconds */
    uint64_t burst;     /* >= 1 */
    enum zta_mode mode; /* monitor or enforce */
    uint32_t line;
    uint16_t source;
    bool is_keyed_by_identity; /* its state is about one identity, not shared with outsiders */
    bool is_fleets;            /* the nodes of the fleet share the rate */
};

/*
 * The limits of one phase that apply, enforced ones first; an unknown key means that the limit does
 * not apply, but for ZTA_LIMIT_ELSE, where all that have no key share one bucket. Returns their
 * number, at most ZTA_LIMIT_CHARGES_MAX; *n_left_out counts further enforced ones, for which the
 * caller must refuse the request as rate_limited (fail closed).
 */
size_t zta_rules_limits(const struct zta_ruleset *set, const struct zta_facts *facts,
                        const struct zta_stance *stance, int64_t now_s, enum zta_limit_phase phase,
                        const struct zta_siphash_key *key,
                        struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX], size_t *n_left_out);

/*
 * The tag of the bucket that a charge of zta_rules_limits is about, by another key: for who must
 * name it as others do. Never 0.
 */
uint64_t zta_rules_limit_tag(const struct zta_ruleset *set, const struct zta_facts *facts,
                             const struct zta_limit_charge *charge,
                             const struct zta_siphash_key *key);

/*
 * The keys of a limit as they were written, "subject route"; of a require that throttles "session
 * or ip"; nothing for a number that is none.
 */
void zta_rules_limit_keys(const struct zta_ruleset *set, uint32_t number, struct zta_buffer *out);

/* Where rule i as written would be in force under a stance, for `rules list` and `rules check`. */
enum zta_mode zta_ruleset_rule_mode(const struct zta_ruleset *set, size_t rule,
                                    const struct zta_stance *stance, int64_t now_s);
const char *zta_ruleset_rule_name(const struct zta_ruleset *set, size_t rule);

#endif
