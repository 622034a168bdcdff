/* SPDX-License-Identifier: Apache-2.0 */
/* Packs, unpacks, walks and prunes rows of repeated denials. */
#include "shared/store/repeats.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/net.h"
#include "shared/base/reader.h"
#include "shared/store/erasures_priv.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define V4_PREFIX       32
#define V6_PREFIX       64
#define REPEAT_SIZE_MAX 1280

_Static_assert(2 + 3 * 8 + 1 + ZTA_REPEAT_EXAMPLES * ZTA_ULID_SIZE + ZTA_EVENT_SIZE + 32 <=
                   REPEAT_SIZE_MAX,
               "a row fits");

void zta_event_source(const struct zta_event *event, uint8_t out[ZTA_EVENT_SOURCE_SIZE])
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    memset(out, 0, ZTA_EVENT_SOURCE_SIZE);
    if (memcmp(event->session, none, sizeof none) != 0) {
        out[0] = 's';
        memcpy(out + 1, event->session, sizeof event->session);
        return;
    }
    struct zta_cidr network = zta_addr_network(&event->addr, V4_PREFIX, V6_PREFIX);
    out[0] = 'a';
    out[1] = network.addr.family;
    memcpy(out + 2, network.addr.bytes, sizeof network.addr.bytes);
}

void zta_repeat_key_make(const struct zta_event *event, bool is_various, struct zta_repeat_key *key)
{
    uint8_t source[ZTA_EVENT_SOURCE_SIZE];
    zta_event_source(event, source);
    /* Outcome and reason: a challenge and a denial for one reason are two answers. */
    const char why[] = {(char)event->outcome, (char)event->reason};
    struct zta_text parts[] = {
        {.data = why, .len = sizeof why},
        {.data = (const char *)source, .len = sizeof source},
        zta_event_text(event, ZTA_EVENT_ROUTE),
        zta_event_text(event, ZTA_EVENT_HOST),
    };
    struct zta_sha256 digest;
    zta_sha256_parts(parts, is_various ? 1 : sizeof parts / sizeof parts[0], &digest);
    memcpy(key->hash, digest.bytes, sizeof key->hash);
    int64_t time_s = event->time_ns > 0 ? event->time_ns / ZTA_NS_PER_S : 0;
    key->window_s = (uint64_t)(time_s - time_s % ZTA_REPEAT_WINDOW_S);
}

static struct zta_blob encode_key(const struct zta_repeat_key *key,
                                  uint8_t out[ZTA_REPEAT_KEY_SIZE])
{
    zta_put_u64(out, key->window_s);
    memcpy(out + 8, key->hash, sizeof key->hash);
    return ZTA_BLOB(out, ZTA_REPEAT_KEY_SIZE);
}

static enum zta_status decode(struct zta_blob key, struct zta_blob record,
                              struct zta_repeat *repeat)
{
    if (key.size != ZTA_REPEAT_KEY_SIZE) {
        return ZTA_CORRUPT;
    }
    struct zta_repeat read;
    memset(&read, 0, sizeof read);
    const uint8_t *place = key.data;
    read.key.window_s = zta_get_u64(place);
    memcpy(read.key.hash, place + 8, sizeof read.key.hash);
    struct zta_reader reader;
    zta_reader_init(&reader, record.data, record.size);
    uint8_t version = zta_read_u8(&reader);
    uint8_t is_various = zta_read_u8(&reader);
    read.is_various = is_various != 0;
    read.first_ns = (int64_t)zta_read_u64(&reader);
    read.last_ns = (int64_t)zta_read_u64(&reader);
    read.n = zta_read_u64(&reader);
    read.n_examples = zta_read_u8(&reader);
    if (version != ZTA_REPEAT_VERSION || is_various > 1 || read.n_examples > ZTA_REPEAT_EXAMPLES) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < read.n_examples; i++) {
        zta_read_bytes(&reader, read.examples[i].bytes, sizeof read.examples[i].bytes);
    }
    size_t used;
    if (reader.is_bad ||
        zta_event_decode(reader.data + reader.pos, reader.size - reader.pos, &read.event, &used) !=
            ZTA_OK ||
        used != reader.size - reader.pos) {
        return ZTA_CORRUPT;
    }
    *repeat = read;
    return ZTA_OK;
}

