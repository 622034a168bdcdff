/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, the rhythm of refreshing, and the health of server and store. */
#include "admin-tui/console/model.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/model_priv.h"
#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/pages.h"

enum {
    USAGE_EVERY_S = 5, /* LMDB's free list is walked for it */
};

/* What ends is shown to the minute. */
#define HELD_EVERY_NS (3 * ZTA_NS_PER_S)

/* Of the store's files, and of the program's: above, they are given back. */
#define PAGES_HELD_MAX (UINT64_C(32) << 20)

void tui_keep(char *field, size_t size, struct zta_text text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len > 0) {
        memcpy(field, text.data, len);
    }
    field[len] = '\0';
}

void tui_model_fail(struct tui_model *model, enum zta_status status, const char *what)
{
    if (model->error.text[0] == '\0') {
        (void)zta_error_set(&model->error, status, "%s: %s", what, zta_status_text(status));
    }
}

void tui_model_keep_small(const struct tui_model *model)
{
    if (zta_store_pages_held() > PAGES_HELD_MAX) {
        zta_store_drop_pages(model->ctl->store);
    }
}

enum zta_status tui_model_view(struct tui_model *model, struct zta_view **view)
{
    enum zta_status status = zta_store_health(model->ctl->store, &model->error);
    return status == ZTA_OK ? zta_view_begin(model->ctl->store, view) : status;
}

/* Who may not write policy/ may still look, when the files let him. */
static enum zta_status open_store(struct ctl *ctl, struct tui_model *model, struct zta_error *error)
{
    struct zta_error why = {.status = ZTA_OK};
    enum zta_status status = ctl_store_open(ctl, CTL_ACCESS_WRITE, &why);
    if (status == ZTA_FORBIDDEN || status == ZTA_IO) {
        (void)snprintf(model->read_only, sizeof model->read_only, "%s", why.text);
        if (zta_store_open(ctl->dir, ZTA_STORE_READER, 0, &ctl->store, error) == ZTA_OK) {
            return ZTA_OK;
        }
    }
    if (status != ZTA_OK) {
        *error = why;
    }
    return status;
}

enum zta_status tui_model_open(struct ctl *ctl, struct tui_model **model, struct zta_error *error)
{
    struct tui_model *made = calloc(1, sizeof *made);
    struct tui_model_walk *walk = calloc(1, sizeof *walk);
    enum zta_status status = ZTA_NO_MEMORY;
    if (made != NULL && walk != NULL) {
        status = open_store(ctl, made, error);
    }
    else {
        (void)zta_error_set(error, status, "out of memory");
    }
    if (status != ZTA_OK) {
        free(made);
        free(walk);
        return status;
    }
    made->ctl = ctl;
    made->walk = walk;
    walk->is_walking = true;
    *model = made;
    return ZTA_OK;
}

void tui_model_close(struct tui_model **model)
{
    if (*model != NULL) {
        zta_store_close(&(*model)->ctl->store);
        ctl_revoking_clear(&(*model)->revoking);
        free((*model)->walk);
        free(*model);
        *model = NULL;
    }
}

static bool keep_location(void *context, const struct zta_published_location *location)
{
    struct tui_health *health = context;
    if (health->n_locations < TUI_LOCATIONS_MAX) {
        struct tui_location *kept = &health->locations[health->n_locations];
        tui_keep(kept->server, sizeof kept->server, location->server);
        tui_keep(kept->path, sizeof kept->path, location->path);
        kept->stance = location->stance;
        kept->is_lower = location->is_lower;
    }
    health->n_locations++;
    return true;
}

static bool keep_alert(void *context, const struct zta_published_alert *alert)
{
    struct tui_health *health = context;
    if (health->n_alerts < TUI_ALERTS_MAX) {
        struct tui_alert *kept = &health->alerts[health->n_alerts];
        tui_keep(kept->name, sizeof kept->name, alert->name);
        tui_keep(kept->text, sizeof kept->text, alert->text);
        kept->since_s = alert->since_s;
    }
    health->n_alerts++;
    return true;
}

static enum zta_status read_health(struct tui_model *model, struct zta_view *view)
{
    struct tui_health *health = &model->health;
    health->policy_txn = zta_view_policy_txn(view);
    enum zta_status status =
        zta_published_get_heartbeat(view, &health->heartbeat, health->counters, ZTA_N_COUNTERS);
    health->has_heartbeat = status == ZTA_OK;
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    health->n_locations = health->n_alerts = 0;
    status = zta_published_each_location(view, keep_location, health);
    if (status == ZTA_OK) {
        status = zta_published_each_alert(view, keep_alert, health);
    }
    if (status == ZTA_OK) {
        status = zta_session_count(view, &health->n_sessions);
    }
    if (status == ZTA_OK) {
        status = zta_events_size(view, &health->event_bytes, &health->n_events);
    }
    return status == ZTA_OK ? zta_block_count(view, &health->n_blocks) : status;
}

