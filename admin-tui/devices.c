/* SPDX-License-Identifier: Apache-2.0 */
/* Rows against the inventory, and devices in words. */
#include "admin-tui/devices.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/base64.h"

_Static_assert(CTL_THUMBPRINT_SIZE == ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1, "and NUL");

enum zta_status ctl_device_own(struct ctl_device_row *row, const struct ctl_issuers *issuers,
                               struct zta_error *error)
{
    struct ctl_name name = {.name = {.data = NULL}};
    enum zta_status status = ZTA_OK;
    if (!zta_text_is_absent(row->owner)) {
        status = ctl_name_resolve(issuers, row->owner, "owner", &name, error);
    }
    if (status == ZTA_OK) {
        row->device.issuer = name.issuer;
        row->device.subject = name.name;
    }
    return status;
}

static bool is_given(const struct ctl_device_row *row, enum ctl_column column)
{
    return (row->given & 1u << column) != 0;
}

static void merge_traits(const struct ctl_device_row *row, struct zta_answers *traits)
{
    static const struct {
        enum ctl_column column;
        enum zta_device_trait trait;
    } spoken[] = {
        {.column = CTL_COLUMN_MANAGED, .trait = ZTA_DEVICE_MANAGED},
        {.column = CTL_COLUMN_COMPLIANT, .trait = ZTA_DEVICE_COMPLIANT},
        {.column = CTL_COLUMN_ENCRYPTED, .trait = ZTA_DEVICE_ENCRYPTED},
    };
    for (size_t i = 0; i < sizeof spoken / sizeof spoken[0]; i++) {
        const unsigned bit = 1u << spoken[i].trait;
        if (is_given(row, spoken[i].column)) {
            traits->known = (uint8_t)((traits->known & ~bit) | (row->device.traits.known & bit));
            traits->yes = (uint8_t)((traits->yes & ~bit) | (row->device.traits.yes & bit));
        }
    }
}

enum zta_status ctl_device_merge(struct zta_view *view, const struct ctl_device_row *row,
                                 bool replaces, void *storage, struct zta_device *former,
                                 bool *is_there, struct zta_device *merged)
{
    enum zta_status status = zta_device_get(view, row->device.id, storage, former);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *is_there = status == ZTA_OK;
    if (!*is_there || replaces) {
        *merged = row->device;
        return ZTA_OK;
    }
    *merged = *former;
    merge_traits(row, &merged->traits);
    if (is_given(row, CTL_COLUMN_OWNER)) {
        merged->issuer = row->device.issuer;
        merged->subject = row->device.subject;
    }
    if (is_given(row, CTL_COLUMN_OS)) {
        merged->os = row->device.os;
    }
    if (is_given(row, CTL_COLUMN_OS_VERSION)) {
        merged->os_version = row->device.os_version;
    }
    if (is_given(row, CTL_COLUMN_CERTIFICATES)) {
        merged->certificates = row->device.certificates;
        merged->n_certificates = row->device.n_certificates;
    }
    if (is_given(row, CTL_COLUMN_NOTE)) {
        merged->note = row->device.note;
    }
    return ZTA_OK;
}

static bool count_one(void *context, const struct zta_device *device)
{
    uint64_t *n = context;
    ++*n;
    return true;
}

enum zta_status ctl_devices_count(struct zta_view *view, const struct ctl_devices *devices,
                                  struct ctl_devices_plan *plan)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    *plan = (struct ctl_devices_plan){.n_before = 0};
    enum zta_status status = zta_device_count(view, &plan->n_before);
    for (size_t i = 0; i < devices->n && status == ZTA_OK; i++) {
        struct zta_device former;
        struct zta_device merged;
        bool is_there;
        status = ctl_device_merge(view, &devices->rows[i], devices->replaces, storage, &former,
                                  &is_there, &merged);
        if (status == ZTA_OK) {
            bool is_same = is_there && zta_device_is_same(&former, &merged);
            plan->n_added += !is_there;
            plan->n_same += is_same;
            plan->n_changed += is_there && !is_same;
        }
    }
    if (status == ZTA_OK && devices->replaces) {
        status = ctl_devices_others(view, devices, count_one, &plan->n_removed);
    }
    return status;
}

struct others {
    struct zta_text *ids; /* of the rows, in order */
    size_t n;
    zta_device_fn fn;
    void *context;
};

static int compare(const void *a, const void *b)
{
    const struct zta_text *one = a;
    const struct zta_text *other = b;
    return zta_text_compare(*one, *other);
}

