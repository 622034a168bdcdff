/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of devices. */
#include "admin-tui/console/listing.h"
#include "admin-tui/filter.h"

static const struct tui_listing_column columns[] = {
    {.member = "id", .column = {.title = "DEVICE", .least = 16, .share = 3, .rank = 0}},
    {.member = "owner", .column = {.title = "OWNER", .least = 14, .share = 3, .rank = 1}},
    {.member = "managed",
     .column = {.title = "MANAGED", .least = 7, .rank = 0},
     .form = TUI_FORM_YES},
    {.member = "compliant",
     .column = {.title = "COMPLIANT", .least = 9, .rank = 0},
     .form = TUI_FORM_YES},
    {.member = "encrypted",
     .column = {.title = "ENCRYPTED", .least = 9, .rank = 2},
     .form = TUI_FORM_YES},
    {.member = "os", .column = {.title = "OS", .least = 8, .rank = 2}},
    {.member = "os_version", .column = {.title = "VERSION", .least = 8, .rank = 3}},
    {.member = "changed",
     .column = {.title = "CHANGED", .least = 7, .rank = 3, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "changed_by", .column = {.title = "BY", .least = 8, .rank = 4}},
};

static bool narrows(const char *text)
{
    static struct ctl_filter filter; /* too large for a stack */
    struct zta_error error;
    return ctl_filter_parse_devices(zta_text_of(text), &filter, &error) == ZTA_OK;
}

static void put_use(struct tui_view *view, struct zta_text id, struct tui_page *page)
{
    if (!tui_model_add_device(view->model, id, page)) {
        tui_complain(view->desk, "%s", view->model->error.text);
    }
}

static const struct tui_listing listing = {
    .command = "devices list --limit=5000",
    .narrowed = "devices list --limit=5000 --filter=%",
    .narrows = narrows,
    .sorts = true,
    .show = "devices show %",
    .noun = "device",
    .nothing = "there is no device; `devices import FILE` takes an inventory",
    .key = "id",
    .more = put_use,
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_REVOKE,
             .word = "revoke",
             .command = "revoke --device=% --reason="},
            {.action = TUI_ACTION_MODE,
             .word = "not compliant",
             .command = "devices set % --compliant=no --reason="},
            {.action = TUI_ACTION_REMOVE,
             .word = "remove",
             .command = "devices remove % --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_devices, "Devices", listing);
