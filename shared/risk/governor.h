/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps automation from harming those it protects (ZTAGovernor): at most a share of the active
 * subjects may be hit in a window, addresses that many share are slowed rather than blocked, and
 * some are never touched. Pure and bounded; the clock is the caller's, real time.
 *
 * Only requests that were verified and let in say who is active and who stands behind what: nobody
 * can make himself, or others, count by traffic that is refused.
 */
#ifndef ZTA_RISK_GOVERNOR_H
#define ZTA_RISK_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/net.h"
#include "shared/base/status.h"

#define ZTA_GOVERNOR_SHARED     20 /* subjects behind an address: above it it is never blocked */
#define ZTA_GOVERNOR_NEVER_MAX  256
#define ZTA_GOVERNOR_WINDOW_MAX 86400
#define ZTA_GOVERNOR_SEEN_S     3600 /* who was seen behind an address so lately counts */

/* ZTAGovernor 5%/1h [min=5] [never=NETWORK,...] */
struct zta_governor_limits {
    unsigned percent; /* of active subjects, 0 to 100 */
    int64_t window_s;
    unsigned min;                 /* subjects that may be hit however few are active */
    const struct zta_cidr *never; /* addresses that are never blocked or slowed; borrowed */
    size_t n_never;
};

/* What a measure rests on: none spends what the others have. */
enum zta_governor_budget {
    ZTA_GOVERNOR_AUTHENTICATED = 0,
    ZTA_GOVERNOR_ANONYMOUS,
    ZTA_GOVERNOR_TRANSMITTER,
    ZTA_N_GOVERNOR_BUDGETS
};

enum zta_governed {
    ZTA_GOVERNED_OVER = 0, /* it would hit more than the share: only tell */
    ZTA_GOVERNED_NEVER,    /* one of our own, a proxy, or named: only tell */
    ZTA_GOVERNED_SHARED,   /* an address of many in good standing: slow it instead */
    ZTA_GOVERNED_GO,
};

struct zta_governor;

/* limits are copied, their networks borrowed. ZTA_NO_MEMORY. */
enum zta_status zta_governor_open(const struct zta_governor_limits *limits,
                                  const struct zta_siphash_key *key,
                                  struct zta_governor **governor) ZTA_MUST_CHECK;
void zta_governor_close(struct zta_governor **governor);
/* Goes by other limits from now on, borrowed as before; who was hit in the window stays so. */
void zta_governor_limit(struct zta_governor *governor, const struct zta_governor_limits *limits);

/* Keyed hashes of those that one request came from; 0: none. */
struct zta_governor_party {
    uint64_t subject;
    uint64_t ip;  /* /32, /64 */
    uint64_t net; /* /24, /48 */
    uint64_t client;
    uint64_t apikey;
};

/* A request that was verified and let in. */
void zta_governor_note(struct zta_governor *governor, const struct zta_governor_party *party,
                       int64_t now_s);

/* Distinct subjects of the window, counted once a second. */
uint64_t zta_governor_n_active(struct zta_governor *governor, int64_t now_s);
/* How many may be hit in the window, and how many were. */
uint64_t zta_governor_share(struct zta_governor *governor, int64_t now_s);
uint64_t zta_governor_n_hit(const struct zta_governor *governor, enum zta_governor_budget budget,
                            int64_t now_s);

/* Has it, or is it part of, something that is never blocked or slowed? */
bool zta_governor_is_never(const struct zta_governor *governor, const struct zta_cidr *network);
/*
 * May a network be blocked (its ip or net hash)? GO notes those behind it as hit. addr is one of
 * its addresses, which decides whether it is one that is never touched; prefix tells how many.
 */
enum zta_governed zta_governor_ask_network(struct zta_governor *governor,
                                           enum zta_governor_budget budget, uint64_t hash,
                                           const struct zta_cidr *network, int64_t now_s);
/* May all subjects that were seen with this client or API key be hit? GO notes them. */
enum zta_governed zta_governor_ask_crowd(struct zta_governor *governor,
                                         enum zta_governor_budget budget, uint64_t hash,
                                         int64_t now_s);
/* May this subject (hash) be hit? GO notes it. */
enum zta_governed zta_governor_ask_subject(struct zta_governor *governor,
                                           enum zta_governor_budget budget, uint64_t subject,
                                           int64_t now_s);

#endif
