/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Active subjects by linear counting in slices of the window; crowds (who was seen behind what) and
 * who was hit as exact, bounded sets.
 */
#include "shared/risk/governor.h"

#include <stdlib.h>
#include <string.h>

/* One bit a subject and slice: up to some millions are told apart within a few percent. */
#define SKETCH_BITS  (UINT64_C(1) << 21)
#define SKETCH_WORDS (SKETCH_BITS / 64)
#define SLICES       8

/* Members of one crowd that are remembered; more are as many as anybody can think of. */
#define MEMBERS     64
#define CROWDS_WAYS 8
#define CROWDS_SETS 2048

#define HITS_MAX 65536

struct member {
    uint64_t subject;
    int64_t seen_s;
};

struct crowd {
    uint64_t hash; /* 0: free */
    int64_t seen_s;
    int64_t overflowed_s; /* when more than MEMBERS were there at once */
    struct member members[MEMBERS];
};

struct hit {
    uint64_t subject;
    int64_t hit_s;
};

struct hits {
    size_t n;
    struct hit *items;
};

struct zta_governor {
    struct zta_governor_limits limits;
    struct zta_siphash_key key;
    int64_t slice_s[SLICES]; /* number of the slice that each sketch holds */
    uint64_t *sketches;      /* SLICES of them */
    int64_t counted_s;       /* when n_active was counted */
    uint64_t n_active;
    struct crowd *crowds;
    struct hits hits[ZTA_N_GOVERNOR_BUDGETS];
};

enum zta_status zta_governor_open(const struct zta_governor_limits *limits,
                                  const struct zta_siphash_key *key, struct zta_governor **governor)
{
    struct zta_governor *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->limits = *limits;
    opened->key = *key;
    opened->counted_s = INT64_MIN;
    opened->sketches = calloc(SLICES, SKETCH_WORDS * sizeof *opened->sketches);
    opened->crowds = calloc((size_t)CROWDS_SETS * CROWDS_WAYS, sizeof *opened->crowds);
    bool has_all = opened->sketches != NULL && opened->crowds != NULL;
    for (size_t i = 0; i < ZTA_N_GOVERNOR_BUDGETS; i++) {
        opened->hits[i].items = calloc(HITS_MAX, sizeof *opened->hits[i].items);
        has_all = has_all && opened->hits[i].items != NULL;
    }
    if (!has_all) {
        zta_governor_close(&opened);
        return ZTA_NO_MEMORY;
    }
    *governor = opened;
    return ZTA_OK;
}

void zta_governor_close(struct zta_governor **governor)
{
    if (*governor != NULL) {
        for (size_t i = 0; i < ZTA_N_GOVERNOR_BUDGETS; i++) {
            free((*governor)->hits[i].items);
        }
        free((*governor)->crowds);
        free((*governor)->sketches);
        free(*governor);
        *governor = NULL;
    }
}

void zta_governor_limit(struct zta_governor *governor, const struct zta_governor_limits *limits)
{
    if (limits->window_s != governor->limits.window_s) {
        /* Slices of another length: who is active is noted anew. */
        memset(governor->slice_s, 0, sizeof governor->slice_s);
        governor->counted_s = INT64_MIN;
    }
    governor->limits = *limits;
}

/* ---- active subjects ---- */

static int64_t slice_of(const struct zta_governor *governor, int64_t now_s)
{
    const int64_t slice_s = governor->limits.window_s / SLICES;
    return now_s / (slice_s > 0 ? slice_s : 1);
}

