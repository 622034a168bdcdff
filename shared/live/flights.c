/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four tables of pairs {name, word}, each changed by one compare-and-swap: a killed process leaves
 * nothing half done. A token has one place, chosen by a keyed hash: two processes meet there.
 * The calls are bounded by the number of their places, not by a count that could go wrong.
 *
 * A word holds {incarnation of the owner: 32 bits, deadline in ms: 30, phase: 2}; those of breakers
 * {time in ms: 48, fault: 8, failures: 8}. No word becomes zero again once it was written.
 */
#include "shared/live/flights.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

#define N_TOKENS   4096 /* of 32 flights one in 128 finds its place taken and has no followers */
#define N_BREAKERS 64   /* issuers that fail at the same time; more are asked without a breaker */
#define ALONE      UINT32_MAX

#define NS_PER_MS    INT64_C(1000000)
#define TICKS        (UINT64_C(1) << 30)
#define FLIGHT_TICKS ((uint64_t)(ZTA_FLIGHT_NS / NS_PER_MS))
/* Who looks may have read the clock a little before the owner did. */
#define EARLY_TICKS UINT64_C(1000)

enum phase {
    PHASE_OVER = 0,
    PHASE_RUNNING,
    PHASE_VERDICT,
    PHASE_FAILED,
};

struct flights {
    struct zta_pair tokens[N_TOKENS];            /* name: of issuer and token */
    struct zta_pair calls[ZTA_FLIGHTS_MAX];      /* name: of the address; a renewal's own tag */
    struct zta_pair waits[ZTA_FLIGHT_WAITS_MAX]; /* name: of issuer and token */
    struct zta_pair breakers[N_BREAKERS];        /* name: of the issuer */
};

_Static_assert(sizeof(struct flights) <= ZTA_FLIGHTS_AREA_SIZE, "they fit");

static struct flights *flights_of(const struct zta_segment *segment)
{
    uint64_t size;
    return zta_segment_area(segment, ZTA_AREA_FLIGHTS, &size);
}

/* Both words of one moment. */
static struct zta_pair_value read_pair(const struct zta_pair *pair)
{
    struct zta_pair_value value;
    uint64_t before;
    do {
        before = atomic_load(&pair->second);
        value.first = atomic_load(&pair->first);
        value.second = atomic_load(&pair->second);
    } while (value.second != before);
    return value;
}

/* ---- words ---- */

static uint64_t tick_of(int64_t now_ns)
{
    return (uint64_t)(now_ns / NS_PER_MS) % TICKS;
}

static uint64_t word_of(uint32_t incarnation, int64_t now_ns)
{
    return (uint64_t)incarnation << 32 | (tick_of(now_ns) + FLIGHT_TICKS) % TICKS << 2 |
           PHASE_RUNNING;
}

static enum phase phase_of(uint64_t word)
{
    return (enum phase)(word & 3);
}

static uint64_t with_phase(uint64_t word, enum phase phase)
{
    return (word & ~UINT64_C(3)) | phase;
}

static bool is_running(const struct zta_segment *segment, uint64_t word, int64_t now_ns)
{
    uint64_t left = ((word >> 2) % TICKS + TICKS - tick_of(now_ns)) % TICKS;
    return phase_of(word) == PHASE_RUNNING && left <= FLIGHT_TICKS + EARLY_TICKS &&
           zta_segment_child_is_alive(segment, (uint32_t)(word >> 32));
}

/* Failing means that its time was over and another took the place: nothing is left to end. */
static void end_pair(struct zta_pair *pair, uint64_t name, uint64_t word, enum phase phase)
{
    (void)zta_pair_swap(pair, (struct zta_pair_value){.first = name, .second = word},
                        (struct zta_pair_value){.first = name, .second = with_phase(word, phase)});
}

/* ---- berths: the first n places of a table, so many and no more ---- */

static uint32_t count_named(const struct zta_segment *segment, const struct zta_pair *berths,
                            uint32_t n, uint64_t name, int64_t now_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct zta_pair_value value = read_pair(&berths[i]);
        count += value.first == name && is_running(segment, value.second, now_ns);
    }
    return count;
}

/* What is not kept for renewals: at least one. */
static uint32_t half_of(uint32_t n)
{
    return (n + 1) / 2;
}

/* ZTA_FULL: none of the first n is free. */
static enum zta_status take_berth(const struct zta_segment *segment, struct zta_pair *berths,
                                  uint32_t n, struct zta_pair_value mine, int64_t now_ns,
                                  uint32_t *berth)
{
    for (uint32_t i = 0; i < n; i++) {
        struct zta_pair_value value = read_pair(&berths[i]);
        while (!is_running(segment, value.second, now_ns)) {
            if (zta_pair_swap(&berths[i], value, mine)) {
                *berth = i;
                return ZTA_OK;
            }
            value = read_pair(&berths[i]);
        }
    }
    return ZTA_FULL;
}

