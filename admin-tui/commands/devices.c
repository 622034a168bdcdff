/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl devices list, show, remove. */
#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/commands/devices_order.h"
#include "admin-tui/devices.h"
#include "admin-tui/filter.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

#define SHOWN 1000

/* Which devices are wanted, and how many were. */
struct listing {
    struct ctl_list *list;
    struct ctl_device_row wanted; /* what it speaks of must hold */
    char os[ZTA_DEVICE_OS_MAX + 1];
    struct ctl_filter filter;
    int64_t now_s;
    uint64_t most; /* 0: all */
    uint64_t n;
    uint64_t n_matched;
    bool is_sorted;
    struct ctl_device_order order;
    enum zta_status status;
};

static void add_trait(struct ctl_list *list, const struct zta_device *device,
                      enum zta_device_trait trait)
{
    const char *name = zta_device_trait_name(trait);
    const unsigned bit = 1u << trait;
    if (list->is_json && (device->traits.known & bit) != 0) {
        ctl_row_bool(list, name, (device->traits.yes & bit) != 0);
    }
    else {
        ctl_row_string(list, name, list->is_json ? NULL : ctl_device_trait_word(device, trait));
    }
}

static void add_certificates(struct ctl_list *list, const struct zta_device *device)
{
    struct zta_json *json = ctl_row_json(list);
    char text[ZTA_DEVICE_CERTIFICATES_MAX * CTL_THUMBPRINT_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    if (json != NULL) {
        zta_json_begin_array(json, "certificates");
    }
    for (size_t i = 0; i < device->n_certificates; i++) {
        char one[CTL_THUMBPRINT_SIZE];
        ctl_thumbprint_print(&device->certificates[i], one);
        if (json != NULL) {
            zta_json_string(json, NULL, one);
        }
        zta_buffer_string(&buffer, i == 0 ? "" : " ");
        zta_buffer_string(&buffer, one);
    }
    if (json != NULL) {
        zta_json_end_array(json);
    }
    else {
        ctl_row_string(list, "certificates", text);
    }
}

/* All columns of device_columns.def; a table has no room for the last ones. */
static void add_device(struct ctl_list *list, const struct zta_device *device)
{
    char owner[ZTA_SUBJECT_MAX + 1 + ZTA_NAME_MAX + 1];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, owner, sizeof owner);
    ctl_device_print_owner(device, &buffer);
    ctl_row_begin(list);
    ctl_row_text(list, "id", device->id);
    ctl_row_string(list, "owner", buffer.len == 0 ? NULL : owner);
    add_trait(list, device, ZTA_DEVICE_MANAGED);
    add_trait(list, device, ZTA_DEVICE_COMPLIANT);
    add_trait(list, device, ZTA_DEVICE_ENCRYPTED);
    ctl_row_text(list, "os", device->os);
    ctl_row_text(list, "os_version", device->os_version);
    if (list->is_json || list->layout == CTL_RECORD) {
        add_certificates(list, device);
        ctl_row_text(list, "note", device->note);
        ctl_row_time(list, "created", device->created_ns / ZTA_NS_PER_S);
    }
    ctl_row_time(list, "changed", device->changed_ns / ZTA_NS_PER_S);
    if (list->is_json || list->layout == CTL_RECORD) {
        ctl_row_text(list, "changed_by", device->author);
    }
    ctl_row_end(list);
}

static bool is_wanted(const struct ctl_device_row *wanted, const struct zta_device *device)
{
    static const struct {
        enum ctl_column column;
        enum zta_device_trait trait;
    } traits[] = {
        {.column = CTL_COLUMN_MANAGED, .trait = ZTA_DEVICE_MANAGED},
        {.column = CTL_COLUMN_COMPLIANT, .trait = ZTA_DEVICE_COMPLIANT},
        {.column = CTL_COLUMN_ENCRYPTED, .trait = ZTA_DEVICE_ENCRYPTED},
    };
    for (size_t i = 0; i < sizeof traits / sizeof traits[0]; i++) {
        if ((wanted->given & 1u << traits[i].column) != 0 &&
            ctl_device_trait_word(&wanted->device, traits[i].trait) !=
                ctl_device_trait_word(device, traits[i].trait)) {
            return false;
        }
    }
    if ((wanted->given & 1u << CTL_COLUMN_OS) != 0 &&
        !zta_text_equal(wanted->device.os, device->os)) {
        return false;
    }
    return (wanted->given & 1u << CTL_COLUMN_OWNER) == 0 ||
           (zta_text_equal(wanted->device.subject, device->subject) &&
            zta_text_equal(wanted->device.issuer, device->issuer));
}

static bool list_device(void *context, const struct zta_device *device)
{
    struct listing *listing = context;
    if (!is_wanted(&listing->wanted, device) ||
        !ctl_filter_matches_device(&listing->filter, device, listing->now_s)) {
        return true;
    }
    listing->n_matched++;
    if (listing->is_sorted) {
        listing->status = ctl_device_order_offer(&listing->order, device);
        return listing->status == ZTA_OK;
    }
    if (listing->most == 0 || listing->n < listing->most) {
        listing->n++;
        add_device(listing->list, device);
    }
    return true;
}

