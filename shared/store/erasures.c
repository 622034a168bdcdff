/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in state/'s meta table, and their pieces. */
#include "shared/store/erasures.h"

#include <string.h>

#include "shared/store/erasures_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define KEY_SIZE (sizeof(ZTA_ERASE_KEY) - 1 + ZTA_SHA256_SIZE)

/* Looked at in one change: some milliseconds each. */
#define BLOCKS   64
#define REPEATS  10000
#define SESSIONS 10000

static const struct {
    zta_erase_fn erase;
    size_t most;
} tables[] = {
    {.erase = zta_events_erase, .most = BLOCKS},
    {.erase = zta_repeats_erase, .most = REPEATS},
    {.erase = zta_sessions_erase, .most = SESSIONS},
};

static const struct zta_blob order_key = {.data = ZTA_PRUNE_KEY, .size = sizeof(ZTA_PRUNE_KEY) - 1};

/* ---- whom it is about ---- */

void zta_erasure_name(struct zta_text issuer, struct zta_text subject, struct zta_sha256 *who)
{
    const struct zta_text kept = {
        .data = subject.data,
        .len = subject.len < ZTA_ERASURE_SUBJECT_MAX ? subject.len : ZTA_ERASURE_SUBJECT_MAX};
    const struct zta_text parts[] = {issuer, ZTA_TEXT("\n"), kept};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], who);
}

bool zta_erasure_is_of(const struct zta_erasure *erasure, struct zta_text issuer,
                       struct zta_text subject)
{
    struct zta_sha256 who;
    if (issuer.len == 0 || subject.len == 0) {
        return false;
    }
    zta_erasure_name(issuer, subject, &who);
    return memcmp(&who, &erasure->who, sizeof who) == 0;
}

bool zta_erasure_is_of_event(const struct zta_erasure *erasure, const struct zta_event *event)
{
    return event->time_ns <= erasure->until_ns &&
           zta_erasure_is_of(erasure, zta_event_text(event, ZTA_EVENT_ISSUER),
                             zta_event_text(event, ZTA_EVENT_SUBJECT));
}

/* ---- orders ---- */

static struct zta_blob key_of(const struct zta_erasure *erasure, uint8_t key[KEY_SIZE])
{
    memcpy(key, ZTA_ERASE_KEY, sizeof(ZTA_ERASE_KEY) - 1);
    memcpy(key + sizeof(ZTA_ERASE_KEY) - 1, erasure->who.bytes, ZTA_SHA256_SIZE);
    return ZTA_BLOB(key, KEY_SIZE);
}

enum zta_status zta_erasure_put(struct zta_change *change, const struct zta_erasure *erasure)
{
    uint8_t key[KEY_SIZE];
    uint8_t value[sizeof(uint64_t)];
    zta_put_u64(value, (uint64_t)erasure->until_ns);
    return zta_change_put(change, ZTA_TABLE_STATE_META, key_of(erasure, key),
                          ZTA_BLOB(value, sizeof value));
}

enum zta_status zta_erasure_remove(struct zta_change *change, const struct zta_erasure *erasure)
{
    uint8_t key[KEY_SIZE];
    return zta_change_remove(change, ZTA_TABLE_STATE_META, key_of(erasure, key));
}

struct finding {
    struct zta_erasure erasure;
    bool is_found;
};

static enum zta_status find(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    struct finding *finding = context;
    *goes_on = false;
    if (key.size != KEY_SIZE || memcmp(key.data, ZTA_ERASE_KEY, sizeof(ZTA_ERASE_KEY) - 1) != 0) {
        return ZTA_OK; /* behind the last */
    }
    if (value.size != sizeof(uint64_t)) {
        return ZTA_CORRUPT;
    }
    const uint8_t *who = (const uint8_t *)key.data + sizeof(ZTA_ERASE_KEY) - 1;
    memcpy(finding->erasure.who.bytes, who, ZTA_SHA256_SIZE);
    finding->erasure.until_ns = (int64_t)zta_get_u64(value.data);
    finding->is_found = true;
    return ZTA_OK;
}

enum zta_status zta_erasure_next(struct zta_view *view, struct zta_erasure *erasure)
{
    struct finding finding = {.is_found = false};
    const enum zta_status status =
        zta_view_each_from(view, ZTA_TABLE_STATE_META,
                           ZTA_BLOB(ZTA_ERASE_KEY, sizeof(ZTA_ERASE_KEY) - 1), find, &finding);
    if (status != ZTA_OK || !finding.is_found) {
        return status == ZTA_OK ? ZTA_NOT_FOUND : status;
    }
    *erasure = finding.erasure;
    return ZTA_OK;
}

enum zta_status zta_erasure_step(struct zta_change *change, const struct zta_erasure *erasure,
                                 struct zta_erasing *erasing)
{
    struct zta_prune_place place = erasing->place;
    uint64_t n = 0;
    const enum zta_status status =
        tables[erasing->table].erase(change, erasure, &place, tables[erasing->table].most, &n);
    if (status != ZTA_OK) {
        return status;
    }
    erasing->place = place;
    erasing->n += n;
    if (place.size == 0) {
        erasing->table++;
        erasing->is_done = erasing->table == sizeof tables / sizeof tables[0];
    }
    return erasing->is_done ? zta_erasure_remove(change, erasure) : ZTA_OK;
}

/* ---- what is older ---- */

enum zta_status zta_prune_order_put(struct zta_change *change, int64_t before_s)
{
    uint8_t value[sizeof(uint64_t)];
    zta_put_u64(value, (uint64_t)before_s);
    return zta_change_put(change, ZTA_TABLE_STATE_META, order_key, ZTA_BLOB(value, sizeof value));
}

enum zta_status zta_prune_order_get(struct zta_view *view, int64_t *before_s)
{
    struct zta_blob value;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_STATE_META, order_key, &value);
    if (status == ZTA_OK && value.size != sizeof(uint64_t)) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        *before_s = status == ZTA_OK ? (int64_t)zta_get_u64(value.data) : 0;
        return ZTA_OK;
    }
    return status;
}
