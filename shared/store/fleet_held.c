/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are kept without effect, because they were above the bound. */
#include "shared/store/fleet_held.h"

#include <string.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/notice.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/measures_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"

static enum zta_status put_mark(struct zta_change *change, struct zta_blob name, bool is_dropped,
                                int64_t now_s)
{
    uint8_t mark[ZTA_HELD_SIZE];
    mark[0] = is_dropped ? 1 : 0;
    zta_put_u64(mark + 1, (uint64_t)now_s);
    return zta_change_put(change, ZTA_TABLE_FLEET_HELD, name, ZTA_BLOB(mark, sizeof mark));
}

enum zta_status zta_fleet_check_held(struct zta_blob key, struct zta_blob value)
{
    const uint8_t *mark = value.data;
    return key.size == ZTA_STATEMENT_NAME_SIZE && value.size == ZTA_HELD_SIZE && mark[0] <= 1
               ? ZTA_OK
               : ZTA_CORRUPT;
}

enum zta_status zta_fleet_hold(struct zta_change *change, const struct zta_statement *statement,
                               int64_t now_s)
{
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    zta_statement_name(statement, name);
    return put_mark(change, ZTA_BLOB(name, sizeof name), false, now_s);
}

enum zta_status zta_fleet_is_held(struct zta_change *change, struct zta_blob name, bool *is_so)
{
    struct zta_blob mark;
    const enum zta_status status = zta_change_get(change, ZTA_TABLE_FLEET_HELD, name, &mark);
    *is_so = status == ZTA_OK;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* ---- looking ---- */

static struct zta_blob blob_of(struct zta_text text)
{
    return ZTA_BLOB(text.data, text.len);
}

static enum zta_status read_statement(struct zta_blob bytes, struct zta_statement *statement)
{
    const struct zta_text said = {.data = bytes.data, .len = bytes.size};
    return zta_statement_read(said, statement) == ZTA_OK ? ZTA_OK : ZTA_CORRUPT;
}

/* Of what is said of its record: what makes it moot. */
struct weighing {
    struct zta_view *view;
    const struct zta_fleet_held *held;
    int64_t strength;             /* of the held one */
    struct zta_statement release; /* the last one; its version is INT64_MIN: none */
    bool is_moot;
};

/* Walks what is said of the record from its first statement on. */
static bool is_of_record(const struct weighing *weighing, struct zta_blob key)
{
    return key.size == ZTA_STATEMENT_NAME_SIZE &&
           memcmp(key.data, weighing->held->name, ZTA_SHA256_SIZE) == 0;
}

static enum zta_status see_release(void *context, struct zta_blob key, struct zta_blob value,
                                   bool *goes_on)
{
    struct weighing *weighing = context;
    struct zta_statement said;
    *goes_on = is_of_record(weighing, key);
    const enum zta_status status = *goes_on ? read_statement(value, &said) : ZTA_OK;
    if (status == ZTA_OK && *goes_on && said.is_gone &&
        zta_statement_is_later(&said, &weighing->release)) {
        weighing->release = said;
    }
    return status;
}

/* As strict as the held one, in effect, and not released. */
static enum zta_status see_other(void *context, struct zta_blob key, struct zta_blob value,
                                 bool *goes_on)
{
    struct weighing *weighing = context;
    struct zta_statement said;
    struct zta_blob mark;
    int64_t strength = 0;
    *goes_on = is_of_record(weighing, key);
    enum zta_status status = *goes_on ? read_statement(value, &said) : ZTA_OK;
    if (status != ZTA_OK || !*goes_on || said.is_gone ||
        !zta_statement_is_later(&said, &weighing->release)) {
        return status;
    }
    status = zta_view_get(weighing->view, ZTA_TABLE_FLEET_HELD, key, &mark);
    if (status != ZTA_NOT_FOUND) {
        return status; /* without effect itself, or the one that is weighed */
    }
    status =
        zta_topic_find(said.topic)->strength(blob_of(said.key), blob_of(said.value), &strength);
    weighing->is_moot = weighing->is_moot || (status == ZTA_OK && strength >= weighing->strength);
    return status;
}

static enum zta_status weigh(struct zta_view *view, const struct zta_fleet_held *held,
                             bool *is_moot)
{
    const struct zta_statement *statement = &held->statement;
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    struct weighing weighing = {
        .view = view, .held = held, .release = {.version_ns = INT64_MIN}, .is_moot = false};
    if (topic == NULL) {
        return ZTA_CORRUPT;
    }
    uint8_t from[ZTA_STATEMENT_NAME_SIZE] = {0};
    memcpy(from, held->name, ZTA_SHA256_SIZE);
    const struct zta_blob first = ZTA_BLOB(from, sizeof from);
    enum zta_status status =
        topic->strength(blob_of(statement->key), blob_of(statement->value), &weighing.strength);
    if (status == ZTA_OK) {
        status =
            zta_view_each_from(view, ZTA_TABLE_FLEET_STATEMENTS, first, see_release, &weighing);
    }
    if (status == ZTA_OK) {
        weighing.is_moot = !zta_statement_is_later(statement, &weighing.release);
        status = zta_view_each_from(view, ZTA_TABLE_FLEET_STATEMENTS, first, see_other, &weighing);
    }
    *is_moot = weighing.is_moot;
    return status;
}

/* What ends by itself. */
static enum zta_status find_end(const struct zta_statement *statement, int64_t *until_s)
{
    struct zta_restriction restriction;
    const enum zta_status status = zta_fleet_restriction(statement, &restriction);
    if (status == ZTA_OK) {
        *until_s = statement->topic == ZTA_FLEET_BLOCK         ? restriction.block.until_s
                   : statement->topic == ZTA_FLEET_RISK        ? restriction.risk_until_s
                   : statement->topic == ZTA_FLEET_ATTESTATION ? restriction.attestation.ends_s
                                                               : restriction.measure.until_s;
    }
    return status == ZTA_INVALID ? ZTA_CORRUPT : status;
}

static void make_id(struct zta_fleet_held *held)
{
    uint8_t version[sizeof(uint64_t)];
    struct zta_sha256 hash;
    zta_put_u64(version, (uint64_t)held->statement.version_ns);
    const struct zta_text parts[] = {
        {.data = (const char *)held->name, .len = sizeof held->name},
        {.data = (const char *)version, .len = sizeof version},
    };
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &hash);
    memcpy(held->id, hash.bytes, sizeof held->id);
}

