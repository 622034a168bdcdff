/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl keys create, list, show, rotate, revoke. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/rules/attributes.h"
#include "shared/store/published.h"
#include "shared/store/revocations.h"

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

/* A repeatable option's values; ZTA_INVALID names the first that check refuses. */
static enum zta_status take_values(const struct ctl *ctl, enum ctl_option option,
                                   struct zta_text *values, size_t *n, struct zta_error *error)
{
    size_t n_given = ctl->options.n[option];
    for (size_t i = 0; i < n_given; i++) {
        values[i] = zta_text_of(ctl->options.values[option][i]);
        bool is_good = option == CTL_OPTION_SCOPE
                           ? zta_value_check(ZTA_VALUE_SCOPE, values[i]) == ZTA_OK
                           : values[i].len > 0 && zta_text_is_utf8(values[i]);
        if (!is_good) {
            return zta_error_set(error, ZTA_INVALID, "--%s: '%s' is none",
                                 ctl_option_info(option)->name, values[i].data);
        }
    }
    *n = n_given;
    return ZTA_OK;
}

_Static_assert(CTL_OPTION_VALUES_MAX <= ZTA_KEY_VALUES_MAX, "what is given fits into a key");

/* The key that the options describe, without id and secret. */
static enum zta_status describe(const struct ctl *ctl, struct zta_key *key, struct zta_error *error)
{
    int64_t duration_s = 0;
    key->name = ctl_option_text(&ctl->options, CTL_OPTION_NAME);
    key->owner = ctl_option_text(&ctl->options, CTL_OPTION_OWNER);
    key->author = zta_text_of(ctl->actor.author);
    key->created_s = now_s();
    if (!zta_value_is_name(key->name)) {
        return zta_error_set(error, ZTA_INVALID,
                             "keys create needs --name NAME: letters, digits, '.', '_' and '-', at "
                             "most %d",
                             ZTA_NAME_MAX);
    }
    if (!zta_text_is_absent(key->owner) &&
        (key->owner.len == 0 || key->owner.len > ZTA_SUBJECT_MAX ||
         !zta_text_is_utf8(key->owner))) {
        return zta_error_set(error, ZTA_INVALID, "--owner: expected UTF-8 of 1 to %d bytes",
                             ZTA_SUBJECT_MAX);
    }
    enum zta_status status = take_values(ctl, CTL_OPTION_SCOPE, key->scopes, &key->n_scopes, error);
    if (status == ZTA_OK) {
        status = take_values(ctl, CTL_OPTION_ROLE, key->roles, &key->n_roles, error);
    }
    for (size_t i = 0; i < ctl->options.n[CTL_OPTION_CIDR] && status == ZTA_OK; i++) {
        struct zta_text text = zta_text_of(ctl->options.values[CTL_OPTION_CIDR][i]);
        status = zta_cidr_parse(text, &key->cidrs[i], error);
        key->n_cidrs = i + 1;
    }
    if (status == ZTA_OK) {
        status = ctl_option_duration(&ctl->options, CTL_OPTION_FOR, &duration_s, error);
        key->expires_s = duration_s == 0 ? 0 : key->created_s + duration_s;
    }
    return status;
}

/* The one time that the whole key is seen. */
static enum ctl_exit print_secret(const struct ctl *ctl, const struct zta_key *key,
                                  const char *text, const struct ctl_action *action, bool is_new)
{
    struct ctl_list list;
    char undo[CTL_REPORT_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, undo, sizeof undo);
    ctl_undo_begin(ctl, &out);
    zta_buffer_printf(&out, "keys revoke %s", key->id);
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "id", key->id);
    ctl_row_text(&list, "name", key->name);
    ctl_row_string(&list, "key", text);
    ctl_row_time(&list, "expires", key->expires_s);
    if (key->old_until_s != 0) {
        ctl_row_time(&list, "former_until", key->old_until_s);
    }
    ctl_row_int(&list, "action", (int64_t)action->id);
    ctl_row_string(&list, "undo", is_new ? undo : NULL);
    ctl_row_end(&list);
    enum ctl_exit code = ctl_list_print(&list);
    code = code == CTL_DONE ? ctl_flush() : code;
    if (code != CTL_DONE) {
        return ctl_fail(code, "key %s is in the store, but could not be shown: rotate it", key->id);
    }
    if (!ctl_is_json(ctl)) {
        ctl_note("Keep the key now: it cannot be shown again.");
    }
    return CTL_DONE;
}

