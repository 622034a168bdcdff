/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors of the command line, resolved against what the store knows. */
#include "admin-tui/target.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/sessions.h"
#include "admin-tui/token.h"
#include "shared/store/sessions.h"

/* Which option names which kind; the same words are printed back. */
static const struct {
    enum zta_revocation_kind kind;
    enum ctl_option option;
} selectors[] = {
    {.kind = ZTA_REVOKE_SESSION, .option = CTL_OPTION_SESSION},
    {.kind = ZTA_REVOKE_SUBJECT, .option = CTL_OPTION_SUBJECT},
    {.kind = ZTA_REVOKE_CLIENT, .option = CTL_OPTION_CLIENT},
    {.kind = ZTA_REVOKE_APIKEY, .option = CTL_OPTION_KEY},
    {.kind = ZTA_REVOKE_TOKEN, .option = CTL_OPTION_TOKEN},
    {.kind = ZTA_REVOKE_ISSUER, .option = CTL_OPTION_ISSUER},
    {.kind = ZTA_REVOKE_DEVICE, .option = CTL_OPTION_DEVICE},
};
enum {
    N_SELECTORS = sizeof selectors / sizeof selectors[0]
};

bool ctl_target_is_selected(const struct ctl_options *options)
{
    bool is_selected = false;
    for (size_t i = 0; i < N_SELECTORS; i++) {
        is_selected = is_selected || ctl_option_is_set(options, selectors[i].option);
    }
    return is_selected;
}

enum zta_status ctl_target_select(const struct ctl_options *options, struct ctl_target *target,
                                  struct zta_error *error)
{
    size_t n = 0;
    for (size_t i = 0; i < N_SELECTORS; i++) {
        if (ctl_option_is_set(options, selectors[i].option)) {
            target->kind = selectors[i].kind;
            target->text = ctl_option_text(options, selectors[i].option);
            n++;
        }
    }
    if (n != 1) {
        return zta_error_set(error, ZTA_INVALID,
                             "%s; expected exactly one of --session --subject --client --key "
                             "--token --issuer --device",
                             n == 0 ? "revoke what?" : "more than one selector");
    }
    return ZTA_OK;
}

/* Text into a field of the target; the record borrows it from there. */
static enum zta_status keep(char *field, size_t size, struct zta_text text, struct zta_text *kept,
                            struct zta_error *error)
{
    if (text.len >= size || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)) {
        return zta_error_set(error, ZTA_INVALID, "a name is longer than %zu bytes", size - 1);
    }
    memcpy(field, text.len == 0 ? "" : text.data, text.len);
    field[text.len] = '\0';
    *kept = zta_text_of(zta_text_is_absent(text) ? NULL : field);
    return ZTA_OK;
}

static enum zta_status keep_name(struct ctl_target *target, const struct ctl_issuers *issuers,
                                 struct zta_error *error)
{
    bool is_client = target->kind == ZTA_REVOKE_CLIENT;
    struct ctl_name name;
    enum zta_status status =
        ctl_name_resolve(issuers, target->text, is_client ? "client" : "subject", &name, error);
    if (status == ZTA_OK) {
        status =
            keep(target->issuer, sizeof target->issuer, name.issuer, &target->record.issuer, error);
    }
    if (status == ZTA_OK && is_client) {
        status =
            keep(target->client, sizeof target->client, name.name, &target->record.client, error);
    }
    else if (status == ZTA_OK) {
        status = keep(target->subject, sizeof target->subject, name.name, &target->record.subject,
                      error);
    }
    return status;
}

struct names {
    struct zta_text issuer;
    struct zta_text subject;
    struct zta_text client;
};

static enum zta_status keep_names(struct ctl_target *target, const struct names *names,
                                  struct zta_error *error)
{
    struct zta_revocation *record = &target->record;
    enum zta_status status =
        keep(target->issuer, sizeof target->issuer, names->issuer, &record->issuer, error);
    if (status == ZTA_OK) {
        status =
            keep(target->subject, sizeof target->subject, names->subject, &record->subject, error);
    }
    if (status == ZTA_OK) {
        status = keep(target->client, sizeof target->client, names->client, &record->client, error);
    }
    return status;
}

