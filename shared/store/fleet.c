/* SPDX-License-Identifier: Apache-2.0 */
/* Joining, saying and hearing: the transactions of a node. */
#include "shared/store/fleet.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/env_priv.h"
#include "shared/store/fleet_held.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/schema_policy.h"

#define RECORD_MAX 256

static const struct zta_blob fleet_key = {.data = ZTA_FLEET_KEY, .size = sizeof(ZTA_FLEET_KEY) - 1};
static const struct zta_blob place_key = {.data = ZTA_FLEET_PLACE_KEY,
                                          .size = sizeof(ZTA_FLEET_PLACE_KEY) - 1};
static const struct zta_blob as_of_key = {.data = ZTA_FLEET_AS_OF_KEY,
                                          .size = sizeof(ZTA_FLEET_AS_OF_KEY) - 1};
static const struct zta_blob refused_key = {.data = ZTA_FLEET_REFUSED_KEY,
                                            .size = sizeof(ZTA_FLEET_REFUSED_KEY) - 1};
static const struct zta_blob sum_key = {.data = ZTA_FLEET_SUM_KEY,
                                        .size = sizeof(ZTA_FLEET_SUM_KEY) - 1};

static const struct {
    const char *text;
    bool is_refusal;
} outcomes[] = {
#define ZTA_FLEET_OUTCOME(name, refusal, words) {.text = (words), .is_refusal = (refusal)},
#include "shared/store/fleet_outcomes.def"
#undef ZTA_FLEET_OUTCOME
};

const char *zta_fleet_outcome_name(enum zta_fleet_outcome outcome)
{
    return outcomes[outcome].text;
}

bool zta_fleet_outcome_is_refusal(enum zta_fleet_outcome outcome)
{
    return outcomes[outcome].is_refusal;
}

static struct zta_text text_of(struct zta_blob blob)
{
    return (struct zta_text){.data = blob.data, .len = blob.size};
}

static struct zta_blob blob_of(struct zta_text text)
{
    return ZTA_BLOB(text.data, text.len);
}

/* ---- being part of it ---- */

static bool copy_name(struct zta_text name, char out[ZTA_NAME_MAX + 1])
{
    if (!zta_node_name_is_valid(name)) {
        return false;
    }
    memcpy(out, name.data, name.len);
    out[name.len] = '\0';
    return true;
}

enum zta_status zta_fleet_get(struct zta_view *view, struct zta_fleet *fleet)
{
    struct zta_blob record;
    struct zta_reader reader;
    struct zta_fleet found;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META, fleet_key, &record);
    if (status != ZTA_OK) {
        return status;
    }
    zta_reader_init(&reader, record.data, record.size);
    const uint8_t format = zta_read_u8(&reader);
    zta_read_bytes(&reader, found.operator_key.bytes, sizeof found.operator_key.bytes);
    const struct zta_text name = zta_read_text(&reader);
    const struct zta_text node = zta_read_text(&reader);
    if (!zta_reader_is_done(&reader) || format != ZTA_FLEET_FORMAT ||
        !copy_name(name, found.name) || !copy_name(node, found.node)) {
        return ZTA_CORRUPT;
    }
    memcpy(found.origin, view->store->origin, sizeof found.origin);
    *fleet = found;
    return ZTA_OK;
}

