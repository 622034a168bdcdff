/* SPDX-License-Identifier: Apache-2.0 */
/* What a measure may be, under which key it stands, and its bytes. */
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/measures_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_risk.h"

#define COUNT_MAX UINT64_C(1000000000)
#define FOR_MAX_S (INT64_C(366) * 86400)

_Static_assert(ZTA_MEASURE_SUMMARY_SIZE == 8 + 4 * ZTA_N_TARGET_KINDS,
               "the summary counts every kind of target");

/* ---- what is whole ---- */

static bool is_text(struct zta_text text, size_t max)
{
    return !zta_text_is_absent(text) && text.len > 0 && text.len <= max;
}

static bool is_absent_or(struct zta_text text, size_t max)
{
    return zta_text_is_absent(text) || is_text(text, max);
}

static bool is_looked_up(const struct zta_cidr *network)
{
    const uint8_t prefix = network->prefix;
    const struct zta_cidr exact = zta_addr_network(&network->addr, prefix, prefix);
    return (network->addr.family == 4
                ? prefix == 32 || prefix == 24
                : network->addr.family == 6 && (prefix == 64 || prefix == 48)) &&
           memcmp(exact.addr.bytes, network->addr.bytes, sizeof(exact.addr.bytes)) == 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

static bool is_whole_target(const struct zta_target *target)
{
    const bool has_network = target->network.addr.family != 0;
    const bool has_session = !is_zero(target->session, sizeof(target->session));
    const bool has_issuer = is_text(target->issuer, ZTA_NAME_MAX);
    const bool has_name = is_text(target->name, ZTA_SUBJECT_MAX);
    const bool has_texts = !zta_text_is_absent(target->issuer) || !zta_text_is_absent(target->name);
    switch (target->kind) {
    case ZTA_TARGET_EVERYONE:
        return !has_network && !has_session && !has_texts;
    case ZTA_TARGET_NETWORK:
        return is_looked_up(&target->network) && !has_session && !has_texts;
    case ZTA_TARGET_SESSION:
        return has_session && !has_network && !has_texts;
    case ZTA_TARGET_SUBJECT:
    case ZTA_TARGET_CLIENT:
        return has_issuer && has_name && !has_network && !has_session;
    case ZTA_TARGET_APIKEY:
        return has_name && zta_text_is_absent(target->issuer) && !has_network && !has_session;
    case ZTA_N_TARGET_KINDS:
        break;
    }
    return false;
}

static bool fits_target(enum zta_measure_kind kind, enum zta_target_kind target)
{
    switch (kind) {
    case ZTA_MEASURE_BLOCK:
        return target == ZTA_TARGET_NETWORK || target == ZTA_TARGET_SUBJECT;
    case ZTA_MEASURE_QUARANTINE:
        return target != ZTA_TARGET_EVERYONE && target != ZTA_TARGET_NETWORK;
    case ZTA_MEASURE_STEP_UP:
        return target == ZTA_TARGET_SESSION || target == ZTA_TARGET_SUBJECT;
    case ZTA_MEASURE_LIMIT:
    case ZTA_MEASURE_THREAT_LEVEL:
        return target == ZTA_TARGET_EVERYONE;
    case ZTA_MEASURE_THROTTLE:
        return target == ZTA_TARGET_NETWORK;
    case ZTA_N_MEASURE_KINDS:
        break;
    }
    return false;
}

static bool is_whole_step_up(const struct zta_measure *measure)
{
    return measure->kind == ZTA_MEASURE_STEP_UP
               ? is_absent_or(measure->acr, ZTA_ACR_TEXT_MAX - 1) && measure->max_age_s >= -1
               : zta_text_is_absent(measure->acr) && measure->max_age_s == -1;
}

static bool is_whole_rate(const struct zta_measure *measure)
{
    const bool has_rate =
        measure->kind == ZTA_MEASURE_LIMIT || measure->kind == ZTA_MEASURE_THROTTLE;
    const bool is_rate = measure->count > 0 && measure->count <= COUNT_MAX &&
                         measure->window_s > 0 && measure->window_s <= (uint64_t)FOR_MAX_S;
    return (has_rate ? is_rate : measure->count == 0 && measure->window_s == 0) &&
           (measure->kind == ZTA_MEASURE_LIMIT ? is_text(measure->limit, ZTA_NAME_MAX)
                                               : zta_text_is_absent(measure->limit));
}

static bool is_whole_level(const struct zta_measure *measure)
{
    return measure->kind == ZTA_MEASURE_THREAT_LEVEL
               ? measure->level > ZTA_THREAT_NORMAL && measure->level < ZTA_N_THREAT_LEVELS
               : measure->level == ZTA_THREAT_NORMAL;
}

bool zta_measure_is_whole(const struct zta_measure *measure)
{
    return is_whole_target(&measure->target) && fits_target(measure->kind, measure->target.kind) &&
           measure->source >= ZTA_MEASURE_OF_RULE && measure->source <= ZTA_MEASURE_OF_OPERATOR &&
           is_text(measure->rule, ZTA_SUBJECT_MAX) &&
           is_absent_or(measure->reason, ZTA_MEASURE_REASON_MAX) && measure->created_ns >= 0 &&
           measure->for_s > 0 && measure->for_s <= FOR_MAX_S && measure->until_s >= 0 &&
           is_whole_step_up(measure) && is_whole_rate(measure) && is_whole_level(measure);
}

bool zta_measure_is_same(const struct zta_measure *a, const struct zta_measure *b)
{
    return a->kind == b->kind && a->source == b->source && zta_text_equal(a->rule, b->rule) &&
           (a->kind != ZTA_MEASURE_LIMIT || zta_text_equal(a->limit, b->limit)) &&
           zta_target_equal(&a->target, &b->target);
}

/* ---- keys ---- */

enum zta_table zta_measure_table(enum zta_env_id env)
{
    return env == ZTA_ENV_STATE ? ZTA_TABLE_MEASURES : ZTA_TABLE_POLICY_META;
}

enum zta_env_id zta_measure_env(enum zta_measure_source source)
{
    return source == ZTA_MEASURE_OF_OPERATOR ? ZTA_ENV_POLICY : ZTA_ENV_STATE;
}

static void begin_key(enum zta_env_id env, struct zta_measure_key *key)
{
    key->size = 0;
    if (env == ZTA_ENV_POLICY) {
        key->size = sizeof(ZTA_HOLD_KEY) - 1;
        memcpy(key->bytes, ZTA_HOLD_KEY, key->size);
    }
}

void zta_measure_summary_key(enum zta_env_id env, struct zta_measure_key *key)
{
    begin_key(env, key);
    key->bytes[key->size++] = 0;
}

void zta_measure_key_make(enum zta_env_id env, const struct zta_target *target,
                          struct zta_measure_key *key)
{
    uint8_t network[2 + sizeof(target->network.addr.bytes)] = {target->network.addr.family,
                                                               target->network.prefix};
    struct zta_sha256 hash;
    memcpy(network + 2, target->network.addr.bytes, sizeof(target->network.addr.bytes));
    const struct zta_text parts[] = {
        {.data = (const char *)network, .len = sizeof(network)},
        {.data = (const char *)target->session, .len = sizeof(target->session)},
        target->issuer,
        target->name,
    };
    zta_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), &hash);
    begin_key(env, key);
    key->bytes[key->size++] = (uint8_t)target->kind;
    memcpy(key->bytes + key->size, hash.bytes, sizeof(hash.bytes));
    key->size += sizeof(hash.bytes);
}

