/* SPDX-License-Identifier: Apache-2.0 */
/* What rows about devices would make of the inventory, and devices in words. */
#ifndef CTL_DEVICES_H
#define CTL_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/device_file.h"
#include "admin-tui/target.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/devices.h"
#include "shared/store/env.h"

/* Rows with their owners resolved. */
struct ctl_devices {
    const struct ctl_device_row *rows;
    size_t n;
    bool replaces;    /* what no row names goes, and what a row does not speak of is unknown */
    const char *from; /* for the audit trail */
};

struct ctl_devices_plan {
    uint64_t n_before;
    uint64_t n_added;
    uint64_t n_changed;
    uint64_t n_same;
    uint64_t n_removed;
};

/* The owner as issuer and subject, which point into issuers and the row's text. */
enum zta_status ctl_device_own(struct ctl_device_row *row, const struct ctl_issuers *issuers,
                               struct zta_error *error) ZTA_MUST_CHECK;

/*
 * The device as it would be: what is there, with what the row speaks of. *is_there says whether
 * there is one, *former is it (its text in storage).
 */
enum zta_status ctl_device_merge(struct zta_view *view, const struct ctl_device_row *row,
                                 bool replaces, void *storage, struct zta_device *former,
                                 bool *is_there, struct zta_device *merged) ZTA_MUST_CHECK;

/* Counts, changes nothing. */
enum zta_status ctl_devices_count(struct zta_view *view, const struct ctl_devices *devices,
                                  struct ctl_devices_plan *plan) ZTA_MUST_CHECK;
/* Each device of the inventory that no row names. */
enum zta_status ctl_devices_others(struct zta_view *view, const struct ctl_devices *devices,
                                   zta_device_fn fn, void *context) ZTA_MUST_CHECK;
/* "100 devices: 3 added, 2 changed, 95 as they are, 1 removed" */
void ctl_devices_plan_print(const struct ctl_devices_plan *plan, struct zta_buffer *out);

/* "yes", "no", "unknown" */
const char *ctl_device_trait_word(const struct zta_device *device, enum zta_device_trait trait);
/* "owner alice@corp managed yes ..." */
void ctl_device_print(const struct zta_device *device, struct zta_buffer *out);
/* "devices set ID --owner alice@corp ...", quoted for a shell: makes the device what it is. */
void ctl_device_print_command(const struct zta_device *device, struct zta_buffer *out);
void ctl_device_print_owner(const struct zta_device *device, struct zta_buffer *out);
#define CTL_THUMBPRINT_SIZE 44
void ctl_thumbprint_print(const struct zta_sha256 *digest, char out[CTL_THUMBPRINT_SIZE]);

#endif
