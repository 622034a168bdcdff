/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte maps of what is stored. Numbers are big-endian, text is a u16 length and its bytes (absent:
 * length 0xffff). A map changes only together with ZTA_STORE_VERSION.
 */
#ifndef ZTA_STORE_SCHEMA_H
#define ZTA_STORE_SCHEMA_H

#include "shared/base/limits.h"

/* LMDB's own bound on keys (its build default); longer names are hashed into keys. */
#define ZTA_STORE_KEY_MAX 511

/* ---- meta, both environments ---- */

/* Key "version". The random origin names the store in records that other servers may merge, and ties
 * state/ to its policy/. */
#define ZTA_VERSION_KEY       "version"
#define ZTA_VERSION_MAGIC     "ZTAS"
#define ZTA_VERSION_AT_MAGIC  0  /* 4 bytes */
#define ZTA_VERSION_AT_FORMAT 4  /* u32: ZTA_STORE_VERSION */
#define ZTA_VERSION_AT_ENV    8  /* u8: 1 policy, 2 state */
#define ZTA_VERSION_AT_ORIGIN 9  /* 16 bytes */
#define ZTA_VERSION_AT_TIME   25 /* i64: creation, ns */
#define ZTA_VERSION_SIZE      33

#define ZTA_STORE_ORIGIN_SIZE 16

_Static_assert(ZTA_VERSION_AT_ORIGIN + ZTA_STORE_ORIGIN_SIZE == ZTA_VERSION_AT_TIME,
               "the origin ends where the time begins");
_Static_assert(ZTA_VERSION_AT_TIME + 8 == ZTA_VERSION_SIZE, "nothing follows the time");

/* ---- policy/ meta ---- */

/* Key "head": what a request looks at first. */
#define ZTA_HEAD_KEY            "head"
#define ZTA_HEAD_AT_RULES       0  /* u64 generation */
#define ZTA_HEAD_AT_KEYS        8  /* u64 generation */
#define ZTA_HEAD_AT_REVOCATIONS 16 /* u64 generation */
#define ZTA_HEAD_AT_BLOCKS      24 /* u64 generation */
#define ZTA_HEAD_AT_CLOCK       32 /* i64: last hybrid timestamp */
#define ZTA_HEAD_AT_N_REVOKED   40 /* u64 a stored kind */
#define ZTA_HEAD_AT_N_BLOCKS    96 /* u64 a kind */
#define ZTA_HEAD_SIZE           112

#define ZTA_HEAD_REVOCATION_KINDS 7
#define ZTA_HEAD_BLOCK_KINDS      2

_Static_assert(ZTA_HEAD_AT_N_REVOKED + 8 * ZTA_HEAD_REVOCATION_KINDS == ZTA_HEAD_AT_N_BLOCKS,
               "revocation counts end where block counts begin");
_Static_assert(ZTA_HEAD_AT_N_BLOCKS + 8 * ZTA_HEAD_BLOCK_KINDS == ZTA_HEAD_SIZE,
               "nothing follows the block counts");

#endif
