/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says, hears and compares. */
#include <string.h>

#include "admin-tui/fleet/agent_priv.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/store/audit_heads.h"
#include "shared/store/fleet_collect.h"

/* Statements of one round through the outbox. */
#define SAY_MOST 500

static enum zta_status with_text(enum zta_status status, const char *what, struct zta_error *error)
{
    return status == ZTA_OK ? ZTA_OK
                            : zta_error_set(error, status, "%s: %s", what, zta_status_text(status));
}

/* A change of the store, if it is still part of the same fleet. */
static enum zta_status begin(struct ctl_agent *agent, struct zta_change **change,
                             struct zta_error *error)
{
    struct zta_view *view = NULL;
    struct zta_fleet fleet;
    enum zta_status status = zta_change_begin(agent->ctl->store, "fleet agent", change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_get(view, &fleet);
        zta_view_end(&view);
    }
    if (status == ZTA_NOT_FOUND ||
        (status == ZTA_OK && strcmp(fleet.name, agent->fleet.name) != 0)) {
        agent->is_left = true;
        status = zta_error_set(error, ZTA_CONFLICT, "this store is in this fleet no more");
    }
    if (status != ZTA_OK) {
        zta_change_abort(change);
    }
    return status;
}

/* Commits what there is to commit, unless something failed. */
static enum zta_status end(struct zta_change **change, enum zta_status status, bool is_changed,
                           struct zta_error *error)
{
    if (status == ZTA_OK && is_changed) {
        return zta_change_commit(change, error);
    }
    zta_change_abort(change);
    return status;
}

/* ---- hearing ---- */

/* A part of what waits here is said, or the batch is taken: *is_behind says which. */
static enum zta_status take_some(struct ctl_agent *agent, const char *place, bool *is_behind,
                                 struct zta_error *error)
{
    struct zta_change *change = NULL;
    struct zta_hearing hearing = {.fleet = &agent->fleet,
                                  .key = agent->key,
                                  .items = agent->batch.items,
                                  .n = agent->batch.n,
                                  .now_ns = zta_clock_real_ns(),
                                  .is_comparing = agent->is_comparing,
                                  .said = agent->said,
                                  .admits = ctl_bound_admits,
                                  .context = agent->bound};
    ctl_bound_refresh(agent->bound, agent->ctl->store, hearing.now_ns / ZTA_NS_PER_S);
    enum zta_status status = begin(agent, &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = with_text(zta_fleet_hear(change, &hearing), "taking what other nodes say", error);
    const bool moves = place != NULL && hearing.is_changed && !hearing.is_behind;
    if (status == ZTA_OK && moves) {
        status = with_text(zta_fleet_set_place(change, place), "keeping the place", error);
    }
    status = end(&change, status, hearing.is_changed, error);
    for (size_t i = 0; status == ZTA_OK && i < ZTA_N_FLEET_OUTCOMES; i++) {
        agent->outcomes[i] += hearing.outcomes[i];
    }
    agent->said = status == ZTA_OK ? hearing.said : agent->said;
    *is_behind = hearing.is_behind;
    return status;
}

/*
 * Takes the batch in one change; a change that would change nothing is not made. The place behind
 * it in the stream (NULL: it is not from there) stands in the same change, so that an agent that
 * dies hears nothing twice that it took.
 */
static enum zta_status take_batch(struct ctl_agent *agent, const char *place,
                                  struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    bool is_behind = agent->batch.n > 0;
    while (status == ZTA_OK && is_behind) {
        status = take_some(agent, place, &is_behind, error);
    }
    ctl_batch_clear(&agent->batch);
    return status;
}

struct taking {
    struct ctl_agent *agent;
    struct zta_error *error;
    enum zta_status status;
};

/* Of records without end: each full batch is taken before the next. */
static bool take_scanned(void *context, struct zta_text bytes)
{
    struct taking *taking = context;
    if (ctl_batch_is_full(&taking->agent->batch)) {
        taking->status = take_batch(taking->agent, NULL, taking->error);
    }
    return taking->status == ZTA_OK && ctl_batch_add(&taking->agent->batch, bytes);
}

/* Who is a node, before anything that a node says: records come in no order. */
static bool take_scanned_node(void *context, struct zta_text bytes)
{
    struct zta_statement statement;
    const bool is_node =
        zta_statement_read(bytes, &statement) == ZTA_OK && statement.topic == ZTA_FLEET_NODE;
    return !is_node || take_scanned(context, bytes);
}

/* What comes from here on was in the stream after all had been compared. */
static void leave_compared(struct ctl_agent *agent)
{
    if (agent->is_comparing && ctl_agent_has_passed(agent->place, agent->compared)) {
        agent->is_comparing = false;
    }
}

enum zta_status ctl_agent_hear(struct ctl_agent *agent, struct zta_error *error)
{
    char place[ZTA_FLEET_PLACE_MAX];
    bool is_answered;
    memcpy(place, agent->place, sizeof place);
    enum zta_status status =
        ctl_engine_hear(agent->engine, ctl_batch_add, &agent->batch, place, &is_answered, error);
    if (status == ZTA_OK) {
        status = take_batch(agent, place, error);
    }
    if (status == ZTA_OK && strcmp(place, agent->place) != 0) {
        memcpy(agent->place, place, sizeof place);
        agent->is_place_moved = true;
    }
    if (is_answered) {
        leave_compared(agent);
    }
    ctl_batch_clear(&agent->batch);
    return status;
}

/* ---- saying ---- */

/* One round through the outbox; *goes_on: there may be more. */
static enum zta_status say_some(struct ctl_agent *agent, bool *goes_on, struct zta_error *error)
{
    struct zta_change *change = NULL;
    uint64_t last = 0;
    const struct zta_saying saying = {.fleet = &agent->fleet,
                                      .key = agent->key,
                                      .most = SAY_MOST,
                                      .fn = ctl_batch_add,
                                      .context = &agent->batch};
    enum zta_status status = begin(agent, &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status =
        with_text(zta_fleet_say(change, &saying, &last), "saying what was changed here", error);
    status = end(&change, status, true, error);
    const size_t n = agent->batch.n;
    if (status == ZTA_OK && n > 0) {
        status = ctl_engine_publish(agent->engine, agent->batch.items, n, error);
    }
    ctl_batch_clear(&agent->batch);
    if (status == ZTA_OK && last > 0) {
        agent->said = last > agent->said ? last : agent->said;
        status = begin(agent, &change, error);
        if (status == ZTA_OK) {
            status = with_text(zta_fleet_sent(change, last), "emptying the outbox", error);
            status = end(&change, status, true, error);
        }
        agent->n_said += status == ZTA_OK ? n : 0;
    }
    *goes_on = last > 0;
    return status;
}

/* What the helper noted in state/ waits here from now on. */
static enum zta_status collect(struct ctl_agent *agent, struct zta_error *error)
{
    struct zta_change *change = NULL;
    struct zta_view *view = NULL;
    enum zta_status status = begin(agent, &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_collect(change, view);
        zta_view_end(&view);
    }
    return end(&change, with_text(status, "collecting what automation did", error), true, error);
}

static enum zta_status count_waiting(struct ctl_agent *agent, uint64_t *n, bool *has_notes,
                                     struct zta_error *error)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_waiting(view, n);
        if (status == ZTA_OK) {
            status = zta_fleet_has_notes(view, has_notes);
        }
        zta_view_end(&view);
    }
    return with_text(status, "reading the outbox", error);
}

