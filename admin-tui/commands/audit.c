/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl audit list. */
#include <inttypes.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/target.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"

enum {
    SHOWN_BY_DEFAULT = 100,
    CHANGE_SIZE = 4096,
};

static void add_members(struct zta_json *json, const struct zta_audit_entry *entry)
{
    char hex[2 * ZTA_SHA256_SIZE + 1];
    zta_json_int(json, "uid", (int64_t)entry->uid);
    zta_json_text(json, "login", entry->login);
    zta_json_text(json, "sudo_user", entry->sudo_user);
    zta_json_text(json, "tty", entry->tty);
    zta_json_text(json, "before", entry->before);
    zta_json_text(json, "after", entry->after);
    zta_hex_encode(entry->previous.bytes, sizeof entry->previous.bytes, hex);
    zta_json_string(json, "previous", hex);
    zta_hex_encode(entry->hash.bytes, sizeof entry->hash.bytes, hex);
    zta_json_string(json, "hash", hex);
}

static bool add_entry(void *context, const struct zta_audit_entry *entry)
{
    struct ctl_list *list = context;
    char change[CHANGE_SIZE];
    struct zta_buffer after;
    zta_buffer_init(&after, change, sizeof change);
    ctl_print_change(&after, entry->after);
    struct zta_text who = zta_text_is_absent(entry->sudo_user) ? entry->login : entry->sudo_user;
    ctl_row_begin(list);
    ctl_row_int(list, "id", (int64_t)entry->id);
    ctl_row_time(list, "time", entry->time_ns / ZTA_NS_PER_S);
    ctl_row_cell(list, "who", "%.*s", (int)who.len, who.len == 0 ? "" : who.data);
    ctl_row_text(list, "action", entry->action);
    ctl_row_text(list, "target", entry->target);
    ctl_row_cell(list, "change", "%s", change);
    ctl_row_text(list, "reason", entry->reason);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        add_members(json, entry);
    }
    ctl_row_end(list);
    return true;
}

static enum zta_status list_entries(void *context, struct zta_view *view, struct ctl_list *list)
{
    const uint64_t *most = context;
    return zta_audit_each(view, *most, add_entry, list);
}

enum ctl_exit ctl_run_audit_list(struct ctl *ctl)
{
    static const char *const titles[] = {">ID",    "TIME",   "WHO",   "ACTION",
                                         "TARGET", "CHANGE", "REASON"};
    struct zta_error error;
    uint64_t most = SHOWN_BY_DEFAULT;
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    const struct ctl_walk walk = {.titles = titles,
                                  .n_columns = sizeof titles / sizeof titles[0],
                                  .what = "reading the audit trail"};
    return ctl_walk_print(ctl, &walk, list_entries, &most);
}
