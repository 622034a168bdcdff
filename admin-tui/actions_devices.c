/* SPDX-License-Identifier: Apache-2.0 */
/* Actions on the inventory of devices: one transaction, however many devices. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/actions_priv.h"
#include "shared/store/device_history.h"

/* Applying rows under the writer lock; view shows what was there before. */
struct applying {
    struct ctl_work *work;
    struct zta_view *view;
    const struct ctl_devices *devices;
    uint64_t action_id;
    enum zta_status status;
};

/* Whose certificate is it that another device has? */
static void say_owner(struct applying *applying, const struct zta_device *device)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    for (size_t i = 0; i < device->n_certificates; i++) {
        struct zta_device other;
        char text[CTL_THUMBPRINT_SIZE];
        if (zta_device_find_certificate(applying->view, &device->certificates[i], storage,
                                        &other) == ZTA_OK &&
            !zta_text_equal(other.id, device->id)) {
            ctl_thumbprint_print(&device->certificates[i], text);
            (void)zta_error_set(&applying->work->action->error, ZTA_EXISTS,
                                "certificate %s of device '%.*s' is that of device '%.*s'", text,
                                (int)device->id.len, device->id.data, (int)other.id.len,
                                other.id.data);
            return;
        }
    }
}

static enum zta_status apply_row(struct applying *applying, const struct ctl_device_row *row)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former;
    struct zta_device merged;
    bool is_there;
    bool is_changed;
    enum zta_status status = ctl_device_merge(applying->view, row, applying->devices->replaces,
                                              storage, &former, &is_there, &merged);
    if (status != ZTA_OK) {
        return status;
    }
    merged.author = zta_text_of(applying->work->action->actor->author);
    merged.action_id = applying->action_id;
    status = zta_device_put(applying->work->change, &merged, &is_changed);
    if (status == ZTA_EXISTS) {
        say_owner(applying, &merged);
    }
    return status;
}

/* A certificate may go from one device to another: who gives comes first, whatever the order. */
static enum zta_status apply_rows(struct applying *applying)
{
    const struct ctl_devices *devices = applying->devices;
    enum zta_status status = ZTA_OK;
    uint8_t *waits = calloc(devices->n + 1, 1);
    if (waits == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < devices->n && status == ZTA_OK; i++) {
        status = apply_row(applying, &devices->rows[i]);
        if (status == ZTA_EXISTS) {
            waits[i] = 1;
            applying->work->action->error = (struct zta_error){.status = ZTA_OK};
            status = ZTA_OK;
        }
    }
    for (size_t i = 0; i < devices->n && status == ZTA_OK; i++) {
        status = waits[i] ? apply_row(applying, &devices->rows[i]) : ZTA_OK;
    }
    free(waits);
    return status;
}

static bool remove_other(void *context, const struct zta_device *device)
{
    struct applying *applying = context;
    applying->status = zta_device_remove(applying->work->change, device->id, applying->action_id);
    return applying->status == ZTA_OK;
}

static enum zta_status apply(struct applying *applying)
{
    enum zta_status status = ZTA_OK;
    if (applying->devices->replaces) {
        status = ctl_devices_others(applying->view, applying->devices, remove_other, applying);
        status = status == ZTA_OK ? applying->status : status;
    }
    return status == ZTA_OK ? apply_rows(applying) : status;
}

/* With what can be taken back kept within its bounds. */
static enum zta_status end(struct ctl_work *work, enum zta_status status)
{
    if (status == ZTA_OK) {
        status = zta_device_history_trim(work->change, ZTA_DEVICE_HISTORY_MAX);
    }
    return ctl_work_end(work, status);
}

static enum zta_status plan_again(struct applying *applying, struct ctl_devices_plan *plan)
{
    struct ctl_work *work = applying->work;
    struct ctl_devices_plan now;
    enum zta_status status = ctl_devices_count(applying->view, applying->devices, &now);
    if (status == ZTA_OK && now.n_removed > plan->n_removed) {
        return zta_error_set(&work->action->error, ZTA_CONFLICT,
                             "the inventory was changed meanwhile: %" PRIu64
                             " devices would go, not %" PRIu64 ". Nothing was changed.",
                             now.n_removed, plan->n_removed);
    }
    if (status == ZTA_OK) {
        *plan = now;
        struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
        struct zta_buffer before = ctl_work_write(work->before, sizeof work->before);
        struct zta_buffer after = ctl_work_write(work->after, sizeof work->after);
        zta_buffer_printf(&target, "%zu devices from %s", applying->devices->n,
                          applying->devices->from);
        zta_buffer_printf(&before, "%" PRIu64 " devices", now.n_before);
        ctl_devices_plan_print(&now, &after);
        status = ctl_work_note(work, &applying->action_id);
    }
    return status;
}

enum zta_status ctl_action_devices_import(struct ctl_action *action,
                                          const struct ctl_devices *devices,
                                          struct ctl_devices_plan *plan)
{
    struct ctl_work work;
    struct applying applying = {.work = &work, .devices = devices, .status = ZTA_OK};
    enum zta_status status = ctl_work_begin(&work, action, "devices import");
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_begin(action->store, &applying.view);
    if (status == ZTA_OK) {
        status = plan_again(&applying, plan);
        status = status == ZTA_OK ? apply(&applying) : status;
        zta_view_end(&applying.view);
    }
    return end(&work, status);
}

