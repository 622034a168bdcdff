/* SPDX-License-Identifier: Apache-2.0 */
/* Which topics nodes tell each other of, and what of them was changed here and is still to be said.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/store/attestations_priv.h"
#include "shared/store/audit_heads_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/layers_priv.h"
#include "shared/store/schema_policy.h"

static const struct zta_topic topics[] = {
    {
        .topic = ZTA_FLEET_REVOCATION,
        .table = ZTA_TABLE_REVOCATIONS,
        .has_key = zta_revocation_has_key,
        .strength = zta_revocation_strength,
        .target = zta_revocation_target,
        .replace = zta_revocation_replace,
    },
    {
        .topic = ZTA_FLEET_BLOCK,
        .table = ZTA_TABLE_BLOCKS,
        .has_key = zta_block_has_key,
        .strength = zta_block_strength,
        .target = zta_block_target,
        .replace = zta_block_replace,
    },
    {
        .topic = ZTA_FLEET_RULES,
        .table = ZTA_TABLE_LAYERS,
        .grants = true,
        .is_own = true,
        .has_key = zta_layer_has_key,
        .strength = zta_layer_strength,
        .replace = zta_layer_replace,
        .tell = zta_layer_tell,
        .note_join = zta_layer_note_join,
    },
    {
        .topic = ZTA_FLEET_API_KEY,
        .table = ZTA_TABLE_KEYS,
        .grants = true,
        .is_record = zta_key_is_living_record,
        .version = zta_key_version,
        .strength = zta_key_strength,
        .replace = zta_key_replace,
        .restricted_by = ZTA_FLEET_API_KEY_REVOCATION,
        .restrict_by = zta_key_restrict_by,
    },
    {
        .topic = ZTA_FLEET_API_KEY_REVOCATION,
        .table = ZTA_TABLE_KEYS,
        .is_record = zta_key_is_revoked_record,
        .target = zta_key_target,
        .version = zta_key_version,
        .strength = zta_key_strength,
    },
    {
        .topic = ZTA_FLEET_DEVICE,
        .table = ZTA_TABLE_DEVICES,
        .grants = true,
        .has_key = zta_device_has_key,
        .version = zta_device_version,
        .strength = zta_device_strength,
        .replace = zta_device_replace,
        .restricted_by = ZTA_FLEET_DEVICE_LACK,
        .restrict_by = zta_device_restrict_by,
    },
    {
        .topic = ZTA_FLEET_DEVICE_LACK,
        .table = ZTA_TABLE_DEVICES,
        .is_record = zta_device_is_lacking_record,
        .target = zta_device_target,
        .version = zta_device_version,
        .strength = zta_device_strength,
    },
    {
        .topic = ZTA_FLEET_AUDIT_HEAD,
        .table = ZTA_N_TABLES,
        .is_own = true,
        .is_report = true,
        .strength = zta_audit_head_strength,
        .replace = zta_audit_head_replace,
        .tell = zta_audit_head_tell,
        .note_join = zta_audit_head_note_join,
    },
    {
        .topic = ZTA_FLEET_HOLD,
        .table = ZTA_N_TABLES,
        .has_key = zta_measure_has_told_key,
        .strength = zta_hold_strength,
        .target = zta_measure_told_target,
        .replace = zta_measure_replace,
        .tell = zta_hold_tell,
        .note_join = zta_hold_note_join,
    },
    {
        .topic = ZTA_FLEET_MEASURE,
        .table = ZTA_N_TABLES,
        .is_automatic = true,
        .has_noted_key = zta_measure_has_told_key,
        .is_out = zta_measure_is_out,
        .strength = zta_measure_strength,
        .target = zta_measure_told_target,
        .replace = zta_measure_replace,
        .tell = zta_measure_tell,
        .note_join = zta_measure_note_join,
    },
    {
        .topic = ZTA_FLEET_LIFT,
        .table = ZTA_N_TABLES,
        .grants = true,
        .has_key = zta_measure_has_told_key,
        .version = zta_lift_version,
        .strength = zta_lift_strength,
        .replace = zta_lift_replace,
        .tell = zta_lift_tell,
        .note_join = zta_measure_note_join,
    },
    {
        .topic = ZTA_FLEET_THREAT,
        .table = ZTA_N_TABLES,
        .is_own = true,
        .is_report = true,
        .is_automatic = true,
        .has_noted_key = zta_fleet_threat_has_noted_key,
        .strength = zta_fleet_threat_strength,
        .replace = zta_fleet_threat_replace,
        .tell = zta_fleet_threat_tell,
        .note_join = zta_measure_note_join,
    },
    {
        .topic = ZTA_FLEET_RISK,
        .table = ZTA_N_TABLES,
        .is_own = true,
        .is_automatic = true,
        .has_noted_key = zta_fleet_risk_has_noted_key,
        .strength = zta_fleet_risk_strength,
        .target = zta_fleet_risk_target,
        .replace = zta_fleet_risk_replace,
        .tell = zta_fleet_risk_tell,
        .note_join = zta_measure_note_join,
    },
    {
        .topic = ZTA_FLEET_ATTESTATION,
        .table = ZTA_N_TABLES,
        .is_own = true,
        .is_automatic = true,
        .has_noted_key = zta_attestation_has_key,
        .restricts = zta_fleet_attestation_restricts,
        .strength = zta_fleet_attestation_strength,
        .target = zta_fleet_attestation_target,
        .replace = zta_fleet_attestation_replace,
        .tell = zta_fleet_attestation_tell,
        .note_join = zta_measure_note_join,
    },
};
#define N_TOPICS (sizeof topics / sizeof topics[0])

const struct zta_topic *zta_topic_at(size_t i)
{
    return i < N_TOPICS ? &topics[i] : NULL;
}

const struct zta_topic *zta_topic_find(enum zta_fleet_topic topic)
{
    for (size_t i = 0; i < N_TOPICS; i++) {
        if (topics[i].topic == topic) {
            return &topics[i];
        }
    }
    return NULL;
}

const struct zta_topic *zta_topic_to_make(enum zta_fleet_topic topic)
{
    for (size_t i = 0; i < N_TOPICS; i++) {
        if (topics[i].restricted_by == topic) {
            return &topics[i];
        }
    }
    return zta_topic_find(topic);
}

bool zta_topic_restricts(const struct zta_topic *topic, const struct zta_statement *statement)
{
    return !statement->is_gone && !topic->grants && !topic->is_report &&
           (topic->restricts == NULL ||
            topic->restricts(ZTA_BLOB(statement->value.data, statement->value.len)));
}

/* ---- drafts ---- */

