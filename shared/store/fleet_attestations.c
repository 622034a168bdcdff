/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestations as a topic of a fleet: what this node was told and stands in state/ becomes a
 * statement of its own, and what the others say of one thing is one record of policy/.
 */
#include "shared/store/fleet_attestations.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/attestations_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/fleet_entries_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/records_priv.h"

#define KEY_SIZE   (ZTA_ORIGIN_SIZE + ZTA_SIGNAL_KEY_BYTES) /* of a statement */
#define NOTES_MOST (ZTA_FLEET_NOTES_MAX / 2)                /* others need room beside them */

/* ---- saying ---- */

/* That record of state/, whatever httpd's user wrote there; what an operator lifted is harmless. */
static enum zta_status load(struct zta_view *view, struct zta_blob key,
                            struct zta_attestation *attestation)
{
    struct zta_signal_key name;
    struct zta_blob value;
    int64_t released_ns = 0;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_ATTESTATIONS, key, &value);
    if (status == ZTA_OK) {
        status = zta_attestation_decode_of(key, value, attestation);
    }
    if (status != ZTA_OK) {
        return status == ZTA_CORRUPT ? ZTA_NOT_FOUND : status;
    }
    memcpy(name.bytes, key.data, sizeof name.bytes);
    status = zta_release_get(view, &name, &released_ns);
    if (status == ZTA_OK && attestation->received_ns <= released_ns) {
        attestation->level = ZTA_ATTESTATION_HARMLESS;
    }
    return status;
}

/* Of the time when it is said: so it was then, and so it counts for a day at most. */
static void date(struct zta_attestation *attestation, int64_t said_ns)
{
    const int64_t ends_s = said_ns / ZTA_NS_PER_S + ZTA_FLEET_ATTESTATION_S;
    if (attestation->received_ns > said_ns) {
        attestation->received_ns = said_ns;
    }
    if (attestation->ends_s == 0 || attestation->ends_s > ends_s) {
        attestation->ends_s = ends_s;
    }
}

/* Did this node ever say something of it? Else there is nothing to take back. */
static enum zta_status is_said(struct zta_change *change, const struct zta_told *told, bool *is_so)
{
    struct zta_statement like = {.topic = ZTA_FLEET_ATTESTATION,
                                 .key = {.data = (const char *)told->key, .len = told->key_size}};
    struct zta_statement kept;
    memcpy(like.origin, zta_change_origin(change), sizeof like.origin);
    const enum zta_status status = zta_fleet_kept(change, &like, &kept);
    *is_so = status == ZTA_OK;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static enum zta_status write_told(const struct zta_attestation *attestation, struct zta_told *told)
{
    struct zta_writer writer;
    told->value = malloc(ZTA_ATTESTATION_RECORD_MAX);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, told->value, ZTA_ATTESTATION_RECORD_MAX);
    zta_attestation_encode(attestation, &writer);
    told->size = writer.len;
    return ZTA_OK;
}