struct listening {
    struct zta_view *view;
    zta_fleet_held_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listening *listening = context;
    const uint8_t *mark = value.data;
    struct zta_fleet_held held = {.until_s = 0};
    struct zta_blob bytes;
    if (zta_fleet_check_held(key, value) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    enum zta_status status = zta_view_get(listening->view, ZTA_TABLE_FLEET_STATEMENTS, key, &bytes);
    if (status == ZTA_OK) {
        status = read_statement(bytes, &held.statement);
    }
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
    }
    memcpy(held.name, key.data, sizeof held.name);
    held.bytes = (struct zta_text){.data = bytes.data, .len = bytes.size};
    held.is_dropped = mark[0] == 1;
    held.since_s = (int64_t)zta_get_u64(mark + 1);
    make_id(&held);
    status = find_end(&held.statement, &held.until_s);
    if (status == ZTA_OK) {
        status = weigh(listening->view, &held, &held.is_moot);
    }
    *goes_on = status == ZTA_OK && listening->fn(listening->context, &held);
    return status;
}

enum zta_status zta_fleet_each_held(struct zta_view *view, zta_fleet_held_fn fn, void *context)
{
    struct listening listening = {.view = view, .fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_FLEET_HELD, tell, &listening);
}

bool zta_fleet_held_waits(const struct zta_fleet_held *held, int64_t now_s)
{
    return !held->is_dropped && !held->is_moot && (held->until_s == 0 || held->until_s > now_s);
}

/* ---- deciding ---- */

/* Its effect, and a note of the record for who says what was done here. */
static enum zta_status give_effect(struct zta_change *change, const struct zta_statement *statement,
                                   bool is_said)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    const enum zta_status status = zta_fleet_apply(change, statement);
    return status == ZTA_OK && is_said && topic != NULL && !topic->is_automatic
               ? zta_outbox_note(change, statement->topic, blob_of(statement->key), false)
               : status;
}

/* A copy of what is held; ZTA_NOT_FOUND: not that statement. The caller clears it. */
static enum zta_status copy_held(struct zta_change *change, const struct zta_fleet_held *held,
                                 struct zta_draft *copy, struct zta_statement *statement)
{
    const struct zta_blob key = ZTA_BLOB(held->name, sizeof held->name);
    struct zta_blob bytes;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_FLEET_HELD, key, &bytes);
    if (status == ZTA_OK) {
        status = zta_change_get(change, ZTA_TABLE_FLEET_STATEMENTS, key, &bytes);
    }
    if (status == ZTA_OK) {
        status = zta_draft_set_bytes(copy, bytes);
    }
    if (status == ZTA_OK) {
        status = read_statement(ZTA_BLOB(copy->bytes, copy->size), statement);
    }
    return status == ZTA_OK && statement->version_ns != held->statement.version_ns ? ZTA_NOT_FOUND
                                                                                   : status;
}

