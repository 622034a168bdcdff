/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public keys of token issuers as they were last fetched, and how fetching goes: in state/,
 * written by the helper, read by children when they start or when the keys moved, and by ztactl. An
 * operator's request for fresh keys stands in policy/.
 */
#ifndef ZTA_STORE_KEYSETS_H
#define ZTA_STORE_KEYSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

/* A JWKS that is kept; the fetcher takes no larger one. */
#define ZTA_KEYSET_JWKS_MAX 262144
/* Each of the other texts; longer ones are refused. */
#define ZTA_KEYSET_TEXT_MAX 2048

/* Times are real, in seconds; 0 is never. */
struct zta_keyset_record {
    struct zta_text name; /* of the issuer, as in rules */
    /* Of name, url and keys: another configuration of the same name does not use these keys. */
    uint64_t source;
    struct zta_text url;
    struct zta_text keys;                   /* as configured: discover, https://…, file:… */
    struct zta_text jwks_uri;               /* absent: unknown yet */
    struct zta_text introspection_endpoint; /* absent: none was told */
    struct zta_text etag;                   /* absent: none */
    struct zta_text error;                  /* of the last attempt; absent: it went well */
    struct zta_text jwks;                   /* empty: none was ever fetched */
    int64_t stale_s;      /* they serve for so long after fetched_s; 0: for ever */
    int64_t fetched_s;    /* the issuer last confirmed these keys */
    int64_t good_until_s; /* as its answer said, within our bounds */
    int64_t attempted_s;
    int64_t next_s;      /* when it is asked again */
    uint32_t n_failures; /* since the last success */
    bool has_skew;
    int32_t skew_s; /* the issuer's clock less ours */
};

/* Adds or replaces the record of its name. state/. */
enum zta_status zta_keyset_put(struct zta_change *change,
                               const struct zta_keyset_record *record) ZTA_MUST_CHECK;
/* Removes the records of all other names: issuers that are configured no more. */
enum zta_status zta_keyset_keep(struct zta_change *change, const struct zta_text *names,
                                size_t n) ZTA_MUST_CHECK;
/*
 * The record's texts point into *storage, which the caller frees with free(). ZTA_NOT_FOUND: none
 * of that name.
 */
enum zta_status zta_keyset_get(struct zta_view *view, struct zta_text name,
                               struct zta_keyset_record *record, void **storage) ZTA_MUST_CHECK;
/* Records are valid for the call; by name. */
typedef bool (*zta_keyset_fn)(void *context, const struct zta_keyset_record *record);
enum zta_status zta_keyset_each(struct zta_view *view, zta_keyset_fn fn,
                                void *context) ZTA_MUST_CHECK;

/* Asks for fresh keys of an issuer; absent name: of all. policy/. */
enum zta_status zta_keyset_request(struct zta_change *change, struct zta_text name) ZTA_MUST_CHECK;
/* The number of the last such request for this issuer or for all; 0: none. It only rises. */
enum zta_status zta_keyset_requested(struct zta_view *view, struct zta_text name,
                                     uint64_t *number) ZTA_MUST_CHECK;

#endif