enum zta_status zta_fleet_attestation_tell(struct zta_change *change, struct zta_blob key,
                                           struct zta_told *told)
{
    struct zta_attestation attestation;
    struct zta_view *view = NULL;
    bool is_worth_it = true;
    enum zta_status status = zta_view_begin(change->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    memcpy(told->key, zta_change_origin(change), ZTA_ORIGIN_SIZE);
    memcpy(told->key + ZTA_ORIGIN_SIZE, key.data, key.size);
    told->key_size = ZTA_ORIGIN_SIZE + key.size;
    status = load(view, key, &attestation);
    if (status == ZTA_OK && attestation.level == ZTA_ATTESTATION_HARMLESS) {
        status = is_said(change, told, &is_worth_it);
    }
    if (status == ZTA_OK) {
        date(&attestation, told->noted_ns);
        status = is_worth_it ? write_told(&attestation, told) : ZTA_NOT_FOUND;
    }
    zta_view_end(&view);
    return status;
}

struct noting {
    struct zta_change *change;
    int64_t now_s;
    uint64_t n;
};

static bool note(void *context, const struct zta_attestation *attestation, bool is_released)
{
    struct noting *noting = context;
    const struct zta_signal_key key =
        zta_attestation_key(attestation->what, attestation->issuer, attestation->name);
    const bool is_over = attestation->ends_s != 0 && noting->now_s >= attestation->ends_s;
    if (!is_released && !is_over && attestation->level != ZTA_ATTESTATION_HARMLESS) {
        zta_outbox_touch_topic(noting->change, ZTA_FLEET_ATTESTATION, zta_signal_key_blob(&key),
                               false);
        noting->n++;
    }
    return noting->n < NOTES_MOST;
}

enum zta_status zta_fleet_attestations_note(struct zta_view *view, struct zta_change *change,
                                            int64_t now_s, uint64_t *n)
{
    struct noting noting = {.change = change, .now_s = now_s};
    const enum zta_status status = zta_attestation_each(view, note, &noting);
    *n = noting.n;
    return status;
}

/* ---- hearing ---- */

static struct zta_blob name_of(struct zta_blob key)
{
    return ZTA_BLOB((const uint8_t *)key.data + ZTA_ORIGIN_SIZE, key.size - ZTA_ORIGIN_SIZE);
}

static enum zta_status read_said(struct zta_blob name, struct zta_blob value,
                                 struct zta_attestation *attestation)
{
    const enum zta_status status = zta_attestation_decode_of(name, value, attestation);
    return status == ZTA_OK && attestation->ends_s > ZTA_FLEET_ATTESTATION_S &&
                   attestation->ends_s <= INT64_MAX / ZTA_NS_PER_S
               ? ZTA_OK
               : ZTA_CORRUPT;
}

bool zta_fleet_attestation_restricts(struct zta_blob value)
{
    struct zta_attestation attestation;
    return zta_attestation_decode(value, &attestation) != ZTA_OK ||
           attestation.level != ZTA_ATTESTATION_HARMLESS;
}

/* It was said no earlier than a day before it ends, nor before it was received. */
enum zta_status zta_fleet_attestation_strength(struct zta_blob key, struct zta_blob value,
                                               int64_t *strength)
{
    struct zta_attestation found;
    if (key.size != KEY_SIZE || read_said(name_of(key), value, &found) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    const int64_t since_ns = (found.ends_s - ZTA_FLEET_ATTESTATION_S) * ZTA_NS_PER_S;
    *strength = since_ns > found.received_ns ? since_ns : found.received_ns;
    return ZTA_OK;
}

enum zta_status zta_fleet_attestation_read(struct zta_blob key, struct zta_blob value,
                                           struct zta_attestation *attestation)
{
    return key.size == KEY_SIZE ? read_said(name_of(key), value, attestation) : ZTA_CORRUPT;
}

enum zta_status zta_fleet_attestation_target(struct zta_blob key, struct zta_blob value,
                                             struct zta_target *target)
{
    struct zta_attestation found;
    if (zta_fleet_attestation_read(key, value, &found) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    if (found.what == ZTA_ATTESTED_SUBJECT_RISK) {
        *target = (struct zta_target){
            .kind = ZTA_TARGET_SUBJECT, .issuer = found.issuer, .name = found.name};
        return ZTA_OK;
    }
    return zta_device_target(name_of(key), value, target);
}

static enum zta_status lasts(struct zta_blob key, struct zta_text value, int64_t now_s,
                             bool *lasts_still)
{
    struct zta_attestation found;
    if (read_said(key, ZTA_BLOB(value.data, value.len), &found) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    *lasts_still = now_s < found.ends_s;
    return ZTA_OK;
}

static const struct zta_fleet_entries of_things = {.table = ZTA_TABLE_FLEET_ATTESTATIONS,
                                                   .lasts = lasts};

enum zta_status zta_fleet_attestation_replace(struct zta_change *change, struct zta_blob key,
                                              struct zta_blob value)
{
    struct zta_fleet_entry entry = {.origin = key.data};
    if (value.data != NULL && zta_fleet_attestation_restricts(value)) {
        entry.value = (struct zta_text){.data = value.data, .len = value.size};
    }
    return zta_fleet_entry_put(change, &of_things, name_of(key), &entry);
}

enum zta_status zta_fleet_attestation_check_record(struct zta_blob key, struct zta_blob value)
{
    return zta_fleet_entries_check(&of_things, key, value);
}

/* ---- looking ---- */

enum zta_status zta_fleet_attestation_find(struct zta_view *view, const struct zta_signal_key *key,
                                           int64_t now_s, struct zta_attestation *attestation)
{
    struct zta_blob record;
    struct zta_reader reader;
    struct zta_fleet_entry entry;
    struct zta_attestation said;
    struct zta_attestation strictest = {.level = 0};
    if (!zta_view_may_have(view, ZTA_TABLE_FLEET_ATTESTATIONS)) {
        return ZTA_NOT_FOUND;
    }
    const enum zta_status status =
        zta_view_get(view, ZTA_TABLE_FLEET_ATTESTATIONS, zta_signal_key_blob(key), &record);
    if (status != ZTA_OK) {
        return status;
    }
    zta_reader_init(&reader, record.data, record.size);
    while (zta_fleet_entry_next(&reader, &entry)) {
        if (zta_attestation_decode(ZTA_BLOB(entry.value.data, entry.value.len), &said) != ZTA_OK) {
            return ZTA_CORRUPT;
        }
        if (now_s < said.ends_s && said.level > strictest.level) {
            strictest = said;
        }
    }
    if (reader.is_bad) {
        return ZTA_CORRUPT;
    }
    if (strictest.level == 0) {
        return ZTA_NOT_FOUND;
    }
    *attestation = strictest;
    return ZTA_OK;
}

struct listing {
    zta_attestation_fn fn;
    void *context;
};

static enum zta_status list(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listing *listing = context;
    struct zta_reader reader;
    struct zta_fleet_entry entry;
    struct zta_attestation said;
    zta_reader_init(&reader, value.data, value.size);
    while (*goes_on && zta_fleet_entry_next(&reader, &entry)) {
        if (zta_attestation_decode(ZTA_BLOB(entry.value.data, entry.value.len), &said) != ZTA_OK) {
            return ZTA_CORRUPT;
        }
        *goes_on = listing->fn(listing->context, &said, false);
    }
    return reader.is_bad ? ZTA_CORRUPT : ZTA_OK;
}

enum zta_status zta_fleet_attestation_each(struct zta_view *view, zta_attestation_fn fn,
                                           void *context)
{
    struct listing listing = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_FLEET_ATTESTATIONS, list, &listing);
}