enum zta_status zta_repeat_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_repeat repeat;
    return decode(key, value, &repeat);
}

enum zta_status zta_repeat_load(struct zta_change *change, const struct zta_repeat_key *key,
                                struct zta_repeat *repeat)
{
    uint8_t place[ZTA_REPEAT_KEY_SIZE];
    struct zta_blob where = encode_key(key, place);
    struct zta_blob record;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_REPEATS, where, &record);
    return status == ZTA_OK ? decode(where, record, repeat) : status;
}

enum zta_status zta_repeat_put(struct zta_change *change, const struct zta_repeat *repeat)
{
    uint8_t place[ZTA_REPEAT_KEY_SIZE];
    uint8_t record[REPEAT_SIZE_MAX];
    struct zta_writer writer;
    zta_writer_init(&writer, record, sizeof record);
    zta_write_u8(&writer, ZTA_REPEAT_VERSION);
    zta_write_u8(&writer, repeat->is_various);
    zta_write_u64(&writer, (uint64_t)repeat->first_ns);
    zta_write_u64(&writer, (uint64_t)repeat->last_ns);
    zta_write_u64(&writer, repeat->n);
    zta_write_u8(&writer, (uint8_t)repeat->n_examples);
    for (size_t i = 0; i < repeat->n_examples; i++) {
        zta_write_bytes(&writer, repeat->examples[i].bytes, sizeof repeat->examples[i].bytes);
    }
    size_t size;
    enum zta_status status =
        zta_event_encode(&repeat->event, record + writer.len, sizeof record - writer.len, &size);
    if (status != ZTA_OK) {
        return status;
    }
    return zta_change_put(change, ZTA_TABLE_REPEATS, encode_key(&repeat->key, place),
                          ZTA_BLOB(record, writer.len + size));
}

enum zta_status zta_repeat_of(struct zta_view *view, const struct zta_event *event,
                              struct zta_repeat *repeat)
{
    struct zta_repeat_key key;
    zta_repeat_key_make(event, false, &key);
    uint8_t place[ZTA_REPEAT_KEY_SIZE];
    struct zta_blob where = encode_key(&key, place);
    struct zta_blob record;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_REPEATS, where, &record);
    return status == ZTA_OK ? decode(where, record, repeat) : status;
}

struct telling {
    zta_repeat_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob record,
                            bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_repeat repeat;
    const enum zta_status status = decode(key, record, &repeat);
    if (status == ZTA_OK) {
        *goes_on = telling->fn(telling->context, &repeat);
    }
    return status;
}

enum zta_status zta_repeat_each(struct zta_view *view, int64_t from_s, zta_repeat_fn fn,
                                void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    const struct zta_repeat_key from = {.window_s = from_s > 0 ? (uint64_t)from_s : 0};
    uint8_t place[ZTA_REPEAT_KEY_SIZE];
    return zta_view_each_from(view, ZTA_TABLE_REPEATS, encode_key(&from, place), tell, &telling);
}

static bool is_before(void *context, struct zta_blob key)
{
    const uint64_t *before = context;
    return key.size != ZTA_REPEAT_KEY_SIZE || zta_get_u64(key.data) < *before;
}

enum zta_status zta_repeats_prune(struct zta_change *change, int64_t before_s, size_t most,
                                  uint64_t *n)
{
    uint64_t before = before_s > 0 ? (uint64_t)before_s : 0;
    const struct zta_trim trim = {
        .table = ZTA_TABLE_REPEATS, .most = most, .goes = is_before, .context = &before};
    return zta_table_trim(change, &trim, n);
}

static bool is_of(struct zta_blob key, struct zta_blob record, const struct zta_prune *prune)
{
    struct zta_repeat repeat;
    return decode(key, record, &repeat) == ZTA_OK &&
           zta_erasure_is_of_event(prune->context, &repeat.event);
}

enum zta_status zta_repeats_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                  struct zta_prune_place *place, size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_REPEATS, .is_old = is_of, .context = erasure, .most = most};
    return zta_table_prune(change, &prune, place, n);
}
