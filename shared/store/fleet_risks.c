/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Risk as a topic of a fleet: what this node's helper keeps becomes a statement of the place that
 * its owner has, and the statements of others about a place are one record of policy/.
 */
#include "shared/store/fleet_risks.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/reader.h"
#include "shared/store/env_priv.h"
#include "shared/store/fleet_entries_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/risks_priv.h"
#include "shared/store/schema_risk.h"

#define PLACE_SIZE (1 + sizeof(uint16_t))         /* of a record of policy/ */
#define KEY_SIZE   (ZTA_ORIGIN_SIZE + PLACE_SIZE) /* of a statement */
#define VALUE_MAX  (2 * sizeof(uint16_t) + ZTA_STORE_KEY_MAX + ZTA_RISK_RECORD_MAX)

/* What is worth 100 points is worth less than ZTA_RISK_LEAST_Q16 after so many half-lives. */
#define HALVINGS 9

/* Whose risk, as far as it is told. */
struct said {
    struct zta_risk_owner owner;
    struct zta_text key; /* of the owner */
    struct zta_risk_record record;
};

bool zta_fleet_risk_is_told(const struct zta_risk_factor *factor)
{
    return factor->half_life_s > 0 &&
           (factor->weight >= ZTA_FLEET_RISK_LEAST || factor->floor >= ZTA_FLEET_RISK_LEAST);
}

/* Of a subject nothing is told: what is known of it can only make risk older. */
static bool is_told_kind(enum zta_risk_kind kind)
{
    return kind == ZTA_RISK_OF_SESSION || kind == ZTA_RISK_OF_ADDRESS;
}

/* Anybody may know the place of an owner: he gains none by it that weighs more. */
static void make_place(const struct zta_record_key *key, uint8_t place[PLACE_SIZE])
{
    static const struct zta_siphash_key none = {.k0 = 0};
    const uint64_t hash = zta_siphash(&none, key->bytes, key->size);
    zta_put_u16(place + 1, (uint16_t)(hash % ZTA_FLEET_RISK_SLOTS));
    place[0] = key->bytes[0]; /* the kind */
}

static bool is_sound_factor(const struct zta_risk_factor *factor)
{
    return zta_fleet_risk_is_told(factor) && factor->half_life_s <= ZTA_FLEET_RISK_HALF_LIFE_S &&
           factor->raised_s > 0 && factor->ends_s >= 0 &&
           factor->ends_s <= factor->raised_s + ZTA_FLEET_RISK_HALF_LIFE_S;
}

/* Nothing but factors of that place's owner is told. */
static bool is_sound(const struct said *said, const uint8_t place[PLACE_SIZE])
{
    const struct zta_risk_record *record = &said->record;
    struct zta_record_key key;
    uint8_t own_place[PLACE_SIZE];
    bool is_sound = zta_risk_key_make(&said->owner, &key) && is_told_kind(said->owner.kind) &&
                    record->last_s == 0 && record->agent.whole == 0 && record->risk.n > 0;
    for (size_t i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        is_sound = is_sound && record->places[i].when_s == 0;
    }
    for (size_t i = 0; i < record->risk.n; i++) {
        is_sound = is_sound && is_sound_factor(&record->risk.factors[i]);
    }
    if (is_sound) {
        make_place(&key, own_place);
    }
    return is_sound && memcmp(own_place, place, PLACE_SIZE) == 0;
}

/* Texts point into value. ZTA_CORRUPT for what is not told. */
static enum zta_status read_said(const uint8_t place[PLACE_SIZE], struct zta_text value,
                                 struct said *said)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.len);
    said->key = zta_read_text(&reader);
    const struct zta_text record = zta_read_text(&reader);
    return zta_reader_is_done(&reader) &&
                   zta_risk_key_read(ZTA_BLOB(said->key.data, said->key.len), &said->owner) &&
                   zta_risk_record_decode(record.data, record.len, &said->record) == ZTA_OK &&
                   is_sound(said, place)
               ? ZTA_OK
               : ZTA_CORRUPT;
}

static enum zta_status read_statement(struct zta_blob key, struct zta_blob value, struct said *said)
{
    const struct zta_text text = {.data = value.data, .len = value.size};
    return key.size == KEY_SIZE ? read_said((const uint8_t *)key.data + ZTA_ORIGIN_SIZE, text, said)
                                : ZTA_CORRUPT;
}

/* ---- saying ---- */

void zta_fleet_risk_note(struct zta_change *change, const struct zta_risk_owner *owner)
{
    struct zta_record_key key;
    if (is_told_kind(owner->kind) && zta_risk_key_make(owner, &key)) {
        zta_outbox_touch_topic(change, ZTA_FLEET_RISK, ZTA_BLOB(key.bytes, key.size), false);
    }
}