enum ctl_exit ctl_run_keys_create(struct ctl *ctl)
{
    struct ctl_action action;
    struct zta_key key = {.created_s = 0};
    struct zta_error error;
    char text[ZTA_KEY_TEXT_LEN + 1];
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (describe(ctl, &key, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (ctl_is_dry(ctl)) {
        struct ctl_report report = {.done = "created"};
        (void)snprintf(report.target, sizeof report.target, "key %s", key.name.data);
        ctl_report_plan(ctl, &report);
        return ctl_report_done(ctl, &report, NULL);
    }
    zta_key_id_generate(key.id);
    zta_key_generate(key.id, text, &key.secret);
    enum zta_status status = ctl_action_key_create(&action, &key);
    code = status == ZTA_OK ? print_secret(ctl, &key, text, &action, true)
                            : ctl_fail_status(status, &action.error, "");
    explicit_bzero(text, sizeof text);
    return code;
}

/* The key that the argument means, as it is now. storage has ZTA_KEY_STORAGE_SIZE bytes. */
static enum ctl_exit find(const struct ctl *ctl, char *storage, struct zta_key *key)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_key_find(view, zta_text_of(ctl->arguments[0]), storage, key, &error);
        zta_view_end(&view);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &error, "");
}

static void report_on(const struct zta_key *key, const char *done, const char *effect,
                      struct ctl_report *report)
{
    *report = (struct ctl_report){.done = done, .effect = effect};
    (void)snprintf(report->target, sizeof report->target, "key %s (%.*s)", key->id,
                   (int)key->name.len, key->name.data);
}

enum ctl_exit ctl_run_keys_rotate(struct ctl *ctl)
{
    struct ctl_action action;
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key = {.created_s = 0};
    struct zta_error error;
    struct ctl_report report;
    char text[ZTA_KEY_TEXT_LEN + 1];
    int64_t grace_s = 0;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE &&
        ctl_option_duration(&ctl->options, CTL_OPTION_GRACE, &grace_s, &error) != ZTA_OK) {
        code = ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (code == CTL_DONE) {
        code = find(ctl, storage, &key);
    }
    if (code != CTL_DONE) {
        return code;
    }
    if (ctl_is_dry(ctl)) {
        report_on(&key, "rotated", NULL, &report);
        ctl_report_plan(ctl, &report);
        return ctl_report_done(ctl, &report, NULL);
    }
    zta_key_generate(key.id, text, &key.secret);
    enum zta_status status = ctl_action_key_rotate(&action, key.id, &key.secret, grace_s);
    key.old_until_s = grace_s > 0 ? now_s() + grace_s : 0;
    code = status == ZTA_OK ? print_secret(ctl, &key, text, &action, false)
                            : ctl_fail_status(status, &action.error, "");
    explicit_bzero(text, sizeof text);
    return code;
}

static enum ctl_exit count_hits(const struct ctl *ctl, const struct zta_key *key,
                                struct ctl_hits *hits)
{
    struct ctl_target target = {.kind = ZTA_REVOKE_APIKEY, .text = zta_text_of(key->id)};
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = ctl_target_resolve(ctl->store, &target, &error);
    return status == ZTA_OK
               ? ctl_hits_count(ctl, &(struct ctl_sought){.targets = &target, .n_targets = 1}, hits)
               : ctl_fail_status(status, &error, "");
}

enum ctl_exit ctl_run_keys_revoke(struct ctl *ctl)
{
    struct ctl_action action;
    struct ctl_hits hits;
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key = {.created_s = 0};
    struct ctl_report report;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE) {
        code = find(ctl, storage, &key);
    }
    if (code != CTL_DONE) {
        return code;
    }
    report_on(&key, "revoked", "The key is refused for good; this cannot be undone.", &report);
    code = count_hits(ctl, &key, &hits);
    if (code != CTL_DONE) {
        return code;
    }
    report.hits = &hits;
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    enum zta_status status = ctl_action_key_revoke(&action, key.id);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- looking ---- */

