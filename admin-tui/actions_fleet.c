/* SPDX-License-Identifier: Apache-2.0 */
/* Being part of a fleet, and who else is. */
#include "admin-tui/actions_priv.h"
#include "admin-tui/fleet/held.h"
#include "shared/base/clock.h"
#include "shared/store/fleet.h"

/* An action about the fleet as a whole, with its audit entry. */
static enum zta_status begin(struct ctl_work *work, struct ctl_action *action, const char *name,
                             const struct zta_fleet *fleet)
{
    uint64_t id;
    const enum zta_status status = ctl_work_begin(work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    zta_buffer_printf(&target, "fleet %s as %s", fleet->name, fleet->node);
    return ctl_work_note(work, &id);
}

enum zta_status ctl_action_fleet_join(struct ctl_action *action, const struct zta_fleet *fleet)
{
    struct ctl_work work;
    enum zta_status status = begin(&work, action, "fleet join", fleet);
    if (status == ZTA_OK) {
        status = zta_fleet_join(work.change, fleet);
    }
    if (status == ZTA_EXISTS) {
        (void)zta_error_set(&action->error, status,
                            "this store is part of a fleet already; see ztactl fleet status");
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_fleet_leave(struct ctl_action *action, const struct zta_fleet *fleet)
{
    struct ctl_work work;
    enum zta_status status = begin(&work, action, "fleet leave", fleet);
    if (status == ZTA_OK) {
        status = zta_fleet_leave(work.change);
    }
    return ctl_work_end(&work, status);
}

/* "node proxy-1": what the statement says, before it is believed. */
static void print_node(struct zta_text bytes, struct ctl_work *work)
{
    struct zta_statement statement;
    struct zta_fleet_node node;
    char text[2 * ZTA_ORIGIN_SIZE + 1];
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    struct zta_buffer after = ctl_work_write(work->after, sizeof work->after);
    if (zta_statement_read(bytes, &statement) != ZTA_OK || statement.key.len != ZTA_ORIGIN_SIZE) {
        return;
    }
    zta_hex_encode((const uint8_t *)statement.key.data, ZTA_ORIGIN_SIZE, text);
    zta_buffer_printf(&target, "node %s", text);
    if (zta_node_decode(statement.key, statement.value, &node) == ZTA_OK) {
        static const char *const may[] = {
            [ZTA_NODE_NONE] = "nothing",
            [ZTA_NODE_RESTRICT] = "restrict",
            [ZTA_NODE_FULL] = "grant and restrict",
        };
        zta_buffer_printf(&after, "%s, may %s", node.name, may[node.role]);
    }
}

enum zta_status ctl_action_fleet_enrol(struct ctl_action *action, const struct zta_fleet *fleet,
                                       struct zta_text statement)
{
    struct ctl_work work;
    enum zta_fleet_outcome outcome = ZTA_FLEET_MALFORMED;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, "fleet enrol");
    if (status != ZTA_OK) {
        return status;
    }
    print_node(statement, &work);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        status = zta_fleet_enrol(work.change, fleet, statement, zta_clock_real_ns(), &outcome);
    }
    if (status == ZTA_OK && outcome != ZTA_FLEET_TAKEN) {
        status = zta_error_set(
            &action->error, outcome == ZTA_FLEET_KNOWN ? ZTA_EXISTS : ZTA_FORBIDDEN,
            "the enrolment is %s%s", zta_fleet_outcome_name(outcome),
            outcome == ZTA_FLEET_FORGED ? ": expected a signature of fleet.conf's operator-key"
                                        : "");
    }
    return ctl_work_end(&work, status);
}

/* ---- what is held ---- */

/* "quarantine of subject alice@corp, said by sensor" */
static enum zta_status note_held(struct ctl_work *work, const struct ctl_held *held,
                                 const char *ruling)
{
    uint64_t id;
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    struct zta_buffer before = ctl_work_write(work->before, sizeof work->before);
    struct zta_buffer after = ctl_work_write(work->after, sizeof work->after);
    zta_buffer_printf(&target, "%s of ", ctl_held_what(&held->held, &held->restriction));
    ctl_held_print_target(&held->restriction, held->held.statement.topic, &target);
    zta_buffer_printf(&target, ", said by %s", held->node[0] == '\0' ? "-" : held->node);
    zta_buffer_string(&before, held->held.is_dropped ? "dropped" : "held");
    zta_buffer_string(&after, ruling);
    return ctl_work_note(work, &id);
}

static enum zta_status rule_one(struct ctl_work *work, const struct ctl_held *held, bool is_applied,
                                bool is_said)
{
    enum zta_status status = note_held(work, held, is_applied ? "applied" : "dropped");
    if (status == ZTA_OK) {
        status = is_applied ? zta_fleet_apply_held(work->change, &held->held, is_said)
                            : zta_fleet_drop_held(work->change, &held->held,
                                                  zta_clock_real_ns() / ZTA_NS_PER_S);
    }
    return status == ZTA_NOT_FOUND
               ? zta_error_set(&work->action->error, ZTA_CONFLICT,
                               "what is held was changed meanwhile; see ztactl fleet held")
               : status;
}

static enum zta_status rule_held(struct ctl_action *action, const struct ctl_held *held, size_t n,
                                 bool is_applied, bool is_said)
{
    struct ctl_work work;
    enum zta_status status =
        ctl_work_begin(&work, action, is_applied ? "fleet held apply" : "fleet held drop");
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; status == ZTA_OK && i < n; i++) {
        status = rule_one(&work, &held[i], is_applied, is_said);
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_fleet_apply(struct ctl_action *action, const struct ctl_held *held,
                                       size_t n, bool is_said)
{
    return rule_held(action, held, n, true, is_said);
}

enum zta_status ctl_action_fleet_drop(struct ctl_action *action, const struct ctl_held *held,
                                      size_t n)
{
    return rule_held(action, held, n, false, false);
}
