/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: networks are found by one look-up for each prefix length in use. */
#include "shared/store/blocks.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/names_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/tables_priv.h"

#define RECORD_MAX 8192

static uint8_t max_prefix(uint8_t family)
{
    return family == 4 ? 32 : 128;
}

static void network_key(const struct zta_cidr *network, struct zta_record_key *key)
{
    struct zta_writer writer;
    zta_writer_init(&writer, key->bytes, sizeof(key->bytes));
    zta_write_u8(&writer, ZTA_BLOCK_NETWORK);
    zta_write_u8(&writer, network->addr.family);
    zta_write_u8(&writer, network->prefix);
    zta_write_bytes(&writer, network->addr.bytes, max_prefix(network->addr.family) / 8);
    key->size = writer.len;
}

static void subject_key(struct zta_text issuer, struct zta_text subject, struct zta_record_key *key)
{
    const struct zta_text names[] = {issuer, subject};
    zta_record_key_of_names(ZTA_BLOCK_SUBJECT, names, 2, key);
}

/* ZTA_INVALID: what names the block is absent or no network in its one form. */
static enum zta_status key_of(const struct zta_block *block, struct zta_record_key *key)
{
    const struct zta_cidr *network = &block->network;
    switch (block->kind) {
    case ZTA_BLOCK_NETWORK:
        if ((network->addr.family != 4 && network->addr.family != 6) ||
            network->prefix > max_prefix(network->addr.family)) {
            return ZTA_INVALID;
        }
        struct zta_cidr form = zta_addr_network(&network->addr, network->prefix, network->prefix);
        network_key(network, key);
        return zta_addr_equal(&form.addr, &network->addr) ? ZTA_OK : ZTA_INVALID;
    case ZTA_BLOCK_SUBJECT:
        subject_key(block->issuer, block->subject, key);
        return block->issuer.data != NULL && block->subject.data != NULL ? ZTA_OK : ZTA_INVALID;
    }
    return ZTA_INVALID;
}

static enum zta_status encode(const struct zta_block *block, const uint8_t *origin, uint8_t *out,
                              size_t *out_size)
{
    bool is_network = block->kind == ZTA_BLOCK_NETWORK;
    static const struct zta_cidr none;
    const struct zta_cidr *network = is_network ? &block->network : &none;
    struct zta_writer writer;
    zta_writer_init(&writer, out, RECORD_MAX);
    zta_write_u8(&writer, ZTA_BLOCK_FORMAT);
    zta_write_u8(&writer, (uint8_t)block->kind);
    zta_write_u8(&writer, network->addr.family);
    zta_write_u8(&writer, network->prefix);
    zta_write_bytes(&writer, network->addr.bytes, sizeof(network->addr.bytes));
    zta_write_bytes(&writer, origin, ZTA_STORE_ORIGIN_SIZE);
    zta_write_u64(&writer, (uint64_t)block->created_ns);
    zta_write_u64(&writer, (uint64_t)block->until_s);
    zta_write_u64(&writer, block->action_id);
    zta_write_text(&writer, block->issuer);
    zta_write_text(&writer, block->subject);
    zta_write_text(&writer, block->reason);
    zta_write_text(&writer, block->author);
    *out_size = writer.len;
    return writer.is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

static enum zta_status until_of(struct zta_blob value, int64_t *until_s)
{
    const uint8_t *bytes = value.data;
    if (value.size < ZTA_BLOCK_AT_TEXTS || bytes[ZTA_BLOCK_AT_FORMAT] != ZTA_BLOCK_FORMAT) {
        return ZTA_CORRUPT;
    }
    *until_s = (int64_t)zta_get_u64(bytes + ZTA_BLOCK_AT_UNTIL);
    return ZTA_OK;
}

static enum zta_status decode(struct zta_blob key, struct zta_blob value, struct zta_block *block)
{
    const uint8_t *bytes = value.data;
    struct zta_block found = {.until_s = 0};
    if (until_of(value, &found.until_s) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    found.kind = bytes[ZTA_BLOCK_AT_KIND];
    found.network.addr.family = bytes[ZTA_BLOCK_AT_FAMILY];
    found.network.prefix = bytes[ZTA_BLOCK_AT_PREFIX];
    memcpy(found.network.addr.bytes, bytes + ZTA_BLOCK_AT_ADDR, sizeof(found.network.addr.bytes));
    found.created_ns = (int64_t)zta_get_u64(bytes + ZTA_BLOCK_AT_CREATED);
    found.action_id = zta_get_u64(bytes + ZTA_BLOCK_AT_ACTION);
    struct zta_reader reader;
    zta_reader_init(&reader, bytes + ZTA_BLOCK_AT_TEXTS, value.size - ZTA_BLOCK_AT_TEXTS);
    found.issuer = zta_read_text(&reader);
    found.subject = zta_read_text(&reader);
    found.reason = zta_read_text(&reader);
    found.author = zta_read_text(&reader);
    struct zta_record_key expected;
    if (!zta_reader_is_done(&reader) || key_of(&found, &expected) != ZTA_OK ||
        key.size != expected.size || memcmp(key.data, expected.bytes, key.size) != 0) {
        return ZTA_CORRUPT;
    }
    *block = found;
    return ZTA_OK;
}

enum zta_status zta_block_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_block block;
    return decode(key, value, &block);
}

static size_t prefix_at(const struct zta_cidr *network)
{
    size_t base = network->addr.family == 4 ? ZTA_PREFIXES_AT_V4 : ZTA_PREFIXES_AT_V6;
    return base + 4 * (size_t)network->prefix;
}

static const struct zta_blob prefixes_key = {.data = ZTA_PREFIXES_KEY,
                                             .size = sizeof(ZTA_PREFIXES_KEY) - 1};

/* by is 1 or -1. */
static enum zta_status count_prefix(struct zta_change *change, const struct zta_cidr *network,
                                    int by)
{
    uint8_t counts[ZTA_PREFIXES_SIZE] = {0};
    struct zta_blob found;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_POLICY_META, prefixes_key, &found);
    if (status == ZTA_OK && found.size != sizeof(counts)) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        memcpy(counts, found.data, sizeof(counts));
    }
    else if (status != ZTA_NOT_FOUND) {
        return status;
    }
    uint8_t *at = counts + prefix_at(network);
    zta_put_u32(at, zta_get_u32(at) + (uint32_t)by);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, prefixes_key,
                          ZTA_BLOB(counts, sizeof(counts)));
}

