/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules monitor, enforce, disable, enable; mode. */
#include <stdlib.h>
#include <string.h>

#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

/* One command under way. */
struct changing {
    struct ctl *ctl;
    struct ctl_live *live;
    struct ctl_live_set now;
    struct ctl_live_story story;
};

static const struct zta_text nothing = {.data = NULL};

static enum ctl_exit open_change(struct ctl *ctl, const char *done, struct changing **opened)
{
    struct changing *changing = calloc(1, sizeof *changing);
    *opened = changing;
    if (changing == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    changing->ctl = ctl;
    ctl_live_story_begin(&changing->story, ctl->command->words, done);
    return ctl_live_open(ctl, CTL_ACCESS_WRITE, &changing->live);
}

static void close_change(struct changing **changing)
{
    if (*changing != NULL) {
        ctl_live_set_close(&(*changing)->now);
        ctl_live_close(&(*changing)->live);
        free(*changing);
        *changing = NULL;
    }
}

/* ---- of rules ---- */

static enum ctl_exit set_mode(struct changing *changing, const char *argument, enum zta_mode mode)
{
    const struct zta_text name = zta_text_of(argument);
    const size_t found = ctl_live_find_rule(changing->now.ast, name);
    if (found == SIZE_MAX) {
        return ctl_fail(CTL_FAILED, "there is no rule '%s'; 'ztactl rules list' shows all",
                        argument);
    }
    const char *before = zta_mode_name(changing->now.ast->rules[found].mode);
    ctl_live_story_add(&changing->story, "rule", name, zta_text_of(before),
                       zta_text_of(zta_mode_name(mode)));
    const enum zta_status status =
        ctl_live_put(changing->live, ZTA_LAYER_MODE, name, nothing, mode);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "the live layer");
}

static enum ctl_exit drop_mode(struct changing *changing, const char *argument)
{
    const struct zta_text name = zta_text_of(argument);
    const struct zta_layer_entry *entry =
        zta_layer_find(&changing->live->next, ZTA_LAYER_MODE, name);
    if (entry == NULL) {
        return ctl_fail(CTL_FAILED, "no live mode of a rule '%s'; 'ztactl rules list' shows them",
                        argument);
    }
    ctl_live_story_add(&changing->story, "rule", name, zta_text_of(zta_mode_name(entry->mode)),
                       ZTA_TEXT("as written"));
    (void)ctl_live_drop(changing->live, ZTA_LAYER_MODE, name);
    return CTL_DONE;
}

static enum ctl_exit change_modes(struct ctl *ctl, const char *done, enum zta_mode mode)
{
    struct changing *changing = NULL;
    enum ctl_exit code = open_change(ctl, done, &changing);
    if (code == CTL_DONE) {
        code = ctl_live_lifetime(ctl, changing->live);
    }
    if (code == CTL_DONE) {
        code = ctl_live_compile(changing->live, &changing->live->next, &changing->now);
    }
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = set_mode(changing, ctl->arguments[i], mode);
    }
    if (code == CTL_DONE) {
        code = ctl_live_commit(ctl, changing->live, &changing->story);
    }
    close_change(&changing);
    return code;
}

enum ctl_exit ctl_run_rules_monitor(struct ctl *ctl)
{
    return change_modes(ctl, "monitored", ZTA_MODE_MONITOR);
}

enum ctl_exit ctl_run_rules_enforce(struct ctl *ctl)
{
    return change_modes(ctl, "enforced", ZTA_MODE_ENFORCE);
}

enum ctl_exit ctl_run_rules_disable(struct ctl *ctl)
{
    return change_modes(ctl, "disabled", ZTA_MODE_OFF);
}

enum ctl_exit ctl_run_rules_enable(struct ctl *ctl)
{
    struct changing *changing = NULL;
    enum ctl_exit code = open_change(ctl, "as written again", &changing);
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = drop_mode(changing, ctl->arguments[i]);
    }
    if (code == CTL_DONE) {
        code = ctl_live_commit(ctl, changing->live, &changing->story);
    }
    close_change(&changing);
    return code;
}

/* ---- of places ---- */

