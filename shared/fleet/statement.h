/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node of a fleet says of one record of its policy/: "so it is", or "it is gone". Signed, so
 * that anybody can hand it on and nobody can make it up; with the origin of the store where it was
 * said and a hybrid timestamp, so that the order of arrival does not matter. Of one origin about
 * one record only the latest counts.
 *
 * On the wire: u8 format, u8 topic, u8 whether it is gone, 16 bytes origin, i64 hybrid ns, u16 and
 * the record's key, u32 and its value, 64 bytes of signature over what stands before it and the
 * fleet's name. Numbers are big-endian.
 */
#ifndef ZTA_FLEET_STATEMENT_H
#define ZTA_FLEET_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/signing.h"

#define ZTA_STATEMENT_FORMAT 1
#define ZTA_STATEMENT_MAX    (64 << 10) /* bytes, all in all, of most topics */
/* Of topics whose records are long, and one record each so that they stay whole. */
#define ZTA_STATEMENT_LONG_MAX ((8 << 20) + 1024)

enum zta_fleet_topic {
#define ZTA_FLEET_TOPIC(name, number, max, text) ZTA_FLEET_##name = (number),
#include "shared/fleet/topics.def"
#undef ZTA_FLEET_TOPIC
};

/* key and value are bytes as they stand in the store. */
struct zta_statement {
    enum zta_fleet_topic topic;
    bool is_gone;
    uint8_t origin[ZTA_ORIGIN_SIZE];
    int64_t version_ns;
    struct zta_text key;
    struct zta_text value; /* empty where it is gone */
};

/* "revocations"; NULL for a number that this release does not know. */
const char *zta_fleet_topic_name(enum zta_fleet_topic topic);

/* Bytes that a statement of it has at most; 0 of a number that this release does not know. */
size_t zta_statement_max(enum zta_fleet_topic topic);

/* The signed form into out, which has room for zta_statement_max; *size of it. ZTA_TOO_LARGE. */
enum zta_status zta_statement_seal(const struct zta_statement *statement, struct zta_text fleet,
                                   const struct zta_signing_key *key, uint8_t *out,
                                   size_t *size) ZTA_MUST_CHECK;
/*
 * Reads the form alone; texts point into bytes. ZTA_INVALID: no statement. ZTA_VERSION: of a format
 * or topic that this release does not know.
 */
enum zta_status zta_statement_read(struct zta_text bytes,
                                   struct zta_statement *statement) ZTA_MUST_CHECK;
/* ZTA_FORBIDDEN: not signed by this key for this fleet. */
enum zta_status zta_statement_check(struct zta_text bytes, struct zta_text fleet,
                                    const struct zta_public_key *key) ZTA_MUST_CHECK;

/* Of its record and origin: what a later statement takes the place of. */
#define ZTA_STATEMENT_NAME_SIZE (ZTA_SHA256_SIZE + ZTA_ORIGIN_SIZE)
void zta_statement_name(const struct zta_statement *statement,
                        uint8_t name[ZTA_STATEMENT_NAME_SIZE]);
/* Its first part: of the record alone. */
void zta_statement_record_name(enum zta_fleet_topic topic, struct zta_text key,
                               uint8_t name[ZTA_SHA256_SIZE]);

/* Does a count rather than b, both of one origin or not? By time, then by origin. */
bool zta_statement_is_later(const struct zta_statement *a, const struct zta_statement *b);

#endif
