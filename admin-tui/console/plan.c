/* SPDX-License-Identifier: Apache-2.0 */
/* Revoking from the console: the same targets, counts and actions as of the commands. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/actions.h"
#include "admin-tui/console/model_priv.h"
#include "shared/base/clock.h"

/* It is counted for so long before the screen and the keys have their turn. */
#define COUNT_NS (8 * 1000000)

void tui_plan_clear(struct tui_plan *plan)
{
    memset(plan, 0, sizeof *plan);
}

void tui_plan_session(struct tui_plan *plan, const struct zta_session *session)
{
    if (plan->n == TUI_PLAN_MAX) {
        return;
    }
    zta_hex_encode(session->id, sizeof session->id, plan->texts[plan->n]);
    plan->targets[plan->n] =
        (struct ctl_target){.kind = ZTA_REVOKE_SESSION, .text = zta_text_of(plan->texts[plan->n])};
    plan->n++;
}

void tui_plan_key(struct tui_plan *plan, const char *id)
{
    tui_plan_clear(plan);
    (void)snprintf(plan->texts[0], sizeof plan->texts[0], "%s", id);
    plan->targets[0] =
        (struct ctl_target){.kind = ZTA_REVOKE_APIKEY, .text = zta_text_of(plan->texts[0])};
    plan->n = 1;
    plan->is_key = true;
}

/* Whose sessions these are; one that is gone is known by its id alone. */
static enum zta_status name_sessions(struct tui_model *model, struct tui_plan *plan)
{
    struct zta_view *view = NULL;
    enum zta_status status = tui_model_view(model, &view);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < plan->n && !plan->is_key; i++) {
        struct zta_session session;
        if (zta_session_get(view, plan->targets[i].record.session, &session) == ZTA_OK) {
            (void)snprintf(plan->names[i], sizeof plan->names[i], "%s", session.subject);
        }
    }
    zta_view_end(&view);
    return ZTA_OK;
}

static enum zta_status resolve(struct tui_model *model, struct tui_plan *plan,
                               struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < plan->n && status == ZTA_OK; i++) {
        status = ctl_target_resolve(model->ctl->store, &plan->targets[i], error);
    }
    return status == ZTA_OK ? name_sessions(model, plan) : status;
}

static enum zta_status count_on(struct tui_model *model, struct tui_plan *plan)
{
    const struct ctl_sought sought = {.targets = plan->targets, .n_targets = plan->n};
    int64_t begin_ns = zta_clock_monotonic_ns();
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK && !plan->walk.is_done &&
           zta_clock_monotonic_ns() - begin_ns < COUNT_NS) {
        status = ctl_hits_count_part(model->ctl->store, &sought, &plan->walk, &plan->hits);
    }
    return status;
}

enum zta_status tui_plan_prepare(struct tui_model *model, struct tui_plan *plan,
                                 struct zta_error *error)
{
    *error = (struct zta_error){.status = ZTA_OK};
    if (model->read_only[0] != '\0') {
        return zta_error_set(error, ZTA_FORBIDDEN, "read-only: %s", model->read_only);
    }
    enum zta_status status = zta_store_health(model->ctl->store, error);
    if (status == ZTA_OK && !plan->walk.has_begun) {
        status = resolve(model, plan, error);
    }
    if (status == ZTA_OK) {
        status = count_on(model, plan);
    }
    if (status != ZTA_OK && error->text[0] == '\0') {
        (void)zta_error_set(error, status, "counting whom this hits: %s", zta_status_text(status));
    }
    return status;
}

static struct ctl_action action_of(struct tui_model *model, const char *reason)
{
    return (struct ctl_action){
        .store = model->ctl->store,
        .actor = &model->ctl->actor,
        .reason = zta_text_of(reason),
    };
}

enum zta_status tui_plan_revoke(struct tui_model *model, struct tui_plan *plan, const char *reason,
                                uint64_t *id, struct zta_error *error)
{
    struct ctl_action action = action_of(model, reason);
    struct zta_revocation records[TUI_PLAN_MAX];
    /* In files that are no longer the store's it would be done for nobody. */
    enum zta_status status = zta_store_health(model->ctl->store, error);
    if (status != ZTA_OK) {
        return status;
    }
    if (plan->is_key) {
        status = ctl_action_key_revoke(&action, plan->texts[0]);
    }
    else {
        for (size_t i = 0; i < plan->n; i++) {
            records[i] = plan->targets[i].record;
        }
        status = ctl_action_revoke(&action, records, plan->n);
    }
    *id = action.id;
    *error = action.error;
    return status;
}

enum zta_status tui_plan_undo(struct tui_model *model, struct tui_plan *plan, const char *reason,
                              uint64_t *id, struct zta_error *error)
{
    enum zta_status status = zta_store_health(model->ctl->store, error);
    *id = 0;
    for (size_t i = 0; i < plan->n && status == ZTA_OK; i++) {
        struct ctl_action action = action_of(model, reason);
        status = ctl_action_unrevoke(&action, &plan->targets[i].record);
        *id = *id == 0 ? action.id : *id;
        *error = action.error;
    }
    return status;
}