/* Notes every record of a topic, as if it had been written now. */
static enum zta_status note_all(struct zta_change *change, const struct zta_topic *topic)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, topic->table, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    for (status = zta_walk_first(&walk, &key, &value); status == ZTA_OK;
         status = zta_walk_next(&walk, &key, &value)) {
        uint8_t copy[ZTA_STORE_KEY_MAX];
        if (!zta_topic_has(topic, value)) {
            continue;
        }
        memcpy(copy, key.data, key.size);
        status = zta_outbox_note(change, topic->topic, ZTA_BLOB(copy, key.size), false);
        if (status != ZTA_OK) {
            break;
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_fleet_join(struct zta_change *change, const struct zta_fleet *fleet)
{
    uint8_t bytes[RECORD_MAX];
    struct zta_blob found;
    struct zta_writer writer;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_POLICY_META, fleet_key, &found);
    if (status != ZTA_NOT_FOUND) {
        return status == ZTA_OK ? ZTA_EXISTS : status;
    }
    if (!zta_node_name_is_valid(zta_text_of(fleet->name)) ||
        !zta_node_name_is_valid(zta_text_of(fleet->node))) {
        return ZTA_INVALID;
    }
    zta_writer_init(&writer, bytes, sizeof bytes);
    zta_write_u8(&writer, ZTA_FLEET_FORMAT);
    zta_write_bytes(&writer, fleet->operator_key.bytes, sizeof fleet->operator_key.bytes);
    zta_write_text(&writer, zta_text_of(fleet->name));
    zta_write_text(&writer, zta_text_of(fleet->node));
    /* Whom another fleet's operator enrolled is nobody here. */
    status = zta_change_clear(change, ZTA_TABLE_FLEET_STATEMENTS);
    if (status == ZTA_OK) {
        status =
            zta_change_put(change, ZTA_TABLE_POLICY_META, fleet_key, ZTA_BLOB(bytes, writer.len));
    }
    if (status == ZTA_OK) {
        status = zta_change_clear(change, ZTA_TABLE_FLEET_HELD);
    }
    for (size_t i = 0; status == ZTA_OK && zta_topic_at(i) != NULL; i++) {
        const struct zta_topic *topic = zta_topic_at(i);
        status = topic->note_join == NULL ? note_all(change, topic) : topic->note_join(change);
    }
    return status;
}

enum zta_status zta_fleet_leave(struct zta_change *change)
{
    const struct zta_blob forgotten[] = {place_key, as_of_key, refused_key, sum_key};
    enum zta_status status = zta_change_remove(change, ZTA_TABLE_POLICY_META, fleet_key);
    for (size_t i = 0; status == ZTA_OK && i < sizeof forgotten / sizeof forgotten[0]; i++) {
        status = zta_change_remove(change, ZTA_TABLE_POLICY_META, forgotten[i]);
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    if (status == ZTA_OK) {
        status = zta_change_clear(change, ZTA_TABLE_FLEET_OUTBOX);
    }
    if (status == ZTA_OK) {
        status = zta_change_clear(change, ZTA_TABLE_FLEET_HELD);
    }
    return status == ZTA_OK ? zta_change_clear(change, ZTA_TABLE_FLEET_STATEMENTS) : status;
}

enum zta_status zta_fleet_place(struct zta_view *view, char place[ZTA_FLEET_PLACE_MAX])
{
    struct zta_blob record;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META, place_key, &record);
    if (status == ZTA_OK && record.size >= ZTA_FLEET_PLACE_MAX) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        const size_t len = status == ZTA_OK ? record.size : 0;
        memcpy(place, len > 0 ? record.data : "", len);
        place[len] = '\0';
        return ZTA_OK;
    }
    return status;
}

enum zta_status zta_fleet_set_place(struct zta_change *change, const char *place)
{
    return zta_change_put(change, ZTA_TABLE_POLICY_META, place_key, ZTA_BLOB(place, strlen(place)));
}

/* A number of policy/'s meta table; 0 where there is none. */
static enum zta_status get_number(struct zta_view *view, struct zta_blob key, uint64_t *n)
{
    struct zta_blob record;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META, key, &record);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    if (status == ZTA_OK && record.size != sizeof *n) {
        return ZTA_CORRUPT;
    }
    *n = status == ZTA_OK ? zta_get_u64(record.data) : 0;
    return ZTA_OK;
}

static enum zta_status put_number(struct zta_change *change, struct zta_blob key, uint64_t n)
{
    uint8_t bytes[sizeof n];
    zta_put_u64(bytes, n);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, key, ZTA_BLOB(bytes, sizeof bytes));
}