static void name_device(struct ctl_work *work, struct zta_text id)
{
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    zta_buffer_string(&target, "device ");
    zta_buffer_text(&target, id);
}

/* What the audit entry says, then the row as if it were a file's. */
static enum zta_status set(struct applying *applying, const struct ctl_device_row *row)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former;
    struct zta_device merged;
    bool is_there;
    struct ctl_work *work = applying->work;
    enum zta_status status =
        ctl_device_merge(applying->view, row, false, storage, &former, &is_there, &merged);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer before = ctl_work_write(work->before, sizeof work->before);
    struct zta_buffer after = ctl_work_write(work->after, sizeof work->after);
    name_device(work, row->device.id);
    if (is_there) {
        ctl_device_print(&former, &before);
    }
    ctl_device_print(&merged, &after);
    status = ctl_work_note(work, &applying->action_id);
    return status == ZTA_OK ? apply_row(applying, row) : status;
}

enum zta_status ctl_action_device_set(struct ctl_action *action, const struct ctl_device_row *row)
{
    struct ctl_work work;
    const struct ctl_devices devices = {.rows = row, .n = 1};
    struct applying applying = {.work = &work, .devices = &devices, .status = ZTA_OK};
    enum zta_status status = ctl_work_begin(&work, action, "devices set");
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_begin(action->store, &applying.view);
    if (status == ZTA_OK) {
        status = set(&applying, row);
        zta_view_end(&applying.view);
    }
    return end(&work, status);
}

enum zta_status ctl_action_device_remove(struct ctl_action *action, struct zta_text id)
{
    struct ctl_work work;
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former;
    struct zta_view *view = NULL;
    uint64_t action_id;
    enum zta_status status = ctl_work_begin(&work, action, "devices remove");
    if (status != ZTA_OK) {
        return status;
    }
    name_device(&work, id);
    status = zta_view_begin(action->store, &view);
    if (status == ZTA_OK) {
        status = zta_device_get(view, id, storage, &former);
        zta_view_end(&view);
    }
    if (status == ZTA_OK) {
        struct zta_buffer before = ctl_work_write(work.before, sizeof work.before);
        ctl_device_print(&former, &before);
        status = ctl_work_note(&work, &action_id);
    }
    if (status == ZTA_OK) {
        status = zta_device_remove(work.change, id, action_id);
    }
    if (status == ZTA_NOT_FOUND) {
        (void)zta_error_set(&action->error, status, "there is no device '%.*s'", (int)id.len,
                            id.data);
    }
    return end(&work, status);
}

/* ---- taking back ---- */

struct taking {
    struct ctl_work *work;
    struct zta_view *view;
    uint64_t action_id;
    bool is_freeing; /* first all certificates come free: they may have gone round */
    enum zta_status status;
};

static bool take_back(void *context, struct zta_text id, const struct zta_device *former)
{
    struct taking *taking = context;
    struct ctl_work *work = taking->work;
    bool is_changed;
    if (former == NULL) {
        taking->status = zta_device_remove(work->change, id, taking->action_id);
        taking->status = taking->status == ZTA_NOT_FOUND ? ZTA_OK : taking->status;
        return taking->status == ZTA_OK;
    }
    struct zta_device device = *former;
    device.author = zta_text_of(work->action->actor->author);
    device.action_id = taking->action_id;
    device.n_certificates = taking->is_freeing ? 0 : former->n_certificates;
    taking->status = zta_device_put(work->change, &device, &is_changed);
    if (taking->status == ZTA_EXISTS) {
        taking->status = zta_error_set(&work->action->error, ZTA_CONFLICT,
                                       "a certificate of device '%.*s' is another device's now. "
                                       "Nothing was changed",
                                       (int)id.len, id.data);
    }
    return taking->status == ZTA_OK;
}

static enum zta_status check_unchanged(struct ctl_work *work, struct zta_view *view,
                                       uint64_t undone)
{
    struct zta_device_later later;
    enum zta_status status = zta_device_history_later(view, undone, &later);
    if (status == ZTA_OK) {
        return zta_error_set(&work->action->error, ZTA_CONFLICT,
                             "device '%s' was changed since, by action %" PRIu64
                             ". Nothing was changed",
                             later.id, later.action_id);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static enum zta_status take_all(struct taking *taking, uint64_t undone)
{
    enum zta_status status = ctl_work_note(taking->work, &taking->action_id);
    for (unsigned round = 0; round < 2 && status == ZTA_OK; round++) {
        taking->is_freeing = round == 0;
        status = zta_device_history_each(taking->view, undone, take_back, taking);
        status = status == ZTA_OK ? taking->status : status;
    }
    return status;
}

enum zta_status ctl_action_devices_undo(struct ctl_action *action, uint64_t undone,
                                        const char *target)
{
    struct ctl_work work;
    struct taking taking = {.work = &work, .status = ZTA_OK};
    enum zta_status status = ctl_work_begin(&work, action, "devices undo");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer text = ctl_work_write(work.target, sizeof work.target);
    zta_buffer_printf(&text, "action %" PRIu64 ": %s", undone, target);
    status = zta_view_begin(action->store, &taking.view);
    if (status == ZTA_OK) {
        status = check_unchanged(&work, taking.view, undone);
        status = status == ZTA_OK ? take_all(&taking, undone) : status;
        zta_view_end(&taking.view);
    }
    return end(&work, status);
}
