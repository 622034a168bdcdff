/* SPDX-License-Identifier: Apache-2.0 */
/* Names and who has them. */
#include "shared/store/claims_priv.h"

#include <string.h>

struct waiting_key {
    uint8_t bytes[ZTA_CLAIM_NAME_MAX + 1 + ZTA_CLAIM_ID_MAX];
    size_t size;
};

static bool is_same(struct zta_blob a, struct zta_blob b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* ZTA_TOO_LARGE: no name or id of a record is so long. */
static enum zta_status make_key(struct zta_blob name, struct zta_blob id, struct waiting_key *key)
{
    if (name.size > ZTA_CLAIM_NAME_MAX || id.size > ZTA_CLAIM_ID_MAX) {
        return ZTA_TOO_LARGE;
    }
    memcpy(key->bytes, name.data, name.size);
    key->bytes[name.size] = 0;
    memcpy(key->bytes + name.size + 1, id.size > 0 ? id.data : "", id.size);
    key->size = name.size + 1 + id.size;
    return ZTA_OK;
}

static enum zta_status wait_for(struct zta_change *change, enum zta_table table,
                                struct zta_blob name, struct zta_blob id)
{
    struct waiting_key key;
    const enum zta_status status = make_key(name, id, &key);
    return status == ZTA_OK ? zta_change_put(change, table, ZTA_BLOB(key.bytes, key.size),
                                             ZTA_BLOB(key.bytes + name.size + 1, id.size))
                            : status;
}

static enum zta_status stop_waiting(struct zta_change *change, enum zta_table table,
                                    struct zta_blob name, struct zta_blob id)
{
    struct waiting_key key;
    const enum zta_status status = make_key(name, id, &key);
    return status == ZTA_OK ? zta_change_remove(change, table, ZTA_BLOB(key.bytes, key.size))
                            : status;
}

enum zta_status zta_claim_add(struct zta_change *change, const struct zta_claims *claims,
                              struct zta_blob name, struct zta_blob id)
{
    uint8_t copy[ZTA_CLAIM_ID_MAX];
    struct zta_blob owner;
    bool is_preferred = true;
    enum zta_status status = zta_change_get(change, claims->table, name, &owner);
    if (status == ZTA_NOT_FOUND) {
        return zta_change_put(change, claims->table, name, id);
    }
    if (status == ZTA_OK && is_same(owner, id)) {
        return ZTA_OK;
    }
    if (status == ZTA_OK && owner.size > sizeof copy) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        memcpy(copy, owner.data, owner.size);
        owner.data = copy;
        status = claims->prefer(change, id, owner, &is_preferred);
    }
    if (status == ZTA_OK && is_preferred) {
        status = stop_waiting(change, claims->table, name, id);
        if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
            status = zta_change_put(change, claims->table, name, id);
        }
    }
    return status == ZTA_OK ? wait_for(change, claims->table, name, is_preferred ? owner : id)
                            : status;
}

/* The one that is preferred of those that wait, copied. ZTA_NOT_FOUND: nobody does. */
static enum zta_status next_owner(struct zta_change *change, const struct zta_claims *claims,
                                  struct zta_blob name, uint8_t copy[ZTA_CLAIM_ID_MAX],
                                  struct zta_blob *next)
{
    struct waiting_key from;
    struct zta_walk walk;
    struct zta_blob value;
    *next = ZTA_BLOB(NULL, 0);
    enum zta_status status = make_key(name, ZTA_BLOB(NULL, 0), &from);
    if (status == ZTA_OK) {
        status = zta_walk_change(change, claims->table, &walk);
    }
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key = ZTA_BLOB(from.bytes, from.size);
    for (status = zta_walk_seek(&walk, &key, &value);
         status == ZTA_OK && key.size > from.size && memcmp(key.data, from.bytes, from.size) == 0 &&
         value.size <= ZTA_CLAIM_ID_MAX;
         status = zta_walk_next(&walk, &key, &value)) {
        bool is_rather = true;
        if (next->data != NULL) {
            status = claims->prefer(change, value, *next, &is_rather);
        }
        if (status != ZTA_OK) {
            break;
        }
        if (is_rather) {
            memcpy(copy, value.data, value.size);
            *next = ZTA_BLOB(copy, value.size);
        }
    }
    zta_walk_end(&walk);
    status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    return status == ZTA_OK && next->data == NULL ? ZTA_NOT_FOUND : status;
}

enum zta_status zta_claim_remove(struct zta_change *change, const struct zta_claims *claims,
                                 struct zta_blob name, struct zta_blob id)
{
    uint8_t copy[ZTA_CLAIM_ID_MAX];
    struct zta_blob owner;
    struct zta_blob next;
    enum zta_status status = zta_change_get(change, claims->table, name, &owner);
    if (status == ZTA_OK && !is_same(owner, id)) {
        status = stop_waiting(change, claims->table, name, id);
    }
    else if (status == ZTA_OK) {
        status = next_owner(change, claims, name, copy, &next);
        if (status == ZTA_OK) {
            status = zta_change_put(change, claims->table, name, next);
            return status == ZTA_OK ? stop_waiting(change, claims->table, name, next) : status;
        }
        if (status == ZTA_NOT_FOUND) {
            status = zta_change_remove(change, claims->table, name);
        }
    }
    return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
}

enum zta_status zta_claim_has(struct zta_change *change, const struct zta_claims *claims,
                              struct zta_blob name, struct zta_blob id, bool *is_so)
{
    struct waiting_key key;
    struct zta_blob owner;
    enum zta_status status = zta_change_get(change, claims->table, name, &owner);
    *is_so = status == ZTA_OK && is_same(owner, id);
    if (status == ZTA_OK && !*is_so) {
        status = make_key(name, id, &key);
        if (status == ZTA_OK) {
            status = zta_change_get(change, claims->table, ZTA_BLOB(key.bytes, key.size), &owner);
        }
        *is_so = status == ZTA_OK;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_claim_is_there(struct zta_view *view, enum zta_table table,
                                   struct zta_blob name, struct zta_blob id, bool *is_so)
{
    struct waiting_key key;
    struct zta_blob owner;
    enum zta_status status = zta_view_get(view, table, name, &owner);
    *is_so = status == ZTA_OK && is_same(owner, id);
    if (status == ZTA_OK && !*is_so) {
        status = make_key(name, id, &key);
        if (status == ZTA_OK) {
            status = zta_view_get(view, table, ZTA_BLOB(key.bytes, key.size), &owner);
        }
        *is_so = status == ZTA_OK;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

bool zta_claim_waits(struct zta_blob key, struct zta_blob value, size_t name_size)
{
    const uint8_t *bytes = key.data;
    const uint8_t *end = name_size > 0 ? bytes + name_size : memchr(bytes, 0, key.size);
    return end != NULL && key.size > name_size && *end == 0 &&
           is_same(ZTA_BLOB(end + 1, (size_t)(bytes + key.size - end - 1)), value);
}
