/* SPDX-License-Identifier: Apache-2.0 */
/* By kind and a hash of the names, as signal revocations are. */
#include "shared/store/attestations.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/notice.h"
#include "shared/store/attestations_priv.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"

/* Beside the kinds of signal revocations, whose releases stand in the same place. */
#define KEY_ATTESTED 0x40

static bool is_text(struct zta_text text, size_t max)
{
    return text.len > 0 && text.len <= max;
}

static bool is_whole(const struct zta_attestation *attestation)
{
    const bool is_of_issuer = attestation->what == ZTA_ATTESTED_SUBJECT_RISK ||
                              attestation->what == ZTA_ATTESTED_SESSION_RISK;
    const uint8_t most = attestation->what == ZTA_ATTESTED_COMPLIANCE ? ZTA_NOTICE_NOT_COMPLIANT
                                                                      : ZTA_NOTICE_RISK_HIGH;
    return attestation->what > 0 && attestation->what < ZTA_ATTESTED_END &&
           attestation->level > 0 && attestation->level <= most && attestation->event_s >= 0 &&
           attestation->ends_s >= 0 && attestation->received_ns >= 0 &&
           is_text(attestation->transmitter, ZTA_NAME_MAX) &&
           (is_of_issuer ? is_text(attestation->issuer, ZTA_NAME_MAX)
                         : zta_text_is_absent(attestation->issuer)) &&
           is_text(attestation->name, ZTA_SUBJECT_MAX);
}

struct zta_signal_key zta_attestation_key(enum zta_attested what, struct zta_text issuer,
                                          struct zta_text name)
{
    const struct zta_text names[] = {issuer, name};
    struct zta_sha256 hash;
    struct zta_signal_key key;
    zta_sha256_parts(names, sizeof(names) / sizeof(names[0]), &hash);
    key.bytes[0] = (uint8_t)(KEY_ATTESTED | what);
    memcpy(key.bytes + 1, hash.bytes, sizeof(hash.bytes));
    return key;
}

enum zta_status zta_attestation_decode(struct zta_blob value, struct zta_attestation *attestation)
{
    struct zta_reader reader;
    struct zta_attestation read;
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t version = zta_read_u8(&reader);
    read.what = (enum zta_attested)zta_read_u8(&reader);
    read.level = zta_read_u8(&reader);
    read.received_ns = (int64_t)zta_read_u64(&reader);
    read.event_s = (int64_t)zta_read_u64(&reader);
    read.ends_s = (int64_t)zta_read_u64(&reader);
    read.transmitter = zta_read_text(&reader);
    read.issuer = zta_read_text(&reader);
    read.name = zta_read_text(&reader);
    if (version != ZTA_ATTESTATION_VERSION || !zta_reader_is_done(&reader) || !is_whole(&read)) {
        return ZTA_CORRUPT;
    }
    *attestation = read;
    return ZTA_OK;
}

void zta_attestation_encode(const struct zta_attestation *attestation, struct zta_writer *writer)
{
    zta_write_u8(writer, ZTA_ATTESTATION_VERSION);
    zta_write_u8(writer, (uint8_t)attestation->what);
    zta_write_u8(writer, attestation->level);
    zta_write_u64(writer, (uint64_t)attestation->received_ns);
    zta_write_u64(writer, (uint64_t)attestation->event_s);
    zta_write_u64(writer, (uint64_t)attestation->ends_s);
    zta_write_text(writer, attestation->transmitter);
    zta_write_text(writer, attestation->issuer);
    zta_write_text(writer, attestation->name);
}

bool zta_attestation_has_key(struct zta_blob key)
{
    const uint8_t *bytes = key.data;
    return key.size == ZTA_SIGNAL_KEY_BYTES && (bytes[0] & KEY_ATTESTED) != 0 &&
           (bytes[0] & ~KEY_ATTESTED) > 0 && (bytes[0] & ~KEY_ATTESTED) < ZTA_ATTESTED_END;
}

enum zta_status zta_attestation_decode_of(struct zta_blob key, struct zta_blob value,
                                          struct zta_attestation *attestation)
{
    struct zta_attestation found;
    if (zta_attestation_decode(value, &found) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    const struct zta_signal_key expected =
        zta_attestation_key(found.what, found.issuer, found.name);
    if (key.size != sizeof(expected.bytes) ||
        memcmp(key.data, expected.bytes, sizeof(expected.bytes)) != 0) {
        return ZTA_CORRUPT;
    }
    *attestation = found;
    return ZTA_OK;
}

enum zta_status zta_attestation_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_attestation found;
    return zta_attestation_decode_of(key, value, &found);
}

/* Does what stands there stay? */
static bool is_overruled(const struct zta_attestation *by,
                         const struct zta_attestation *attestation)
{
    if (by->event_s != attestation->event_s && by->event_s > attestation->event_s) {
        return true;
    }
    return by->level > attestation->level &&
           (by->event_s == attestation->event_s ||
            !zta_text_equal(by->transmitter, attestation->transmitter));
}

