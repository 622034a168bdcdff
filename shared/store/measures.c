/* SPDX-License-Identifier: Apache-2.0 */
/* The changes that begin, extend and end measures. */
#include "shared/store/measures.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/measures_priv.h"
#include "shared/store/schema_risk.h"

/* One record being changed; texts of the entries point into `bytes`. */
struct edit {
    struct zta_change *change;
    enum zta_env_id env;
    struct zta_measure_key key;
    struct zta_measure_summary summary;
    struct zta_measure_record record;
    bool was_there;
    uint8_t bytes[ZTA_MEASURE_RECORD_MAX];
};

static enum zta_status load_summary(struct edit *edit)
{
    struct zta_measure_key key;
    struct zta_blob value;
    zta_measure_summary_key(edit->env, &key);
    enum zta_status status = zta_change_get(edit->change, zta_measure_table(edit->env),
                                            ZTA_BLOB(key.bytes, key.size), &value);
    edit->summary = (struct zta_measure_summary){.last_id = 0};
    return status == ZTA_OK ? zta_measure_summary_decode(value, &edit->summary)
                            : (status == ZTA_NOT_FOUND ? ZTA_OK : status);
}

static enum zta_status load(struct edit *edit, const struct zta_target *target)
{
    struct zta_blob value;
    zta_measure_key_make(edit->env, target, &edit->key);
    enum zta_status status = load_summary(edit);
    if (status != ZTA_OK) {
        return status;
    }
    edit->record = (struct zta_measure_record){.target = *target};
    status = zta_change_get(edit->change, zta_measure_table(edit->env),
                            ZTA_BLOB(edit->key.bytes, edit->key.size), &value);
    edit->was_there = status == ZTA_OK;
    if (status == ZTA_NOT_FOUND) {
        return ZTA_OK;
    }
    if (status == ZTA_OK && value.size > sizeof(edit->bytes)) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        memcpy(edit->bytes, value.data, value.size);
        status = zta_measure_decode(edit->env, ZTA_BLOB(edit->key.bytes, edit->key.size),
                                    ZTA_BLOB(edit->bytes, value.size), &edit->record);
    }
    return status;
}

static enum zta_status save_summary(struct edit *edit)
{
    struct zta_measure_key key;
    uint8_t value[ZTA_MEASURE_SUMMARY_SIZE];
    zta_put_u64(value, edit->summary.last_id);
    for (size_t i = 0; i < ZTA_N_TARGET_KINDS; i++) {
        zta_put_u32(value + 8 + 4 * i, edit->summary.n[i]);
    }
    zta_measure_summary_key(edit->env, &key);
    return zta_change_put(edit->change, zta_measure_table(edit->env), ZTA_BLOB(key.bytes, key.size),
                          ZTA_BLOB(value, sizeof(value)));
}

static enum zta_status save(struct edit *edit)
{
    const enum zta_table table = zta_measure_table(edit->env);
    const struct zta_blob key = ZTA_BLOB(edit->key.bytes, edit->key.size);
    uint32_t *n = &edit->summary.n[edit->record.target.kind];
    uint8_t bytes[ZTA_MEASURE_RECORD_MAX];
    struct zta_writer writer;
    enum zta_status status = ZTA_OK;
    if (edit->record.n == 0) {
        status = edit->was_there ? zta_change_remove(edit->change, table, key) : ZTA_OK;
        *n -= edit->was_there && *n > 0;
    }
    else {
        zta_writer_init(&writer, bytes, sizeof(bytes));
        status = zta_measure_encode(edit->env, &edit->record, &writer);
        if (status == ZTA_OK) {
            status = zta_change_put(edit->change, table, key, ZTA_BLOB(bytes, writer.len));
        }
        *n += !edit->was_there;
    }
    return status == ZTA_OK ? save_summary(edit) : status;
}

static void drop_entry(struct zta_measure_record *record, size_t i)
{
    record->n--;
    memmove(&record->entries[i], &record->entries[i + 1],
            (record->n - i) * sizeof(record->entries[0]));
}

static size_t drop_ended(struct zta_measure_record *record, int64_t now_s)
{
    const size_t before = record->n;
    for (size_t i = record->n; i-- > 0;) {
        if (record->entries[i].until_s <= now_s) {
            drop_entry(record, i);
        }
    }
    return before - record->n;
}

static int64_t longest_until(const struct zta_measure *measure)
{
    return measure->created_ns / ZTA_NS_PER_S + ZTA_MEASURE_EXTENDED_MAX * measure->for_s;
}

/*
 * Did what it rests on happen again? What a transmitter says twice did; a rule asks for one login
 * more when nothing that it saw is what was asked for before.
 */
static bool is_anew(const struct zta_measure *running, const struct zta_measure *anew)
{
    return anew->source == ZTA_MEASURE_OF_TRANSMITTER ||
           (anew->kind == ZTA_MEASURE_STEP_UP && anew->seen_since_ns > running->created_ns);
}

/* Who logged in meanwhile has to do so once more. */
static void begin_again(struct zta_measure *running, const struct zta_measure *anew)
{
    const struct zta_measure former = *running;
    if (anew->created_ns > former.created_ns) {
        *running = *anew;
        running->id = former.id;
        running->n_extended = former.n_extended + (former.n_extended < UINT32_MAX);
    }
}

