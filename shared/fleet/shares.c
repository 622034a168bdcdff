/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and grants of buckets' rates. Sums are of millionths and fit 64 bits many times over. */
#include "shared/fleet/shares.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"

#define PERIOD_LEAST_NS ZTA_NS_PER_S
#define PERIOD_NODE_NS  (ZTA_NS_PER_S / 50)
#define HOLD_PERIODS    10
#define LEASE_PERIODS   15
/* Spread evenly, whoever asks: so that nobody who begins to ask has nothing. */
#define EVEN_SHARE 50000u
/* A part that would move by less than a fiftieth of itself stays. */
#define STILL 50u
/* One request, smoothed, in thousandths; of less nothing is left. */
#define DEMAND_ONE   1000u
#define DEMAND_LEAST 50u

int64_t zta_share_period_ns(uint32_t n_nodes)
{
    const int64_t period_ns = (int64_t)n_nodes * PERIOD_NODE_NS;
    return period_ns > PERIOD_LEAST_NS ? period_ns : PERIOD_LEAST_NS;
}

int64_t zta_share_hold_ns(uint32_t n_nodes)
{
    return HOLD_PERIODS * zta_share_period_ns(n_nodes);
}

static int64_t lease_ns(uint32_t n_nodes)
{
    return LEASE_PERIODS * zta_share_period_ns(n_nodes);
}

uint32_t zta_share_nth(uint32_t n_nodes)
{
    return n_nodes == 0 ? ZTA_SHARE_WHOLE : ZTA_SHARE_WHOLE / n_nodes;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- nodes ---- */

static void forget(struct zta_share_peer *peer)
{
    free(peer->line);
    *peer = (struct zta_share_peer){.line = NULL};
}

void zta_shares_clear(struct zta_share_book *book)
{
    for (size_t i = 0; i < book->n_peers; i++) {
        forget(&book->peers[i]);
    }
    book->n_peers = 0;
    book->n_own = 0;
}

static struct zta_share_peer *find_peer(struct zta_share_book *book,
                                        const uint8_t origin[ZTA_ORIGIN_SIZE])
{
    for (size_t i = 0; i < book->n_peers; i++) {
        if (memcmp(book->peers[i].origin, origin, ZTA_ORIGIN_SIZE) == 0) {
            return &book->peers[i];
        }
    }
    return NULL;
}

static bool is_among(const uint8_t (*origins)[ZTA_ORIGIN_SIZE], size_t n,
                     const uint8_t origin[ZTA_ORIGIN_SIZE])
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(origins[i], origin, ZTA_ORIGIN_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

void zta_shares_set_nodes(struct zta_share_book *book, const uint8_t (*origins)[ZTA_ORIGIN_SIZE],
                          size_t n, int64_t now_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < book->n_peers; i++) {
        if (is_among(origins, n, book->peers[i].origin)) {
            book->peers[kept++] = book->peers[i];
        }
        else {
            forget(&book->peers[i]);
        }
    }
    book->n_peers = kept;
    for (size_t i = 0; i < n && book->n_peers < ZTA_SHARE_NODES_MAX; i++) {
        if (memcmp(origins[i], book->origin, ZTA_ORIGIN_SIZE) != 0 &&
            find_peer(book, origins[i]) == NULL) {
            struct zta_share_peer *peer = &book->peers[book->n_peers++];
            *peer = (struct zta_share_peer){.lost_ns = now_ns};
            memcpy(peer->origin, origins[i], ZTA_ORIGIN_SIZE);
        }
    }
    book->n_nodes = (uint32_t)book->n_peers + 1;
}

bool zta_shares_hear(struct zta_share_book *book, const struct zta_share_line *line, int64_t now_ns)
{
    struct zta_share_peer *peer = find_peer(book, line->origin);
    if (peer != NULL && peer->line != NULL && peer->line->version_ns == line->version_ns) {
        peer->is_heard = true;
    }
    if (memcmp(line->origin, book->origin, sizeof book->origin) == 0) {
        book->is_said = line->version_ns == book->said_ns;
        if (line->version_ns > book->version_ns) {
            book->version_ns = line->version_ns; /* of an agent before, or by a clock set back */
        }
    }
    if (peer == NULL || (peer->line != NULL && peer->line->version_ns >= line->version_ns)) {
        return false;
    }
    if (peer->line == NULL) {
        peer->line = malloc(sizeof *peer->line);
    }
    if (peer->line == NULL) {
        return false;
    }
    *peer->line = *line;
    peer->heard_ns = now_ns;
    peer->is_heard = true;
    return true;
}

static const struct zta_share_key *key_of(const struct zta_share_peer *peer, uint64_t id)
{
    size_t low = 0;
    size_t high = peer->line == NULL ? 0 : peer->line->n;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (peer->line->keys[middle].id < id) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return peer->line != NULL && low < peer->line->n && peer->line->keys[low].id == id
               ? &peer->line->keys[low]
               : NULL;
}

static bool is_fresh(const struct zta_share_book *book, const struct zta_share_peer *peer,
                     int64_t now_ns)
{
    return peer->is_there && now_ns - peer->heard_ns < lease_ns(book->n_nodes);
}

/* The most that this node may grant its proxy, as far as is known. */
static uint32_t reserve_of(const struct zta_share_book *book, const struct zta_share_peer *peer,
                           uint64_t id, int64_t now_ns)
{
    const uint32_t nth = zta_share_nth(book->n_nodes);
    const struct zta_share_key *key = key_of(peer, id);
    if (!peer->is_there) {
        return now_ns - peer->lost_ns < lease_ns(book->n_nodes) ? ZTA_SHARE_WHOLE : nth;
    }
    if (key == NULL) {
        return nth;
    }
    return is_fresh(book, peer, now_ns) ? key->claim : least(key->claim, nth);
}

static uint32_t left_by_others(const struct zta_share_book *book, uint64_t id, int64_t now_ns)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < book->n_peers; i++) {
        sum += reserve_of(book, &book->peers[i], id, now_ns);
    }
    return sum >= ZTA_SHARE_WHOLE ? 0 : (uint32_t)(ZTA_SHARE_WHOLE - sum);
}

