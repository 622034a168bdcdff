/* SPDX-License-Identifier: Apache-2.0 */
/* Packs, unpacks and walks the records of continuous risk. */
#include "shared/store/risks.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/risks_priv.h"
#include "shared/store/schema_risk.h"
#include "shared/store/tables_priv.h"

_Static_assert(ZTA_RISK_HAS_PLACE << ZTA_N_RISK_FAMILIES == ZTA_RISK_HAS_ALL + 1,
               "a bit for each place");
_Static_assert(ZTA_RISK_AT_SIGNALS + 16 + ZTA_N_RISK_FAMILIES * 20 + 1 +
                       ZTA_N_RISK_SIGNALS * (ZTA_RISK_FACTOR_SIZE + ZTA_RISK_EVIDENCE_MAX) <=
                   ZTA_RISK_RECORD_MAX,
               "the greatest record has room");

/* ---- the value ---- */

static uint8_t presence(const struct zta_risk_record *record)
{
    unsigned has = record->agent.whole != 0 ? ZTA_RISK_HAS_AGENT : 0;
    for (unsigned i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        has |= record->places[i].when_s != 0 ? (unsigned)ZTA_RISK_HAS_PLACE << i : 0;
    }
    return (uint8_t)has;
}

static void write_place(struct zta_writer *writer, const struct zta_risk_place *place)
{
    zta_write_u16(writer, (uint16_t)place->at.latitude);
    zta_write_u16(writer, (uint16_t)place->at.longitude);
    zta_write_u16(writer, place->at.radius_km);
    zta_write_bytes(writer, place->country, sizeof place->country);
    zta_write_u32(writer, place->asn);
    zta_write_u64(writer, (uint64_t)place->when_s);
}

static void write_factor(struct zta_writer *writer, const struct zta_risk_factor *factor)
{
    const size_t len = strnlen(factor->evidence, sizeof factor->evidence - 1);
    zta_write_u8(writer, (uint8_t)factor->signal);
    zta_write_u8(writer, factor->weight);
    zta_write_u8(writer, factor->floor);
    zta_write_u32(writer, factor->half_life_s);
    zta_write_u64(writer, (uint64_t)factor->raised_s);
    zta_write_u64(writer, (uint64_t)factor->ends_s);
    zta_write_u32(writer, factor->n_raised);
    zta_write_u8(writer, (uint8_t)len);
    zta_write_bytes(writer, factor->evidence, len);
}

size_t zta_risk_record_encode(const struct zta_risk_record *record, uint8_t *out, size_t size)
{
    const uint8_t has = presence(record);
    struct zta_writer writer;
    zta_writer_init(&writer, out, size);
    zta_write_u8(&writer, ZTA_RISK_VERSION);
    zta_write_u8(&writer, has);
    zta_write_u64(&writer, (uint64_t)record->last_s);
    if (has & ZTA_RISK_HAS_AGENT) {
        zta_write_u64(&writer, record->agent.form);
        zta_write_u64(&writer, record->agent.whole);
    }
    for (unsigned i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        if (has & (unsigned)ZTA_RISK_HAS_PLACE << i) {
            write_place(&writer, &record->places[i]);
        }
    }
    zta_write_u8(&writer, record->risk.n);
    for (size_t i = 0; i < record->risk.n; i++) {
        write_factor(&writer, &record->risk.factors[i]);
    }
    return writer.len;
}

static bool read_place(struct zta_reader *reader, struct zta_risk_place *place)
{
    place->at.latitude = (int16_t)zta_read_u16(reader);
    place->at.longitude = (int16_t)zta_read_u16(reader);
    place->at.radius_km = zta_read_u16(reader);
    zta_read_bytes(reader, place->country, sizeof place->country);
    place->asn = zta_read_u32(reader);
    place->when_s = (int64_t)zta_read_u64(reader);
    return place->when_s > 0 && place->at.latitude >= -ZTA_LATITUDE_MAX &&
           place->at.latitude <= ZTA_LATITUDE_MAX && place->at.longitude >= -ZTA_LONGITUDE_MAX &&
           place->at.longitude <= ZTA_LONGITUDE_MAX;
}

static bool read_factor(struct zta_reader *reader, struct zta_risk_factor *factor)
{
    factor->signal = (enum zta_risk_signal)zta_read_u8(reader);
    factor->weight = zta_read_u8(reader);
    factor->floor = zta_read_u8(reader);
    factor->half_life_s = zta_read_u32(reader);
    factor->raised_s = (int64_t)zta_read_u64(reader);
    factor->ends_s = (int64_t)zta_read_u64(reader);
    factor->n_raised = zta_read_u32(reader);
    const size_t len = zta_read_u8(reader);
    if (reader->is_bad || len >= sizeof factor->evidence) {
        return false;
    }
    zta_read_bytes(reader, factor->evidence, len);
    memset(factor->evidence + len, 0, sizeof factor->evidence - len);
    for (size_t i = 0; i < len; i++) {
        if (factor->evidence[i] < ' ' || factor->evidence[i] > '~') {
            return false;
        }
    }
    return factor->weight > 0 && factor->weight <= ZTA_RISK_SCORE_MAX &&
           factor->floor <= ZTA_RISK_SCORE_MAX && factor->n_raised > 0;
}

