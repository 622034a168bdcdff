/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer: the one reader of the ring and the one writer of state/. It knows no httpd: time is
 * a parameter, failures are counted, published as alerts and handed to the caller's log. One at a
 * time for a store: open takes the lock state/observer.lock, which ends with the process.
 */
#ifndef MOD_ZTA_HELPER_OBSERVER_H
#define MOD_ZTA_HELPER_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/automation.h"
#include "mod_zta/helper/decision_log.h"
#include "mod_zta/helper/ruleset.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"
#include "shared/store/published.h"
#include "shared/store/series.h"

#define MOD_ZTA_COMMIT_NS    INT64_C(100000000)
#define MOD_ZTA_DRAIN_NS     INT64_C(5000000000)
#define MOD_ZTA_BALLAST_SIZE (UINT64_C(4) << 20)

/* syslog's numbers, which are httpd's. */
enum mod_zta_helper_level {
    MOD_ZTA_HELPER_ERROR = 3,
    MOD_ZTA_HELPER_WARNING = 4,
    MOD_ZTA_HELPER_NOTICE = 5,
    MOD_ZTA_HELPER_INFO = 6,
};
/* tag_and_text begins with its stable tag: "ZTA0801: the disk is full: ...". */
typedef void (*mod_zta_helper_log_fn)(void *context, int level, const char *tag_and_text);

struct mod_zta_asked_issuer {
    struct zta_text name;
    uint64_t id; /* of its breaker (shared/live/flights.h) */
};

struct mod_zta_stream_options {
    struct zta_text name;
    bool is_polled;
    bool is_verifiable;
    int64_t quiet_s; /* without anything before there is an alert; 0: never */
};

struct mod_zta_observer_options {
    struct zta_segment *segment; /* attached; outlives the observer */
    const char *store_dir;
    uint64_t store_size; /* ZTAStoreSize; 0 adopts */
    /* ZTARetain; 0: not limited by it */
    int64_t retain_events_s;
    uint64_t retain_events_size;
    int64_t retain_sessions_s;
    int64_t retain_series_s[ZTA_N_SERIES_SPANS];
    const char *version;
    /* What the parent has to say as long as this configuration serves (last good rules, …). */
    const struct zta_published_alert *alerts;
    size_t n_alerts;
    /* Issuers that are asked about opaque tokens: an alert tells which of them fail. */
    const struct mod_zta_asked_issuer *asked;
    size_t n_asked;
    /* <ZTATransmitter>: an alert tells of streams that are silent or were stopped. */
    const struct mod_zta_stream_options *streams;
    size_t n_streams;
    struct mod_zta_ruleset_options rules; /* of the configuration; the layer is in the store */
    struct mod_zta_automation_options automation;
    /* ZTALog. */
    const struct mod_zta_log_end *log_ends;
    size_t n_log_ends;
    mod_zta_helper_log_fn log; /* may be NULL */
    void *log_context;
};

struct mod_zta_observer;

/*
 * ZTA_BUSY: another observer holds the lock; ask again. Other failures are the store's, and are
 * noted in the segment (zta_segment_store_health).
 */
enum zta_status mod_zta_observer_open(const struct mod_zta_observer_options *options,
                                      int64_t now_mono_ns, int64_t now_real_ns,
                                      struct mod_zta_observer **observer,
                                      struct zta_error *error) ZTA_MUST_CHECK;
/* Without a last commit: what was not committed stays in the ring for the next observer. */
void mod_zta_observer_close(struct mod_zta_observer **observer);

/*
 * One round: takes over what the ring holds, commits when it is time, and each second looks after
 * health, heartbeat and room. Returns for how long at most the caller may sleep: 0 while there is
 * more to do.
 */
int64_t mod_zta_observer_step(struct mod_zta_observer *observer, int64_t now_mono_ns,
                              int64_t now_real_ns);

/*
 * For an orderly end: rounds until no registered child lives and the ring is empty, at most until
 * deadline_mono_ns, then a last commit that writes every touched session back. False when events
 * stayed in the ring.
 */
bool mod_zta_observer_drain(struct mod_zta_observer *observer, int64_t deadline_mono_ns);

/* Texts of options.rules were replaced. */
void mod_zta_observer_touch_rules(struct mod_zta_observer *observer);

struct zta_store *mod_zta_observer_store(struct mod_zta_observer *observer);

#endif