/* ---- own buckets ---- */

/* Where it stands or would stand. */
static size_t place_of(const struct zta_share_book *book, uint64_t id)
{
    size_t low = 0;
    size_t high = book->n_own;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (book->own[middle].id < id) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

/* As it is held while it is not named; NULL: there is no room. */
static struct zta_share_own *take(struct zta_share_book *book, uint64_t id)
{
    const size_t at = place_of(book, id);
    const uint32_t nth = zta_share_nth(book->n_nodes);
    if (at < book->n_own && book->own[at].id == id) {
        return &book->own[at];
    }
    if (id == 0 || book->n_own == ZTA_SHARE_KEYS_MAX) {
        return NULL;
    }
    memmove(&book->own[at + 1], &book->own[at], (book->n_own - at) * sizeof book->own[0]);
    book->n_own++;
    book->own[at] = (struct zta_share_own){.id = id, .claim = nth, .granted = nth, .held = nth};
    return &book->own[at];
}

void zta_shares_resume(struct zta_share_book *book, uint64_t id, uint32_t granted)
{
    struct zta_share_own *own = take(book, id);
    if (own != NULL) {
        own->claim = own->granted = own->held = least(granted, ZTA_SHARE_WHOLE);
    }
}

/* Thousandths of so many requests. */
static uint32_t thousandths(uint64_t n)
{
    const uint64_t most = ZTA_SHARE_DEMAND_MAX / DEMAND_ONE;
    return (uint32_t)(n > most ? most : n) * DEMAND_ONE;
}

void zta_shares_use(struct zta_share_book *book, const struct zta_share_use *uses, size_t n)
{
    size_t n_new = 0;
    for (size_t i = 0; i < book->n_own; i++) {
        struct zta_share_own *own = &book->own[i];
        own->demand = own->demand / 2 < DEMAND_LEAST ? 0 : own->demand / 2;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t at = place_of(book, uses[i].id);
        if (at < book->n_own && book->own[at].id == uses[i].id) {
            book->own[at].demand += thousandths(uses[i].n) / 2;
            continue;
        }
        struct zta_share_own *own =
            uses[i].is_pressed && n_new < ZTA_SHARE_HOT_MAX ? take(book, uses[i].id) : NULL;
        if (own != NULL) {
            own->demand = thousandths(uses[i].n);
            n_new++;
        }
    }
}

void zta_shares_taken(struct zta_share_book *book, int64_t round_ns)
{
    for (size_t i = 0; i < book->n_own; i++) {
        struct zta_share_own *own = &book->own[i];
        own->held = own->lowered_ns <= round_ns ? own->granted : own->held;
    }
}

/* ---- a round ---- */

/* What others name is named here, too: of what is not named a node holds the nth part. */
static void name_what_others_name(struct zta_share_book *book, int64_t now_ns)
{
    for (size_t i = 0; i < book->n_peers; i++) {
        const struct zta_share_peer *peer = &book->peers[i];
        for (size_t k = 0; is_fresh(book, peer, now_ns) && k < peer->line->n; k++) {
            if (peer->line->keys[k].demand > 0) {
                (void)take(book, peer->line->keys[k].id);
            }
        }
    }
}

/* What this node would have of the bucket, by what all say that they were asked. */
static uint32_t target_of(const struct zta_share_book *book, const struct zta_share_own *own,
                          int64_t now_ns)
{
    uint64_t asked = own->demand;
    uint64_t away = 0;
    uint64_t n_there = 1;
    for (size_t i = 0; i < book->n_peers; i++) {
        const struct zta_share_peer *peer = &book->peers[i];
        const struct zta_share_key *key = key_of(peer, own->id);
        if (is_fresh(book, peer, now_ns)) {
            asked += key == NULL ? 0 : key->demand;
            n_there++;
        }
        else {
            away += least(reserve_of(book, peer, own->id, now_ns), zta_share_nth(book->n_nodes));
        }
    }
    if (asked == 0) {
        return zta_share_nth(book->n_nodes);
    }
    const uint64_t there = away >= ZTA_SHARE_WHOLE ? 0 : ZTA_SHARE_WHOLE - away;
    const uint64_t even = there * EVEN_SHARE / ZTA_SHARE_WHOLE;
    return (uint32_t)(even / n_there + (there - even) * own->demand / asked);
}

static void plan(struct zta_share_book *book, struct zta_share_own *own, int64_t now_ns)
{
    const uint32_t nth = zta_share_nth(book->n_nodes);
    if (now_ns - book->granted_ns > zta_share_hold_ns(book->n_nodes)) {
        /* The proxy has fallen to that, and the others may have taken what it gave up. */
        own->granted = least(own->granted, nth);
        own->held = own->granted;
    }
    const uint32_t target = target_of(book, own, now_ns);
    const uint32_t left = left_by_others(book, own->id, now_ns);
    const uint32_t step = target == nth ? 0 : own->granted / STILL;
    if (target + step < own->granted) {
        own->granted = target;
        own->lowered_ns = now_ns;
    }
    /* It holds until the proxy has taken the lower grant. */
    own->claim = own->granted > own->held ? own->granted : own->held;
    if (target > own->granted + step && own->granted >= own->held) {
        const uint32_t raised = least(target, left);
        own->claim = raised > own->claim ? raised : own->claim;
    }
}

/* Not asked for by anybody, and as it is held unnamed: it need not be named any more. */
static bool is_idle(const struct zta_share_book *book, const struct zta_share_own *own,
                    int64_t now_ns)
{
    const uint32_t nth = zta_share_nth(book->n_nodes);
    if (own->demand > 0 || own->claim != nth || own->granted != nth || own->held != nth) {
        return false;
    }
    for (size_t i = 0; i < book->n_peers; i++) {
        const struct zta_share_key *key = key_of(&book->peers[i], own->id);
        if (key != NULL && is_fresh(book, &book->peers[i], now_ns) && key->demand > 0) {
            return false;
        }
    }
    return true;
}

void zta_shares_plan(struct zta_share_book *book, int64_t now_ns, int64_t real_ns,
                     struct zta_share_line *line)
{
    size_t kept = 0;
    name_what_others_name(book, now_ns);
    book->version_ns = real_ns > book->version_ns ? real_ns : book->version_ns + 1;
    memcpy(line->origin, book->origin, sizeof line->origin);
    line->version_ns = book->version_ns;
    book->saying_ns = book->version_ns;
    line->n = 0;
    for (size_t i = 0; i < book->n_own; i++) {
        struct zta_share_own own = book->own[i];
        plan(book, &own, now_ns);
        if (is_idle(book, &own, now_ns)) {
            continue;
        }
        book->own[kept++] = own;
        line->keys[line->n++] =
            (struct zta_share_key){.id = own.id, .demand = own.demand, .claim = own.claim};
    }
    book->n_own = kept;
}

void zta_shares_settle(struct zta_share_book *book, int64_t now_ns)
{
    /* In the first round, too: what was said since may be gone, and what is there be old. */
    const bool has_lost = !book->is_said;
    for (size_t i = 0; i < book->n_peers; i++) {
        struct zta_share_peer *peer = &book->peers[i];
        if (has_lost || (peer->is_there && !peer->is_heard)) {
            peer->lost_ns = now_ns;
        }
        peer->is_there = peer->is_heard && !has_lost;
        peer->is_heard = false;
    }
    book->said_ns = book->saying_ns;
    book->is_said = false;
    book->granted_ns = now_ns;
    for (size_t i = 0; i < book->n_own; i++) {
        struct zta_share_own *own = &book->own[i];
        if (own->claim > own->granted && own->granted >= own->held &&
            own->claim <= left_by_others(book, own->id, now_ns)) {
            own->granted = own->claim;
            own->held = own->claim;
        }
    }
}
