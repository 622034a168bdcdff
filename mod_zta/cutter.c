/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is expired, or not heard of by its fleet, shows by the clock alone; anything else is looked
 * up when a generation moved, and again each time while the store cannot be read.
 */
#include "mod_zta/cutter.h"

#include <http_log.h>

#include <stdio.h>

#include "mod_zta/child.h"
#include "mod_zta/child_thread.h"
#include "mod_zta/config.h"
#include "mod_zta/identity/token.h"
#include "mod_zta/measures.h"
#include "mod_zta/open/registry.h"
#include "mod_zta/open/standing.h"
#include "shared/base/clock.h"
#include "shared/store/fleet.h"

APLOG_USE_MODULE(zta);

#define TICK_NS (ZTA_NS_PER_S / 4)
/*
 * What is younger may end by itself for so long: an ordinary answer is not torn. Two ticks, less
 * what they vary; with the one that finds the reason it stays below the second that is promised.
 */
#define YOUNG_NS (5 * ZTA_NS_PER_S)
#define GRACE_NS (2 * TICK_NS - TICK_NS / 4)

/* One round over all that is open. */
struct round {
    struct mod_zta_look look;
    bool has_look;
    int64_t now_ns; /* monotonic */
    int64_t now_s;  /* real */
};

/* ZTA_BUSY: the store cannot be read now. */
static enum zta_status begin_look(struct round *round)
{
    if (!round->has_look) {
        mod_zta_look_begin(&round->look, round->now_ns);
        round->has_look = true;
    }
    return round->look.view != NULL ? ZTA_OK : ZTA_BUSY;
}

static struct mod_zta_open_stamp stamp_of(const struct mod_zta_look *look)
{
    return (struct mod_zta_open_stamp){
        .revocations = look->generations.revocations,
        .blocks = look->generations.blocks,
        .keys = look->generations.keys,
        .signals = look->signals + 1, /* never that of an entry that was not looked up */
        .policy_txn = zta_view_policy_txn(look->view),
        .state_txn = zta_view_state_txn(look->view),
    };
}

static bool has_moved(const struct mod_zta_open_stamp *then, const struct mod_zta_open_stamp *now)
{
    return then->revocations != now->revocations || then->blocks != now->blocks ||
           then->keys != now->keys || then->signals != now->signals;
}

/* Measures that refuse outright; what demands or slows is for the next request. */
static enum zta_status find_measures(const struct round *round, const struct mod_zta_open *open,
                                     enum zta_reason *reason, char *text)
{
    struct mod_zta_measures measures;
    mod_zta_measures_init(&measures);
    enum zta_status status = mod_zta_measures_of_addr(round->look.view, &open->addr, &open->stance,
                                                      round->now_s, &measures);
    if (status == ZTA_OK && open->identity != NULL) {
        status = mod_zta_measures_of_identity(round->look.view, open->identity, &open->stance,
                                              round->now_s, &measures);
    }
    if (status != ZTA_OK || (!measures.enforced.is_blocked && !measures.enforced.is_quarantined)) {
        return status;
    }
    *reason = measures.enforced.is_blocked ? ZTA_REASON_BLOCKED : ZTA_REASON_QUARANTINED;
    (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "%s by %s",
                   measures.enforced.is_blocked ? "blocked" : "quarantined",
                   measures.enforced.rule);
    return ZTA_OK;
}

/* What of it is known already is not looked up. Of ZTA_OK alone *reason says all. */
static enum zta_status find_reason(struct round *round, struct mod_zta_open *open,
                                   enum zta_reason *reason, char *text)
{
    *reason = ZTA_REASON_OK;
    if (mod_zta_standing_counts(open) &&
        mod_zta_token_is_expired(open->identity, open->leeway_s, round->now_s)) {
        *reason = ZTA_REASON_EXPIRED_CREDENTIAL;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "credential expired");
        return ZTA_OK;
    }
    enum zta_status status = begin_look(round);
    if (open->fleet_s > 0 &&
        zta_fleet_age_s(round->look.fleet_as_of_s, round->now_s) > open->fleet_s) {
        *reason = ZTA_REASON_FLEET_STALE;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "the fleet was not heard of for too long");
        return ZTA_OK;
    }
    if (status != ZTA_OK) {
        return status;
    }
    const struct mod_zta_open_stamp stamp = stamp_of(&round->look);
    if (has_moved(&open->stamp, &stamp)) {
        status = mod_zta_standing_find(round->look.view, open, round->now_s, reason, text);
    }
    const bool has_news =
        open->stamp.policy_txn != stamp.policy_txn || open->stamp.state_txn != stamp.state_txn;
    if (status == ZTA_OK && *reason == ZTA_REASON_OK && has_news) {
        status = find_measures(round, open, reason, text);
    }
    if (status == ZTA_OK && *reason == ZTA_REASON_OK) {
        open->stamp = stamp;
    }
    return status;
}

static bool is_spared(const struct round *round, struct mod_zta_open *open)
{
    if (open->doomed_ns == 0) {
        open->doomed_ns = round->now_ns;
    }
    return round->now_ns - open->started_ns < YOUNG_NS &&
           round->now_ns - open->doomed_ns < GRACE_NS;
}

static void judge(void *context, struct mod_zta_open *open)
{
    enum zta_reason reason = open->cut;
    char text[MOD_ZTA_STANDING_TEXT_MAX] = "";
    if (reason == ZTA_REASON_UNJUDGED && find_reason(context, open, &reason, text) != ZTA_OK) {
        return;
    }
    if (reason != ZTA_REASON_OK && !is_spared(context, open)) {
        /* Again in each round until it is gone: a connection to a back end may have come since. */
        mod_zta_open_cut(open, reason, text);
    }
}

static void make_round(void)
{
    struct round round = {.has_look = false,
                          .now_ns = zta_clock_monotonic_ns(),
                          .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    mod_zta_open_each(judge, &round);
    if (round.has_look) {
        mod_zta_look_end(&round.look);
    }
    mod_zta_child_let_go();
}

void mod_zta_cutter_begin(apr_pool_t *pchild, server_rec *s)
{
    static struct mod_zta_child_thread thread = {.round = make_round, .period_ns = TICK_NS};
    const struct mod_zta_global *global = mod_zta_global();
    if (mod_zta_segment() == NULL || !global->is_governed || global->store_dir == NULL) {
        return;
    }
    const int error = mod_zta_child_thread_begin(pchild, &thread);
    if (error != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, error, s,
                     "ZTA0131: no thread to watch what is open: this child's open responses end "
                     "by themselves only");
        return;
    }
    mod_zta_child_keep_snapshots();
}