/* A session record has "" for a name that the credential did not have. */
static struct zta_text filled(const char *field)
{
    return zta_text_of(field[0] == '\0' ? NULL : field);
}

/* A session record keeps names cut; one that may be cut does not say whom a watermark is about. */
static enum zta_status keep_session(struct ctl_target *target, const struct zta_session *session,
                                    struct zta_error *error)
{
    target->record.session_kind = session->kind;
    bool is_exact = session->kind == ZTA_SESSION_SID || session->kind == ZTA_SESSION_APIKEY;
    if (!is_exact && !ctl_session_has_whole_names(session)) {
        return zta_error_set(error, ZTA_INVALID,
                             "this session has no sid and a longer subject or client than its "
                             "record keeps: revoke --subject");
    }
    const struct names names = {
        .issuer = filled(session->issuer),
        .subject = filled(session->subject),
        .client = filled(session->client),
    };
    return keep_names(target, &names, error);
}

struct finding {
    struct ctl_target *target;
    struct zta_error *error;
    enum zta_status status;
};

/* A revoked session outlives its own record. */
static bool find_revoked_session(void *context, const struct zta_revocation *record)
{
    struct finding *finding = context;
    struct ctl_target *target = finding->target;
    if (record->kind != ZTA_REVOKE_SESSION ||
        memcmp(record->session, target->record.session, sizeof record->session) != 0) {
        return true;
    }
    const struct names names = {
        .issuer = record->issuer, .subject = record->subject, .client = record->client};
    target->record.session_kind = record->session_kind;
    finding->status = keep_names(target, &names, finding->error);
    return false;
}

static enum zta_status resolve_session(struct zta_view *view, struct ctl_target *target,
                                       struct zta_error *error)
{
    struct zta_session session;
    if (zta_hex_decode(target->text, target->record.session, ZTA_SESSION_ID_SIZE) != ZTA_OK) {
        return zta_error_set(error, ZTA_INVALID, "'%.*s' is no session id (32 hex digits)",
                             (int)target->text.len, target->text.data);
    }
    enum zta_status status = zta_session_get(view, target->record.session, &session);
    if (status == ZTA_OK) {
        return keep_session(target, &session, error);
    }
    if (status == ZTA_NOT_FOUND) {
        struct finding finding = {.target = target, .error = error, .status = ZTA_NOT_FOUND};
        status = zta_revocation_each(view, find_revoked_session, &finding);
        status = status == ZTA_OK ? finding.status : status;
    }
    if (status == ZTA_OK || status == ZTA_INVALID) {
        return status;
    }
    return zta_error_set(error, status, "session %.*s: %s", (int)target->text.len,
                         target->text.data, zta_status_text(status));
}

static enum zta_status resolve_key(struct zta_view *view, struct ctl_target *target,
                                   struct zta_error *error)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    enum zta_status status = ctl_key_find(view, target->text, storage, &key, error);
    if (status == ZTA_OK) {
        status = keep(target->key_id, sizeof target->key_id, zta_text_of(key.id),
                      &target->record.apikey_id, error);
    }
    struct zta_text name;
    if (status == ZTA_OK) {
        status = keep(target->key_name, sizeof target->key_name, key.name, &name, error);
    }
    return status;
}

/*
 * A token on the command line would be seen by every user of the machine, so only its id is taken
 * there: whole, or the first half, which is what events keep.
 */
static enum zta_status resolve_token(const struct ctl_issuers *issuers, struct ctl_target *target,
                                     struct zta_error *error)
{
    struct zta_sha256 *id = &target->record.token_id;
    struct zta_text issuer;
    if (target->is_token) {
        return ctl_token_id(issuers, target->text, &issuer, id, error);
    }
    if (zta_hex_decode(target->text, id->bytes, sizeof id->bytes) == ZTA_OK ||
        zta_hex_decode(target->text, id->bytes, ZTA_SESSION_ID_SIZE) == ZTA_OK) {
        return ZTA_OK;
    }
    return zta_error_set(error, ZTA_INVALID,
                         "this is no token id (32 or 64 hex digits); a token itself is read from "
                         "standard input: --token -");
}