static bool read_factors(struct zta_reader *reader, struct zta_risk *risk)
{
    const size_t n = zta_read_u8(reader);
    unsigned least = 0; /* the signal that may come next */
    if (n > ZTA_N_RISK_SIGNALS) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!read_factor(reader, &risk->factors[i]) || risk->factors[i].signal < least ||
            risk->factors[i].signal >= ZTA_N_RISK_SIGNALS) {
            return false;
        }
        least = (unsigned)risk->factors[i].signal + 1;
    }
    risk->n = (uint8_t)n;
    return true;
}

enum zta_status zta_risk_record_decode(const void *data, size_t size,
                                       struct zta_risk_record *record)
{
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    const uint8_t version = zta_read_u8(&reader);
    const unsigned has = zta_read_u8(&reader);
    if (version != ZTA_RISK_VERSION || has > ZTA_RISK_HAS_ALL) {
        return ZTA_CORRUPT;
    }
    record->last_s = (int64_t)zta_read_u64(&reader);
    record->agent = (struct zta_risk_agent){.form = 0};
    if (has & ZTA_RISK_HAS_AGENT) {
        record->agent.form = zta_read_u64(&reader);
        record->agent.whole = zta_read_u64(&reader);
    }
    bool is_good = !(has & ZTA_RISK_HAS_AGENT) || record->agent.whole != 0;
    for (unsigned i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        record->places[i] = (struct zta_risk_place){.when_s = 0};
        if (has & (unsigned)ZTA_RISK_HAS_PLACE << i) {
            is_good = read_place(&reader, &record->places[i]) && is_good;
        }
    }
    return is_good && read_factors(&reader, &record->risk) && zta_reader_is_done(&reader)
               ? ZTA_OK
               : ZTA_CORRUPT;
}

/* ---- the key ---- */

struct zta_risk_owner zta_risk_owner_session(const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    struct zta_risk_owner owner = {.kind = ZTA_RISK_OF_SESSION};
    memcpy(owner.session, id, sizeof owner.session);
    return owner;
}

struct zta_risk_owner zta_risk_owner_address(const struct zta_addr *addr)
{
    return (struct zta_risk_owner){.kind = ZTA_RISK_OF_ADDRESS,
                                   .addr = zta_addr_network(addr, 32, 64).addr};
}

struct zta_risk_owner zta_risk_owner_apikey(struct zta_text id)
{
    return (struct zta_risk_owner){.kind = ZTA_RISK_OF_APIKEY, .name = id};
}

struct zta_risk_owner zta_risk_owner_subject(struct zta_text issuer, struct zta_text subject)
{
    return (struct zta_risk_owner){.kind = ZTA_RISK_OF_SUBJECT, .issuer = issuer, .name = subject};
}

static bool key_of_address(const struct zta_addr *addr, struct zta_record_key *key)
{
    uint8_t id[9] = {addr->family};
    const size_t n = addr->family == 4 ? 4 : 8;
    memcpy(id + 1, addr->bytes, n);
    zta_record_key_of_id(ZTA_RISK_OF_ADDRESS, id, 1 + n, key);
    return addr->family == 4 || addr->family == 6;
}

/* False when no record can have it. */
bool zta_risk_key_make(const struct zta_risk_owner *owner, struct zta_record_key *key)
{
    const struct zta_text names[] = {owner->name, owner->issuer};
    switch (owner->kind) {
    case ZTA_RISK_OF_SESSION:
        zta_record_key_of_id(ZTA_RISK_OF_SESSION, owner->session, sizeof owner->session, key);
        return true;
    case ZTA_RISK_OF_ADDRESS:
        return key_of_address(&owner->addr, key);
    case ZTA_RISK_OF_APIKEY:
        zta_record_key_of_names(ZTA_RISK_OF_APIKEY, names, 1, key);
        return owner->name.len > 0 && owner->name.len <= ZTA_NAME_MAX;
    case ZTA_RISK_OF_SUBJECT:
        zta_record_key_of_names(ZTA_RISK_OF_SUBJECT, names, 2, key);
        return owner->name.len > 0 && owner->name.len <= ZTA_SUBJECT_MAX && owner->issuer.len > 0 &&
               owner->issuer.len <= ZTA_NAME_MAX;
    }
    return false;
}

