/* SPDX-License-Identifier: Apache-2.0 */
/* Points of time series: what an event adds to one, sums, and what can be asked of them. */
#include "shared/store/series.h"

#include <string.h>

#include "shared/base/net.h"
#include "shared/risk/score.h"

enum {
    SUB_BITS = 3, /* eight buckets an octave */
    SUBS = 1 << SUB_BITS,
    V4_PREFIX = 32,
    V6_PREFIX = 64,
};

_Static_assert(ZTA_SERIES_LATENCIES == (32 - SUB_BITS + 1) * SUBS, "every u32 has a bucket");

int64_t zta_series_span_s(enum zta_series_span span)
{
    static const int64_t lengths_s[ZTA_N_SERIES_SPANS] = {
        [ZTA_SERIES_MINUTE] = 60, [ZTA_SERIES_HOUR] = 3600, [ZTA_SERIES_DAY] = 86400};
    return lengths_s[span];
}

int64_t zta_series_begin_s(enum zta_series_span span, int64_t time_s)
{
    return time_s <= 0 ? 0 : time_s - time_s % zta_series_span_s(span);
}

/* ---- latency ---- */

static size_t bucket_of(uint32_t us)
{
    if (us < SUBS) {
        return us;
    }
    const unsigned octave = 31 - (unsigned)__builtin_clz(us) - SUB_BITS;
    return (size_t)(octave + 1) * SUBS + ((us >> octave) - SUBS);
}

uint64_t zta_series_latency_begin(size_t bucket)
{
    if (bucket < SUBS) {
        return bucket;
    }
    return (uint64_t)(SUBS + bucket % SUBS) << (bucket / SUBS - 1);
}

uint64_t zta_series_latency_us(const struct zta_series_point *point, double part)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ZTA_SERIES_LATENCIES; i++) {
        n += point->latencies[i];
    }
    const double wanted = part * (double)n;
    uint64_t seen = 0;
    for (size_t i = 0; i < ZTA_SERIES_LATENCIES && n > 0; i++) {
        seen += point->latencies[i];
        if (point->latencies[i] > 0 && (double)seen >= wanted) {
            return (zta_series_latency_begin(i) + zta_series_latency_begin(i + 1)) / 2;
        }
    }
    return 0;
}

/* ---- routes ---- */

static struct zta_series_route *route_of(struct zta_series_point *point, struct zta_text name)
{
    name.len = name.len > ZTA_SERIES_ROUTE_MAX ? ZTA_SERIES_ROUTE_MAX : name.len;
    for (size_t i = 0; i < point->n_routes; i++) {
        if (zta_text_equal(name, zta_text_of(point->routes[i].name))) {
            return &point->routes[i];
        }
    }
    if (name.len == 0 || point->n_routes == ZTA_SERIES_ROUTES ||
        memchr(name.data, '\0', name.len) != NULL) {
        return &point->others;
    }
    struct zta_series_route *route = &point->routes[point->n_routes++];
    memcpy(route->name, name.data, name.len);
    return route;
}

/* ---- what an event adds ---- */

static void note_identity(struct zta_series_point *point, const struct zta_event *event,
                          const struct zta_siphash_key *key)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    char name[sizeof event->texts + 1];
    if (memcmp(event->session, none, sizeof none) != 0) {
        zta_census_add(&point->distinct[ZTA_SERIES_SESSIONS],
                       zta_siphash(key, event->session, sizeof event->session));
    }
    if (subject.len > 0 && issuer.len + subject.len < sizeof name) {
        memcpy(name, subject.data, subject.len);
        name[subject.len] = '\0';
        if (issuer.len > 0) {
            memcpy(name + subject.len + 1, issuer.data, issuer.len);
        }
        zta_census_add(&point->distinct[ZTA_SERIES_SUBJECTS],
                       zta_siphash(key, name, subject.len + 1 + issuer.len));
    }
}

static void note_refusal(struct zta_series_point *point, const struct zta_event *event,
                         const struct zta_siphash_key *key)
{
    const struct zta_cidr network = zta_addr_network(&event->addr, V4_PREFIX, V6_PREFIX);
    uint8_t bytes[1 + sizeof network.addr.bytes];
    bytes[0] = network.addr.family;
    memcpy(bytes + 1, network.addr.bytes, sizeof network.addr.bytes);
    zta_census_add(&point->distinct[ZTA_SERIES_REFUSED_FROM],
                   zta_siphash(key, bytes, sizeof bytes));
}

void zta_series_note(struct zta_series_point *point, const struct zta_event *event,
                     const struct zta_siphash_key *key)
{
    const bool is_allowed = event->outcome == ZTA_OUTCOME_ALLOW;
    const bool is_noted = (event->flags & ZTA_EVENT_MONITORED) != 0;
    struct zta_series_route *route = route_of(point, zta_event_text(event, ZTA_EVENT_ROUTE));
    const uint8_t outcome = event->outcome <= ZTA_OUTCOME_CHALLENGE ? event->outcome : 0;
    point->counts[ZTA_SERIES_OUTCOME + outcome]++;
    point->counts[ZTA_SERIES_BYTES] += event->bytes_out;
    point->counts[ZTA_SERIES_STAGE +
                  (event->stage <= ZTA_STAGE_MAX ? event->stage : ZTA_STAGE_MAX)]++;
    if (is_allowed && is_noted && event->monitor_outcome != ZTA_OUTCOME_ALLOW) {
        point->counts[ZTA_SERIES_WOULD]++;
    }
    if ((event->replay & ZTA_REPLAY_RISK) != 0) {
        const int band = event->risk.score * ZTA_SERIES_SCORES / (ZTA_RISK_SCORE_MAX + 1);
        point->counts[ZTA_SERIES_SCORE +
                      (band < ZTA_SERIES_SCORES ? band : ZTA_SERIES_SCORES - 1)]++;
    }
    point->reasons[event->reason < ZTA_N_REASONS ? event->reason : 0]++;
    point->latencies[bucket_of(event->latency_us)]++;
    route->n++;
    route->n_refused += is_allowed ? 0 : 1;
    if (is_allowed) {
        note_identity(point, event, key);
    }
    else {
        note_refusal(point, event, key);
    }
}

/* ---- sums ---- */

static void add_all(uint64_t *to, const uint64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] += from[i];
    }
}

void zta_series_add(struct zta_series_point *point, const struct zta_series_point *other)
{
    add_all(point->counts, other->counts, ZTA_N_SERIES_COUNTS);
    add_all(point->reasons, other->reasons, ZTA_N_REASONS);
    add_all(point->latencies, other->latencies, ZTA_SERIES_LATENCIES);
    for (size_t i = 0; i < ZTA_N_SERIES_DISTINCT; i++) {
        zta_census_merge(&point->distinct[i], &other->distinct[i]);
    }
    for (size_t i = 0; i < other->n_routes; i++) {
        const struct zta_series_route *from = &other->routes[i];
        struct zta_series_route *route = route_of(point, zta_text_of(from->name));
        route->n += from->n;
        route->n_refused += from->n_refused;
    }
    point->others.n += other->others.n;
    point->others.n_refused += other->others.n_refused;
}

uint64_t zta_series_requests(const struct zta_series_point *point)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= ZTA_OUTCOME_CHALLENGE; i++) {
        n += point->counts[ZTA_SERIES_OUTCOME + i];
    }
    return n;
}

uint64_t zta_series_refused(const struct zta_series_point *point)
{
    return zta_series_requests(point) - point->counts[ZTA_SERIES_OUTCOME + ZTA_OUTCOME_ALLOW];
}
