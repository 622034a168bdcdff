/* SPDX-License-Identifier: Apache-2.0 */
/* The observer's own state, shared by observer.c (events) and upkeep.c (what each second needs). */
#ifndef MOD_ZTA_HELPER_OBSERVER_PRIV_H
#define MOD_ZTA_HELPER_OBSERVER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/helper/baseline_table.h"
#include "mod_zta/helper/batch.h"
#include "mod_zta/helper/fleet_part.h"
#include "mod_zta/helper/inputs_keeper.h"
#include "mod_zta/helper/key_uses.h"
#include "mod_zta/helper/observer.h"
#include "mod_zta/helper/quota.h"
#include "mod_zta/helper/risk_table.h"
#include "mod_zta/helper/series.h"
#include "mod_zta/helper/session_table.h"
#include "shared/store/attestations.h"
#include "shared/store/baselines.h"
#include "shared/store/erasures.h"
#include "shared/store/events.h"
#include "shared/store/measures.h"
#include "shared/store/risks.h"
#include "shared/store/signals.h"

enum mod_zta_alert {
    MOD_ZTA_ALERT_HEALTH = 0,    /* the data files are gone or were replaced */
    MOD_ZTA_ALERT_WRITE,         /* the store does not take what it is given */
    MOD_ZTA_ALERT_DISK,          /* hardly any room on the file system */
    MOD_ZTA_ALERT_FILL,          /* the map is nearly full: the oldest events go early */
    MOD_ZTA_ALERT_DROPS,         /* events were dropped in the last minute */
    MOD_ZTA_ALERT_KEYS_STALE,    /* an issuer has no keys that may still serve */
    MOD_ZTA_ALERT_KEYS_REFRESH,  /* an issuer does not answer, its former keys serve */
    MOD_ZTA_ALERT_INTROSPECTION, /* an issuer says nothing about opaque tokens, or refuses us */
    MOD_ZTA_ALERT_SIGNALS,       /* the store does not take what issuers signalled */
    MOD_ZTA_ALERT_GEO,           /* ZTAGeoDB cannot be used as it is now */
    MOD_ZTA_ALERT_ASN,           /* ZTAAsnDB likewise */
    MOD_ZTA_ALERT_LISTS,         /* a file of items cannot be used as it is now */
    MOD_ZTA_ALERT_GOVERNED,      /* the governor held a response back lately */
    MOD_ZTA_ALERT_LOST,          /* notifications or responses were lost */
    MOD_ZTA_ALERT_RULES,         /* the live rules cannot be used for automation and risk */
    MOD_ZTA_ALERT_STREAMS,       /* a transmitter is silent, or stopped its stream */
    MOD_ZTA_ALERT_HELD,          /* what transmitters told waits for an operator */
    MOD_ZTA_ALERT_LOG,           /* a target of ZTALog takes nothing, or lost lines lately */
    MOD_ZTA_N_ALERTS
};

struct mod_zta_alert_state {
    int64_t since_s; /* 0: all is well */
    char text[512];
};

struct mod_zta_upkeep {
    enum zta_threat_level threat;
    int64_t threat_since_s;
    char threat_reason[96];
    uint8_t measures_place[ZTA_MEASURE_KEY_SIZE];
    int64_t next_ns;
    int64_t next_readers_ns;
    int64_t started_s;
    uint8_t sessions_place[ZTA_SESSION_ID_SIZE];
    struct zta_prune_place baselines_place;
    struct zta_prune_place risks_place;
    struct zta_prune_place address_risks_place;
    struct zta_prune_place spent_risks_place;
    struct zta_erasure erasure; /* that is carried out; zeroed: none */
    struct zta_erasing erasing;
    uint64_t n_dropped; /* as of the last look */
    int64_t dropped_ns; /* when it last rose */
    bool is_filled;     /* events are removed until the map has room again */
    int64_t filled_ns;  /* when it was last so */
    bool is_healthy;
    bool is_squeezed; /* what room the disk has is left to policy/ and to pruning */
    struct mod_zta_alert_state alerts[MOD_ZTA_N_ALERTS];
};

struct mod_zta_requests {
    int64_t next_ns; /* when to look again */
    bool is_waiting;
};

struct mod_zta_observer {
    struct mod_zta_observer_options options;
    struct zta_store *store;
    int lock_fd;
    struct mod_zta_hot_table *sessions;
    struct mod_zta_hot_table *baselines;
    struct mod_zta_risk_table *risks;
    struct mod_zta_risk_losses risk_losses; /* as counted */
    size_t n_watched;                       /* events of the batch that the detectors have seen */
    struct mod_zta_quota *quota;
    struct mod_zta_series *series;
    struct mod_zta_key_uses *key_uses;
    struct mod_zta_inputs_keeper *inputs;
    struct mod_zta_ruleset *rules; /* looked at before each batch */
    struct mod_zta_automation *automation;
    struct mod_zta_decision_log *decision_log; /* NULL: none is configured */
    size_t n_responded;                        /* events of the batch that it has seen */
    struct zta_event_key segment;              /* created and id */
    struct zta_events_progress progress;       /* as committed */
    uint64_t cursor;                           /* all below is in the batch, committed or dropped */
    int64_t next_commit_ns;
    int64_t retry_ns; /* nothing is written before; 0: the last change was committed */
    unsigned n_failures;
    int64_t signals_retry_ns; /* signals are not delivered before */
    uint8_t signals_place[ZTA_SIGNAL_KEY_SIZE];
    uint8_t attestations_place[ZTA_ATTESTATION_KEY_SIZE];
    int64_t next_attested_s; /* when what transmitters told is said to the fleet again */
    bool has_streams;        /* in the store, those of this configuration and no others */
    int64_t next_look_s;     /* at streams and at what waits for operators */
    struct mod_zta_requests requests;
    struct mod_zta_upkeep upkeep;
    struct mod_zta_batch batch;
    struct mod_zta_shares shares;
    struct mod_zta_fleet_part fleet_part;
};

void mod_zta_observer_log(const struct mod_zta_observer *observer, int level, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
/* Raises the alert, logging tag and text once; text NULL ends it. */
void mod_zta_observer_alert(struct mod_zta_observer *observer, enum mod_zta_alert alert,
                            int64_t now_s, const char *text);

void mod_zta_upkeep_begin(struct mod_zta_observer *observer, int64_t now_mono_ns,
                          int64_t now_real_ns);
/* What is to be done each second, when it is. */
void mod_zta_upkeep_step(struct mod_zta_observer *observer, int64_t now_mono_ns,
                         int64_t now_real_ns);
/* A change found no room: frees the ballast, so that pruning and operators have some. */
void mod_zta_upkeep_squeeze(struct mod_zta_observer *observer, int64_t now_real_ns);
/* May the observer write events now? */
bool mod_zta_upkeep_may_write(const struct mod_zta_observer *observer);

#endif
