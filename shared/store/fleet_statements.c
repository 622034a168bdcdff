/* SPDX-License-Identifier: Apache-2.0 */
/* Statements as they are kept, their sum, and what follows of all that is said of one record. */
#include <string.h>

#include "shared/base/hash.h"
#include "shared/base/reader.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"

static const struct zta_blob sum_key = {.data = ZTA_FLEET_SUM_KEY,
                                        .size = sizeof(ZTA_FLEET_SUM_KEY) - 1};

static struct zta_text text_of(struct zta_blob blob)
{
    return (struct zta_text){.data = blob.data, .len = blob.size};
}

static struct zta_blob blob_of(struct zta_text text)
{
    return ZTA_BLOB(text.data, text.len);
}

enum zta_status zta_fleet_check_statement(struct zta_blob key, struct zta_blob value)
{
    struct zta_statement statement;
    uint8_t expected[ZTA_STATEMENT_NAME_SIZE];
    if (zta_statement_read(text_of(value), &statement) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    zta_statement_name(&statement, expected);
    return key.size == sizeof expected && memcmp(key.data, expected, sizeof expected) == 0
               ? ZTA_OK
               : ZTA_CORRUPT;
}

enum zta_status zta_fleet_check_note(struct zta_blob key, struct zta_blob value)
{
    const uint8_t *note = value.data;
    return key.size == sizeof(uint64_t) && value.size > ZTA_OUTBOX_HEAD_SIZE && note[1] <= 1 &&
                   zta_fleet_topic_name(note[0]) != NULL
               ? ZTA_OK
               : ZTA_CORRUPT;
}

/* ---- the sum ---- */

static enum zta_status sum_decode(struct zta_blob record, struct zta_fleet_digest *digest)
{
    if (record.size != ZTA_FLEET_SUM_SIZE) {
        return ZTA_CORRUPT;
    }
    digest->n = zta_get_u64(record.data);
    memcpy(digest->sum, (const uint8_t *)record.data + sizeof(uint64_t), sizeof digest->sum);
    return ZTA_OK;
}

enum zta_status zta_fleet_digest(struct zta_view *view, struct zta_fleet_digest *digest)
{
    struct zta_blob record;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META, sum_key, &record);
    if (status == ZTA_NOT_FOUND) {
        *digest = (struct zta_fleet_digest){.n = 0};
        return ZTA_OK;
    }
    return status == ZTA_OK ? sum_decode(record, digest) : status;
}

/* Two sums of 64 bits each: additions commute, and what was added can be taken out again. */
static void add(struct zta_fleet_digest *digest, struct zta_text bytes, bool is_taken_out)
{
    struct zta_sha256 hash;
    zta_sha256(bytes.data, bytes.len, &hash);
    for (size_t at = 0; at < sizeof digest->sum; at += sizeof(uint64_t)) {
        const uint64_t part = zta_get_u64(hash.bytes + at);
        const uint64_t sum = zta_get_u64(digest->sum + at);
        zta_put_u64(digest->sum + at, is_taken_out ? sum - part : sum + part);
    }
    digest->n += is_taken_out ? UINT64_MAX : 1;
}

static enum zta_status change_sum(struct zta_change *change, struct zta_blob former,
                                  struct zta_text bytes)
{
    struct zta_fleet_digest digest = {.n = 0};
    struct zta_blob record;
    uint8_t out[ZTA_FLEET_SUM_SIZE];
    enum zta_status status = zta_change_get(change, ZTA_TABLE_POLICY_META, sum_key, &record);
    if (status == ZTA_OK) {
        status = sum_decode(record, &digest);
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    if (former.data != NULL) {
        add(&digest, text_of(former), true);
    }
    add(&digest, bytes, false);
    zta_put_u64(out, digest.n);
    memcpy(out + sizeof(uint64_t), digest.sum, sizeof digest.sum);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, sum_key, ZTA_BLOB(out, sizeof out));
}

/* ---- statements ---- */

enum zta_status zta_fleet_kept_bytes(struct zta_change *change, const struct zta_statement *like,
                                     struct zta_blob *bytes)
{
    uint8_t key[ZTA_STATEMENT_NAME_SIZE];
    zta_statement_name(like, key);
    return zta_change_get(change, ZTA_TABLE_FLEET_STATEMENTS, ZTA_BLOB(key, sizeof key), bytes);
}

enum zta_status zta_fleet_kept(struct zta_change *change, const struct zta_statement *like,
                               struct zta_statement *kept)
{
    struct zta_blob value;
    const enum zta_status status = zta_fleet_kept_bytes(change, like, &value);
    if (status != ZTA_OK) {
        return status;
    }
    return zta_statement_read(text_of(value), kept) == ZTA_OK ? ZTA_OK : ZTA_CORRUPT;
}

enum zta_status zta_fleet_keep(struct zta_change *change, const struct zta_statement *statement,
                               struct zta_text bytes)
{
    uint8_t key[ZTA_STATEMENT_NAME_SIZE];
    struct zta_blob former = {.data = NULL};
    struct zta_head *head = zta_change_head(change);
    zta_statement_name(statement, key);
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_FLEET_STATEMENTS, ZTA_BLOB(key, sizeof key), &former);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    if (status == ZTA_NOT_FOUND) {
        former.data = NULL;
    }
    status = change_sum(change, former, bytes);
    if (status == ZTA_OK) {
        status = zta_change_put(change, ZTA_TABLE_FLEET_STATEMENTS, ZTA_BLOB(key, sizeof key),
                                blob_of(bytes));
    }
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_FLEET_HELD, ZTA_BLOB(key, sizeof key));
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    /* What this store says from now on comes after what it heard. */
    if (status == ZTA_OK && head->clock_ns < statement->version_ns) {
        head->clock_ns = statement->version_ns;
    }
    return status;
}

