/* SPDX-License-Identifier: Apache-2.0 */
/* From notes of the outbox to signed statements. */
#include <stdlib.h>
#include <string.h>

#include "shared/store/fleet_priv.h"
#include "shared/store/prune_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_policy.h"

enum zta_status zta_fleet_waiting(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_FLEET_OUTBOX, n, &bytes);
}

/* A note, copied out of the map that the next write moves. */
struct note {
    uint64_t number;
    enum zta_fleet_topic topic;
    bool is_gone;
    size_t key_size;
    uint8_t key[ZTA_STORE_KEY_MAX];
};

/* The first note above a number. */
static enum zta_status next_note(struct zta_change *change, uint64_t above, struct note *note)
{
    struct zta_walk walk;
    uint8_t from[sizeof above];
    struct zta_blob key = ZTA_BLOB(from, sizeof from);
    struct zta_blob value;
    zta_put_u64(from, above + 1);
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_FLEET_OUTBOX, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    if (status == ZTA_OK && (key.size != sizeof above || value.size <= ZTA_OUTBOX_HEAD_SIZE ||
                             value.size > ZTA_OUTBOX_HEAD_SIZE + sizeof note->key)) {
        status = ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        note->number = zta_get_u64(key.data);
        const uint8_t *bytes = value.data;
        note->topic = bytes[0];
        note->is_gone = bytes[1] == 1;
        note->key_size = value.size - ZTA_OUTBOX_HEAD_SIZE;
        memcpy(note->key, bytes + ZTA_OUTBOX_HEAD_SIZE, note->key_size);
    }
    zta_walk_end(&walk);
    return status;
}

/* One round through the outbox. said: what the note at hand called for, if anything. */
struct round {
    struct zta_change *change;
    const struct zta_saying *saying;
    uint8_t *bytes; /* room for any statement: of the one at hand */
    struct zta_text said;
};

