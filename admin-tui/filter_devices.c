/* SPDX-License-Identifier: Apache-2.0 */
/* What filters see of devices. */
#include "admin-tui/devices.h"
#include "admin-tui/filter.h"
#include "admin-tui/filter_kind.h"
#include "shared/base/clock.h"

enum ctl_device_field {
#define CTL_FIELD(upper, name, type, expected) CTL_DEVICE_##upper,
#include "admin-tui/device_fields.def"
#undef CTL_FIELD
    CTL_N_DEVICE_FIELDS,
};

static const struct ctl_field_info fields[] = {
#define CTL_FIELD(upper, text, kind, values)                                                       \
    [CTL_DEVICE_##upper] = {.name = (text), .type = CTL_TYPE_##kind, .expected = (values)},
#include "admin-tui/device_fields.def"
#undef CTL_FIELD
};

_Static_assert(ZTA_DEVICE_CERTIFICATES_MAX <= CTL_SEEN_TEXTS_MAX, "all of a device are seen");

static void see_trait(struct ctl_seen *seen, const struct zta_device *device,
                      enum zta_device_trait trait)
{
    seen->is_known = (device->traits.known & 1u << trait) != 0;
    seen->number = (device->traits.yes & 1u << trait) != 0;
}

static void see_certificates(struct ctl_seen *seen, const struct zta_device *device)
{
    for (size_t i = 0; i < device->n_certificates; i++) {
        ctl_thumbprint_print(&device->certificates[i], seen->storage[i]);
        ctl_seen_text(seen, zta_text_of(seen->storage[i]));
    }
}

static void see(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct zta_device *device = record;
    switch ((enum ctl_device_field)field) {
    case CTL_DEVICE_ID:
        ctl_seen_text(seen, device->id);
        break;
    case CTL_DEVICE_OWNER:
        seen->issuer = device->issuer;
        ctl_seen_text(seen, device->subject);
        break;
    case CTL_DEVICE_MANAGED:
        see_trait(seen, device, ZTA_DEVICE_MANAGED);
        break;
    case CTL_DEVICE_COMPLIANT:
        see_trait(seen, device, ZTA_DEVICE_COMPLIANT);
        break;
    case CTL_DEVICE_ENCRYPTED:
        see_trait(seen, device, ZTA_DEVICE_ENCRYPTED);
        break;
    case CTL_DEVICE_OS:
        ctl_seen_text(seen, device->os);
        break;
    case CTL_DEVICE_VERSION:
        ctl_seen_text(seen, device->os_version);
        break;
    case CTL_DEVICE_CERTIFICATE:
        see_certificates(seen, device);
        break;
    case CTL_DEVICE_NOTE:
        ctl_seen_text(seen, device->note);
        break;
    case CTL_DEVICE_AUTHOR:
        ctl_seen_text(seen, device->author);
        break;
    case CTL_DEVICE_AGE:
        seen->number = now_s - device->changed_ns / ZTA_NS_PER_S;
        seen->is_known = true;
        break;
    case CTL_N_DEVICE_FIELDS:
        break;
    }
}

/* A free word in any text of the device. */
static bool has_word(const void *record, struct zta_text word)
{
    const struct zta_device *device = record;
    const struct zta_text texts[] = {device->id,   device->issuer, device->subject,   device->os,
                                     device->note, device->author, device->os_version};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (ctl_filter_contains(texts[i], word)) {
            return true;
        }
    }
    struct ctl_seen seen = {.n_texts = 0};
    see_certificates(&seen, device);
    for (size_t i = 0; i < seen.n_texts; i++) {
        if (ctl_filter_contains(seen.texts[i], word)) {
            return true;
        }
    }
    return false;
}

static const struct ctl_filter_kind devices = {
    .fields = fields, .n_fields = CTL_N_DEVICE_FIELDS, .see = see, .has_word = has_word};

const struct ctl_filter_kind *ctl_filter_kind_devices(void)
{
    return &devices;
}

enum zta_status ctl_filter_parse_devices(struct zta_text text, struct ctl_filter *filter,
                                         struct zta_error *error)
{
    return ctl_filter_parse_kind(text, &devices, filter, error);
}

bool ctl_filter_matches_device(const struct ctl_filter *filter, const struct zta_device *device,
                               int64_t now_s)
{
    return ctl_filter_matches_record(filter, &devices, device, now_s);
}
