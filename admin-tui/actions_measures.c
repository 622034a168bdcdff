/* SPDX-License-Identifier: Apache-2.0 */
/* Measures: what operators hold themselves, and what they lift of automation and transmitters. */
#include <stdio.h>

#include "admin-tui/actions_priv.h"
#include "shared/base/clock.h"

static enum zta_status prune(struct ctl_work *work)
{
    uint64_t n;
    return zta_measures_prune_policy(work->change, zta_clock_real_ns() / ZTA_NS_PER_S, &n);
}

/* "quarantine session 0a1b..." */
static void print(const struct zta_measure *measure, struct zta_buffer *out)
{
    zta_buffer_string(out, zta_measure_kind_name(measure->kind));
    zta_buffer_string(out, " ");
    zta_buffer_string(out, zta_target_name(&measure->target));
    zta_buffer_string(out, " ");
    zta_target_print(&measure->target, out);
    if (measure->kind == ZTA_MEASURE_THREAT_LEVEL) {
        zta_buffer_printf(out, " %s", zta_threat_level_name(measure->level));
    }
}

static void print_until(const struct zta_measure *measure, struct zta_buffer *out)
{
    char until[ZTA_TIME_TEXT_MAX];
    zta_time_print(measure->until_s, until);
    zta_buffer_printf(out, "until %s", until);
}

enum zta_status ctl_action_hold(struct ctl_action *action, const char *name,
                                struct zta_measure *measure)
{
    struct ctl_work work;
    struct zta_measure_placed placed;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    measure->source = ZTA_MEASURE_OF_OPERATOR;
    measure->rule = zta_text_of(action->actor->author);
    measure->reason = action->reason;
    measure->created_ns = zta_clock_real_ns();
    measure->until_s = measure->created_ns / ZTA_NS_PER_S + measure->for_s;
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
    print(measure, &target);
    print_until(measure, &after);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        status = prune(&work);
    }
    if (status == ZTA_OK) {
        status = zta_measure_put(work.change, measure, &placed);
    }
    if (status == ZTA_OK) {
        measure->id = placed.id;
        measure->until_s = placed.until_s;
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_release(struct ctl_action *action, const char *name,
                                   const struct zta_measure *measure)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    struct zta_buffer before = ctl_work_write(work.before, sizeof work.before);
    print(measure, &target);
    zta_buffer_printf(&before, "by %s ", zta_measure_source_name(measure->source));
    zta_buffer_safe(&before, measure->rule);
    zta_buffer_string(&before, ", ");
    print_until(measure, &before);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        status = prune(&work);
    }
    if (status == ZTA_OK) {
        status = measure->source == ZTA_MEASURE_OF_OPERATOR
                     ? zta_measure_remove(work.change, measure)
                     : zta_measure_lift(work.change, measure, id);
    }
    return ctl_work_end(&work, status);
}

enum zta_status ctl_action_unlift(struct ctl_action *action, const struct zta_measure *measure)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, "undo");
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer target = ctl_work_write(work.target, sizeof work.target);
    struct zta_buffer after = ctl_work_write(work.after, sizeof work.after);
    print(measure, &target);
    print_until(measure, &after);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        status = zta_measure_unlift(work.change, measure);
    }
    return ctl_work_end(&work, status);
}
