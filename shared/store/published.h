/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the running server says of itself, in state/: read by ztactl, written by the helper each
 * second.
 */
#ifndef ZTA_STORE_PUBLISHED_H
#define ZTA_STORE_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/risk_signals.h"
#include "shared/stance.h"
#include "shared/store/env.h"

#define ZTA_HEARTBEAT_STALE_S 5

/* One governed place of the configuration. */
struct zta_published_location {
    struct zta_text server; /* "api.example.com:443" */
    struct zta_text path;   /* "/" of the server itself, or the Location */
    struct zta_stance stance;
    bool is_lower;   /* lower than its parent */
    bool is_pattern; /* path is a LocationMatch's; what it matches may be covered by others, too */
};

struct zta_published_alert {
    struct zta_text name; /* stable word: store_full, rules_refused, … */
    struct zta_text text;
    int64_t since_s;
};

/* Written whole at each (re)start: configuration; and each second: heartbeat, counters, alerts. */
enum zta_status zta_published_put_locations(struct zta_change *change,
                                            const struct zta_published_location *locations,
                                            size_t n) ZTA_MUST_CHECK;
enum zta_status zta_published_put_rules(struct zta_change *change, struct zta_text name,
                                        struct zta_text text, size_t index,
                                        size_t n) ZTA_MUST_CHECK;

struct zta_heartbeat {
    enum zta_threat_level threat; /* that holds, whatever made it so */
    int64_t threat_since_s;
    char threat_reason[96]; /* "" at normal */
    int64_t time_s;
    int64_t started_s;
    int32_t pid; /* of the helper */
    uint32_t n_children;
    uint32_t config_generation;
    uint64_t segment_id;
    uint64_t ring_head;
    uint64_t ring_tail;
    uint64_t ring_capacity;
    char version[32];
};
enum zta_status zta_published_put_heartbeat(struct zta_change *change,
                                            const struct zta_heartbeat *heartbeat,
                                            const uint64_t *counters,
                                            size_t n_counters) ZTA_MUST_CHECK;
enum zta_status zta_published_put_alerts(struct zta_change *change,
                                         const struct zta_published_alert *alerts,
                                         size_t n) ZTA_MUST_CHECK;

/* Issuers as configured, one line of text each for `issuers` and for names in ztactl. */
enum zta_status zta_published_put_issuers(struct zta_change *change, const struct zta_text *names,
                                          const struct zta_text *urls, size_t n) ZTA_MUST_CHECK;

enum zta_status zta_published_get_heartbeat(struct zta_view *view, struct zta_heartbeat *heartbeat,
                                            uint64_t *counters, size_t n_counters) ZTA_MUST_CHECK;
/* Callbacks get records valid for the call. */
typedef bool (*zta_published_location_fn)(void *context,
                                          const struct zta_published_location *location);
enum zta_status zta_published_each_location(struct zta_view *view, zta_published_location_fn fn,
                                            void *context) ZTA_MUST_CHECK;
typedef bool (*zta_published_text_fn)(void *context, struct zta_text name, struct zta_text text);
enum zta_status zta_published_each_rules(struct zta_view *view, zta_published_text_fn fn,
                                         void *context) ZTA_MUST_CHECK;
enum zta_status zta_published_each_issuer(struct zta_view *view, zta_published_text_fn fn,
                                          void *context) ZTA_MUST_CHECK;
typedef bool (*zta_published_alert_fn)(void *context, const struct zta_published_alert *alert);
enum zta_status zta_published_each_alert(struct zta_view *view, zta_published_alert_fn fn,
                                         void *context) ZTA_MUST_CHECK;

/* Last use of API keys, noted by the observer (seconds; address of the last use). */
enum zta_status zta_key_use_put(struct zta_change *change, const char *key_id, int64_t time_s,
                                uint64_t n_more) ZTA_MUST_CHECK;
enum zta_status zta_key_use_get(struct zta_view *view, const char *key_id, int64_t *time_s,
                                uint64_t *n) ZTA_MUST_CHECK;

#endif
