/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the nodes of a fleet share the rate of a limit, bucket by bucket: pure arithmetic over what
 * each says of itself. Of a bucket every node claims a part of the rate, in millionths; what a node
 * grants its proxy never exceeds its claim, and a node raises a claim only into what the others
 * leave. So the sum of what is granted never exceeds the rate, whatever is lost or late:
 *
 * - of a bucket that a node does not name it holds the nth part, n being the nodes of the fleet;
 * - a claim is lowered only when the proxy has taken the lower grant, and is used only when it was
 *   read back together with all others and the sum of them was at most the whole;
 * - who hears nothing for HOLD falls to the nth part at most; the others count on its claim until
 *   LEASE, which is longer, and on the nth part of it, at most, from then on;
 * - of a node whose line the engine lost it is not known what it claimed last: until LEASE is over
 *   it may have all.
 *
 * Parts follow recent use: a twentieth of the rate is spread evenly, the rest by what was asked.
 */
#ifndef ZTA_FLEET_SHARES_H
#define ZTA_FLEET_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/signing.h"

#define ZTA_SHARE_WHOLE      1000000u /* millionths: all of a rate */
#define ZTA_SHARE_KEYS_MAX   256      /* buckets that a node names */
#define ZTA_SHARE_HOT_MAX    64       /* that it begins to name in one round */
#define ZTA_SHARE_LINE_MAX   (64 + ZTA_SHARE_KEYS_MAX * 16 + ZTA_SIGNATURE_SIZE)
#define ZTA_SHARE_NODES_MAX  1000
#define ZTA_SHARE_DEMAND_MAX UINT32_C(1000000000)

/* Between two rounds: a second up to 50 nodes, more where there are more. */
int64_t zta_share_period_ns(uint32_t n_nodes);
/* Without an answer for so long a node falls to the nth part; 10 rounds. */
int64_t zta_share_hold_ns(uint32_t n_nodes);
/* The nth part, rounded down; of none, the whole. */
uint32_t zta_share_nth(uint32_t n_nodes);

/* ---- what a node says: a signed line ---- */

struct zta_share_key {
    uint64_t id;     /* of the bucket, the same on all nodes; never 0 */
    uint32_t demand; /* requests of the last seconds, smoothed, in thousandths */
    uint32_t claim;  /* millionths */
};

struct zta_share_line {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    int64_t version_ns; /* greater in each line of a node */
    size_t n;
    struct zta_share_key keys[ZTA_SHARE_KEYS_MAX]; /* by id */
};

/* ZTA_NO_MEMORY. */
enum zta_status zta_share_line_seal(const struct zta_share_line *line, struct zta_text fleet,
                                    const struct zta_signing_key *key,
                                    uint8_t out[ZTA_SHARE_LINE_MAX], size_t *size) ZTA_MUST_CHECK;
/* The form alone: ZTA_INVALID, which leaves *line as it was. */
enum zta_status zta_share_line_read(struct zta_text bytes,
                                    struct zta_share_line *line) ZTA_MUST_CHECK;
/* ZTA_FORBIDDEN: not signed by this key for this fleet. */
enum zta_status zta_share_line_check(struct zta_text bytes, struct zta_text fleet,
                                     const struct zta_public_key *key) ZTA_MUST_CHECK;

/* ---- what a node knows ---- */

struct zta_share_peer {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    struct zta_share_line *line; /* NULL: nothing was heard of it */
    int64_t heard_ns;            /* monotonic: when its latest line came */
    int64_t lost_ns;             /* since when the engine has none of it */
    bool is_there;               /* the engine had its latest line in the last round */
    bool is_heard;               /* in this one */
};

struct zta_share_own {
    uint64_t id;
    uint32_t demand;
    uint32_t claim;     /* as the engine has it, or will */
    uint32_t granted;   /* to the proxy; never above claim */
    uint32_t held;      /* the most that the proxy may still go by */
    int64_t lowered_ns; /* the round in which the grant was lowered last */
};

struct zta_share_book {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    uint32_t n_nodes; /* enrolled, this one among them */
    int64_t version_ns;
    int64_t said_ns;    /* version of the line that it said last; 0: none yet */
    int64_t saying_ns;  /* of the line of this round */
    bool is_said;       /* the engine still had that in this round */
    int64_t granted_ns; /* monotonic: of the round that the grants are of */
    struct zta_share_peer peers[ZTA_SHARE_NODES_MAX]; /* the others that are enrolled */
    size_t n_peers;
    struct zta_share_own own[ZTA_SHARE_KEYS_MAX]; /* by id */
    size_t n_own;
};

/* Frees what was heard; a book begins as zeros, but for its origin. */
void zta_shares_clear(struct zta_share_book *book);
/* The nodes that are enrolled now, this one among them or not; what was heard of others goes. */
void zta_shares_set_nodes(struct zta_share_book *book, const uint8_t (*origins)[ZTA_ORIGIN_SIZE],
                          size_t n, int64_t now_ns);
/*
 * A line that was checked, as it stood before this node's own was put there. False: of none of the
 * others, or no later than what is known. One of this node itself tells whether the engine lost
 * something since the last round, and makes later lines later than it.
 */
bool zta_shares_hear(struct zta_share_book *book, const struct zta_share_line *line,
                     int64_t now_ns);

struct zta_share_use {
    uint64_t id;
    uint64_t n;      /* requests since the last time */
    bool is_pressed; /* the bucket was more than half full */
};
/* What the proxy was asked in the last period; at most ZTA_SHARE_HOT_MAX new ones are named. */
void zta_shares_use(struct zta_share_book *book, const struct zta_share_use *uses, size_t n);
/* The proxy goes by what was granted in the round of that time; INT64_MAX: it does not run. */
void zta_shares_taken(struct zta_share_book *book, int64_t round_ns);
/* What was granted before this agent began, which may be in force. */
void zta_shares_resume(struct zta_share_book *book, uint64_t id, uint32_t granted);

/* Before the exchange: lowers grants, makes claims, and the line that says them. */
void zta_shares_plan(struct zta_share_book *book, int64_t now_ns, int64_t real_ns,
                     struct zta_share_line *line);
/* Behind it, all lines heard: grants what was claimed where the sum is at most the whole. */
void zta_shares_settle(struct zta_share_book *book, int64_t now_ns);

#endif