/* Whose record this is; false for a key that zta_risk_key_make does not write. */
bool zta_risk_key_read(struct zta_blob key, struct zta_risk_owner *owner)
{
    struct zta_record_key made;
    struct zta_reader reader;
    zta_reader_init(&reader, key.data, key.size);
    *owner = (struct zta_risk_owner){.kind = (enum zta_risk_kind)zta_read_u8(&reader)};
    switch (owner->kind) {
    case ZTA_RISK_OF_SESSION:
        zta_read_bytes(&reader, owner->session, sizeof owner->session);
        break;
    case ZTA_RISK_OF_ADDRESS:
        owner->addr.family = zta_read_u8(&reader);
        zta_read_bytes(&reader, owner->addr.bytes, owner->addr.family == 4 ? 4 : 8);
        break;
    case ZTA_RISK_OF_APIKEY:
        (void)zta_read_u8(&reader);
        owner->name = zta_read_text(&reader);
        break;
    case ZTA_RISK_OF_SUBJECT:
        (void)zta_read_u8(&reader);
        owner->name = zta_read_text(&reader);
        owner->issuer = zta_read_text(&reader);
        break;
    }
    return zta_reader_is_done(&reader) && zta_risk_key_make(owner, &made) &&
           made.size == key.size && memcmp(made.bytes, key.data, key.size) == 0;
}

_Static_assert(2 + 2 + ZTA_NAME_MAX + 2 + ZTA_SUBJECT_MAX <= ZTA_PRUNE_KEY_MAX,
               "the longest names fit a key");

/* ---- the tables ---- */

/* Each request asks for its address, and hardly any has a record: theirs is a small table. */
static enum zta_table table_of(enum zta_risk_kind kind)
{
    return kind == ZTA_RISK_OF_ADDRESS ? ZTA_TABLE_ADDRESS_RISKS : ZTA_TABLE_RISKS;
}

static enum zta_status take(enum zta_status found, struct zta_blob value,
                            struct zta_risk_record *record)
{
    return found == ZTA_OK ? zta_risk_record_decode(value.data, value.size, record) : found;
}

enum zta_status zta_risks_get(struct zta_view *view, const struct zta_risk_owner *owner,
                              struct zta_risk_record *record)
{
    struct zta_record_key key;
    struct zta_blob value = {.data = NULL};
    if (!zta_risk_key_make(owner, &key)) {
        return ZTA_NOT_FOUND;
    }
    return take(zta_view_get(view, table_of(owner->kind), ZTA_BLOB(key.bytes, key.size), &value),
                value, record);
}

void zta_risks_expect(struct zta_view *view, const struct zta_risk_owner *owner)
{
    struct zta_record_key key;
    if (zta_risk_key_make(owner, &key)) {
        zta_view_expect(view, table_of(owner->kind), ZTA_BLOB(key.bytes, key.size));
    }
}

enum zta_status zta_risks_load(struct zta_change *change, const struct zta_risk_owner *owner,
                               struct zta_risk_record *record)
{
    struct zta_record_key key;
    struct zta_blob value = {.data = NULL};
    if (!zta_risk_key_make(owner, &key)) {
        return ZTA_NOT_FOUND;
    }
    return take(
        zta_change_get(change, table_of(owner->kind), ZTA_BLOB(key.bytes, key.size), &value), value,
        record);
}

enum zta_status zta_risks_put(struct zta_change *change, const struct zta_risk_owner *owner,
                              const struct zta_risk_record *record)
{
    uint8_t value[ZTA_RISK_RECORD_MAX];
    struct zta_record_key key;
    if (!zta_risk_key_make(owner, &key)) {
        return ZTA_INVALID;
    }
    const size_t size = zta_risk_record_encode(record, value, sizeof value);
    return zta_change_put(change, table_of(owner->kind), ZTA_BLOB(key.bytes, key.size),
                          ZTA_BLOB(value, size));
}

enum zta_status zta_risks_remove(struct zta_change *change, const struct zta_risk_owner *owner)
{
    struct zta_record_key key;
    if (!zta_risk_key_make(owner, &key)) {
        return ZTA_NOT_FOUND;
    }
    return zta_change_remove(change, table_of(owner->kind), ZTA_BLOB(key.bytes, key.size));
}

static enum zta_status open_record(struct zta_blob key, struct zta_blob value,
                                   struct zta_risk_owner *owner, struct zta_risk_record *record)
{
    return zta_risk_key_read(key, owner) ? zta_risk_record_decode(value.data, value.size, record)
                                         : ZTA_CORRUPT;
}

enum zta_status zta_risk_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    return open_record(key, value, &owner, &record);
}

