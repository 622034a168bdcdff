/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module knows of itself at one moment: what zta-metrics, zta-status and the page of
 * mod_status tell. Gathered in the pool of the request that asks, from shared memory, configuration
 * and one look at the store; nothing is written, and nothing waits for another process.
 */
#ifndef MOD_ZTA_HANDLERS_PICTURE_H
#define MOD_ZTA_HANDLERS_PICTURE_H

#include <httpd.h>

#include <apr_tables.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/issuer_config.h"
#include "shared/base/limits.h"
#include "shared/live/limits.h"
#include "shared/rules/layer.h"
#include "shared/store/env.h"
#include "shared/store/published.h"

struct mod_zta_picture_issuer {
    const struct mod_zta_issuer_config *config;
    bool is_usable; /* its tokens can be verified, or asked about where it has no keys */
    bool has_record;
    int64_t fetched_s; /* with has_record; 0: never */
    int64_t next_s;
    uint32_t n_failures;
    const char *error; /* of the last attempt to fetch them; NULL: none */
    uint32_t n_unanswered;
};

/* One of the two environments of the store. */
struct mod_zta_picture_usage {
    const char *name;
    struct zta_store_usage usage;
    bool is_known;
};

struct mod_zta_picture {
    int64_t now_s;
    bool is_governed;    /* false: the module is inert, and nothing below is set */
    bool has_segment;    /* false: the store was lost at a restart, only the next three are set */
    bool is_refused;     /* some server answers 503 since a restart */
    bool cannot_sign;    /* assertions for APIs */
    const char *refusal; /* what was wrong at the last restart; NULL: nothing */

    bool are_rules_usable;
    size_t n_rules;
    uint64_t live_version;
    size_t n_step_backs;
    char rules_hash[2 * ZTA_SHA256_SIZE + 1]; /* of the files as this configuration read them */

    bool is_store_readable;
    bool has_heartbeat; /* of this server, not of one that ran before */
    bool is_helper_alive;
    struct zta_heartbeat heartbeat;
    uint64_t n_sessions;
    uint64_t n_events;
    uint64_t n_revocations;
    uint64_t n_blocks;
    uint64_t n_fleet_refused;
    uint64_t n_fleet_held;
    int64_t fleet_as_of_s;                  /* 0: in no fleet, or nothing was heard of it */
    struct mod_zta_picture_usage usages[2]; /* policy, state */
    struct zta_limits_sample limits;
    apr_array_header_t *issuers;    /* struct mod_zta_picture_issuer */
    apr_array_header_t *alerts;     /* struct zta_published_alert */
    apr_array_header_t *step_backs; /* struct zta_layer_entry */
};

enum mod_zta_picture_depth {
    MOD_ZTA_PICTURE_READINESS = 0, /* what mod_zta_picture_fault asks */
    MOD_ZTA_PICTURE_WHOLE,
};
void mod_zta_picture_take(request_rec *r, enum mod_zta_picture_depth depth,
                          struct mod_zta_picture *picture);

/* What keeps a server from doing its work. */
enum mod_zta_fault {
    MOD_ZTA_FAULT_CONFIGURATION = 0,
    MOD_ZTA_FAULT_STORE,
    MOD_ZTA_FAULT_RULES,
    MOD_ZTA_FAULT_KEYS, /* of an issuer that some place accepts, or those that sign assertions */
    MOD_ZTA_FAULT_HELPER,
    MOD_ZTA_N_FAULTS
};
bool mod_zta_picture_has_fault(const struct mod_zta_picture *picture, enum mod_zta_fault fault);
bool mod_zta_picture_is_ready(const struct mod_zta_picture *picture);
const char *mod_zta_fault_name(enum mod_zta_fault fault);

/* Of a GET or HEAD request for such an answer: OK, or the status of another method. */
int mod_zta_picture_check_method(request_rec *r);

/* A document of a size that is not known before. False: it did not fit. */
typedef bool (*mod_zta_picture_write_fn)(const struct mod_zta_picture *picture, request_rec *r,
                                         struct zta_buffer *buffer);
/* Sends it; an answer of the moment, stored by nobody. */
int mod_zta_picture_send(request_rec *r, const struct mod_zta_picture *picture,
                         const char *content_type, mod_zta_picture_write_fn write);

#endif