static void note_active(struct zta_governor *governor, uint64_t subject, int64_t now_s)
{
    const int64_t slice = slice_of(governor, now_s);
    const size_t at = (size_t)((uint64_t)slice % SLICES);
    uint64_t *sketch = governor->sketches + at * SKETCH_WORDS;
    if (governor->slice_s[at] != slice) {
        memset(sketch, 0, SKETCH_WORDS * sizeof *sketch);
        governor->slice_s[at] = slice;
    }
    const uint64_t bit = subject % SKETCH_BITS;
    sketch[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* -m ln(zeros / m) by the series of the logarithm, in integers: m (f + f^2/2 + ...), f the share of
 * ones. */
static uint64_t estimate(uint64_t n_ones)
{
    const uint64_t one = UINT64_C(1) << 32;
    const uint64_t share = n_ones * one / SKETCH_BITS;
    uint64_t power = one;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= 64; i++) {
        power = (uint64_t)((unsigned __int128)power * share / one);
        sum += power / i;
    }
    return (uint64_t)((unsigned __int128)sum * SKETCH_BITS / one);
}

static uint64_t count_active(const struct zta_governor *governor, int64_t now_s)
{
    const int64_t slice = slice_of(governor, now_s);
    uint64_t n_ones = 0;
    for (size_t word = 0; word < SKETCH_WORDS; word++) {
        uint64_t all = 0;
        for (size_t i = 0; i < SLICES; i++) {
            if (governor->slice_s[i] > slice - SLICES && governor->slice_s[i] <= slice) {
                all |= governor->sketches[i * SKETCH_WORDS + word];
            }
        }
        n_ones += (uint64_t)__builtin_popcountll(all);
    }
    return estimate(n_ones);
}

/* Counting reads megabytes: once a second is often enough. */
uint64_t zta_governor_n_active(struct zta_governor *governor, int64_t now_s)
{
    if (governor->counted_s != now_s) {
        governor->n_active = count_active(governor, now_s);
        governor->counted_s = now_s;
    }
    return governor->n_active;
}

static uint64_t share_of(const struct zta_governor_limits *limits, uint64_t n_active)
{
    const uint64_t share = n_active * limits->percent / 100;
    return share > limits->min ? share : limits->min;
}

uint64_t zta_governor_share(struct zta_governor *governor, int64_t now_s)
{
    return share_of(&governor->limits, zta_governor_n_active(governor, now_s));
}

/* ---- crowds ---- */

static struct crowd *set_of(const struct zta_governor *governor, uint64_t hash)
{
    const uint64_t place = zta_siphash(&governor->key, &hash, sizeof hash) % CROWDS_SETS;
    return governor->crowds + place * CROWDS_WAYS;
}

static const struct crowd *find_crowd(const struct zta_governor *governor, uint64_t hash)
{
    const struct crowd *set = set_of(governor, hash);
    for (size_t i = 0; i < CROWDS_WAYS; i++) {
        if (set[i].hash == hash) {
            return &set[i];
        }
    }
    return NULL;
}

static size_t count_members(const struct crowd *crowd, int64_t now_s)
{
    size_t n = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        n += crowd->members[i].subject != 0 &&
             crowd->members[i].seen_s + ZTA_GOVERNOR_SEEN_S > now_s;
    }
    return n;
}

/* Its place, or that of the one that was not seen for longest. */
static struct crowd *place_crowd(struct zta_governor *governor, uint64_t hash)
{
    struct crowd *set = set_of(governor, hash);
    struct crowd *least = set;
    for (size_t i = 0; i < CROWDS_WAYS; i++) {
        if (set[i].hash == hash) {
            return &set[i];
        }
        least = set[i].seen_s < least->seen_s ? &set[i] : least;
    }
    memset(least, 0, sizeof *least);
    least->hash = hash;
    return least;
}

static void note_member(struct zta_governor *governor, uint64_t hash, uint64_t subject,
                        int64_t now_s)
{
    if (hash == 0) {
        return;
    }
    struct crowd *crowd = place_crowd(governor, hash);
    struct member *oldest = &crowd->members[0];
    crowd->seen_s = now_s;
    for (size_t i = 0; i < MEMBERS; i++) {
        struct member *member = &crowd->members[i];
        if (member->subject == subject) {
            member->seen_s = now_s;
            return;
        }
        oldest = member->seen_s < oldest->seen_s ? member : oldest;
    }
    if (oldest->subject != 0 && oldest->seen_s + ZTA_GOVERNOR_SEEN_S > now_s) {
        crowd->overflowed_s = now_s;
    }
    *oldest = (struct member){.subject = subject, .seen_s = now_s};
}

void zta_governor_note(struct zta_governor *governor, const struct zta_governor_party *party,
                       int64_t now_s)
{
    if (party->subject == 0) {
        return;
    }
    note_active(governor, party->subject, now_s);
    note_member(governor, party->ip, party->subject, now_s);
    note_member(governor, party->net, party->subject, now_s);
    note_member(governor, party->client, party->subject, now_s);
    note_member(governor, party->apikey, party->subject, now_s);
}

/* ---- budgets ---- */

static bool is_in_window(const struct zta_governor *governor, int64_t then_s, int64_t now_s)
{
    return then_s <= now_s && then_s + governor->limits.window_s > now_s;
}

