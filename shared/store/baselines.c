/* SPDX-License-Identifier: Apache-2.0 */
/* Packs, unpacks and walks baselines. */
#include "shared/store/baselines.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/erasures_priv.h"
#include "shared/store/names_priv.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define KIND_BASELINE 0 /* of names_priv.h: the only one in its table */

_Static_assert(2 + 2 + ZTA_NAME_MAX + 2 + ZTA_SUBJECT_MAX <= ZTA_PRUNE_KEY_MAX,
               "the longest names fit a key");

/* The habits that have values, in the order of the record. */
static const enum zta_habit listed[] = {ZTA_HABIT_NETWORK, ZTA_HABIT_COUNTRY, ZTA_HABIT_DEVICE,
                                        ZTA_HABIT_AGENT, ZTA_HABIT_ROUTE};
#define N_LISTED (sizeof listed / sizeof listed[0])

/* ---- the value ---- */

static void write_value(struct zta_writer *writer, const struct zta_habit_value *value)
{
    const size_t len = strnlen(value->label, sizeof value->label);
    zta_write_u64(writer, value->value);
    zta_write_u16(writer, value->last_day);
    zta_write_u16(writer, value->count);
    zta_write_u8(writer,
                 (uint8_t)(value->n_days | (value->is_usual ? ZTA_BASELINE_VALUE_USUAL : 0)));
    zta_write_u8(writer, (uint8_t)len);
    zta_write_bytes(writer, value->label, len);
}

/* The maximum of everything fits: see the assertion. */
static size_t encode(const struct zta_baseline *baseline, uint8_t out[ZTA_BASELINE_RECORD_MAX])
{
    const struct zta_rate *rate = &baseline->rate;
    const struct zta_volume *volume = &baseline->volume;
    struct zta_writer writer;
    zta_writer_init(&writer, out, ZTA_BASELINE_RECORD_MAX);
    zta_write_u8(&writer, ZTA_BASELINE_VERSION);
    zta_write_u64(&writer, (uint64_t)baseline->first_s);
    zta_write_u64(&writer, (uint64_t)baseline->last_s);
    zta_write_u64(&writer, baseline->n_requests);
    zta_write_u64(&writer, baseline->segment_created_ns);
    zta_write_u64(&writer, baseline->sequence);
    for (size_t i = 0; i < ZTA_N_HABITS; i++) {
        zta_write_u16(&writer, baseline->spans[i].first_day);
        zta_write_u16(&writer, baseline->spans[i].last_day);
        zta_write_u8(&writer, baseline->spans[i].n_days);
    }
    zta_write_u32(&writer, rate->minute);
    zta_write_u32(&writer, rate->n_requests);
    zta_write_u32(&writer, rate->n_allowed);
    zta_write_u32(&writer, rate->exceeded_minute);
    zta_write_u32(&writer, rate->mean_q8);
    zta_write_u64(&writer, rate->variance_q8);
    zta_write_u16(&writer, rate->n_minutes);
    zta_write_u32(&writer, volume->hour);
    zta_write_u64(&writer, volume->n_bytes);
    zta_write_u32(&writer, volume->mean_q8);
    zta_write_u64(&writer, volume->variance_q8);
    zta_write_u16(&writer, volume->n_hours);
    zta_write_bytes(&writer, baseline->hours, sizeof baseline->hours);
    for (size_t i = 0; i < N_LISTED; i++) {
        const struct zta_habit_value *values = zta_baseline_values_of(baseline, listed[i]);
        zta_write_u8(&writer, baseline->n_values[listed[i]]);
        for (size_t v = 0; v < baseline->n_values[listed[i]]; v++) {
            write_value(&writer, &values[v]);
        }
    }
    return writer.len;
}

_Static_assert(ZTA_BASELINE_AT_VALUES + N_LISTED + ZTA_BASELINE_VALUES * ZTA_BASELINE_VALUE_FIXED +
                       (ZTA_BASELINE_DEVICES + ZTA_BASELINE_AGENTS + ZTA_BASELINE_ROUTES) *
                           ZTA_BASELINE_LABEL_MAX <=
                   ZTA_BASELINE_RECORD_MAX,
               "a full baseline fits its record");

static void read_volume(struct zta_reader *reader, struct zta_volume *volume)
{
    volume->hour = zta_read_u32(reader);
    volume->n_bytes = zta_read_u64(reader);
    volume->mean_q8 = zta_read_u32(reader);
    volume->variance_q8 = zta_read_u64(reader);
    volume->n_hours = zta_read_u16(reader);
}