/* Those of the order, by their ids, in the view that they were found in. */
static enum zta_status list_in_order(struct zta_view *view, struct listing *listing)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device device;
    enum zta_status status = listing->status;
    const size_t n = status == ZTA_OK ? ctl_device_order_settle(&listing->order) : 0;
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        status = zta_device_get(view, ctl_device_order_id(&listing->order, i), storage, &device);
        if (status == ZTA_OK) {
            listing->n++;
            add_device(listing->list, &device);
        }
    }
    ctl_device_order_clear(&listing->order);
    return status;
}

static enum zta_status want_order(const struct ctl *ctl, struct listing *listing,
                                  struct zta_error *error)
{
    const struct zta_text name = ctl_option_text(&ctl->options, CTL_OPTION_SORT);
    listing->is_sorted = !zta_text_is_absent(name);
    listing->order.most = listing->most;
    return listing->is_sorted ? ctl_device_order_parse(name, &listing->order, error) : ZTA_OK;
}

static enum zta_status want(const struct ctl *ctl, struct listing *listing, struct zta_error *error)
{
    static const struct {
        enum ctl_option option;
        enum ctl_column column;
    } given[] = {
        {.option = CTL_OPTION_OWNER, .column = CTL_COLUMN_OWNER},
        {.option = CTL_OPTION_MANAGED, .column = CTL_COLUMN_MANAGED},
        {.option = CTL_OPTION_COMPLIANT, .column = CTL_COLUMN_COMPLIANT},
        {.option = CTL_OPTION_ENCRYPTED, .column = CTL_COLUMN_ENCRYPTED},
        {.option = CTL_OPTION_OS, .column = CTL_COLUMN_OS},
    };
    enum zta_status status = ctl_filter_parse_devices(
        ctl_option_text(&ctl->options, CTL_OPTION_FILTER), &listing->filter, error);
    if (status == ZTA_OK) {
        status = ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &listing->most, error);
    }
    if (status == ZTA_OK) {
        status = want_order(ctl, listing, error);
    }
    for (size_t i = 0; i < sizeof given / sizeof given[0] && status == ZTA_OK; i++) {
        struct zta_text value = ctl_option_text(&ctl->options, given[i].option);
        if (zta_text_is_absent(value)) {
            continue;
        }
        if (value.len == 0) {
            return zta_error_set(error, ZTA_INVALID, "--%s: expected a value",
                                 ctl_option_info(given[i].option)->name);
        }
        status = ctl_device_value(&listing->wanted, given[i].column, value, listing->os, error);
    }
    return status;
}

enum ctl_exit ctl_run_devices_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",        "OWNER", "MANAGED", "COMPLIANT",
                                         "ENCRYPTED", "OS",    "VERSION", "CHANGED"};
    static struct ctl_issuers issuers; /* too large for a stack; what is wanted points into it */
    struct ctl_list list;
    struct zta_view *view = NULL;
    struct zta_error error = {.status = ZTA_OK};
    struct listing listing = {
        .list = &list, .now_s = zta_clock_real_ns() / ZTA_NS_PER_S, .most = SHOWN};
    if (want(ctl, &listing, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    status = ctl_issuers_load(view, &issuers, &error);
    if (status == ZTA_OK) {
        status = ctl_device_own(&listing.wanted, &issuers, &error);
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    if (status == ZTA_OK) {
        status = zta_device_each(view, list_device, &listing);
    }
    if (status == ZTA_OK) {
        status = list_in_order(view, &listing);
    }
    zta_view_end(&view);
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, &error, "reading devices");
    }
    enum ctl_exit code = ctl_list_print(&list);
    if (listing.n < listing.n_matched) {
        ctl_note("%" PRIu64 " of %" PRIu64 " devices; --limit 0 shows all", listing.n,
                 listing.n_matched);
    }
    return code;
}

static enum ctl_exit find(const struct ctl *ctl, void *storage, struct zta_device *device)
{
    struct zta_view *view = NULL;
    const char *id = ctl->arguments[0];
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_device_get(view, zta_text_of(id), storage, device);
        zta_view_end(&view);
    }
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "there is no device '%s'", id);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading devices");
}

enum ctl_exit ctl_run_devices_show(struct ctl *ctl)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device device;
    struct ctl_list list;
    enum ctl_exit code = find(ctl, storage, &device);
    if (code != CTL_DONE) {
        return code;
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    add_device(&list, &device);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_devices_remove(struct ctl *ctl)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct ctl_action action;
    struct zta_device device = {.n_certificates = 0};
    struct ctl_report report = {.done = "removed",
                                .effect = "The device is unknown from the next request on."};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE) {
        code = find(ctl, storage, &device);
    }
    if (code != CTL_DONE) {
        return code;
    }
    (void)snprintf(report.target, sizeof report.target, "device %.*s", (int)device.id.len,
                   device.id.data);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    ctl_undo_device(ctl, &device, &report);
    enum zta_status status = ctl_action_device_remove(&action, device.id);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