static bool tell_other(void *context, const struct zta_device *device)
{
    const struct others *others = context;
    return bsearch(&device->id, others->ids, others->n, sizeof *others->ids, compare) != NULL ||
           others->fn(others->context, device);
}

enum zta_status ctl_devices_others(struct zta_view *view, const struct ctl_devices *devices,
                                   zta_device_fn fn, void *context)
{
    struct others others = {.n = devices->n, .fn = fn, .context = context};
    others.ids = calloc(devices->n + 1, sizeof *others.ids);
    if (others.ids == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < devices->n; i++) {
        others.ids[i] = devices->rows[i].device.id;
    }
    qsort(others.ids, others.n, sizeof *others.ids, compare);
    enum zta_status status = zta_device_each(view, tell_other, &others);
    free(others.ids);
    return status;
}

void ctl_devices_plan_print(const struct ctl_devices_plan *plan, struct zta_buffer *out)
{
    zta_buffer_printf(
        out, "%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed, %" PRIu64 " as they are",
        plan->n_added, plan->n_changed, plan->n_removed, plan->n_same);
}

const char *ctl_device_trait_word(const struct zta_device *device, enum zta_device_trait trait)
{
    const unsigned bit = 1u << trait;
    return (device->traits.known & bit) == 0 ? "unknown"
           : (device->traits.yes & bit) != 0 ? "yes"
                                             : "no";
}

void ctl_thumbprint_print(const struct zta_sha256 *digest, char out[CTL_THUMBPRINT_SIZE])
{
    zta_base64url_encode(digest->bytes, sizeof digest->bytes, out);
}

void ctl_device_print_owner(const struct zta_device *device, struct zta_buffer *out)
{
    if (!zta_text_is_absent(device->subject)) {
        zta_buffer_text(out, device->subject);
        zta_buffer_string(out, "@");
        zta_buffer_text(out, device->issuer);
    }
}

static void print_named(struct zta_buffer *out, const char *name, struct zta_text value)
{
    if (value.len > 0) {
        zta_buffer_printf(out, " %s ", name);
        zta_buffer_text(out, value);
    }
}

void ctl_device_print(const struct zta_device *device, struct zta_buffer *out)
{
    zta_buffer_printf(out, "managed %s compliant %s encrypted %s",
                      ctl_device_trait_word(device, ZTA_DEVICE_MANAGED),
                      ctl_device_trait_word(device, ZTA_DEVICE_COMPLIANT),
                      ctl_device_trait_word(device, ZTA_DEVICE_ENCRYPTED));
    if (!zta_text_is_absent(device->subject)) {
        zta_buffer_string(out, " owner ");
        ctl_device_print_owner(device, out);
    }
    print_named(out, "os", device->os);
    print_named(out, "version", device->os_version);
    for (size_t i = 0; i < device->n_certificates; i++) {
        char text[CTL_THUMBPRINT_SIZE];
        ctl_thumbprint_print(&device->certificates[i], text);
        print_named(out, "certificate", zta_text_of(text));
    }
    print_named(out, "note", device->note);
}

static void print_option(struct zta_buffer *out, const char *option, struct zta_text value)
{
    zta_buffer_printf(out, " --%s ", option);
    ctl_quote(out, zta_text_is_absent(value) ? ZTA_TEXT("") : value);
}

void ctl_device_print_command(const struct zta_device *device, struct zta_buffer *out)
{
    char owner[ZTA_SUBJECT_MAX + 1 + ZTA_NAME_MAX + 1];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, owner, sizeof owner);
    ctl_device_print_owner(device, &buffer);
    zta_buffer_printf(out, " --managed %s --compliant %s --encrypted %s",
                      ctl_device_trait_word(device, ZTA_DEVICE_MANAGED),
                      ctl_device_trait_word(device, ZTA_DEVICE_COMPLIANT),
                      ctl_device_trait_word(device, ZTA_DEVICE_ENCRYPTED));
    print_option(out, "owner", zta_text_of(owner));
    print_option(out, "os", device->os);
    print_option(out, "os-version", device->os_version);
    if (device->n_certificates == 0) {
        print_option(out, "certificate", ZTA_TEXT(""));
    }
    for (size_t i = 0; i < device->n_certificates; i++) {
        char text[CTL_THUMBPRINT_SIZE];
        ctl_thumbprint_print(&device->certificates[i], text);
        print_option(out, "certificate", zta_text_of(text));
    }
    print_option(out, "note", device->note);
    zta_buffer_string(out, " -- ");
    ctl_quote(out, device->id);
}