enum zta_status ctl_agent_note_head(struct ctl_agent *agent, struct zta_error *error)
{
    struct zta_change *change = NULL;
    struct zta_view *view = NULL;
    bool is_due = false;
    enum zta_status status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_audit_head_is_due(view, &is_due);
        zta_view_end(&view);
    }
    if (status != ZTA_OK || !is_due) {
        return with_text(status, "reading the audit trail", error);
    }
    status = begin(agent, &change, error);
    if (status == ZTA_OK) {
        status = with_text(zta_audit_head_note(change), "the head of the audit trail", error);
        status = end(&change, status, true, error);
    }
    return status;
}

enum zta_status ctl_agent_say(struct ctl_agent *agent, struct zta_error *error)
{
    uint64_t n_waiting = 0;
    bool has_notes = false;
    enum zta_status status = count_waiting(agent, &n_waiting, &has_notes, error);
    bool goes_on = n_waiting > 0 || has_notes;
    if (status == ZTA_OK && has_notes) {
        status = collect(agent, error);
    }
    if (status == ZTA_OK && goes_on) {
        status = ctl_agent_note_head(agent, error); /* it goes out with what made it */
    }
    while (status == ZTA_OK && goes_on) {
        status = say_some(agent, &goes_on, error);
    }
    return status;
}

/* ---- comparing ---- */