/* A place of the half that others do not get, else one of theirs, but not their last one. */
static enum zta_status take_renewal(const struct zta_segment *segment, struct zta_pair *calls,
                                    uint32_t n, struct zta_pair_value mine, int64_t now_ns,
                                    uint32_t *berth)
{
    const uint32_t half = half_of(n);
    if (take_berth(segment, calls + half, n - half, mine, now_ns, berth) == ZTA_OK) {
        *berth += half;
        return ZTA_OK;
    }
    const uint32_t kept = n > 1 ? 1 : 0;
    if (take_berth(segment, calls + kept, half - kept, mine, now_ns, berth) == ZTA_OK) {
        *berth += kept;
        return ZTA_OK;
    }
    return ZTA_FULL;
}

/*
 * A place among the calls. Who counts behind its own entry sees all that came before it: of too
 * many at once of one address the last one withdraws, if not more of them.
 */
static enum zta_status take_call(const struct zta_segment *segment,
                                 const struct zta_flight_question *question, int64_t now_ns,
                                 struct zta_pair_value mine, uint32_t *berth)
{
    struct zta_pair *calls = flights_of(segment)->calls;
    uint32_t n = question->n_calls < ZTA_FLIGHTS_MAX ? question->n_calls : ZTA_FLIGHTS_MAX;
    uint32_t taken;
    if (question->is_renewal) {
        return take_renewal(segment, calls, n, mine, now_ns, berth);
    }
    if (count_named(segment, calls, n, mine.first, now_ns) >= ZTA_FLIGHTS_PER_ADDR ||
        take_berth(segment, calls, half_of(n), mine, now_ns, &taken) != ZTA_OK) {
        return ZTA_FULL;
    }
    if (count_named(segment, calls, n, mine.first, now_ns) > ZTA_FLIGHTS_PER_ADDR) {
        end_pair(&calls[taken], mine.first, mine.second, PHASE_OVER);
        return ZTA_FULL;
    }
    *berth = taken;
    return ZTA_OK;
}

/* ---- breakers ---- */

static uint64_t breaker_word(int64_t until_ns, enum zta_flight_end fault, uint64_t n_failures)
{
    return (uint64_t)(until_ns / NS_PER_MS) << 16 | (uint64_t)fault << 8 | n_failures;
}

static uint64_t failures_of(uint64_t word)
{
    return word & 255;
}

/* NULL: nothing stands against the issuer. */
static struct zta_pair *find_breaker(const struct zta_segment *segment, uint64_t issuer,
                                     struct zta_pair_value *value)
{
    struct zta_pair *breakers = flights_of(segment)->breakers;
    for (uint32_t i = 0; i < N_BREAKERS; i++) {
        *value = read_pair(&breakers[i]);
        if (value->first == issuer && failures_of(value->second) > 0) {
            return &breakers[i];
        }
    }
    return NULL;
}

/* Of all that come while it is open one is let through each time that it has stood open enough. */
static bool admits(const struct zta_segment *segment, uint64_t issuer, int64_t now_ns)
{
    struct zta_pair_value value;
    struct zta_pair *breaker = find_breaker(segment, issuer, &value);
    if (breaker == NULL || failures_of(value.second) < ZTA_BREAKER_FAILURES) {
        return true;
    }
    if ((uint64_t)(now_ns / NS_PER_MS) < value.second >> 16) {
        return false;
    }
    const struct zta_pair_value probing = {
        .first = issuer,
        .second =
            breaker_word(now_ns + ZTA_BREAKER_OPEN_NS,
                         (enum zta_flight_end)(value.second >> 8 & 255), failures_of(value.second)),
    };
    return zta_pair_swap(breaker, value, probing);
}

/* A breaker that nothing stands in; NULL: there is none. */
static struct zta_pair *free_breaker(const struct zta_segment *segment,
                                     struct zta_pair_value *value)
{
    struct zta_pair *breakers = flights_of(segment)->breakers;
    for (uint32_t i = 0; i < N_BREAKERS; i++) {
        *value = read_pair(&breakers[i]);
        if (failures_of(value->second) == 0) {
            return &breakers[i];
        }
    }
    return NULL;
}

static void note_failure(const struct zta_segment *segment, uint64_t issuer,
                         enum zta_flight_end fault, int64_t now_ns)
{
    struct zta_pair_value value;
    struct zta_pair_value failed = {.first = issuer};
    struct zta_pair *breaker;
    do {
        breaker = find_breaker(segment, issuer, &value);
        uint64_t n = breaker == NULL ? 0 : failures_of(value.second);
        breaker = breaker == NULL ? free_breaker(segment, &value) : breaker;
        failed.second = breaker_word(now_ns + ZTA_BREAKER_OPEN_NS, fault, n < 255 ? n + 1 : n);
    } while (breaker != NULL && !zta_pair_swap(breaker, value, failed));
}

