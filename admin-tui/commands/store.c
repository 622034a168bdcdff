/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl store init, check, backup, restore, compact, migrate. */
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/actions.h"
#include "admin-tui/hits.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/store/compact.h"

#define MIB (1024.0 * 1024.0)

static enum ctl_exit said(enum zta_status status, const struct zta_error *error)
{
    if (status == ZTA_OK) {
        return CTL_DONE;
    }
    enum ctl_exit code = ctl_fail_status(status, error, "");
    return code == CTL_CONFLICT ? code : CTL_STORE;
}

/* What was done, for people or as JSON. */
ZTA_PRINTF(3, 4)
static enum ctl_exit tell(const struct ctl *ctl, const char *done, const char *fmt, ...)
{
    char text[CTL_REPORT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(text, sizeof text, fmt, arguments);
    va_end(arguments);
    if (!ctl_is_json(ctl)) {
        ctl_say("%s", text);
        return CTL_DONE;
    }
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "done", done);
    ctl_row_string(&list, "store", ctl->dir);
    ctl_row_string(&list, "text", text);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

/* A name or a number; *id keeps what it was when nobody has the name. */
static bool find_user(struct zta_text text, uid_t *id)
{
    uint64_t number = 0;
    if (zta_text_to_u64(text, UINT32_MAX - 1, &number) == ZTA_OK) {
        *id = (uid_t)number;
        return true;
    }
    const struct passwd *user = getpwnam(text.data);
    *id = user == NULL ? *id : user->pw_uid;
    return user != NULL;
}

static bool find_group(struct zta_text text, gid_t *id)
{
    uint64_t number = 0;
    if (zta_text_to_u64(text, UINT32_MAX - 1, &number) == ZTA_OK) {
        *id = (gid_t)number;
        return true;
    }
    const struct group *group = getgrnam(text.data);
    *id = group == NULL ? *id : group->gr_gid;
    return group != NULL;
}

static struct zta_text given_or(const struct ctl *ctl, enum ctl_option option, const char *other)
{
    struct zta_text text = ctl_option_text(&ctl->options, option);
    return zta_text_is_absent(text) ? zta_text_of(other) : text;
}

enum ctl_exit ctl_run_store_init(struct ctl *ctl)
{
    struct zta_store_owners owners = {.owner = 0};
    struct zta_text owner = given_or(ctl, CTL_OPTION_OWNER, "zta");
    struct zta_text group = given_or(ctl, CTL_OPTION_GROUP, "zta");
    struct zta_text httpd = given_or(ctl, CTL_OPTION_HTTPD, "www-data");
    struct zta_error error = {.status = ZTA_OK};
    uint64_t size = ZTA_STORE_SIZE_DEFAULT;
    if (ctl_option_size(&ctl->options, CTL_OPTION_SIZE, &size, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    const struct zta_text *missing = !find_user(owner, &owners.owner)   ? &owner
                                     : !find_user(httpd, &owners.httpd) ? &httpd
                                                                        : NULL;
    if (missing != NULL) {
        return ctl_fail(CTL_FAILED,
                        "there is no user %s: create it, or name others with --owner and --httpd",
                        missing->data);
    }
    if (!find_group(group, &owners.group)) {
        return ctl_fail(CTL_FAILED, "there is no group %s: create it, or name another with --group",
                        group.data);
    }
    enum zta_status status = zta_store_init(ctl->dir, &owners, size, &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    const enum ctl_exit code =
        tell(ctl, "created",
             "store created in %s: policy/ belongs to %s, state/ to %s, both to "
             "group %s",
             ctl->dir, owner.data, httpd.data, group.data);
    if (owners.owner == owners.httpd) {
        ctl_note("One user owns both: httpd is not separated from the policy.");
    }
    else {
        ctl_note("httpd's user must be a member of group %s.", group.data);
    }
    return code;
}

enum ctl_exit ctl_run_store_check(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    bool is_deep = ctl_option_is_set(&ctl->options, CTL_OPTION_DEEP);
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_REPAIR_LOCK)) {
        enum zta_status status = zta_store_repair_lock(ctl->dir, &error);
        if (status != ZTA_OK) {
            return said(status, &error);
        }
        ctl_note("the lock files are empty");
    }
    enum zta_status status = zta_store_check(ctl->dir, is_deep, &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    return tell(ctl, "checked", "%s: good%s", ctl->dir, is_deep ? ", every record was read" : "");
}

enum ctl_exit ctl_run_store_backup(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = zta_store_backup(ctl->store, ctl->arguments[0], &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    return tell(ctl, "copied", "%s was copied to %s", ctl->dir, ctl->arguments[0]);
}

/* Behind a change of the files as a whole, which the store's own trail is then told of. */
static enum ctl_exit note_in_trail(struct ctl *ctl, enum ctl_exit code, struct zta_text target)
{
    struct zta_error error = {.status = ZTA_OK};
    const struct zta_text reason = ctl_option_text(&ctl->options, CTL_OPTION_REASON);
    struct ctl_action action = {.actor = &ctl->actor, .reason = reason};
    enum zta_status status = ctl_store_open(ctl, CTL_ACCESS_WRITE, &error);
    if (status == ZTA_OK) {
        action.store = ctl->store;
        status = ctl_action_store_noted(&action, ctl->command->words, target);
        error = action.error;
    }
    if (status != ZTA_OK) {
        ctl_note("The store took no entry of it into its audit trail.");
        return said(status, &error);
    }
    return code;
}

enum ctl_exit ctl_run_store_restore(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    enum ctl_exit code =
        ctl_ask(ctl, "This replaces rules, keys, revocations and everything recorded.", "restore");
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = zta_store_restore(ctl->dir, ctl->arguments[0], &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    code = tell(ctl, "restored",
                "%s was restored from %s; the former files are kept as *.before-restore", ctl->dir,
                ctl->arguments[0]);
    return note_in_trail(ctl, code, zta_text_of(ctl->arguments[0]));
}

/* ---- compact ---- */

static void say_sizes(const struct zta_compaction *sizes, struct zta_buffer *out)
{
    static const char *const names[] = {"policy/", "state/"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        zta_buffer_printf(out, "%s%s %.1f to %.1f MiB", i > 0 ? ", " : "", names[i],
                          (double)sizes->before[i] / MIB, (double)sizes->after[i] / MIB);
    }
}

static enum ctl_exit tell_compaction(const struct ctl *ctl, const struct zta_compaction *sizes,
                                     const char *text)
{
    if (!ctl_is_json(ctl)) {
        ctl_say("%s: %s", ctl_is_dry(ctl) ? "would be compacted" : "compacted", text);
        return CTL_DONE;
    }
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "done", ctl_is_dry(ctl) ? "estimated" : "compacted");
    ctl_row_string(&list, "store", ctl->dir);
    ctl_row_string(&list, "text", text);
    ctl_row_int(&list, "policy_before", (int64_t)sizes->before[0]);
    ctl_row_int(&list, "policy_after", (int64_t)sizes->after[0]);
    ctl_row_int(&list, "state_before", (int64_t)sizes->before[1]);
    ctl_row_int(&list, "state_after", (int64_t)sizes->after[1]);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

/* What pages are in use is about what a compacted file will have. */
static enum zta_status estimate(struct ctl *ctl, struct zta_compaction *sizes,
                                struct zta_error *error)
{
    enum zta_status status = ctl_store_open(ctl, CTL_ACCESS_READ, error);
    for (size_t i = 0; i < 2 && status == ZTA_OK; i++) {
        struct zta_store_usage usage;
        status = zta_store_usage(ctl->store, i == 0, &usage);
        if (status == ZTA_OK) {
            sizes->before[i] = usage.file_size;
            sizes->after[i] = usage.used;
        }
    }
    return status;
}

enum ctl_exit ctl_run_store_compact(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_compaction sizes = {.before = {0}};
    char text[CTL_REPORT_TEXT_MAX];
    struct zta_buffer out;
    enum zta_status status = ctl_is_dry(ctl) ? estimate(ctl, &sizes, &error)
                                             : zta_store_compact(ctl->dir, &sizes, &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    zta_buffer_init(&out, text, sizeof text);
    say_sizes(&sizes, &out);
    const enum ctl_exit code = tell_compaction(ctl, &sizes, text);
    return ctl_is_dry(ctl) ? code : note_in_trail(ctl, code, zta_text_of(text));
}

/* ---- migrate ---- */

enum ctl_exit ctl_run_store_migrate(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = ctl_store_open(ctl, CTL_ACCESS_READ, &error);
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    if (zta_store_is_complete(ctl->store)) {
        return tell(ctl, "current",
                    "%s has store format %d, which this release writes: nothing to "
                    "migrate",
                    ctl->dir, ZTA_STORE_VERSION);
    }
    if (ctl_is_dry(ctl)) {
        return tell(ctl, "lacking",
                    "%s has store format %d and lacks tables of policy/ that this "
                    "release has: store migrate makes them",
                    ctl->dir, ZTA_STORE_VERSION);
    }
    zta_store_close(&ctl->store);
    status = ctl_store_open(ctl, CTL_ACCESS_WRITE, &error);
    if (status == ZTA_OK) {
        status = zta_store_complete(ctl->store, &error);
    }
    if (status != ZTA_OK) {
        return said(status, &error);
    }
    return tell(ctl, "completed",
                "%s has store format %d and the tables of this release; a running "
                "httpd reads them after a restart",
                ctl->dir, ZTA_STORE_VERSION);
}
