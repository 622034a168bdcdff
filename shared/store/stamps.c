/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys fall by their hash into stretches; for each stands the last transaction that wrote to one of
 * its keys. A commit that does not follow one that kept these books (an older release wrote) takes
 * all stretches for written.
 */
#include "shared/store/recall_priv.h"

#include <string.h>

#include "shared/base/bytes.h"

#define N_STRETCHES ZTA_STAMPS_STRETCHES

_Static_assert(sizeof(((struct zta_change *)0)->touched) * 8 >= N_STRETCHES, "a bit for each");

static const struct zta_blob stamps_key = {.data = ZTA_STAMPS_KEY,
                                           .size = sizeof(ZTA_STAMPS_KEY) - 1};

bool zta_stamps_has(enum zta_table table)
{
    /* What requests look up; the others are written too often to be told apart. */
    switch (table) {
    case ZTA_TABLE_SIGNALS:
    case ZTA_TABLE_BASELINES:
    case ZTA_TABLE_RISKS:
    case ZTA_TABLE_ADDRESS_RISKS:
    case ZTA_TABLE_MEASURES:
    case ZTA_TABLE_ATTESTATIONS:
        return true;
    default:
        return false;
    }
}

static size_t stretch_of(uint64_t hash)
{
    return (size_t)((hash >> 32) * N_STRETCHES >> 32);
}

static void touch(struct zta_change *change, const struct zta_recall_question *question)
{
    const size_t stretch = stretch_of(question->record);
    change->touched[stretch / 64] |= UINT64_C(1) << stretch % 64;
}

void zta_stamps_touch(struct zta_change *change, enum zta_table table, struct zta_blob key)
{
    struct zta_recall_question question;
    if (change->env != ZTA_ENV_STATE || !zta_stamps_has(table)) {
        return;
    }
    if (zta_recall_name(table, key, &question)) {
        touch(change, &question);
    }
    zta_recall_name_size(table, &question);
    touch(change, &question);
}

void zta_stamps_touch_all(struct zta_change *change)
{
    memset(change->touched, 0xff, sizeof(change->touched));
}

enum zta_status zta_stamps_store(struct zta_change *change)
{
    uint8_t stamps[ZTA_STAMPS_SIZE];
    const uint64_t now = zta_change_txn(change);
    struct zta_blob former;
    if (change->env != ZTA_ENV_STATE || !change->is_written) {
        return ZTA_OK;
    }
    enum zta_status status = zta_change_get(change, ZTA_TABLE_STATE_META, stamps_key, &former);
    if (status == ZTA_OK && former.size == sizeof(stamps) && zta_get_u64(former.data) == now - 1) {
        memcpy(stamps, former.data, sizeof(stamps));
    }
    else if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        zta_stamps_touch_all(change);
    }
    else {
        return status;
    }
    zta_put_u64(stamps, now);
    for (size_t i = 0; i < N_STRETCHES; i++) {
        if ((change->touched[i / 64] >> i % 64 & 1) != 0) {
            zta_put_u64(stamps + ZTA_STAMPS_AT_FIRST + 8 * i, now);
        }
    }
    return zta_change_put(change, ZTA_TABLE_STATE_META, stamps_key,
                          ZTA_BLOB(stamps, sizeof(stamps)));
}

enum zta_status zta_stamps_load(struct zta_view *view, uint8_t stamps[ZTA_STAMPS_SIZE])
{
    struct zta_blob found;
    const enum zta_status status = zta_view_look_up(view, ZTA_TABLE_STATE_META, stamps_key, &found);
    if (status != ZTA_OK || found.size != ZTA_STAMPS_SIZE) {
        return status == ZTA_OK ? ZTA_NOT_FOUND : status;
    }
    memcpy(stamps, found.data, found.size);
    return ZTA_OK;
}

uint64_t zta_stamps_since(const uint8_t stamps[ZTA_STAMPS_SIZE], uint64_t hash, uint64_t now)
{
    return zta_get_u64(stamps) == now
               ? zta_get_u64(stamps + ZTA_STAMPS_AT_FIRST + 8 * stretch_of(hash))
               : now;
}
