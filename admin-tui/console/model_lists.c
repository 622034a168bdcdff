/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions a part at a time; API keys and the audit trail when policy/ has moved. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/model_priv.h"
#include "admin-tui/risk_view.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/revocations.h"

/*
 * A walk over all sessions goes on for this long in a refresh, in parts. The first one, which
 * somebody waits for, goes on at once with the next refresh; the others take their time, and a
 * pause behind each keeps them at a small share of a processor. Sessions of new events are shown
 * anyway.
 */
#define FIRST_WALK_NS (8 * 1000000)
#define WALK_NS       (3 * 1000000)
#define WALK_PART     1000
#define PAUSE_NS      ZTA_NS_PER_S
#define PAUSE_SHARE   200 /* of the time that a walk took */
/* Signals are loaded whole: so many take some milliseconds. */
#define MANY_SIGNALS  10000
#define LONG_PAUSE_NS (20 * ZTA_NS_PER_S)
/* So many entries are verified without being asked. */
#define VERIFY_MAX 20000

/* Its risk is looked up only where rows stand by it. */
static bool offer(void *context, const struct zta_session *session)
{
    struct tui_window *window = context;
    struct ctl_session_look *look = &window->look;
    struct tui_seat *seat = tui_window_offer(window, session);
    if (seat != NULL && window->order == TUI_ORDER_RISK) {
        look->status = ctl_risk_of_session(look->view, session->id, look->now_s, &seat->risk);
    }
    return look->status == ZTA_OK;
}

static bool is_zero(const uint8_t place[ZTA_SESSION_ID_SIZE])
{
    static const uint8_t zero[ZTA_SESSION_ID_SIZE];
    return memcmp(place, zero, sizeof zero) == 0;
}

static enum zta_status walk_on(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    const int64_t most_ns = model->window.is_whole ? WALK_NS : FIRST_WALK_NS;
    const int64_t begin_ns = zta_clock_monotonic_ns();
    int64_t taken_ns = 0;
    enum zta_status status = ZTA_OK;
    if (is_zero(walk->session_place)) {
        walk->session_txn = zta_view_state_txn(view);
        walk->taken_ns = 0;
    }
    while (status == ZTA_OK && walk->is_walking && taken_ns < most_ns) {
        status = zta_session_each_from(view, walk->session_place, WALK_PART, offer, &model->window);
        status = status == ZTA_OK ? model->window.look.status : status;
        walk->is_walking = !is_zero(walk->session_place);
        tui_model_keep_small(model);
        taken_ns = zta_clock_monotonic_ns() - begin_ns;
    }
    walk->taken_ns += taken_ns;
    if (status == ZTA_OK) {
        tui_window_settle(&model->window, !walk->is_walking);
        walk->has_moved = true;
        walk->session_end_ns = walk->is_walking ? 0 : model->now_ns;
    }
    return status;
}

static enum zta_status read_touched(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    for (size_t i = 0; i < walk->n_touched; i++) {
        struct zta_session session;
        uint8_t risk = 0;
        enum zta_status status = zta_session_get(view, walk->touched[i], &session);
        if (status == ZTA_OK) {
            status = ctl_risk_of_session(view, session.id, model->now_ns / ZTA_NS_PER_S, &risk);
        }
        if (status == ZTA_OK) {
            tui_window_update(&model->window, &session, risk);
            walk->has_moved = true;
            status = model->window.look.status;
        }
        if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
            return status;
        }
    }
    walk->n_touched = 0;
    return ZTA_OK;
}

static enum zta_status read_signals(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    const int64_t pause_ns = model->revoking.signals.n > MANY_SIGNALS ? LONG_PAUSE_NS : PAUSE_NS;
    if (walk->signals_ns != 0 && model->now_ns - walk->signals_ns < pause_ns) {
        return ZTA_OK;
    }
    walk->signals_ns = model->now_ns;
    walk->has_moved = true;
    return ctl_signals_load(view, &model->revoking.signals);
}