enum zta_status zta_fleet_apply_held(struct zta_change *change, const struct zta_fleet_held *held,
                                     bool is_said)
{
    struct zta_draft copy = {.is_there = false};
    struct zta_statement statement;
    enum zta_status status = copy_held(change, held, &copy, &statement);
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_FLEET_HELD,
                                   ZTA_BLOB(held->name, sizeof held->name));
    }
    if (status == ZTA_OK) {
        status = give_effect(change, &statement, is_said);
    }
    zta_draft_clear(&copy);
    return status;
}

enum zta_status zta_fleet_drop_held(struct zta_change *change, const struct zta_fleet_held *held,
                                    int64_t now_s)
{
    struct zta_draft copy = {.is_there = false};
    struct zta_statement statement;
    enum zta_status status = copy_held(change, held, &copy, &statement);
    zta_draft_clear(&copy);
    return status == ZTA_OK ? put_mark(change, ZTA_BLOB(held->name, sizeof held->name), true, now_s)
                            : status;
}

struct counting {
    int64_t now_s;
    uint64_t n;
};

static bool count_one(void *context, const struct zta_fleet_held *held)
{
    struct counting *counting = context;
    counting->n += zta_fleet_held_waits(held, counting->now_s);
    return true;
}

enum zta_status zta_fleet_count_held(struct zta_view *view, int64_t now_s, uint64_t *n)
{
    struct counting counting = {.now_s = now_s};
    const enum zta_status status = zta_fleet_each_held(view, count_one, &counting);
    *n = counting.n;
    return status;
}

/* ---- what they say ---- */

enum zta_status zta_fleet_target(const struct zta_statement *statement, struct zta_target *target)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    struct zta_target found = {.kind = ZTA_TARGET_EVERYONE};
    if (topic == NULL || statement->is_gone || topic->target == NULL) {
        return ZTA_INVALID;
    }
    const enum zta_status status =
        topic->target(ZTA_BLOB(statement->key.data, statement->key.len),
                      ZTA_BLOB(statement->value.data, statement->value.len), &found);
    if (status == ZTA_OK) {
        *target = found;
    }
    return status;
}

static enum zta_status read_measure(struct zta_blob key, struct zta_blob value,
                                    struct zta_restriction *found)
{
    struct zta_measure_record one;
    const enum zta_status status = zta_measure_decode_told(key, value, &one);
    if (status == ZTA_OK) {
        found->measure = one.entries[0];
        found->by = found->measure.rule;
        found->reason = found->measure.reason;
    }
    return status;
}

static enum zta_status read_attestation(struct zta_blob key, struct zta_blob value,
                                        struct zta_restriction *found)
{
    const enum zta_status status = zta_fleet_attestation_read(key, value, &found->attestation);
    const struct zta_attestation *attestation = &found->attestation;
    if (status == ZTA_OK) {
        const bool is_compliance = attestation->what == ZTA_ATTESTED_COMPLIANCE;
        found->by = attestation->transmitter;
        found->reason = zta_text_of(zta_notice_level_name(
            is_compliance ? ZTA_NOTICE_DEVICE : ZTA_NOTICE_RISK, attestation->level));
        if (is_compliance || attestation->what == ZTA_ATTESTED_DEVICE_RISK) {
            found->device = attestation->name;
        }
    }
    return status;
}

enum zta_status zta_fleet_restriction(const struct zta_statement *statement,
                                      struct zta_restriction *restriction)
{
    const struct zta_blob key = blob_of(statement->key);
    const struct zta_blob value = blob_of(statement->value);
    struct zta_restriction found = {.by = {.data = NULL}};
    enum zta_status status = zta_fleet_target(statement, &found.target);
    if (status != ZTA_OK) {
        return status;
    }
    switch (statement->topic) {
    case ZTA_FLEET_REVOCATION:
        status = zta_revocation_read_told(key, value, &found.revocation);
        found.by = found.revocation.author;
        found.reason = found.revocation.reason;
        break;
    case ZTA_FLEET_BLOCK:
        status = zta_block_read_told(key, value, &found.block);
        found.by = found.block.author;
        found.reason = found.block.reason;
        break;
    case ZTA_FLEET_HOLD:
    case ZTA_FLEET_MEASURE:
        status = read_measure(key, value, &found);
        break;
    case ZTA_FLEET_DEVICE_LACK:
        found.device = statement->key;
        break;
    case ZTA_FLEET_RISK:
        status = zta_fleet_risk_end(key, value, &found.risk_until_s);
        break;
    case ZTA_FLEET_ATTESTATION:
        status = read_attestation(key, value, &found);
        break;
    default: /* its target is all that there is to say */
        break;
    }
    if (status == ZTA_OK) {
        *restriction = found;
    }
    return status;
}