bool zta_fleet_risk_has_noted_key(struct zta_blob key)
{
    struct zta_risk_owner owner;
    return zta_risk_key_read(key, &owner) && is_told_kind(owner.kind);
}

/* What of a record is told by a note of that time: nothing that comes after it. */
static void select_told(const struct zta_risk *risk, int64_t noted_s, struct zta_risk *told)
{
    told->n = 0;
    for (size_t i = 0; i < risk->n; i++) {
        struct zta_risk_factor factor = risk->factors[i];
        if (!zta_fleet_risk_is_told(&factor)) {
            continue;
        }
        factor.raised_s = factor.raised_s < noted_s ? factor.raised_s : noted_s;
        if (factor.half_life_s > ZTA_FLEET_RISK_HALF_LIFE_S) {
            factor.half_life_s = ZTA_FLEET_RISK_HALF_LIFE_S;
        }
        if (factor.ends_s > factor.raised_s + ZTA_FLEET_RISK_HALF_LIFE_S) {
            factor.ends_s = factor.raised_s + ZTA_FLEET_RISK_HALF_LIFE_S;
        }
        told->factors[told->n++] = factor;
    }
    (void)zta_risk_forget(told, noted_s);
}

/* Did this node tell of another owner in that place who is still worth more? */
static enum zta_status is_taken(struct zta_change *change, const struct zta_told *told,
                                struct zta_text owner, const struct zta_risk *risk, bool *is_so)
{
    const int64_t now_s = told->noted_ns / ZTA_NS_PER_S;
    struct zta_statement like = {.topic = ZTA_FLEET_RISK,
                                 .key = {.data = (const char *)told->key, .len = told->key_size}};
    struct zta_statement kept;
    struct said said;
    memcpy(like.origin, zta_change_origin(change), sizeof like.origin);
    const enum zta_status status = zta_fleet_kept(change, &like, &kept);
    *is_so = status == ZTA_OK &&
             read_said(told->key + ZTA_ORIGIN_SIZE, kept.value, &said) == ZTA_OK &&
             !zta_text_equal(said.key, owner) &&
             zta_risk_score(&said.record.risk, now_s) > zta_risk_score(risk, now_s);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* That record of state/, whatever httpd's user wrote there. */
static enum zta_status load(struct zta_store *store, const struct zta_risk_owner *owner,
                            struct zta_risk_record *record)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_risks_get(view, owner, record);
    zta_view_end(&view);
    return status == ZTA_CORRUPT ? ZTA_NOT_FOUND : status;
}

static enum zta_status write_told(struct zta_text owner, const struct zta_risk_record *record,
                                  struct zta_told *told)
{
    uint8_t bytes[ZTA_RISK_RECORD_MAX];
    const size_t size = zta_risk_record_encode(record, bytes, sizeof bytes);
    struct zta_writer writer;
    told->value = malloc(VALUE_MAX);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, told->value, VALUE_MAX);
    zta_write_text(&writer, owner);
    zta_write_text(&writer, (struct zta_text){.data = (const char *)bytes, .len = size});
    told->size = writer.len;
    return ZTA_OK;
}

enum zta_status zta_fleet_risk_tell(struct zta_change *change, struct zta_blob key,
                                    struct zta_told *told)
{
    const struct zta_text name = {.data = key.data, .len = key.size};
    struct zta_risk_owner owner;
    struct zta_record_key made;
    struct zta_risk_record found;
    struct zta_risk_record record = {.last_s = 0};
    bool is_so = false;
    if (!zta_risk_key_read(key, &owner) || !zta_risk_key_make(&owner, &made)) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status = load(change->store, &owner, &found);
    if (status != ZTA_OK) {
        return status;
    }
    select_told(&found.risk, told->noted_ns / ZTA_NS_PER_S, &record.risk);
    memcpy(told->key, zta_change_origin(change), ZTA_ORIGIN_SIZE);
    make_place(&made, told->key + ZTA_ORIGIN_SIZE);
    told->key_size = KEY_SIZE;
    status = is_taken(change, told, name, &record.risk, &is_so);
    if (status != ZTA_OK) {
        return status;
    }
    return record.risk.n == 0 || is_so ? ZTA_NOT_FOUND : write_told(name, &record, told);
}

/* ---- hearing ---- */

/* Of one node about a place the latest counts; it was raised when that was said, or before. */
enum zta_status zta_fleet_risk_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength)
{
    struct said said;
    int64_t newest_s = 0;
    if (read_statement(key, value, &said) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < said.record.risk.n; i++) {
        const int64_t raised_s = said.record.risk.factors[i].raised_s;
        newest_s = raised_s > newest_s ? raised_s : newest_s;
    }
    if (newest_s > INT64_MAX / ZTA_NS_PER_S) {
        return ZTA_CORRUPT;
    }
    *strength = newest_s * ZTA_NS_PER_S;
    return ZTA_OK;
}