static void extend(struct zta_measure *running, const struct zta_measure *anew)
{
    const int64_t most_s = longest_until(running);
    const int64_t wanted_s = anew->created_ns / ZTA_NS_PER_S + anew->for_s;
    const int64_t until_s = wanted_s < most_s ? wanted_s : most_s;
    if (until_s > running->until_s) {
        running->until_s = until_s;
        running->n_extended += running->n_extended < UINT32_MAX;
    }
    /* What is asked for follows the rule as it is now; it may have become stricter meanwhile. */
    running->count = anew->count;
    running->window_s = anew->window_s;
    running->level = anew->level;
    running->acr = anew->acr;
    running->max_age_s = anew->max_age_s;
}

enum zta_status zta_measure_put(struct zta_change *change, const struct zta_measure *measure,
                                struct zta_measure_placed *placed)
{
    struct zta_measure anew = *measure;
    struct edit edit = {.change = change, .env = zta_measure_env(measure->source)};
    const int64_t now_s = measure->created_ns / ZTA_NS_PER_S;
    anew.until_s = now_s + measure->for_s;
    anew.n_extended = 0;
    if (!zta_measure_is_whole(&anew)) {
        return ZTA_INVALID;
    }
    enum zta_status status = load(&edit, &anew.target);
    if (status != ZTA_OK) {
        return status;
    }
    (void)drop_ended(&edit.record, now_s);
    struct zta_measure *running = NULL;
    for (size_t i = 0; i < edit.record.n && running == NULL; i++) {
        if (zta_measure_is_same(&edit.record.entries[i], &anew)) {
            running = &edit.record.entries[i];
        }
    }
    const bool is_new = running == NULL;
    if (is_new && edit.record.n == zta_measure_room(&anew.target)) {
        return ZTA_FULL;
    }
    if (is_new) {
        anew.id = ++edit.summary.last_id;
        running = &edit.record.entries[edit.record.n++];
        *running = anew;
    }
    else if (is_anew(running, &anew)) {
        begin_again(running, &anew);
    }
    else {
        extend(running, &anew);
    }
    *placed = (struct zta_measure_placed){
        .id = running->id, .is_new = is_new, .until_s = running->until_s};
    status = save(&edit);
    if (status == ZTA_OK) {
        zta_measure_touch(change, running, false);
    }
    return status;
}

enum zta_status zta_measure_remove(struct zta_change *change, const struct zta_measure *measure)
{
    struct edit edit = {.change = change, .env = zta_measure_env(measure->source)};
    enum zta_status status = load(&edit, &measure->target);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < edit.record.n; i++) {
        if (edit.record.entries[i].id == measure->id &&
            edit.record.entries[i].source == measure->source) {
            zta_measure_touch(change, &edit.record.entries[i], true);
            drop_entry(&edit.record, i);
            return save(&edit);
        }
    }
    return ZTA_NOT_FOUND;
}

enum zta_status zta_measure_drop_ended(struct zta_change *change, enum zta_env_id env,
                                       const struct zta_target *target, int64_t now_s, uint64_t *n)
{
    struct edit edit = {.change = change, .env = env};
    enum zta_status status = load(&edit, target);
    if (status != ZTA_OK) {
        return status;
    }
    *n += drop_ended(&edit.record, now_s);
    return save(&edit);
}

/* ---- of a fleet ---- */

/* Where there is no room, what ends first goes: it holds no longer than the others. */
static void make_room(struct zta_measure_record *record)
{
    size_t first = 0;
    for (size_t i = 1; i < record->n; i++) {
        if (record->entries[i].until_s < record->entries[first].until_s) {
            first = i;
        }
    }
    if (record->n > 0 && record->n >= zta_measure_room(&record->target)) {
        drop_entry(record, first);
    }
}

static size_t find_named(const struct zta_measure_record *record,
                         const uint8_t name[ZTA_SHA256_SIZE])
{
    size_t i = 0;
    for (; i < record->n; i++) {
        uint8_t found[ZTA_SHA256_SIZE];
        zta_measure_name(&record->entries[i], found);
        if (memcmp(found, name, sizeof found) == 0) {
            break;
        }
    }
    return i;
}

/* The target that a record is of; ZTA_NOT_FOUND: there is none. */
static enum zta_status load_key(struct edit *edit, const struct zta_measure_key *key)
{
    struct zta_blob value;
    struct zta_measure_record record;
    const struct zta_blob where = ZTA_BLOB(key->bytes, key->size);
    enum zta_status status = zta_change_get(edit->change, ZTA_TABLE_POLICY_META, where, &value);
    if (status == ZTA_OK) {
        status = zta_measure_decode(ZTA_ENV_POLICY, where, value, &record);
    }
    return status == ZTA_OK ? load(edit, &record.target) : status;
}

enum zta_status zta_measure_set_heard(struct zta_change *change,
                                      const struct zta_measure_key *target,
                                      const uint8_t name[ZTA_SHA256_SIZE],
                                      const struct zta_measure *measure)
{
    struct edit edit = {.change = change, .env = ZTA_ENV_POLICY};
    enum zta_status status =
        measure == NULL ? load_key(&edit, target) : load(&edit, &measure->target);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    const size_t i = find_named(&edit.record, name);
    const bool is_there = i < edit.record.n;
    if (measure == NULL) {
        if (is_there) {
            drop_entry(&edit.record, i);
        }
        return save(&edit);
    }
    const uint64_t id = is_there ? edit.record.entries[i].id : ++edit.summary.last_id;
    if (!is_there) {
        make_room(&edit.record);
    }
    struct zta_measure *entry = &edit.record.entries[is_there ? i : edit.record.n++];
    *entry = *measure;
    entry->id = id;
    return save(&edit);
}