enum zta_status zta_fleet_as_of(struct zta_view *view, int64_t *as_of_s)
{
    uint64_t stored;
    const enum zta_status status = get_number(view, as_of_key, &stored);
    if (status == ZTA_OK) {
        *as_of_s = (int64_t)stored;
    }
    return status;
}

enum zta_status zta_fleet_set_as_of(struct zta_change *change, int64_t as_of_s)
{
    return put_number(change, as_of_key, (uint64_t)as_of_s);
}

enum zta_status zta_fleet_refused(struct zta_view *view, uint64_t *n)
{
    return get_number(view, refused_key, n);
}

enum zta_status zta_fleet_set_refused(struct zta_change *change, uint64_t n)
{
    return put_number(change, refused_key, n);
}

int64_t zta_fleet_age_s(int64_t as_of_s, int64_t now_s)
{
    if (as_of_s <= 0 || now_s < 0) {
        return INT64_MAX;
    }
    return now_s > as_of_s ? now_s - as_of_s : as_of_s - now_s;
}

/* ---- what follows of what was said ---- */

static enum zta_status derive(struct zta_change *change, const struct zta_topic *topic,
                              struct zta_text key, struct zta_draft *draft)
{
    struct zta_walk walk;
    uint8_t name[ZTA_SHA256_SIZE];
    struct zta_statement counts;
    struct zta_settling settling = {.strength = topic->strength, .is_out = topic->is_out};
    zta_statement_record_name(topic->topic, key, settling.name);
    if (topic->is_automatic) {
        settling.but_for = zta_change_origin(change); /* it stands in state/ */
    }
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_FLEET_STATEMENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_fleet_settle(&walk, &settling, &counts);
    if (status == ZTA_OK) {
        status = zta_draft_set(draft, &counts);
    }
    if ((status == ZTA_OK || status == ZTA_NOT_FOUND) && topic->restricted_by != 0) {
        zta_statement_record_name(topic->restricted_by, key, name);
        status = zta_fleet_restrict(&walk, name, topic, draft);
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_fleet_apply(struct zta_change *change, const struct zta_statement *about)
{
    struct zta_draft draft = {.is_there = false};
    const struct zta_topic *topic = zta_topic_to_make(about->topic);
    if (topic == NULL) {
        return ZTA_OK; /* nodes: asked for when they say something */
    }
    enum zta_status status = derive(change, topic, about->key, &draft);
    if (status == ZTA_OK) {
        const enum zta_membership former = change->membership;
        change->membership = ZTA_MEMBERSHIP_NONE;
        status =
            topic->replace(change, blob_of(about->key),
                           draft.is_there ? ZTA_BLOB(draft.bytes, draft.size) : ZTA_BLOB(NULL, 0));
        change->membership = former;
    }
    zta_draft_clear(&draft);
    return status;
}

/* ---- hearing ---- */

/* since_ns: of the statement that gave it its role. */
static enum zta_status find_node(struct zta_walk *walk, const uint8_t origin[ZTA_ORIGIN_SIZE],
                                 struct zta_fleet_node *node, int64_t *since_ns)
{
    struct zta_settling settling = {.strength = NULL};
    struct zta_statement counts;
    const struct zta_text key = {.data = (const char *)origin, .len = ZTA_ORIGIN_SIZE};
    zta_statement_record_name(ZTA_FLEET_NODE, key, settling.name);
    const enum zta_status status = zta_fleet_settle(walk, &settling, &counts);
    if (status != ZTA_OK) {
        return status;
    }
    *since_ns = counts.version_ns;
    return zta_node_decode(counts.key, counts.value, node) == ZTA_OK ? ZTA_OK : ZTA_CORRUPT;
}

/* May a node of that role say this? Of one that was removed what it said before still restricts. */
static bool may_say(const struct zta_fleet_node *node, int64_t role_since_ns,
                    const struct zta_statement *statement)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    const bool grants = statement->is_gone || topic == NULL || topic->grants;
    switch (node->role) {
    case ZTA_NODE_FULL:
        return true;
    case ZTA_NODE_RESTRICT:
        return !grants;
    case ZTA_NODE_NONE:
        return !grants && statement->version_ns <= role_since_ns;
    }
    return false;
}

/*
 * Is it for the bound to admit? What restricts, and is said by no operator of a full node.
 */
static bool is_governed(const struct zta_hearing *hearing, const struct zta_statement *statement,
                        enum zta_node_role role)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    return hearing->admits != NULL && topic != NULL && zta_topic_restricts(topic, statement) &&
           (topic->is_automatic || role != ZTA_NODE_FULL) &&
           memcmp(statement->origin, hearing->fleet->origin, sizeof statement->origin) != 0;
}

