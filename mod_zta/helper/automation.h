/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From recorded requests to measures: counts them for the `respond` rules in force, asks the
 * governor what may be done, and writes measures with the events that called for them, in the same
 * transaction. Counts are in memory alone and begin anew with the process; measures do not.
 * Used by the observer's thread alone, free of httpd.
 */
#ifndef MOD_ZTA_HELPER_AUTOMATION_H
#define MOD_ZTA_HELPER_AUTOMATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/notify.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/notice.h"
#include "shared/risk/governor.h"
#include "shared/risk_signals.h"
#include "shared/rules/compile.h"
#include "shared/store/env.h"

struct mod_zta_automation_options {
    struct zta_governor_limits governor;
    const struct mod_zta_notify_end *notify; /* targets of ZTANotify */
    size_t n_notify;
};

struct mod_zta_automation;

/* Learns from the store's sessions who was active lately. ZTA_NO_MEMORY. */
enum zta_status mod_zta_automation_open(const struct mod_zta_automation_options *options,
                                        const struct zta_siphash_key *key, struct zta_store *store,
                                        int64_t now_real_ns,
                                        struct mod_zta_automation **automation) ZTA_MUST_CHECK;
void mod_zta_automation_close(struct mod_zta_automation **automation);

/* The rules to count for, which stay valid until the next call; version tells them apart. */
void mod_zta_automation_use(struct mod_zta_automation *automation, const struct zta_ruleset *set,
                            uint64_t version);
/* Counts one event, once, and decides on what it triggers. */
void mod_zta_automation_note(struct mod_zta_automation *automation, struct zta_store *store,
                             const struct zta_event *event, int64_t now_real_ns);
/* A signal that the event noted last has raised by rule; false: no (more). */
struct mod_zta_automation_raise {
    enum zta_risk_kept_for owner;
    enum zta_risk_signal signal;
    const char *evidence; /* borrowed until the next event */
};
bool mod_zta_automation_next_raise(struct mod_zta_automation *automation,
                                   struct mod_zta_automation_raise *raise);
/* Writes what was decided; may be asked again in another change when that one failed. */
enum zta_status mod_zta_automation_write(struct mod_zta_automation *automation,
                                         struct zta_change *change) ZTA_MUST_CHECK;
/* The change was committed, or not: what was decided waits for the next one. */
void mod_zta_automation_written(struct mod_zta_automation *automation, bool is_committed);

/* What the log says of what was committed, one line at a time; NULL: no more. */
const char *mod_zta_automation_next_line(struct mod_zta_automation *automation);

/*
 * Each second: the level that holds now, of what is measured here, what measures say and what other
 * nodes of the fleet measured. What is measured here is said to them.
 */
enum zta_threat_level mod_zta_automation_threat(struct mod_zta_automation *automation,
                                                struct zta_store *store, int64_t now_real_ns,
                                                const char **reason);
/* What is wrong, to alert about: the governor holds back, or lines are lost; NULL: nothing. */
const char *mod_zta_automation_held_back(const struct mod_zta_automation *automation,
                                         int64_t now_real_ns);
const char *mod_zta_automation_lost(struct mod_zta_automation *automation);

/*
 * May a transmitter's event restrict whom it names? Yes notes them against the budget of
 * transmitters, once; otherwise it waits for an operator.
 */
bool mod_zta_automation_may_hit(struct mod_zta_automation *automation,
                                const struct zta_notice *notice, int64_t now_real_ns);

#endif