/* What this store said of that record already, at that version or later: it stands. */
static enum zta_status repeat(struct round *round, const struct zta_statement *statement,
                              bool *is_said)
{
    struct zta_blob value;
    struct zta_statement kept;
    const enum zta_status status = zta_fleet_kept_bytes(round->change, statement, &value);
    *is_said = false;
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    const struct zta_text bytes = {.data = value.data, .len = value.size};
    if (zta_statement_read(bytes, &kept) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    if (kept.version_ns >= statement->version_ns) {
        memcpy(round->bytes, bytes.data, bytes.len);
        round->said = (struct zta_text){.data = (const char *)round->bytes, .len = bytes.len};
        *is_said = true;
    }
    return ZTA_OK;
}

/* Signs, keeps, and lets follow what follows. */
static enum zta_status say(struct round *round, const struct zta_statement *statement)
{
    size_t size = 0;
    enum zta_status status = zta_statement_seal(statement, zta_text_of(round->saying->fleet->name),
                                                round->saying->key, round->bytes, &size);
    if (status == ZTA_OK) {
        round->said = (struct zta_text){.data = (const char *)round->bytes, .len = size};
        status = zta_fleet_keep(round->change, statement, round->said);
    }
    return status == ZTA_OK ? zta_fleet_apply(round->change, statement) : status;
}

/* Of what the statement of a note is; where the topic itself tells it, with its value. */
static enum zta_status name_told(const struct round *round, const struct zta_topic *topic,
                                 const struct note *note, struct zta_told *told)
{
    if (topic != NULL && topic->tell != NULL && !note->is_gone) {
        return topic->tell(round->change, ZTA_BLOB(note->key, note->key_size), told);
    }
    memcpy(told->key, note->key, note->key_size);
    told->key_size = note->key_size;
    return ZTA_OK;
}

/* The record as it now is, unless it is told already; no value: there is nothing to say of it. */
static enum zta_status load(struct zta_change *change, const struct zta_topic *topic,
                            struct zta_told *told)
{
    struct zta_blob value;
    if (told->value != NULL) {
        return ZTA_OK;
    }
    const enum zta_status status =
        zta_change_get(change, topic->table, ZTA_BLOB(told->key, told->key_size), &value);
    if (status != ZTA_OK || (topic->is_record != NULL && !topic->is_record(value))) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    told->value = malloc(value.size + 1);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(told->value, value.data, value.size);
    told->size = value.size;
    return ZTA_OK;
}

/*
 * Since when it is so: no later than it was noted. Where there is nothing to say any more, what was
 * said last is what stands, as long as it may not have been sent.
 */
static int64_t version_of(const struct zta_topic *topic, const struct zta_told *told,
                          int64_t noted_ns)
{
    if (told->value == NULL) {
        return 0;
    }
    const int64_t since_ns =
        topic->version == NULL ? 0 : topic->version(ZTA_BLOB(told->value, told->size));
    return since_ns > 0 && since_ns < noted_ns ? since_ns : noted_ns;
}

/*
 * The statement that a note calls for, once: a removal, or the record as it now is. One that was
 * written and is not there any more ended by itself, or has a later note: there is nothing to say.
 */
static enum zta_status say_note(struct round *round, const struct note *note)
{
    const struct zta_topic *topic = zta_topic_find(note->topic);
    struct zta_told told = {.noted_ns = (int64_t)note->number};
    struct zta_statement statement = {
        .topic = note->topic,
        .is_gone = note->is_gone,
        .version_ns = (int64_t)note->number,
    };
    bool is_said = false;
    enum zta_status status = name_told(round, topic, note, &told);
    if (topic == NULL) {
        statement.version_ns = 0; /* of nodes the operator's key has said it */
    }
    else {
        memcpy(statement.origin, round->saying->fleet->origin, sizeof statement.origin);
        if (status == ZTA_OK && !note->is_gone) {
            status = load(round->change, topic, &told);
            statement.version_ns = version_of(topic, &told, statement.version_ns);
        }
    }
    statement.key = (struct zta_text){.data = (const char *)told.key, .len = told.key_size};
    statement.value = (struct zta_text){.data = (const char *)told.value, .len = told.size};
    if (status == ZTA_OK) {
        status = repeat(round, &statement, &is_said);
    }
    if (status == ZTA_OK && !is_said && (statement.is_gone || told.value != NULL)) {
        status = say(round, &statement);
    }
    free(told.value);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_fleet_say(struct zta_change *change, const struct zta_saying *saying,
                              uint64_t *last)
{
    struct round round = {.change = change, .saying = saying};
    struct note note;
    uint64_t above = saying->above;
    bool goes_on = true;
    round.bytes = malloc(ZTA_STATEMENT_LONG_MAX);
    enum zta_status status = round.bytes == NULL ? ZTA_NO_MEMORY : ZTA_OK;
    for (size_t i = 0; i < saying->most && goes_on && status == ZTA_OK; i++) {
        status = next_note(change, above, &note);
        round.said.data = NULL;
        if (status == ZTA_OK) {
            status = say_note(&round, &note);
        }
        if (status == ZTA_OK) {
            above = note.number;
            goes_on = round.said.data == NULL || saying->fn(saying->context, round.said);
        }
    }
    free(round.bytes);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *last = above;
    return ZTA_OK;
}

static bool keep_only(void *context, struct zta_text bytes)
{
    return true;
}

enum zta_status zta_fleet_hear(struct zta_change *change, struct zta_hearing *hearing)
{
    const struct zta_saying saying = {.fleet = hearing->fleet,
                                      .key = hearing->key,
                                      .most = ZTA_FLEET_BATCH,
                                      .above = hearing->said,
                                      .fn = keep_only};
    struct note note;
    uint64_t last = hearing->said;
    enum zta_status status = zta_fleet_say(change, &saying, &last);
    hearing->is_changed = last != hearing->said;
    hearing->said = last;
    if (status == ZTA_OK) {
        status = next_note(change, last, &note);
        hearing->is_behind = status == ZTA_OK;
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    for (size_t i = 0; status == ZTA_OK && !hearing->is_behind && i < hearing->n; i++) {
        enum zta_fleet_outcome outcome;
        status = zta_fleet_take(change, hearing, hearing->items[i], &outcome);
        if (status == ZTA_OK) {
            hearing->outcomes[outcome]++;
            hearing->is_changed =
                hearing->is_changed || outcome == ZTA_FLEET_TAKEN || outcome == ZTA_FLEET_HELD;
        }
    }
    return status;
}

static bool is_sent(void *context, struct zta_blob key)
{
    const uint64_t *last = context;
    return key.size == sizeof *last && zta_get_u64(key.data) <= *last;
}

enum zta_status zta_fleet_sent(struct zta_change *change, uint64_t last)
{
    const struct zta_trim trim = {
        .table = ZTA_TABLE_FLEET_OUTBOX, .most = UINT64_MAX, .goes = is_sent, .context = &last};
    return zta_table_trim(change, &trim, NULL);
}