static void read_head(struct zta_reader *reader, uint8_t version, struct zta_baseline *baseline)
{
    struct zta_rate *rate = &baseline->rate;
    baseline->first_s = (int64_t)zta_read_u64(reader);
    baseline->last_s = (int64_t)zta_read_u64(reader);
    baseline->n_requests = zta_read_u64(reader);
    baseline->segment_created_ns = zta_read_u64(reader);
    baseline->sequence = zta_read_u64(reader);
    for (size_t i = 0; i < ZTA_N_HABITS; i++) {
        baseline->spans[i].first_day = zta_read_u16(reader);
        baseline->spans[i].last_day = zta_read_u16(reader);
        baseline->spans[i].n_days = zta_read_u8(reader);
    }
    rate->minute = zta_read_u32(reader);
    rate->n_requests = zta_read_u32(reader);
    rate->n_allowed = zta_read_u32(reader);
    rate->exceeded_minute = zta_read_u32(reader);
    rate->mean_q8 = zta_read_u32(reader);
    rate->variance_q8 = zta_read_u64(reader);
    rate->n_minutes = zta_read_u16(reader);
    baseline->volume = (struct zta_volume){.hour = 0};
    if (version != ZTA_BASELINE_VERSION_BEFORE) {
        read_volume(reader, &baseline->volume);
    }
    zta_read_bytes(reader, baseline->hours, sizeof baseline->hours);
}

/* The values of one habit; requests come here, so each is looked at as a whole. */
static bool read_values(struct zta_reader *reader, enum zta_habit habit,
                        struct zta_baseline *baseline)
{
    struct zta_habit_value *values = zta_baseline_values(baseline, habit);
    const size_t n = zta_read_u8(reader);
    if (n > zta_baseline_room(habit)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *at = reader->data + reader->pos;
        const size_t left = reader->size - reader->pos;
        if (left < ZTA_BASELINE_VALUE_FIXED) {
            return false;
        }
        const uint8_t days = at[ZTA_BASELINE_VALUE_AT_DAYS];
        const size_t len = at[ZTA_BASELINE_VALUE_AT_LEN];
        if (len > ZTA_BASELINE_LABEL_MAX || left - ZTA_BASELINE_VALUE_FIXED < len) {
            return false;
        }
        values[i].value = zta_get_u64(at);
        values[i].last_day = zta_get_u16(at + ZTA_BASELINE_VALUE_AT_LAST);
        values[i].count = zta_get_u16(at + ZTA_BASELINE_VALUE_AT_COUNT);
        values[i].n_days = days & (ZTA_BASELINE_VALUE_USUAL - 1);
        values[i].is_usual = (days & ZTA_BASELINE_VALUE_USUAL) != 0;
        memcpy(values[i].label, at + ZTA_BASELINE_VALUE_FIXED, len);
        memset(values[i].label + len, 0, sizeof values[i].label - len);
        reader->pos += ZTA_BASELINE_VALUE_FIXED + len;
    }
    baseline->n_values[habit] = (uint8_t)n;
    return true;
}

/* What learning computes with stays within its bounds. */
static bool is_sane(const struct zta_baseline *baseline)
{
    const struct zta_rate *rate = &baseline->rate;
    const struct zta_volume *volume = &baseline->volume;
    return rate->n_minutes <= ZTA_RATE_MEMORY && rate->mean_q8 <= ZTA_PACE_MEAN_MAX_Q8 &&
           rate->variance_q8 <= ZTA_PACE_VARIANCE_MAX_Q8 && rate->n_requests <= ZTA_PACE_MAX &&
           rate->n_allowed <= rate->n_requests && volume->n_hours <= ZTA_VOLUME_MEMORY &&
           volume->mean_q8 <= ZTA_PACE_MEAN_MAX_Q8 &&
           volume->variance_q8 <= ZTA_PACE_VARIANCE_MAX_Q8 &&
           volume->n_bytes <= ZTA_VOLUME_UNIT * ZTA_PACE_MAX;
}