/* Tokens and postures may name devices that are in no inventory. */
static enum zta_status resolve_device(struct ctl_target *target, struct zta_error *error)
{
    if (!zta_device_id_is_valid(target->text)) {
        return zta_error_set(error, ZTA_INVALID,
                             "'%.*s' is no id of a device (at most %d printable bytes, no space at "
                             "its ends)",
                             (int)target->text.len, target->text.data, ZTA_DEVICE_ID_MAX);
    }
    return keep(target->device, sizeof target->device, target->text, &target->record.device, error);
}

static enum zta_status resolve_in(struct zta_view *view, struct ctl_target *target,
                                  struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack */
    enum zta_status status = ctl_issuers_load(view, &issuers, error);
    if (status != ZTA_OK) {
        return status;
    }
    switch (target->kind) {
    case ZTA_REVOKE_SESSION:
        return resolve_session(view, target, error);
    case ZTA_REVOKE_SUBJECT:
    case ZTA_REVOKE_CLIENT:
        return keep_name(target, &issuers, error);
    case ZTA_REVOKE_ISSUER:
        status = ctl_issuer_resolve(&issuers, target->text, error);
        return status != ZTA_OK ? status
                                : keep(target->issuer, sizeof target->issuer, target->text,
                                       &target->record.issuer, error);
    case ZTA_REVOKE_APIKEY:
        return resolve_key(view, target, error);
    case ZTA_REVOKE_TOKEN:
        return resolve_token(&issuers, target, error);
    case ZTA_REVOKE_DEVICE:
        return resolve_device(target, error);
    }
    return zta_error_set(error, ZTA_INVALID, "no such kind of target");
}

enum zta_status ctl_target_resolve(struct zta_store *store, struct ctl_target *target,
                                   struct zta_error *error)
{
    static char token[ZTA_TOKEN_MAX + 64];
    target->record = (struct zta_revocation){.kind = target->kind};
    if (target->kind == ZTA_REVOKE_TOKEN && zta_text_equal(target->text, ZTA_TEXT("-"))) {
        enum zta_status status = ctl_token_read(token, sizeof token, &target->text, error);
        if (status != ZTA_OK) {
            return status;
        }
        target->is_token = true;
    }
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "reading the store: %s", zta_status_text(status));
    }
    status = resolve_in(view, target, error);
    zta_view_end(&view);
    return status;
}

enum zta_status ctl_key_find(struct zta_view *view, struct zta_text text, void *storage,
                             struct zta_key *key, struct zta_error *error)
{
    enum zta_status status = ZTA_NOT_FOUND;
    char id[ZTA_KEY_ID_LEN + 1];
    if (text.len == ZTA_KEY_ID_LEN) {
        (void)snprintf(id, sizeof id, "%.*s", (int)text.len, text.data);
        status = zta_key_get(view, id, storage, ZTA_KEY_STORAGE_SIZE, key);
    }
    if (status == ZTA_NOT_FOUND) {
        status = zta_key_find(view, text, storage, ZTA_KEY_STORAGE_SIZE, key);
    }
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "API key '%.*s': %s", (int)text.len, text.data,
                             zta_status_text(status));
    }
    return ZTA_OK;
}

enum zta_status ctl_block_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                  struct zta_block *block, struct zta_error *error)
{
    /* With a slash and no '@' it can only be meant as a network: its own error says more. */
    bool is_network = text.len > 0 && memchr(text.data, '/', text.len) != NULL &&
                      memchr(text.data, '@', text.len) == NULL;
    enum zta_status status = zta_cidr_parse(text, &block->network, error);
    if (status == ZTA_OK || is_network) {
        block->kind = ZTA_BLOCK_NETWORK;
        return status;
    }
    struct ctl_name name;
    status = ctl_name_resolve(issuers, text, "subject", &name, error);
    if (status == ZTA_OK) {
        block->kind = ZTA_BLOCK_SUBJECT;
        block->issuer = name.issuer;
        block->subject = name.name;
    }
    return status;
}
