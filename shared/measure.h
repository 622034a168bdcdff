/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measure: what is held against somebody for a time, by whom and why. Who decides on measures,
 * who keeps them and who shows them share these words.
 */
#ifndef ZTA_MEASURE_H
#define ZTA_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/risk_signals.h"

#define ZTA_MEASURE_REASON_MAX   200
#define ZTA_MEASURE_TARGET_MAX   16 /* measures of one target at a time; 32 of everyone */
#define ZTA_MEASURE_EVERYONE_MAX 32
#define ZTA_MEASURE_EXTENDED_MAX 4 /* times the length that it was begun with */

enum zta_measure_kind {
    ZTA_MEASURE_BLOCK = 1,    /* of networks and subjects: refused */
    ZTA_MEASURE_QUARANTINE,   /* of sessions, subjects, clients, API keys: no credential of it */
    ZTA_MEASURE_STEP_UP,      /* of sessions and subjects: a newer, perhaps stronger login */
    ZTA_MEASURE_LIMIT,        /* of everyone: the limit of that name is tighter */
    ZTA_MEASURE_THREAT_LEVEL, /* of everyone: at least this level */
    ZTA_MEASURE_THROTTLE,     /* of networks: a rate for all of it, where a block would hit many */
    ZTA_N_MEASURE_KINDS
};

enum zta_measure_source {
    ZTA_MEASURE_OF_RULE = 1,
    ZTA_MEASURE_OF_TRANSMITTER,
    ZTA_MEASURE_OF_OPERATOR,
};

enum zta_target_kind {
    ZTA_TARGET_EVERYONE = 1,
    ZTA_TARGET_NETWORK, /* /32 and /64 ("ip"), /24 and /48 ("net"); no other prefix is looked up */
    ZTA_TARGET_SUBJECT,
    ZTA_TARGET_SESSION,
    ZTA_TARGET_CLIENT,
    ZTA_TARGET_APIKEY,
    ZTA_N_TARGET_KINDS
};

struct zta_target {
    enum zta_target_kind kind;
    struct zta_cidr network;
    uint8_t session[ZTA_SESSION_ID_SIZE];
    struct zta_text issuer; /* SUBJECT, CLIENT */
    struct zta_text name;   /* SUBJECT, CLIENT; APIKEY: the key's name */
};

struct zta_measure {
    uint64_t id; /* of its environment: "m7" of state/, "h7" and "f7" of policy/ */
    enum zta_measure_kind kind;
    enum zta_measure_source source;
    struct zta_target target;
    struct zta_text rule;   /* respond rule, transmitter or operator */
    struct zta_text reason; /* what was seen, or why: "auth-failures 51 > 50 in 60s by ip" */
    int64_t created_ns;     /* real time, raised above what an operator lifted */
    int64_t until_s;        /* real time, half-open */
    int64_t for_s;          /* as begun */
    uint32_t n_extended;
    struct zta_text acr;   /* STEP_UP: absent: any */
    int64_t max_age_s;     /* STEP_UP: -1: none */
    struct zta_text limit; /* LIMIT: name of the rule */
    uint64_t count;        /* LIMIT, THROTTLE: requests ... */
    uint64_t window_s;     /* ... per this many seconds */
    enum zta_threat_level level;
    bool is_heard;         /* of a rule or transmitter of another node of the fleet */
    int64_t seen_since_ns; /* to put one of a rule: all it rests on came behind this; 0: unknown */
};

/* "block", "quarantine", "step-up", "limit", "threat-level", "throttle". */
const char *zta_measure_kind_name(enum zta_measure_kind kind);
/* "rule", "transmitter", "operator". */
const char *zta_measure_source_name(enum zta_measure_source source);
/* "ip", "net", "subject", "session", "client", "apikey", "all". */
const char *zta_target_name(const struct zta_target *target);
/* "192.0.2.7", "alice@corp", a session's id in hex, a key's name; safe for a terminal. */
void zta_target_print(const struct zta_target *target, struct zta_buffer *out);
bool zta_target_equal(const struct zta_target *a, const struct zta_target *b);
/* "m7", of an operator "h7", of another node "f7". */
char zta_measure_letter(const struct zta_measure *measure);
void zta_measure_id_print(const struct zta_measure *measure, char out[24]);

#endif