/* What failed meanwhile counts again from one. */
static void note_success(const struct zta_segment *segment, uint64_t issuer, int64_t now_ns)
{
    struct zta_pair_value value;
    struct zta_pair *breaker = find_breaker(segment, issuer, &value);
    if (breaker != NULL) {
        (void)zta_pair_swap(breaker, value,
                            (struct zta_pair_value){
                                .first = issuer,
                                .second = breaker_word(now_ns, ZTA_FLIGHT_END_VERDICT, 0),
                            });
    }
}

struct zta_breaker_state zta_breaker_look(const struct zta_segment *segment, uint64_t issuer)
{
    struct zta_pair_value value;
    if (find_breaker(segment, issuer, &value) == NULL) {
        return (struct zta_breaker_state){.fault = ZTA_FLIGHT_END_VERDICT};
    }
    return (struct zta_breaker_state){
        .fault = (enum zta_flight_end)(value.second >> 8 & 255),
        .n_failures = (uint32_t)failures_of(value.second),
    };
}

/* ---- flights ---- */

static uint64_t nonzero(uint64_t value)
{
    return value + (value == 0);
}

/* Keyed, so that nobody can choose tokens or addresses that meet. */
static uint64_t token_name(const struct zta_segment *segment,
                           const struct zta_flight_question *question)
{
    const struct zta_siphash_key *secret = zta_segment_key(segment);
    const struct zta_siphash_key key = {.k0 = secret->k0, .k1 = ~secret->k1 ^ question->issuer};
    return nonzero(zta_siphash(&key, question->token.bytes, sizeof(question->token.bytes)));
}

static uint64_t addr_name(const struct zta_segment *segment, const struct zta_addr *addr)
{
    const struct zta_cidr network = zta_addr_network(addr, 32, 64);
    uint8_t bytes[sizeof(network.addr.bytes) + 1];
    bytes[0] = network.addr.family;
    for (size_t i = 0; i < sizeof(network.addr.bytes); i++) {
        bytes[i + 1] = network.addr.bytes[i];
    }
    return nonzero(zta_siphash(zta_segment_key(segment), bytes, sizeof(bytes)));
}

/* ZTA_OK: it is ours. ZTA_EXISTS: value is what another has there. ZTA_BUSY: another token. */
static enum zta_status claim_token(const struct zta_segment *segment, struct zta_pair *pair,
                                   struct zta_pair_value mine, int64_t now_ns,
                                   struct zta_pair_value *value)
{
    do {
        *value = read_pair(pair);
        if (is_running(segment, value->second, now_ns)) {
            return value->first == mine.first ? ZTA_EXISTS : ZTA_BUSY;
        }
    } while (!zta_pair_swap(pair, *value, mine));
    return ZTA_OK;
}

static enum zta_status follow(struct zta_segment *segment,
                              const struct zta_flight_question *question, uint64_t own_word,
                              int64_t now_ns, struct zta_flight *flight)
{
    struct zta_pair *waits = flights_of(segment)->waits;
    uint32_t n =
        question->n_waits < ZTA_FLIGHT_WAITS_MAX ? question->n_waits : ZTA_FLIGHT_WAITS_MAX;
    const struct zta_pair_value mine = {.first = own_word, .second = own_word};
    enum zta_status status = take_berth(segment, waits, n, mine, now_ns, &flight->berth);
    return status == ZTA_OK ? ZTA_EXISTS : status;
}

static enum zta_status lead(struct zta_segment *segment, const struct zta_flight_question *question,
                            int64_t now_ns, struct zta_flight *flight)
{
    struct flights *flights = flights_of(segment);
    const struct zta_pair_value call = {
        .first = question->is_renewal ? flight->tag : addr_name(segment, &question->addr),
        .second = flight->word,
    };
    enum zta_status status = take_call(segment, question, now_ns, call, &flight->berth);
    if (status == ZTA_OK && !admits(segment, question->issuer, now_ns)) {
        end_pair(&flights->calls[flight->berth], call.first, call.second, PHASE_OVER);
        status = ZTA_BUSY;
    }
    if (status != ZTA_OK && flight->slot != ALONE) {
        /* Who follows already tries for itself. */
        end_pair(&flights->tokens[flight->slot], flight->tag, flight->word, PHASE_OVER);
    }
    return status;
}

