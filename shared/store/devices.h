/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inventory: which devices there are, whose they are and what is said of them. Kept in policy/,
 * where only operators write, so that a device can grant; each record carries its origin and a
 * hybrid timestamp so that several servers can merge them later. A request looks its device up in
 * its own view, so a change holds from the next request on.
 */
#ifndef ZTA_STORE_DEVICES_H
#define ZTA_STORE_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/context.h"
#include "shared/store/env.h"

#define ZTA_DEVICE_ID_MAX           128 /* bytes; of UUIDs, serial numbers, host names */
#define ZTA_DEVICE_OS_MAX           32
#define ZTA_DEVICE_OS_VERSION_MAX   32
#define ZTA_DEVICE_NOTE_MAX         256
#define ZTA_DEVICE_CERTIFICATES_MAX 16

/* What an operator can say of a device: a set of 1u << enum zta_device_trait. */
#define ZTA_DEVICE_STATED                                                                          \
    (1u << ZTA_DEVICE_MANAGED | 1u << ZTA_DEVICE_COMPLIANT | 1u << ZTA_DEVICE_ENCRYPTED)

struct zta_device {
    struct zta_text id;         /* printable, without spaces at its ends */
    struct zta_text issuer;     /* of the owner, by its configured name; absent: no owner known */
    struct zta_text subject;    /* the owner */
    struct zta_answers traits;  /* of ZTA_DEVICE_STATED */
    struct zta_text os;         /* "macos", lower case; absent: unknown */
    struct zta_text os_version; /* "14.2.1": decimal numbers parted by dots; absent: unknown */
    const struct zta_sha256 *certificates; /* of the DER */
    size_t n_certificates;
    struct zta_text note;
    struct zta_text author; /* of the last change */
    int64_t created_ns;     /* out; a put keeps it */
    int64_t changed_ns;     /* out: hybrid timestamp of the last change */
    uint64_t action_id;     /* of the audit entry of the last change */
};

/* "macos": ZTA_DEVICE_OS_MAX letters a-z, digits and '-', '_', '.', a letter first. */
bool zta_device_os_is_valid(struct zta_text os);
/* Decimal numbers parted by single dots, at most 9 digits each. */
bool zta_device_os_version_is_valid(struct zta_text version);
bool zta_device_id_is_valid(struct zta_text id);

/* But for author, times and action; certificates in any order. */
bool zta_device_is_same(const struct zta_device *a, const struct zta_device *b);

/* All text and certificates point into storage (ZTA_DEVICE_STORAGE_SIZE). ZTA_NOT_FOUND. */
#define ZTA_DEVICE_STORAGE_SIZE 2048
enum zta_status zta_device_get(struct zta_view *view, struct zta_text id, void *storage,
                               struct zta_device *device) ZTA_MUST_CHECK;
/* That device will be asked for soon. */
void zta_device_expect(struct zta_view *view, struct zta_text id);
enum zta_status zta_device_find_certificate(struct zta_view *view,
                                            const struct zta_sha256 *certificate, void *storage,
                                            struct zta_device *device) ZTA_MUST_CHECK;
/* In the order of ids; device is valid for the call, returning false ends the walk. */
typedef bool (*zta_device_fn)(void *context, const struct zta_device *device);
enum zta_status zta_device_each(struct zta_view *view, zta_device_fn fn,
                                void *context) ZTA_MUST_CHECK;
/* The same from the first id on that is not before `from`. */
enum zta_status zta_device_each_from(struct zta_view *view, struct zta_text from, zta_device_fn fn,
                                     void *context) ZTA_MUST_CHECK;
enum zta_status zta_device_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

/*
 * Adds or replaces by id. ZTA_INVALID for what no record may hold; ZTA_EXISTS when another device
 * has one of the certificates (nothing was written, the change may go on). A device that is there
 * and says the same is left as it is: *is_changed is false.
 */
enum zta_status zta_device_put(struct zta_change *change, const struct zta_device *device,
                               bool *is_changed) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: there is none. What an action changes can be taken back (device_history.h). */
enum zta_status zta_device_remove(struct zta_change *change, struct zta_text id,
                                  uint64_t action_id) ZTA_MUST_CHECK;

#endif