/* By what each row is revoked, and its risk: when a row, a signal or policy/ is another. */
static enum zta_status judge_rows(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    struct tui_window *window = &model->window;
    const uint64_t txn = zta_view_policy_txn(view);
    const bool is_new = txn != walk->revoked_txn;
    if (!walk->has_moved && !is_new) {
        return ZTA_OK;
    }
    enum zta_status status = is_new ? ctl_revoking_load_keys(view, &model->revoking) : ZTA_OK;
    for (size_t i = 0; i < window->n_shown && status == ZTA_OK; i++) {
        struct tui_seat *seat = &window->shown[i];
        status = ctl_revoked_by(view, &model->revoking, &seat->session, model->revoked[i]);
        if (status == ZTA_OK && window->order != TUI_ORDER_RISK) {
            status = ctl_risk_of_session(view, seat->session.id, model->now_ns / ZTA_NS_PER_S,
                                         &seat->risk);
        }
    }
    walk->revoked_txn = status == ZTA_OK ? txn : 0;
    walk->has_moved = false;
    return status;
}

/* Once more, when something was stored since the last one began. */
static bool is_walk_due(const struct tui_model *model, const struct zta_view *view)
{
    const struct tui_model_walk *walk = model->walk;
    const int64_t share_ns = PAUSE_SHARE * walk->taken_ns;
    const int64_t pause_ns = share_ns > PAUSE_NS ? share_ns : PAUSE_NS;
    return !model->window.is_stopped && walk->session_txn != zta_view_state_txn(view) &&
           model->now_ns - walk->session_end_ns >= pause_ns;
}

enum zta_status tui_model_read_sessions(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    model->window.look = (struct ctl_session_look){
        .view = view, .now_s = model->now_ns / ZTA_NS_PER_S, .status = ZTA_OK};
    if (!walk->is_walking && is_walk_due(model, view)) {
        walk->is_walking = true;
    }
    enum zta_status status = walk->is_walking ? walk_on(model, view) : ZTA_OK;
    if (status == ZTA_OK) {
        status = read_touched(model, view);
    }
    if (status == ZTA_OK) {
        status = read_signals(model, view);
    }
    if (status == ZTA_OK) {
        status = judge_rows(model, view);
    }
    model->window.look.view = NULL;
    if (status != ZTA_OK) {
        /* What was said of rows that have moved since is of others. */
        memset(model->revoked, 0, sizeof model->revoked);
        walk->has_moved = true;
    }
    return status;
}

static void walk_anew(struct tui_model *model)
{
    struct tui_model_walk *walk = model->walk;
    memset(walk->session_place, 0, sizeof walk->session_place);
    walk->is_walking = true;
}

bool tui_model_is_busy(const struct tui_model *model)
{
    return model->walk->is_walking && !model->window.is_whole;
}

bool tui_model_stop(struct tui_model *model)
{
    if (!tui_model_is_busy(model) || model->window.n_walked == 0) {
        return false;
    }
    model->walk->is_walking = false;
    model->window.is_stopped = true;
    return true;
}

void tui_model_sort(struct tui_model *model, enum tui_order order)
{
    tui_window_restart(&model->window, order);
    walk_anew(model);
}

enum zta_status tui_model_filter_sessions(struct tui_model *model, const char *text,
                                          struct zta_error *error)
{
    enum zta_status status = tui_window_filter(&model->window, text, error);
    if (status == ZTA_OK) {
        walk_anew(model);
    }
    return status;
}

/* ---- API keys ---- */

struct listing {
    struct tui_keys *keys;
    struct zta_view *view;
    enum zta_status status;
};

static bool keep_key(void *context, const struct zta_key *key)
{
    struct listing *listing = context;
    struct tui_keys *keys = listing->keys;
    if (keys->n == TUI_KEYS_MAX) {
        keys->is_cut = true;
        return false;
    }
    struct tui_apikey *row = &keys->rows[keys->n];
    *row = (struct tui_apikey){
        .created_s = key->created_s, .expires_s = key->expires_s, .revoked_s = key->revoked_s};
    tui_keep(row->id, sizeof row->id, zta_text_of(key->id));
    tui_keep(row->name, sizeof row->name, key->name);
    tui_keep(row->owner, sizeof row->owner,
             zta_text_is_absent(key->owner) ? key->name : key->owner);
    enum zta_status status = zta_key_use_get(listing->view, key->id, &row->used_s, &row->n_uses);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_revocation_find_key(listing->view, key, &row->is_revoked);
    }
    if (status != ZTA_OK) {
        listing->status = status;
        return false;
    }
    keys->n++;
    return true;
}