/* ---- encoding ---- */

static void write_entry(struct zta_writer *writer, const struct zta_measure *measure)
{
    zta_write_u64(writer, measure->id);
    zta_write_u8(writer, (uint8_t)measure->kind);
    zta_write_u8(writer, (uint8_t)measure->source);
    zta_write_u64(writer, (uint64_t)measure->created_ns);
    zta_write_u64(writer, (uint64_t)measure->until_s);
    zta_write_u64(writer, (uint64_t)measure->for_s);
    zta_write_u32(writer, measure->n_extended);
    zta_write_u64(writer, (uint64_t)measure->max_age_s);
    zta_write_u64(writer, measure->count);
    zta_write_u64(writer, measure->window_s);
    zta_write_u8(writer, (uint8_t)measure->level);
    zta_write_text(writer, measure->rule);
    zta_write_text(writer, measure->reason);
    zta_write_text(writer, measure->acr);
    zta_write_text(writer, measure->limit);
}

static void read_entry(struct zta_reader *reader, struct zta_measure *measure)
{
    measure->id = zta_read_u64(reader);
    measure->kind = (enum zta_measure_kind)zta_read_u8(reader);
    measure->source = (enum zta_measure_source)zta_read_u8(reader);
    measure->created_ns = (int64_t)zta_read_u64(reader);
    measure->until_s = (int64_t)zta_read_u64(reader);
    measure->for_s = (int64_t)zta_read_u64(reader);
    measure->n_extended = zta_read_u32(reader);
    measure->max_age_s = (int64_t)zta_read_u64(reader);
    measure->count = zta_read_u64(reader);
    measure->window_s = zta_read_u64(reader);
    measure->level = (enum zta_threat_level)zta_read_u8(reader);
    measure->rule = zta_read_text(reader);
    measure->reason = zta_read_text(reader);
    measure->acr = zta_read_text(reader);
    measure->limit = zta_read_text(reader);
}