/* What comes of who said it. */
struct speaker {
    enum zta_fleet_outcome outcome;
    enum zta_node_role role;
};

/* Who it names has signed it, and may say that. TAKEN: so far nothing speaks against it. */
static enum zta_status check_speaker(struct zta_change *change, const struct zta_fleet *fleet,
                                     const struct zta_statement *statement, struct zta_text bytes,
                                     struct speaker *speaker)
{
    enum zta_fleet_outcome *outcome = &speaker->outcome;
    struct zta_fleet_node node = {.role = ZTA_NODE_FULL, .key = fleet->operator_key};
    int64_t since_ns = 0;
    *outcome = ZTA_FLEET_TAKEN;
    if (statement->topic != ZTA_FLEET_NODE) {
        struct zta_walk walk;
        enum zta_status status = zta_walk_change(change, ZTA_TABLE_FLEET_STATEMENTS, &walk);
        if (status != ZTA_OK) {
            return status;
        }
        status = find_node(&walk, statement->origin, &node, &since_ns);
        zta_walk_end(&walk);
        if (status == ZTA_NOT_FOUND) {
            *outcome = ZTA_FLEET_UNKNOWN_NODE;
        }
        if (status != ZTA_OK) {
            return status == ZTA_NOT_FOUND ? ZTA_OK : status;
        }
    }
    if (zta_statement_check(bytes, zta_text_of(fleet->name), &node.key) != ZTA_OK) {
        *outcome = ZTA_FLEET_FORGED;
    }
    else if (!may_say(&node, since_ns, statement)) {
        *outcome = node.role == ZTA_NODE_NONE ? ZTA_FLEET_UNKNOWN_NODE : ZTA_FLEET_NOT_GRANTED;
    }
    speaker->role = node.role;
    return ZTA_OK;
}

static bool is_operator(const uint8_t origin[ZTA_ORIGIN_SIZE])
{
    static const uint8_t zeros[ZTA_ORIGIN_SIZE];
    return memcmp(origin, zeros, sizeof zeros) == 0;
}

/* Does it say what a record of its topic can say? */
static bool is_sound(const struct zta_statement *statement)
{
    int64_t strength;
    struct zta_fleet_node node;
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    if (topic == NULL) {
        return statement->topic == ZTA_FLEET_NODE && !statement->is_gone &&
               is_operator(statement->origin) &&
               zta_node_decode(statement->key, statement->value, &node) == ZTA_OK;
    }
    if (statement->key.len > ZTA_STORE_KEY_MAX ||
        (topic->is_own && (statement->is_gone || statement->key.len < ZTA_ORIGIN_SIZE ||
                           memcmp(statement->key.data, statement->origin, ZTA_ORIGIN_SIZE) != 0))) {
        return false;
    }
    if (statement->is_gone) {
        return topic->has_key != NULL && topic->has_key(blob_of(statement->key));
    }
    /* What a node says of itself was so when it said it, not in a time to come. */
    return (topic->is_record == NULL || topic->is_record(blob_of(statement->value))) &&
           topic->strength(blob_of(statement->key), blob_of(statement->value), &strength) ==
               ZTA_OK &&
           (!topic->is_own || strength <= statement->version_ns);
}

