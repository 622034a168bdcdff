/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds that every part of the product agrees on; bytes unless the name says otherwise. */
#ifndef ZTA_BASE_LIMITS_H
#define ZTA_BASE_LIMITS_H

#define ZTA_HEADER_BLOCK_MAX 16384 /* request header block that is judged */
#define ZTA_TOKEN_MAX        8192  /* credential on the wire */
#define ZTA_JSON_DEPTH_MAX   8
#define ZTA_JSON_MEMBERS_MAX 64 /* members of one object */
#define ZTA_KID_MAX          256
#define ZTA_NAME_MAX         64   /* rule, list, issuer and API key names, without NUL */
#define ZTA_SUBJECT_MAX      255  /* subject and client identifiers that are stored */
#define ZTA_PATH_MAX         4096 /* normalised request path */
#define ZTA_HOST_MAX         255
#define ZTA_ROUTES_MAX       1000      /* distinct routes that are counted apart */
#define ZTA_RULES_FILE_MAX   (4 << 20) /* bytes of a file that ZTARules names */
#define ZTA_SHA256_SIZE      32
#define ZTA_SESSION_ID_SIZE  16
#define ZTA_INPUTS_NAME_SIZE 16 /* name of a credential's recorded side (shared/inputs.h) */
#define ZTA_ULID_SIZE        16
#define ZTA_ORIGIN_SIZE      16 /* of a store, in records that others may merge */
#define ZTA_ULID_TEXT_LEN    26

#endif
