/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about opaque tokens that are on their way to an issuer: of all requests with one token
 * one asks, the others wait for it; few ask at once, fewer of one address; an issuer that fails is
 * left alone for a while. Renewals, questions about tokens that were active lately, are charged to
 * no address and have half of the places for themselves: many users behind one address, and users
 * of whom the issuer hears again in the middle of a flood of garbage, are not refused. Shared by
 * all children. A place that a process held when it died is free as soon as the parent has reaped
 * it, and at the latest when its flight's time is over.
 */
#ifndef ZTA_LIVE_FLIGHTS_H
#define ZTA_LIVE_FLIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"

#define ZTA_FLIGHTS_MAX      32                  /* that are under way at once, of all children */
#define ZTA_FLIGHTS_PER_ADDR 2                   /* of one address, or IPv6 /64 */
#define ZTA_FLIGHT_WAITS_MAX 256                 /* requests that wait for another's answer */
#define ZTA_FLIGHT_NS        INT64_C(3000000000) /* none lasts longer; its asker gives up before */
#define ZTA_BREAKER_FAILURES 5
#define ZTA_BREAKER_OPEN_NS  INT64_C(10000000000) /* until the next single try */

/* What is asked about, and who: issuer is any number that stands for one configured issuer. */
struct zta_flight_question {
    uint64_t issuer;
    struct zta_sha256 token;
    struct zta_addr addr;
    bool is_renewal;
    uint32_t n_calls; /* bound of this server, at most ZTA_FLIGHTS_MAX */
    uint32_t n_waits; /* at most ZTA_FLIGHT_WAITS_MAX */
};

/* A flight that is led or followed; caller's storage, one thread's. */
struct zta_flight {
    uint64_t issuer;
    uint64_t tag;
    uint64_t word;  /* of the token's place: who leads, until when */
    uint64_t own;   /* of a follower's place among the waits */
    uint32_t slot;  /* of the token; UINT32_MAX: nobody can follow */
    uint32_t berth; /* among the calls when it leads, among the waits when it follows */
};

enum zta_flight_state {
    ZTA_FLIGHT_RUNNING = 0,
    ZTA_FLIGHT_VERDICT, /* its answer stands in the token cache */
    ZTA_FLIGHT_FAILED,  /* the issuer said nothing about the token */
    ZTA_FLIGHT_OVER,    /* nobody knows: its process died, or its place was taken already */
};

/* How a flight ended, for the issuer's breaker. */
enum zta_flight_end {
    ZTA_FLIGHT_END_VERDICT = 0,
    ZTA_FLIGHT_END_UNREACHABLE, /* no answer, or none that can be read */
    ZTA_FLIGHT_END_REFUSED,     /* it does not take our own credentials */
};

/*
 * ZTA_OK: the caller asks, and ends the flight by zta_flight_end. ZTA_EXISTS: another does; the
 * caller looks from time to time and ends by zta_flight_leave. ZTA_FULL: too many ask or wait.
 * ZTA_BUSY: the issuer failed again and again and is not asked now. incarnation is that of this
 * living process (0: ZTA_FULL). Time is monotonic.
 */
enum zta_status zta_flight_begin(struct zta_segment *segment, uint32_t incarnation,
                                 const struct zta_flight_question *question, int64_t now_ns,
                                 struct zta_flight *flight) ZTA_MUST_CHECK;
/* By its leader, after the answer was put into the cache. */
void zta_flight_end(struct zta_segment *segment, const struct zta_flight *flight,
                    enum zta_flight_end how, int64_t now_ns);
/* By a follower: how it stands with the flight. */
enum zta_flight_state zta_flight_look(const struct zta_segment *segment,
                                      const struct zta_flight *flight, int64_t now_ns);
/* By a follower, once it waits no more. */
void zta_flight_leave(struct zta_segment *segment, const struct zta_flight *flight);

/* What stands against an issuer since its last answer. */
struct zta_breaker_state {
    enum zta_flight_end fault; /* of the last failure; VERDICT: none */
    uint32_t n_failures;       /* up to 255 */
};
struct zta_breaker_state zta_breaker_look(const struct zta_segment *segment, uint64_t issuer);

#endif