static const char *state_of(const struct zta_key *key, bool is_revoked)
{
    if (is_revoked) {
        return "revoked";
    }
    return key->expires_s != 0 && key->expires_s <= now_s() ? "expired" : "living";
}

static void add_values(struct ctl_list *list, const char *name, const struct zta_text *values,
                       size_t n)
{
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_array(json, name);
        for (size_t i = 0; i < n; i++) {
            zta_json_text(json, NULL, values[i]);
        }
        zta_json_end_array(json);
        return;
    }
    char text[2048];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    for (size_t i = 0; i < n; i++) {
        zta_buffer_string(&buffer, i == 0 ? "" : " ");
        zta_buffer_text(&buffer, values[i]);
    }
    ctl_row_string(list, name, text);
}

static void add_details(struct ctl_list *list, const struct zta_key *key)
{
    char networks[ZTA_KEY_VALUES_MAX][ZTA_CIDR_TEXT_MAX];
    struct zta_text cidrs[ZTA_KEY_VALUES_MAX];
    for (size_t i = 0; i < key->n_cidrs; i++) {
        zta_cidr_print(&key->cidrs[i], networks[i]);
        cidrs[i] = zta_text_of(networks[i]);
    }
    add_values(list, "roles", key->roles, key->n_roles);
    add_values(list, "scopes", key->scopes, key->n_scopes);
    add_values(list, "cidrs", cidrs, key->n_cidrs);
    ctl_row_time(list, "created", key->created_s);
    ctl_row_text(list, "created_by", key->author);
    ctl_row_time(list, "former_until", key->old_until_s);
    ctl_row_time(list, "revoked", key->revoked_s);
    ctl_row_text(list, "reason", key->reason);
}

struct listing {
    struct ctl_list *list;
    struct zta_view *view;
    enum zta_status status;
};

static bool add_key(void *context, const struct zta_key *key)
{
    struct listing *listing = context;
    struct ctl_list *list = listing->list;
    int64_t used_s = 0;
    uint64_t n_uses = 0;
    bool is_revoked = true;
    enum zta_status status = zta_key_use_get(listing->view, key->id, &used_s, &n_uses);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_revocation_find_key(listing->view, key, &is_revoked);
    }
    if (status != ZTA_OK) {
        listing->status = status;
        return false;
    }
    ctl_row_begin(list);
    ctl_row_string(list, "id", key->id);
    ctl_row_text(list, "name", key->name);
    ctl_row_text(list, "owner", zta_text_is_absent(key->owner) ? key->name : key->owner);
    ctl_row_string(list, "state", state_of(key, is_revoked));
    ctl_row_time(list, "expires", key->expires_s);
    ctl_row_time(list, "last_used", used_s);
    ctl_row_int(list, "uses", (int64_t)n_uses);
    if (list->is_json || list->layout == CTL_RECORD) {
        add_details(list, key);
    }
    ctl_row_end(list);
    return true;
}

enum ctl_exit ctl_run_keys_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",      "NAME",      "OWNER", "STATE",
                                         "EXPIRES", "LAST USED", ">USES"};
    struct ctl_list list;
    struct listing listing = {.list = &list, .status = ZTA_OK};
    enum zta_status status = zta_view_begin(ctl->store, &listing.view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    status = zta_key_each(listing.view, add_key, &listing);
    zta_view_end(&listing.view);
    status = status == ZTA_OK ? listing.status : status;
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "reading API keys");
    }
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_keys_show(struct ctl *ctl)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key = {.created_s = 0};
    struct ctl_list list;
    struct listing listing = {.list = &list, .status = ZTA_OK};
    enum ctl_exit code = find(ctl, storage, &key);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = zta_view_begin(ctl->store, &listing.view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    (void)add_key(&listing, &key);
    zta_view_end(&listing.view);
    if (listing.status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(listing.status, NULL, "reading API keys");
    }
    return ctl_list_print(&list);
}