/* policy/ has operators' own, and in a fleet what rules and transmitters of other nodes made. */
static bool may_stand(const struct zta_measure *measure, enum zta_env_id env)
{
    return env == ZTA_ENV_POLICY || measure->source != ZTA_MEASURE_OF_OPERATOR;
}

size_t zta_measure_room(const struct zta_target *target)
{
    return target->kind == ZTA_TARGET_EVERYONE ? ZTA_MEASURE_EVERYONE_MAX : ZTA_MEASURE_TARGET_MAX;
}

enum zta_status zta_measure_encode(enum zta_env_id env, const struct zta_measure_record *record,
                                   struct zta_writer *writer)
{
    const struct zta_target *target = &record->target;
    if (record->n == 0 || record->n > zta_measure_room(target) || !is_whole_target(target)) {
        return ZTA_INVALID;
    }
    zta_write_u8(writer, ZTA_MEASURE_VERSION);
    zta_write_u8(writer, (uint8_t)target->kind);
    zta_write_u8(writer, target->network.addr.family);
    zta_write_u8(writer, target->network.prefix);
    zta_write_bytes(writer, target->network.addr.bytes, sizeof(target->network.addr.bytes));
    zta_write_bytes(writer, target->session, sizeof(target->session));
    zta_write_text(writer, target->issuer);
    zta_write_text(writer, target->name);
    zta_write_u8(writer, record->n);
    for (size_t i = 0; i < record->n; i++) {
        if (!zta_measure_is_whole(&record->entries[i]) || !may_stand(&record->entries[i], env)) {
            return ZTA_INVALID;
        }
        write_entry(writer, &record->entries[i]);
    }
    return writer->is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

enum zta_status zta_measure_decode(enum zta_env_id env, struct zta_blob key, struct zta_blob value,
                                   struct zta_measure_record *record)
{
    struct zta_reader reader;
    struct zta_target target = {.kind = ZTA_TARGET_EVERYONE};
    struct zta_measure_key expected;
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t version = zta_read_u8(&reader);
    target.kind = (enum zta_target_kind)zta_read_u8(&reader);
    target.network.addr.family = zta_read_u8(&reader);
    target.network.prefix = zta_read_u8(&reader);
    zta_read_bytes(&reader, target.network.addr.bytes, sizeof(target.network.addr.bytes));
    zta_read_bytes(&reader, target.session, sizeof(target.session));
    target.issuer = zta_read_text(&reader);
    target.name = zta_read_text(&reader);
    const uint8_t n = zta_read_u8(&reader);
    if (reader.is_bad || version != ZTA_MEASURE_VERSION || !is_whole_target(&target) || n == 0 ||
        n > zta_measure_room(&target)) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < n; i++) {
        struct zta_measure *entry = &record->entries[i];
        *entry = (struct zta_measure){.target = target};
        read_entry(&reader, entry);
        if (reader.is_bad || !zta_measure_is_whole(entry) || !may_stand(entry, env)) {
            return ZTA_CORRUPT;
        }
        entry->is_heard = env == ZTA_ENV_POLICY && entry->source != ZTA_MEASURE_OF_OPERATOR;
    }
    zta_measure_key_make(env, &target, &expected);
    if (!zta_reader_is_done(&reader) || key.size != expected.size ||
        memcmp(key.data, expected.bytes, expected.size) != 0) {
        return ZTA_CORRUPT;
    }
    record->target = target;
    record->n = n;
    return ZTA_OK;
}

enum zta_status zta_measure_summary_decode(struct zta_blob value,
                                           struct zta_measure_summary *summary)
{
    const uint8_t *bytes = value.data;
    if (value.size != ZTA_MEASURE_SUMMARY_SIZE) {
        return ZTA_CORRUPT;
    }
    summary->last_id = zta_get_u64(bytes);
    for (size_t i = 0; i < ZTA_N_TARGET_KINDS; i++) {
        summary->n[i] = zta_get_u32(bytes + 8 + 4 * i);
    }
    return ZTA_OK;
}

enum zta_status zta_measure_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_measure_key summary_key;
    struct zta_measure_summary summary;
    struct zta_measure_record record;
    zta_measure_summary_key(ZTA_ENV_STATE, &summary_key);
    if (key.size == summary_key.size && memcmp(key.data, summary_key.bytes, key.size) == 0) {
        return zta_measure_summary_decode(value, &summary);
    }
    return zta_measure_decode(ZTA_ENV_STATE, key, value, &record);
}
