/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: their bytes, and whose they are. */
#include "shared/fleet/statement.h"

#include "shared/base/hash.h"
#include "shared/base/reader.h"

/* What a signature of ours is about, so that it serves nowhere else. */
#define PURPOSE "zta fleet statement 1"

const char *zta_fleet_topic_name(enum zta_fleet_topic topic)
{
    switch (topic) {
#define ZTA_FLEET_TOPIC(name, number, max, text)                                                   \
    case ZTA_FLEET_##name:                                                                         \
        return text;
#include "shared/fleet/topics.def"
#undef ZTA_FLEET_TOPIC
    }
    return NULL;
}

size_t zta_statement_max(enum zta_fleet_topic topic)
{
    switch (topic) {
#define ZTA_FLEET_TOPIC(name, number, max, text)                                                   \
    case ZTA_FLEET_##name:                                                                         \
        return max;
#include "shared/fleet/topics.def"
#undef ZTA_FLEET_TOPIC
    }
    return 0;
}

static void digest_of(struct zta_text said, struct zta_text fleet, struct zta_sha256 *digest)
{
    const struct zta_text parts[] = {ZTA_TEXT(PURPOSE), fleet, said};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], digest);
}

enum zta_status zta_statement_seal(const struct zta_statement *statement, struct zta_text fleet,
                                   const struct zta_signing_key *key, uint8_t *out, size_t *size)
{
    struct zta_writer writer;
    struct zta_sha256 digest;
    if (statement->key.len > UINT16_MAX || statement->value.len > ZTA_STATEMENT_LONG_MAX) {
        return ZTA_TOO_LARGE;
    }
    zta_writer_init(&writer, out, zta_statement_max(statement->topic) - ZTA_SIGNATURE_SIZE);
    zta_write_u8(&writer, ZTA_STATEMENT_FORMAT);
    zta_write_u8(&writer, (uint8_t)statement->topic);
    zta_write_u8(&writer, statement->is_gone ? 1 : 0);
    zta_write_bytes(&writer, statement->origin, sizeof statement->origin);
    zta_write_u64(&writer, (uint64_t)statement->version_ns);
    zta_write_u16(&writer, (uint16_t)statement->key.len);
    zta_write_bytes(&writer, statement->key.data, statement->key.len);
    zta_write_u32(&writer, (uint32_t)statement->value.len);
    zta_write_bytes(&writer, statement->value.data, statement->value.len);
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    digest_of((struct zta_text){.data = (const char *)out, .len = writer.len}, fleet, &digest);
    const enum zta_status status = zta_sign(key, &digest, out + writer.len);
    if (status == ZTA_OK) {
        *size = writer.len + ZTA_SIGNATURE_SIZE;
    }
    return status;
}

enum zta_status zta_statement_read(struct zta_text bytes, struct zta_statement *statement)
{
    struct zta_reader reader;
    struct zta_statement found = {.is_gone = false};
    if (bytes.len < ZTA_SIGNATURE_SIZE || bytes.len > ZTA_STATEMENT_LONG_MAX) {
        return ZTA_INVALID;
    }
    zta_reader_init(&reader, bytes.data, bytes.len - ZTA_SIGNATURE_SIZE);
    const uint8_t format = zta_read_u8(&reader);
    found.topic = zta_read_u8(&reader);
    const uint8_t is_gone = zta_read_u8(&reader);
    found.is_gone = is_gone == 1;
    zta_read_bytes(&reader, found.origin, sizeof found.origin);
    found.version_ns = (int64_t)zta_read_u64(&reader);
    if (!reader.is_bad &&
        (format != ZTA_STATEMENT_FORMAT || zta_fleet_topic_name(found.topic) == NULL)) {
        return ZTA_VERSION;
    }
    found.key.len = zta_read_u16(&reader);
    found.key.data = (const char *)zta_reader_take(&reader, found.key.len);
    found.value.len = zta_read_u32(&reader);
    found.value.data = (const char *)zta_reader_take(&reader, found.value.len);
    if (!zta_reader_is_done(&reader) || is_gone > 1 || bytes.len > zta_statement_max(found.topic) ||
        found.key.len == 0 || found.version_ns <= 0 || found.is_gone != (found.value.len == 0)) {
        return ZTA_INVALID;
    }
    *statement = found;
    return ZTA_OK;
}

enum zta_status zta_statement_check(struct zta_text bytes, struct zta_text fleet,
                                    const struct zta_public_key *key)
{
    struct zta_sha256 digest;
    if (bytes.len < ZTA_SIGNATURE_SIZE) {
        return ZTA_FORBIDDEN;
    }
    const struct zta_text said = {.data = bytes.data, .len = bytes.len - ZTA_SIGNATURE_SIZE};
    digest_of(said, fleet, &digest);
    return zta_signature_check(key, &digest, (const uint8_t *)bytes.data + said.len);
}

void zta_statement_record_name(enum zta_fleet_topic topic, struct zta_text key,
                               uint8_t name[ZTA_SHA256_SIZE])
{
    struct zta_sha256 digest;
    const char number = (char)topic;
    const struct zta_text parts[] = {{.data = &number, .len = 1}, key};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    memcpy(name, digest.bytes, sizeof digest.bytes);
}

void zta_statement_name(const struct zta_statement *statement,
                        uint8_t name[ZTA_STATEMENT_NAME_SIZE])
{
    zta_statement_record_name(statement->topic, statement->key, name);
    memcpy(name + ZTA_SHA256_SIZE, statement->origin, sizeof statement->origin);
}

bool zta_statement_is_later(const struct zta_statement *a, const struct zta_statement *b)
{
    return a->version_ns != b->version_ns ? a->version_ns > b->version_ns
                                          : memcmp(a->origin, b->origin, sizeof a->origin) > 0;
}
