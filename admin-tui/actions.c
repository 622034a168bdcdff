/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction an action: what was there, the audit entry, the change. */
#include "admin-tui/actions.h"

#include <string.h>

#include "admin-tui/actions_priv.h"
#include "admin-tui/signals.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/keysets.h"

static enum zta_status fail(const struct ctl_work *work, enum zta_status status)
{
    if (status != ZTA_OK && work->action->error.text[0] == '\0') {
        (void)zta_error_set(&work->action->error, status, "%s: %s", work->name,
                            zta_status_text(status));
    }
    return status;
}

enum zta_status ctl_work_begin(struct ctl_work *work, struct ctl_action *action, const char *name)
{
    work->action = action;
    work->change = NULL;
    work->name = name;
    work->target[0] = work->before[0] = work->after[0] = '\0';
    action->id = 0;
    action->error = (struct zta_error){.status = ZTA_OK};
    return fail(work, zta_change_begin(action->store, name, &work->change, &action->error));
}

enum zta_status ctl_work_end(struct ctl_work *work, enum zta_status status)
{
    if (status == ZTA_OK) {
        status = zta_change_commit(&work->change, &work->action->error);
    }
    else {
        zta_change_abort(&work->change);
    }
    return fail(work, status);
}

/* "" is nothing, not an empty text. */
static struct zta_text filled(const char *text)
{
    return zta_text_of(text[0] == '\0' ? NULL : text);
}

enum zta_status ctl_work_note(struct ctl_work *work, uint64_t *id)
{
    const struct ctl_actor *actor = work->action->actor;
    struct zta_audit_entry entry = {
        .uid = actor->uid,
        .login = filled(actor->login),
        .sudo_user = filled(actor->sudo_user),
        .tty = filled(actor->tty),
        .action = zta_text_of(work->name),
        .target = filled(work->target),
        .before = filled(work->before),
        .after = filled(work->after),
        .reason = work->action->reason,
    };
    enum zta_status status = zta_audit_append(work->change, &entry);
    if (status == ZTA_OK) {
        *id = entry.id;
        work->action->id = work->action->id == 0 ? entry.id : work->action->id;
    }
    return status;
}

struct zta_buffer ctl_work_write(char *text, size_t size)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, size);
    return buffer;
}

static void print_time(struct zta_buffer *out, const char *what, int64_t time_s)
{
    char text[ZTA_TIME_TEXT_MAX];
    zta_time_print(time_s, text);
    zta_buffer_printf(out, "%s %s", what, text);
}

/* A login is refused up to a moment; an id is refused whenever it comes. */
static void print_revoked(struct zta_buffer *out, const struct zta_revocation *record)
{
    bool is_exact =
        record->kind == ZTA_REVOKE_APIKEY || record->kind == ZTA_REVOKE_TOKEN ||
        (record->kind == ZTA_REVOKE_SESSION &&
         (record->session_kind == ZTA_SESSION_SID || record->session_kind == ZTA_SESSION_APIKEY));
    print_time(out, is_exact ? "revoked at" : "revoked up to", record->watermark_s);
}

static bool is_same_target(const struct zta_revocation *a, const struct zta_revocation *b)
{
    char text[2][CTL_WORK_TARGET_MAX];
    struct zta_buffer one = ctl_work_write(text[0], sizeof text[0]);
    struct zta_buffer other = ctl_work_write(text[1], sizeof text[1]);
    ctl_target_print(a, &one);
    ctl_target_print(b, &other);
    return strcmp(text[0], text[1]) == 0;
}

struct looking {
    const void *wanted;
    struct ctl_work *work;
};

static bool see_revocation(void *context, const struct zta_revocation *record)
{
    struct looking *looking = context;
    if (!is_same_target(looking->wanted, record)) {
        return true;
    }
    struct zta_buffer out = ctl_work_write(looking->work->before, sizeof looking->work->before);
    print_revoked(&out, record);
    return false;
}

static bool see_block(void *context, const struct zta_block *block)
{
    struct looking *looking = context;
    char text[2][CTL_WORK_TARGET_MAX];
    struct zta_buffer one = ctl_work_write(text[0], sizeof text[0]);
    struct zta_buffer other = ctl_work_write(text[1], sizeof text[1]);
    ctl_block_print(looking->wanted, &one);
    ctl_block_print(block, &other);
    if (strcmp(text[0], text[1]) != 0) {
        return true;
    }
    struct zta_buffer out = ctl_work_write(looking->work->before, sizeof looking->work->before);
    print_time(&out, "blocked until", block->until_s);
    return false;
}

