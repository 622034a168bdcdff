/* SPDX-License-Identifier: Apache-2.0 */
/* Names of issuers, and names that belong to one. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/target.h"
#include "shared/rules/attributes.h"
#include "shared/store/published.h"

struct loading {
    struct ctl_issuers *issuers;
    bool is_too_many;
};

static bool add_issuer(void *context, struct zta_text name, struct zta_text url)
{
    struct loading *loading = context;
    struct ctl_issuers *issuers = loading->issuers;
    if (zta_text_equal(name, ZTA_TEXT(CTL_LOCAL_ISSUER))) {
        return true;
    }
    if (issuers->n == CTL_ISSUERS_MAX || name.len > ZTA_NAME_MAX || url.len >= CTL_ISSUER_URL_MAX) {
        loading->is_too_many = true;
        return false;
    }
    (void)snprintf(issuers->names[issuers->n], sizeof issuers->names[0], "%.*s", (int)name.len,
                   name.data);
    (void)snprintf(issuers->urls[issuers->n], sizeof issuers->urls[0], "%.*s", (int)url.len,
                   url.data);
    issuers->n++;
    return true;
}

enum zta_status ctl_issuers_load(struct zta_view *view, struct ctl_issuers *issuers,
                                 struct zta_error *error)
{
    struct loading loading = {.issuers = issuers};
    struct zta_heartbeat heartbeat;
    issuers->n = 0;
    enum zta_status status = zta_published_each_issuer(view, add_issuer, &loading);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "reading the published issuers: %s",
                             zta_status_text(status));
    }
    if (loading.is_too_many) {
        return zta_error_set(error, ZTA_TOO_LARGE, "more than %d issuers are published",
                             CTL_ISSUERS_MAX);
    }
    status = zta_published_get_heartbeat(view, &heartbeat, NULL, 0);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "reading the heartbeat: %s", zta_status_text(status));
    }
    issuers->is_published = issuers->n > 0 || status == ZTA_OK;
    return ZTA_OK;
}

/* The known name that text is; absent when it is none. */
static struct zta_text known_issuer(const struct ctl_issuers *issuers, struct zta_text text)
{
    if (zta_text_equal(text, ZTA_TEXT(CTL_LOCAL_ISSUER))) {
        return ZTA_TEXT(CTL_LOCAL_ISSUER);
    }
    for (size_t i = 0; i < issuers->n; i++) {
        if (zta_text_equal(text, zta_text_of(issuers->names[i]))) {
            return zta_text_of(issuers->names[i]);
        }
    }
    return zta_text_of(NULL);
}

static void list_issuers(const struct ctl_issuers *issuers, struct zta_buffer *out)
{
    for (size_t i = 0; i < issuers->n; i++) {
        zta_buffer_printf(out, "%s, ", issuers->names[i]);
    }
    zta_buffer_string(out, CTL_LOCAL_ISSUER);
}

enum zta_status ctl_issuer_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                   struct zta_error *error)
{
    if (!zta_text_is_absent(known_issuer(issuers, text)) ||
        (!issuers->is_published && zta_value_is_name(text))) {
        return ZTA_OK;
    }
    char names[256];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, names, sizeof names);
    list_issuers(issuers, &buffer);
    return zta_error_set(error, ZTA_INVALID, "'%.*s' is no issuer; expected one of %s",
                         (int)text.len, text.data, names);
}

static bool split(struct zta_text text, struct zta_text *head, struct zta_text *tail)
{
    const char *at = text.len == 0 ? NULL : memrchr(text.data, '@', text.len);
    if (at == NULL || at == text.data) {
        return false;
    }
    size_t len = (size_t)(at - text.data);
    *head = (struct zta_text){.data = text.data, .len = len};
    *tail = (struct zta_text){.data = at + 1, .len = text.len - len - 1};
    return true;
}

enum zta_status ctl_name_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                 const char *what, struct ctl_name *name, struct zta_error *error)
{
    struct zta_text head;
    struct zta_text tail;
    bool is_split = split(text, &head, &tail);
    struct zta_text known = is_split ? known_issuer(issuers, tail) : zta_text_of(NULL);
    if (!zta_text_is_absent(known)) {
        *name = (struct ctl_name){.issuer = known, .name = head};
    }
    else if (!issuers->is_published && is_split && zta_value_is_name(tail)) {
        *name = (struct ctl_name){.issuer = tail, .name = head};
    }
    else if (issuers->is_published && issuers->n <= 1 && text.len > 0) {
        *name = (struct ctl_name){
            .issuer = zta_text_of(issuers->n == 1 ? issuers->names[0] : CTL_LOCAL_ISSUER),
            .name = text};
    }
    else {
        char names[256];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, names, sizeof names);
        list_issuers(issuers, &buffer);
        return zta_error_set(error, ZTA_INVALID, "%s '%.*s': whose? Write %s@ISSUER with one of %s",
                             what, (int)text.len, text.data, what, names);
    }
    if (name->name.len > ZTA_SUBJECT_MAX) {
        return zta_error_set(error, ZTA_INVALID, "%s is longer than %d bytes", what,
                             ZTA_SUBJECT_MAX);
    }
    return ZTA_OK;
}

const char *ctl_issuer_state(const struct zta_keyset_record *record, int64_t now_s)
{
    if (record->jwks.len == 0) {
        return record->attempted_s == 0 ? "not asked yet" : "no keys";
    }
    if (record->stale_s > 0 && now_s - record->fetched_s > record->stale_s) {
        return "too old";
    }
    return record->n_failures > 0 ? "failing" : CTL_ISSUER_GOOD;
}