/* Sends those of the batch that the engine lacks. */
static enum zta_status send_lacking(struct ctl_agent *agent, struct zta_error *error)
{
    bool lacks[ZTA_FLEET_BATCH];
    struct zta_text wanted[ZTA_FLEET_BATCH];
    size_t n = 0;
    enum zta_status status =
        ctl_engine_lacks(agent->engine, agent->batch.items, agent->batch.n, lacks, error);
    for (size_t i = 0; status == ZTA_OK && i < agent->batch.n; i++) {
        if (lacks[i]) {
            wanted[n++] = agent->batch.items[i];
        }
    }
    if (status == ZTA_OK && n > 0) {
        status = ctl_engine_refill(agent->engine, wanted, n, error);
    }
    return status;
}

static bool add_unless_full(void *context, struct zta_text bytes)
{
    return !ctl_batch_is_full(context) && ctl_batch_add(context, bytes);
}

static enum zta_status send_all_lacking(struct ctl_agent *agent, struct zta_error *error)
{
    static const uint8_t nowhere[ZTA_STATEMENT_NAME_SIZE];
    uint8_t place[ZTA_STATEMENT_NAME_SIZE] = {0};
    enum zta_status status;
    do {
        struct zta_view *view = NULL;
        status = zta_view_begin(agent->ctl->store, &view);
        if (status == ZTA_OK) {
            status = zta_fleet_each(view, place, ZTA_FLEET_BATCH, add_unless_full, &agent->batch);
            zta_view_end(&view);
        }
        status = with_text(status, "reading statements", error);
        if (status == ZTA_OK) {
            status = send_lacking(agent, error);
        }
        ctl_batch_clear(&agent->batch);
    } while (status == ZTA_OK && memcmp(place, nowhere, sizeof place) != 0);
    return status;
}

/* All records through fn, and what it took into the store. */
static enum zta_status scan(struct taking *taking, zta_statement_fn fn, struct zta_error *error)
{
    enum zta_status status = ctl_engine_scan(taking->agent->engine, fn, taking, error);
    status = taking->status != ZTA_OK ? taking->status : status;
    if (status == ZTA_OK) {
        status = take_batch(taking->agent, NULL, error);
    }
    ctl_batch_clear(&taking->agent->batch);
    return status;
}

/* *place: where the stream goes on that has what came while the records were read. */
static enum zta_status compare_all(struct ctl_agent *agent, char place[ZTA_FLEET_PLACE_MAX],
                                   struct zta_error *error)
{
    struct taking taking = {.agent = agent, .error = error, .status = ZTA_OK};
    enum zta_status status = ctl_engine_head(agent->engine, place, error);
    if (status == ZTA_OK) {
        status = scan(&taking, take_scanned_node, error);
    }
    if (status == ZTA_OK) {
        status = scan(&taking, take_scanned, error);
    }
    if (status == ZTA_OK) {
        status = send_all_lacking(agent, error);
    }
    return status == ZTA_OK ? ctl_engine_head(agent->engine, agent->compared, error) : status;
}

enum zta_status ctl_agent_sync(struct ctl_agent *agent, struct zta_error *error)
{
    char place[ZTA_FLEET_PLACE_MAX];
    agent->is_comparing = true;
    const enum zta_status status = compare_all(agent, place, error);
    if (status != ZTA_OK) {
        agent->is_comparing = false;
        return status;
    }
    if (ctl_engine_is_awaiting(agent->engine)) {
        leave_compared(agent); /* an answer is to come from where it stood */
        memcpy(agent->place, place, sizeof place);
    }
    else {
        memcpy(agent->place, place, sizeof place);
        leave_compared(agent);
    }
    agent->is_place_moved = true;
    agent->is_place_lost = false;
    agent->n_synced++;
    agent->next_sync_ns = zta_clock_monotonic_ns() + CTL_FLEET_SYNC_NS;
    return ZTA_OK;
}

/* How long one node's comparing may keep the others waiting. */
#define TURN_NS (30 * (ZTA_NS_PER_S / 1000))

enum zta_status ctl_agent_resume(struct ctl_agent *agent, struct zta_error *error)
{
    bool has_place = true;
    uint64_t chance;
    if (agent->place[0] == '\0') {
        return ctl_agent_sync(agent, error);
    }
    if (agent->is_place_lost || strcmp(agent->place, ZTA_FLEET_PLACE_NONE) == 0) {
        return ZTA_OK;
    }
    const enum zta_status status =
        ctl_engine_has_place(agent->engine, agent->place, &has_place, error);
    if (status == ZTA_OK && !has_place) {
        zta_random_fast(&chance, sizeof chance);
        const uint64_t turns_ns = (agent->n_nodes + 1) * (uint64_t)TURN_NS;
        agent->is_place_lost = true;
        agent->next_sync_ns = zta_clock_monotonic_ns() + (int64_t)(chance % turns_ns);
    }
    return status;
}