/* What the audit entry says was there. */
static enum zta_status look(struct ctl_work *work, const struct zta_revocation *record,
                            const struct zta_block *block)
{
    struct zta_view *view = NULL;
    struct looking looking = {.work = work};
    enum zta_status status = zta_view_begin(work->action->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    if (record != NULL) {
        looking.wanted = record;
        status = zta_revocation_each(view, see_revocation, &looking);
    }
    else {
        looking.wanted = block;
        status = zta_block_each(view, see_block, &looking);
    }
    zta_view_end(&view);
    return status;
}

static enum zta_status revoke_one(struct ctl_work *work, struct zta_revocation *record)
{
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    struct zta_buffer after = ctl_work_write(work->after, sizeof work->after);
    work->before[0] = '\0';
    ctl_target_print(record, &target);
    print_revoked(&after, record);
    enum zta_status status = look(work, record, NULL);
    if (status == ZTA_OK) {
        status = ctl_work_note(work, &record->action_id);
    }
    return status == ZTA_OK ? zta_revocation_put(work->change, record) : status;
}

enum zta_status ctl_action_revoke(struct ctl_action *action, struct zta_revocation *records,
                                  size_t n)
{
    struct ctl_work work;
    enum zta_status status = ctl_work_begin(&work, action, "revoke");
    if (status != ZTA_OK) {
        return status;
    }
    /* Under the lock: a login that came while another writer was waited for is hit too. */
    int64_t now_ns = zta_clock_real_ns();
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        records[i].watermark_s = now_ns / ZTA_NS_PER_S;
        records[i].created_ns = now_ns;
        records[i].reason = action->reason;
        records[i].author = zta_text_of(action->actor->author);
        status = revoke_one(&work, &records[i]);
    }
    return ctl_work_end(&work, status);
}

/* Signals about a target, as they are found; released under the writer lock. */
struct releasing {
    struct ctl_work *work;
    const struct zta_revocation *record;
    const struct zta_session *session; /* NULL: none has a record */
    uint64_t action_id;
    enum zta_status status; /* ZTA_NOT_FOUND: none was there */
};

static bool release_signal(void *context, const struct zta_signal *signal, bool is_released)
{
    struct releasing *releasing = context;
    if (is_released || !ctl_signal_is_about(signal, releasing->record, releasing->session)) {
        return true;
    }
    releasing->status = zta_signal_release(releasing->work->change, signal, releasing->action_id);
    return releasing->status == ZTA_OK;
}

