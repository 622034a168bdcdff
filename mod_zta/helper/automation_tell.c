/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions become records with the commit of their events, lines and notifications behind it. */
#include <stdio.h>

#include "mod_zta/helper/automation_priv.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"

static enum zta_status write_one(struct zta_change *change, struct mod_zta_pending *pending)
{
    if (pending->has_measure) {
        const enum zta_status status = zta_measure_put(change, &pending->measure, &pending->placed);
        if (status == ZTA_FULL || status == ZTA_INVALID) {
            pending->result = ZTA_RESPONSE_REFUSED;
            pending->has_measure = false;
        }
        else if (status != ZTA_OK) {
            return status;
        }
        else if (!pending->placed.is_new && pending->result == ZTA_RESPONSE_BEGUN) {
            pending->result = ZTA_RESPONSE_EXTENDED;
        }
    }
    const struct zta_response response = {
        .time_ns = pending->time_ns,
        .result = pending->result,
        .measure = pending->has_measure ? pending->placed.id : 0,
        .until_s = pending->has_measure ? pending->placed.until_s : 0,
        .rule = pending->measure.rule,
        .what = zta_text_of(pending->what),
        .target = zta_text_of(pending->target),
        .evidence = zta_text_of(pending->evidence),
    };
    return zta_response_put(change, &response);
}

enum zta_status mod_zta_automation_write(struct mod_zta_automation *automation,
                                         struct zta_change *change)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = automation->n_committed; status == ZTA_OK && i < automation->n_pending; i++) {
        status = write_one(change, &automation->pending[i]);
    }
    return status;
}

static void tell(struct mod_zta_automation *automation, const struct mod_zta_pending *pending)
{
    char text[MOD_ZTA_NOTIFY_LINE_MAX];
    struct zta_buffer storage;
    struct zta_json json;
    zta_buffer_init(&storage, text, sizeof text);
    zta_json_init(&json, &storage);
    zta_json_begin_object(&json, NULL);
    zta_json_time(&json, "time", pending->time_ns / ZTA_NS_PER_S);
    zta_json_text(&json, "rule", pending->measure.rule);
    zta_json_string(&json, "target", pending->target);
    zta_json_string(&json, "evidence", pending->evidence);
    zta_json_end_object(&json);
    if (mod_zta_notify_send(automation->notify, zta_text_of(pending->notify),
                            (struct zta_text){.data = text, .len = storage.len}) != ZTA_OK) {
        automation->n_lost_decisions++;
    }
}

void mod_zta_automation_written(struct mod_zta_automation *automation, bool is_committed)
{
    if (!is_committed) {
        return;
    }
    for (size_t i = automation->n_committed; i < automation->n_pending; i++) {
        const struct mod_zta_pending *pending = &automation->pending[i];
        if (pending->notify[0] != '\0' && pending->result == ZTA_RESPONSE_TOLD) {
            tell(automation, pending);
        }
    }
    automation->n_committed = automation->n_pending;
    (void)mod_zta_notify_step(automation->notify);
}

const char *mod_zta_automation_next_line(struct mod_zta_automation *automation)
{
    if (automation->n_told == automation->n_committed) {
        if (automation->n_committed == automation->n_pending) {
            automation->n_told = automation->n_committed = automation->n_pending = 0;
        }
        return NULL;
    }
    const struct mod_zta_pending *pending = &automation->pending[automation->n_told++];
    (void)snprintf(automation->line, sizeof automation->line, "rule %.*s: %s: %s: %s (%s)",
                   (int)pending->measure.rule.len, pending->measure.rule.data,
                   zta_response_result_name(pending->result), pending->what, pending->target,
                   pending->evidence);
    return automation->line;
}