static enum ctl_exit list_step_backs(struct ctl *ctl)
{
    static const char *const titles[] = {"LOCATION", "MODE", "UNTIL", "SINCE", "BY", "REASON"};
    struct ctl_list list;
    struct ctl_live *live = NULL;
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
        for (size_t i = 0; i < live->next.n; i++) {
            const struct zta_layer_entry *entry = &live->next.entries[i];
            if (entry->kind == ZTA_LAYER_STEP_BACK) {
                ctl_row_begin(&list);
                ctl_row_text(&list, "location",
                             entry->name.len == 0 ? ZTA_TEXT("everywhere") : entry->name);
                ctl_row_string(&list, "mode", zta_mode_name(ZTA_MODE_MONITOR));
                ctl_row_time(&list, "until", entry->until_s);
                ctl_row_time(&list, "since", entry->created_ns / ZTA_NS_PER_S);
                ctl_row_text(&list, "by", entry->author);
                ctl_row_text(&list, "reason", entry->reason);
                ctl_row_end(&list);
            }
        }
        code = ctl_list_print(&list);
    }
    ctl_live_close(&live);
    return code;
}

static bool is_some_place(const struct ctl_live *live, struct zta_text name)
{
    for (size_t i = 0; i < live->places.n; i++) {
        if (zta_layer_is_within(name, zta_text_of(live->places.all[i].server),
                                zta_text_of(live->places.all[i].path))) {
            return true;
        }
    }
    return false;
}

static enum ctl_exit step_back(struct changing *changing, struct zta_text name)
{
    struct ctl_live *live = changing->live;
    const enum ctl_exit code = ctl_live_lifetime(changing->ctl, live);
    if (code != CTL_DONE) {
        return code;
    }
    if (live->until_s == 0) {
        return ctl_fail(CTL_USAGE, "mode monitor needs --for DURATION: every step back ends by "
                                   "itself");
    }
    if (!is_some_place(live, name)) {
        return ctl_fail(CTL_FAILED,
                        "no place of the running server is '%.*s'; 'ztactl status' "
                        "shows them",
                        (int)name.len, name.data);
    }
    const enum zta_status status =
        ctl_live_put(live, ZTA_LAYER_STEP_BACK, name, nothing, ZTA_MODE_MONITOR);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "the live layer");
}

static enum ctl_exit step_forward(struct changing *changing, struct zta_text name)
{
    return ctl_live_drop(changing->live, ZTA_LAYER_STEP_BACK, name)
               ? CTL_DONE
               : ctl_fail(CTL_FAILED, "'%.*s' is not stepped back; 'ztactl mode' shows what is",
                          name.len == 0 ? 10 : (int)name.len,
                          name.len == 0 ? "everywhere" : name.data);
}

static enum ctl_exit change_place(struct ctl *ctl, bool is_back)
{
    struct changing *changing = NULL;
    struct zta_text name = ctl_option_text(&ctl->options, CTL_OPTION_LOCATION);
    name = zta_text_is_absent(name) ? ZTA_TEXT("") : name;
    enum ctl_exit code = ctl_live_need_reason(ctl);
    if (code == CTL_DONE) {
        code = open_change(ctl, is_back ? "monitored" : "enforced as configured", &changing);
    }
    if (code == CTL_DONE) {
        code = is_back ? step_back(changing, name) : step_forward(changing, name);
    }
    if (code == CTL_DONE) {
        ctl_live_story_add(&changing->story, "location",
                           name.len == 0 ? ZTA_TEXT("everywhere") : name,
                           is_back ? nothing : ZTA_TEXT("monitor"),
                           is_back ? ZTA_TEXT("monitor") : ZTA_TEXT("as configured"));
        code = ctl_live_commit(ctl, changing->live, &changing->story);
    }
    close_change(&changing);
    return code;
}

enum ctl_exit ctl_run_mode(struct ctl *ctl)
{
    if (ctl->n_arguments == 0) {
        return list_step_backs(ctl);
    }
    const bool is_back = strcmp(ctl->arguments[0], "monitor") == 0;
    if (!is_back && strcmp(ctl->arguments[0], "enforce") != 0) {
        return ctl_fail(CTL_USAGE, "mode: '%s'; expected monitor or enforce", ctl->arguments[0]);
    }
    return change_place(ctl, is_back);
}
