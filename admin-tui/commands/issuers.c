/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl issuers, issuers refresh. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/acceptance.h"
#include "shared/store/keysets.h"

enum {
    KEYS_TEXT_MAX = 400, /* of all keys in a cell */
};

struct listing {
    struct ctl_list list;
    struct zta_acceptance *acceptance; /* NULL: not published */
    int64_t now_s;
};

static struct zta_text member(const json_t *key, const char *name)
{
    const json_t *value = json_object_get(key, name);
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

static void write_keys(struct zta_json *json, const json_t *keys)
{
    static const char *const names[] = {"kid", "kty", "alg", "use"};
    size_t i;
    const json_t *key;
    zta_json_begin_array(json, "keys");
    json_array_foreach(keys, i, key)
    {
        zta_json_begin_object(json, NULL);
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            zta_json_text(json, names[n], member(key, names[n]));
        }
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

/* "2: rsa-1 RS256, ec-1 EC"; the type where a key names no algorithm. */
static void print_keys(struct zta_buffer *out, const json_t *keys)
{
    size_t i;
    const json_t *key;
    zta_buffer_printf(out, "%zu", json_array_size(keys));
    json_array_foreach(keys, i, key)
    {
        struct zta_text kid = member(key, "kid");
        struct zta_text alg = member(key, "alg");
        alg = zta_text_is_absent(alg) ? member(key, "kty") : alg;
        zta_buffer_string(out, i == 0 ? ": " : ", ");
        zta_buffer_text(out, zta_text_is_absent(kid) ? ZTA_TEXT("-") : kid);
        zta_buffer_string(out, " ");
        zta_buffer_text(out, alg);
    }
}

/* A time ahead or behind, with its largest units. */
static void add_span(struct ctl_list *list, const char *name, int64_t from_s, int64_t to_s)
{
    char text[ZTA_DURATION_TEXT_MAX] = "-";
    int64_t span_s = to_s > from_s ? to_s - from_s : 0;
    int64_t unit_s = span_s >= 2 * 86400 ? 86400 : span_s >= 2 * 3600 ? 3600 : 1;
    if (from_s != 0 && to_s != 0) {
        unit_s = unit_s == 1 && span_s >= 120 ? 60 : unit_s;
        zta_duration_print(span_s - span_s % unit_s, text);
    }
    ctl_row_cell(list, name, "%s", text);
}

static void add_members(struct zta_json *json, const struct zta_keyset_record *record,
                        int64_t now_s)
{
    zta_json_text(json, "url", record->url);
    zta_json_text(json, "jwks_uri", record->jwks_uri);
    zta_json_text(json, "introspection_endpoint", record->introspection_endpoint);
    zta_json_time(json, "fetched", record->fetched_s);
    if (record->fetched_s != 0) {
        zta_json_int(json, "age_s", now_s - record->fetched_s);
    }
    else {
        zta_json_string(json, "age_s", NULL);
    }
    zta_json_int(json, "stale_after_s", record->stale_s);
    zta_json_time(json, "good_until", record->good_until_s);
    zta_json_time(json, "last_attempt", record->attempted_s);
    zta_json_time(json, "next_attempt", record->next_s);
    zta_json_int(json, "failures", record->n_failures);
    if (record->has_skew) {
        zta_json_int(json, "skew_s", record->skew_s);
    }
    else {
        zta_json_string(json, "skew_s", NULL);
    }
}

static void add_cells(struct ctl_list *list, const struct zta_keyset_record *record, int64_t now_s,
                      const json_t *keys)
{
    char text[KEYS_TEXT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    print_keys(&buffer, keys);
    ctl_row_cell(list, "keys", "%s%s", text, buffer.is_overflowed ? " ..." : "");
    add_span(list, "age", record->fetched_s, now_s);
    add_span(list, "next", now_s, record->next_s);
    ctl_row_cell(list, "failures", "%u", record->n_failures);
    if (record->has_skew) {
        ctl_row_cell(list, "skew", "%+d s", record->skew_s);
    }
    else {
        ctl_row_cell(list, "skew", "-");
    }
}

/* Its acr values, the weakest first. */
static void write_acrs(struct zta_json *json, const struct zta_acceptance *acceptance,
                       struct zta_text name)
{
    zta_json_begin_array(json, "acrs");
    for (size_t i = 0; acceptance != NULL && i < acceptance->n_issuers; i++) {
        const struct zta_accepted_issuer *issuer = &acceptance->issuers[i];
        for (size_t n = 0; zta_text_equal(issuer->name, name) && n < issuer->acrs.n; n++) {
            zta_json_text(json, NULL, issuer->acrs.items[n]);
        }
    }
    zta_json_end_array(json);
}

static bool add_issuer(void *context, const struct zta_keyset_record *record)
{
    struct listing *listing = context;
    struct ctl_list *list = &listing->list;
    json_t *jwks = json_loadb(record->jwks.data, record->jwks.len, 0, NULL);
    const json_t *keys = json_object_get(jwks, "keys");
    ctl_row_begin(list);
    ctl_row_text(list, "name", record->name);
    ctl_row_string(list, "state", ctl_issuer_state(record, listing->now_s));
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        add_members(json, record, listing->now_s);
        write_keys(json, keys);
        write_acrs(json, listing->acceptance, record->name);
    }
    else {
        add_cells(list, record, listing->now_s, keys);
    }
    ctl_row_text(list, "from", record->keys);
    ctl_row_text(list, "error", record->error);
    ctl_row_end(list);
    json_decref(jwks);
    return true;
}

enum ctl_exit ctl_run_issuers(struct ctl *ctl)
{
    static const char *const titles[] = {"ISSUER",    "STATE", "KEYS", ">AGE", ">NEXT",
                                         ">FAILURES", ">SKEW", "FROM", "ERROR"};
    struct listing listing = {.now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_list_open(&listing.list, ctl_is_json(ctl), CTL_TABLE, titles,
                  sizeof titles / sizeof titles[0]);
    status = zta_acceptance_open(view, &listing.acceptance);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_keyset_each(view, add_issuer, &listing);
    }
    zta_view_end(&view);
    zta_acceptance_close(&listing.acceptance);
    if (status != ZTA_OK) {
        ctl_list_close(&listing.list);
        return ctl_fail_status(status, NULL, "reading issuers");
    }
    return ctl_list_print(&listing.list);
}

/* Does the server fetch keys of that name? Absent: of any. */
static enum zta_status check_name(const struct ctl *ctl, struct zta_text name,
                                  struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack */
    struct zta_view *view = NULL;
    struct zta_keyset_record record;
    void *storage = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK || zta_text_is_absent(name)) {
        zta_view_end(&view);
        return status;
    }
    status = ctl_issuers_load(view, &issuers, error);
    if (status == ZTA_OK) {
        status = ctl_issuer_resolve(&issuers, name, error);
    }
    if (status == ZTA_OK) {
        status = zta_keyset_get(view, name, &record, &storage);
        if (status == ZTA_OK && zta_text_starts_with(record.keys, ZTA_TEXT("file:"))) {
            status = zta_error_set(error, ZTA_CONFLICT,
                                   "the keys of %.*s stand in a file, which a graceful restart "
                                   "reads anew",
                                   (int)name.len, name.data);
        }
        if (status == ZTA_NOT_FOUND) {
            status = zta_error_set(error, status, "the server has not told of keys of %.*s",
                                   (int)name.len, name.data);
        }
    }
    zta_view_end(&view);
    free(storage);
    return status;
}

enum ctl_exit ctl_run_issuers_refresh(struct ctl *ctl)
{
    struct ctl_action action;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {.done = "asked for fresh keys",
                                .effect =
                                    "The server fetches them within about a second; see issuers."};
    struct zta_text name = {.data = NULL};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (ctl->n_arguments > 0) {
        name = zta_text_of(ctl->arguments[0]);
    }
    enum zta_status status = check_name(ctl, name, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    (void)snprintf(report.target, sizeof report.target, "%s%.*s",
                   zta_text_is_absent(name) ? "all issuers" : "issuer ", (int)name.len,
                   zta_text_is_absent(name) ? "" : name.data);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    status = ctl_action_refresh(&action, name);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