static enum zta_status read_usage(struct tui_model *model)
{
    struct tui_health *health = &model->health;
    enum zta_status status = zta_store_usage(model->ctl->store, true, &health->policy);
    return status == ZTA_OK ? zta_store_usage(model->ctl->store, false, &health->state) : status;
}

static enum zta_status read_parts(struct tui_model *model, struct zta_view *view, unsigned parts)
{
    struct tui_model_walk *walk = model->walk;
    enum zta_status status = ZTA_OK;
    uint64_t txn = zta_view_state_txn(view);
    if (txn != walk->state_txn) {
        status = tui_model_read_events(model, view);
    }
    if (status == ZTA_OK && model->now_ns - walk->repeats_ns >= ZTA_NS_PER_S) {
        status = tui_model_read_repeats(model, view);
        walk->repeats_ns = model->now_ns;
    }
    if (status == ZTA_OK && model->now_ns - walk->health_ns >= ZTA_NS_PER_S) {
        status = read_health(model, view);
        walk->health_ns = model->now_ns;
    }
    const bool is_held_due = model->now_ns - walk->held_ns >= HELD_EVERY_NS ||
                             walk->held_policy_txn != zta_view_policy_txn(view);
    if (status == ZTA_OK && is_held_due) {
        status = tui_model_read_held(model, view);
        walk->held_ns = model->now_ns;
        walk->held_policy_txn = zta_view_policy_txn(view);
    }
    if (status == ZTA_OK && (parts & TUI_PART_SESSIONS) != 0) {
        status = tui_model_read_sessions(model, view);
    }
    if (status == ZTA_OK && (parts & TUI_PART_KEYS) != 0) {
        status = tui_model_read_keys(model, view);
    }
    if (status == ZTA_OK) {
        status = tui_model_read_audit(model, view);
    }
    if (status == ZTA_OK && (parts & TUI_PART_AUDIT) != 0) {
        tui_model_verify_short(model, view);
    }
    walk->state_txn = status == ZTA_OK ? txn : 0;
    walk->policy_txn = zta_view_policy_txn(view);
    return status;
}

/* What was there when the console came up: the tail, the last minutes. */
static enum zta_status begin(struct tui_model *model, struct zta_view *view)
{
    tui_pulse_init(&model->pulse, model->now_ns / ZTA_NS_PER_S);
    enum zta_status status = tui_model_fill_tail(model, view);
    return status == ZTA_OK ? tui_model_read_repeats(model, view) : status;
}

static enum zta_status look(struct tui_model *model, unsigned parts, bool *has_changed)
{
    struct tui_model_walk *walk = model->walk;
    struct zta_view *view = NULL;
    enum zta_status status = zta_store_health(model->ctl->store, &model->error);
    if (status == ZTA_OK && model->now_ns - walk->usage_ns >= USAGE_EVERY_S * ZTA_NS_PER_S) {
        status = read_usage(model);
        walk->usage_ns = model->now_ns;
    }
    if (status == ZTA_OK) {
        status = zta_view_begin(model->ctl->store, &view);
    }
    if (status != ZTA_OK) {
        return status;
    }
    const bool goes_on = (parts & TUI_PART_SESSIONS) != 0 && walk->is_walking;
    *has_changed = zta_view_state_txn(view) != walk->state_txn ||
                   zta_view_policy_txn(view) != walk->policy_txn || goes_on;
    if (model->pulse.now_s == 0) {
        status = begin(model, view);
    }
    if (status == ZTA_OK) {
        status = read_parts(model, view, parts);
    }
    zta_view_end(&view);
    tui_model_keep_small(model);
    return status;
}

static bool is_there(int32_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

bool tui_model_refresh(struct tui_model *model, unsigned parts, int64_t now_ns)
{
    struct tui_health *health = &model->health;
    int64_t now_s = now_ns / ZTA_NS_PER_S;
    bool has_changed = model->now_ns / ZTA_NS_PER_S != now_s || model->error.status != ZTA_OK;
    bool is_new = false;
    model->now_ns = now_ns;
    model->error = (struct zta_error){.status = ZTA_OK};
    if (model->pulse.now_s != 0) {
        tui_pulse_advance(&model->pulse, now_s);
    }
    enum zta_status status = look(model, parts, &is_new);
    if (status != ZTA_OK && model->error.text[0] == '\0') {
        tui_model_fail(model, status, "reading the store");
    }
    health->is_running =
        health->has_heartbeat && now_s - health->heartbeat.time_s <= ZTA_HEARTBEAT_STALE_S;
    health->is_helper_there = health->is_running || is_there(health->heartbeat.pid);
    return has_changed || is_new;
}
