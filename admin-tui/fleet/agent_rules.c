/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live rules of other nodes: put in force when they fit the configuration that this node's server
 * published, kept as they are when not, and tried again as long as they do not.
 */
#include <stdlib.h>

#include "admin-tui/fleet/agent_priv.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "shared/store/layers.h"

/* Versions that are tried at once; more wait for the next round. */
#define JUDGED_MAX 64

struct judging {
    uint64_t versions[JUDGED_MAX];
    bool was_unfit[JUDGED_MAX];
    bool fits[JUDGED_MAX];
    size_t n;
    size_t n_changed;
};

static bool find_untried(void *context, const struct zta_layer *layer)
{
    struct judging *judging = context;
    if (layer->standing != ZTA_LAYER_IN_ORDER) {
        judging->was_unfit[judging->n] = layer->standing == ZTA_LAYER_UNFIT;
        judging->versions[judging->n++] = layer->version;
    }
    return judging->n < JUDGED_MAX;
}

static enum zta_status look(struct ctl *ctl, struct judging *judging)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_layer_each_head(view, find_untried, judging);
        zta_view_end(&view);
    }
    return status;
}

/* ZTA_NOT_FOUND: it is kept no more. */
static enum zta_status try_one(struct ctl *ctl, const struct ctl_live *live, uint64_t version,
                               bool *fits)
{
    struct zta_view *view = NULL;
    struct zta_layer layer;
    struct zta_rules_error error = {.line = 0};
    struct ctl_live_set made = {.ast = NULL};
    void *storage = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_layer_get(view, version, &layer, &storage);
        zta_view_end(&view);
    }
    if (status == ZTA_OK) {
        status = ctl_live_make(live, &layer, &made, &error);
        *fits = status == ZTA_OK;
        status = status == ZTA_NO_MEMORY ? status : ZTA_OK;
    }
    ctl_live_set_close(&made);
    free(storage);
    return status;
}

static void tell(const struct judging *judging, size_t i)
{
    if (judging->fits[i]) {
        ctl_note("fleet: version %llu of the live rules came from another node and fits here",
                 (unsigned long long)judging->versions[i]);
    }
    else {
        ctl_note("fleet: version %llu of the live rules came from another node and does not fit "
                 "here: what was in force stays so; 'ztactl fleet status' says why",
                 (unsigned long long)judging->versions[i]);
    }
}

static enum zta_status store(struct ctl_agent *agent, const struct judging *judging,
                             struct zta_error *error)
{
    struct zta_change *change = NULL;
    enum zta_status status = zta_change_begin(agent->ctl->store, "fleet agent", &change, error);
    for (size_t i = 0; status == ZTA_OK && i < judging->n; i++) {
        if (judging->fits[i] || !judging->was_unfit[i]) {
            status = zta_layer_judge(change, judging->versions[i], judging->fits[i]);
            status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
        }
    }
    if (status == ZTA_OK) {
        return zta_change_commit(&change, error);
    }
    zta_change_abort(&change);
    return status;
}

static enum zta_status judge(struct ctl_agent *agent, const struct ctl_live *live,
                             struct judging *judging, struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < judging->n; i++) {
        status = try_one(agent->ctl, live, judging->versions[i], &judging->fits[i]);
        if (status == ZTA_NOT_FOUND) {
            judging->was_unfit[i] = true; /* nothing to write */
            status = ZTA_OK;
        }
        judging->n_changed += judging->fits[i] || !judging->was_unfit[i];
    }
    if (status == ZTA_OK && judging->n_changed > 0) {
        status = store(agent, judging, error);
    }
    for (size_t i = 0; status == ZTA_OK && i < judging->n; i++) {
        if (judging->fits[i] || !judging->was_unfit[i]) {
            tell(judging, i);
        }
    }
    return status;
}

enum zta_status ctl_agent_judge(struct ctl_agent *agent, struct zta_error *error)
{
    struct judging judging = {.n = 0};
    struct ctl_live *live = NULL;
    const int64_t now_ns = zta_clock_monotonic_ns();
    if (agent->outcomes[ZTA_FLEET_TAKEN] == agent->judged_after && now_ns < agent->next_judge_ns) {
        return ZTA_OK;
    }
    agent->judged_after = agent->outcomes[ZTA_FLEET_TAKEN];
    agent->next_judge_ns = now_ns + CTL_FLEET_BEAT_S * ZTA_NS_PER_S;
    enum zta_status status = look(agent->ctl, &judging);
    if (status == ZTA_OK && judging.n > 0 && ctl_live_open_to_mend(agent->ctl, &live) == CTL_DONE) {
        status = judge(agent, live, &judging, error);
    }
    ctl_live_close(&live);
    return status == ZTA_OK ? ZTA_OK
                            : zta_error_set(error, status, "trying rules of other nodes: %s",
                                            zta_status_text(status));
}
