/* SPDX-License-Identifier: Apache-2.0 */
/* Does a stored record decode? One function a table, for the deep check. */
#ifndef ZTA_STORE_RECORDS_PRIV_H
#define ZTA_STORE_RECORDS_PRIV_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/layer.h"
#include "shared/store/audit.h"
#include "shared/store/tables_priv.h"

/* Of the store that is looked at: what records call their origin. */
const uint8_t *zta_view_origin(const struct zta_view *view);

/* ZTA_CORRUPT for anything the topic does not write. */
typedef enum zta_status (*zta_record_check_fn)(struct zta_blob key, struct zta_blob value);

enum zta_status zta_revocation_check_record(struct zta_blob key,
                                            struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_block_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_key_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_key_name_check_record(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;
/* Every living key is found by its name, and no name leads elsewhere. */
enum zta_status zta_key_check_names(struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status zta_device_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_device_certificate_check_record(struct zta_blob key,
                                                    struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_device_history_check_record(struct zta_blob key,
                                                struct zta_blob value) ZTA_MUST_CHECK;
/* Every certificate of a device leads to it, and none elsewhere. */
enum zta_status zta_device_check_certificates(struct zta_view *view) ZTA_MUST_CHECK;
/* Texts point into the record. */
enum zta_status zta_audit_decode(struct zta_blob key, struct zta_blob record,
                                 struct zta_audit_entry *entry) ZTA_MUST_CHECK;
enum zta_status zta_audit_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_layer_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
/* ZTA_TOO_LARGE. */
enum zta_status zta_layer_encode(const struct zta_layer *layer,
                                 struct zta_writer *writer) ZTA_MUST_CHECK;
/* A copy, all of it one piece of memory that the caller frees. ZTA_CORRUPT, ZTA_NO_MEMORY. */
enum zta_status zta_layer_decode(struct zta_blob key, struct zta_blob value,
                                 struct zta_layer *layer, void **storage) ZTA_MUST_CHECK;
enum zta_status zta_fleet_check_statement(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_check_held(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_risk_check_record(struct zta_blob key,
                                            struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_attestation_check_record(struct zta_blob key,
                                                   struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_fleet_check_note(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_request_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_session_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_event_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_event_id_check_record(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_repeat_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_cursor_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_published_check_record(struct zta_blob key,
                                           struct zta_blob value) ZTA_MUST_CHECK;
/* Of those records of published that rule_ages.h keeps. */
enum zta_status zta_rule_age_check_record(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;
/* Of the one record of published that acceptance.h keeps. */
enum zta_status zta_share_uses_check_record(struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_acceptance_check_record(struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_governor_check_record(struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_key_use_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_keyset_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_signal_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_signal_seen_check_record(struct zta_blob key,
                                             struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_notice_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_attestation_check_record(struct zta_blob key,
                                             struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_stream_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_series_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_inputs_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_baseline_check_record(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_risk_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_measure_check_record(struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_response_check_record(struct zta_blob key,
                                          struct zta_blob value) ZTA_MUST_CHECK;

#endif
