/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node says of its claims, on the wire: u8 format, 16 bytes origin, i64 version, u16 number
 * of buckets, of each u64 id, u32 demand, u32 claim; 64 bytes of signature over what stands before
 * it and the fleet's name. Numbers are big-endian.
 */
#include <string.h>

#include "shared/base/reader.h"
#include "shared/fleet/shares.h"

#define FORMAT  1
#define PURPOSE "zta-fleet-limits-1"

static void digest_of(struct zta_text body, struct zta_text fleet, struct zta_sha256 *digest)
{
    const struct zta_text parts[] = {ZTA_TEXT(PURPOSE), fleet, body};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], digest);
}

enum zta_status zta_share_line_seal(const struct zta_share_line *line, struct zta_text fleet,
                                    const struct zta_signing_key *key,
                                    uint8_t out[ZTA_SHARE_LINE_MAX], size_t *size)
{
    struct zta_writer writer;
    struct zta_sha256 digest;
    zta_writer_init(&writer, out, ZTA_SHARE_LINE_MAX - ZTA_SIGNATURE_SIZE);
    zta_write_u8(&writer, FORMAT);
    zta_write_bytes(&writer, line->origin, sizeof line->origin);
    zta_write_u64(&writer, (uint64_t)line->version_ns);
    zta_write_u16(&writer, (uint16_t)line->n);
    for (size_t i = 0; i < line->n; i++) {
        zta_write_u64(&writer, line->keys[i].id);
        zta_write_u32(&writer, line->keys[i].demand);
        zta_write_u32(&writer, line->keys[i].claim);
    }
    digest_of((struct zta_text){.data = (const char *)out, .len = writer.len}, fleet, &digest);
    *size = writer.len + ZTA_SIGNATURE_SIZE;
    return zta_sign(key, &digest, out + writer.len);
}

static bool read_keys(struct zta_reader *reader, struct zta_share_line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        struct zta_share_key *key = &line->keys[i];
        key->id = zta_read_u64(reader);
        key->demand = zta_read_u32(reader);
        key->claim = zta_read_u32(reader);
        if (key->id <= (i == 0 ? 0 : line->keys[i - 1].id) || key->claim > ZTA_SHARE_WHOLE ||
            key->demand > 2 * ZTA_SHARE_DEMAND_MAX) {
            return false;
        }
    }
    return true;
}

enum zta_status zta_share_line_read(struct zta_text bytes, struct zta_share_line *line)
{
    struct zta_share_line read = {.n = 0};
    struct zta_reader reader;
    if (bytes.len < ZTA_SIGNATURE_SIZE || bytes.len > ZTA_SHARE_LINE_MAX) {
        return ZTA_INVALID;
    }
    zta_reader_init(&reader, bytes.data, bytes.len - ZTA_SIGNATURE_SIZE);
    const uint8_t format = zta_read_u8(&reader);
    zta_read_bytes(&reader, read.origin, sizeof read.origin);
    read.version_ns = (int64_t)zta_read_u64(&reader);
    read.n = zta_read_u16(&reader);
    if (reader.is_bad || format != FORMAT || read.n > ZTA_SHARE_KEYS_MAX || read.version_ns <= 0 ||
        reader.size - reader.pos != read.n * 16 || !read_keys(&reader, &read)) {
        return ZTA_INVALID;
    }
    *line = read;
    return ZTA_OK;
}

enum zta_status zta_share_line_check(struct zta_text bytes, struct zta_text fleet,
                                     const struct zta_public_key *key)
{
    struct zta_sha256 digest;
    if (bytes.len < ZTA_SIGNATURE_SIZE) {
        return ZTA_FORBIDDEN;
    }
    const size_t len = bytes.len - ZTA_SIGNATURE_SIZE;
    digest_of((struct zta_text){.data = bytes.data, .len = len}, fleet, &digest);
    return zta_signature_check(key, &digest, (const uint8_t *)bytes.data + len);
}