struct telling {
    uint8_t kind;
    zta_risks_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct telling *telling = context;
    if (key.size == 0 || *(const uint8_t *)key.data != telling->kind) {
        *goes_on = false;
        return ZTA_OK;
    }
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    const enum zta_status status = open_record(key, value, &owner, &record);
    if (status == ZTA_OK) {
        *goes_on = telling->fn(telling->context, &owner, &record);
    }
    return status;
}

enum zta_status zta_risks_each(struct zta_view *view, enum zta_risk_kind kind, zta_risks_fn fn,
                               void *context)
{
    struct telling telling = {.kind = (uint8_t)kind, .fn = fn, .context = context};
    const struct zta_blob from = ZTA_BLOB(&telling.kind, sizeof telling.kind);
    return zta_view_each_from(view, table_of(kind), from, tell, &telling);
}

/* ---- bounds ---- */

/* How many are compared. */
#define ROOM_SAMPLE 16

struct least {
    struct zta_record_key key;
    unsigned score;
    int64_t last_s;
    bool is_found;
};

static void compare(struct least *least, struct zta_blob key, struct zta_blob value, int64_t now_s)
{
    struct zta_risk_owner owner;
    struct zta_risk_record record = {.last_s = 0};
    /* What nobody can read is worth nothing. */
    const bool is_good = open_record(key, value, &owner, &record) == ZTA_OK;
    const unsigned score = is_good ? zta_risk_score(&record.risk, now_s) : 0;
    const int64_t last_s = is_good ? record.last_s : 0;
    if (key.size <= sizeof least->key.bytes &&
        (!least->is_found || score < least->score ||
         (score == least->score && last_s < least->last_s))) {
        *least = (struct least){.score = score, .last_s = last_s, .is_found = true};
        least->key.size = key.size;
        memcpy(least->key.bytes, key.data, key.size);
    }
}

static enum zta_status find_least(struct zta_change *change, const struct zta_record_key *from,
                                  int64_t now_s, struct least *least)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(from->bytes, from->size);
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_ADDRESS_RISKS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    for (unsigned i = 0; i < ROOM_SAMPLE && (status == ZTA_OK || status == ZTA_NOT_FOUND); i++) {
        if (status == ZTA_NOT_FOUND) {
            status = zta_walk_first(&walk, &key, &value);
        }
        if (status == ZTA_OK) {
            compare(least, key, value, now_s);
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_risks_make_room(struct zta_change *change, const struct zta_risk_owner *address,
                                    const struct zta_risk_record *record, uint64_t most,
                                    enum zta_risks_room *room)
{
    struct zta_record_key key;
    struct least least = {.is_found = false};
    uint64_t n = 0;
    enum zta_status status = zta_change_table_count(change, ZTA_TABLE_ADDRESS_RISKS, &n);
    if (status == ZTA_OK && n >= most && zta_risk_key_make(address, &key)) {
        status = find_least(change, &key, record->last_s, &least);
    }
    if (status != ZTA_OK || !least.is_found) {
        *room = ZTA_RISKS_ROOM_LEFT;
        return status;
    }
    if (zta_risk_score(&record->risk, record->last_s) < least.score) {
        *room = ZTA_RISKS_ROOM_NONE;
        return ZTA_OK;
    }
    *room = ZTA_RISKS_ROOM_MADE;
    return zta_change_remove(change, ZTA_TABLE_ADDRESS_RISKS,
                             ZTA_BLOB(least.key.bytes, least.key.size));
}

static bool is_old(struct zta_blob key, struct zta_blob value, const struct zta_prune *prune)
{
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    /* A record that nobody can read is of no use to anyone. */
    return open_record(key, value, &owner, &record) != ZTA_OK || record.last_s < prune->before_s;
}

enum zta_status zta_risks_prune(struct zta_change *change, struct zta_prune_place *place,
                                int64_t before_s, size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_RISKS, .is_old = is_old, .before_s = before_s, .most = most};
    return zta_table_prune(change, &prune, place, n);
}

enum zta_status zta_risks_prune_addresses(struct zta_change *change, struct zta_prune_place *place,
                                          int64_t before_s, size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_ADDRESS_RISKS, .is_old = is_old, .before_s = before_s, .most = most};
    return zta_table_prune(change, &prune, place, n);
}

static bool is_spent(struct zta_blob key, struct zta_blob value, const struct zta_prune *prune)
{
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    return open_record(key, value, &owner, &record) != ZTA_OK ||
           zta_risk_signals(&record.risk, prune->before_s) == 0;
}

enum zta_status zta_risks_prune_spent_addresses(struct zta_change *change,
                                                struct zta_prune_place *place, int64_t now_s,
                                                size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_ADDRESS_RISKS, .is_old = is_spent, .before_s = now_s, .most = most};
    return zta_table_prune(change, &prune, place, n);
}