static enum zta_status release_signals(struct ctl_work *work, const struct zta_revocation *record,
                                       uint64_t action_id)
{
    struct releasing releasing = {
        .work = work, .record = record, .action_id = action_id, .status = ZTA_NOT_FOUND};
    struct zta_session session;
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(work->action->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    if (record->kind == ZTA_REVOKE_SESSION) {
        status = zta_session_get(view, record->session, &session);
        releasing.session = status == ZTA_OK ? &session : NULL;
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_signal_each(view, release_signal, &releasing);
    }
    zta_view_end(&view);
    return status == ZTA_OK ? releasing.status : status;
}

static enum zta_status unrevoke(struct ctl_work *work, const struct zta_revocation *record,
                                uint64_t action_id)
{
    const enum zta_status removed = zta_revocation_remove(work->change, record);
    if (removed != ZTA_OK && removed != ZTA_NOT_FOUND) {
        return removed;
    }
    const enum zta_status released = release_signals(work, record, action_id);
    return released == ZTA_NOT_FOUND ? removed : released;
}

enum zta_status ctl_action_unrevoke(struct ctl_action *action, const struct zta_revocation *record)
{
    struct ctl_work work;
    uint64_t id = 0;
    enum zta_status status = ctl_work_begin(&work, action, "unrevoke");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    ctl_target_print(record, &target);
    status = look(&work, record, NULL);
    if (status == ZTA_OK) {
        status = ctl_work_note(&work, &id);
    }
    if (status == ZTA_OK) {
        status = unrevoke(&work, record, id);
    }
    if (status == ZTA_NOT_FOUND) {
        (void)zta_error_set(&action->error, status, "%s is not revoked", work.target);
    }
    return ctl_work_end(&work, status);
}

/* What has ended goes with the next change of blocks; nothing else writes policy/. */
static enum zta_status prune_blocks(struct ctl_work *work)
{
    uint64_t n;
    return zta_blocks_prune(work->change, zta_clock_real_ns() / ZTA_NS_PER_S, &n);
}

enum zta_status ctl_action_block(struct ctl_action *action, struct zta_block *block)
{
    struct ctl_work work;
    enum zta_status status = ctl_work_begin(&work, action, "block");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
    ctl_block_print(block, &target);
    print_time(&after, "blocked until", block->until_s);
    block->created_ns = zta_clock_real_ns();
    block->reason = action->reason;
    block->author = zta_text_of(action->actor->author);
    status = look(&work, NULL, block);
    if (status == ZTA_OK) {
        status = ctl_work_note(&work, &block->action_id);
    }
    if (status == ZTA_OK) {
        status = prune_blocks(&work);
    }
    if (status == ZTA_OK) {
        status = zta_block_put(work.change, block);
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_unblock(struct ctl_action *action, const struct zta_block *block)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, "blocks remove");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    ctl_block_print(block, &target);
    status = look(&work, NULL, block);
    if (status == ZTA_OK) {
        status = ctl_work_note(&work, &id);
    }
    if (status == ZTA_OK) {
        status = zta_block_remove(work.change, block);
    }
    if (status == ZTA_OK) {
        status = prune_blocks(&work);
    }
    if (status == ZTA_NOT_FOUND) {
        (void)zta_error_set(&action->error, status, "%s is not blocked", work.target);
    }
    return ctl_work_end(&work, status);
}

/* ---- API keys ---- */

static void print_key(struct zta_buffer *out, const struct zta_key *key)
{
    zta_buffer_string(out, "name ");
    zta_buffer_text(out, key->name);
    if (!zta_text_is_absent(key->owner)) {
        zta_buffer_string(out, " owner ");
        zta_buffer_text(out, key->owner);
    }
    for (size_t i = 0; i < key->n_roles; i++) {
        zta_buffer_string(out, " role ");
        zta_buffer_text(out, key->roles[i]);
    }
    for (size_t i = 0; i < key->n_scopes; i++) {
        zta_buffer_string(out, " scope ");
        zta_buffer_text(out, key->scopes[i]);
    }
    for (size_t i = 0; i < key->n_cidrs; i++) {
        char network[ZTA_CIDR_TEXT_MAX];
        zta_cidr_print(&key->cidrs[i], network);
        zta_buffer_printf(out, " cidr %s", network);
    }
    if (key->expires_s != 0) {
        print_time(out, " expires", key->expires_s);
    }
}

static enum zta_status put_key(struct ctl_work *work, const struct zta_key *key)
{
    uint64_t id;
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    zta_buffer_printf(&target, "key %s (", key->id);
    zta_buffer_text(&target, key->name);
    zta_buffer_string(&target, ")");
    enum zta_status status = ctl_work_note(work, &id);
    if (status == ZTA_OK) {
        status = zta_key_put(work->change, key);
    }
    if (status == ZTA_EXISTS) {
        (void)zta_error_set(&work->action->error, status, "another living key is named '%.*s'",
                            (int)key->name.len, key->name.data);
    }
    return status;
}

enum zta_status ctl_action_key_create(struct ctl_action *action, const struct zta_key *key)
{
    struct ctl_work work;
    enum zta_status status = ctl_work_begin(&work, action, "keys create");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
    print_key(&after, key);
    return ctl_work_end(&work, put_key(&work, key));
}

/* A key as it is now, under the writer lock; storage has ZTA_KEY_STORAGE_SIZE bytes. */
static enum zta_status load_key(struct ctl_work *work, const char *id, void *storage,
                                struct zta_key *key)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(work->action->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_key_get(view, id, storage, ZTA_KEY_STORAGE_SIZE, key);
    zta_view_end(&view);
    if (status == ZTA_OK && key->revoked_s != 0) {
        return zta_error_set(&work->action->error, ZTA_CONFLICT, "key %s was revoked before", id);
    }
    return status;
}

enum zta_status ctl_action_key_rotate(struct ctl_action *action, const char *id,
                                      const struct zta_sha256 *secret, int64_t grace_s)
{
    struct ctl_work work;
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    enum zta_status status = ctl_work_begin(&work, action, "keys rotate");
    if (status != ZTA_OK) {
        return status;
    }
    int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    status = load_key(&work, id, storage, &key);
    if (status == ZTA_OK && key.expires_s != 0 && key.expires_s <= now_s) {
        status = zta_error_set(&action->error, ZTA_CONFLICT, "key %s has expired", id);
    }
    if (status == ZTA_OK) {
        struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
        zta_buffer_string(&after, "new secret");
        key.old_secret = grace_s > 0 ? key.secret : (struct zta_sha256){.bytes = {0}};
        key.old_until_s = grace_s > 0 ? now_s + grace_s : 0;
        key.secret = *secret;
        if (grace_s > 0) {
            print_time(&after, ", the former one until", key.old_until_s);
        }
        status = put_key(&work, &key);
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_key_revoke(struct ctl_action *action, const char *id)
{
    struct ctl_work work;
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    enum zta_status status = ctl_work_begin(&work, action, "keys revoke");
    if (status != ZTA_OK) {
        return status;
    }
    status = load_key(&work, id, storage, &key);
    if (status == ZTA_OK) {
        struct zta_buffer before = ctl_work_write(work.before, sizeof work.before);
        print_key(&before, &key);
        key.revoked_s = zta_clock_real_ns() / ZTA_NS_PER_S;
        key.reason = action->reason;
        struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
        print_time(&after, "revoked", key.revoked_s);
        status = put_key(&work, &key);
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_store_noted(struct ctl_action *action, const char *name,
                                       struct zta_text target)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer text = ctl_work_write(work.target, sizeof work.target);
    zta_buffer_text(&text, target);
    return ctl_work_end(&work, ctl_work_note(&work, &id));
}

/* ---- issuers ---- */

enum zta_status ctl_action_refresh(struct ctl_action *action, struct zta_text name)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, "issuers refresh");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    zta_buffer_string(&target, zta_text_is_absent(name) ? "all issuers" : "issuer ");
    zta_buffer_text(&target, name);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        status = zta_keyset_request(work.change, name);
    }
    return ctl_work_end(&work, status);
}