enum zta_status zta_fleet_risk_target(struct zta_blob key, struct zta_blob value,
                                      struct zta_target *target)
{
    struct said said;
    if (read_statement(key, value, &said) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    *target = (struct zta_target){.kind = ZTA_TARGET_SESSION};
    if (said.owner.kind == ZTA_RISK_OF_ADDRESS) {
        target->kind = ZTA_TARGET_NETWORK;
        target->network = zta_addr_network(&said.owner.addr, 32, 64);
    }
    else {
        memcpy(target->session, said.owner.session, sizeof target->session);
    }
    return ZTA_OK;
}

enum zta_status zta_fleet_risk_end(struct zta_blob key, struct zta_blob value, int64_t *until_s)
{
    struct said said;
    if (read_statement(key, value, &said) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    *until_s = 0;
    for (size_t i = 0; i < said.record.risk.n; i++) {
        const struct zta_risk_factor *factor = &said.record.risk.factors[i];
        const int64_t faded_s = factor->raised_s + HALVINGS * (int64_t)factor->half_life_s;
        const int64_t end_s = factor->ends_s > faded_s ? factor->ends_s : faded_s;
        *until_s = end_s > *until_s ? end_s : *until_s;
    }
    return ZTA_OK;
}

static enum zta_status lasts(struct zta_blob key, struct zta_text value, int64_t now_s,
                             bool *lasts_still)
{
    struct said said;
    if (key.size != PLACE_SIZE || read_said(key.data, value, &said) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    *lasts_still = zta_risk_signals(&said.record.risk, now_s) != 0;
    return ZTA_OK;
}

static const struct zta_fleet_entries of_places = {.table = ZTA_TABLE_FLEET_RISKS, .lasts = lasts};

enum zta_status zta_fleet_risk_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value)
{
    const uint8_t *origin = key.data;
    const struct zta_fleet_entry entry = {.origin = origin,
                                          .value = {.data = value.data, .len = value.size}};
    return zta_fleet_entry_put(change, &of_places, ZTA_BLOB(origin + ZTA_ORIGIN_SIZE, PLACE_SIZE),
                               &entry);
}

enum zta_status zta_fleet_risk_check_record(struct zta_blob key, struct zta_blob value)
{
    return zta_fleet_entries_check(&of_places, key, value);
}

/* ---- looking ---- */

enum zta_status zta_fleet_risks_each(struct zta_view *view, const struct zta_risk_owner *owner,
                                     zta_fleet_risk_fn fn, void *context)
{
    struct zta_record_key key;
    uint8_t place[PLACE_SIZE];
    struct zta_blob record;
    struct zta_reader reader;
    struct zta_fleet_entry entry;
    struct said said;
    if (!zta_view_may_have(view, ZTA_TABLE_FLEET_RISKS) || !is_told_kind(owner->kind) ||
        !zta_risk_key_make(owner, &key)) {
        return ZTA_NOT_FOUND;
    }
    make_place(&key, place);
    const enum zta_status status =
        zta_view_get(view, ZTA_TABLE_FLEET_RISKS, ZTA_BLOB(place, sizeof place), &record);
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_text name = {.data = (const char *)key.bytes, .len = key.size};
    zta_reader_init(&reader, record.data, record.size);
    bool goes_on = true;
    while (goes_on && zta_fleet_entry_next(&reader, &entry)) {
        if (read_said(place, entry.value, &said) != ZTA_OK) {
            return ZTA_CORRUPT;
        }
        if (zta_text_equal(said.key, name)) {
            goes_on = fn(context, entry.origin, &said.record.risk);
        }
    }
    return reader.is_bad ? ZTA_CORRUPT : ZTA_OK;
}

struct joining {
    struct zta_risk_others *others;
    int64_t now_s;
};

static bool join(void *context, const uint8_t origin[ZTA_ORIGIN_SIZE], const struct zta_risk *risk)
{
    const struct joining *joining = context;
    const int64_t newest_s = zta_risk_newest_s(risk, joining->now_s);
    zta_risk_join(&joining->others->risk, risk, joining->now_s);
    if (newest_s > joining->others->newest_s) {
        joining->others->newest_s = newest_s;
    }
    return true;
}

enum zta_status zta_fleet_risks_find(struct zta_view *view, const struct zta_risk_owner *owner,
                                     int64_t now_s, struct zta_risk_others *others)
{
    struct joining joining = {.others = others, .now_s = now_s};
    others->risk.n = 0;
    others->newest_s = 0;
    const enum zta_status status = zta_fleet_risks_each(view, owner, join, &joining);
    return status == ZTA_OK && others->risk.n == 0 ? ZTA_NOT_FOUND : status;
}