/* Counts a record that was added (1) or removed (-1). */
static enum zta_status count(struct zta_change *change, const struct zta_block *block, int by)
{
    zta_change_head(change)->n_blocks[block->kind - 1] += (uint64_t)(int64_t)by;
    return block->kind == ZTA_BLOCK_NETWORK ? count_prefix(change, &block->network, by) : ZTA_OK;
}

enum zta_status zta_block_put(struct zta_change *change, const struct zta_block *block)
{
    struct zta_record_key key;
    if (key_of(block, &key) != ZTA_OK || block->until_s <= 0) {
        return ZTA_INVALID;
    }
    struct zta_blob found;
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_BLOCKS, ZTA_BLOB(key.bytes, key.size), &found);
    bool is_new = status == ZTA_NOT_FOUND;
    if (status != ZTA_OK && !is_new) {
        return status;
    }
    struct zta_block record = *block;
    record.created_ns = zta_change_clock_ns(change);
    uint8_t bytes[RECORD_MAX];
    size_t size;
    status = encode(&record, zta_change_origin(change), bytes, &size);
    if (status == ZTA_OK) {
        status = zta_change_put(change, ZTA_TABLE_BLOCKS, ZTA_BLOB(key.bytes, key.size),
                                ZTA_BLOB(bytes, size));
    }
    if (status == ZTA_OK && is_new) {
        status = count(change, block, 1);
    }
    if (status == ZTA_OK) {
        zta_change_head(change)->generations.blocks++;
    }
    return status;
}

enum zta_status zta_block_remove(struct zta_change *change, const struct zta_block *block)
{
    struct zta_record_key key;
    enum zta_status status = key_of(block, &key);
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_BLOCKS, ZTA_BLOB(key.bytes, key.size));
    }
    if (status == ZTA_OK) {
        status = count(change, block, -1);
    }
    if (status == ZTA_OK) {
        zta_change_head(change)->generations.blocks++;
    }
    return status;
}

bool zta_block_has_key(struct zta_blob key)
{
    const uint8_t kind = key.size > 1 ? *(const uint8_t *)key.data : 0;
    return kind == ZTA_BLOCK_NETWORK || kind == ZTA_BLOCK_SUBJECT;
}

enum zta_status zta_block_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    struct zta_block block;
    const enum zta_status status = decode(key, value, &block);
    if (status == ZTA_OK) {
        *strength = block.until_s;
    }
    return status;
}

enum zta_status zta_block_replace(struct zta_change *change, struct zta_blob key,
                                  struct zta_blob value)
{
    struct zta_blob found;
    struct zta_block block;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_BLOCKS, key, &found);
    const bool was_there = status == ZTA_OK;
    if (!was_there && (status != ZTA_NOT_FOUND || value.data == NULL)) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    /* The key says all that is counted by; texts of a found one end with the next write. */
    status = decode(key, was_there ? found : value, &block);
    if (status == ZTA_OK) {
        status = value.data != NULL ? zta_change_put(change, ZTA_TABLE_BLOCKS, key, value)
                                    : zta_change_remove(change, ZTA_TABLE_BLOCKS, key);
    }
    if (status == ZTA_OK && was_there != (value.data != NULL)) {
        status = count(change, &block, was_there ? -1 : 1);
    }
    if (status == ZTA_OK) {
        zta_change_head(change)->generations.blocks++;
    }
    return status;
}