/* Whom a node speaks of in a place of its own changes with what it says. */
static bool hits_the_same(const struct zta_statement *a, const struct zta_statement *b)
{
    struct zta_target targets[2];
    const struct zta_topic *topic = zta_topic_find(a->topic);
    return topic == NULL || !topic->is_own ||
           (zta_fleet_target(a, &targets[0]) == ZTA_OK &&
            zta_fleet_target(b, &targets[1]) == ZTA_OK &&
            zta_target_equal(&targets[0], &targets[1]));
}

/* Did this origin restrict the same before, in effect? */
static enum zta_status does_extend(struct zta_change *change, const struct zta_statement *kept,
                                   const struct zta_statement *statement, bool *extends)
{
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    bool is_held;
    zta_statement_name(kept, name);
    const enum zta_status status = zta_fleet_is_held(change, ZTA_BLOB(name, sizeof name), &is_held);
    const struct zta_topic *topic = zta_topic_find(kept->topic);
    *extends = status == ZTA_OK && !is_held &&
               (topic == NULL || zta_topic_restricts(topic, kept)) &&
               hits_the_same(kept, statement);
    return status;
}

/* Who cannot be bound by a bound fills no store either. */
static enum zta_status hold_or_refuse(struct zta_change *change, enum zta_fleet_outcome *outcome)
{
    uint64_t n = 0;
    const enum zta_status status = zta_change_table_count(change, ZTA_TABLE_FLEET_HELD, &n);
    *outcome = n < ZTA_FLEET_HELD_MAX ? ZTA_FLEET_HELD : ZTA_FLEET_ABOVE;
    return status;
}

/*
 * What is not later than what its origin said last changes nothing; what it is called is for those
 * who watch. This node's own come back behind later ones, and comparing brings up what stood in the
 * engine: both are honest where the signature is. Anything else older is a replay.
 */