enum zta_status zta_baseline_decode(const void *data, size_t size, struct zta_baseline *baseline)
{
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    const uint8_t version = zta_read_u8(&reader);
    if (version != ZTA_BASELINE_VERSION && version != ZTA_BASELINE_VERSION_BEFORE) {
        return ZTA_CORRUPT;
    }
    memset(baseline->n_values, 0, sizeof baseline->n_values);
    read_head(&reader, version, baseline);
    bool is_good = !reader.is_bad && is_sane(baseline);
    for (size_t i = 0; i < N_LISTED && is_good; i++) {
        is_good = read_values(&reader, listed[i], baseline);
    }
    return is_good && zta_reader_is_done(&reader) ? ZTA_OK : ZTA_CORRUPT;
}

/* ---- the key ---- */

/* False when no record can have these names. */
static bool make_key(struct zta_text issuer, struct zta_text subject, struct zta_record_key *key)
{
    const struct zta_text names[] = {issuer, subject};
    if (subject.len == 0 || subject.len > ZTA_SUBJECT_MAX || issuer.len > ZTA_NAME_MAX) {
        return false;
    }
    zta_record_key_of_names(KIND_BASELINE, names, sizeof names / sizeof names[0], key);
    return true;
}

static void set_name(char *to, size_t size, struct zta_text name)
{
    memcpy(to, name.data, name.len);
    memset(to + name.len, 0, size - name.len);
}

static void set_names(struct zta_baseline *baseline, struct zta_text issuer,
                      struct zta_text subject)
{
    set_name(baseline->issuer, sizeof baseline->issuer, issuer);
    set_name(baseline->subject, sizeof baseline->subject, subject);
}

static enum zta_status open_record(struct zta_blob key, struct zta_blob record,
                                   struct zta_baseline *baseline)
{
    struct zta_reader reader;
    zta_reader_init(&reader, key.data, key.size);
    const uint8_t kind = zta_read_u8(&reader);
    const uint8_t mark = zta_read_u8(&reader);
    const struct zta_text issuer = zta_read_text(&reader);
    const struct zta_text subject = zta_read_text(&reader);
    struct zta_record_key made;
    if (kind != KIND_BASELINE || mark != 0 || !zta_reader_is_done(&reader) || issuer.len == 0 ||
        !make_key(issuer, subject, &made)) {
        return ZTA_CORRUPT;
    }
    set_names(baseline, issuer, subject);
    return zta_baseline_decode(record.data, record.size, baseline);
}

enum zta_status zta_baseline_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_baseline baseline;
    return open_record(key, value, &baseline);
}

/* ---- the table ---- */

/* What get and load found under the key of these names. */
static enum zta_status take(enum zta_status found, struct zta_blob record, struct zta_text issuer,
                            struct zta_text subject, struct zta_baseline *baseline)
{
    if (found != ZTA_OK) {
        return found;
    }
    set_names(baseline, issuer, subject);
    return zta_baseline_decode(record.data, record.size, baseline);
}

enum zta_status zta_baseline_get(struct zta_view *view, struct zta_text issuer,
                                 struct zta_text subject, struct zta_baseline *baseline)
{
    struct zta_record_key key;
    struct zta_blob record = {.data = NULL};
    if (!make_key(issuer, subject, &key)) {
        return ZTA_NOT_FOUND;
    }
    const enum zta_status found =
        zta_view_get(view, ZTA_TABLE_BASELINES, ZTA_BLOB(key.bytes, key.size), &record);
    return take(found, record, issuer, subject, baseline);
}

/* What the answer depends on beside the record: of the time only the minute. */
#define MINUTE_S 60
struct asked {
    int64_t minute;
    uint64_t values[ZTA_N_HABITS];
    uint64_t system;
};