static void drop_old_hits(struct zta_governor *governor, struct hits *hits, int64_t now_s)
{
    size_t n = 0;
    for (size_t i = 0; i < hits->n; i++) {
        if (is_in_window(governor, hits->items[i].hit_s, now_s)) {
            hits->items[n++] = hits->items[i];
        }
    }
    hits->n = n;
}

static bool was_hit(const struct hits *hits, uint64_t subject)
{
    for (size_t i = 0; i < hits->n; i++) {
        if (hits->items[i].subject == subject) {
            return true;
        }
    }
    return false;
}

uint64_t zta_governor_n_hit(const struct zta_governor *governor, enum zta_governor_budget budget,
                            int64_t now_s)
{
    const struct hits *hits = &governor->hits[budget];
    uint64_t n = 0;
    for (size_t i = 0; i < hits->n; i++) {
        n += is_in_window(governor, hits->items[i].hit_s, now_s);
    }
    return n;
}

/* All of them or none. */
static enum zta_governed charge(struct zta_governor *governor, enum zta_governor_budget budget,
                                const uint64_t *subjects, size_t n, int64_t now_s)
{
    struct hits *hits = &governor->hits[budget];
    uint64_t anew[MEMBERS];
    size_t n_anew = 0;
    drop_old_hits(governor, hits, now_s);
    for (size_t i = 0; i < n; i++) {
        if (!was_hit(hits, subjects[i])) {
            anew[n_anew++] = subjects[i];
        }
    }
    const uint64_t share = zta_governor_share(governor, now_s);
    if (n_anew > 0 && (hits->n + n_anew > share || hits->n + n_anew > HITS_MAX)) {
        return ZTA_GOVERNED_OVER;
    }
    for (size_t i = 0; i < n_anew; i++) {
        hits->items[hits->n++] = (struct hit){.subject = anew[i], .hit_s = now_s};
    }
    return ZTA_GOVERNED_GO;
}

bool zta_governor_is_never(const struct zta_governor *governor, const struct zta_cidr *network)
{
    if (zta_addr_is_loopback(&network->addr)) {
        return true;
    }
    for (size_t i = 0; i < governor->limits.n_never; i++) {
        const struct zta_cidr *never = &governor->limits.never[i];
        if (zta_cidr_contains(never, &network->addr) || zta_cidr_contains(network, &never->addr)) {
            return true;
        }
    }
    return false;
}

static size_t members_of(const struct crowd *crowd, int64_t now_s, uint64_t subjects[MEMBERS])
{
    size_t n = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct member *member = &crowd->members[i];
        if (member->subject != 0 && member->seen_s + ZTA_GOVERNOR_SEEN_S > now_s) {
            subjects[n++] = member->subject;
        }
    }
    return n;
}

enum zta_governed zta_governor_ask_network(struct zta_governor *governor,
                                           enum zta_governor_budget budget, uint64_t hash,
                                           const struct zta_cidr *network, int64_t now_s)
{
    uint64_t subjects[MEMBERS];
    if (zta_governor_is_never(governor, network)) {
        return ZTA_GOVERNED_NEVER;
    }
    const struct crowd *crowd = find_crowd(governor, hash);
    if (crowd == NULL) {
        return ZTA_GOVERNED_GO;
    }
    if (count_members(crowd, now_s) > ZTA_GOVERNOR_SHARED) {
        return ZTA_GOVERNED_SHARED;
    }
    return charge(governor, budget, subjects, members_of(crowd, now_s, subjects), now_s);
}

enum zta_governed zta_governor_ask_crowd(struct zta_governor *governor,
                                         enum zta_governor_budget budget, uint64_t hash,
                                         int64_t now_s)
{
    uint64_t subjects[MEMBERS];
    const struct crowd *crowd = find_crowd(governor, hash);
    if (crowd == NULL) {
        return ZTA_GOVERNED_GO;
    }
    if (crowd->overflowed_s > 0 && crowd->overflowed_s + ZTA_GOVERNOR_SEEN_S > now_s) {
        return ZTA_GOVERNED_OVER; /* nobody knows how many */
    }
    return charge(governor, budget, subjects, members_of(crowd, now_s, subjects), now_s);
}

enum zta_governed zta_governor_ask_subject(struct zta_governor *governor,
                                           enum zta_governor_budget budget, uint64_t subject,
                                           int64_t now_s)
{
    return charge(governor, budget, &subject, 1, now_s);
}