enum zta_status zta_attestation_put(struct zta_change *change,
                                    const struct zta_attestation *attestation, int64_t released_ns)
{
    const struct zta_signal_key key =
        zta_attestation_key(attestation->what, attestation->issuer, attestation->name);
    struct zta_attestation record = *attestation;
    struct zta_attestation former;
    struct zta_blob found;
    uint8_t bytes[ZTA_ATTESTATION_RECORD_MAX];
    struct zta_writer writer;
    if (record.received_ns <= released_ns && released_ns < INT64_MAX) {
        record.received_ns = released_ns + 1;
    }
    if (!is_whole(&record)) {
        return ZTA_INVALID;
    }
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_ATTESTATIONS, zta_signal_key_blob(&key), &found);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    /* What an operator lifted, or what cannot be read, overrules nothing. */
    if (status == ZTA_OK && zta_attestation_decode(found, &former) == ZTA_OK &&
        former.received_ns > released_ns && is_overruled(&former, &record)) {
        return ZTA_EXISTS;
    }
    zta_writer_init(&writer, bytes, sizeof(bytes));
    zta_attestation_encode(&record, &writer);
    zta_outbox_touch_topic(change, ZTA_FLEET_ATTESTATION, zta_signal_key_blob(&key), false);
    return zta_change_put(change, ZTA_TABLE_ATTESTATIONS, zta_signal_key_blob(&key),
                          ZTA_BLOB(bytes, writer.len));
}

enum zta_status zta_attestation_released(struct zta_view *view,
                                         const struct zta_attestation *attestation,
                                         int64_t *released_ns)
{
    const struct zta_signal_key key =
        zta_attestation_key(attestation->what, attestation->issuer, attestation->name);
    return zta_release_get(view, &key, released_ns);
}

/* What this node was told itself. */
static enum zta_status get_own(struct zta_view *view, const struct zta_signal_key *key,
                               int64_t now_s, struct zta_attestation *attestation)
{
    struct zta_attestation found;
    struct zta_blob value;
    int64_t released_ns = 0;
    if (!zta_view_may_have(view, ZTA_TABLE_ATTESTATIONS)) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_ATTESTATIONS, zta_signal_key_blob(key), &value);
    if (status == ZTA_OK) {
        status = zta_attestation_decode(value, &found);
    }
    if (status == ZTA_OK) {
        status = zta_release_get(view, key, &released_ns);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (found.received_ns <= released_ns || (found.ends_s != 0 && now_s >= found.ends_s)) {
        return ZTA_NOT_FOUND;
    }
    *attestation = found;
    return ZTA_OK;
}

enum zta_status zta_attestation_get(struct zta_view *view, enum zta_attested what,
                                    struct zta_text issuer, struct zta_text name, int64_t now_s,
                                    struct zta_attestation *attestation)
{
    struct zta_attestation own;
    struct zta_attestation others;
    if (!zta_attestations_exist(view)) {
        return ZTA_NOT_FOUND;
    }
    const struct zta_signal_key key = zta_attestation_key(what, issuer, name);
    const enum zta_status status = get_own(view, &key, now_s, &own);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    const enum zta_status of_others = zta_fleet_attestation_find(view, &key, now_s, &others);
    if (of_others == ZTA_OK && (status != ZTA_OK || others.level > own.level)) {
        *attestation = others;
        return ZTA_OK;
    }
    if (of_others != ZTA_OK && of_others != ZTA_NOT_FOUND) {
        return of_others;
    }
    if (status == ZTA_OK) {
        *attestation = own;
    }
    return status;
}

bool zta_attestations_exist(struct zta_view *view)
{
    return zta_view_may_have(view, ZTA_TABLE_ATTESTATIONS) ||
           zta_view_may_have(view, ZTA_TABLE_FLEET_ATTESTATIONS);
}

struct listener {
    struct zta_view *view;
    zta_attestation_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_attestation found;
    int64_t released_ns = 0;
    enum zta_status status = zta_attestation_decode(value, &found);
    if (status == ZTA_OK) {
        status = zta_attestation_released(listener->view, &found, &released_ns);
    }
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &found, found.received_ns <= released_ns);
    }
    return status;
}

enum zta_status zta_attestation_each(struct zta_view *view, zta_attestation_fn fn, void *context)
{
    struct listener listener = {.view = view, .fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_ATTESTATIONS, tell, &listener);
}

enum zta_status zta_attestation_release(struct zta_change *change,
                                        const struct zta_attestation *attestation,
                                        uint64_t action_id)
{
    const struct zta_signal_key key =
        zta_attestation_key(attestation->what, attestation->issuer, attestation->name);
    zta_outbox_touch_topic(change, ZTA_FLEET_ATTESTATION, zta_signal_key_blob(&key), false);
    return zta_release_put(change, &key, attestation->received_ns, action_id);
}

static bool is_outlived(struct zta_blob key, struct zta_blob value, int64_t before_ns)
{
    struct zta_attestation found;
    return zta_attestation_decode(value, &found) == ZTA_OK && found.received_ns < before_ns;
}

enum zta_status zta_attestations_prune(struct zta_change *change,
                                       uint8_t place[ZTA_ATTESTATION_KEY_SIZE], int64_t before_ns,
                                       uint64_t *n)
{
    return zta_signal_table_prune(change, ZTA_TABLE_ATTESTATIONS, place, is_outlived, before_ns, n);
}
