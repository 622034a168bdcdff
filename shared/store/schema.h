/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte maps of what both environments hold and of policy/'s first tables (schema_policy.h has its
 * others, schema_state.h has state/).
 * Numbers are big-endian, text is a u16 length and its bytes (absent: length 0xffff). A map changes
 * only together with ZTA_STORE_VERSION.
 */
#ifndef ZTA_STORE_SCHEMA_H
#define ZTA_STORE_SCHEMA_H

#include "shared/base/limits.h"

/* LMDB's own bound on keys (its build default); longer names are hashed into keys. */
#define ZTA_STORE_KEY_MAX 511

/* ---- meta, both environments ---- */

/* Key "version". The random origin names the store in records that other servers may merge, and
 * ties state/ to its policy/. */
#define ZTA_VERSION_KEY       "version"
#define ZTA_VERSION_MAGIC     "ZTAS"
#define ZTA_VERSION_AT_MAGIC  0  /* 4 bytes */
#define ZTA_VERSION_AT_FORMAT 4  /* u32: ZTA_STORE_VERSION */
#define ZTA_VERSION_AT_ENV    8  /* u8: 1 policy, 2 state */
#define ZTA_VERSION_AT_ORIGIN 9  /* 16 bytes */
#define ZTA_VERSION_AT_TIME   25 /* i64: creation, ns */
#define ZTA_VERSION_SIZE      33

#define ZTA_STORE_ORIGIN_SIZE ZTA_ORIGIN_SIZE

_Static_assert(ZTA_VERSION_AT_ORIGIN + ZTA_STORE_ORIGIN_SIZE == ZTA_VERSION_AT_TIME,
               "the origin ends where the time begins");
_Static_assert(ZTA_VERSION_AT_TIME + 8 == ZTA_VERSION_SIZE, "nothing follows the time");

/* ---- policy/ meta ---- */

/* Key "head": what a request looks at first. */
#define ZTA_HEAD_KEY            "head"
#define ZTA_HEAD_AT_RULES       0   /* u64 generation */
#define ZTA_HEAD_AT_KEYS        8   /* u64 generation */
#define ZTA_HEAD_AT_REVOCATIONS 16  /* u64 generation */
#define ZTA_HEAD_AT_BLOCKS      24  /* u64 generation */
#define ZTA_HEAD_AT_CLOCK       32  /* i64: last hybrid timestamp */
#define ZTA_HEAD_AT_N_REVOKED   40  /* u64 a stored kind */
#define ZTA_HEAD_AT_N_BLOCKS    104 /* u64 a kind */
#define ZTA_HEAD_SIZE           120

#define ZTA_HEAD_REVOCATION_KINDS 8
#define ZTA_HEAD_BLOCK_KINDS      2

_Static_assert(ZTA_HEAD_AT_N_REVOKED + 8 * ZTA_HEAD_REVOCATION_KINDS == ZTA_HEAD_AT_N_BLOCKS,
               "revocation counts end where block counts begin");
_Static_assert(ZTA_HEAD_AT_N_BLOCKS + 8 * ZTA_HEAD_BLOCK_KINDS == ZTA_HEAD_SIZE,
               "nothing follows the block counts");

/* ---- policy/ revocations ---- */

/*
 * Key: u8 stored kind (from 1; 7 is the login watermark of a session without sid, 8 a device), then
 * session id or the first 16 bytes of a token id, else the names: u8 0 and the texts, or u8 1 and
 * SHA-256 of the texts where they would not fit a key. Value: the fixed part, then texts issuer,
 * subject, client, API key id or device, reason, author.
 */
#define ZTA_REVOCATION_FORMAT          1
#define ZTA_REVOCATION_AT_FORMAT       0  /* u8 */
#define ZTA_REVOCATION_AT_KIND         1  /* u8 */
#define ZTA_REVOCATION_AT_SESSION_KIND 2  /* u8 */
#define ZTA_REVOCATION_AT_ORIGIN       3  /* 16 bytes */
#define ZTA_REVOCATION_AT_CREATED      19 /* i64 hybrid ns */
#define ZTA_REVOCATION_AT_WATERMARK    27 /* i64 s */
#define ZTA_REVOCATION_AT_ACTION       35 /* u64 */
#define ZTA_REVOCATION_AT_SESSION      43 /* 16 bytes */
#define ZTA_REVOCATION_AT_TOKEN        59 /* 32 bytes */
#define ZTA_REVOCATION_AT_TEXTS        91