enum zta_status zta_flight_begin(struct zta_segment *segment, uint32_t incarnation,
                                 const struct zta_flight_question *question, int64_t now_ns,
                                 struct zta_flight *flight)
{
    if (incarnation == 0) {
        return ZTA_FULL;
    }
    struct zta_flight begun = {
        .issuer = question->issuer,
        .tag = token_name(segment, question),
        .word = word_of(incarnation, now_ns),
    };
    begun.slot = (uint32_t)(begun.tag % N_TOKENS);
    struct zta_pair_value value;
    const struct zta_pair_value mine = {.first = begun.tag, .second = begun.word};
    enum zta_status status =
        claim_token(segment, &flights_of(segment)->tokens[begun.slot], mine, now_ns, &value);
    if (status == ZTA_EXISTS) {
        begun.own = begun.word;
        begun.word = value.second;
        status = follow(segment, question, begun.own, now_ns, &begun);
    }
    else {
        begun.slot = status == ZTA_OK ? begun.slot : ALONE;
        status = lead(segment, question, now_ns, &begun);
    }
    if (status == ZTA_OK || status == ZTA_EXISTS) {
        *flight = begun;
    }
    return status;
}

void zta_flight_end(struct zta_segment *segment, const struct zta_flight *flight,
                    enum zta_flight_end how, int64_t now_ns)
{
    struct flights *flights = flights_of(segment);
    struct zta_pair *call = &flights->calls[flight->berth];
    if (how == ZTA_FLIGHT_END_VERDICT) {
        note_success(segment, flight->issuer, now_ns);
    }
    else {
        note_failure(segment, flight->issuer, how, now_ns);
    }
    end_pair(call, atomic_load(&call->first), flight->word, PHASE_OVER);
    if (flight->slot != ALONE) {
        end_pair(&flights->tokens[flight->slot], flight->tag, flight->word,
                 how == ZTA_FLIGHT_END_VERDICT ? PHASE_VERDICT : PHASE_FAILED);
    }
}

enum zta_flight_state zta_flight_look(const struct zta_segment *segment,
                                      const struct zta_flight *flight, int64_t now_ns)
{
    struct zta_pair_value value = read_pair(&flights_of(segment)->tokens[flight->slot]);
    if (value.first != flight->tag || with_phase(value.second, PHASE_RUNNING) != flight->word) {
        return ZTA_FLIGHT_OVER;
    }
    switch (phase_of(value.second)) {
    case PHASE_RUNNING:
        return is_running(segment, value.second, now_ns) ? ZTA_FLIGHT_RUNNING : ZTA_FLIGHT_OVER;
    case PHASE_VERDICT:
        return ZTA_FLIGHT_VERDICT;
    case PHASE_FAILED:
        return ZTA_FLIGHT_FAILED;
    case PHASE_OVER:
        break;
    }
    return ZTA_FLIGHT_OVER;
}

void zta_flight_leave(struct zta_segment *segment, const struct zta_flight *flight)
{
    end_pair(&flights_of(segment)->waits[flight->berth], flight->own, flight->own, PHASE_OVER);
}

/* ---- the validator ---- */

static enum zta_status check_pairs(const char *what, const struct zta_pair *pairs, uint32_t n,
                                   bool has_verdicts, struct zta_error *error)
{
    for (uint32_t i = 0; i < n; i++) {
        struct zta_pair_value value = read_pair(&pairs[i]);
        /* Written by one swap, and never zero again. */
        const bool is_half = (value.first == 0) != (value.second == 0);
        const bool is_nobodys = value.second != 0 && value.second >> 32 == 0;
        if (is_half || is_nobodys || (!has_verdicts && phase_of(value.second) > PHASE_RUNNING)) {
            return zta_error_set(error, ZTA_CORRUPT, "flights: %s %" PRIu32 ": %s", what, i,
                                 is_half      ? "half a place is written"
                                 : is_nobodys ? "nobody holds it"
                                              : "no such phase");
        }
    }
    return ZTA_OK;
}

static enum zta_status check_breakers(const struct zta_pair *breakers, struct zta_error *error)
{
    for (uint32_t i = 0; i < N_BREAKERS; i++) {
        struct zta_pair_value value = read_pair(&breakers[i]);
        uint64_t fault = value.second >> 8 & 255;
        if (fault > ZTA_FLIGHT_END_REFUSED || (failures_of(value.second) > 0) != (fault > 0)) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "flights: breaker %" PRIu32 ": failures and fault do not agree",
                                 i);
        }
    }
    return ZTA_OK;
}

enum zta_status zta_flights_check(const struct zta_segment *segment, struct zta_error *error)
{
    const struct flights *flights = flights_of(segment);
    enum zta_status status = check_pairs("token", flights->tokens, N_TOKENS, true, error);
    if (status == ZTA_OK) {
        status = check_pairs("call", flights->calls, ZTA_FLIGHTS_MAX, false, error);
    }
    if (status == ZTA_OK) {
        status = check_pairs("wait", flights->waits, ZTA_FLIGHT_WAITS_MAX, false, error);
    }
    return status == ZTA_OK ? check_breakers(flights->breakers, error) : status;
}