struct telling {
    zta_statement_fn fn;
    void *context;
    size_t left;
    uint8_t *place;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    struct telling *telling = context;
    if (key.size != ZTA_STATEMENT_NAME_SIZE) {
        return ZTA_CORRUPT;
    }
    *goes_on = telling->left > 0 && telling->fn(telling->context, text_of(value));
    if (*goes_on) {
        telling->left--;
    }
    else {
        memcpy(telling->place, key.data, key.size);
    }
    return ZTA_OK;
}

enum zta_status zta_fleet_each(struct zta_view *view, uint8_t place[ZTA_STATEMENT_NAME_SIZE],
                               size_t most, zta_statement_fn fn, void *context)
{
    uint8_t next[ZTA_STATEMENT_NAME_SIZE] = {0};
    struct telling telling = {.fn = fn, .context = context, .left = most, .place = next};
    const enum zta_status status = zta_view_each_from(
        view, ZTA_TABLE_FLEET_STATEMENTS, ZTA_BLOB(place, ZTA_STATEMENT_NAME_SIZE), tell, &telling);
    if (status == ZTA_OK) {
        memcpy(place, next, sizeof next);
    }
    return status;
}

/* ---- what follows ---- */

/* One after the other of what is said of a record. */
static enum zta_status step(struct zta_walk *walk, const uint8_t name[ZTA_SHA256_SIZE],
                            bool is_first, struct zta_statement *statement, bool *is_held)
{
    struct zta_blob key = ZTA_BLOB(name, ZTA_SHA256_SIZE);
    struct zta_blob value;
    *is_held = false;
    const enum zta_status status =
        is_first ? zta_walk_seek(walk, &key, &value) : zta_walk_next(walk, &key, &value);
    if (status != ZTA_OK) {
        return status;
    }
    if (key.size != ZTA_STATEMENT_NAME_SIZE || memcmp(key.data, name, ZTA_SHA256_SIZE) != 0) {
        return ZTA_NOT_FOUND;
    }
    if (zta_statement_read(text_of(value), statement) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    return walk->change == NULL ? ZTA_OK : zta_fleet_is_held(walk->change, key, is_held);
}

static enum zta_status is_left_out(struct zta_walk *walk, const struct zta_settling *settling,
                                   const struct zta_statement *statement, bool *is_out)
{
    *is_out = settling->but_for != NULL &&
              memcmp(statement->origin, settling->but_for, ZTA_ORIGIN_SIZE) == 0;
    return *is_out || settling->is_out == NULL || statement->is_gone
               ? ZTA_OK
               : settling->is_out(walk->change, statement, is_out);
}

/* The same of those that count. */
static enum zta_status next_said(struct zta_walk *walk, const struct zta_settling *settling,
                                 bool is_first, struct zta_statement *statement)
{
    bool is_out = false;
    enum zta_status status = step(walk, settling->name, is_first, statement, &is_out);
    while (status == ZTA_OK) {
        if (!is_out) {
            status = is_left_out(walk, settling, statement, &is_out);
        }
        if (status != ZTA_OK || !is_out) {
            break;
        }
        status = step(walk, settling->name, false, statement, &is_out);
    }
    return status;
}

/* Is a the stricter one, or the later of equals? */
static enum zta_status is_rather(zta_strength_fn strength, const struct zta_statement *a,
                                 const struct zta_statement *b, bool *is_rather_a)
{
    int64_t strengths[2] = {0, 0};
    enum zta_status status = ZTA_OK;
    if (strength != NULL) {
        status = strength(blob_of(a->key), blob_of(a->value), &strengths[0]);
        if (status == ZTA_OK) {
            status = strength(blob_of(b->key), blob_of(b->value), &strengths[1]);
        }
    }
    *is_rather_a =
        strengths[0] != strengths[1] ? strengths[0] > strengths[1] : zta_statement_is_later(a, b);
    return status;
}

enum zta_status zta_fleet_settle(struct zta_walk *walk, const struct zta_settling *settling,
                                 struct zta_statement *counts)
{
    struct zta_statement said;
    struct zta_statement gone = {.version_ns = INT64_MIN};
    struct zta_statement best;
    bool has_best = false;
    enum zta_status status;
    for (status = next_said(walk, settling, true, &said); status == ZTA_OK;
         status = next_said(walk, settling, false, &said)) {
        if (said.is_gone && zta_statement_is_later(&said, &gone)) {
            gone = said;
        }
    }
    if (status != ZTA_NOT_FOUND) {
        return status;
    }
    for (status = next_said(walk, settling, true, &said); status == ZTA_OK;
         status = next_said(walk, settling, false, &said)) {
        bool is_better = !said.is_gone && zta_statement_is_later(&said, &gone);
        if (is_better && has_best) {
            status = is_rather(settling->strength, &said, &best, &is_better);
            if (status != ZTA_OK) {
                return status;
            }
        }
        if (is_better) {
            best = said;
            has_best = true;
        }
    }
    if (status == ZTA_NOT_FOUND && has_best) {
        *counts = best;
        return ZTA_OK;
    }
    return status;
}

enum zta_status zta_fleet_restrict(struct zta_walk *walk, const uint8_t name[ZTA_SHA256_SIZE],
                                   const struct zta_topic *restricted, struct zta_draft *draft)
{
    struct zta_statement said;
    struct zta_settling settling = {.strength = NULL};
    memcpy(settling.name, name, sizeof settling.name);
    enum zta_status status = next_said(walk, &settling, true, &said);
    while (status == ZTA_OK) {
        status = restricted->restrict_by(draft, &said);
        if (status == ZTA_OK) {
            status = next_said(walk, &settling, false, &said);
        }
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}
