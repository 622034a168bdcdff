/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators did, in a hash chain in policy/: each entry holds SHA-256 over the one before and
 * its own bytes. Written in the same transaction as the change it records.
 */
#ifndef ZTA_STORE_AUDIT_H
#define ZTA_STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

struct zta_audit_entry {
    uint64_t id; /* action id, from 1, without gaps */
    int64_t time_ns;
    uint32_t uid;
    struct zta_text login;     /* login name; absent: none */
    struct zta_text sudo_user; /* SUDO_USER; absent: none */
    struct zta_text tty;
    struct zta_text action; /* "revoke subject" */
    struct zta_text target; /* "corp:alice" */
    struct zta_text before; /* what was there, as text; absent: nothing */
    struct zta_text after;
    struct zta_text reason;
    struct zta_sha256 previous; /* hash of the entry before; zero for the first */
    struct zta_sha256 hash;
};

/* Appends; fills id, previous, hash and, when zero, time_ns. */
enum zta_status zta_audit_append(struct zta_change *change,
                                 struct zta_audit_entry *entry) ZTA_MUST_CHECK;
typedef bool (*zta_audit_fn)(void *context, const struct zta_audit_entry *entry);
/* From newest to oldest, at most `most` (0: all). */
enum zta_status zta_audit_each(struct zta_view *view, uint64_t most, zta_audit_fn fn,
                               void *context) ZTA_MUST_CHECK;
/* Those with a greater id than `above`, oldest first. */
enum zta_status zta_audit_each_above(struct zta_view *view, uint64_t above, zta_audit_fn fn,
                                     void *context) ZTA_MUST_CHECK;
/*
 * Recomputes the chain. ZTA_OK: consistent, *n entries, *head the last hash. ZTA_CORRUPT: *n is the
 * first entry that does not fit and the error says how.
 */
enum zta_status zta_audit_verify(struct zta_view *view, uint64_t *n, struct zta_sha256 *head,
                                 struct zta_error *error) ZTA_MUST_CHECK;

#endif