static enum zta_status judge_passed(struct zta_change *change, const struct zta_hearing *hearing,
                                    const struct zta_statement *statement, struct zta_text bytes,
                                    enum zta_fleet_outcome *outcome)
{
    struct zta_blob kept;
    struct speaker speaker;
    enum zta_status status = zta_fleet_kept_bytes(change, statement, &kept);
    if (status == ZTA_OK && zta_text_equal(text_of(kept), bytes)) {
        *outcome = ZTA_FLEET_KNOWN;
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = check_speaker(change, hearing->fleet, statement, bytes, &speaker);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (speaker.outcome == ZTA_FLEET_FORGED) {
        *outcome = ZTA_FLEET_FORGED;
    }
    else if (memcmp(statement->origin, hearing->fleet->origin, sizeof statement->origin) == 0) {
        *outcome = ZTA_FLEET_KNOWN;
    }
    else {
        *outcome = hearing->is_comparing ? ZTA_FLEET_OUTDATED : ZTA_FLEET_OLDER;
    }
    return ZTA_OK;
}

static enum zta_status judge(struct zta_change *change, const struct zta_hearing *hearing,
                             const struct zta_statement *statement, struct zta_text bytes,
                             enum zta_fleet_outcome *outcome)
{
    struct zta_statement kept;
    struct speaker speaker = {.role = ZTA_NODE_NONE};
    bool extends = false;
    enum zta_status status = zta_fleet_kept(change, statement, &kept);
    if (status == ZTA_OK && kept.version_ns >= statement->version_ns) {
        return judge_passed(change, hearing, statement, bytes, outcome);
    }
    if (status == ZTA_OK) {
        status = does_extend(change, &kept, statement, &extends);
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    status = check_speaker(change, hearing->fleet, statement, bytes, &speaker);
    if (status != ZTA_OK) {
        return status;
    }
    *outcome = speaker.outcome;
    if (*outcome == ZTA_FLEET_TAKEN && !is_sound(statement)) {
        *outcome = ZTA_FLEET_MALFORMED;
    }
    if (*outcome == ZTA_FLEET_TAKEN && is_governed(hearing, statement, speaker.role) &&
        !hearing->admits(hearing->context, statement, extends)) {
        return hold_or_refuse(change, outcome);
    }
    return ZTA_OK;
}

enum zta_status zta_fleet_take(struct zta_change *change, const struct zta_hearing *hearing,
                               struct zta_text bytes, enum zta_fleet_outcome *outcome)
{
    struct zta_statement statement;
    enum zta_status status = zta_statement_read(bytes, &statement);
    if (status != ZTA_OK) {
        *outcome = status == ZTA_VERSION ? ZTA_FLEET_STRANGE : ZTA_FLEET_MALFORMED;
        return ZTA_OK;
    }
    if (statement.version_ns - hearing->now_ns > ZTA_FLEET_AHEAD_S * INT64_C(1000000000)) {
        *outcome = ZTA_FLEET_AHEAD;
        return ZTA_OK;
    }
    status = judge(change, hearing, &statement, bytes, outcome);
    if (status != ZTA_OK || (*outcome != ZTA_FLEET_TAKEN && *outcome != ZTA_FLEET_HELD)) {
        return status;
    }
    status = zta_fleet_keep(change, &statement, bytes);
    if (status == ZTA_OK && *outcome == ZTA_FLEET_HELD) {
        status = zta_fleet_hold(change, &statement, hearing->now_ns / INT64_C(1000000000));
    }
    /* Of a held one, too: it took the place of what its origin had said before. */
    return status == ZTA_OK ? zta_fleet_apply(change, &statement) : status;
}

enum zta_status zta_fleet_enrol(struct zta_change *change, const struct zta_fleet *fleet,
                                struct zta_text bytes, int64_t now_ns,
                                enum zta_fleet_outcome *outcome)
{
    struct zta_statement statement;
    if (zta_statement_read(bytes, &statement) != ZTA_OK || statement.topic != ZTA_FLEET_NODE) {
        *outcome = ZTA_FLEET_MALFORMED;
        return ZTA_OK;
    }
    const struct zta_hearing hearing = {.fleet = fleet, .now_ns = now_ns};
    const enum zta_status status = zta_fleet_take(change, &hearing, bytes, outcome);
    return status == ZTA_OK && *outcome == ZTA_FLEET_TAKEN
               ? zta_outbox_note(change, ZTA_FLEET_NODE, blob_of(statement.key), false)
               : status;
}

/* ---- nodes ---- */

struct node_listing {
    struct zta_view *view;
    zta_fleet_node_fn fn;
    void *context;
    uint8_t former[ZTA_SHA256_SIZE]; /* the record whose statements were just passed */
};

static enum zta_status tell_node(void *context, struct zta_blob key, struct zta_blob value,
                                 bool *goes_on)
{
    struct node_listing *listing = context;
    struct zta_statement statement;
    struct zta_fleet_node node;
    struct zta_walk walk;
    if (zta_statement_read(text_of(value), &statement) != ZTA_OK ||
        key.size != ZTA_STATEMENT_NAME_SIZE) {
        return ZTA_CORRUPT;
    }
    if (statement.topic != ZTA_FLEET_NODE || statement.key.len != ZTA_ORIGIN_SIZE ||
        memcmp(key.data, listing->former, sizeof listing->former) == 0) {
        return ZTA_OK;
    }
    memcpy(listing->former, key.data, sizeof listing->former);
    enum zta_status status = zta_walk_begin(listing->view, ZTA_TABLE_FLEET_STATEMENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    int64_t since_ns;
    status = find_node(&walk, (const uint8_t *)statement.key.data, &node, &since_ns);
    zta_walk_end(&walk);
    if (status == ZTA_OK) {
        *goes_on = listing->fn(listing->context, &node);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_fleet_each_node(struct zta_view *view, zta_fleet_node_fn fn, void *context)
{
    struct node_listing listing = {.view = view, .fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_FLEET_STATEMENTS, tell_node, &listing);
}
