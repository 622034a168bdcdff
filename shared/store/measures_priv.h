/* SPDX-License-Identifier: Apache-2.0 */
/* Records of measures: those of one target are one record, so that one look-up finds them all. */
#ifndef ZTA_STORE_MEASURES_PRIV_H
#define ZTA_STORE_MEASURES_PRIV_H

#include "shared/store/measures.h"
#include "shared/store/schema.h"
#include "shared/store/tables_priv.h"

/* Longest record: everyone's, with all texts at their longest. */
#define ZTA_MEASURE_RECORD_MAX 32768

struct zta_measure_record {
    struct zta_target target;
    uint8_t n;
    struct zta_measure entries[ZTA_MEASURE_EVERYONE_MAX];
};

struct zta_measure_key {
    uint8_t bytes[sizeof(ZTA_HOLD_KEY) - 1 + ZTA_MEASURE_KEY_SIZE];
    size_t size;
};

/* Which targets of an environment have measures, and the last id that was given. */
struct zta_measure_summary {
    uint64_t last_id;
    uint32_t n[ZTA_N_TARGET_KINDS]; /* records by kind of target */
};

enum zta_table zta_measure_table(enum zta_env_id env);
enum zta_env_id zta_measure_env(enum zta_measure_source source);
void zta_measure_key_make(enum zta_env_id env, const struct zta_target *target,
                          struct zta_measure_key *key);
void zta_measure_summary_key(enum zta_env_id env, struct zta_measure_key *key);
/* An absent summary is one of nothing. */
enum zta_status zta_measure_summary_decode(struct zta_blob value,
                                           struct zta_measure_summary *summary) ZTA_MUST_CHECK;
/* Texts point into value. ZTA_CORRUPT for anything encode does not write; the key must fit. */
enum zta_status zta_measure_decode(enum zta_env_id env, struct zta_blob key, struct zta_blob value,
                                   struct zta_measure_record *record) ZTA_MUST_CHECK;
enum zta_status zta_measure_encode(enum zta_env_id env, const struct zta_measure_record *record,
                                   struct zta_writer *writer) ZTA_MUST_CHECK;
/* Do kind, target and all values belong together? */
bool zta_measure_is_whole(const struct zta_measure *measure);
/* How many measures one target can have. */
size_t zta_measure_room(const struct zta_target *target);
/* Removes those of a target that ended before now_s; *n grows by them. */
enum zta_status zta_measure_drop_ended(struct zta_change *change, enum zta_env_id env,
                                       const struct zta_target *target, int64_t now_s,
                                       uint64_t *n) ZTA_MUST_CHECK;
/* ---- in a fleet ---- */

/* Key of a measure among all of a fleet: its target's, and its name. */
#define ZTA_MEASURE_TOLD_SIZE (ZTA_MEASURE_KEY_SIZE + ZTA_SHA256_SIZE)
#define ZTA_MEASURE_ONE_MAX   4096 /* a record of one measure */
/* SHA-256 of what zta_measure_is_same compares. */
void zta_measure_name(const struct zta_measure *measure, uint8_t name[ZTA_SHA256_SIZE]);
void zta_measure_told_key(const struct zta_measure *measure, uint8_t key[ZTA_MEASURE_TOLD_SIZE]);
/* A measure began, changed or was taken back here; not: it ended. */
void zta_measure_touch(struct zta_change *change, const struct zta_measure *measure, bool is_gone);
/* An operator lifted it here, or took that back. */
void zta_measure_touch_lift(struct zta_change *change, const struct zta_measure *measure,
                            bool is_gone);
/* The one measure of a statement. ZTA_CORRUPT. */
enum zta_status zta_measure_decode_told(struct zta_blob key, struct zta_blob value,
                                        struct zta_measure_record *one) ZTA_MUST_CHECK;
/*
 * policy/. Makes the measure of that name against the target of that record what another node said:
 * measure NULL: none.
 */
enum zta_status zta_measure_set_heard(struct zta_change *change,
                                      const struct zta_measure_key *target,
                                      const uint8_t name[ZTA_SHA256_SIZE],
                                      const struct zta_measure *measure) ZTA_MUST_CHECK;

/* Same source, rule, kind, target, and limit where it is one. */
bool zta_measure_is_same(const struct zta_measure *a, const struct zta_measure *b);

#endif
