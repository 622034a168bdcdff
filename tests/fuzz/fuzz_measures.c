/* SPDX-License-Identifier: Apache-2.0 */
/* Records of measures: any bytes decode or are refused; what decodes encodes to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "shared/store/measures_priv.h"

#include "shared/base/reader.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key is the one that the record's own target gives, which the first pass finds out. */
static enum zta_status decode(enum zta_env_id env, struct zta_blob value,
                              struct zta_measure_record *record)
{
    struct zta_target target = {.kind = ZTA_TARGET_EVERYONE};
    struct zta_measure_key key;
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    (void)zta_read_u8(&reader);
    target.kind = (enum zta_target_kind)zta_read_u8(&reader);
    target.network.addr.family = zta_read_u8(&reader);
    target.network.prefix = zta_read_u8(&reader);
    zta_read_bytes(&reader, target.network.addr.bytes, sizeof target.network.addr.bytes);
    zta_read_bytes(&reader, target.session, sizeof target.session);
    target.issuer = zta_read_text(&reader);
    target.name = zta_read_text(&reader);
    zta_measure_key_make(env, &target, &key);
    return zta_measure_decode(env, ZTA_BLOB(key.bytes, key.size), value, record);
}

static void show(const struct zta_measure_record *record)
{
    char text[2048];
    char id[24];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_target_print(&record->target, &out);
    must(!out.is_overflowed && memchr(text, '\x1b', out.len) == NULL);
    for (size_t i = 0; i < record->n; i++) {
        zta_measure_id_print(&record->entries[i], id);
        must(strcmp(zta_measure_kind_name(record->entries[i].kind), "unknown") != 0);
        must(strcmp(zta_measure_source_name(record->entries[i].source), "unknown") != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum zta_env_id envs[] = {ZTA_ENV_POLICY, ZTA_ENV_STATE};
    static uint8_t again[ZTA_MEASURE_RECORD_MAX];
    struct zta_measure_record record;
    for (size_t i = 0; i < sizeof envs / sizeof envs[0]; i++) {
        struct zta_writer writer;
        if (decode(envs[i], ZTA_BLOB(data, size), &record) != ZTA_OK) {
            continue;
        }
        show(&record);
        zta_writer_init(&writer, again, sizeof again);
        must(zta_measure_encode(envs[i], &record, &writer) == ZTA_OK);
        must(writer.len == size && memcmp(again, data, size) == 0);
    }
    return 0;
}