enum zta_status zta_blocks_prune(struct zta_change *change, int64_t now_s, uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_BLOCKS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t removed = 0;
    struct zta_blob key;
    struct zta_blob value;
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK) {
        struct zta_block block;
        status = decode(key, value, &block);
        if (status == ZTA_OK && block.until_s <= now_s) {
            status = zta_walk_remove(&walk);
            if (status == ZTA_OK) {
                status = count(change, &block, -1);
            }
            removed++;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    if (status != ZTA_NOT_FOUND) {
        return status;
    }
    if (removed > 0) {
        zta_change_head(change)->generations.blocks++;
    }
    *n = removed;
    return ZTA_OK;
}

static enum zta_status is_block_alive(struct zta_view *view, const struct zta_record_key *key,
                                      int64_t now_s, bool *is_blocked)
{
    struct zta_blob value;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_BLOCKS, ZTA_BLOB(key->bytes, key->size), &value);
    if (status == ZTA_NOT_FOUND) {
        *is_blocked = false;
        return ZTA_OK;
    }
    int64_t until_s;
    if (status == ZTA_OK) {
        status = until_of(value, &until_s);
    }
    if (status == ZTA_OK) {
        *is_blocked = now_s < until_s;
    }
    return status;
}

enum zta_status zta_block_find_addr(struct zta_view *view, const struct zta_addr *addr,
                                    int64_t now_s, bool *is_blocked)
{
    const struct zta_head *head;
    enum zta_status status = zta_view_head(view, &head);
    if (status != ZTA_OK) {
        return status;
    }
    if (head->n_blocks[ZTA_BLOCK_NETWORK - 1] == 0 || (addr->family != 4 && addr->family != 6)) {
        *is_blocked = false;
        return ZTA_OK;
    }
    struct zta_blob counts;
    status = zta_view_get(view, ZTA_TABLE_POLICY_META, prefixes_key, &counts);
    if (status != ZTA_OK || counts.size != ZTA_PREFIXES_SIZE) {
        return status == ZTA_OK || status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
    }
    for (unsigned i = max_prefix(addr->family) + 1u; i-- > 0;) {
        uint8_t prefix = (uint8_t)i;
        struct zta_cidr network = zta_addr_network(addr, prefix, prefix);
        if (zta_get_u32((const uint8_t *)counts.data + prefix_at(&network)) == 0) {
            continue;
        }
        struct zta_record_key key;
        bool is_hit = false;
        network_key(&network, &key);
        status = is_block_alive(view, &key, now_s, &is_hit);
        if (status != ZTA_OK) {
            return status;
        }
        if (is_hit) {
            *is_blocked = true;
            return ZTA_OK;
        }
    }
    *is_blocked = false;
    return ZTA_OK;
}

enum zta_status zta_block_find_subject(struct zta_view *view, struct zta_text issuer,
                                       struct zta_text subject, int64_t now_s, bool *is_blocked)
{
    const struct zta_head *head;
    enum zta_status status = zta_view_head(view, &head);
    if (status != ZTA_OK) {
        return status;
    }
    if (head->n_blocks[ZTA_BLOCK_SUBJECT - 1] == 0) {
        *is_blocked = false;
        return ZTA_OK;
    }
    struct zta_record_key key;
    subject_key(issuer, subject, &key);
    return is_block_alive(view, &key, now_s, is_blocked);
}

struct listener {
    zta_block_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_block block;
    enum zta_status status = decode(key, value, &block);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &block);
    }
    return status;
}

enum zta_status zta_block_each(struct zta_view *view, zta_block_fn fn, void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_BLOCKS, tell, &listener);
}

enum zta_status zta_block_count(struct zta_view *view, uint64_t *n)
{
    const struct zta_head *head;
    enum zta_status status = zta_view_head(view, &head);
    if (status == ZTA_OK) {
        *n = head->n_blocks[ZTA_BLOCK_NETWORK - 1] + head->n_blocks[ZTA_BLOCK_SUBJECT - 1];
    }
    return status;
}

enum zta_status zta_block_read_told(struct zta_blob key, struct zta_blob value,
                                    struct zta_block *block)
{
    return decode(key, value, block);
}

enum zta_status zta_block_target(struct zta_blob key, struct zta_blob value,
                                 struct zta_target *target)
{
    struct zta_block block;
    const enum zta_status status = decode(key, value, &block);
    if (status == ZTA_OK) {
        const bool is_network = block.kind == ZTA_BLOCK_NETWORK;
        target->kind = is_network ? ZTA_TARGET_NETWORK : ZTA_TARGET_SUBJECT;
        target->network = block.network;
        target->issuer = block.issuer;
        target->name = block.subject;
    }
    return status;
}