static enum zta_status answer(struct zta_view *view, struct zta_text issuer,
                              struct zta_text subject, const struct zta_habit_values *values,
                              struct zta_baseline_answered *answered)
{
    struct zta_baseline baseline;
    const enum zta_status status = zta_baseline_get(view, issuer, subject, &baseline);
    memset(answered, 0, sizeof(*answered));
    if (status == ZTA_OK) {
        zta_baseline_answer(&baseline, values, &answered->usual);
        answered->first_s = baseline.first_s;
        answered->is_there = true;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_baseline_ask(struct zta_view *view, struct zta_text issuer,
                                 struct zta_text subject, const struct zta_habit_values *values,
                                 struct zta_baseline_answered *answered)
{
    struct asked asked = {.minute = values->time_s / MINUTE_S, .system = values->system};
    struct zta_record_key key;
    memcpy(asked.values, values->values, sizeof(asked.values));
    if (!make_key(issuer, subject, &key)) {
        memset(answered, 0, sizeof(*answered));
        return ZTA_OK;
    }
    const struct zta_blob where = ZTA_BLOB(key.bytes, key.size);
    const struct zta_blob about = ZTA_BLOB(&asked, sizeof(asked));
    if (zta_view_recall(view, ZTA_TABLE_BASELINES, where, about, answered, sizeof(*answered))) {
        return ZTA_OK;
    }
    const enum zta_status status = answer(view, issuer, subject, values, answered);
    if (status == ZTA_OK) {
        zta_view_remember(view, ZTA_TABLE_BASELINES, where, about,
                          ZTA_BLOB(answered, sizeof(*answered)));
    }
    return status;
}

enum zta_status zta_baseline_load(struct zta_change *change, struct zta_text issuer,
                                  struct zta_text subject, struct zta_baseline *baseline)
{
    struct zta_record_key key;
    struct zta_blob record = {.data = NULL};
    if (!make_key(issuer, subject, &key)) {
        return ZTA_NOT_FOUND;
    }
    const enum zta_status found =
        zta_change_get(change, ZTA_TABLE_BASELINES, ZTA_BLOB(key.bytes, key.size), &record);
    return take(found, record, issuer, subject, baseline);
}

enum zta_status zta_baseline_put(struct zta_change *change, const struct zta_baseline *baseline)
{
    uint8_t record[ZTA_BASELINE_RECORD_MAX];
    struct zta_record_key key;
    if (!make_key(zta_text_of(baseline->issuer), zta_text_of(baseline->subject), &key)) {
        return ZTA_INVALID;
    }
    const size_t size = encode(baseline, record);
    return zta_change_put(change, ZTA_TABLE_BASELINES, ZTA_BLOB(key.bytes, key.size),
                          ZTA_BLOB(record, size));
}

enum zta_status zta_baseline_remove(struct zta_change *change, struct zta_text issuer,
                                    struct zta_text subject)
{
    struct zta_record_key key;
    return make_key(issuer, subject, &key)
               ? zta_change_remove(change, ZTA_TABLE_BASELINES, ZTA_BLOB(key.bytes, key.size))
               : ZTA_NOT_FOUND;
}

enum zta_status zta_baselines_clear(struct zta_change *change)
{
    return zta_change_clear(change, ZTA_TABLE_BASELINES);
}

enum zta_status zta_baselines_count(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_BASELINES, n, &bytes);
}

struct walking {
    zta_baseline_fn fn;
    void *context;
};

static enum zta_status see(void *context, struct zta_blob key, struct zta_blob record,
                           bool *goes_on)
{
    const struct walking *walking = context;
    struct zta_baseline baseline;
    const enum zta_status status = open_record(key, record, &baseline);
    if (status == ZTA_OK) {
        *goes_on = walking->fn(walking->context, &baseline);
    }
    return status;
}

enum zta_status zta_baseline_each(struct zta_view *view, zta_baseline_fn fn, void *context)
{
    struct walking walking = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_BASELINES, see, &walking);
}

static bool is_old(struct zta_blob key, struct zta_blob record, const struct zta_prune *prune)
{
    struct zta_baseline baseline;
    /* A record that nobody can read is of no use to anyone. */
    return open_record(key, record, &baseline) != ZTA_OK || baseline.last_s < prune->before_s;
}

enum zta_status zta_baselines_prune(struct zta_change *change, struct zta_prune_place *place,
                                    int64_t before_s, size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_BASELINES, .is_old = is_old, .before_s = before_s, .most = most};
    return zta_table_prune(change, &prune, place, n);
}

static bool is_of(struct zta_blob key, struct zta_blob record, const struct zta_prune *prune)
{
    struct zta_baseline baseline;
    return open_record(key, record, &baseline) == ZTA_OK &&
           zta_erasure_is_of(prune->context, zta_text_of(baseline.issuer),
                             zta_text_of(baseline.subject));
}

enum zta_status zta_baselines_erase(struct zta_change *change, const struct zta_erasure *erasure)
{
    struct zta_prune_place place = {.size = 0};
    const struct zta_prune prune = {
        .table = ZTA_TABLE_BASELINES, .is_old = is_of, .context = erasure, .most = SIZE_MAX};
    uint64_t n;
    return zta_table_prune(change, &prune, &place, &n);
}
