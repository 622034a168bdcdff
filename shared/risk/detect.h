/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the observer finds in the stream of requests. Pure and bounded: a detector is fed one
 * sighting after the other under the sightings' own clock, keeps its windows in state that is the
 * caller's, and says which signals it found. Zeroed state is that of somebody who was never seen.
 *
 * - A window begins with the first sighting in it and is forgotten as a whole.
 * - What goes on is found again after ZTA_DETECT_AGAIN_S at the soonest.
 * - What was never verified is found of its address alone.
 */
#ifndef ZTA_RISK_DETECT_H
#define ZTA_RISK_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/risk/score.h"
#include "shared/risk/sighting.h"

#define ZTA_DETECT_AGAIN_S 60

/* Requests from one side to the other and back: a change of network is one, or two. */
#define ZTA_NETWORK_SWITCHES 4
#define ZTA_NETWORK_WINDOW_S 60

/* Different paths answered by 403 or 404, when those are at least half of what was asked for. */
#define ZTA_MISSING_PATHS         20
#define ZTA_MISSING_WINDOW_S      600
#define ZTA_MISSING_PATHS_LONG    40
#define ZTA_MISSING_WINDOW_LONG_S 21600

/* Credentials refused at one address, when those are at least a quarter of what came from it. */
#define ZTA_FAILURES          20
#define ZTA_FAILURES_WINDOW_S 600
/* Different accounts refused, when those are at least half as many as were let in. */
#define ZTA_ACCOUNTS               10
#define ZTA_ACCOUNTS_WINDOW_S      600
#define ZTA_ACCOUNTS_LONG          25
#define ZTA_ACCOUNTS_WINDOW_LONG_S 21600

/* Failed proofs from where the session is; a client's own retry is one. */
#define ZTA_PROOF_FAILURES 3
#define ZTA_PROOF_WINDOW_S 600

struct zta_finding {
    enum zta_risk_signal signal;
    char evidence[ZTA_RISK_EVIDENCE_MAX];
};

#define ZTA_FINDINGS_MAX 8
struct zta_findings {
    size_t n;
    struct zta_finding items[ZTA_FINDINGS_MAX];
};

/* How many different ones, up to about a hundred: a bit for each hash. */
struct zta_sketch {
    uint64_t bits[4];
};

struct zta_network_watch {
    struct zta_sighting_place here;
    struct zta_sighting_place there; /* before */
    int64_t here_since_ns;
    int64_t switches_ns[ZTA_NETWORK_SWITCHES]; /* the last ones, oldest first; 0: none */
    int64_t found_ns;
};

struct zta_missing_window {
    int64_t since_ns; /* 0: none */
    uint32_t n_requests;
    uint32_t n_missing;
    struct zta_sketch paths;
};

struct zta_missing_watch {
    struct zta_missing_window windows[2]; /* short, long */
    int64_t found_ns;
};

struct zta_account_window {
    int64_t since_ns;
    uint32_t n_requests;
    uint32_t n_failed;
    struct zta_sketch failed;
    struct zta_sketch passed;
};

struct zta_account_watch {
    struct zta_account_window windows[2];
    int64_t failures_ns;
    int64_t stuffing_ns;
};

/* Of replays, and of bindings that failed. */
struct zta_proof_watch {
    int64_t since_ns;
    uint32_t n;
    int64_t found_ns;
};

struct zta_session_watch {
    struct zta_network_watch networks;
    struct zta_missing_watch missing;
    struct zta_proof_watch replays;
    struct zta_proof_watch bindings;
};

struct zta_address_watch {
    struct zta_account_watch accounts;
    struct zta_missing_watch missing;
};

/* Of one session, in the order in which its requests were recorded. Adds to *findings. */
void zta_detect_session(struct zta_session_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings);
/* Of one address: IPv4 /32, IPv6 /64. Adds to *findings. */
void zta_detect_address(struct zta_address_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings);

#endif