enum zta_status zta_draft_set_bytes(struct zta_draft *draft, struct zta_blob value)
{
    uint8_t *bytes = realloc(draft->bytes, value.size + 1);
    if (bytes == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(bytes, value.size > 0 ? value.data : "", value.size);
    draft->bytes = bytes;
    draft->size = value.size;
    draft->is_there = true;
    return ZTA_OK;
}

enum zta_status zta_draft_set(struct zta_draft *draft, const struct zta_statement *statement)
{
    const enum zta_status status =
        zta_draft_set_bytes(draft, ZTA_BLOB(statement->value.data, statement->value.len));
    if (status == ZTA_OK) {
        draft->version_ns = statement->version_ns;
        memcpy(draft->origin, statement->origin, sizeof draft->origin);
    }
    return status;
}

void zta_draft_clear(struct zta_draft *draft)
{
    free(draft->bytes);
    *draft = (struct zta_draft){.is_there = false};
}

/* ---- notes ---- */

/* Which table of notes an environment has. */
static enum zta_table notes_of(const struct zta_change *change)
{
    return change->env == ZTA_ENV_POLICY ? ZTA_TABLE_FLEET_OUTBOX : ZTA_TABLE_FLEET_NOTES;
}

/* Above all notes there. In state/ no clock is kept: the last note is. */
static enum zta_status next_number(struct zta_change *change, uint64_t *number)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    *number = (uint64_t)zta_change_clock_ns(change);
    if (change->env == ZTA_ENV_POLICY) {
        return ZTA_OK;
    }
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_FLEET_NOTES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_last(&walk, &key, &value);
    if (status == ZTA_OK && key.size == sizeof *number && zta_get_u64(key.data) >= *number) {
        *number = zta_get_u64(key.data) + 1;
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* Of state/ no more than the newest are kept: measures end, so what is older matters least. */
static enum zta_status drop_oldest(struct zta_change *change)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    uint64_t n = 0;
    enum zta_status status = zta_change_table_count(change, ZTA_TABLE_FLEET_NOTES, &n);
    if (status != ZTA_OK || n <= ZTA_FLEET_NOTES_MAX) {
        return status;
    }
    status = zta_walk_change(change, ZTA_TABLE_FLEET_NOTES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &value);
    if (status == ZTA_OK) {
        status = zta_walk_remove(&walk);
    }
    zta_walk_end(&walk);
    return status;
}

enum zta_status zta_outbox_note(struct zta_change *change, enum zta_fleet_topic topic,
                                struct zta_blob key, bool is_gone)
{
    uint8_t place[sizeof(uint64_t)];
    uint64_t number;
    uint8_t note[ZTA_OUTBOX_HEAD_SIZE + ZTA_STORE_KEY_MAX];
    if (key.size > ZTA_STORE_KEY_MAX) {
        return ZTA_TOO_LARGE;
    }
    enum zta_status status = next_number(change, &number);
    if (status != ZTA_OK) {
        return status;
    }
    zta_put_u64(place, number);
    note[0] = (uint8_t)topic;
    note[1] = is_gone ? 1 : 0;
    memcpy(note + ZTA_OUTBOX_HEAD_SIZE, key.data, key.size);
    status = zta_change_append(change, notes_of(change), ZTA_BLOB(place, sizeof place),
                               ZTA_BLOB(note, ZTA_OUTBOX_HEAD_SIZE + key.size));
    return status == ZTA_OK && change->env == ZTA_ENV_STATE ? drop_oldest(change) : status;
}

static const struct zta_blob fleet_key = {.data = ZTA_FLEET_KEY, .size = sizeof(ZTA_FLEET_KEY) - 1};

/* Is the store of a change of state/ in a fleet? policy/ says so. */
static bool is_view_in_fleet(struct zta_store *store)
{
    struct zta_view *view = NULL;
    struct zta_blob record;
    if (zta_view_begin(store, &view) != ZTA_OK) {
        return true;
    }
    const bool is_so = zta_view_get(view, ZTA_TABLE_POLICY_META, fleet_key, &record) == ZTA_OK;
    zta_view_end(&view);
    return is_so;
}

static bool is_in_fleet(struct zta_change *change)
{
    if (change->membership == ZTA_MEMBERSHIP_UNKNOWN) {
        struct zta_blob record;
        const bool is_so =
            change->env == ZTA_ENV_POLICY
                ? zta_change_get(change, ZTA_TABLE_POLICY_META, fleet_key, &record) != ZTA_NOT_FOUND
                : is_view_in_fleet(change->store);
        change->membership = is_so ? ZTA_MEMBERSHIP_TELLS : ZTA_MEMBERSHIP_NONE;
    }
    return change->membership == ZTA_MEMBERSHIP_TELLS;
}

void zta_outbox_touch_topic(struct zta_change *change, enum zta_fleet_topic topic,
                            struct zta_blob key, bool is_gone)
{
    /* The helper makes the table when it begins; until then there is no agent that reads it. */
    if (change->store->dbi[notes_of(change)] == ZTA_NO_TABLE || !is_in_fleet(change)) {
        return;
    }
    const enum zta_status status = zta_outbox_note(change, topic, key, is_gone);
    if (status != ZTA_OK && change->failure == ZTA_OK) {
        change->failure = status;
    }
}

bool zta_topic_has(const struct zta_topic *topic, struct zta_blob value)
{
    return (value.data != NULL || topic->has_key != NULL) &&
           (topic->is_record == NULL || topic->is_record(value));
}

void zta_outbox_touch(struct zta_change *change, enum zta_table table, struct zta_blob key,
                      struct zta_blob value)
{
    for (size_t i = 0; i < N_TOPICS && change->env == ZTA_ENV_POLICY; i++) {
        if (topics[i].table == table && zta_topic_has(&topics[i], value)) {
            zta_outbox_touch_topic(change, topics[i].topic, key, value.data == NULL);
        }
    }
}