enum zta_status tui_model_read_keys(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    uint64_t policy_txn = zta_view_policy_txn(view);
    /* Their uses are in state/, which moves all the time. */
    if (policy_txn == walk->keys_policy_txn && model->now_ns - walk->keys_ns < ZTA_NS_PER_S) {
        return ZTA_OK;
    }
    struct listing listing = {.keys = &model->keys, .view = view, .status = ZTA_OK};
    model->keys.n = 0;
    model->keys.is_cut = false;
    enum zta_status status = zta_key_each(view, keep_key, &listing);
    walk->keys_ns = model->now_ns;
    walk->keys_policy_txn = policy_txn;
    return status == ZTA_OK ? listing.status : status;
}

/* ---- audit trail ---- */

static bool keep_entry(void *context, const struct zta_audit_entry *entry)
{
    struct tui_audit *audit = context;
    struct tui_audit_row *row = &audit->rows[audit->n++];
    struct zta_text who = zta_text_is_absent(entry->sudo_user) ? entry->login : entry->sudo_user;
    *row = (struct tui_audit_row){.id = entry->id, .time_s = entry->time_ns / ZTA_NS_PER_S};
    tui_keep(row->who, sizeof row->who, who);
    tui_keep(row->action, sizeof row->action, entry->action);
    tui_keep(row->target, sizeof row->target, entry->target);
    struct zta_buffer after;
    zta_buffer_init(&after, row->after, sizeof row->after);
    ctl_print_change(&after, entry->after);
    tui_keep(row->reason, sizeof row->reason, entry->reason);
    return true;
}

void tui_model_verify_chain(struct tui_model *model, struct zta_view *view)
{
    struct tui_audit *audit = &model->audit;
    struct zta_sha256 head = {.bytes = {0}};
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = zta_audit_verify(view, &audit->n_verified, &head, &error);
    audit->chain = status == ZTA_OK ? TUI_CHAIN_CONSISTENT : TUI_CHAIN_UNKNOWN;
    zta_hex_encode(head.bytes, sizeof head.bytes, audit->head);
    if (status == ZTA_CORRUPT) {
        audit->chain = TUI_CHAIN_BROKEN;
        (void)snprintf(audit->fault, sizeof audit->fault, "%.*s", (int)sizeof audit->fault - 1,
                       error.text);
    }
    else if (status != ZTA_OK) {
        tui_model_fail(model, status, "verifying the audit trail");
    }
}

enum zta_status tui_model_read_audit(struct tui_model *model, struct zta_view *view)
{
    struct tui_audit *audit = &model->audit;
    uint64_t txn = zta_view_policy_txn(view);
    if (txn == model->walk->audit_policy_txn) {
        return ZTA_OK;
    }
    audit->n = 0;
    audit->chain = TUI_CHAIN_UNKNOWN;
    enum zta_status status = zta_audit_each(view, TUI_AUDIT_MAX, keep_entry, audit);
    model->walk->audit_policy_txn = status == ZTA_OK ? txn : 0;
    return status;
}

void tui_model_verify_short(struct tui_model *model, struct zta_view *view)
{
    const struct tui_audit *audit = &model->audit;
    if (audit->chain == TUI_CHAIN_UNKNOWN && audit->n > 0 && audit->rows[0].id <= VERIFY_MAX) {
        tui_model_verify_chain(model, view);
    }
}

void tui_model_verify(struct tui_model *model)
{
    struct zta_view *view = NULL;
    enum zta_status status = tui_model_view(model, &view);
    if (status != ZTA_OK) {
        tui_model_fail(model, status, "verifying the audit trail");
        return;
    }
    tui_model_verify_chain(model, view);
    zta_view_end(&view);
}
