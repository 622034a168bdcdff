/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the records that nodes of a fleet share give to the table of topics. */
#ifndef ZTA_STORE_FLEET_TOPICS_PRIV_H
#define ZTA_STORE_FLEET_TOPICS_PRIV_H

#include "shared/store/attestations.h"
#include "shared/store/blocks.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/revocations.h"

bool zta_revocation_has_key(struct zta_blob key);
enum zta_status zta_revocation_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_revocation_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value) ZTA_MUST_CHECK;
bool zta_block_has_key(struct zta_blob key);
enum zta_status zta_block_strength(struct zta_blob key, struct zta_blob value,
                                   int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_block_replace(struct zta_change *change, struct zta_blob key,
                                  struct zta_blob value) ZTA_MUST_CHECK;
/* Measures of operators, then those of automation; both stand among operators' in policy/. */
bool zta_measure_has_told_key(struct zta_blob key);
enum zta_status zta_hold_tell(struct zta_change *change, struct zta_blob key,
                              struct zta_told *told) ZTA_MUST_CHECK;
enum zta_status zta_hold_note_join(struct zta_change *change) ZTA_MUST_CHECK;
enum zta_status zta_hold_strength(struct zta_blob key, struct zta_blob value,
                                  int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_measure_tell(struct zta_change *change, struct zta_blob key,
                                 struct zta_told *told) ZTA_MUST_CHECK;
enum zta_status zta_measure_note_join(struct zta_change *change) ZTA_MUST_CHECK;
enum zta_status zta_measure_strength(struct zta_blob key, struct zta_blob value,
                                     int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_measure_replace(struct zta_change *change, struct zta_blob key,
                                    struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_measure_is_out(struct zta_change *change, const struct zta_statement *statement,
                                   bool *is_out) ZTA_MUST_CHECK;
enum zta_status zta_lift_tell(struct zta_change *change, struct zta_blob key,
                              struct zta_told *told) ZTA_MUST_CHECK;
int64_t zta_lift_version(struct zta_blob value);
enum zta_status zta_lift_strength(struct zta_blob key, struct zta_blob value,
                                  int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_lift_replace(struct zta_change *change, struct zta_blob key,
                                 struct zta_blob value) ZTA_MUST_CHECK;
bool zta_fleet_threat_has_noted_key(struct zta_blob key);
enum zta_status zta_fleet_threat_tell(struct zta_change *change, struct zta_blob key,
                                      struct zta_told *told) ZTA_MUST_CHECK;
enum zta_status zta_fleet_threat_strength(struct zta_blob key, struct zta_blob value,
                                          int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_fleet_threat_replace(struct zta_change *change, struct zta_blob key,
                                         struct zta_blob value) ZTA_MUST_CHECK;
/* Risk stands in state/ of who raised it, and by place in policy/ of the others. */
bool zta_fleet_risk_has_noted_key(struct zta_blob key);
enum zta_status zta_fleet_risk_tell(struct zta_change *change, struct zta_blob key,
                                    struct zta_told *told) ZTA_MUST_CHECK;
enum zta_status zta_fleet_risk_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_fleet_risk_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_risk_target(struct zta_blob key, struct zta_blob value,
                                      struct zta_target *target) ZTA_MUST_CHECK;
/* When all that it says is worth nothing any more. */
enum zta_status zta_fleet_risk_end(struct zta_blob key, struct zta_blob value,
                                   int64_t *until_s) ZTA_MUST_CHECK;
/* As of risk: by thing in policy/ of the others. */
enum zta_status zta_fleet_attestation_tell(struct zta_change *change, struct zta_blob key,
                                           struct zta_told *told) ZTA_MUST_CHECK;
bool zta_fleet_attestation_restricts(struct zta_blob value);
enum zta_status zta_fleet_attestation_strength(struct zta_blob key, struct zta_blob value,
                                               int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_fleet_attestation_replace(struct zta_change *change, struct zta_blob key,
                                              struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_attestation_target(struct zta_blob key, struct zta_blob value,
                                             struct zta_target *target) ZTA_MUST_CHECK;
enum zta_status zta_fleet_attestation_read(struct zta_blob key, struct zta_blob value,
                                           struct zta_attestation *attestation) ZTA_MUST_CHECK;
bool zta_device_has_key(struct zta_blob key);
bool zta_device_is_lacking_record(struct zta_blob value);
int64_t zta_device_version(struct zta_blob value);
enum zta_status zta_device_strength(struct zta_blob key, struct zta_blob value,
                                    int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_device_replace(struct zta_change *change, struct zta_blob key,
                                   struct zta_blob value) ZTA_MUST_CHECK;
/* What a device lacks by a later record, it lacks. */
enum zta_status zta_device_restrict_by(struct zta_draft *draft,
                                       const struct zta_statement *by) ZTA_MUST_CHECK;
bool zta_key_is_living_record(struct zta_blob value);
bool zta_key_is_revoked_record(struct zta_blob value);
int64_t zta_key_version(struct zta_blob value);
enum zta_status zta_key_strength(struct zta_blob key, struct zta_blob value,
                                 int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_key_replace(struct zta_change *change, struct zta_blob key,
                                struct zta_blob value) ZTA_MUST_CHECK;
/* A revoked key stays revoked, whatever is said of it. */
enum zta_status zta_key_restrict_by(struct zta_draft *draft,
                                    const struct zta_statement *by) ZTA_MUST_CHECK;

/* Records as statements have them. ZTA_CORRUPT. */
enum zta_status zta_revocation_read_told(struct zta_blob key, struct zta_blob value,
                                         struct zta_revocation *record) ZTA_MUST_CHECK;
enum zta_status zta_block_read_told(struct zta_blob key, struct zta_blob value,
                                    struct zta_block *block) ZTA_MUST_CHECK;

/* Whom records hit. */
enum zta_status zta_revocation_target(struct zta_blob key, struct zta_blob value,
                                      struct zta_target *target) ZTA_MUST_CHECK;
enum zta_status zta_block_target(struct zta_blob key, struct zta_blob value,
                                 struct zta_target *target) ZTA_MUST_CHECK;
enum zta_status zta_key_target(struct zta_blob key, struct zta_blob value,
                               struct zta_target *target) ZTA_MUST_CHECK;
enum zta_status zta_device_target(struct zta_blob key, struct zta_blob value,
                                  struct zta_target *target) ZTA_MUST_CHECK;
enum zta_status zta_measure_told_target(struct zta_blob key, struct zta_blob value,
                                        struct zta_target *target) ZTA_MUST_CHECK;

#endif