_Static_assert(ZTA_REVOCATION_AT_ORIGIN + ZTA_STORE_ORIGIN_SIZE == ZTA_REVOCATION_AT_CREATED,
               "the origin ends where the timestamp begins");
_Static_assert(ZTA_REVOCATION_AT_SESSION + ZTA_SESSION_ID_SIZE == ZTA_REVOCATION_AT_TOKEN &&
                   ZTA_REVOCATION_AT_TOKEN + ZTA_SHA256_SIZE == ZTA_REVOCATION_AT_TEXTS,
               "ids lie side by side before the texts");

/* ---- policy/ blocks ---- */

/*
 * Key: u8 kind; networks: u8 family, u8 prefix, 4 or 16 bytes; subjects: names as for revocations.
 * Value: the fixed part, then texts issuer, subject, reason, author.
 */
#define ZTA_BLOCK_FORMAT     1
#define ZTA_BLOCK_AT_FORMAT  0  /* u8 */
#define ZTA_BLOCK_AT_KIND    1  /* u8 */
#define ZTA_BLOCK_AT_FAMILY  2  /* u8: 0 for subjects */
#define ZTA_BLOCK_AT_PREFIX  3  /* u8 */
#define ZTA_BLOCK_AT_ADDR    4  /* 16 bytes */
#define ZTA_BLOCK_AT_ORIGIN  20 /* 16 bytes */
#define ZTA_BLOCK_AT_CREATED 36 /* i64 hybrid ns */
#define ZTA_BLOCK_AT_UNTIL   44 /* i64 s */
#define ZTA_BLOCK_AT_ACTION  52 /* u64 */
#define ZTA_BLOCK_AT_TEXTS   60

_Static_assert(ZTA_BLOCK_AT_ORIGIN + ZTA_STORE_ORIGIN_SIZE == ZTA_BLOCK_AT_CREATED &&
                   ZTA_BLOCK_AT_ACTION + 8 == ZTA_BLOCK_AT_TEXTS,
               "no gap before the texts");

/* policy/ meta, key "prefixes": u32 a prefix length, how many blocked networks have it. */
#define ZTA_PREFIXES_KEY   "prefixes"
#define ZTA_PREFIXES_AT_V4 0   /* 33 lengths */
#define ZTA_PREFIXES_AT_V6 132 /* 129 lengths */
#define ZTA_PREFIXES_SIZE  648

_Static_assert(ZTA_PREFIXES_AT_V6 == 33 * 4 && ZTA_PREFIXES_SIZE == ZTA_PREFIXES_AT_V6 + 129 * 4,
               "every prefix length has its count");

/* policy/ meta, "refresh/" and the name of an issuer (none: of all): u64 of the request, which only
 * rises. */
#define ZTA_REFRESH_KEY "refresh/"

/* policy/ meta, "release/" and the key of a signal revocation in state/: u64 received ns up to
 * which it is lifted, i64 hybrid ns, u64 action id. */
#define ZTA_RELEASE_KEY  "release/"
#define ZTA_RELEASE_SIZE 24

/*
 * policy/ meta, "hold/" and the key of a target as in measures of state/: what operators hold
 * against it; "lift/" and SHA-256 over what names a measure of state/: u64 created ns up to which
 * it is lifted, i64 hybrid ns, u64 action id, i64 s until its rule spares the target, i64 s until
 * which this is kept.
 */
#define ZTA_HOLD_KEY        "hold/"
#define ZTA_LIFT_KEY        "lift/"
#define ZTA_LIFT_SIZE       40
#define ZTA_LIFT_AT_CHANGED 8
#define ZTA_LIFT_AT_ACTION  16

/* policy/ meta, "ruling/" and the id of a notice in state/: u8 what an operator did about it, i64
 * hybrid ns, u64 action id. */
#define ZTA_RULING_KEY "ruling/"

#endif
